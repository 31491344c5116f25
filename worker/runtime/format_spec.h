// The format mini-language: format(value, spec) for int, float, bool and str, with CPython 3.11's results and errors.
// Used by the VM's one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/runtime/str.h"

namespace kayton {

struct FormatSpec {
    char32_t fill = ' ';
    char align = 0;  // < > = ^
    char sign = 0;
    bool no_negative_zero = false;
    bool alternate = false;
    int64_t width = -1;
    char separator = 0;  // , or _
    int64_t precision = -1;
    char32_t type = 0;
};

int32_t parse_format_spec(std::string_view spec, char default_align, std::string_view type_name, char32_t default_type,
                          FormatSpec& out);
// The text of any value under a spec, added to the builder.
int32_t format_into(TextBuilder& builder, const KtTypeInfo* type, const void* value, std::string_view spec);
int32_t format_float(TextBuilder& builder, double value, const FormatSpec& spec, std::string_view type_name);

// A number laid out: sign, prefix, digits (grouped), what follows the digits; padded as the spec says.
void layout_number(TextBuilder& builder, const FormatSpec& spec, std::string_view sign, std::string_view prefix,
                   std::string_view digits, std::string_view rest, int group);

}  // namespace kayton
