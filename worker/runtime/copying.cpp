// Copies of objects for the module `copy`: shallow ones of a class's objects, deep ones of any value. What was copied is
// remembered in a dict[int, Dynamic] by the original's identity, so that shared parts stay shared and cycles close.
#include <vector>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/list.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

KtDict* current_memo = nullptr;  // of the deep copy under way, for __deepcopy__ methods; borrowed

int64_t identity(const void* object) {
    return static_cast<int64_t>(reinterpret_cast<uintptr_t>(object));
}

// The list that keeps originals alive while their identities stand in the memo; it lies under the memo's own.
KtList* kept_alive(KtDict* memo) {
    const int64_t key = identity(memo);
    char* entry = nullptr;
    bool added = false;
    if (table_insert(memo, &key, &entry, &added) != KT_OK) return nullptr;
    auto* held = reinterpret_cast<KtValue*>(entry + memo->value_offset);
    if (added) *held = {type_list_dynamic(), reinterpret_cast<uint64_t>(kt_list_new(type_list_dynamic(), 0))};
    return reinterpret_cast<KtList*>(held->payload);
}

int32_t remember(KtDict* memo, KtObject* original, KtObject* made) {
    const int64_t key = identity(original);
    const KtValue value{made->type, reinterpret_cast<uint64_t>(made)};
    if (kt_dict_set(memo, &key, &value) != KT_OK) return KT_ERROR;
    KtList* kept = kept_alive(memo);
    if (kept == nullptr) return KT_ERROR;
    const KtValue held{original->type, reinterpret_cast<uint64_t>(original)};
    kt_list_append(kept, &held);
    return KT_OK;
}

int32_t copy_object(KtDict* memo, KtObject* object, KtObject** out);

// Copies over uninitialised memory.
int32_t copy_value(KtDict* memo, const KtTypeInfo* type, const void* from, void* to) {
    if (!type->has_refs) {
        std::memcpy(to, from, type->size);
        return KT_OK;
    }
    if (type->kind == KT_KIND_UNION || type->kind == KT_KIND_DYNAMIC) {
        const auto& held = *static_cast<const KtValue*>(from);
        auto& made = *static_cast<KtValue*>(to);
        made = held;
        if (held.type == nullptr || !(held.type->has_refs || is_boxed_kind(held.type->kind))) return KT_OK;
        if (!is_boxed_kind(held.type->kind))
            return copy_value(memo, held.type, &held.payload, &made.payload);
        auto* box = static_cast<KtBox*>(object_alloc(held.type, sizeof(KtBox) + held.type->size));
        if (copy_value(memo, held.type, payload_address(held), box->data) != KT_OK) {
            object_free(box);
            return KT_ERROR;
        }
        made.payload = reinterpret_cast<uint64_t>(box);
        return KT_OK;
    }
    if (type->kind == KT_KIND_TUPLE) {
        for (uint32_t i = 0; i < type->args_count; ++i) {
            const uint32_t at = type->offsets[i];
            if (copy_value(memo, type->args[i], static_cast<const char*>(from) + at, static_cast<char*>(to) + at) == KT_OK) continue;
            while (i-- > 0) value_release(type->args[i], static_cast<char*>(to) + type->offsets[i]);
            return KT_ERROR;
        }
        return KT_OK;
    }
    if (!is_pointer_kind(type->kind)) {
        value_copy(type, to, from);
        return KT_OK;
    }
    auto* object = *static_cast<KtObject* const*>(from);
    if (object == nullptr) {
        *static_cast<KtObject**>(to) = nullptr;
        return KT_OK;
    }
    return copy_object(memo, object, static_cast<KtObject**>(to));
}

int32_t copy_list(KtDict* memo, KtList* list, KtList* made) {
    const KtTypeInfo* element = element_type(list);
    if (!element->has_refs) {
        kt_list_extend(made, list);
        return KT_OK;
    }
    for (int64_t i = 0; i < list->length; ++i) {
        if (i == made->capacity) list_reserve(made, list->length);
        if (copy_value(memo, element, element_at(list, i), element_at(made, i)) != KT_OK) return KT_ERROR;
        made->length = i + 1;
    }
    return KT_OK;
}

int32_t copy_table(KtDict* memo, KtDict* table, KtDict* made) {
    const KtTypeInfo* keys = key_type(table);
    const KtTypeInfo* values = is_set(table) ? nullptr : value_type(table);
    std::vector<char> new_key(keys->size);
    std::vector<char> new_value(values != nullptr ? values->size : 0);
    int64_t position = 0;
    void* key;
    void* value;
    while (kt_dict_next(table, &position, &key, &value)) {
        if (copy_value(memo, keys, key, new_key.data()) != KT_OK) return KT_ERROR;
        int32_t status = KT_OK;
        if (values == nullptr) {
            status = kt_set_add(made, new_key.data());
        } else {
            status = copy_value(memo, values, value, new_value.data());
            if (status == KT_OK) {
                status = kt_dict_set(made, new_key.data(), new_value.data());
                value_release(values, new_value.data());
            }
        }
        value_release(keys, new_key.data());
        if (status != KT_OK) return KT_ERROR;
    }
    return KT_OK;
}

