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

// Would closing it run code of the program: a finally block, or a handler of GeneratorExit?
[[nodiscard]] bool needs_closing(const KtGenerator* generator);
// Closes it; an error of the clean-up is printed, as nobody is left to take it.
void finish_generator(KtGenerator* generator);
// Gives `visit` each reference that the generator owns, NULL and text included.
void trace_generator(KtGenerator* generator, void (*visit)(void* context, void* held), void* context);

}  // namespace kayton
