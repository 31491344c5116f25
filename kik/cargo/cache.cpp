#include "kik/cargo/cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
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

// Copies a folder with these two ways for its folders and files.
using MakeFolder = std::function<Result<void>(const fs::path& folder)>;
using MakeFile = std::function<Result<void>(const fs::path& from, const fs::path& to)>;
Result<void> copy_tree(const fs::path& from, const fs::path& to, const MakeFolder& make_folder, const MakeFile& make_file) {
    if (Result<void> made = make_folder(to); !made) return made;
    std::error_code error;
    fs::recursive_directory_iterator entries(from, error);
    for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
        const fs::path place = to / entries->path().lexically_relative(from);
        Result<void> done;
        if (entries->is_symlink()) {
            done = copy_link(entries->path(), place);
        } else if (entries->is_directory()) {
            done = make_folder(place);
        } else {
            done = make_file(entries->path(), place);
        }
        if (!done) return done;
    }
    if (error) return tl::unexpected<Error>(system_error("copy", from, error.value()));
    return {};
}

Result<void> set_mode(const fs::path& file, mode_t mode) {
    if (::chmod(file.c_str(), mode) != 0) return tl::unexpected<Error>(system_error("share", file, errno));
    return {};
}

// For all who may use the shared cache, whatever this process's umask says.
Result<void> make_shared_folder(const fs::path& folder, mode_t mode) {
    if (::mkdir(folder.c_str(), mode & 0777) == 0) return set_mode(folder, mode);
    if (errno != EEXIST) return tl::unexpected<Error>(system_error("make the folder", folder, errno));
    return {};
}

