#include "shared/ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace kayton {
namespace {

constexpr size_t kCapacity = 4096;

class Ring : public testing::Test {
  protected:
    RingLines lines_{};
    std::vector<std::byte> data_ = std::vector<std::byte>(kCapacity);
    RingWriter writer_{&lines_, data_.data(), kCapacity};
    RingReader reader_{&lines_, data_.data(), kCapacity};
    FrameHeader header_;
    Bytes payload_;
};

TEST_F(Ring, GivesFramesInOrderAndUnchanged) {
    ASSERT_TRUE(*writer_.try_write(7, as_bytes("first"), as_bytes(" and second part")));
    ASSERT_TRUE(*writer_.try_write(8, {}));
    ASSERT_TRUE(*reader_.try_read(header_, payload_));
    EXPECT_EQ(header_.type, 7U);
    EXPECT_EQ(as_text(payload_), "first and second part");
    ASSERT_TRUE(*reader_.try_read(header_, payload_));
    EXPECT_EQ(header_.type, 8U);
    EXPECT_TRUE(payload_.empty());
    EXPECT_FALSE(*reader_.try_read(header_, payload_));
}

TEST_F(Ring, HoldsUntilFullAndGoesOnAfterwards) {
    const std::string text(1000, 'x');
    int written = 0;
    while (*writer_.try_write(1, as_bytes(text))) {
        ++written;
    }
    EXPECT_EQ(written, 4);
    ASSERT_TRUE(*reader_.try_read(header_, payload_));
    EXPECT_TRUE(*writer_.try_write(1, as_bytes(text)));
    EXPECT_FALSE(*writer_.try_write(1, as_bytes(text)));
}

// Any sequence of writes and reads gives what a queue would.
TEST_F(Ring, BehavesAsAQueue) {
    std::mt19937 random(1);
    std::deque<std::string> model;
    for (int step = 0; step < 200'000; ++step) {
        if (random() % 2 == 0) {
            const std::string text(random() % 700, static_cast<char>('a' + random() % 26));
            const auto written = writer_.try_write(3, as_bytes(text));
            ASSERT_TRUE(written.has_value());
            if (*written) {
                model.push_back(text);
            }
        } else {
            const auto read = reader_.try_read(header_, payload_);
            ASSERT_TRUE(read.has_value());
            ASSERT_EQ(*read, !model.empty());
            if (*read) {
                ASSERT_EQ(as_text(payload_), model.front());
                model.pop_front();
            }
        }
    }
}

TEST_F(Ring, WorksAcrossThreads) {
    constexpr uint32_t kFrames = 200'000;
    std::thread producer([this] {
        for (uint32_t frame = 0; frame < kFrames;) {
            const std::string text(frame % 97, static_cast<char>(frame));
            frame += *writer_.try_write(frame, as_bytes(text)) ? 1 : 0;
        }
    });
    for (uint32_t frame = 0; frame < kFrames;) {
        if (*reader_.try_read(header_, payload_)) {
            ASSERT_EQ(header_.type, frame);
            ASSERT_EQ(payload_.size(), frame % 97);
            ASSERT_TRUE(payload_.empty() || payload_.back() == static_cast<std::byte>(frame));
            ++frame;
        }
    }
    producer.join();
}

TEST_F(Ring, ReaderRefusesImpossibleIndices) {
    ASSERT_TRUE(*writer_.try_write(1, as_bytes("text")));
    ASSERT_TRUE(*reader_.try_read(header_, payload_));
    lines_.head.store(8);
    EXPECT_EQ(reader_.try_read(header_, payload_).error(), Violation::kIndexRegressed);
    lines_.head.store(16 + kCapacity + 1);
    EXPECT_EQ(reader_.try_read(header_, payload_).error(), Violation::kIndexBeyondCapacity);
    lines_.head.store(UINT64_MAX);
    EXPECT_EQ(reader_.try_read(header_, payload_).error(), Violation::kIndexBeyondCapacity);
    lines_.head.store(20);
    EXPECT_EQ(reader_.try_read(header_, payload_).error(), Violation::kFrameTruncated);
}

TEST_F(Ring, WriterRefusesImpossibleIndices) {
    ASSERT_TRUE(*writer_.try_write(1, as_bytes("text")));
    lines_.tail.store(1000);
    EXPECT_EQ(writer_.try_write(1, as_bytes("text")).error(), Violation::kIndexBeyondCapacity);
    lines_.tail.store(16);
    ASSERT_TRUE(*writer_.try_write(1, as_bytes("text")));
    lines_.tail.store(8);
    EXPECT_EQ(writer_.try_write(1, as_bytes("text")).error(), Violation::kIndexRegressed);
}

TEST_F(Ring, WhatWasReadDoesNotChangeWithTheMemory) {
    ASSERT_TRUE(*writer_.try_write(1, as_bytes("original")));
    ASSERT_TRUE(*reader_.try_read(header_, payload_));
    std::fill(data_.begin(), data_.end(), std::byte{0xff});
    EXPECT_EQ(as_text(payload_), "original");
    EXPECT_EQ(header_.length, 8U);
}

}  // namespace
}  // namespace kayton
