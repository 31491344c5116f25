#include "worker/runtime/memory.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "worker/runtime/cycles.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/file.h"
#include "worker/runtime/leak_check.h"
#include "worker/runtime/list.h"
#include "worker/runtime/slabs.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_record.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

// Nested destructions beyond this depth wait in vm.dead, so that long chains of objects do not overflow the stack.
constexpr int64_t kMaxDeallocDepth = 40;
constexpr size_t kLargeBlock = size_t{1} << 10;  // counts for the collector

constexpr size_t kReserve = size_t{8} << 20;
struct Reserve {
    void* block = nullptr;
    bool wanted = false;
    size_t failed = 0;  // bytes of the block that MemoryError will speak of
};
Reserve reserve;

std::string no_memory_text(size_t size) {
    rlimit limit{};
    ::getrlimit(RLIMIT_DATA, &limit);
    std::string text = fmt::format("no memory for a block of {} bytes", size);
    if (limit.rlim_cur != RLIM_INFINITY)
        text += fmt::format(": the program may use {} MB (--max-memory)", limit.rlim_cur / 1'000'000);
    return text;
}

[[noreturn]] void out_of_memory(size_t size) {
    // Nothing that needs memory from here on.
    rlimit limit{};
    ::getrlimit(RLIMIT_DATA, &limit);
    char text[192];
    int length = std::snprintf(text, sizeof text, "MemoryError: no memory for a block of %zu bytes", size);
    if (limit.rlim_cur != RLIM_INFINITY) {
        length += std::snprintf(text + length, sizeof text - static_cast<size_t>(length),
                                ": the program may use %llu MB (--max-memory)",
                                static_cast<unsigned long long>(limit.rlim_cur / 1'000'000));
    }
    text[length++] = '\n';
    [[maybe_unused]] const ssize_t written = ::write(2, text, static_cast<size_t>(length));
    std::abort();
}

// Makes room for a small block; false when there is nothing left to make it from.
bool use_reserve(size_t size) {
    if (reserve.block == nullptr || size > kReserve / 2) return false;
    ::munmap(reserve.block, kReserve);
    reserve.block = nullptr;
    request_memory_error(size);
    return true;
}

void release_fields(const KtTypeInfo* type, void* object) {
    for (uint32_t i = 0; i < type->args_count; ++i)
        value_release(type->args[i], static_cast<char*>(object) + type->offsets[i]);
}

void destroy(KtObject* object) {
    const KtTypeInfo* type = object->type;
    switch (type->kind) {
        case KT_KIND_STR:
            if (vm.cursor_text == reinterpret_cast<KtStr*>(object)) vm.cursor_text = nullptr;
            break;
        case KT_KIND_LIST: {
            auto* list = reinterpret_cast<KtList*>(object);
            const KtTypeInfo* element = type->args[0];
            if (element->has_refs) {
                // Backwards, as CPython does.
                char* at = static_cast<char*>(list->data) + list->length * static_cast<int64_t>(element->size);
                for (int64_t i = 0; i < list->length; ++i) kt_value_release(element, at -= element->size);
            }
            kt_free(block_of(list));
            break;
        }
        case KT_KIND_DICT:
        case KT_KIND_SET: table_destroy(reinterpret_cast<KtDict*>(object)); break;
        case KT_KIND_TUPLE: value_release(type, reinterpret_cast<KtBox*>(object)->data); break;
        case kKindCell: value_release(type->args[0], reinterpret_cast<KtCell*>(object)->value); break;
        case KT_KIND_ITERATOR: {
            auto* generator = reinterpret_cast<KtGenerator*>(object);
            generator->drop(generator);
            break;
        }
        case KT_KIND_FUNCTION: {
            auto* closure = reinterpret_cast<KtClosure*>(object);
            if (closure->drop != nullptr) closure->drop(closure);
            break;
        }
        case KT_KIND_CLASS:
            if (defer_destruction(object)) return;
            if (type->ops != nullptr && type->ops->drop != nullptr)
                type->ops->drop(object);
            else
                release_fields(type, object);
            break;
        case KT_KIND_EXCEPTION:
            if (defer_destruction(object)) return;
            drop_exception(reinterpret_cast<KtException*>(object));
            if (type->ops != nullptr && type->ops->drop != nullptr)
                type->ops->drop(object);
            else
                release_fields(type, object);
            break;
        case KT_KIND_HANDLE: {
            auto* handle = reinterpret_cast<KtHandle*>(object);
            if (handle->data != nullptr && handle->drop_data != nullptr) handle->drop_data(handle);
            if (handle->owners != nullptr && handle->drop_owners != nullptr) handle->drop_owners(handle->owners);
            break;
        }
        case KT_KIND_FILE: file_destroy(reinterpret_cast<KtFile*>(object)); break;
        default: break;
    }
    constexpr uint32_t kWaiting = 1u << KT_KIND_ITERATOR | 1u << KT_KIND_FILE | 1u << KT_KIND_HANDLE;
    if ((kWaiting >> type->kind & 1u) != 0) --vm.waiting_for_end;
    object_free(object);
}

