// Linker: brings a compiled object into the code arena so that the worker can run it. Machine code and constants go
// into the code region, writable data into the data region, on pages of its own. Undefined symbols are found among the
// worker's runtime functions and data, and among what earlier modules define (cells of a session). The worker's
// functions may be anywhere in its address space: calls go through stubs and data through a table, both in the arena.
// Uses LLVM's JITLink without ORC. Owned by a Session beside its arena, one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "shared/result.h"
#include "supervisor/link/code_arena.h"
#include "supervisor/link/code_table.h"

namespace kayton {

class Linker {
  public:
    // The symbols are those of the worker's hello: name and address in the worker. The arena must outlive the linker.
    Linker(CodeArena& arena, std::unordered_map<std::string, uint64_t> worker_symbols);
    ~Linker();
    Linker(const Linker&) = delete;
    Linker& operator=(const Linker&) = delete;

    // Links an ELF object for x86-64 and returns the address of `entry` in the worker. A symbol that an earlier module
    // defines too belongs to this module from now on. On failure nothing of the module can be reached.
    // REQUIRES: the arena is attached.
    [[nodiscard]] Result<uint64_t> link(std::string object, const std::string& entry);

    // Address in the worker of a global symbol of any module; 0 when there is none.
    [[nodiscard]] uint64_t find(const std::string& symbol) const;

    // The functions and lines of all modules so far. Debug information is read when this is first asked, not at link.
    [[nodiscard]] const CodeTable& code_table();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kayton
