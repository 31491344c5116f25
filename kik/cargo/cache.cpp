#include "kik/cargo/cache.h"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/generator_key.h"
#include "shared/environment.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

Result<void> copy_link(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::remove(to, error);
    fs::copy_symlink(from, to, error);
    if (error) return tl::unexpected<Error>(system_error("link", to, error.value()));
    return {};
}

}  // namespace

ContentHash& ContentHash::add(std::string_view text) {
    const auto take = [this](unsigned char byte) {
        hash_ ^= byte;
        hash_ *= 0x100000001b3u;
    };
    for (unsigned char byte : text) take(byte);
    for (size_t length = text.size(), i = 0; i < 8; ++i, length >>= 8) take(static_cast<unsigned char>(length));
    return *this;
}

Result<void> ContentHash::add_file(const fs::path& file) {
    const Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    add(*text);
    return {};
}

std::string ContentHash::hexadecimal() const {
    return fmt::format("{:016x}", hash_);
}

Result<Cache> Cache::open(const Toolchain& toolchain) {
    const Result<fs::path> home = kayton_home();
    if (!home) return tl::unexpected<Error>(home.error());
    Cache cache;
    cache.root_ = *home / "cache" / toolchain.key();
    cache.lock_file_ = *home / "locks" / ("cache-" + toolchain.key() + ".lock");
    for (const char* folder : {"target", "work", "doc", "bridge", "plugins"}) {
        if (Result<void> made = make_folders(cache.root_ / folder); !made) return tl::unexpected<Error>(made.error());
    }
    return cache;
}

std::string Cache::recall(const std::string& request, bool whenever) const {
    // As long as registries let their own index be kept.
    constexpr int64_t kSeconds = 600;
    const Result<std::string> text = read_text_file(root_ / "requests" / request);
    if (!text) return {};
    std::istringstream words(*text);
    std::string key;
    int64_t asked = 0;
    if (!(words >> key >> asked) || key.find('/') != std::string::npos) return {};
    const int64_t now = std::time(nullptr);
    return whenever || (asked <= now && now - asked < kSeconds) ? key : std::string();
}

void Cache::remember(const std::string& request, const std::string& key) const {
    std::error_code error;
    fs::create_directories(root_ / "requests", error);
    const fs::path file = root_ / "requests" / request, fresh = file.string() + "." + std::to_string(::getpid());
    // It only saves a question: a full disk must not fail the installation.
    if (std::ofstream(fresh) << key << " " << std::time(nullptr) << "\n") fs::rename(fresh, file, error);
}

Result<Lock> Cache::lock(const std::string& command, const std::function<void(const std::string&)>& say) const {
    return Lock::take(lock_file_, "the build cache", command, say);
}

Result<void> link_or_copy(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::remove(to, error);
    fs::create_hard_link(from, to, error);
    if (!error) return {};
    return copy_contents(from, to);
}

Result<void> link_tree(const fs::path& from, const fs::path& to) {
    if (Result<void> made = make_folders(to); !made) return made;
    std::error_code error;
    fs::recursive_directory_iterator entries(from, error);
    for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
        const fs::path place = to / entries->path().lexically_relative(from);
        Result<void> done;
        if (entries->is_symlink()) {
            done = copy_link(entries->path(), place);
        } else if (entries->is_directory()) {
            done = make_folders(place);
        } else {
            done = link_or_copy(entries->path(), place);
        }
        if (!done) return done;
    }
    if (error) return tl::unexpected<Error>(system_error("copy", from, error.value()));
    return {};
}

Result<fs::path> sdk_folder() {
    std::error_code error;
    const fs::path installed = (program_folder() / ".." / "share" / "kayton" / "sdk").lexically_normal();
    for (const fs::path& folder : {installed, fs::path(KAYTON_SDK_SOURCE)}) {
        if (fs::exists(folder / "kayton_bridge" / "Cargo.toml", error)) return folder;
    }
    return fail(ErrorKind::kSystem, "Kayton's SDK is missing: `" + installed.string() + "` has no `kayton_bridge`",
                "Install Kayton again");
}

Result<std::string> sdk_key() {
    const Result<fs::path> sdk = sdk_folder();
    if (!sdk) return tl::unexpected<Error>(sdk.error());
    std::vector<fs::path> files;
    std::error_code error;
    fs::recursive_directory_iterator entries(*sdk, error);
    for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
        if (entries->is_directory() && entries->path().filename() == "target") {
            entries.disable_recursion_pending();
        } else if (entries->is_regular_file() &&
                   (entries->path().extension() == ".rs" || entries->path().extension() == ".toml")) {
            files.push_back(entries->path());
        }
    }
    if (error) return tl::unexpected<Error>(system_error("read", *sdk, error.value()));
    std::sort(files.begin(), files.end());
    ContentHash hash;
    hash.add(KAYTON_GENERATOR_KEY);
    for (const fs::path& file : files) {
        hash.add(file.lexically_relative(*sdk).string());
        if (Result<void> added = hash.add_file(file); !added) return tl::unexpected<Error>(added.error());
    }
    return hash.hexadecimal();
}

uint64_t tree_size(const fs::path& folder) {
    uint64_t size = 0;
    std::error_code error;
    fs::recursive_directory_iterator entries(folder, error);
    for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
        if (!entries->is_symlink(error) && entries->is_regular_file(error)) size += entries->file_size(error);
    }
    return size;
}

}  // namespace kayton::kik
