// Comparisons: equality, order, identity, membership.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/operator_names.h"

namespace kayton::check {

using namespace syntax;
using types::is_numeric;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using typed::Op;

// --- comparison

TExpr* Checker::compare(const CompareExpr& e) {
    if (e.ops.size() == 1) {
        const bool sameness = e.ops[0] == CompareOp::kIs || e.ops[0] == CompareOp::kIsNot || e.ops[0] == CompareOp::kEq || e.ops[0] == CompareOp::kNe;
        if (sameness && e.rest[0]->kind == ExprKind::kNone) return condition(e).test;
        TExpr* left = expression(*e.first);
        // An empty display takes the other side's type.
        TExpr* right = expression(*e.rest[0], left->type);
        return compare_values(e.ops[0], left, right, e.span, true);
    }
    BlockScope scope(*this);
    TExpr* left = hold(expression(*e.first));
    std::function<TExpr*(size_t, TExpr*)> chain = [&](size_t i, TExpr* a) -> TExpr* {
        BlockScope inner(*this);
        TExpr* b = expression(*e.rest[i], a->type);
        if (i + 1 < e.ops.size()) b = hold(b);
        TExpr* test = compare_values(e.ops[i], a, b, e.span);
        if (i + 1 < e.ops.size()) {
            TExpr* next = chain(i + 1, b);
            test = make(TK::kAnd, types_.boolean, e.span, {test, next});
        }
        return inner.finish(test);
    };
    return scope.finish(chain(0, left));
}

TExpr* Checker::compare_values(CompareOp o, TExpr* left, TExpr* right, Span span, bool as_given) {
    switch (o) {
        case CompareOp::kEq: return equal(left, right, span, false, as_given);
        case CompareOp::kNe: return equal(left, right, span, true, as_given);
        case CompareOp::kIs: return identity(left, right, span, false);
        case CompareOp::kIsNot: return identity(left, right, span, true);
        case CompareOp::kIn: return membership(left, right, span);
        case CompareOp::kNotIn: return negate(membership(left, right, span));
        default: return order(o, left, right, span, as_given);
    }
}

// A tuple of known length beside one of any length: both of any length then. False: they are no such pair.
bool Checker::as_long_tuples(TExpr*& left, TExpr*& right) {
    TExpr*& known = is_long_tuple(prune(left->type)) ? right : left;
    const Type* wanted = prune((&known == &left ? right : left)->type);
    if (!is_long_tuple(wanted) || prune(known->type)->kind != TypeKind::kTuple || !flow_into(known->type, wanted)) return false;
    known = convert(known, wanted);
    return true;
}

TExpr* Checker::equal(TExpr* left, TExpr* right, Span span, bool negated, bool as_given) {
    left = plain_value(left, {"__eq__", "__ne__"});
    right = plain_value(right, {"__eq__", "__ne__"});
    const Type* l = prune(left->type);
    const Type* r = prune(right->type);
    auto finish = [&](TExpr* test) { return negated ? negate(test) : test; };
    if (l->kind == TypeKind::kNever || r->kind == TypeKind::kNever) {
        BlockScope scope(*this);
        emit_expr(left);
        emit_expr(right);
        return scope.finish(make(TK::kConvert, types_.boolean, span, {never(span)}));
    }
    if (l->kind == TypeKind::kTypeObject && r->kind == TypeKind::kTypeObject) {
        BlockScope scope(*this);
        emit_expr(left);
        emit_expr(right);
        return scope.finish(constant_bool((l == r) != negated, span));
    }
    if (is_numeric(l) && is_numeric(r)) {
        if (l->kind == TypeKind::kBool && r->kind == TypeKind::kBool)
            return op(negated ? Op::kBoolNe : Op::kBoolEq, types_.boolean, span, {left, right});
        if (l->kind == TypeKind::kFloat && r->kind == TypeKind::kFloat)
            return op(negated ? Op::kFloatNe : Op::kFloatEq, types_.boolean, span, {left, right});
        if (l->kind != TypeKind::kFloat && r->kind != TypeKind::kFloat)
            return op(negated ? Op::kIntNe : Op::kIntEq, types_.boolean, span, {convert(left, types_.integer), convert(right, types_.integer)});
        const bool swap = l->kind == TypeKind::kFloat;
        TExpr* result = runtime(RT::kt_int_float_compare, types_.integer, span,
                                swap ? Args{convert(right, types_.integer), left} : Args{convert(left, types_.integer), right});
        return op(negated ? Op::kIntNe : Op::kIntEq, types_.boolean, span, {result, constant_int(0, span)});
    }
    if (l->kind != TypeKind::kUnion && r->kind != TypeKind::kUnion && l->kind != TypeKind::kDynamic && r->kind != TypeKind::kDynamic) {
        if (TExpr* result = negated ? class_unequal(left, right, span) : nullptr) return as_given ? result : truth(result);
        if (TExpr* result = class_equal(left, right, span)) return as_given && !negated ? result : finish(truth(result));
    }
    if (l->kind == TypeKind::kStr && r->kind == TypeKind::kStr) return finish(runtime(RT::kt_str_eq, types_.boolean, span, {left, right}));
    if (l->kind == TypeKind::kUnion || r->kind == TypeKind::kUnion || l->kind == TypeKind::kDynamic || r->kind == TypeKind::kDynamic) {
        auto any_long = [](const Type* t) { return t->kind == TypeKind::kUnion ? std::any_of(t->args.begin(), t->args.end(), [](const Type* m) { return is_long_tuple(prune(m)); }) : is_long_tuple(t); };
        if ((any_long(l) || any_long(r)) && l->kind != TypeKind::kDynamic && r->kind != TypeKind::kDynamic) {  // tuples of two representations
            BlockScope scope(*this);
            left = hold(left);
            right = hold(right);
            return scope.finish(dispatch(left, span, [&](TExpr* a) { return dispatch(right, span, [&](TExpr* b) { return equal(a, b, span, negated); }); }));
        }
        const Type* both = types_.unite(l, r);
        return finish(runtime(RT::kt_eq, types_.boolean, span, {type_info(both, span), convert(left, both), convert(right, both)}));
    }
    if (l->kind == TypeKind::kHandle) {
        if (const Manifest* m = manifest_of(l)) {
            auto candidates = crate_functions(*m, std::string(l->name) + ".__eq__");
            if (!candidates.empty() && (resolved(l) == resolved(r) || r->kind != TypeKind::kHandle))
                return finish(crate_protocol(l, "__eq__", {left, right}, span));
        }
    }
    if (resolved(l) == resolved(r) || flow_into(r, l) || flow_into(l, r)) {
        const Type* both = accepts(l, r) ? l : r;
        if (l->kind == TypeKind::kDict && l->name == "OrderedDict" && r->name == "OrderedDict") {  // in the same order
            BlockScope scope(*this);
            left = hold(left);
            right = hold(right);
            TExpr* same = runtime(RT::kt_eq, types_.boolean, span, {type_info(both, span), convert(left, both), convert(right, both)});
            const Type* keys = types_.list(l->args[0]);
            TExpr* order = runtime(RT::kt_eq, types_.boolean, span,
                                   {type_info(keys, span), runtime(RT::kt_dict_keys, keys, span, {left, type_info(keys, span)}), runtime(RT::kt_dict_keys, keys, span, {right, type_info(keys, span)})});
            return scope.finish(finish(make(TK::kAnd, types_.boolean, span, {same, order})));
        }
        return finish(runtime(RT::kt_eq, types_.boolean, span, {type_info(both, span), convert(left, both), convert(right, both)}));
    }
    // Different kinds never compare equal; containers of different element types may.
    if (l->kind == r->kind && !l->args.empty()) {
        const Type* both = types_.dynamic;
        return finish(runtime(RT::kt_eq, types_.boolean, span, {type_info(both, span), convert(left, both), convert(right, both)}));
    }
    if (as_long_tuples(left, right)) return equal(left, right, span, negated);
    BlockScope scope(*this);
    emit_expr(left);
    emit_expr(right);
    return scope.finish(constant_bool(negated, span));
}

TExpr* Checker::identity(TExpr* left, TExpr* right, Span span, bool negated) {
    const Type* l = prune(left->type);
    const Type* r = prune(right->type);
    if (is_plain_read(left) && is_plain_read(right) && !is_several(l) && !is_several(r) && l->kind != r->kind && l->kind != TypeKind::kNever &&
        r->kind != TypeKind::kNever && !types::is_subclass(l, r) && !types::is_subclass(r, l) && l->kind != TypeKind::kVar && r->kind != TypeKind::kVar)
        return constant_bool(negated, span);  // of different kinds
    if (types::storage_of(l) == types::Storage::kPointer && types::storage_of(r) == types::Storage::kPointer &&
        l->kind != TypeKind::kStr)
        return op(negated ? Op::kNotSame : Op::kSame, types_.boolean, span, {left, right});
    if (l->kind == TypeKind::kBool && r->kind == TypeKind::kBool) return equal(left, right, span, negated);
    if (right->kind == TK::kBool && !is_several(l)) {  // `x is True` of another type
        BlockScope scope(*this);
        emit_expr(left);
        return scope.finish(constant_bool(negated, span));
    }
    return equal(left, right, span, negated);
}

TExpr* Checker::order(CompareOp o, TExpr* left, TExpr* right, Span span, bool as_given) {
    left = plain_value(left, {"__lt__", "__gt__", "__le__", "__ge__"});
    right = plain_value(right, {"__lt__", "__gt__", "__le__", "__ge__"});
    const Type* l = prune(left->type);
    const Type* r = prune(right->type);
    const int64_t which = o == CompareOp::kLt ? 0 : o == CompareOp::kLe ? 1 : o == CompareOp::kGt ? 2 : 3;
    if (l->kind == TypeKind::kNever || r->kind == TypeKind::kNever) {
        BlockScope scope(*this);
        emit_expr(left);
        emit_expr(right);
        return scope.finish(make(TK::kConvert, types_.boolean, span, {never(span)}));
    }
    if (is_numeric(l) && is_numeric(r)) {
        static constexpr Op kInts[] = {Op::kIntLt, Op::kIntLe, Op::kIntGt, Op::kIntGe};
        static constexpr Op kFloats[] = {Op::kFloatLt, Op::kFloatLe, Op::kFloatGt, Op::kFloatGe};
        if (l->kind != TypeKind::kFloat && r->kind != TypeKind::kFloat)
            return op(kInts[which], types_.boolean, span, {convert(left, types_.integer), convert(right, types_.integer)});
        if (l->kind == TypeKind::kFloat && r->kind == TypeKind::kFloat) return op(kFloats[which], types_.boolean, span, {left, right});
        // A constant that a double holds exactly compares as one.
        TExpr* constant = left->kind == TK::kInt ? left : right->kind == TK::kInt ? right : nullptr;
        if (constant != nullptr && constant->int_value > -(INT64_C(1) << 53) && constant->int_value < (INT64_C(1) << 53))
            return op(kFloats[which], types_.boolean, span, {convert(left, types_.floating), convert(right, types_.floating)});
        const Type* both = types_.unite(l, r);
        return runtime(RT::kt_compare, types_.boolean, span,
                       {type_info(both, span), convert(left, both), convert(right, both), constant_int(which, span)});
    }
    if (l->kind == TypeKind::kStr && r->kind == TypeKind::kStr) {
        static constexpr Op kInts[] = {Op::kIntLt, Op::kIntLe, Op::kIntGt, Op::kIntGe};
        return op(kInts[which], types_.boolean, span, {runtime(RT::kt_str_compare, types_.integer, span, {left, right}), constant_int(0, span)});
    }
    if (l->kind == TypeKind::kSet && r->kind == TypeKind::kSet && l->name != r->name) {  // set and frozenset
        BlockScope scope(*this);
        left = hold(left);
        right = hold(right);
        const Type* same = types_.set(r->args[0], l->name);
        TExpr* made = hold(runtime(RT::kt_set_new, same, span, {type_info(same, span)}));
        emit_expr(runtime(RT::kt_set_update, types_.none, span, {made, right}));
        return scope.finish(order(o, left, made, span));
    }
    if (l->kind == TypeKind::kSet && r->kind == TypeKind::kSet && flow_into(r, l)) {
        BlockScope scope(*this);
        TExpr* a = hold(left);
        TExpr* b = hold(right);
        TExpr* subset = which < 2 ? runtime(RT::kt_set_issubset, types_.boolean, span, {a, b}) : runtime(RT::kt_set_issubset, types_.boolean, span, {b, a});
        if (which == 1 || which == 3) return scope.finish(subset);
        TExpr* differ = op(Op::kIntNe, types_.boolean, span, {len(a), len(b)});
        return scope.finish(make(TK::kAnd, types_.boolean, span, {subset, differ}));
    }
    const bool native = l->kind == TypeKind::kDynamic && r->kind == TypeKind::kDynamic;  // compared by the runtime
    if (!native && (is_several(l) || is_several(r))) {
        BlockScope scope(*this);
        left = hold(left);
        right = hold(right);
        return scope.finish(dispatch(left, span, [&](TExpr* a) {
            return dispatch(right, span, [&](TExpr* b) { return order(o, a, b, span, as_given); });
        }));
    }
    if (l->kind == TypeKind::kHandle) {
        static const char* kNames[] = {"__lt__", "__le__", "__gt__", "__ge__"};
        if (const Manifest* m = manifest_of(l)) {
            if (!crate_functions(*m, std::string(l->name) + "." + kNames[which]).empty()) return crate_protocol(l, kNames[which], {left, right}, span);
            if (!crate_functions(*m, std::string(l->name) + ".__cmp__").empty()) {
                TExpr* cmp = crate_protocol(l, "__cmp__", {left, right}, span);
                if (prune(cmp->type)->kind == TypeKind::kInt) {
                    static constexpr Op kInts[] = {Op::kIntLt, Op::kIntLe, Op::kIntGt, Op::kIntGe};
                    // 2 stands for unordered: true for none of the four.
                    if (which < 2) return op(kInts[which], types_.boolean, span, {cmp, constant_int(0, span)});
                    BlockScope scope(*this);
                    TExpr* held = hold(cmp);
                    TExpr* test = op(kInts[which], types_.boolean, span, {held, constant_int(0, span)});
                    return scope.finish(make(TK::kAnd, types_.boolean, span, {test, op(Op::kIntNe, types_.boolean, span, {held, constant_int(2, span)})}));
                }
            }
        }
    }
    if (is_instance(l) || is_instance(r))
        if (TExpr* result = class_order(o, left, right, span)) return as_given ? result : truth(result);
    if (as_long_tuples(left, right)) return order(o, left, right, span, as_given);
    const bool ordered = l->kind == TypeKind::kBytes || l->kind == TypeKind::kList || l->kind == TypeKind::kTuple || l->kind == TypeKind::kDynamic;
    if (ordered && (l->kind == r->kind || l->kind == TypeKind::kDynamic || r->kind == TypeKind::kDynamic)) {
        const Type* both = accepts(l, r) ? l : accepts(r, l) ? r : join_types(l, r);
        if (prune(both)->kind == TypeKind::kUnion) both = types_.dynamic;
        return runtime(RT::kt_compare, types_.boolean, span,
                       {type_info(both, span), convert(left, both), convert(right, both), constant_int(which, span)});
    }
    std::string help;
    if (l->kind == TypeKind::kNone || r->kind == TypeKind::kNone) help = "one side may be None: test it with `is not None` first";
    Diagnostic& d = report(DiagCode::kBadOperand, span,
                           std::string("'") + symbol(o) + "' not supported between instances of '" + to_string(resolved(l)) + "' and '" +
                               to_string(resolved(r)) + "'",
                           "", help);
    d.of_none = l->kind == TypeKind::kNone || r->kind == TypeKind::kNone;
    d.secondary.push_back({&file(), left->span, "this is " + to_string(resolved(l))});
    d.secondary.push_back({&file(), right->span, "this is " + to_string(resolved(r))});
    return never(span);
}

TExpr* Checker::membership(TExpr* item, TExpr* container, Span span) {
    const Type* t = prune(container->type);
    if (t->kind == TypeKind::kNever || prune(item->type)->kind == TypeKind::kNever) {
        BlockScope scope(*this);
        emit_expr(item);
        emit_expr(container);
        return scope.finish(make(TK::kConvert, types_.boolean, span, {never(span)}));
    }
    if (!is_plain_read(item) && !is_plain_read(container)) {
        BlockScope scope(*this);
        TExpr* held = hold(item);
        return scope.finish(membership(held, container, span));
    }
    if (is_several(t))
        return dispatch(container, span, [&](TExpr* c) { return membership(item, c, span); });
    // An item that only partly fits the elements: those parts that do not fit are not in there.
    auto in_elements = [&](const Type* element, RT fn) -> TExpr* {
        const Type* it = prune(item->type);
        if (accepts(element, it) || (it->kind != TypeKind::kUnion && flow_into(it, element)))
            return runtime(fn, types_.boolean, span, {container, convert(item, element)});
        if (is_numeric(prune(element)) && is_numeric(it)) {
            if (prune(element)->kind == TypeKind::kFloat) return runtime(fn, types_.boolean, span, {container, convert(item, types_.floating)});
            if (it->kind == TypeKind::kBool) return runtime(fn, types_.boolean, span, {container, convert(item, types_.integer)});
            if (it->kind == TypeKind::kFloat && prune(element)->kind == TypeKind::kInt) {
                BlockScope scope(*this);
                TExpr* held = hold(item);
                TExpr* whole = runtime(RT::kt_float_is_integer, types_.boolean, span, {held});
                TExpr* as_int = runtime(RT::kt_int_from_float, types_.integer, span, {held});
                return scope.finish(make(TK::kAnd, types_.boolean, span, {whole, runtime(fn, types_.boolean, span, {container, as_int})}));
            }
        }
        BlockScope scope(*this);
        TExpr* held_container = hold(container);
        container = held_container;
        if (it->kind == TypeKind::kUnion) {
            return scope.finish(dispatch(item, span, [&](TExpr* member) -> TExpr* {
                if (accepts(element, member->type)) return runtime(fn, types_.boolean, span, {container, convert(member, element)});
                return constant_bool(false, span);
            }));
        }
        if (prune(element)->kind == TypeKind::kTuple && it->kind == TypeKind::kTuple && accepts(element, it))
            return scope.finish(runtime(fn, types_.boolean, span, {container, convert(item, element)}));
        emit_expr(item);
        return scope.finish(constant_bool(false, span));
    };
    switch (t->kind) {
        case TypeKind::kStr:
            return runtime(RT::kt_str_contains, types_.boolean, span, {container, coerce(item, types_.str, item->span, "`in` a str")});
        case TypeKind::kBytes:
            if (is_numeric(prune(item->type)))
                return runtime(RT::kt_bytes_contains_int, types_.boolean, span, {container, coerce(item, types_.integer, item->span, "`in` bytes", true)});
            return runtime(RT::kt_bytes_contains, types_.boolean, span, {container, coerce(item, types_.bytes, item->span, "`in` bytes")});
        case TypeKind::kIterator: {  // as far as it takes
            BlockScope scope(*this);
            TExpr* held = hold(item);
            uint32_t found = temp(types_.boolean);
            assign_local(found, constant_bool(false, span));
            loop_over(iterate_value(container, span), span, [&](TExpr* element) {
                emit_if(equal(element, held, span, false), span, [&] {
                    assign_local(found, constant_bool(true, span));
                    break_out(span);
                });
            });
            return scope.finish(read_local(found, span));
        }
        case TypeKind::kList: return in_elements(t->args[0], RT::kt_list_contains);
        case TypeKind::kDict: return in_elements(t->args[0], RT::kt_dict_contains);
        case TypeKind::kSet: return in_elements(t->args[0], RT::kt_set_contains);
        case TypeKind::kTuple: {
            BlockScope scope(*this);
            TExpr* held_item = hold(item);
            const bool display = container->kind == TK::kTuple && std::all_of(container->args.begin(), container->args.end(), [](const TExpr* a) { return is_plain_read(a); });
            TExpr* held = display ? container : hold(container);
            TExpr* test = nullptr;
            for (size_t i = 0; i < t->args.size(); ++i) {
                TExpr* member = nullptr;
                if (held->kind == TK::kTuple) {
                    member = held->args[i];
                } else {
                    member = make(TK::kTupleGet, t->args[i], span, {held});
                    member->index = static_cast<uint32_t>(i);
                }
                TExpr* same = equal(held_item, member, span, false);
                test = test == nullptr ? same : make(TK::kOr, types_.boolean, span, {test, same});
            }
            return scope.finish(test != nullptr ? test : constant_bool(false, span));
        }
        case TypeKind::kRange: {
            BlockScope scope(*this);
            TExpr* list = runtime(RT::kt_list_from_range, types_.list(types_.integer), span, [&] {
                TExpr* held = hold(container);
                Args fields;
                for (uint32_t i = 0; i < 3; ++i) {
                    TExpr* field = make(TK::kRangeField, types_.integer, span, {held});
                    field->index = i;
                    fields.push_back(field);
                }
                return fields;
            }());
            return scope.finish(runtime(RT::kt_list_contains, types_.boolean, span, {list, coerce(item, types_.integer, item->span, "`in` a range", true)}));
        }
        case TypeKind::kHandle:
            if (const Manifest* m = manifest_of(t); m != nullptr && !crate_functions(*m, std::string(t->name) + ".__contains__").empty())
                return crate_protocol(t, "__contains__", {container, item}, span);
            break;
        default: break;
    }
    if (is_instance(t)) {
        if (TExpr* result = call_method(container, "__contains__", {item}, span)) return truth(result);
        BlockScope scope(*this);
        TExpr* wanted = hold(item);
        if (typed::Iter* iter = class_iter(hold(container), span)) {
            uint32_t found = temp(types_.boolean);
            assign_local(found, constant_bool(false, span));
            loop_over(iter, span, [&](TExpr* element) {
                emit_if(equal(element, wanted, span, false), span, [&] {
                    assign_local(found, constant_bool(true, span));
                    break_out(span);
                });
            });
            return scope.finish(read_local(found, span));
        }
    }
    report(DiagCode::kBadOperand, container->span,
           "argument of type '" + to_string(resolved(t)) + "' is not iterable", "this is " + to_string(resolved(t))).of_none = prune(t)->kind == TypeKind::kNone;
    return never(span);
}

}  // namespace kayton::check
