#include "worker/runtime/traceback.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_set>
#include <vector>

#include "worker/runtime/caret_anchors.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/str.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

struct Frame {
    const KtFrameInfo* where;
    int64_t line;
    int64_t column;      // first character of the failing expression, counted from 1; 0 when not known
    int64_t end_column;  // one past its last character
    bool operator==(const Frame&) const = default;
};

struct Traceback {
    std::vector<Frame> frames;  // innermost first
};

struct Source {
    std::string text;
    std::vector<size_t> starts;  // of each line
};

std::map<std::string, Source, std::less<>>& sources() {
    static std::map<std::string, Source, std::less<>> all;
    return all;
}

std::string_view line_of(std::string_view file, int64_t number) {
    const auto found = sources().find(file);
    if (found == sources().end()) return {};
    const Source& source = found->second;
    if (number < 1 || number > static_cast<int64_t>(source.starts.size())) return {};
    const size_t start = source.starts[static_cast<size_t>(number) - 1];
    const size_t end = source.text.find('\n', start);
    return std::string_view(source.text).substr(start, end == std::string::npos ? end : end - start);
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

// "    source\n" and, where the failing expression is a part of the line, the line of carets under it.
void add_source(std::string& out, const Frame& frame) {
    std::string_view line = line_of(frame.where->file, frame.line);
    const auto whole = line;
    int64_t indent = 0;
    while (!line.empty() && is_blank(line.front())) {
        line.remove_prefix(1);
        ++indent;
    }
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    if (line.empty()) return;
    out += "    ";
    out += line;
    out += '\n';
    const int64_t length = count_code_points(line.data(), line.size());
    const int64_t first = frame.column - 1 - indent;
    const int64_t count = std::min(frame.end_column - 1 - indent, length) - first;
    if (frame.column == 0 || first < 0 || count <= 0) return;
    const char* at = whole.data() + indent;
    for (int64_t i = 0; i < first; ++i) at += utf8_width(static_cast<unsigned char>(*at));
    const char* end = at;
    for (int64_t i = 0; i < count; ++i) end += utf8_width(static_cast<unsigned char>(*end));
    const CaretAnchors anchors = find_caret_anchors({at, static_cast<size_t>(end - at)});
    if (count >= length && !anchors.found) return;
    out += "    ";
    out.append(static_cast<size_t>(first), ' ');
    for (int64_t i = 0; i < count; ++i) {
        const bool plain = !anchors.found || (i >= anchors.start && i < anchors.end);
        out += plain ? '^' : '~';
    }
    out += '\n';
}

void add_frames(std::string& out, const Traceback& traceback) {
    out += "Traceback (most recent call last):\n";
    // A frame that repeats is printed three times and then counted.
    int64_t repeated = 0;
    const auto& frames = traceback.frames;
    const auto add_repeats = [&] {
        if (repeated > 3)
            out +=
                fmt::format("  [Previous line repeated {} more time{}]\n", repeated - 3, repeated - 3 == 1 ? "" : "s");
    };
    for (size_t i = frames.size(); i-- > 0;) {
        const bool again = i + 1 < frames.size() &&
                           frames[i].where->file == std::string_view(frames[i + 1].where->file) &&
                           frames[i].line == frames[i + 1].line &&
                           frames[i].where->function == std::string_view(frames[i + 1].where->function);
        if (!again) {
            add_repeats();
            repeated = 0;
        }
        if (++repeated > 3) continue;
        out += fmt::format("  File \"{}\", line {}, in {}\n", frames[i].where->file, frames[i].line,
                           frames[i].where->function);
        add_source(out, frames[i]);
    }
    add_repeats();
}

void render(std::string& out, KtException* exception, std::unordered_set<const KtException*>& seen) {
    seen.insert(exception);
    if (exception->cause != nullptr && !seen.contains(exception->cause)) {
        render(out, exception->cause, seen);
        out += "\nThe above exception was the direct cause of the following exception:\n\n";
    } else if (exception->cause == nullptr && exception->context != nullptr && exception->suppress_context == 0 &&
               !seen.contains(exception->context)) {
        render(out, exception->context, seen);
        out += "\nDuring handling of the above exception, another exception occurred:\n\n";
    }
    if (exception->traceback != nullptr) add_frames(out, *static_cast<const Traceback*>(exception->traceback));
    out += exception->base.type->name;
    const std::string text = exception_text(exception);
    if (!text.empty()) out += ": " + text;
    out += '\n';
}

}  // namespace

void register_source(std::string_view file, std::string_view text) {
    Source& source = sources()[std::string(file)];
    source.text = text;
    source.starts.assign(1, 0);
    for (size_t i = 0; i < text.size(); ++i)
        if (text[i] == '\n') source.starts.push_back(i + 1);
}

std::string render_traceback(KtException* exception) {
    std::string out;
    std::unordered_set<const KtException*> seen;
    render(out, exception, seen);
    return out;
}

void add_frame(KtException* exception, const KtFrameInfo* frame, int64_t position) {
    if (exception->traceback == nullptr) exception->traceback = std::make_unique<Traceback>().release();
    static_cast<Traceback*>(exception->traceback)
        ->frames.push_back({frame, position >> 32, position >> 16 & 0xFFFF, position & 0xFFFF});
}

void drop_traceback(KtException* exception) {
    const std::unique_ptr<Traceback> owned(static_cast<Traceback*>(exception->traceback));
    exception->traceback = nullptr;
}

}  // namespace kayton
