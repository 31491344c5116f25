// Appends instructions to one KIR function, block by block, and gives every value its number.
// Lives while one function is lowered; one thread.
#pragma once

#include <initializer_list>
#include <span>
#include <string>

#include "compiler/kir/ir.h"

namespace kayton::kir {

class Builder {
  public:
    explicit Builder(Function& function) : function_(function) {}

    // --- blocks
    BlockId new_block(bool cold = false);
    void move_to(BlockId block) { block_ = block; }
    [[nodiscard]] BlockId block() const { return block_; }
    // False after the end of a block: what follows cannot be reached.
    [[nodiscard]] bool open() const;
    void jump(BlockId target);
    void branch(ValueId condition, BlockId if_true, BlockId if_false, uint8_t likely = 0);
    void return_value(ValueId value);
    void return_nothing();
    void unreachable();
    ValueId coro_size();
    ValueId coro_begin(ValueId memory);
    void suspend(BlockId resumed);
    void coro_end();

    // --- values
    ValueId param(uint32_t position);
    ValueId constant(Repr repr, int64_t value);
    ValueId integer(int64_t value) { return constant(Repr::kInt64, value); }
    ValueId boolean(bool value) { return constant(Repr::kBool, value ? 1 : 0); }
    ValueId null() { return constant(Repr::kPointer, 0); }
    ValueId floating(double value);
    ValueId data(DataId id);
    ValueId function_address(uint32_t position);
    ValueId slot_address(SlotId slot);
    ValueId frame_address();
    ValueId unary(Opcode op, Repr repr, ValueId a);
    ValueId binary(Opcode op, Repr repr, ValueId a, ValueId b);
    ValueId checked(Opcode op, ValueId a, ValueId b, BlockId overflow);
    ValueId select(Repr repr, ValueId condition, ValueId a, ValueId b);
    // Is `value` a constant? Then its value is written to `out`.
    [[nodiscard]] bool is_constant(ValueId value, int64_t& out) const;
    [[nodiscard]] Repr repr_of(ValueId value) const { return function_.values[value]; }

    // --- memory
    SlotId new_slot(Repr repr, std::string name);
    SlotId new_area(uint32_t size, uint32_t align, std::string name);
    ValueId load(Repr repr, ValueId address, int64_t offset, Memory memory);
    ValueId load_object(ValueId address, int64_t offset, Memory memory, uint16_t object_size, bool nullable);
    ValueId load_byte(ValueId address, int64_t offset);
    void store(ValueId address, int64_t offset, ValueId value, Memory memory);
    ValueId load_slot(SlotId slot);
    void store_slot(SlotId slot, ValueId value);
    ValueId offset(ValueId address, int64_t bytes);
    ValueId element(ValueId address, ValueId index, int64_t size);

    // --- reference counts
    void retain(ValueId object, bool nullable);
    void release(ValueId object, bool nullable);
    void retain_value(ValueId type, ValueId payload);
    void release_value(ValueId type, ValueId payload);

    // --- calls; with an edge the call's status goes there when it is not 0, without one it is the result
    ValueId call(uint32_t function, std::span<const ValueId> args, BlockId edge);
    ValueId call_indirect(ValueId code, std::span<const ValueId> args, BlockId edge);
    ValueId call_runtime(typed::RuntimeFn fn, Repr result, std::initializer_list<ValueId> args, BlockId edge = kNone);
    ValueId call_runtime(typed::RuntimeFn fn, Repr result, std::span<const ValueId> args, BlockId edge = kNone);
    void check(ValueId failed, BlockId edge);

    Span span;  // of what is emitted next

  private:
    Inst& append(Opcode op, Repr repr);
    ValueId define(Inst& inst);
    void set_args(Inst& inst, std::span<const ValueId> args);
    Function& function_;
    BlockId block_ = 0;
    std::vector<std::pair<bool, int64_t>> constants_;  // by value: is it a constant, and which
};

}  // namespace kayton::kir
