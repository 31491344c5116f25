// A worker that misbehaves in one way. The way is named by KAYTON_FAULT; everything else (boot, hello, sandbox) is as
// the real worker does it, so that only the fault decides the outcome. What it finds out it sends as output.
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "shared/channel.h"
#include "tests/faults/hostile_attacks.h"
#include "worker/crash/crash_record.h"
#include "worker/freeze/freeze.h"
#include "worker/sandbox/sandbox.h"

namespace kayton {
namespace {

class Hostile : private Attacks {
  public:
    explicit Hostile(std::string fault) : fault_(std::move(fault)) { boot(); }

    void serve() {
        const Setup setup = std::get<Setup>(next());
        if (fault_ == "output_before_hello") {
            output("too early");
        }
        auto sandboxed = enter_sandbox(setup.sandbox);
        if (!sandboxed || (sandboxed->call_listener && !channel_->send_descriptor(sandboxed->call_listener.get()))) {
            ::_exit(71);
        }
        sandboxed->call_listener.reset();
        missing_layers_ = std::move(sandboxed->missing_layers);
        hello();
        if (fault_ == "finished_before_run") {
            send(Finished{1, 0, {}, {}, {}, {}});
        }
        if (fault_ == "hello_twice") {
            hello();
        }
        for (;;) {
            SupervisorMessage message = next();
            if (const auto* run = std::get_if<Run>(&message)) {
                run_ = run->id;
                if (!run->argv.empty()) {
                    fault_ = run->argv[0];
                    argument_ = run->argv.size() > 1 ? run->argv[1] : std::string();
                }
                misbehave();
                finish();
            } else if (const auto* wanted = std::get_if<Checkpoint>(&message)) {
                checkpoint(wanted->id, wanted->whole);
            } else if (std::holds_alternative<Shutdown>(message)) {
                ::_exit(0);
            }
        }
    }

  private:
    // The boot packet, as receive_boot_packet does it, but the descriptors stay open.
    void boot() {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        BootPacket packet;
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors_)> control{};
        iovec part{&packet, sizeof packet};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        if (::recvmsg(kWorkerSocket, &message, MSG_CMSG_CLOEXEC) != sizeof packet) {
            ::_exit(72);
        }
        std::memcpy(descriptors_.data(), CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof descriptors_);
        const size_t size = kUpstreamOffset + kRingCapacity;
        auto memory = Mapping::map(descriptors_[0], size, PROT_READ | PROT_WRITE, MAP_SHARED);
        auto downstream = Mapping::map(descriptors_[1], kRingCapacity, PROT_READ, MAP_SHARED);
        auto code = Mapping::map(descriptors_[2], packet.code_capacity + packet.data_capacity, PROT_READ, MAP_SHARED);
        if (!memory || !downstream || !code) {
            ::_exit(73);
        }
        memory_ = memory->data();
        downstream_ = downstream->data();
        code_base_ = code->address();
        data_base_ = code_base_ + packet.code_capacity;
        code_ = std::move(*code);
        if (fault_.starts_with("crash_")) {
            CrashSetup crash;
            crash.page = reinterpret_cast<CrashPage*>(memory_ + kCrashPageOffset);
            crash.code_base = code_base_;
            crash.code_size = packet.code_capacity;
            crash.stack_top = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
            if (!install_crash_record(crash)) {
                ::_exit(75);
            }
        }
        channel_ =
            std::make_unique<Channel>(std::move(*memory), std::move(*downstream), UniqueFd(kWorkerSocket), false);
    }

    void hello() {
        Hello message;
        message.pid = ::getpid();
        message.code_base = fault_ == "impossible_arena" ? 12345 : code_base_;
        message.data_base = data_base_;
        message.missing_layers = missing_layers_;
        send(message);
    }

    SupervisorMessage next() {
        for (;;) {
            FrameHeader header;
            Bytes payload;
            channel_->request_rings(false);
            const auto received = channel_->try_receive(header, payload);
            if (!received) {
                ::_exit(74);
            }
            if (*received) {
                return *decode_from_supervisor(header.type, payload);
            }
            pollfd doorbell{channel_->doorbell(), POLLIN, 0};
            ::poll(&doorbell, 1, -1);
            if (fault_ != "doorbell_never_read" && !channel_->drain_doorbell()) {
                ::_exit(0);
            }
        }
    }

