// match: each case is its pattern's tests, one inside the other, with the guard and the body innermost. What a pattern
// shows about the subject's type holds in its body.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;
using typed::Op;

namespace {

bool is_irrefutable(const Pattern& p) {
    switch (p.kind) {
        case PatternKind::kWildcard:
        case PatternKind::kCapture: return true;
        case PatternKind::kAs: return is_irrefutable(*p.children[0]);
        case PatternKind::kOr: return std::any_of(p.children.begin(), p.children.end(), [](const Pattern* c) { return is_irrefutable(*c); });
        default: return false;
    }
}

}  // namespace

void Checker::when(TExpr* test, Span span, const std::function<void()>& then) {
    if (test->kind == TK::kBool && test->int_value == 0) return;  // it cannot be
    emit_if(test, span, then);
}

void Checker::match_statement(const MatchStmt& s) {
    TExpr* subject = hold(expression(*s.subject));
    const std::string_view name = s.subject->kind == ExprKind::kName ? as<NameExpr>(*s.subject).name : std::string_view();
    const Type* left = prune(subject->type);  // what no earlier case took
    uint32_t done = temp(types_.boolean);
    assign_local(done, constant_bool(false, s.span));
    Env result;
    result.reachable = false;
    for (const MatchCase& c : s.cases) {
        if (!state_->env.reachable) break;
        const Env entry = state_->env;
        TStmt* node = stmt(SK::kIf, c.span);
        node->a = negate(read_local(done, c.span));
        TExpr* value = narrow(read_local(subject->kind == TK::kLocal ? subject->index : done, s.subject->span), left);
        if (subject->kind != TK::kLocal) value = subject;
        node->body = block([&] {
            pattern(*c.pattern, value, [&](TExpr* matched) {
                if (!name.empty() && prune(matched->type) != prune(subject->type)) apply({{name, matched->type}});
                auto run = [&] {
                    assign_local(done, constant_bool(true, c.span));
                    body(c.body);
                    result = result.reachable || state_->env.reachable ? join(result, state_->env) : result;
                };
                if (c.guard == nullptr) {
                    run();
                    return;
                }
                Condition guard = condition(*c.guard);
                when(guard.test, c.guard->span, [&] {
                    apply(guard.when_true);
                    run();
                });
            });
        });
        emit(node);
        state_->env = entry;
        if (c.guard != nullptr) continue;
        if (is_irrefutable(*c.pattern)) {
            state_->env.reachable = false;
        } else if (c.pattern->kind == PatternKind::kClass && c.pattern->children.empty()) {
            if (const Type* taken = class_argument(*c.pattern->value)) {
                const Type* hit = narrow_to(left, taken);
                const auto hits = hit->kind == TypeKind::kUnion ? hit->args : std::span<const Type* const>(&hit, 1);
                for (const Type* h : hits) left = types_.without(left, prune(h));
                if (left->kind == TypeKind::kNever) state_->env.reachable = false;
            }
        } else if (c.pattern->kind == PatternKind::kLiteral && c.pattern->value->kind == ExprKind::kNone) {
            left = types_.without(left, types_.none);
        }
    }
    state_->env = join(result, state_->env);
    if (state_->env.vars.empty()) state_->env.vars.resize(state_->instance->decl->scope.names.size());
}

