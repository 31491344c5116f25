// Names and addresses of everything in the worker that generated code may refer to: the functions of shared/runtime.def
// and the data symbols of shared/object_layout.h. The worker sends them to the supervisor in its hello.
#pragma once

#include <span>

namespace kayton {

struct RuntimeSymbol {
    const char* name;
    const void* address;
};

[[nodiscard]] std::span<const RuntimeSymbol> runtime_symbols();

}  // namespace kayton
