#include "worker/runtime/table.h"

#include <algorithm>
#include <cstring>

#include "worker/runtime/compare.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/hash.h"
#include "worker/runtime/memory.h"

namespace kayton {

namespace {

constexpr int32_t kEmptySlot = -1;
constexpr int32_t kDeletedSlot = -2;
constexpr int64_t kMaxEntries = int64_t{1} << 30;

char* entry_at(const KtDict* table, int64_t position) {
    return table->entries + position * static_cast<int64_t>(table->entry_size);
}
uint64_t& mark_of(char* entry) {
    return *reinterpret_cast<uint64_t*>(entry);
}

uint64_t mixed(uint64_t mark) {
    return mix(mark, 0xe7037ed1a0b428dbull);
}

// The slots where an entry may be, best first. Ints that follow each other lie side by side, as in the entries; where
// that place is taken the others lie apart from it, in pairs of neighbours, so that runs of ints do not join. Every slot
// has its turn: half the step is odd, and the pairs are a power of two.
class Slots {
  public:
    Slots(uint64_t mark, uint64_t mask) : slot_(mark & mask), mask_(mask), mixed_(mixed(mark)) {}
    uint64_t operator*() const { return slot_; }
    void operator++() {
        slot_ ^= 1;
        if (second_) slot_ = (slot_ + (mixed_ >> 32 | 1) * 2) & mask_;
        second_ = !second_;
    }

