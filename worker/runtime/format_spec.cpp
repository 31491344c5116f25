#include "worker/runtime/format_spec.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/float_format.h"
#include "worker/runtime/repr.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

bool is_align(char32_t c) {
    return c == '<' || c == '>' || c == '=' || c == '^';
}

void add_fill(TextBuilder& builder, char32_t fill, int64_t count) {
    char bytes[4];
    const std::string_view one(bytes, static_cast<size_t>(encode_utf8(fill, bytes)));
    builder.fill(one, count);
}

// Digits; false when there are too many.
bool read_number(const char*& at, const char* end, int64_t& out) {
    while (at < end && *at >= '0' && *at <= '9') {
        const int64_t digit = *at - '0';
        if (out < 0) out = 0;
        if (out > (INT64_MAX - digit) / 10) return false;
        out = out * 10 + digit;
        ++at;
    }
    return true;
}

int32_t unknown_code(char32_t code, std::string_view type_name) {
    if (code > 32 && code < 128)
        return raise_format(Exc::ValueError, "Unknown format code '{}' for object of type '{}'",
                            static_cast<char>(code), type_name);
    return raise_format(Exc::ValueError, "Unknown format code '\\x{:x}' for object of type '{}'",
                        static_cast<uint32_t>(code), type_name);
}

// CPython's _PyUnicode_InsertThousandsGrouping: zeros of a minimal width are grouped too.
std::string grouped(std::string_view digits, int group, char separator, int64_t min_width) {
    std::string reversed;
    auto remaining = static_cast<int64_t>(digits.size());
    bool separate = false;
    while (true) {
        const int64_t length = std::min<int64_t>(group, std::max<int64_t>({remaining, min_width, 1}));
        if (separate) reversed += separator;
        separate = true;
        const int64_t taken = std::max<int64_t>(0, std::min(remaining, length));
        for (int64_t i = 0; i < taken; ++i) reversed += digits[static_cast<size_t>(remaining - 1 - i)];
        reversed.append(static_cast<size_t>(std::max<int64_t>(0, length - remaining)), '0');
        remaining -= taken;
        min_width -= length;
        if (remaining <= 0 && min_width <= 0) break;
        --min_width;
    }
    std::reverse(reversed.begin(), reversed.end());
    return reversed;
}

int32_t format_str(TextBuilder& builder, const KtStr* text, std::string_view spec_text) {
    FormatSpec spec;
    if (parse_format_spec(spec_text, '<', "str", 's', spec) != KT_OK) return KT_ERROR;
    if (spec.sign == ' ') return raise(Exc::ValueError, "Space not allowed in string format specifier");
    if (spec.sign != 0) return raise(Exc::ValueError, "Sign not allowed in string format specifier");
    if (spec.no_negative_zero)
        return raise(Exc::ValueError, "Negative zero coercion (z) not allowed in string format specifier");
    if (spec.alternate) return raise(Exc::ValueError, "Alternate form (#) not allowed in string format specifier");
    if (spec.align == '=') return raise(Exc::ValueError, "'=' alignment not allowed in string format specifier");
    if (spec.type != 's') return unknown_code(spec.type, "str");
    std::string_view shown = view(text);
    int64_t length = text->length;
    if (spec.precision >= 0 && spec.precision < length) {
        length = spec.precision;
        shown = shown.substr(0, static_cast<size_t>(byte_offset(text, length)));
    }
    const int64_t space = std::max<int64_t>(0, spec.width - length);
    const int64_t left = spec.align == '>' ? space : spec.align == '^' ? space / 2 : 0;
    add_fill(builder, spec.fill, left);
    builder.add(shown);
    add_fill(builder, spec.fill, space - left);
    return KT_OK;
}

int32_t format_int(TextBuilder& builder, int64_t value, const FormatSpec& spec, std::string_view type_name) {
    int base = 10;
    std::string_view prefix;
    switch (spec.type) {
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
        case '%': return format_float(builder, static_cast<double>(value), spec, type_name);
        case 'b': base = 2, prefix = "0b"; break;
        case 'o': base = 8, prefix = "0o"; break;
        case 'x': base = 16, prefix = "0x"; break;
        case 'X': base = 16, prefix = "0X"; break;
        case 'd':
        case 'n':
        case 'c': break;
        default: return unknown_code(spec.type, type_name);
    }
    if (spec.precision >= 0) return raise(Exc::ValueError, "Precision not allowed in integer format specifier");
    if (spec.no_negative_zero)
        return raise(Exc::ValueError, "Negative zero coercion (z) not allowed in integer format specifier");
    if (spec.type == 'c') {
        if (spec.sign != 0) return raise(Exc::ValueError, "Sign not allowed with integer format specifier 'c'");
        if (spec.alternate)
            return raise(Exc::ValueError, "Alternate form (#) not allowed with integer format specifier 'c'");
        if (value < 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
            return raise(Exc::OverflowError, "%c arg not in range(0x110000)");
        const int64_t space = std::max<int64_t>(0, spec.width - 1);
        const int64_t left = spec.align == '<' ? 0 : spec.align == '^' ? space / 2 : space;
        add_fill(builder, spec.fill, left);
        builder.add_code_point(static_cast<char32_t>(value));
        add_fill(builder, spec.fill, space - left);
        return KT_OK;
    }
    char text[72];
    const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    const auto end = std::to_chars(text, text + sizeof text, magnitude, base).ptr;
    if (spec.type == 'X')
        for (char* at = text; at < end; ++at)
            if (*at >= 'a') *at = static_cast<char>(*at - 32);
    const std::string_view sign = value < 0 ? "-" : spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
    layout_number(builder, spec, sign, spec.alternate ? prefix : std::string_view(),
                  {text, static_cast<size_t>(end - text)}, "", base == 10 ? 3 : 4);
    return KT_OK;
}

}  // namespace

