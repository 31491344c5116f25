// Permissions: what the programs of an environment may touch beyond the default, as `kik allow` keeps it in the
// environment's metadata/env.json under "permissions". Plain values, safe in any thread.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/result.h"

namespace kayton {

struct Permissions {
    std::vector<std::string> read;  // absolute paths
    std::vector<std::string> write;
    std::vector<std::string> net;  // "host:port"; "*": everywhere
    std::vector<std::string> env;  // names of variables
    std::vector<std::string> run;  // programs, by path or by the name that PATH finds

    // The list of a kind by its name: "read", "write", "net", "env", "run"; NULL for another.
    [[nodiscard]] std::vector<std::string>* of(std::string_view kind);
    [[nodiscard]] const std::vector<std::string>* of(std::string_view kind) const {
        return const_cast<Permissions*>(this)->of(kind);
    }
};
inline constexpr std::array<std::string_view, 5> kPermissionKinds{"read", "write", "net", "env", "run"};
constexpr const char* kNetEverywhere = "*";

// Of the environment whose folder this is; empty where it has no env.json yet. kInput when the file is corrupt.
[[nodiscard]] Result<Permissions> read_permissions(const std::filesystem::path& environment);
// The list that its env.json gives under "permissions" for each of these kinds, in their order.
[[nodiscard]] Result<std::vector<std::vector<std::string>>> read_granted(const std::filesystem::path& environment,
                                                                         std::span<const std::string_view> kinds);

}  // namespace kayton
