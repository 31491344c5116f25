#include "worker/runtime/vm_state.h"

#include "worker/runtime/cycles.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/print.h"
#include "worker/runtime/runtime.h"

namespace kayton {

VmState vm;

void request(int32_t what) {
    __atomic_fetch_or(const_cast<int32_t*>(&kt_interrupt_flag), what, __ATOMIC_RELEASE);
}

int32_t check_interrupt() {
    constexpr int32_t kHere = kInterruptRequest | kTickRequest;
    const int32_t requests = __atomic_fetch_and(const_cast<int32_t*>(&kt_interrupt_flag), ~kHere, __ATOMIC_ACQ_REL);
    if (requests & kTickRequest) flush_standard_output();
    if (requests & kInterruptRequest) return raise(Exc::KeyboardInterrupt, "");
    return KT_OK;
}

extern "C" {

volatile int32_t kt_interrupt_flag = 0;
const char* kt_stack_limit = nullptr;
int64_t kt_recursion_left = kFirstRecursionLimit;

int32_t kt_safepoint() {
    const int32_t status = check_interrupt();
    const int32_t left = __atomic_exchange_n(const_cast<int32_t*>(&kt_interrupt_flag), 0, __ATOMIC_ACQ_REL);
    if ((left & kFinalizeRequest) != 0) run_finalizers();
    if ((left & kCollectRequest) != 0) (void)collect_cycles();
    if ((left & kReserveRequest) != 0 && !restore_reserve()) request(kReserveRequest);
    if (status == KT_OK && (left & kMemoryRequest) != 0) return raise_memory_error();
    return status;
}

int32_t kt_recursion_limit(int64_t limit, int64_t* out) {
    if (limit > 0) {
        const int64_t depth = vm.recursion_limit - kt_recursion_left;
        if (depth >= limit)
            return raise_format(Exc::RecursionError,
                                "cannot set the recursion limit to {} at the recursion depth {}: the limit is too low",
                                limit, depth);
        vm.recursion_limit = limit;
        kt_recursion_left = limit - depth;
    }
    *out = vm.recursion_limit;
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
