#include "worker/runtime/file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/print.h"
#include "worker/runtime/repr.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

constexpr size_t kRawSize = 64 * 1024;
constexpr size_t kDecodeSlice = 8192;  // CPython decodes in such chunks: positions in decoding errors count from them
constexpr size_t kOutSize = 64 * 1024;

// More bytes behind raw_end; KT_STOP at the end of the file.
int32_t read_more(KtFile* file) {
    if (file->ended) return KT_STOP;
    if (file->raw == nullptr) file->raw = static_cast<char*>(kt_alloc(kRawSize));
    if (file->raw_at > 0) {
        std::memmove(file->raw, file->raw + file->raw_at, file->raw_end - file->raw_at);
        file->raw_end -= file->raw_at;
        file->raw_at = 0;
    }
    while (true) {
        ssize_t got;
        if (file->fd == 0 && input_source() != nullptr) {
            got = input_source()->read(file->raw + file->raw_end, kRawSize - file->raw_end);
            if (got < 0) errno = static_cast<int>(-got);
        } else {
            got = ::read(file->fd, file->raw + file->raw_end, kRawSize - file->raw_end);
        }
        if (got > 0) {
            file->raw_end += static_cast<size_t>(got);
            return KT_OK;
        }
        if (got == 0) {
            file->ended = file->fd != 0;  // a terminal may give more after an end of file
            return KT_STOP;
        }
        if (errno != EINTR) return raise_errno(errno, nullptr);
        if (kt_interrupt_flag != 0 && check_interrupt() != KT_OK) return KT_ERROR;
    }
}

char* convert_buffer(KtFile* file, size_t size) {
    if (file->converted_size < size) {
        file->converted = static_cast<char*>(kt_realloc(file->converted, size));
        file->converted_size = size;
    }
    return file->converted;
}

void give_converted(KtFile* file, const char* end, size_t used) {
    file->text = file->converted;
    file->text_end = end;
    file->raw_text_start = file->raw_at;
    file->raw_at += used;
    file->raw_text_end = file->raw_at;
}

int32_t raise_decode(KtFile* file, std::string_view codec, size_t slice, int64_t start, int64_t end,
                     const char* reason) {
    const Ref<KtBytes> bytes(bytes_new({file->raw + file->raw_at, slice}));
    return raise_unicode_decode(codec, bytes.get(), start, end, reason);
}

// \r\n and \r become \n; a \r at the very end waits to see what follows.
char* translate_newlines(KtFile* file, char* data, char* end) {
    char* to = data;
    for (char* at = data; at < end;) {
        if (*at != '\r') {
            *to++ = *at++;
            continue;
        }
        *to++ = '\n';
        ++at;
        if (at < end)
            at += *at == '\n';
        else
            file->after_return = true;
    }
    return to;
}

// Bytes above 127 become two in UTF-8.
char* widen_latin1(const char* data, size_t size, char* to) {
    for (size_t i = 0; i < size; ++i) to += encode_utf8(static_cast<unsigned char>(data[i]), to);
    return to;
}

int32_t decode_slice(KtFile* file, size_t slice) {
    const char* data = file->raw + file->raw_at;
    const bool translate = file->newlines == Newlines::kUniversal;
    if (file->after_return) {
        file->after_return = false;
        if (data[0] == '\n') {
            ++file->raw_at;
            if (--slice == 0) return file_fill(file);
            data = file->raw + file->raw_at;
        }
    }
    if (file->codec == Codec::kLatin1) {
        char* buffer = convert_buffer(file, slice * 2);
        char* end = widen_latin1(data, slice, buffer);
        if (translate) end = translate_newlines(file, buffer, end);
        give_converted(file, end, slice);
        return KT_OK;
    }
    if (translate && std::memchr(data, '\r', slice) != nullptr) {
        char* buffer = convert_buffer(file, slice);
        std::memcpy(buffer, data, slice);
        give_converted(file, translate_newlines(file, buffer, buffer + slice), slice);
        return KT_OK;
    }
    file->text = data;
    file->text_end = data + slice;
    file->raw_text_start = file->raw_text_end = 0;
    file->raw_at += slice;
    return KT_OK;
}

}  // namespace

