// Built-in functions over iterables. Each becomes a plain loop in place, so that a generator expression or a key
// function costs what a loop written by hand would.
#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::is_numeric;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;
using typed::Op;

// Loops over an argument; a generator expression is looped in place.
static const ComprehensionExpr* as_generator(const Expr& e) {
    if (e.kind != ExprKind::kComprehension) return nullptr;
    const auto& c = as<ComprehensionExpr>(e);
    return c.comprehension == ComprehensionKind::kGenerator ? &c : nullptr;
}

TExpr* Checker::list_from(const Expr& iterable, const void* site, const Type* expected) {
    const Type* hint = expected != nullptr && prune(expected)->kind == TypeKind::kList ? expected : nullptr;
    if (const ComprehensionExpr* generator = as_generator(iterable)) return comprehension(*generator, hint);
    Span span = iterable.span;
    if (!is_lazy(iterable)) {
        TExpr* value = expression(iterable, hint);
        const Type* t = prune(value->type);
        switch (t->kind) {
            case TypeKind::kNever: return value;
            case TypeKind::kList: {
                // map(), filter(), dict.keys() and list displays already made a list nobody else has.
                if (!t->name.empty()) break;
                if (value->kind == TK::kSeq || value->kind == TK::kList ||
                    (value->kind == TK::kRuntime && (value->runtime == RT::kt_dict_keys || value->runtime == RT::kt_dict_values || value->runtime == RT::kt_dict_items)))
                    return value;
                const Type* variable = variable_at(site, 7);
                const Type* list = types_.list(variable);
                if (!grow(variable, t->args[0])) return value;
                if (resolved(list) == resolved(t)) return runtime(RT::kt_list_copy, list, span, {value});
                break;
            }
            case TypeKind::kStr: return runtime(RT::kt_list_from_str, types_.list(types_.str), span, {value});
            case TypeKind::kBytes: return runtime(RT::kt_list_from_bytes, types_.list(types_.integer), span, {value});
            case TypeKind::kDict: return runtime(RT::kt_dict_keys, types_.list(t->args[0]), span, {value, type_info(types_.list(t->args[0]), span)});
            case TypeKind::kSet: return runtime(RT::kt_set_to_list, types_.list(t->args[0]), span, {value, type_info(types_.list(t->args[0]), span)});
            case TypeKind::kRange:
                if (value->kind == TK::kRange) return runtime(RT::kt_list_from_range, types_.list(types_.integer), span, {value->args[0], value->args[1], value->args[2]});
                break;
            default: break;
        }
        const Type* variable = variable_at(site, 7);
        const Type* list = types_.list(variable);
        BlockScope scope(*this);
        uint32_t collected = temp(list);
        assign_local(collected, make(TK::kList, list, span, Args{}));
        typed::Iter* iter = iterate_value(value, span);
        if (iter == nullptr) return never(span);
        loop_over(iter, span, [&](TExpr* element) { append_to(read_local(collected, span), element, span); });
        return scope.finish(read_local(collected, span));
    }
    const Type* variable = variable_at(site, 7);
    const Type* list = types_.list(variable);
    BlockScope scope(*this);
    uint32_t collected = temp(list);
    assign_local(collected, make(TK::kList, list, span, Args{}));
    for_each(iterable, [&](TExpr* element) { append_to(read_local(collected, span), element, span); });
    return scope.finish(read_local(collected, span));
}

// Runs `each` for every element of a call's argument, generators in place.
#define KT_EACH(argument, lambda)                                                                            \
    do {                                                                                                     \
        const Expr& each_argument = (argument);                                                              \
        if (const ComprehensionExpr* generator = as_generator(each_argument)) {                              \
            comprehension_clauses(*generator, 0, [&] { lambda(expression(*generator->element)); });          \
        } else {                                                                                             \
            for_each(each_argument, lambda);                                                                 \
        }                                                                                                    \
    } while (false)

TExpr* Checker::sum_call(const CallExpr& e) {
    Span span = e.span;
    if (!only_keywords(e, "sum", {"start"}) || !argument_count(e, "sum", 1, 2)) return never(span);
    const Expr* start = e.args.size() == 2 ? e.args[1] : keyword(e, "start");
    BlockScope scope(*this);
    TExpr* first = start != nullptr ? expression(*start) : constant_int(0, span);
    // The total's type grows with what is added: an int sum of floats is a float once one was added.
    const Type* variable = variable_at(&e);
    grow(variable, first->type);
    uint32_t total = temp(variable);
    assign_local(total, convert(first, variable));
    auto add = [&](TExpr* element) {
        TExpr* updated = binary(BinaryOp::kAdd, read_local(total, span), element, span, span);
        grow(variable, updated->type);
        assign_local(total, convert(updated, variable));
    };
    KT_EACH(*e.args[0], add);
    return scope.finish(read_local(total, span));
}

