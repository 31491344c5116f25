// Loops, and what a loop can go over.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;
using IK = typed::IterKind;

// Checks a loop's body until what its names carry back to the head no longer grows. `head` fills in what is evaluated
// at every turn (a while's condition, a for's targets) at the start of the body.
void Checker::loop_body(const Stmt& s, TStmt* loop, Body statements, Body else_body, const std::function<void(TStmt*)>& head) {
    auto& carried = state_->instance->loop_types[&s];
    Env entry = state_->env;
    for (const auto& [slot, type] : carried) {
        VarState& var = entry.vars[slot];
        if (var.bound == Bound::kNo || var.entity || var.flow == nullptr) continue;
        var.flow = join_types(var.flow, type);
    }
    const size_t mark = diagnostics_.all().size();
    const auto& names = state_->instance->decl->scope.names;
    Env break_env, exit_env;
    for (int attempt = 0; attempt < 12; ++attempt) {
        diagnostics_.rewind(mark);
        state_->env = entry;
        Env continue_env;
        break_env = Env{};
        break_env.reachable = false;
        continue_env.reachable = false;
        std::set<std::string_view> unbound_before;
        std::swap(unbound_before, state_->unbound_reads);
        state_->loops.push_back({&break_env, &continue_env});
        {
            BlockScope scope(*this);
            head(loop);
            exit_env = state_->env;  // `head` leaves in the environment what holds when the loop goes on
            body(statements);
            loop->body = scope.take();
        }
        state_->loops.pop_back();
        Env back = join(continue_env, state_->env);
        bool again = false;
        if (back.reachable) {
            // What is known of attributes at the head must hold at every turn.
            const size_t known = entry.paths.size();
            std::erase_if(entry.paths, [&](const auto& fact) {
                auto carried_back = back.paths.find(fact.first);
                return carried_back == back.paths.end() || resolved(carried_back->second) != resolved(fact.second);
            });
            again = entry.paths.size() != known;
            for (size_t i = 0; i < entry.vars.size(); ++i) {
                VarState& at_head = entry.vars[i];
                const VarState& carried_back = back.vars[i];
                if (carried_back.bound == Bound::kNo) {
                    if (at_head.bound == Bound::kYes) {
                        at_head.bound = Bound::kMaybe;
                        again = true;
                    }
                    continue;
                }
                if (at_head.bound == Bound::kNo) {
                    if (state_->unbound_reads.contains(names[i])) {
                        at_head = carried_back;
                        at_head.bound = Bound::kMaybe;
                        again = true;
                    }
                    continue;
                }
                if (at_head.entity || carried_back.entity) continue;
                const Type* joined = join_types(at_head.flow, carried_back.flow);
                if (at_head.local != carried_back.local || at_head.global != carried_back.global) {
                    pin(names[i], joined);
                    continue;
                }
                if (!at_head.global && !accepts(at_head.declared, joined)) {
                    pin(names[i], joined);
                    continue;
                }
                if (carried_back.bound == Bound::kMaybe && at_head.bound == Bound::kYes) {
                    at_head.bound = Bound::kMaybe;
                    again = true;
                }
                if (resolved(joined) != resolved(at_head.flow)) {
                    at_head.flow = joined;
                    carried[static_cast<uint32_t>(i)] = joined;
                    again = true;
                }
            }
        }
        unbound_before.insert(state_->unbound_reads.begin(), state_->unbound_reads.end());
        state_->unbound_reads = std::move(unbound_before);
        if (!again) {
            state_->env = back.reachable ? join(entry, back) : entry;
            break;
        }
    }
    if (loop->kind == SK::kWhile) {
        if (loop->a->kind == TK::kBool && loop->a->int_value != 0) {
            state_->env.reachable = false;
        }
    }
    loop->else_body = block([&] { body(else_body); });
    state_->env = join(state_->env, break_env);
}