int32_t file_fill(KtFile* file) {
    if (file->binary) {
        if (file->raw_at == file->raw_end) {
            file->raw_at = file->raw_end = 0;
            const int32_t status = read_more(file);
            if (status != KT_OK) return status;
        }
        file->text = file->raw + file->raw_at;
        file->text_end = file->raw + file->raw_end;
        file->raw_text_start = file->raw_text_end = 0;
        file->raw_at = file->raw_end;
        return KT_OK;
    }
    size_t slice = std::min(kDecodeSlice, file->raw_end - file->raw_at);
    if (slice == 0) {
        file->raw_at = file->raw_end = 0;
        const int32_t status = read_more(file);
        if (status != KT_OK) return status;
        slice = std::min(kDecodeSlice, file->raw_end);
    }
    while (true) {
        const char* data = file->raw + file->raw_at;
        if (file->codec == Codec::kLatin1) return decode_slice(file, slice);
        if (file->codec == Codec::kAscii) {
            if (all_ascii(data, slice)) return decode_slice(file, slice);
            const char* bad = std::find_if(data, data + slice, [](char c) { return (c & 0x80) != 0; });
            return raise_decode(file, "ascii", slice, bad - data, bad - data + 1, "ordinal not in range(128)");
        }
        const Utf8Error error = check_utf8(data, slice);
        if (error.start < 0) return decode_slice(file, slice);
        if (!error.incomplete) return raise_decode(file, "utf-8", slice, error.start, error.end, error.reason);
        if (error.start > 0) return decode_slice(file, static_cast<size_t>(error.start));
        // Only the beginning of a character: more bytes are needed.
        if (file->raw_end - file->raw_at == slice) {
            const int32_t status = read_more(file);
            if (status == KT_ERROR) return status;
            if (status == KT_STOP) return raise_decode(file, "utf-8", slice, error.start, error.end, error.reason);
        }
        slice = std::min(slice + kDecodeSlice, file->raw_end - file->raw_at);
    }
}

int32_t file_read_rest(KtFile* file, std::string& data) {
    data.append(file->text, static_cast<size_t>(file->text_end - file->text));
    file->text = file->text_end;
    const size_t first = data.size();
    while (true) {
        data.append(file->raw + file->raw_at, file->raw_end - file->raw_at);
        file->raw_at = file->raw_end = 0;
        file->raw_text_start = file->raw_text_end = 0;
        const int32_t status = read_more(file);
        if (status == KT_ERROR) return status;
        if (status == KT_STOP) break;
    }
    if (file->binary) return KT_OK;
    if (file->after_return && data.size() > first && data[first] == '\n') data.erase(first, 1);
    file->after_return = false;
    const std::string_view fresh = std::string_view(data).substr(first);
    if (file->codec == Codec::kUtf8) {
        const Utf8Error error = check_utf8(fresh.data(), fresh.size());
        if (error.start >= 0) {
            const Ref<KtBytes> bytes(bytes_new(fresh));
            return raise_unicode_decode("utf-8", bytes.get(), error.start, error.end, error.reason);
        }
    } else {
        const Ref<KtBytes> bytes(bytes_new(fresh));
        const Ref<KtStr> name(str_new(codec_name(file->codec)));
        Ref<KtStr> decoded;
        if (decode_bytes(bytes.get(), name.get(), nullptr, decoded.out()) != KT_OK) return KT_ERROR;
        data.replace(first, std::string::npos, view(decoded.get()));
    }
    if (file->newlines == Newlines::kUniversal && data.find('\r', first) != std::string::npos) {
        char* end = translate_newlines(file, data.data() + first, data.data() + data.size());
        data.resize(static_cast<size_t>(end - data.data()));
    }
    return KT_OK;
}

int32_t check_open(const KtFile* file) {
    return file->closed ? raise(Exc::ValueError, "I/O operation on closed file.") : int32_t{KT_OK};
}

