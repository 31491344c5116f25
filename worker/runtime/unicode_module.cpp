// The module unicodedata: properties and normal forms of characters.
#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/str.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

char32_t only_character(const KtStr* text) {
    const char* at = text->data;
    return decode_next(at);
}

constexpr const char* kBidirectional[] = {"", "L", "LRE", "LRO", "R", "AL", "RLE", "RLO", "PDF", "EN", "ES", "ET",
                                          "AN", "CS", "NSM", "BN", "B", "S", "WS", "ON", "LRI", "RLI", "FSI", "PDI"};

struct WidthRange {
    char32_t first, last;
    const char* width;
};
// East_Asian_Width of Unicode 14.0 where it is not N.
constexpr WidthRange kWidths[] = {
#include "worker/runtime/east_asian_widths.inc"
};

}  // namespace

extern "C" {

// REQUIRES: one character.
KtStr* kt_unicode_category(KtStr* character) {
    return str_new(category_name(only_character(character)));
}

KtStr* kt_unicode_bidirectional(KtStr* character) {
    const char32_t c = only_character(character);
    if (category_name(c) == "Cn") return str_empty();
    return str_new(kBidirectional[utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->bidi_class]);
}

int64_t kt_unicode_combining(KtStr* character) {
    return utf8proc_get_property(static_cast<utf8proc_int32_t>(only_character(character)))->combining_class;
}

uint8_t kt_unicode_mirrored(KtStr* character) {
    return utf8proc_get_property(static_cast<utf8proc_int32_t>(only_character(character)))->bidi_mirrored;
}

KtStr* kt_unicode_width(KtStr* character) {
    const char32_t c = only_character(character);
    size_t low = 0, high = std::size(kWidths);
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (c > kWidths[middle].last) {
            low = middle + 1;
        } else if (c < kWidths[middle].first) {
            high = middle;
        } else {
            return str_new(kWidths[middle].width);
        }
    }
    return str_new("N");
}

int64_t kt_unicode_decimal(KtStr* character) {
    return decimal_value(only_character(character));
}

// NFC, NFD, NFKC or NFKD.
int32_t kt_unicode_normalize(KtStr* form, KtStr* text, KtStr** out) {
    const std::string_view name = view(form);
    int options = UTF8PROC_STABLE;
    if (name == "NFC" || name == "NFKC") {
        options |= UTF8PROC_COMPOSE;
    } else if (name == "NFD" || name == "NFKD") {
        options |= UTF8PROC_DECOMPOSE;
    } else {
        return raise(Exc::ValueError, "invalid normalization form");
    }
    if (name.size() == 4) options |= UTF8PROC_COMPAT;
    if (is_ascii(text)) {
        *out = same(text);
        return KT_OK;
    }
    utf8proc_uint8_t* made = nullptr;
    const utf8proc_ssize_t length =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text->data), text->byte_len, &made, static_cast<utf8proc_option_t>(options));
    const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(made, std::free);
    if (length < 0) return raise(Exc::MemoryError, "");
    *out = str_new({reinterpret_cast<const char*>(made), static_cast<size_t>(length)});
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
