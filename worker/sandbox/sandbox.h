// Applies the sandbox policy to this process: limits, no new privileges, Landlock, the system call filter, in this
// order and for good. REQUIRES: the process has one thread and has opened no plugin yet.
// Returns the layers that this machine does not have; an error means that a layer is there and could not be put in
// place, and that the worker must not go on.
#pragma once

#include <string>
#include <vector>

#include "shared/result.h"
#include "shared/sandbox_policy.h"

namespace kayton {

[[nodiscard]] Result<std::vector<std::string>> enter_sandbox(const SandboxPolicy& policy);

// The layers, in order. False: the kernel does not have it.
[[nodiscard]] Result<bool> restrict_files(const SandboxPolicy& policy);
[[nodiscard]] Result<bool> restrict_system_calls();

}  // namespace kayton
