#include "worker/runtime/str.h"

#include <algorithm>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/hash.h"
#include "worker/runtime/unicode.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

constexpr KtAsciiChars make_ascii_chars() {
    KtAsciiChars made = {};
    for (int i = 0; i < 128; ++i) made.all[i] = {{KT_IMMORTAL, &kt_type_str}, 1, 1, 0, {static_cast<char>(i)}};
    return made;
}
constinit KtAsciiChar empty = {{KT_IMMORTAL, &kt_type_str}, 0, 0, 0, {}};

constexpr int64_t kMaxBytes = int64_t{1} << 46;

}  // namespace

constinit KtAsciiChars kt_ascii_chars = make_ascii_chars();  // extern "C" by its declaration

KtStr* str_empty() {
    return reinterpret_cast<KtStr*>(&empty);
}
KtStr* ascii_char(unsigned char c) {
    return reinterpret_cast<KtStr*>(&kt_ascii_chars.all[c]);
}

KtStr* str_alloc(int64_t byte_len) {
    auto* text = static_cast<KtStr*>(object_alloc(&kt_type_str, sizeof(KtStr) + static_cast<size_t>(byte_len)));
    text->byte_len = byte_len;
    text->length = byte_len;
    text->hash = 0;
    return text;
}

KtStr* str_new(std::string_view utf8) {
    return str_new_counted(utf8, count_code_points(utf8.data(), utf8.size()));
}

KtStr* str_new_counted(std::string_view utf8, int64_t length) {
    if (utf8.size() <= 1) return utf8.empty() ? str_empty() : ascii_char(static_cast<unsigned char>(utf8[0]));
    KtStr* text = str_alloc(static_cast<int64_t>(utf8.size()));
    std::memcpy(text->data, utf8.data(), utf8.size());
    text->length = length;
    return text;
}

KtStr* str_of_code_point(char32_t code_point) {
    char bytes[4];
    const int width = encode_utf8(code_point, bytes);
    return str_new_counted({bytes, static_cast<size_t>(width)}, 1);
}

int64_t byte_offset(const KtStr* text, int64_t index) {
    if (is_ascii(text)) return index;
    if (index == text->length) return text->byte_len;
    int64_t at = 0;
    int64_t offset = 0;
    if (vm.cursor_text == text) {
        at = vm.cursor_index;
        offset = vm.cursor_offset;
    }
    // From whichever known place is nearest: the start, the end, or where the last index of this string ended.
    if (index < at && index < at - index) at = offset = 0;
    if (index > at && text->length - index < index - at) {
        at = text->length;
        offset = text->byte_len;
    }
    while (at < index) {
        offset += utf8_width(static_cast<unsigned char>(text->data[offset]));
        ++at;
    }
    while (at > index) {
        do --offset;
        while ((static_cast<unsigned char>(text->data[offset]) & 0xC0) == 0x80);
        --at;
    }
    vm.cursor_text = text;
    vm.cursor_index = at;
    vm.cursor_offset = offset;
    return offset;
}

int64_t char_index(const KtStr* text, int64_t offset) {
    return is_ascii(text) ? offset : count_code_points(text->data, static_cast<size_t>(offset));
}

void clamp_bounds(int64_t length, int64_t& start, int64_t& stop) {
    if (start == kAbsent)
        start = 0;
    else if (start < 0)
        start = std::max<int64_t>(0, start + length);
    if (stop == kAbsent || stop > length)
        stop = length;
    else if (stop < 0)
        stop = std::max<int64_t>(0, stop + length);
}

int64_t slice_indices(int64_t length, int64_t& start, int64_t& stop, int64_t step) {
    const bool down = step < 0;
    if (start == kAbsent)
        start = down ? length - 1 : 0;
    else if (start < 0)
        start = std::max<int64_t>(start + length, down ? -1 : 0);
    else if (start >= length)
        start = down ? length - 1 : length;
    if (stop == kAbsent)
        stop = down ? -1 : length;
    else if (stop < 0)
        stop = std::max<int64_t>(stop + length, down ? -1 : 0);
    else if (stop >= length)
        stop = down ? length - 1 : length;
    if (down) return stop < start ? (start - stop - 1) / -step + 1 : 0;
    return start < stop ? (stop - start - 1) / step + 1 : 0;
}

TextBuilder::~TextBuilder() {
    if (text_ != nullptr) object_free(text_);
}

