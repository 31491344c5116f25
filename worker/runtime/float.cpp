// float: Python's arithmetic rules, conversions and text.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/float_format.h"
#include "worker/runtime/str.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

// CPython's float_divmod: the quotient floored, the rest with the divisor's sign.
void floor_divide(double a, double b, double* quotient, double* rest) {
    double mod = std::fmod(a, b);
    double div = (a - mod) / b;
    if (mod != 0) {
        if ((b < 0) != (mod < 0)) {
            mod += b;
            div -= 1.0;
        }
    } else {
        mod = std::copysign(0.0, b);
    }
    double floored;
    if (div != 0) {
        floored = std::floor(div);
        if (div - floored > 0.5) floored += 1.0;
    } else {
        floored = std::copysign(0.0, a / b);
    }
    *quotient = floored;
    *rest = mod;
}

bool parse_float(std::string_view text, double* out) {
    bool negative = false;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        negative = text[0] == '-';
        text.remove_prefix(1);
    }
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '_') {
            plain += static_cast<char>(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
            continue;
        }
        const auto digit = [&](size_t k) { return k < text.size() && text[k] >= '0' && text[k] <= '9'; };
        if (i == 0 || !digit(i - 1) || !digit(i + 1)) return false;
    }
    double value;
    if (plain == "inf" || plain == "infinity")
        value = INFINITY;
    else if (plain == "nan")
        value = NAN;
    else {
        if (plain.empty() || (plain[0] != '.' && (plain[0] < '0' || plain[0] > '9'))) return false;
        if (const size_t mark = plain.find("e+"); mark != std::string::npos) plain.erase(mark + 1, 1);
        const char* end = plain.data() + plain.size();
        const auto result = std::from_chars(plain.data(), end, value);
        if (result.ptr != end) return false;
        if (result.ec == std::errc::result_out_of_range) {
            // Past the largest double, or under the smallest: the exponent says which.
            value = std::strtod(plain.c_str(), nullptr);
        } else if (result.ec != std::errc()) {
            return false;
        }
    }
    *out = negative ? -value : value;
    return true;
}

}  // namespace

extern "C" {

int32_t kt_float_floordiv(double a, double b, double* out) {
    if (b == 0) return raise(Exc::ZeroDivisionError, "float floor division by zero");
    double rest;
    floor_divide(a, b, out, &rest);
    return KT_OK;
}

int32_t kt_float_mod(double a, double b, double* out) {
    if (b == 0) return raise(Exc::ZeroDivisionError, "float modulo");
    double quotient;
    floor_divide(a, b, &quotient, out);
    return KT_OK;
}

int32_t kt_float_div(double a, double b, double* out) {
    if (b == 0) return raise(Exc::ZeroDivisionError, "float division by zero");
    *out = a / b;
    return KT_OK;
}

int32_t kt_float_pow(double a, double b, double* out) {
    if (b == 0 || a == 1.0) {
        *out = 1.0;
        return KT_OK;
    }
    if (a == 0 && b < 0) return raise(Exc::ZeroDivisionError, "0.0 cannot be raised to a negative power");
    if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b))
        return raise(Exc::ValueError, "negative number cannot be raised to a fractional power: the result is complex");
    const double result = std::pow(a, b);
    if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) return raise_range_overflow();
    *out = result;
    return KT_OK;
}

int32_t kt_float_from_str(KtStr* text, double* out) {
    const Ref<KtStr> trimmed(kt_str_strip(text, nullptr));
    std::string digits;
    const char* at = trimmed->data;
    const char* end = at + trimmed->byte_len;
    while (at < end) {
        const char32_t c = decode_next(at);
        const int value = decimal_value(c);
        digits += value >= 0 ? static_cast<char>('0' + value) : c < 0x80 && c != 0 ? static_cast<char>(c) : '?';
    }
    if (parse_float(digits, out)) return KT_OK;
    Ref<KtStr> shown;
    if (kt_repr(&kt_type_str, &text, shown.out()) != KT_OK) return KT_ERROR;
    return raise_format(Exc::ValueError, "could not convert string to float: {}", view(shown.get()));
}

