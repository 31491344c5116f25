// Statements but assignments, loops, try and imports.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

// Where a statement cannot work with the types it has, Python raises when it gets there. So does Kayton where the program
// expects that, under a handler of the exception; and, with a warning, where it is not sure that the run gets there with
// such values: in a handler, and in a function that is given None.
void Checker::guarded_statement(const Stmt& s) {
    const size_t mark = diagnostics_.all().size();
    const size_t emitted = state_->out->size();
    statement(s);
    const auto& all = diagnostics_.all();
    if (all.size() == mark) return;
    auto every = [&](const auto& holds) { return std::all_of(all.begin() + static_cast<std::ptrdiff_t>(mark), all.end(), holds); };
    const bool raises = every([&](const Diagnostic& d) {
        return exception_for(d.code) != nullptr && !d.only_here && d.primary.file == &file() &&
               d.primary.span.begin >= s.span.begin && d.primary.span.end <= s.span.end;
    });
    const bool expected = raises && every([&](const Diagnostic& d) {
        const Type* raised = types_.find_exception(exception_for(d.code));
        return std::any_of(state_->caught.begin(), state_->caught.end(), [&](const Type* c) { return types::is_subclass(raised, c); });
    });
    const bool of_none = all[mark].of_none && !state_->instance->decl->is_module;
    const bool in_handler = state_->in_handler && every([](const Diagnostic& d) {
        return d.code != DiagCode::kUndefinedName && d.code != DiagCode::kPossiblyUnbound;
    });
    if (!expected && !(raises && (of_none || in_handler))) return;
    deferrable_ = true;
    if (!expected && !deferring_) return;
    Diagnostic first = all[mark];
    diagnostics_.rewind(mark);
    state_->out->resize(emitted);
    std::string exception = exception_for(first.code);
    std::string message = as_raised(first.message);
    if (first.code == DiagCode::kPossiblyUnbound) {
        const std::string name = message.substr(1, message.find('`', 1) - 1);
        if (state_->instance->decl->is_module) exception = "NameError";
        message = state_->instance->decl->is_module ? "name '" + name + "' is not defined"
                                                    : "cannot access local variable '" + name + "' where it is not associated with a value";
    }
    const Span place = first.primary.span;
    if (!expected && !file().name().starts_with('<')) {  // what a shipped module does with its arguments is its own affair
        first.help = "the program raises " + exception + " if it comes here";
        raised_.push_back(std::move(first));
    }
    raise_stmt(types_.find_exception(exception), message, place);
    state_->env.reachable = false;
}

std::span<TStmt* const> Checker::block(const std::function<void()>& fill) {
    BlockScope scope(*this);
    fill();
    return scope.take();
}

void Checker::statement(const Stmt& s) {
    switch (s.kind) {
        case StmtKind::kExpr: {
            const Expr& value = *as<ExprStmt>(s).value;
            if (state_->tails.contains(&s)) {
                return_value(expression(value), s.span);
                break;
            }
            if ((value.kind == ExprKind::kStr && &s != shown_) || value.kind == ExprKind::kEllipsis) break;
            if (value.kind == ExprKind::kYield || value.kind == ExprKind::kYieldFrom) {
                emit_expr(yield(as<YieldExpr>(value), false));
                break;
            }
            if (&s == shown_ && asking_) {
                asked_ = entity(value);
                if (asked_->kind == EntityKind::kValue) emit_expr(asked_->value);
                break;
            }
            TExpr* e = expression(value);
            if (&s == shown_) {
                show_value(e, s.span);
                break;
            }
            emit_expr(e);
            if (prune(e->type)->kind == TypeKind::kNever && e->kind == TK::kCall) state_->env.reachable = false;
            break;
        }
        case StmtKind::kAssign: assign(as<AssignStmt>(s)); break;
        case StmtKind::kAugAssign: aug_assign(as<AugAssignStmt>(s)); break;
        case StmtKind::kAnnAssign: ann_assign(as<AnnAssignStmt>(s)); break;
        case StmtKind::kIf: if_statement(as<IfStmt>(s)); break;
        case StmtKind::kWhile: while_statement(as<WhileStmt>(s)); break;
        case StmtKind::kFor: for_statement(as<ForStmt>(s)); break;
        case StmtKind::kBreak:
        case StmtKind::kContinue: {
            const bool is_break = s.kind == StmtKind::kBreak;
            if (!state_->loops.empty()) {
                Env& target = is_break ? *state_->loops.back().break_env : *state_->loops.back().continue_env;
                target = join(target, state_->env);
                emit(stmt(is_break ? SK::kBreak : SK::kContinue, s.span));
            }
            state_->env.reachable = false;
            break;
        }
        case StmtKind::kPass:
        case StmtKind::kGlobal:
        case StmtKind::kNonlocal:
        case StmtKind::kError: break;
        case StmtKind::kReturn: return_statement(as<ReturnStmt>(s)); break;
        case StmtKind::kRaise: raise_statement(as<RaiseStmt>(s)); break;
        case StmtKind::kTry: try_statement(as<TryStmt>(s)); break;
        case StmtKind::kWith: with_statement(as<WithStmt>(s), 0); break;
        case StmtKind::kAssert: assert_statement(as<AssertStmt>(s)); break;
        case StmtKind::kDelete: delete_statement(as<DeleteStmt>(s)); break;
        case StmtKind::kFunction: function_statement(as<FunctionStmt>(s)); break;
        case StmtKind::kImport: import_statement(as<ImportStmt>(s)); break;
        case StmtKind::kFromImport: from_import(as<FromImportStmt>(s)); break;
        case StmtKind::kRimport: rimport(as<ImportStmt>(s)); break;
        case StmtKind::kFromRimport: from_rimport(as<FromImportStmt>(s)); break;
        case StmtKind::kTypeAlias: {
            if (const Type* t = annotation(*as<TypeAliasStmt>(s).value)) {
                Entity entity;
                entity.kind = EntityKind::kType;
                entity.type = t;
                bind_entity(as<TypeAliasStmt>(s).name, entity, s.span);
            }
            break;
        }
        case StmtKind::kClass:
            class_statement(as<ClassStmt>(s));
            break;
        case StmtKind::kMatch:
            match_statement(as<MatchStmt>(s));
            break;
    }
}

