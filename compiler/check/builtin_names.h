// The names that are there without an import, and the modules that the compiler itself knows.
// Constant tables, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kayton::check {

[[nodiscard]] bool is_builtin_name(std::string_view name);
[[nodiscard]] std::vector<std::string> builtin_names();
[[nodiscard]] const std::vector<std::string_view>& native_modules();  // some have a source in stdlib/ as well

}  // namespace kayton::check
