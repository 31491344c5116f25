// kayton_home()/cache: what can be made again. Bridges and plugins are kept by content, so that a second environment
// gets them through hard links.
//   cache/<toolchain>/target        cargo's target folder, shared by all builds of one toolchain
//   cache/<toolchain>/work/<crate>  the wrapper crate in the making
//   cache/<toolchain>/doc           rustdoc JSON by package, version and features
//   cache/<toolchain>/bridge/<key>  libkayton_bridge.so
//   cache/<toolchain>/std           the toolchain's shared standard library
//   cache/<toolchain>/plugins/<key> finished plugin folders
//   cache/<toolchain>/requests/<hash> what a request came to, and when
// Whoever writes holds the lock of the toolchain's cache. kik is single-threaded.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

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

class Cache {
  public:
    [[nodiscard]] static Result<Cache> open(const Toolchain& toolchain);

    [[nodiscard]] std::filesystem::path target() const { return root_ / "target"; }
    [[nodiscard]] std::filesystem::path work(const std::string& crate) const { return root_ / "work" / crate; }
    [[nodiscard]] std::filesystem::path doc() const { return root_ / "doc"; }
    [[nodiscard]] std::filesystem::path bridge(const std::string& key) const { return root_ / "bridge" / key; }
    [[nodiscard]] std::filesystem::path standard_library() const { return root_ / "std"; }
    [[nodiscard]] std::filesystem::path plugin(const std::string& key) const { return root_ / "plugins" / key; }

    // The key of the plugin that a request came to; empty when it is not known, or was found out too long ago for a
    // request that leaves the version open (`whenever`: no matter how long).
    [[nodiscard]] std::string recall(const std::string& request, bool whenever) const;
    void remember(const std::string& request, const std::string& key) const;

    [[nodiscard]] Result<Lock> lock(const std::string& command,
                                    const std::function<void(const std::string&)>& say) const;

  private:
    std::filesystem::path root_, lock_file_;
};

// Copies a folder by hard links, or by contents where the file systems differ. Symbolic links are not followed.
[[nodiscard]] Result<void> link_tree(const std::filesystem::path& from, const std::filesystem::path& to);
[[nodiscard]] Result<void> link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to);

// The Rust crates of the SDK: ../share/kayton/sdk beside an installed kik, the source folder in a build tree.
[[nodiscard]] Result<std::filesystem::path> sdk_folder();
// Identifies the SDK's sources and the generator: what built plugins depend on besides their crate.
[[nodiscard]] Result<std::string> sdk_key();

[[nodiscard]] uint64_t tree_size(const std::filesystem::path& folder);

}  // namespace kayton::kik
