#include "kik/cargo/confine.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shared/permissions.h"
#include "shared/unique_fd.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

// Landlock (Documentation/userspace-api/landlock.rst). The C library's headers may be older than the kernel.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
constexpr uint64_t kExecute = 1U << 0, kReadFile = 1U << 2, kReadDir = 1U << 3;
constexpr uint64_t kRefer = 1U << 13, kTruncate = 1U << 14, kIoctlDev = 1U << 15;
constexpr uint64_t kFirstAbi = (1U << 13) - 1;
constexpr uint64_t kOfFiles = kExecute | (1U << 1) | kReadFile | kTruncate | kIoctlDev;

struct RulesetAttributes {
    uint64_t files = 0, network = 0, scoped = 0;
};
struct __attribute__((packed)) PathBeneath {
    uint64_t allowed = 0;
    int32_t parent = -1;
};

long landlock_version() {
    return ::syscall(kCreateRuleset, nullptr, 0, 1);
}

bool allow(int ruleset, const char* path, uint64_t access) {
    const UniqueFd parent(::open(path, O_PATH | O_CLOEXEC));
    if (!parent) return true;  // what is not there needs no permission
    struct stat status{};
    if (::fstat(parent.get(), &status) == 0 && !S_ISDIR(status.st_mode)) access &= kOfFiles;
    const PathBeneath rule{access, parent.get()};
    return ::syscall(kAddRule, ruleset, 1, &rule, 0) == 0;
}

// Nothing when the kernel has no Landlock: `kik doctor` says so.
const char* confine_files(const Confinement& confinement) {
    const long version = landlock_version();
    if (version < 1) return nullptr;
    uint64_t files = kFirstAbi;
    if (version >= 2) files |= kRefer;
    if (version >= 3) files |= kTruncate;
    if (version >= 5) files |= kIoctlDev;
    RulesetAttributes attributes;
    attributes.files = files;
    // Abstract sockets and signals stay with those the build starts itself.
    if (version >= 6) attributes.scoped = 3;
    const size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    const UniqueFd ruleset(static_cast<int>(::syscall(kCreateRuleset, &attributes, size, 0)));
    if (!ruleset) return "make rules for files";
    const uint64_t read = kExecute | kReadFile | kReadDir;
    static constexpr std::array<const char*, 12> kSystem{
        "/usr", "/lib", "/lib32", "/lib64", "/sys/devices/system/cpu", "/etc/ld.so.cache",  // libraries
        "/bin", "/sbin", "/etc", "/opt", "/nix", "/proc"};
    const size_t readable = confinement.alone ? 6 : kSystem.size();
    for (size_t at = 0; at < readable; ++at) {
        if (!allow(ruleset.get(), kSystem[at], read)) return "allow reading the system";
    }
    if (!allow(ruleset.get(), confinement.alone ? "/proc/self" : "/sys/fs/cgroup", read)) {
        return "allow reading the system";
    }
    for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}) {
        if (confinement.alone && std::string_view(path) == "/dev/tty") continue;
        if (!allow(ruleset.get(), path, files & kOfFiles & ~kExecute)) return "allow devices";
    }
    for (const fs::path& path : confinement.read) {
        if (!allow(ruleset.get(), path.c_str(), read)) return "allow reading";
    }
    for (const fs::path& path : confinement.write) {
        if (!allow(ruleset.get(), path.c_str(), files)) return "allow writing";
    }
    return ::syscall(kRestrictSelf, ruleset.get(), 0) == 0 ? nullptr : "restrict files";
}

// A filter of a few lines: no sockets but local ones, nothing that reaches into other processes or around the filter.
const char* confine_calls(const Confinement& confinement) {
    const auto refuse = static_cast<uint32_t>(SECCOMP_RET_ERRNO | EACCES);
    constexpr std::array<uint32_t, 14> kRefused{
        SYS_ptrace,    SYS_process_vm_readv, SYS_process_vm_writev, SYS_bpf,
        SYS_mount,     SYS_umount2,          SYS_keyctl,            SYS_add_key,
        SYS_request_key, SYS_perf_event_open, SYS_userfaultfd,      SYS_io_uring_setup,
        SYS_kexec_load, SYS_init_module};
    constexpr std::array<uint32_t, 17> kRefusedAlone{
        SYS_execve,    SYS_execveat,    SYS_fork,           SYS_vfork,    SYS_kill,         SYS_tkill,
        SYS_setns,     SYS_unshare,     SYS_rt_sigqueueinfo, SYS_chroot,  SYS_rt_tgsigqueueinfo,
        SYS_socket,    SYS_pidfd_open,  SYS_pidfd_send_signal, SYS_setsid, SYS_setpgid,      SYS_prlimit64};
    std::array<sock_filter, 128> program{};
    size_t size = 0;
    const auto emit = [&](sock_filter line) { program[size++] = line; };
    emit(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
#if defined(__x86_64__)
    emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
#else
    emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_AARCH64, 1, 0));
#endif
    emit(BPF_STMT(BPF_RET | BPF_K, refuse));
    emit(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
#if defined(__x86_64__)
    // The x32 calls of the same processor would be a way around.
    emit(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
    emit(BPF_STMT(BPF_RET | BPF_K, refuse));
#endif
    for (const uint32_t call : kRefused) {
        emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
        emit(BPF_STMT(BPF_RET | BPF_K, refuse));
    }
    if (confinement.alone) {
        const auto absent = static_cast<uint32_t>(SECCOMP_RET_ERRNO | ENOSYS);
        constexpr auto kFirst = static_cast<uint32_t>(offsetof(seccomp_data, args));
        for (const uint32_t call : kRefusedAlone) {
            emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
            emit(BPF_STMT(BPF_RET | BPF_K, refuse));
        }
        // Its flags lie in memory; the C library falls back to clone.
        emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1));
        emit(BPF_STMT(BPF_RET | BPF_K, absent));
        emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3));
        emit(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFirst));
        emit(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 5, 0));
        emit(BPF_STMT(BPF_RET | BPF_K, refuse));
        // abort()
        emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 3));
        emit(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFirst));
        emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(::getpid()), 1, 0));
        emit(BPF_STMT(BPF_RET | BPF_K, refuse));
    } else if (!confinement.network) {
        emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3));
        emit(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)));
        emit(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0));
        emit(BPF_STMT(BPF_RET | BPF_K, refuse));
    }
    emit(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog filter{static_cast<unsigned short>(size), program.data()};
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 ? nullptr : "restrict system calls";
}

}  // namespace

bool can_confine_files() {
    return landlock_version() >= 1;
}

const char* confine_this_process(const Confinement& confinement) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "give up privileges";
    if (confinement.files) {
        if (const char* failed = confine_files(confinement)) return failed;
    }
    return confine_calls(confinement);
}

Result<std::vector<std::string>> read_build_permissions(const fs::path& environment) {
    constexpr std::array<std::string_view, 1> kKinds{"build"};
    Result<std::vector<std::vector<std::string>>> granted = read_granted(environment, kKinds);
    if (!granted) return tl::unexpected<Error>(granted.error());
    return std::move(granted->front());
}

}  // namespace kayton::kik
