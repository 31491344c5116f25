// Operators: arithmetic, sequences, `%`.

#include "compiler/check/checker.h"
#include "compiler/check/operator_names.h"

namespace kayton::check {

using namespace syntax;
using types::is_numeric;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using typed::Op;

TExpr* Checker::unary(const UnaryExpr& e) {
    if (e.op == UnaryOp::kNot) return condition(e).test;
    if (e.op == UnaryOp::kMinus && e.operand->kind == ExprKind::kInt) {
        const auto& literal = as<IntExpr>(*e.operand);
        return constant_int(literal.is_2_63 ? INT64_MIN : -static_cast<int64_t>(literal.value), e.span);
    }
    TExpr* value = expression(*e.operand);
    return dispatch(value, e.span, [&](TExpr* v) -> TExpr* {
        const char* name = e.op == UnaryOp::kMinus ? "__neg__" : e.op == UnaryOp::kPlus ? "__pos__" : "__invert__";
        v = plain_value(v, {name});
        const Type* t = prune(v->type);
        if (t->kind == TypeKind::kNever) return v;
        if (t->kind == TypeKind::kBool) v = convert(v, types_.integer);
        if (t->kind == TypeKind::kBool || t->kind == TypeKind::kInt) {
            if (e.op == UnaryOp::kPlus) return v;
            return op(e.op == UnaryOp::kMinus ? Op::kIntNeg : Op::kIntInvert, types_.integer, e.span, {v}, "-a");
        }
        if (t->kind == TypeKind::kFloat && e.op != UnaryOp::kInvert)
            return e.op == UnaryOp::kPlus ? v : op(Op::kFloatNeg, types_.floating, e.span, {v});
        if (t->kind == TypeKind::kHandle && e.op != UnaryOp::kPlus) {
            if (const Manifest* m = manifest_of(t); m != nullptr && !crate_functions(*m, std::string(t->name) + "." + name).empty())
                return crate_protocol(t, name, {v}, e.span);
        }
        if (is_instance(t))
            if (TExpr* result = call_method(v, name, {}, e.span)) return result;
        report(DiagCode::kBadOperand, e.span,
               std::string("bad operand type for unary ") + (e.op == UnaryOp::kMinus ? "-" : e.op == UnaryOp::kPlus ? "+" : "~") + ": '" +
                   to_string(resolved(t)) + "'",
               "this is " + to_string(resolved(t))).of_none = prune(t)->kind == TypeKind::kNone;
        return never(e.span);
    });
}

TExpr* Checker::binary(BinaryOp o, TExpr* left, TExpr* right, Span span, Span op_span, bool in_place) {
    const Type* l = prune(left->type);
    const Type* r = prune(right->type);
    if (!is_several(l) && !is_several(r)) return binary_one(o, left, right, span, op_span, in_place);
    if (o == BinaryOp::kMod && (l->kind == TypeKind::kStr || l->kind == TypeKind::kBytes)) return percent_format(left, right, span);
    BlockScope scope(*this);
    left = hold(left);
    right = hold(right);
    TExpr* result = dispatch(left, span, [&](TExpr* a) {
        return dispatch(right, span, [&](TExpr* b) { return binary_one(o, a, b, span, op_span, in_place); });
    });
    return scope.finish(result);
}

// An object that is a str, an int, a float or a tuple besides, as that, unless its class has one of these methods of its
// own (what an enumeration has was made for objects of it); any other value itself.
TExpr* Checker::plain_value(TExpr* value, std::initializer_list<std::string_view> own) {
    const Type* t = prune(value->type);
    if (!is_instance(t) || t->class_info->plain_field.empty()) return value;
    for (const std::string_view name : t->class_info->is_enum ? std::initializer_list<std::string_view>{} : own)
        if (const types::Method* method = find_method(*t->class_info, name); method != nullptr && !is_plain_base(*method->owner)) return value;
    return read_field(value, *t->class_info, std::string(t->class_info->plain_field), value->span);
}

TExpr* Checker::binary_one(BinaryOp o, TExpr* left, TExpr* right, Span span, Span op_span, bool in_place) {
    // Flags are put together as what they are.
    const bool of_flags = (o == BinaryOp::kBitOr || o == BinaryOp::kBitAnd || o == BinaryOp::kBitXor) &&
                          ((is_instance(left->type) && prune(left->type)->class_info->is_flag) || (is_instance(right->type) && prune(right->type)->class_info->is_flag));
    if (!of_flags && (is_instance(left->type) || is_instance(right->type))) {
        const std::string name = dunder(o);
        left = plain_value(left, {name});
        right = plain_value(right, {"__r" + name.substr(2)});
    }
    if (prune(left->type)->kind != TypeKind::kNever && prune(right->type)->kind != TypeKind::kNever &&
        (is_instance(left->type) || (is_instance(right->type) && !(o == BinaryOp::kMod && prune(left->type)->kind == TypeKind::kStr))))
        if (TExpr* result = class_binary(o, left, right, span)) return result;
    const Type* l = prune(left->type);
    const Type* r = prune(right->type);
    if (l->kind == TypeKind::kNever || r->kind == TypeKind::kNever) {
        BlockScope scope(*this);
        emit_expr(left);
        emit_expr(right);
        return scope.finish(never(span));
    }
    if (is_numeric(l) && is_numeric(r) && o != BinaryOp::kMatMul) {
        if (TExpr* result = numeric(o, left, right, span)) return result;
    } else if (TExpr* result = sequence_operator(o, left, right, span)) {
        return result;
    }
    for (const Type* t : {l, r}) {
        if (t->kind != TypeKind::kHandle) continue;
        const Manifest* m = manifest_of(t);
        std::string name = dunder(o);
        if (t == r && l->kind != TypeKind::kHandle) name = "__r" + name.substr(2);
        if (m == nullptr || crate_functions(*m, std::string(t->name) + "." + name).empty()) continue;
        return t == l ? crate_protocol(t, name, {left, right}, span) : crate_protocol(t, name, {right, left}, span);
    }
    // Operators that are written in Kayton: Counter + Counter is Counter___add__ in _builtin_methods.kay.
    if (!l->args.empty()) {
        const std::string owner = to_string(resolved(l));
        if (Unit* written = import_unit("_builtin_methods", span)) {
            const Entity method = unit_member(*written, owner.substr(0, owner.find('[')) + "_" + dunder(o), span);
            if (method.kind == EntityKind::kFunction) return call_values(*method.function, {left, right}, span);
        }
    }
    std::string help;
    if (o == BinaryOp::kAdd && l->kind == TypeKind::kStr && is_numeric(r)) help = "convert with str(...)";
    if (o == BinaryOp::kAdd && r->kind == TypeKind::kStr && is_numeric(l)) help = "convert with str(...) or int(...)";
    if (l->kind == TypeKind::kNone || r->kind == TypeKind::kNone) help = "one side may be None: test it with `is not None` first";
    std::string message = std::string("unsupported operand type(s) for ") + (o == BinaryOp::kPow && in_place ? "**" : symbol(o)) + (in_place ? "=" : "") + ": '" +
                          to_string(resolved(l)) + "' and '" + to_string(resolved(r)) + "'";
    const bool sequence = l->kind == TypeKind::kStr || l->kind == TypeKind::kTuple || (l->kind == TypeKind::kList && (l->name.empty() || l->name == "tuple"));
    if (o == BinaryOp::kAdd && sequence && !(in_place && l->kind == TypeKind::kList))
        message = "can only concatenate " + type_name(plain_type(l)) + " (not \"" + type_name(plain_type(r)) + "\") to " + type_name(plain_type(l));
    if (o == BinaryOp::kAdd && l->kind == TypeKind::kBytes) message = "can't concat " + type_name(plain_type(r)) + " to bytes";
    if (o == BinaryOp::kMul && (sequence || r->kind == TypeKind::kStr || r->kind == TypeKind::kList || r->kind == TypeKind::kTuple))
        message = "can't multiply sequence by non-int of type '" + to_string(resolved(sequence ? r : l)) + "'";
    Diagnostic& d = report(DiagCode::kBadOperand, op_span, message, "", help);
    d.of_none = l->kind == TypeKind::kNone || r->kind == TypeKind::kNone;
    d.secondary.push_back({&file(), left->span, "this is " + to_string(resolved(l))});
    d.secondary.push_back({&file(), right->span, "this is " + to_string(resolved(r))});
    return never(span);
}

// Null when the operator does not take these numbers.
TExpr* Checker::numeric(BinaryOp o, TExpr* left, TExpr* right, Span span) {
    const Type* l = prune(left->type);
    const Type* r = prune(right->type);
    const bool floats = l->kind == TypeKind::kFloat || r->kind == TypeKind::kFloat;
    const bool bools = l->kind == TypeKind::kBool && r->kind == TypeKind::kBool;
    auto ints = [&](Op i, const char* text = "") {
        return op(i, types_.integer, span, {convert(left, types_.integer), convert(right, types_.integer)}, text);
    };
    auto reals = [&](Op f) { return op(f, types_.floating, span, {convert(left, types_.floating), convert(right, types_.floating)}); };
    auto call_ints = [&](RT fn) { return runtime(fn, types_.integer, span, {convert(left, types_.integer), convert(right, types_.integer)}); };
    auto call_reals = [&](RT fn) { return runtime(fn, types_.floating, span, {convert(left, types_.floating), convert(right, types_.floating)}); };
    switch (o) {
        case BinaryOp::kAdd: return floats ? reals(Op::kFloatAdd) : ints(Op::kIntAdd, "a + b");
        case BinaryOp::kSub: return floats ? reals(Op::kFloatSub) : ints(Op::kIntSub, "a - b");
        case BinaryOp::kMul: return floats ? reals(Op::kFloatMul) : ints(Op::kIntMul, "a * b");
        case BinaryOp::kDiv:
            if (floats) return reals(Op::kFloatDiv);
            return runtime(RT::kt_int_truediv, types_.floating, span, {convert(left, types_.integer), convert(right, types_.integer)});
        case BinaryOp::kFloorDiv: return floats ? call_reals(RT::kt_float_floordiv) : ints(Op::kIntFloorDiv, "a // b");
        case BinaryOp::kMod: return floats ? call_reals(RT::kt_float_mod) : ints(Op::kIntMod, "a % b");
        case BinaryOp::kPow: {
            if (floats) return call_reals(RT::kt_float_pow);
            if (right->kind == TK::kInt && right->int_value < 0) return call_reals(RT::kt_float_pow);
            if (right->kind == TK::kInt && right->int_value == 2 && prune(left->type)->kind == TypeKind::kInt) {
                BlockScope scope(*this);
                TExpr* held = hold(left);
                return scope.finish(op(Op::kIntMul, types_.integer, span, {held, held}, "a ** b"));
            }
            return call_ints(RT::kt_int_pow);
        }
        case BinaryOp::kLShift: return floats ? nullptr : ints(Op::kIntLShift, "a << b");
        case BinaryOp::kRShift: return floats ? nullptr : ints(Op::kIntRShift, "a >> b");
        case BinaryOp::kBitAnd:
            if (bools) return op(Op::kBoolAnd, types_.boolean, span, {left, right});
            return floats ? nullptr : ints(Op::kIntAnd);
        case BinaryOp::kBitOr:
            if (bools) return op(Op::kBoolOr, types_.boolean, span, {left, right});
            return floats ? nullptr : ints(Op::kIntOr);
        case BinaryOp::kBitXor:
            if (bools) return op(Op::kBoolXor, types_.boolean, span, {left, right});
            return floats ? nullptr : ints(Op::kIntXor);
        case BinaryOp::kMatMul: return nullptr;
    }
    return nullptr;
}

TExpr* Checker::sequence_operator(BinaryOp o, TExpr* left, TExpr* right, Span span) {
    const Type* l = prune(left->type);
    const Type* r = prune(right->type);
    auto is_int = [](const Type* t) { return t->kind == TypeKind::kInt || t->kind == TypeKind::kBool; };
    if (o == BinaryOp::kAdd) {
        if (l->kind == TypeKind::kStr && r->kind == TypeKind::kStr) {
            // Chains of + become one concatenation.
            Args pieces;
            for (TExpr* side : {left, right}) {
                if (side->kind == TK::kStrJoin) {
                    pieces.insert(pieces.end(), side->args.begin(), side->args.end());
                } else {
                    pieces.push_back(side);
                }
            }
            return make(TK::kStrJoin, types_.str, span, pieces);
        }
        if (l->kind == TypeKind::kBytes && r->kind == TypeKind::kBytes) return runtime(RT::kt_bytes_concat, types_.bytes, span, {left, right});
        if ((l->name == "tuple" && r->kind == TypeKind::kTuple) || (r->name == "tuple" && l->kind == TypeKind::kTuple)) {
            const Type* both = join_types(l, r);
            return runtime(RT::kt_list_concat, both, span, {convert(left, both), convert(right, both)});
        }
        if (l->kind == TypeKind::kList && r->kind == TypeKind::kList && l->name == r->name) {
            if (flow_into(r, l) || flow_into(l, r)) return runtime(RT::kt_list_concat, l, span, {left, right});
            // Lists of two element types: a list of both.
            const Type* list = types_.list(join_types(l->args[0], r->args[0]), l->name);
            BlockScope scope(*this);
            uint32_t collected = temp(list);
            TExpr* a = hold(left);
            TExpr* b = hold(right);
            assign_local(collected, make(TK::kList, list, span, Args{}));
            for (TExpr* part : {a, b})
                if (typed::Iter* iter = iterate_value(part, span))
                    loop_over(iter, span, [&](TExpr* element) { append_to(read_local(collected, span), element, span); });
            return scope.finish(read_local(collected, span));
        }
        if (l->kind == TypeKind::kTuple && r->kind == TypeKind::kTuple) {
            BlockScope scope(*this);
            TExpr* a = hold(left);
            TExpr* b = hold(right);
            Args items;
            std::vector<const Type*> members;
            for (TExpr* side : {a, b}) {
                const Type* t = prune(side->type);
                for (size_t i = 0; i < t->args.size(); ++i) {
                    TExpr* get = make(TK::kTupleGet, t->args[i], span, {side});
                    get->index = static_cast<uint32_t>(i);
                    items.push_back(get);
                    members.push_back(t->args[i]);
                }
            }
            return scope.finish(make(TK::kTuple, types_.tuple(members), span, items));
        }
    }
    if (o == BinaryOp::kMul) {
        TExpr* sequence = is_int(r) ? left : right;
        TExpr* count = is_int(r) ? right : left;
        if (is_int(prune(count->type))) {
            const Type* t = prune(sequence->type);
            count = convert(count, types_.integer);
            if (t->kind == TypeKind::kStr) return runtime(RT::kt_str_repeat, types_.str, span, {sequence, count});
            if (t->kind == TypeKind::kBytes) return runtime(RT::kt_bytes_repeat, types_.bytes, span, {sequence, count});
            if (t->kind == TypeKind::kList) return runtime(RT::kt_list_repeat, t, span, {sequence, count});
            if (t->kind == TypeKind::kTuple && count->kind != TK::kInt) {
                TExpr* all = long_tuple(sequence);
                return runtime(RT::kt_list_repeat, all->type, span, {all, count});
            }
            if (t->kind == TypeKind::kTuple && count->kind == TK::kInt) {
                BlockScope scope(*this);
                TExpr* held = hold(sequence);
                Args items;
                std::vector<const Type*> members;
                for (int64_t k = 0; k < count->int_value; ++k) {
                    for (size_t i = 0; i < t->args.size(); ++i) {
                        TExpr* get = make(TK::kTupleGet, t->args[i], span, {held});
                        get->index = static_cast<uint32_t>(i);
                        items.push_back(get);
                        members.push_back(t->args[i]);
                    }
                }
                return scope.finish(make(TK::kTuple, types_.tuple(members), span, items));
            }
        }
    }
    if (o == BinaryOp::kMod && (l->kind == TypeKind::kStr || l->kind == TypeKind::kBytes)) return percent_format(left, right, span);
    if (l->kind == TypeKind::kSet && r->kind == TypeKind::kSet && l->name != r->name) {  // set and frozenset: the left one's
        right = hold(right);
        const Type* same = types_.set(r->args[0], l->name);
        TExpr* made = hold(runtime(RT::kt_set_new, same, span, {type_info(same, span)}));
        emit_expr(runtime(RT::kt_set_update, types_.none, span, {made, right}));
        return sequence_operator(o, left, made, span);
    }
    if (l->kind == TypeKind::kSet && r->kind == TypeKind::kSet && flow_into(r, l)) {
        switch (o) {
            case BinaryOp::kBitOr: return runtime(RT::kt_set_union, l, span, {left, right});
            case BinaryOp::kBitAnd: return runtime(RT::kt_set_intersection, l, span, {left, right});
            case BinaryOp::kSub: return runtime(RT::kt_set_difference, l, span, {left, right});
            case BinaryOp::kBitXor: return runtime(RT::kt_set_symmetric_difference, l, span, {left, right});
            default: break;
        }
    }
    if (o == BinaryOp::kBitOr && l->kind == TypeKind::kDict && r->kind == TypeKind::kDict && l->name != "Counter" && flow_into(r, l))
        return runtime(RT::kt_dict_merge, l, span, {left, right});
    return nullptr;
}

TExpr* Checker::percent_format(TExpr* left, TExpr* right, Span span) {
    Args items;
    BlockScope scope(*this);
    left = hold(left);
    const Type* t = prune(right->type);
    if (t->kind == TypeKind::kTuple) {
        TExpr* held = right->kind == TK::kTuple ? right : hold(right);
        for (size_t i = 0; i < t->args.size(); ++i) {
            TExpr* item = nullptr;
            if (held->kind == TK::kTuple) {
                item = held->args[i];
            } else {
                item = make(TK::kTupleGet, t->args[i], span, {held});
                item->index = static_cast<uint32_t>(i);
            }
            items.push_back(convert(item, types_.dynamic));
        }
    } else if (is_long_tuple(t)) {  // its length is known at run time
        const Type* values = types_.list(types_.dynamic);
        uint32_t collected = temp(values);
        assign_local(collected, make(TK::kList, values, span, Args{}));
        if (typed::Iter* iter = iterate_value(right, span))
            loop_over(iter, span, [&](TExpr* item) { append_to(read_local(collected, span), convert(item, types_.dynamic), span); });
        const bool of_bytes = prune(left->type)->kind == TypeKind::kBytes;
        return scope.finish(runtime(of_bytes ? RT::kt_bytes_percent : RT::kt_str_percent, left->type, span, {left, read_local(collected, span)}));
    } else {
        items.push_back(convert(right, types_.dynamic));
    }
    TExpr* list = make(TK::kList, types_.list(types_.dynamic), span, items);
    const bool bytes = prune(left->type)->kind == TypeKind::kBytes;
    return scope.finish(runtime(bytes ? RT::kt_bytes_percent : RT::kt_str_percent, left->type, span, {left, list}));
}

}  // namespace kayton::check
