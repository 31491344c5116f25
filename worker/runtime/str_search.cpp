// find, count, replace, startswith and the like.
#include "worker/runtime/str_search.h"

#include <cstring>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/str.h"
#include "worker/runtime/unicode.h"

namespace kayton {

size_t find_bytes(std::string_view text, std::string_view part) {
    if (part.empty()) return 0;
    const void* at = part.size() == 1 ? std::memchr(text.data(), part[0], text.size())
                                      : memmem(text.data(), text.size(), part.data(), part.size());
    return at == nullptr ? kNotFound : static_cast<size_t>(static_cast<const char*>(at) - text.data());
}

size_t rfind_bytes(std::string_view text, std::string_view part) {
    return text.rfind(part);
}

int64_t count_bytes(std::string_view text, std::string_view part) {
    int64_t count = 0;
    while (true) {
        const size_t at = find_bytes(text, part);
        if (at == kNotFound) return count;
        ++count;
        text.remove_prefix(at + part.size());
    }
}

namespace {

struct Window {
    std::string_view text;  // the part of the string between the bounds
    int64_t offset;         // its byte offset
    bool empty_range;       // start lies beyond stop: nothing matches, not even ""
};

Window window_of(const KtStr* text, int64_t start, int64_t stop) {
    clamp_bounds(text->length, start, stop);
    if (start > stop) return {{}, 0, true};
    const int64_t first = byte_offset(text, start);
    const int64_t last = byte_offset(text, stop);
    return {view(text).substr(static_cast<size_t>(first), static_cast<size_t>(last - first)), first, false};
}

template <typename Search>
int64_t find_in(const KtStr* text, const KtStr* part, int64_t start, int64_t stop, Search search) {
    const Window window = window_of(text, start, stop);
    if (window.empty_range) return -1;
    const size_t at = search(window.text, view(part));
    return at == kNotFound ? -1 : char_index(text, window.offset + static_cast<int64_t>(at));
}

}  // namespace

extern "C" {

uint8_t kt_str_contains(KtStr* text, KtStr* part) {
    return find_bytes(view(text), view(part)) != kNotFound;
}

int64_t kt_str_find(KtStr* text, KtStr* part, int64_t start, int64_t stop) {
    return find_in(text, part, start, stop, find_bytes);
}

int64_t kt_str_rfind(KtStr* text, KtStr* part, int64_t start, int64_t stop) {
    return find_in(text, part, start, stop, rfind_bytes);
}

int32_t kt_str_find_index(KtStr* text, KtStr* part, int64_t start, int64_t stop, int64_t* out) {
    const int64_t at = kt_str_find(text, part, start, stop);
    if (at < 0) return raise(Exc::ValueError, "substring not found");
    *out = at;
    return KT_OK;
}

int32_t kt_str_rfind_index(KtStr* text, KtStr* part, int64_t start, int64_t stop, int64_t* out) {
    const int64_t at = kt_str_rfind(text, part, start, stop);
    if (at < 0) return raise(Exc::ValueError, "substring not found");
    *out = at;
    return KT_OK;
}

int64_t kt_str_count(KtStr* text, KtStr* part, int64_t start, int64_t stop) {
    const Window window = window_of(text, start, stop);
    if (window.empty_range) return 0;
    if (part->byte_len == 0) return count_code_points(window.text.data(), window.text.size()) + 1;
    return count_bytes(window.text, view(part));
}

uint8_t kt_str_startswith(KtStr* text, KtStr* prefix, int64_t start, int64_t stop) {
    const Window window = window_of(text, start, stop);
    return !window.empty_range && window.text.starts_with(view(prefix));
}

uint8_t kt_str_endswith(KtStr* text, KtStr* suffix, int64_t start, int64_t stop) {
    const Window window = window_of(text, start, stop);
    return !window.empty_range && window.text.ends_with(view(suffix));
}

uint8_t kt_str_startswith_any(KtStr* text, KtList* prefixes, int64_t start, int64_t stop) {
    for (int64_t i = 0; i < prefixes->length; ++i)
        if (kt_str_startswith(text, static_cast<KtStr**>(prefixes->data)[i], start, stop)) return 1;
    return 0;
}

uint8_t kt_str_endswith_any(KtStr* text, KtList* suffixes, int64_t start, int64_t stop) {
    for (int64_t i = 0; i < suffixes->length; ++i)
        if (kt_str_endswith(text, static_cast<KtStr**>(suffixes->data)[i], start, stop)) return 1;
    return 0;
}

KtStr* kt_str_removeprefix(KtStr* text, KtStr* prefix) {
    if (prefix->byte_len == 0 || !view(text).starts_with(view(prefix))) return same(text);
    return str_new_counted(view(text).substr(static_cast<size_t>(prefix->byte_len)), text->length - prefix->length);
}

KtStr* kt_str_removesuffix(KtStr* text, KtStr* suffix) {
    if (suffix->byte_len == 0 || !view(text).ends_with(view(suffix))) return same(text);
    return str_new_counted(view(text).substr(0, static_cast<size_t>(text->byte_len - suffix->byte_len)),
                           text->length - suffix->length);
}

int32_t kt_str_replace(KtStr* text, KtStr* from, KtStr* to, int64_t limit, KtStr** out) {
    if (limit < 0) limit = INT64_MAX;
    const std::string_view whole = view(text);
    TextBuilder builder(whole.size() + 16);
    if (from->byte_len == 0) {
        size_t at = 0;
        for (; limit > 0 && at < whole.size(); --limit) {
            builder.add(to);
            const auto width = static_cast<size_t>(utf8_width(static_cast<unsigned char>(whole[at])));
            builder.add(whole.substr(at, width));
            at += width;
        }
        if (limit > 0) builder.add(to);
        builder.add(whole.substr(at));
        *out = builder.finish();
        return KT_OK;
    }
    size_t at = 0;
    for (; limit > 0; --limit) {
        const size_t found = find_bytes(whole.substr(at), view(from));
        if (found == kNotFound) break;
        builder.add(whole.substr(at, found));
        builder.add(to);
        at += found + static_cast<size_t>(from->byte_len);
    }
    if (at == 0 && builder.size() == 0) {
        *out = same(text);
        return KT_OK;
    }
    builder.add(whole.substr(at));
    *out = builder.finish();
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
