#include "compiler/query/cursor.h"

#include <cctype>

namespace kayton::query {

namespace {

// Where the bracket or the text that ends before `end` began; npos when it is not in this text.
size_t opening(std::string_view code, size_t end) {
    const char close = code[end - 1];
    if (close == '"' || close == '\'') {
        for (size_t at = end - 1; at > 0 && code[at - 1] != '\n'; --at) {
            if (code[at - 1] == close && (at < 2 || code[at - 2] != '\\')) {
                return at - 1;
            }
        }
        return std::string_view::npos;
    }
    int depth = 0;
    for (size_t at = end; at > 0; --at) {
        const char c = code[at - 1];
        if (c == ')' || c == ']' || c == '}') {
            ++depth;
        } else if ((c == '(' || c == '[' || c == '{') && --depth == 0) {
            return at - 1;
        } else if (c == '"' || c == '\'') {
            const size_t begin = opening(code, at);
            if (begin == std::string_view::npos) {
                return begin;
            }
            at = begin + 1;
        }
    }
    return std::string_view::npos;
}

// Where the expression that ends before `end` began: names, calls, subscripts and literals, joined by dots.
size_t expression_begin(std::string_view code, size_t end) {
    size_t at = end;
    for (;;) {
        const size_t before = at;
        while (at > 0 && (code[at - 1] == ')' || code[at - 1] == ']' || code[at - 1] == '}' || code[at - 1] == '"' ||
                          code[at - 1] == '\'')) {
            const size_t begin = opening(code, at);
            if (begin == std::string_view::npos) {
                return at;
            }
            at = begin;
        }
        while (at > 0 && is_name_byte(code[at - 1])) {
            --at;
        }
        if (at == before || at == 0 || code[at - 1] != '.') {
            return at;
        }
        --at;
    }
}

}  // namespace

bool is_name_byte(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

Cursor cursor_at(std::string_view text, size_t offset, bool whole_name) {
    Cursor cursor;
    cursor.begin = cursor.end = offset;
    while (cursor.begin > 0 && is_name_byte(text[cursor.begin - 1])) {
        --cursor.begin;
    }
    while (whole_name && cursor.end < text.size() && is_name_byte(text[cursor.end])) {
        ++cursor.end;
    }
    cursor.object = cursor.begin;
    if (cursor.begin > 0 && text[cursor.begin - 1] == '.') {
        cursor.dot = cursor.begin - 1;
        cursor.object = expression_begin(text, cursor.dot);
    }
    return cursor;
}

}  // namespace kayton::query
