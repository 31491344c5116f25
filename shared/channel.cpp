#include "shared/channel.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace kayton {
namespace {

constexpr size_t kControlSize = kUpstreamOffset + kRingCapacity;
constexpr int kRingsPerWake = 64;
constexpr size_t kBootDescriptors = 3;

RingWriter make_writer(const Mapping& control, const Mapping& downstream, bool supervisor) {
    auto* page = reinterpret_cast<ControlPage*>(control.data());
    return supervisor ? RingWriter(&page->to_worker, downstream.data(), kRingCapacity)
                      : RingWriter(&page->to_supervisor, control.data() + kUpstreamOffset, kRingCapacity);
}

RingReader make_reader(const Mapping& control, const Mapping& downstream, bool supervisor) {
    auto* page = reinterpret_cast<ControlPage*>(control.data());
    return supervisor ? RingReader(&page->to_supervisor, control.data() + kUpstreamOffset, kRingCapacity)
                      : RingReader(&page->to_worker, downstream.data(), kRingCapacity);
}

tl::unexpected<Error> system_failure(const std::string& what) {
    return fail(ErrorKind::kSystem, what + ": " + std::strerror(errno));
}

// Without waiting; as sendmsg.
ssize_t send_packet(int socket, iovec part, std::span<const int> descriptors) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kBootDescriptors * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

struct Boot {
    BootPacket packet;
    Mapping control;
    Mapping downstream;
    UniqueFd third;
};

}  // namespace

Channel::Channel(Mapping control, Mapping downstream, UniqueFd doorbell, bool supervisor)
    : control_(std::move(control)),
      downstream_(std::move(downstream)),
      doorbell_(std::move(doorbell)),
      writer_(make_writer(control_, downstream_, supervisor)),
      reader_(make_reader(control_, downstream_, supervisor)) {}

tl::expected<bool, Violation> Channel::try_send(FrameType type, ByteView payload, bool quiet) {
    if (payload.size() > kMaxPayload) {
        return tl::unexpected(Violation::kMessageTooLong);
    }
    const auto written = writer_.try_write(static_cast<uint32_t>(type), payload);
    if (written && *written && !quiet) {
        // Pairs with the fence in request_rings: either the peer sees the frame or we see its flag.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (writer_.lines().consumer_waiting.load(std::memory_order_relaxed) != 0) {
            ring();
        }
    }
    return written;
}

tl::expected<bool, Violation> Channel::try_receive(FrameHeader& header, Bytes& payload) {
    const auto read = reader_.try_read(header, payload);
    if (read && *read) {
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (reader_.lines().producer_waiting.load(std::memory_order_relaxed) != 0) {
            ring();
        }
    }
    return read;
}

