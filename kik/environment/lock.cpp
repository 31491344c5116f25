#include "kik/environment/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "kik/cargo/interrupt.h"
#include "kik/environment/durable_file.h"

namespace kayton::kik {
namespace {

std::string holder(int descriptor) {
    std::array<char, 512> text{};
    const ssize_t count = ::pread(descriptor, text.data(), text.size(), 0);
    if (count <= 0) return {};
    std::string line(text.data(), static_cast<size_t>(count));
    return line.substr(0, line.find('\n'));
}

}  // namespace

Result<Lock> Lock::take(const std::filesystem::path& file, const std::string& subject, const std::string& command,
                        const std::function<void(const std::string&)>& say, std::chrono::seconds patience) {
    if (Result<void> made = make_folders(file.parent_path()); !made) return tl::unexpected<Error>(made.error());
    UniqueFd descriptor{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
    if (!descriptor) return tl::unexpected<Error>(system_error("open the lock", file, errno));
    // Who may make files in this folder may also wait with them.
    struct stat folder{};
    if (::stat(file.parent_path().c_str(), &folder) == 0 && (folder.st_mode & S_IWGRP) != 0)
        [[maybe_unused]] const int shared = ::fchmod(descriptor.get(), 0664);

    const auto deadline = std::chrono::steady_clock::now() + patience;
    bool said = false;
    while (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) return tl::unexpected<Error>(system_error("lock", file, errno));
        if (interrupted()) return tl::unexpected<Error>(interruption());
        std::string who = holder(descriptor.get());
        if (who.empty()) who = "unknown";
        if (!said && say) say("Waiting for another kik (" + who + ") to release " + subject);
        said = true;
        if (std::chrono::steady_clock::now() >= deadline) {
            return fail(ErrorKind::kSystem, "gave up waiting for another kik (" + who + ") to release " + subject,
                        "Let it finish or end it, then run the same command again");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const std::string text = "pid " + std::to_string(::getpid()) + ", `" + command + "`\n";
    // The text only serves messages: a full disk must not stop `kik uninstall`.
    if (::ftruncate(descriptor.get(), 0) == 0) {
        [[maybe_unused]] const ssize_t written = ::pwrite(descriptor.get(), text.data(), text.size(), 0);
    }
    return Lock(std::move(descriptor));
}

}  // namespace kayton::kik
