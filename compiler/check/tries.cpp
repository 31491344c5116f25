// try, raise, with and imports.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

using Log = std::vector<std::pair<uint32_t, VarState>>;

}  // namespace

void Checker::try_statement(const TryStmt& s) {
    TStmt* node = stmt(SK::kTry, s.span);
    const Env entry = state_->env;
    Log whole;
    state_->assignment_logs.push_back(&whole);
    // Where an exception may leave a region: each assignment in it may or may not have happened.
    auto interrupted = [&](const Log& log) {
        Env env = entry;
        env.paths.clear();
        const auto& names = state_->instance->decl->scope.names;
        for (const auto& [slot, assigned] : log) {
            VarState& var = env.vars[slot];
            if (var.bound == Bound::kNo) {
                var = assigned;
                var.bound = Bound::kMaybe;
                continue;
            }
            if (var.entity || assigned.entity) continue;
            const Type* joined = join_types(var.flow, assigned.flow);
            if (var.local != assigned.local || var.global != assigned.global || (!var.global && !accepts(var.declared, joined)))
                pin(names[slot], joined);
            var.flow = joined;
        }
        return env;
    };
    Log body_log;
    state_->assignment_logs.push_back(&body_log);
    const size_t caught_before = state_->caught.size();
    for (const ExceptHandler& h : s.handlers) {
        std::vector<const Expr*> classes = {h.type};
        if (h.type != nullptr && h.type->kind == ExprKind::kTuple) classes.assign(as<SequenceExpr>(*h.type).items.begin(), as<SequenceExpr>(*h.type).items.end());
        for (const Expr* c : classes) {
            const Type* type = c == nullptr                      ? types_.find_exception("BaseException")
                               : c->kind == ExprKind::kName ? types_.find_exception(as<NameExpr>(*c).name)
                                                                 : nullptr;
            if (type != nullptr) state_->caught.push_back(type);
        }
    }
    const bool catches = std::any_of(state_->caught.begin() + static_cast<std::ptrdiff_t>(caught_before), state_->caught.end(),
                                     [&](const Type* c) { return types::is_subclass(types_.find_exception("ModuleNotFoundError"), c); });
    state_->caught_imports += catches ? 1 : 0;
    node->body = block([&] { body(s.body); });
    state_->caught_imports -= catches ? 1 : 0;
    state_->caught.resize(caught_before);
    std::erase(state_->assignment_logs, &body_log);
    Env after_body = state_->env;
    Env at_handlers = interrupted(body_log);

    Env result;
    result.reachable = false;
    std::vector<typed::Handler> handlers;
    for (const ExceptHandler& h : s.handlers) {
        typed::Handler handler;
        handler.span = h.span;
        std::vector<const Type*> classes;
        const Type* bound_type = types_.find_exception("BaseException");
        if (h.type != nullptr) {
            std::vector<const Expr*> written;
            if (h.type->kind == ExprKind::kTuple) {
                for (const Expr* item : as<SequenceExpr>(*h.type).items) written.push_back(item);
            } else {
                written.push_back(h.type);
            }
            for (const Expr* e : written) {
                Entity entity = this->entity(*e);
                const Type* type = entity.kind == EntityKind::kType || entity.kind == EntityKind::kCrateType ? entity.type : nullptr;
                if (type == nullptr || type->kind != TypeKind::kException) {
                    if (entity.kind != EntityKind::kValue || (entity.value != nullptr && prune(entity.value->type)->kind != TypeKind::kNever))
                        report(DiagCode::kTypeMismatch, e->span, "only exception classes can be caught", "this is not one");
                    continue;
                }
                classes.push_back(type);
                if (const Type* all = prune(with_mixed(type)); all->kind == TypeKind::kUnion)
                    for (const Type* also : all->args)
                        if (also != type) classes.push_back(also);
                if (type->class_info != nullptr) type->class_info->caught = true;
            }
            // A single class is known exactly; several meet in their nearest common base.
            if (!classes.empty()) {
                bound_type = classes.front();
                for (const Type* c : classes)
                    while (!types::is_subclass(c, bound_type)) bound_type = bound_type->base;
            }
            if (classes.empty()) classes.push_back(types_.find_exception("BaseException"));
        }
        handler.types = keep(classes);
        state_->env = at_handlers;
        handler.body = block([&] {
            if (!h.name.empty()) {
                uint32_t local = temp(bound_type);
                handler.local = local;
                assign_name(h.name, read_local(local, h.name_span), h.name_span);
            }
            const bool outer = std::exchange(state_->in_handler, true);
            body(h.body);
            state_->in_handler = outer;
            if (!h.name.empty() && state_->env.reachable) {
                if (VarState* var = find_var(h.name); var != nullptr && var->local >= 0 && !var->global) {
                    TStmt* unbind = stmt(SK::kUnbind, h.name_span);
                    unbind->index = static_cast<uint32_t>(var->local);
                    if (var->bound != Bound::kNo) emit(unbind);
                }
            }
        });
        if (!h.name.empty()) {
            if (VarState* var = find_var(h.name)) var->bound = Bound::kNo;
        }
        handlers.push_back(handler);
        result = join(result, state_->env);
    }
    node->handlers = keep(handlers);
    state_->env = after_body;
    node->else_body = block([&] { body(s.else_body); });
    result = join(state_->env, result);
    std::erase(state_->assignment_logs, &whole);

    if (!s.finally_body.empty()) {
        Env at_finally = interrupted(whole);
        if (result.reachable) at_finally = join(result, at_finally);
        Log finally_log;
        state_->assignment_logs.push_back(&finally_log);
        state_->env = at_finally;
        node->finally_body = block([&] { body(s.finally_body); });
        std::erase(state_->assignment_logs, &finally_log);
        const bool ends = state_->env.reachable;
        for (const auto& [slot, assigned] : finally_log) {
            (void)assigned;
            result.vars.resize(state_->env.vars.size());
            result.vars[slot] = state_->env.vars[slot];
        }
        if (!ends) result.reachable = false;
    }
    if (result.vars.empty()) result.vars = entry.vars;
    state_->env = std::move(result);
    emit(node);
}

