// Runtime functions whose usual case is a few instructions: those stand in the code, and the function is called for the
// rest.
#include <cmath>

#include "compiler/kir/lowering.h"
#include "shared/object_layout.h"

namespace kayton::kir {

using typed::Expr;
using typed::ExprKind;

namespace {

// The least float that is past what an int holds is 2^63; this is the one before it.
constexpr double kLargestWhole = 9223372036854774784.0;

// A number that is written in the program, whatever conversions stand around it.
bool is_literal(const Expr* expr, double value) {
    while (expr->kind == ExprKind::kConvert) expr = expr->args[0];
    if (expr->kind == ExprKind::kInt) return static_cast<double>(expr->int_value) == value;
    return expr->kind == ExprKind::kFloat && expr->float_value == value;
}

}  // namespace

// What `unusual` gives where `rare` holds, else what `usual` gives.
ValueId FunctionLowering::either(ValueId rare, Repr repr, const std::function<ValueId()>& unusual,
                                 const std::function<ValueId()>& usual) {
    SlotId result = b_.new_slot(repr, "result");
    BlockId slow = b_.new_block(true);
    BlockId fast = b_.new_block();
    BlockId done = b_.new_block();
    b_.branch(rare, slow, fast, 2);
    b_.move_to(slow);
    b_.store_slot(result, unusual());
    b_.jump(done);
    b_.move_to(fast);
    b_.store_slot(result, usual());
    b_.jump(done);
    b_.move_to(done);
    return b_.load_slot(result);
}

// What a runtime function gives that may raise.
ValueId FunctionLowering::call_fallible(RuntimeFn fn, Repr repr, std::vector<ValueId> args, Span span) {
    SlotId out = b_.new_slot(repr, "out");
    args.push_back(b_.slot_address(out));
    b_.call_runtime(fn, Repr::kVoid, args, raising(span));
    return b_.load_slot(out);
}

// `usual` or, where `rare` holds, what the runtime function gives for the arguments.
ValueId FunctionLowering::unless(ValueId rare, const Expr* expr, Repr repr, const std::vector<ValueId>& args,
                                 const std::function<ValueId()>& usual) {
    const std::string_view signature = typed::runtime_info(expr->runtime).signature;
    const bool fallible = signature[signature.find(':') + 1] == '!';
    return either(rare, repr, [&] {
        return fallible ? call_fallible(expr->runtime, repr, args, expr->span) : b_.call_runtime(expr->runtime, repr, args);
    }, usual);
}

std::optional<Rvalue> FunctionLowering::lower_fast(const Expr* expr) {
    const auto operands = [&] { return lower_operands(expr->args, 0); };
    const auto number = [&](const Rvalue& value) {
        ValueId part = scalar(value);
        if (b_.repr_of(part) == Repr::kFloat64) return part;
        if (b_.repr_of(part) == Repr::kBool) part = b_.unary(Opcode::kBoolToInt, Repr::kInt64, part);
        return b_.unary(Opcode::kIntToFloat, Repr::kFloat64, part);
    };
    switch (expr->runtime) {
        case RuntimeFn::kt_list_append: return lower_append(expr);
        case RuntimeFn::kt_math_sqrt: {
            ValueId value = number(operands()[0]);
            b_.check(b_.binary(Opcode::kFLt, Repr::kBool, value, b_.floating(0)),
                     failing(expr->span, [&] { raise_class("ValueError", "math domain error"); }));
            return plain(expr->type, b_.unary(Opcode::kFSqrt, Repr::kFloat64, value));
        }
        case RuntimeFn::kt_math_floor:
        case RuntimeFn::kt_math_ceil:
        case RuntimeFn::kt_int_from_float: {
            ValueId value = number(operands()[0]);
            ValueId whole = value;
            if (expr->runtime == RuntimeFn::kt_math_floor) whole = b_.unary(Opcode::kFFloor, Repr::kFloat64, value);
            if (expr->runtime == RuntimeFn::kt_math_ceil) whole = b_.unary(Opcode::kFCeil, Repr::kFloat64, value);
            ValueId size = b_.unary(Opcode::kFAbs, Repr::kFloat64, whole);
            ValueId fits = b_.binary(Opcode::kFLe, Repr::kBool, size, b_.floating(kLargestWhole));
            return plain(expr->type, unless(b_.unary(Opcode::kNot, Repr::kBool, fits), expr, Repr::kInt64, {value},
                                            [&] { return b_.unary(Opcode::kFloatToInt, Repr::kInt64, whole); }));
        }
        case RuntimeFn::kt_float_pow: {
            if (!is_literal(expr->args[1], 2)) return std::nullopt;
            ValueId value = number(operands()[0]);
            ValueId square = b_.binary(Opcode::kFMul, Repr::kFloat64, value, value);
            return plain(expr->type, unless(b_.binary(Opcode::kFEq, Repr::kBool, square, b_.floating(HUGE_VAL)), expr,
                                            Repr::kFloat64, {value, b_.floating(2)}, [&] { return square; }));
        }
        case RuntimeFn::kt_int_pow: {
            const bool cube = is_literal(expr->args[1], 3);
            if (!cube && !is_literal(expr->args[1], 2)) return std::nullopt;
            ValueId base = scalar(operands()[0]);
            if (b_.repr_of(base) == Repr::kBool) base = b_.unary(Opcode::kBoolToInt, Repr::kInt64, base);
            const BlockId overflow = failing(expr->span, [&] {
                b_.call_runtime(RuntimeFn::kt_raise_overflow, Repr::kVoid, {b_.data(program_.c_string("a ** b"))});
            });
            ValueId power = b_.checked(Opcode::kMulChecked, base, base, overflow);
            if (cube) power = b_.checked(Opcode::kMulChecked, power, base, overflow);
            return plain(expr->type, power);
        }
        case RuntimeFn::kt_str_eq: return lower_str_eq(expr);
        case RuntimeFn::kt_ord: return lower_ord(expr);
        case RuntimeFn::kt_str_index: return lower_str_index(expr);
        default: return lower_character_test(expr);
    }
}

std::optional<Rvalue> FunctionLowering::lower_append(const Expr* expr) {
    const Type* element = expr->args[0]->type->args[0];
    if (expr->args[1]->type != element || layout(element).parts.empty()) return std::nullopt;
    std::vector<Rvalue> operands = lower_operands(expr->args, 0);
    ValueId list = scalar(operands[0]);
    std::vector<ValueId> parts = take(operands[1]);
    ValueId length = b_.load(Repr::kInt64, list, offsetof(KtList, length), Memory::kLength);
    ValueId capacity = b_.load(Repr::kInt64, list, offsetof(KtList, capacity), Memory::kCapacity);
    BlockId grow = b_.new_block(true);
    BlockId store = b_.new_block();
    b_.branch(b_.binary(Opcode::kEq, Repr::kBool, length, capacity), grow, store, 2);
    b_.move_to(grow);
    b_.call_runtime(RuntimeFn::kt_list_grow, Repr::kVoid, {list});
    b_.jump(store);
    b_.move_to(store);
    ValueId data = b_.load(Repr::kPointer, list, offsetof(KtList, data), Memory::kListData);
    store_parts(element, parts, b_.element(data, length, layout(element).size), 0, Memory::kElementInt);
    b_.store(list, offsetof(KtList, length), b_.binary(Opcode::kAdd, Repr::kInt64, length, b_.integer(1)), Memory::kLength);
    return unit(expr->type);
}

}  // namespace kayton::kir
