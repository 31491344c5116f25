#include "shared/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>

namespace kayton {
namespace {

// Both ends of a channel in one process.
class BothEnds : public testing::Test {
  protected:
    void SetUp() override {
        auto pair = make_channel();
        ASSERT_TRUE(pair.has_value());
        auto arena = make_sole_writer_memory("test-arena", 8192);
        ASSERT_TRUE(arena.has_value());
        ASSERT_TRUE(send_boot_packet(*pair, arena->descriptor.get(), 4096, 4096).has_value());
        auto boot = receive_boot_packet(std::move(pair->worker_socket));
        ASSERT_TRUE(boot.has_value()) << boot.error().message;
        EXPECT_EQ(boot->packet.code_capacity, 4096U);
        EXPECT_EQ(boot->packet.supervisor_pid, ::getpid());
        supervisor_.emplace(std::move(pair->supervisor));
        worker_.emplace(std::move(boot->channel));
    }
    static bool rings(const Channel& end) {
        pollfd doorbell{end.doorbell(), POLLIN, 0};
        return ::poll(&doorbell, 1, 0) > 0;
    }

    std::optional<Channel> supervisor_;
    std::optional<Channel> worker_;
    FrameHeader header_;
    Bytes payload_;
};

TEST_F(BothEnds, CarriesFramesBothWays) {
    ASSERT_TRUE(*worker_->try_send(FrameType::kStandardOutput, as_bytes("up")));
    ASSERT_TRUE(*supervisor_->try_receive(header_, payload_));
    EXPECT_EQ(as_text(payload_), "up");
    ASSERT_TRUE(*supervisor_->try_send(FrameType::kShutdown, as_bytes("down")));
    ASSERT_TRUE(*worker_->try_receive(header_, payload_));
    EXPECT_EQ(as_text(payload_), "down");
}

TEST_F(BothEnds, RingsOnlyWhoAsks) {
    ASSERT_TRUE(*worker_->try_send(FrameType::kStandardOutput, as_bytes("x")));
    EXPECT_FALSE(rings(*supervisor_));
    supervisor_->request_rings(false);
    ASSERT_TRUE(*worker_->try_send(FrameType::kStandardOutput, as_bytes("x"), true));
    EXPECT_FALSE(rings(*supervisor_)) << "quiet";
    ASSERT_TRUE(*worker_->try_send(FrameType::kStandardOutput, as_bytes("x")));
    EXPECT_TRUE(rings(*supervisor_));
    EXPECT_TRUE(supervisor_->drain_doorbell());
    EXPECT_FALSE(rings(*supervisor_));
}

TEST_F(BothEnds, RingsForSpaceWhenTheProducerWaits) {
    const std::string big(kMaxPayload, 'x');
    while (*worker_->try_send(FrameType::kStandardOutput, as_bytes(big))) {
    }
    worker_->request_rings(true);
    EXPECT_FALSE(rings(*worker_));
    ASSERT_TRUE(*supervisor_->try_receive(header_, payload_));
    EXPECT_TRUE(rings(*worker_));
    EXPECT_TRUE(*worker_->try_send(FrameType::kStandardOutput, as_bytes(big)));
}

// Both sleep whenever they can, and nothing but the doorbell wakes them.
TEST_F(BothEnds, NobodySleepsThroughWhatTheOtherDid) {
    constexpr size_t kFrames = 20'000;
    constexpr int kPatience = 20'000;  // ms; a ring that is missed is never made up for
    const auto sleep_on = [](Channel& end) {
        pollfd doorbell{end.doorbell(), POLLIN, 0};
        const bool woken = ::poll(&doorbell, 1, kPatience) > 0;
        end.cancel_rings();
        return end.drain_doorbell() && woken;
    };
    bool woken = true;
    std::thread sender([&] {
        for (size_t sent = 0; sent < kFrames && woken;) {
            const std::string text(sent % 9'000, 'x');
            worker_->request_rings(true);
            if (*worker_->try_send(FrameType::kStandardOutput, as_bytes(text))) {
                ++sent;
            } else {
                woken = sleep_on(*worker_);
            }
        }
    });
    size_t received = 0;
    for (bool awake = true; received < kFrames && awake;) {
        supervisor_->request_rings(false);
        if (*supervisor_->try_receive(header_, payload_)) {
            EXPECT_EQ(payload_.size(), received % 9'000);
            ++received;
        } else {
            awake = sleep_on(*supervisor_);
        }
    }
    sender.join();
    EXPECT_TRUE(woken);
    EXPECT_EQ(received, kFrames);
}

TEST_F(BothEnds, NoticesThatThePeerIsGone) {
    EXPECT_TRUE(supervisor_->drain_doorbell());
    worker_.reset();
    EXPECT_FALSE(supervisor_->drain_doorbell());
    supervisor_->ring();  // must not raise SIGPIPE
}

TEST_F(BothEnds, RefusesAPayloadOverTheLimit) {
    const std::string big(kMaxPayload + 1, 'x');
    EXPECT_EQ(worker_->try_send(FrameType::kStandardOutput, as_bytes(big)).error(), Violation::kMessageTooLong);
}

TEST_F(BothEnds, RingingNeverBlocks) {
    for (int count = 0; count < 100'000; ++count) {
        supervisor_->ring();
    }
    EXPECT_TRUE(rings(*worker_));
}

TEST(SealedMemory, CannotBeResized) {
    const auto memory = make_sealed_memory("test", 4096);
    ASSERT_TRUE(memory.has_value());
    EXPECT_TRUE(has_size_seals(memory->get()));
    EXPECT_FALSE(has_sole_writer_seals(memory->get()));
    EXPECT_EQ(::ftruncate(memory->get(), 0), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_TRUE(Mapping::map(memory->get(), 4096, PROT_READ | PROT_WRITE, MAP_SHARED).has_value());
}

TEST(SealedMemory, HasOneWriter) {
    auto memory = make_sole_writer_memory("test", 4096);
    ASSERT_TRUE(memory.has_value());
    const int descriptor = memory->descriptor.get();
    EXPECT_TRUE(has_sole_writer_seals(descriptor));
    EXPECT_FALSE(Mapping::map(descriptor, 4096, PROT_READ | PROT_WRITE, MAP_SHARED).has_value());
    const auto reader = Mapping::map(descriptor, 4096, PROT_READ, MAP_SHARED);
    ASSERT_TRUE(reader.has_value());
    memory->mapping.data()[7] = std::byte{42};
    EXPECT_EQ(reader->data()[7], std::byte{42});
    EXPECT_EQ(::mprotect(reader->data(), 4096, PROT_READ | PROT_WRITE), -1);
    EXPECT_EQ(::fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
}

}  // namespace
}  // namespace kayton
