// Files of open() and the standard streams: buffered, text with universal newlines or binary.
// A KtFile is a VM object; its descriptor is closed with it. Used by the VM's one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "worker/runtime/codec.h"
#include "worker/runtime/str.h"

namespace kayton {

class OutputSink;

enum class Newlines { kUniversal, kKeepAll, kLineFeed, kReturn, kReturnLineFeed };

struct KtFile {
    KtObject base;
    int fd;
    bool readable, writable, binary, owns_fd, closed, unbuffered;
    bool ended;         // the descriptor has no more to read
    bool iterating;     // next() was called: tell() is off, as in CPython
    bool after_return;  // the last text read ended in a \r that was given as \n: a \n that follows belongs to it
    Newlines newlines;
    Codec codec;
    int stream;  // 1 or 2 for output through the sink, else 0
    KtStr* name;
    KtStr* mode;
    // Reading: raw bytes [raw_at, raw_end) are not decoded yet; [text, text_end) is ready to be given out.
    char* raw;
    size_t raw_at, raw_end;
    const char* text;
    const char* text_end;
    char* converted;  // holds the text where decoding changed it
    size_t converted_size;
    size_t raw_text_start, raw_text_end;  // what the converted text was made of
    // Writing
    char* out;
    size_t out_size;
};

// Makes the next text (or bytes) ready; KT_STOP at the end of the file.
int32_t file_fill(KtFile* file);
// Everything left of the file, appended. Text is decoded in one go, as CPython's read() does.
int32_t file_read_rest(KtFile* file, std::string& data);
int32_t file_write_text(KtFile* file, std::string_view text);
int32_t file_flush(KtFile* file);
void file_destroy(KtFile* file);
void file_describe(TextBuilder& builder, KtFile* file);  // repr
// Bytes of the file already given to the program.
[[nodiscard]] int64_t unread_bytes(const KtFile* file);
void discard_buffers(KtFile* file);
int32_t check_open(const KtFile* file);

[[nodiscard]] KtFile* file_new(int fd, KtStr* name, std::string_view mode, bool binary);
[[nodiscard]] KtFile* standard_output();
[[nodiscard]] KtFile* standard_input();
[[nodiscard]] KtFile* standard_error();
void write_standard_error(std::string_view text);

}  // namespace kayton
