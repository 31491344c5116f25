#include "supervisor/link/code_arena.h"

#include <algorithm>
#include <string>
#include <utility>

namespace kayton {
namespace {

constexpr uint64_t kUserSpaceEnd = uint64_t{1} << 47;
constexpr uint64_t kReach = uint64_t{1} << 31;

constexpr size_t round_up(size_t value, size_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

bool fits_user_space(uint64_t base, size_t size) {
    return base != 0 && base % CodeArena::kPageSize == 0 && base < kUserSpaceEnd && size <= kUserSpaceEnd - base;
}

tl::unexpected<Error> region_full(const char* region, size_t wanted, size_t capacity) {
    return fail(ErrorKind::kSystem,
                std::string("the worker's ") + region + " memory is full: " + std::to_string(wanted) +
                    " more bytes do not fit into " + std::to_string(capacity),
                "restart the session to begin with an empty worker");
}

}  // namespace

Result<CodeArena> CodeArena::create(size_t code_capacity, size_t data_capacity) {
    code_capacity = round_up(code_capacity, kPageSize);
    data_capacity = round_up(data_capacity, kPageSize);
    auto memory = make_sole_writer_memory("kayton-code", code_capacity + data_capacity);
    if (!memory) {
        return tl::unexpected(std::move(memory.error()));
    }
    return CodeArena(std::move(*memory), code_capacity, data_capacity);
}

Result<void> CodeArena::attach(uint64_t remote_code, uint64_t remote_data) {
    if (attached()) {
        return fail(ErrorKind::kProtocol, "the worker reported its code arena twice");
    }
    if (!fits_user_space(remote_code, code_capacity_) || !fits_user_space(remote_data, data_capacity_)) {
        return fail(ErrorKind::kProtocol, "the worker reported an impossible address for its code arena");
    }
    const uint64_t low = std::min(remote_code, remote_data);
    const uint64_t end = std::max(remote_code + code_capacity_, remote_data + data_capacity_);
    const bool overlap = remote_code < remote_data + data_capacity_ && remote_data < remote_code + code_capacity_;
    if (overlap || end - low > kReach) {
        return fail(ErrorKind::kProtocol, "the worker mapped its code and data regions out of reach of each other");
    }
    remote_code_ = remote_code;
    remote_data_ = remote_data;
    return {};
}

Result<ArenaBlock> CodeArena::allocate_code(size_t size, size_t alignment) {
    const size_t start = round_up(code_used_, alignment);
    if (start > code_capacity_ || size > code_capacity_ - start) {
        return region_full("code", size, code_capacity_);
    }
    code_used_ = start + size;
    return ArenaBlock{memory_.mapping.data() + start, remote_code_ + start, size};
}

Result<ArenaBlock> CodeArena::allocate_data(size_t size, size_t alignment) {
    const size_t start = round_up(data_used_, std::max(alignment, kPageSize));
    if (start > data_capacity_ || size > data_capacity_ - start) {
        return region_full("data", size, data_capacity_);
    }
    data_used_ = start + size;
    return ArenaBlock{memory_.mapping.data() + code_capacity_ + start, remote_data_ + start, size};
}

}  // namespace kayton
