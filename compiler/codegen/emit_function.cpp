// Instructions of a KIR function as LLVM IR.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/MDBuilder.h>

#include <algorithm>

#include "compiler/codegen/emitter.h"
#include "shared/kayton_api.h"

namespace kayton::codegen {

using kir::BlockId;
using kir::Inst;
using kir::Memory;
using kir::Opcode;
using kir::Repr;

std::vector<BlockId> Emitter::reverse_post_order(const kir::Function& source, bool& has_loop) {
    has_loop = false;
    std::vector<BlockId> order;
    std::vector<uint8_t> seen(source.blocks.size());  // 1: on the way, 2: done
    struct Frame {
        BlockId block;
        std::vector<BlockId> successors;
        size_t next = 0;
    };
    auto enter = [&](BlockId block) {
        seen[block] = 1;
        Frame frame{block, {}, 0};
        for (const Inst& inst : source.blocks[block].insts) {
            if (inst.edge != kir::kNone) frame.successors.push_back(inst.edge);
            if (inst.other != kir::kNone) frame.successors.push_back(inst.other);
        }
        return frame;
    };
    std::vector<Frame> stack;
    stack.push_back(enter(0));
    while (!stack.empty()) {
        Frame& top = stack.back();
        if (top.next == top.successors.size()) {
            order.push_back(top.block);
            seen[top.block] = 2;
            stack.pop_back();
            continue;
        }
        BlockId next = top.successors[top.next++];
        if (seen[next] == 1) has_loop = true;
        if (seen[next] == 0) stack.push_back(enter(next));
    }
    std::reverse(order.begin(), order.end());
    return order;
}

// A shipped module says in its first line that its functions are seldom hot and many: the passes would take longer than
// they save. (`import datetime` took 0.9 s of them, 0.2 s without.)
static bool compiled_quickly(const kir::Function& source) {
    return !source.coroutine && source.file != nullptr && source.file->name().starts_with('<') &&
           source.file->text().starts_with("# [compile: quick]");
}

void Emitter::emit_function(uint32_t position) {
    const kir::Function& source = source_.functions[position];
    llvm::Function* target = declare(position);
    function_ = target;
    scope_ = subprogram(source);
    target->setSubprogram(scope_);
    last_begin_ = UINT32_MAX;
    values_.assign(source.values.size(), nullptr);
    slots_.assign(source.slots.size(), nullptr);
    suspended_ = nullptr;
    if (source.coroutine) {
        has_coroutines_ = true;
        target->setPresplitCoroutine();
    }
    blocks_.assign(source.blocks.size(), nullptr);

    auto* frame = llvm::BasicBlock::Create(context_, "frame", target);
    bool has_loop = false;
    std::vector<BlockId> order = reverse_post_order(source, has_loop);
    // Some of LLVM's passes take the square of a function's size: a long module body is worth none of them.
    constexpr size_t kLongBody = 500;  // blocks
    const bool once = source.runs_once && (!has_loop || order.size() > kLongBody);
    if (opt_ != OptLevel::kO0 && (once || compiled_quickly(source))) {
        skip_optimizing(target);
    } else {
        worth_optimizing_ = true;
    }
    // Code that seldom runs lies behind the rest.
    for (bool cold : {false, true}) {
        for (BlockId block : order) {
            if (source.blocks[block].cold == cold) {
                blocks_[block] = llvm::BasicBlock::Create(context_, "b" + llvm::Twine(block), target);
            }
        }
    }
    b_.SetInsertPoint(frame);
    b_.SetCurrentDebugLocation(llvm::DebugLoc());
    std::vector<bool> used(source.slots.size());
    for (BlockId block : order) {
        for (const Inst& inst : source.blocks[block].insts) {
            if (inst.op == Opcode::kSlotAddr) used[static_cast<size_t>(inst.imm)] = true;
        }
    }
    for (size_t i = 0; i < source.slots.size(); ++i) {
        if (!used[i]) continue;
        const kir::Slot& slot = source.slots[i];
        llvm::Type* type = slot.repr == Repr::kVoid ? llvm::ArrayType::get(i8_, slot.size) : memory_type(slot.repr);
        slots_[i] = b_.CreateAlloca(type, nullptr, slot.name);
        slots_[i]->setAlignment(llvm::Align(slot.align));
    }
    result_ = nullptr;
    if (returns_in_registers(position)) {
        result_ = b_.CreateAlloca(llvm::ArrayType::get(i8_, source.result_parts.back().offset + 8), nullptr, "result");
        result_->setAlignment(llvm::Align(8));
    }
    set_line(source, source.span);
    b_.CreateBr(blocks_[0]);
    for (BlockId block : order) emit_block(source, block);
}

void Emitter::emit_block(const kir::Function& source, BlockId block) {
    b_.SetInsertPoint(blocks_[block]);
    in_cold_block_ = source.blocks[block].cold;
    for (const Inst& inst : source.blocks[block].insts) {
        set_line(source, inst.span);
        emit_inst(source, inst);
    }
    // An open end cannot be reached (see Builder::open).
    if (b_.GetInsertBlock()->getTerminator() == nullptr) b_.CreateUnreachable();
}

void Emitter::emit_inst(const kir::Function& source, const Inst& inst) {
    switch (inst.op) {
        case Opcode::kStore: emit_store(source, inst); return;
        case Opcode::kRetain: retain(use(inst.a), inst.nullable); return;
        case Opcode::kRelease: release(use(inst.a), inst.nullable, in_cold_block_); return;
        case Opcode::kRetainValue:
            b_.CreateCall(count_function("kt.retain_value", true, true), {use(inst.a), use(inst.b)});
            return;
        case Opcode::kReleaseValue:
            b_.CreateCall(count_function("kt.release_value", true, false), {use(inst.a), use(inst.b)});
            return;
        case Opcode::kCheck: branch_cold(use(inst.a), blocks_[inst.edge]); return;
        case Opcode::kJump: b_.CreateBr(blocks_[inst.edge]); return;
        case Opcode::kBranch: {
            auto* branch = b_.CreateCondBr(use(inst.a), blocks_[inst.edge], blocks_[inst.other]);
            if (inst.likely == 1) branch->setMetadata(llvm::LLVMContext::MD_prof, likely_weights_);
            if (inst.likely == 2) branch->setMetadata(llvm::LLVMContext::MD_prof, cold_weights_);
            return;
        }
        case Opcode::kReturn: emit_return(source, inst); return;
        case Opcode::kUnreachable: b_.CreateUnreachable(); return;
        case Opcode::kSuspend:
        case Opcode::kCoroEnd: emit_coroutine(inst); return;
        default: break;
    }
    llvm::Value* value = emit_value(source, inst);
    if (inst.result != kir::kNone) values_[inst.result] = value;
}

void Emitter::emit_return(const kir::Function& source, const Inst& inst) {
    if (inst.a == kir::kNone) {
        b_.CreateRetVoid();
        return;
    }
    llvm::Value* returned = to_memory(use(inst.a), source.values[inst.a]);
    if (result_ != nullptr) {
        const auto* status = llvm::dyn_cast<llvm::ConstantInt>(returned);
        const bool failed = status != nullptr && !status->isZero();  // then there is no result
        returned = b_.CreateInsertValue(llvm::PoisonValue::get(function_->getReturnType()), returned, 0);
        for (unsigned i = 0; i < source.result_parts.size() && !failed; ++i) {
            const auto [repr, offset] = source.result_parts[i];
            returned = b_.CreateInsertValue(returned, b_.CreateLoad(memory_type(repr), address(result_, offset)), i + 1);
        }
    }
    b_.CreateRet(returned);
}

llvm::Value* Emitter::emit_value(const kir::Function& source, const Inst& inst) {
    auto a = [&] { return use(inst.a); };
    auto b = [&] { return use(inst.b); };
    auto overflowing = [&](llvm::Intrinsic::ID id) {
        llvm::Value* pair = b_.CreateBinaryIntrinsic(id, a(), b());
        llvm::Value* result = b_.CreateExtractValue(pair, 0);
        branch_cold(b_.CreateExtractValue(pair, 1), blocks_[inst.edge]);
        return result;
    };
    switch (inst.op) {
        case Opcode::kParam:
            if (result_ != nullptr && static_cast<size_t>(inst.imm) + 1 == source.params.size()) return result_;
            return from_memory(function_->getArg(static_cast<unsigned>(inst.imm)), inst.repr);
        case Opcode::kConst:
            if (inst.repr == Repr::kPointer) return llvm::ConstantPointerNull::get(ptr_);
            return llvm::ConstantInt::getSigned(type_of(inst.repr), inst.repr == Repr::kBool ? -(inst.imm & 1) : inst.imm);
        case Opcode::kConstFloat: return llvm::ConstantFP::get(f64_, inst.number);
        case Opcode::kDataAddr: return data(static_cast<kir::DataId>(inst.imm));
        case Opcode::kFunctionAddr: return declare(static_cast<uint32_t>(inst.imm));
        case Opcode::kRuntimeAddr: return runtime(inst.runtime);
        case Opcode::kSlotAddr: return slots_[static_cast<size_t>(inst.imm)];
        case Opcode::kFrameAddr: return b_.CreateIntrinsic(llvm::Intrinsic::frameaddress, {ptr_}, {b_.getInt32(0)});
        case Opcode::kLoad: return emit_load(inst);
        case Opcode::kLoadByte: return b_.CreateZExt(b_.CreateLoad(i8_, address(a(), inst.imm)), i64_);
        case Opcode::kOffset:
            if (inst.b == kir::kNone) return address(a(), inst.imm);
            if (inst.imm == 8) return b_.CreateInBoundsGEP(i64_, a(), b());
            if (inst.imm == 1) return b_.CreateInBoundsGEP(i8_, a(), b());
            return b_.CreateInBoundsGEP(i8_, a(), b_.CreateMul(b(), int64(inst.imm)));
        case Opcode::kAdd: return b_.CreateAdd(a(), b());
        case Opcode::kSub: return b_.CreateSub(a(), b());
        case Opcode::kMul: return b_.CreateMul(a(), b());
        case Opcode::kAnd: case Opcode::kBoolAnd: return b_.CreateAnd(a(), b());
        case Opcode::kOr: case Opcode::kBoolOr: return b_.CreateOr(a(), b());
        case Opcode::kXor: case Opcode::kBoolXor: return b_.CreateXor(a(), b());
        case Opcode::kShl: return b_.CreateShl(a(), b());
        case Opcode::kAShr: return b_.CreateAShr(a(), b());
        case Opcode::kSDiv: return b_.CreateSDiv(a(), b());
        case Opcode::kSRem: return b_.CreateSRem(a(), b());
        case Opcode::kUDiv: return b_.CreateUDiv(a(), b());
        case Opcode::kAddChecked: return overflowing(llvm::Intrinsic::sadd_with_overflow);
        case Opcode::kSubChecked: return overflowing(llvm::Intrinsic::ssub_with_overflow);
        case Opcode::kMulChecked: return overflowing(llvm::Intrinsic::smul_with_overflow);
        case Opcode::kEq: return b_.CreateICmpEQ(a(), b());
        case Opcode::kNe: return b_.CreateICmpNE(a(), b());
        case Opcode::kLt: return b_.CreateICmpSLT(a(), b());
        case Opcode::kLe: return b_.CreateICmpSLE(a(), b());
        case Opcode::kGt: return b_.CreateICmpSGT(a(), b());
        case Opcode::kGe: return b_.CreateICmpSGE(a(), b());
        case Opcode::kULt: return b_.CreateICmpULT(a(), b());
        case Opcode::kUGe: return b_.CreateICmpUGE(a(), b());
        case Opcode::kFAdd: return b_.CreateFAdd(a(), b());
        case Opcode::kFSub: return b_.CreateFSub(a(), b());
        case Opcode::kFMul: return b_.CreateFMul(a(), b());
        case Opcode::kFDiv: return b_.CreateFDiv(a(), b());
        case Opcode::kFNeg: return b_.CreateFNeg(a());
        case Opcode::kFSqrt: return b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, a());
        case Opcode::kFAbs: return b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a());
        case Opcode::kFFloor: return b_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, a());
        case Opcode::kFCeil: return b_.CreateUnaryIntrinsic(llvm::Intrinsic::ceil, a());
        case Opcode::kFloatToInt: return b_.CreateFPToSI(a(), i64_);
        case Opcode::kFEq: return b_.CreateFCmpOEQ(a(), b());
        case Opcode::kFNe: return b_.CreateFCmpUNE(a(), b());
        case Opcode::kFLt: return b_.CreateFCmpOLT(a(), b());
        case Opcode::kFLe: return b_.CreateFCmpOLE(a(), b());
        case Opcode::kFGt: return b_.CreateFCmpOGT(a(), b());
        case Opcode::kFGe: return b_.CreateFCmpOGE(a(), b());
        case Opcode::kNot: return b_.CreateXor(a(), b_.getTrue());
        case Opcode::kSelect: return b_.CreateSelect(a(), b(), use(inst.c));
        case Opcode::kIntToFloat: return b_.CreateSIToFP(a(), f64_);
        case Opcode::kBoolToInt: return b_.CreateZExt(a(), i64_);
        case Opcode::kInt32ToInt: return b_.CreateSExt(a(), i64_);
        case Opcode::kPointerToInt: return b_.CreatePtrToInt(a(), i64_);
        case Opcode::kIntToPointer: return b_.CreateIntToPtr(a(), ptr_);
        case Opcode::kFloatBits: return b_.CreateBitCast(a(), i64_);
        case Opcode::kBitsToFloat: return b_.CreateBitCast(a(), f64_);
        case Opcode::kCall:
        case Opcode::kCallRuntime:
        case Opcode::kCallIndirect: return emit_call(source, inst);
        case Opcode::kCoroSize:
        case Opcode::kCoroBegin: return emit_coroutine(inst);
        default: return nullptr;
    }
}

