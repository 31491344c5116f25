// The state of the worker's one VM: the pending exception, the exceptions being handled, and the guards of recursive
// operations. A plain global, used by the VM's one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "shared/object_layout.h"

namespace kayton {

// Bits of kt_interrupt_flag, set by the loop or a signal handler, cleared by kt_safepoint.
constexpr int32_t kInterruptRequest = 1;  // raise KeyboardInterrupt
constexpr int32_t kTickRequest = 2;       // flush standard output
// Those that wait for a safe point of generated code:
constexpr int32_t kCollectRequest = 4;   // collect cycles
constexpr int32_t kFinalizeRequest = 8;  // run the finalizers of what went away
constexpr int32_t kMemoryRequest = 16;   // raise MemoryError (memory.h)
constexpr int32_t kReserveRequest = 32;  // set the reserve aside again, once there is room

constexpr int64_t kFirstRecursionLimit = 1000;

struct VmState {
    KtException* pending = nullptr;        // owned
    std::vector<KtException*> handling;    // owned: innermost except block last
    std::vector<const void*> being_shown;  // containers whose repr is under way
    KtObject* dead = nullptr;              // objects waiting for their destruction, linked through refcount
    int64_t dealloc_depth = 0;
    int64_t compare_depth = 0;
    int64_t recursion_limit = kFirstRecursionLimit;
    int64_t generator_depth = 0;  // generators that are running or wait for one they asked
    // Where the last index of a non-ASCII string ended, so that walking by index is not quadratic.
    const KtStr* cursor_text = nullptr;
    int64_t cursor_index = 0;
    int64_t cursor_offset = 0;
    int64_t waiting_for_end = 0;  // generators, files and crates' values that are alive
    bool leak_check = false;  // objects are counted (leak_check.h)
    KtList* argv = nullptr;  // sys.argv, owned
};

extern VmState vm;

// Sets bits of kt_interrupt_flag.
void request(int32_t what);
// The safe point of the runtime's own long operations: what is asked for, but no collection, as they are in the middle
// of something. KT_ERROR with KeyboardInterrupt.
[[nodiscard]] int32_t check_interrupt();

}  // namespace kayton
