// What the module os asks of the file system and of the process, beside os_module.cpp. os.kay gives it Python's names.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>

#include "worker/runtime/codec.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/list.h"
#include "worker/runtime/str.h"
#include "worker/runtime/system_text.h"
#include "worker/runtime/type_registry.h"

extern char** environ;

namespace kayton {

namespace {

int64_t nanoseconds(const timespec& time) {
    return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The operations of kt_os_change, as os.kay numbers them.
enum class Change { kRemoveFolder, kRename, kSymlink, kLink, kMode, kFolder, kMakeFolder, kTimes, kTruncate };

int change(Change which, const std::string& path, const std::string& other, int64_t number) {
    switch (which) {
        case Change::kRemoveFolder: return ::rmdir(path.c_str());
        case Change::kRename: return ::rename(path.c_str(), other.c_str());
        case Change::kSymlink: return ::symlink(path.c_str(), other.c_str());
        case Change::kLink: return ::link(path.c_str(), other.c_str());
        case Change::kMode: return ::chmod(path.c_str(), static_cast<mode_t>(number));
        case Change::kFolder: return ::chdir(path.c_str());
        case Change::kMakeFolder: return ::mkdir(path.c_str(), static_cast<mode_t>(number));
        case Change::kTimes: {
            const timespec now{0, UTIME_NOW};
            const timespec given{static_cast<time_t>(number / 1'000'000'000), static_cast<long>(number % 1'000'000'000)};
            const timespec both[2] = {number < 0 ? now : given, number < 0 ? now : given};
            return ::utimensat(AT_FDCWD, path.c_str(), both, 0);
        }
        case Change::kTruncate: return ::truncate(path.c_str(), number);
    }
    errno = EINVAL;
    return -1;
}

}  // namespace

extern "C" {

int32_t kt_os_stat(KtStr* path, uint8_t follow, KtList** out) {
    struct stat status;
    const std::string name(view(path));
    if ((follow != 0 ? ::stat(name.c_str(), &status) : ::lstat(name.c_str(), &status)) != 0) return raise_errno(errno, path);
    KtList* list = kt_list_new(type_list_int(), 10);
    for (const int64_t number : {static_cast<int64_t>(status.st_mode), static_cast<int64_t>(status.st_ino),
                                 static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_nlink),
                                 static_cast<int64_t>(status.st_uid), static_cast<int64_t>(status.st_gid),
                                 static_cast<int64_t>(status.st_size), nanoseconds(status.st_atim),
                                 nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)})
        kt_list_append(list, &number);
    *out = list;
    return KT_OK;
}

int32_t kt_os_change(int64_t which, KtStr* path, KtStr* other, int64_t number) {
    if (change(static_cast<Change>(which), std::string(view(path)), std::string(view(other)), number) == 0) return KT_OK;
    return raise_errno(errno, path);
}

int32_t kt_os_readlink(KtStr* path, KtStr** out) {
    char target[PATH_MAX];
    const ssize_t length = ::readlink(std::string(view(path)).c_str(), target, sizeof target);
    if (length < 0) return raise_errno(errno, path);
    *out = system_text({target, static_cast<size_t>(length)});
    return KT_OK;
}

uint8_t kt_os_access(KtStr* path, int64_t mode) {
    return ::access(std::string(view(path)).c_str(), static_cast<int>(mode)) == 0;
}

// Names and values in turn.
KtList* kt_os_environ() {
    KtList* list = kt_list_new(type_list_str(), 32);
    for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
        const std::string_view entry = *at;
        const size_t equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        list_push_owned(list, system_text(entry.substr(0, equals)));
        list_push_owned(list, system_text(entry.substr(equals + 1)));
    }
    return list;
}

void kt_os_setenv(KtStr* name, KtStr* value) {
    const std::string key(view(name));
    if (value == nullptr) {
        ::unsetenv(key.c_str());
    } else {
        ::setenv(key.c_str(), std::string(view(value)).c_str(), 1);
    }
}

// 0 process, 1 its parent, 2 user, 3 group, 4 processors, 5 and up: whether standard input, output, error is a terminal.
int64_t kt_os_number(int64_t which) {
    switch (which) {
        case 0: return ::getpid();
        case 1: return ::getppid();
        case 2: return ::getuid();
        case 3: return ::getgid();
        case 4: return ::sysconf(_SC_NPROCESSORS_ONLN);
        default: return ::isatty(static_cast<int>(which - 5));
    }
}

int32_t kt_os_urandom(int64_t count, KtBytes** out) {
    if (count < 0) return raise(Exc::ValueError, "negative argument not allowed");
    KtBytes* bytes = bytes_alloc(count);
    int64_t done = 0;
    while (done < count) {
        const ssize_t got = ::getrandom(bytes->data + done, static_cast<size_t>(count - done), 0);
        if (got < 0 && errno != EINTR) {
            release(bytes);
            return raise_errno(errno, nullptr);
        }
        if (got > 0) done += got;
    }
    *out = bytes;
    return KT_OK;
}

KtStr* kt_os_strerror(int64_t error) {
    return system_text(std::strerror(static_cast<int>(error)));
}

KtList* kt_os_uname() {
    KtList* list = kt_list_new(type_list_str(), 5);
    struct utsname names;
    if (::uname(&names) != 0) std::memset(&names, 0, sizeof names);
    for (const char* text : {names.sysname, names.nodename, names.release, names.version, names.machine})
        list_push_owned(list, system_text(text));
    return list;
}

}  // extern "C"

}  // namespace kayton
