#include "worker/runtime/runtime_symbols.h"

#include <cmath>
#include <cstring>

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
        // What the optimiser makes calls of by itself: loops that fill or copy, and arithmetic without an instruction.
        {"memcpy", reinterpret_cast<const void*>(&std::memcpy)},
        {"memmove", reinterpret_cast<const void*>(&std::memmove)},
        {"memset", reinterpret_cast<const void*>(&std::memset)},
        {"memcmp", reinterpret_cast<const void*>(&std::memcmp)},
        {"bcmp", reinterpret_cast<const void*>(&std::memcmp)},
        {"fmod", reinterpret_cast<const void*>(static_cast<double (*)(double, double)>(&std::fmod))},
        {"floor", reinterpret_cast<const void*>(static_cast<double (*)(double)>(&std::floor))},
        {"ceil", reinterpret_cast<const void*>(static_cast<double (*)(double)>(&std::ceil))},
        {"trunc", reinterpret_cast<const void*>(static_cast<double (*)(double)>(&std::trunc))},
    };
    return symbols;
}

}  // namespace kayton
