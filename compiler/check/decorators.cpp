// Decorators that the program defines. The body of a decorator is run for each function it decorates like a module of
// its own: its names are global to the functions in it, and what it returns is what the decorated name stands for. So a
// wrapper with *args is instantiated for each call, as any function is.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

// What the expressions after `@` stand for, in the order they are written: before the function they decorate is made.
std::vector<Entity> Checker::decorators(const std::vector<const Expr*>& written) {
    std::vector<Entity> all;
    for (const Expr* decorator : written) all.push_back(decorator_function(*decorator));
    return all;
}

Entity Checker::decorator_function(const Expr& decorator) {
    Entity with;
    if (decorator.kind == ExprKind::kCall) {
        const auto& call = as<CallExpr>(decorator);
        Entity maker = entity(*call.callee);
        if (maker.kind == EntityKind::kFunction && call.args.size() + call.keywords.size() <= maker.function->params.size()) {
            std::vector<Entity> args(maker.function->params.size());
            auto argument = [&](const Expr& e) {
                Entity value;
                value.kind = EntityKind::kValue;
                value.value = hold(expression(e));
                return value;
            };
            for (size_t i = 0; i < call.args.size(); ++i) args[i] = argument(*call.args[i]);
            for (const KeywordArg& k : call.keywords)
                for (size_t i = 0; i < args.size(); ++i)
                    if (maker.function->params[i].name == k.name) args[i] = argument(*k.value);
            with = run_decoration(*maker.function, &decorator, args, decorator.span);
        }
    } else {
        with = entity(decorator);
    }
    return with;
}

// What `@decorator` makes of the function; `with` is what the decorator stands for.
Entity Checker::decorate(Entity function, const Entity& with, const Expr& decorator) {
    Entity failed;
    failed.kind = EntityKind::kValue;
    failed.value = never(decorator.span);
    if (with.kind != EntityKind::kFunction || with.function->params.size() != 1 || with.function->is_generator) {
        if (with.kind != EntityKind::kValue || (with.value != nullptr && prune(with.value->type)->kind != TypeKind::kNever))
            report(DiagCode::kUnsupported, decorator.span, "this decorator of a function cannot be compiled", "decorator",
                   "a decorator is a function of the program that takes a function and returns one");
        return failed;
    }
    // Keyed apart from the call that made it.
    return run_decoration(*with.function, &decorator.span, {std::move(function)}, decorator.span);
}

Entity Checker::run_decoration(FunctionDecl& decl, const void* site, const std::vector<Entity>& args, Span span) {
    Entity failed;
    failed.kind = EntityKind::kValue;
    failed.value = never(span);
    if (decl.parent_instance != nullptr) {
        report(DiagCode::kUnsupported, span, "a decorator is defined at the top level of a module", "this one stands in a function");
        return failed;
    }
    Decoration& run = decorations_[{site, state_->instance->decl->unit}];
    if (run.unit == nullptr) {
        run.unit = std::make_unique<Unit>();
        run.unit->name = decl.unit->name;
        run.unit->prefix = decl.unit->prefix + decl.name + "@" + std::to_string(next_instance_) + ":";
        run.unit->stars.push_back(decl.unit);  // its other names are those of the module around it
        run.body = std::make_unique<FunctionDecl>();
        run.body->name = decl.name;
        run.body->file = decl.file;
        run.body->span = decl.span;
        run.body->params = decl.params;
        run.body->body = decl.body;
        run.body->scope = decl.scope;
        run.body->is_module = true;
        run.body->is_decoration = true;
        run.body->unit = run.unit.get();
        run.unit->body = run.body.get();
        auto instance = std::make_unique<Instance>();
        instance->decl = run.body.get();
        instance->result = types_.never;
        instance->number = next_instance_++;
        run.body->instances.push_back(std::move(instance));
        decoration_of_[run.body.get()] = &run;
    }
    run.entities.clear();
    for (size_t i = 0; i < decl.params.size(); ++i) {
        const Param& p = decl.params[i];
        const std::string key = run.unit->prefix + std::string(p.name);
        Entity value = i < args.size() ? args[i] : Entity{};
        if (value.kind == EntityKind::kNothing && p.default_value != nullptr) {
            value.kind = EntityKind::kValue;
            value.value = default_value(decl, i, span);
        }
        if (value.kind == EntityKind::kNothing) {
            report(DiagCode::kBadArguments, span, decl.name + "() missing a required argument: '" + std::string(p.name) + "'");
            return failed;
        }
        if (value.kind != EntityKind::kValue) {
            globals_[key].entity = value;
            continue;
        }
        if (prune(value.value->type)->kind == TypeKind::kNever) return failed;
        GlobalName& global = globals_[key];
        const Type* joined = global.declared == nullptr ? value.value->type : join_types(global.declared, value.value->type);
        if (global.declared == nullptr || resolved(joined) != resolved(global.declared)) {
            global.declared = joined;
            changed_ = true;
        }
        TStmt* store = stmt(SK::kAssignGlobal, span);
        store->index = global_index(global, key);
        store->a = convert(value.value, global.declared);
        emit(store);
    }
    run.result = Entity{};
    Instance& instance = *run.body->instances.front();
    check_instance(instance);
    TExpr* call = make(TK::kCall, types_.none, span);
    call->callee = instance.function;
    emit_expr(call);
    if (run.result.kind == EntityKind::kNothing) return failed;
    return run.result;
}

// The parameters of a decorator are names of its module.
void Checker::bind_parameters(FunctionDecl& decoration) {
    for (const Param& p : decoration.params) {
        auto known = globals_.find(decoration.unit->prefix + std::string(p.name));
        if (known == globals_.end()) continue;
        VarState& var = state_->env.vars[decoration.scope.slots.at(p.name)];
        var.bound = Bound::kYes;
        if (known->second.entity.kind != EntityKind::kNothing) {
            var.entity = std::make_shared<Entity>(known->second.entity);
        } else {
            var.global = true;
            var.declared = var.flow = known->second.declared;
        }
    }
}

}  // namespace kayton::check
