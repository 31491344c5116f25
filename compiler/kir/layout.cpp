#include "compiler/kir/layout.h"

#include <algorithm>

#include "shared/object_layout.h"

namespace kayton::kir {

using types::Storage;
using types::Type;

namespace {

uint32_t align_up(uint32_t at, uint32_t align) { return (at + align - 1) / align * align; }

void append(Layout& layout, const Layout& member, uint32_t offset) {
    for (Part part : member.parts) {
        part.offset += offset;
        layout.parts.push_back(part);
    }
}

uint16_t object_size(const Type* type) {
    switch (types::prune(type)->kind) {
        case types::TypeKind::kList: return sizeof(KtList);
        case types::TypeKind::kStr: return sizeof(KtStr);
        case types::TypeKind::kBytes: return sizeof(KtBytes);
        case types::TypeKind::kUnion: {
            uint16_t least = UINT16_MAX;
            for (const Type* member : type->args) {
                if (types::prune(member)->kind != types::TypeKind::kNone) least = std::min(least, object_size(member));
            }
            return least;
        }
        default: return sizeof(KtObject);
    }
}

}  // namespace

Layout layout_of(const Type* type) {
    switch (types::storage_of(type)) {
        case Storage::kUnit: return {1, 1, {}};
        case Storage::kByte: return {1, 1, {{Repr::kBool, PartKind::kPlain, 0}}};
        case Storage::kInt64: return {8, 8, {{Repr::kInt64, PartKind::kPlain, 0}}};
        case Storage::kFloat64: return {8, 8, {{Repr::kFloat64, PartKind::kPlain, 0}}};
        case Storage::kPointer: return {8, 8, {{Repr::kPointer, PartKind::kPointer, 0, object_size(type)}}};
        case Storage::kNullable: return {8, 8, {{Repr::kPointer, PartKind::kNullable, 0, object_size(type)}}};
        case Storage::kValue: {
            bool counted = types::holds_references(type);
            return {16, 8,
                    {{Repr::kPointer, counted ? PartKind::kValueType : PartKind::kPlain, 0},
                     {Repr::kInt64, counted ? PartKind::kValuePayload : PartKind::kPlain, 8}}};
        }
        case Storage::kRange:
            return {24, 8,
                    {{Repr::kInt64, PartKind::kPlain, 0},
                     {Repr::kInt64, PartKind::kPlain, 8},
                     {Repr::kInt64, PartKind::kPlain, 16}}};
        case Storage::kTuple: break;
    }
    Layout layout{0, 1, {}};
    for (const Type* member : type->args) {
        Layout inner = layout_of(member);
        uint32_t at = align_up(layout.size, inner.align);
        append(layout, inner, at);
        layout.size = at + inner.size;
        layout.align = std::max(layout.align, inner.align);
    }
    layout.size = align_up(layout.size, layout.align);
    return layout;
}

bool passed_by_pointer(const Type* type) {
    Storage storage = types::storage_of(type);
    return storage == Storage::kValue || storage == Storage::kTuple || storage == Storage::kRange;
}

MemberPlace member_place(const Type* tuple, uint32_t index) {
    MemberPlace place;
    for (uint32_t i = 0;; ++i) {
        Layout inner = layout_of(tuple->args[i]);
        place.offset = align_up(place.offset, inner.align);
        if (i == index) return place;
        place.offset += inner.size;
        place.first_part += static_cast<uint32_t>(inner.parts.size());
    }
}

uint32_t field_offset(const std::vector<const Type*>& fields, uint32_t index, bool exception) {
    uint32_t offset = exception ? sizeof(KtException) : sizeof(KtObject);
    for (uint32_t i = 0;; ++i) {
        Layout inner = layout_of(fields[i]);
        offset = align_up(offset, inner.align);
        if (i == index) return offset;
        offset += inner.size;
    }
}

Memory element_memory(Repr repr) {
    switch (repr) {
        case Repr::kInt64: return Memory::kElementInt;
        case Repr::kFloat64: return Memory::kElementFloat;
        case Repr::kPointer: return Memory::kElementPointer;
        case Repr::kBool: return Memory::kElementBool;
        default: return Memory::kAny;
    }
}

}  // namespace kayton::kir
