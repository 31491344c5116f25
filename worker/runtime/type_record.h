// What the VM knows of a type besides its KtTypeInfo: whether its objects can be part of cycles, and where they hold
// references. Every type whose objects hold references is made as a record, so its info leads to it.
// Records live as long as the process. Used by the VM's one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "shared/kayton_api.h"
#include "worker/runtime/memory.h"

namespace kayton {

// A place that may hold a reference to an object of a cycle: a pointer or a KtValue.
struct TracePlace {
    uint32_t offset;
    bool is_value;
};

// Classes: from the object's start. Lists, cells, sets, tuples in a box: from the element's start. Dicts: the key's,
// and those of values in `values`.
struct TracePlaces {
    std::vector<TracePlace> places;
    std::vector<TracePlace> values;
};

enum class Cyclic : uint8_t { kUndecided, kNo, kYes };

struct TypeRecord {
    KtTypeInfo info;  // first: an info is its record's address
    // Decided when the first object is made, for good: objects know their heap by their address alone.
    mutable Cyclic cyclic = Cyclic::kUndecided;
    mutable const TracePlaces* traced = nullptr;  // found when first asked for
    int32_t (*finalize)(void* object) = nullptr;  // __del__
};

// Kinds whose infos are records.
constexpr uint32_t kRecordKinds = 1u << KT_KIND_LIST | 1u << KT_KIND_DICT | 1u << KT_KIND_SET | 1u << KT_KIND_TUPLE |
                                  1u << KT_KIND_CLASS | 1u << KT_KIND_EXCEPTION | 1u << KT_KIND_ITERATOR |
                                  1u << kKindCell;

// REQUIRES: of one of kRecordKinds, made by the registry.
[[nodiscard]] inline const TypeRecord& record_of(const KtTypeInfo* info) {
    return *reinterpret_cast<const TypeRecord*>(info);
}

// Can an object of the type lead back to itself?
[[nodiscard]] bool decide_cyclic(const KtTypeInfo* info);
[[nodiscard]] inline bool is_cyclic(const KtTypeInfo* info) {
    if ((kRecordKinds >> info->kind & 1u) == 0) return false;
    const Cyclic known = record_of(info).cyclic;
    return known == Cyclic::kUndecided ? decide_cyclic(info) : known == Cyclic::kYes;
}

// The places of a value of the type that lies at `offset`.
void add_places(const KtTypeInfo* type, uint32_t offset, std::vector<TracePlace>& places);
[[nodiscard]] const TracePlaces& find_places(const KtTypeInfo* info);
[[nodiscard]] inline const TracePlaces& places_of(const KtTypeInfo* info) {
    const TracePlaces* known = record_of(info).traced;
    return known != nullptr ? *known : find_places(info);
}

}  // namespace kayton
