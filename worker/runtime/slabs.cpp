#include "worker/runtime/slabs.h"

#include <sys/mman.h>

#include <algorithm>

#include "worker/runtime/cycles.h"

// With AddressSanitizer, what lies behind a free slot's header may not be touched, and slots count as places that memory
// is reachable from.
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace kayton::slabs {

Heap cyclic, leaves;

namespace {

constexpr size_t kReserved = size_t{1} << 40;  // addresses only
constexpr size_t kLeastCommit = size_t{256} << 10;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kSmall = Heap::kSmall;  // up to here sizes go by 16
constexpr size_t kLargest = 16 << 10;  // of a slot

// Sizes above kSmall: four to a power of two.
size_t class_of(size_t size) {
    if (size <= kSmall) return (size + 15) / 16;
    const auto top = static_cast<size_t>(63 - __builtin_clzll(size - 1));  // size is in (2^top, 2^(top+1)]
    const size_t quarter = (size - 1) >> (top - 2) & 3;
    return kSmall / 16 + (top - 9) * 4 + quarter + 1;
}
size_t size_of_class(size_t index) {
    if (index <= kSmall / 16) return index * 16;
    const size_t above = index - kSmall / 16 - 1;
    return (size_t{1} << (9 + above / 4)) / 4 * (5 + above % 4);
}

void register_root_region([[maybe_unused]] const void* start, [[maybe_unused]] size_t size) {
#if defined(__SANITIZE_ADDRESS__)
    __lsan_register_root_region(start, size);
#endif
}

// A free slot: the words of an object's header.
struct __attribute__((may_alias)) FreeSlot {
    int64_t no_count;
    KtObject* next;
};
KtObject*& link_of(KtObject* slot) {
    return reinterpret_cast<FreeSlot*>(slot)->next;
}

}  // namespace

bool Heap::reserve() {
    for (size_t size = kReserved; size >= kHugePage * 64; size /= 4) {
        void* range = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (range == MAP_FAILED) continue;
        const auto address = reinterpret_cast<uintptr_t>(range);
        const uintptr_t start = (address + kHugePage - 1) & ~(kHugePage - 1);
        base = reinterpret_cast<char*>(start);
        reserved = (size - (start - address)) & ~(kPageSize - 1);
        return true;
    }
    return false;
}

// Makes the range up to `end` writable, in steps that grow with it; large pages once it is worth it.
bool Heap::commit(size_t up_to) {
    if (up_to <= committed) return true;
    if (up_to > reserved) return false;
    size_t step = std::clamp(committed / 4, kLeastCommit, kHugePage * 8);
    if (committed + step >= kHugePage) step = (step + kHugePage - 1) & ~(kHugePage - 1);
    for (size_t wanted : {std::max(up_to, committed + step), up_to}) {
        wanted = std::min(wanted, reserved);
        char* from = base + committed;
        if (::mprotect(from, wanted - committed, PROT_READ | PROT_WRITE) != 0) continue;
        if (wanted - committed >= kHugePage) ::madvise(from, wanted - committed, MADV_HUGEPAGE);
        register_root_region(from, wanted - committed);
        committed = wanted;
        return true;
    }
    return false;
}

Page* Heap::take_span(size_t pages) {
    const auto kept = spans.find(pages);
    Page* page = nullptr;
    if (kept != spans.end()) {
        page = kept->second;
        if (page->next != nullptr)
            kept->second = page->next;
        else
            spans.erase(kept);
    } else {
        if (base == nullptr && !reserve()) return nullptr;
        if (!commit(end + pages * kPageSize)) return nullptr;
        page = reinterpret_cast<Page*>(base + end);
        end += pages * kPageSize;
    }
    ASAN_UNPOISON_MEMORY_REGION(page, pages * kPageSize);
    *page = Page{};
    page->span = static_cast<uint32_t>(pages);
    pages_used += pages;
    if (this == &cyclic) consider_collection();
    return page;
}

void Heap::give_span_back(Page* page) {
    const size_t pages = page->span;
    pages_used -= pages;
    char* start = reinterpret_cast<char*>(page);
    // The pages behind the first are zero again: pages that are not in use.
    if (pages > 1) ::madvise(start + kPageSize, (pages - 1) * kPageSize, MADV_DONTNEED);
    Page*& first = spans[pages];
    *page = Page{};
    page->next = first;
    first = page;
}

void Heap::link(Page* page) {
    Page*& first = room[page->size_class];
    page->previous = nullptr;
    page->next = first;
    if (first != nullptr) first->previous = page;
    first = page;
}

void Heap::unlink(Page* page) {
    if (page->next != nullptr) page->next->previous = page->previous;
    if (page->previous != nullptr)
        page->previous->next = page->next;
    else
        room[page->size_class] = page->next;
    page->next = page->previous = nullptr;
}

void* Heap::allocate_large(size_t size) {
    Page* page = take_span((size + kPageHead + kPageSize - 1) / kPageSize);
    if (page == nullptr) return nullptr;
    page->slot_size = static_cast<uint32_t>(page->span * kPageSize - kPageHead);
    page->slot_count = page->opened = page->used = 1;
    return reinterpret_cast<char*>(page) + kPageHead;
}

Page* Heap::new_page(size_t size_class) {
    Page* page = take_span(1);
    if (page == nullptr) return nullptr;
    page->slot_size = static_cast<uint32_t>(size_of_class(size_class));
    page->slot_count = static_cast<uint32_t>((kPageSize - kPageHead) / page->slot_size);
    page->size_class = static_cast<uint32_t>(size_class);
    link(page);
    return page;
}

void* Heap::allocate(size_t size) {
    if (size > kLargest) return allocate_large(size);
    const size_t index = class_of(size);
    Page* page = room[index];
    if (page == nullptr) {
        page = new_page(index);
        if (page == nullptr) return nullptr;
    }
    KtObject* slot = page->free;
    if (slot != nullptr) {
        page->free = link_of(slot);
    } else {
        slot = reinterpret_cast<KtObject*>(reinterpret_cast<char*>(page) + kPageHead +
                                           size_t{page->opened} * page->slot_size);
        ++page->opened;
    }
    if (++page->used == page->slot_count) unlink(page);
    ASAN_UNPOISON_MEMORY_REGION(slot, page->slot_size);
    return slot;
}

void Heap::free(void* object) {
    Page* page = page_of(object);
    if (page->slot_count == 1) {
        give_span_back(page);
        return;
    }
    auto* slot = static_cast<KtObject*>(object);
    slot->refcount = 0;
    link_of(slot) = page->free;
    page->free = slot;
    ASAN_POISON_MEMORY_REGION(slot + 1, page->slot_size - sizeof(KtObject));
    if (page->used-- == page->slot_count) {
        link(page);
    } else if (page->used == 0 && (page->next != nullptr || page->previous != nullptr)) {
        unlink(page);  // another page of the size has room
        give_span_back(page);
    }
}

}  // namespace kayton::slabs
