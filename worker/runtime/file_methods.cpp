// open() and the methods of files.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/file.h"
#include "worker/runtime/list.h"
#include "worker/runtime/str_search.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

int32_t unsupported(const char* what) {
    return raise(Exc::OSError, what);
}

// What open()'s mode asks for.
struct Mode {
    bool create = false, read = false, write = false, append = false, plus = false, binary = false;
};

int32_t parse_mode(const KtStr* mode, Mode& out) {
    bool text = false;
    const std::string_view letters = view(mode);
    for (size_t i = 0; i < letters.size(); ++i) {
        if (letters.find(letters[i], i + 1) != kNotFound)
            return raise_format(Exc::ValueError, "invalid mode: '{}'", letters);
        switch (letters[i]) {
            case 'x': out.create = true; break;
            case 'r': out.read = true; break;
            case 'w': out.write = true; break;
            case 'a': out.append = true; break;
            case '+': out.plus = true; break;
            case 't': text = true; break;
            case 'b': out.binary = true; break;
            default: return raise_format(Exc::ValueError, "invalid mode: '{}'", letters);
        }
    }
    if (text && out.binary) return raise(Exc::ValueError, "can't have text and binary mode at once");
    const int kinds = out.create + out.read + out.write + out.append;
    if (kinds > 1) return raise(Exc::ValueError, "must have exactly one of create/read/write/append mode");
    if (kinds == 0)
        return raise(Exc::ValueError, "Must have exactly one of create/read/write/append mode and at most one plus");
    return KT_OK;
}

int32_t parse_newlines(const KtStr* newline, Newlines& out) {
    out = Newlines::kUniversal;
    if (newline == nullptr) return KT_OK;
    const std::string_view text = view(newline);
    if (text.empty())
        out = Newlines::kKeepAll;
    else if (text == "\n")
        out = Newlines::kLineFeed;
    else if (text == "\r")
        out = Newlines::kReturn;
    else if (text == "\r\n")
        out = Newlines::kReturnLineFeed;
    else
        return raise_format(Exc::ValueError, "illegal newline value: {}", text);
    return KT_OK;
}

int32_t check_readable(KtFile* file) {
    if (check_open(file) != KT_OK) return KT_ERROR;
    if (!file->readable) return unsupported(file->binary ? "read" : "not readable");
    return file->out_size > 0 ? file_flush(file) : int32_t{KT_OK};
}

int32_t check_writable(KtFile* file) {
    if (check_open(file) != KT_OK) return KT_ERROR;
    if (!file->writable) return unsupported(file->binary ? "write" : "not writable");
    // What was read ahead is given back, so that writing happens where the program thinks it is.
    if (file->readable) {
        const int64_t unread = unread_bytes(file);
        if (unread > 0) ::lseek(file->fd, -unread, SEEK_CUR);
        if (unread > 0 || file->raw_end > 0) discard_buffers(file);
    }
    return KT_OK;
}

// Where the first line of the data ends, past its terminator; NULL when it does not end here. `more` says that the
// decision needs the byte after the data.
const char* line_end(const KtFile* file, const char* data, const char* end, bool& more) {
    more = false;
    const auto find = [&](char c) {
        return static_cast<const char*>(std::memchr(data, c, static_cast<size_t>(end - data)));
    };
    if (file->binary || file->newlines == Newlines::kUniversal || file->newlines == Newlines::kLineFeed) {
        const char* at = find('\n');
        return at != nullptr ? at + 1 : nullptr;
    }
    if (file->newlines == Newlines::kReturn) {
        const char* at = find('\r');
        return at != nullptr ? at + 1 : nullptr;
    }
    if (file->newlines == Newlines::kReturnLineFeed) {
        const size_t at = find_bytes({data, static_cast<size_t>(end - data)}, "\r\n");
        return at != kNotFound ? data + at + 2 : nullptr;
    }
    const char* feed = find('\n');
    const char* back = find('\r');
    if (back == nullptr || (feed != nullptr && feed < back)) return feed != nullptr ? feed + 1 : nullptr;
    if (back + 1 == end) {
        more = true;
        return nullptr;
    }
    return back + (back[1] == '\n' ? 2 : 1);
}

// The next line into the builder when it does not lie in one piece, or as a view that is valid until the next read.
int32_t next_line(KtFile* file, std::string& carried, std::string_view& line) {
    carried.clear();
    while (true) {
        bool more = false;
        if (!carried.empty() && carried.back() == '\r' && file->newlines == Newlines::kKeepAll &&
            file->text < file->text_end) {
            // The line ended in a \r at the end of a slice: a \n that follows belongs to it.
            if (*file->text == '\n') {
                carried += '\n';
                ++file->text;
            }
            line = carried;
            return KT_OK;
        }
        const char* end = file->text < file->text_end ? line_end(file, file->text, file->text_end, more) : nullptr;
        if (file->newlines == Newlines::kReturnLineFeed && !carried.empty() && carried.back() == '\r' &&
            file->text < file->text_end && *file->text == '\n')
            end = file->text + 1;
        if (end != nullptr) {
            const std::string_view piece(file->text, static_cast<size_t>(end - file->text));
            file->text = end;
            if (carried.empty()) {
                line = piece;
            } else {
                carried += piece;
                line = carried;
            }
            return KT_OK;
        }
        carried.append(file->text, static_cast<size_t>(file->text_end - file->text));
        file->text = file->text_end;
        const int32_t status = file_fill(file);
        if (status == KT_ERROR) return status;
        if (status == KT_STOP) {
            line = carried;
            return carried.empty() ? KT_STOP : KT_OK;
        }
    }
}

