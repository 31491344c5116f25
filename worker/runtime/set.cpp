// set: the functions that generated code calls.
#include "worker/runtime/exceptions.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/table.h"

namespace kayton {

namespace {

// Members of `from` that are (or are not) in `other`, added to `to`.
int32_t add_filtered(KtDict* to, KtDict* from, KtDict* other, bool wanted) {
    int64_t position = 0;
    void* key;
    while (kt_dict_next(from, &position, &key, nullptr)) {
        void* found = nullptr;
        if (table_find_as(other, key_type(from), key, &found) != KT_OK) return KT_ERROR;
        if ((found != nullptr) != wanted) continue;
        if (kt_set_add(to, key) != KT_OK) return KT_ERROR;
    }
    return KT_OK;
}

}  // namespace

extern "C" {

KtDict* kt_set_new(const KtTypeInfo* type) {
    return table_new(type);
}

int32_t kt_set_add(KtDict* set, const void* value) {
    char* entry = nullptr;
    bool added = false;
    return table_insert(set, value, &entry, &added);
}

int32_t kt_set_contains(KtDict* set, const void* value, uint8_t* out) {
    return kt_dict_contains(set, value, out);
}

int32_t kt_set_remove(KtDict* set, const void* value) {
    bool found = false;
    if (table_remove(set, value, nullptr, nullptr, &found) != KT_OK) return KT_ERROR;
    if (found) return KT_OK;
    kt_raise_key(key_type(set), value);
    return KT_ERROR;
}

int32_t kt_set_discard(KtDict* set, const void* value) {
    bool found = false;
    return table_remove(set, value, nullptr, nullptr, &found);
}

int32_t kt_set_pop(KtDict* set, void* out) {
    int64_t position = 0;
    void* key;
    if (!kt_dict_next(set, &position, &key, nullptr)) return raise(Exc::KeyError, "pop from an empty set");
    char* entry = static_cast<char*>(key) - kKeyOffset;
    std::memcpy(out, key, set->key_size);
    table_remove_entry(set, entry);
    return KT_OK;
}

int32_t kt_set_union(KtDict* a, KtDict* b, KtDict** out) {
    Ref<KtDict> made(table_copy(a));
    if (kt_set_update(made.get(), b) != KT_OK) return KT_ERROR;
    *out = made.take();
    return KT_OK;
}

int32_t kt_set_intersection(KtDict* a, KtDict* b, KtDict** out) {
    Ref<KtDict> made(table_new(a->base.type));
    if (add_filtered(made.get(), a, b, true) != KT_OK) return KT_ERROR;
    *out = made.take();
    return KT_OK;
}

int32_t kt_set_difference(KtDict* a, KtDict* b, KtDict** out) {
    Ref<KtDict> made(table_new(a->base.type));
    if (add_filtered(made.get(), a, b, false) != KT_OK) return KT_ERROR;
    *out = made.take();
    return KT_OK;
}

int32_t kt_set_symmetric_difference(KtDict* a, KtDict* b, KtDict** out) {
    Ref<KtDict> made(table_new(a->base.type));
    if (add_filtered(made.get(), a, b, false) != KT_OK || add_filtered(made.get(), b, a, false) != KT_OK)
        return KT_ERROR;
    *out = made.take();
    return KT_OK;
}

int32_t kt_set_update(KtDict* set, KtDict* more) {
    if (set == more) return KT_OK;
    int64_t position = 0;
    void* key;
    while (kt_dict_next(more, &position, &key, nullptr))
        if (kt_set_add(set, key) != KT_OK) return KT_ERROR;
    return KT_OK;
}

int32_t kt_set_issubset(KtDict* a, KtDict* b, uint8_t* out) {
    int64_t position = 0;
    void* key;
    *out = 0;
    while (kt_dict_next(a, &position, &key, nullptr)) {
        void* found = nullptr;
        if (table_find_as(b, key_type(a), key, &found) != KT_OK) return KT_ERROR;
        if (found == nullptr) return KT_OK;
    }
    *out = 1;
    return KT_OK;
}

int32_t kt_set_isdisjoint(KtDict* a, KtDict* b, uint8_t* out) {
    int64_t position = 0;
    void* key;
    *out = 0;
    while (kt_dict_next(a, &position, &key, nullptr)) {
        void* found = nullptr;
        if (table_find_as(b, key_type(a), key, &found) != KT_OK) return KT_ERROR;
        if (found != nullptr) return KT_OK;
    }
    *out = 1;
    return KT_OK;
}

KtDict* kt_set_copy(KtDict* set) {
    return table_copy(set);
}
void kt_set_clear(KtDict* set) {
    table_clear(set);
}
KtList* kt_set_to_list(KtDict* set, const KtTypeInfo* type) {
    return kt_dict_keys(set, type);
}

}  // extern "C"

}  // namespace kayton
