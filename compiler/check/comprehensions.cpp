// Lists, sets, tuples and dicts as they are written, and comprehensions.
#include <algorithm>
#include <array>
#include <utility>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

TExpr* Checker::list_display(const SequenceExpr& e, const Type* expected) {
    const Type* expected_element = nullptr;
    if (expected != nullptr && prune(expected)->kind == TypeKind::kList) expected_element = prune(expected)->args[0];
    const Type* variable = variable_at(&e);
    const Type* list = types_.list(variable);
    const bool spread = std::any_of(e.items.begin(), e.items.end(), [](const Expr* i) { return i->kind == ExprKind::kStarred; });
    if (expected_element != nullptr && prune(expected_element)->kind != TypeKind::kDynamic) flow_into(list, expected);
    if (spread) {
        BlockScope scope(*this);
        uint32_t collected = temp(list);
        assign_local(collected, make(TK::kList, list, e.span, Args{}));
        for (const Expr* item : e.items) {
            if (item->kind == ExprKind::kStarred) {
                for_each(*as<StarredExpr>(*item).value, [&](TExpr* element) { append_to(read_local(collected, e.span), element, item->span); });
            } else {
                append_to(read_local(collected, e.span), expression(*item, expected_element), item->span);
            }
        }
        return scope.finish(read_local(collected, e.span));
    }
    Args items;
    const Type* element = types_.never;
    for (const Expr* item : e.items) {
        items.push_back(expression(*item, expected_element != nullptr ? expected_element : element->kind == TypeKind::kNever ? nullptr : element));
        element = join_types(element, items.back()->type);
    }
    if (!items.empty()) {
        grow(variable, element);
        // What comes later must fit what stands here: the display fixes the type.
        const Type* rep = variable;
        while (rep->bound != nullptr && rep->bound->kind == TypeKind::kVar) rep = rep->bound;
        if (rep->kind == TypeKind::kVar && prune(element)->kind != TypeKind::kNone) rep->fixed = true;
    }
    for (TExpr*& item : items) item = convert(item, variable);
    return make(TK::kList, list, e.span, items);
}

TExpr* Checker::set_display(const SequenceExpr& e, const Type*) {
    const Type* variable = variable_at(&e);
    const Type* set = types_.set(variable);
    BlockScope scope(*this);
    uint32_t collected = temp(set);
    assign_local(collected, runtime(RT::kt_set_new, set, e.span, {type_info(set, e.span)}));
    auto add = [&](TExpr* value, Span span) {
        if (!hashable(value->type)) {
            report(DiagCode::kUnhashable, span, "unhashable type: '" + to_string(resolved(value->type)) + "'");
            return;
        }
        grow(variable, value->type);
        emit_expr(runtime(RT::kt_set_add, types_.none, span, {read_local(collected, span), convert(value, variable)}));
    };
    for (const Expr* item : e.items) {
        if (item->kind == ExprKind::kStarred) {
            for_each(*as<StarredExpr>(*item).value, [&](TExpr* element) { add(element, item->span); });
        } else {
            add(expression(*item), item->span);
        }
    }
    return scope.finish(read_local(collected, e.span));
}

TExpr* Checker::tuple_display(const SequenceExpr& e, const Type* expected) {
    for (const Expr* item : e.items) {
        if (item->kind != ExprKind::kStarred) continue;
        const Type* t = nullptr;
        {
            BlockScope unused(*this);
            t = prune(expression(*as<StarredExpr>(*item).value)->type);
            unused.take();
        }
        // However many it gives: a tuple of any length.
        if (t->kind != TypeKind::kTuple && t->kind != TypeKind::kNever) return collect(list_display(e, nullptr), e.span, "tuple");
    }
    Args items;
    std::vector<const Type*> members;
    const Type* hint = expected != nullptr && prune(expected)->kind == TypeKind::kTuple ? prune(expected) : nullptr;
    for (const Expr* item : e.items) {
        if (item->kind == ExprKind::kStarred) {
            TExpr* inner = expression(*as<StarredExpr>(*item).value);
            const Type* t = prune(inner->type);
            if (t->kind != TypeKind::kTuple) return never(e.span);
            for (size_t i = 0; i < t->args.size(); ++i) {
                TExpr* get = make(TK::kTupleGet, t->args[i], item->span, {inner});
                get->index = static_cast<uint32_t>(i);
                items.push_back(get);
                members.push_back(t->args[i]);
            }
            continue;
        }
        items.push_back(expression(*item, hint != nullptr && items.size() < hint->args.size() ? hint->args[items.size()] : nullptr));
        members.push_back(items.back()->type);
    }
    return make(TK::kTuple, types_.tuple(members), e.span, items);
}

