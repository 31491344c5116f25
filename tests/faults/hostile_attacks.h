// Attacks: what a hostile worker tries of its sandbox, one function each. Each says what came of it: "allowed", or the
// name of the errno. Part of the hostile worker; runs on its main thread.
#pragma once

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "shared/unique_fd.h"

namespace kayton {

class Attacks {
  public:
    Attacks() = default;
    Attacks(const Attacks&) = delete;
    Attacks& operator=(const Attacks&) = delete;
    virtual ~Attacks() = default;

  protected:
    virtual void output(const std::string& text) = 0;
    void report(int result) { output(result == 0 ? "allowed " : std::string(::strerrorname_np(errno)) + " "); }
    // Whatever gives a descriptor must not.
    void report_open(int descriptor) { report(descriptor >= 0 ? 0 : -1); }
    void execute() {
        char name[] = "true";
        char* arguments[] = {name, nullptr};
        report(::execve("/bin/true", arguments, ::environ));
        report(::fexecve(STDIN_FILENO, arguments, ::environ));
        const pid_t child = ::fork();
        if (child == 0) {
            ::_exit(0);
        }
        report(child > 0 ? 0 : -1);
    }
    void files() {
        report_open(::open("/etc/passwd", O_RDONLY));
        report_open(::open("/usr/../etc/passwd", O_RDONLY));
        report_open(::open("/proc/self/root/etc/passwd", O_RDONLY));
        report_open(::open("/etc/passwd", O_WRONLY));
        report(::link("/etc/passwd", "/usr/lib/kayton-fault"));
    }
    void sockets() {
        for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_VSOCK}) {
            report_open(::socket(family, family == AF_UNIX || family == AF_VSOCK ? SOCK_STREAM : SOCK_DGRAM, 0));
        }
    }
    // A pair of its own is no way to the sockets of others.
    void datagram_pair() {
        std::array<int, 2> ends{};
        report(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data()));
        report(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path + 1, "kayton-fault");
        report(::sendto(ends[0], "x", 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 1 ? 0 : -1);
    }
    void tcp() {
        const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = place(9);
        report(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
        report(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
        report(::listen(socket.get(), 1));
    }
    void udp() {
        report_open(::socket(AF_INET, SOCK_DGRAM, 0));
        report_open(::socket(AF_INET6, SOCK_DGRAM, 0));
    }
    void unix_sockets() {
        report_open(::socket(AF_UNIX, SOCK_STREAM, 0));
        report_open(::socket(AF_UNIX, SOCK_DGRAM, 0));
        report_open(::socket(AF_UNIX, SOCK_SEQPACKET, 0));
    }
    void open_file() { report_open(::open(argument_.empty() ? "/etc/passwd" : argument_.c_str(), O_RDONLY)); }
    // "FROM|TO": by every name that a file can get or lose.
    void move_file() {
        const std::string from = argument_.substr(0, argument_.find('|'));
        const std::string to = argument_.substr(argument_.find('|') + 1);
        report(::rename(from.c_str(), to.c_str()));
        report(::link(from.c_str(), to.c_str()));
        report(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE));
    }
    // A program that is in no file.
    void memory_program() {
        report_open(static_cast<int>(::syscall(SYS_memfd_create, "program", 0)));
        char* arguments[] = {nullptr};
        report(static_cast<int>(::syscall(SYS_execveat, STDIN_FILENO, "", arguments, arguments, AT_EMPTY_PATH)));
    }
    void signals() {
        const pid_t supervisor = ::getppid();
        report(::kill(supervisor, SIGKILL));
        report(::kill(-1, SIGKILL));
        report(::kill(0, SIGKILL));
        report(::kill(-supervisor, SIGKILL));
        for (const long call : {SYS_tkill, SYS_rt_sigqueueinfo, SYS_pidfd_send_signal}) {
            report(static_cast<int>(::syscall(call, supervisor, SIGKILL, 0, 0)));
        }
        report(static_cast<int>(::syscall(SYS_tgkill, supervisor, supervisor, SIGKILL)));
    }
    void threads() {
        report(::syscall(SYS_clone3, nullptr, 0) == 0 ? 0 : -1);
        bool ran = false;
        std::thread([&] { ran = true; }).join();
        output(ran ? "threads " : "no threads ");
    }
    void other_processes() {
        const pid_t supervisor = ::getppid();
        char byte = 0;
        const iovec here{&byte, 1};
        const iovec there{&byte, 1};
        report(::syscall(SYS_ptrace, PTRACE_ATTACH, supervisor, 0, 0) == 0 ? 0 : -1);
        report(::process_vm_readv(supervisor, &here, 1, &there, 1, 0) == 1 ? 0 : -1);
        report(::process_vm_writev(supervisor, &here, 1, &there, 1, 0) == 1 ? 0 : -1);
        report_open(static_cast<int>(::syscall(SYS_pidfd_open, supervisor, 0)));
        report_open(::open(("/proc/" + std::to_string(supervisor) + "/mem").c_str(), O_RDWR));
    }
    void privileges() {
        report(::unshare(CLONE_NEWUSER));
        report(::mount("none", "/tmp", "tmpfs", 0, nullptr));
        for (const long call : {SYS_bpf, SYS_io_uring_setup, SYS_userfaultfd, SYS_perf_event_open}) {
            report_open(static_cast<int>(::syscall(call, 0, 0, 0, 0, 0)));
        }
    }
    // Calls by their numbers, since headers are older than kernels; with arguments that none of them takes.
    void corners() {
        struct Call {
            const char* name;
            long number;
        };
        constexpr Call kCalls[] = {
            {"keyctl", 250},          {"add_key", 248},         {"request_key", 249},      {"memfd_secret", 447},
            {"open_tree", 428},       {"move_mount", 429},      {"fsopen", 430},           {"fsmount", 432},
            {"fspick", 433},          {"mount_setattr", 442},   {"openat2", 437},          {"fchmodat2", 452},
            {"landlock", 444},        {"seccomp", 317},         {"pidfd_getfd", 438},      {"process_madvise", 440},
            {"process_mrelease", 448}, {"set_mempolicy", 238},  {"migrate_pages", 256},    {"move_pages", 279},
            {"quotactl_fd", 443},     {"lsm_set_self_attr", 460}, {"setxattr", 188},       {"fsetxattr", 190},
            {"setxattrat", 463},      {"map_shadow_stack", 453}, {"timer_create", 222},    {"setitimer", 38},
            {"setpriority", 141},     {"ioprio_set", 251},      {"sched_setattr", 314},    {"sched_setscheduler", 144},
            {"mlockall", 151},        {"vhangup", 153},         {"kexec_file_load", 320},  {"fanotify_init", 300},
            {"signalfd4", 289},       {"rt_sigqueueinfo", 129}, {"io_setup", 206},         {"io_submit", 209},
            {"io_uring_setup", 425},  {"userfaultfd", 323},     {"bpf", 321},              {"perf_event_open", 298},
            {"ptrace", 101},          {"kcmp", 312},            {"shmget", 29},            {"msgget", 68},
            {"mq_open", 240},         {"sync", 162},            {"syncfs", 306},           {"personality", 135},
            {"modify_ldt", 154},      {"open_by_handle_at", 304}, {"vmsplice", 278},       {"pkey_alloc", 330},
            {"statmount", 457},       {"name_to_handle_at", 303}, {"pivot_root", 155},     {"futex_waitv", 449}};
        std::string answered;
        for (const Call& call : kCalls) {
            if (::syscall(call.number, -1L, -1L, -1L, -1L, -1L, -1L) >= 0 || (errno != EPERM && errno != ENOSYS)) {
                answered += std::string(call.name) + " ";
            }
        }
        output(answered.empty() ? "none" : answered);
    }
    // No keystroke for whoever sits at the terminal, no terminal of its own.
    void terminals() {
        std::string answered;
        char key = 'x';
        for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
            for (const unsigned long request : {TIOCSTI, TIOCSCTTY, TIOCLINUX, TIOCSPGRP, TIOCSETD}) {
                if (::ioctl(descriptor, request, &key) == 0 || errno != ENOSYS) {
                    answered += std::to_string(request) + " ";
                }
            }
        }
        for (const char* file : {"/dev/tty", "/dev/ptmx", "/dev/console"}) {
            if (::open(file, O_RDWR | O_NONBLOCK | O_NOCTTY) >= 0) {
                answered += std::string(file) + " ";
            }
        }
        output(answered.empty() ? "none" : answered);
    }
    // Of all that clone can make, only the copy that the supervisor asks for is ever allowed, and threads.
    void kinds_of_processes() {
        std::string made;
        for (const unsigned long flags :
             {0UL, static_cast<unsigned long>(CLONE_PARENT), static_cast<unsigned long>(CLONE_UNTRACED),
              static_cast<unsigned long>(CLONE_FILES), static_cast<unsigned long>(CLONE_NEWUSER),
              static_cast<unsigned long>(CLONE_NEWPID), static_cast<unsigned long>(CLONE_NEWNS),
              static_cast<unsigned long>(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)}) {
            const long child = ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
            if (child == 0) {
                ::_exit(0);
            }
            if (child > 0) {
                made += std::to_string(flags) + " ";
            }
        }
        output(made.empty() ? "none" : made);
    }
    void path_descriptor() {
        const UniqueFd folder(::open("/etc", O_PATH | O_DIRECTORY));
        report_open(folder.get());
        report_open(::openat(folder.get(), "passwd", O_RDONLY));
        report_open(::open(("/proc/self/fd/" + std::to_string(folder.get()) + "/passwd").c_str(), O_RDONLY));
        (void)::fchdir(folder.get());
        report_open(::open("passwd", O_RDONLY));
    }
    void memory_protection() {
        report(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                       MAP_FAILED
                   ? -1
                   : 0);
        void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        report(::mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
    }
    void calls_of_i386() {
        constexpr long kGetpid32 = 20;
        long result = kGetpid32;
        __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
        output("went on");
    }
    void calls_of_x32() {
        constexpr long kX32 = 0x4000'0000;
        (void)::syscall(kX32 | SYS_getpid);
        output("went on");
    }
    // Ten gigabytes, page by page.
    void take(int flags) {
        constexpr size_t kPiece = size_t{64} << 20;
        for (size_t taken = 0; taken < (size_t{10} << 30); taken += kPiece) {
            void* memory = ::mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
            if (memory == MAP_FAILED) {
                report(-1);
                return;
            }
            std::memset(memory, 1, kPiece);
        }
        output("all of it;");
    }
    void take_private() { take(MAP_PRIVATE); }
    void take_shared() { take(MAP_SHARED); }
    // Reads a byte of every table's reach: pages of zeros, that cost a table each.
    void take_tables() {
        constexpr size_t kReach = size_t{2} << 20;
        constexpr size_t kSize = size_t{1} << 43;
        void* memory = ::mmap(nullptr, kSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) {
            report(-1);
            return;
        }
        ::madvise(memory, kSize, MADV_NOHUGEPAGE);
        int sum = 0;
        for (size_t at = 0; at < kSize; at += kReach) {
            sum += static_cast<const volatile char*>(memory)[at];
        }
        output("all of it;" + std::to_string(sum));
    }
    void take_memfd() { report_open(static_cast<int>(::syscall(SYS_memfd_create, "memory", 0))); }
    // A file that grows until the disk is full.
    void fill_disk() {
        const UniqueFd file(::open(argument_.c_str(), O_CREAT | O_WRONLY, 0600));
        report(::fallocate(file.get(), 0, 0, off_t{1} << 20));
        const std::string piece(size_t{1} << 20, 'x');
        while (::write(file.get(), piece.data(), piece.size()) > 0) {
            ::usleep(5000);  // there is no hurry: what counts is that it does not end well
        }
        report(-1);
        for (;;) {
            ::pause();
        }
    }
    void secret() {
        const char* value = std::getenv("KAYTON_TEST_SECRET");
        output(value != nullptr ? value : "absent;");
    }
    void truncate_file() {
        report(::truncate(argument_.c_str(), 0));
        report_open(::open(argument_.c_str(), O_WRONLY | O_TRUNC));
        report(::unlink(argument_.c_str()));
        report(::rename(argument_.c_str(), "stolen"));
        report(::chmod(argument_.c_str(), 0777));
    }
    void affinity() {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(0, &set);
        report(::sched_setaffinity(::getppid(), sizeof set, &set));
        report(::sched_setaffinity(0, sizeof set, &set));
        report(::sched_setaffinity(::gettid(), sizeof set, &set));
    }
    void modes() {
        const UniqueFd file(::open(argument_.c_str(), O_CREAT | O_RDWR, 0600));
        report(::fchmod(file.get(), 04711));
        report(::futimens(file.get(), nullptr));
        const UniqueFd system(::open("/usr/bin/env", O_RDONLY));
        report(::fchmod(system.get(), 04755));
        report(::futimens(system.get(), nullptr));
    }
    static sockaddr_in place(uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        return address;
    }
    // "HOST:PORT", looked up and connected to.
    void net_connect() {
        const size_t colon = argument_.rfind(':');
        addrinfo* found = nullptr;
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_family = AF_INET;
        if (::getaddrinfo(argument_.substr(0, colon).c_str(), argument_.substr(colon + 1).c_str(), &hints, &found) !=
            0) {
            output("no address ");
            return;
        }
        const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        report(::connect(socket.get(), found->ai_addr, found->ai_addrlen));
        ::freeaddrinfo(found);
    }
    // Connects to the first of two ports while another thread writes the second's number over it.
    void net_race() {
        const size_t comma = argument_.find(',');
        const auto granted = static_cast<uint16_t>(std::stoi(argument_.substr(0, comma)));
        const auto other = static_cast<uint16_t>(std::stoi(argument_.substr(comma + 1)));
        sockaddr_in address = place(granted);
        std::atomic<bool> done{false};
        std::thread writer([&] {
            auto& port = *reinterpret_cast<volatile uint16_t*>(&address.sin_port);
            while (!done) {
                port = htons(other);
                port = htons(granted);
            }
        });
        int connected = 0;
        for (int tries = 0; tries < 500; ++tries) {
            const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            connected += ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 1 : 0;
        }
        done = true;
        writer.join();
        output(connected > 0 ? "connected " : "never connected ");
    }
    void net_other() {
        report_open(::socket(AF_INET, SOCK_DGRAM, 0));
        report_open(::socket(AF_UNIX, SOCK_STREAM, 0));
        report_open(::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
        const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto port = static_cast<uint16_t>(std::stoi(argument_));
        const sockaddr_in address = place(port);
        report(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
        report(::sendto(socket.get(), "x", 1, MSG_FASTOPEN, reinterpret_cast<const sockaddr*>(&address),
                        sizeof address) == 1
                   ? 0
                   : -1);
        report(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    }
    // The kernel would send the signal, not the process.
    void signal_by_fcntl() {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) {
            ::_exit(77);
        }
        report(::fcntl(ends[0], F_SETOWN, ::getppid()));
        report(::fcntl(ends[0], F_SETSIG, SIGKILL));
    }

    std::string argument_;
};

}  // namespace kayton
