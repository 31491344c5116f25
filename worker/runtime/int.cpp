// int: arithmetic with Python's rules on 64 bits, and its text forms.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "worker/runtime/codec.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/str.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

int32_t overflow(std::string_view operation) {
    return raise_format(Exc::OverflowError, "integer overflow in {}", operation);
}

uint64_t magnitude(int64_t value) {
    return value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
}

KtStr* in_base(int64_t value, std::string_view prefix, int base) {
    char text[80];
    char* at = text;
    if (value < 0) *at++ = '-';
    at += prefix.copy(at, prefix.size());
    at = std::to_chars(at, text + sizeof text, magnitude(value), base).ptr;
    return str_new_counted({text, static_cast<size_t>(at - text)}, at - text);
}

int64_t modulo_product(int64_t a, int64_t b, int64_t modulus) {
    __int128 product = static_cast<__int128>(a) * b % modulus;
    if (product != 0 && (product < 0) != (modulus < 0)) product += modulus;
    return static_cast<int64_t>(product);
}

// The inverse of a modulo |modulus|, or 0 when there is none.
int64_t inverse(int64_t a, int64_t modulus) {
    __int128 r0 = modulus;
    __int128 r1 = a % modulus;
    __int128 t0 = 0;
    __int128 t1 = 1;
    while (r1 != 0) {
        const __int128 quotient = r0 / r1;
        const __int128 r2 = r0 - quotient * r1;
        const __int128 t2 = t0 - quotient * t1;
        r0 = r1;
        r1 = r2;
        t0 = t1;
        t1 = t2;
    }
    if (r0 != 1 && r0 != -1) return 0;
    return static_cast<int64_t>((r0 < 0 ? -t0 : t0) % modulus);
}

enum class Parsed { kOk, kInvalid, kOverflow };

// Digits, underscores and a prefix, as int() takes them; white space is already off.
Parsed parse_int(std::string_view text, int64_t base, int64_t* out) {
    bool negative = false;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        negative = text[0] == '-';
        text.remove_prefix(1);
    }
    bool underscore_may_follow = false;
    if (text.size() >= 2 && text[0] == '0') {
        const char mark = static_cast<char>(text[1] | 32);
        const int64_t marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
        if (marked != 0 && (base == 0 || base == marked)) {
            base = marked;
            text.remove_prefix(2);
            underscore_may_follow = true;
        }
    }
    bool zero_only = false;
    if (base == 0) {
        zero_only = !text.empty() && text[0] == '0';  // int("010", 0) is invalid, int("00", 0) is not
        base = 10;
    }
    if (text.empty()) return Parsed::kInvalid;
    bool after_underscore = !underscore_may_follow;
    bool any = false;
    bool too_large = false;
    uint64_t value = 0;
    for (const char c : text) {
        if (c == '_') {
            if (after_underscore) return Parsed::kInvalid;
            after_underscore = true;
            continue;
        }
        int64_t digit = 99;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (const char low = static_cast<char>(c | 32); low >= 'a' && low <= 'z')
            digit = low - 'a' + 10;
        if (digit >= base) return Parsed::kInvalid;
        if (zero_only && digit != 0) return Parsed::kInvalid;
        too_large = too_large || __builtin_mul_overflow(value, static_cast<uint64_t>(base), &value) ||
                    __builtin_add_overflow(value, static_cast<uint64_t>(digit), &value);
        after_underscore = false;
        any = true;
    }
    if (!any || after_underscore) return Parsed::kInvalid;
    if (too_large || value > static_cast<uint64_t>(kMax) + (negative ? 1 : 0)) return Parsed::kOverflow;
    *out = negative ? static_cast<int64_t>(0 - value) : static_cast<int64_t>(value);
    return Parsed::kOk;
}

int32_t finish_parse(Parsed parsed, int64_t base, const KtTypeInfo* type, const void* source) {
    if (parsed == Parsed::kOk) return KT_OK;
    if (parsed == Parsed::kOverflow) return overflow("int()");
    Ref<KtStr> shown;
    if (kt_repr(type, source, shown.out()) != KT_OK) return KT_ERROR;
    return raise_format(Exc::ValueError, "invalid literal for int() with base {}: {}", base, view(shown.get()));
}

bool bad_base(int64_t base) {
    return base != 0 && (base < 2 || base > 36);
}

}  // namespace

