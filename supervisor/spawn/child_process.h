// ChildProcess: a worker's process as its parent sees it. Started clean: only the descriptors given, a new session
// without terminal, default signals, the environment given. The process is killed and reaped when its owner goes, so no
// worker outlives it; if the supervisor itself is killed, the kernel kills the worker (it asks for that at its start).
// Thread that starts it must be the one that lives longest: the kernel's parent-death signal belongs to it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/result.h"
#include "shared/unique_fd.h"

namespace kayton {

// How a process ended, as the kernel says.
struct ProcessEnd {
    bool by_signal = false;
    int value = 0;  // the signal, or the exit status
    bool core = false;  // the kernel has left a core file, or given it to the program of its core_pattern
};

struct SpawnRequest {
    std::filesystem::path program;
    std::vector<std::string> arguments;    // argv[1]…
    std::vector<std::string> environment;  // NAME=value
    int output = -1;                       // becomes descriptor 1
    int error = -1;                        // becomes descriptor 2
    int socket = -1;                       // becomes descriptor kWorkerSocket; no other is inherited
};

class ChildProcess {
  public:
    // REQUIRES: descriptors 0, 1 and 2 of this process are open.
    [[nodiscard]] static Result<ChildProcess> spawn(const SpawnRequest& request);

    // A process that another has forked and that has become our child.
    [[nodiscard]] static ChildProcess adopt(pid_t pid, UniqueFd pidfd) { return {pid, std::move(pidfd)}; }

    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess();

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] int descriptor() const { return pidfd_.get(); }  // readable once the process has ended
    void signal(int number) const;
    // The end, if it has come; reaps the process the first time.
    [[nodiscard]] std::optional<ProcessEnd> poll_end();
    // Waits for the end. REQUIRES: the process is ending (it was killed).
    ProcessEnd wait_end();

  private:
    ChildProcess(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

    pid_t pid_ = -1;
    UniqueFd pidfd_;
    std::optional<ProcessEnd> end_;
};

// The worker program beside this one, or in ../libexec of it.
[[nodiscard]] Result<std::filesystem::path> find_worker_program();

// This process's environment, reduced to what a worker may know: locale, time zone, paths, and what is granted by name;
// TMPDIR is `temporary`.
[[nodiscard]] std::vector<std::string> filtered_environment(const std::string& temporary,
                                                            const std::vector<std::string>& granted = {});

}  // namespace kayton