void Checker::while_statement(const WhileStmt& s) {
    TStmt* loop = stmt(SK::kWhile, s.span);
    std::vector<Narrowing> when_false;
    loop_body(s, loop, s.body, s.else_body, [&](TStmt* node) {
        Condition test = condition(*s.condition);
        node->a = test.test;
        when_false = test.when_false;
        apply(test.when_true);
        if (test.decided() == false) state_->env.reachable = false;
    });
    if (s.else_body.empty() && state_->env.reachable) {
        // What ended the loop holds after it, where no break skipped the test.
        bool has_break = false;
        std::function<void(Body)> look = [&](Body statements) {
            for (const Stmt* inner : statements) {
                if (inner->kind == StmtKind::kBreak) has_break = true;
                if (inner->kind == StmtKind::kIf) {
                    look(as<IfStmt>(*inner).body);
                    look(as<IfStmt>(*inner).else_body);
                }
                if (inner->kind == StmtKind::kTry || inner->kind == StmtKind::kWith || inner->kind == StmtKind::kMatch) has_break = true;
            }
        };
        look(s.body);
        if (!has_break) apply(when_false);
        state_->env.reachable = true;
    }
    emit(loop);
}

void Checker::for_statement(const ForStmt& s) {
    typed::Iter* iter = iterate(*s.iterable);
    if (iter == nullptr) {
        // Reported; the body is checked with a target that fits everything.
        assign_target(*s.target, never(s.target->span));
        body(s.body);
        state_->env.reachable = true;
        return;
    }
    iter->span = s.span;  // where asking for the next element fails, as in Python
    TStmt* loop = stmt(SK::kFor, s.span);
    loop->iter = iter;
    loop_body(s, loop, s.body, s.else_body, [&](TStmt*) { assign_target(*s.target, element_value(iter, s.target->span)); });
    emit(loop);
}

typed::Iter* Checker::make_iter(IK kind, Span span, const Args& args, const Type* element) {
    auto* iter = program_.arena->make<typed::Iter>();
    iter->kind = kind;
    iter->span = span;
    iter->args = keep(args);
    if (element != nullptr) iter->local = temp(element);
    return iter;
}

TExpr* Checker::element_value(typed::Iter* iter, Span span) {
    TExpr* element = element_of(iter, span);
    auto mapped = mapped_.find(iter);
    if (mapped == mapped_.end()) return element;
    const CallExpr& call = *mapped->second;
    Args args = {element};
    if (call.args.size() > 2) args.assign(element->args.begin(), element->args.end());
    return apply_callable(*call.args[0], args, span);
}

TExpr* Checker::element_of(typed::Iter* iter, Span span) {
    switch (iter->kind) {
        case IK::kDictItems: {
            TExpr* key = read_local(iter->local, span);
            TExpr* value = read_local(iter->local2, span);
            std::vector<const Type*> members = {key->type, value->type};
            return make(TK::kTuple, types_.tuple(members), span, {key, value});
        }
        case IK::kEnumerate: {
            TExpr* count = read_local(iter->local, span);
            TExpr* value = element_value(iter->children[0], span);
            std::vector<const Type*> members = {count->type, value->type};
            return make(TK::kTuple, types_.tuple(members), span, {count, value});
        }
        case IK::kZip: {
            Args items;
            std::vector<const Type*> members;
            for (typed::Iter* child : iter->children) {
                items.push_back(element_value(child, span));
                members.push_back(items.back()->type);
            }
            return make(TK::kTuple, types_.tuple(members), span, items);
        }
        case IK::kHandle: {
            // Elements of a generic iterator get back the types that the iterator was made with.
            const ManifestFunction& next = *program_.plugin_functions[iter->index].function;
            const Type* open = parse_type(next.result, true);
            TExpr* element = read_local(iter->local, span);
            if (!has_names(open)) return element;
            TypeNames known;
            learn(parse_type(next.params.front().type, true), iter->args[0]->type, known);
            return give_back(element, open, with_names(open, known));
        }
        default: return read_local(iter->local, span);
    }
}

