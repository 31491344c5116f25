// Hashes: numbers hash as in CPython, so that equal ints, floats and bools agree; texts by a fast mixing hash.
// Pure functions but for hash_value, which may run a program's __hash__.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shared/kayton_api.h"

namespace kayton {

[[nodiscard]] int64_t hash_bytes(const char* data, size_t size);  // never 0
[[nodiscard]] inline uint64_t mix(uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}
int32_t hash_value(const KtTypeInfo* type, const void* value, int64_t* out);

}  // namespace kayton
