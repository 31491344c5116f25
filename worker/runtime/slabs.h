// Two heaps of objects: slots of one size each in pages of one reserved range. In `cyclic` lie those that can be part of
// cycles, all of them: so the collector can walk them and knows them by their address, and an object carries nothing for
// it. In `leaves` lie the small ones of the others, strings above all; the large ones are the C library's.
// A free slot has a reference count of 0; its second word links it. Used by the VM's one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>

#include "shared/kayton_api.h"

namespace kayton::slabs {

constexpr size_t kPageSize = size_t{64} << 10;
constexpr size_t kMostSlots = 65;  // sizes of slots

// The head of a page. An object larger than any slot has pages of its own: `span` of them.
struct Page {
    uint32_t slot_size;
    uint32_t slot_count;
    uint32_t opened;  // slots that were ever given out
    uint32_t used;
    uint32_t size_class;
    uint32_t span;  // pages; 0: the page is not in use
    KtObject* free;
    Page* next;  // with room, of the same size class; or free, of the same span
    Page* previous;
};
constexpr size_t kPageHead = 64;
static_assert(sizeof(Page) <= kPageHead);

struct Heap {
    char* base = nullptr;
    size_t reserved = 0;           // bytes
    size_t end = 0;                // bytes that have been pages
    size_t committed = 0;          // bytes that may be written
    size_t pages_used = 0;
    Page* room[kMostSlots] = {};   // pages with a free slot, by size class
    std::map<size_t, Page*> spans; // pages not in use, by how many lie together

    // Bytes whose slots share a page; a larger object has pages of its own.
    static constexpr size_t kSmall = 512;

    // The object's header is not set; the rest is uninitialised. NULL when there is no memory.
    [[nodiscard]] void* allocate(size_t size);
    void free(void* object);
    [[nodiscard]] bool contains(const void* object) const {
        return static_cast<size_t>(static_cast<const char*>(object) - base) < end;
    }

  private:
    bool reserve();
    bool commit(size_t up_to);
    Page* take_span(size_t pages);
    void give_span_back(Page* page);
    void link(Page* page);
    void unlink(Page* page);
    void* allocate_large(size_t size);
    Page* new_page(size_t size_class);
};
extern Heap cyclic, leaves;

[[nodiscard]] inline Page* page_of(const void* object) {
    const auto address = reinterpret_cast<uintptr_t>(object);
    return reinterpret_cast<Page*>(address & ~(kPageSize - 1));
}
// Bytes of the object's slot, which are at least what was asked for.
[[nodiscard]] inline size_t size_of(const void* object) {
    return page_of(object)->slot_size;
}

template <typename Visit>
void for_each_page(const Heap& heap, Visit visit) {
    for (size_t at = 0; at < heap.end;) {
        auto* page = reinterpret_cast<Page*>(heap.base + at);
        if (page->span != 0) visit(page);
        at += std::max<size_t>(page->span, 1) * kPageSize;
    }
}

// Every object of the heap, in the order of addresses. `visit` neither makes nor frees any.
template <typename Visit>
void for_each(const Heap& heap, Visit visit) {
    for_each_page(heap, [&visit](Page* page) {
        char* slot = reinterpret_cast<char*>(page) + kPageHead;
        for (uint32_t i = 0; i < page->opened; ++i, slot += page->slot_size) {
            auto* object = reinterpret_cast<KtObject*>(slot);
            if (object->refcount != 0) visit(object);
        }
    });
}

}  // namespace kayton::slabs
