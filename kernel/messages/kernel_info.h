// What the kernel says of itself. Plain function, any thread.
#pragma once

#include "kernel/wire/message.h"

namespace kayton::kernel {

// `lexer`: the Pygments lexer that colours cells where they are exported.
[[nodiscard]] Json kernel_info(const std::string& lexer);

}  // namespace kayton::kernel
