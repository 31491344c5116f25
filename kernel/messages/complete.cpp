#include "kernel/messages/complete.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "supervisor/completion.h"

namespace kayton::kernel {
namespace {

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
    Completions found{cursor, cursor, {}};
    if (cells != nullptr) {
        found = complete_at(*cells, code, cursor);
    }
    const std::string object = code.substr(found.object, found.begin - found.object);
    Json matches = Json::array();
    Json types = Json::array();
    for (const NameInfo& info : found.names) {
        matches.push_back(object + info.name);
        types.push_back({{"text", object + info.name},
                         {"type", info.kind},
                         {"signature", info.signature},
                         {"start", character_offset(code, found.object)},
                         {"end", character_offset(code, cursor)}});
    }
    return {{"status", "ok"},
            {"matches", std::move(matches)},
            {"cursor_start", character_offset(code, found.object)},
            {"cursor_end", character_offset(code, cursor)},
            {"metadata", {{"_jupyter_types_experimental", std::move(types)}}}};
}

Json inspect_text(Cells* cells, const std::string& code, size_t cursor) {
    const auto info = cells == nullptr ? std::nullopt : inspect_at(*cells, code, cursor);
    if (!info) {
        return Json::object();
    }
    return {
        {"text/plain", info->signature + (info->doc.empty() ? "" : "\n\n" + info->doc) + "\n\nKind: " + info->kind}};
}

Json inspect_reply(Cells* cells, const Json& content) {
    const std::string code = text_of(content, "code");
    const size_t cursor = byte_offset(code, number_of(content, "cursor_pos", INT64_MAX));
    Json data = inspect_text(cells, code, name_before(code, cursor));
    const bool found = !data.empty();
    return {{"status", "ok"}, {"found", found}, {"data", std::move(data)}, {"metadata", Json::object()}};
}

}  // namespace kayton::kernel
