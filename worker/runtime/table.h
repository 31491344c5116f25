// The hash table behind dict and set: an index of 32-bit positions into a dense array of entries kept in insertion
// order, keys and values stored unboxed. Used by the VM's one thread.
#pragma once

#include <cstdint>

#include "shared/kayton_api.h"
#include "worker/runtime/runtime.h"

// An entry is  uint64_t mark; key; value  with kLiveEntry set in the mark of a live one beside its hash.
struct KtDict {
    KtObject base;
    int64_t used;      // live entries
    int64_t filled;    // entries in the array, deleted ones included
    int64_t first;     // no live entry lies before this position
    int64_t capacity;  // entries the array has room for
    int64_t taken;     // slots of the index with an entry or what a deleted one left; at most `capacity`
    uint64_t mask;     // size of the index - 1
    int32_t* index;    // positions with bits of their marks above; kEmptySlot, kDeletedSlot
    char* entries;
    uint32_t entry_size;
    uint32_t value_offset;
    uint32_t key_size;
    uint32_t mode;  // how keys are compared: TableMode
};

namespace kayton {

constexpr uint64_t kLiveEntry = uint64_t{1} << 63;
constexpr uint32_t kKeyOffset = 8;

enum TableMode : uint32_t { kIntKeys, kStrKeys, kAnyKeys };

[[nodiscard]] KtDict* table_new(const KtTypeInfo* type);
void table_destroy(KtDict* table);
[[nodiscard]] inline int64_t table_length(const KtDict* table) {
    return table->used;
}

// The entry of a key, or NULL.
int32_t table_lookup(KtDict* table, const void* key, char** entry);
// The entry of a key, made with a zeroed value when absent; `added` says so. The key is copied.
int32_t table_insert(KtDict* table, const void* key, char** entry, bool* added);
// Takes the key's entry out; `found` false when absent. Otherwise key and value (if not NULL) receive what it held, or
// are released.
int32_t table_remove(KtDict* table, const void* key, void* key_out, void* value_out, bool* found);
void table_remove_entry(KtDict* table, char* entry);  // the entry's content now belongs to the caller
[[nodiscard]] char* table_last(KtDict* table);        // the last live entry, or NULL
void table_clear(KtDict* table);
[[nodiscard]] KtDict* table_copy(KtDict* table);
// Looks up a key of another type than the table's; value (or key, for sets) address or NULL.
int32_t table_find_as(KtDict* table, const KtTypeInfo* key_type, const void* key, void** value);

[[nodiscard]] inline bool is_set(const KtDict* table) {
    return table->base.type->kind == KT_KIND_SET;
}
[[nodiscard]] inline const KtTypeInfo* key_type(const KtDict* table) {
    return table->base.type->args[0];
}
[[nodiscard]] inline const KtTypeInfo* value_type(const KtDict* table) {
    return table->base.type->args[1];
}

}  // namespace kayton
