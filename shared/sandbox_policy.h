// SandboxPolicy: what one worker may touch. Decided by the supervisor, carried in Setup, applied by the worker to
// itself before the first plugin is opened. Plain values, safe in any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kayton {

enum class NetAccess : uint8_t {
    kNone,
    kHosts,  // named ones, through the supervisor
    kAll,
};

struct SandboxPolicy {
    std::vector<std::string> read_only;  // files and folders; those that do not exist are left out
    std::vector<std::string> read_write;
    std::vector<std::string> execute;  // programs that may be started, with their interpreters; each in this same sandbox
    std::string temporary;  // the worker's own folder for temporary files, also read-write
    uint64_t max_open_files = 1024;
    uint64_t max_memory = 0;       // bytes of data; 0: no limit
    bool core_files = false;       // the kernel leaves one of a worker that crashes
    uint64_t max_cpu_seconds = 0;  // of all threads together; 0: no limit
    NetAccess net = NetAccess::kNone;
    bool restrict_files = true;    // the layers that a person may switch off
    bool restrict_calls = true;
};

}  // namespace kayton