bool Checker::is_iterator_builtin(const Expr& e, std::string& name) {
    if (e.kind != ExprKind::kCall || as<CallExpr>(e).callee->kind != ExprKind::kName) return false;
    Entity callee = lookup(as<NameExpr>(*as<CallExpr>(e).callee).name, as<CallExpr>(e).callee->span);
    if (callee.kind != EntityKind::kBuiltin) return false;
    name = callee.name;
    return true;
}

// Null after an error.
typed::Iter* Checker::iterate(const Expr& e) {
    if (e.kind == ExprKind::kRange) {
        const auto& r = as<RangeExpr>(e);
        if (r.start == nullptr || r.stop == nullptr) {
            report(DiagCode::kNotIterable, e.span, "a range to loop over needs both ends", "open range");
            return nullptr;
        }
        TExpr* start = coerce(expression(*r.start), types_.integer, r.start->span, "range", true);
        TExpr* stop = coerce(expression(*r.stop), types_.integer, r.stop->span, "range", true);
        if (r.inclusive) stop = op(typed::Op::kIntAdd, types_.integer, e.span, {stop, constant_int(1, e.span)}, "a + b");
        return make_iter(IK::kRange, e.span, {start, stop, constant_int(1, e.span)}, types_.integer);
    }
    std::string name;
    if (is_iterator_builtin(e, name)) {
        const auto& call = as<CallExpr>(e);
        const size_t count = call.args.size();
        bool plain = true;
        for (const Expr* arg : call.args) plain &= arg->kind != ExprKind::kStarred;
        if (name == "range" && plain && call.keywords.empty() && count >= 1 && count <= 3) {
            Args args;
            for (const Expr* arg : call.args) args.push_back(coerce(expression(*arg), types_.integer, arg->span, "range()", true));
            if (count == 1) args.insert(args.begin(), constant_int(0, e.span));
            if (args.size() == 2) args.push_back(constant_int(1, e.span));
            return make_iter(IK::kRange, e.span, args, types_.integer);
        }
        if (name == "enumerate" && plain && count >= 1 && count <= 2) {
            typed::Iter* child = iterate(*call.args[0]);
            const Expr* start = count == 2 ? call.args[1] : keyword(call, "start");
            TExpr* first = start != nullptr ? coerce(expression(*start), types_.integer, start->span, "enumerate()", true) : constant_int(0, e.span);
            if (child == nullptr) return nullptr;
            typed::Iter* iter = make_iter(IK::kEnumerate, e.span, {first}, types_.integer);
            std::vector<typed::Iter*> children = {child};
            iter->children = keep(children);
            return iter;
        }
        // map() with something to call that need not be evaluated first.
        const bool by_name = count > 0 && (call.args[0]->kind == ExprKind::kLambda || call.args[0]->kind == ExprKind::kName ||
                                           call.args[0]->kind == ExprKind::kAttribute);
        const bool map = name == "map" && plain && call.keywords.empty() && count >= 2 && count <= 5 && by_name;
        if (map && count == 2) {
            typed::Iter* iter = is_lazy(*call.args[1]) ? iterate_value(expression(*call.args[1]), e.span) : iterate(*call.args[1]);
            if (iter != nullptr) mapped_[iter] = &call;
            return iter;
        }
        const Expr* strict = name == "zip" ? keyword(call, "strict") : nullptr;
        const bool lax = call.keywords.empty() || (call.keywords.size() == 1 && strict != nullptr && strict->kind == ExprKind::kBool && !as<BoolExpr>(*strict).value);
        if (name == "zip" && count == 1 && !plain && lax) {
            const Expr& rows = *as<StarredExpr>(*call.args[0]).value;
            return iterate_value(call_values(*prelude("_zip_star"), {list_from(rows, &e, nullptr)}, e.span), e.span);
        }
        if ((name == "zip" && plain && lax && count >= 1) || map) {
            std::vector<typed::Iter*> children;
            for (const Expr* arg : call.args.subspan(map ? 1 : 0)) {
                // Each is asked in its turn, with all that its own functions do.
                typed::Iter* child = is_lazy(*arg) ? iterate_value(expression(*arg), arg->span) : iterate(*arg);
                if (child == nullptr) return nullptr;
                children.push_back(child);
            }
            typed::Iter* iter = make_iter(IK::kZip, e.span, {}, nullptr);
            iter->children = keep(children);
            if (map) mapped_[iter] = &call;
            return iter;
        }
        if (name == "reversed" && plain && count == 1) {
            if (call.args[0]->kind == ExprKind::kName || call.args[0]->kind == ExprKind::kAttribute) {
                TExpr* object = expression(*call.args[0]);
                if (is_instance(object->type))
                    if (TExpr* own = call_method(object, "__reversed__", {}, e.span)) return iterate_value(own, e.span);
            }
            if (typed::Iter* inner = iterate(*call.args[0])) {
                if (inner->kind == IK::kRange) {
                    inner->kind = IK::kReversedRange;
                    return inner;
                }
                if (inner->kind == IK::kList) {
                    inner->kind = IK::kReversedList;
                    return inner;
                }
                if (inner->kind == IK::kIterator || inner->kind == IK::kZip || inner->kind == IK::kEnumerate || inner->kind == IK::kFile) {
                    report(DiagCode::kTypeMismatch, e.span, "an iterator is not reversible", "it can only be read forwards",
                           "make a list of it first");
                    return nullptr;
                }
                TExpr* list = nullptr;
                {
                    // Anything else is collected first.
                    const Type* variable = variable_at(&e);
                    uint32_t collected = temp(types_.list(variable));
                    assign_local(collected, make(TK::kList, types_.list(variable), e.span, Args{}));
                    loop_over(inner, e.span, [&](TExpr* element) { append_to(read_local(collected, e.span), element, e.span); });
                    list = read_local(collected, e.span);
                }
                return make_iter(IK::kReversedList, e.span, {list}, prune(list->type)->args[0]);
            }
            return nullptr;
        }
        if (name == "iter" && plain && count == 1) return iterate(*call.args[0]);
        if (name == "zip" && plain && count == 0) return iterate_value(call_values(*prelude("_zip_nothing"), {}, e.span), e.span);
        if (name == "enumerate" || name == "zip" || name == "reversed") {
            report(plain ? DiagCode::kBadArguments : DiagCode::kUnsupported, e.span,
                   plain ? name + "() cannot take these arguments" : "`*` cannot be used in a call of " + name + "(): how many it gives must be known");
            return nullptr;
        }
    }
    if (e.kind == ExprKind::kCall && as<CallExpr>(e).callee->kind == ExprKind::kAttribute && as<CallExpr>(e).args.empty() &&
        as<CallExpr>(e).keywords.empty()) {
        const auto& callee = as<AttributeExpr>(*as<CallExpr>(e).callee);
        if (callee.name == "items" || callee.name == "keys" || callee.name == "values") {
            Entity object = entity(*callee.object);
            if (object.kind == EntityKind::kValue && prune(object.value->type)->kind == TypeKind::kDict) {
                const Type* t = prune(object.value->type);
                if (callee.name == "keys") return make_iter(IK::kDictKeys, e.span, {object.value}, t->args[0]);
                if (callee.name == "values") return make_iter(IK::kDictValues, e.span, {object.value}, t->args[1]);
                typed::Iter* iter = make_iter(IK::kDictItems, e.span, {object.value}, t->args[0]);
                iter->local2 = temp(t->args[1]);
                return iter;
            }
        }
    }
    return iterate_value(expression(e), e.span);
}

