// Makes, opens and removes environments on disk: the folders, env.json, the shims in bin/. docs/environments.md has the
// layout. Functions that change something expect the environment's lock to be held, except where they say otherwise.
// kik is single-threaded.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kik/environment/lock.h"
#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kik {

constexpr int kEnvironmentFormat = 1;
constexpr const char* kKaytonVersion = KAYTON_VERSION;

// metadata/env.json
struct EnvironmentRecord {
    std::string name;
    std::string kayton;  // version that made it
    uint32_t abi_version = 0;
    std::string target;
    std::string created;  // UTC, ISO 8601
};

// What the folder of an environment in the making is called before its name; it goes when the making fails.
constexpr const char* kInTheMaking = ".creating-";
[[nodiscard]] bool is_in_the_making(const std::filesystem::path& root);

[[nodiscard]] bool is_environment(const std::filesystem::path& root);
[[nodiscard]] Result<EnvironmentRecord> read_record(const std::filesystem::path& root);

// Makes the environment in a folder beside its place and renames it there: kInput when something is there already.
[[nodiscard]] Result<void> create_environment(const EnvironmentPlace& place);

// The folders and files of an empty environment, in a folder that is not one yet.
[[nodiscard]] Result<void> fill_environment(const EnvironmentPlace& place);

// metadata/env.json of an environment that has lost it.
[[nodiscard]] Result<void> write_record(const EnvironmentPlace& place);

// `.kayton` in the current folder, for `kik create local`.
[[nodiscard]] Result<EnvironmentPlace> new_local_place();

// The active environment, base being made on first use; for commands that change it. kNotFound with the command that
// makes a missing one.
[[nodiscard]] Result<EnvironmentPlace> active_place(const std::function<void(const std::string&)>& say);

// Removes what a kik that was killed while making or removing this environment left beside it.
void sweep_leftovers(const std::filesystem::path& root);

// Points bin/ at the programs this kik belongs to.
[[nodiscard]] Result<void> refresh_shims(const std::filesystem::path& root);

// Every named environment of kayton_home(), sorted.
[[nodiscard]] Result<std::vector<EnvironmentPlace>> named_environments();

// The lock of an environment lies in kayton_home()/locks: outside what `kik remove` removes.
[[nodiscard]] std::filesystem::path lock_file(const std::filesystem::path& home, const EnvironmentPlace& place);
[[nodiscard]] Result<Lock> lock_environment(const EnvironmentPlace& place, const std::string& command,
                                            const std::function<void(const std::string&)>& say);

[[nodiscard]] const char* host_target();
[[nodiscard]] std::filesystem::path program_folder();  // where this kik lies
[[nodiscard]] std::string utc_now();

}  // namespace kayton::kik
