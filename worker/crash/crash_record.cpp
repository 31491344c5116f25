#include "worker/crash/crash_record.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

namespace kayton {
namespace {

constexpr size_t kPageSize = 4096;
constexpr long kPageFaultTrap = 14;
constexpr long kWriteBit = 2;
constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGXCPU};

// What the handlers need; set once before they are installed.
struct State {
    CrashSetup setup;
    int maps = -1;  // /proc/self/maps, opened before the sandbox
    long main_thread = 0;
    std::atomic<bool> recording{false};
    std::atomic<bool> running{false};
};
State state;

// Buffers of the one thread that records; static, since an alternate stack is small.
std::array<uint64_t, kPageSize / sizeof(uint64_t)> stack_page;
std::array<char, 2 * kPageSize> maps_chunk;

// Whether eight bytes at an aligned address can be read. The kernel says so: it copies the set before it finds that
// there is no such operation. Reading by process_vm_readv instead is refused in many containers.
bool readable(uint64_t address) {
    constexpr int kNoOperation = -1;
    return ::syscall(SYS_rt_sigprocmask, kNoOperation, address, nullptr, sizeof(uint64_t)) == 0 || errno != EFAULT;
}

// Reads memory that may not be there. The sanitizers' guards around what lies on the stack are no obstacle.
__attribute__((no_sanitize("address", "thread"))) bool read_safely(uint64_t from, void* to, size_t size) {
    for (uint64_t at = from & ~uint64_t{7}; at < from + size; at = (at / kPageSize + 1) * kPageSize) {
        if (!readable(at)) {
            return false;
        }
    }
    const auto* bytes = reinterpret_cast<const volatile char*>(from);
    for (size_t index = 0; index < size; ++index) {
        static_cast<char*>(to)[index] = bytes[index];
    }
    return true;
}

bool in_code(uint64_t address) {
    return address - state.setup.code_base < state.setup.code_size;
}

void walk_frames(CrashPage& page, bool pc_is_call_target) {
    uint32_t count = 0;
    page.frames[count++] = page.pc;
    char probe = 0;
    uint64_t return_address = 0;
    // A jump to nowhere has no frame yet: the caller is on top of the stack.
    if (pc_is_call_target && !read_safely(page.pc, &probe, 1) &&
        read_safely(page.sp, &return_address, sizeof return_address)) {
        page.frames[count++] = return_address;
    }
    uint64_t frame = page.fp;
    while (count < kCrashMaxFrames && frame >= page.sp && frame % sizeof(uint64_t) == 0) {
        std::array<uint64_t, 2> pair{};  // the caller's frame pointer, the return address
        if (!read_safely(frame, pair.data(), sizeof pair) || pair[1] == 0) {
            break;
        }
        page.frames[count++] = pair[1];
        if (pair[0] <= frame) {
            break;
        }
        frame = pair[0];
    }
    page.frame_count = count;
}

// Keeps the innermost part of the stack for the supervisor to find the libraries' return addresses in.
//
// Libraries are built without frame pointers, so the walk may lose the Kayton frames below them. They are found by
// their return addresses: every word of the main thread's stack that points into the code arena, innermost first.
void scan_stack(CrashPage& page) {
    constexpr uint64_t kMostStack = uint64_t{256} << 20;
    if (page.sp >= state.setup.stack_top || state.setup.stack_top - page.sp > kMostStack) {
        return;  // it points somewhere else: what lies between is not the stack, and may be all addresses
    }
    uint32_t count = 0;
    uint64_t at = page.sp & ~uint64_t{7};
    while (at < state.setup.stack_top && count < kCrashMaxCodeWords) {
        const uint64_t page_end = (at / kPageSize + 1) * kPageSize;
        const size_t size = std::min(page_end, state.setup.stack_top) - at;
        if (read_safely(at, stack_page.data(), size)) {
            const size_t room = kCrashStackWords - page.stack_words;
            const size_t kept = std::min(size / sizeof(uint64_t), room);
            std::memcpy(page.stack + page.stack_words, stack_page.data(), kept * sizeof(uint64_t));
            page.stack_words += static_cast<uint32_t>(kept);
            for (size_t word = 0; word < size / sizeof(uint64_t) && count < kCrashMaxCodeWords; ++word) {
                if (in_code(stack_page[word])) {
                    page.code_words[count++] = stack_page[word];
                }
            }
        }
        at += size;
    }
    page.code_word_count = count;
}

// Appends the line when it is an executable mapping of a file.
void keep_executable(CrashPage& page, const char* line, size_t length) {
    const char* permissions = static_cast<const char*>(std::memchr(line, ' ', length));
    if (permissions == nullptr || permissions + 4 > line + length || permissions[3] != 'x' ||
        std::memchr(line, '/', length) == nullptr || page.maps_size + length + 1 > kCrashMapsCapacity) {
        return;
    }
    std::memcpy(page.maps + page.maps_size, line, length);
    page.maps[page.maps_size + length] = '\n';
    page.maps_size += static_cast<uint32_t>(length) + 1;
}

void copy_maps(CrashPage& page) {
    page.maps_size = 0;
    if (::lseek(state.maps, 0, SEEK_SET) != 0) {
        return;
    }
    size_t held = 0;
    while (held < maps_chunk.size()) {
        const ssize_t size = ::read(state.maps, maps_chunk.data() + held, maps_chunk.size() - held);
        if (size <= 0) {
            return;
        }
        held += static_cast<size_t>(size);
        size_t line = 0;
        while (const auto* end = static_cast<const char*>(std::memchr(maps_chunk.data() + line, '\n', held - line))) {
            const size_t length = static_cast<size_t>(end - (maps_chunk.data() + line));
            keep_executable(page, maps_chunk.data() + line, length);
            line += length + 1;
        }
        std::memmove(maps_chunk.data(), maps_chunk.data() + line, held - line);
        held -= line;
    }
}

void record(CrashPage& page) {
    page.thread = static_cast<int32_t>(::syscall(SYS_gettid));
    page.on_main_thread = page.thread == state.main_thread ? 1 : 0;
    page.frame_count = page.code_word_count = page.stack_words = page.maps_size = 0;
    page.state.store(kCrashPublished, std::memory_order_release);
    walk_frames(page, page.signal != 0);
    if (page.on_main_thread != 0) {
        scan_stack(page);
    }
    copy_maps(page);
    page.state.store(kCrashWalked, std::memory_order_release);
}

// A core file would hold, and first allocate, all of the arena, of which little is used: both parts of it from their
// beginnings on.
void leave_unused_out_of_core() {
    rlimit cores{};
    if (::getrlimit(RLIMIT_CORE, &cores) != 0 || cores.rlim_cur == 0) {
        return;
    }
    constexpr uint64_t kStep = kPageSize * kPageSize;  // of which the buffer has room for the kernel's answer
    const uint64_t begin = state.setup.code_base;
    const auto part = [&](uint64_t from, uint64_t to) {
        const auto is_used = [&](uint64_t at, uint64_t end) {
            auto* resident = reinterpret_cast<unsigned char*>(maps_chunk.data());
            return ::mincore(reinterpret_cast<void*>(at), end - at, resident) != 0 ||
                   std::any_of(resident, resident + (end - at) / kPageSize, [](unsigned char page) { return page & 1; });
        };
        uint64_t end = to;
        while (end > from && !is_used(end - std::min(kStep, end - from), end)) {
            end -= std::min(kStep, end - from);
        }
        if (end < to) {
            (void)::madvise(reinterpret_cast<void*>(end), to - end, MADV_DONTDUMP);
        }
    };
    part(begin, begin + state.setup.code_size);
    part(begin + state.setup.code_size, begin + state.setup.arena_size);
}

[[noreturn]] void die_by(int signal) {
    leave_unused_out_of_core();
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    ::sigaction(signal, &standard, nullptr);
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, signal);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), signal);
    ::_exit(128 + signal);
}

