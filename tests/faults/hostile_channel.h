// ChannelFaults: a hostile worker's end of the channel, and what it does against the channel's rules, one function each.
// Part of the hostile worker; runs on its main thread.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shared/channel.h"
#include "tests/faults/hostile_attacks.h"

namespace kayton {

class ChannelFaults : public Attacks {
  protected:
    [[nodiscard]] virtual SupervisorMessage next() = 0;
    void send(const WorkerMessage& message) {
        const EncodedMessage encoded = encode(message);
        (void)channel_->try_send(encoded.type, encoded.payload);
        head_ += 8 + ((encoded.payload.size() + 7) & ~size_t{7});
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
    std::array<int, 3> descriptors_{};
    std::byte* memory_ = nullptr;
    std::byte* downstream_ = nullptr;
    Mapping code_;
    std::unique_ptr<Channel> channel_;
    uint64_t head_ = 0;
    uint64_t run_ = 0;
};

}  // namespace kayton
