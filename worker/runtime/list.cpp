#include "worker/runtime/list.h"

#include <algorithm>

#include "worker/runtime/compare.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/str.h"
#include "worker/runtime/type_registry.h"

namespace kayton {

namespace {

int64_t bytes_of(const KtList* list, int64_t count) {
    return count * static_cast<int64_t>(element_type(list)->size);
}

void retain_range(const KtList* list, int64_t first, int64_t count) {
    const KtTypeInfo* type = element_type(list);
    if (!type->has_refs) return;
    for (int64_t i = 0; i < count; ++i) kt_value_retain(type, element_at(list, first + i));
}

// Moves the elements to the beginning of their block.
void close_front(KtList* list) {
    const int64_t gap = gap_of(list);
    if (gap == 0) return;
    char* block = block_of(list);
    std::memmove(block, list->data, static_cast<size_t>(bytes_of(list, list->length)));
    list->data = block;
    list->capacity += gap / static_cast<int64_t>(element_type(list)->size);
    gap_of(list) = 0;
}

// The first elements are taken out.
void drop_front(KtList* list, int64_t count) {
    const int64_t bytes = bytes_of(list, count);
    list->data = static_cast<char*>(list->data) + bytes;
    gap_of(list) += bytes;
    list->capacity -= count;
    list->length -= count;
    if (list->length == 0) close_front(list);
}

// Makes room for one element before the first: of lists that are not short as much as they hold, so that the next ones
// find it.
char* open_front(KtList* list) {
    const int64_t size = static_cast<int64_t>(element_type(list)->size);
    if (gap_of(list) == 0) {
        const int64_t room = list->length;
        auto* block = static_cast<char*>(kt_alloc(static_cast<size_t>(bytes_of(list, room + list->capacity))));
        std::memcpy(block + room * size, list->data, static_cast<size_t>(bytes_of(list, list->length)));
        kt_free(list->data);
        list->data = block + room * size;
        gap_of(list) = room * size;
    }
    list->data = static_cast<char*>(list->data) - size;
    gap_of(list) -= size;
    ++list->capacity;
    ++list->length;
    return static_cast<char*>(list->data);
}

// Makes room for count elements at the index, uninitialised.
char* open_gap(KtList* list, int64_t index, int64_t count) {
    constexpr int64_t kShort = 16;
    if (index == 0 && count == 1 && list->length >= kShort) return open_front(list);
    if (list->length + count > list->capacity)
        list_reserve(list, std::max(list->length + count, list->capacity + list->capacity / 2));
    char* at = element_at(list, index);
    std::memmove(at + bytes_of(list, count), at, static_cast<size_t>(bytes_of(list, list->length - index)));
    list->length += count;
    return at;
}

// Takes out count elements, which are released after the list is whole again.
void close_gap(KtList* list, int64_t index, int64_t count) {
    if (count == 0) return;
    const KtTypeInfo* type = element_type(list);
    char* at = element_at(list, index);
    const auto size = static_cast<size_t>(bytes_of(list, count));
    void* removed = nullptr;
    if (type->has_refs) {
        removed = kt_alloc(size);
        std::memcpy(removed, at, size);
    }
    if (index == 0) {
        drop_front(list, count);
    } else {
        std::memmove(at, at + size, static_cast<size_t>(bytes_of(list, list->length - index - count)));
        list->length -= count;
    }
    if (removed == nullptr) return;
    for (int64_t i = 0; i < count; ++i)
        kt_value_release(type, static_cast<char*>(removed) + i * static_cast<int64_t>(type->size));
    kt_free(removed);
}

bool normal_index(const KtList* list, int64_t& index) {
    if (index < 0) index += list->length;
    return index >= 0 && index < list->length;
}

// Index of the first equal element in the bounds, or -1; which may be KT_ERROR's.
int32_t find_element(KtList* list, const void* value, int64_t start, int64_t stop, int64_t* out) {
    const KtTypeInfo* type = element_type(list);
    *out = -1;
    if (type->kind == KT_KIND_INT) {
        const auto* items = static_cast<const int64_t*>(list->data);
        const int64_t wanted = *static_cast<const int64_t*>(value);
        for (int64_t i = start; i < stop; ++i)
            if (items[i] == wanted) {
                *out = i;
                break;
            }
        return KT_OK;
    }
    if (type->kind == KT_KIND_STR) {
        auto* const* items = static_cast<KtStr* const*>(list->data);
        auto* wanted = *static_cast<KtStr* const*>(value);
        for (int64_t i = start; i < stop; ++i)
            if (kt_str_eq(items[i], wanted)) {
                *out = i;
                break;
            }
        return KT_OK;
    }
    for (int64_t i = start; i < stop && i < list->length; ++i) {
        bool equal = false;
        if (equal_values(type, element_at(list, i), type, value, &equal) != KT_OK) return KT_ERROR;
        if (equal) {
            *out = i;
            break;
        }
    }
    return KT_OK;
}

}  // namespace

void list_reserve(KtList* list, int64_t capacity) {
    if (capacity <= list->capacity) return;
    close_front(list);
    if (capacity <= list->capacity) return;
    list->data = kt_realloc(list->data, static_cast<size_t>(std::max<int64_t>(1, bytes_of(list, capacity))));
    list->capacity = capacity;
}

extern "C" {

KtList* kt_list_new(const KtTypeInfo* type, int64_t capacity) {
    auto* list = static_cast<KtList*>(object_alloc(type, sizeof(ListObject)));
    gap_of(list) = 0;
    list->length = 0;
    list->capacity = 0;
    list->data = nullptr;
    if (capacity > 0) list_reserve(list, capacity);
    return list;
}

void kt_list_grow(KtList* list) {
    const bool enough = gap_of(list) >= bytes_of(list, list->length);
    close_front(list);
    if (enough && list->length < list->capacity) return;
    const int64_t wanted = list->capacity < 4 ? 4 : list->capacity + list->capacity / 2 + 2;
    const auto bytes = static_cast<size_t>(std::max<int64_t>(1, bytes_of(list, wanted)));
    if (void* moved = kt_try_realloc(list->data, bytes)) {
        list->data = moved;
        list->capacity = wanted;
        return;
    }
    // Nobody takes an error here: the least that will do, and MemoryError at the next safe point.
    request_memory_error(bytes);
    list_reserve(list, list->capacity + 16);
}

void kt_list_append(KtList* list, const void* value) {
    if (list->length == list->capacity) {
        const KtTypeInfo* type = element_type(list);
        // The value may be an element of this list, which moves.
        alignas(16) char copy[64];
        if (type->size <= sizeof copy) {
            std::memcpy(copy, value, type->size);
            kt_list_grow(list);
            value_copy(type, element_at(list, list->length++), copy);
            return;
        }
        auto* large = static_cast<char*>(kt_alloc(type->size));
        std::memcpy(large, value, type->size);
        kt_list_grow(list);
        value_copy(type, element_at(list, list->length++), large);
        kt_free(large);
        return;
    }
    value_copy(element_type(list), element_at(list, list->length), value);
    ++list->length;
}

int32_t kt_list_get(KtList* list, int64_t index, void* out) {
    if (!normal_index(list, index)) return raise(Exc::IndexError, "list index out of range");
    value_copy(element_type(list), out, element_at(list, index));
    return KT_OK;
}

int32_t kt_list_set(KtList* list, int64_t index, const void* value) {
    if (!normal_index(list, index)) return raise(Exc::IndexError, "list assignment index out of range");
    const KtTypeInfo* type = element_type(list);
    char* at = element_at(list, index);
    if (!type->has_refs) {
        std::memmove(at, value, type->size);
        return KT_OK;
    }
    kt_value_retain(type, value);
    alignas(16) char small[64];
    char* old = type->size <= sizeof small ? small : static_cast<char*>(kt_alloc(type->size));
    std::memcpy(old, at, type->size);
    std::memmove(at, value, type->size);
    kt_value_release(type, old);
    if (old != small) kt_free(old);
    return KT_OK;
}

void kt_list_insert(KtList* list, int64_t index, const void* value) {
    if (index < 0) index = std::max<int64_t>(0, index + list->length);
    index = std::min(index, list->length);
    const KtTypeInfo* type = element_type(list);
    auto* copy = static_cast<char*>(kt_alloc(type->size + 1));
    value_copy(type, copy, value);
    std::memcpy(open_gap(list, index, 1), copy, type->size);
    kt_free(copy);
}

int32_t kt_list_pop(KtList* list, int64_t index, void* out) {
    if (list->length == 0) return raise(Exc::IndexError, "pop from empty list");
    if (index == kAbsent) index = -1;
    if (!normal_index(list, index)) return raise(Exc::IndexError, "pop index out of range");
    const KtTypeInfo* type = element_type(list);
    char* at = element_at(list, index);
    std::memcpy(out, at, type->size);
    if (index == 0) {
        drop_front(list, 1);
        return KT_OK;
    }
    std::memmove(at, at + type->size, static_cast<size_t>(bytes_of(list, list->length - index - 1)));
    --list->length;
    return KT_OK;
}

int32_t kt_list_del(KtList* list, int64_t index) {
    if (!normal_index(list, index)) return raise(Exc::IndexError, "list assignment index out of range");
    close_gap(list, index, 1);
    return KT_OK;
}

int32_t kt_list_remove(KtList* list, const void* value) {
    int64_t at;
    if (find_element(list, value, 0, list->length, &at) != KT_OK) return KT_ERROR;
    if (at < 0) return raise(Exc::ValueError, "list.remove(x): x not in list");
    close_gap(list, at, 1);
    return KT_OK;
}

void kt_list_extend(KtList* list, KtList* more) {
    const int64_t count = more->length;
    if (count == 0) return;
    const int64_t first = list->length;
    open_gap(list, first, count);
    std::memcpy(element_at(list, first), more->data, static_cast<size_t>(bytes_of(list, count)));
    retain_range(list, first, count);
}

int32_t kt_list_concat(KtList* a, KtList* b, KtList** out) {
    if (check_room(static_cast<size_t>(bytes_of(a, a->length + b->length))) != KT_OK) return KT_ERROR;
    KtList* made = kt_list_new(a->base.type, a->length + b->length);
    kt_list_extend(made, a);
    kt_list_extend(made, b);
    *out = made;
    return KT_OK;
}

int32_t kt_list_repeat(KtList* list, int64_t times, KtList** out) {
    if (times < 0) times = 0;
    const int64_t count = list->length;
    const int64_t size = std::max<int64_t>(1, element_type(list)->size);
    if (times > 0 && count > 0 && times > (int64_t{1} << 40) / size / count) return raise(Exc::MemoryError, "");
    if (check_room(static_cast<size_t>(count * times * size)) != KT_OK) return KT_ERROR;
    KtList* made = kt_list_new(list->base.type, count * times);
    if (count == 1 && size == 8) {
        std::fill_n(static_cast<int64_t*>(made->data), times, *static_cast<const int64_t*>(list->data));
    } else {
        for (int64_t i = 0; i < times && count > 0; ++i)
            std::memcpy(element_at(made, i * count), list->data, static_cast<size_t>(bytes_of(list, count)));
    }
    made->length = count * times;
    retain_range(made, 0, made->length);
    *out = made;
    return KT_OK;
}

int32_t kt_list_slice(KtList* list, int64_t start, int64_t stop, int64_t step, KtList** out) {
    if (step == 0) return raise(Exc::ValueError, "slice step cannot be zero");
    if (step == kAbsent) step = 1;
    const int64_t count = slice_indices(list->length, start, stop, step);
    if (check_room(static_cast<size_t>(bytes_of(list, count))) != KT_OK) return KT_ERROR;
    KtList* made = kt_list_new(list->base.type, count);
    const auto size = static_cast<size_t>(element_type(list)->size);
    if (step == 1 && count > 0) {
        std::memcpy(made->data, element_at(list, start), static_cast<size_t>(bytes_of(list, count)));
    } else {
        for (int64_t i = 0; i < count; ++i) std::memcpy(element_at(made, i), element_at(list, start + i * step), size);
    }
    made->length = count;
    retain_range(made, 0, count);
    *out = made;
    return KT_OK;
}

int32_t kt_list_set_slice(KtList* list, int64_t start, int64_t stop, int64_t step, KtList* values) {
    if (step == 0) return raise(Exc::ValueError, "slice step cannot be zero");
    if (step == kAbsent) step = 1;
    const int64_t count = slice_indices(list->length, start, stop, step);
    Ref<KtList> source(list == values ? kt_list_copy(values) : (retain(values), values));
    const int64_t incoming = source->length;
    if (step == 1) {
        retain_range(source.get(), 0, incoming);
        // What is replaced leaves through close_gap, after which the new elements are put in.
        close_gap(list, start, count);
        start = std::min(start, list->length);
        if (incoming > 0)
            std::memcpy(open_gap(list, start, incoming), source->data, static_cast<size_t>(bytes_of(list, incoming)));
        return KT_OK;
    }
    if (incoming != count)
        return raise_format(Exc::ValueError, "attempt to assign sequence of size {} to extended slice of size {}",
                            incoming, count);
    for (int64_t i = 0; i < count; ++i)
        if (kt_list_set(list, start + i * step, element_at(source.get(), i)) != KT_OK) return KT_ERROR;
    return KT_OK;
}

int32_t kt_list_del_slice(KtList* list, int64_t start, int64_t stop, int64_t step) {
    if (step == 0) return raise(Exc::ValueError, "slice step cannot be zero");
    if (step == kAbsent) step = 1;
    const int64_t count = slice_indices(list->length, start, stop, step);
    if (count == 0) return KT_OK;
    if (step < 0) {
        start += (count - 1) * step;
        step = -step;
    }
    if (step == 1) {
        close_gap(list, start, count);
        return KT_OK;
    }
    for (int64_t i = count - 1; i >= 0; --i) close_gap(list, start + i * step, 1);
    return KT_OK;
}

int32_t kt_list_find(KtList* list, const void* value, int64_t start, int64_t stop, int64_t* out) {
    clamp_bounds(list->length, start, stop);
    int64_t at;
    if (find_element(list, value, start, stop, &at) != KT_OK) return KT_ERROR;
    if (at >= 0) {
        *out = at;
        return KT_OK;
    }
    Ref<KtStr> shown;
    if (kt_repr(element_type(list), value, shown.out()) != KT_OK) return KT_ERROR;
    const std::string_view flavour = flavour_of(list->base.type);
    if (flavour == "tuple") return raise(Exc::ValueError, "tuple.index(x): x not in tuple");
    return raise_format(Exc::ValueError, "{} is not in {}", view(shown.get()), flavour);
}

int32_t kt_list_count(KtList* list, const void* value, int64_t* out) {
    const KtTypeInfo* type = element_type(list);
    int64_t count = 0;
    for (int64_t i = 0; i < list->length; ++i) {
        bool equal = false;
        if (equal_values(type, element_at(list, i), type, value, &equal) != KT_OK) return KT_ERROR;
        count += equal;
    }
    *out = count;
    return KT_OK;
}

int32_t kt_list_contains(KtList* list, const void* value, uint8_t* out) {
    int64_t at;
    if (find_element(list, value, 0, list->length, &at) != KT_OK) return KT_ERROR;
    *out = at >= 0;
    return KT_OK;
}

void kt_list_reverse(KtList* list) {
    const auto size = static_cast<size_t>(element_type(list)->size);
    if (list->length < 2) return;
    if (size == 8) {
        auto* items = static_cast<uint64_t*>(list->data);
        std::reverse(items, items + list->length);
        return;
    }
    char* low = element_at(list, 0);
    char* high = element_at(list, list->length - 1);
    for (; low < high; low += size, high -= size) std::swap_ranges(low, low + size, high);
}

KtList* kt_list_copy(KtList* list) {
    KtList* made = kt_list_new(list->base.type, list->length);
    kt_list_extend(made, list);
    return made;
}

void kt_list_clear(KtList* list) {
    const KtTypeInfo* type = element_type(list);
    char* data = static_cast<char*>(list->data);
    char* block = block_of(list);
    const int64_t count = list->length;
    list->data = nullptr;
    list->length = list->capacity = gap_of(list) = 0;
    if (type->has_refs)
        for (int64_t i = 0; i < count; ++i) kt_value_release(type, data + i * static_cast<int64_t>(type->size));
    kt_free(block);
}

KtList* kt_list_from_str(KtStr* text) {
    KtList* list = kt_list_new(type_list_str(), text->length);
    int64_t offset = 0;
    while (KtStr* one = kt_str_next(text, &offset)) list_push_owned(list, one);
    return list;
}

KtList* kt_list_from_bytes(KtBytes* bytes) {
    KtList* list = kt_list_new(type_list_int(), bytes->length);
    std::copy_n(bytes->data, bytes->length, static_cast<int64_t*>(list->data));
    list->length = bytes->length;
    return list;
}

int32_t kt_list_from_range(int64_t start, int64_t stop, int64_t step, KtList** out) {
    if (step == 0) return raise(Exc::ValueError, "range() arg 3 must not be zero");
    const int64_t count = range_length({start, stop, step});
    if (count > int64_t{1} << 37) return raise(Exc::MemoryError, "");
    if (check_room(static_cast<size_t>(count) * sizeof(int64_t)) != KT_OK) return KT_ERROR;
    KtList* list = kt_list_new(type_list_int(), count);
    auto* items = static_cast<int64_t*>(list->data);
    for (int64_t i = 0; i < count; ++i) items[i] = start + i * step;
    list->length = count;
    *out = list;
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