// The object that `raise X` or `raise X(...)` raises. Null after an error.
TExpr* Checker::exception_object(const Expr& e) {
    if (e.kind == ExprKind::kName || e.kind == ExprKind::kAttribute) {
        Entity entity = this->entity(e);
        if (entity.kind == EntityKind::kType && entity.type->kind == TypeKind::kException && entity.type->class_info != nullptr) {
            CallExpr call{};
            call.kind = ExprKind::kCall;
            call.span = e.span;
            call.callee = const_cast<Expr*>(&e);
            return construct(*entity.type->class_info, call);
        }
        if ((entity.kind == EntityKind::kType || entity.kind == EntityKind::kCrateType) && entity.type->kind == TypeKind::kException)
            return runtime(RT::kt_exception_new, entity.type, e.span, {type_info(entity.type, e.span), null(e.span)});
        if (entity.kind == EntityKind::kValue) return exception_value(entity.value, e.span);
    } else {
        return exception_value(expression(e), e.span);
    }
    report(DiagCode::kTypeMismatch, e.span, "exceptions must derive from BaseException", "this is no exception");
    return nullptr;
}

TExpr* Checker::exception_value(TExpr* value, Span span) {
    const Type* t = prune(value->type);
    if (t->kind == TypeKind::kException) return value;
    if (t->kind == TypeKind::kNever) return nullptr;
    TExpr* object = dispatch(value, span, [&](TExpr* one) -> TExpr* {
        const Type* type = prune(one->type);
        const Type* base = types_.find_exception("BaseException");
        if (type->kind == TypeKind::kException) return convert(one, base);
        if (type->kind == TypeKind::kTypeObject && prune(type->args[0])->kind == TypeKind::kException) {
            CallExpr call{};
            call.kind = ExprKind::kCall;
            call.span = span;
            BlockScope scope(*this);
            if (!is_plain_read(one)) emit_expr(one);
            return scope.finish(convert(call_type(type->args[0], call, nullptr), base));
        }
        report(DiagCode::kTypeMismatch, span, "exceptions must derive from BaseException", "this is no exception");
        return never(span);
    });
    return prune(object->type)->kind == TypeKind::kNever ? nullptr : object;
}

void Checker::raise_statement(const RaiseStmt& s) {
    if (s.value == nullptr) {
        emit(stmt(SK::kReraise, s.span));
        state_->env.reachable = false;
        return;
    }
    TStmt* node = stmt(SK::kRaise, s.span);
    node->a = exception_object(*s.value);
    if (s.cause != nullptr) {
        if (s.cause->kind == ExprKind::kNone) {
            node->int_value = 1;
        } else {
            node->b = exception_object(*s.cause);
        }
    }
    if (node->a != nullptr) emit(node);
    state_->env.reachable = false;
}

