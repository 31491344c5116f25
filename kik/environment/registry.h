// Changes what is installed in an environment, so that a kill at any moment leaves the old or the new state.
// Order of a change: the `installing` marker, the plugins' folders (renamed or exchanged into place), the registry, then
// what became obsolete is put aside for `kik rollback`. The registry's generation tells the next run which side of the
// commit a killed one was on. The environment's lock is held by the caller. kik is single-threaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kik {

// How many states before the present one can be brought back.
constexpr size_t kKeptStates = 20;

// Called with the name of each point of a change as it is passed; tests end the process there.
using CommitObserver = std::function<void(std::string_view point)>;

// What an environment held, or holds: one generation of its registry.
struct RegistryState {
    int64_t generation = 0;
    std::string time;     // UTC; empty for a state from before there was a history
    std::string command;  // what made it: "rinstall regex"
    std::vector<InstalledPlugin> plugins;
    [[nodiscard]] const InstalledPlugin* find(const std::string& crate) const;
};

// A new state. `folders` has the finished folder of each plugin that does not lie in its place already.
struct RegistryChange {
    std::vector<InstalledPlugin> plugins;
    std::map<std::string, std::filesystem::path> folders;
    std::string command;
};

class Registry {
  public:
    Registry(std::string name, std::filesystem::path root) : name_(std::move(name)), root_(std::move(root)) {}

    // Finishes or undoes what a killed kik left. To be called before anything else is done under the lock.
    [[nodiscard]] Result<void> repair();

    // An empty folder on the environment's own file system, for a plugin in the making. It lies as deep as the plugin's
    // final place, so that a library path relative to the plugin holds in both.
    [[nodiscard]] Result<std::filesystem::path> new_staging(const std::string& crate, const std::string& version);

    [[nodiscard]] Result<RegistryState> read() const;

    // All or nothing. Folders that have no seal yet are sealed.
    [[nodiscard]] Result<void> apply(RegistryChange change, const CommitObserver& observe = {});

    // The present state with these plugins added, each replacing any other version of its crate. `folder` of each is
    // where it was made.
    [[nodiscard]] Result<void> install(std::vector<InstalledPlugin> plugins, const std::string& command,
                                       const CommitObserver& observe = {});
    // kNotFound when one of the crates is not installed; then none is removed.
    [[nodiscard]] Result<void> uninstall(const std::vector<std::string>& crates, const std::string& command,
                                         const CommitObserver& observe = {});

    // The states that can be brought back and the present one, newest first.
    [[nodiscard]] Result<std::vector<RegistryState>> history() const;
    // kNotFound for a generation that is not among them, or whose plugins are no longer kept.
    [[nodiscard]] Result<void> roll_back(int64_t generation, const std::string& command,
                                         const CommitObserver& observe = {});

    // Registers what lies in libs/ by its manifests, for a registry that cannot be read; the old file is kept beside it.
    [[nodiscard]] Result<RegistryState> rebuild();

  private:
    [[nodiscard]] Result<void> write(const RegistryState& state) const;
    [[nodiscard]] Result<void> write_history(const RegistryState& state) const;
    void forget_old_states(const RegistryState& present) const;
    [[nodiscard]] std::filesystem::path metadata() const { return root_ / "metadata"; }
    [[nodiscard]] std::filesystem::path kept(const std::string& contents) const {
        return metadata() / "kept" / contents;
    }
    [[nodiscard]] std::filesystem::path history_file(int64_t generation) const {
        return metadata() / "history" / (std::to_string(generation) + ".json");
    }

    std::string name_;
    std::filesystem::path root_;
};

}  // namespace kayton::kik
