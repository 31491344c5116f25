#include "kik/environment/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "shared/unique_fd.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> refused(const char* verb, const fs::path& file, int reason) {
    return tl::unexpected<Error>(system_error(verb, file, reason));
}

Result<void> rename_with(const fs::path& from, const fs::path& to, unsigned flags) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return {};
    return refused("rename to", to, errno);
}

}  // namespace

Error system_error(const char* verb, const fs::path& file, int reason) {
    Error error;
    error.kind = reason == EEXIST ? ErrorKind::kInput : ErrorKind::kSystem;
    error.message = std::string("cannot ") + verb + " `" + file.string() + "`: " + std::strerror(reason);
    if (reason == ENOSPC || reason == EDQUOT) {
        error.message = "the disk is full: " + error.message;
        error.remedy =
            "Make room on that disk, or set KAYTON_HOME to a folder on another one; then run the command again";
    }
    if (reason == EACCES || reason == EPERM) {
        // Of a file that cannot be made, its folder says who may.
        fs::path refusing = file;
        struct stat status{};
        while (::lstat(refusing.c_str(), &status) != 0 && refusing.has_relative_path()) refusing = refusing.parent_path();
        error.remedy = status.st_uid != ::geteuid()
                               ? "`" + refusing.string() +
                                     "` belongs to another user, perhaps left by a `sudo kik`: `kik doctor` says how to give it "
                                     "back; or set KAYTON_HOME to a folder of yours"
                               : "set KAYTON_HOME to a folder of yours, or ask who owns this one";
    } else if (reason == ENOTDIR) {
        error.remedy = "a file stands where a folder is needed: move it away, or set KAYTON_HOME to a folder";
    } else if (reason == EROFS) {
        error.remedy = "that file system is read-only: set KAYTON_HOME to a folder that can be written";
    }
    return error;
}

Result<void> write_durably(const fs::path& file, std::string_view text) {
    fs::path temporary = file;
    temporary += ".new";
    UniqueFd descriptor{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    if (!descriptor) return refused("write", file, errno);
    while (!text.empty()) {
        const ssize_t count = ::write(descriptor.get(), text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const int reason = errno;
            ::unlink(temporary.c_str());
            return refused("write", file, reason);
        }
        text.remove_prefix(static_cast<size_t>(count));
    }
    if (::fsync(descriptor.get()) != 0) {
        const int reason = errno;
        ::unlink(temporary.c_str());
        return refused("write", file, reason);
    }
    descriptor.reset();
    if (::rename(temporary.c_str(), file.c_str()) != 0) {
        const int reason = errno;
        ::unlink(temporary.c_str());
        return refused("replace", file, reason);
    }
    return sync_folder(file.parent_path());
}

Result<void> sync_file(const fs::path& file) {
    const UniqueFd descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!descriptor) return refused("open", file, errno);
    if (::fsync(descriptor.get()) != 0) return refused("write", file, errno);
    return {};
}

Result<void> sync_folder(const fs::path& folder) {
    const UniqueFd descriptor{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!descriptor) return refused("open", folder, errno);
    // Some file systems cannot sync a folder and say EINVAL: they order renames by themselves.
    if (::fsync(descriptor.get()) != 0 && errno != EINVAL) return refused("write", folder, errno);
    return {};
}

Result<void> rename_new(const fs::path& from, const fs::path& to) {
    return rename_with(from, to, RENAME_NOREPLACE);
}

Result<void> exchange(const fs::path& a, const fs::path& b) {
    return rename_with(a, b, RENAME_EXCHANGE);
}

Result<void> copy_contents(const fs::path& from, const fs::path& to) {
    const UniqueFd source{::open(from.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!source) return refused("open", from, errno);
    struct stat status{};
    if (::fstat(source.get(), &status) != 0) return refused("open", from, errno);
    ::unlink(to.c_str());
    UniqueFd target{::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777)};
    if (!target) return refused("write", to, errno);
    const auto give_up = [&](int reason) {
        ::unlink(to.c_str());
        return refused("write", to, reason);
    };
    std::vector<char> buffer(1 << 18);
    while (true) {
        const ssize_t count = ::read(source.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return give_up(errno);
        if (count == 0) break;
        std::string_view rest(buffer.data(), static_cast<size_t>(count));
        while (!rest.empty()) {
            const ssize_t written = ::write(target.get(), rest.data(), rest.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return give_up(errno);
            rest.remove_prefix(static_cast<size_t>(written));
        }
    }
    // Some file systems tell only now that the disk is full.
    if (::close(target.release()) != 0) return give_up(errno);
    return {};
}

Result<void> make_folders(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return refused("make the folder", folder, error.value());
    return {};
}

Result<void> remove_tree(const fs::path& folder) {
    std::error_code error;
    fs::remove_all(folder, error);
    if (error) return refused("remove", folder, error.value());
    return {};
}

}  // namespace kayton::kik
