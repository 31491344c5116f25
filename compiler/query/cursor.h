// What stands at a cursor in a text that is being written: the name, and the expression before its dot. From the text
// alone, so that it works where nothing can be parsed.
// Pure functions over bytes of UTF-8; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kayton::query {

// `object.pre|fix`. Without a dot, `object` is `begin`.
struct Cursor {
    size_t object = 0;  // where the object's expression begins
    size_t dot = std::string::npos;
    size_t begin = 0;  // of the name
    size_t end = 0;
};

[[nodiscard]] bool is_name_byte(char c);
// `whole_name`: the name's end is found too; else the name ends at the cursor.
[[nodiscard]] Cursor cursor_at(std::string_view text, size_t offset, bool whole_name);

}  // namespace kayton::query
