// The gamma function and its logarithm by Lanczos' approximation, with the coefficients and the order of operations that
// CPython uses (Boost's set of 13 terms), so that the last bit is the same.
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "worker/runtime/gamma.h"

namespace kayton {

namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kLogPi = 1.144729885849400174143427351353058711647;
constexpr double kG = 6.024680040776729583740234375;
constexpr double kGMinusHalf = 5.524680040776729583740234375;
constexpr int kTerms = 13;
constexpr double kNumerator[kTerms] = {
    23531376880.410759688572007674451636754734846804940, 42919803642.649098768957899047001988850926355848959,
    35711959237.355668049440185451547166705960488635843, 17921034426.037209699919755754458931112671403265390,
    6039542586.3520280050642916443072979210699388420708, 1439720407.3117216736632230727949123939715485786372,
    248874557.86205415651146038641322942321632125127801, 31426415.585400194380614231628318205362874684987640,
    2876370.6289353724412254090516208496135991145378768, 186056.26539522349504029498971604569928220784236328,
    8071.6720023658162106380029022722506138218516325024, 210.82427775157934587250973392071336271166969580291,
    2.5066282746310002701649081771338373386264310793408};
constexpr double kDenominator[kTerms] = {0.0,      39916800.0, 120543840.0, 150917976.0, 105258076.0, 45995730.0, 13339535.0,
                                         2637558.0, 357423.0,  32670.0,     1925.0,      66.0,        1.0};
constexpr double kFactorials[] = {1.0, 1.0, 2.0, 6.0, 24.0, 120.0, 720.0, 5040.0, 40320.0, 362880.0, 3628800.0, 39916800.0,
                                  479001600.0, 6227020800.0, 87178291200.0, 1307674368000.0, 20922789888000.0,
                                  355687428096000.0, 6402373705728000.0, 121645100408832000.0, 2432902008176640000.0,
                                  51090942171709440000.0, 1124000727777607680000.0};

double lanczos_sum(double x) {
    double numerator = 0, denominator = 0;
    if (x < 5.0) {
        for (int i = kTerms; --i >= 0;) {
            numerator = numerator * x + kNumerator[i];
            denominator = denominator * x + kDenominator[i];
        }
    } else {
        for (int i = 0; i < kTerms; ++i) {
            numerator = numerator / x + kNumerator[i];
            denominator = denominator / x + kDenominator[i];
        }
    }
    return numerator / denominator;
}

double sin_pi(double x) {
    const double y = std::fmod(std::fabs(x), 2.0);
    double result = 0;
    switch (static_cast<int>(std::round(2.0 * y))) {
        case 0: result = std::sin(kPi * y); break;
        case 1: result = std::cos(kPi * (y - 0.5)); break;
        case 2: result = std::sin(kPi * (1.0 - y)); break;
        case 3: result = -std::cos(kPi * (y - 1.5)); break;
        default: result = std::sin(kPi * (y - 2.0)); break;
    }
    return std::copysign(1.0, x) * result;
}

}  // namespace

GammaResult gamma_of(double x) {
    if (!std::isfinite(x)) {
        if (std::isnan(x) || x > 0.0) return {x, 0};
        return {std::numeric_limits<double>::quiet_NaN(), EDOM};
    }
    if (x == 0.0) return {std::copysign(HUGE_VAL, x), EDOM};
    if (x == std::floor(x)) {
        if (x < 0.0) return {std::numeric_limits<double>::quiet_NaN(), EDOM};
        if (x <= 23.0) return {kFactorials[static_cast<int>(x) - 1], 0};
    }
    const double size = std::fabs(x);
    if (size < 1e-20) {
        const double result = 1.0 / x;
        return {result, std::isinf(result) ? ERANGE : 0};
    }
    if (size > 200.0) {
        if (x < 0.0) return {0.0 / sin_pi(x), 0};
        return {HUGE_VAL, ERANGE};
    }
    const double y = size + kGMinusHalf;
    const double q = size > kGMinusHalf ? y - size : y - kGMinusHalf;
    double z = size > kGMinusHalf ? q - kGMinusHalf : q - size;
    z = z * kG / y;
    double result = 0;
    if (x < 0.0) {
        result = -kPi / sin_pi(size) / size * std::exp(y) / lanczos_sum(size);
        result -= z * result;
        if (size < 140.0) {
            result /= std::pow(y, size - 0.5);
        } else {
            const double root = std::pow(y, size / 2.0 - 0.25);
            result /= root;
            result /= root;
        }
    } else {
        result = lanczos_sum(size) / std::exp(y);
        result += z * result;
        if (size < 140.0) {
            result *= std::pow(y, size - 0.5);
        } else {
            const double root = std::pow(y, size / 2.0 - 0.25);
            result *= root;
            result *= root;
        }
    }
    return {result, std::isinf(result) ? ERANGE : 0};
}

GammaResult log_gamma_of(double x) {
    if (!std::isfinite(x)) return {std::isnan(x) ? x : HUGE_VAL, 0};
    if (x == std::floor(x) && x <= 2.0) {
        if (x <= 0.0) return {HUGE_VAL, EDOM};
        return {0.0, 0};
    }
    const double size = std::fabs(x);
    if (size < 1e-20) return {-std::log(size), 0};
    double result = std::log(lanczos_sum(size)) - kG;
    result += (size - 0.5) * (std::log(size + kG - 0.5) - 1);
    if (x < 0.0) result = kLogPi - std::log(std::fabs(sin_pi(size))) - std::log(size) - result;
    return {result, std::isinf(result) ? ERANGE : 0};
}

// Scaled by a power of two; squares are split in two, their sum is kept exact, and one step of Newton corrects the root.
double vector_norm(const double* vector, int64_t count) {
    constexpr double kSplit = 134217729.0;  // 2^27 + 1
    double largest = 0.0;
    bool has_nan = false;
    for (int64_t i = 0; i < count; ++i) {
        const double size = std::fabs(vector[i]);
        has_nan = has_nan || std::isnan(size);
        if (size > largest) largest = size;
    }
    if (std::isinf(largest)) return largest;
    if (has_nan) return std::numeric_limits<double>::quiet_NaN();
    if (largest == 0.0 || count <= 1) return largest;
    int exponent = 0;
    (void)std::frexp(largest, &exponent);
    double total = 1.0, first = 0.0, second = 0.0, third = 0.0;
    auto add = [&total](double& rest, double x) {
        const double before = total;
        total += x;
        rest += (before - total) + x;
    };
    if (exponent < -1023) {  // 2^-exponent would overflow
        for (int64_t i = 0; i < count; ++i) {
            const double x = std::fabs(vector[i]) / largest;
            add(first, x * x);
        }
        return largest * std::sqrt(total - 1.0 + first);
    }
    const double scale = std::ldexp(1.0, -exponent);
    for (int64_t i = 0; i < count; ++i) {
        const double x = std::fabs(vector[i]) * scale;
        const double t = x * kSplit;
        const double high = t - (t - x);
        const double low = x - high;
        add(first, high * high);
        add(second, 2.0 * high * low);
        third += low * low;
    }
    const double root = std::sqrt(total - 1.0 + (first + second + third));
    const double t = root * kSplit;
    const double high = t - (t - root);
    const double low = root - high;
    add(first, -high * high);
    add(second, -2.0 * high * low);
    add(third, -low * low);
    const double rest = total - 1.0 + (first + second + third);
    return (root + rest / (2.0 * root)) / scale;
}

}  // namespace kayton
