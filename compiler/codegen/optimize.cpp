#include "compiler/codegen/optimize.h"

#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Coroutines/CoroCleanup.h>
#include <llvm/Transforms/Coroutines/CoroEarly.h>
#include <llvm/Transforms/Coroutines/CoroSplit.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include <vector>

namespace kayton::codegen {

namespace {

// From this size on a person waits for the passes: fewer of them, and little inlining, take a third less time.
constexpr unsigned kLargeModule = 20'000;  // instructions
constexpr int kInlineInLargeModules = 25;

// Slots become registers; everything else is left to the fast instruction selector. Without LLVM's manager of passes,
// which takes longer to set up than a cell's functions take to go through.
void promote_slots(llvm::Module& module) {
    std::vector<llvm::AllocaInst*> slots;
    for (llvm::Function& function : module) {
        if (function.isDeclaration()) continue;
        llvm::DominatorTree dominators(function);
        for (;;) {  // what held another slot's address may be promoted once that is
            slots.clear();
            for (llvm::Instruction& instruction : function.getEntryBlock()) {
                auto* slot = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
                if (slot != nullptr && llvm::isAllocaPromotable(slot)) slots.push_back(slot);
            }
            if (slots.empty()) break;
            llvm::PromoteMemToReg(slots, dominators);
        }
    }
}

}  // namespace

void optimize(llvm::Module& module, llvm::TargetMachine& machine, OptLevel opt, bool has_coroutines) {
    if (opt == OptLevel::kO0) promote_slots(module);
    if (opt == OptLevel::kO0 && !has_coroutines) return;
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    const bool large = module.getInstructionCount() > kLargeModule;
    llvm::PipelineTuningOptions tuning;
    if (large) tuning.InlinerThreshold = kInlineInLargeModules;
    llvm::PassBuilder builder(&machine, tuning);
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
    llvm::ModulePassManager passes;
    if (opt == OptLevel::kO0) {
        // What nothing calls is not visited below, and must not be left as it is.
        passes.addPass(llvm::GlobalDCEPass());
        passes.addPass(llvm::CoroEarlyPass());
        passes.addPass(llvm::createModuleToPostOrderCGSCCPassAdaptor(llvm::CoroSplitPass()));
        passes.addPass(llvm::CoroCleanupPass());
    } else {
        passes = builder.buildPerModuleDefaultPipeline(large ? llvm::OptimizationLevel::O1 : llvm::OptimizationLevel::O2);
    }
    passes.run(module, modules);
}

}  // namespace kayton::codegen