void TextBuilder::grow(size_t more) {
    capacity_ = std::max(used_ + more, capacity_ + capacity_ / 2 + 16);
    text_ = static_cast<KtStr*>(object_resize(text_, sizeof(KtStr) + capacity_));
}

void TextBuilder::add_code_point(char32_t code_point) {
    char* at = reserve(4);
    advance(static_cast<size_t>(encode_utf8(code_point, at)));
}

KtStr* TextBuilder::finish() {
    if (used_ <= 1) return used_ == 0 ? str_empty() : ascii_char(static_cast<unsigned char>(text_->data[0]));
    KtStr* text = text_;
    text_ = nullptr;
    text->byte_len = static_cast<int64_t>(used_);
    text->length = count_code_points(text->data, used_);
    if (capacity_ - used_ > used_ / 4 + 64) text = static_cast<KtStr*>(object_resize(text, sizeof(KtStr) + used_));
    return text;
}

namespace {

KtStr* concat_two(const KtStr* a, const KtStr* b) {
    KtStr* text = str_alloc(a->byte_len + b->byte_len);
    std::memcpy(text->data, a->data, static_cast<size_t>(a->byte_len));
    std::memcpy(text->data + a->byte_len, b->data, static_cast<size_t>(b->byte_len));
    text->length = a->length + b->length;
    return text;
}

}  // namespace

