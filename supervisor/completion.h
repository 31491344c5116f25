// Completion and inspection of what a person types in a conversation of cells: the same for `kayton repl` and the
// Jupyter kernel. Positions are bytes of UTF-8. Any thread, as Cells' questions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/cells.h"

namespace kayton {

struct Completions {
    size_t object = 0;  // what stands before the name: "words." begins here
    size_t begin = 0;   // the name begins here and ends at the cursor
    std::vector<NameInfo> names;
};

// The names that the text before the cursor may go on with. Those with an underscore are for who asks for them.
[[nodiscard]] Completions complete_at(const Cells& cells, const std::string& code, size_t cursor);
// What the name at the cursor is; nothing when it is not known.
[[nodiscard]] std::optional<NameInfo> inspect_at(const Cells& cells, const std::string& code, size_t cursor);

// The end of the name at the cursor or before it: inside of a call's arguments, the function is what is asked for.
[[nodiscard]] size_t name_before(const std::string& code, size_t cursor);

}  // namespace kayton
