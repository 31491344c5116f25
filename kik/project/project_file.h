// kayton.toml: what a project wants of its environment, written by a person or by `kik lock`. docs/projects.md has the
// format. Plain values; kik is single-threaded.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kik/cargo/spec.h"
#include "shared/permissions.h"
#include "shared/result.h"

namespace kayton::kik {

constexpr const char* kProjectFile = "kayton.toml";
constexpr const char* kLockFile = "kayton.lock";

// What programs and builds of the project may do beyond the default, by kind: read, write, net, env, build.
using PermissionLists = std::map<std::string, std::vector<std::string>>;

struct ProjectFile {
    std::filesystem::path file;
    std::string environment;  // the environment that rinstall and uninstall keep it in step with; may be empty
    std::string rust;         // "1.95.0"; empty: any
    std::vector<CrateSpec> crates;
    PermissionLists permissions;
    [[nodiscard]] std::filesystem::path folder() const { return file.parent_path(); }
};

// The nearest kayton.toml from `start` upwards; empty when there is none.
[[nodiscard]] std::filesystem::path find_project_file(const std::filesystem::path& start);

// kInput with the line for what is no TOML or says something unknown.
[[nodiscard]] Result<ProjectFile> read_project_file(const std::filesystem::path& file);
[[nodiscard]] std::string project_file_text(const ProjectFile& project);

// The text with the crate's line set, added or (spec NULL) taken out; everything else stays as the person wrote it.
[[nodiscard]] std::string with_crate(const std::string& text, const std::string& package, const CrateSpec* spec,
                                     const std::filesystem::path& folder);

// "{ version = \"1.11\", features = [\"unicode\"] }", or only "\"1.11\"". Paths are relative to `folder`.
[[nodiscard]] std::string crate_value(const CrateSpec& spec, const std::filesystem::path& folder);
[[nodiscard]] std::string toml_string(const std::string& text);
[[nodiscard]] std::string toml_list(const std::vector<std::string>& texts);

// The permissions of an environment's env.json, those of builds included.
[[nodiscard]] Result<PermissionLists> environment_permissions(const std::filesystem::path& root);
[[nodiscard]] Result<void> write_permission_lists(const std::filesystem::path& root, const PermissionLists& lists);

}  // namespace kayton::kik
