#include "compiler/diagnostics/diagnostics.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace kayton {

const std::vector<DiagInfo>& all_diag_infos() {
    static const std::vector<DiagInfo> kInfos = {
#define KT_DIAGNOSTIC(id, number, level, summary) {number, level, summary},
#include "compiler/diagnostics/diagnostics.def"
#undef KT_DIAGNOSTIC
    };
    return kInfos;
}

const DiagInfo& diag_info(DiagCode code) {
    return all_diag_infos()[static_cast<size_t>(code)];
}

size_t DiagnosticEngine::place_of(DiagCode code, const SourceFile* file, Span span) {
    size_t hash = std::hash<const void*>{}(file);
    hash = hash * 1000003 + static_cast<size_t>(code);
    return hash * 1000003 + span.begin;
}

Diagnostic& DiagnosticEngine::report(DiagCode code, const SourceFile& file, Span span, std::string message,
                                     std::string label, std::string help) {
    if (!places_.insert(place_of(code, &file, span)).second) {
        for (const Diagnostic& earlier : diagnostics_) {
            if (earlier.code == code && earlier.primary.file == &file && earlier.primary.span.begin == span.begin) {
                scratch_ = {};
                return scratch_;
            }
        }
    }
    if (diag_info(code).severity == Severity::kError) ++errors_;
    diagnostics_.push_back({code, std::move(message), {&file, span, std::move(label)}, {}, std::move(help)});
    return diagnostics_.back();
}

void DiagnosticEngine::warn(Diagnostic diagnostic) {
    diagnostic.raises = true;
    if (places_.insert(place_of(diagnostic.code, diagnostic.primary.file, diagnostic.primary.span)).second) diagnostics_.push_back(std::move(diagnostic));
}

void DiagnosticEngine::clear() {
    rewind(0);
}

void DiagnosticEngine::rewind(size_t mark) {
    while (diagnostics_.size() > mark) {
        const Diagnostic& last = diagnostics_.back();
        if (last.severity() == Severity::kError) --errors_;
        places_.erase(place_of(last.code, last.primary.file, last.primary.span));
        diagnostics_.pop_back();
    }
}

std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
    // Damerau-Levenshtein distance by rows; a swap of neighbours counts one.
    const size_t limit = std::max<size_t>(1, word.size() / 3);
    size_t best = limit + 1;
    std::string_view nearest;
    std::vector<size_t> before;
    std::vector<size_t> above;
    std::vector<size_t> row;
    for (const std::string& candidate : candidates) {
        const size_t length = candidate.size();
        if (candidate == word || length > word.size() + limit || word.size() > length + limit) continue;
        above.resize(length + 1);
        std::iota(above.begin(), above.end(), size_t{0});
        before.assign(length + 1, 0);
        row.assign(length + 1, 0);
        for (size_t i = 1; i <= word.size(); ++i) {
            row[0] = i;
            for (size_t j = 1; j <= length; ++j) {
                const size_t replaced = above[j - 1] + (word[i - 1] == candidate[j - 1] ? 0 : 1);
                row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
                if (i > 1 && j > 1 && word[i - 1] == candidate[j - 2] && word[i - 2] == candidate[j - 1]) {
                    row[j] = std::min(row[j], before[j - 2] + 1);
                }
            }
            before.swap(above);
            above.swap(row);
        }
        if (above[length] < best && above[length] < std::max(word.size(), length)) {
            best = above[length];
            nearest = candidate;
        }
    }
    return std::string(nearest);
}

}  // namespace kayton