llvm::Value* Emitter::address(llvm::Value* base, int64_t offset) {
    return offset == 0 ? base : b_.CreateInBoundsGEP(i8_, base, int64(offset));
}

llvm::Value* Emitter::to_memory(llvm::Value* value, Repr repr) {
    return repr == Repr::kBool ? b_.CreateZExt(value, i8_) : value;
}

llvm::Value* Emitter::from_memory(llvm::Value* value, Repr repr) {
    return repr == Repr::kBool ? b_.CreateICmpNE(value, llvm::ConstantInt::get(i8_, 0)) : value;
}

void Emitter::tag(llvm::Instruction* access, Memory memory) {
    if (opt_ == OptLevel::kO0) return;
    if (memory == Memory::kAny || memory == Memory::kStack || memory == Memory::kFlag) return;
    if (memory_tags_.empty()) {
        llvm::MDBuilder metadata(context_);
        llvm::MDNode* root = metadata.createTBAARoot("kayton");
        for (int i = 0; i <= static_cast<int>(Memory::kFlag); ++i) {
            auto* kind = metadata.createTBAAScalarTypeNode("memory" + std::to_string(i), root);
            memory_tags_.push_back(metadata.createTBAAStructTagNode(kind, kind, 0));
        }
    }
    access->setMetadata(llvm::LLVMContext::MD_tbaa, memory_tags_[static_cast<size_t>(memory)]);
}