void handle(int signal, siginfo_t* info, void* context) {
    if (state.setup.page == nullptr) {
        die_by(signal);
    }
    if (state.recording.exchange(true)) {
        // A second fault: of the record itself when it is this thread's, else the first thread ends the process soon.
        if (state.setup.page->thread == ::syscall(SYS_gettid)) {
            die_by(signal);
        }
        for (;;) {
            ::pause();
        }
    }
    CrashPage& page = *state.setup.page;
    const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    page.signal = signal;
    page.code = info->si_code;
    page.address = reinterpret_cast<uint64_t>(info->si_addr);
    page.pc = static_cast<uint64_t>(registers[REG_RIP]);
    page.sp = static_cast<uint64_t>(registers[REG_RSP]);
    page.fp = static_cast<uint64_t>(registers[REG_RBP]);
    page.is_write = registers[REG_TRAPNO] == kPageFaultTrap ? (registers[REG_ERR] & kWriteBit) != 0 : -1;
    record(page);
    die_by(signal);
}

void record_exit() {
    if (!state.running.load() || state.setup.page == nullptr || state.recording.exchange(true)) {
        return;
    }
    CrashPage& page = *state.setup.page;
    page.signal = page.code = 0;
    page.is_write = -1;
    page.address = 0;
    page.pc = reinterpret_cast<uint64_t>(__builtin_return_address(0));
    page.sp = page.fp = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
    record(page);
}

}  // namespace

Result<void> install_crash_record(const CrashSetup& setup) {
    state.setup = setup;
    state.maps = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    state.main_thread = ::syscall(SYS_gettid);
    if (!arm_alternate_stack()) {
        return fail(ErrorKind::kSystem, std::string("cannot make a signal stack: ") + std::strerror(errno));
    }
    struct sigaction action{};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    ::sigemptyset(&action.sa_mask);
    for (const int signal : kSignals) {
        ::sigaction(signal, &action, nullptr);
    }
    std::atexit(record_exit);
    return {};
}

void move_crash_record(CrashPage* page, UniqueFd maps) {
    state.setup.page = page;
    ::close(state.maps);
    state.maps = maps.release();
    state.main_thread = ::syscall(SYS_gettid);
}

void expect_no_exit(bool running) {
    state.running.store(running);
}

}  // namespace kayton
