// The machine that code is generated for: this one. One LLVM TargetMachine an optimisation level and process, made when
// first asked for, and the passes that write its objects: setting those up takes longer than a small cell's code takes to
// go through them. Generation is serialised by the lock that comes with it.
// Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "compiler/compile.h"
#include "shared/result.h"

namespace llvm {
class Module;
class TargetMachine;
}

namespace kayton::codegen {

class ObjectWriter;

// As LLVM names them.
struct HostProcessor {
    std::string name, features;
};
[[nodiscard]] const HostProcessor& host_processor();

struct LockedTarget {
    std::unique_lock<std::mutex> lock;
    llvm::TargetMachine* machine = nullptr;
    std::unique_ptr<ObjectWriter>* writer = nullptr;  // kept from one module to the next

    // The module's code as an ELF object.
    [[nodiscard]] Result<std::string> write_object(llvm::Module& module) const;
};

[[nodiscard]] Result<LockedTarget> target_for(OptLevel opt);

}  // namespace kayton::codegen
