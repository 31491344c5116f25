#include "kernel/messages/complete.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "shared/bytes.h"

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

namespace {

// The text at the cursor: `object.pre|fix`. Without a dot, `object` is empty.
struct Place {
    size_t object = 0;  // where the object's expression begins
    size_t dot = std::string::npos;
    size_t begin = 0;  // of the name
    size_t end = 0;
};

// Where the bracket or the text that ends before `end` began; npos when it is not in this text.
size_t opening(const std::string& code, size_t end) {
    const char close = code[end - 1];
    if (close == '"' || close == '\'') {
        for (size_t at = end - 1; at > 0 && code[at - 1] != '\n'; --at) {
            if (code[at - 1] == close && (at < 2 || code[at - 2] != '\\')) {
                return at - 1;
            }
        }
        return std::string::npos;
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
            if (begin == std::string::npos) {
                return begin;
            }
            at = begin + 1;
        }
    }
    return std::string::npos;
}

// Where the expression that ends before `end` began: names, calls, subscripts and literals, joined by dots.
size_t expression_begin(const std::string& code, size_t end) {
    size_t at = end;
    for (;;) {
        const size_t before = at;
        while (at > 0 && (code[at - 1] == ')' || code[at - 1] == ']' || code[at - 1] == '}' || code[at - 1] == '"' ||
                          code[at - 1] == '\'')) {
            const size_t begin = opening(code, at);
            if (begin == std::string::npos) {
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

Place place_of(const std::string& code, size_t cursor, bool whole_name) {
    Place place;
    place.begin = place.end = cursor;
    while (place.begin > 0 && is_name_byte(code[place.begin - 1])) {
        --place.begin;
    }
    while (whole_name && place.end < code.size() && is_name_byte(code[place.end])) {
        ++place.end;
    }
    place.object = place.begin;
    if (place.begin > 0 && code[place.begin - 1] == '.') {
        place.dot = place.begin - 1;
        place.object = expression_begin(code, place.dot);
    }
    return place;
}

std::vector<NameInfo> names_at(Cells* cells, const std::string& code, const Place& place) {
    if (cells == nullptr || !is_utf8(code)) {
        return {};
    }
    if (place.dot == std::string::npos) {
        return cells->visible_names();
    }
    const std::string object = code.substr(place.object, place.dot - place.object);
    return object.empty() ? std::vector<NameInfo>() : cells->members_of(object);
}

}  // namespace

Json complete_reply(Cells* cells, const Json& content) {
    const std::string code = text_of(content, "code");
    const size_t cursor = byte_offset(code, number_of(content, "cursor_pos", INT64_MAX));
    const Place place = place_of(code, cursor, false);
    const std::string prefix = code.substr(place.begin, cursor - place.begin);
    const std::string object = code.substr(place.object, place.begin - place.object);
    Json matches = Json::array();
    Json types = Json::array();
    for (const NameInfo& info : names_at(cells, code, place)) {
        // Names with an underscore are for those who ask for them.
        if (!info.name.starts_with(prefix) || (info.name.starts_with('_') && !prefix.starts_with('_'))) {
            continue;
        }
        matches.push_back(object + info.name);
        types.push_back({{"text", object + info.name},
                         {"type", info.kind},
                         {"signature", info.signature},
                         {"start", character_offset(code, place.object)},
                         {"end", character_offset(code, cursor)}});
    }
    return {{"status", "ok"},
            {"matches", std::move(matches)},
            {"cursor_start", character_offset(code, place.object)},
            {"cursor_end", character_offset(code, cursor)},
            {"metadata", {{"_jupyter_types_experimental", std::move(types)}}}};
}

Json inspect_text(Cells* cells, const std::string& code, size_t cursor) {
    const Place place = place_of(code, cursor, true);
    const std::string wanted = code.substr(place.begin, place.end - place.begin);
    if (!wanted.empty()) {
        for (const NameInfo& info : names_at(cells, code, place)) {
            if (info.name == wanted) {
                std::string text = info.signature + (info.doc.empty() ? "" : "\n\n" + info.doc);
                text += "\n\nKind: " + info.kind;
                return {{"text/plain", std::move(text)}};
            }
        }
    }
    return Json::object();
}

Json inspect_reply(Cells* cells, const Json& content) {
    const std::string code = text_of(content, "code");
    size_t cursor = byte_offset(code, number_of(content, "cursor_pos", INT64_MAX));
    // Inside of a call's arguments, the function is what is asked for.
    while (cursor > 0 && !is_name_byte(code[cursor - 1]) && code[cursor - 1] != '.') {
        --cursor;
    }
    Json data = inspect_text(cells, code, cursor);
    const bool found = !data.empty();
    return {{"status", "ok"}, {"found", found}, {"data", std::move(data)}, {"metadata", Json::object()}};
}

}  // namespace kayton::kernel
