// Operators, comparison and iteration of objects of user classes, by their special methods.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/operator_names.h"

namespace kayton::check {

using namespace syntax;
using types::ClassInfo;
using types::Method;
using types::contains;
using types::prune;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

TExpr* Checker::class_binary(BinaryOp o, TExpr* left, TExpr* right, Span span) {
    const std::string own = dunder(o);
    return special_binary(left, right, own, "__r" + own.substr(2), span, [o](const std::string& l, const std::string& r) {
        return std::string("unsupported operand type(s) for ") + symbol(o) + ": '" + l + "' and '" + r + "'";
    });
}

// The left side's method, else the right side's, each unless it answers NotImplemented; `refusal` makes the TypeError's text
// of the two types. Null: neither side has a method.
TExpr* Checker::special_binary(TExpr* left, TExpr* right, const std::string& own, const std::string& reflected, Span span,
                               const std::function<std::string(const std::string&, const std::string&)>& refusal) {
    BlockScope scope(*this);
    left = hold(left);
    right = hold(right);
    auto refuse = [&] { return raise_stmt(types_.find_exception("TypeError"), refusal(type_name(left->type), type_name(right->type)), span); };
    auto of_right = [&]() -> TExpr* {
        TExpr* result = call_method(right, reflected, {left}, span);
        return result == nullptr ? nullptr : unless_not_implemented(result, span, refuse);
    };
    TExpr* result = call_method(left, own, {right}, span);
    if (result == nullptr) {
        result = of_right();
    } else {
        result = unless_not_implemented(result, span, [&] {
            TExpr* other = of_right();
            return other != nullptr ? other : refuse();
        });
    }
    if (result != nullptr) return scope.finish(result);
    scope.take();
    return nullptr;
}

// A special method may answer NotImplemented: `otherwise` then.
TExpr* Checker::unless_not_implemented(TExpr* result, Span span, const std::function<TExpr*()>& otherwise) {
    auto known = globals_.find("_bases:NotImplementedType");
    if (known == globals_.end() || known->second.entity.type == nullptr) return result;
    const Type* refusal = known->second.entity.type;
    const Type* t = prune(result->type);
    if (t != refusal && !(t->kind == TypeKind::kUnion && contains(t, refusal))) return result;
    BlockScope scope(*this);
    TExpr* held = hold(result);
    BlockScope branch(*this);
    TExpr* other = branch.finish(otherwise());
    if (t == refusal) return scope.finish(other);
    const Type* rest = types_.without(t, refusal);
    TExpr* test = type_test(held, refusal, span);
    return scope.finish(if_expr(test, other, narrow(held, rest), join_types(rest, other->type)));
}

// a == b where a or b is an object of a class. Null: neither is.
TExpr* Checker::class_equal(TExpr* left, TExpr* right, Span span) {
    const Type* l = prune(left->type);
    const Type* r = prune(right->type);
    if (!is_instance(l) && !is_instance(r)) return nullptr;
    const bool both = is_instance(l) && is_instance(r);
    // A named tuple and a plain one.
    for (const bool left_named : {true, false}) {
        const Type* named = left_named ? l : r;
        const Type* other = left_named ? r : l;
        const bool tuple = other->kind == TypeKind::kTuple || (is_long_tuple(other));
        if (!tuple || !is_instance(named) || find_method(*named->class_info, "_as_tuple") == nullptr) continue;
        BlockScope scope(*this);
        TExpr* a = hold(left);
        TExpr* b = hold(right);
        TExpr* plain_tuple = call_method(left_named ? a : b, "_as_tuple", {}, span);
        return scope.finish(left_named ? equal(plain_tuple, b, span, false) : equal(a, plain_tuple, span, false));
    }
    auto own = [&](TExpr* object, TExpr* other) -> TExpr* {
        const ClassInfo* c = prune(object->type)->class_info;
        const Method* m = find_method(*c, "__eq__");
        // A generated __eq__ compares objects of one class only.
        if (m != nullptr && c->is_dataclass && (!both || !(types::is_subclass(r, l) || types::is_subclass(l, r)))) return nullptr;
        return call_method(object, "__eq__", {other}, span);
    };
    BlockScope held(*this);
    left = hold(left);
    right = hold(right);
    auto same = [&]() -> TExpr* {
        if (both && (types::is_subclass(r, l) || types::is_subclass(l, r))) return op(typed::Op::kSame, types_.boolean, span, {left, right});
        return constant_bool(false, span);
    };
    auto reflected = [&]() -> TExpr* {
        TExpr* result = is_instance(r) ? own(right, left) : nullptr;
        return result == nullptr ? same() : unless_not_implemented(result, span, same);
    };
    if (is_instance(l))
        if (TExpr* result = own(left, right)) return held.finish(unless_not_implemented(result, span, reflected));
    if (is_instance(r))
        if (TExpr* result = own(right, left)) return held.finish(unless_not_implemented(result, span, same));
    return held.finish(same());
}

// a != b by __ne__. Null: __eq__ decides.
TExpr* Checker::class_unequal(TExpr* left, TExpr* right, Span span) {
    auto has = [](const TExpr* object, std::string_view method) {
        return is_instance(prune(object->type)) && find_method(*prune(object->type)->class_info, method) != nullptr;
    };
    const bool of_left = has(left, "__ne__");
    if (!of_left && (has(left, "__eq__") || !has(right, "__ne__"))) return nullptr;
    BlockScope scope(*this);
    left = hold(left);
    right = hold(right);
    TExpr* result = call_method(of_left ? left : right, "__ne__", {of_left ? right : left}, span);
    return scope.finish(unless_not_implemented(result, span, [&] { return negate(equal(left, right, span, false)); }));
}

// Null: neither side has the method.
TExpr* Checker::class_order(CompareOp o, TExpr* left, TExpr* right, Span span) {
    static constexpr std::string_view kOwn[] = {"__lt__", "__le__", "__gt__", "__ge__"};
    static constexpr std::string_view kReflected[] = {"__gt__", "__ge__", "__lt__", "__le__"};
    const size_t which = o == CompareOp::kLt ? 0 : o == CompareOp::kLe ? 1 : o == CompareOp::kGt ? 2 : 3;
    return special_binary(left, right, std::string(kOwn[which]), std::string(kReflected[which]), span, [o](const std::string& l, const std::string& r) {
        return std::string("'") + symbol(o) + "' not supported between instances of '" + l + "' and '" + r + "'";
    });
}

// What __iter__ gives, stepped by __next__ until StopIteration. Null: the class is not iterable.
typed::Iter* Checker::class_iter(TExpr* value, Span span) {
    const Type* t = prune(value->type);
    TExpr* iterator = value;
    if (find_method(*t->class_info, "_as_tuple") != nullptr && t->class_info->is_dataclass) return iterate_value(call_method(value, "_as_tuple", {}, span), span);
    if (TExpr* made = call_method(value, "__iter__", {}, span)) {
        iterator = made;
    } else if (find_method(*t->class_info, "__getitem__") != nullptr) {
        // The old protocol: items from 0 until IndexError.
        TExpr* object = hold(value);
        uint32_t index = temp(types_.integer);
        assign_local(index, constant_int(-1, span));
        return step_iter(span, "IndexError", [&] {
            assign_local(index, op(typed::Op::kIntAdd, types_.integer, span, {read_local(index, span), constant_int(1, span)}, "a + b"));
            return call_method(object, "__getitem__", {read_local(index, span)}, span);
        });
    } else {
        return nullptr;
    }
    const Type* it = prune(iterator->type);
    if (!is_instance(it)) return iterate_value(iterator, span);
    TExpr* held = hold(iterator);
    if (find_method(*it->class_info, "__next__") == nullptr) return nullptr;
    return step_iter(span, "StopIteration", [&] { return call_method(held, "__next__", {}, span); });
}

// A loop whose elements `next` gives until it raises the exception.
typed::Iter* Checker::step_iter(Span span, const char* end, const std::function<TExpr*()>& next) {
    uint32_t more = temp(types_.boolean);
    typed::Iter* iter = make_iter(typed::IterKind::kStep, span, {}, types_.never);
    BlockScope scope(*this);
    TStmt* attempt = stmt(SK::kTry, span);
    attempt->body = block([&] {
        TExpr* value = next();
        state_->function->locals[iter->local].type = value->type;
        assign_local(iter->local, value);
        assign_local(more, constant_bool(true, span));
    });
    typed::Handler handler;
    std::vector<const Type*> classes = {types_.find_exception(end)};
    handler.types = keep(classes);
    handler.span = span;
    handler.body = block([&] { assign_local(more, constant_bool(false, span)); });
    std::vector<typed::Handler> handlers = {handler};
    attempt->handlers = keep(handlers);
    emit(attempt);
    Args test = {scope.finish(read_local(more, span))};
    iter->args = keep(test);
    return iter;
}

}  // namespace kayton::check