void Channel::request_rings(bool for_space) {
    reader_.lines().consumer_waiting.store(1, std::memory_order_relaxed);
    writer_.lines().producer_waiting.store(for_space ? 1 : 0, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

void Channel::cancel_rings() {
    reader_.lines().consumer_waiting.store(0, std::memory_order_relaxed);
    writer_.lines().producer_waiting.store(0, std::memory_order_relaxed);
}

void Channel::ring() {
    const char bell = 1;
    while (::send(doorbell_.get(), &bell, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

bool Channel::drain_doorbell() {
    for (int count = 0; count < kRingsPerWake; ++count) {
        std::array<char, 16> bell;
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
        iovec part{bell.data(), bell.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (takes_descriptors_) {
            message.msg_control = control.data();
            message.msg_controllen = control.size();
        }
        const ssize_t size = ::recvmsg(doorbell_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (size < 0 && errno != EINTR) {
            return errno == EAGAIN || errno == EWOULDBLOCK;
        }
        if (size == 0) {
            // An empty packet looks like the end; only the end also hangs up for writing.
            const char probe = 1;
            return ::send(doorbell_.get(), &probe, 1, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
        }
        const cmsghdr* header = size > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
        if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
            header->cmsg_len == CMSG_LEN(sizeof(int))) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
            received_.reset(descriptor);
        }
    }
    return true;
}

bool Channel::send_descriptor(int descriptor) {
    char bell = 1;
    iovec part{&bell, 1};
    return send_packet(doorbell_.get(), part, {&descriptor, 1}) == 1;
}

void Channel::abandon() {
    control_ = Mapping();
    downstream_ = Mapping();
    doorbell_.reset();
    received_.reset();
}

Result<ChannelPair> make_channel() {
    std::array<int, 2> sockets{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
        return system_failure("cannot make a socket pair for the worker");
    }
    UniqueFd worker_socket(sockets[1]);
    auto pair = make_channel(UniqueFd(sockets[0]));
    if (pair) {
        pair->worker_socket = std::move(worker_socket);
    }
    return pair;
}

Result<ChannelPair> make_channel(UniqueFd doorbell) {
    auto control_memory = make_sealed_memory("kayton-control", kControlSize);
    if (!control_memory) {
        return tl::unexpected(std::move(control_memory.error()));
    }
    auto control = Mapping::map(control_memory->get(), kControlSize, PROT_READ | PROT_WRITE, MAP_SHARED);
    if (!control) {
        return tl::unexpected(std::move(control.error()));
    }
    auto downstream = make_sole_writer_memory("kayton-downstream", kRingCapacity);
    if (!downstream) {
        return tl::unexpected(std::move(downstream.error()));
    }
    // Children of ours never see these mappings: a fork must not become a second producer.
    ::madvise(control->data(), control->size(), MADV_DONTFORK);
    ::madvise(downstream->mapping.data(), downstream->mapping.size(), MADV_DONTFORK);
    return ChannelPair{Channel(std::move(*control), std::move(downstream->mapping), std::move(doorbell), true),
                       UniqueFd(), std::move(*control_memory), std::move(downstream->descriptor)};
}

Result<void> send_boot_packet(const ChannelPair& pair, int third, uint64_t code_capacity, uint64_t data_capacity) {
    BootPacket packet;
    packet.supervisor_pid = ::getpid();
    packet.code_capacity = code_capacity;
    packet.data_capacity = data_capacity;
    const std::array<int, kBootDescriptors> descriptors{pair.control_memory.get(), pair.downstream_memory.get(), third};
    if (send_packet(pair.supervisor.doorbell(), {&packet, sizeof packet}, descriptors) !=
        static_cast<ssize_t>(sizeof packet)) {
        return system_failure("cannot hand the channel to the worker");
    }
    return {};
}

namespace {

Result<Boot> receive_boot(int socket) {
    Boot boot;
    boot.packet.magic = 0;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kBootDescriptors * sizeof(int))> control{};
    iovec part{&boot.packet, sizeof boot.packet};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t size = 0;
    do {
        size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (size != static_cast<ssize_t>(sizeof boot.packet) || boot.packet.magic != BootPacket::kMagic ||
        header == nullptr || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(kBootDescriptors * sizeof(int))) {
        return fail(ErrorKind::kProtocol, "no boot packet came: kayton-worker is started by kayton, not by hand");
    }
    if (boot.packet.version != kProtocolVersion || boot.packet.ring_capacity != kRingCapacity) {
        return fail(ErrorKind::kProtocol, "kayton and kayton-worker are of different versions",
                    "install both from the same build");
    }
    std::array<int, kBootDescriptors> descriptors{};
    std::memcpy(descriptors.data(), CMSG_DATA(header), sizeof descriptors);
    const UniqueFd control_memory(descriptors[0]);
    const UniqueFd downstream_memory(descriptors[1]);
    boot.third.reset(descriptors[2]);
    if (!has_size_seals(control_memory.get()) || !has_sole_writer_seals(downstream_memory.get())) {
        return fail(ErrorKind::kProtocol, "the channel's memory is not sealed as agreed");
    }
    auto shared = Mapping::map(control_memory.get(), kControlSize, PROT_READ | PROT_WRITE, MAP_SHARED);
    if (!shared) {
        return tl::unexpected(std::move(shared.error()));
    }
    auto downstream = Mapping::map(downstream_memory.get(), kRingCapacity, PROT_READ, MAP_SHARED);
    if (!downstream) {
        return tl::unexpected(std::move(downstream.error()));
    }
    // A checkpoint must not become a second producer.
    ::madvise(shared->data(), shared->size(), MADV_DONTFORK);
    ::madvise(downstream->data(), downstream->size(), MADV_DONTFORK);
    boot.control = std::move(*shared);
    boot.downstream = std::move(*downstream);
    return boot;
}

}  // namespace

Result<WorkerBoot> receive_boot_packet(UniqueFd socket) {
    auto boot = receive_boot(socket.get());
    if (!boot) {
        return tl::unexpected(std::move(boot.error()));
    }
    if (!has_sole_writer_seals(boot->third.get())) {
        return fail(ErrorKind::kProtocol, "the channel's memory is not sealed as agreed");
    }
    return WorkerBoot{Channel(std::move(boot->control), std::move(boot->downstream), std::move(socket), false),
                      boot->packet, std::move(boot->third)};
}

Result<ResumeBoot> receive_resume_packet(UniqueFd socket) {
    auto boot = receive_boot(socket.get());
    if (!boot) {
        return tl::unexpected(std::move(boot.error()));
    }
    return ResumeBoot{Channel(std::move(boot->control), std::move(boot->downstream), std::move(socket), false),
                      boot->packet, std::move(boot->third)};
}

}  // namespace kayton
