// Channel: one end of the connection between the supervisor and a worker: a ring each way in sealed memory and a
// doorbell, a SEQPACKET socket pair that wakes the other end if it sleeps. The memory and the socket have no name, so
// nothing is left behind when either side is killed. A worker takes descriptors from its supervisor at any time. The
// supervisor takes at most one, before the hello, when only our own code has run in the worker; later receives have no
// room for control data, so that descriptors a worker sends are dropped by the kernel.
// No call of the supervisor's end ever blocks. Each end belongs to one thread.
#pragma once

#include <cstdint>
#include <tl/expected.hpp>
#include <utility>

#include "shared/crash_page.h"
#include "shared/mapping.h"
#include "shared/message.h"
#include "shared/result.h"
#include "shared/ring.h"
#include "shared/unique_fd.h"

namespace kayton {

// The memory that both sides may write: the indices of both rings, then the crash page, then the worker's frames.
struct ControlPage {
    RingLines to_worker;
    RingLines to_supervisor;
    // The supervisor's wish: this run is to raise KeyboardInterrupt; a higher number is another wish.
    alignas(64) std::atomic<uint64_t> interrupted_run;
    std::atomic<uint64_t> interrupt_number;
    // The worker's answer: the number of the last wish that became a KeyboardInterrupt.
    std::atomic<uint64_t> interrupt_taken;
};
constexpr size_t kCrashPageOffset = 4096;
constexpr size_t kUpstreamOffset = 64 * 1024;
static_assert(sizeof(ControlPage) <= kCrashPageOffset && kCrashPageOffset + sizeof(CrashPage) <= kUpstreamOffset);

// The first packet on the socket, with three descriptors: control memory, downstream ring, code arena. A checkpoint that
// becomes the worker has its arena already and gets the first two and its own /proc/self/maps.
struct BootPacket {
    static constexpr uint32_t kMagic = 0x4b594254;
    uint32_t magic = kMagic;
    uint32_t version = kProtocolVersion;
    int64_t supervisor_pid = 0;
    uint64_t ring_capacity = kRingCapacity;
    uint64_t code_capacity = 0;
    uint64_t data_capacity = 0;
};

class Channel {
  public:
    Channel(Mapping control, Mapping downstream, UniqueFd doorbell, bool supervisor);

    // Publishes a frame and rings if the peer asks for it; false: the ring is full. `quiet` leaves the peer to its
    // rescan timer. A payload over the limit is refused as kMessageTooLong.
    [[nodiscard]] tl::expected<bool, Violation> try_send(FrameType type, ByteView payload, bool quiet = false);
    [[nodiscard]] tl::expected<bool, Violation> try_receive(FrameHeader& header, Bytes& payload);

    // Asks the peer to ring for every frame it publishes from now on that is not quiet, and, `for_space`, whenever it
    // consumes. Look for frames (or space) after this call, then sleep on doorbell(): nothing is missed.
    void request_rings(bool for_space);
    void cancel_rings();

    // Wakes the peer. Never blocks: a full socket buffer means that rings enough are waiting already.
    void ring();
    // Takes the rings that came, at most a bounded number; false when the peer has closed its end.
    [[nodiscard]] bool drain_doorbell();

    // Sends a descriptor beside the rings; false when it cannot be sent now.
    [[nodiscard]] bool send_descriptor(int descriptor);
    // The last descriptor that drain_doorbell() found.
    [[nodiscard]] UniqueFd take_descriptor() { return std::move(received_); }
    // In a fork, which has none of the memory mapped: lets go of everything, so that another channel can take its place.
    void abandon();
    // From now on none is taken.
    void refuse_descriptors() { takes_descriptors_ = false; }

    [[nodiscard]] int doorbell() const { return doorbell_.get(); }
    [[nodiscard]] ControlPage& control() const { return *reinterpret_cast<ControlPage*>(control_.data()); }
    [[nodiscard]] CrashPage& crash_page() const {
        return *reinterpret_cast<CrashPage*>(control_.data() + kCrashPageOffset);
    }
    [[nodiscard]] size_t send_backlog() const { return writer_.backlog(); }
    // True when a frame may be there; nothing is believed yet.
    [[nodiscard]] bool has_news() const { return reader_.has_news(); }

  private:
    Mapping control_;
    Mapping downstream_;
    UniqueFd doorbell_;
    UniqueFd received_;
    bool takes_descriptors_ = true;
    RingWriter writer_;
    RingReader reader_;
};

// The supervisor's end and what is to be handed to the worker.
struct ChannelPair {
    Channel supervisor;
    UniqueFd worker_socket;  // becomes the worker's descriptor kWorkerSocket
    UniqueFd control_memory;
    UniqueFd downstream_memory;
};
constexpr int kWorkerSocket = 3;

[[nodiscard]] Result<ChannelPair> make_channel();
// The same with new rings over a socket that a process holds the other end of: worker_socket stays empty.
[[nodiscard]] Result<ChannelPair> make_channel(UniqueFd doorbell);
// Sends the boot packet with the three descriptors; the worker need not have started yet.
[[nodiscard]] Result<void> send_boot_packet(const ChannelPair& pair, int third, uint64_t code_capacity,
                                            uint64_t data_capacity);

// The worker's side: takes the boot packet from the socket, checks every seal, maps the rings.
struct WorkerBoot {
    Channel channel;
    BootPacket packet;
    UniqueFd arena;
};
[[nodiscard]] Result<WorkerBoot> receive_boot_packet(UniqueFd socket);

// The same in a checkpoint, which waits here, frozen: for hours, or until the supervisor closes its end.
struct ResumeBoot {
    Channel channel;
    BootPacket packet;
    UniqueFd maps;
};
[[nodiscard]] Result<ResumeBoot> receive_resume_packet(UniqueFd socket);

}  // namespace kayton
