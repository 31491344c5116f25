// What the lexer and the literal decoder know of characters: UTF-8, classes of ASCII, identifiers by Unicode category.
// Pure functions, safe in any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kayton::syntax {

inline constexpr uint8_t kIdentifierStart = 1;
inline constexpr uint8_t kIdentifierContinue = 2;
inline constexpr uint8_t kDigit = 4;
inline constexpr uint8_t kHexDigit = 8;

constexpr std::array<uint8_t, 256> make_char_class() {
    std::array<uint8_t, 256> table{};
    for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = kIdentifierStart | kIdentifierContinue;
    table['_'] = kIdentifierStart | kIdentifierContinue;
    for (int c = '0'; c <= '9'; ++c) table[c] = kIdentifierContinue | kDigit | kHexDigit;
    for (int c = 'a'; c <= 'f'; ++c) {
        table[c] |= kHexDigit;
        table[c - 'a' + 'A'] |= kHexDigit;
    }
    return table;
}
inline constexpr std::array<uint8_t, 256> kCharClass = make_char_class();

struct Utf8Char {
    int32_t code_point;  // -1: not UTF-8
    uint32_t length;     // at least 1
};
// REQUIRES: size > 0.
[[nodiscard]] Utf8Char decode_utf8(const char* data, size_t size);
void append_utf8(std::string& out, uint32_t code_point);
// The offset of the first byte that is not UTF-8.
[[nodiscard]] std::optional<size_t> find_invalid_utf8(std::string_view text);

// XID_Start and XID_Continue, by general category.
[[nodiscard]] bool is_identifier_start(int32_t code_point);
[[nodiscard]] bool is_identifier_continue(int32_t code_point);

// For messages: "'$'", or "U+200B" where it has no visible form.
[[nodiscard]] std::string describe_code_point(int32_t code_point);

// The character of \N{name}, for the names in the table of common characters.
[[nodiscard]] std::optional<uint32_t> character_by_name(std::string_view name);

}  // namespace kayton::syntax
