// The leak check of `kayton run --leak-check`: every object is counted by its type from its making to its end; what is
// left when a program has ended and all it held has been released is a leak.
// Used by the VM's one thread.
#pragma once

#include <cstdint>
#include <string>

#include "shared/kayton_api.h"

namespace kayton {

// From here on objects are counted. REQUIRES: no VM object exists yet.
void start_leak_check();

// Asked by the allocator, under vm.leak_check only.
void count_made(const KtTypeInfo* type);
void count_ended(const KtTypeInfo* type);

// How many of those counted are alive.
[[nodiscard]] int64_t live_objects();
// "3 objects are alive after the end: 2 of Node, 1 of list[int]"; empty when there is none.
[[nodiscard]] std::string leak_report();

}  // namespace kayton
