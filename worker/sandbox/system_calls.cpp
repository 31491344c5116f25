// The system call layer: an allow list through libseccomp. Unlisted calls look absent (ENOSYS), dangerous ones are
// refused (EPERM), another architecture's calls kill. Rules are searched as a binary tree.
// A few calls are decided by the supervisor, each time, through seccomp's user notification: a fork, which is right
// once for each checkpoint; signals, which are right to this process only, whose number changes with every resume;
// sockets and connections; and modes and times of files, which Landlock does not know of. By path these are refused:
// the path could change under the judge.
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <memory>

#include "worker/sandbox/sandbox.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

namespace kayton {
namespace {

// What a runtime of any language needs: memory, files, clocks, threads, events.
constexpr int kAllowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(preadv2),
    SCMP_SYS(pwritev2),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(lseek),
    SCMP_SYS(getdents64),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(chdir),
    SCMP_SYS(fchdir),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(link),
    SCMP_SYS(linkat),
    SCMP_SYS(symlink),
    SCMP_SYS(symlinkat),
    SCMP_SYS(umask),
    SCMP_SYS(truncate),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(sync_file_range),
    SCMP_SYS(flock),
    SCMP_SYS(fadvise64),
    SCMP_SYS(copy_file_range),
    SCMP_SYS(sendfile),
    SCMP_SYS(splice),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(pipe),
    SCMP_SYS(pipe2),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(mincore),
    SCMP_SYS(msync),
    SCMP_SYS(membarrier),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(pause),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(getpgrp),
    SCMP_SYS(getpgid),
    SCMP_SYS(getsid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getgroups),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getrusage),
    SCMP_SYS(getpriority),
    SCMP_SYS(times),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(sched_get_priority_max),
    SCMP_SYS(sched_get_priority_min),
    SCMP_SYS(getcpu),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(epoll_create),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(inotify_init1),
    SCMP_SYS(inotify_add_watch),
    SCMP_SYS(inotify_rm_watch),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
};

// What no library has a good reason for: another program, another process, more privilege, the kernel's odd corners.
constexpr int kDenied[] = {
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(tkill),
    SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(chmod),
    SCMP_SYS(fchmodat),
    SCMP_SYS(chown),
    SCMP_SYS(fchown),
    SCMP_SYS(lchown),
    SCMP_SYS(fchownat),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(kexec_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(personality),
    SCMP_SYS(syslog),
    SCMP_SYS(acct),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(reboot),
    SCMP_SYS(vmsplice),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid),
    SCMP_SYS(capset),
    SCMP_SYS(ioperm),
    SCMP_SYS(iopl),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(shmget),
    SCMP_SYS(shmat),
    SCMP_SYS(msgget),
    SCMP_SYS(semget),
    SCMP_SYS(mq_open),
    SCMP_SYS(memfd_create),
    SCMP_SYS(memfd_secret),
    SCMP_SYS(pkey_mprotect),
    SCMP_SYS(remap_file_pages),
    SCMP_SYS(setrlimit),
    SCMP_SYS(setsid),
    SCMP_SYS(setpgid),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(quotactl),
    SCMP_SYS(nfsservctl),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(move_pages),
    SCMP_SYS(mbind),
    SCMP_SYS(kcmp),
};

constexpr uint64_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
// Exactly what the C library's fork() asks for.
constexpr uint64_t kForkFlags = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
// And posix_spawn(), which starts a program.
constexpr uint64_t kSpawnFlags = CLONE_VM | CLONE_VFORK | SIGCHLD;
constexpr uint64_t kNamespaceFlags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                     CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_VFORK;