TExpr* Checker::any_all_call(const CallExpr& e, bool any) {
    Span span = e.span;
    if (!argument_count(e, any ? "any" : "all", 1, 1)) return never(span);
    BlockScope scope(*this);
    uint32_t result = temp(types_.boolean);
    assign_local(result, constant_bool(!any, span));
    const ComprehensionExpr* generator = as_generator(*e.args[0]);
    // With several `for` clauses one break leaves only the innermost loop: the others test the result.
    auto body_of = [&](TExpr* test) {
        emit_if(any ? test : negate(test), span, [&] {
            assign_local(result, constant_bool(any, span));
            break_out(span);
        });
    };
    if (generator == nullptr) {
        for_each(*e.args[0], [&](TExpr* element) { body_of(truth(element)); });
        return scope.finish(read_local(result, span));
    }
    std::function<void(size_t)> clauses;
    // comprehension_clauses nests the loops; after each inner loop the outer one is left as well.
    comprehension_clauses(*generator, 0, [&] { body_of(condition(*generator->element).test); });
    std::function<void(std::span<TStmt* const>, bool)> leave = [&](std::span<TStmt* const> block_stmts, bool inside) {
        for (TStmt* s : block_stmts) {
            if (s->kind == SK::kFor) {
                leave(s->body, true);
                // Inside another loop: break it too once the answer is known.
                bool nested_loop = false;
                std::function<bool(std::span<TStmt* const>)> has_loop = [&](std::span<TStmt* const> inner) {
                    for (TStmt* i : inner) {
                        if (i->kind == SK::kFor) return true;
                        if (i->kind == SK::kIf && has_loop(i->body)) return true;
                    }
                    return false;
                };
                nested_loop = has_loop(s->body);
                if (nested_loop) {
                    std::vector<TStmt*> extended(s->body.begin(), s->body.end());
                    TStmt* check = stmt(SK::kIf, span);
                    TExpr* known = read_local(result, span);
                    check->a = any ? known : negate(known);
                    std::vector<TStmt*> exit = {stmt(SK::kBreak, span)};
                    check->body = keep(exit);
                    extended.push_back(check);
                    s->body = keep(extended);
                }
            } else if (s->kind == SK::kIf) {
                leave(s->body, inside);
            }
        }
    };
    leave(keep(scope.statements), false);
    return scope.finish(read_local(result, span));
}

