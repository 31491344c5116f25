#include "compiler/kir/builder.h"

#include <utility>

namespace kayton::kir {

namespace {

bool ends_block(Opcode op) {
    switch (op) {
        case Opcode::kSuspend:
        case Opcode::kCoroEnd:
        case Opcode::kJump:
        case Opcode::kBranch:
        case Opcode::kReturn:
        case Opcode::kUnreachable: return true;
        default: return false;
    }
}

}  // namespace

BlockId Builder::new_block(bool cold) {
    function_.blocks.emplace_back();
    function_.blocks.back().cold = cold;
    return static_cast<BlockId>(function_.blocks.size() - 1);
}

bool Builder::open() const {
    const auto& insts = function_.blocks[block_].insts;
    return insts.empty() || !ends_block(insts.back().op);
}

Inst& Builder::append(Opcode op, Repr repr) {
    // What follows an end of a block is unreachable; it gets a block of its own, which the code generator drops.
    if (!open()) block_ = new_block(true);
    auto& insts = function_.blocks[block_].insts;
    insts.emplace_back();
    Inst& inst = insts.back();
    inst.op = op;
    inst.repr = repr;
    inst.span = span;
    return inst;
}

ValueId Builder::define(Inst& inst) {
    inst.result = static_cast<ValueId>(function_.values.size());
    function_.values.push_back(inst.repr);
    if (inst.op == Opcode::kConst) {
        constants_.resize(inst.result + 1);
        constants_[inst.result] = {true, inst.imm};
    }
    return inst.result;
}

void Builder::set_args(Inst& inst, std::span<const ValueId> args) {
    inst.args_begin = static_cast<uint32_t>(function_.args.size());
    inst.args_count = static_cast<uint32_t>(args.size());
    function_.args.insert(function_.args.end(), args.begin(), args.end());
}

void Builder::jump(BlockId target) {
    if (!open()) return;
    append(Opcode::kJump, Repr::kVoid).edge = target;
}

void Builder::branch(ValueId condition, BlockId if_true, BlockId if_false, uint8_t likely) {
    Inst& inst = append(Opcode::kBranch, Repr::kVoid);
    inst.a = condition;
    inst.edge = if_true;
    inst.other = if_false;
    inst.likely = likely;
}

void Builder::return_value(ValueId value) { append(Opcode::kReturn, Repr::kVoid).a = value; }
void Builder::return_nothing() { append(Opcode::kReturn, Repr::kVoid); }
void Builder::unreachable() { append(Opcode::kUnreachable, Repr::kVoid); }

ValueId Builder::coro_size() { return define(append(Opcode::kCoroSize, Repr::kInt64)); }

ValueId Builder::coro_begin(ValueId memory) { return unary(Opcode::kCoroBegin, Repr::kPointer, memory); }

void Builder::suspend(BlockId resumed) { append(Opcode::kSuspend, Repr::kVoid).edge = resumed; }

void Builder::coro_end() { append(Opcode::kCoroEnd, Repr::kVoid); }

ValueId Builder::param(uint32_t position) {
    Inst& inst = append(Opcode::kParam, function_.params[position]);
    inst.imm = position;
    return define(inst);
}

ValueId Builder::constant(Repr repr, int64_t value) {
    Inst& inst = append(Opcode::kConst, repr);
    inst.imm = value;
    return define(inst);
}

ValueId Builder::floating(double value) {
    Inst& inst = append(Opcode::kConstFloat, Repr::kFloat64);
    inst.number = value;
    return define(inst);
}

ValueId Builder::data(DataId id) {
    Inst& inst = append(Opcode::kDataAddr, Repr::kPointer);
    inst.imm = id;
    return define(inst);
}

ValueId Builder::function_address(uint32_t position) {
    Inst& inst = append(Opcode::kFunctionAddr, Repr::kPointer);
    inst.imm = position;
    return define(inst);
}

ValueId Builder::slot_address(SlotId slot) {
    Inst& inst = append(Opcode::kSlotAddr, Repr::kPointer);
    inst.imm = slot;
    return define(inst);
}

ValueId Builder::frame_address() { return define(append(Opcode::kFrameAddr, Repr::kPointer)); }

ValueId Builder::unary(Opcode op, Repr repr, ValueId a) {
    Inst& inst = append(op, repr);
    inst.a = a;
    return define(inst);
}

ValueId Builder::binary(Opcode op, Repr repr, ValueId a, ValueId b) {
    Inst& inst = append(op, repr);
    inst.a = a;
    inst.b = b;
    return define(inst);
}

ValueId Builder::checked(Opcode op, ValueId a, ValueId b, BlockId overflow) {
    Inst& inst = append(op, Repr::kInt64);
    inst.a = a;
    inst.b = b;
    inst.edge = overflow;
    return define(inst);
}

ValueId Builder::select(Repr repr, ValueId condition, ValueId a, ValueId b) {
    Inst& inst = append(Opcode::kSelect, repr);
    inst.a = condition;
    inst.b = a;
    inst.c = b;
    return define(inst);
}

bool Builder::is_constant(ValueId value, int64_t& out) const {
    if (value >= constants_.size() || !constants_[value].first) return false;
    out = constants_[value].second;
    return true;
}

SlotId Builder::new_slot(Repr repr, std::string name) {
    uint32_t size = repr == Repr::kBool ? 1 : repr == Repr::kInt32 ? 4 : 8;
    function_.slots.push_back({repr, size, size, std::move(name)});
    return static_cast<SlotId>(function_.slots.size() - 1);
}

SlotId Builder::new_area(uint32_t size, uint32_t align, std::string name) {
    function_.slots.push_back({Repr::kVoid, size == 0 ? 1 : size, align, std::move(name)});
    return static_cast<SlotId>(function_.slots.size() - 1);
}

ValueId Builder::load(Repr repr, ValueId address, int64_t at, Memory memory) {
    Inst& inst = append(Opcode::kLoad, repr);
    inst.a = address;
    inst.imm = at;
    inst.memory = memory;
    return define(inst);
}

ValueId Builder::load_object(ValueId address, int64_t at, Memory memory, uint16_t object_size, bool nullable) {
    Inst& inst = append(Opcode::kLoad, Repr::kPointer);
    inst.a = address;
    inst.imm = at;
    inst.memory = memory;
    inst.object_size = object_size;
    inst.nullable = nullable;
    return define(inst);
}

ValueId Builder::load_byte(ValueId address, int64_t at) {
    Inst& inst = append(Opcode::kLoadByte, Repr::kInt64);
    inst.a = address;
    inst.imm = at;
    return define(inst);
}

void Builder::store(ValueId address, int64_t at, ValueId value, Memory memory) {
    Inst& inst = append(Opcode::kStore, Repr::kVoid);
    inst.a = address;
    inst.b = value;
    inst.imm = at;
    inst.memory = memory;
}

ValueId Builder::load_slot(SlotId slot) {
    return load(function_.slots[slot].repr, slot_address(slot), 0, Memory::kStack);
}

void Builder::store_slot(SlotId slot, ValueId value) { store(slot_address(slot), 0, value, Memory::kStack); }

ValueId Builder::offset(ValueId address, int64_t bytes) {
    if (bytes == 0) return address;
    Inst& inst = append(Opcode::kOffset, Repr::kPointer);
    inst.a = address;
    inst.imm = bytes;
    return define(inst);
}

ValueId Builder::element(ValueId address, ValueId index, int64_t size) {
    Inst& inst = append(Opcode::kOffset, Repr::kPointer);
    inst.a = address;
    inst.b = index;
    inst.imm = size;
    return define(inst);
}

void Builder::retain(ValueId object, bool nullable) {
    Inst& inst = append(Opcode::kRetain, Repr::kVoid);
    inst.a = object;
    inst.nullable = nullable;
}

void Builder::release(ValueId object, bool nullable) {
    Inst& inst = append(Opcode::kRelease, Repr::kVoid);
    inst.a = object;
    inst.nullable = nullable;
}

void Builder::retain_value(ValueId type, ValueId payload) {
    Inst& inst = append(Opcode::kRetainValue, Repr::kVoid);
    inst.a = type;
    inst.b = payload;
}

void Builder::release_value(ValueId type, ValueId payload) {
    Inst& inst = append(Opcode::kReleaseValue, Repr::kVoid);
    inst.a = type;
    inst.b = payload;
}

ValueId Builder::call(uint32_t function, std::span<const ValueId> args, BlockId edge) {
    Inst& inst = append(Opcode::kCall, edge == kNone ? Repr::kInt32 : Repr::kVoid);
    inst.imm = function;
    inst.edge = edge;
    set_args(inst, args);
    return edge == kNone ? define(inst) : kNone;
}

ValueId Builder::call_indirect(ValueId code, std::span<const ValueId> args, BlockId edge) {
    Inst& inst = append(Opcode::kCallIndirect, edge == kNone ? Repr::kInt32 : Repr::kVoid);
    inst.a = code;
    inst.edge = edge;
    set_args(inst, args);
    return edge == kNone ? define(inst) : kNone;
}

ValueId Builder::call_runtime(typed::RuntimeFn fn, Repr result, std::initializer_list<ValueId> args, BlockId edge) {
    return call_runtime(fn, result, std::span<const ValueId>(args.begin(), args.size()), edge);
}

ValueId Builder::call_runtime(typed::RuntimeFn fn, Repr result, std::span<const ValueId> args, BlockId edge) {
    Inst& inst = append(Opcode::kCallRuntime, result);
    inst.runtime = fn;
    inst.edge = edge;
    set_args(inst, args);
    return result == Repr::kVoid ? kNone : define(inst);
}

void Builder::check(ValueId failed, BlockId edge) {
    Inst& inst = append(Opcode::kCheck, Repr::kVoid);
    inst.a = failed;
    inst.edge = edge;
}

}  // namespace kayton::kir
