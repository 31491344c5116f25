// Padding, tabs, encoding and translation of str.
#include "worker/runtime/codec.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/str.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

int32_t pad(KtStr* text, int64_t left, int64_t right, KtStr* fill, KtStr** out) {
    if (fill != nullptr && fill->length != 1)
        return raise(Exc::TypeError, "The fill character must be exactly one character long");
    if (left <= 0 && right <= 0) {
        *out = same(text);
        return KT_OK;
    }
    if (left > (int64_t{1} << 40) || right > (int64_t{1} << 40)) return raise(Exc::MemoryError, "");
    const std::string_view one = fill != nullptr ? view(fill) : std::string_view(" ");
    TextBuilder builder(static_cast<size_t>(text->byte_len + (left + right) * static_cast<int64_t>(one.size())));
    builder.fill(one, left);
    builder.add(text);
    builder.fill(one, right);
    *out = builder.finish();
    return KT_OK;
}

}  // namespace

extern "C" {

int32_t kt_str_center(KtStr* text, int64_t width, KtStr* fill, KtStr** out) {
    const int64_t space = width > text->length ? width - text->length : 0;
    const int64_t left = space / 2 + (space & width & 1);  // CPython's choice of the longer side
    return pad(text, left, space - left, fill, out);
}

int32_t kt_str_ljust(KtStr* text, int64_t width, KtStr* fill, KtStr** out) {
    return pad(text, 0, width > text->length ? width - text->length : 0, fill, out);
}

int32_t kt_str_rjust(KtStr* text, int64_t width, KtStr* fill, KtStr** out) {
    return pad(text, width > text->length ? width - text->length : 0, 0, fill, out);
}

KtStr* kt_str_zfill(KtStr* text, int64_t width) {
    if (width <= text->length) return same(text);
    TextBuilder builder(static_cast<size_t>(text->byte_len + width));
    std::string_view rest = view(text);
    if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
        builder.add(rest[0]);
        rest.remove_prefix(1);
    }
    builder.fill("0", width - text->length);
    builder.add(rest);
    return builder.finish();
}

KtStr* kt_str_expandtabs(KtStr* text, int64_t tab_size) {
    TextBuilder builder(static_cast<size_t>(text->byte_len) + 16);
    int64_t column = 0;
    const char* at = text->data;
    const char* end = at + text->byte_len;
    while (at < end) {
        const char* start = at;
        const char32_t c = decode_next(at);
        if (c == '\t') {
            if (tab_size <= 0) continue;
            const int64_t spaces = tab_size - column % tab_size;
            builder.fill(" ", spaces);
            column += spaces;
            continue;
        }
        ++column;
        if (c == '\n' || c == '\r') column = 0;
        builder.add(std::string_view(start, static_cast<size_t>(at - start)));
    }
    return builder.finish();
}

int32_t kt_str_encode(KtStr* text, KtStr* encoding, KtStr* errors, KtBytes** out) {
    return encode_text(text, encoding, errors, out);
}

int32_t kt_str_translate(KtStr* text, KtDict* table, KtStr** out) {
    TextBuilder builder(static_cast<size_t>(text->byte_len) + 16);
    const char* at = text->data;
    const char* end = at + text->byte_len;
    while (at < end) {
        const char* start = at;
        const int64_t key = decode_next(at);
        void* found = nullptr;
        if (kt_dict_find(table, &key, &found) != KT_OK) return KT_ERROR;
        if (found == nullptr) {
            builder.add(std::string_view(start, static_cast<size_t>(at - start)));
            continue;
        }
        const KtTypeInfo* value_type = table->base.type->args[1];
        const KtTypeInfo* type = dynamic_type(value_type, found);
        const KtValue held = make_value(value_type, found);
        int32_t status = KT_OK;
        if (type->kind == KT_KIND_STR) {
            builder.add(reinterpret_cast<KtStr*>(held.payload));
        } else if (type->kind == KT_KIND_INT) {
            const auto code = static_cast<int64_t>(held.payload);
            if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
                status = raise(Exc::ValueError, "character mapping must be in range(0x110000)");
            else
                builder.add_code_point(static_cast<char32_t>(code));
        } else if (type->kind != KT_KIND_NONE) {
            status = raise(Exc::TypeError, "character mapping must return integer, None or str");
        }
        value_release(&kt_type_dynamic, &held);
        if (status != KT_OK) return status;
    }
    *out = builder.finish();
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
