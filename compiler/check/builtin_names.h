// The names that are there without an import.
// Constant tables, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kayton::check {

[[nodiscard]] bool is_builtin_name(std::string_view name);
[[nodiscard]] std::vector<std::string> builtin_names();

}  // namespace kayton::check