TExpr* Checker::min_max_call(const CallExpr& e, bool max) {
    Span span = e.span;
    const std::string name = max ? "max" : "min";
    if (std::any_of(e.args.begin(), e.args.end(), [](const Expr* arg) { return arg->kind == ExprKind::kStarred; })) {
        // max(*xs, 1) is max([*xs, 1]), counted when it runs.
        const CallExpr*& listed = applied_[{&e, SIZE_MAX}];
        if (listed == nullptr) {
            auto* list = synthetic_.make<SequenceExpr>(Expr{ExprKind::kList, 2, e.span}, e.args);
            auto* call = synthetic_.make<CallExpr>(e);
            call->args = synthetic_.copy(std::vector<Expr*>{list});
            listed = call;
        }
        return min_max_call(*listed, max);
    }
    if (!only_keywords(e, name, {"key", "default"})) return never(span);
    if (e.args.empty()) {
        report(DiagCode::kBadArguments, span, name + " expected at least 1 argument, got 0");
        return never(span);
    }
    const Expr* key = keyword(e, "key");
    const Expr* fallback = keyword(e, "default");
    const CompareOp better = max ? CompareOp::kGt : CompareOp::kLt;
    if (key != nullptr && is_none_here(*key)) key = nullptr;
    BlockScope scope(*this);
    // Keys that may be None (`key=d.get`) are told apart at run time.
    auto better_than = [&](TExpr* a, TExpr* b) -> TExpr* {
        if (key == nullptr || (!types::is_union_with_none(prune(a->type)) && !types::is_union_with_none(prune(b->type))))
            return compare_values(better, a, b, span);
        const Type* both = join_types(a->type, b->type);
        const int64_t which = better == CompareOp::kLt ? 0 : 2;
        return runtime(RT::kt_compare, types_.boolean, span, {type_info(both, span), convert(a, both), convert(b, both), constant_int(which, span)});
    };
    auto key_of = [&](TExpr* value) { return key == nullptr ? value : apply_callable(*key, {value}, span); };
    if (e.args.size() > 1) {
        Args values;
        for (const Expr* arg : e.args) {
            values.push_back(hold(expression(*arg)));
        }
        const Type* type = types_.never;
        for (TExpr* v : values) type = join_types(type, v->type);
        uint32_t best = temp(type);
        assign_local(best, values[0]);
        TExpr* best_key = key != nullptr ? key_of(values[0]) : nullptr;
        uint32_t best_key_local = 0;
        if (best_key != nullptr) {
            best_key_local = temp(best_key->type);
            assign_local(best_key_local, best_key);
        }
        for (size_t i = 1; i < values.size(); ++i) {
            TExpr* candidate = key != nullptr ? hold(key_of(values[i])) : values[i];
            emit_if(compare_values(better, candidate, key != nullptr ? read_local(best_key_local, span) : read_local(best, span), span), span, [&] {
                assign_local(best, values[i]);
                if (key != nullptr) assign_local(best_key_local, candidate);
            });
        }
        return scope.finish(read_local(best, span));
    }
    // One iterable: the first element starts.
    const Type* variable = variable_at(&e);
    const Type* key_variable = variable_at(&e, 1);
    uint32_t best = temp(variable);
    uint32_t best_key = key != nullptr ? temp(key_variable) : 0;
    uint32_t found = temp(types_.boolean);
    assign_local(found, constant_bool(false, span));
    state_->function->locals[best].maybe_unbound = false;
    auto consider = [&](TExpr* element) {
        element = hold(element);
        grow(variable, element->type);
        TExpr* candidate = key != nullptr ? hold(key_of(element)) : element;
        if (key != nullptr) grow(key_variable, candidate->type);
        TStmt* node = stmt(SK::kIf, span);
        TExpr* current = key != nullptr ? read_local(best_key, span) : read_local(best, span);
        TExpr* first = negate(read_local(found, span));
        node->a = make(TK::kOr, types_.boolean, span, {first, better_than(candidate, current)});
        node->body = block([&] {
            assign_local(best, element);
            if (key != nullptr) assign_local(best_key, candidate);
            assign_local(found, constant_bool(true, span));
        });
        emit(node);
    };
    KT_EACH(*e.args[0], consider);
    if (fallback != nullptr) {
        TExpr* other = expression(*fallback);
        const Type* type = join_types(variable, other->type);
        return scope.finish(if_expr(read_local(found, span), read_local(best, span), other, type));
    }
    emit_if(negate(read_local(found, span)), span, [&] { raise_stmt(types_.find_exception("ValueError"), name + "() arg is an empty sequence", span); });
    return scope.finish(read_local(best, span));
}

// None, or a variable that holds it: `key=key` of a parameter nobody gave.
bool Checker::is_none_here(const Expr& e) {
    if (e.kind != ExprKind::kName) return e.kind == ExprKind::kNone;
    const VarState* var = find_var(as<NameExpr>(e).name);
    return var != nullptr && !var->entity && var->flow != nullptr && prune(var->flow)->kind == TypeKind::kNone;
}

TExpr* Checker::sort_list(TExpr* list, const Expr* key, TExpr* reverse, Span span) {
    if (key == nullptr || is_none_here(*key)) return runtime(RT::kt_list_sort, types_.none, span, {list, reverse});
    BlockScope scope(*this);
    if (key->kind == ExprKind::kName) {
        const std::string_view name = as<NameExpr>(*key).name;
        const VarState* var = find_var(name);
        if (var != nullptr && !var->entity && var->flow != nullptr && types::is_union_with_none(var->flow)) {
            const Type* given = types_.without(prune(var->flow), types_.none);
            TExpr* absent = hold(type_test(expression(*key), types_.none, span));
            auto sort_with = [&](const Type* t) {
                NarrowScope known(*this, {{name, t}});
                emit_expr(sort_list(list, key, reverse, span));
            };
            emit_if(absent, span, [&] { sort_with(types_.none); });
            emit_if(negate(absent), span, [&] { sort_with(given); });
            return scope.finish(constant_none(span));
        }
    }
    const Type* variable = variable_at(key, 9);
    const Type* keys_type = types_.list(variable);
    uint32_t keys = temp(keys_type);
    assign_local(keys, make(TK::kList, keys_type, span, Args{}));
    typed::Iter* iter = iterate_value(list, span);
    if (iter == nullptr) return constant_none(span);
    loop_over(iter, span, [&](TExpr* value) { append_to(read_local(keys, span), apply_callable(*key, {value}, span), span); });
    return scope.finish(runtime(RT::kt_list_sort_by, types_.none, span, {list, read_local(keys, span), reverse}));
}