void Checker::if_statement(const IfStmt& first) {
    const IfStmt* s = &first;
    Condition test = condition(*s->condition);
    TStmt* node = stmt(SK::kIf, s->span);
    node->a = test.test;
    Env before = state_->env;
    apply(test.when_true);
    if (test.decided() == false) state_->env.reachable = false;
    node->body = block([&] { body(s->body); });
    Env after_then = std::move(state_->env);
    state_->env = std::move(before);
    apply(test.when_false);
    if (test.decided() == true) state_->env.reachable = false;
    node->else_body = block([&] { body(s->else_body); });
    state_->env = join(after_then, state_->env);
    emit(node);
}

void Checker::return_value(TExpr* value, Span span) {
    Instance& instance = *state_->instance;
    if (instance.decl->is_module) {
        emit_expr(value);
        return;
    }
    if (instance.decl->is_generator) {
        generator_return(value, span);
        return;
    }
    const Type* target = instance.forced_result;
    if (target != nullptr) {
        const Type* found = value->type;
        const size_t mark = diagnostics_.all().size();
        // What the runtime asks for a bool is asked for its truth, as `a == b` in a list's `==` is.
        if (!instance.may_widen && prune(target)->kind == TypeKind::kBool) value = truth(value);
        value = coerce(value, target, span, "result of `" + instance.decl->name + "`");
        if (instance.may_widen && diagnostics_.all().size() > mark) {
            diagnostics_.rewind(mark);
            instance.wider = join_types(instance.wider != nullptr ? instance.wider : target, found);
        }
        if (resolved(instance.result) != resolved(target)) {
            instance.result = target;
            changed_ = true;
        }
    } else {
        const Type* joined = join_types(instance.result, value->type);
        if (resolved(joined) != resolved(instance.result)) changed_ = true;
        instance.result = joined;
        value = convert(value, joined);
    }
    TStmt* s = stmt(SK::kReturn, span);
    s->a = value;
    emit(s);
    state_->env.reachable = false;
}

void Checker::return_statement(const ReturnStmt& s) {
    if (auto decoration = decoration_of_.find(state_->instance->decl); decoration != decoration_of_.end()) {
        if (s.value != nullptr) decoration->second->result = entity(*s.value);
        state_->env.reachable = false;
        return;
    }
    const Type* expected = state_->instance->decl->is_generator ? nullptr : state_->instance->forced_result;
    const Type* annotated = nullptr;
    if (state_->instance->decl->returns != nullptr && !state_->instance->decl->is_generator) {
        annotated = annotation(*state_->instance->decl->returns);
        if (annotated != nullptr && annotated->kind != TypeKind::kDynamic && expected == nullptr) expected = annotated;
    }
    TExpr* value = s.value != nullptr ? expression(*s.value, expected) : constant_none(s.span);
    if (annotated != nullptr && annotated->kind != TypeKind::kDynamic && prune(value->type)->kind != TypeKind::kNever) {
        if (flow_into(value->type, annotated)) {
            const Type* t = prune(annotated);
            if (!types::is_numeric(t) && !types::is_numeric(prune(value->type))) value = convert(value, annotated);
        } else if (!annotation_accepts(annotated, value->type)) {
            Span span = s.value != nullptr ? s.value->span : s.span;
            Diagnostic& d = report_limit(DiagCode::kTypeMismatch, span,
                                   "`" + state_->instance->decl->name + "` returns " + to_string(resolved(annotated)) + ", found " +
                                       to_string(resolved(value->type)),
                                   "this is " + to_string(resolved(value->type)));
            d.secondary.push_back({&file(), state_->instance->decl->returns->span, "because of this annotation"});
            value = never(span);
        }
    }
    return_value(value, s.span);
}