TExpr* Checker::dict_display(const DictExpr& e, const Type* expected) {
    const Type* key = variable_at(&e);
    const Type* value = variable_at(&e, 1);
    const Type* dict = types_.dict(key, value);
    const Type* expected_value = nullptr;
    if (expected != nullptr && prune(expected)->kind == TypeKind::kDict) {
        flow_into(dict, expected);
        expected_value = prune(expected)->args[1];
    }
    const bool plain = std::all_of(e.items.begin(), e.items.end(), [](const DictItem& i) { return i.key != nullptr; });
    Args parts;
    if (plain) {
        for (const DictItem& item : e.items) {
            TExpr* k = expression(*item.key);
            if (!hashable(k->type)) {
                report(DiagCode::kUnhashable, item.key->span, "unhashable type: '" + to_string(resolved(k->type)) + "'");
                k = never(item.key->span);
            }
            TExpr* v = expression(*item.value, expected_value != nullptr ? expected_value
                                               : prune(value)->kind == TypeKind::kVar ? nullptr : prune(value));
            grow(key, k->type);
            if (!grow(value, v->type))
                report_limit(DiagCode::kTypeMismatch, item.value->span, "dict with values of " + to_string(resolved(value)) + " cannot take a " + to_string(resolved(v->type)));
            parts.push_back(k);
            parts.push_back(v);
        }
        for (size_t i = 0; i < parts.size(); ++i) parts[i] = convert(parts[i], i % 2 == 0 ? key : value);
        return make(TK::kDict, dict, e.span, parts);
    }
    BlockScope scope(*this);
    uint32_t collected = temp(dict);
    assign_local(collected, make(TK::kDict, dict, e.span, Args{}));
    for (const DictItem& item : e.items) {
        if (item.key == nullptr) {
            TExpr* more = expression(*item.value);
            if (!flow_into(more->type, dict)) {
                report_limit(DiagCode::kTypeMismatch, item.value->span, "this cannot be spread into " + to_string(resolved(dict)),
                       "this is " + to_string(resolved(more->type)));
                continue;
            }
            emit_expr(runtime(RT::kt_dict_update, types_.none, item.value->span, {read_local(collected, e.span), more}));
            continue;
        }
        TExpr* k = expression(*item.key);
        TExpr* v = expression(*item.value, expected_value);
        grow(key, k->type);
        grow(value, v->type);
        emit_expr(runtime(RT::kt_dict_set, types_.none, item.key->span, {read_local(collected, e.span), convert(k, key), convert(v, value)}));
    }
    return scope.finish(read_local(collected, e.span));
}

void Checker::declare_overlay_targets(const Expr& target) {
    switch (target.kind) {
        case ExprKind::kName: state_->overlays.back()[as<NameExpr>(target).name] = VarState{}; break;
        case ExprKind::kTuple:
        case ExprKind::kList:
            for (const Expr* item : as<SequenceExpr>(target).items) declare_overlay_targets(*item);
            break;
        case ExprKind::kStarred: declare_overlay_targets(*as<StarredExpr>(target).value); break;
        default: break;
    }
}

void Checker::comprehension_clauses(const ComprehensionExpr& e, size_t clause, const std::function<void()>& innermost) {
    if (clause == e.clauses.size()) {
        innermost();
        return;
    }
    const ComprehensionClause& c = e.clauses[clause];
    if (clause == 0 && state_->consumer != nullptr && e.comprehension == ComprehensionKind::kGenerator)
        note_inlined("<genexpr>", e.span, c.iterable->span, state_->consumer->span);
    typed::Iter* iter = iterate(*c.iterable);
    if (iter == nullptr) iter = iterate_value(never(c.iterable->span), c.iterable->span);
    state_->overlays.emplace_back();
    declare_overlay_targets(*c.target);
    TStmt* loop = stmt(SK::kFor, c.iterable->span);
    loop->iter = iter;
    loop->body = block([&] {
        assign_target(*c.target, element_value(iter, c.target->span));
        std::function<void(size_t)> conditions = [&](size_t i) {
            if (i == c.conditions.size()) {
                comprehension_clauses(e, clause + 1, innermost);
                return;
            }
            Condition test = condition(*c.conditions[i]);
            if (std::any_of(test.when_true.begin(), test.when_true.end(),
                            [](const Narrowing& n) { return prune(n.type)->kind == TypeKind::kNever; })) {
                emit_expr(test.test);
                return;
            }
            NarrowScope known(*this, test.when_true);
            emit_if(test.test, c.conditions[i]->span, [&] { conditions(i + 1); });
        };
        conditions(0);
    });
    emit(loop);
    state_->overlays.pop_back();
}

