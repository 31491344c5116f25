#include "compiler/codegen/target.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>
#include <llvm/TargetParser/Triple.h>

#include <string>

namespace kayton::codegen {

namespace {

struct Machines {
    std::mutex mutex;
    std::unique_ptr<llvm::TargetMachine> o0, o2;
};

// Lives to the process's end, so that no other thread's code generation can outlive it.
Machines& machines() {
    static auto* all = std::make_unique<Machines>().release();
    return *all;
}

Result<std::unique_ptr<llvm::TargetMachine>> make_machine(OptLevel opt) {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    const std::string triple = llvm::sys::getProcessTriple();
    std::string error;
#if LLVM_VERSION_MAJOR >= 22
    const llvm::Triple where(triple);
    const llvm::Target* target = llvm::TargetRegistry::lookupTarget(where, error);
#else
    const std::string& where = triple;
    const llvm::Target* target = llvm::TargetRegistry::lookupTarget(where, error);
#endif
    if (target == nullptr) {
        return fail(ErrorKind::kSystem, "no code generator for this machine (" + triple + "): " + error,
                    "Kayton needs an x86-64 machine");
    }
    const HostProcessor& host = host_processor();
    llvm::TargetOptions options;
    options.TrapUnreachable = true;
    auto level = opt == OptLevel::kO0 ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Default;
    std::unique_ptr<llvm::TargetMachine> machine(
        target->createTargetMachine(where, host.name, host.features, options,
                                    llvm::Reloc::PIC_, llvm::CodeModel::Small, level, /*JIT=*/true));
    if (machine == nullptr) {
        return fail(ErrorKind::kSystem, "LLVM cannot make code for this machine (" + triple + ")");
    }
    if (opt == OptLevel::kO0) machine->setFastISel(true);
    return machine;
}

}  // namespace

const HostProcessor& host_processor() {
    static const HostProcessor host = [] {
        llvm::SubtargetFeatures features;
        for (const auto& feature : llvm::sys::getHostCPUFeatures()) features.AddFeature(feature.first(), feature.second);
        return HostProcessor{llvm::sys::getHostCPUName().str(), features.getString()};
    }();
    return host;
}

Result<LockedTarget> target_for(OptLevel opt) {
    Machines& all = machines();
    LockedTarget locked{std::unique_lock(all.mutex), nullptr};
    auto& place = opt == OptLevel::kO0 ? all.o0 : all.o2;
    if (place == nullptr) {
        auto made = make_machine(opt);
        if (!made) return tl::unexpected(made.error());
        place = std::move(*made);
    }
    locked.machine = place.get();
    return locked;
}

}  // namespace kayton::codegen
