// bytes: making, indexing, slicing and its methods.
#include <algorithm>

#include "worker/runtime/codec.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/list.h"
#include "worker/runtime/str.h"
#include "worker/runtime/str_search.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

KtBytes* same_bytes(KtBytes* bytes) {
    retain(bytes);
    return bytes;
}

KtBytes* strip(KtBytes* bytes, const KtBytes* set, bool left, bool right) {
    const std::string_view chars = set != nullptr ? view(set) : std::string_view(" \t\n\r\x0b\x0c");
    std::string_view rest = view(bytes);
    while (left && !rest.empty() && chars.find(rest.front()) != kNotFound) rest.remove_prefix(1);
    while (right && !rest.empty() && chars.find(rest.back()) != kNotFound) rest.remove_suffix(1);
    return rest.size() == static_cast<size_t>(bytes->length) ? same_bytes(bytes) : bytes_new(rest);
}

// The part between the bounds; false when start lies beyond stop.
bool window_of(const KtBytes* bytes, int64_t& start, int64_t stop, std::string_view& window) {
    clamp_bounds(bytes->length, start, stop);
    if (start > stop) return false;
    window = view(bytes).substr(static_cast<size_t>(start), static_cast<size_t>(stop - start));
    return true;
}

const KtTypeInfo* type_list_bytes() {
    static const KtTypeInfo* type = list_of(&kt_type_bytes);
    return type;
}

bool is_byte_space(char c) {
    return c == ' ' || (c >= 9 && c <= 13);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 32);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

template <typename Map>
KtBytes* mapped(const KtBytes* bytes, Map map) {
    KtBytes* made = bytes_alloc(bytes->length);
    for (int64_t i = 0; i < bytes->length; ++i) made->data[i] = map(bytes->data[i]);
    return made;
}

}  // namespace

KtBytes* bytes_alloc(int64_t length) {
    auto* bytes = static_cast<KtBytes*>(object_alloc(&kt_type_bytes, sizeof(KtBytes) + static_cast<size_t>(length)));
    bytes->length = length;
    bytes->hash = 0;
    return bytes;
}

KtBytes* bytes_new(std::string_view data) {
    KtBytes* bytes = bytes_alloc(static_cast<int64_t>(data.size()));
    if (!data.empty()) std::memcpy(bytes->data, data.data(), data.size());
    return bytes;
}