int32_t copy_fields(KtDict* memo, const KtTypeInfo* type, const KtObject* object, KtObject* made) {
    for (uint32_t i = 0; i < type->args_count; ++i) {
        const uint32_t at = type->offsets[i];
        if (copy_value(memo, type->args[i], reinterpret_cast<const char*>(object) + at, reinterpret_cast<char*>(made) + at) == KT_OK) continue;
        std::memset(reinterpret_cast<char*>(made) + at, 0, type->args[i]->size);
        return KT_ERROR;
    }
    return KT_OK;
}

// A copy of an object that can be part of a cycle: it stands in the memo before its parts are copied.
int32_t copy_compound(KtDict* memo, KtObject* object, KtObject** out) {
    const KtTypeInfo* type = object->type;
    if (type->ops != nullptr && type->ops->clone != nullptr) {
        void* cloned = nullptr;
        if (type->ops->clone(object, &cloned) != KT_OK) return KT_ERROR;
        Ref<KtObject> made(static_cast<KtObject*>(cloned));
        if (made.get() != object && remember(memo, object, made.get()) != KT_OK) return KT_ERROR;
        *out = made.take();
        return KT_OK;
    }
    Ref<KtObject> made;
    switch (type->kind) {
        case KT_KIND_LIST: made = Ref<KtObject>(reinterpret_cast<KtObject*>(kt_list_new(type, 0))); break;
        case KT_KIND_DICT:
        case KT_KIND_SET: made = Ref<KtObject>(reinterpret_cast<KtObject*>(table_new(type))); break;
        default: made = Ref<KtObject>(static_cast<KtObject*>(kt_object_new(type))); break;
    }
    // What is hashed by its content is whole before anything refers to it.
    const bool frozen = (type->kind == KT_KIND_LIST && flavour_of(type) == "tuple") ||
                        (type->kind == KT_KIND_SET && flavour_of(type) == "frozenset");
    if (!frozen && remember(memo, object, made.get()) != KT_OK) return KT_ERROR;
    int32_t status = KT_OK;
    if (type->kind == KT_KIND_LIST) {
        status = copy_list(memo, reinterpret_cast<KtList*>(object), reinterpret_cast<KtList*>(made.get()));
    } else if (type->kind == KT_KIND_DICT || type->kind == KT_KIND_SET) {
        status = copy_table(memo, reinterpret_cast<KtDict*>(object), reinterpret_cast<KtDict*>(made.get()));
    } else {
        if (type->kind == KT_KIND_EXCEPTION) {
            const auto* from = reinterpret_cast<KtException*>(object);
            auto* to = reinterpret_cast<KtException*>(made.get());
            if (from->args != nullptr) {
                KtObject* args = nullptr;
                status = copy_object(memo, &from->args->base, &args);
                to->args = reinterpret_cast<KtList*>(args);
            }
            retain(from->text);
            to->text = from->text;
        }
        if (status == KT_OK) status = copy_fields(memo, type, object, made.get());
    }
    if (status != KT_OK) return KT_ERROR;
    if (frozen && remember(memo, object, made.get()) != KT_OK) return KT_ERROR;
    *out = made.take();
    return KT_OK;
}

int32_t copy_object(KtDict* memo, KtObject* object, KtObject** out) {
    const char here = 0;
    switch (object->type->kind) {
        case KT_KIND_LIST:
        case KT_KIND_DICT:
        case KT_KIND_SET:
        case KT_KIND_CLASS:
        case KT_KIND_EXCEPTION: break;
        case KT_KIND_HANDLE:
        case KT_KIND_ITERATOR:
        case KT_KIND_FILE:
            return raise_format(Exc::TypeError, "cannot pickle '{}' object", short_name(object->type));
        default:
            retain(object);
            *out = object;
            return KT_OK;
    }
    if (&here < kt_stack_limit) return raise(Exc::RecursionError, "maximum recursion depth exceeded");
    const int64_t key = identity(object);
    char* entry = nullptr;
    if (table_lookup(memo, &key, &entry) != KT_OK) return KT_ERROR;
    if (entry != nullptr) {
        const auto& known = *reinterpret_cast<const KtValue*>(entry + memo->value_offset);
        *out = reinterpret_cast<KtObject*>(known.payload);
        retain(*out);
        return KT_OK;
    }
    return copy_compound(memo, object, out);
}

}  // namespace

extern "C" {

void* kt_object_copy(void* object) {
    auto* from = static_cast<KtObject*>(object);
    const KtTypeInfo* type = from->type;
    auto* made = static_cast<KtObject*>(kt_object_new(type));
    if (type->kind == KT_KIND_EXCEPTION) {
        const auto* source = reinterpret_cast<KtException*>(from);
        auto* target = reinterpret_cast<KtException*>(made);
        retain(source->args);
        retain(source->text);
        target->args = source->args;
        target->text = source->text;
    }
    for (uint32_t i = 0; i < type->args_count; ++i)
        value_copy(type->args[i], reinterpret_cast<char*>(made) + type->offsets[i], reinterpret_cast<char*>(from) + type->offsets[i]);
    return made;
}

int32_t kt_deepcopy(const KtTypeInfo* type, const void* value, KtDict* memo, void* out) {
    KtDict* outer = current_memo;
    current_memo = memo;
    const int32_t status = copy_value(memo, type, value, out);
    current_memo = outer;
    return status;
}

KtDict* kt_deepcopy_memo() {
    retain(current_memo);
    return current_memo;
}

}  // extern "C"

}  // namespace kayton
