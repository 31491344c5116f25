// str.format: templates with positional and named fields, indexing, conversions and nested specs.
#include <algorithm>
#include <string>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/format_spec.h"
#include "worker/runtime/list.h"
#include "worker/runtime/repr.h"
#include "worker/runtime/str.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_registry.h"

namespace kayton {

namespace {

struct Arguments {
    KtList* positional;
    KtDict* named;
    int64_t next = 0;
    enum { kUnknown, kAutomatic, kManual } numbering = kUnknown;
};

int32_t value_error(std::string_view message) {
    return raise(Exc::ValueError, message);
}

bool as_index(std::string_view text, int64_t& out) {
    if (text.empty()) return false;
    out = 0;
    for (const char c : text) {
        if (c < '0' || c > '9' || out > INT64_MAX / 10 - 1) return false;
        out = out * 10 + (c - '0');
    }
    return true;
}

// value[key] for the containers a template can index; the result is a new value.
int32_t index_value(const KtValue& value, std::string_view key, KtValue* out) {
    int64_t index = 0;
    const bool number = as_index(key, index);
    const KtTypeInfo* type = value.type;
    const void* at = payload_address(value);
    switch (type->kind) {
        case KT_KIND_LIST: {
            if (!number) return raise(Exc::TypeError, "list indices must be integers or slices, not str");
            auto* list = *static_cast<KtList* const*>(at);
            if (index >= list->length) return raise(Exc::IndexError, "list index out of range");
            *out = make_value(element_type(list), element_at(list, index));
            return KT_OK;
        }
        case KT_KIND_TUPLE:
            if (!number) return raise(Exc::TypeError, "tuple indices must be integers or slices, not str");
            if (index >= type->args_count) return raise(Exc::IndexError, "tuple index out of range");
            *out = make_value(type->args[index], static_cast<const char*>(at) + type->offsets[index]);
            return KT_OK;
        case KT_KIND_STR: {
            if (!number) return raise(Exc::TypeError, "string indices must be integers, not 'str'");
            KtStr* one = nullptr;
            if (kt_str_index(*static_cast<KtStr* const*>(at), index, &one) != KT_OK) return KT_ERROR;
            *out = {&kt_type_str, reinterpret_cast<uint64_t>(one)};
            return KT_OK;
        }
        case KT_KIND_DICT: {
            auto* dict = *static_cast<KtDict* const*>(at);
            const Ref<KtStr> text(str_new(key));
            KtStr* text_key = text.get();
            const KtTypeInfo* key_kind = number ? &kt_type_int : &kt_type_str;
            const void* key_at = number ? static_cast<const void*>(&index) : &text_key;
            void* found = nullptr;
            if (table_find_as(dict, key_kind, key_at, &found) != KT_OK) return KT_ERROR;
            if (found == nullptr) {
                kt_raise_key(key_kind, key_at);
                return KT_ERROR;
            }
            *out = make_value(value_type(dict), found);
            return KT_OK;
        }
        default: return raise_format(Exc::TypeError, "'{}' object is not subscriptable", short_name(type));
    }
}

int32_t first_value(std::string_view name, Arguments& arguments, KtValue* out) {
    int64_t index = 0;
    const bool automatic = name.empty();
    if (automatic || as_index(name, index)) {
        const auto wanted = automatic ? Arguments::kAutomatic : Arguments::kManual;
        if (arguments.numbering != Arguments::kUnknown && arguments.numbering != wanted)
            return value_error(automatic
                                   ? "cannot switch from manual field specification to automatic field numbering"
                                   : "cannot switch from automatic field numbering to manual field specification");
        arguments.numbering = wanted;
        if (automatic) index = arguments.next++;
        if (arguments.positional == nullptr || index >= arguments.positional->length)
            return raise_format(Exc::IndexError, "Replacement index {} out of range for positional args tuple", index);
        *out = make_value(&kt_type_dynamic, element_at(arguments.positional, index));
        return KT_OK;
    }
    const Ref<KtStr> key(str_new(name));
    KtStr* text = key.get();
    void* found = nullptr;
    if (arguments.named != nullptr && kt_dict_find(arguments.named, &text, &found) != KT_OK) return KT_ERROR;
    if (found == nullptr) {
        kt_raise_key(&kt_type_str, &text);
        return KT_ERROR;
    }
    *out = make_value(&kt_type_dynamic, found);
    return KT_OK;
}

// "0", "name", "name[key]" ...: the value of a field name.
int32_t field_value(std::string_view name, Arguments& arguments, KtValue* out) {
    size_t at = name.find_first_of(".[");
    if (at == std::string_view::npos) at = name.size();
    if (first_value(name.substr(0, at), arguments, out) != KT_OK) return KT_ERROR;
    while (at < name.size()) {
        KtValue next = {};
        int32_t status;
        if (name[at] == '.') {
            const size_t end = std::min(name.find_first_of(".[", at + 1), name.size());
            const std::string_view attribute = name.substr(at + 1, end - at - 1);
            status = attribute.empty() ? value_error("Empty attribute in format string")
                                       : raise_format(Exc::AttributeError, "'{}' object has no attribute '{}'",
                                                      short_name(out->type), attribute);
            at = end;
        } else {
            const size_t end = name.find(']', at);
            if (end == std::string_view::npos)
                status = value_error("Missing ']' in format string");
            else if (end == at + 1)
                status = value_error("Empty attribute in format string");
            else
                status = index_value(*out, name.substr(at + 1, end - at - 1), &next);
            at = end + 1;
            if (status == KT_OK && at < name.size() && name[at] != '.' && name[at] != '[') {
                value_release(&kt_type_dynamic, &next);
                status = value_error("Only '.' or '[' may follow ']' in format field specifier");
            }
        }
        value_release(&kt_type_dynamic, out);
        if (status != KT_OK) return status;
        *out = next;
    }
    return KT_OK;
}

int32_t convert_and_format(TextBuilder& builder, const KtValue& value, char conversion, std::string_view spec) {
    if (conversion == 0) return format_into(builder, &kt_type_dynamic, &value, spec);
    Ref<KtStr> text;
    int32_t status;
    switch (conversion) {
        case 'r': status = kt_repr(&kt_type_dynamic, &value, text.out()); break;
        case 's': status = kt_str(&kt_type_dynamic, &value, text.out()); break;
        case 'a': status = kt_ascii(&kt_type_dynamic, &value, text.out()); break;
        default: return raise_format(Exc::ValueError, "Unknown conversion specifier {}", conversion);
    }
    if (status != KT_OK) return status;
    KtStr* shown = text.get();
    return format_into(builder, &kt_type_str, &shown, spec);
}

struct Field {
    std::string_view name;
    char conversion = 0;
    std::string_view spec;
    bool nested = false;  // the spec has fields of its own
};

// After '{': reads up to the matching '}' (CPython's parse_field).
int32_t parse_field(std::string_view text, size_t& at, Field& field) {
    const size_t start = at;
    char c = 0;
    while (at < text.size()) {
        c = text[at++];
        if (c == '{') return value_error("unexpected '{' in field name");
        if (c == '[') {
            while (at < text.size() && text[at] != ']') ++at;
            continue;
        }
        if (c == '}' || c == ':' || c == '!') break;
    }
    if (c != '}' && c != ':' && c != '!') return value_error("expected '}' before end of string");
    field.name = text.substr(start, at - 1 - start);
    if (c == '}') return KT_OK;
    if (c == '!') {
        if (at >= text.size()) return value_error("end of string while looking for conversion specifier");
        field.conversion = text[at++];
        if (at < text.size()) {
            c = text[at++];
            if (c == '}') return KT_OK;
            if (c != ':') return value_error("expected ':' after conversion specifier");
        }
    }
    const size_t spec_start = at;
    int depth = 1;
    while (at < text.size()) {
        c = text[at++];
        if (c == '{') {
            field.nested = true;
            ++depth;
        } else if (c == '}' && --depth == 0) {
            field.spec = text.substr(spec_start, at - 1 - spec_start);
            return KT_OK;
        }
    }
    return value_error("unmatched '{' in format spec");
}

int32_t format_template(TextBuilder& builder, std::string_view text, Arguments& arguments, int depth) {
    if (depth == 0) return value_error("Max string recursion exceeded");
    size_t at = 0;
    while (at < text.size()) {
        const size_t brace = std::min(text.find_first_of("{}", at), text.size());
        builder.add(text.substr(at, brace - at));
        at = brace;
        if (at == text.size()) return KT_OK;
        const char c = text[at++];
        if (at < text.size() && text[at] == c) {
            builder.add(c);
            ++at;
            continue;
        }
        if (c == '}') return value_error("Single '}' encountered in format string");
        if (at == text.size()) return value_error("Single '{' encountered in format string");
        Field field;
        if (parse_field(text, at, field) != KT_OK) return KT_ERROR;
        KtValue value = {};
        if (field_value(field.name, arguments, &value) != KT_OK) return KT_ERROR;
        int32_t status = KT_OK;
        if (field.nested) {
            TextBuilder spec;
            status = format_template(spec, field.spec, arguments, depth - 1);
            if (status == KT_OK) status = convert_and_format(builder, value, field.conversion, spec.text());
        } else {
            status = convert_and_format(builder, value, field.conversion, field.spec);
        }
        value_release(&kt_type_dynamic, &value);
        if (status != KT_OK) return status;
    }
    return KT_OK;
}

}  // namespace

extern "C" int32_t kt_str_format(KtStr* text, KtList* positional, KtDict* named, KtStr** out) {
    Arguments arguments{positional, named};
    TextBuilder builder(static_cast<size_t>(text->byte_len) + 32);
    if (format_template(builder, view(text), arguments, 2) != KT_OK) return KT_ERROR;
    *out = builder.finish();
    return KT_OK;
}

}  // namespace kayton
