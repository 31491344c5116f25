// Floats as text, as CPython writes them: the shortest digits that read back as the same double, and printf-like
// conversions with exact rounding. Pure functions.
#pragma once

#include <cstdint>
#include <string>

namespace kayton {

// repr(float): at most 24 characters, returns how many.
int write_float_repr(double value, char* out);

// The unsigned digits of a finite |value| by format 'e', 'f', 'g' or 'r' (repr; precision ignored). `alternate` keeps
// the point and trailing zeros; `add_point_zero` makes 1 into 1.0 where there is no exponent ('r', and the empty
// format).
[[nodiscard]] std::string format_finite(double value, char format, int precision, bool alternate, bool add_point_zero);

}  // namespace kayton
