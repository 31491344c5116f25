// How a value of a type lies in memory and comes apart into scalars (shared/kayton_api.h's native representation).
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/kir/ir.h"
#include "compiler/types/type.h"

namespace kayton::kir {

// What a scalar of a value is, for reference counting.
enum class PartKind : uint8_t {
    kPlain,
    kPointer,    // an object, never null
    kNullable,
    kValueType,  // of a KtValue: the part after it is its payload
    kValuePayload,
};
struct Part {
    Repr repr;
    PartKind kind;
    uint32_t offset;  // bytes from the value's start
    uint16_t object_size = 0;  // kPointer, kNullable: bytes that every such object has
};
struct Layout {
    uint32_t size = 1;
    uint32_t align = 1;
    std::vector<Part> parts;  // None has none: its byte is always 0
};

[[nodiscard]] Layout layout_of(const types::Type* type);

// Values that cross calls by pointer: tuples, ranges, KtValue.
[[nodiscard]] bool passed_by_pointer(const types::Type* type);

// Where tuple member `index` begins among the parts, and in memory.
struct MemberPlace {
    uint32_t first_part = 0;
    uint32_t offset = 0;
};
[[nodiscard]] MemberPlace member_place(const types::Type* tuple, uint32_t index);

// Offset in the object of field `index`: all fields of a class in order, after the header (or KtException).
[[nodiscard]] uint32_t field_offset(const std::vector<const types::Type*>& fields, uint32_t index, bool exception);

[[nodiscard]] Memory element_memory(Repr repr);

}  // namespace kayton::kir
