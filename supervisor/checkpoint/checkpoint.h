// FrozenWorker: a checkpoint as the supervisor holds it: a copy of the worker that waits on a socket of its own. Who it
// is the kernel says (the credentials of its first packet, a pidfd), never the worker. It is killed when its owner lets
// it go, and ends by itself when the supervisor is gone.
// Owned by a Worker; one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "shared/result.h"
#include "shared/unique_fd.h"

namespace kayton {

class FrozenWorker {
  public:
    // The sockets; the end that the copy waits on is to be sent to the worker.
    [[nodiscard]] static Result<std::unique_ptr<FrozenWorker>> prepare();
    FrozenWorker(const FrozenWorker&) = delete;
    FrozenWorker& operator=(const FrozenWorker&) = delete;
    ~FrozenWorker();

    [[nodiscard]] int offered() const { return offered_.get(); }
    // Waits for the copy's first packet. Refused when it does not come from a child of `worker`.
    [[nodiscard]] Result<void> identify(pid_t worker, std::chrono::milliseconds patience);

    [[nodiscard]] bool alive() const;
    [[nodiscard]] pid_t pid() const { return pid_; }
    // The copy becomes the worker: its socket and pidfd go to the caller.
    struct Parts {
        pid_t pid;
        UniqueFd pidfd;
        UniqueFd socket;
    };
    [[nodiscard]] Parts thaw();
    // Kills it; what is left is to be waited for by its parent, which is the worker while that lives.
    [[nodiscard]] UniqueFd let_go();

  private:
    FrozenWorker(UniqueFd socket, UniqueFd offered) : socket_(std::move(socket)), offered_(std::move(offered)) {}

    UniqueFd socket_;
    UniqueFd offered_;
    pid_t pid_ = -1;
    UniqueFd pidfd_;
};

// A checkpoint apart from its worker, which may have ended or gone on since.
struct KeptCheckpoint {
    std::unique_ptr<FrozenWorker> frozen;
    uint64_t id = 0;
    uint64_t last_input = 0;
    bool whole = false;  // can go on as it did; else it can only give its values
    [[nodiscard]] bool alive() const { return frozen != nullptr && frozen->alive(); }
};

// True once nothing is left of the process.
[[nodiscard]] bool is_reaped(const UniqueFd& pidfd);
// Waits for the end of a killed process, if it is our child.
void reap(const UniqueFd& pidfd);

// The process that a thread is of, and that one's parent; -1 when there is none.
[[nodiscard]] pid_t process_of(pid_t thread);
[[nodiscard]] pid_t parent_of(pid_t process);
// Whoever is of a session: a worker is in one of its own, with what it forks.
[[nodiscard]] std::vector<pid_t> session_members(pid_t session);
// Kills them, but those listed.
void kill_session(pid_t session, const std::vector<pid_t>& but);

// Kills the children of a process that should have none.
void kill_children(pid_t process);

// How many threads the process has; 0 when that cannot be known.
[[nodiscard]] int threads_of(pid_t process);

}  // namespace kayton
