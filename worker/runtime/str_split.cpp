// Splitting, joining, stripping and partitioning of str.
#include <algorithm>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/list.h"
#include "worker/runtime/str.h"
#include "worker/runtime/str_search.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

KtList* new_str_list() {
    return kt_list_new(type_list_str(), 4);
}
void add_part(KtList* list, std::string_view part) {
    list_push_owned(list, str_new(part));
}

const char* before(const char* at) {
    do --at;
    while ((static_cast<unsigned char>(*at) & 0xC0) == 0x80);
    return at;
}

char32_t char_at(const char* at) {
    return decode_next(at);
}

// Whether the character is stripped: white space when there is no set.
struct StripSet {
    const KtStr* chars;
    bool operator()(char32_t c) const {
        if (chars == nullptr) return is_space(c);
        if (is_ascii(chars))
            return c < 0x80 &&
                   std::memchr(chars->data, static_cast<int>(c), static_cast<size_t>(chars->byte_len)) != nullptr;
        const char* at = chars->data;
        const char* end = at + chars->byte_len;
        while (at < end)
            if (decode_next(at) == c) return true;
        return false;
    }
};

KtStr* strip(KtStr* text, const KtStr* chars, bool left, bool right) {
    const StripSet stripped{chars};
    const char* start = text->data;
    const char* end = start + text->byte_len;
    while (left && start < end && stripped(char_at(start))) start += utf8_width(static_cast<unsigned char>(*start));
    while (right && start < end && stripped(char_at(before(end)))) end = before(end);
    const auto bytes = end - start;
    if (bytes == text->byte_len) return same(text);
    return str_new({start, static_cast<size_t>(bytes)});
}

bool is_ascii_space(char c) {
    return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
}

void split_ascii_spaces(KtList* list, const KtStr* text, int64_t limit) {
    const char* at = text->data;
    const char* end = at + text->byte_len;
    while (true) {
        while (at < end && is_ascii_space(*at)) ++at;
        if (at == end) return;
        const char* start = at;
        if (limit-- == 0) at = end;
        while (at < end && !is_ascii_space(*at)) ++at;
        list_push_owned(list, str_new_counted({start, static_cast<size_t>(at - start)}, at - start));
    }
}

void split_spaces(KtList* list, const KtStr* text, int64_t limit) {
    if (is_ascii(text)) return split_ascii_spaces(list, text, limit);
    const char* at = text->data;
    const char* end = at + text->byte_len;
    while (true) {
        while (at < end && is_space(char_at(at))) at += utf8_width(static_cast<unsigned char>(*at));
        if (at == end) return;
        const char* start = at;
        if (limit-- == 0) {
            add_part(list, {start, static_cast<size_t>(end - start)});
            return;
        }
        while (at < end && !is_space(char_at(at))) at += utf8_width(static_cast<unsigned char>(*at));
        add_part(list, {start, static_cast<size_t>(at - start)});
    }
}

void rsplit_spaces(KtList* list, const KtStr* text, int64_t limit) {
    const char* start = text->data;
    const char* at = start + text->byte_len;
    while (true) {
        while (at > start && is_space(char_at(before(at)))) at = before(at);
        if (at == start) return;
        const char* end = at;
        if (limit-- == 0) {
            add_part(list, {start, static_cast<size_t>(end - start)});
            return;
        }
        while (at > start && !is_space(char_at(before(at)))) at = before(at);
        add_part(list, {at, static_cast<size_t>(end - at)});
    }
}

bool is_line_break(char32_t c) {
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

void write_triple(void* out, KtStr* a, KtStr* b, KtStr* c) {
    auto** parts = static_cast<KtStr**>(out);
    parts[0] = a;
    parts[1] = b;
    parts[2] = c;
}

}  // namespace

