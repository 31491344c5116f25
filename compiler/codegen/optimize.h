// LLVM's passes over a module, chosen by the optimisation level.
// One thread, holding the target's lock.
#pragma once

#include "compiler/compile.h"

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace kayton::codegen {

void optimize(llvm::Module& module, llvm::TargetMachine& machine, OptLevel opt, bool has_coroutines);

}  // namespace kayton::codegen
