// UTF-8 and the character properties of CPython 3.11 (Unicode 14.0): libutf8proc's data, with the differences in
// unicode_differences.inc. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kayton {

// Code points in valid UTF-8.
[[nodiscard]] int64_t count_code_points(const char* data, size_t size);
[[nodiscard]] bool all_ascii(const char* data, size_t size);
// Length in bytes of the character that starts with the byte, in valid UTF-8.
[[nodiscard]] inline int utf8_width(unsigned char lead) {
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}
// Reads one character of valid UTF-8 and advances.
[[nodiscard]] inline char32_t decode_next(const char*& at) {
    const auto* s = reinterpret_cast<const unsigned char*>(at);
    if (s[0] < 0x80) {
        at += 1;
        return s[0];
    }
    if (s[0] < 0xE0) {
        at += 2;
        return char32_t(s[0] & 0x1F) << 6 | char32_t(s[1] & 0x3F);
    }
    if (s[0] < 0xF0) {
        at += 3;
        return char32_t(s[0] & 0x0F) << 12 | char32_t(s[1] & 0x3F) << 6 | char32_t(s[2] & 0x3F);
    }
    at += 4;
    return char32_t(s[0] & 0x07) << 18 | char32_t(s[1] & 0x3F) << 12 | char32_t(s[2] & 0x3F) << 6 |
           char32_t(s[3] & 0x3F);
}
// Writes 1..4 bytes, returns how many.
int encode_utf8(char32_t code_point, char* out);

// What CPython's UTF-8 decoder says of the first error, if any.
struct Utf8Error {
    int64_t start = -1;  // -1: valid
    int64_t end = 0;
    const char* reason = nullptr;
    bool incomplete = false;  // the data ends inside a character that is valid so far
};
[[nodiscard]] Utf8Error check_utf8(const char* data, size_t size);

[[nodiscard]] bool is_alpha(char32_t c);
[[nodiscard]] bool is_decimal(char32_t c);
[[nodiscard]] bool is_digit(char32_t c);
[[nodiscard]] bool is_numeric(char32_t c);
[[nodiscard]] bool is_space(char32_t c);
[[nodiscard]] bool is_lower(char32_t c);
[[nodiscard]] bool is_upper(char32_t c);
[[nodiscard]] bool is_title(char32_t c);
[[nodiscard]] bool is_cased(char32_t c);
[[nodiscard]] bool is_case_ignorable(char32_t c);
[[nodiscard]] bool is_printable(char32_t c);
[[nodiscard]] bool is_identifier_start(char32_t c);
[[nodiscard]] bool is_identifier_part(char32_t c);
[[nodiscard]] std::string_view category_name(char32_t c);  // "Lu", "Cn" where nothing is assigned
[[nodiscard]] int decimal_value(char32_t c);  // 0..9, or -1

// Full case mappings: up to three code points, returns how many. Lower ignores the final sigma rule.
int to_lower(char32_t c, char32_t out[3]);
int to_upper(char32_t c, char32_t out[3]);
int to_title(char32_t c, char32_t out[3]);
int to_folded(char32_t c, char32_t out[3]);

}  // namespace kayton
