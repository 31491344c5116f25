// SystemCallBroker: answers the system calls of a worker that its filter leaves to the supervisor (seccomp's user
// notification). A call whose arguments lie in registers is judged and let go on: the worker cannot change them. Where
// an argument lies in memory or behind a descriptor, the supervisor takes its own copy, judges that, and makes the call
// itself. The rest is refused with EPERM.
//   fork             right once for each allow_fork(), and to start programs, if that is granted
//   kill, tgkill     right to the worker itself only, and to the programs it has started
//   sched_setaffinity  right to the worker's own threads
//   socket, connect  as the network is granted (net_broker.h)
//   fchmod, utimensat over a descriptor: of files in the folders that the worker may write
// Owned by a Worker; one thread. Never blocks.
#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/unique_fd.h"
#include "supervisor/broker/net_broker.h"

namespace kayton {

class SystemCallBroker {
  public:
    // Nothing when the descriptor is not such a listener: it came from the worker. `writable`: the folders.
    [[nodiscard]] static std::optional<SystemCallBroker> over(UniqueFd listener, std::vector<std::string> writable,
                                                              NetBroker net, bool may_run);

    // Readable when a call waits.
    [[nodiscard]] int descriptor() const { return listener_.get(); }
    // The worker may fork once from now on.
    void allow_fork() { fork_allowed_ = true; }
    // No more; true when it has done so.
    bool forbid_fork() { return !std::exchange(fork_allowed_, false); }
    // Answers at most a bounded number of calls. `worker` is the process that is the worker now.
    void serve(pid_t worker, int pidfd);
    // What was last refused, in words with the option that allows it; then empty.
    [[nodiscard]] std::string take_refusal();

  private:
    // The errno to refuse with, 0 when the supervisor made the call; kGoOn: the kernel makes it.
    static constexpr int kGoOn = -1;
    static constexpr int kAnsweredElsewhere = -2;

    SystemCallBroker(UniqueFd listener, std::vector<std::string> writable, NetBroker net, bool may_run)
        : listener_(std::move(listener)), writable_(std::move(writable)), net_(std::move(net)), may_run_(may_run) {}
    [[nodiscard]] bool serve_one(pid_t worker, int pidfd);
    [[nodiscard]] int judge(const seccomp_notif& call, pid_t worker, int pidfd);
    [[nodiscard]] int judge_fork(pid_t caller, pid_t worker);
    [[nodiscard]] bool still_waits(uint64_t id) const;
    [[nodiscard]] bool is_writable(int descriptor) const;

    UniqueFd listener_;
    std::vector<std::string> writable_;  // real paths
    NetBroker net_;
    bool may_run_ = false;  // programs
    std::string refusal_;
    bool fork_allowed_ = false;
};

}  // namespace kayton
