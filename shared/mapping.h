// Shared memory between the supervisor and one worker: sealed memfds without a name, and the mappings of them.
// A Mapping is the sole owner of one mapped range and unmaps it when it goes; the memory outlives the descriptor.
// Every seal that is asked for is in place before the descriptor is handed on, or the call fails.
// Not synchronised: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shared/result.h"
#include "shared/unique_fd.h"

namespace kayton {

class Mapping {
  public:
    Mapping() = default;
    Mapping(void* address, size_t size) : address_(static_cast<std::byte*>(address)), size_(size) {}
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping();

    // Maps `size` bytes of a descriptor from `offset`; protection and flags as in mmap(2).
    [[nodiscard]] static Result<Mapping> map(int descriptor, size_t size, int protection, int flags, size_t offset = 0);

    [[nodiscard]] std::byte* data() const { return address_; }
    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] explicit operator bool() const { return address_ != nullptr; }
    [[nodiscard]] uint64_t address() const { return reinterpret_cast<uint64_t>(address_); }

  private:
    std::byte* address_ = nullptr;
    size_t size_ = 0;
};

// A memfd of `size` bytes that nobody can shrink or grow any more. Its contents may be written by whoever maps it.
[[nodiscard]] Result<UniqueFd> make_sealed_memory(const char* label, size_t size);

// A memfd of `size` bytes and the only mapping that may ever write to it: with the seals in place a peer that holds the
// descriptor can map it shared for reading (or executing) or privately, and can neither write nor punch holes.
struct SoleWriterMemory {
    UniqueFd descriptor;
    Mapping mapping;
};
[[nodiscard]] Result<SoleWriterMemory> make_sole_writer_memory(const char* label, size_t size);

// True when the descriptor's seals are exactly those that make_sealed_memory (or make_sole_writer_memory) sets.
[[nodiscard]] bool has_size_seals(int descriptor);
[[nodiscard]] bool has_sole_writer_seals(int descriptor);

}  // namespace kayton
