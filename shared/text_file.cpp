#include "shared/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kayton {
namespace {

struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

tl::unexpected<Error> cannot_read(const std::filesystem::path& file, int reason) {
    struct stat status{};
    const bool own = reason == EACCES && ::stat(file.c_str(), &status) == 0 && status.st_uid == ::geteuid();
    return fail(reason == ENOENT || reason == ENOTDIR ? ErrorKind::kNotFound : ErrorKind::kSystem,
                "cannot read `" + file.string() + "`: " + std::strerror(reason), own ? "Run: chmod u+r '" + file.string() + "'" : "");
}

}  // namespace

Result<std::string> read_text_file(const std::filesystem::path& file) {
    Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    if (descriptor.fd < 0) return cannot_read(file, errno);
    struct stat status{};
    if (::fstat(descriptor.fd, &status) != 0) return cannot_read(file, errno);
    if (S_ISDIR(status.st_mode)) return cannot_read(file, EISDIR);
    if (!S_ISREG(status.st_mode))
        return fail(ErrorKind::kSystem, "cannot read `" + file.string() + "`: not a regular file");

    std::string text(static_cast<size_t>(status.st_size), '\0');
    size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t count = ::read(descriptor.fd, text.data() + filled, text.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return cannot_read(file, errno);
        if (count == 0) break;
        filled += static_cast<size_t>(count);
    }
    text.resize(filled);
    return text;
}

std::string json_problem(std::string_view text, const std::exception& error) {
    if (text.empty()) return "it is empty";
    const std::string_view what = error.what();
    const size_t bracket = what.find("] ");
    return std::string(bracket == what.npos ? what : what.substr(bracket + 2));
}

}  // namespace kayton