llvm::Value* Emitter::emit_load(const Inst& inst) {
    auto* load = b_.CreateLoad(memory_type(inst.repr), address(use(inst.a), inst.imm));
    tag(load, inst.memory);
    if (inst.memory == Memory::kFlag && inst.repr == Repr::kInt32) load->setVolatile(true);
    if (inst.memory == Memory::kModuleSlot) {
        // Slots are filled before any of the module's functions runs; the body is never inlined into the entry.
        load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(context_, {}));
    }
    if (inst.object_size != 0) {
        // Reading from the object's header is safe wherever the pointer is known: loops need not ask again.
        llvm::Metadata* size[] = {llvm::ConstantAsMetadata::get(int64(inst.object_size))};
        load->setMetadata(inst.nullable ? llvm::LLVMContext::MD_dereferenceable_or_null : llvm::LLVMContext::MD_dereferenceable,
                          llvm::MDNode::get(context_, size));
        llvm::Metadata* align[] = {llvm::ConstantAsMetadata::get(int64(8))};
        load->setMetadata(llvm::LLVMContext::MD_align, llvm::MDNode::get(context_, align));
        if (!inst.nullable) load->setMetadata(llvm::LLVMContext::MD_nonnull, llvm::MDNode::get(context_, {}));
    }
    return from_memory(load, inst.repr);
}

