#include "supervisor/broker/system_call_broker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "supervisor/checkpoint/checkpoint.h"
#include "supervisor/sandbox/refusal.h"

namespace kayton {
namespace {

constexpr int kCallsPerTurn = 64;
constexpr size_t kMostProcesses = 64;  // of a worker with its checkpoints and the programs it runs
// The kernel may know longer structures than we do; it fills or reads its own length.
constexpr size_t kRoom = 1024;
static_assert(sizeof(seccomp_notif) <= kRoom && sizeof(seccomp_notif_resp) <= kRoom);
constexpr mode_t kModeBits = S_IRWXU | S_IRWXG | S_IRWXO;  // neither set-user-id nor sticky

// Our own descriptor for what the worker's stands for now.
UniqueFd copy_of(int pidfd, uint64_t descriptor) {
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, static_cast<int>(descriptor), 0)));
}

bool copy_memory(pid_t process, uint64_t from, void* to, size_t size) {
    const iovec here{to, size};
    const iovec there{reinterpret_cast<void*>(from), size};
    return ::process_vm_readv(process, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

}  // namespace

std::optional<SystemCallBroker> SystemCallBroker::over(UniqueFd listener, std::vector<std::string> writable,
                                                       NetBroker net, bool may_run) {
    uint64_t no_such_call = 0;
    if (!listener || ::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &no_such_call) == 0 || errno != ENOENT) {
        return std::nullopt;
    }
    for (std::string& path : writable) {
        std::error_code error;
        path = std::filesystem::weakly_canonical(path, error).string();
    }
    std::erase(writable, std::string());
    return SystemCallBroker(std::move(listener), std::move(writable), std::move(net), may_run);
}

void SystemCallBroker::serve(pid_t worker, int pidfd) {
    for (int calls = 0; calls < kCallsPerTurn && listener_ && serve_one(worker, pidfd); ++calls) {
    }
}

bool SystemCallBroker::serve_one(pid_t worker, int pidfd) {
    pollfd waiting{listener_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 0) <= 0) {
        return false;
    }
    if ((waiting.revents & POLLIN) == 0) {
        listener_.reset();  // nobody is left under the filter
        return false;
    }
    alignas(seccomp_notif) std::array<char, kRoom> request{};
    alignas(seccomp_notif_resp) std::array<char, kRoom> answer{};
    auto& call = *reinterpret_cast<seccomp_notif*>(request.data());
    auto& response = *reinterpret_cast<seccomp_notif_resp*>(answer.data());
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
        return errno == ENOENT || errno == EINTR;  // it was killed meanwhile
    }
    const int outcome = judge(call, worker, pidfd);
    if (outcome == kAnsweredElsewhere) {
        return true;
    }
    response.id = call.id;
    if (outcome == kGoOn) {
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    } else {
        response.error = -outcome;
    }
    (void)::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
    return true;
}

// The memory and descriptors that were looked at are the caller's only if it still waits.
bool SystemCallBroker::still_waits(uint64_t id) const {
    return ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool SystemCallBroker::is_writable(int descriptor) const {
    std::error_code error;
    const std::filesystem::path file =
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), error);
    return !error && std::any_of(writable_.begin(), writable_.end(), [&](const std::string& folder) {
        const std::filesystem::path path(folder);
        return std::mismatch(path.begin(), path.end(), file.begin(), file.end()).first == path.end();
    });
}

std::string SystemCallBroker::take_refusal() {
    std::string text = net_.take_refusal();
    return text.empty() ? std::exchange(refusal_, {}) : text;
}

int SystemCallBroker::judge_fork(pid_t caller, pid_t worker) {
    // Of the worker's main thread: not of a checkpoint that does not keep still.
    if (caller == worker && std::exchange(fork_allowed_, false)) {
        return kGoOn;
    }
    if (!may_run_) {
        refusal_ = refusal_text("starting other programs", "--allow-run=PROGRAM", "run", "PROGRAM");
        return EPERM;
    }
    return session_members(::getsid(worker)).size() < kMostProcesses ? kGoOn : EAGAIN;
}

int SystemCallBroker::judge(const seccomp_notif& call, pid_t worker, int pidfd) {
    const auto& arguments = call.data.args;
    const auto caller = static_cast<pid_t>(call.pid);
    UniqueFd program;  // descriptors are the caller's, which may be a program that the worker has started
    if (may_run_ && process_of(caller) != worker) {
        program.reset(static_cast<int>(::syscall(SYS_pidfd_open, process_of(caller), 0)));
        pidfd = program.get();
    }
    switch (call.data.nr) {
        case SYS_clone: return judge_fork(caller, worker);
        case SYS_sched_setaffinity: {
            const auto thread = static_cast<pid_t>(arguments[0]);
            const std::string own = "/proc/" + std::to_string(worker) + "/task/" + std::to_string(thread);
            return thread == 0 || ::access(own.c_str(), F_OK) == 0 ? kGoOn : EPERM;
        }
        case SYS_kill:
        case SYS_tgkill: {
            const auto target = static_cast<pid_t>(arguments[0]);
            const pid_t process = may_run_ ? process_of(caller) : worker;
            const bool own = target == process || (may_run_ && target > 0 && parent_of(target) == process);
            return own ? kGoOn : EPERM;
        }
        case SYS_bind:
        case SYS_listen: net_.refuse_listening(); return EPERM;
        case SYS_socket: return net_.may_have_socket(arguments[0], arguments[1], arguments[2]) ? kGoOn : EPERM;
        case SYS_connect:
            net_.connect({call.id, static_cast<pid_t>(call.pid), arguments[0], arguments[1], arguments[2]}, pidfd,
                         listener_.get());
            return kAnsweredElsewhere;
        case SYS_fchmod: {
            const UniqueFd file = copy_of(pidfd, arguments[0]);
            if (!file || !is_writable(file.get()) || !still_waits(call.id)) {
                return EPERM;
            }
            return ::fchmod(file.get(), static_cast<mode_t>(arguments[1]) & kModeBits) == 0 ? 0 : errno;
        }
        case SYS_utimensat: {
            if (arguments[1] != 0) {
                return EPERM;  // by path
            }
            std::array<timespec, 2> times{};
            const UniqueFd file = copy_of(pidfd, arguments[0]);
            if (arguments[2] != 0 &&
                !copy_memory(static_cast<pid_t>(call.pid), arguments[2], times.data(), sizeof times)) {
                return EFAULT;
            }
            if (!file || !is_writable(file.get()) || !still_waits(call.id)) {
                return EPERM;
            }
            return ::futimens(file.get(), arguments[2] != 0 ? times.data() : nullptr) == 0 ? 0 : errno;
        }
        default: return EPERM;
    }
}

}  // namespace kayton
