// str % values: printf-like formatting.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "worker/runtime/codec.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/format_spec.h"
#include "worker/runtime/list.h"
#include "worker/runtime/repr.h"
#include "worker/runtime/str.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

class Percent {
  public:
    // `of_bytes`: the text stands for bytes, a character of Latin-1 for each.
    Percent(KtStr* text, KtList* values, bool of_bytes) : text_(text), format_(view(text)), values_(values), of_bytes_(of_bytes) {}

    int32_t run(TextBuilder& builder) {
        while (at_ < format_.size()) {
            const size_t mark = std::min(format_.find('%', at_), format_.size());
            builder.add(format_.substr(at_, mark - at_));
            at_ = mark + 1;
            if (mark == format_.size()) break;
            if (conversion(builder) != KT_OK) return KT_ERROR;
        }
        const bool mapping = values_->length == 1 && value_at(0).type->kind == KT_KIND_DICT;
        if (next_ < values_->length && !mapping)
            return raise(Exc::TypeError, of_bytes_ ? "not all arguments converted during bytes formatting"
                                                   : "not all arguments converted during string formatting");
        return KT_OK;
    }

  private:
    [[nodiscard]] KtValue value_at(int64_t index) const {
        return *reinterpret_cast<const KtValue*>(element_at(values_, index));
    }

    int32_t next_value(KtValue& out) {
        if (keyed_) {
            out = keyed_value_;
            return KT_OK;
        }
        if (next_ >= values_->length) return raise(Exc::TypeError, "not enough arguments for format string");
        out = value_at(next_++);
        return KT_OK;
    }

    int32_t star_or_number(int64_t& out, bool& left) {
        if (at_ < format_.size() && format_[at_] == '*') {
            KtValue value = {};
            if (next_value(value) != KT_OK) return KT_ERROR;
            if (value.type->kind != KT_KIND_INT) return raise(Exc::TypeError, "* wants int");
            out = static_cast<int64_t>(value.payload);
            if (out < 0) {
                left = true;
                out = -out;
            }
            ++at_;
            return KT_OK;
        }
        while (at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9') {
            out = std::max<int64_t>(out, 0) * 10 + (format_[at_++] - '0');
            if (out > INT32_MAX) return raise(Exc::ValueError, "width too big");
        }
        return KT_OK;
    }

    int32_t read_key() {
        int depth = 1;
        const size_t start = ++at_;
        for (; at_ < format_.size() && depth > 0; ++at_) {
            if (format_[at_] == '(') ++depth;
            if (format_[at_] == ')') --depth;
        }
        if (depth > 0) return raise(Exc::ValueError, "incomplete format key");
        const std::string_view name = format_.substr(start, at_ - 1 - start);
        if (values_->length != 1 || value_at(0).type->kind != KT_KIND_DICT)
            return raise(Exc::TypeError, "format requires a mapping");
        auto* dict = reinterpret_cast<KtDict*>(value_at(0).payload);
        const Ref<KtStr> key(str_new(name));
        KtStr* text = key.get();
        void* found = nullptr;
        if (table_find_as(dict, &kt_type_str, &text, &found) != KT_OK) return KT_ERROR;
        if (found == nullptr) {
            kt_raise_key(&kt_type_str, &text);
            return KT_ERROR;
        }
        // Borrowed from the dict: nothing changes it meanwhile but a __str__, so a reference is kept.
        keyed_value_ = make_value(value_type(dict), found);
        keyed_ = true;
        return KT_OK;
    }

    int32_t conversion(TextBuilder& builder) {
        keyed_ = false;
        if (at_ < format_.size() && format_[at_] == '(' && read_key() != KT_OK) return KT_ERROR;
        const int32_t status = flags_and_type(builder);
        if (keyed_) value_release(&kt_type_dynamic, &keyed_value_);
        return status;
    }