void Checker::assert_statement(const AssertStmt& s) {
    Condition test = condition(*s.condition);
    TStmt* node = stmt(SK::kIf, s.span);
    node->a = negate(test.test);
    Env before = state_->env;
    apply(test.when_false);
    state_->env.reachable = true;
    node->body = block([&] {
        const Type* type = types_.find_exception("AssertionError");
        TStmt* raise = stmt(SK::kRaise, s.condition->span);
        if (s.message != nullptr) {
            TExpr* message = expression(*s.message);
            TExpr* dynamic = convert(message, types_.dynamic);
            TExpr* args = make(TK::kList, types_.list(types_.dynamic), s.span, {dynamic});
            raise->a = runtime(RT::kt_exception_new, type, s.span, {type_info(type, s.span), args});
        } else {
            raise->a = runtime(RT::kt_exception_new, type, s.span, {type_info(type, s.span), null(s.span)});
        }
        emit(raise);
    });
    state_->env = std::move(before);
    apply(test.when_true);
    if (test.decided() == false) state_->env.reachable = false;
    emit(node);
}

// At the end of a cell: the names that it has deleted on every way through it.
void Checker::note_deleted() {
    if (!state_->env.reachable) return;
    const Scope& scope = state_->instance->decl->scope;
    for (size_t i = 0; i < scope.names.size(); ++i) {
        const VarState& var = state_->env.vars[i];
        if (var.bound == Bound::kNo && var.global) deleted_names_.emplace(global_key(scope.names[i]));
    }
}

void Checker::delete_statement(const DeleteStmt& s) {
    auto emit_unbind = [&](GlobalName& global, std::string_view name, Span span) {
        TStmt* unbind = stmt(SK::kUnbindGlobal, span);
        unbind->a = read_global(global, name, span);
        if (unbind->a->kind == TK::kGlobal) emit(unbind);
        else emit_expr(unbind->a);  // it has no value yet
    };
    for (const Expr* target : s.targets) {
        if (target->kind == ExprKind::kName) {
            std::string_view name = as<NameExpr>(*target).name;
            VarState* var = find_var(name);
            if (const auto global = globals_.find(global_key(name)); state_->instance->decl->scope.globals.contains(name) &&
                                                                     global != globals_.end() && global->second.declared != nullptr) {
                emit_unbind(global->second, name, target->span);
                continue;
            }
            if (var != nullptr && var->bound == Bound::kNo && !var->global && cell_ && state_->instance->decl->is_module) {
                // The cell gives the name another type later on: what goes is the variable of the cells before.
                if (const auto earlier = committed_globals_.find(global_key(name)); earlier != committed_globals_.end()) {
                    if (earlier->second.declared != nullptr) emit_unbind(earlier->second, name, target->span);
                    var->global = true;
                    continue;
                }
            }
            if (var == nullptr || var->bound == Bound::kNo) {
                report(DiagCode::kUndefinedName, target->span, "name '" + std::string(name) + "' is not defined");
                continue;
            }
            if (!var->entity && !var->global && var->local >= 0) {
                TStmt* unbind = stmt(SK::kUnbind, target->span);
                unbind->index = static_cast<uint32_t>(var->local);
                unbind->int_value = var->bound == Bound::kMaybe ? 1 : 0;
                emit(unbind);
            }
            if (!var->entity && var->global) {
                emit_unbind(globals_[global_key(name)], name, target->span);
            }
            // Marks a module's name as one that was deleted, and not just one that is not assigned yet.
            if (state_->instance->decl->is_module && is_module_global(name)) var->global = true;
            var->bound = Bound::kNo;
            var->entity = nullptr;
            continue;
        }
        if (target->kind == ExprKind::kTuple || target->kind == ExprKind::kList) {
            DeleteStmt inner{{StmtKind::kDelete, s.span}, as<SequenceExpr>(*target).items};
            delete_statement(inner);
            continue;
        }
        if (target->kind == ExprKind::kAttribute) {
            delete_attribute(as<AttributeExpr>(*target));
            continue;
        }
        if (target->kind != ExprKind::kSubscript) {
            report(DiagCode::kBadTarget, target->span, "this cannot be deleted");
            continue;
        }
        const auto& sub = as<SubscriptExpr>(*target);
        delete_item(hold(expression(*sub.object)), sub);
    }
}

