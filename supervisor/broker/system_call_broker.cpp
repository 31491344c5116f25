#include "supervisor/broker/system_call_broker.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace kayton {
namespace {

constexpr int kCallsPerTurn = 64;
// The kernel may know longer structures than we do; it fills or reads its own length.
constexpr size_t kRoom = 1024;
static_assert(sizeof(seccomp_notif) <= kRoom && sizeof(seccomp_notif_resp) <= kRoom);

}  // namespace

std::optional<SystemCallBroker> SystemCallBroker::over(UniqueFd listener) {
    uint64_t no_such_call = 0;
    if (!listener || ::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &no_such_call) == 0 || errno != ENOENT) {
        return std::nullopt;
    }
    return SystemCallBroker(std::move(listener));
}

void SystemCallBroker::serve(pid_t worker) {
    for (int calls = 0; calls < kCallsPerTurn && listener_ && serve_one(worker); ++calls) {
    }
}

bool SystemCallBroker::serve_one(pid_t worker) {
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
    bool right = false;
    switch (call.data.nr) {
        case SYS_clone: right = std::exchange(fork_allowed_, false); break;
        case SYS_kill:
        case SYS_tgkill: right = static_cast<pid_t>(call.data.args[0]) == worker; break;
        default: break;
    }
    response.id = call.id;
    if (right) {
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    } else {
        response.error = -EPERM;
    }
    (void)::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
    return true;
}

}  // namespace kayton
