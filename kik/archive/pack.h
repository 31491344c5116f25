// A whole environment as one file (docs/environments.md), for machines that have no Rust and no network. kik is
// single-threaded.
#pragma once

#include <filesystem>
#include <string>

#include "kik/report/console.h"
#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kik {

constexpr int kPackFormat = 1;

struct PackOptions {
    bool kayton = false;   // with the programs and the libraries they need
    bool sources = false;  // with the vendored sources of all crates
};

// What kpack.json at the head of an archive says.
struct PackRecord {
    std::string name, kayton, target;
    uint32_t abi_version = 0;
    bool has_programs = false;
};

[[nodiscard]] Result<void> pack_environment(const EnvironmentPlace& place, const std::filesystem::path& file,
                                            const PackOptions& options);

// Unpacks into `staging`, a folder that will become the environment `name`; checks target, format and every checksum.
[[nodiscard]] Result<PackRecord> unpack_environment(const std::filesystem::path& file,
                                                    const std::filesystem::path& staging, const std::string& name);

}  // namespace kayton::kik
