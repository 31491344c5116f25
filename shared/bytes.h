// Byte strings as they cross a process boundary, and the check that text really is UTF-8.
// Plain functions, safe in any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kayton {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The offset of the first byte that does not belong to well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no
// overlong forms, nothing past U+10FFFF); text.size() when all of it is.
[[nodiscard]] size_t utf8_valid_prefix(std::string_view text);
[[nodiscard]] inline bool is_utf8(std::string_view text) {
    return utf8_valid_prefix(text) == text.size();
}
// The text with `instead` in the place of each byte that does not belong to well-formed UTF-8.
[[nodiscard]] std::string utf8_replaced(std::string_view text, std::string_view instead = "\xEF\xBF\xBD");

}  // namespace kayton