extern "C" {

KtStr* kt_str_strip(KtStr* text, KtStr* chars) {
    return strip(text, chars, true, true);
}
KtStr* kt_str_lstrip(KtStr* text, KtStr* chars) {
    return strip(text, chars, true, false);
}
KtStr* kt_str_rstrip(KtStr* text, KtStr* chars) {
    return strip(text, chars, false, true);
}

int32_t kt_str_split(KtStr* text, KtStr* separator, int64_t limit, KtList** out) {
    if (limit < 0) limit = INT64_MAX;
    if (separator != nullptr && separator->byte_len == 0) return raise(Exc::ValueError, "empty separator");
    KtList* list = new_str_list();
    *out = list;
    if (separator == nullptr) {
        split_spaces(list, text, limit);
        return KT_OK;
    }
    std::string_view rest = view(text);
    while (limit-- > 0) {
        const size_t at = find_bytes(rest, view(separator));
        if (at == kNotFound) break;
        add_part(list, rest.substr(0, at));
        rest.remove_prefix(at + static_cast<size_t>(separator->byte_len));
    }
    if (list->length == 0)
        list_push_owned(list, same(text));
    else
        add_part(list, rest);
    return KT_OK;
}

int32_t kt_str_rsplit(KtStr* text, KtStr* separator, int64_t limit, KtList** out) {
    if (limit < 0) limit = INT64_MAX;
    if (separator != nullptr && separator->byte_len == 0) return raise(Exc::ValueError, "empty separator");
    KtList* list = new_str_list();
    *out = list;
    if (separator == nullptr) {
        rsplit_spaces(list, text, limit);
    } else {
        std::string_view rest = view(text);
        while (limit-- > 0) {
            const size_t at = rfind_bytes(rest, view(separator));
            if (at == kNotFound) break;
            add_part(list, rest.substr(at + static_cast<size_t>(separator->byte_len)));
            rest = rest.substr(0, at);
        }
        add_part(list, rest);
    }
    kt_list_reverse(list);
    return KT_OK;
}

KtList* kt_str_splitlines(KtStr* text, uint8_t keep_ends) {
    KtList* list = new_str_list();
    const char* at = text->data;
    const char* end = at + text->byte_len;
    while (at < end) {
        const char* start = at;
        const char* stop = end;
        while (at < end) {
            const char* here = at;
            const char32_t c = decode_next(at);
            if (!is_line_break(c)) continue;
            if (c == '\r' && at < end && *at == '\n') ++at;
            stop = here;
            break;
        }
        if (keep_ends) stop = at;
        add_part(list, {start, static_cast<size_t>(stop - start)});
    }
    return list;
}

int32_t kt_str_partition(KtStr* text, KtStr* separator, void* out) {
    if (separator->byte_len == 0) return raise(Exc::ValueError, "empty separator");
    const size_t at = find_bytes(view(text), view(separator));
    if (at == kNotFound)
        write_triple(out, same(text), str_empty(), str_empty());
    else
        write_triple(out, str_new(view(text).substr(0, at)), same(separator),
                     str_new(view(text).substr(at + static_cast<size_t>(separator->byte_len))));
    return KT_OK;
}

int32_t kt_str_rpartition(KtStr* text, KtStr* separator, void* out) {
    if (separator->byte_len == 0) return raise(Exc::ValueError, "empty separator");
    const size_t at = rfind_bytes(view(text), view(separator));
    if (at == kNotFound)
        write_triple(out, str_empty(), str_empty(), same(text));
    else
        write_triple(out, str_new(view(text).substr(0, at)), same(separator),
                     str_new(view(text).substr(at + static_cast<size_t>(separator->byte_len))));
    return KT_OK;
}

int32_t kt_str_join(KtStr* separator, KtList* parts, KtStr** out) {
    auto* const* items = static_cast<KtStr* const*>(parts->data);
    if (parts->length == 0) {
        *out = str_empty();
        return KT_OK;
    }
    if (parts->length == 1) {
        *out = same(items[0]);
        return KT_OK;
    }
    int64_t bytes = separator->byte_len * (parts->length - 1);
    int64_t length = separator->length * (parts->length - 1);
    for (int64_t i = 0; i < parts->length; ++i) {
        bytes += items[i]->byte_len;
        length += items[i]->length;
    }
    if (bytes == 0) {
        *out = str_empty();
        return KT_OK;
    }
    KtStr* text = str_alloc(bytes);
    char* at = text->data;
    for (int64_t i = 0; i < parts->length; ++i) {
        if (i > 0 && separator->byte_len != 0) {
            std::memcpy(at, separator->data, static_cast<size_t>(separator->byte_len));
            at += separator->byte_len;
        }
        std::memcpy(at, items[i]->data, static_cast<size_t>(items[i]->byte_len));
        at += items[i]->byte_len;
    }
    text->length = length;
    *out = text;
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