void Emitter::emit_store(const kir::Function& source, const Inst& inst) {
    auto* store = b_.CreateStore(to_memory(use(inst.b), source.values[inst.b]), address(use(inst.a), inst.imm));
    tag(store, inst.memory);
}

void Emitter::branch_cold(llvm::Value* failed, llvm::BasicBlock* cold) {
    auto* next = llvm::BasicBlock::Create(context_, "", function_, b_.GetInsertBlock()->getNextNode());
    b_.CreateCondBr(failed, cold, next)->setMetadata(llvm::LLVMContext::MD_prof, cold_weights_);
    b_.SetInsertPoint(next);
}

llvm::Value* Emitter::emit_call(const kir::Function& source, const Inst& inst) {
    std::vector<llvm::Value*> args;
    std::vector<llvm::Type*> types;
    for (uint32_t i = 0; i < inst.args_count; ++i) {
        kir::ValueId value = source.args[inst.args_begin + i];
        args.push_back(to_memory(use(value), source.values[value]));
        types.push_back(args.back()->getType());
    }
    llvm::CallInst* call = nullptr;
    const bool in_registers = inst.op == Opcode::kCall && returns_in_registers(static_cast<uint32_t>(inst.imm));
    llvm::Value* out = nullptr;
    if (inst.op == Opcode::kCallIndirect) {
        auto* type = llvm::FunctionType::get(i32_, types, false);
        call = b_.CreateCall(type, use(inst.a), args);
        for (unsigned i = 0; i < types.size(); ++i) {
            if (types[i] == i8_) call->addParamAttr(i, llvm::Attribute::ZExt);
        }
    } else {
        llvm::Function* callee =
            inst.op == Opcode::kCall ? declare(static_cast<uint32_t>(inst.imm)) : runtime(inst.runtime);
        if (in_registers) {
            out = args.back();
            args.pop_back();
        }
        call = b_.CreateCall(callee, args);
        call->setAttributes(callee->getAttributes().removeFnAttributes(context_));
    }
    call->setDoesNotThrow();
    llvm::Value* returned = in_registers ? b_.CreateExtractValue(call, 0) : call;
    if (inst.edge != kir::kNone) branch_cold(b_.CreateICmpNE(returned, llvm::ConstantInt::get(i32_, 0)), blocks_[inst.edge]);
    if (in_registers) {
        const std::vector<kir::ResultPart>& parts = source_.functions[static_cast<size_t>(inst.imm)].result_parts;
        for (unsigned i = 0; i < parts.size(); ++i) {
            b_.CreateStore(b_.CreateExtractValue(call, i + 1), address(out, parts[i].offset));
        }
    }
    return inst.edge != kir::kNone || inst.repr == Repr::kVoid ? nullptr : from_memory(returned, inst.repr);
}

