// Generators as LLVM coroutines of the switched-resume kind: the function itself sets the frame up and goes back to its
// caller at the first suspension; LLVM splits off the code that resumes it. Values, errors and the end cross in the
// KtGenerator that the frame lies in, and closing resumes the code, so nothing of LLVM's destroy and final suspension
// is used.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "compiler/codegen/emitter.h"
#include "shared/kayton_api.h"

namespace kayton::codegen {

using kir::Opcode;

// Back to whoever called or resumed the coroutine.
llvm::BasicBlock* Emitter::suspended() {
    if (suspended_ != nullptr) return suspended_;
    suspended_ = llvm::BasicBlock::Create(context_, "suspended", function_);
    llvm::IRBuilder<>::InsertPointGuard guard(b_);
    b_.SetInsertPoint(suspended_);
    b_.CreateIntrinsic(llvm::Intrinsic::coro_end, {},
                       {coro_handle_, b_.getFalse(), llvm::ConstantTokenNone::get(context_)});
    b_.CreateRet(llvm::ConstantInt::get(i32_, KT_OK));
    return suspended_;
}

llvm::Value* Emitter::emit_coroutine(const kir::Inst& inst) {
    switch (inst.op) {
        case Opcode::kCoroSize: {
            auto* null = llvm::ConstantPointerNull::get(ptr_);
            coro_id_ = b_.CreateIntrinsic(llvm::Intrinsic::coro_id, {}, {b_.getInt32(16), null, null, null});
            return b_.CreateIntrinsic(llvm::Intrinsic::coro_size, {i64_}, {});
        }
        case Opcode::kCoroBegin:
            coro_handle_ = b_.CreateIntrinsic(llvm::Intrinsic::coro_begin, {}, {coro_id_, use(inst.a)});
            return coro_handle_;
        case Opcode::kSuspend: {
            auto* how = b_.CreateIntrinsic(llvm::Intrinsic::coro_suspend, {},
                                           {llvm::ConstantTokenNone::get(context_), b_.getFalse()});
            auto* choice = b_.CreateSwitch(how, suspended(), 2);
            choice->addCase(b_.getInt8(0), blocks_[inst.edge]);
            choice->addCase(b_.getInt8(1), suspended());
            return nullptr;
        }
        default: b_.CreateBr(suspended()); return nullptr;  // kCoroEnd
    }
}

}  // namespace kayton::codegen