int32_t parse_format_spec(std::string_view text, char default_align, std::string_view type_name, char32_t default_type,
                          FormatSpec& out) {
    FormatSpec spec;
    spec.align = default_align;
    spec.type = default_type;
    const char* at = text.data();
    const char* end = at + text.size();
    bool fill_given = false;
    bool align_given = false;
    const char* next = at;
    if (at < end) {
        const char32_t first = decode_next(next);
        if (next < end && is_align(static_cast<unsigned char>(*next))) {
            spec.fill = first;
            spec.align = *next;
            fill_given = align_given = true;
            at = next + 1;
        } else if (is_align(first)) {
            spec.align = static_cast<char>(first);
            align_given = true;
            at = next;
        }
    }
    if (at < end && (*at == ' ' || *at == '+' || *at == '-')) spec.sign = *at++;
    if (at < end && *at == 'z') {
        spec.no_negative_zero = true;
        ++at;
    }
    if (at < end && *at == '#') {
        spec.alternate = true;
        ++at;
    }
    if (!fill_given && at < end && *at == '0') {
        spec.fill = '0';
        if (!align_given && default_align == '>') spec.align = '=';
        ++at;
    }
    if (!read_number(at, end, spec.width)) return raise(Exc::ValueError, "Too many decimal digits in format string");
    if (at < end && *at == ',') spec.separator = *at++;
    if (at < end && *at == '_') {
        if (spec.separator != 0) return raise(Exc::ValueError, "Cannot specify both ',' and '_'.");
        spec.separator = *at++;
    }
    if (at < end && *at == ',' && spec.separator == '_')
        return raise(Exc::ValueError, "Cannot specify both ',' and '_'.");
    if (at < end && *at == '.') {
        ++at;
        if (!read_number(at, end, spec.precision))
            return raise(Exc::ValueError, "Too many decimal digits in format string");
        if (spec.precision < 0) return raise(Exc::ValueError, "Format specifier missing precision");
    }
    if (at < end) {
        next = at;
        const char32_t type = decode_next(next);
        if (next < end)
            return raise_format(Exc::ValueError, "Invalid format specifier '{}' for object of type '{}'", text,
                                type_name);
        spec.type = type;
    }
    if (spec.separator != 0) {
        switch (spec.type) {
            case 'd':
            case 'e':
            case 'f':
            case 'g':
            case 'E':
            case 'G':
            case '%':
            case 'F':
            case 0: break;
            case 'b':
            case 'o':
            case 'x':
            case 'X':
                if (spec.separator == '_') break;
                [[fallthrough]];
            default:
                if (spec.type > 32 && spec.type < 128)
                    return raise_format(Exc::ValueError, "Cannot specify '{}' with '{}'.", spec.separator,
                                        static_cast<char>(spec.type));
                return raise_format(Exc::ValueError, "Cannot specify '{}' with '\\x{:x}'.", spec.separator,
                                    static_cast<uint32_t>(spec.type));
        }
    }
    out = spec;
    return KT_OK;
}

void layout_number(TextBuilder& builder, const FormatSpec& spec, std::string_view sign, std::string_view prefix,
                   std::string_view digits, std::string_view rest, int group) {
    const auto others = static_cast<int64_t>(sign.size() + prefix.size() + rest.size());
    const int64_t min_width = spec.fill == '0' && spec.align == '=' ? spec.width - others : 0;
    std::string grouping;
    // Infinity and NaN have no digits: what pads them is not grouped.
    if (spec.separator != 0 && !digits.empty()) {
        grouping = grouped(digits, group, spec.separator, min_width);
        digits = grouping;
    } else if (min_width > static_cast<int64_t>(digits.size())) {
        grouping.assign(static_cast<size_t>(min_width) - digits.size(), '0');
        grouping += digits;
        digits = grouping;
    }
    const int64_t space = std::max<int64_t>(0, spec.width - others - static_cast<int64_t>(digits.size()));
    const int64_t left = spec.align == '>' ? space : spec.align == '^' ? space / 2 : 0;
    const int64_t inner = spec.align == '=' ? space : 0;
    add_fill(builder, spec.fill, left);
    builder.add(sign);
    builder.add(prefix);
    add_fill(builder, spec.fill, inner);
    builder.add(digits);
    builder.add(rest);
    add_fill(builder, spec.fill, space - left - inner);
}

