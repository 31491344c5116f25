#include "kernel/messages/complete.h"

#include <algorithm>
#include <cctype>

namespace kayton::kernel {
namespace {

bool is_name_byte(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

size_t byte_offset(const std::string& text, int64_t characters) {
    size_t at = 0;
    for (; at < text.size() && (characters > 0 || continues_character(text[at])); ++at) {
        characters -= continues_character(text[at]) ? 0 : 1;
        while (at + 1 < text.size() && continues_character(text[at + 1])) {
            ++at;
        }
    }
    return at;
}

int64_t character_offset(const std::string& text, size_t bytes) {
    return std::count_if(text.begin(), text.begin() + static_cast<ptrdiff_t>(std::min(bytes, text.size())),
                         [](char c) { return !continues_character(c); });
}

Json complete_reply(Cells* cells, const Json& content) {
    const std::string code = text_of(content, "code");
    const size_t cursor = byte_offset(code, number_of(content, "cursor_pos", INT64_MAX));
    size_t begin = cursor;
    while (begin > 0 && is_name_byte(code[begin - 1])) {
        --begin;
    }
    const std::string_view prefix = std::string_view(code).substr(begin, cursor - begin);
    Json matches = Json::array();
    if (cells != nullptr) {
        for (const auto& [name, type] : cells->names()) {
            if (name.starts_with(prefix)) {
                matches.push_back(name);
            }
        }
    }
    return {{"status", "ok"},
            {"matches", std::move(matches)},
            {"cursor_start", character_offset(code, begin)},
            {"cursor_end", character_offset(code, cursor)},
            {"metadata", Json::object()}};
}

Json inspect_reply(Cells* cells, const Json& content) {
    const std::string code = text_of(content, "code");
    const size_t cursor = byte_offset(code, number_of(content, "cursor_pos", INT64_MAX));
    size_t begin = cursor;
    while (begin > 0 && is_name_byte(code[begin - 1])) {
        --begin;
    }
    size_t end = cursor;
    while (end < code.size() && is_name_byte(code[end])) {
        ++end;
    }
    const std::string_view wanted = std::string_view(code).substr(begin, end - begin);
    if (cells != nullptr) {
        for (const auto& [name, type] : cells->names()) {
            if (name == wanted) {
                return {{"status", "ok"},
                        {"found", true},
                        {"data", {{"text/plain", name + ": " + type}}},
                        {"metadata", Json::object()}};
            }
        }
    }
    return {{"status", "ok"}, {"found", false}, {"data", Json::object()}, {"metadata", Json::object()}};
}

}  // namespace kayton::kernel
