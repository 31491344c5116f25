#include "worker/runtime/vm_state.h"

#include "worker/runtime/exceptions.h"
#include "worker/runtime/print.h"
#include "worker/runtime/runtime.h"

namespace kayton {

VmState vm;

extern "C" {

volatile int32_t kt_interrupt_flag = 0;
const char* kt_stack_limit = nullptr;

int32_t kt_safepoint() {
    const int32_t requests = __atomic_exchange_n(const_cast<int32_t*>(&kt_interrupt_flag), 0, __ATOMIC_ACQ_REL);
    if (requests & kTickRequest) flush_standard_output();
    if (requests & ~kTickRequest) return raise(Exc::KeyboardInterrupt, "");
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