    int32_t flags_and_type(TextBuilder& builder) {
        bool left = false;
        bool zero = false;
        char sign = 0;
        bool alternate = false;
        for (; at_ < format_.size(); ++at_) {
            const char c = format_[at_];
            if (c == '-')
                left = true;
            else if (c == '+')
                sign = '+';
            else if (c == ' ')
                sign = sign == '+' ? '+' : ' ';
            else if (c == '#')
                alternate = true;
            else if (c == '0')
                zero = true;
            else
                break;
        }
        int64_t width = -1;
        if (star_or_number(width, left) != KT_OK) return KT_ERROR;
        int64_t precision = -1;
        if (at_ < format_.size() && format_[at_] == '.') {
            ++at_;
            precision = 0;
            bool negative = false;
            if (star_or_number(precision, negative) != KT_OK) return KT_ERROR;
            if (negative) precision = 0;
        }
        if (at_ < format_.size() && (format_[at_] == 'h' || format_[at_] == 'l' || format_[at_] == 'L')) ++at_;
        if (at_ >= format_.size()) return raise(Exc::ValueError, "incomplete format");
        const size_t type_at = at_;
        const char type = format_[at_++];
        if (type == '%') {
            builder.add('%');
            return KT_OK;
        }
        KtValue value = {};
        if (next_value(value) != KT_OK) return KT_ERROR;
        FormatSpec spec;
        spec.width = width;
        spec.sign = sign;
        spec.alternate = alternate;
        spec.align = left ? '<' : '>';
        spec.precision = precision;
        if (of_bytes_ && (type == 's' || type == 'b' || type == 'c')) return add_bytes(builder, value, type, spec);
        switch (type) {
            case 's':
            case 'r':
            case 'a': return add_text(builder, value, type, spec);
            case 'c': return add_char(builder, value, spec);
            case 'd':
            case 'i':
            case 'u':
            case 'o':
            case 'x':
            case 'X': return add_integer(builder, value, type, spec, zero && !left);
            case 'e':
            case 'E':
            case 'f':
            case 'F':
            case 'g':
            case 'G': return add_float(builder, value, type, spec, zero && !left);
            default: break;
        }
        const char* bad = format_.data() + type_at;
        const char32_t code = decode_next(bad);
        return raise_format(Exc::ValueError, "unsupported format character '{}' (0x{:x}) at index {}",
                            code >= 32 && code < 127 ? static_cast<char>(code) : '?', static_cast<uint32_t>(code),
                            char_index(text_, static_cast<int64_t>(type_at)));
    }

    static int32_t add_padded(TextBuilder& builder, KtStr* shown, const FormatSpec& spec) {
        std::string_view part = view(shown);
        int64_t length = shown->length;
        if (spec.precision >= 0 && spec.precision < length) {
            length = spec.precision;
            part = part.substr(0, static_cast<size_t>(byte_offset(shown, length)));
        }
        const int64_t space = std::max<int64_t>(0, spec.width - length);
        if (spec.align == '>') builder.fill(" ", space);
        builder.add(part);
        if (spec.align == '<') builder.fill(" ", space);
        return KT_OK;
    }

    static int32_t add_bytes(TextBuilder& builder, const KtValue& value, char type, FormatSpec spec) {
        const bool is_bytes = value.type->kind == KT_KIND_BYTES;
        TextBuilder shown;
        if (is_bytes) {
            for (const char c : view(reinterpret_cast<KtBytes*>(value.payload))) shown.add_code_point(static_cast<unsigned char>(c));
        }
        if (type == 'c') {
            const bool is_int = value.type->kind == KT_KIND_INT;
            if (is_int && value.payload > 255) return raise(Exc::OverflowError, "%c arg not in range(256)");
            if (!is_int && !(is_bytes && reinterpret_cast<KtBytes*>(value.payload)->length == 1))
                return raise(Exc::TypeError, "%c requires an integer in range(256) or a single byte");
            if (is_int) shown.add_code_point(static_cast<char32_t>(value.payload));
            spec.precision = -1;
        } else if (!is_bytes) {
            return raise_format(Exc::TypeError,
                                "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'", short_name(value.type));
        }
        const Ref<KtStr> text(shown.finish());
        return add_padded(builder, text.get(), spec);
    }

    int32_t add_text(TextBuilder& builder, const KtValue& value, char type, const FormatSpec& spec) {
        Ref<KtStr> shown;
        const int32_t status = type == 's'   ? kt_str(&kt_type_dynamic, &value, shown.out())
                               : type == 'r' && !of_bytes_
                                   ? kt_repr(&kt_type_dynamic, &value, shown.out())
                                             : kt_ascii(&kt_type_dynamic, &value, shown.out());
        return status == KT_OK ? add_padded(builder, shown.get(), spec) : status;
    }

