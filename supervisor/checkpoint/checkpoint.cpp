#include "supervisor/checkpoint/checkpoint.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

template <typename Condition>
std::vector<pid_t> processes_where(Condition wanted) {
    std::vector<pid_t> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") == std::string::npos) {
            const auto process = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
            if (wanted(process)) {
                found.push_back(process);
            }
        }
    }
    return found;
}

// By a handle, so that the number cannot have become another process's since.
template <typename Condition>
void kill_if(pid_t process, Condition wanted) {
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    if (pidfd && wanted(process)) {
        (void)::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
    }
}

// One that has ended and waits for its parent is none any more.
bool is_member(pid_t process, pid_t session) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(file, text);
    const size_t name_end = text.rfind(") ");  // the name may hold anything
    return ::getsid(process) == session && name_end != std::string::npos && text[name_end + 2] != 'Z';
}

tl::unexpected<Error> system_failure(const std::string& what) {
    return fail(ErrorKind::kSystem, what + ": " + std::strerror(errno));
}

}  // namespace

// Links of the folder: itself, its parent, and one for each thread. It is asked for at each cell, and this is quick.
int threads_of(pid_t process) {
    struct stat folder{};
    if (::stat(("/proc/" + std::to_string(process) + "/task").c_str(), &folder) != 0 || folder.st_nlink < 2) {
        return 0;
    }
    return static_cast<int>(folder.st_nlink) - 2;
}

pid_t process_of(pid_t thread) {
    return static_cast<pid_t>(status_number(thread, "Tgid:"));
}

pid_t parent_of(pid_t process) {
    return process > 0 ? static_cast<pid_t>(status_number(process, "PPid:")) : -1;
}

std::vector<pid_t> session_members(pid_t session) {
    return processes_where([session](pid_t process) { return is_member(process, session); });
}

void kill_session(pid_t session, const std::vector<pid_t>& but) {
    // One that is killed while it forks leaves a child behind: look again until nobody is there.
    constexpr int kLooks = 100;
    for (int look = 0; look < kLooks; ++look) {
        bool found = false;
        for (const pid_t process : session_members(session)) {
            if (std::find(but.begin(), but.end(), process) == but.end()) {
                found = true;
                kill_if(process, [session](pid_t one) { return is_member(one, session); });
                (void)::waitpid(process, nullptr, WNOHANG);  // if it has become our child
            }
        }
        if (!found) {
            return;
        }
    }
}

void kill_children(pid_t process) {
    const auto is_child = [process](pid_t one) { return parent_of(one) == process; };
    for (const pid_t child : processes_where(is_child)) {
        kill_if(child, is_child);
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
    // is the copy, even if the sender's number had been given to another process before we opened it. If the worker has
    // died since, the copy is ours already.
    const pid_t parent = parent_of(pid_);
    if ((parent != worker && parent != ::getpid()) || !alive()) {
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
