// Encoding and decoding of text: UTF-8, -16 and -32, ASCII, Latin-1 and other tables of 256 characters, with CPython's error handlers and messages.
// Used by the VM's one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "shared/kayton_api.h"

namespace kayton {

enum class Codec {
    kUtf8, kUtf8Sig, kAscii, kLatin1, kUtf16, kUtf16Le, kUtf16Be, kUtf32, kUtf32Le, kUtf32Be,
    kCharmap,  // a table of 256 characters: cp1252, iso8859-15 …
    kUnknown,
};
// By any of the names CPython knows ("UTF8", "latin-1", "iso-8859-1", "us-ascii").
[[nodiscard]] Codec codec_named(std::string_view name);
[[nodiscard]] std::string_view codec_name(Codec codec);  // as messages spell it

int32_t encode_text(KtStr* text, KtStr* encoding, KtStr* errors, KtBytes** out);
int32_t decode_bytes(KtBytes* bytes, KtStr* encoding, KtStr* errors, KtStr** out);
[[nodiscard]] KtBytes* bytes_alloc(int64_t length);
[[nodiscard]] KtBytes* bytes_new(std::string_view data);
[[nodiscard]] inline std::string_view view(const KtBytes* bytes) {
    return {reinterpret_cast<const char*>(bytes->data), static_cast<size_t>(bytes->length)};
}

}  // namespace kayton
