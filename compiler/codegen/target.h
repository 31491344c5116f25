// The machine that code is generated for: this one. One LLVM TargetMachine an optimisation level and process, made when
// first asked for; generation is serialised by the lock that comes with it.
// Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "compiler/compile.h"
#include "shared/result.h"

namespace llvm {
class TargetMachine;
}

namespace kayton::codegen {

// As LLVM names them.
struct HostProcessor {
    std::string name, features;
};
[[nodiscard]] const HostProcessor& host_processor();

struct LockedTarget {
    std::unique_lock<std::mutex> lock;
    llvm::TargetMachine* machine = nullptr;
};

[[nodiscard]] Result<LockedTarget> target_for(OptLevel opt);

}  // namespace kayton::codegen