extern "C" {

int32_t kt_int_floordiv(int64_t a, int64_t b, int64_t* out) {
    if (b == 0) return raise(Exc::ZeroDivisionError, "integer division or modulo by zero");
    if (a == kMin && b == -1) return overflow("a // b");
    int64_t quotient = a / b;
    if (a % b != 0 && (a < 0) != (b < 0)) --quotient;
    *out = quotient;
    return KT_OK;
}

int32_t kt_int_mod(int64_t a, int64_t b, int64_t* out) {
    if (b == 0) return raise(Exc::ZeroDivisionError, "integer modulo by zero");
    int64_t rest = b == -1 ? 0 : a % b;
    if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
    *out = rest;
    return KT_OK;
}

// Correctly rounded also where the operands are no doubles.
int32_t kt_int_truediv(int64_t a, int64_t b, double* out) {
    if (b == 0) return raise(Exc::ZeroDivisionError, "division by zero");
    constexpr uint64_t kExact = uint64_t{1} << 53;
    if (magnitude(a) <= kExact && magnitude(b) <= kExact) {
        *out = static_cast<double>(a) / static_cast<double>(b);
        return KT_OK;
    }
    // A quotient of at least 55 bits whose last one is sticky rounds as the exact one does.
    const bool negative = (a < 0) != (b < 0);
    const uint64_t x = magnitude(a);
    const uint64_t y = magnitude(b);
    const int shift = std::max(0, 56 + static_cast<int>(std::bit_width(y)) - static_cast<int>(std::bit_width(x)));
    const unsigned __int128 scaled = static_cast<unsigned __int128>(x) << shift;
    auto quotient = static_cast<uint64_t>(scaled / y);
    if (scaled % y != 0) quotient |= 1;
    const double result = std::ldexp(static_cast<double>(quotient), -shift);
    *out = negative ? -result : result;
    return KT_OK;
}

int32_t kt_int_pow(int64_t base, int64_t exponent, int64_t* out) {
    if (exponent < 0) {
        if (base == 0) return raise(Exc::ZeroDivisionError, "0.0 cannot be raised to a negative power");
        return raise(Exc::ValueError, "int ** negative int is a float: use float(base) ** exponent");
    }
    int64_t result = 1;
    bool spilled = false;  // the square is past 64 bits: it may not be used any more
    while (true) {
        if (exponent & 1) {
            if (spilled || __builtin_mul_overflow(result, base, &result)) return overflow("a ** b");
        }
        exponent >>= 1;
        if (exponent == 0) break;
        spilled = spilled || __builtin_mul_overflow(base, base, &base);
    }
    *out = result;
    return KT_OK;
}

int32_t kt_int_pow_mod(int64_t base, int64_t exponent, int64_t modulus, int64_t* out) {
    if (modulus == 0) return raise(Exc::ValueError, "pow() 3rd argument cannot be 0");
    if (exponent < 0) {
        if (modulus == 1 || modulus == -1) {
            *out = 0;
            return KT_OK;
        }
        base = inverse(base, modulus);
        if (base == 0) return raise(Exc::ValueError, "base is not invertible for the given modulus");
    }
    uint64_t left = magnitude(exponent);
    int64_t result = modulo_product(1, 1, modulus);
    int64_t square = modulo_product(base, 1, modulus);
    for (; left != 0; left >>= 1) {
        if (left & 1) result = modulo_product(result, square, modulus);
        square = modulo_product(square, square, modulus);
    }
    *out = result;
    return KT_OK;
}

int32_t kt_int_lshift(int64_t value, int64_t count, int64_t* out) {
    if (count < 0) return raise(Exc::ValueError, "negative shift count");
    if (value == 0) {
        *out = 0;
        return KT_OK;
    }
    if (count > 63) return overflow("a << b");
    const auto shifted = static_cast<int64_t>(static_cast<uint64_t>(value) << count);
    if (shifted >> count != value) return overflow("a << b");
    *out = shifted;
    return KT_OK;
}

int32_t kt_int_rshift(int64_t value, int64_t count, int64_t* out) {
    if (count < 0) return raise(Exc::ValueError, "negative shift count");
    *out = value >> std::min<int64_t>(count, 63);
    return KT_OK;
}

int32_t kt_int_from_str(KtStr* text, int64_t base, int64_t* out) {
    if (bad_base(base)) return raise(Exc::ValueError, "int() base must be >= 2 and <= 36, or 0");
    const Ref<KtStr> trimmed(kt_str_strip(text, nullptr));
    if (is_ascii(trimmed.get()))
        return finish_parse(parse_int(view(trimmed.get()), base, out), base, &kt_type_str, &text);
    // Decimal digits of any script count.
    std::string digits;
    const char* at = trimmed->data;
    const char* end = at + trimmed->byte_len;
    while (at < end) {
        const char32_t c = decode_next(at);
        const int value = decimal_value(c);
        digits += value >= 0 ? static_cast<char>('0' + value) : c < 0x80 ? static_cast<char>(c) : '?';
    }
    return finish_parse(parse_int(digits, base, out), base, &kt_type_str, &text);
}

int32_t kt_int_from_bytes_text(KtBytes* bytes, int64_t base, int64_t* out) {
    if (bad_base(base)) return raise(Exc::ValueError, "int() base must be >= 2 and <= 36, or 0");
    const Ref<KtBytes> trimmed(kt_bytes_strip(bytes, nullptr));
    return finish_parse(parse_int(view(trimmed.get()), base, out), base, &kt_type_bytes, &bytes);
}

int32_t kt_int_from_float(double value, int64_t* out) {
    if (std::isnan(value)) return raise(Exc::ValueError, "cannot convert float NaN to integer");
    if (std::isinf(value)) return raise(Exc::OverflowError, "cannot convert float infinity to integer");
    if (value >= 9223372036854775808.0 || value < -9223372036854775808.0) return overflow("int(float)");
    *out = static_cast<int64_t>(value);
    return KT_OK;
}

KtStr* kt_int_str(int64_t value) {
    if (value >= 0 && value < 10) return ascii_char(static_cast<unsigned char>('0' + value));
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    KtStr* made = str_alloc(end - text);
    std::memcpy(made->data, text, static_cast<size_t>(end - text));
    return made;
}

KtStr* kt_int_bin(int64_t value) {
    return in_base(value, "0b", 2);
}
KtStr* kt_int_oct(int64_t value) {
    return in_base(value, "0o", 8);
}
KtStr* kt_int_hex(int64_t value) {
    return in_base(value, "0x", 16);
}
int64_t kt_int_bit_length(int64_t value) {
    return static_cast<int64_t>(std::bit_width(magnitude(value)));
}
int64_t kt_int_bit_count(int64_t value) {
    return std::popcount(magnitude(value));
}

int32_t kt_int_round(int64_t value, int64_t digits, int64_t* out) {
    if (digits >= 0 || digits == kAbsent) {
        *out = value;
        return KT_OK;
    }
    if (digits < -19) {
        *out = 0;
        return KT_OK;
    }
    __int128 unit = 1;
    for (; digits < 0; ++digits) unit *= 10;
    const __int128 wide = value;
    __int128 quotient = wide / unit;
    __int128 rest = wide % unit;
    if (rest < 0) {
        rest += unit;
        --quotient;
    }
    if (rest * 2 > unit || (rest * 2 == unit && (quotient & 1) != 0)) ++quotient;
    const __int128 rounded = quotient * unit;
    if (rounded > kMax || rounded < kMin) return overflow("round()");
    *out = static_cast<int64_t>(rounded);
    return KT_OK;
}

int32_t kt_int_to_bytes(int64_t value, int64_t length, KtStr* order, uint8_t is_signed, KtBytes** out) {
    const bool little = view(order) == "little";
    if (!little && view(order) != "big") return raise(Exc::ValueError, "byteorder must be either 'little' or 'big'");
    if (length < 0) return raise(Exc::ValueError, "length argument must be non-negative");
    if (value < 0 && !is_signed) return raise(Exc::OverflowError, "can't convert negative int to unsigned");
    const int64_t bits = value < 0 ? static_cast<int64_t>(std::bit_width(static_cast<uint64_t>(~value))) + 1
                                   : kt_int_bit_length(value) + (is_signed && value != 0 ? 1 : 0);
    if (length < 8 && bits > length * 8) return raise(Exc::OverflowError, "int too big to convert");
    if (length > int64_t{1} << 40) return raise(Exc::MemoryError, "");
    KtBytes* made = bytes_alloc(length);
    for (int64_t i = 0; i < length; ++i)
        made->data[little ? i : length - 1 - i] = static_cast<uint8_t>(value >> std::min<int64_t>(63, i * 8));
    *out = made;
    return KT_OK;
}

int32_t kt_int_from_bytes(KtBytes* bytes, KtStr* order, uint8_t is_signed, int64_t* out) {
    const bool little = view(order) == "little";
    if (!little && view(order) != "big") return raise(Exc::ValueError, "byteorder must be either 'little' or 'big'");
    const int64_t length = bytes->length;
    const auto byte = [&](int64_t i) { return bytes->data[little ? i : length - 1 - i]; };
    const bool negative = is_signed && length > 0 && (byte(length - 1) & 0x80) != 0;
    const uint8_t filler = negative ? 0xFF : 0;
    uint64_t value = negative ? ~uint64_t{0} : 0;
    for (int64_t i = length - 1; i >= 0; --i) {
        if (i >= 8) {
            if (byte(i) != filler) return overflow("int.from_bytes()");
            continue;
        }
        value = value << 8 | byte(i);
    }
    if (length >= 8 && (value >> 63 != 0) != negative) return overflow("int.from_bytes()");
    *out = static_cast<int64_t>(value);
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
