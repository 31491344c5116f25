#include "worker/runtime/codec.h"

#include <cctype>
#include <string>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/str.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

struct Charmap {
    const char* name;
    std::string_view aliases;  // each between spaces
    char16_t high[128];
};
constexpr char16_t kUndefined = 0xFFFE;
constexpr Charmap kCharmaps[] = {
#include "worker/runtime/charmaps.inc"
};

// CPython's: letters small, what is no letter or digit becomes one underscore.
std::string normalized(std::string_view name) {
    std::string plain;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) || c == '.') {
            plain += static_cast<char>(std::tolower(byte));
        } else if (!plain.empty() && plain.back() != '_') {
            plain += '_';
        }
    }
    return plain;
}

const Charmap* charmap_named(std::string_view name) {
    const std::string wanted = " " + normalized(name) + " ";
    for (const Charmap& map : kCharmaps)
        if (map.aliases.find(wanted) != std::string_view::npos) return &map;
    return nullptr;
}

// The byte of a character, or -1.
int byte_in(const Charmap& map, char32_t c) {
    if (c < 0x80) return static_cast<int>(c);
    for (int i = 0; i < 128; ++i)
        if (map.high[i] == c && c != kUndefined) return 128 + i;
    return -1;
}

enum class OnError { kStrict, kIgnore, kReplace, kBackslash, kXmlChar, kUnknown };

OnError handler_named(const KtStr* errors) {
    if (errors == nullptr) return OnError::kStrict;
    const std::string_view name = view(errors);
    if (name == "strict") return OnError::kStrict;
    if (name == "ignore") return OnError::kIgnore;
    if (name == "replace") return OnError::kReplace;
    if (name == "backslashreplace") return OnError::kBackslash;
    if (name == "xmlcharrefreplace") return OnError::kXmlChar;
    return OnError::kUnknown;
}

int32_t unknown_handler(const KtStr* errors) {
    return raise_format(Exc::LookupError, "unknown error handler name '{}'", view(errors));
}

int32_t unknown_encoding(const KtStr* encoding) {
    return raise_format(Exc::LookupError, "unknown encoding: {}", view(encoding));
}

// `map`: of Codec::kCharmap.
int32_t encode_narrow(KtStr* text, Codec codec, const Charmap* map, OnError on_error, KtStr* errors, KtBytes** out) {
    const char32_t limit = codec == Codec::kAscii ? 0x80 : 0x100;
    auto byte_of = [&](char32_t c) { return map != nullptr ? byte_in(*map, c) : c < limit ? static_cast<int>(c) : -1; };
    std::string encoded;
    const char* at = text->data;
    const char* end = at + text->byte_len;
    int64_t index = 0;
    for (; at < end; ++index) {
        const char32_t c = decode_next(at);
        if (const int byte = byte_of(c); byte >= 0) {
            encoded += static_cast<char>(byte);
            continue;
        }
        switch (on_error) {
            case OnError::kIgnore: break;
            case OnError::kReplace: encoded += '?'; break;
            case OnError::kXmlChar: encoded += fmt::format("&#{};", static_cast<uint32_t>(c)); break;
            case OnError::kBackslash:
                encoded += c < 0x100     ? fmt::format("\\x{:02x}", static_cast<uint32_t>(c))
                           : c < 0x10000 ? fmt::format("\\u{:04x}", static_cast<uint32_t>(c))
                                         : fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
                break;
            case OnError::kStrict: {
                int64_t last = index + 1;
                while (at < end && byte_of(decode_next(at)) < 0) ++last;
                return raise_unicode_encode(codec_name(codec), text, index, last,
                                            map != nullptr             ? "character maps to <undefined>"
                                            : codec == Codec::kAscii ? "ordinal not in range(128)"
                                                                     : "ordinal not in range(256)");
            }
            default: return unknown_handler(errors);
        }
    }
    *out = bytes_new(encoded);
    return KT_OK;
}

bool is_big_endian(Codec codec) {
    return codec == Codec::kUtf16Be || codec == Codec::kUtf32Be;
}

int unit_size(Codec codec) {
    return codec == Codec::kUtf16 || codec == Codec::kUtf16Le || codec == Codec::kUtf16Be ? 2 : 4;
}

KtBytes* encode_wide(const KtStr* text, Codec codec) {
    std::string encoded = codec == Codec::kUtf16   ? std::string("\xff\xfe", 2)
                          : codec == Codec::kUtf32 ? std::string("\xff\xfe\0\0", 4)
                                                   : std::string();
    const bool big = is_big_endian(codec);
    const auto unit = [&](uint32_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) encoded += static_cast<char>(value >> 8 * (big ? bytes - 1 - i : i) & 0xFF);
    };
    const char* at = text->data;
    const char* end = at + text->byte_len;
    while (at < end) {
        const char32_t c = decode_next(at);
        if (unit_size(codec) == 4) {
            unit(c, 4);
        } else if (c < 0x10000) {
            unit(c, 2);
        } else {
            unit(0xD800 + ((c - 0x10000) >> 10), 2);
            unit(0xDC00 + ((c - 0x10000) & 0x3FF), 2);
        }
    }
    return bytes_new(encoded);
}

