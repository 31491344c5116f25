#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include "compiler/syntax/parser.h"
#include "compiler/syntax/unicode.h"

namespace kayton::syntax {

namespace {

// A program's tokens and nodes take up to forty times its text; no program written by hand or by a tool comes near.
constexpr uintmax_t kMaxSourceBytes = 128U << 20;

std::string megabytes(uintmax_t bytes) {
    return std::to_string(bytes >> 20) + " MB";
}

tl::unexpected<Error> unreadable(const std::string& name, int error) {
    if (error == ENOENT || error == ENOTDIR) {
        return fail(ErrorKind::kInput, "no such file: " + name, "check the path; programs end in .kay");
    }
    return fail(ErrorKind::kInput, "cannot read " + name + ": " + std::strerror(error));
}

}  // namespace

Result<std::string> read_source(const std::filesystem::path& path) {
    const std::string name = path.string();
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (error) return unreadable(name, error.value());
    if (std::filesystem::is_directory(status)) {
        return fail(ErrorKind::kInput, name + " is a directory, not a program", "name a file in it");
    }
    auto too_large = [&name](uintmax_t size) {
        return fail(
            ErrorKind::kInput,
            name + " is too large for a program: " + megabytes(size) + ", at most " + megabytes(kMaxSourceBytes),
            "read large data from a file of its own at run time");
    };
    if (std::filesystem::is_regular_file(status)) {
        const uintmax_t size = std::filesystem::file_size(path, error);
        if (!error && size > kMaxSourceBytes) return too_large(size);
    }
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (!in) return unreadable(name, errno != 0 ? errno : EIO);
    std::string text;
    char buffer[64 * 1024];
    while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
        text.append(buffer, static_cast<size_t>(in.gcount()));
        if (text.size() > kMaxSourceBytes) return too_large(text.size());
    }
    if (in.bad()) return unreadable(name, errno != 0 ? errno : EIO);

    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    if (text.find('\r') != std::string::npos) {
        size_t out = 0;
        for (size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
            text[out++] = text[i] == '\r' ? '\n' : text[i];
        }
        text.resize(out);
    }
    return text;
}

Result<std::string> load_source(const std::filesystem::path& path) {
    Result<std::string> text = read_source(path);
    if (!text) return text;
    if (auto invalid = find_invalid_utf8(*text)) {
        auto line = 1 + std::count(text->begin(), text->begin() + static_cast<std::ptrdiff_t>(*invalid), '\n');
        char byte[8];
        std::snprintf(byte, sizeof byte, "0x%02x", static_cast<unsigned char>((*text)[*invalid]));
        return fail(ErrorKind::kInput,
                    path.string() + " is not UTF-8 [" + diag_info(DiagCode::kNotUtf8).code + "]: byte " + byte +
                        " at offset " + std::to_string(*invalid) + ", line " + std::to_string(line),
                    "save the file as UTF-8");
    }
    return text;
}

}  // namespace kayton::syntax