// --- reference counts

void Emitter::retain(llvm::Value* object, bool nullable) {
    if (nullable) {
        b_.CreateCall(count_function("kt.retain", false, true), {object});
        return;
    }
    auto* count = b_.CreateLoad(i64_, object);
    tag(count, Memory::kRefcount);
    tag(b_.CreateStore(b_.CreateAdd(count, int64(1)), object), Memory::kRefcount);
}

void Emitter::release(llvm::Value* object, bool nullable, bool cold) {
    if (nullable || cold || opt_ == OptLevel::kO0) {
        b_.CreateCall(count_function("kt.release", false, false), {object});
        return;
    }
    auto* count = b_.CreateLoad(i64_, object);
    tag(count, Memory::kRefcount);
    auto* less = b_.CreateSub(count, int64(1));
    tag(b_.CreateStore(less, object), Memory::kRefcount);
    auto* here = b_.GetInsertBlock();
    auto* next = llvm::BasicBlock::Create(context_, "", function_, here->getNextNode());
    auto* last = llvm::BasicBlock::Create(context_, "", function_, next);
    b_.CreateCondBr(b_.CreateICmpEQ(less, int64(0)), last, next);
    b_.SetInsertPoint(last);
    b_.CreateCall(runtime(typed::RuntimeFn::kt_dealloc), {object});
    b_.CreateBr(next);
    b_.SetInsertPoint(next);
}

