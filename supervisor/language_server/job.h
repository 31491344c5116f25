// Job: work on a text that a person is just writing, done in a forked copy of this process: an endless inference or a
// fault of the compiler ends the copy, and the conversation goes on. The copy gives lines of text back through a pipe;
// its limit counts processor time, so that a busy machine changes nothing. Main thread; REQUIRES that the process has
// no other.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shared/result.h"
#include "shared/unique_fd.h"
#include "supervisor/spawn/child_process.h"

namespace kayton::language_server {

class Job {
  public:
    // Gives one line, without its newline.
    using Say = std::function<void(const std::string& line)>;
    // `work` runs in the copy and must not throw. The copy is killed when the Job goes.
    [[nodiscard]] static Result<Job> start(const std::function<void(const Say&)>& work, std::chrono::seconds limit);

    [[nodiscard]] int descriptor() const { return pipe_.get(); }  // readable: call read()
    [[nodiscard]] std::chrono::steady_clock::time_point deadline() const { return deadline_; }
    // Takes what is there. True once the copy has ended, or has been waited for long enough: take() then.
    [[nodiscard]] bool read();
    // The lines that the work gave; an error where it gave none. `unfinished` says why it did not come to its end.
    struct Lines {
        std::vector<std::string> lines;
        std::string unfinished;
    };
    [[nodiscard]] Result<Lines> take();

  private:
    Job(ChildProcess process, UniqueFd pipe, std::chrono::seconds limit);

    ChildProcess process_;
    UniqueFd pipe_;
    std::chrono::seconds limit_;
    std::chrono::steady_clock::time_point deadline_;
    std::string result_;
    bool ended_ = false;
};

}  // namespace kayton::language_server
