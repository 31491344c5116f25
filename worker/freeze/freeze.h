// Checkpoints, seen from inside: the process forks, and the child waits, frozen, on a socket of its own until the
// supervisor makes it the worker or lets it go. Forking happens between two runs, on the VM's one thread.
// The child owns nothing of the channel: the rings are not mapped in it, and it closes its copy of the doorbell.
#pragma once

#include <cstdint>
#include <optional>

#include "shared/channel.h"
#include "shared/unique_fd.h"

namespace kayton {

// How a call of freeze() came back.
struct Frozen {
    int error = 0;                     // the fork failed; the errno
    std::optional<ResumeBoot> resumed;  // this is the child, and it is the worker from now on
};

// Forks; `alone`: this is the only thread. In the child `abandon` is called first, which must let go of the channel. It never returns in a child that is
// not needed.
template <typename Abandon>
[[nodiscard]] Frozen freeze(UniqueFd socket, bool alone, Abandon abandon);

// The two halves of it: fork() with everything buffered written first, unless another thread might hold the buffers; and
// the wait.
[[nodiscard]] int fork_quietly(bool alone);
[[nodiscard]] ResumeBoot wait_frozen(UniqueFd socket);

template <typename Abandon>
Frozen freeze(UniqueFd socket, bool alone, Abandon abandon) {
    Frozen frozen;
    const int child = fork_quietly(alone);
    if (child < 0) {
        frozen.error = -child;
    } else if (child == 0) {
        abandon();
        frozen.resumed.emplace(wait_frozen(std::move(socket)));
    }
    return frozen;
}

}  // namespace kayton
