// Functions of the module math whose last bit depends on how they are computed: as CPython 3.11 does.
// Pure functions.
#pragma once

#include <cstdint>

namespace kayton {

struct GammaResult {
    double value;
    int error;  // 0, EDOM or ERANGE
};
[[nodiscard]] GammaResult gamma_of(double x);
[[nodiscard]] GammaResult log_gamma_of(double x);
// math.hypot and math.dist.
[[nodiscard]] double vector_norm(const double* vector, int64_t count);

}  // namespace kayton
