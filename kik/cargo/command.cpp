#include "kik/cargo/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "kik/cargo/interrupt.h"
#include "kik/environment/durable_file.h"
#include "shared/unique_fd.h"

namespace kayton::kik {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kKeptOutput = 64u << 20;

struct Pipe {
    UniqueFd read, write;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return tl::unexpected<Error>(system_error("make", "pipe", errno));
    return Pipe{UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

std::vector<std::string> child_environment(const Command& command) {
    std::vector<std::string> result;
    const auto replaced = [&](std::string_view name) {
        const bool listed = command.only.empty() ||
                            std::find(command.only.begin(), command.only.end(), name) != command.only.end();
        return !listed ||
               std::find(command.without.begin(), command.without.end(), name) != command.without.end() ||
               std::any_of(command.variables.begin(), command.variables.end(),
                           [&](const auto& variable) { return variable.first == name; });
    };
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        if (!replaced(text.substr(0, text.find('=')))) result.emplace_back(text);
    }
    for (const auto& [name, value] : command.variables) result.push_back(name + "=" + value);
    return result;
}

// Cuts a stream into lines and hands them on.
class LineSplitter {
  public:
    template <typename Take>
    void feed(std::string_view data, Take take) {
        for (char c : data) {
            if (c == '\n' || c == '\r') {
                if (!(c == '\n' && pending_.empty() && after_return_)) take(pending_, c == '\r');
                pending_.clear();
                after_return_ = c == '\r';
            } else {
                pending_.push_back(c);
            }
        }
    }
    template <typename Take>
    void finish(Take take) {
        if (!pending_.empty()) take(pending_, false);
        pending_.clear();
    }

  private:
    std::string pending_;
    bool after_return_ = false;
};

class Log {
  public:
    explicit Log(const std::filesystem::path& file) {
        if (!file.empty()) descriptor_.reset(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    }
    void line(std::string_view text) {
        if (!descriptor_) return;
        std::string whole(text);
        whole.push_back('\n');
        // A log that cannot be written must not fail the build whose own error is about to come.
        [[maybe_unused]] const ssize_t written = ::write(descriptor_.get(), whole.data(), whole.size());
    }

  private:
    UniqueFd descriptor_;
};

[[noreturn]] void become(const Command& command, char* const* argv, char* const* environment, int out, int err,
                         int failure, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    int reason = 0;
    if (!command.folder.empty() && ::chdir(command.folder.c_str()) != 0) {
        reason = errno;
    } else if (command.confinement && confine_this_process(*command.confinement) != nullptr) {
        reason = errno;
    } else {
        ::execvpe(argv[0], argv, environment);
        reason = errno;
    }
    [[maybe_unused]] const ssize_t written = ::write(failure, &reason, sizeof reason);
    ::_exit(127);
}

}  // namespace

Result<CommandResult> run(const Command& command) {
    if (interrupted()) return tl::unexpected<Error>(interruption());
    Result<Pipe> out = make_pipe();
    Result<Pipe> err = make_pipe();
    Result<Pipe> failure = make_pipe();
    if (!out || !err || !failure) return tl::unexpected<Error>((!out ? out : !err ? err : failure).error());

    const std::vector<std::string> environment = child_environment(command);
    std::vector<char*> argv, envp;
    for (const std::string& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& entry : environment) envp.push_back(const_cast<char*>(entry.c_str()));
    argv.push_back(nullptr);
    envp.push_back(nullptr);

    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return tl::unexpected<Error>(system_error("start", command.argv[0], errno));
    if (child == 0) {
        become(command, argv.data(), envp.data(), out->write.get(), err->write.get(), failure->write.get(), parent);
    }
    ::setpgid(child, child);
    out->write.reset();
    err->write.reset();
    failure->write.reset();

    CommandResult result;
    Log log(command.log);
    LineSplitter out_lines, err_lines;
    const auto take_out = [&](std::string_view line, bool) { command.on_stdout(line); };
    const auto take_err = [&](std::string_view line, bool transient) {
        if (!transient) {
            if (result.err.size() < kKeptOutput) result.err.append(line).push_back('\n');
            log.line(line);
        }
        if (command.on_stderr) command.on_stderr(line, transient);
    };

    Clock::time_point killed_at{};
    bool stopping = false;
    std::array<pollfd, 2> waits{{{out->read.get(), POLLIN, 0}, {err->read.get(), POLLIN, 0}}};
    std::array<char, 65536> buffer{};
    while (waits[0].fd >= 0 || waits[1].fd >= 0) {
        if (interrupted() && !stopping) {
            stopping = true;
            killed_at = Clock::now();
            ::kill(-child, SIGTERM);
        }
        // Cargo's children may ignore the gentle signal: they get two seconds.
        if (stopping && Clock::now() - killed_at > std::chrono::seconds(2)) ::kill(-child, SIGKILL);
        if (::poll(waits.data(), waits.size(), 200) <= 0) continue;
        for (size_t i = 0; i < waits.size(); ++i) {
            if (waits[i].fd < 0 || waits[i].revents == 0) continue;
            const ssize_t count = ::read(waits[i].fd, buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) {
                waits[i].fd = -1;
                continue;
            }
            const std::string_view piece(buffer.data(), static_cast<size_t>(count));
            if (i == 1) {
                err_lines.feed(piece, take_err);
            } else if (command.on_stdout) {
                out_lines.feed(piece, take_out);
            } else if (result.out.size() < kKeptOutput) {
                result.out.append(piece);
            }
        }
    }
    err_lines.finish(take_err);
    if (command.on_stdout) out_lines.finish(take_out);

    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        if (interrupted()) ::kill(-child, SIGKILL);
    }
    int reason = 0;
    if (::read(failure->read.get(), &reason, sizeof reason) == static_cast<ssize_t>(sizeof reason)) {
        Error error = system_error("start", command.argv[0], reason);
        if (reason == ENOENT) error.kind = ErrorKind::kNotFound;
        return tl::unexpected<Error>(std::move(error));
    }
    if (interrupted()) return tl::unexpected<Error>(interruption());
    if (WIFSIGNALED(status)) {
        result.signal = WTERMSIG(status);
        result.exit_status = 128 + result.signal;
    } else {
        result.exit_status = WEXITSTATUS(status);
    }
    return result;
}

}  // namespace kayton::kik