// with on an object of a class: __enter__, and __exit__ on every way out. An exception that __exit__ answers with a true
// value ends there. False: the class has no such methods.
bool Checker::with_object(const WithStmt& s, size_t item, TExpr* context) {
    const WithItem& with = s.items[item];
    Span span = with.context->span;
    TExpr* held = hold(context);
    TExpr* entered = call_method(held, "__enter__", {}, span);
    const types::Method* leave = find_method(*prune(held->type)->class_info, "__exit__");
    if (entered == nullptr || leave == nullptr) return false;
    entered = hold(entered);
    if (with.target != nullptr) assign_target(*with.target, entered);
    auto exit_with = [&](TExpr* exception) -> TExpr* {
        Args args;
        if (exception == nullptr) {
            args = {constant_none(span), constant_none(span), constant_none(span)};
        } else {
            TExpr* type = type_of(exception, span);
            args = {convert(type, types_.optional(type->type)), convert(exception, types_.optional(exception->type)), constant_none(span)};
        }
        return call_method(held, "__exit__", args, span);
    };
    // An exception: asked, and raised again where the answer is false. Every other way out: told.
    uint32_t failed = temp(types_.boolean);
    assign_local(failed, constant_bool(false, span));
    TStmt* outer = stmt(SK::kTry, s.span);
    Env before = state_->env;
    outer->body = block([&] {
        TStmt* inner = stmt(SK::kTry, s.span);
        inner->body = block([&] { with_statement(s, item + 1); });
        Env after = state_->env;
        state_->env.reachable = true;
        typed::Handler handler;
        handler.span = span;
        uint32_t caught = temp(types_.find_exception("BaseException"));
        handler.local = caught;
        bool may_swallow = false;
        handler.body = block([&] {
            assign_local(failed, constant_bool(true, span));
            TExpr* answer = exit_with(read_local(caught, span));
            const Type* answered = prune(answer->type);
            if (answered->kind == TypeKind::kNone || (answer->kind == TK::kBool && answer->int_value == 0)) {
                emit_expr(answer);
                emit(stmt(SK::kReraise, span));
                return;
            }
            may_swallow = true;
            emit_if(negate(truth(answer)), span, [&] { emit(stmt(SK::kReraise, span)); });
        });
        std::vector<typed::Handler> handlers = {handler};
        inner->handlers = keep(handlers);
        emit(inner);
        state_->env = may_swallow ? join(before, after) : after;
    });
    Env after = state_->env;
    state_->env.reachable = true;
    outer->finally_body = block([&] {
        emit_if(negate(read_local(failed, span)), span, [&] { emit_expr(exit_with(nullptr)); });
    });
    state_->env = std::move(after);
    emit(outer);
    return true;
}

void Checker::with_statement(const WithStmt& s, size_t item) {
    if (item == s.items.size()) {
        body(s.body);
        return;
    }
    const WithItem& with = s.items[item];
    TExpr* context = expression(*with.context);
    const Type* t = prune(context->type);
    if (is_instance(t) && with_object(s, item, context)) return;
    if (t->kind != TypeKind::kTextFile && t->kind != TypeKind::kBinaryFile) {
        if (t->kind != TypeKind::kNever)
            report(DiagCode::kTypeMismatch, with.context->span, "'" + to_string(resolved(t)) + "' object does not support the context manager protocol",
                   "this is " + to_string(resolved(t)));
        if (with.target != nullptr) assign_target(*with.target, never(with.context->span));
        with_statement(s, item + 1);
        return;
    }
    TExpr* held = hold(context);
    if (with.target != nullptr) assign_target(*with.target, held);
    TStmt* node = stmt(SK::kTry, s.span);
    node->body = block([&] { with_statement(s, item + 1); });
    Env after = state_->env;
    state_->env.reachable = true;
    node->finally_body = block([&] { emit_expr(runtime(RT::kt_file_close, types_.none, with.context->span, {held})); });
    state_->env = std::move(after);
    emit(node);
}

void Checker::import_statement(const ImportStmt& s) {
    for (const ImportName& n : s.names) {
        if (!known_module(n.path)) {
            std::string path(n.path);
            const size_t errors = diagnostics_.all().size();
            if (Unit* unit = import_unit(path, n.span)) {
                Entity module;
                module.kind = EntityKind::kModule;
                module.name = n.alias.empty() ? path.substr(0, path.find('.')) : unit->name;
                bind_import(n.alias.empty() ? n.path.substr(0, n.path.find('.')) : n.alias, module, n.span);
                continue;
            }
            if (diagnostics_.all().size() > errors) continue;
            if (state_->caught_imports > 0) {
                raise_stmt(types_.find_exception("ModuleNotFoundError"), "No module named '" + path + "'", s.span);
                state_->env.reachable = false;
                return;
            }
            report(DiagCode::kUnknownModule, n.span, "no module named '" + path + "'", "not found",
                   "a Rust crate is imported with `rimport " + path + "`");
            std::string_view name = n.alias.empty() ? n.path.substr(0, n.path.find('.')) : n.alias;
            Entity nothing;
            nothing.kind = EntityKind::kValue;
            nothing.value = never(n.span);
            bind_entity(name, nothing, n.span);
            continue;
        }
        Entity module;
        module.kind = EntityKind::kModule;
        if (n.alias.empty()) {
            module.name = std::string(n.path.substr(0, n.path.find('.')));
            bind_entity(module.name == n.path ? n.path : n.path.substr(0, n.path.find('.')), module, n.span);
        } else {
            module.name = std::string(n.path);
            bind_entity(n.alias, module, n.span);
        }
    }
}