  private:
    uint64_t slot_;
    uint64_t mask_;
    uint64_t mixed_;
    bool second_ = false;
};

// What an index slot holds of an entry: its position, and above that as many bits of its mark as there is room for, so
// that a search touches few entries but the one it is for.
int32_t tag_of(const KtDict* table, uint64_t mark) {
    const auto positions = static_cast<uint32_t>(table->mask);
    return static_cast<int32_t>(static_cast<uint32_t>(mixed(mark) >> 33) & ~positions);
}

int32_t mark_key(const KtDict* table, const void* key, uint64_t* mark) {
    switch (table->mode) {
        case kIntKeys: *mark = *static_cast<const uint64_t*>(key) | kLiveEntry; return KT_OK;
        case kStrKeys:
            *mark = static_cast<uint64_t>(kt_str_hash(*static_cast<KtStr* const*>(key))) | kLiveEntry;
            return KT_OK;
        default: break;
    }
    int64_t hash = 0;
    if (hash_value(key_type(table), key, &hash) != KT_OK) return KT_ERROR;
    *mark = mix(static_cast<uint64_t>(hash) ^ 0xa0761d6478bd642full, 0xe7037ed1a0b428dbull) | kLiveEntry;
    return KT_OK;
}

template <typename Equal>
char* probe(KtDict* table, uint64_t mark, Equal equal) {
    const auto positions = static_cast<int32_t>(table->mask);
    const int32_t tag = tag_of(table, mark);
    for (Slots slots(mark, table->mask);; ++slots) {
        const int32_t held = table->index[*slots];
        if (held == kEmptySlot) return nullptr;
        if ((held & ~positions) == tag) {  // never of a deleted slot: its sign bit is set
            char* entry = entry_at(table, held & positions);
            if (mark_of(entry) == mark && equal(entry + kKeyOffset)) return entry;
        }
    }
}

// Keys with a program's __eq__: the table may change under the comparison, then the search starts again.
int32_t probe_any(KtDict* table, uint64_t mark, const void* key, char** found) {
    const KtTypeInfo* type = key_type(table);
    while (true) {
        const char* entries = table->entries;
        const int64_t filled = table->filled;
        bool failed = false;
        bool changed = false;
        char* entry = probe(table, mark, [&](const char* stored) {
            bool equal = false;
            if (equal_values(type, stored, type, key, &equal) != KT_OK) failed = true;
            changed = entries != table->entries || filled > table->filled;
            return equal || failed || changed;
        });
        if (failed) return KT_ERROR;
        if (changed) {
            if (table->index == nullptr) {
                *found = nullptr;
                return KT_OK;
            }
            continue;
        }
        *found = entry;
        return KT_OK;
    }
}

int32_t lookup_marked(KtDict* table, uint64_t mark, const void* key, char** entry) {
    *entry = nullptr;
    if (table->used == 0) return KT_OK;
    switch (table->mode) {
        case kIntKeys: {
            const int64_t wanted = *static_cast<const int64_t*>(key);
            *entry = probe(table, mark, [wanted](const char* stored) {
                return *reinterpret_cast<const int64_t*>(stored) == wanted;
            });
            return KT_OK;
        }
        case kStrKeys: {
            auto* wanted = *static_cast<KtStr* const*>(key);
            *entry = probe(table, mark, [wanted](const char* stored) {
                return kt_str_eq(*reinterpret_cast<KtStr* const*>(stored), wanted) != 0;
            });
            return KT_OK;
        }
        default: return probe_any(table, mark, key, entry);
    }
}

void put_in_index(KtDict* table, uint64_t mark, int64_t position) {
    Slots slots(mark, table->mask);
    while (table->index[*slots] >= 0) ++slots;
    int32_t& slot = table->index[*slots];
    if (slot == kEmptySlot) ++table->taken;
    slot = static_cast<int32_t>(position) | tag_of(table, mark);
}

uint64_t slots_for(int64_t capacity) {
    uint64_t slots = 8;
    while (static_cast<int64_t>(slots / 2 + slots / 8) < capacity) slots *= 2;
    return slots;
}

// Bytes of what rebuild allocates.
size_t rebuilt_size(const KtDict* table, int64_t capacity) {
    const uint64_t slots = slots_for(capacity);
    return slots * sizeof(int32_t) + (slots / 2 + slots / 8) * table->entry_size;
}

// Gives the table room for `capacity` entries and drops the deleted ones.
void rebuild(KtDict* table, int64_t capacity) {
    const uint64_t slots = slots_for(capacity);
    capacity = static_cast<int64_t>(slots / 2 + slots / 8);
    auto* entries = static_cast<char*>(kt_alloc(static_cast<size_t>(capacity) * table->entry_size));
    char* to = entries;
    for (int64_t i = 0; i < table->filled; ++i) {
        char* from = entry_at(table, i);
        if (mark_of(from) == 0) continue;
        std::memcpy(to, from, table->entry_size);
        to += table->entry_size;
    }
    kt_free(table->entries);
    kt_free(table->index);
    table->entries = entries;
    table->capacity = capacity;
    table->filled = table->used;
    table->first = 0;
    table->mask = slots - 1;
    table->taken = 0;
    table->index = static_cast<int32_t*>(kt_alloc(slots * sizeof(int32_t)));
    std::memset(table->index, 0xFF, slots * sizeof(int32_t));
    for (int64_t i = 0; i < table->filled; ++i) put_in_index(table, mark_of(entry_at(table, i)), i);
}

void release_entry(const KtDict* table, char* entry) {
    value_release(key_type(table), entry + kKeyOffset);
    if (!is_set(table)) value_release(value_type(table), entry + table->value_offset);
}

uint32_t aligned(uint32_t offset, uint32_t align) {
    return (offset + align - 1) / align * align;
}

}  // namespace

KtDict* table_new(const KtTypeInfo* type) {
    auto* table = static_cast<KtDict*>(object_alloc_zeroed(type, sizeof(KtDict)));
    const KtTypeInfo* key = type->args[0];
    table->key_size = key->size;
    table->value_offset = kKeyOffset + key->size;
    table->entry_size = kKeyOffset + key->size;
    if (type->kind == KT_KIND_DICT) {
        table->value_offset = aligned(table->value_offset, type->args[1]->align);
        table->entry_size = table->value_offset + type->args[1]->size;
    }
    table->entry_size = aligned(table->entry_size, 8);
    table->mode = key->kind == KT_KIND_INT ? kIntKeys : key->kind == KT_KIND_STR ? kStrKeys : kAnyKeys;
    return table;
}

void table_destroy(KtDict* table) {
    if (key_type(table)->has_refs || (!is_set(table) && value_type(table)->has_refs))
        for (int64_t i = 0; i < table->filled; ++i)
            if (mark_of(entry_at(table, i)) != 0) release_entry(table, entry_at(table, i));
    kt_free(table->entries);
    kt_free(table->index);
}

int32_t table_lookup(KtDict* table, const void* key, char** entry) {
    uint64_t mark;
    if (mark_key(table, key, &mark) != KT_OK) return KT_ERROR;
    return lookup_marked(table, mark, key, entry);
}

int32_t table_insert(KtDict* table, const void* key, char** entry, bool* added) {
    uint64_t mark;
    if (mark_key(table, key, &mark) != KT_OK) return KT_ERROR;
    if (lookup_marked(table, mark, key, entry) != KT_OK) return KT_ERROR;
    *added = *entry == nullptr;
    if (!*added) return KT_OK;
    if (table->filled == table->capacity || table->taken == table->capacity) {
        if (table->used >= kMaxEntries) return raise(Exc::MemoryError, "");
        // The key may lie in this table.
        alignas(16) char small[64];
        char* copy = table->key_size <= sizeof small ? small : static_cast<char*>(kt_alloc(table->key_size));
        std::memcpy(copy, key, table->key_size);
        int32_t status = check_room(rebuilt_size(table, table->used * 2 + 5));
        if (status == KT_OK) {
            rebuild(table, table->used * 2 + 5);
            status = table_insert(table, copy, entry, added);
        }
        if (copy != small) kt_free(copy);
        return status;
    }
    char* made = entry_at(table, table->filled);
    mark_of(made) = mark;
    value_copy(key_type(table), made + kKeyOffset, key);
    std::memset(made + kKeyOffset + table->key_size, 0, table->entry_size - kKeyOffset - table->key_size);
    put_in_index(table, mark, table->filled);
    ++table->filled;
    ++table->used;
    *entry = made;
    return KT_OK;
}

void table_remove_entry(KtDict* table, char* entry) {
    const auto position = static_cast<int32_t>((entry - table->entries) / static_cast<int64_t>(table->entry_size));
    const int32_t held = position | tag_of(table, mark_of(entry));
    Slots slots(mark_of(entry), table->mask);
    while (table->index[*slots] != held) ++slots;
    table->index[*slots] = kDeletedSlot;
    mark_of(entry) = 0;
    --table->used;
    while (table->first < table->filled && mark_of(entry_at(table, table->first)) == 0) ++table->first;
    if (position + 1 == table->filled) {
        while (table->filled > 0 && mark_of(entry_at(table, table->filled - 1)) == 0) --table->filled;
        table->first = std::min(table->first, table->filled);
    }
}

int32_t table_remove(KtDict* table, const void* key, void* key_out, void* value_out, bool* found) {
    char* entry = nullptr;
    if (table_lookup(table, key, &entry) != KT_OK) return KT_ERROR;
    *found = entry != nullptr;
    if (entry == nullptr) return KT_OK;
    // Taken out before anything is released, as that may run a program's code.
    alignas(16) char small[128];
    char* held = table->entry_size <= sizeof small ? small : static_cast<char*>(kt_alloc(table->entry_size));
    std::memcpy(held, entry, table->entry_size);
    table_remove_entry(table, entry);
    if (key_out != nullptr)
        std::memcpy(key_out, held + kKeyOffset, table->key_size);
    else
        value_release(key_type(table), held + kKeyOffset);
    if (!is_set(table)) {
        if (value_out != nullptr)
            std::memcpy(value_out, held + table->value_offset, value_type(table)->size);
        else
            value_release(value_type(table), held + table->value_offset);
    }
    if (held != small) kt_free(held);
    return KT_OK;
}

char* table_last(KtDict* table) {
    for (int64_t i = table->filled - 1; i >= 0; --i)
        if (mark_of(entry_at(table, i)) != 0) return entry_at(table, i);
    return nullptr;
}

void table_clear(KtDict* table) {
    KtDict old = *table;
    table->used = table->filled = table->first = table->capacity = table->taken = 0;
    table->mask = 0;
    table->index = nullptr;
    table->entries = nullptr;
    table_destroy(&old);
}

KtDict* table_copy(KtDict* table) {
    KtDict* made = table_new(table->base.type);
    if (table->used == 0) return made;
    made->entries = static_cast<char*>(kt_alloc(static_cast<size_t>(table->filled) * table->entry_size));
    std::memcpy(made->entries, table->entries, static_cast<size_t>(table->filled) * table->entry_size);
    made->used = table->used;
    made->filled = table->filled;
    rebuild(made, table->used);
    const bool values = !is_set(table);
    for (int64_t i = 0; i < made->filled; ++i) {
        value_retain(key_type(made), entry_at(made, i) + kKeyOffset);
        if (values) value_retain(value_type(made), entry_at(made, i) + made->value_offset);
    }
    return made;
}

int32_t table_find_as(KtDict* table, const KtTypeInfo* type, const void* key, void** value) {
    char* entry = nullptr;
    *value = nullptr;
    if (type == key_type(table)) {
        if (table_lookup(table, key, &entry) != KT_OK) return KT_ERROR;
    } else if (key_type(table)->kind == KT_KIND_DYNAMIC || key_type(table)->kind == KT_KIND_UNION) {
        const KtValue boxed = make_value(type, key);
        const int32_t status = table_lookup(table, &boxed, &entry);
        value_release(&kt_type_dynamic, &boxed);
        if (status != KT_OK) return status;
    } else {
        // Keys of differing types are equal only by value: a scan, as hashes of the fast modes differ.
        for (int64_t i = 0; i < table->filled && entry == nullptr; ++i) {
            char* candidate = entry_at(table, i);
            if (mark_of(candidate) == 0) continue;
            bool equal = false;
            if (equal_values(key_type(table), candidate + kKeyOffset, type, key, &equal) != KT_OK) return KT_ERROR;
            if (equal) entry = candidate;
        }
    }
    if (entry != nullptr) *value = is_set(table) ? entry + kKeyOffset : entry + table->value_offset;
    return KT_OK;
}

}  // namespace kayton
