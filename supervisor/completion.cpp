#include "supervisor/completion.h"

#include "compiler/query/cursor.h"
#include "shared/bytes.h"

namespace kayton {
namespace {

std::vector<NameInfo> names_at(const Cells& cells, const std::string& code, const query::Cursor& cursor) {
    if (!is_utf8(code)) {
        return {};
    }
    if (cursor.dot == std::string::npos) {
        return cells.visible_names();
    }
    const std::string object = code.substr(cursor.object, cursor.dot - cursor.object);
    return object.empty() ? std::vector<NameInfo>() : cells.members_of(object);
}

}  // namespace

Completions complete_at(const Cells& cells, const std::string& code, size_t cursor) {
    const query::Cursor place = query::cursor_at(code, cursor, false);
    const std::string prefix = code.substr(place.begin, cursor - place.begin);
    Completions found{place.object, place.begin, {}};
    for (NameInfo& info : names_at(cells, code, place)) {
        if (info.name.starts_with(prefix) && (!info.name.starts_with('_') || prefix.starts_with('_'))) {
            found.names.push_back(std::move(info));
        }
    }
    return found;
}

std::optional<NameInfo> inspect_at(const Cells& cells, const std::string& code, size_t cursor) {
    const query::Cursor place = query::cursor_at(code, cursor, true);
    const std::string wanted = code.substr(place.begin, place.end - place.begin);
    if (wanted.empty()) {
        return std::nullopt;
    }
    for (NameInfo& info : names_at(cells, code, place)) {
        if (info.name == wanted) {
            return std::move(info);
        }
    }
    return std::nullopt;
}

size_t name_before(const std::string& code, size_t cursor) {
    while (cursor > 0 && !query::is_name_byte(code[cursor - 1]) && code[cursor - 1] != '.') {
        --cursor;
    }
    return cursor;
}

}  // namespace kayton