std::string& line_scratch() {
    static std::string scratch;
    return scratch;
}

int32_t next_text(KtFile* file, KtStr** out) {
    std::string_view line;
    const int32_t status = next_line(file, line_scratch(), line);
    if (status == KT_OK) *out = str_new(line);
    return status;
}

}  // namespace

extern "C" {

int32_t kt_open(KtStr* path, KtStr* mode_text, KtStr* encoding, KtStr* newline, KtFile** out) {
    Mode mode;
    if (parse_mode(mode_text, mode) != KT_OK) return KT_ERROR;
    if (mode.binary && encoding != nullptr)
        return raise(Exc::ValueError, "binary mode doesn't take an encoding argument");
    if (mode.binary && newline != nullptr) return raise(Exc::ValueError, "binary mode doesn't take a newline argument");
    Newlines newlines;
    if (parse_newlines(newline, newlines) != KT_OK) return KT_ERROR;
    const Codec codec = encoding == nullptr ? Codec::kUtf8 : codec_named(view(encoding));
    if (codec == Codec::kUnknown) return raise_format(Exc::LookupError, "unknown encoding: {}", view(encoding));
    if (!mode.binary && codec != Codec::kUtf8 && codec != Codec::kAscii && codec != Codec::kLatin1)
        return raise_format(Exc::LookupError,
                            "open() reads and writes utf-8, ascii and latin-1, not {}; use binary mode and decode()",
                            view(encoding));
    const std::string name(view(path));
    if (name.find('\0') != std::string::npos) return raise(Exc::ValueError, "embedded null byte");
    int flags = O_CLOEXEC;
    flags |= mode.plus ? O_RDWR : mode.read ? O_RDONLY : O_WRONLY;
    if (mode.create) flags |= O_CREAT | O_EXCL;
    if (mode.write) flags |= O_CREAT | O_TRUNC;
    if (mode.append) flags |= O_CREAT | O_APPEND;
    const int fd = ::open(name.c_str(), flags, 0666);
    if (fd < 0) return raise_errno(errno, path);
    struct stat status;
    if (::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        ::close(fd);
        return raise_errno(EISDIR, path);
    }
    KtFile* file = file_new(fd, path, view(mode_text), mode.binary);
    file->owns_fd = true;
    file->readable = mode.read || mode.plus;
    file->writable = !mode.read || mode.plus;
    file->newlines = newlines;
    file->codec = codec;
    if (mode.append) ::lseek(fd, 0, SEEK_END);
    *out = file;
    return KT_OK;
}

int32_t kt_file_read(KtFile* file, int64_t size, KtStr** out) {
    if (check_readable(file) != KT_OK) return KT_ERROR;
    if (size < 0) {
        std::string data;
        if (file_read_rest(file, data) != KT_OK) return KT_ERROR;
        *out = str_new(data);
        return KT_OK;
    }
    TextBuilder builder(static_cast<size_t>(std::min<int64_t>(size, 1 << 16)) + 1);
    while (size > 0) {
        if (file->text == file->text_end) {
            const int32_t status = file_fill(file);
            if (status == KT_ERROR) return status;
            if (status == KT_STOP) break;
        }
        const char* at = file->text;
        while (size > 0 && at < file->text_end) {
            at += utf8_width(static_cast<unsigned char>(*at));
            --size;
        }
        builder.add(std::string_view(file->text, static_cast<size_t>(at - file->text)));
        file->text = at;
    }
    *out = builder.finish();
    return KT_OK;
}

int32_t kt_file_read_bytes(KtFile* file, int64_t size, KtBytes** out) {
    if (check_readable(file) != KT_OK) return KT_ERROR;
    std::string data;
    if (size < 0) {
        if (file_read_rest(file, data) != KT_OK) return KT_ERROR;
    }
    while (size > 0) {
        if (file->text == file->text_end) {
            const int32_t status = file_fill(file);
            if (status == KT_ERROR) return status;
            if (status == KT_STOP) break;
        }
        const int64_t part = std::min<int64_t>(size, file->text_end - file->text);
        data.append(file->text, static_cast<size_t>(part));
        file->text += part;
        size -= part;
    }
    *out = bytes_new(data);
    return KT_OK;
}

int32_t kt_file_readline(KtFile* file, KtStr** out) {
    if (check_readable(file) != KT_OK) return KT_ERROR;
    const int32_t status = next_text(file, out);
    if (status == KT_STOP) *out = str_empty();
    return status == KT_ERROR ? KT_ERROR : KT_OK;
}

int32_t kt_file_readline_bytes(KtFile* file, KtBytes** out) {
    const int32_t status = kt_file_next_bytes(file, out);
    if (status == KT_STOP) *out = bytes_new("");
    return status == KT_ERROR ? KT_ERROR : KT_OK;
}

int32_t kt_file_readlines(KtFile* file, KtList** out) {
    if (check_readable(file) != KT_OK) return KT_ERROR;
    Ref<KtList> list(kt_list_new(type_list_str(), 16));
    while (true) {
        KtStr* line = nullptr;
        const int32_t status = next_text(file, &line);
        if (status == KT_ERROR) return status;
        if (status == KT_STOP) break;
        list_push_owned(list.get(), line);
    }
    *out = list.take();
    return KT_OK;
}

int32_t kt_file_next(KtFile* file, KtStr** out) {
    if (check_readable(file) != KT_OK) return KT_ERROR;
    file->iterating = true;
    const int32_t status = next_text(file, out);
    if (status == KT_STOP) file->iterating = false;
    return status;
}

int32_t kt_file_next_bytes(KtFile* file, KtBytes** out) {
    if (check_readable(file) != KT_OK) return KT_ERROR;
    std::string_view line;
    const int32_t status = next_line(file, line_scratch(), line);
    if (status == KT_OK) *out = bytes_new(line);
    return status;
}

int32_t kt_file_write(KtFile* file, KtStr* text, int64_t* out) {
    if (check_writable(file) != KT_OK) return KT_ERROR;
    const bool translated = file->newlines == Newlines::kReturn || file->newlines == Newlines::kReturnLineFeed;
    int32_t status;
    if (file->codec == Codec::kUtf8 && !translated) {
        status = file_write_text(file, view(text));
    } else {
        Ref<KtStr> changed(same(text));
        if (translated) {
            const Ref<KtStr> terminator(str_new(file->newlines == Newlines::kReturn ? "\r" : "\r\n"));
            if (kt_str_replace(text, ascii_char('\n'), terminator.get(), -1, changed.out()) != KT_OK) return KT_ERROR;
        }
        const Ref<KtStr> name(str_new(codec_name(file->codec)));
        Ref<KtBytes> encoded;
        if (encode_text(changed.get(), name.get(), nullptr, encoded.out()) != KT_OK) return KT_ERROR;
        status = file_write_text(file, view(encoded.get()));
    }
    if (status != KT_OK) return status;
    *out = text->length;
    return KT_OK;
}

int32_t kt_file_write_bytes(KtFile* file, KtBytes* bytes, int64_t* out) {
    if (check_writable(file) != KT_OK) return KT_ERROR;
    if (file_write_text(file, view(bytes)) != KT_OK) return KT_ERROR;
    *out = bytes->length;
    return KT_OK;
}

int32_t kt_file_close(KtFile* file) {
    if (file->closed) return KT_OK;
    const int32_t status = file->writable ? file_flush(file) : int32_t{KT_OK};
    file->closed = true;
    if (file->owns_fd && ::close(file->fd) != 0 && status == KT_OK) return raise_errno(errno, nullptr);
    return status;
}

int32_t kt_file_seek(KtFile* file, int64_t offset, int64_t whence, int64_t* out) {
    if (check_open(file) != KT_OK) return KT_ERROR;
    if (whence < 0 || whence > 2)
        return raise(Exc::ValueError, file->binary ? fmt::format("whence value {} unsupported", whence)
                                                   : fmt::format("invalid whence ({}, should be 0, 1 or 2)", whence));
    if (!file->binary && whence == 1 && offset != 0) return unsupported("can't do nonzero cur-relative seeks");
    if (!file->binary && whence == 2 && offset != 0) return unsupported("can't do nonzero end-relative seeks");
    if (whence == 0 && offset < 0) {
        if (!file->binary) return raise_format(Exc::ValueError, "negative seek position {}", offset);
        return raise_errno(EINVAL, nullptr);
    }
    if (file->writable && file_flush(file) != KT_OK) return KT_ERROR;
    if (whence == 1) offset -= unread_bytes(file);
    const off_t at = ::lseek(file->fd, offset, static_cast<int>(whence));
    if (at < 0) return raise_errno(errno, nullptr);
    discard_buffers(file);
    *out = at;
    return KT_OK;
}

int32_t kt_file_tell(KtFile* file, int64_t* out) {
    if (check_open(file) != KT_OK) return KT_ERROR;
    if (!file->binary && file->iterating) return raise(Exc::OSError, "telling position disabled by next() call");
    if (file->writable && file_flush(file) != KT_OK) return KT_ERROR;
    const off_t at = ::lseek(file->fd, 0, SEEK_CUR);
    if (at < 0) return raise_errno(errno, nullptr);
    *out = at - unread_bytes(file);
    return KT_OK;
}

KtStr* kt_file_name(KtFile* file) {
    return same(file->name);
}
uint8_t kt_file_closed(KtFile* file) {
    return file->closed;
}

}  // extern "C"

}  // namespace kayton
