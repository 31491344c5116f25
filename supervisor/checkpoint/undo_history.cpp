#include "supervisor/checkpoint/undo_history.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace kayton {
namespace {

// /proc/PID/statm: size, resident and shared pages.
uint64_t private_memory(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/statm");
    uint64_t size = 0;
    uint64_t resident = 0;
    uint64_t shared = 0;
    file >> size >> resident >> shared;
    return resident > shared ? (resident - shared) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

// Mostly a small page, now and then a large one.
constexpr uint64_t kPerFault = uint64_t{64} << 10;

// /proc/PID/stat: the faults, minor and major, behind the name, which may hold anything.
uint64_t faults_of(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(file, text);
    const size_t name_end = text.rfind(')');
    std::istringstream fields(name_end == std::string::npos ? std::string() : text.substr(name_end + 2));
    constexpr int kMinor = 10;
    constexpr int kMajor = 12;
    uint64_t faults = 0;
    std::string field;
    for (int number = 3; number <= kMajor && fields >> field; ++number) {
        if (number == kMinor || number == kMajor) {
            faults += std::strtoull(field.c_str(), nullptr, 10);
        }
    }
    return faults;
}

// A process's resident memory, and its share of it where others have the same pages.
struct Resident {
    uint64_t whole = 0;
    uint64_t share = 0;
};
std::optional<Resident> resident_of(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/smaps_rollup");
    Resident resident;
    bool found = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("Rss:")) {
            resident.whole = std::strtoull(line.c_str() + 4, nullptr, 10) * 1024;
        } else if (line.starts_with("Pss:")) {
            resident.share = std::strtoull(line.c_str() + 4, nullptr, 10) * 1024;
            found = true;
        }
    }
    return found ? std::optional(resident) : std::nullopt;
}

}  // namespace

UndoPoint UndoHistory::take_step(size_t count) {
    UndoPoint point = std::move(steps_[steps_.size() - count]);
    steps_.resize(steps_.size() - count);
    return point;
}

UndoPoint UndoHistory::take_named(const std::string& name) {
    return std::move(named_.extract(name).mapped());
}

std::vector<pid_t> UndoHistory::processes() const {
    std::vector<pid_t> all;
    for (const UndoPoint& point : steps_) {
        all.push_back(point.checkpoint.frozen->pid());
    }
    for (const auto& [name, point] : named_) {
        all.push_back(point.checkpoint.frozen->pid());
    }
    return all;
}

uint64_t UndoHistory::memory_of_copies(pid_t worker) {
    const std::vector<pid_t> copies = processes();
    uint64_t bound = 0;  // as if they shared nothing: cheap to know
    for (const pid_t copy : copies) {
        bound += private_memory(copy);
    }
    if (bound <= memory_) {
        return bound;
    }
    // A close look takes milliseconds. What copies hold alone grows only by what the worker has faulted in or let go of
    // since the last one, and by copies that came to those it counted.
    const Moment now{worker, private_memory(worker), faults_of(worker), bound};
    if (looked_.worker != -1) {
        // A worker that was a copy begins to count when it goes on.
        const uint64_t before = now.worker == looked_.worker ? looked_.faults : 0;
        const auto rise = [](uint64_t from, uint64_t to) { return to > from ? to - from : 0; };
        const uint64_t most = measured_ + rise(before, now.faults) * kPerFault +
                              rise(now.own, looked_.own) + rise(looked_.bound, now.bound);
        if (most <= memory_) {
            return most;
        }
    }
    looked_ = now;
    measured_ = bound;
    // All that is resident once, less what the worker would have without them.
    const auto own = resident_of(worker);
    if (!own) {
        return bound;
    }
    uint64_t all = own->share;
    for (const pid_t copy : copies) {
        const auto resident = resident_of(copy);
        all += resident ? resident->share : 0;
    }
    measured_ = all > own->whole ? all - own->whole : 0;
    return measured_;
}

