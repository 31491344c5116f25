// kayton-worker: the process in which programs and plugins run. Started by the supervisor with nothing but a socket;
// everything it needs comes over that.
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "shared/channel.h"
#include "shared/version.h"
#include "worker/crash/crash_record.h"
#include "worker/loop.h"
#include "worker/program.h"
#include "worker/sandbox/sandbox.h"

namespace kayton {
namespace {

constexpr rlim_t kStackSize = rlim_t{64} << 20;
constexpr uint64_t kGap = uint64_t{16} << 20;  // between the arena and the program's image

std::optional<Loop> loop;

void on_interrupt_signal(int) {
    const int saved = errno;
    loop->on_interrupt();
    errno = saved;
}

// The arena's two regions: code read-execute, data private. Mapped close below the program's own image when that place
// is free, so that generated code reaches the runtime with direct calls.
struct ArenaMapping {
    Mapping code;
    Mapping data;
};
Result<ArenaMapping> map_arena(int descriptor, const BootPacket& packet) {
    const uint64_t size = packet.code_capacity + packet.data_capacity;
    const uint64_t image = reinterpret_cast<uint64_t>(&map_arena);
    const uint64_t wish = image > size + 2 * kGap ? (image - size - kGap) & ~uint64_t{0xfff} : 0;
    void* base =
        ::mmap(reinterpret_cast<void*>(wish), size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        return fail(ErrorKind::kSystem, std::string("cannot reserve the code arena: ") + std::strerror(errno));
    }
    auto* start = static_cast<char*>(base);
    void* code = ::mmap(start, packet.code_capacity, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, descriptor, 0);
    void* data = ::mmap(start + packet.code_capacity, packet.data_capacity, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, descriptor, static_cast<off_t>(packet.code_capacity));
    if (code == MAP_FAILED || data == MAP_FAILED) {
        return fail(ErrorKind::kSystem, std::string("cannot map the code arena: ") + std::strerror(errno));
    }
    return ArenaMapping{Mapping(code, packet.code_capacity), Mapping(data, packet.data_capacity)};
}

Result<void> follow_parent(int64_t supervisor) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The supervisor may have died before the kernel knew that we want to follow it.
    if (::getppid() != supervisor) {
        return fail(ErrorKind::kProtocol, "the supervisor is gone");
    }
    return {};
}

void raise_stack_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? kStackSize : std::min(kStackSize, limit.rlim_max);
    ::setrlimit(RLIMIT_STACK, &limit);
}

Result<void> start(const char* stack_top) {
    auto boot = receive_boot_packet(UniqueFd(kWorkerSocket));
    if (!boot) {
        return tl::unexpected(std::move(boot.error()));
    }
    if (auto followed = follow_parent(boot->packet.supervisor_pid); !followed) {
        return followed;
    }
    auto arena = map_arena(boot->arena.get(), boot->packet);
    if (!arena) {
        return tl::unexpected(std::move(arena.error()));
    }
    raise_stack_limit();
    CrashSetup crash;
    crash.page = &boot->channel.crash_page();
    crash.code_base = arena->code.address();
    crash.code_size = arena->code.size();
    crash.arena_size = arena->code.size() + arena->data.size();
    crash.stack_top = reinterpret_cast<uint64_t>(stack_top);
    if (auto installed = install_crash_record(crash); !installed) {
        return installed;
    }
    boot->arena.reset();
    loop.emplace(std::move(boot->channel));
    struct sigaction action{};
    action.sa_handler = on_interrupt_signal;  // no SA_RESTART: a blocking call returns
    ::sigaction(SIGUSR1, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGCHLD, SIG_IGN);  // checkpoints that are no longer needed leave nothing behind

    auto setup = loop->receive_setup();
    if (!setup) {
        return tl::unexpected(std::move(setup.error()));
    }
    auto sandboxed = enter_sandbox(setup->sandbox);
    if (!sandboxed) {
        return tl::unexpected(std::move(sandboxed.error()));
    }
    // A change of namespace makes the kernel forget whom this process follows.
    if (auto followed = follow_parent(boot->packet.supervisor_pid); !followed) {
        return followed;
    }
    // Whoever holds it decides about this process's calls: it leaves before anything else runs here.
    if (sandboxed->call_listener && !loop->send_descriptor(sandboxed->call_listener.get())) {
        return fail(ErrorKind::kProtocol, "cannot hand the system call listener to the supervisor");
    }
    sandboxed->call_listener.reset();
    if (!setup->sandbox.execute.empty()) {
        std::signal(SIGCHLD, SIG_DFL);  // how its programs end is the program's to know
    }
    prepare_program(*loop, *setup, stack_top);
    Hello hello;
    hello.pid = ::getpid();
    hello.code_base = arena->code.address();
    hello.data_base = arena->data.address();
    hello.symbols = program_symbols();
    hello.missing_layers = std::move(sandboxed->missing_layers);
    loop->send_hello(hello);
    loop->serve();
    ::_exit(0);
}

}  // namespace
}  // namespace kayton

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
        std::printf("%s\n", kayton::version_line("kayton-worker").c_str());
        return 0;
    }
    const auto started = kayton::start(static_cast<const char*>(__builtin_frame_address(0)));
    if (!started) {
        std::fprintf(stderr, "kayton-worker: %s\n", started.error().message.c_str());
        if (!started.error().remedy.empty()) {
            std::fprintf(stderr, "  help: %s\n", started.error().remedy.c_str());
        }
    }
    return 70;
}
