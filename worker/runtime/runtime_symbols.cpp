#include "worker/runtime/runtime_symbols.h"

#include "worker/runtime/runtime.h"
#include "worker/runtime/signature_codes.h"

namespace kayton {

// A failure here: the declaration in runtime.h is not what the line of runtime.def says.
#define KT_RUNTIME(name, codes) static_assert(signature_fits(static_cast<decltype(&name)>(nullptr), codes), #name);
#include "shared/runtime.def"
#undef KT_RUNTIME

std::span<const RuntimeSymbol> runtime_symbols() {
    static const RuntimeSymbol symbols[] = {
#define KT_RUNTIME(name, codes) {#name, reinterpret_cast<const void*>(&name)},
#include "shared/runtime.def"
#undef KT_RUNTIME
#define KT_DATA_SYMBOL(name) {#name, const_cast<const void*>(static_cast<const volatile void*>(&name))},
        KT_DATA_SYMBOLS(KT_DATA_SYMBOL)
#undef KT_DATA_SYMBOL
    };
    return symbols;
}

}  // namespace kayton