std::string UndoHistory::fit(pid_t worker) {
    while (steps_.size() > most_steps_) {
        steps_.pop_front();
    }
    size_t gone = 0;
    std::string names;
    while ((!steps_.empty() || !named_.empty()) && memory_of_copies(worker) > memory_) {
        if (!steps_.empty()) {
            steps_.pop_front();
            ++gone;
            continue;
        }
        const auto oldest = std::ranges::min_element(named_, {}, [](const auto& entry) { return entry.second.made; });
        names += (names.empty() ? "" : ", ") + oldest->first;
        named_.erase(oldest);
    }
    std::string told;
    if (gone != 0) {
        told = "the memory for undo is full: %undo can go back over " + std::to_string(steps_.size()) +
               (steps_.size() == 1 ? " cell" : " cells");
    }
    if (!names.empty()) {
        told += (told.empty() ? "the memory for undo is full: " : "; ") + ("no longer kept: checkpoint " + names);
    }
    return told;
}

void UndoHistory::clear() {
    looked_ = {};
    steps_.clear();
    named_.clear();
}

namespace {

namespace fs = std::filesystem;

constexpr size_t kMostEntries = 10'000;  // of a folder and what is below it
constexpr size_t kMostNamed = 10;
constexpr std::chrono::milliseconds kClockStep{20};  // times of files are those of the kernel's last tick

void add(std::string& list, size_t& count, const std::string& name) {
    if (++count <= kMostNamed) {
        list += (list.empty() ? "" : ", ") + name;
    }
}

std::string finished(std::string list, size_t count) {
    return count > kMostNamed ? list + " and " + std::to_string(count - kMostNamed) + " more" : list;
}

// What front ends and editors write themselves is none of the program's.
bool is_other_peoples(const fs::path& path) {
    return path.filename().string().starts_with('.') || path.extension() == ".ipynb";
}

std::string newer_files(const std::vector<std::string>& folders, std::chrono::system_clock::time_point since) {
    const auto begin = std::chrono::duration_cast<std::chrono::nanoseconds>((since - kClockStep).time_since_epoch());
    std::string list;
    size_t count = 0;
    size_t entries = 0;
    for (const std::string& folder : folders) {
        std::error_code error;
        fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
        for (; at != fs::recursive_directory_iterator() && ++entries < kMostEntries; at.increment(error)) {
            struct stat info {};
            if (error || ::lstat(at->path().c_str(), &info) != 0) {
                continue;
            }
            if (is_other_peoples(at->path())) {
                at.disable_recursion_pending();
                continue;
            }
            const auto changed = std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
            if (S_ISREG(info.st_mode) && changed >= begin) {
                add(list, count, at->path().lexically_relative(folder).string());
            }
        }
    }
    return finished(std::move(list), count);
}

}  // namespace

std::string lasting_effects(pid_t worker, const std::vector<std::string>& folders,
                            std::chrono::system_clock::time_point since) {
    std::string open_files;
    size_t files = 0;
    size_t sockets = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(worker) + "/fd", error)) {
        const std::string target = fs::read_symlink(entry.path(), error).string();
        if (target.starts_with("socket:")) {
            ++sockets;
        } else if (!error && target.starts_with('/') && !target.starts_with("/dev/") && !target.starts_with("/memfd:") &&
                   !target.starts_with("/proc/")) {
            add(open_files, files, fs::path(target).filename().string());
        }
    }
    std::string told;
    const auto tell = [&](const std::string& what) { told += (told.empty() ? "" : "; ") + what; };
    if (const std::string written = newer_files(folders, since); !written.empty()) {
        tell("files written since then: " + written);
    }
    if (files != 0) {
        tell("the position in open files: " + finished(std::move(open_files), files));
    }
    if (sockets > 1) {  // one is the channel's
        tell(std::to_string(sockets - 1) + (sockets == 2 ? " open connection" : " open connections"));
    }
    return told;
}

}  // namespace kayton
