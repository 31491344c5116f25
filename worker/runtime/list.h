// What the runtime itself does with lists, beside the functions of runtime.h. Used by the VM's one thread.
#pragma once

#include "shared/kayton_api.h"
#include "worker/runtime/memory.h"

namespace kayton {

[[nodiscard]] inline const KtTypeInfo* element_type(const KtList* list) {
    return list->base.type->args[0];
}
[[nodiscard]] inline char* element_at(const KtList* list, int64_t index) {
    return static_cast<char*>(list->data) + index * static_cast<int64_t>(element_type(list)->size);
}
// A list as it lies in memory. What is taken from its front leaves a gap before `data`, in the same block: a queue costs
// no more than a stack. `capacity` counts from `data`.
struct ListObject {
    KtList list;
    int64_t gap;  // bytes
};
[[nodiscard]] inline int64_t& gap_of(KtList* list) {
    return reinterpret_cast<ListObject*>(list)->gap;
}
[[nodiscard]] inline char* block_of(KtList* list) {
    return static_cast<char*>(list->data) - gap_of(list);
}
void list_reserve(KtList* list, int64_t capacity);

// Appends a pointer the list takes over. REQUIRES: elements are pointers.
inline void list_push_owned(KtList* list, void* object) {
    if (list->length == list->capacity) kt_list_grow(list);
    static_cast<void**>(list->data)[list->length++] = object;
}

}  // namespace kayton
