// Applies the sandbox policy to this process: limits, namespaces, no new privileges, Landlock, the system call filter, in this
// order and for good. REQUIRES: the process has one thread and has opened no plugin yet.
// Gives the layers that this machine does not have; an error means that a layer is there and could not be put in place,
// and that the worker must not go on.
#pragma once

#include <string>
#include <vector>

#include "shared/result.h"
#include "shared/sandbox_policy.h"
#include "shared/unique_fd.h"

namespace kayton {

struct Sandboxed {
    std::vector<std::string> missing_layers;
    // By which the supervisor answers the calls that it decides itself; it must leave this process before any plugin
    // comes. None where the kernel has no such thing, or where calls are not restricted.
    UniqueFd call_listener;
};
[[nodiscard]] Result<Sandboxed> enter_sandbox(const SandboxPolicy& policy);

// The layers, in order. False: the kernel does not have it.
[[nodiscard]] Result<bool> enter_namespaces(NetAccess net);
[[nodiscard]] Result<bool> restrict_files(const SandboxPolicy& policy);
[[nodiscard]] Result<bool> restrict_system_calls(const SandboxPolicy& policy, UniqueFd& listener);

// From now on getaddrinfo() asks the supervisor (name_lookup.cpp).
void ask_supervisor_for_names();

}  // namespace kayton