// kt.retain(object), kt.release(object): null is allowed. kt.retain_value(type, payload), kt.release_value: of a
// KtValue; a null type holds nothing. Bodies of the module's own are for the optimiser, which puts them in place;
// without one the runtime's are better and cost the compiler nothing.
llvm::Function* Emitter::count_function(const char* name, bool of_value, bool retaining) {
    if (opt_ == OptLevel::kO0) {
        using typed::RuntimeFn;
        return of_value ? runtime(retaining ? RuntimeFn::kt_retain_value : RuntimeFn::kt_release_value)
                        : runtime(retaining ? RuntimeFn::kt_retain : RuntimeFn::kt_release);
    }
    llvm::Function*& place = count_functions_[name];
    if (place != nullptr) return place;
    std::vector<llvm::Type*> params(1, ptr_);
    if (of_value) params.push_back(i64_);
    auto* type = llvm::FunctionType::get(void_, params, false);
    place = llvm::Function::Create(type, llvm::Function::InternalLinkage, name, &module_);
    mark(place, type);
    place->addFnAttr("frame-pointer", "all");
    place->setDSOLocal(true);
    llvm::Function* function = place;

    llvm::IRBuilder<>::InsertPointGuard guard(b_);
    auto* entry = llvm::BasicBlock::Create(context_, "", function);
    auto* object_block = llvm::BasicBlock::Create(context_, "object", function);
    auto* done = llvm::BasicBlock::Create(context_, "done", function);
    b_.SetInsertPoint(entry);
    b_.SetCurrentDebugLocation(llvm::DebugLoc());
    llvm::Value* object = function->getArg(0);
    if (of_value) {
        auto* typed = llvm::BasicBlock::Create(context_, "typed", function, object_block);
        b_.CreateCondBr(b_.CreateIsNull(function->getArg(0)), done, typed);
        b_.SetInsertPoint(typed);
        auto* kind = b_.CreateLoad(i32_, function->getArg(0));
        tag(kind, Memory::kObjectType);
        object = b_.CreateIntToPtr(function->getArg(1), ptr_);
        auto* past_scalars = b_.CreateICmpUGE(kind, llvm::ConstantInt::get(i32_, KT_KIND_STR));
        auto* no_class = b_.CreateICmpNE(kind, llvm::ConstantInt::get(i32_, KT_KIND_TYPE));  // a class itself is no object
        b_.CreateCondBr(b_.CreateAnd(past_scalars, no_class), object_block, done);
    } else {
        b_.CreateCondBr(b_.CreateIsNull(object), done, object_block);
    }
    b_.SetInsertPoint(object_block);
    auto* count = b_.CreateLoad(i64_, object);
    tag(count, Memory::kRefcount);
    auto* changed = retaining ? b_.CreateAdd(count, int64(1)) : b_.CreateSub(count, int64(1));
    tag(b_.CreateStore(changed, object), Memory::kRefcount);
    if (retaining) {
        b_.CreateBr(done);
    } else {
        auto* last = llvm::BasicBlock::Create(context_, "last", function);
        b_.CreateCondBr(b_.CreateICmpEQ(changed, int64(0)), last, done);
        b_.SetInsertPoint(last);
        b_.CreateCall(runtime(typed::RuntimeFn::kt_dealloc), {object});
        b_.CreateBr(done);
    }
    b_.SetInsertPoint(done);
    b_.CreateRetVoid();
    return function;
}

}  // namespace kayton::codegen
