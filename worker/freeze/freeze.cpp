#include "worker/freeze/freeze.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>
#include <vector>

namespace kayton {

int fork_quietly(bool alone) {
    // What earlier checkpoints left, where ended children wait for their parent; programs that were started are the
    // program's own. In a copy that goes on, its siblings are no children: they are forgotten too.
    static std::vector<pid_t> copies;
    std::erase_if(copies, [](pid_t copy) { return ::waitpid(copy, nullptr, WNOHANG) != 0; });
    if (alone) {
        std::fflush(nullptr);  // else both would write it
    }
    const pid_t child = ::fork();
    if (child > 0) {
        copies.push_back(child);
    }
    return child < 0 ? -errno : child;
}

ResumeBoot wait_frozen(UniqueFd socket) {
    // The kernel adds who we are.
    const char here = 1;
    if (::send(socket.get(), &here, 1, MSG_NOSIGNAL) != 1) {
        ::_exit(0);
    }
    auto boot = receive_resume_packet(std::move(socket));
    if (!boot) {
        ::_exit(0);  // the supervisor closed its end: not needed, or gone itself
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The supervisor may have died before the kernel knew that we want to follow it.
    if (::getppid() != boot->packet.supervisor_pid) {
        ::_exit(0);
    }
    return std::move(*boot);
}

}  // namespace kayton
