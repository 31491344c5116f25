// Tells a person why the sandbox refused something, and which option of `kayton run` allows it.
// Plain functions, safe in any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "shared/sandbox_policy.h"

namespace kayton {

// For the message of a PermissionError that names a file: the help to show under the traceback. Empty when the sandbox
// has nothing to do with it, because the person may not touch the file either or the policy allows it.
[[nodiscard]] std::string explain_refusal(std::string_view message, const SandboxPolicy& policy,
                                          const std::filesystem::path& working_folder);

}  // namespace kayton
