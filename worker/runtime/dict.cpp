// dict: the functions that generated code calls.
#include <algorithm>
#include <cstring>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/list.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_registry.h"

namespace kayton {

namespace {

void* value_of(const KtDict* dict, char* entry) {
    return entry + dict->value_offset;
}

int32_t missing(const KtDict* dict, const void* key) {
    kt_raise_key(key_type(dict), key);
    return KT_ERROR;
}

// Replaces a value; the old one is released last.
void assign_value(const KtDict* dict, char* entry, const void* value) {
    const KtTypeInfo* type = value_type(dict);
    if (!type->has_refs) {
        std::memmove(value_of(dict, entry), value, type->size);
        return;
    }
    kt_value_retain(type, value);
    alignas(16) char small[64];
    char* old = type->size <= sizeof small ? small : static_cast<char*>(kt_alloc(type->size));
    std::memcpy(old, value_of(dict, entry), type->size);
    std::memmove(value_of(dict, entry), value, type->size);
    kt_value_release(type, old);
    if (old != small) kt_free(old);
}

}  // namespace

extern "C" {

KtDict* kt_dict_new(const KtTypeInfo* type) {
    return table_new(type);
}
int64_t kt_dict_len(KtDict* dict) {
    return table_length(dict);
}

int32_t kt_dict_find(KtDict* dict, const void* key, void** out) {
    char* entry = nullptr;
    if (table_lookup(dict, key, &entry) != KT_OK) return KT_ERROR;
    *out = entry != nullptr ? value_of(dict, entry) : nullptr;
    return KT_OK;
}

int32_t kt_dict_get(KtDict* dict, const void* key, void* out) {
    char* entry = nullptr;
    if (table_lookup(dict, key, &entry) != KT_OK) return KT_ERROR;
    if (entry == nullptr) return missing(dict, key);
    value_copy(value_type(dict), out, value_of(dict, entry));
    return KT_OK;
}

int32_t kt_dict_get_or(KtDict* dict, const void* key, const void* otherwise, void* out) {
    char* entry = nullptr;
    if (table_lookup(dict, key, &entry) != KT_OK) return KT_ERROR;
    value_copy(value_type(dict), out, entry != nullptr ? value_of(dict, entry) : otherwise);
    return KT_OK;
}

int32_t kt_dict_set(KtDict* dict, const void* key, const void* value) {
    const KtTypeInfo* type = value_type(dict);
    // The value may lie in this table, whose entries an insertion may move.
    alignas(16) char small[64];
    char* copy = type->size <= sizeof small ? small : static_cast<char*>(kt_alloc(type->size));
    std::memcpy(copy, value, type->size);
    char* entry = nullptr;
    bool added = false;
    const int32_t status = table_insert(dict, key, &entry, &added);
    if (status == KT_OK) {
        if (added)
            value_copy(type, value_of(dict, entry), copy);
        else
            assign_value(dict, entry, copy);
    }
    if (copy != small) kt_free(copy);
    return status;
}

int32_t kt_dict_slot(KtDict* dict, const void* key, void** out) {
    char* entry = nullptr;
    bool added = false;
    if (table_insert(dict, key, &entry, &added) != KT_OK) return KT_ERROR;
    *out = value_of(dict, entry);
    return KT_OK;
}

int32_t kt_dict_del(KtDict* dict, const void* key) {
    bool found = false;
    if (table_remove(dict, key, nullptr, nullptr, &found) != KT_OK) return KT_ERROR;
    return found ? int32_t{KT_OK} : missing(dict, key);
}

int32_t kt_dict_contains(KtDict* dict, const void* key, uint8_t* out) {
    char* entry = nullptr;
    if (table_lookup(dict, key, &entry) != KT_OK) return KT_ERROR;
    *out = entry != nullptr;
    return KT_OK;
}

int32_t kt_dict_pop(KtDict* dict, const void* key, void* out) {
    bool found = false;
    if (table_remove(dict, key, nullptr, out, &found) != KT_OK) return KT_ERROR;
    return found ? int32_t{KT_OK} : missing(dict, key);
}

int32_t kt_dict_pop_or(KtDict* dict, const void* key, const void* otherwise, void* out) {
    bool found = false;
    if (table_remove(dict, key, nullptr, out, &found) != KT_OK) return KT_ERROR;
    if (!found) value_copy(value_type(dict), out, otherwise);
    return KT_OK;
}

int32_t kt_dict_popitem(KtDict* dict, void* out) {
    char* entry = table_last(dict);
    if (entry == nullptr) return raise(Exc::KeyError, "popitem(): dictionary is empty");
    const KtTypeInfo* members[] = {key_type(dict), value_type(dict)};
    std::memcpy(out, entry + kKeyOffset, dict->key_size);
    std::memcpy(static_cast<char*>(out) + tuple_of(members, 2)->offsets[1], value_of(dict, entry),
                value_type(dict)->size);
    table_remove_entry(dict, entry);
    return KT_OK;
}

int32_t kt_dict_setdefault(KtDict* dict, const void* key, const void* otherwise, void* out) {
    char* entry = nullptr;
    if (table_lookup(dict, key, &entry) != KT_OK) return KT_ERROR;
    if (entry == nullptr) {
        if (kt_dict_set(dict, key, otherwise) != KT_OK) return KT_ERROR;
        value_copy(value_type(dict), out, otherwise);
        return KT_OK;
    }
    value_copy(value_type(dict), out, value_of(dict, entry));
    return KT_OK;
}

int32_t kt_dict_update(KtDict* dict, KtDict* more) {
    if (dict == more) return KT_OK;
    int64_t position = 0;
    void* key;
    void* value;
    while (kt_dict_next(more, &position, &key, &value))
        if (kt_dict_set(dict, key, value) != KT_OK) return KT_ERROR;
    return KT_OK;
}

int32_t kt_dict_merge(KtDict* a, KtDict* b, KtDict** out) {
    Ref<KtDict> made(table_copy(a));
    if (kt_dict_update(made.get(), b) != KT_OK) return KT_ERROR;
    *out = made.take();
    return KT_OK;
}

void kt_dict_clear(KtDict* dict) {
    table_clear(dict);
}
KtDict* kt_dict_copy(KtDict* dict) {
    return table_copy(dict);
}

KtList* kt_dict_keys(KtDict* dict, const KtTypeInfo* type) {
    KtList* list = kt_list_new(type, table_length(dict));
    int64_t position = 0;
    void* key;
    while (kt_dict_next(dict, &position, &key, nullptr)) kt_list_append(list, key);
    return list;
}

KtList* kt_dict_values(KtDict* dict, const KtTypeInfo* type) {
    KtList* list = kt_list_new(type, table_length(dict));
    int64_t position = 0;
    void* key;
    void* value;
    while (kt_dict_next(dict, &position, &key, &value)) kt_list_append(list, value);
    return list;
}

KtList* kt_dict_items(KtDict* dict, const KtTypeInfo* type) {
    KtList* list = kt_list_new(type, table_length(dict));
    const KtTypeInfo* pair = element_type(list);
    int64_t position = 0;
    void* key;
    void* value;
    while (kt_dict_next(dict, &position, &key, &value)) {
        char* at = element_at(list, list->length);
        value_copy(pair->args[0], at + pair->offsets[0], key);
        value_copy(pair->args[1], at + pair->offsets[1], value);
        ++list->length;
    }
    return list;
}

int32_t kt_dict_next(KtDict* dict, int64_t* position, void** key, void** value) {
    for (int64_t i = std::max(*position, dict->first); i < dict->filled; ++i) {
        char* entry = dict->entries + i * static_cast<int64_t>(dict->entry_size);
        if (*reinterpret_cast<const uint64_t*>(entry) == 0) continue;
        *position = i + 1;
        *key = entry + kKeyOffset;
        if (value != nullptr) *value = entry + dict->value_offset;
        return 1;
    }
    *position = dict->filled;
    return 0;
}

int32_t kt_dict_check_size(KtDict* dict, int64_t expected) {
    if (dict->used == expected) return KT_OK;
    return raise(Exc::RuntimeError,
                 is_set(dict) ? "Set changed size during iteration" : "dictionary changed size during iteration");
}

}  // extern "C"

}  // namespace kayton