KtStr* kt_float_str(double value) {
    char text[32];
    const int size = write_float_repr(value, text);
    return str_new_counted({text, static_cast<size_t>(size)}, size);
}

int32_t kt_float_round(double value, int64_t* out) {
    if (std::isnan(value)) return raise(Exc::ValueError, "cannot convert float NaN to integer");
    if (std::isinf(value)) return raise(Exc::OverflowError, "cannot convert float infinity to integer");
    return kt_int_from_float(std::nearbyint(value), out);
}

int32_t kt_float_round_digits(double value, int64_t digits, double* out) {
    *out = value;
    if (!std::isfinite(value) || value == 0) return KT_OK;
    if (digits > 323) return KT_OK;
    if (digits < -308) {
        *out = std::copysign(0.0, value);
        return KT_OK;
    }
    double rounded;
    if (digits >= 0) {
        // The decimal text is exact, so rounding it is rounding the value itself, halves to even.
        const std::string text = format_finite(value, 'f', static_cast<int>(digits), false, false);
        rounded = std::strtod(text.c_str(), nullptr);
    } else {
        // Rounded in the exact decimal digits of the whole part, halves to even.
        const double whole = std::trunc(std::fabs(value));
        std::string text = format_finite(whole, 'f', 0, false, false);
        const auto drop = static_cast<size_t>(-digits);
        if (text.size() <= drop) text.insert(0, drop + 1 - text.size(), '0');
        const size_t kept = text.size() - drop;
        const char first = text[kept];
        const bool exact_half =
            first == '5' && text.find_first_not_of('0', kept + 1) == std::string::npos && whole == std::fabs(value);
        const bool up = exact_half ? (text[kept - 1] - '0') % 2 != 0 : first >= '5';
        std::fill(text.begin() + static_cast<ptrdiff_t>(kept), text.end(), '0');
        size_t at = kept;
        while (up && at > 0 && text[at - 1] == '9') text[--at] = '0';
        if (up && at > 0) ++text[at - 1];
        if (up && at == 0) text.insert(0, 1, '1');
        rounded = std::strtod(text.c_str(), nullptr);
    }
    if (std::isinf(rounded)) return raise(Exc::OverflowError, "rounded value too large to represent");
    *out = std::copysign(rounded, value);
    return KT_OK;
}

uint8_t kt_float_is_integer(double value) {
    return std::isfinite(value) && std::floor(value) == value;
}

KtStr* kt_float_hex(double value) {
    if (!std::isfinite(value)) return kt_float_str(value);
    std::string text = std::signbit(value) ? "-0x" : "0x";
    if (value == 0) return str_new(text + "0.0p+0");
    int exponent;
    double mantissa = std::frexp(std::fabs(value), &exponent);
    const int shift = 1 - std::max(-1021 - exponent, 0);
    mantissa = std::ldexp(mantissa, shift);
    exponent -= shift;
    text += static_cast<char>('0' + static_cast<int>(mantissa));
    text += '.';
    mantissa -= static_cast<int>(mantissa);
    for (int i = 0; i < 13; ++i) {
        mantissa *= 16;
        text += "0123456789abcdef"[static_cast<int>(mantissa)];
        mantissa -= static_cast<int>(mantissa);
    }
    text += fmt::format("p{}{}", exponent < 0 ? '-' : '+', std::abs(exponent));
    return str_new(text);
}

int64_t kt_int_float_compare(int64_t a, double b) {
    if (std::isnan(b)) return 2;
    if (b >= 9223372036854775808.0) return -1;
    if (b < -9223372036854775808.0) return 1;
    const double floored = std::floor(b);
    const auto whole = static_cast<int64_t>(floored);
    if (a < whole) return -1;
    if (a > whole) return 1;
    return b > floored ? -1 : 0;
}

}  // extern "C"

}  // namespace kayton
