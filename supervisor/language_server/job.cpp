#include "supervisor/language_server/job.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

namespace kayton::language_server {
namespace {

constexpr int kPatience = 10;  // how much longer than its processor time a copy may take

// The copy's part.
[[noreturn]] void work_and_end(int pipe, const std::function<void(const Job::Say&)>& work, std::chrono::seconds limit) {
    const auto seconds = static_cast<rlim_t>(limit.count());
    const rlimit processor_time{seconds, seconds + 1};
    ::setrlimit(RLIMIT_CPU, &processor_time);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);  // the conversation is the parent's
    ::dup2(nothing, STDOUT_FILENO);
    work([pipe](const std::string& line) {
        const std::string text = line + '\n';
        for (size_t at = 0; at < text.size();) {
            const ssize_t size = ::write(pipe, text.data() + at, text.size() - at);
            if (size < 0 && errno == EINTR) {
                continue;
            }
            if (size <= 0) {
                ::_exit(0);  // nobody waits for it
            }
            at += static_cast<size_t>(size);
        }
    });
    ::_exit(0);
}

Error system_error(const std::string& what) {
    return {ErrorKind::kSystem, what + ": " + std::strerror(errno), ""};
}

}  // namespace

Job::Job(ChildProcess process, UniqueFd pipe, std::chrono::seconds limit)
    : process_(std::move(process)),
      pipe_(std::move(pipe)),
      limit_(limit),
      deadline_(std::chrono::steady_clock::now() + limit * kPatience) {}

Result<Job> Job::start(const std::function<void(const Say&)>& work, std::chrono::seconds limit) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return tl::unexpected(system_error("cannot make a pipe"));
    }
    UniqueFd reading(ends[0]);
    const UniqueFd writing(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) {
        return tl::unexpected(system_error("cannot fork"));
    }
    if (pid == 0) {
        work_and_end(writing.get(), work, limit);
    }
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
    return Job(ChildProcess::adopt(pid, std::move(pidfd)), std::move(reading), limit);
}

bool Job::read() {
    std::array<char, 65536> buffer;
    while (!ended_) {
        const ssize_t size = ::read(pipe_.get(), buffer.data(), buffer.size());
        if (size > 0) {
            result_.append(buffer.data(), static_cast<size_t>(size));
        } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
            ended_ = true;
        } else if (errno == EAGAIN) {
            break;
        }
    }
    return ended_ || std::chrono::steady_clock::now() >= deadline_;
}

Result<Job::Lines> Job::take() {
    const bool late = !ended_;
    if (late) {
        process_.signal(SIGKILL);
    }
    const ProcessEnd end = process_.wait_end();
    Lines taken;
    for (size_t at = 0, newline = 0; (newline = result_.find('\n', at)) != std::string::npos; at = newline + 1) {
        taken.lines.push_back(result_.substr(at, newline - at));
    }
    if (late || (end.by_signal && (end.value == SIGXCPU || end.value == SIGKILL))) {
        taken.unfinished = "it takes more than " + std::to_string(limit_.count()) + " seconds";
    } else if (end.by_signal) {
        taken.unfinished = std::string("it ended with ") + ::strsignal(end.value);
    }
    if (taken.lines.empty()) {
        return fail(ErrorKind::kInternal, taken.unfinished.empty() ? "it gave no answer" : taken.unfinished);
    }
    return taken;
}

}  // namespace kayton::language_server
