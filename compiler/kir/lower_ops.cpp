// Operators on unboxed scalars, with Python's rules: checked overflow, floor division, shifts.
#include <bit>

#include "compiler/kir/lowering.h"

namespace kayton::kir {

using typed::Expr;
using typed::Op;

namespace {

struct Simple {
    Op op;
    Opcode code;
    bool to_bool;
};
constexpr Simple kSimple[] = {
    {Op::kIntAnd, Opcode::kAnd, false},   {Op::kIntOr, Opcode::kOr, false},     {Op::kIntXor, Opcode::kXor, false},
    {Op::kIntEq, Opcode::kEq, true},      {Op::kIntNe, Opcode::kNe, true},      {Op::kIntLt, Opcode::kLt, true},
    {Op::kIntLe, Opcode::kLe, true},      {Op::kIntGt, Opcode::kGt, true},      {Op::kIntGe, Opcode::kGe, true},
    {Op::kFloatAdd, Opcode::kFAdd, false}, {Op::kFloatSub, Opcode::kFSub, false}, {Op::kFloatMul, Opcode::kFMul, false},
    {Op::kFloatEq, Opcode::kFEq, true},   {Op::kFloatNe, Opcode::kFNe, true},   {Op::kFloatLt, Opcode::kFLt, true},
    {Op::kFloatLe, Opcode::kFLe, true},   {Op::kFloatGt, Opcode::kFGt, true},   {Op::kFloatGe, Opcode::kFGe, true},
    {Op::kBoolEq, Opcode::kEq, true},     {Op::kBoolNe, Opcode::kNe, true},     {Op::kBoolAnd, Opcode::kBoolAnd, true},
    {Op::kBoolOr, Opcode::kBoolOr, true}, {Op::kBoolXor, Opcode::kBoolXor, true},
};

}  // namespace

Rvalue FunctionLowering::lower_op(const Expr* expr) {
    std::vector<Rvalue> args = lower_operands(expr->args, 0);
    if (expr->op == Op::kSame || expr->op == Op::kNotSame) {
        ValueId equal = same(args[0], args[1]);
        return plain(expr->type, expr->op == Op::kSame ? equal : b_.unary(Opcode::kNot, Repr::kBool, equal));
    }
    ValueId a = scalar(args[0]);
    ValueId b = args.size() > 1 ? scalar(args[1]) : kNone;
    auto overflow = [&] {
        return failing(expr->span, [&] {
            b_.call_runtime(RuntimeFn::kt_raise_overflow, Repr::kVoid, {b_.data(program_.c_string(expr->text))});
        });
    };
    switch (expr->op) {
        case Op::kIntAdd: return plain(expr->type, b_.checked(Opcode::kAddChecked, a, b, overflow()));
        case Op::kIntSub: return plain(expr->type, b_.checked(Opcode::kSubChecked, a, b, overflow()));
        case Op::kIntMul: return plain(expr->type, b_.checked(Opcode::kMulChecked, a, b, overflow()));
        case Op::kIntNeg: {
            int64_t known = 0;
            if (b_.is_constant(a, known) && known != INT64_MIN) return plain(expr->type, b_.integer(-known));
            return plain(expr->type, b_.checked(Opcode::kSubChecked, b_.integer(0), a, overflow()));
        }
        case Op::kIntInvert: return plain(expr->type, b_.binary(Opcode::kXor, Repr::kInt64, a, b_.integer(-1)));
        case Op::kIntFloorDiv:
        case Op::kIntMod: return lower_int_division(expr, a, b);
        case Op::kIntLShift:
        case Op::kIntRShift: return lower_shift(expr, a, b);
        case Op::kFloatDiv: {
            ValueId zero = b_.binary(Opcode::kFEq, Repr::kBool, b, b_.floating(0));
            b_.check(zero, failing(expr->span, [&] { raise_class("ZeroDivisionError", "float division by zero"); }));
            return plain(expr->type, b_.binary(Opcode::kFDiv, Repr::kFloat64, a, b));
        }
        case Op::kFloatNeg: return plain(expr->type, b_.unary(Opcode::kFNeg, Repr::kFloat64, a));
        case Op::kNot: return plain(expr->type, b_.unary(Opcode::kNot, Repr::kBool, a));
        default: break;
    }
    for (const Simple& simple : kSimple) {
        if (simple.op != expr->op) continue;
        Repr repr = simple.to_bool ? Repr::kBool : b_.repr_of(a);
        return plain(expr->type, b_.binary(simple.code, repr, a, b));
    }
    program_.unsupported("an operator", frame_->source->file, expr->span);
    return borrowed(expr->type, zero_parts(expr->type), 0);
}

Rvalue FunctionLowering::lower_int_division(const Expr* expr, ValueId a, ValueId b) {
    bool modulo = expr->op == Op::kIntMod;
    int64_t known = 0;
    bool constant = b_.is_constant(b, known);
    if (constant && known > 0 && std::has_single_bit(static_cast<uint64_t>(known))) {
        if (modulo) return plain(expr->type, b_.binary(Opcode::kAnd, Repr::kInt64, a, b_.integer(known - 1)));
        ValueId bits = b_.integer(std::countr_zero(static_cast<uint64_t>(known)));
        return plain(expr->type, b_.binary(Opcode::kAShr, Repr::kInt64, a, bits));
    }
    if (!constant || known == 0) {
        ValueId zero = b_.binary(Opcode::kEq, Repr::kBool, b, b_.integer(0));
        const char* message = modulo ? "integer modulo by zero" : "integer division or modulo by zero";
        b_.check(zero, failing(expr->span, [&] { raise_class("ZeroDivisionError", message); }));
    }
    if (!constant || known == -1) {
        // INT64_MIN / -1 traps in hardware.
        ValueId minus_one = b_.binary(Opcode::kEq, Repr::kBool, b, b_.integer(-1));
        if (modulo) {
            b = b_.select(Repr::kInt64, minus_one, b_.integer(1), b);
        } else {
            ValueId lowest = b_.binary(Opcode::kEq, Repr::kBool, a, b_.integer(INT64_MIN));
            b_.check(b_.binary(Opcode::kBoolAnd, Repr::kBool, minus_one, lowest), failing(expr->span, [&] {
                         b_.call_runtime(RuntimeFn::kt_raise_overflow, Repr::kVoid,
                                         {b_.data(program_.c_string(expr->text))});
                     }));
        }
    }
    // Truncated to floored: one less where the remainder's sign differs from the divisor's.
    ValueId remainder = b_.binary(Opcode::kSRem, Repr::kInt64, a, b);
    ValueId zero = b_.integer(0);
    ValueId differs;
    if (constant && known > 0) {
        differs = b_.binary(Opcode::kLt, Repr::kBool, remainder, zero);
    } else {
        ValueId signs = b_.binary(Opcode::kLt, Repr::kBool, b_.binary(Opcode::kXor, Repr::kInt64, remainder, b), zero);
        ValueId inexact = b_.binary(Opcode::kNe, Repr::kBool, remainder, zero);
        differs = b_.binary(Opcode::kBoolAnd, Repr::kBool, signs, inexact);
    }
    if (modulo) {
        ValueId moved = b_.binary(Opcode::kAdd, Repr::kInt64, remainder, b);
        return plain(expr->type, b_.select(Repr::kInt64, differs, moved, remainder));
    }
    ValueId quotient = b_.binary(Opcode::kSDiv, Repr::kInt64, a, b);
    ValueId less = b_.unary(Opcode::kBoolToInt, Repr::kInt64, differs);
    return plain(expr->type, b_.binary(Opcode::kSub, Repr::kInt64, quotient, less));
}

Rvalue FunctionLowering::lower_shift(const Expr* expr, ValueId a, ValueId b) {
    int64_t known = 0;
    if (b_.is_constant(b, known) && known >= 0 && known < 64) {
        if (expr->op == Op::kIntRShift) return plain(expr->type, b_.binary(Opcode::kAShr, Repr::kInt64, a, b));
        ValueId shifted = b_.binary(Opcode::kShl, Repr::kInt64, a, b);
        ValueId back = b_.binary(Opcode::kAShr, Repr::kInt64, shifted, b);
        b_.check(b_.binary(Opcode::kNe, Repr::kBool, back, a), failing(expr->span, [&] {
                     b_.call_runtime(RuntimeFn::kt_raise_overflow, Repr::kVoid, {b_.data(program_.c_string(expr->text))});
                 }));
        return plain(expr->type, shifted);
    }
    RuntimeFn fn = expr->op == Op::kIntRShift ? RuntimeFn::kt_int_rshift : RuntimeFn::kt_int_lshift;
    SlotId out = b_.new_slot(Repr::kInt64, "shifted");
    b_.call_runtime(fn, Repr::kVoid, {a, b, b_.slot_address(out)}, raising(expr->span));
    return plain(expr->type, b_.load_slot(out));
}

ValueId FunctionLowering::same(const Rvalue& a, const Rvalue& b) {
    if (a.parts.size() != b.parts.size()) {
        // One side is None: the other is it when its pointer is null or its tag is None's.
        return type_test(a.parts.empty() ? b : a, nullptr);
    }
    ValueId all = b_.boolean(true);
    for (size_t i = 0; i < a.parts.size(); ++i) {
        Opcode op = b_.repr_of(a.parts[i]) == Repr::kFloat64 ? Opcode::kFEq : Opcode::kEq;
        ValueId equal = b_.binary(op, Repr::kBool, a.parts[i], b.parts[i]);
        all = i == 0 ? equal : b_.binary(Opcode::kBoolAnd, Repr::kBool, all, equal);
    }
    return all;
}

ValueId FunctionLowering::range_length(ValueId start, ValueId stop, ValueId step) {
    ValueId zero = b_.integer(0);
    ValueId one = b_.integer(1);
    auto length = [&](ValueId low, ValueId high, ValueId size) {
        ValueId distance = b_.binary(Opcode::kSub, Repr::kInt64, b_.binary(Opcode::kSub, Repr::kInt64, high, low), one);
        int64_t known = 0;
        if (!b_.is_constant(size, known) || known != 1) distance = b_.binary(Opcode::kUDiv, Repr::kInt64, distance, size);
        ValueId count = b_.binary(Opcode::kAdd, Repr::kInt64, distance, one);
        return b_.select(Repr::kInt64, b_.binary(Opcode::kLt, Repr::kBool, low, high), count, zero);
    };
    int64_t known = 0;
    if (b_.is_constant(step, known)) {
        if (known > 0) return length(start, stop, step);
        return length(stop, start, b_.integer(static_cast<int64_t>(0 - static_cast<uint64_t>(known))));
    }
    ValueId up = b_.binary(Opcode::kGt, Repr::kBool, step, zero);
    ValueId low = b_.select(Repr::kInt64, up, start, stop);
    ValueId high = b_.select(Repr::kInt64, up, stop, start);
    ValueId size = b_.select(Repr::kInt64, up, step, b_.binary(Opcode::kSub, Repr::kInt64, zero, step));
    return length(low, high, size);
}

}  // namespace kayton::kir
