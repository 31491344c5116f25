#include "supervisor/link/arena_memory.h"

#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/Support/Error.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace kayton {
namespace {

using llvm::jitlink::BasicLayout;
using llvm::jitlink::JITLinkMemoryManager;

// There is nothing to do between the last fixup and running: the content already stands in the arena.
class ArenaAllocation : public JITLinkMemoryManager::InFlightAlloc {
  public:
    explicit ArenaAllocation(uint64_t address) : address_(address) {}
    void abandon(OnAbandonedFunction on_abandoned) override { on_abandoned(llvm::Error::success()); }
    void finalize(OnFinalizedFunction on_finalized) override {
        on_finalized(JITLinkMemoryManager::FinalizedAlloc(llvm::orc::ExecutorAddr(address_)));
    }

  private:
    uint64_t address_;
};

// The segments of one region, laid out one behind the other.
struct RegionLayout {
    std::vector<std::pair<BasicLayout::Segment*, size_t>> segments;  // with their offsets
    size_t size = 0;
    size_t alignment = 16;

    void add(BasicLayout::Segment& segment) {
        const size_t align = segment.Alignment.value();
        size = (size + align - 1) / align * align;
        segments.emplace_back(&segment, size);
        size += segment.ContentSize + segment.ZeroFillSize;
        alignment = std::max(alignment, align);
    }

    void place(const ArenaBlock& block) {
        for (auto& [segment, offset] : segments) {
            segment->WorkingMem = reinterpret_cast<char*>(block.local + offset);
            segment->Addr = llvm::orc::ExecutorAddr(block.remote + offset);
        }
    }
};

bool may_write(llvm::orc::MemProt protection) {
    return (static_cast<unsigned>(protection) & static_cast<unsigned>(llvm::orc::MemProt::Write)) != 0;
}

}  // namespace

void ArenaMemory::allocate(const llvm::jitlink::JITLinkDylib*, llvm::jitlink::LinkGraph& graph,
                           OnAllocatedFunction on_allocated) {
    BasicLayout layout(graph);
    RegionLayout code;
    RegionLayout data;
    for (auto& [group, segment] : layout.segments()) {
        (may_write(group.getMemProt()) ? data : code).add(segment);
    }
    uint64_t address = 1;
    if (code.size != 0) {
        const auto block = arena_.allocate_code(code.size, code.alignment);
        if (!block) return on_allocated(refuse(block.error()));
        code.place(*block);
        address = block->remote;
    }
    if (data.size != 0) {
        const auto block = arena_.allocate_data(data.size, data.alignment);
        if (!block) return on_allocated(refuse(block.error()));
        data.place(*block);
    }
    if (auto error = layout.apply()) return on_allocated(std::move(error));
    on_allocated(std::make_unique<ArenaAllocation>(address));
}

llvm::Error ArenaMemory::refuse(const Error& error) {
    refusal_ = error;
    return llvm::make_error<llvm::StringError>(error.message, llvm::inconvertibleErrorCode());
}

std::optional<Error> ArenaMemory::take_refusal() {
    return std::exchange(refusal_, std::nullopt);
}

void ArenaMemory::deallocate(std::vector<FinalizedAlloc> allocations, OnDeallocatedFunction on_deallocated) {
    for (FinalizedAlloc& allocation : allocations) allocation.release();
    on_deallocated(llvm::Error::success());
}

}  // namespace kayton
