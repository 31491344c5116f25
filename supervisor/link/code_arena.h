// CodeArena: the memory into which the supervisor links code that a worker runs. One sealed memfd of which only the
// supervisor's mapping may be written. Its first part, the code region, the worker maps read-execute (machine code and
// constants); the rest, the data region, it maps privately read-write (module data, copy on write).
// A data block always starts on a page of its own: the worker may have written to, and thereby parted with, every page
// of the blocks before. What is written through `local` is seen by the worker until it writes to that page itself.
// Blocks live as long as the arena; there is no free. Owned by a Session, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "shared/mapping.h"
#include "shared/result.h"

namespace kayton {

struct ArenaBlock {
    std::byte* local = nullptr;  // where the supervisor writes
    uint64_t remote = 0;         // where the worker sees it
    size_t size = 0;
};

class CodeArena {
  public:
    static constexpr size_t kPageSize = 4096;
    static constexpr size_t kDefaultCodeCapacity = size_t{256} << 20;
    static constexpr size_t kDefaultDataCapacity = size_t{128} << 20;

    // Capacities are rounded up to pages; memory is taken only where something is written.
    [[nodiscard]] static Result<CodeArena> create(size_t code_capacity = kDefaultCodeCapacity,
                                                  size_t data_capacity = kDefaultDataCapacity);

    // The memfd to hand to the worker: code_capacity() bytes of code, then data_capacity() bytes of data.
    [[nodiscard]] int descriptor() const { return memory_.descriptor.get(); }
    [[nodiscard]] size_t code_capacity() const { return code_capacity_; }
    [[nodiscard]] size_t data_capacity() const { return data_capacity_; }

    // Where the worker says it mapped the regions. Refused (kProtocol) unless both are page-aligned user addresses, do
    // not overlap and lie within 2 GB of each other, so that code may address data relative to itself. Once only.
    [[nodiscard]] Result<void> attach(uint64_t remote_code, uint64_t remote_data);
    [[nodiscard]] bool attached() const { return remote_code_ != 0; }

    // REQUIRES: attached(). `alignment` is a power of two of at most a page. A full region is an error (kSystem) that
    // says so; the block is zeroed memory.
    [[nodiscard]] Result<ArenaBlock> allocate_code(size_t size, size_t alignment = 16);
    [[nodiscard]] Result<ArenaBlock> allocate_data(size_t size, size_t alignment = 16);

    [[nodiscard]] size_t code_used() const { return code_used_; }
    [[nodiscard]] size_t data_used() const { return data_used_; }
    // True when the address lies in the part of the code region that has been handed out.
    [[nodiscard]] bool holds_code(uint64_t remote) const {
        return remote >= remote_code_ && remote - remote_code_ < code_used_;
    }
    // REQUIRES: holds_code(remote).
    [[nodiscard]] const std::byte* local_code(uint64_t remote) const {
        return memory_.mapping.data() + (remote - remote_code_);
    }

  private:
    CodeArena(SoleWriterMemory memory, size_t code_capacity, size_t data_capacity)
        : memory_(std::move(memory)), code_capacity_(code_capacity), data_capacity_(data_capacity) {}

    SoleWriterMemory memory_;
    size_t code_capacity_ = 0;
    size_t data_capacity_ = 0;
    size_t code_used_ = 0;
    size_t data_used_ = 0;
    uint64_t remote_code_ = 0;
    uint64_t remote_data_ = 0;
};

}  // namespace kayton
