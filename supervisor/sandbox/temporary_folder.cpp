#include "supervisor/sandbox/temporary_folder.h"

#include <fcntl.h>
#include <fts.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <system_error>

namespace kayton {
namespace {

constexpr time_t kSettled = 60;   // seconds: a younger folder may not be locked by its owner yet
constexpr int kSweepLimit = 100;  // entries looked at, so that a full folder does not slow a start
constexpr int kTries = 16;

UniqueFd open_folder(const std::filesystem::path& path) {
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// A program may have taken the right to look into its folders from everybody, itself included.
void make_readable(const std::filesystem::path& folder) {
    std::string name = folder.string();
    char* roots[] = {name.data(), nullptr};
    FTS* walk = ::fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, nullptr);
    if (walk == nullptr) {
        return;
    }
    while (FTSENT* entry = ::fts_read(walk)) {
        if (entry->fts_info != FTS_D && entry->fts_info != FTS_DNR) {
            continue;
        }
        // By its descriptor: what stands at the path may be a link by now.
        const UniqueFd place(::open(entry->fts_path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        const bool changed = place && ::chmod(("/proc/self/fd/" + std::to_string(place.get())).c_str(), 0700) == 0;
        if (changed && entry->fts_info == FTS_DNR && entry->fts_number++ == 0) {
            ::fts_set(walk, entry, FTS_AGAIN);
        }
    }
    ::fts_close(walk);
}

void remove_everything(const std::filesystem::path& path) {
    std::error_code failed;
    std::filesystem::remove_all(path, failed);
    if (failed) {
        make_readable(path);
        std::filesystem::remove_all(path, failed);
    }
}

// The folder of this user's sessions; somebody else's, or one open to others, is refused.
Result<std::filesystem::path> make_parent() {
    const char* base = std::getenv("TMPDIR");
    std::filesystem::path parent(base != nullptr && *base != '\0' ? base : "/tmp");
    parent /= "kayton-" + std::to_string(::geteuid());
    if (::mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(ErrorKind::kSystem,
                    "cannot make the temporary folder " + parent.string() + ": " + std::strerror(errno),
                    "set TMPDIR to a folder that can be written");
    }
    struct stat status{};
    if (::lstat(parent.c_str(), &status) == 0 &&
        (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0)) {
        return fail(ErrorKind::kSystem, parent.string() + " is not a folder of this user's alone",
                    "remove it, or set TMPDIR to another folder");
    }
    return parent;
}

void remove_abandoned(const std::filesystem::path& parent) {
    std::error_code error;
    std::filesystem::directory_iterator entry(parent, error);
    for (int count = 0; !error && entry != std::filesystem::directory_iterator() && count < kSweepLimit; ++count) {
        const UniqueFd folder = open_folder(entry->path());
        struct stat status{};
        if (folder && ::fstat(folder.get(), &status) == 0 && status.st_mtime + kSettled < ::time(nullptr) &&
            ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) {
            remove_everything(entry->path());
        }
        entry.increment(error);
    }
}

}  // namespace

Result<TemporaryFolder> TemporaryFolder::create() {
    // The last of the others to end removes the parent, perhaps between two steps of ours.
    for (int tries = 0; tries < kTries; ++tries) {
        auto parent = make_parent();
        if (!parent) {
            return tl::unexpected(std::move(parent.error()));
        }
        remove_abandoned(*parent);
        std::string path = (*parent / "session-XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr) {
            if (errno == ENOENT) {
                continue;
            }
            return fail(ErrorKind::kSystem, "cannot make a temporary folder " + path + ": " + std::strerror(errno),
                        "set TMPDIR to a folder that can be written");
        }
        UniqueFd folder = open_folder(path);
        if (folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) {
            return TemporaryFolder(path, std::move(folder));
        }
    }
    return fail(ErrorKind::kSystem, "cannot make a temporary folder: others keep removing it");
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}

TemporaryFolder& TemporaryFolder::operator=(TemporaryFolder&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(lock_, other.lock_);
    return *this;
}

TemporaryFolder::~TemporaryFolder() {
    if (!path_.empty()) {
        remove_everything(path_);
        ::rmdir(path_.parent_path().c_str());  // only if no other session has its folder there
    }
}

}  // namespace kayton