    static int32_t add_char(TextBuilder& builder, const KtValue& value, FormatSpec spec) {
        spec.precision = -1;
        if (value.type->kind == KT_KIND_STR) {
            auto* text = reinterpret_cast<KtStr*>(value.payload);
            if (text->length != 1) return raise(Exc::TypeError, "%c requires int or char");
            return add_padded(builder, text, spec);
        }
        if (value.type->kind != KT_KIND_INT && value.type->kind != KT_KIND_BOOL)
            return raise(Exc::TypeError, "%c requires int or char");
        if (value.payload > 0x10FFFF || (value.payload >= 0xD800 && value.payload < 0xE000))
            return raise(Exc::OverflowError, "%c arg not in range(0x110000)");
        const Ref<KtStr> text(str_of_code_point(static_cast<char32_t>(value.payload)));
        return add_padded(builder, text.get(), spec);
    }

    static int32_t add_integer(TextBuilder& builder, const KtValue& value, char type, FormatSpec spec, bool zero) {
        const bool decimal = type == 'd' || type == 'i' || type == 'u';
        int64_t number = 0;
        if (value.type->kind == KT_KIND_INT || value.type->kind == KT_KIND_BOOL) {
            number = static_cast<int64_t>(value.payload);
        } else if (decimal && value.type->kind == KT_KIND_FLOAT) {
            double real;
            std::memcpy(&real, &value.payload, sizeof real);
            if (kt_int_from_float(std::trunc(real), &number) != KT_OK) return KT_ERROR;
        } else {
            return raise_format(Exc::TypeError, "%{} format: {} is required, not {}", type,
                                decimal ? "a real number" : "an integer", short_name(value.type));
        }
        char text[72];
        const uint64_t magnitude = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
        const int base = decimal ? 10 : type == 'o' ? 8 : 16;
        const auto end = std::to_chars(text, text + sizeof text, magnitude, base).ptr;
        std::string digits(text, end);
        if (type == 'X')
            for (char& c : digits)
                if (c >= 'a') c = static_cast<char>(c - 32);
        if (spec.precision > static_cast<int64_t>(digits.size()))
            digits.insert(0, static_cast<size_t>(spec.precision) - digits.size(), '0');
        const std::string_view prefix = !spec.alternate || decimal ? ""
                                        : type == 'o'              ? "0o"
                                        : type == 'x'              ? "0x"
                                                                   : "0X";
        if (zero) {
            spec.fill = '0';
            spec.align = '=';
        }
        layout_number(builder, spec,
                      number < 0         ? "-"
                      : spec.sign == '+' ? "+"
                      : spec.sign == ' ' ? " "
                                         : "",
                      prefix, digits, "", 3);
        return KT_OK;
    }

    static int32_t add_float(TextBuilder& builder, const KtValue& value, char type, FormatSpec spec, bool zero) {
        double number;
        if (value.type->kind == KT_KIND_FLOAT)
            std::memcpy(&number, &value.payload, sizeof number);
        else if (value.type->kind == KT_KIND_INT || value.type->kind == KT_KIND_BOOL)
            number = static_cast<double>(static_cast<int64_t>(value.payload));
        else
            return raise_format(Exc::TypeError, "must be real number, not {}", short_name(value.type));
        spec.type = static_cast<unsigned char>(type);
        if (zero) {
            spec.fill = '0';
            spec.align = '=';
        }
        return format_float(builder, number, spec, "float");
    }

    KtStr* text_;
    std::string_view format_;
    KtList* values_;
    bool of_bytes_;
    size_t at_ = 0;
    int64_t next_ = 0;
    bool keyed_ = false;
    KtValue keyed_value_ = {};
};

}  // namespace

extern "C" int32_t kt_str_percent(KtStr* text, KtList* values, KtStr** out) {
    TextBuilder builder(static_cast<size_t>(text->byte_len) + 32);
    if (Percent(text, values, false).run(builder) != KT_OK) return KT_ERROR;
    *out = builder.finish();
    return KT_OK;
}

extern "C" int32_t kt_bytes_percent(KtBytes* pattern, KtList* values, KtBytes** out) {
    TextBuilder wide(static_cast<size_t>(pattern->length) + 8);
    for (const char c : view(pattern)) wide.add_code_point(static_cast<unsigned char>(c));
    const Ref<KtStr> text(wide.finish());
    TextBuilder builder(static_cast<size_t>(pattern->length) + 32);
    if (Percent(text.get(), values, true).run(builder) != KT_OK) return KT_ERROR;
    const Ref<KtStr> made(builder.finish());
    const Ref<KtStr> latin1(str_new("latin-1"));
    return encode_text(made.get(), latin1.get(), nullptr, out);
}

}  // namespace kayton
