// Lowering and code generation, behind the compiler's door: typed program -> KIR -> passes -> LLVM -> object.
// One call a module; any thread, one at a time per CodeGenerator.
#pragma once

#include <memory>
#include <string>

#include "compiler/compile.h"
#include "compiler/types/typed_program.h"
#include "shared/result.h"

namespace kayton {

// Object code of the whole program. `module_name` makes symbols unique in a session ("m3"). kInternal on our own fault.
[[nodiscard]] Result<CompiledModule> generate_object(const typed::TypedProgram& program, const std::string& module_name,
                                                     OptLevel opt, const Environment& environment);

}  // namespace kayton
