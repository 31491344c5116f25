// kayton_home()/cache: what can be made again. Bridges and plugins are kept by content, so that a second environment
// gets them through hard links.
//   cache/<toolchain>/target        cargo's target folder, shared by all builds of one toolchain
//   cache/<toolchain>/work/<crate>  the wrapper crate in the making
//   cache/<toolchain>/doc           rustdoc JSON by package, version and features
//   cache/<toolchain>/logs          what was built for environments in the making, which go when they fail
//   cache/<toolchain>/bridge/<key>  libkayton_bridge.so
//   cache/<toolchain>/std           the toolchain's shared standard library
//   cache/<toolchain>/plugins/<key> finished plugin folders
//   cache/<toolchain>/requests/<hash> what a request came to, and when
// Whoever writes holds the lock of the toolchain's cache. kik is single-threaded.
//
// Users of one machine may share what is finished (bridge, std, plugins, requests): shared_cache_folder() has the same
// parts, is asked first, and gets what is new where the user may write there. What is in the making stays at home.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kik/cargo/toolchain.h"
#include "kik/environment/lock.h"
#include "shared/result.h"

namespace kayton::kik {

// A running FNV-1a hash of texts; the order and the borders of the texts count.
class ContentHash {
  public:
    ContentHash& add(std::string_view text);
    [[nodiscard]] Result<void> add_file(const std::filesystem::path& file);
    [[nodiscard]] std::string hexadecimal() const;

  private:
    uint64_t hash_ = 0xcbf29ce484222325u;
};

// $KAYTON_SHARED_CACHE, else /var/cache/kayton where root has made that; empty for none. kInput for one that everybody can
// write to (what lies there is run), kNotFound for a named one that is not there.
[[nodiscard]] Result<std::filesystem::path> shared_cache_folder();

class Cache {
  public:
    [[nodiscard]] static Result<Cache> open(const Toolchain& toolchain);

    // Held while something is made: at home, and for all users who may make it.
    struct Making {
        Lock own;
        std::optional<Lock> shared;
    };

    [[nodiscard]] std::filesystem::path target() const { return root_ / "target"; }
    [[nodiscard]] std::filesystem::path work(const std::string& crate) const { return root_ / "work" / crate; }
    [[nodiscard]] std::filesystem::path doc() const { return root_ / "doc"; }
    [[nodiscard]] std::filesystem::path logs() const { return root_ / "logs"; }

    // Where `name`, a path below a part that may be shared, can be: the shared cache first.
    [[nodiscard]] std::vector<std::filesystem::path> places(const std::filesystem::path& name) const;
    // The first of them that is there, else empty.
    [[nodiscard]] std::filesystem::path find(const std::filesystem::path& name) const;
    // Puts a finished file or folder there in one step: a file is copied, a folder by hard links unless others use it.
    // REQUIRES: for a folder, that its making is held.
    [[nodiscard]] Result<void> put(const std::filesystem::path& from, const std::filesystem::path& name) const;

    // The key of the plugin that a request came to; empty when it is not known, or was found out too long ago for a
    // request that leaves the version open (`whenever`: no matter how long).
    [[nodiscard]] std::string recall(const std::string& request, bool whenever) const;
    void remember(const std::string& request, const std::string& key) const;

    // `key`: of what is made, empty when it is not kept; users who make different things do not wait for each other.
    [[nodiscard]] Result<Making> lock(const std::string& key, const std::string& command,
                                      const std::function<void(const std::string&)>& say) const;

  private:
    [[nodiscard]] bool publishes() const { return shared_mode_ != 0; }
    // Where what is finished is put.
    [[nodiscard]] const std::filesystem::path& finished() const { return publishes() ? shared_ : root_; }

    std::filesystem::path root_, lock_file_;
    std::filesystem::path shared_;  // of this toolchain, in the shared cache; empty without one
    unsigned shared_mode_ = 0;      // of folders there; 0 where the user may not write
};

// Copies a folder by hard links, or by contents where the file systems differ or the file is another user's, who could
// change it later. Symbolic links are not followed.
[[nodiscard]] Result<void> link_tree(const std::filesystem::path& from, const std::filesystem::path& to);
[[nodiscard]] Result<void> link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to);

// The Rust crates of the SDK: ../share/kayton/sdk beside an installed kik, the source folder in a build tree.
[[nodiscard]] Result<std::filesystem::path> sdk_folder();
// Identifies the SDK's sources and the generator: what built plugins depend on besides their crate.
[[nodiscard]] Result<std::string> sdk_key();

[[nodiscard]] uint64_t tree_size(const std::filesystem::path& folder);

}  // namespace kayton::kik