// One error handled: what it adds, or a raised exception.
int32_t handle_decode_error(TextBuilder& builder, Codec codec, KtBytes* bytes, OnError on_error, KtStr* errors,
                            int64_t start, int64_t end, const char* reason) {
    switch (on_error) {
        case OnError::kStrict: return raise_unicode_decode(codec_name(codec), bytes, start, end, reason);
        case OnError::kIgnore: return KT_OK;
        case OnError::kReplace: builder.add_code_point(0xFFFD); return KT_OK;
        case OnError::kBackslash:
            for (int64_t i = start; i < end; ++i)
                builder.add(std::string_view(fmt::format("\\x{:02x}", bytes->data[i])));
            return KT_OK;
        default: return unknown_handler(errors);
    }
}

int32_t decode_utf8(KtBytes* bytes, int64_t skip, OnError on_error, KtStr* errors, KtStr** out) {
    const std::string_view data = view(bytes);
    Utf8Error error = check_utf8(data.data() + skip, data.size() - static_cast<size_t>(skip));
    if (error.start < 0) {
        *out = str_new(data.substr(static_cast<size_t>(skip)));
        return KT_OK;
    }
    TextBuilder builder(data.size());
    int64_t at = skip;
    while (error.start >= 0) {
        builder.add(data.substr(static_cast<size_t>(at), static_cast<size_t>(error.start)));
        if (handle_decode_error(builder, Codec::kUtf8, bytes, on_error, errors, at + error.start, at + error.end,
                                error.reason) != KT_OK)
            return KT_ERROR;
        at += error.end;
        error = check_utf8(data.data() + at, data.size() - static_cast<size_t>(at));
    }
    builder.add(data.substr(static_cast<size_t>(at)));
    *out = builder.finish();
    return KT_OK;
}

int32_t decode_narrow(KtBytes* bytes, Codec codec, const Charmap* map, OnError on_error, KtStr* errors, KtStr** out) {
    TextBuilder builder(static_cast<size_t>(bytes->length) + 8);
    for (int64_t i = 0; i < bytes->length; ++i) {
        const uint8_t c = bytes->data[i];
        if (c < 0x80 || codec == Codec::kLatin1) {
            builder.add_code_point(c);
        } else if (map != nullptr && map->high[c - 128] != kUndefined) {
            builder.add_code_point(map->high[c - 128]);
        } else {
            const char* reason = map != nullptr ? "character maps to <undefined>" : "ordinal not in range(128)";
            if (handle_decode_error(builder, codec, bytes, on_error, errors, i, i + 1, reason) != KT_OK) return KT_ERROR;
        }
    }
    *out = builder.finish();
    return KT_OK;
}

int32_t decode_wide(KtBytes* bytes, Codec codec, OnError on_error, KtStr* errors, KtStr** out) {
    const int64_t unit = unit_size(codec);
    bool big = is_big_endian(codec);
    int64_t at = 0;
    const auto read = [&](int64_t offset) {
        uint32_t value = 0;
        for (int64_t i = 0; i < unit; ++i) value |= uint32_t{bytes->data[offset + (big ? unit - 1 - i : i)]} << 8 * i;
        return value;
    };
    if (bytes->length >= unit && (codec == Codec::kUtf16 || codec == Codec::kUtf32)) {
        const uint32_t mark = read(0);
        big = mark == (unit == 2 ? 0xFFFEu : 0xFFFE0000u);
        if (big || mark == 0xFEFF) at = unit;
    }
    TextBuilder builder(static_cast<size_t>(bytes->length) + 8);
    while (at < bytes->length) {
        int64_t end = at + unit;
        const char* reason = nullptr;
        char32_t c = 0;
        if (end > bytes->length) {
            end = bytes->length;
            reason = "truncated data";
        } else {
            c = read(at);
            if (unit == 2 && c >= 0xD800 && c < 0xDC00) {
                if (end + 2 > bytes->length) {
                    end = bytes->length;
                    reason = "unexpected end of data";
                } else if (const uint32_t low = read(end); low >= 0xDC00 && low < 0xE000) {
                    c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                    end += 2;
                } else {
                    reason = "illegal UTF-16 surrogate";
                }
            } else if (unit == 2 && c >= 0xDC00 && c < 0xE000) {
                reason = "illegal encoding";
            } else if (c > 0x10FFFF) {
                reason = "code point not in range(0x110000)";
            } else if (c >= 0xD800 && c < 0xE000) {
                reason = "code point in surrogate code point range(0xd800, 0xe000)";
            }
        }
        if (reason == nullptr)
            builder.add_code_point(c);
        else if (handle_decode_error(builder, codec, bytes, on_error, errors, at, end, reason) != KT_OK)
            return KT_ERROR;
        at = end;
    }
    *out = builder.finish();
    return KT_OK;
}

}  // namespace

