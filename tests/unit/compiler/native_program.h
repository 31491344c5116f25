// Runs typed programs in the test's own process: generates the object, links it with JITLink against the worker's
// runtime, calls its entry, and tells what it printed, raised and leaked.
// One at a time; linked code stays to the test's end.
#pragma once

#include <gtest/gtest.h>
#include <llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h>
#include <llvm/ExecutionEngine/Orc/AbsoluteSymbols.h>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h>
#include <llvm/Support/MemoryBuffer.h>

#include <memory>
#include <string>
#include <vector>

#include "compiler/kir/lower.h"
#include "shared/environment.h"
#include "tests/unit/compiler/typed_builder.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/leak_check.h"
#include "worker/runtime/print.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/runtime_symbols.h"
#include "worker/runtime/vm_state.h"

namespace kayton::test {

struct Outcome {
    int32_t status = -1;
    std::string output;     // what the program printed
    std::string exception;  // "ValueError: text", or what failed before the program ran
    int64_t leaked = 0;     // objects that live on
};

class Collector : public OutputSink {
  public:
    void write(int, std::string_view data) override { text += data; }
    std::string text;
};

// Links modules of one session, so that a later one may use what an earlier one exports.
class NativeSession {
  public:
    NativeSession()
        : session_(llvm::cantFail(llvm::orc::SelfExecutorProcessControl::Create())),
          memory_(4096),
          layer_(session_, memory_),
          library_(session_.createBareJITDylib("program")) {
        llvm::orc::SymbolMap symbols;
        for (const RuntimeSymbol& symbol : runtime_symbols()) {
            symbols[session_.intern(symbol.name)] = {llvm::orc::ExecutorAddr::fromPtr(symbol.address),
                                                     llvm::JITSymbolFlags::Exported};
        }
        llvm::cantFail(library_.define(llvm::orc::absoluteSymbols(std::move(symbols))));
    }
    ~NativeSession() { llvm::cantFail(session_.endSession()); }

    Outcome run(const typed::TypedProgram& program, const std::string& name, OptLevel opt) {
        Outcome outcome;
        auto module = generate_object(program, name, opt, Environment{});
        if (!module) {
            outcome.exception = module.error().message;
            return outcome;
        }
        auto buffer = llvm::MemoryBuffer::getMemBufferCopy(module->object, name);
        llvm::cantFail(layer_.add(library_, std::move(buffer)));
        auto entry = session_.lookup({&library_}, session_.intern(module->entry));
        if (!entry) {
            outcome.exception = llvm::toString(entry.takeError());
            return outcome;
        }
        Collector collector;
        install_output_sink(&collector);
        vm.leak_check = true;
        const auto frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
        kt_stack_limit = reinterpret_cast<const char*>(frame - 256 * 1024);
        const int64_t before = live_objects();
        outcome.status = entry->getAddress().toPtr<int32_t (*)()>()();
        flush_standard_output();
        if (vm.pending != nullptr) {
            KtException* exception = kt_exception_take();
            outcome.exception = exception->base.type->name;
            outcome.exception.append(": ").append(exception_text(exception));
            if (--exception->base.refcount == 0) kt_dealloc(exception);
        }
        outcome.leaked = live_objects() - before;
        install_output_sink(nullptr);
        outcome.output = collector.text;
        return outcome;
    }

  private:
    llvm::orc::ExecutionSession session_;
    llvm::jitlink::InProcessMemoryManager memory_;
    llvm::orc::ObjectLinkingLayer layer_;
    llvm::orc::JITDylib& library_;
};

inline Outcome run(TypedBuilder& builder, OptLevel opt) {
    NativeSession session;
    return session.run(builder.program, "m1", opt);
}

}  // namespace kayton::test
