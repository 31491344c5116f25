// The standard modules that are written in Kayton: the text of each `compiler/stdlib/NAME.kay`, part of the program.
// Pure data; any thread.
#pragma once

#include <string_view>
#include <vector>

namespace kayton {

// Null when there is no such module.
[[nodiscard]] const char* stdlib_source(std::string_view module);
[[nodiscard]] const std::vector<std::string_view>& stdlib_source_names();

}  // namespace kayton
