#include "supervisor/checkpoint/checkpoint.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace kayton {
namespace {

// Waiting by pidfd: the C library's header may not have it.
constexpr auto kByPidfd = static_cast<idtype_t>(3);

// A number of /proc/PID/status; -1 when it cannot be read.
long status_number(pid_t process, const std::string& name) {
    std::ifstream file("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name)) {
            return std::strtol(line.c_str() + name.size(), nullptr, 10);
        }
    }
    return -1;
}

tl::unexpected<Error> system_failure(const std::string& what) {
    return fail(ErrorKind::kSystem, what + ": " + std::strerror(errno));
}

}  // namespace

int threads_of(pid_t process) {
    return static_cast<int>(std::max(status_number(process, "Threads:"), 0L));
}

void kill_children(pid_t process) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        const auto child = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
        const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
        if (pidfd && status_number(child, "PPid:") == process) {
            (void)::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
        }
    }
}

Result<std::unique_ptr<FrozenWorker>> FrozenWorker::prepare() {
    // When the worker dies its checkpoint becomes our child, so that we may wait for its end.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    std::array<int, 2> sockets{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
        return system_failure("cannot make a socket pair for a checkpoint");
    }
    std::unique_ptr<FrozenWorker> frozen(new FrozenWorker(UniqueFd(sockets[0]), UniqueFd(sockets[1])));
    const int on = 1;
    if (::setsockopt(frozen->socket_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
        return system_failure("cannot ask for a checkpoint's identity");
    }
    return frozen;
}

FrozenWorker::~FrozenWorker() {
    reap(let_go());
}

UniqueFd FrozenWorker::let_go() {
    if (pidfd_) {
        (void)::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    }
    return std::move(pidfd_);
}

bool is_reaped(const UniqueFd& pidfd) {
    siginfo_t info{};
    (void)::waitid(kByPidfd, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG);  // if it is our child
    return ::syscall(SYS_pidfd_send_signal, pidfd.get(), 0, nullptr, 0) != 0 && errno == ESRCH;
}

void reap(const UniqueFd& pidfd) {
    siginfo_t info{};
    while (pidfd && ::waitid(kByPidfd, static_cast<id_t>(pidfd.get()), &info, WEXITED) != 0 && errno == EINTR) {
    }
}

Result<void> FrozenWorker::identify(pid_t worker, std::chrono::milliseconds patience) {
    offered_.reset();  // so that the end of the copy is seen
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) {
        return fail(ErrorKind::kProtocol, "the checkpoint does not answer");
    }
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};  // no room for descriptors
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const cmsghdr* header = size == 1 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) {
        return fail(ErrorKind::kProtocol, "the checkpoint is gone");
    }
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, sender.pid, 0)));
    if (!pidfd_) {
        return system_failure("cannot watch the checkpoint");
    }
    pid_ = sender.pid;
    // The worker has not been waited for, so its number is its own; and it forks only when it may: a living child of it
    // is the copy, even if the sender's number had been given to another process before we opened it.
    if (status_number(pid_, "PPid:") != worker || !alive()) {
        pidfd_.reset();
        return fail(ErrorKind::kProtocol, "the checkpoint is not the worker's child");
    }
    const int off = 0;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_PASSCRED, &off, sizeof off);
    return {};
}

bool FrozenWorker::alive() const {
    pollfd ended{pidfd_.get(), POLLIN, 0};
    return pidfd_ && ::poll(&ended, 1, 0) == 0;
}

FrozenWorker::Parts FrozenWorker::thaw() {
    return {pid_, std::move(pidfd_), std::move(socket_)};
}

}  // namespace kayton
