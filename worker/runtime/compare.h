// Equality and order over values of any types, as Python's == and < see them: ints, floats and bools compare by value
// across types, containers by their elements. May run a program's __eq__ and __lt__. Used by the VM's one thread.
#pragma once

#include <cstdint>

#include "shared/kayton_api.h"

namespace kayton {

int32_t equal_values(const KtTypeInfo* type_a, const void* a, const KtTypeInfo* type_b, const void* b, bool* out);

enum class Order : int { kLess = -1, kEqual = 0, kGreater = 1, kUnordered = 2 };
// `operation` is the operator of kt_compare, for the text of a TypeError.
int32_t order_values(const KtTypeInfo* type_a, const void* a, const KtTypeInfo* type_b, const void* b,
                     int64_t operation, Order* out);

[[nodiscard]] int64_t range_length(const KtRange& range);

}  // namespace kayton
