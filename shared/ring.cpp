#include "shared/ring.h"

#include <algorithm>
#include <cstring>

namespace kayton {
namespace {

constexpr uint64_t padded(uint64_t size) {
    return (size + 7) & ~uint64_t{7};
}

}  // namespace

void RingWriter::copy_in(uint64_t at, ByteView bytes) {
    if (bytes.empty()) {
        return;
    }
    const size_t offset = at & (capacity_ - 1);
    const size_t before_end = std::min(bytes.size(), capacity_ - offset);
    std::memcpy(data_ + offset, bytes.data(), before_end);
    if (before_end != bytes.size()) {
        std::memcpy(data_, bytes.data() + before_end, bytes.size() - before_end);
    }
}

tl::expected<bool, Violation> RingWriter::try_write(uint32_t type, ByteView first, ByteView second) {
    const uint64_t tail = lines_->tail.load(std::memory_order_acquire);
    if (tail < tail_seen_) {
        return tl::unexpected(Violation::kIndexRegressed);
    }
    if (tail > head_) {
        return tl::unexpected(Violation::kIndexBeyondCapacity);
    }
    tail_seen_ = tail;
    const FrameHeader header{static_cast<uint32_t>(first.size() + second.size()), type};
    const uint64_t size = sizeof header + padded(header.length);
    if (size > capacity_ - (head_ - tail)) {
        return false;
    }
    copy_in(head_, {reinterpret_cast<const std::byte*>(&header), sizeof header});
    copy_in(head_ + sizeof header, first);
    copy_in(head_ + sizeof header + first.size(), second);
    head_ += size;
    lines_->head.store(head_, std::memory_order_release);
    return true;
}

void RingReader::copy_out(uint64_t at, std::byte* to, size_t size) const {
    if (size == 0) {
        return;
    }
    const size_t offset = at & (capacity_ - 1);
    const size_t before_end = std::min(size, capacity_ - offset);
    std::memcpy(to, data_ + offset, before_end);
    if (before_end != size) {
        std::memcpy(to + before_end, data_, size - before_end);
    }
}

tl::expected<bool, Violation> RingReader::try_read(FrameHeader& header, Bytes& payload) {
    const uint64_t head = lines_->head.load(std::memory_order_acquire);
    if (head < head_seen_) {
        return tl::unexpected(Violation::kIndexRegressed);
    }
    const uint64_t available = head - tail_;
    if (available > capacity_) {
        return tl::unexpected(Violation::kIndexBeyondCapacity);
    }
    head_seen_ = head;
    if (available == 0) {
        return false;
    }
    if (available < sizeof header) {
        return tl::unexpected(Violation::kFrameTruncated);
    }
    copy_out(tail_, reinterpret_cast<std::byte*>(&header), sizeof header);
    if (header.length > kMaxPayload) {
        return tl::unexpected(Violation::kMessageTooLong);
    }
    const uint64_t size = sizeof header + padded(header.length);
    if (size > available) {
        return tl::unexpected(Violation::kFrameTruncated);
    }
    payload.resize(header.length);
    copy_out(tail_ + sizeof header, payload.data(), header.length);
    tail_ += size;
    lines_->tail.store(tail_, std::memory_order_release);
    return true;
}

}  // namespace kayton