class Filter {
  public:
    Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &seccomp_release) {}

    void allow(int call) { add(SCMP_ACT_ALLOW, call, {}); }
    void allow(int call, scmp_arg_cmp when) { add(SCMP_ACT_ALLOW, call, {when}); }
    void allow(int call, std::initializer_list<scmp_arg_cmp> when) { add(SCMP_ACT_ALLOW, call, when); }
    void deny(int call) { add(SCMP_ACT_ERRNO(EPERM), call, {}); }
    void deny(int call, scmp_arg_cmp when) { add(SCMP_ACT_ERRNO(EPERM), call, {when}); }
    void refuse(int call, scmp_arg_cmp when, uint32_t error) { add(SCMP_ACT_ERRNO(error), call, {when}); }
    // The supervisor decides.
    void ask(int call) { add(SCMP_ACT_NOTIFY, call, {}); }
    void ask(int call, scmp_arg_cmp when) { add(SCMP_ACT_NOTIFY, call, {when}); }
    [[nodiscard]] UniqueFd listener() const { return UniqueFd(seccomp_notify_fd(context_.get())); }
    // 0, or the negative error of the first step that failed.
    [[nodiscard]] int load() {
        if (status_ == 0) {
            status_ = seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
        }
        if (status_ == 0) {
            status_ = seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        }
        return status_ == 0 ? seccomp_load(context_.get()) : status_;
    }

  private:
    void add(uint32_t action, int call, std::initializer_list<scmp_arg_cmp> when) {
        if (status_ == 0) {
            const int added =
                seccomp_rule_add_array(context_.get(), action, call, static_cast<unsigned>(when.size()), when.begin());
            // A call that this architecture does not have needs no rule.
            status_ = added == -EDOM ? 0 : added;
        }
    }

    std::unique_ptr<void, decltype(&seccomp_release)> context_;
    int status_ = 0;
};

scmp_arg_cmp equals(unsigned argument, uint64_t value) {
    return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp masked(unsigned argument, uint64_t mask, uint64_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

}  // namespace

namespace {

// How far the filter leaves decisions to the supervisor.
enum class Asking { kSupervisor, kNobody };

// Sending to a place without connecting to it first: TCP can do that too, with this flag.
constexpr uint64_t kFastOpen = 0x20000000;
constexpr uint64_t kSocketKind = 0xf;  // of a type; the rest are flags

void add_net_rules(Filter& filter, Asking asking, NetAccess net) {
    if (net == NetAccess::kAll) {
        for (const int call : {SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
                               SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg)}) {
            filter.allow(call);
        }
    } else {
        for (const int call : {SCMP_SYS(accept), SCMP_SYS(accept4)}) {
            filter.deny(call);
        }
        filter.allow(SCMP_SYS(sendto), masked(3, kFastOpen, 0));
        filter.allow(SCMP_SYS(sendmsg), masked(2, kFastOpen, 0));
        if (asking == Asking::kSupervisor) {
            filter.ask(SCMP_SYS(connect));
            filter.ask(SCMP_SYS(bind));  // never granted; the supervisor tells the person so
            filter.ask(SCMP_SYS(listen));
        } else {
            for (const int call : {SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen)}) {
                filter.deny(call);
            }
        }
    }
    if (asking == Asking::kSupervisor) {
        filter.ask(SCMP_SYS(socket));
    } else {
        filter.deny(SCMP_SYS(socket));
    }
}

