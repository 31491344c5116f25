// Case mappings and character tests of str.
#include <algorithm>

#include "worker/runtime/str.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

template <typename Map>
KtStr* map_ascii(const KtStr* text, Map map) {
    if (text->byte_len == 0) return str_empty();
    if (text->byte_len == 1) return ascii_char(static_cast<unsigned char>(map(text->data[0], 0)));
    KtStr* made = str_alloc(text->byte_len);
    for (int64_t i = 0; i < text->byte_len; ++i) made->data[i] = map(text->data[i], i);
    return made;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

// Σ at the end of a word becomes ς (Unicode's Final_Sigma, as CPython tests it).
bool is_final_sigma(const KtStr* text, const char* at) {
    const char* before = at;
    bool final = false;
    while (before > text->data) {
        do --before;
        while ((static_cast<unsigned char>(*before) & 0xC0) == 0x80);
        const char* p = before;
        const char32_t c = decode_next(p);
        if (is_case_ignorable(c)) continue;
        final = is_cased(c);
        break;
    }
    if (!final) return false;
    const char* after = at + 2;
    while (after < text->data + text->byte_len) {
        const char32_t c = decode_next(after);
        if (is_case_ignorable(c)) continue;
        return !is_cased(c);
    }
    return true;
}

int lower_in(const KtStr* text, const char* at, char32_t c, char32_t out[3]) {
    if (c == 0x3A3) {
        out[0] = is_final_sigma(text, at) ? 0x3C2 : 0x3C3;
        return 1;
    }
    return to_lower(c, out);
}

template <typename Map>
KtStr* map_unicode(const KtStr* text, Map map) {
    TextBuilder builder(static_cast<size_t>(text->byte_len) + 8);
    const char* at = text->data;
    const char* end = at + text->byte_len;
    while (at < end) {
        const char* start = at;
        const char32_t c = decode_next(at);
        char32_t mapped[3];
        const int count = map(start, c, mapped);
        for (int i = 0; i < count; ++i) builder.add_code_point(mapped[i]);
    }
    return builder.finish();
}

template <typename Test>
uint8_t all_chars(const KtStr* text, Test test) {
    if (text->byte_len == 0) return 0;
    const char* at = text->data;
    const char* end = at + text->byte_len;
    while (at < end)
        if (!test(decode_next(at))) return 0;
    return 1;
}

}  // namespace

extern "C" {

KtStr* kt_str_upper(KtStr* text) {
    if (is_ascii(text)) return map_ascii(text, [](char c, int64_t) { return upper(c); });
    return map_unicode(text, [](const char*, char32_t c, char32_t* out) { return to_upper(c, out); });
}

KtStr* kt_str_lower(KtStr* text) {
    if (is_ascii(text)) return map_ascii(text, [](char c, int64_t) { return lower(c); });
    return map_unicode(text, [text](const char* at, char32_t c, char32_t* out) { return lower_in(text, at, c, out); });
}

KtStr* kt_str_casefold(KtStr* text) {
    if (is_ascii(text)) return kt_str_lower(text);
    return map_unicode(text, [](const char*, char32_t c, char32_t* out) { return to_folded(c, out); });
}

KtStr* kt_str_title(KtStr* text) {
    bool in_word = false;
    return map_unicode(text, [&in_word, text](const char* at, char32_t c, char32_t* out) {
        const int count = in_word ? lower_in(text, at, c, out) : to_title(c, out);
        in_word = is_cased(c);
        return count;
    });
}

KtStr* kt_str_capitalize(KtStr* text) {
    if (is_ascii(text)) return map_ascii(text, [](char c, int64_t i) { return i == 0 ? upper(c) : lower(c); });
    return map_unicode(text, [text](const char* at, char32_t c, char32_t* out) {
        return at == text->data ? to_title(c, out) : lower_in(text, at, c, out);
    });
}

KtStr* kt_str_swapcase(KtStr* text) {
    return map_unicode(text, [text](const char* at, char32_t c, char32_t* out) {
        if (is_upper(c)) return lower_in(text, at, c, out);
        if (is_lower(c)) return to_upper(c, out);
        out[0] = c;
        return 1;
    });
}

uint8_t kt_str_isalpha(KtStr* text) {
    return all_chars(text, is_alpha);
}
uint8_t kt_str_isdigit(KtStr* text) {
    return all_chars(text, is_digit);
}
uint8_t kt_str_isdecimal(KtStr* text) {
    return all_chars(text, is_decimal);
}
uint8_t kt_str_isnumeric(KtStr* text) {
    return all_chars(text, is_numeric);
}
uint8_t kt_str_isalnum(KtStr* text) {
    return all_chars(text, [](char32_t c) { return is_alpha(c) || is_decimal(c) || is_digit(c) || is_numeric(c); });
}
uint8_t kt_str_isspace(KtStr* text) {
    return all_chars(text, is_space);
}
uint8_t kt_str_isprintable(KtStr* text) {
    return text->byte_len == 0 || all_chars(text, is_printable);
}
uint8_t kt_str_isascii(KtStr* text) {
    return is_ascii(text);
}

uint8_t kt_str_isupper(KtStr* text) {
    bool cased = false;
    const uint8_t fits = all_chars(text, [&cased](char32_t c) {
        if (is_lower(c) || is_title(c)) return false;
        cased = cased || is_upper(c);
        return true;
    });
    return fits && cased;
}

uint8_t kt_str_islower(KtStr* text) {
    bool cased = false;
    const uint8_t fits = all_chars(text, [&cased](char32_t c) {
        if (is_upper(c) || is_title(c)) return false;
        cased = cased || is_lower(c);
        return true;
    });
    return fits && cased;
}

uint8_t kt_str_istitle(KtStr* text) {
    bool cased = false;
    bool in_word = false;
    const uint8_t fits = all_chars(text, [&](char32_t c) {
        if (is_upper(c) || is_title(c)) {
            if (in_word) return false;
            in_word = cased = true;
        } else if (is_lower(c)) {
            if (!in_word) return false;
            cased = true;
        } else {
            in_word = false;
        }
        return true;
    });
    return fits && cased;
}

uint8_t kt_str_isidentifier(KtStr* text) {
    bool first = true;
    return all_chars(text, [&first](char32_t c) {
        const bool fits = first ? is_identifier_start(c) : is_identifier_part(c);
        first = false;
        return fits;
    });
}

}  // extern "C"

}  // namespace kayton
