#include "worker/runtime/float_format.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace kayton {

namespace {

// Shortest digits d1d2d3... and the decimal exponent of d1. REQUIRES: value is finite and positive.
int shortest_digits(double value, char* digits, int* exponent) {
    char text[40];
    const auto result = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    const char* mark = static_cast<const char*>(std::memchr(text, 'e', static_cast<size_t>(result.ptr - text)));
    int count = 0;
    for (const char* at = text; at < mark; ++at)
        if (*at != '.') digits[count++] = *at;
    int value10 = 0;
    const char* number = mark + 1;
    if (*number == '+') ++number;
    std::from_chars(number, result.ptr, value10);
    *exponent = value10;
    return count;
}

char* write_exponent(char* at, int exponent) {
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    if (exponent < 0) exponent = -exponent;
    if (exponent < 10) *at++ = '0';
    return std::to_chars(at, at + 4, exponent).ptr;
}

}  // namespace

int write_float_repr(double value, char* out) {
    char* at = out;
    if (std::isnan(value)) {
        std::memcpy(out, "nan", 3);
        return 3;
    }
    if (std::signbit(value)) {
        *at++ = '-';
        value = -value;
    }
    if (std::isinf(value)) {
        std::memcpy(at, "inf", 3);
        return static_cast<int>(at + 3 - out);
    }
    if (value == 0) {
        std::memcpy(at, "0.0", 3);
        return static_cast<int>(at + 3 - out);
    }
    char digits[24];
    int exponent;
    const int count = shortest_digits(value, digits, &exponent);
    if (exponent < -4 || exponent >= 16) {
        *at++ = digits[0];
        if (count > 1) {
            *at++ = '.';
            std::memcpy(at, digits + 1, static_cast<size_t>(count - 1));
            at += count - 1;
        }
        return static_cast<int>(write_exponent(at, exponent) - out);
    }
    if (exponent < 0) {
        *at++ = '0';
        *at++ = '.';
        for (int i = -1; i > exponent; --i) *at++ = '0';
        std::memcpy(at, digits, static_cast<size_t>(count));
        return static_cast<int>(at + count - out);
    }
    for (int i = 0; i <= exponent; ++i) *at++ = i < count ? digits[i] : '0';
    *at++ = '.';
    if (count <= exponent + 1)
        *at++ = '0';
    else {
        std::memcpy(at, digits + exponent + 1, static_cast<size_t>(count - exponent - 1));
        at += count - exponent - 1;
    }
    return static_cast<int>(at - out);
}

std::string format_finite(double value, char format, int precision, bool alternate, bool add_point_zero) {
    value = std::fabs(value);
    if (format == 'r') {
        char text[32];
        std::string shown(text, static_cast<size_t>(write_float_repr(value, text)));
        if (!add_point_zero && shown.ends_with(".0")) shown.resize(shown.size() - (alternate ? 1 : 2));
        if (alternate && shown.find('.') == std::string::npos) {
            const size_t mark = shown.find('e');
            shown.insert(mark == std::string::npos ? shown.size() : mark, 1, '.');
        }
        return shown;
    }
    if (format == 'g' && add_point_zero) {
        // With a ".0" to come, the exponent starts one digit earlier than printf's.
        const int digits = precision > 1 ? precision : 1;
        std::string text = format_finite(value, 'e', digits - 1, alternate, false);
        const size_t mark = text.find('e');
        const int exponent = std::atoi(text.c_str() + mark + 1);
        if (exponent < -4 || exponent > digits - 2) {
            if (!alternate && text.find('.') < mark) {
                size_t end = mark;
                while (text[end - 1] == '0') --end;
                if (text[end - 1] == '.') --end;
                return text.substr(0, end).append(text, mark);
            }
            return text;
        }
    }
    std::string shown;
    if (!alternate) {
        const auto kind = format == 'e'   ? std::chars_format::scientific
                          : format == 'f' ? std::chars_format::fixed
                                          : std::chars_format::general;
        char small[64];
        const auto fast = std::to_chars(small, small + sizeof small, value, kind, precision);
        if (fast.ec == std::errc()) shown.assign(small, fast.ptr);
    }
    if (shown.empty()) {
        const char pattern[] = {
            '%', alternate ? '#' : '.', alternate ? '.' : '*', alternate ? '*' : format, alternate ? format : '\0',
            '\0'};
        const int size = std::snprintf(nullptr, 0, pattern, precision, value);
        shown.resize(static_cast<size_t>(size));
        std::snprintf(shown.data(), static_cast<size_t>(size) + 1, pattern, precision, value);
    }
    if (add_point_zero && shown.find_first_of(".e") == std::string::npos) shown.append(".0");
    return shown;
}

}  // namespace kayton
