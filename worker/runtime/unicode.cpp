#include "worker/runtime/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace kayton {

namespace {

struct Range {
    char32_t first, last;
};
struct CaseMapping {
    char32_t from, to[3];
    constexpr CaseMapping(char32_t source, char32_t a, char32_t b, char32_t c) : from(source), to{a, b, c} {}
};
#include "worker/runtime/unicode_differences.inc"

template <size_t N>
bool in_ranges(const Range (&ranges)[N], char32_t c) {
    const Range* at = std::upper_bound(std::begin(ranges), std::end(ranges), c,
                                       [](char32_t value, const Range& range) { return value < range.first; });
    return at != std::begin(ranges) && c <= std::prev(at)->last;
}

uint32_t category_bit(char32_t c) {
    if (in_ranges(kUnassigned, c)) return 1u << UTF8PROC_CATEGORY_CN;
    return 1u << utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->category;
}

constexpr uint32_t bit(int category) {
    return 1u << category;
}
constexpr uint32_t kLetters = bit(UTF8PROC_CATEGORY_LU) | bit(UTF8PROC_CATEGORY_LL) | bit(UTF8PROC_CATEGORY_LT) |
                              bit(UTF8PROC_CATEGORY_LM) | bit(UTF8PROC_CATEGORY_LO);
constexpr uint32_t kCasedLetters = bit(UTF8PROC_CATEGORY_LU) | bit(UTF8PROC_CATEGORY_LL) | bit(UTF8PROC_CATEGORY_LT);
constexpr uint32_t kNotPrintable = bit(UTF8PROC_CATEGORY_CC) | bit(UTF8PROC_CATEGORY_CF) | bit(UTF8PROC_CATEGORY_CS) |
                                   bit(UTF8PROC_CATEGORY_CO) | bit(UTF8PROC_CATEGORY_CN) | bit(UTF8PROC_CATEGORY_ZL) |
                                   bit(UTF8PROC_CATEGORY_ZP) | bit(UTF8PROC_CATEGORY_ZS);
constexpr uint32_t kIdentifierStart = kLetters | bit(UTF8PROC_CATEGORY_NL);
constexpr uint32_t kIdentifierPart = kIdentifierStart | bit(UTF8PROC_CATEGORY_MN) | bit(UTF8PROC_CATEGORY_MC) |
                                     bit(UTF8PROC_CATEGORY_ND) | bit(UTF8PROC_CATEGORY_PC);

template <size_t N>
int map_case(const CaseMapping (&mappings)[N], char32_t c, char32_t out[3]) {
    const CaseMapping* at =
        std::lower_bound(std::begin(mappings), std::end(mappings), c,
                         [](const CaseMapping& mapping, char32_t value) { return mapping.from < value; });
    if (at == std::end(mappings) || at->from != c) return 0;
    int count = 0;
    while (count < 3 && at->to[count] != 0) {
        out[count] = at->to[count];
        ++count;
    }
    return count;
}

template <typename Simple, size_t N>
int full_mapping(const CaseMapping (&mappings)[N], char32_t c, char32_t out[3], Simple simple) {
    if (const int count = map_case(mappings, c, out)) return count;
    out[0] = in_ranges(kUnassigned, c) ? c : static_cast<char32_t>(simple(static_cast<utf8proc_int32_t>(c)));
    return 1;
}

}  // namespace

std::string_view category_name(char32_t c) {
    if (in_ranges(kUnassigned, c)) return "Cn";
    return utf8proc_category_string(static_cast<utf8proc_int32_t>(c));
}

int64_t count_code_points(const char* data, size_t size) {
    int64_t count = 0;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        std::memcpy(&word, data + i, 8);
        // A continuation byte has bit 7 set and bit 6 clear.
        const uint64_t continuation = (word >> 7) & ~(word >> 6) & 0x0101010101010101u;
        count += 8 - static_cast<int64_t>(continuation * 0x0101010101010101u >> 56);
    }
    for (; i < size; ++i) count += (static_cast<unsigned char>(data[i]) & 0xC0) != 0x80;
    return count;
}

bool all_ascii(const char* data, size_t size) {
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        std::memcpy(&word, data + i, 8);
        if (word & 0x8080808080808080u) return false;
    }
    for (; i < size; ++i)
        if (static_cast<unsigned char>(data[i]) >= 0x80) return false;
    return true;
}