    void send(const WorkerMessage& message) {
        const EncodedMessage encoded = encode(message);
        (void)channel_->try_send(encoded.type, encoded.payload);
        head_ += 8 + ((encoded.payload.size() + 7) & ~size_t{7});
    }
    void checkpoint(uint64_t id, bool whole) {
        if (on_checkpoint_ == "die") {
            ::kill(::getpid(), SIGKILL);
            wait_for_the_end();
        }
        UniqueFd socket = channel_->take_descriptor();
        if (!socket && channel_->drain_doorbell()) {
            socket = channel_->take_descriptor();
        }
        if (on_checkpoint_ == "stray") {
            if (::fork() == 0) {
                wait_for_the_end();
            }
            send(CheckpointMade{id, EAGAIN});
            return;
        }
        if (on_checkpoint_ == "lie") {
            send(CheckpointMade{id, 0});
            return;
        }
        Frozen frozen = freeze(std::move(socket), whole, [this] { channel_->abandon(); });
        if (!frozen.resumed) {
            send(CheckpointMade{id, frozen.error});
            return;
        }
        if (on_checkpoint_ == "old_ring") {
            // The descriptor of the rings that the dead worker used.
            auto old =
                Mapping::map(descriptors_[0], kUpstreamOffset + kRingCapacity, PROT_READ | PROT_WRITE, MAP_SHARED);
            if (!old) {
                ::_exit(76);
            }
            reinterpret_cast<ControlPage*>(old->data())->to_supervisor.head.store(uint64_t{1} << 60);
        }
        channel_ = std::make_unique<Channel>(std::move(frozen.resumed->channel));
        head_ = 0;
        send(Resumed{id});
    }
    void output(const std::string& text) override { send(Output{false, text}); }
    void finish() { send(Finished{run_, 0, {}, {}, {}, {}}); }

    [[nodiscard]] RingLines& lines() const { return reinterpret_cast<ControlPage*>(memory_)->to_supervisor; }
    void put(uint64_t offset, const void* bytes, size_t size) {
        std::memcpy(memory_ + kUpstreamOffset + ((head_ + offset) & (kRingCapacity - 1)), bytes, size);
    }
    void publish(uint64_t size) {
        head_ += size;
        lines().head.store(head_);
        channel_->ring();
    }
    // A frame as no honest side would write it.
    void raw_frame(uint32_t length, uint32_t type, uint64_t published) {
        const FrameHeader header{length, type};
        put(0, &header, sizeof header);
        publish(published);
    }
    void payload_frame(FrameType type, const std::string& payload) {
        (void)channel_->try_send(type, as_bytes(payload));
    }
    [[noreturn]] void wait_for_the_end() {
        for (;;) {
            ::pause();
        }
    }

