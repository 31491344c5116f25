// The module math: C's functions with CPython's errors.
#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <numeric>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/gamma.h"
#include "worker/runtime/runtime.h"

namespace kayton {

namespace {

int32_t domain_error() {
    return raise(Exc::ValueError, "math domain error");
}
int32_t range_error() {
    return raise(Exc::OverflowError, "math range error");
}

// CPython's math_1: NaN from no NaN is a domain error, infinity from a finite value a range error (or a domain error
// where the function cannot overflow).
int32_t checked(double argument, double result, bool can_overflow, double* out) {
    if (std::isnan(result) && !std::isnan(argument)) return domain_error();
    if (std::isinf(result) && std::isfinite(argument)) return can_overflow ? range_error() : domain_error();
    *out = result;
    return KT_OK;
}

int32_t logarithm(double value, double (*function)(double), double* out) {
    if (std::isnan(value) || (std::isinf(value) && value > 0)) {
        *out = value;
        return KT_OK;
    }
    if (value <= 0) return domain_error();
    *out = function(value);
    return KT_OK;
}

int32_t to_int(double value, double whole, int64_t* out) {
    if (!std::isfinite(value)) return kt_int_from_float(value, out);
    return kt_int_from_float(whole, out);
}

}  // namespace

extern "C" {

int32_t kt_math_sqrt(double value, double* out) {
    return checked(value, std::sqrt(value), false, out);
}
int32_t kt_math_exp(double value, double* out) {
    return checked(value, std::exp(value), true, out);
}
int32_t kt_math_log(double value, double* out) {
    return logarithm(value, std::log, out);
}
int32_t kt_math_log2(double value, double* out) {
    return logarithm(value, std::log2, out);
}
int32_t kt_math_log10(double value, double* out) {
    return logarithm(value, std::log10, out);
}
int32_t kt_math_log1p(double value, double* out) {
    return checked(value, std::log1p(value), false, out);
}
int32_t kt_math_sin(double value, double* out) {
    return checked(value, std::sin(value), false, out);
}
int32_t kt_math_cos(double value, double* out) {
    return checked(value, std::cos(value), false, out);
}
int32_t kt_math_tan(double value, double* out) {
    return checked(value, std::tan(value), false, out);
}
int32_t kt_math_asin(double value, double* out) {
    return checked(value, std::asin(value), false, out);
}
int32_t kt_math_acos(double value, double* out) {
    return checked(value, std::acos(value), false, out);
}
int32_t kt_math_atan(double value, double* out) {
    return checked(value, std::atan(value), false, out);
}
int32_t kt_math_sinh(double value, double* out) {
    return checked(value, std::sinh(value), true, out);
}
int32_t kt_math_cosh(double value, double* out) {
    return checked(value, std::cosh(value), true, out);
}
int32_t kt_math_tanh(double value, double* out) {
    return checked(value, std::tanh(value), false, out);
}

int32_t kt_math_log_base(double value, double base, double* out) {
    double numerator;
    double denominator;
    if (kt_math_log(value, &numerator) != KT_OK || kt_math_log(base, &denominator) != KT_OK) return KT_ERROR;
    return kt_float_div(numerator, denominator, out);
}

int32_t kt_math_atan2(double y, double x, double* out) {
    *out = std::atan2(y, x);
    return KT_OK;
}

int32_t kt_math_pow(double base, double exponent, double* out) {
    const double result = std::pow(base, exponent);
    if (std::isfinite(base) && std::isfinite(exponent)) {
        if (std::isnan(result)) return domain_error();
        if (std::isinf(result)) return base == 0 ? domain_error() : range_error();
    }
    *out = result;
    return KT_OK;
}

int32_t kt_math_fmod(double a, double b, double* out) {
    const double result = std::fmod(a, b);
    if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) return domain_error();
    *out = result;
    return KT_OK;
}

int32_t kt_math_hypot(double a, double b, double* out) {
    *out = std::hypot(a, b);
    return KT_OK;
}

int32_t kt_math_floor(double value, int64_t* out) {
    return to_int(value, std::floor(value), out);
}
int32_t kt_math_ceil(double value, int64_t* out) {
    return to_int(value, std::ceil(value), out);
}
int32_t kt_math_trunc(double value, int64_t* out) {
    return to_int(value, std::trunc(value), out);
}

int64_t kt_math_gcd(int64_t a, int64_t b) {
    uint64_t x = a < 0 ? 0 - static_cast<uint64_t>(a) : static_cast<uint64_t>(a);
    uint64_t y = b < 0 ? 0 - static_cast<uint64_t>(b) : static_cast<uint64_t>(b);
    return static_cast<int64_t>(std::gcd(x, y));
}

int32_t kt_math_factorial(int64_t value, int64_t* out) {
    if (value < 0) return raise(Exc::ValueError, "factorial() not defined for negative values");
    if (value > 20) return raise_format(Exc::OverflowError, "integer overflow in factorial({})", value);
    int64_t product = 1;
    for (int64_t i = 2; i <= value; ++i) product *= i;
    *out = product;
    return KT_OK;
}

int32_t kt_math_isqrt(int64_t value, int64_t* out) {
    if (value < 0) return raise(Exc::ValueError, "isqrt() argument must be nonnegative");
    auto root = static_cast<int64_t>(std::sqrt(static_cast<double>(value)));
    while (static_cast<__int128>(root) * root > value) --root;
    while (static_cast<__int128>(root + 1) * (root + 1) <= value) ++root;
    *out = root;
    return KT_OK;
}

int32_t kt_math_comb(int64_t n, int64_t k, int64_t* out) {
    if (n < 0) return raise(Exc::ValueError, "n must be a non-negative integer");
    if (k < 0) return raise(Exc::ValueError, "k must be a non-negative integer");
    if (k > n) {
        *out = 0;
        return KT_OK;
    }
    k = std::min(k, n - k);
    __int128 result = 1;
    for (int64_t i = 1; i <= k; ++i) {
        result = result * (n - k + i) / i;
        if (result > INT64_MAX) return raise_format(Exc::OverflowError, "integer overflow in comb({}, {})", n, k);
    }
    *out = static_cast<int64_t>(result);
    return KT_OK;
}

// The functions of one number that are seldom called: 0 exp2 1 cbrt 2 expm1 3 asinh 4 acosh 5 atanh 6 erf 7 erfc 8 gamma
// 9 lgamma.
int32_t kt_math_rare(int64_t which, double value, double* out) {
    switch (which) {
        case 0: return checked(value, std::exp2(value), true, out);
        case 1: return checked(value, std::cbrt(value), false, out);
        case 2: return checked(value, std::expm1(value), true, out);
        case 3: return checked(value, std::asinh(value), false, out);
        case 4: return checked(value, std::acosh(value), false, out);
        case 5: return checked(value, std::atanh(value), false, out);
        case 6: return checked(value, std::erf(value), false, out);
        case 7: return checked(value, std::erfc(value), false, out);
        default: {
            const GammaResult result = which == 8 ? gamma_of(value) : log_gamma_of(value);
            if (result.error != 0) return result.error == EDOM ? domain_error() : range_error();
            *out = result.value;
            return KT_OK;
        }
    }
}

double kt_math_norm(KtList* vector) {
    return vector_norm(static_cast<const double*>(vector->data), vector->length);
}

int32_t kt_math_ldexp(double value, int64_t exponent, double* out) {
    const auto clipped = static_cast<int>(std::clamp<int64_t>(exponent, -100'000, 100'000));
    const double result = std::ldexp(value, clipped);
    if (std::isinf(result) && std::isfinite(value)) return range_error();
    *out = result;
    return KT_OK;
}

// The exponent e of value = m × 2^e with 0.5 <= |m| < 1.
int64_t kt_math_exponent(double value) {
    int exponent = 0;
    if (std::isfinite(value)) (void)std::frexp(value, &exponent);
    return exponent;
}

int32_t kt_math_remainder(double a, double b, double* out) {
    if (std::isfinite(a) && std::isinf(b)) {
        *out = a;
        return KT_OK;
    }
    const double result = std::remainder(a, b);
    if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) return domain_error();
    *out = result;
    return KT_OK;
}