void add_rules(Filter& filter, Asking asking, const SandboxPolicy& policy) {
    add_net_rules(filter, asking, policy.net);
    // Which programs, Landlock decides over the file itself. Without anybody to ask how many, none.
    if (!policy.execute.empty() && asking == Asking::kSupervisor) {
        filter.allow(SCMP_SYS(execve));
    } else {
        filter.deny(SCMP_SYS(execve));
    }
    for (const int call : kAllowed) {
        filter.allow(call);
    }
    for (const int call : kDenied) {
        filter.deny(call);
    }
    // A pair of datagram sockets would send to any socket of the system that has a name.
    for (const uint64_t kind : {SOCK_STREAM, SOCK_SEQPACKET}) {
        filter.allow(SCMP_SYS(socketpair), {equals(0, AF_UNIX), masked(1, kSocketKind, kind)});
    }
    filter.deny(SCMP_SYS(socketpair), masked(1, kSocketKind, SOCK_DGRAM));
    // Room on the disk is taken by writing, which is counted; what asks for it at once writes it then. Holes are free.
    filter.allow(SCMP_SYS(fallocate), masked(1, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_PUNCH_HOLE));
    filter.refuse(SCMP_SYS(fallocate), masked(1, FALLOC_FL_PUNCH_HOLE, 0), EOPNOTSUPP);
    // Threads by clone; the C library falls back to it when clone3 looks absent.
    filter.allow(SCMP_SYS(clone), masked(0, kThreadFlags | kNamespaceFlags, kThreadFlags));
    if (asking == Asking::kSupervisor) {
        filter.ask(SCMP_SYS(clone), equals(0, kForkFlags));
        filter.ask(SCMP_SYS(clone), equals(0, kSpawnFlags));
        filter.ask(SCMP_SYS(tgkill));
        filter.ask(SCMP_SYS(kill));
        filter.ask(SCMP_SYS(sched_setaffinity));
        filter.ask(SCMP_SYS(fchmod));
        filter.ask(SCMP_SYS(utimensat));
    } else {
        filter.allow(SCMP_SYS(sched_setaffinity), equals(0, 0));
        filter.deny(SCMP_SYS(fchmod));
        filter.deny(SCMP_SYS(utimensat));
        filter.deny(SCMP_SYS(clone), equals(0, kForkFlags));
        filter.deny(SCMP_SYS(clone), equals(0, kSpawnFlags));
        // Signals to this process only: raise() and abort().
        const auto self = static_cast<uint64_t>(::getpid());
        filter.allow(SCMP_SYS(tgkill), equals(0, self));
        filter.allow(SCMP_SYS(kill), equals(0, self));
    }
    filter.allow(SCMP_SYS(prlimit64), equals(2, 0));  // reading a limit
    filter.allow(SCMP_SYS(prctl), equals(0, PR_SET_NAME));
    filter.allow(SCMP_SYS(prctl), equals(0, PR_GET_NAME));
    filter.allow(SCMP_SYS(prctl), equals(0, PR_SET_VMA));
    filter.allow(SCMP_SYS(prctl), {equals(0, PR_SET_PDEATHSIG), equals(1, SIGKILL)});
    for (const uint64_t request : {uint64_t{TCGETS}, uint64_t{TIOCGWINSZ}, uint64_t{FIONBIO}, uint64_t{FIONREAD},
                                   uint64_t{FIOCLEX}, uint64_t{FIONCLEX}}) {
        filter.allow(SCMP_SYS(ioctl), equals(1, request));
    }
    // All of fcntl but those that have the kernel send signals to any process.
    for (const int command :
         {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK,
          F_OFD_SETLK, F_OFD_SETLKW, F_ADD_SEALS, F_GET_SEALS, F_GETPIPE_SZ, F_SETPIPE_SZ, F_GETOWN, F_GETSIG}) {
        filter.allow(SCMP_SYS(fcntl), equals(1, static_cast<uint64_t>(command)));
    }
    for (const int command : {F_SETOWN, F_SETOWN_EX, F_SETSIG, F_NOTIFY, F_SETLEASE}) {
        filter.deny(SCMP_SYS(fcntl), equals(1, static_cast<uint64_t>(command)));
    }
    // Memory is writable or executable, never both.
    constexpr uint64_t kBoth = PROT_WRITE | PROT_EXEC;
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
        filter.allow(call, masked(2, PROT_EXEC, 0));
        filter.allow(call, masked(2, kBoth, PROT_EXEC));
        filter.deny(call, masked(2, kBoth, kBoth));
    }
}

}  // namespace

Result<bool> restrict_system_calls(const SandboxPolicy& policy, UniqueFd& listener) {
    if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
        return false;
    }
    int status = 0;
    // A kernel without user notification, or a container that has one listener already, leaves nobody to ask.
    for (const Asking asking : {Asking::kSupervisor, Asking::kNobody}) {
        Filter filter;
        add_rules(filter, asking, policy);
        status = filter.load();
        if (status == 0) {
            if (asking == Asking::kSupervisor) {
                listener = filter.listener();
                ::fcntl(listener.get(), F_SETFD, FD_CLOEXEC);
            }
            return true;
        }
    }
    return fail(ErrorKind::kSystem, std::string("cannot load the system call filter: ") + std::strerror(-status));
}

}  // namespace kayton
