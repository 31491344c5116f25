// list.sort and sorted: a stable merge sort that takes runs as it finds them. Elements are moved only at the end, so a
// comparison that raises leaves the list as it was.
#include <algorithm>
#include <numeric>
#include <vector>

#include "worker/runtime/compare.h"
#include "worker/runtime/list.h"
#include "worker/runtime/str.h"

namespace kayton {

namespace {

constexpr size_t kRun = 24;

// Sorts items with less(a, b, &failed); false when a comparison failed. Safe for comparisons that contradict
// themselves.
template <typename T, typename Less>
bool merge_sort(std::vector<T>& items, Less less) {
    bool failed = false;
    const size_t count = items.size();
    std::vector<size_t> ends;
    for (size_t start = 0; start < count;) {
        size_t end = start + 1;
        if (end < count) {
            const bool falling = less(items[end], items[end - 1], failed);
            if (failed) return false;
            ++end;
            while (end < count && less(items[end], items[end - 1], failed) == falling && !failed) ++end;
            if (failed) return false;
            if (falling)
                std::reverse(items.begin() + static_cast<ptrdiff_t>(start),
                             items.begin() + static_cast<ptrdiff_t>(end));
        }
        // Short runs are lengthened by insertion.
        for (; end < count && end - start < kRun; ++end) {
            const T item = items[end];
            size_t low = start;
            size_t high = end;
            while (low < high) {
                const size_t middle = (low + high) / 2;
                if (less(item, items[middle], failed))
                    high = middle;
                else
                    low = middle + 1;
                if (failed) return false;
            }
            std::move_backward(items.begin() + static_cast<ptrdiff_t>(low), items.begin() + static_cast<ptrdiff_t>(end),
                               items.begin() + static_cast<ptrdiff_t>(end) + 1);
            items[low] = item;
        }
        ends.push_back(end);
        start = end;
    }
    std::vector<T> other(count);
    while (ends.size() > 1) {
        std::vector<size_t> merged;
        size_t start = 0;
        for (size_t i = 0; i < ends.size(); i += 2) {
            const size_t middle = ends[i];
            const size_t end = i + 1 < ends.size() ? ends[i + 1] : middle;
            size_t a = start;
            size_t b = middle;
            size_t to = start;
            while (a < middle && b < end) {
                const bool take_b = less(items[b], items[a], failed);
                if (failed) return false;
                other[to++] = take_b ? items[b++] : items[a++];
            }
            while (a < middle) other[to++] = items[a++];
            while (b < end) other[to++] = items[b++];
            merged.push_back(end);
            start = end;
        }
        items.swap(other);
        ends.swap(merged);
    }
    return true;
}

// The order of the keys as positions; empty on failure.
template <typename Less>
bool sort_positions(std::vector<int64_t>& positions, bool reverse, Less less) {
    if (reverse)
        return merge_sort(positions, [&less](int64_t a, int64_t b, bool& failed) { return less(b, a, failed); });
    return merge_sort(positions, [&less](int64_t a, int64_t b, bool& failed) { return less(a, b, failed); });
}

bool order_positions(const KtList* keys, std::vector<int64_t>& positions, bool reverse) {
    const KtTypeInfo* type = element_type(keys);
    switch (type->kind) {
        case KT_KIND_INT: {
            const auto* data = static_cast<const int64_t*>(keys->data);
            return sort_positions(positions, reverse,
                                  [data](int64_t a, int64_t b, bool&) { return data[a] < data[b]; });
        }
        case KT_KIND_FLOAT: {
            const auto* data = static_cast<const double*>(keys->data);
            return sort_positions(positions, reverse,
                                  [data](int64_t a, int64_t b, bool&) { return data[a] < data[b]; });
        }
        case KT_KIND_STR: {
            auto* const* data = static_cast<KtStr* const*>(keys->data);
            return sort_positions(positions, reverse,
                                  [data](int64_t a, int64_t b, bool&) { return kt_str_compare(data[a], data[b]) < 0; });
        }
        default: break;
    }
    return sort_positions(positions, reverse, [type, keys](int64_t a, int64_t b, bool& failed) {
        Order order = Order::kEqual;
        if (order_values(type, element_at(keys, a), type, element_at(keys, b), 0, &order) != KT_OK) failed = true;
        return order == Order::kLess;
    });
}

void permute(KtList* list, const std::vector<int64_t>& positions) {
    const auto size = static_cast<size_t>(element_type(list)->size);
    if (list->length == 0 || size == 0) return;
    auto* sorted = static_cast<char*>(kt_alloc(size * positions.size()));
    if (size == 8) {
        const auto* from = static_cast<const uint64_t*>(list->data);
        auto* to = reinterpret_cast<uint64_t*>(sorted);
        for (const int64_t position : positions) *to++ = from[position];
    } else {
        char* to = sorted;
        for (const int64_t position : positions) {
            std::memcpy(to, element_at(list, position), size);
            to += size;
        }
    }
    std::memcpy(list->data, sorted, size * positions.size());
    kt_free(sorted);
}

int32_t sort_along(KtList* list, KtList* keys, bool reverse) {
    std::vector<int64_t> positions(static_cast<size_t>(list->length));
    std::iota(positions.begin(), positions.end(), 0);
    // The elements stay alive whatever a program's __lt__ does to the list.
    Ref<KtList> held(element_type(keys)->has_refs ? kt_list_copy(keys) : (retain(keys), keys));
    if (!order_positions(held.get(), positions, reverse)) return KT_ERROR;
    if (list->length == static_cast<int64_t>(positions.size())) permute(list, positions);
    return KT_OK;
}

template <typename T>
void sort_plain(KtList* list, bool reverse) {
    auto* data = static_cast<T*>(list->data);
    if (reverse)
        std::sort(data, data + list->length, [](T a, T b) { return b < a; });
    else
        std::sort(data, data + list->length);
}

}  // namespace

extern "C" {

int32_t kt_list_sort(KtList* list, uint8_t reverse) {
    // Equal ints cannot be told apart, so no stability is needed; floats have -0.0 and NaN.
    if (element_type(list)->kind == KT_KIND_INT)
        sort_plain<int64_t>(list, reverse != 0);
    else if (element_type(list)->kind == KT_KIND_STR) {
        std::vector<KtStr*> items(static_cast<KtStr**>(list->data), static_cast<KtStr**>(list->data) + list->length);
        if (reverse)
            merge_sort(items, [](KtStr* a, KtStr* b, bool&) { return kt_str_compare(b, a) < 0; });
        else
            merge_sort(items, [](KtStr* a, KtStr* b, bool&) { return kt_str_compare(a, b) < 0; });
        std::copy(items.begin(), items.end(), static_cast<KtStr**>(list->data));
    } else {
        return sort_along(list, list, reverse != 0);
    }
    return KT_OK;
}

int32_t kt_list_sort_by(KtList* list, KtList* keys, uint8_t reverse) {
    return sort_along(list, keys, reverse != 0);
}

}  // extern "C"

}  // namespace kayton
