// ArenaMemory: JITLink's memory manager over the code arena. Segments that the program may write go into the data
// region, all others into the code region; their content is written in place. Nothing is ever given back.
// Used by the Linker, one thread.
#pragma once

#include <llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h>

#include <optional>

#include "supervisor/link/code_arena.h"

namespace kayton {

class ArenaMemory : public llvm::jitlink::JITLinkMemoryManager {
  public:
    explicit ArenaMemory(CodeArena& arena) : arena_(arena) {}

    void allocate(const llvm::jitlink::JITLinkDylib* library, llvm::jitlink::LinkGraph& graph,
                  OnAllocatedFunction on_allocated) override;
    void deallocate(std::vector<FinalizedAlloc> allocations, OnDeallocatedFunction on_deallocated) override;
    using JITLinkMemoryManager::allocate;
    using JITLinkMemoryManager::deallocate;

    // Why the last allocation was refused, if it was: JITLink's own errors keep only the text.
    [[nodiscard]] std::optional<Error> take_refusal();

  private:
    [[nodiscard]] llvm::Error refuse(const Error& error);

    CodeArena& arena_;
    std::optional<Error> refusal_;
};

}  // namespace kayton
