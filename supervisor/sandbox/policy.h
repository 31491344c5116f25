// Decides what a worker may touch, from the environment it serves and the grants of the run.
// Plain functions, safe in any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "shared/environment.h"
#include "shared/result.h"
#include "shared/sandbox_policy.h"
#include "supervisor/broker/net_broker.h"

namespace kayton {

enum class SandboxLevel {
    kAuto,    // every layer the kernel has; those it lacks are reported
    kStrict,  // no worker runs where a layer is missing
    kOff,     // limits only: the program may do what the person may
};

// What the person allowed beyond the default; paths are absolute.
struct SandboxGrants {
    std::vector<std::filesystem::path> read;
    std::vector<std::filesystem::path> write;
    bool net_everywhere = false;
    std::vector<NetGrant> net;     // hosts and ports
    std::vector<std::string> env;  // names of variables of the environment
    std::vector<std::string> run;  // programs, by path or by name
    bool core_files = false;
    SandboxLevel level = SandboxLevel::kAuto;
    std::optional<uint64_t> max_memory;  // bytes; nothing: most_memory()
    std::optional<uint64_t> max_threads;
    uint64_t max_output = 0;             // bytes printed in the session, 0: no limit
    uint64_t max_cpu_seconds = 0;        // 0: no limit, of both
    uint64_t max_wall_seconds = 0;       // of one run
};

// Adds what `kik allow` keeps in the environment. kInput when that cannot be read.
[[nodiscard]] Result<void> add_environment_grants(const Environment& environment, SandboxGrants& grants);

// Three quarters of what this machine, or the container this process is in, has: a program that eats memory without
// end is stopped before everything else is.
[[nodiscard]] uint64_t most_memory();

// The file of a program that is named by its path or found on the PATH; kNotFound.
[[nodiscard]] Result<std::filesystem::path> find_program(const std::string& name);

[[nodiscard]] SandboxPolicy make_policy(const Environment& environment, const std::filesystem::path& working_folder,
                                        const std::filesystem::path& temporary, const SandboxGrants& grants);

}  // namespace kayton
