#include "compiler/syntax/unicode.h"

#include <utf8proc.h>

#include <cstdio>
#include <cstring>

namespace kayton::syntax {

Utf8Char decode_utf8(const char* data, size_t size) {
    utf8proc_int32_t code_point = -1;
    utf8proc_ssize_t length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(data),
                                               static_cast<utf8proc_ssize_t>(size), &code_point);
    if (length <= 0) return {-1, 1};
    return {code_point, static_cast<uint32_t>(length)};
}

void append_utf8(std::string& out, uint32_t code_point) {
    utf8proc_uint8_t buffer[4];
    utf8proc_ssize_t length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), buffer);
    out.append(reinterpret_cast<const char*>(buffer), static_cast<size_t>(length));
}

std::optional<size_t> find_invalid_utf8(std::string_view text) {
    size_t at = 0;
    while (at < text.size()) {
        uint64_t eight = 0;
        if (text.size() - at >= sizeof eight) {
            std::memcpy(&eight, text.data() + at, sizeof eight);
            if ((eight & 0x8080808080808080ULL) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        if (static_cast<unsigned char>(text[at]) < 0x80) {
            ++at;
            continue;
        }
        Utf8Char decoded = decode_utf8(text.data() + at, text.size() - at);
        if (decoded.code_point < 0) return at;
        at += decoded.length;
    }
    return std::nullopt;
}

bool is_identifier_start(int32_t code_point) {
    if (code_point < 0) return false;
    if (code_point < 0x80) return (kCharClass[static_cast<size_t>(code_point)] & kIdentifierStart) != 0;
    switch (utf8proc_category(code_point)) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_NL: return code_point != 0x2E2F;  // Pattern_Syntax
        default:                                                 // Other_ID_Start
            return code_point == 0x1885 || code_point == 0x1886 || code_point == 0x2118 || code_point == 0x212E;
    }
}

bool is_identifier_continue(int32_t code_point) {
    if (is_identifier_start(code_point)) return true;
    if (code_point < 0x80) {
        return code_point >= 0 && (kCharClass[static_cast<size_t>(code_point)] & kIdentifierContinue) != 0;
    }
    switch (utf8proc_category(code_point)) {
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_PC: return true;
        default:  // Other_ID_Continue
            return code_point == 0xB7 || code_point == 0x387 || code_point == 0x19DA ||
                   (code_point >= 0x1369 && code_point <= 0x1371);
    }
}

std::string describe_code_point(int32_t code_point) {
    char number[16];
    std::snprintf(number, sizeof number, "U+%04X", static_cast<unsigned>(code_point < 0 ? 0xFFFD : code_point));
    if (code_point <= ' ' || code_point == 0x7F || utf8proc_charwidth(code_point) <= 0) return number;
    std::string shown = "'";
    append_utf8(shown, static_cast<uint32_t>(code_point));
    shown += "'";
    if (code_point >= 0x80) shown += std::string(" (") + number + ")";
    return shown;
}

}  // namespace kayton::syntax
