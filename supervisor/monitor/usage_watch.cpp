#include "supervisor/monitor/usage_watch.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace kayton {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{5};
constexpr std::chrono::milliseconds kBetweenDiskLooks{20};
constexpr uint64_t kPartKept = 20;  // of a disk, for everybody else
constexpr uint64_t kMostKept = uint64_t{2} << 30;
constexpr uint64_t kMuch = uint64_t{64} << 20;  // written by one worker
// Libraries and the channel are resident too; a program that is at its limit is told so by its own MemoryError first.
constexpr uint64_t kOwnMemory = uint64_t{96} << 20;

// proc(5): fields of /proc/PID/stat behind the name, which may hold anything.
constexpr int kThreadsField = 20;
constexpr int kSizeField = 23;
constexpr int kResidentField = 24;
// Pages that are only read, and all the same page of zeros, are not resident; the tables that map them are.
constexpr uint64_t kMappedByATableByte = 512;
constexpr uint64_t kTablesUncounted = uint64_t{64} << 20;

}  // namespace

void UsageWatch::follow(pid_t process) {
    written_.reset(::open(("/proc/" + std::to_string(process) + "/io").c_str(), O_RDONLY | O_CLOEXEC));
    status_.reset(::open(("/proc/" + std::to_string(process) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
    tables_.reset(::open(("/proc/" + std::to_string(process) + "/status").c_str(), O_RDONLY | O_CLOEXEC));
    printed_ = 0;
}

uint64_t UsageWatch::page_tables() const {
    std::array<char, 4096> text{};
    const char* at = tables_ && ::pread(tables_.get(), text.data(), text.size() - 1, 0) > 0
                         ? std::strstr(text.data(), "\nVmPTE:")
                         : nullptr;
    return at != nullptr ? std::strtoull(at + std::strlen("\nVmPTE:"), nullptr, 10) * 1024 : 0;
}

// Through the page cache or a mapping, whichever the kernel has counted more of.
uint64_t UsageWatch::bytes_written() const {
    std::array<char, 512> text{};
    if (!written_ || ::pread(written_.get(), text.data(), text.size() - 1, 0) <= 0) {
        return 0;
    }
    const auto number = [&](const char* name) {
        const char* at = std::strstr(text.data(), name);
        return at != nullptr ? std::strtoull(at + std::strlen(name), nullptr, 10) : 0;
    };
    return std::max(number("wchar:"), number("\nwrite_bytes:"));
}

// Others may fill a disk too: a worker that has written little of what is on it goes on.
std::optional<std::string> UsageWatch::filled_disk(std::chrono::steady_clock::time_point now) {
    if (limits_.folders.empty() || now < next_disk_look_) {
        return std::nullopt;
    }
    next_disk_look_ = now + kBetweenDiskLooks;
    for (const std::string& folder : limits_.folders) {
        struct statvfs disk{};
        if (::statvfs(folder.c_str(), &disk) != 0 || disk.f_blocks == 0) {
            continue;
        }
        const uint64_t all = disk.f_blocks * disk.f_frsize;
        const uint64_t left = disk.f_bavail * disk.f_frsize;
        const uint64_t written = left < std::min(all / kPartKept, kMostKept) ? bytes_written() : 0;
        if (written > std::min(all / 2, kMuch)) {
            return "it has nearly filled the disk of " + folder + ": " + std::to_string(left / 1'000'000) +
                   " MB are left, and it has written " + std::to_string(written / 1'000'000) + " MB";
        }
    }
    return std::nullopt;
}

std::optional<std::string> UsageWatch::exceeded() {
    if (limits_.output != 0 && printed_ > limits_.output) {
        return "it printed more than " + std::to_string(limits_.output) + " bytes (--max-output)";
    }
    const auto now = std::chrono::steady_clock::now();
    if (auto filled = filled_disk(now)) {
        return filled;
    }
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
    uint64_t mapped = 0;
    uint64_t resident = 0;
    for (int field = 2; at != nullptr && field < kResidentField; ++field) {
        at = std::strchr(at + 1, ' ');
        if (at != nullptr && field + 1 == kThreadsField) {
            threads = std::strtoull(at, nullptr, 10);
        } else if (at != nullptr && field + 1 == kSizeField) {
            mapped = std::strtoull(at, nullptr, 10);
        } else if (at != nullptr && field + 1 == kResidentField) {
            resident = std::strtoull(at, nullptr, 10) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
        }
    }
    if (limits_.memory != 0 && mapped / kMappedByATableByte > kTablesUncounted) {
        resident += page_tables();
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
