#include "compiler/codegen/optimize.h"

#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Coroutines/CoroCleanup.h>
#include <llvm/Transforms/Coroutines/CoroEarly.h>
#include <llvm/Transforms/Coroutines/CoroSplit.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/Utils/Mem2Reg.h>

namespace kayton::codegen {

namespace {

// From this size on a person waits for the passes: fewer of them, and little inlining, take a third less time.
constexpr unsigned kLargeModule = 20'000;  // instructions
constexpr int kInlineInLargeModules = 25;

}  // namespace

void optimize(llvm::Module& module, llvm::TargetMachine& machine, OptLevel opt, bool has_coroutines) {
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
        // Slots become registers; everything else is left to the fast instruction selector.
        passes.addPass(llvm::createModuleToFunctionPassAdaptor(llvm::PromotePass()));
        if (has_coroutines) {
            // What nothing calls is not visited below, and must not be left as it is.
            passes.addPass(llvm::GlobalDCEPass());
            passes.addPass(llvm::CoroEarlyPass());
            passes.addPass(llvm::createModuleToPostOrderCGSCCPassAdaptor(llvm::CoroSplitPass()));
            passes.addPass(llvm::CoroCleanupPass());
        }
    } else {
        passes = builder.buildPerModuleDefaultPipeline(large ? llvm::OptimizationLevel::O1 : llvm::OptimizationLevel::O2);
    }
    passes.run(module, modules);
}

}  // namespace kayton::codegen
