// The module zlib: whole texts compressed and decompressed by zlib.
#include <zlib.h>

#include <string>

#include "worker/runtime/codec.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/runtime.h"

namespace kayton {

namespace {

constexpr size_t kRoom = 64 * 1024;

int32_t fail_zlib(const z_stream& stream, int error, std::string_view doing) {
    const char* reason = stream.msg;
    if (error == Z_BUF_ERROR && reason == nullptr) reason = "incomplete or truncated stream";
    if (error == Z_STREAM_ERROR && reason == nullptr) reason = "inconsistent stream state";
    if (reason != nullptr) return raise_format(Exc::ValueError, "Error {} while {} data: {}", error, doing, reason);
    return raise_format(Exc::ValueError, "Error {} while {} data", error, doing);
}

// Runs `step` until the stream's end; the output, or the error it ended with.
template <typename Step>
int run(z_stream& stream, std::string& output, Step step) {
    int result = Z_OK;
    do {
        const size_t before = output.size();
        output.resize(before + kRoom);
        stream.next_out = reinterpret_cast<Bytef*>(output.data() + before);
        stream.avail_out = kRoom;
        result = step();
        output.resize(output.size() - stream.avail_out);
    } while (result == Z_OK);
    return result;
}

}  // namespace

// 0: compress, `number` is 100 × (window bits + 50) + level + 1. 1: decompress, `number` is the window bits. Window bits
// as zlib has them: negative without header, 31 with gzip's, 47 with either.
extern "C" int32_t kt_zlib(int64_t which, KtBytes* data, int64_t number, KtBytes** out) {
    z_stream stream = {};
    stream.next_in = data->data;
    stream.avail_in = static_cast<uInt>(data->length);
    std::string output;
    if (which == 0) {
        const int level = static_cast<int>(number % 100) - 1;
        if (const int error = deflateInit2(&stream, level, Z_DEFLATED, static_cast<int>(number / 100) - 50, 8, Z_DEFAULT_STRATEGY); error != Z_OK) {
            if (error == Z_STREAM_ERROR) return raise(Exc::ValueError, "Bad compression level");
            return fail_zlib(stream, error, "compressing");
        }
        const int result = run(stream, output, [&] { return deflate(&stream, Z_FINISH); });
        deflateEnd(&stream);
        if (result != Z_STREAM_END) return fail_zlib(stream, result, "compressing");
    } else {
        if (const int error = inflateInit2(&stream, static_cast<int>(number)); error != Z_OK) return fail_zlib(stream, error, "preparing to decompress");
        const int result = run(stream, output, [&] { return inflate(&stream, Z_SYNC_FLUSH); });
        const z_stream ended = stream;
        inflateEnd(&stream);
        if (result != Z_STREAM_END) return fail_zlib(ended, result, "decompressing");
    }
    *out = bytes_new(output);
    return KT_OK;
}

}  // namespace kayton
