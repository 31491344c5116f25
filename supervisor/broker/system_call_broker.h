// SystemCallBroker: answers the system calls of a worker that its filter leaves to the supervisor (seccomp's user
// notification). Only arguments in registers are judged, which the worker cannot change afterwards: a fork, right once
// for each allow_fork(); and signals, right to the worker itself only. The rest is refused with EPERM.
// Owned by a Worker; one thread. Never blocks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "shared/unique_fd.h"

namespace kayton {

class SystemCallBroker {
  public:
    // Nothing when the descriptor is not such a listener: it came from the worker.
    [[nodiscard]] static std::optional<SystemCallBroker> over(UniqueFd listener);

    // Readable when a call waits.
    [[nodiscard]] int descriptor() const { return listener_.get(); }
    // The worker may fork once from now on.
    void allow_fork() { fork_allowed_ = true; }
    void forbid_fork() { fork_allowed_ = false; }
    // Answers at most a bounded number of calls. `worker` is the process that is the worker now.
    void serve(pid_t worker);

  private:
    explicit SystemCallBroker(UniqueFd listener) : listener_(std::move(listener)) {}
    [[nodiscard]] bool serve_one(pid_t worker);

    UniqueFd listener_;
    bool fork_allowed_ = false;
};

}  // namespace kayton