// What the innermost element is given to: by the clauses in place, or by a generator where functions keep the targets.
void Checker::each_element(const ComprehensionExpr& e, const Type* expected, const std::function<void(TExpr*, TExpr*)>& take) {
    if (!closes_over_targets(e)) {
        comprehension_clauses(e, 0, [&] {
            TExpr* element = expression(*e.element, expected);
            take(element, e.value != nullptr ? expression(*e.value) : nullptr);
        });
        return;
    }
    typed::Iter* iter = iterate_value(generator_expression(e), e.span);
    if (iter == nullptr) return;
    loop_over(iter, e.span, [&](TExpr* produced) {
        if (e.value == nullptr) return take(produced, nullptr);
        const Type* pair = prune(produced->type);
        if (pair->kind != TypeKind::kTuple) return;
        TExpr* parts[2];
        for (uint32_t i = 0; i < 2; ++i) {
            parts[i] = make(TK::kTupleGet, pair->args[i], e.span, {produced});
            parts[i]->index = i;
        }
        take(parts[0], parts[1]);
    });
}

TExpr* Checker::comprehension(const ComprehensionExpr& e, const Type* expected) {
    static constexpr std::array<const char*, 4> kFrames{"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"};
    const CallExpr* outer = std::exchange(state_->consumer, nullptr);
    const bool consumed = e.comprehension == ComprehensionKind::kGenerator && outer != nullptr;
    note_inlined(kFrames[static_cast<size_t>(e.comprehension)], e.span, e.clauses.front().iterable->span, consumed ? outer->span : e.span);
    TExpr* collected = comprehension_value(e, expected);
    state_->consumer = outer;
    return collected;
}

TExpr* Checker::comprehension_value(const ComprehensionExpr& e, const Type* expected) {
    BlockScope scope(*this);
    const Type* element = variable_at(&e);
    Span span = e.span;
    switch (e.comprehension) {
        case ComprehensionKind::kList:
        case ComprehensionKind::kGenerator: {
            const Type* list = types_.list(element);
            const Type* inner = nullptr;
            if (expected != nullptr && prune(expected)->kind == TypeKind::kList) {
                flow_into(list, expected);
                inner = prune(expected)->args[0];
            }
            uint32_t collected = temp(list);
            assign_local(collected, make(TK::kList, list, span, Args{}));
            each_element(e, inner, [&](TExpr* value, TExpr*) { append_to(read_local(collected, span), value, e.element->span); });
            return scope.finish(read_local(collected, span));
        }
        case ComprehensionKind::kSet: {
            const Type* set = types_.set(element);
            uint32_t collected = temp(set);
            assign_local(collected, runtime(RT::kt_set_new, set, span, {type_info(set, span)}));
            each_element(e, nullptr, [&](TExpr* value, TExpr*) {
                if (!hashable(value->type)) report(DiagCode::kUnhashable, e.element->span, "unhashable type: '" + to_string(resolved(value->type)) + "'");
                grow(element, value->type);
                emit_expr(runtime(RT::kt_set_add, types_.none, span, {read_local(collected, span), convert(value, element)}));
            });
            return scope.finish(read_local(collected, span));
        }
        case ComprehensionKind::kDict: {
            const Type* value_type = variable_at(&e, 1);
            const Type* dict = types_.dict(element, value_type);
            if (expected != nullptr && prune(expected)->kind == TypeKind::kDict) flow_into(dict, expected);
            uint32_t collected = temp(dict);
            assign_local(collected, make(TK::kDict, dict, span, Args{}));
            each_element(e, nullptr, [&](TExpr* key, TExpr* value) {
                if (!hashable(key->type)) report(DiagCode::kUnhashable, e.element->span, "unhashable type: '" + to_string(resolved(key->type)) + "'");
                grow(element, key->type);
                grow(value_type, value->type);
                emit_expr(runtime(RT::kt_dict_set, types_.none, span,
                                  {read_local(collected, span), convert(key, element), convert(value, value_type)}));
            });
            return scope.finish(read_local(collected, span));
        }
    }
    return never(span);
}

}  // namespace kayton::check
