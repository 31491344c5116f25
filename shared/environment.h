// Where Kayton environments live and what is installed in one: the model that kik writes and that the compiler and the
// supervisor read. Layout: docs/environments.md. Reading takes no lock: registry.json is replaced by rename.
// Plain values, safe in any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/manifest.h"
#include "shared/result.h"

namespace kayton {

constexpr int kRegistryFormat = 1;

// One line of metadata/registry.json.
struct InstalledPlugin {
    std::string crate;    // "serde_json"
    std::string package;  // registry name, may have hyphens
    std::string version;
    std::string target;
    std::vector<std::string> features;
    std::vector<std::string> instances;  // of generic items, asked for: "dijkstra[Graph[str, float]]"
    uint32_t abi_version = 0;
    bool default_features = true;
    std::string requirement;  // what was asked for: "1.11", "=1.11.1", "*"
    std::string source;       // empty: the default registry; "registry+NAME", "git+URL#COMMIT", "path+FOLDER"
    std::string contents;     // SHA-256 of its checksums.json; empty: installed before there were any
    std::filesystem::path folder;  // absolute: libs/<crate>/<version>/<target>
    [[nodiscard]] std::filesystem::path library() const { return folder / "plugin.so"; }
    [[nodiscard]] std::filesystem::path manifest() const { return folder / "manifest.json"; }
};

struct Environment {
    std::string name;             // "base", "k01", "local"
    std::filesystem::path root;   // holds bin/ toolchain/ libs/ metadata/ kernels/
    std::vector<InstalledPlugin> plugins;
    [[nodiscard]] std::filesystem::path bridge() const { return root / "toolchain" / "lib" / "libkayton_bridge.so"; }
    [[nodiscard]] std::filesystem::path toolchain_lib() const { return root / "toolchain" / "lib"; }
    [[nodiscard]] const InstalledPlugin* find(const std::string& crate) const;
};

// Where an environment is, or would be made.
struct EnvironmentPlace {
    std::string name;
    std::filesystem::path root;
};

// $KAYTON_HOME, else $XDG_DATA_HOME/kayton, else ~/.local/share/kayton.
[[nodiscard]] Result<std::filesystem::path> kayton_home();

// "local" is the nearest .kayton/ upwards and must be there; any other name is a folder of kayton_home()/envs, which
// may not exist yet.
[[nodiscard]] Result<EnvironmentPlace> find_environment(const std::string& name);

// The active environment: KAYTON_ACTIVE_ENV (a name, or "local" for the nearest .kayton/ upwards), else "base".
// An environment that does not exist yet (base before its first use) is returned with no plugins.
[[nodiscard]] Result<Environment> active_environment();
// The entries of `plugins` in the text of a registry, or of a state that kik keeps of it; `file` is for messages.
[[nodiscard]] Result<std::vector<InstalledPlugin>> parse_plugins(const std::string& text,
                                                                 const std::filesystem::path& root,
                                                                 const std::filesystem::path& file);
[[nodiscard]] Result<Environment> open_environment(const std::string& name, const std::filesystem::path& root);

}  // namespace kayton
