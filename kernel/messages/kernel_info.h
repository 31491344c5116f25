// What the kernel says of itself. Plain function, any thread.
#pragma once

#include "kernel/wire/message.h"

namespace kayton::kernel {

[[nodiscard]] Json kernel_info();

}  // namespace kayton::kernel