void Checker::pattern(const Pattern& p, TExpr* value, const std::function<void(TExpr*)>& then) {
    const Type* t = prune(value->type);
    Span span = p.span;
    if (t->kind == TypeKind::kNever) {
        // Not known yet: names are bound, bodies checked when it is.
        if (p.kind == PatternKind::kCapture) assign_name(p.name, value, span);
        if (p.kind == PatternKind::kCapture || p.kind == PatternKind::kWildcard) then(value);
        return;
    }
    switch (p.kind) {
        case PatternKind::kWildcard: then(value); return;
        case PatternKind::kCapture:
            assign_name(p.name, value, span);
            then(value);
            return;
        case PatternKind::kLiteral:
        case PatternKind::kValue: {
            if (p.value->kind == ExprKind::kNone) {
                if (t->kind == TypeKind::kNone) {
                    then(value);
                } else if (types::is_union_with_none(t) || t->kind == TypeKind::kDynamic) {
                    TExpr* test = type_test(value, types_.none, span);
                    when(test, span, [&] { then(narrow(value, types_.none)); });
                }
                return;
            }
            if (crate_pattern(p, value, then)) return;
            TExpr* wanted = expression(*p.value);
            if (p.value->kind == ExprKind::kBool && t->kind != TypeKind::kBool && t->kind != TypeKind::kUnion && t->kind != TypeKind::kDynamic) return;
            when(equal(value, wanted, span, false), span, [&] { then(value); });
            return;
        }
        case PatternKind::kAs:
            pattern(*p.children[0], value, [&](TExpr* matched) {
                assign_name(p.name, matched, span);
                then(matched);
            });
            return;
        case PatternKind::kOr: {
            uint32_t any = temp(types_.boolean);
            assign_local(any, constant_bool(false, span));
            const Env entry = state_->env;
            Env matched_env;
            matched_env.reachable = false;
            for (const Pattern* alternative : p.children) {
                state_->env = entry;
                TStmt* node = stmt(SK::kIf, span);
                node->a = negate(read_local(any, span));
                node->body = block([&] {
                    pattern(*alternative, value, [&](TExpr*) {
                        assign_local(any, constant_bool(true, span));
                        matched_env = join(matched_env, state_->env);
                    });
                });
                emit(node);
            }
            state_->env = matched_env.vars.empty() ? entry : matched_env;
            if (!matched_env.reachable) return;
            when(read_local(any, span), span, [&] { then(value); });
            return;
        }
        case PatternKind::kSequence: sequence_pattern(p, value, then); return;
        case PatternKind::kMapping: {
            if (t->kind == TypeKind::kUnion) {
                for (const Type* m : t->args)
                    if (prune(m)->kind == TypeKind::kDict) only_member(value, prune(m), span, [&](TExpr* one) { pattern(p, one, then); });
                return;
            }
            if (t->kind != TypeKind::kDict) return;
            std::vector<TExpr*> keys;
            for (const Expr* key : p.keys) keys.push_back(hold(coerce(expression(*key), t->args[0], key->span, "key of " + to_string(resolved(t)))));
            std::function<void(size_t)> entries = [&](size_t i) {
                if (i < keys.size()) {
                    when(runtime(RT::kt_dict_contains, types_.boolean, span, {value, keys[i]}), span, [&] {
                        TExpr* item = hold(runtime(RT::kt_dict_get, t->args[1], span, {value, keys[i]}));
                        pattern(*p.children[i], item, [&](TExpr*) { entries(i + 1); });
                    });
                    return;
                }
                if (!p.name.empty()) {
                    TExpr* rest = hold(runtime(RT::kt_dict_copy, plain(t), span, {value}));
                    for (TExpr* key : keys) emit_expr(runtime(RT::kt_dict_del, types_.none, span, {rest, key}));
                    assign_name(p.name, rest, span);
                }
                then(value);
            };
            entries(0);
            return;
        }
        case PatternKind::kClass: class_pattern(p, value, then); return;
        case PatternKind::kStar: return;  // only inside sequences
    }
}

// `then` for a value that is the given member of its union.
void Checker::only_member(TExpr* value, const Type* member, Span span, const std::function<void(TExpr*)>& then) {
    TExpr* test = type_test(value, member, span);
    when(test, span, [&] { then(hold(narrow(value, member))); });
}

