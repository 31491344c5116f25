// Ctrl-C and SIGTERM: kik notes them, ends its child processes, removes what it staged, and exits with 128 + signal.
// The flag is of the process; reading it is safe in any thread.
#pragma once

#include "shared/result.h"

namespace kayton::kik {

void catch_interrupts();
[[nodiscard]] bool interrupted();
[[nodiscard]] int interrupting_signal();  // 0 when there was none
// The error that a stopped step returns.
[[nodiscard]] Error interruption();

}  // namespace kayton::kik
