// generate_object: the typed program through KIR and LLVM to an object.
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include <cstdlib>
#include <string_view>

#include "compiler/codegen/emitter.h"
#include "compiler/codegen/optimize.h"
#include "compiler/codegen/target.h"
#include "compiler/kir/lower.h"
#include "compiler/kir/program_lowering.h"

namespace kayton {

namespace {

// Our own invariant: broken IR is a fault of the compiler. Checked in every build without NDEBUG.
Result<void> verify([[maybe_unused]] const llvm::Module& module) {
#ifndef NDEBUG
    std::string text;
    llvm::raw_string_ostream out(text);
    if (llvm::verifyModule(module, &out)) return fail(ErrorKind::kInternal, "the compiler made invalid code: " + text);
#endif
    return {};
}

// For whoever works on the compiler: KAYTON_DUMP=kir, llvm or optimized prints that form of every module compiled to
// standard error.
bool dump_asked(std::string_view form) {
    const char* asked = std::getenv("KAYTON_DUMP");
    return asked != nullptr && form == asked;
}

Result<CompiledModule> emit_object(const kir::Module& source, OptLevel opt) {
    if (dump_asked("kir")) llvm::errs() << kir::to_text(source);
    auto target = codegen::target_for(opt);
    if (!target) return tl::unexpected(target.error());
    llvm::LLVMContext context;
    llvm::Module module(source.name, context);
#if LLVM_VERSION_MAJOR >= 21
    module.setTargetTriple(target->machine->getTargetTriple());
#else
    module.setTargetTriple(target->machine->getTargetTriple().str());
#endif
    module.setDataLayout(target->machine->createDataLayout());
    module.setPICLevel(llvm::PICLevel::BigPIC);
    codegen::Emitter emitter(source, module, opt);
    emitter.emit();
    if (dump_asked("llvm")) module.print(llvm::errs(), nullptr);
    if (auto valid = verify(module); !valid) return tl::unexpected(valid.error());
    if (opt == OptLevel::kO0 || emitter.worth_optimizing()) {
        codegen::optimize(module, *target->machine, opt, emitter.has_coroutines());
    }
    if (dump_asked("optimized")) module.print(llvm::errs(), nullptr);
    auto object = target->write_object(module);
    if (!object) return tl::unexpected(object.error());
    return CompiledModule{std::move(*object), source.entry, {}};
}

}  // namespace

Result<CompiledModule> generate_object(const typed::TypedProgram& program, const std::string& module_name, OptLevel opt,
                                       const Environment& environment) {
    auto lowered = kir::ProgramLowering(program, environment, module_name).lower();
    if (!lowered) return tl::unexpected(lowered.error());
    return emit_object(*lowered, opt);
}

}  // namespace kayton