typed::Iter* Checker::iterate_value(TExpr* value, Span span) {
    const Type* t = prune(value->type);
    switch (t->kind) {
        case TypeKind::kNever:
            return make_iter(IK::kList, span, {make(TK::kConvert, types_.list(types_.never), span, {value})}, types_.never);
        case TypeKind::kList: return make_iter(IK::kList, span, {value}, t->args[0]);
        case TypeKind::kStr: return make_iter(IK::kStr, span, {value}, types_.str);
        case TypeKind::kBytes: return make_iter(IK::kBytes, span, {value}, types_.integer);
        case TypeKind::kDict: return make_iter(IK::kDictKeys, span, {value}, t->args[0]);
        case TypeKind::kSet: return make_iter(IK::kSet, span, {value}, t->args[0]);
        case TypeKind::kTextFile: return make_iter(IK::kFile, span, {value}, types_.str);
        case TypeKind::kBinaryFile: return make_iter(IK::kFile, span, {value}, types_.bytes);
        case TypeKind::kIterator: return make_iter(IK::kIterator, span, {value}, t->args[0]);
        case TypeKind::kRange: {
            TExpr* held = hold(value);
            Args fields;
            for (uint32_t i = 0; i < 3; ++i) {
                TExpr* field = make(TK::kRangeField, types_.integer, span, {held});
                field->index = i;
                fields.push_back(field);
            }
            return make_iter(IK::kRange, span, fields, types_.integer);
        }
        case TypeKind::kTuple: {
            const Type* element = types_.never;
            for (const Type* m : t->args) element = join_types(element, m);
            TExpr* held = value->kind == TK::kTuple ? value : hold(value);
            Args items;
            for (size_t i = 0; i < t->args.size(); ++i) {
                TExpr* item = nullptr;
                if (value->kind == TK::kTuple) {
                    item = value->args[i];
                } else {
                    item = make(TK::kTupleGet, t->args[i], span, {held});
                    item->index = static_cast<uint32_t>(i);
                }
                items.push_back(convert(item, element));
            }
            return make_iter(IK::kList, span, {make(TK::kList, types_.list(element), span, items)}, element);
        }
        case TypeKind::kClass:
            if (typed::Iter* iter = class_iter(value, span)) return iter;
            break;
        case TypeKind::kTypeObject:
            if (prune(t->args[0])->class_info != nullptr && prune(t->args[0])->class_info->is_enum) return iterate_value(enum_list(*prune(t->args[0])->class_info, span), span);
            break;
        case TypeKind::kHandle: {
            TExpr* iterator = crate_iter(value, span);
            if (iterator == nullptr) break;
            const Type* it = prune(iterator->type);
            if (it->kind != TypeKind::kHandle) return iterate_value(iterator, span);
            const Manifest* manifest = manifest_of(it);
            auto next = crate_functions(*manifest, std::string(it->name) + ".__next__");
            if (next.empty()) break;
            uint32_t index = plugin_function(*manifest, *next.front());
            typed::Iter* iter = make_iter(IK::kHandle, span, {iterator}, program_.plugin_functions[index].result);
            iter->index = index;
            return iter;
        }
        default: break;
    }
    if (is_several(t)) return iterate_several(value, span);
    report(DiagCode::kNotIterable, span, "'" + to_string(resolved(t)) + "' object is not iterable", "this is " + to_string(resolved(t))).of_none = prune(t)->kind == TypeKind::kNone;
    return nullptr;
}

