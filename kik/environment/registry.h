// Changes what is installed in an environment, so that a kill at any moment leaves the old or the new state.
// Order of an installation: the `installing` marker, the plugin's folder (renamed or exchanged into place), the
// registry, then what became obsolete. The registry's generation tells the next run which side of the commit a killed
// one was on. The environment's lock is held by the caller. kik is single-threaded.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kik {

// Called with the name of each point of an installation or removal as it is passed; tests end the process there.
using CommitObserver = std::function<void(std::string_view point)>;

class Registry {
  public:
    Registry(std::string name, std::filesystem::path root) : name_(std::move(name)), root_(std::move(root)) {}

    // Finishes or undoes what a killed kik left. To be called before anything else is done under the lock.
    [[nodiscard]] Result<void> repair();

    // An empty folder on the environment's own file system, for a plugin in the making. It lies as deep as the plugin's
    // final place, so that a library path relative to the plugin holds in both.
    [[nodiscard]] Result<std::filesystem::path> new_staging(const std::string& crate, const std::string& version);

    // `staged` has plugin.so and manifest.json; `plugin.folder` is ignored. Replaces any other version of the crate.
    [[nodiscard]] Result<void> install(const std::filesystem::path& staged, const InstalledPlugin& plugin,
                                       const CommitObserver& observe = {});

    // kNotFound when the crate is not installed.
    [[nodiscard]] Result<void> uninstall(const std::string& crate, const CommitObserver& observe = {});

  private:
    struct State;
    [[nodiscard]] Result<State> read() const;
    [[nodiscard]] Result<void> write(const State& state) const;
    [[nodiscard]] std::filesystem::path metadata() const { return root_ / "metadata"; }
    [[nodiscard]] std::filesystem::path trash() const { return metadata() / "trash"; }

    std::string name_;
    std::filesystem::path root_;
};

}  // namespace kayton::kik
