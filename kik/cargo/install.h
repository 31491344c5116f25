// The whole way of a crate into an environment: resolve, vendor, describe, generate, build, probe, commit. A failure or
// an interrupt at any step leaves the environment as it was. kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kik/cargo/spec.h"
#include "kik/report/console.h"
#include "shared/environment.h"
#include "shared/manifest.h"
#include "shared/result.h"

namespace kayton::kik {

struct InstallRequest {
    CrateSpec spec;               // of a registry crate
    std::filesystem::path local;  // a crate on this machine; its name and version are its own
    std::string command;          // "rinstall regex", for the lock's message
};

struct InstallSummary {
    Manifest manifest;
    bool from_cache = false;
    double seconds = 0;  // of building
};

[[nodiscard]] Result<InstallSummary> install_crate(const EnvironmentPlace& place, const InstallRequest& request,
                                                   const Console& console);

}  // namespace kayton::kik