// Over a value of several types. Containers are copied into one list; where an iterator is among them, each is made one.
typed::Iter* Checker::iterate_several(TExpr* value, Span span) {
    value = present(value, "'NoneType' object is not iterable");
    if (!is_several(value->type)) return iterate_value(value, span);
    const auto members = possible_types(value->type);
    const bool lazy = std::any_of(members.begin(), members.end(), [](const Type* m) { return prune(m)->kind == TypeKind::kIterator; });
    if (lazy) {
        const void* site = keep_path(file().name() + "#iterator#" + std::to_string(span.begin)).data();
        TExpr* iterator = dispatch(value, span, [&](TExpr* member) -> TExpr* {
            if (TExpr* made = iterator_of(member, site, span)) return made;
            const std::string type = to_string(resolved(member->type));
            report(DiagCode::kNotIterable, span, "'" + type + "' object is not iterable", "this is " + type);
            return never(span);
        });
        if (prune(iterator->type)->kind == TypeKind::kIterator || prune(iterator->type)->kind == TypeKind::kNever) return iterate_value(iterator, span);
    }
    const Type* element = types_.never;
    uint32_t collected = temp(types_.list(types_.never));
    // The element type is known when every member was looked at; the appends are converted then.
    std::vector<std::pair<TStmt*, TExpr*>> appends;
    TExpr* filled = dispatch(value, span, [&](TExpr* member) -> TExpr* {
        BlockScope scope(*this);
        typed::Iter* iter = iterate_value(member, span);
        if (iter == nullptr) return never(span);
        loop_over(iter, span, [&](TExpr* item) {
            element = join_types(element, item->type);
            TStmt* append = stmt(SK::kExpr, span);
            emit(append);
            appends.emplace_back(append, item);
        });
        return scope.finish(constant_none(span));
    });
    const Type* list = types_.list(element);
    state_->function->locals[collected].type = list;
    assign_local(collected, make(TK::kList, list, span, Args{}));
    for (auto& [append, item] : appends) append->a = runtime(RT::kt_list_append, types_.none, span, {read_local(collected, span), convert(item, element)});
    emit_expr(filled);
    return make_iter(IK::kList, span, {read_local(collected, span)}, element);
}

