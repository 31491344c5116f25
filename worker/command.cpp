#include "worker/command.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace kayton {
namespace {

constexpr int32_t kStatusException = 1;
constexpr int32_t kStatusInterrupted = 130;  // 128 + SIGINT

ProgramEnd exception(std::string name, std::string message, int32_t status) {
    ProgramEnd end;
    end.status = status;
    end.traceback = name + (message.empty() ? "" : ": " + message) + "\n";
    end.exception_class = std::move(name);
    end.message = std::move(message);
    return end;
}

}  // namespace

ProgramEnd run_command(std::vector<std::string> argv) {
    std::vector<char*> arguments;
    for (std::string& argument : argv) {
        arguments.push_back(argument.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    pid_t child = -1;
    const int failed = ::posix_spawnp(&child, arguments[0], &files, &attributes, arguments.data(), ::environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    if (failed != 0) {
        const bool refused = failed == EPERM || failed == EACCES;
        return exception(refused ? "PermissionError" : failed == ENOENT ? "FileNotFoundError" : "OSError",
                         "[Errno " + std::to_string(failed) + "] " + std::strerror(failed) + ": cannot run '" + argv[0] +
                             "'",
                         kStatusException);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {  // it was not ours to wait for any more
            return exception("ChildProcessError", std::string("the end of ") + argv[0] + " was not seen", kStatusException);
        }
    }
    if (interrupt_requested()) {
        clear_interrupt();
        return exception("KeyboardInterrupt", {}, kStatusInterrupted);
    }
    ProgramEnd end;
    end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return end;
}

}  // namespace kayton
