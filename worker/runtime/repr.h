// The text of any value: repr() and str(), as CPython writes them. May run a program's __repr__ and __str__.
// Used by the VM's one thread.
#pragma once

#include <string_view>

#include "worker/runtime/str.h"

namespace kayton {

int32_t repr_into(TextBuilder& builder, const KtTypeInfo* type, const void* value);
int32_t str_into(TextBuilder& builder, const KtTypeInfo* type, const void* value);
// The next kt_repr leaves out what of long containers nobody would read.
void shorten_next_repr();
void quote_text(TextBuilder& builder, std::string_view text, bool ascii_only);
void quote_bytes(TextBuilder& builder, std::string_view data);
void add_int(TextBuilder& builder, int64_t value);

}  // namespace kayton
