// Whether a text is a whole cell, as a console asks at every line. Plain function, any thread.
#pragma once

#include "kernel/wire/message.h"

namespace kayton::kernel {

[[nodiscard]] Json is_complete_reply(const std::string& code);

}  // namespace kayton::kernel