int32_t format_float(TextBuilder& builder, double value, const FormatSpec& spec, std::string_view type_name) {
    char type = spec.type < 128 ? static_cast<char>(spec.type) : '?';
    bool add_point_zero = false;
    bool upper = false;
    bool percent = false;
    int64_t precision = spec.precision;
    switch (type) {
        case 0:
            add_point_zero = true;
            type = precision < 0 ? 'r' : 'g';
            break;
        case 'n': type = 'g'; break;
        case '%':
            type = 'f';
            value *= 100;
            percent = true;
            break;
        case 'E':
        case 'F':
        case 'G':
            upper = true;
            type = static_cast<char>(type + 32);
            break;
        case 'e':
        case 'f':
        case 'g': break;
        default: return unknown_code(spec.type, type_name);
    }
    if (precision > INT32_MAX) return raise(Exc::ValueError, "precision too big");
    if (precision < 0) precision = 6;
    std::string shown;
    if (std::isnan(value))
        shown = "nan";
    else if (std::isinf(value))
        shown = "inf";
    else
        shown = format_finite(value, type, static_cast<int>(precision), spec.alternate, add_point_zero);
    if (upper)
        for (char& c : shown)
            if (c >= 'a') c = static_cast<char>(c - 32);
    if (percent) shown += '%';
    bool negative = std::signbit(value) && !std::isnan(value);
    if (spec.no_negative_zero && negative && !std::isinf(value) &&
        shown.substr(0, shown.find_first_of("eE")).find_first_of("123456789") == std::string::npos)
        negative = false;
    const std::string_view sign = negative ? "-" : spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
    const size_t whole = std::min(shown.find_first_not_of("0123456789"), shown.size());
    const std::string_view text = shown;
    layout_number(builder, spec, sign, "", text.substr(0, whole), text.substr(whole), 3);
    return KT_OK;
}

int32_t format_into(TextBuilder& builder, const KtTypeInfo* type, const void* value, std::string_view spec) {
    if (spec.empty()) {
        const KtTypeInfo* exact = dynamic_type(type, value);
        if (exact->ops == nullptr || exact->ops->format == nullptr) return str_into(builder, type, value);
    }
    switch (type->kind) {
        case KT_KIND_STR: return format_str(builder, *static_cast<KtStr* const*>(value), spec);
        case KT_KIND_INT:
        case KT_KIND_BOOL: {
            const bool is_bool = type->kind == KT_KIND_BOOL;
            const int64_t number = is_bool ? *static_cast<const uint8_t*>(value) : *static_cast<const int64_t*>(value);
            FormatSpec parsed;
            const std::string_view name = is_bool ? "bool" : "int";
            if (parse_format_spec(spec, '>', name, 'd', parsed) != KT_OK) return KT_ERROR;
            return format_int(builder, number, parsed, name);
        }
        case KT_KIND_FLOAT: {
            FormatSpec parsed;
            if (parse_format_spec(spec, '>', "float", 0, parsed) != KT_OK) return KT_ERROR;
            return format_float(builder, *static_cast<const double*>(value), parsed, "float");
        }
        case KT_KIND_UNION:
        case KT_KIND_DYNAMIC: {
            const auto* held = static_cast<const KtValue*>(value);
            if (held->type != nullptr) return format_into(builder, held->type, payload_address(*held), spec);
            break;
        }
        case KT_KIND_OPTIONAL:
            if (*static_cast<void* const*>(value) != nullptr) return format_into(builder, type->args[0], value, spec);
            break;
        default: break;
    }
    const KtTypeInfo* exact = dynamic_type(type, value);
    if (exact->ops != nullptr && exact->ops->format != nullptr) {
        const Ref<KtStr> spec_text(str_new(spec));
        Ref<KtStr> text;
        if (exact->ops->format(*static_cast<void* const*>(value), spec_text.get(), text.out()) != KT_OK)
            return KT_ERROR;
        builder.add(text.get());
        return KT_OK;
    }
    return raise_format(Exc::TypeError, "unsupported format string passed to {}.__format__", short_name(exact));
}

extern "C" int32_t kt_format(const KtTypeInfo* type, const void* value, KtStr* spec, KtStr** out) {
    if (spec->byte_len == 0 && type->kind == KT_KIND_STR) {
        *out = same(*static_cast<KtStr* const*>(value));
        return KT_OK;
    }
    TextBuilder builder;
    if (format_into(builder, type, value, view(spec)) != KT_OK) return KT_ERROR;
    *out = builder.finish();
    return KT_OK;
}

}  // namespace kayton