void Checker::loop_over(typed::Iter* iter, Span span, const std::function<void(TExpr*)>& each) {
    if (state_->consumer != nullptr) iter->span = state_->consumer->span;
    TStmt* loop = stmt(SK::kFor, span);
    loop->iter = iter;
    loop->body = block([&] { each(element_value(iter, span)); });
    emit(loop);
}

void Checker::for_each(const Expr& iterable, const std::function<void(TExpr*)>& each) {
    std::string builtin;
    if (is_iterator_builtin(iterable, builtin) && builtin == "filter" && as<CallExpr>(iterable).args.size() == 2 && is_lazy(iterable)) {
        const Expr& test = *as<CallExpr>(iterable).args[0];
        const bool truthy = test.kind == ExprKind::kNone;
        if (truthy || test.kind == ExprKind::kLambda || test.kind == ExprKind::kName || test.kind == ExprKind::kAttribute) {
            for_each(*as<CallExpr>(iterable).args[1], [&](TExpr* element) {
                TExpr* held = hold(element);
                TStmt* node = stmt(SK::kIf, iterable.span);
                node->a = truth(truthy ? held : apply_callable(test, {held}, iterable.span));
                const Type* kept = prune(held->type);
                if (truthy && types::is_union_with_none(kept)) kept = types_.without(kept, types_.none);
                node->body = block([&] { each(narrow(held, kept)); });
                emit(node);
            });
            return;
        }
    }
    if (typed::Iter* iter = iterate(iterable)) loop_over(iter, iterable.span, each);
}

void Checker::break_out(Span span) { emit(stmt(SK::kBreak, span)); }

void Checker::append_to(TExpr* list, TExpr* value, Span span) {
    const Type* element = prune(list->type)->args[0];
    if (!grow(element, value->type)) {
        report_limit(DiagCode::kTypeMismatch, span,
               "list of " + to_string(resolved(element)) + " cannot take a " + to_string(resolved(value->type)),
               "this is a " + to_string(resolved(value->type)));
        return;
    }
    emit_expr(runtime(RT::kt_list_append, types_.none, span, {list, convert(value, element)}));
}

}  // namespace kayton::check
