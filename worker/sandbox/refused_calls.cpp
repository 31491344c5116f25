// The C library's calls that open, change or start something by its name, for everything in this process: as they are,
// but what the system refuses is noted for the message (worker/vm/refusals.h). The program exports them, so the dynamic
// linker binds every library's calls here. Nothing is enforced in this file.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

#include "worker/vm/refusals.h"

namespace {

bool was_refused() {
    return errno == EACCES || errno == EPERM;
}

// Gives the result on.
int noted(long result, const char* path) {
    if (result == -1 && was_refused()) {
        const int error = errno;
        kayton::note_refused_file(path, error);
        errno = error;
    }
    return static_cast<int>(result);
}

// Of the network the supervisor knows what was refused.
int of_network(long result) {
    if (result == -1 && was_refused()) {
        const int error = errno;
        kayton::forget_refused();
        errno = error;
    }
    return static_cast<int>(result);
}

int open_at(int folder, const char* path, int flags, mode_t mode) {
    const long result = ::syscall(SYS_openat, folder, path, flags, mode);
    return folder == AT_FDCWD || (result == -1 && path[0] == '/') ? noted(result, path) : static_cast<int>(result);
}

template <typename Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int spawned(int error, const char* program) {
    if (error == EACCES || error == EPERM) {
        kayton::note_refused_program(program, error);
    }
    return error;
}

mode_t mode_of(int flags, va_list rest) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

}  // namespace

#define KAYTON_EXPORTED extern "C" __attribute__((visibility("default")))

#define KAYTON_OPEN(name, folder_parameter, folder)                        \
    KAYTON_EXPORTED int name(folder_parameter const char* path, int flags, ...) { \
        va_list rest;                                                      \
        va_start(rest, flags);                                             \
        const mode_t mode = mode_of(flags, rest);                          \
        va_end(rest);                                                      \
        return open_at(folder, path, flags, mode);                         \
    }
#define KAYTON_FOLDER int folder,
KAYTON_OPEN(open, , AT_FDCWD)
KAYTON_OPEN(open64, , AT_FDCWD)
KAYTON_OPEN(openat, KAYTON_FOLDER, folder)
KAYTON_OPEN(openat64, KAYTON_FOLDER, folder)

KAYTON_EXPORTED DIR* opendir(const char* path) {
    static const auto next = real<DIR* (*)(const char*)>("opendir");
    DIR* folder = next(path);
    (void)noted(folder == nullptr ? -1 : 0, path);
    return folder;
}
KAYTON_EXPORTED int mkdir(const char* path, mode_t mode) noexcept {
    return noted(::syscall(SYS_mkdir, path, mode), path);
}
KAYTON_EXPORTED int rmdir(const char* path) noexcept {
    return noted(::syscall(SYS_rmdir, path), path);
}
KAYTON_EXPORTED int unlink(const char* path) noexcept {
    return noted(::syscall(SYS_unlink, path), path);
}
KAYTON_EXPORTED int rename(const char* from, const char* to) noexcept {
    return noted(::syscall(SYS_rename, from, to), to);
}
KAYTON_EXPORTED int socket(int domain, int type, int protocol) noexcept {
    return of_network(::syscall(SYS_socket, domain, type, protocol));
}
KAYTON_EXPORTED int connect(int descriptor, const sockaddr* address, socklen_t size) {
    return of_network(::syscall(SYS_connect, descriptor, address, size));
}
KAYTON_EXPORTED int bind(int descriptor, const sockaddr* address, socklen_t size) noexcept {
    return of_network(::syscall(SYS_bind, descriptor, address, size));
}
KAYTON_EXPORTED int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                                const posix_spawnattr_t* attributes, char* const arguments[],
                                char* const environment[]) {
    static const auto next = real<decltype(&::posix_spawn)>("posix_spawn");
    return spawned(next(pid, path, actions, attributes, arguments, environment), path);
}
KAYTON_EXPORTED int posix_spawnp(pid_t* pid, const char* name, const posix_spawn_file_actions_t* actions,
                                 const posix_spawnattr_t* attributes, char* const arguments[],
                                 char* const environment[]) {
    static const auto next = real<decltype(&::posix_spawnp)>("posix_spawnp");
    return spawned(next(pid, name, actions, attributes, arguments, environment), name);
}