Result<void> copy_shared_file(const fs::path& from, const fs::path& to) {
    if (Result<void> copied = copy_contents(from, to); !copied) return copied;
    return set_mode(to, ::access(from.c_str(), X_OK) == 0 ? 0755 : 0644);
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

Result<fs::path> shared_cache_folder() {
    constexpr const char* kUsual = "/var/cache/kayton";
    const char* named = std::getenv("KAYTON_SHARED_CACHE");
    const fs::path folder = named != nullptr ? named : kUsual;
    if (folder.empty()) return fs::path();
    struct stat status{};
    const bool there = ::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    if (named == nullptr && (!there || status.st_uid != 0)) return fs::path();
    if (!there) {
        return fail(ErrorKind::kNotFound, fmt::format("KAYTON_SHARED_CACHE `{}` is not a folder", folder.string()),
                    fmt::format("Run: mkdir -p '{}'", folder.string()));
    }
    if ((status.st_mode & S_IWOTH) != 0) {
        return fail(ErrorKind::kInput, fmt::format("the shared cache `{}` is not safe: every user can put code there", folder.string()),
                    fmt::format("Run: chmod o-w '{}'", folder.string()));
    }
    std::error_code error;
    fs::path absolute = fs::canonical(folder, error);
    if (error) return tl::unexpected<Error>(system_error("open", folder, error.value()));
    return absolute;
}

Result<Cache> Cache::open(const Toolchain& toolchain) {
    const Result<fs::path> home = kayton_home();
    if (!home) return tl::unexpected<Error>(home.error());
    const Result<fs::path> shared = shared_cache_folder();
    if (!shared) return tl::unexpected<Error>(shared.error());
    Cache cache;
    cache.root_ = *home / "cache" / toolchain.key();
    cache.lock_file_ = *home / "locks" / ("cache-" + toolchain.key() + ".lock");
    for (const char* folder : {"target", "work", "doc", "bridge", "plugins"}) {
        if (Result<void> made = make_folders(cache.root_ / folder); !made) return tl::unexpected<Error>(made.error());
    }
    if (shared->empty()) return cache;
    cache.shared_ = *shared / toolchain.key();
    struct stat status{};
    const bool begun = ::access(cache.shared_.c_str(), F_OK) == 0;
    if (::access((begun ? cache.shared_ : *shared).c_str(), W_OK | X_OK) != 0 || ::stat(shared->c_str(), &status) != 0)
        return cache;
    cache.shared_mode_ = status.st_mode & 07777;
    for (const char* folder : {"", "bridge", "std", "plugins", "requests", "locks"}) {
        if (Result<void> made = make_shared_folder(cache.shared_ / folder, cache.shared_mode_); !made)
            return tl::unexpected<Error>(made.error());
    }
    return cache;
}

std::vector<fs::path> Cache::places(const fs::path& name) const {
    std::vector<fs::path> all{root_ / name};
    if (!shared_.empty()) all.insert(all.begin(), shared_ / name);
    return all;
}

fs::path Cache::find(const fs::path& name) const {
    for (fs::path& place : places(name))
        if (::access(place.c_str(), R_OK) == 0) return std::move(place);
    return {};
}

Result<void> Cache::put(const fs::path& from, const fs::path& name) const {
    const fs::path place = finished() / name;
    fs::path fresh = place;
    fresh += fmt::format(".new-{}", ::getpid());
    const MakeFolder make_folder = [this](const fs::path& folder) {
        return publishes() ? make_shared_folder(folder, shared_mode_) : make_folders(folder);
    };
    if (Result<void> made = make_folder(place.parent_path()); !made) return made;
    if (Result<void> removed = remove_tree(fresh); !removed) return removed;
    std::error_code error;
    if (!fs::is_directory(from, error)) {
        if (Result<void> copied = publishes() ? copy_shared_file(from, fresh) : copy_contents(from, fresh); !copied) return copied;
        if (Result<void> synced = sync_file(fresh); !synced) return synced;
        fs::rename(fresh, place, error);
        if (error) return tl::unexpected<Error>(system_error("write", place, error.value()));
        return {};
    }
    if (Result<void> copied = copy_tree(from, fresh, make_folder, publishes() ? copy_shared_file : link_or_copy); !copied) return copied;
    if (Result<void> removed = remove_tree(place); !removed) return removed;
    return rename_new(fresh, place);
}

std::string Cache::recall(const std::string& request, bool whenever) const {
    // As long as registries let their own index be kept.
    constexpr int64_t kSeconds = 600;
    for (const fs::path& place : places(fs::path("requests") / request)) {
        const Result<std::string> text = read_text_file(place);
        if (!text) continue;
        std::istringstream words(*text);
        std::string key;
        int64_t asked = 0;
        if (!(words >> key >> asked) || key.find('/') != std::string::npos) continue;
        const int64_t now = std::time(nullptr);
        if (whenever || (asked <= now && now - asked < kSeconds)) return key;
    }
    return {};
}

void Cache::remember(const std::string& request, const std::string& key) const {
    const fs::path folder = finished() / "requests";
    std::error_code error;
    fs::create_directories(folder, error);
    const fs::path file = folder / request, fresh = file.string() + "." + std::to_string(::getpid());
    // It only saves a question: a full disk must not fail the installation.
    if (!(std::ofstream(fresh) << key << " " << std::time(nullptr) << "\n")) return;
    if (publishes()) ::chmod(fresh.c_str(), 0644);
    fs::rename(fresh, file, error);
}

Result<Cache::Making> Cache::lock(const std::string& key, const std::string& command,
                                  const std::function<void(const std::string&)>& say) const {
    Result<Lock> own = Lock::take(lock_file_, "the build cache", command, say);
    if (!own) return tl::unexpected<Error>(own.error());
    if (!publishes() || key.empty()) return Making{std::move(*own), std::nullopt};
    Result<Lock> shared = Lock::take(shared_ / "locks" / (key + ".lock"), "the shared cache's `" + key + "`", command, say);
    if (!shared) return tl::unexpected<Error>(shared.error());
    return Making{std::move(*own), std::move(*shared)};
}

Result<void> link_or_copy(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::remove(to, error);
    struct stat status{};
    if (::lstat(from.c_str(), &status) == 0 && status.st_uid == ::geteuid()) {
        fs::create_hard_link(from, to, error);
        if (!error) return {};
    }
    return copy_contents(from, to);
}

Result<void> link_tree(const fs::path& from, const fs::path& to) {
    return copy_tree(from, to, make_folders, link_or_copy);
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
