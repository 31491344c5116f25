#include "compiler/types/typed_program.h"

namespace kayton::typed {

const RuntimeInfo& runtime_info(RuntimeFn fn) {
    static constexpr RuntimeInfo kRuntime[] = {
#define KT_RUNTIME(name, signature) {#name, signature},
#include "shared/runtime.def"
#undef KT_RUNTIME
    };
    return kRuntime[static_cast<size_t>(fn)];
}

}  // namespace kayton::typed