void* slab_alloc(size_t size) {
    void* block = slabs::cyclic.allocate(size);
    if (block == nullptr && use_reserve(size)) block = slabs::cyclic.allocate(size);
    if (block == nullptr) out_of_memory(size);
    return block;
}

// For an object that no cycle goes through.
void* leaf_alloc(size_t size) {
    if (size > slabs::Heap::kSmall) return kt_alloc(size);
    void* block = slabs::leaves.allocate(size);
    return block != nullptr ? block : kt_alloc(size);
}

void* start_object(void* block, const KtTypeInfo* type) {
    auto* object = static_cast<KtObject*>(block);
    object->refcount = 1;
    object->type = type;
    if (vm.leak_check) count_made(type);
    return object;
}

// The whole slot, as closures are walked to its end.
void* slab_alloc_zeroed(const KtTypeInfo* type, size_t size) {
    void* block = slab_alloc(size);
    std::memset(block, 0, slabs::size_of(block));
    return start_object(block, type);
}

// The dead are linked through their refcount, which nobody reads any more.
void bury(KtObject* object) {
    object->refcount = reinterpret_cast<int64_t>(vm.dead);
    vm.dead = object;
}

// Of a KtValue: scalars are no objects, nor are classes themselves.
bool holds_object(const KtTypeInfo* type) {
    return type != nullptr && type->kind >= KT_KIND_STR && type->kind != KT_KIND_TYPE;
}

}  // namespace

void* kt_alloc(size_t size) {
    void* block = std::malloc(size);
    if (block == nullptr && use_reserve(size)) block = std::malloc(size);
    if (block == nullptr) out_of_memory(size);
    if (size >= kLargeBlock) note_large_block(size);
    return block;
}

void* kt_alloc_zeroed(size_t size) {
    void* block = std::calloc(1, size);
    if (block == nullptr && use_reserve(size)) block = std::calloc(1, size);
    if (block == nullptr) out_of_memory(size);
    return block;
}

void* kt_realloc(void* block, size_t size) {
    void* moved = std::realloc(block, size);
    if (moved == nullptr && use_reserve(size)) moved = std::realloc(block, size);
    if (moved == nullptr) out_of_memory(size);
    if (size >= kLargeBlock) note_large_block(size);
    return moved;
}

void* kt_try_alloc(size_t size) {
    return std::malloc(size);
}

void* kt_try_realloc(void* block, size_t size) {
    void* moved = std::realloc(block, size);
    if (moved != nullptr && size >= kLargeBlock) note_large_block(size);
    return moved;
}

int32_t check_room(size_t size) {
    if (size < kReserve / 8) return KT_OK;
    void* room = std::malloc(size);
    std::free(room);
    return room != nullptr ? int32_t{KT_OK} : raise_no_memory(size);
}

int32_t raise_no_memory(size_t size) {
    return raise(Exc::MemoryError, no_memory_text(size));
}

void keep_reserve() {
    reserve.wanted = true;
    (void)restore_reserve();
}

bool restore_reserve() {
    if (!reserve.wanted || reserve.block != nullptr) return true;
    void* block = ::mmap(nullptr, kReserve, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED) return false;
    reserve.block = block;
    return true;
}

void request_memory_error(size_t size) {
    reserve.failed = size;
    request(kMemoryRequest | kReserveRequest);
}

int32_t raise_memory_error() {
    return raise_no_memory(reserve.failed);
}

void kt_free(void* block) {
    std::free(block);
}

size_t object_usable_size(const void* object) {
    return slabs::leaves.contains(object) ? slabs::size_of(object) : malloc_usable_size(const_cast<void*>(object));
}

void* object_resize(void* object, size_t size) {
    if (!slabs::leaves.contains(object)) return kt_realloc(object, size);
    void* moved = leaf_alloc(size);
    std::memcpy(moved, object, std::min(size, slabs::size_of(object)));
    slabs::leaves.free(object);
    return moved;
}

void* object_alloc(const KtTypeInfo* type, size_t size) {
    return start_object(is_cyclic(type) ? slab_alloc(size) : leaf_alloc(size), type);
}

void* object_alloc_zeroed(const KtTypeInfo* type, size_t size) {
    if (is_cyclic(type)) return slab_alloc_zeroed(type, size);
    if (size > slabs::Heap::kSmall) return start_object(kt_alloc_zeroed(size), type);
    void* block = leaf_alloc(size);
    std::memset(block, 0, size);
    return start_object(block, type);
}

