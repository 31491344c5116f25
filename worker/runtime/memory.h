// Memory of the VM: raw blocks, reference counts, and copying and releasing of values by their type.
// Where the program can hear of it, a block that cannot be had is a MemoryError; elsewhere it ends the worker with a
// message.
// Used by the VM's one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "shared/kayton_api.h"
#include "worker/runtime/runtime.h"

namespace kayton {

[[nodiscard]] void* kt_alloc(size_t size);
[[nodiscard]] void* kt_alloc_zeroed(size_t size);
[[nodiscard]] void* kt_realloc(void* block, size_t size);
[[nodiscard]] void* kt_try_alloc(size_t size);  // NULL when there is no memory
[[nodiscard]] void* kt_try_realloc(void* block, size_t size);
// KT_ERROR with MemoryError, which names the limit, when a block of so many bytes cannot be had.
[[nodiscard]] int32_t check_room(size_t size);
int32_t raise_no_memory(size_t size);
// Sets some memory aside: a small block that cannot be had otherwise is made room for, and MemoryError is raised at the
// next safe point. Called once; safe points ask restore_reserve() for it until it is back.
void keep_reserve();
[[nodiscard]] bool restore_reserve();
void request_memory_error(size_t size);
[[nodiscard]] int32_t raise_memory_error();  // what was requested
void kt_free(void* block);
// Bytes that an object that no cycle goes through may take where it lies; and the same object with another size, which
// may have moved.
[[nodiscard]] size_t object_usable_size(const void* object);
[[nodiscard]] void* object_resize(void* object, size_t size);

[[nodiscard]] void* object_alloc(const KtTypeInfo* type, size_t size);
[[nodiscard]] void* object_alloc_zeroed(const KtTypeInfo* type, size_t size);
void object_free(void* object);

inline void retain(void* object) {
    if (object != nullptr) ++static_cast<KtObject*>(object)->refcount;
}
inline void release(void* object) {
    if (object != nullptr && --static_cast<KtObject*>(object)->refcount == 0) kt_dealloc(object);
}

// The kinds whose values are pointers to objects.
constexpr uint32_t kPointerKinds = 1u << KT_KIND_STR | 1u << KT_KIND_BYTES | 1u << KT_KIND_LIST | 1u << KT_KIND_DICT |
                                   1u << KT_KIND_SET | 1u << KT_KIND_OPTIONAL | 1u << KT_KIND_FUNCTION |
                                   1u << KT_KIND_CLASS | 1u << KT_KIND_EXCEPTION | 1u << KT_KIND_HANDLE |
                                   1u << KT_KIND_FILE | 1u << KT_KIND_ITERATOR;
[[nodiscard]] inline bool is_pointer_kind(uint32_t kind) {
    return (kPointerKinds >> kind & 1u) != 0;
}

// The kinds a KtValue holds in a KtBox.
[[nodiscard]] inline bool is_boxed_kind(uint32_t kind) {
    return kind == KT_KIND_TUPLE || kind == KT_KIND_RANGE || kind == KT_KIND_SLICE;
}
// The runtime's own kind of KtCell types; no value has it.
constexpr uint32_t kKindCell = 31;

// Address of what a KtValue holds, in the storage form of its type.
[[nodiscard]] inline const void* payload_address(const KtValue& value) {
    if (is_boxed_kind(value.type->kind)) return reinterpret_cast<const KtBox*>(value.payload)->data;
    return &value.payload;
}
// A KtValue owning a copy of the value.
[[nodiscard]] KtValue make_value(const KtTypeInfo* type, const void* value);

inline void value_retain(const KtTypeInfo* type, const void* value) {
    if (type->has_refs) kt_value_retain(type, value);
}
inline void value_release(const KtTypeInfo* type, const void* value) {
    if (type->has_refs) kt_value_release(type, value);
}
// Copies over uninitialised memory, retaining.
inline void value_copy(const KtTypeInfo* type, void* to, const void* from) {
    std::memcpy(to, from, type->size);
    if (type->has_refs) kt_value_retain(type, to);
}

// Owns one reference; for the runtime's own code.
template <typename T>
class Ref {
  public:
    Ref() = default;
    explicit Ref(T* owned) : object_(owned) {}
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;
    Ref(Ref&& other) noexcept : object_(other.take()) {}
    Ref& operator=(Ref&& other) noexcept {
        T* old = object_;
        object_ = other.take();
        release(old);
        return *this;
    }
    ~Ref() { release(object_); }
    [[nodiscard]] T* get() const { return object_; }
    T* operator->() const { return object_; }
    [[nodiscard]] T* take() {
        T* object = object_;
        object_ = nullptr;
        return object;
    }
    [[nodiscard]] T** out() { return &object_; }
    explicit operator bool() const { return object_ != nullptr; }

  private:
    T* object_ = nullptr;
};

}  // namespace kayton