double kt_math_nextafter(double value, double towards) {
    return std::nextafter(value, towards);
}

int64_t kt_float_bits(double value) {
    return std::bit_cast<int64_t>(value);
}
double kt_float_from_bits(int64_t bits) {
    return std::bit_cast<double>(bits);
}
// As a number of 32 bits; OverflowError where it is finite and too large for them.
int32_t kt_float32_bits(double value, int64_t* out) {
    const auto single = static_cast<float>(value);
    if (std::isinf(single) && std::isfinite(value)) return raise(Exc::OverflowError, "float too large to pack with f format");
    *out = std::bit_cast<uint32_t>(single);
    return KT_OK;
}
double kt_float_from_bits32(int64_t bits) {
    return std::bit_cast<float>(static_cast<uint32_t>(bits));
}

uint8_t kt_math_isnan(double value) {
    return std::isnan(value);
}
uint8_t kt_math_isinf(double value) {
    return std::isinf(value);
}
uint8_t kt_math_isfinite(double value) {
    return std::isfinite(value);
}

uint8_t kt_math_isclose(double a, double b, double relative, double absolute) {
    if (a == b) return 1;
    if (std::isinf(a) || std::isinf(b)) return 0;
    const double difference = std::fabs(b - a);
    return difference <= std::fabs(relative * b) || difference <= std::fabs(relative * a) || difference <= absolute;
}

double kt_math_copysign(double value, double sign) {
    return std::copysign(value, sign);
}
double kt_math_fabs(double value) {
    return std::fabs(value);
}

}  // extern "C"

}  // namespace kayton