void object_free(void* object) {
    if (vm.leak_check) count_ended(static_cast<KtObject*>(object)->type);
    if (slabs::cyclic.contains(object))
        slabs::cyclic.free(object);
    else if (slabs::leaves.contains(object))
        slabs::leaves.free(object);
    else
        kt_free(object);
}

KtValue make_value(const KtTypeInfo* type, const void* value) {
    switch (type->kind) {
        case KT_KIND_NONE: return {&kt_type_none, 0};
        case KT_KIND_UNION:
        case KT_KIND_DYNAMIC: {
            KtValue copy;
            std::memcpy(&copy, value, sizeof copy);
            kt_value_retain(&kt_type_dynamic, &copy);
            return copy;
        }
        case KT_KIND_TUPLE:
        case KT_KIND_RANGE:
        case KT_KIND_SLICE: return {type, reinterpret_cast<uint64_t>(kt_box_new(type, value))};
        case KT_KIND_BOOL: return {type, *static_cast<const uint8_t*>(value)};
        default: break;
    }
    uint64_t payload;
    std::memcpy(&payload, value, sizeof payload);
    if (!is_pointer_kind(type->kind)) return {type, payload};
    auto* object = reinterpret_cast<KtObject*>(payload);
    if (object == nullptr) return {&kt_type_none, 0};
    retain(object);
    return {dynamic_type(type, value), payload};
}

extern "C" {

void kt_dealloc(void* object) {
    if (vm.dealloc_depth >= kMaxDeallocDepth) {
        bury(static_cast<KtObject*>(object));
        return;
    }
    ++vm.dealloc_depth;
    destroy(static_cast<KtObject*>(object));
    if (vm.dealloc_depth == 1) {
        while (vm.dead != nullptr) {
            KtObject* next = vm.dead;
            vm.dead = reinterpret_cast<KtObject*>(next->refcount);
            destroy(next);
        }
    }
    --vm.dealloc_depth;
}

void kt_retain(void* object) {
    retain(object);
}

void kt_release(void* object) {
    release(object);
}

void kt_retain_value(const KtTypeInfo* type, int64_t payload) {
    if (holds_object(type)) retain(reinterpret_cast<void*>(payload));
}

void kt_release_value(const KtTypeInfo* type, int64_t payload) {
    if (holds_object(type)) release(reinterpret_cast<void*>(payload));
}

void kt_value_retain(const KtTypeInfo* type, const void* value) {
    switch (type->kind) {
        case KT_KIND_UNION:
        case KT_KIND_DYNAMIC: {
            const auto* held = static_cast<const KtValue*>(value);
            if (held->type != nullptr && (held->type->has_refs || is_boxed_kind(held->type->kind)))
                retain(reinterpret_cast<void*>(held->payload));
            break;
        }
        case KT_KIND_TUPLE:
            for (uint32_t i = 0; i < type->args_count; ++i)
                value_retain(type->args[i], static_cast<const char*>(value) + type->offsets[i]);
            break;
        default:
            if (is_pointer_kind(type->kind)) retain(*static_cast<void* const*>(value));
            break;
    }
}

void kt_value_release(const KtTypeInfo* type, const void* value) {
    switch (type->kind) {
        case KT_KIND_UNION:
        case KT_KIND_DYNAMIC: {
            const auto* held = static_cast<const KtValue*>(value);
            if (held->type != nullptr && (held->type->has_refs || is_boxed_kind(held->type->kind)))
                release(reinterpret_cast<void*>(held->payload));
            break;
        }
        case KT_KIND_TUPLE:
            for (uint32_t i = 0; i < type->args_count; ++i)
                value_release(type->args[i], static_cast<const char*>(value) + type->offsets[i]);
            break;
        default:
            if (is_pointer_kind(type->kind)) release(*static_cast<void* const*>(value));
            break;
    }
}

KtBox* kt_box_new(const KtTypeInfo* type, const void* value) {
    auto* box = static_cast<KtBox*>(object_alloc(type, sizeof(KtBox) + type->size));
    value_copy(type, box->data, value);
    return box;
}

void* kt_object_new(const KtTypeInfo* type) {
    return object_alloc_zeroed(type, type->object_size);
}

KtClosure* kt_closure_new(void* code, void (*drop)(KtClosure*), int64_t captures) {
    const size_t size = sizeof(KtClosure) + static_cast<size_t>(captures);
    // What a closure captures may hold the closure.
    auto* closure = static_cast<KtClosure*>(captures > 0 ? slab_alloc_zeroed(&kTypeFunction, size)
                                                         : object_alloc_zeroed(&kTypeFunction, size));
    closure->code = code;
    closure->drop = drop;
    return closure;
}

KtCell* kt_cell_new(const KtTypeInfo* type) {
    return static_cast<KtCell*>(object_alloc_zeroed(cell_of(type), sizeof(KtCell) + type->size));
}

void kt_handle_drop_borrow(void* object) {
    release(object);
}

}  // extern "C"

}  // namespace kayton