TExpr* Checker::sorted_call(const CallExpr& e) {
    Span span = e.span;
    if (!only_keywords(e, "sorted", {"key", "reverse"}) || !argument_count(e, "sorted", 1, 1)) return never(span);
    BlockScope scope(*this);
    TExpr* list = list_from(*e.args[0], &e, nullptr);
    if (prune(list->type)->kind == TypeKind::kNever) return never(span);
    list = hold(list);
    const Expr* reverse = keyword(e, "reverse");
    TExpr* descending = reverse != nullptr ? hold(truth(expression(*reverse))) : constant_bool(false, span);
    emit_expr(sort_list(list, keyword(e, "key"), descending, span));
    return scope.finish(list);
}

TExpr* Checker::set_from(const CallExpr& e, const Type* expected) {
    Span span = e.span;
    if (!argument_count(e, "set", 0, 1)) return never(span);
    const Type* variable = variable_at(&e);
    const Type* set = types_.set(variable);
    if (expected != nullptr && prune(expected)->kind == TypeKind::kSet) flow_into(set, expected);
    if (e.args.empty()) return runtime(RT::kt_set_new, set, span, {type_info(set, span)});
    BlockScope scope(*this);
    uint32_t collected = temp(set);
    assign_local(collected, runtime(RT::kt_set_new, set, span, {type_info(set, span)}));
    auto add = [&](TExpr* element) {
        if (!hashable(element->type)) {
            report(DiagCode::kUnhashable, span, "unhashable type: '" + to_string(resolved(element->type)) + "'");
            return;
        }
        grow(variable, element->type);
        emit_expr(runtime(RT::kt_set_add, types_.none, span, {read_local(collected, span), convert(element, variable)}));
    };
    KT_EACH(*e.args[0], add);
    return scope.finish(read_local(collected, span));
}

TExpr* Checker::dict_from(const CallExpr& e, const Type* expected) {
    Span span = e.span;
    if (!argument_count(e, "dict", 0, 1)) return never(span);
    const Type* key = variable_at(&e);
    const Type* value = variable_at(&e, 1);
    const Type* dict = types_.dict(key, value);
    if (expected != nullptr && prune(expected)->kind == TypeKind::kDict) flow_into(dict, expected);
    BlockScope scope(*this);
    uint32_t collected = temp(dict);
    assign_local(collected, make(TK::kDict, dict, span, Args{}));
    auto set = [&](TExpr* k, TExpr* v) {
        grow(key, k->type);
        grow(value, v->type);
        emit_expr(runtime(RT::kt_dict_set, types_.none, span, {read_local(collected, span), convert(k, key), convert(v, value)}));
    };
    if (!e.args.empty()) {
        std::string builtin;
        TExpr* from = nullptr;
        if (as_generator(*e.args[0]) == nullptr && !is_iterator_builtin(*e.args[0], builtin)) {
            from = expression(*e.args[0]);
            if (prune(from->type)->kind == TypeKind::kDict) {
                typed::Iter* iter = make_iter(typed::IterKind::kDictItems, span, {hold(from)}, prune(from->type)->args[0]);
                iter->local2 = temp(prune(from->type)->args[1]);
                loop_over(iter, span, [&](TExpr* pair) { set(pair->args[0], pair->args[1]); });
            }
        }
        if (from == nullptr || prune(from->type)->kind != TypeKind::kDict) {
            auto pair_of = [&](TExpr* pair) {
                const Type* p = prune(pair->type);
                if (p->kind != TypeKind::kTuple || p->args.size() != 2) {
                    if (p->kind != TypeKind::kNever) report(DiagCode::kTypeMismatch, span, "dict() takes pairs, found " + to_string(resolved(p)));
                    return;
                }
                TExpr* held = hold(pair);
                TExpr* k = make(TK::kTupleGet, p->args[0], span, {held});
                TExpr* v = make(TK::kTupleGet, p->args[1], span, {held});
                v->index = 1;
                set(k, v);
            };
            if (from != nullptr) {
                if (typed::Iter* iter = iterate_value(from, span)) loop_over(iter, span, pair_of);
            } else {
                KT_EACH(*e.args[0], pair_of);
            }
        }
    }
    for (const KeywordArg& k : e.keywords) set(constant_str(k.name, k.span), expression(*k.value));
    return scope.finish(read_local(collected, span));
}

}  // namespace kayton::check