// `del object[…]`
void Checker::delete_item(TExpr* object, const SubscriptExpr& target) {
    const Type* t = prune(object->type);
    if (t->kind == TypeKind::kNever) return;
    if (is_several(t)) {
        emit_expr(dispatch(object, target.span, [&](TExpr* member) {
            BlockScope scope(*this);
            delete_item(hold(member), target);
            return scope.finish(constant_none(target.span));
        }));
        return;
    }
    if (is_instance(t) && target.index->kind == ExprKind::kSlice && find_method(*t->class_info, "__delslice__") != nullptr) {  // of shipped classes
        const auto& slice = as<SliceExpr>(*target.index);
        emit_expr(call_method(object, "__delslice__", {slice_bound(slice.start), slice_bound(slice.stop), slice_bound(slice.step)}, target.span));
    } else if (const auto bounds = t->kind == TypeKind::kList ? slice_bounds(*target.index) : std::nullopt) {
        const auto& [start, stop, step] = *bounds;
        emit_expr(runtime(RT::kt_list_del_slice, types_.none, target.span, {object, start, stop, step}));
    } else if (t->kind == TypeKind::kList) {
        TExpr* index = coerce(expression(*target.index), types_.integer, target.index->span, "list index", true);
        emit_expr(runtime(RT::kt_list_del, types_.none, target.span, {object, index}));
    } else if (t->kind == TypeKind::kDict) {
        TExpr* key = coerce(expression(*target.index), t->args[0], target.index->span, "dict key");
        emit_expr(runtime(RT::kt_dict_del, types_.none, target.span, {object, key}));
    } else if (is_instance(t) && find_method(*t->class_info, "__delitem__") != nullptr) {
        emit_expr(call_method(object, "__delitem__", {expression(*target.index)}, target.span));
    } else {
        report(DiagCode::kNotSubscriptable, target.span, "'" + to_string(resolved(t)) + "' object doesn't support item deletion").of_none = prune(t)->kind == TypeKind::kNone;
    }
}

void Checker::function_statement(const FunctionStmt& s) {
    if (s.is_async) {
        report(DiagCode::kUnsupported, s.name_span, "async functions are not part of Kayton", "async def",
               "async Rust functions are called and waited for; write a plain function");
        return;
    }
    bool cached = false;
    std::vector<const Expr*> applied;
    for (const Expr* d : s.decorators) {
        const Expr* named = d->kind == ExprKind::kCall ? as<CallExpr>(*d).callee : d;
        std::string_view name = named->kind == ExprKind::kName ? as<NameExpr>(*named).name : named->kind == ExprKind::kAttribute ? as<AttributeExpr>(*named).name : "";
        if (name == "overload") return;  // only its annotations count, and the last definition has them all
        if (name == "lru_cache" || name == "cache") {
            cached = true;
        } else if (name != "wraps" && name != "final" && name != "no_type_check" && name != "staticmethod") {
            applied.push_back(d);
        }
    }
    const std::vector<Entity> with = decorators(applied);
    FunctionDecl* decl = declare(&s, std::string(s.name), s.params, s.returns, s.body, nullptr, s.is_fn, s.name_span);
    decl->is_generator = s.is_generator;
    decl->is_cached = cached;
    Entity entity;
    entity.kind = EntityKind::kFunction;
    entity.function = decl;
    for (size_t i = applied.size(); i-- > 0;) entity = decorate(entity, with[i], *applied[i]);
    // Which of several definitions it is shows when the program runs: a value then.
    const Scope& scope = state_->instance->decl->scope;
    VarState* var = scope.reassigned.contains(s.name) ? find_var(s.name) : nullptr;
    const bool replaces_value = var != nullptr && var->bound != Bound::kNo && !var->entity;
    if (entity.kind == EntityKind::kFunction && (replaces_value || scope.redefined.contains(s.name) || scope.nested_nonlocals.contains(s.name))) {
        const Type* expected = var != nullptr && var->bound != Bound::kNo && !var->entity ? var->flow : nullptr;
        if (expected != nullptr && prune(expected)->kind != TypeKind::kFunction) expected = nullptr;
        entity.value = function_value(*entity.function, &s, s.name_span, expected);
        entity.kind = EntityKind::kValue;
    }
    if (entity.kind == EntityKind::kValue) {
        assign_name(s.name, entity.value, s.name_span);
    } else {
        bind_entity(s.name, entity, s.name_span);
    }
}

}  // namespace kayton::check