int32_t file_flush(KtFile* file) {
    const size_t size = file->out_size;
    file->out_size = 0;
    if (size == 0) return KT_OK;
    if (file->stream != 0 && output_sink() != nullptr) {
        output_sink()->write(file->stream, {file->out, size});
        return KT_OK;
    }
    const char* at = file->out;
    const char* end = at + size;
    while (at < end) {
        const ssize_t written = ::write(file->fd, at, static_cast<size_t>(end - at));
        if (written >= 0) {
            at += written;
            continue;
        }
        if (errno != EINTR) return raise_errno(errno, nullptr);
        if (kt_interrupt_flag != 0 && check_interrupt() != KT_OK) return KT_ERROR;
    }
    return KT_OK;
}

int32_t file_write_text(KtFile* file, std::string_view text) {
    if (file->out == nullptr) file->out = static_cast<char*>(kt_alloc(kOutSize));
    while (!text.empty()) {
        const size_t part = std::min(text.size(), kOutSize - file->out_size);
        std::memcpy(file->out + file->out_size, text.data(), part);
        file->out_size += part;
        text.remove_prefix(part);
        if (file->out_size == kOutSize && file_flush(file) != KT_OK) return KT_ERROR;
    }
    return file->unbuffered ? file_flush(file) : int32_t{KT_OK};
}

int64_t unread_bytes(const KtFile* file) {
    auto unread = static_cast<int64_t>(file->raw_end - file->raw_at);
    if (file->raw_text_end == file->raw_text_start) return unread + (file->text_end - file->text);
    // The text was converted: walk the bytes it came from alongside.
    const char* raw = file->raw + file->raw_text_start;
    const char* raw_end = file->raw + file->raw_text_end;
    const bool latin = file->codec == Codec::kLatin1;
    for (const char* at = file->converted; at < file->text && raw < raw_end;) {
        const bool pair = *at == '\n' && *raw == '\r' && raw + 1 < raw_end && raw[1] == '\n';
        at += latin ? utf8_width(static_cast<unsigned char>(*at)) : 1;
        raw += pair ? 2 : 1;
    }
    return unread + (raw_end - raw);
}

void discard_buffers(KtFile* file) {
    file->raw_at = file->raw_end = 0;
    file->raw_text_start = file->raw_text_end = 0;
    file->text = file->text_end = nullptr;
    file->after_return = false;
    file->ended = false;
    file->iterating = false;
}

KtFile* file_new(int fd, KtStr* name, std::string_view mode, bool binary) {
    auto* file = static_cast<KtFile*>(object_alloc_zeroed(binary ? &kTypeBinaryFile : &kTypeTextFile, sizeof(KtFile)));
    ++vm.waiting_for_end;
    file->fd = fd;
    file->binary = binary;
    file->codec = Codec::kUtf8;
    file->name = same(name);
    file->mode = str_new(mode);
    return file;
}

void file_destroy(KtFile* file) {
    // Nobody is left to hear of a failure, as in CPython.
    if (!file->closed && file->writable && file_flush(file) != KT_OK) release(kt_exception_take());
    if (!file->closed && file->owns_fd) ::close(file->fd);
    release(file->name);
    release(file->mode);
    kt_free(file->raw);
    kt_free(file->converted);
    kt_free(file->out);
}

void file_describe(TextBuilder& builder, KtFile* file) {
    const bool both = file->readable && file->writable;
    builder.add(!file->binary    ? "<_io.TextIOWrapper name="
                : both           ? "<_io.BufferedRandom name="
                : file->readable ? "<_io.BufferedReader name="
                                 : "<_io.BufferedWriter name=");
    quote_text(builder, view(file->name), false);
    if (!file->binary) {
        builder.add(" mode=");
        quote_text(builder, view(file->mode), false);
        builder.add(" encoding=");
        quote_text(builder, file->codec == Codec::kUtf8 ? "UTF-8" : codec_name(file->codec), false);
    }
    builder.add('>');
}

}  // namespace kayton
