// A worker that misbehaves in one way. The way is named by KAYTON_FAULT; everything else (boot, hello, sandbox) is as
// the real worker does it, so that only the fault decides the outcome. What it finds out it sends as output.
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shared/channel.h"
#include "tests/faults/hostile_crashes.h"
#include "worker/crash/crash_record.h"
#include "worker/freeze/freeze.h"
#include "worker/sandbox/sandbox.h"

namespace kayton {
namespace {

class Hostile : private CrashFaults {
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

    SupervisorMessage next() override {
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
            {"datagram_pair", &Hostile::datagram_pair},
            {"tcp", &Hostile::tcp},
            {"udp", &Hostile::udp},
            {"unix_sockets", &Hostile::unix_sockets},
            {"open_file", &Hostile::open_file},
            {"move_file", &Hostile::move_file},
            {"memory_program", &Hostile::memory_program},
            {"signals", &Hostile::signals},
            {"threads", &Hostile::threads},
            {"other_processes", &Hostile::other_processes},
            {"privileges", &Hostile::privileges},
            {"corners", &Hostile::corners},
            {"terminals", &Hostile::terminals},
            {"kinds_of_processes", &Hostile::kinds_of_processes},
            {"path_descriptor", &Hostile::path_descriptor},
            {"memory_protection", &Hostile::memory_protection},
            {"calls_of_i386", &Hostile::calls_of_i386},
            {"calls_of_x32", &Hostile::calls_of_x32},
            {"exit_zero", &Hostile::exit_zero},
            {"forged_crash", &Hostile::forged_crash},
            {"crash_null", &Hostile::crash_null},
            {"crash_jump", &Hostile::crash_jump},
            {"crash_division", &Hostile::crash_division},
            {"crash_instruction", &Hostile::crash_instruction},
            {"crash_lost_stack", &Hostile::crash_lost_stack},
            {"crash_abort", &Hostile::crash_abort},
            {"crash_read_only", &Hostile::crash_read_only},
            {"crash_bus", &Hostile::crash_bus},
            {"crash_throw", &Hostile::crash_throw},
            {"crash_double_free", &Hostile::crash_double_free},
            {"crash_overflow", &Hostile::crash_overflow},
            {"crash_thread_overflow", &Hostile::crash_thread_overflow},
            {"crash_exit", &Hostile::crash_exit},
            {"count", &Hostile::count},
            {"deaf_doorbell", &Hostile::deaf_doorbell},
            {"close_everything", &Hostile::close_everything},
            {"print_without_end", &Hostile::print_without_end},
            {"flush", &Hostile::flush},
            {"loop_deaf", &Hostile::loop_deaf},
            {"living_thread", &Hostile::living_thread},
            {"fork_bomb", &Hostile::fork_bomb},
            {"take_private", &Hostile::take_private},
            {"take_shared", &Hostile::take_shared},
            {"take_tables", &Hostile::take_tables},
            {"take_memfd", &Hostile::take_memfd},
            {"thread_bomb", &Hostile::thread_bomb},
            {"flood", &Hostile::flood},
            {"handlers_removed", &Hostile::handlers_removed},
            {"handler_hangs", &Hostile::handler_hangs},
            {"blocking_read", &Hostile::blocking_read},
            {"burn", &Hostile::loop_deaf},
            {"secret", &Hostile::secret},
            {"fill_disk", &Hostile::fill_disk},
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

    std::string fault_;
    std::string on_checkpoint_;
    std::vector<std::string> missing_layers_;
    uint64_t code_base_ = 0;
    uint64_t data_base_ = 0;
};

}  // namespace
}  // namespace kayton

int main() {
    const char* fault = std::getenv("KAYTON_FAULT");
    kayton::Hostile(fault != nullptr ? fault : "none").serve();
}