void Checker::sequence_pattern(const Pattern& p, TExpr* value, const std::function<void(TExpr*)>& then) {
    const Type* t = prune(value->type);
    Span span = p.span;
    if (t->kind == TypeKind::kUnion) {
        for (const Type* m : t->args) {
            const Type* member = prune(m);
            if (member->kind == TypeKind::kList || member->kind == TypeKind::kTuple)
                only_member(value, member, span, [&](TExpr* one) { sequence_pattern(p, one, then); });
        }
        return;
    }
    if (is_instance(t))
        if (TExpr* tuple = call_method(value, "_as_tuple", {}, span)) {
            sequence_pattern(p, hold(tuple), [&](TExpr*) { then(value); });
            return;
        }
    if (t->kind != TypeKind::kList && t->kind != TypeKind::kTuple) return;
    size_t star = p.children.size();
    for (size_t i = 0; i < p.children.size(); ++i)
        if (p.children[i]->kind == PatternKind::kStar) star = i;
    const bool starred = star != p.children.size();
    const size_t fixed = p.children.size() - (starred ? 1 : 0);
    if (t->kind == TypeKind::kTuple) {
        const size_t have = t->args.size();
        if (have < fixed || (!starred && have != fixed)) return;
        std::function<void(size_t, size_t)> items = [&](size_t i, size_t at) {
            if (i == p.children.size()) {
                then(value);
                return;
            }
            auto member = [&](size_t index) {
                TExpr* item = make(TK::kTupleGet, t->args[index], span, {value});
                item->index = static_cast<uint32_t>(index);
                return item;
            };
            if (i == star) {
                const size_t count = have - fixed;
                const Type* element = types_.never;
                for (size_t k = 0; k < count; ++k) element = join_types(element, t->args[at + k]);
                Args rest;
                for (size_t k = 0; k < count; ++k) rest.push_back(convert(member(at + k), element));
                if (!p.children[i]->name.empty()) assign_name(p.children[i]->name, make(TK::kList, types_.list(element), span, rest), span);
                items(i + 1, at + count);
                return;
            }
            pattern(*p.children[i], hold(member(at)), [&](TExpr*) { items(i + 1, at + 1); });
        };
        items(0, 0);
        return;
    }
    const auto count = static_cast<int64_t>(fixed);
    TExpr* fits = op(starred ? Op::kIntGe : Op::kIntEq, types_.boolean, span, {len(value), constant_int(count, span)});
    when(fits, span, [&] {
        std::function<void(size_t)> items = [&](size_t i) {
            if (i == p.children.size()) {
                then(value);
                return;
            }
            if (i == star) {
                const auto after = static_cast<int64_t>(p.children.size() - star - 1);
                TExpr* stop = after == 0 ? constant_int(INT64_MIN, span) : constant_int(-after, span);
                if (!p.children[i]->name.empty())
                    assign_name(p.children[i]->name, runtime(RT::kt_list_slice, t, span, {value, constant_int(static_cast<int64_t>(star), span), stop, constant_int(INT64_MIN, span)}), span);
                items(i + 1);
                return;
            }
            int64_t index = static_cast<int64_t>(i);
            if (starred && i > star) index = -static_cast<int64_t>(p.children.size() - i);
            pattern(*p.children[i], hold(make(TK::kListGet, t->args[0], span, {value, constant_int(index, span)})), [&](TExpr*) { items(i + 1); });
        };
        items(0);
    });
}

void Checker::class_pattern(const Pattern& p, TExpr* value, const std::function<void(TExpr*)>& then) {
    Span span = p.span;
    const Type* t = prune(value->type);
    if (crate_pattern(p, value, then)) return;
    const Type* target = class_argument(*p.value);
    if (target == nullptr) return;
    const Type* hit = narrow_to(t, target);
    if (hit->kind == TypeKind::kNever) return;
    auto parts = [&](TExpr* object) {
        const Type* type = prune(object->type);
        const size_t positional = p.children.size() - p.keyword_names.size();
        std::function<void(size_t)> next = [&](size_t i) {
            if (i == p.children.size()) {
                then(object);
                return;
            }
            std::string_view attribute;
            if (i >= positional) {
                attribute = p.keyword_names[i - positional];
            } else if (is_instance(type)) {
                const types::ClassInfo& c = *type->class_info;
                if (i < c.match_args.size()) attribute = c.match_args[i];
                else if (c.match_args.empty() && i < c.data_fields.size()) attribute = c.data_fields[i].name;
                if (attribute.empty()) {
                    report(DiagCode::kBadArguments, span, c.name + "() accepts " + std::to_string(std::max(c.match_args.size(), c.data_fields.size())) +
                                                              " positional sub-patterns (" + std::to_string(positional) + " given)");
                    return;
                }
            } else {  // int(x), str(s): the value itself
                pattern(*p.children[i], object, [&](TExpr*) { next(i + 1); });
                return;
            }
            AttributeExpr read{};
            read.kind = ExprKind::kAttribute;
            read.span = read.name_span = p.children[i]->span;
            read.name = attribute;
            read.object = p.value;
            pattern(*p.children[i], hold(crate_attribute(object, read)), [&](TExpr*) { next(i + 1); });
        };
        next(0);
    };
    if (hit == t) {
        parts(value);
        return;
    }
    if (hit->kind == TypeKind::kUnion) {
        TExpr* test = nullptr;
        for (const Type* m : hit->args) {
            TExpr* one = type_test(value, prune(m), span);
            test = test == nullptr ? one : make(TK::kOr, types_.boolean, span, {test, one});
        }
        when(test, span, [&] { parts(hold(narrow(value, hit))); });
        return;
    }
    only_member(value, hit, span, parts);
}

}  // namespace kayton::check
