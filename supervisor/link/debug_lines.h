// Reads the functions and lines of a linked object from its DWARF debug information, for the code table. A function
// that has lines but no description of its own (LLVM's line-tables-only mode) goes under its symbol's name. Pure
// function.
#pragma once

#include <string>
#include <unordered_map>

#include "supervisor/link/code_table.h"

namespace kayton {

// `addresses`: where each function symbol of the object was placed. An object that cannot be read adds nothing.
void add_debug_lines(const std::string& object, const std::unordered_map<std::string, uint64_t>& addresses,
                     CodeTable& table);

}  // namespace kayton
