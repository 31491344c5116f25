// The VM as plugins see it: the function table of kayton_api.h over the runtime library, and the registry behind it.
// A plugin keeps the context it was registered with, so a Vm stays where it is and outlives its plugins.
// Used by the VM's one thread.
#pragma once

#include "shared/kayton_api.h"
#include "worker/vm/function_registry.h"

namespace kayton {

class Vm {
  public:
    Vm();
    Vm(const Vm&) = delete;
    Vm& operator=(const Vm&) = delete;

    [[nodiscard]] FunctionRegistry& functions() { return functions_; }
    // What a plugin's register function is given.
    [[nodiscard]] KaytonContext* context() { return &context_; }

  private:
    FunctionRegistry functions_;
    KaytonContext context_;
};

}  // namespace kayton
