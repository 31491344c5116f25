// Tells a person why the sandbox refused something, and which option of `kayton run` allows it.
// Plain functions, safe in any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "shared/sandbox_policy.h"

namespace kayton {

// "the sandbox keeps the program from WHAT; kayton run OPTION lets it (permission KIND; kik allow KIND VALUE for …)".
[[nodiscard]] std::string refusal_text(const std::string& what, const std::string& option, const std::string& kind,
                                       const std::string& value);

// Whether an exception may come from a refusal.
[[nodiscard]] bool may_be_refusal(std::string_view exception_class, std::string_view message);

// For the message of an exception that names a file or a program: the help to show under the traceback. Empty when the
// sandbox has nothing to do with it, because the person may not touch the file either or the policy allows it.
[[nodiscard]] std::string explain_refusal(std::string_view message, const SandboxPolicy& policy,
                                          const std::filesystem::path& working_folder);

}  // namespace kayton