    void misbehave() {
        static const std::map<std::string, void (Hostile::*)()> kFaults{
            {"none", &Hostile::none},
            {"head_beyond_capacity", &Hostile::head_beyond_capacity},
            {"head_regresses", &Hostile::head_regresses},
            {"length_maximal", &Hostile::length_maximal},
            {"length_over_limit", &Hostile::length_over_limit},
            {"frame_truncated", &Hostile::frame_truncated},
            {"payload_flips", &Hostile::payload_flips},
            {"truncate_ring", &Hostile::truncate_ring},
            {"hole_in_frames", &Hostile::hole_in_frames},
            {"hole_in_indices", &Hostile::hole_in_indices},
            {"hole_downstream", &Hostile::hole_downstream},
            {"write_downstream", &Hostile::write_downstream},
            {"write_arena", &Hostile::write_arena},
            {"doorbell_flood", &Hostile::doorbell_flood},
            {"doorbell_never_read", &Hostile::stop_answering},
            {"waiting_flag_lies", &Hostile::waiting_flag_lies},
            {"thousand_descriptors", &Hostile::thousand_descriptors},
            {"huge_array", &Hostile::huge_array},
            {"too_deep", &Hostile::too_deep},
            {"many_integers", &Hostile::many_integers},
            {"trailing_bytes", &Hostile::trailing_bytes},
            {"invalid_utf8", &Hostile::invalid_utf8},
            {"unknown_type", &Hostile::unknown_type},
            {"wrong_direction", &Hostile::wrong_direction},
            {"finished_twice", &Hostile::finished_twice},
            {"finished_other_run", &Hostile::finished_other_run},
            {"request_twice", &Hostile::request_twice},
            {"stopped", &Hostile::stop_itself},
            {"doorbell_closed", &Hostile::doorbell_closed},
            {"list_descriptors", &Hostile::list_descriptors},
            {"execute", &Hostile::execute},
            {"files", &Hostile::files},
            {"sockets", &Hostile::sockets},
            {"other_processes", &Hostile::other_processes},
            {"privileges", &Hostile::privileges},
            {"memory_protection", &Hostile::memory_protection},
            {"calls_of_i386", &Hostile::calls_of_i386},
            {"calls_of_x32", &Hostile::calls_of_x32},
            {"exit_zero", &Hostile::exit_zero},
            {"forged_crash", &Hostile::forged_crash},
            {"crash_null", &Hostile::crash_null},
            {"crash_jump", &Hostile::crash_jump},
            {"crash_division", &Hostile::crash_division},
            {"crash_instruction", &Hostile::crash_instruction},
            {"crash_abort", &Hostile::crash_abort},
            {"crash_overflow", &Hostile::crash_overflow},
            {"crash_thread_overflow", &Hostile::crash_thread_overflow},
            {"crash_exit", &Hostile::crash_exit},
            {"count", &Hostile::count},
            {"print_without_end", &Hostile::print_without_end},
            {"flush", &Hostile::flush},
            {"loop_deaf", &Hostile::loop_deaf},
            {"living_thread", &Hostile::living_thread},
            {"fork_bomb", &Hostile::fork_bomb},
            {"take_private", &Hostile::take_private},
            {"take_shared", &Hostile::take_shared},
            {"take_memfd", &Hostile::take_memfd},
            {"thread_bomb", &Hostile::thread_bomb},
            {"flood", &Hostile::flood},
            {"handlers_removed", &Hostile::handlers_removed},
            {"handler_hangs", &Hostile::handler_hangs},
            {"blocking_read", &Hostile::blocking_read},
            {"burn", &Hostile::loop_deaf},
            {"secret", &Hostile::secret},
            {"truncate_file", &Hostile::truncate_file},
            {"modes", &Hostile::modes},
            {"affinity", &Hostile::affinity},
            {"net_connect", &Hostile::net_connect},
            {"net_race", &Hostile::net_race},
            {"net_other", &Hostile::net_other},
            {"signal_by_fcntl", &Hostile::signal_by_fcntl},
        };
        if (fault_.starts_with("killed_at_")) {
            killed_at(fault_.back() - '0');
        } else if (fault_.starts_with("on_checkpoint_")) {
            on_checkpoint_ = fault_.substr(std::strlen("on_checkpoint_"));
        } else if (const auto found = kFaults.find(fault_); found != kFaults.end()) {
            (this->*found->second)();
        } else {
            none();
        }
    }

    void none() { output("served"); }