void Checker::from_import(const FromImportStmt& s) {
    if (s.level == 0 && s.module == "__future__") return;
    if (s.level == 0 && (s.module == "typing" || s.module == "collections.abc" || s.module == "typing_extensions")) {
        for (const ImportName& n : s.names) {  // names of types, resolved where they are used
            Entity entity;
            entity.kind = EntityKind::kBuiltin;
            entity.name = std::string(n.path);
            bind_entity(n.alias.empty() ? n.path : n.alias, entity, n.span);
        }
        return;
    }
    if (s.level != 0 || !known_module(s.module)) {
        std::string path = s.level != 0 ? relative_name(s.level, s.module) : std::string(s.module);
        const size_t errors = diagnostics_.all().size();
        Unit* unit = path.empty() ? nullptr : import_unit(path, s.module_span);
        if (unit != nullptr || path.empty()) {
            for (const ImportName& n : s.names) {
                if (n.path == "*") {
                    Unit* here = state_->instance->decl->unit;
                    if (unit != nullptr && std::find(here->stars.begin(), here->stars.end(), unit) == here->stars.end()) here->stars.push_back(unit);
                    continue;
                }
                Entity member;
                if (unit != nullptr) {
                    member = unit_member(*unit, n.path, n.span);
                } else if (Unit* beside = import_unit(std::string(n.path), n.span)) {
                    member.kind = EntityKind::kModule;
                    member.name = beside->name;
                }
                if (member.kind == EntityKind::kNothing && state_->caught_imports > 0) {
                    raise_stmt(types_.find_exception("ImportError"), "cannot import name '" + std::string(n.path) + "' from '" + path + "'", s.span);
                    state_->env.reachable = false;
                    return;
                }
                if (member.kind == EntityKind::kNothing) {
                    std::vector<std::string> names;
                    if (unit != nullptr)
                        for (auto name : unit->body->scope.names) names.emplace_back(name);
                    std::string near = nearest_name(n.path, names);
                    report(DiagCode::kUnknownMember, n.span, "cannot import name '" + std::string(n.path) + "' from '" + path + "'", "",
                           near.empty() ? "" : "did you mean `" + near + "`?");
                    member.kind = EntityKind::kValue;
                    member.value = never(n.span);
                }
                bind_import(n.alias.empty() ? n.path : n.alias, member, n.span);
            }
            return;
        }
        if (diagnostics_.all().size() > errors) return;
        if (state_->caught_imports > 0) {  // the program expects that
            raise_stmt(types_.find_exception("ModuleNotFoundError"), "No module named '" + path + "'", s.span);
            state_->env.reachable = false;
            return;
        }
        report(DiagCode::kUnknownModule, s.module_span, "no module named '" + path + "'", "not found",
               "items of a Rust crate are imported with `from " + path + " rimport ...`");
        for (const ImportName& n : s.names) {
            Entity nothing;
            nothing.kind = EntityKind::kValue;
            bind_entity(n.alias.empty() ? n.path : n.alias, nothing, n.span);
        }
        return;
    }
    for (const ImportName& n : s.names) {
        Entity member = module_member(std::string(s.module), n.path, n.span);
        if (member.kind == EntityKind::kNothing) member.kind = EntityKind::kValue;
        bind_entity(n.alias.empty() ? n.path : n.alias, member, n.span);
    }
}

void Checker::rimport(const ImportStmt& s) {
    for (const ImportName& n : s.names) {
        std::string path(n.path);
        std::string crate = path.substr(0, path.find('.'));
        const Manifest* manifest = load_manifest(crate);
        if (manifest == nullptr) continue;
        Entity entity;
        entity.kind = EntityKind::kCrate;
        entity.manifest = manifest;
        entity.name = n.alias.empty() ? crate : path;
        bind_entity(n.alias.empty() ? n.path.substr(0, n.path.find('.')) : n.alias, entity, n.span);
    }
}

void Checker::from_rimport(const FromImportStmt& s) {
    std::string path(s.module);
    const Manifest* manifest = load_manifest(path.substr(0, path.find('.')));
    if (manifest == nullptr) return;
    for (const ImportName& n : s.names) {
        if (n.path == "*") {
            report(DiagCode::kUnsupported, n.span, "`*` cannot be rimported", "", "name the items");
            continue;
        }
        Entity member = crate_member(*manifest, path + "." + std::string(n.path), n.span, true);
        if (member.kind == EntityKind::kNothing) member.kind = EntityKind::kValue;
        bind_entity(n.alias.empty() ? n.path : n.alias, member, n.span);
    }
}

}  // namespace kayton::check
