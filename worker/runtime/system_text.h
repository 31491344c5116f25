// Text that the system gives: names of files, variables, messages.
// Used by the VM's one thread.
#pragma once

#include <string_view>

#include "shared/kayton_api.h"

namespace kayton {

// Bytes that are no UTF-8 are replaced (U+FFFD): a str holds valid Unicode only.
[[nodiscard]] KtStr* system_text(std::string_view bytes);

}  // namespace kayton