    void head_beyond_capacity() {
        lines().head.store(head_ + kRingCapacity + 8);
        channel_->ring();
        wait_for_the_end();
    }
    void head_regresses() {
        lines().head.store(head_ - 8);
        channel_->ring();
        wait_for_the_end();
    }
    void length_maximal() {
        raw_frame(0xffffffffU, static_cast<uint32_t>(FrameType::kFinished), 64);
        wait_for_the_end();
    }
    void length_over_limit() {
        raw_frame(kMaxPayload + 1, static_cast<uint32_t>(FrameType::kStandardOutput), 2 * kMaxPayload);
        wait_for_the_end();
    }
    void frame_truncated() {
        raw_frame(1000, static_cast<uint32_t>(FrameType::kStandardOutput), 64);
        wait_for_the_end();
    }
    void payload_flips() {
        constexpr size_t kSize = 100'000;
        const uint64_t begin = head_ + 8;
        output(std::string(kSize, 'a'));
        for (int round = 0; round < 200; ++round) {
            for (size_t at = 0; at < kSize; ++at) {
                memory_[kUpstreamOffset + ((begin + at) & (kRingCapacity - 1))] ^= std::byte{'a' ^ 'b'};
            }
        }
    }
    void truncate_ring() {
        report(::ftruncate(descriptors_[0], 0));
        report(::ftruncate(descriptors_[0], off_t{1} << 30));
        report(::ftruncate(descriptors_[1], 0));
        report(::ftruncate(descriptors_[2], 0));
    }
    int punch(int descriptor, off_t offset, off_t size) {
        return ::fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
    }
    void hole_in_frames() {
        const FrameHeader header{8, static_cast<uint32_t>(FrameType::kStandardOutput)};
        put(0, &header, sizeof header);
        if (punch(descriptors_[0], kUpstreamOffset, kRingCapacity) != 0) {
            report(-1);
            return;
        }
        publish(64);
        wait_for_the_end();
    }
    void hole_in_indices() {
        if (punch(descriptors_[0], 0, kUpstreamOffset) != 0) {
            report(-1);
            return;
        }
        channel_->ring();
        wait_for_the_end();
    }
    void hole_downstream() {
        report(punch(descriptors_[1], 0, kRingCapacity));
        report(punch(descriptors_[2], 0, 4096));
    }
    void write_downstream() {
        report(::mprotect(downstream_, kRingCapacity, PROT_READ | PROT_WRITE));
        report_map(descriptors_[1]);
    }
    void write_arena() {
        report(::mprotect(code_.data(), code_.size(), PROT_READ | PROT_WRITE));
        report_map(descriptors_[2]);
        report(::pwrite(descriptors_[2], "x", 1, 0) == 1 ? 0 : -1);
    }
    void report_map(int descriptor) {
        report(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) == MAP_FAILED ? -1 : 0);
    }
    void doorbell_flood() {
        for (;;) {
            channel_->ring();
        }
    }
    void stop_answering() {
        output("deaf");
        wait_for_the_end();
    }
    void waiting_flag_lies() {
        // Publishes without ringing, although the other side asks for it.
        const std::string text = "without a bell";
        const FrameHeader header{static_cast<uint32_t>(text.size()), static_cast<uint32_t>(FrameType::kStandardOutput)};
        put(0, &header, sizeof header);
        put(sizeof header, text.data(), text.size());
        head_ += sizeof header + ((text.size() + 7) & ~size_t{7});
        lines().head.store(head_);
        wait_for_the_end();
    }
    void thousand_descriptors() {
        std::array<int, 10> ten;
        ten.fill(STDIN_FILENO);
        for (int packets = 0; packets < 100; ++packets) {
            char byte = 1;
            iovec part{&byte, 1};
            alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof ten)> control{};
            msghdr message{};
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            message.msg_control = control.data();
            message.msg_controllen = control.size();
            cmsghdr* header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(sizeof ten);
            std::memcpy(CMSG_DATA(header), ten.data(), sizeof ten);
            if (::sendmsg(channel_->doorbell(), &message, MSG_NOSIGNAL) < 0) {
                report(-1);
                return;
            }
        }
        output("sent");
    }
    void huge_array() {
        payload_frame(FrameType::kFinished, std::string("\xdd\x10\x00\x00\x00", 5));
        wait_for_the_end();
    }
    void too_deep() {
        payload_frame(FrameType::kFinished, std::string(65, '\x91') + '\xc0');
        wait_for_the_end();
    }
    void many_integers() {
        constexpr uint32_t kCount = 1'000'000;
        std::string payload("\xdd\x00\x0f\x42\x40", 5);
        payload.append(kCount, '\x01');
        payload_frame(FrameType::kFinished, payload);
        wait_for_the_end();
    }
    void trailing_bytes() {
        const EncodedMessage good = encode(WorkerMessage(Finished{run_, 0, {}, {}, {}, {}}));
        payload_frame(good.type, std::string(as_text(good.payload)) + '\x01');
        wait_for_the_end();
    }
    void invalid_utf8() {
        send(Finished{run_, 0, {}, "\xff", {}, {}});
        wait_for_the_end();
    }
    void unknown_type() {
        raw_frame(0, 77, 8);
        wait_for_the_end();
    }
    void wrong_direction() {
        const EncodedMessage run = encode(SupervisorMessage(Run{1, 2, {}}));
        (void)channel_->try_send(run.type, run.payload);
        wait_for_the_end();
    }
    void finished_twice() {
        finish();
        finish();
        wait_for_the_end();
    }
    void finished_other_run() {
        send(Finished{run_ + 1, 0, {}, {}, {}, {}});
        wait_for_the_end();
    }
    void request_twice() {
        send(InputRequest{1, "first"});
        (void)next();
        send(InputRequest{1, "again"});
        wait_for_the_end();
    }
    void killed_at(int step) {
        const auto die_at = [&](int now) {
            if (now == step) {
                ::kill(::getpid(), SIGKILL);
                wait_for_the_end();
            }
        };
        die_at(0);
        const FrameHeader header{4, static_cast<uint32_t>(FrameType::kStandardOutput)};
        put(0, &header, sizeof header);
        die_at(1);
        put(sizeof header, "last", 4);
        die_at(2);
        head_ += 16;
        lines().head.store(head_);
        die_at(3);
        channel_->ring();
        die_at(4);
    }
    void stop_itself() { ::kill(::getpid(), SIGSTOP); }
    void doorbell_closed() {
        ::shutdown(channel_->doorbell(), SHUT_RDWR);
        ::close(channel_->doorbell());
        wait_for_the_end();
    }
    void list_descriptors() {
        for (int descriptor = 0; descriptor < 1024; ++descriptor) {
            if (::fcntl(descriptor, F_GETFD) >= 0) {
                output(std::to_string(descriptor) + " ");
            }
        }
    }
    void exit_zero() { std::exit(0); }
    void forged_crash() {
        CrashPage& page = channel_->crash_page();
        page.signal = SIGSEGV;
        page.frame_count = page.code_word_count = page.stack_words = page.maps_size = 0xffffffffU;
        page.state.store(kCrashWalked);
        ::kill(::getpid(), SIGKILL);
    }

    // The address is out of the optimiser's sight: what it knows to be wrong it warns of or removes.
    static void crash_at(uint64_t address) {
        volatile uint64_t unknown = address;
        *reinterpret_cast<volatile int*>(unknown) = 1;
    }
    void crash_null() { crash_at(0x10); }
    void crash_jump() { reinterpret_cast<void (*)()>(0xdead'0000)(); }
    void crash_division() {
        volatile int seven = 7;
        volatile int zero = 0;
        output(std::to_string(seven / zero));
    }
    void crash_instruction() { __builtin_trap(); }
    void crash_abort() { std::abort(); }
    __attribute__((noinline)) static int deeper(int depth) {
        std::array<volatile char, 4096> frame;
        frame[0] = static_cast<char>(depth);
        if (depth < 0) return frame[0];
        return deeper(depth + 1) + frame[0];
    }
    void crash_overflow() { output(std::to_string(deeper(0))); }
    void crash_thread_overflow() {
        std::thread([] { deeper(0); }).join();
    }
    void crash_exit() {
        expect_no_exit(true);
        std::exit(0);
    }

    // State that a checkpoint keeps.
    void count() { output(std::to_string(++counter_) + ";"); }
    void print_without_end() {
        std::printf("once;");  // stays in the buffer
        count();
    }
    void flush() { std::fflush(stdout); }
    void loop_deaf() {
        std::signal(SIGUSR1, SIG_IGN);
        output("deaf;");
        for (;;) {
            __asm__ volatile("");
        }
    }
    void living_thread() {
        std::thread([this] {
            const std::lock_guard<std::mutex> held(mutex_);
            wait_for_the_end();
        }).detach();
    }
    void fork_bomb() {
        int children = 0;
        for (int tries = 0; tries < 1000; ++tries) {
            const pid_t child = ::fork();
            if (child == 0) {
                wait_for_the_end();
            }
            children += child > 0 ? 1 : 0;
        }
        output(std::to_string(children) + " children;");
    }

    void thread_bomb() {
        for (int count = 0; count < 1'000'000; ++count) {
            std::thread([this] { wait_for_the_end(); }).detach();
        }
    }
    void flood() {
        const std::string text(size_t{64} << 10, 'x');
        for (;;) {
            while (!*channel_->try_send(FrameType::kStandardOutput, as_bytes(text))) {
                ::usleep(1000);
            }
        }
    }
    void handlers_removed() {
        for (int signal = 1; signal < NSIG; ++signal) {
            std::signal(signal, SIG_DFL);
        }
        crash_null();
    }
    void handler_hangs() {
        channel_->crash_page().state.store(kCrashPublished);
        loop_deaf();
    }
    void blocking_read() {
        struct sigaction action{};
        action.sa_handler = [](int) {};
        ::sigaction(SIGUSR1, &action, nullptr);
        std::array<int, 2> ends{};
        char byte = 0;
        if (::pipe(ends.data()) != 0) {
            ::_exit(77);
        }
        output("reading;");
        report(static_cast<int>(::read(ends[0], &byte, 1)));
    }
    std::string fault_;
    std::string on_checkpoint_;
    std::mutex mutex_;
    int counter_ = 0;
    std::vector<std::string> missing_layers_;
    std::array<int, 3> descriptors_{};
    std::byte* memory_ = nullptr;
    std::byte* downstream_ = nullptr;
    uint64_t code_base_ = 0;
    uint64_t data_base_ = 0;
    Mapping code_;
    std::unique_ptr<Channel> channel_;
    uint64_t head_ = 0;
    uint64_t run_ = 0;
};

}  // namespace
}  // namespace kayton

int main() {
    const char* fault = std::getenv("KAYTON_FAULT");
    kayton::Hostile(fault != nullptr ? fault : "none").serve();
}
