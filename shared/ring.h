// A single-producer single-consumer byte ring in memory that the other side may write to at any moment.
// Indices count bytes since the start and never wrap. Each side keeps its own index privately and publishes it; of the
// peer's index it loads one copy per operation and believes it only when it is possible. Frames are a header (length,
// type) and the payload, padded to eight bytes, so that a header never wraps around the end.
// RingWriter and RingReader borrow the memory. Each belongs to one thread of one process.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <tl/expected.hpp>

#include "shared/bytes.h"
#include "shared/violation.h"

namespace kayton {

// The shared part of a ring's state: each line is written by one side only and is a cache line of its own.
struct RingLines {
    alignas(64) std::atomic<uint64_t> head;              // bytes published by the producer
    alignas(64) std::atomic<uint64_t> tail;              // bytes consumed
    alignas(64) std::atomic<uint32_t> producer_waiting;  // the producer sleeps until there is space
    alignas(64) std::atomic<uint32_t> consumer_waiting;  // the consumer sleeps until there is a frame
};
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);

struct FrameHeader {
    uint32_t length = 0;  // payload bytes
    uint32_t type = 0;
};
static_assert(sizeof(FrameHeader) == 8);

constexpr size_t kMaxPayload = size_t{1} << 20;
constexpr size_t kRingCapacity = size_t{4} << 20;

class RingWriter {
  public:
    // `capacity` is a power of two of at least two frames of kMaxPayload.
    RingWriter(RingLines* lines, std::byte* data, size_t capacity) : lines_(lines), data_(data), capacity_(capacity) {}

    // Publishes a frame of the parts' bytes one after the other; false when there is no space for it now.
    // REQUIRES: the payload is no longer than kMaxPayload.
    [[nodiscard]] tl::expected<bool, Violation> try_write(uint32_t type, ByteView first, ByteView second = {});

    // Bytes the consumer has yet to take, as of the last look.
    [[nodiscard]] size_t backlog() const { return static_cast<size_t>(head_ - tail_seen_); }
    [[nodiscard]] RingLines& lines() const { return *lines_; }

  private:
    void copy_in(uint64_t at, ByteView bytes);

    RingLines* lines_;
    std::byte* data_;
    size_t capacity_;
    uint64_t head_ = 0;
    uint64_t tail_seen_ = 0;
};

class RingReader {
  public:
    RingReader(RingLines* lines, const std::byte* data, size_t capacity)
        : lines_(lines), data_(data), capacity_(capacity) {}

    // Copies the next frame out, the header into `header` and the payload over `payload`; false when there is none.
    [[nodiscard]] tl::expected<bool, Violation> try_read(FrameHeader& header, Bytes& payload);

    // True when a frame may be there; nothing is believed yet.
    [[nodiscard]] bool has_news() const { return lines_->head.load(std::memory_order_acquire) != tail_; }
    [[nodiscard]] RingLines& lines() const { return *lines_; }

  private:
    void copy_out(uint64_t at, std::byte* to, size_t size) const;

    RingLines* lines_;
    const std::byte* data_;
    size_t capacity_;
    uint64_t tail_ = 0;
    uint64_t head_seen_ = 0;
};

}  // namespace kayton
