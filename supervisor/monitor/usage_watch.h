// UsageWatch: looks at what a process uses, as the kernel counts it, against limits that nothing else enforces for
// everyone: memory with what it shares (RLIMIT_DATA leaves shared mappings out), threads (RLIMIT_NPROC does nothing for
// root), and the last of the disk. One thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/unique_fd.h"

namespace kayton {

struct UsageLimits {
    uint64_t memory = 0;   // bytes resident, 0: no limit; the same of all
    uint64_t threads = 0;
    uint64_t output = 0;   // bytes printed
    std::vector<std::string> folders;  // that it may write: their disks are not filled to the end
};

class UsageWatch {
  public:
    explicit UsageWatch(UsageLimits limits) : limits_(limits) {}

    // The process to look at from now on.
    void follow(pid_t process);
    void printed(size_t bytes) { printed_ += bytes; }
    // The limit that is exceeded, in words. Looks at most every few milliseconds.
    [[nodiscard]] std::optional<std::string> exceeded();

  private:
    [[nodiscard]] uint64_t bytes_written() const;
    [[nodiscard]] uint64_t page_tables() const;  // bytes
    [[nodiscard]] std::optional<std::string> filled_disk(std::chrono::steady_clock::time_point now);

    UsageLimits limits_;
    UniqueFd status_;   // /proc/PID/stat
    UniqueFd written_;  // /proc/PID/io
    UniqueFd tables_;   // /proc/PID/status
    std::chrono::steady_clock::time_point next_disk_look_{};
    uint64_t printed_ = 0;
    std::chrono::steady_clock::time_point next_look_{};
};

}  // namespace kayton
