// The sandbox of builds: crates' build scripts and procedural macros are other people's programs, and cargo runs them.
// What a confined child and all its children get: reading the system, the toolchain and the crates' sources; writing
// where the build writes; no network, no other process's memory. The layers are those of workers: Landlock for files,
// seccomp for system calls. `kik allow build` loosens it. kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/result.h"

namespace kayton::kik {

struct Confinement {
    std::vector<std::filesystem::path> read;  // besides the system's own folders; those that are not there are left out
    std::vector<std::filesystem::path> write;
    bool network = false;
    bool files = true;  // false: everything may be read and written
    // The process loads somebody's library and nothing more: of the system it reads the libraries only, and it starts
    // no program and no process, has no socket, and sends signals to nobody but itself. Its threads stay possible.
    bool alone = false;
};

// What `kik allow build` gave an environment: "net", "all", "read=PATH", "write=PATH"; kept in metadata/env.json.
[[nodiscard]] Result<std::vector<std::string>> read_build_permissions(const std::filesystem::path& environment);

// Whether this machine's kernel has the layer that keeps files.
[[nodiscard]] bool can_confine_files();

// Confines the calling process for good; for the child between fork and exec. Empty when done, else what failed.
[[nodiscard]] const char* confine_this_process(const Confinement& confinement);

}  // namespace kayton::kik