int encode_utf8(char32_t c, char* out) {
    if (c < 0x80) {
        out[0] = static_cast<char>(c);
        return 1;
    }
    if (c < 0x800) {
        out[0] = static_cast<char>(0xC0 | c >> 6);
        out[1] = static_cast<char>(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = static_cast<char>(0xE0 | c >> 12);
        out[1] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out[2] = static_cast<char>(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = static_cast<char>(0xF0 | c >> 18);
    out[1] = static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out[2] = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out[3] = static_cast<char>(0x80 | (c & 0x3F));
    return 4;
}

Utf8Error check_utf8(const char* data, size_t size) {
    const auto* s = reinterpret_cast<const unsigned char*>(data);
    size_t i = 0;
    while (i < size) {
        if (s[i] < 0x80) {
            if (i + 8 <= size) {
                uint64_t word;
                std::memcpy(&word, s + i, 8);
                if (!(word & 0x8080808080808080u)) {
                    i += 8;
                    continue;
                }
            }
            ++i;
            continue;
        }
        const auto at = static_cast<int64_t>(i);
        const unsigned char lead = s[i];
        if (lead < 0xC2 || lead > 0xF4) return {at, at + 1, "invalid start byte", false};
        const int width = utf8_width(lead);
        unsigned char low = 0x80;
        unsigned char high = 0xBF;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
        for (int k = 1; k < width; ++k) {
            if (i + k >= size) return {at, static_cast<int64_t>(size), "unexpected end of data", true};
            const unsigned char c = s[i + k];
            if (c < (k == 1 ? low : 0x80) || c > (k == 1 ? high : 0xBF))
                return {at, at + k, "invalid continuation byte", false};
        }
        i += static_cast<size_t>(width);
    }
    return {};
}

bool is_alpha(char32_t c) {
    if (c < 0x80) return (c | 32) >= 'a' && (c | 32) <= 'z';
    return (category_bit(c) & kLetters) != 0;
}
bool is_decimal(char32_t c) {
    if (c < 0x80) return c >= '0' && c <= '9';
    return (category_bit(c) & bit(UTF8PROC_CATEGORY_ND)) != 0;
}
bool is_digit(char32_t c) {
    if (c < 0x80) return c >= '0' && c <= '9';
    return is_decimal(c) != in_ranges(kDigitDiffers, c);
}
bool is_numeric(char32_t c) {
    if (c < 0x80) return c >= '0' && c <= '9';
    const uint32_t numbers = bit(UTF8PROC_CATEGORY_ND) | bit(UTF8PROC_CATEGORY_NL) | bit(UTF8PROC_CATEGORY_NO);
    return ((category_bit(c) & numbers) != 0) != in_ranges(kNumericDiffers, c);
}
bool is_space(char32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
    return ((category_bit(c) & bit(UTF8PROC_CATEGORY_ZS)) != 0) != in_ranges(kSpaceDiffers, c);
}
bool is_lower(char32_t c) {
    if (c < 0x80) return c >= 'a' && c <= 'z';
    return ((category_bit(c) & bit(UTF8PROC_CATEGORY_LL)) != 0) != in_ranges(kLowerDiffers, c);
}
bool is_upper(char32_t c) {
    if (c < 0x80) return c >= 'A' && c <= 'Z';
    return ((category_bit(c) & bit(UTF8PROC_CATEGORY_LU)) != 0) != in_ranges(kUpperDiffers, c);
}
bool is_title(char32_t c) {
    return c >= 0x80 && (category_bit(c) & bit(UTF8PROC_CATEGORY_LT)) != 0;
}
bool is_cased(char32_t c) {
    if (c < 0x80) return is_alpha(c);
    return ((category_bit(c) & kCasedLetters) != 0) != in_ranges(kCasedDiffers, c);
}
bool is_case_ignorable(char32_t c) {
    const uint32_t ignorable = bit(UTF8PROC_CATEGORY_MN) | bit(UTF8PROC_CATEGORY_ME) | bit(UTF8PROC_CATEGORY_CF) |
                               bit(UTF8PROC_CATEGORY_LM) | bit(UTF8PROC_CATEGORY_SK);
    return ((category_bit(c) & ignorable) != 0) != in_ranges(kCaseIgnorableDiffers, c);
}
bool is_printable(char32_t c) {
    if (c < 0x80) return c >= 32 && c < 127;
    return ((category_bit(c) & kNotPrintable) == 0) != in_ranges(kPrintableDiffers, c);
}
bool is_identifier_start(char32_t c) {
    if (c < 0x80) return is_alpha(c) || c == '_';
    return ((category_bit(c) & kIdentifierStart) != 0) != in_ranges(kIdstartDiffers, c);
}
bool is_identifier_part(char32_t c) {
    if (c < 0x80) return is_alpha(c) || c == '_' || (c >= '0' && c <= '9');
    return ((category_bit(c) & kIdentifierPart) != 0) != in_ranges(kIdpartDiffers, c);
}
int decimal_value(char32_t c) {
    if (c < 0x80) return c >= '0' && c <= '9' ? static_cast<int>(c - '0') : -1;
    if (!is_decimal(c)) return -1;
    // Decimal digits come in blocks of ten, 0 first; only the mathematical digits follow one another without a gap.
    if (c >= 0x1D7CE && c <= 0x1D7FF) return static_cast<int>((c - 0x1D7CE) % 10);
    int value = 0;
    while (value < 9 && is_decimal(c - static_cast<char32_t>(value) - 1)) ++value;
    return value;
}

int to_lower(char32_t c, char32_t out[3]) {
    return full_mapping(kLower, c, out, utf8proc_tolower);
}
int to_upper(char32_t c, char32_t out[3]) {
    return full_mapping(kUpper, c, out, utf8proc_toupper);
}
int to_title(char32_t c, char32_t out[3]) {
    return full_mapping(kTitle, c, out, utf8proc_totitle);
}
int to_folded(char32_t c, char32_t out[3]) {
    if (const int count = map_case(kFolded, c, out)) return count;
    return to_lower(c, out);
}

}  // namespace kayton
