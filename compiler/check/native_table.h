// The members of the modules in the box that the compiler or the runtime makes: a table of runtime functions, constants,
// and the names that modules.cpp writes out. A shipped module in Kayton (compiler/stdlib) of the same name comes first;
// `_native` holds what only such modules may call.
// Constant tables, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/checker.h"

namespace kayton::check {

struct ModuleFunction {
    const char* name;
    RT fn;
    // A letter each: i int, f float, s str, b bool, y bytes, L list[int], F list[float], S list[str], o str or None (NULL),
    // e an exception or None (NULL).
    const char* params;
    const char* result;
};

// Null when the table has no such function; names are "math.sqrt".
[[nodiscard]] const ModuleFunction* native_function(std::string_view full);
[[nodiscard]] const double* native_number(std::string_view full);
[[nodiscard]] std::vector<std::string> native_names(const std::string& module);
// kNothing when there is no such member.
[[nodiscard]] Entity native_member(const std::string& module, std::string_view name);
// A module that has no source in Kayton.
[[nodiscard]] bool is_native_module(std::string_view name);

}  // namespace kayton::check
