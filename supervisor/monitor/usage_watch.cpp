#include "supervisor/monitor/usage_watch.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace kayton {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{5};
// Libraries and the channel are resident too; a program that is at its limit is told so by its own MemoryError first.
constexpr uint64_t kOwnMemory = uint64_t{96} << 20;

// proc(5): fields of /proc/PID/stat behind the name, which may hold anything.
constexpr int kThreadsField = 20;
constexpr int kResidentField = 24;

}  // namespace

void UsageWatch::follow(pid_t process) {
    status_.reset(::open(("/proc/" + std::to_string(process) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
    printed_ = 0;
}

std::optional<std::string> UsageWatch::exceeded() {
    if (limits_.output != 0 && printed_ > limits_.output) {
        return "it printed more than " + std::to_string(limits_.output) + " bytes (--max-output)";
    }
    const auto now = std::chrono::steady_clock::now();
    if (!status_ || now < next_look_ || (limits_.memory == 0 && limits_.threads == 0)) {
        return std::nullopt;
    }
    next_look_ = now + kBetweenLooks;
    std::array<char, 1024> text{};
    if (::pread(status_.get(), text.data(), text.size() - 1, 0) <= 0) {
        return std::nullopt;  // it is gone
    }
    const char* at = std::strrchr(text.data(), ')');
    uint64_t threads = 0;
    uint64_t resident = 0;
    for (int field = 2; at != nullptr && field < kResidentField; ++field) {
        at = std::strchr(at + 1, ' ');
        if (at != nullptr && field + 1 == kThreadsField) {
            threads = std::strtoull(at, nullptr, 10);
        } else if (at != nullptr && field + 1 == kResidentField) {
            resident = std::strtoull(at, nullptr, 10) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
        }
    }
    if (limits_.memory != 0 && resident > limits_.memory + kOwnMemory) {
        return "it used more than " + std::to_string(limits_.memory / 1'000'000) +
               " MB of memory, shared memory included (--max-memory)";
    }
    if (limits_.threads != 0 && threads > limits_.threads) {
        return "it ran more than " + std::to_string(limits_.threads) + " threads at once (--max-threads)";
    }
    return std::nullopt;
}

}  // namespace kayton