Codec codec_named(std::string_view name) {
    struct Alias {
        std::string_view name;
        Codec codec;
    };
    static constexpr Alias kAliases[] = {
        {"utf_8", Codec::kUtf8}, {"utf8", Codec::kUtf8}, {"u8", Codec::kUtf8}, {"utf", Codec::kUtf8}, {"cp65001", Codec::kUtf8},
        {"utf_8_sig", Codec::kUtf8Sig}, {"utf8_sig", Codec::kUtf8Sig},
        {"ascii", Codec::kAscii}, {"us_ascii", Codec::kAscii}, {"646", Codec::kAscii}, {"ansi_x3.4_1968", Codec::kAscii}, {"iso646_us", Codec::kAscii},
        {"latin_1", Codec::kLatin1}, {"latin1", Codec::kLatin1}, {"iso_8859_1", Codec::kLatin1}, {"iso8859_1", Codec::kLatin1},
        {"iso8859", Codec::kLatin1}, {"8859", Codec::kLatin1}, {"cp819", Codec::kLatin1}, {"l1", Codec::kLatin1}, {"latin", Codec::kLatin1},
        {"charmap", Codec::kLatin1},
        {"utf_16", Codec::kUtf16}, {"utf16", Codec::kUtf16}, {"u16", Codec::kUtf16},
        {"utf_16_le", Codec::kUtf16Le}, {"utf_16le", Codec::kUtf16Le}, {"utf16_le", Codec::kUtf16Le},
        {"utf_16_be", Codec::kUtf16Be}, {"utf_16be", Codec::kUtf16Be}, {"utf16_be", Codec::kUtf16Be},
        {"utf_32", Codec::kUtf32}, {"utf32", Codec::kUtf32}, {"u32", Codec::kUtf32},
        {"utf_32_le", Codec::kUtf32Le}, {"utf_32le", Codec::kUtf32Le}, {"utf_32_be", Codec::kUtf32Be}, {"utf_32be", Codec::kUtf32Be},
    };
    const std::string plain = normalized(name);
    for (const Alias& alias : kAliases)
        if (plain == alias.name) return alias.codec;
    if (charmap_named(name) != nullptr) return Codec::kCharmap;
    return Codec::kUnknown;
}

std::string_view codec_name(Codec codec) {
    switch (codec) {
        case Codec::kAscii: return "ascii";
        case Codec::kLatin1: return "latin-1";
        case Codec::kUtf16: return "utf-16";
        case Codec::kUtf32: return "utf-32";
        case Codec::kUtf16Le: return "utf-16-le";
        case Codec::kUtf16Be: return "utf-16-be";
        case Codec::kUtf32Le: return "utf-32-le";
        case Codec::kUtf32Be: return "utf-32-be";
        case Codec::kCharmap: return "charmap";
        default: return "utf-8";
    }
}

int32_t encode_text(KtStr* text, KtStr* encoding, KtStr* errors, KtBytes** out) {
    const Codec codec = encoding == nullptr ? Codec::kUtf8 : codec_named(view(encoding));
    switch (codec) {
        case Codec::kUtf8: *out = bytes_new(view(text)); return KT_OK;
        case Codec::kUtf8Sig: *out = bytes_new("\xEF\xBB\xBF" + std::string(view(text))); return KT_OK;
        case Codec::kAscii:
        case Codec::kLatin1: return encode_narrow(text, codec, nullptr, handler_named(errors), errors, out);
        case Codec::kCharmap: return encode_narrow(text, codec, charmap_named(view(encoding)), handler_named(errors), errors, out);
        case Codec::kUtf16:
        case Codec::kUtf16Le:
        case Codec::kUtf16Be:
        case Codec::kUtf32Le:
        case Codec::kUtf32Be:
        case Codec::kUtf32: *out = encode_wide(text, codec); return KT_OK;
        default: return unknown_encoding(encoding);
    }
}

int32_t decode_bytes(KtBytes* bytes, KtStr* encoding, KtStr* errors, KtStr** out) {
    if (bytes->length == 0) {  // before the encoding is looked up, as in CPython
        *out = str_empty();
        return KT_OK;
    }
    const Codec codec = encoding == nullptr ? Codec::kUtf8 : codec_named(view(encoding));
    const OnError on_error = handler_named(errors);
    switch (codec) {
        case Codec::kUtf8: return decode_utf8(bytes, 0, on_error, errors, out);
        case Codec::kUtf8Sig:
            return decode_utf8(bytes, view(bytes).starts_with("\xEF\xBB\xBF") ? 3 : 0, on_error, errors, out);
        case Codec::kAscii:
        case Codec::kLatin1: return decode_narrow(bytes, codec, nullptr, on_error, errors, out);
        case Codec::kCharmap: return decode_narrow(bytes, codec, charmap_named(view(encoding)), on_error, errors, out);
        case Codec::kUtf16:
        case Codec::kUtf16Le:
        case Codec::kUtf16Be:
        case Codec::kUtf32Le:
        case Codec::kUtf32Be:
        case Codec::kUtf32: return decode_wide(bytes, codec, on_error, errors, out);
        default: return unknown_encoding(encoding);
    }
}

}  // namespace kayton
