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

struct VmState {
    KtException* pending = nullptr;        // owned
    std::vector<KtException*> handling;    // owned: innermost except block last
    std::vector<const void*> being_shown;  // containers whose repr is under way
    KtObject* dead = nullptr;              // objects waiting for their destruction, linked through refcount
    int64_t dealloc_depth = 0;
    int64_t compare_depth = 0;
    int64_t generator_depth = 0;  // generators that are running or wait for one they asked
    // Where the last index of a non-ASCII string ended, so that walking by index is not quadratic.
    const KtStr* cursor_text = nullptr;
    int64_t cursor_index = 0;
    int64_t cursor_offset = 0;
    int64_t live_objects = 0;  // counted under KAYTON_LEAK_CHECK=1 only
    bool leak_check = false;
    KtList* argv = nullptr;  // sys.argv, owned
};

extern VmState vm;

}  // namespace kayton
