// Source files and spans. A Span is a byte range of one file; a SourceFile owns its text and finds lines.
// Immutable after construction; safe in any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kayton {

struct Span {
    uint32_t begin = 0;
    uint32_t end = 0;
};

struct LineColumn {
    uint32_t line = 1;    // from 1
    uint32_t column = 1;  // from 1, in code points
};

class SourceFile {
  public:
    // `name` is shown in messages: the path as given, or "<cell 4>". `text` must be UTF-8 (checked by load_source).
    SourceFile(std::string name, std::string text);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] LineColumn position(uint32_t offset) const;
    [[nodiscard]] uint32_t line_of(uint32_t offset) const;          // from 1
    [[nodiscard]] uint32_t line_begin(uint32_t line) const;         // byte offset
    [[nodiscard]] std::string_view line_text(uint32_t line) const;  // without its newline
    [[nodiscard]] uint32_t line_count() const { return static_cast<uint32_t>(line_starts_.size()); }

  private:
    std::string name_;
    std::string text_;
    std::vector<uint32_t> line_starts_;
    bool ascii_ = true;  // columns are byte offsets: no counting on long lines
};

}  // namespace kayton
