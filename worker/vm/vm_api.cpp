#include "worker/vm/vm_api.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "shared/object_layout.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/str.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"
#include "worker/runtime/vm_state.h"
#include "worker/vm/refusals.h"

namespace kayton {
namespace {

Vm& self(void* vm) {
    return *static_cast<Vm*>(vm);
}

int32_t api_register_function(void* vm, const char* name, size_t name_len, const void* function,
                              uint64_t signature_id) {
    return self(vm).functions().add({name, name_len}, function, signature_id) ? 0 : 1;
}

const void* api_get_function(void* vm, const char* name, size_t name_len) {
    const FunctionRegistry::Entry* entry = self(vm).functions().find(std::string_view(name, name_len));
    return entry != nullptr ? entry->function : nullptr;
}

const void* api_get_function_by_id(void* vm, uint64_t signature_id, const char* name, size_t name_len) {
    return self(vm).functions().find(signature_id, {name, name_len});
}

const KtTypeInfo* api_register_type(void*, const char* name, size_t name_len, const KtTypeMeta* meta,
                                    const KtTypeInfo* base) {
    if (base == nullptr) return register_handle_type({name, name_len}, meta->ops);
    if (base->kind != KT_KIND_EXCEPTION) return nullptr;
    return register_exception({name, name_len}, base, meta->ops);
}

const KtTypeInfo* api_get_type(void*, const char* signature, size_t signature_len) {
    return intern_type({signature, signature_len});
}

KtStr* api_str_new(void*, const char* data, size_t len) {
    return str_new({data, len});
}

KtStr* api_str_alloc(void*, size_t len) {
    return str_alloc(static_cast<int64_t>(len));
}

void api_str_finish(void*, KtStr* str) {
    str->length = count_code_points(str->data, static_cast<size_t>(str->byte_len));
}

KtBytes* api_bytes_new(void*, const uint8_t* data, size_t len) {
    auto* bytes = static_cast<KtBytes*>(object_alloc(&kt_type_bytes, sizeof(KtBytes) + len));
    bytes->length = static_cast<int64_t>(len);
    bytes->hash = 0;
    if (data != nullptr && len != 0) std::memcpy(bytes->data, data, len);
    return bytes;
}

KtList* api_list_new(void*, const KtTypeInfo* list_type, size_t length) {
    auto* list = static_cast<KtList*>(kt_list_new(list_type, static_cast<int64_t>(length)));
    if (length != 0) std::memset(list->data, 0, length * list_type->args[0]->size);
    list->length = static_cast<int64_t>(length);
    return list;
}

KtDict* api_dict_new(void*, const KtTypeInfo* dict_type) {
    return dict_type->kind == KT_KIND_SET ? kt_set_new(dict_type) : kt_dict_new(dict_type);
}

int32_t api_dict_set(void*, KtDict* dict, const void* key, const void* value) {
    return value == nullptr ? kt_set_add(dict, key) : kt_dict_set(dict, key, value);
}

size_t api_dict_len(void*, KtDict* dict) {
    return static_cast<size_t>(kt_dict_len(dict));
}

int32_t api_dict_next(void*, KtDict* dict, int64_t* position, void** key, void** value) {
    return kt_dict_next(dict, position, key, value);
}

KtHandle* api_handle_new(void*, const KtTypeInfo* type, void* data, void (*drop_data)(KtHandle*)) {
    auto* handle = static_cast<KtHandle*>(object_alloc_zeroed(type, sizeof(KtHandle)));
    ++kayton::vm.waiting_for_end;
    handle->data = data;
    handle->drop_data = drop_data;
    return handle;
}

void api_retain(void*, KtObject* object) {
    retain(object);
}

void api_release(void*, KtObject* object) {
    release(object);
}

void api_release_value(void*, const KtTypeInfo* type, void* value) {
    value_release(type, value);
}

// The class for an error of the system as Rust shows it, "Permission denied (os error 13)". A refusal is a
// PermissionError too where a crate has made text of it, which gives the class that stands for all of its errors.
const KtTypeInfo* class_of_text(const KtTypeInfo* type, std::string_view name, const std::string& text) {
    constexpr std::string_view kMark = "(os error ";
    const bool of_system = type == exception_type(Exc::OSError);
    const size_t at = text.rfind(kMark);
    if (at == std::string::npos || (!of_system && !name.ends_with(".Error"))) {
        return type;
    }
    const KtTypeInfo* found = os_error_type(static_cast<int>(std::strtol(text.c_str() + at + kMark.size(), nullptr, 10)));
    return of_system || found == exception_type(Exc::PermissionError) ? found : type;
}

void raise_named(std::string_view name, std::string_view message, bool by_text) {
    const std::string text = with_refused(message);
    const KtTypeInfo* type = intern_type(name);
    if (type == nullptr || type->kind != KT_KIND_EXCEPTION) {
        raise_format(Exc::RuntimeError, "{}: {}", name, text);
        return;
    }
    raise_type(by_text ? class_of_text(type, name, text) : type, text);
}

void api_raise(void*, const char* class_name, size_t class_len, const char* message, size_t message_len) {
    raise_named({class_name, class_len}, {message, message_len}, true);
}

// Of an error that the crate has a type for, and goes along.
void api_raise_value(void*, const char* class_name, size_t class_len, const char* message, size_t message_len,
                     KtHandle* value) {
    raise_named({class_name, class_len}, {message, message_len}, false);
    KtHandle* old = std::exchange(vm.pending->value, value);
    release(old);
}

KtHandle* api_exception_value(void*, KtObject* exception) {
    return reinterpret_cast<KtException*>(exception)->value;
}

int32_t api_value_str(void*, const KtTypeInfo* type, const void* value, KtStr** out) {
    return kt_str(type, value, out);
}

int32_t api_value_repr(void*, const KtTypeInfo* type, const void* value, KtStr** out) {
    return kt_repr(type, value, out);
}

int32_t api_value_eq(void*, const KtTypeInfo* type, const void* a, const void* b, uint8_t* out) {
    return kt_eq(type, a, b, out);
}

int32_t api_value_hash(void*, const KtTypeInfo* type, const void* value, int64_t* out) {
    return kt_hash(type, value, out);
}

int32_t api_value_compare(void*, const KtTypeInfo* type, const void* a, const void* b, int64_t* out) {
    constexpr int64_t kLess = 0;
    constexpr int64_t kGreater = 2;
    uint8_t answer = 0;
    if (const int32_t status = kt_compare(type, a, b, kLess, &answer); status != KT_OK) return status;
    if (answer != 0) {
        *out = -1;
        return KT_OK;
    }
    if (const int32_t status = kt_compare(type, a, b, kGreater, &answer); status != KT_OK) return status;
    if (answer != 0) {
        *out = 1;
        return KT_OK;
    }
    if (const int32_t status = kt_eq(type, a, b, &answer); status != KT_OK) return status;
    *out = answer != 0 ? 0 : 2;
    return KT_OK;
}

void api_value_copy(void*, const KtTypeInfo* type, void* to, const void* from) {
    value_copy(type, to, from);
}

KtBox* api_box_new(void*, const KtTypeInfo* type, const void* value) {
    return kt_box_new(type, value);
}

constexpr KaytonApi kApi = {
    .size = sizeof(KaytonApi),
    .abi_version = KAYTON_PLUGIN_ABI_VERSION,
    .reserved = 0,
    .register_function = api_register_function,
    .get_function = api_get_function,
    .get_function_by_id = api_get_function_by_id,
    .register_type = api_register_type,
    .get_type = api_get_type,
    .str_new = api_str_new,
    .str_alloc = api_str_alloc,
    .str_finish = api_str_finish,
    .bytes_new = api_bytes_new,
    .list_new = api_list_new,
    .dict_new = api_dict_new,
    .dict_set = api_dict_set,
    .dict_len = api_dict_len,
    .dict_next = api_dict_next,
    .handle_new = api_handle_new,
    .retain = api_retain,
    .release = api_release,
    .release_value = api_release_value,
    .raise = api_raise,
    .value_str = api_value_str,
    .value_repr = api_value_repr,
    .value_eq = api_value_eq,
    .value_hash = api_value_hash,
    .value_compare = api_value_compare,
    .value_copy = api_value_copy,
    .box_new = api_box_new,
    .raise_value = api_raise_value,
    .exception_value = api_exception_value,
};

}  // namespace

Vm::Vm() : context_{this, &kApi} {}

}  // namespace kayton
