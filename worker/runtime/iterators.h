// Generators, and all other iterators that are values: the code that drives a coroutine's frame (KtGenerator).
// Used by the VM's one thread.
#pragma once

#include <string>

#include "shared/object_layout.h"

namespace kayton {

// "generator object squares", "zip object": how repr names it.
[[nodiscard]] std::string iterator_title(const KtGenerator* generator);
// "generator", "zip": type(x).__name__.
[[nodiscard]] std::string iterator_type_name(const KtGenerator* generator);

}  // namespace kayton
