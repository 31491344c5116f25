// What every program answers to --version. Safe in any thread.
#pragma once

#include <string>
#include <string_view>

namespace kayton {

// "kik 0.1.0 (plugin ABI v1, x86_64-linux, GCC 12.2.0)": version, what plugins must fit, for what and by what it was
// built. `more` is said besides.
[[nodiscard]] std::string version_line(std::string_view program, std::string_view more = {});

}  // namespace kayton
