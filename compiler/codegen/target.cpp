#include "compiler/codegen/target.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>
#include <llvm/TargetParser/Triple.h>
#if __has_include(<llvm/Target/RegisterTargetPassConfigCallback.h>)
#define KAYTON_HAS_PASS_CONFIG_CALLBACK
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/Target/RegisterTargetPassConfigCallback.h>
#endif

#include <string>
#include <utility>

namespace kayton::codegen {

// The passes from LLVM's IR to an object. They end each module as they began it, so that they can take the next; what they
// gather all the same (sections' names, say) goes with the writer.
class ObjectWriter {
  public:
    ObjectWriter() : out_(object_) {}

    [[nodiscard]] bool open(llvm::TargetMachine& machine) {
#ifdef KAYTON_HAS_PASS_CONFIG_CALLBACK
        // A module of a cell is small: what passes cost that have nothing to do in our code is a good part of the whole.
        const llvm::RegisterTargetPassConfigCallback leave_out(
            [](llvm::TargetMachine& of, llvm::PassManagerBase&, llvm::TargetPassConfig* config) {
                if (of.getOptLevel() != llvm::CodeGenOptLevel::None) return;
                for (char* pass : {&llvm::LiveDebugValuesID, &llvm::RemoveRedundantDebugValuesID, &llvm::GCLoweringID,
                                   &llvm::ShadowStackGCLoweringID, &llvm::GCMachineCodeAnalysisID,
                                   &llvm::FixupStatepointCallerSavedID, &llvm::StackMapLivenessID,
                                   &llvm::FEntryInserterID, &llvm::XRayInstrumentationID, &llvm::PatchableFunctionID,
                                   &llvm::FuncletLayoutID, &llvm::MachineSanitizerBinaryMetadataID,
                                   &llvm::RemoveLoadsIntoFakeUsesID, &llvm::StackFrameLayoutAnalysisPassID}) {
                    config->disablePass(pass);
                }
            });
#endif
        return !machine.addPassesToEmitFile(passes_, out_, nullptr, llvm::CodeGenFileType::ObjectFile,
                                            /*DisableVerify=*/true);
    }

    std::string write(llvm::Module& module) {
        object_.clear();
        passes_.run(module);
        ++modules_;
        return {object_.begin(), object_.end()};
    }

    [[nodiscard]] bool worn() const { return modules_ >= kModulesOfAWriter || object_.capacity() > kLargeObject; }

  private:
    static constexpr int kModulesOfAWriter = 256;
    static constexpr size_t kLargeObject = size_t{1} << 20U;  // bytes

    llvm::SmallVector<char, 0> object_;
    llvm::raw_svector_ostream out_;
    llvm::legacy::PassManager passes_;
    int modules_ = 0;
};

namespace {

struct Machines {
    std::mutex mutex;
    struct One {
        std::unique_ptr<llvm::TargetMachine> machine;
        std::unique_ptr<ObjectWriter> writer;  // goes before the machine
    };
    One o0, o2;
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
    Machines::One& place = opt == OptLevel::kO0 ? all.o0 : all.o2;
    if (place.machine == nullptr) {
        auto made = make_machine(opt);
        if (!made) return tl::unexpected(made.error());
        place.machine = std::move(*made);
    }
    locked.machine = place.machine.get();
    locked.writer = &place.writer;
    return locked;
}

Result<std::string> LockedTarget::write_object(llvm::Module& module) const {
    std::unique_ptr<ObjectWriter> kept = std::move(*writer);
    if (kept == nullptr) {
        kept = std::make_unique<ObjectWriter>();
        if (!kept->open(*machine)) return fail(ErrorKind::kInternal, "LLVM cannot write objects for this machine");
    }
    std::string object = kept->write(module);
    if (!kept->worn()) *writer = std::move(kept);
    return object;
}

}  // namespace kayton::codegen