extern "C" {

int32_t kt_bytes_concat(KtBytes* a, KtBytes* b, KtBytes** out) {
    KtBytes* made = bytes_alloc(a->length + b->length);
    std::memcpy(made->data, a->data, static_cast<size_t>(a->length));
    std::memcpy(made->data + a->length, b->data, static_cast<size_t>(b->length));
    *out = made;
    return KT_OK;
}

int32_t kt_bytes_repeat(KtBytes* bytes, int64_t times, KtBytes** out) {
    if (times < 0 || bytes->length == 0) times = 0;
    if (times > 0 && times > (int64_t{1} << 40) / bytes->length) return raise(Exc::MemoryError, "");
    KtBytes* made = bytes_alloc(bytes->length * times);
    for (int64_t i = 0; i < times; ++i)
        std::memcpy(made->data + i * bytes->length, bytes->data, static_cast<size_t>(bytes->length));
    *out = made;
    return KT_OK;
}

int32_t kt_bytes_index(KtBytes* bytes, int64_t index, int64_t* out) {
    if (index < 0) index += bytes->length;
    if (index < 0 || index >= bytes->length) return raise(Exc::IndexError, "index out of range");
    *out = bytes->data[index];
    return KT_OK;
}

int32_t kt_bytes_slice(KtBytes* bytes, int64_t start, int64_t stop, int64_t step, KtBytes** out) {
    if (step == 0) return raise(Exc::ValueError, "slice step cannot be zero");
    if (step == kAbsent) step = 1;
    const int64_t count = slice_indices(bytes->length, start, stop, step);
    KtBytes* made = bytes_alloc(count);
    for (int64_t i = 0; i < count; ++i) made->data[i] = bytes->data[start + i * step];
    *out = made;
    return KT_OK;
}

uint8_t kt_bytes_contains(KtBytes* bytes, KtBytes* part) {
    return find_bytes(view(bytes), view(part)) != kNotFound;
}

int32_t kt_bytes_contains_int(KtBytes* bytes, int64_t value, uint8_t* out) {
    if (value < 0 || value > 255) return raise(Exc::ValueError, "byte must be in range(0, 256)");
    *out = view(bytes).find(static_cast<char>(value)) != kNotFound;
    return KT_OK;
}

int32_t kt_bytes_from_list(KtList* list, KtBytes** out) {
    const auto* items = static_cast<const int64_t*>(list->data);
    Ref<KtBytes> made(bytes_alloc(list->length));
    for (int64_t i = 0; i < list->length; ++i) {
        if (items[i] < 0 || items[i] > 255) return raise(Exc::ValueError, "bytes must be in range(0, 256)");
        made->data[i] = static_cast<uint8_t>(items[i]);
    }
    *out = made.take();
    return KT_OK;
}

int32_t kt_bytes_zeros(int64_t length, KtBytes** out) {
    if (length < 0) return raise(Exc::ValueError, "negative count");
    if (length > int64_t{1} << 40) return raise(Exc::MemoryError, "");
    KtBytes* made = bytes_alloc(length);
    std::memset(made->data, 0, static_cast<size_t>(length));
    *out = made;
    return KT_OK;
}

int32_t kt_bytes_decode(KtBytes* bytes, KtStr* encoding, KtStr* errors, KtStr** out) {
    return decode_bytes(bytes, encoding, errors, out);
}

KtStr* kt_bytes_hex(KtBytes* bytes) {
    TextBuilder builder(static_cast<size_t>(bytes->length) * 2);
    for (int64_t i = 0; i < bytes->length; ++i) {
        builder.add("0123456789abcdef"[bytes->data[i] >> 4]);
        builder.add("0123456789abcdef"[bytes->data[i] & 15]);
    }
    return builder.finish();
}

int32_t kt_bytes_from_hex(KtStr* text, KtBytes** out) {
    const std::string_view digits = view(text);
    std::string made;
    for (size_t i = 0; i < digits.size();) {
        if (is_byte_space(digits[i])) {
            ++i;
            continue;
        }
        size_t bad = i;
        const int high = hex_digit(digits[i]);
        int low = -1;
        if (high >= 0) {
            bad = i + 1;
            if (i + 1 < digits.size()) low = hex_digit(digits[i + 1]);
        }
        if (low < 0)
            return raise_format(Exc::ValueError, "non-hexadecimal number found in fromhex() arg at position {}",
                                char_index(text, static_cast<int64_t>(bad)));
        made += static_cast<char>(high << 4 | low);
        i += 2;
    }
    *out = bytes_new(made);
    return KT_OK;
}

int64_t kt_bytes_find(KtBytes* bytes, KtBytes* part, int64_t start, int64_t stop) {
    std::string_view window;
    if (!window_of(bytes, start, stop, window)) return -1;
    const size_t at = find_bytes(window, view(part));
    return at == kNotFound ? -1 : start + static_cast<int64_t>(at);
}

int64_t kt_bytes_count(KtBytes* bytes, KtBytes* part, int64_t start, int64_t stop) {
    std::string_view window;
    if (!window_of(bytes, start, stop, window)) return 0;
    if (part->length == 0) return static_cast<int64_t>(window.size()) + 1;
    return count_bytes(window, view(part));
}

uint8_t kt_bytes_startswith(KtBytes* bytes, KtBytes* prefix, int64_t start, int64_t stop) {
    std::string_view window;
    return window_of(bytes, start, stop, window) && window.starts_with(view(prefix));
}

uint8_t kt_bytes_endswith(KtBytes* bytes, KtBytes* suffix, int64_t start, int64_t stop) {
    std::string_view window;
    return window_of(bytes, start, stop, window) && window.ends_with(view(suffix));
}

int32_t kt_bytes_split(KtBytes* bytes, KtBytes* separator, int64_t limit, KtList** out) {
    if (limit < 0) limit = INT64_MAX;
    if (separator != nullptr && separator->length == 0) return raise(Exc::ValueError, "empty separator");
    KtList* list = kt_list_new(type_list_bytes(), 4);
    *out = list;
    std::string_view rest = view(bytes);
    if (separator != nullptr) {
        for (; limit > 0; --limit) {
            const size_t at = find_bytes(rest, view(separator));
            if (at == kNotFound) break;
            list_push_owned(list, bytes_new(rest.substr(0, at)));
            rest.remove_prefix(at + static_cast<size_t>(separator->length));
        }
        list_push_owned(list, bytes_new(rest));
        return KT_OK;
    }
    while (true) {
        while (!rest.empty() && is_byte_space(rest.front())) rest.remove_prefix(1);
        if (rest.empty()) return KT_OK;
        if (limit-- == 0) {
            list_push_owned(list, bytes_new(rest));
            return KT_OK;
        }
        size_t end = 0;
        while (end < rest.size() && !is_byte_space(rest[end])) ++end;
        list_push_owned(list, bytes_new(rest.substr(0, end)));
        rest.remove_prefix(end);
    }
}

KtBytes* kt_bytes_strip(KtBytes* bytes, KtBytes* chars) {
    return strip(bytes, chars, true, true);
}
KtBytes* kt_bytes_lstrip(KtBytes* bytes, KtBytes* chars) {
    return strip(bytes, chars, true, false);
}
KtBytes* kt_bytes_rstrip(KtBytes* bytes, KtBytes* chars) {
    return strip(bytes, chars, false, true);
}

int32_t kt_bytes_replace(KtBytes* bytes, KtBytes* from, KtBytes* to, int64_t limit, KtBytes** out) {
    if (limit < 0) limit = INT64_MAX;
    std::string made;
    std::string_view rest = view(bytes);
    if (from->length == 0) {
        for (; limit > 0 && !rest.empty(); --limit) {
            made += view(to);
            made += rest.front();
            rest.remove_prefix(1);
        }
        if (limit > 0) made += view(to);
    } else {
        for (; limit > 0; --limit) {
            const size_t at = find_bytes(rest, view(from));
            if (at == kNotFound) break;
            made += rest.substr(0, at);
            made += view(to);
            rest.remove_prefix(at + static_cast<size_t>(from->length));
        }
    }
    made += rest;
    *out = bytes_new(made);
    return KT_OK;
}

int32_t kt_bytes_join(KtBytes* separator, KtList* parts, KtBytes** out) {
    auto* const* items = static_cast<KtBytes* const*>(parts->data);
    int64_t length = parts->length > 0 ? separator->length * (parts->length - 1) : 0;
    for (int64_t i = 0; i < parts->length; ++i) length += items[i]->length;
    KtBytes* made = bytes_alloc(length);
    uint8_t* at = made->data;
    for (int64_t i = 0; i < parts->length; ++i) {
        if (i > 0) at = std::copy_n(separator->data, separator->length, at);
        at = std::copy_n(items[i]->data, items[i]->length, at);
    }
    *out = made;
    return KT_OK;
}

KtBytes* kt_bytes_upper(KtBytes* bytes) {
    return mapped(bytes, [](uint8_t c) { return static_cast<uint8_t>(c >= 'a' && c <= 'z' ? c - 32 : c); });
}

KtBytes* kt_bytes_lower(KtBytes* bytes) {
    return mapped(bytes, [](uint8_t c) { return static_cast<uint8_t>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
}

}  // extern "C"

}  // namespace kayton
