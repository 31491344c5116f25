#include "supervisor/spawn/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "shared/channel.h"

namespace kayton {
namespace {

// posix_spawn's two argument objects; released together.
class SpawnActions {
  public:
    SpawnActions() {
        ::posix_spawn_file_actions_init(&files_);
        ::posix_spawnattr_init(&attributes_);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() {
        ::posix_spawn_file_actions_destroy(&files_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    [[nodiscard]] posix_spawn_file_actions_t* files() { return &files_; }
    [[nodiscard]] posix_spawnattr_t* attributes() { return &attributes_; }

  private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (const std::string& text : strings) {
        result.push_back(const_cast<char*>(text.c_str()));
    }
    result.push_back(nullptr);
    return result;
}

ProcessEnd end_of(const siginfo_t& info) {
    return {info.si_code != CLD_EXITED, info.si_status, info.si_code == CLD_DUMPED};
}

}  // namespace

Result<ChildProcess> ChildProcess::spawn(const SpawnRequest& request) {
    SpawnActions actions;
    ::posix_spawn_file_actions_addopen(actions.files(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(actions.files(), request.output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(actions.files(), request.error, STDERR_FILENO);
    ::posix_spawn_file_actions_adddup2(actions.files(), request.socket, kWorkerSocket);
    ::posix_spawn_file_actions_addclosefrom_np(actions.files(), kWorkerSocket + 1);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(actions.attributes(), &none);
    ::posix_spawnattr_setsigdefault(actions.attributes(), &all);
    ::posix_spawnattr_setflags(actions.attributes(),
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<std::string> arguments{request.program.string()};
    arguments.insert(arguments.end(), request.arguments.begin(), request.arguments.end());
    pid_t pid = -1;
    const int status = ::posix_spawn(&pid, request.program.c_str(), actions.files(), actions.attributes(),
                                     pointers(arguments).data(), pointers(request.environment).data());
    if (status != 0) {
        return fail(ErrorKind::kSystem,
                    "cannot start the worker " + request.program.string() + ": " + std::strerror(status));
    }
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) {
        const int error = errno;
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return fail(ErrorKind::kSystem, std::string("cannot watch the worker: ") + std::strerror(error));
    }
    return ChildProcess(pid, std::move(pidfd));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)), end_(other.end_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(pidfd_, other.pidfd_);
    std::swap(end_, other.end_);
    return *this;
}

ChildProcess::~ChildProcess() {
    if (pid_ > 0 && !end_) {
        signal(SIGKILL);
        wait_end();
    }
}

void ChildProcess::signal(int number) const {
    if (!end_) {  // not reaped: the pid is still this process's
        ::kill(pid_, number);
    }
}

std::optional<ProcessEnd> ChildProcess::poll_end() {
    siginfo_t info{};
    if (!end_ && ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) == 0 && info.si_pid == pid_) {
        end_ = end_of(info);
    }
    return end_;
}

ProcessEnd ChildProcess::wait_end() {
    while (!end_) {
        siginfo_t info{};
        if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) == 0) {
            end_ = end_of(info);
        } else if (errno != EINTR) {
            end_ = ProcessEnd{true, SIGKILL};
        }
    }
    return *end_;
}

Result<std::filesystem::path> find_worker_program() {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    const std::filesystem::path folder = self.parent_path();
    for (const std::filesystem::path& candidate :
         {folder / "kayton-worker", folder.parent_path() / "libexec" / "kayton-worker"}) {
        if (::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
    }
    return fail(ErrorKind::kNotFound, "the program kayton-worker is not in " + folder.string(),
                "build or install Kayton again: it belongs beside kayton, or in ../libexec");
}

std::vector<std::string> filtered_environment(const std::string& temporary, const std::vector<std::string>& granted) {
    static constexpr std::array<std::string_view, 8> kNames{"HOME", "LANG", "LOGNAME", "PATH",
                                                            "TERM", "TZ",   "USER",    "RUST_BACKTRACE"};
    std::vector<std::string> result{"TMPDIR=" + temporary};
    for (char** entry = ::environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::string_view name = text.substr(0, text.find('='));
        bool listed = name.starts_with("LC_") || std::find(granted.begin(), granted.end(), name) != granted.end();
        for (const std::string_view known : kNames) {
            listed = listed || name == known;
        }
        if (listed) {
            result.emplace_back(text);
        }
    }
    return result;
}

}  // namespace kayton
