// Diagnostics as text: the source lines with the spans underlined, each label beside its underline.
#include <utf8proc.h>

#include <algorithm>
#include <map>
#include <string>

#include "compiler/diagnostics/diagnostics.h"

namespace kayton {

std::vector<Diagnostic> in_source_order(const std::vector<Diagnostic>& diagnostics) {
    std::vector<Diagnostic> sorted = diagnostics;
    // Files keep the order in which they were first named; a message without a file comes first.
    std::map<const SourceFile*, size_t> file_order;
    for (const Diagnostic& diagnostic : diagnostics) file_order.emplace(diagnostic.primary.file, file_order.size());
    std::stable_sort(sorted.begin(), sorted.end(), [&](const Diagnostic& a, const Diagnostic& b) {
        if (a.primary.file != b.primary.file) return file_order[a.primary.file] < file_order[b.primary.file];
        return a.primary.span.begin < b.primary.span.begin;
    });
    return sorted;
}

namespace {

constexpr uint32_t kTabWidth = 4;
constexpr uint32_t kMaxColumns = 200;  // longer lines are cut around the spans
constexpr uint32_t kContext = 60;      // columns kept on each side of a span in a cut line
constexpr const char* kCut = "...";
constexpr uint32_t kCutWidth = 3;
constexpr uint32_t kMaxUnderline = 120;

struct Style {
    const char* error;
    const char* warning;
    const char* bold;
    const char* gutter;
    const char* secondary;
    const char* reset;
};
constexpr Style kPlain{"", "", "", "", "", ""};
constexpr Style kColored{"\033[1;31m", "\033[1;33m", "\033[1m", "\033[1;34m", "\033[1;36m", "\033[0m"};

struct Mark {
    uint32_t line;
    uint32_t begin;  // bytes in the line
    uint32_t end;
    std::string text;
    bool primary;
    // columns in the line as shown
    uint32_t from = 0;
    uint32_t to = 0;
};

struct Character {
    uint32_t length;  // bytes
    uint32_t width;   // columns
};

Character character_at(std::string_view line, size_t at, uint32_t column) {
    const char c = line[at];
    if (c == '\t') return {1, kTabWidth - column % kTabWidth};
    if (static_cast<unsigned char>(c) < 0x80) return {1, 1};
    utf8proc_int32_t code_point = 0;
    auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(line.data() + at),
                                   static_cast<utf8proc_ssize_t>(line.size() - at), &code_point);
    if (length <= 0) return {1, 1};
    return {static_cast<uint32_t>(length), static_cast<uint32_t>(std::max(0, utf8proc_charwidth(code_point)))};
}

// The part [first, last) of a line as it is shown: tabs expanded, control characters made visible.
class ShownLine {
  public:
    ShownLine(std::string_view line, std::vector<Mark*>& marks) {
        uint32_t first = 0;
        auto last = static_cast<uint32_t>(line.size());
        if (line.size() > kMaxColumns) window(line, marks, first, last);
        uint32_t column = 0;
        if (first > 0) {
            text_ += kCut;
            column += kCutWidth;
        }
        size_t at = first;
        std::vector<std::pair<uint32_t*, uint32_t>> wanted;  // where to write a column, and for which byte
        for (Mark* mark : marks) {
            wanted.emplace_back(&mark->from, std::clamp(mark->begin, first, last));
            wanted.emplace_back(&mark->to, std::clamp(mark->end, first, last));
        }
        std::stable_sort(wanted.begin(), wanted.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
        size_t next = 0;
        auto settle = [&] {
            for (; next < wanted.size() && wanted[next].second <= at; ++next) *wanted[next].first = column;
        };
        while (at < last) {
            settle();
            const Character character = character_at(line, at, column);
            if (line[at] == '\t') {
                text_.append(character.width, ' ');
            } else if (static_cast<unsigned char>(line[at]) < 0x20 || line[at] == 0x7F) {
                text_ += '?';
            } else if (character.length == 1 && static_cast<unsigned char>(line[at]) >= 0x80) {
                text_ += "\xEF\xBF\xBD";  // a byte of no character
            } else {
                text_ += line.substr(at, character.length);
            }
            column += character.width;
            at += character.length;
        }
        at = std::max<size_t>(at, last);
        settle();
        if (last < line.size()) text_ += kCut;
        for (Mark* mark : marks) {
            if (mark->to <= mark->from) mark->to = mark->from + 1;
            mark->to = std::min(mark->to, mark->from + kMaxUnderline);
        }
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    // Keeps the primary span, else the first, and what fits around it; whole characters only.
    static void window(std::string_view line, const std::vector<Mark*>& marks, uint32_t& first, uint32_t& last) {
        const Mark* center = marks.front();
        for (const Mark* mark : marks) {
            if (mark->primary) center = mark;
        }
        auto is_continuation = [&](uint32_t at) {
            return at < line.size() && (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80;
        };
        const auto size = static_cast<uint32_t>(line.size());
        first = center->begin > kContext ? center->begin - kContext : 0;
        last = std::min({size, std::max(first + kMaxColumns - 2 * kCutWidth, center->end), first + kMaxColumns});
        while (first > 0 && is_continuation(first)) --first;
        while (last < size && is_continuation(last)) ++last;
    }

    std::string text_;
};

class Renderer {
  public:
    explicit Renderer(const Style& style) : style_(style) {}

    std::string render(const Diagnostic& diagnostic) {
        const DiagInfo& info = diag_info(diagnostic.code);
        const bool is_error = diagnostic.severity() == Severity::kError;
        out_.clear();
        out_ += is_error ? style_.error : style_.warning;
        out_ += is_error ? "error[" : "warning[";
        out_ +=
            std::string(info.code) + "]" + style_.reset + style_.bold + ": " + diagnostic.message + style_.reset + "\n";

        std::vector<const SourceFile*> files;
        if (diagnostic.primary.file != nullptr) files.push_back(diagnostic.primary.file);
        for (const Label& label : diagnostic.secondary) {
            if (label.file != nullptr && std::find(files.begin(), files.end(), label.file) == files.end()) {
                files.push_back(label.file);
            }
        }
        uint32_t last_line = 1;
        std::vector<std::vector<Mark>> marks;
        for (const SourceFile* file : files) marks.push_back(marks_in(*file, diagnostic));
        for (const auto& list : marks) last_line = std::max(last_line, list.back().line);
        width_ = std::to_string(last_line).size();

        for (size_t i = 0; i < files.size(); ++i) render_file(*files[i], marks[i], i == 0, diagnostic);
        if (!diagnostic.help.empty()) {
            std::string indent(width_ + 1, ' ');
            std::string help = diagnostic.help;
            for (size_t at = 0; (at = help.find('\n', at)) != std::string::npos; at += indent.size() + 9) {
                help.insert(at + 1, indent + "        ");
            }
            out_ +=
                indent + style_.gutter + "=" + style_.reset + style_.bold + " help" + style_.reset + ": " + help + "\n";
        }
        return out_;
    }

  private:
    static std::vector<Mark> marks_in(const SourceFile& file, const Diagnostic& diagnostic) {
        std::vector<Mark> marks;
        auto add = [&](const Label& label, bool primary) {
            if (label.file != &file) return;
            const uint32_t size = static_cast<uint32_t>(file.text().size());
            const uint32_t begin = std::min(label.span.begin, size);
            const uint32_t line = file.line_of(begin);
            const uint32_t line_begin = file.line_begin(line);
            const auto length = static_cast<uint32_t>(file.line_text(line).size());
            // A span of several lines is underlined to the end of its first.
            const uint32_t from = begin - line_begin;
            const uint32_t to = std::min(std::max(label.span.end, begin) - line_begin, std::max(length, from));
            marks.push_back({line, from, to, label.text, primary});
        };
        add(diagnostic.primary, true);
        for (const Label& label : diagnostic.secondary) add(label, false);
        std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.line < b.line; });
        return marks;
    }

    void render_file(const SourceFile& file, std::vector<Mark>& marks, bool first, const Diagnostic& diagnostic) {
        const LineColumn at =
            first ? file.position(diagnostic.primary.span.begin)
                  : LineColumn{marks[0].line, file.position(file.line_begin(marks[0].line) + marks[0].begin).column};
        out_ += std::string(width_, ' ') + style_.gutter + (first ? "--> " : "::: ") + style_.reset + file.name() +
                ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + "\n";
        gutter();
        out_ += "\n";
        uint32_t previous = 0;
        for (size_t i = 0; i < marks.size();) {
            const uint32_t line = marks[i].line;
            std::vector<Mark*> on_line;
            for (; i < marks.size() && marks[i].line == line; ++i) on_line.push_back(&marks[i]);
            if (previous != 0 && line == previous + 2) {
                std::vector<Mark*> none;
                source_line(file, previous + 1, none);
            } else if (previous != 0 && line > previous + 1) {
                out_ += std::string(style_.gutter) + "..." + style_.reset + "\n";
            }
            source_line(file, line, on_line);
            underline(on_line);
            previous = line;
        }
    }

    void gutter() { out_ += std::string(width_ + 1, ' ') + style_.gutter + "|" + style_.reset; }

    void source_line(const SourceFile& file, uint32_t line, std::vector<Mark*>& marks) {
        Mark whole{line, 0, 0, {}, false};
        std::vector<Mark*> unmarked{&whole};
        ShownLine shown(file.line_text(line), marks.empty() ? unmarked : marks);
        std::string number = std::to_string(line);
        out_ += style_.gutter + std::string(width_ - number.size(), ' ') + number + " |" + style_.reset;
        std::string text = shown.text();
        text.erase(text.find_last_not_of(' ') + 1);
        if (!text.empty()) out_ += " " + text;
        out_ += "\n";
    }

    // The row of carets with the last label; the labels before it hang below on lines of their own.
    void underline(std::vector<Mark*>& marks) {
        std::stable_sort(marks.begin(), marks.end(), [](const Mark* a, const Mark* b) { return a->from < b->from; });
        std::string row;
        std::vector<bool> primary;
        for (int pass = 0; pass < 2; ++pass) {  // the primary's carets lie over the others
            for (const Mark* mark : marks) {
                if (mark->primary != (pass == 1)) continue;
                if (row.size() < mark->to) row.resize(mark->to, ' ');
                primary.resize(row.size(), false);
                for (uint32_t i = mark->from; i < mark->to; ++i) {
                    row[i] = mark->primary ? '^' : '-';
                    primary[i] = mark->primary;
                }
            }
        }
        std::vector<Mark*> hanging;
        for (Mark* mark : marks) {
            if (!mark->text.empty()) hanging.push_back(mark);
        }
        gutter();
        out_ += ' ';
        paint(row, primary);
        if (!hanging.empty()) {
            Mark* last = hanging.back();
            const bool ends_row = last->to == row.size();
            const bool alone = hanging.size() == 1 || hanging[hanging.size() - 2]->to <= last->from;
            if (ends_row && alone) {
                write_label(*last, 1);
                hanging.pop_back();
            }
        }
        out_ += "\n";
        while (!hanging.empty()) {
            connectors(hanging);
            out_ += "\n";
            Mark* last = hanging.back();
            hanging.pop_back();
            connectors(hanging, last);
            out_ += "\n";
        }
    }

    void paint(const std::string& row, const std::vector<bool>& primary) {
        for (size_t i = 0; i < row.size();) {
            size_t end = i;
            while (end < row.size() && row[end] == row[i]) ++end;
            if (row[i] == ' ') {
                out_.append(end - i, ' ');
            } else {
                out_ += primary[i] ? style_.error : style_.secondary;
                out_.append(row, i, end - i);
                out_ += style_.reset;
            }
            i = end;
        }
    }

    void write_label(const Mark& mark, size_t blanks) {
        out_.append(blanks, ' ');
        out_ += mark.primary ? style_.error : style_.secondary;
        out_ += mark.text;
        out_ += style_.reset;
    }

    // A row of '|' below the marks that still wait for their label, then `labelled`'s text.
    void connectors(const std::vector<Mark*>& waiting, const Mark* labelled = nullptr) {
        gutter();
        size_t column = 0;
        bool begun = false;
        for (const Mark* mark : waiting) {
            if (labelled != nullptr && mark->from >= labelled->from) continue;
            if (begun && mark->from < column) continue;
            if (!begun) out_ += ' ';
            begun = true;
            out_.append(mark->from - column, ' ');
            out_ += std::string(mark->primary ? style_.error : style_.secondary) + "|" + style_.reset;
            column = mark->from + 1;
        }
        if (labelled == nullptr) return;
        if (!begun) out_ += ' ';
        write_label(*labelled, labelled->from - std::min<size_t>(column, labelled->from));
    }

    const Style& style_;
    std::string out_;
    size_t width_ = 1;
};

}  // namespace

std::string render_text(const std::vector<Diagnostic>& diagnostics, bool color) {
    Renderer renderer(color ? kColored : kPlain);
    std::string text;
    for (const Diagnostic& diagnostic : in_source_order(diagnostics)) {
        if (!text.empty()) text += "\n";
        text += renderer.render(diagnostic);
    }
    return text;
}

}  // namespace kayton