extern "C" {

int32_t kt_str_concat(KtStr* a, KtStr* b, KtStr** out) {
    if (b->byte_len == 0)
        *out = same(a);
    else if (a->byte_len == 0)
        *out = same(b);
    else if (check_room(static_cast<size_t>(a->byte_len + b->byte_len)) != KT_OK)
        return KT_ERROR;
    else
        *out = concat_two(a, b);
    return KT_OK;
}

int32_t kt_str_concat_many(KtStr* const* parts, int64_t count, KtStr** out) {
    int64_t bytes = 0;
    int64_t length = 0;
    for (int64_t i = 0; i < count; ++i) {
        bytes += parts[i]->byte_len;
        length += parts[i]->length;
    }
    if (bytes <= 1) {
        *out = bytes == 0 ? str_empty() : nullptr;
        for (int64_t i = 0; i < count && *out == nullptr; ++i)
            if (parts[i]->byte_len == 1) *out = same(parts[i]);
        return KT_OK;
    }
    KtStr* text = str_alloc(bytes);
    char* at = text->data;
    for (int64_t i = 0; i < count; ++i) {
        std::memcpy(at, parts[i]->data, static_cast<size_t>(parts[i]->byte_len));
        at += parts[i]->byte_len;
    }
    text->length = length;
    *out = text;
    return KT_OK;
}

int32_t kt_str_append(KtStr* text, KtStr* more, KtStr** out) {
    if (more->byte_len == 0) {
        *out = text;
        return KT_OK;
    }
    if (check_room(static_cast<size_t>(text->byte_len + more->byte_len)) != KT_OK) {
        release(text);
        return KT_ERROR;
    }
    if (text->base.refcount != 1 || text == more) {
        *out = text->byte_len == 0 ? same(more) : concat_two(text, more);
        release(text);
        return KT_OK;
    }
    const int64_t bytes = text->byte_len + more->byte_len;
    if (object_usable_size(text) < sizeof(KtStr) + static_cast<size_t>(bytes)) {
        if (vm.cursor_text == text) vm.cursor_text = nullptr;
        text = static_cast<KtStr*>(object_resize(text, sizeof(KtStr) + static_cast<size_t>(bytes + bytes / 2)));
    }
    std::memcpy(text->data + text->byte_len, more->data, static_cast<size_t>(more->byte_len));
    text->byte_len = bytes;
    text->length += more->length;
    text->hash = 0;
    *out = text;
    return KT_OK;
}

int32_t kt_str_repeat(KtStr* text, int64_t times, KtStr** out) {
    if (times <= 0 || text->byte_len == 0) {
        *out = str_empty();
        return KT_OK;
    }
    if (times == 1) {
        *out = same(text);
        return KT_OK;
    }
    if (times > kMaxBytes / text->byte_len) return raise(Exc::MemoryError, "");
    const int64_t bytes = text->byte_len * times;
    if (check_room(sizeof(KtStr) + static_cast<size_t>(bytes)) != KT_OK) return KT_ERROR;
    KtStr* made = str_alloc(bytes);
    if (text->byte_len == 1) {
        std::memset(made->data, text->data[0], static_cast<size_t>(bytes));
    } else {
        for (int64_t i = 0; i < times; ++i)
            std::memcpy(made->data + i * text->byte_len, text->data, static_cast<size_t>(text->byte_len));
    }
    made->length = text->length * times;
    *out = made;
    return KT_OK;
}

uint8_t kt_str_eq(KtStr* a, KtStr* b) {
    if (a == b) return 1;
    return a->byte_len == b->byte_len && std::memcmp(a->data, b->data, static_cast<size_t>(a->byte_len)) == 0;
}

// UTF-8 orders as its code points do.
int64_t kt_str_compare(KtStr* a, KtStr* b) {
    const int order = std::memcmp(a->data, b->data, static_cast<size_t>(std::min(a->byte_len, b->byte_len)));
    if (order != 0) return order < 0 ? -1 : 1;
    return a->byte_len < b->byte_len ? -1 : a->byte_len > b->byte_len ? 1 : 0;
}

int64_t kt_str_hash(KtStr* text) {
    if (text->hash == 0) text->hash = hash_bytes(text->data, static_cast<size_t>(text->byte_len));
    return text->hash;
}

int32_t kt_str_index(KtStr* text, int64_t index, KtStr** out) {
    if (index < 0) index += text->length;
    if (index < 0 || index >= text->length) return raise(Exc::IndexError, "string index out of range");
    if (is_ascii(text)) {
        *out = ascii_char(static_cast<unsigned char>(text->data[index]));
        return KT_OK;
    }
    const int64_t offset = byte_offset(text, index);
    const int width = utf8_width(static_cast<unsigned char>(text->data[offset]));
    *out = str_new_counted({text->data + offset, static_cast<size_t>(width)}, 1);
    return KT_OK;
}

int32_t kt_str_slice(KtStr* text, int64_t start, int64_t stop, int64_t step, KtStr** out) {
    if (step == 0) return raise(Exc::ValueError, "slice step cannot be zero");
    if (step == kAbsent) step = 1;
    const int64_t count = slice_indices(text->length, start, stop, step);
    if (count == 0) {
        *out = str_empty();
        return KT_OK;
    }
    if (step == 1) {
        if (count == text->length) {
            *out = same(text);
            return KT_OK;
        }
        const int64_t first = byte_offset(text, start);
        const int64_t last = byte_offset(text, start + count);
        *out = str_new_counted({text->data + first, static_cast<size_t>(last - first)}, count);
        return KT_OK;
    }
    if (is_ascii(text)) {
        if (count == 1) {
            *out = ascii_char(static_cast<unsigned char>(text->data[start]));
            return KT_OK;
        }
        KtStr* made = str_alloc(count);
        for (int64_t i = 0; i < count; ++i) made->data[i] = text->data[start + i * step];
        *out = made;
        return KT_OK;
    }
    TextBuilder builder(static_cast<size_t>(count) * 2);
    for (int64_t i = 0; i < count; ++i) {
        const int64_t offset = byte_offset(text, start + i * step);
        builder.add(std::string_view(text->data + offset,
                                     static_cast<size_t>(utf8_width(static_cast<unsigned char>(text->data[offset])))));
    }
    *out = builder.finish();
    return KT_OK;
}

KtStr* kt_str_next(KtStr* text, int64_t* offset) {
    if (*offset >= text->byte_len) return nullptr;
    const auto lead = static_cast<unsigned char>(text->data[*offset]);
    if (lead < 0x80) {
        ++*offset;
        return ascii_char(lead);
    }
    const int width = utf8_width(lead);
    KtStr* one = str_new_counted({text->data + *offset, static_cast<size_t>(width)}, 1);
    *offset += width;
    return one;
}

int32_t kt_ord(KtStr* text, int64_t* out) {
    if (text->length != 1)
        return raise_format(Exc::TypeError, "ord() expected a character, but string of length {} found", text->length);
    const char* at = text->data;
    *out = decode_next(at);
    return KT_OK;
}

int32_t kt_chr(int64_t code_point, KtStr** out) {
    if (code_point < 0 || code_point > 0x10FFFF) return raise(Exc::ValueError, "chr() arg not in range(0x110000)");
    if (code_point >= 0xD800 && code_point < 0xE000)
        return raise_format(Exc::ValueError, "chr() arg {:#x} is a surrogate, which no str can hold", code_point);
    *out = str_of_code_point(static_cast<char32_t>(code_point));
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
