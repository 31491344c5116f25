// The end of a program: what its modules' globals hold is released, as CPython does when it shuts down.
// Used by the VM's one thread.
#pragma once

#include "shared/object_layout.h"

namespace kayton {

// Keeps the module's table of globals for end_program().
void add_globals(const KtStartupTable* table);

// Does anything alive wait for the program's end: a __del__, a suspended generator, a file, a crate's value?
[[nodiscard]] bool end_matters();

// Releases every global of every module that has started, and what the VM itself holds for the program. No Kayton code
// of these modules may run afterwards.
void end_program();

}  // namespace kayton
