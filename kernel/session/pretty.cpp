#include "kernel/session/pretty.h"

#include <algorithm>
#include <string_view>

namespace kayton::kernel {
namespace {

constexpr size_t kLongest = size_t{4} << 20;  // bytes; what is longer nobody reads
constexpr int kDeepest = 200;

size_t width_of(std::string_view text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// The end of a quoted text that begins at `at`.
size_t after_quoted(std::string_view text, size_t at) {
    const char quote = text[at++];
    while (at < text.size() && text[at] != quote) {
        at += text[at] == '\\' ? 2 : 1;
    }
    return at < text.size() ? at + 1 : std::string_view::npos;
}

// The end of what stands in brackets from `at` on; npos when they do not match.
size_t after_group(std::string_view text, size_t at) {
    std::string open;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '\'' || c == '"') {
            at = after_quoted(text, at);
            if (at == std::string_view::npos) {
                return at;
            }
            continue;
        }
        ++at;
        if (c == '[' || c == '{' || c == '(') {
            open += c == '[' ? ']' : c == '{' ? '}' : ')';
        } else if (c == ']' || c == '}' || c == ')') {
            if (open.empty() || open.back() != c) {
                return std::string_view::npos;
            }
            open.pop_back();
            if (open.empty()) {
                return at;
            }
        }
    }
    return std::string_view::npos;
}

bool opens(char c) {
    return c == '[' || c == '{' || c == '(';
}

class Layout {
  public:
    explicit Layout(std::string_view text) : text_(text) {}
    [[nodiscard]] std::string take() && { return std::move(out_); }

    // A group that begins at `at`, and `behind` columns that must fit on its last line.
    void group(size_t at, size_t behind, int depth) {
        const size_t end = after_group(text_, at);
        const std::string_view whole = text_.substr(at, end - at);
        if (column_ + width_of(whole) + behind <= kLineWidth || depth > kDeepest) {
            put(whole);
            return;
        }
        put(text_.substr(at, 1));
        const size_t indent = column_;
        for (size_t i = at + 1; i + 1 < end;) {
            i = element(i, end, depth);
            if (text_.substr(i, 2) == ", ") {
                put(",");
                out_ += '\n' + std::string(indent, ' ');
                column_ = indent;
                i += 2;
            } else if (i + 1 < end) {  // the comma of a tuple of one
                put(text_.substr(i, 1));
                ++i;
            }
        }
        put(text_.substr(end - 1, 1));
    }

  private:
    void put(std::string_view text) {
        out_ += text;
        column_ += width_of(text);
    }

    // Writes the element from `at` on, up to the comma or bracket behind it, and gives where that is. A key and its value
    // are one element; brackets that follow a name belong to it.
    size_t element(size_t at, size_t end, int depth) {
        size_t i = at;
        while (i + 1 < end && text_[i] != ',') {
            const char c = text_[i];
            if (opens(c) && (i == at || text_.substr(i - 2, 2) == ": ")) {
                put(text_.substr(at, i - at));
                group(i, 1, depth + 1);
                at = i = after_group(text_, i);
            } else if (opens(c)) {
                i = after_group(text_, i);
            } else if (c == '\'' || c == '"') {
                i = after_quoted(text_, i);
            } else {
                ++i;
            }
        }
        put(text_.substr(at, i - at));
        return i;
    }

    std::string_view text_;
    std::string out_;
    size_t column_ = 0;
};

}  // namespace

std::string pretty(std::string repr) {
    if (repr.size() <= kLineWidth || repr.size() > kLongest || !opens(repr.front()) ||
        repr.find('\n') != std::string::npos || after_group(repr, 0) != repr.size()) {
        return repr;
    }
    Layout layout(repr);
    layout.group(0, 0, 0);
    return std::move(layout).take();
}

}  // namespace kayton::kernel
