#include "compiler/source/source.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kayton {

SourceFile::SourceFile(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
    line_starts_.push_back(0);
    const char* data = text_.data();
    const char* end = data + text_.size();
    for (const char* at = data; at < end;) {
        const void* newline = std::memchr(at, '\n', static_cast<size_t>(end - at));
        if (newline == nullptr) break;
        at = static_cast<const char*>(newline) + 1;
        line_starts_.push_back(static_cast<uint32_t>(at - data));
    }
    unsigned char all_bits = 0;  // no early exit: the loop is vectorised
    for (char c : text_) all_bits |= static_cast<unsigned char>(c);
    ascii_ = all_bits < 0x80;
}

uint32_t SourceFile::line_of(uint32_t offset) const {
    auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    return static_cast<uint32_t>(after - line_starts_.begin());
}

uint32_t SourceFile::line_begin(uint32_t line) const {
    return line_starts_[std::min<size_t>(line == 0 ? 0 : line - 1, line_starts_.size() - 1)];
}

std::string_view SourceFile::line_text(uint32_t line) const {
    if (line == 0 || line > line_count()) return {};
    uint32_t begin = line_starts_[line - 1];
    auto end = line < line_count() ? line_starts_[line] - 1 : static_cast<uint32_t>(text_.size());
    if (end > begin && text_[end - 1] == '\r') --end;
    return std::string_view(text_).substr(begin, end - begin);
}

LineColumn SourceFile::position(uint32_t offset) const {
    offset = std::min(offset, static_cast<uint32_t>(text_.size()));
    const uint32_t line = line_of(offset);
    const uint32_t begin = line_starts_[line - 1];
    if (ascii_) return {line, offset - begin + 1};
    auto continuation = std::count_if(text_.begin() + begin, text_.begin() + offset,
                                      [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; });
    return {line, offset - begin - static_cast<uint32_t>(continuation) + 1};
}

}  // namespace kayton
