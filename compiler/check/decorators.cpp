// Decorators that the program defines. The body of a decorator is run for each function it decorates like a module of
// its own: its names are global to the functions in it, and what it returns is what the decorated name stands for. So a
// wrapper with *args is instantiated for each call, as any function is.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"
#include "compiler/syntax/visit.h"

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
    // A method is called with its object when the function is there, and so is what a function within a function makes.
    auto of_value = [&](const Expr& e) {
        return e.kind == ExprKind::kAttribute && entity(*as<AttributeExpr>(e).object).kind == EntityKind::kValue;
    };
    auto is_plain = [](const Param& p) { return p.kind != ParamKind::kVarArgs && p.kind != ParamKind::kVarKeywords; };
    Entity with;
    if (decorator.kind == ExprKind::kCall) {
        const auto& call = as<CallExpr>(decorator);
        Entity maker = of_value(*call.callee) ? Entity{} : entity(*call.callee);
        if (maker.kind == EntityKind::kFunction && maker.function->parent_instance == nullptr &&
            std::all_of(maker.function->params.begin(), maker.function->params.end(), is_plain) &&
            std::none_of(call.args.begin(), call.args.end(), [](const Expr* a) { return a->kind == ExprKind::kStarred; }) &&
            call.args.size() + call.keywords.size() <= maker.function->params.size()) {
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
    } else if (!of_value(decorator)) {
        with = entity(decorator);
    }
    return with;
}

// What `@decorator` makes of the function; `with` is what the decorator stands for.
Entity Checker::decorate(Entity function, const Entity& with, const Expr& decorator) {
    if (with.kind == EntityKind::kValue && with.value != nullptr && prune(with.value->type)->kind == TypeKind::kNever) return with;
    if (with.kind != EntityKind::kFunction || with.function->params.size() != 1 || with.function->is_generator || with.function->parent_instance != nullptr)
        return call_decorator(std::move(function), with, decorator);
    // Keyed apart from the call that made it.
    return run_decoration(*with.function, &decorator.span, {std::move(function)}, decorator.span);
}

namespace {

void find_returns(Body body, std::vector<const ReturnStmt*>& returns) {
    for (const Stmt* s : body) {
        if (s->kind == StmtKind::kReturn) returns.push_back(&as<ReturnStmt>(*s));
        if (s->kind == StmtKind::kFunction || s->kind == StmtKind::kClass) continue;
        visit_children(*s, [](const Expr&, Role) {}, [&](Body inner) { find_returns(inner, returns); });
    }
}

// The name that every way through the body returns; empty: there is none such.
std::string_view returned_name(Body body) {
    std::vector<const ReturnStmt*> returns;
    find_returns(body, returns);
    if (returns.empty() || body.back()->kind != StmtKind::kReturn) return {};
    std::string_view name;
    for (const ReturnStmt* r : returns) {
        if (r->value == nullptr || r->value->kind != ExprKind::kName) return {};
        if (!name.empty() && as<NameExpr>(*r->value).name != name) return {};
        name = as<NameExpr>(*r->value).name;
    }
    return name;
}

// Whether the function gives back its only parameter (after `self`, where it is a method).
bool hands_back(std::span<const Param> params, Body body, bool is_method, const Scope& scope) {
    const size_t at = is_method ? 1 : 0;
    return params.size() == at + 1 && params[at].kind == ParamKind::kNormal && !scope.rebound.contains(params[at].name) && returned_name(body) == params[at].name;
}

}  // namespace

// The function or method that the decorator is, or that makes it. Null: not known.
const FunctionDecl* Checker::decorating_function(const Expr& decorator) {
    const Expr& named = decorator.kind == ExprKind::kCall ? *as<CallExpr>(decorator).callee : decorator;
    const size_t mark = diagnostics_.all().size();
    BlockScope unused(*this);
    const FunctionDecl* found = nullptr;
    if (named.kind == ExprKind::kAttribute) {
        const Entity object = entity(*as<AttributeExpr>(named).object);
        const Type* t = object.kind == EntityKind::kValue && object.value != nullptr ? prune(object.value->type) : object.kind == EntityKind::kType ? object.type : nullptr;
        if (t != nullptr && is_instance(t))
            if (const types::Method* m = find_method(*t->class_info, as<AttributeExpr>(named).name)) found = m->decl;
    } else if (named.kind == ExprKind::kName) {
        const Entity what = entity(named);
        if (what.kind == EntityKind::kFunction) found = what.function;
    }
    unused.take();
    diagnostics_.rewind(mark);
    return found;
}

// Where the decorator is any other value: it is called with the function, as Python does. The name goes on standing for
// the function itself where the decorator gives that back.
Entity Checker::call_decorator(Entity function, const Entity& with, const Expr& decorator) {
    const bool was_made = decorator.kind == ExprKind::kCall && (with.kind == EntityKind::kFunction || with.kind == EntityKind::kValue);
    const CallExpr*& tree = applied_[{&decorator, SIZE_MAX - 2}];
    if (tree == nullptr) {
        TreeBuilder build(synthetic_, decorator.span);
        tree = build.call(was_made ? *build.name("%decorator") : decorator, {build.name("%decorated")});
    }
    bool gives_back = false;
    if (const FunctionDecl* known = decorating_function(decorator)) {
        if (decorator.kind != ExprKind::kCall) {
            gives_back = hands_back(known->params, known->body, known->owner != nullptr, known->scope);
        } else {
            const std::string_view inner = returned_name(known->body);
            for (const Stmt* s : known->body) {
                if (s->kind != StmtKind::kFunction || as<FunctionStmt>(*s).name != inner) continue;
                const auto& made = as<FunctionStmt>(*s);
                gives_back = made.decorators.empty() && hands_back(made.params, made.body, false, analyse_scope(made.params, made.body));
            }
        }
    }
    state_->overlays.emplace_back();
    auto name = [&](std::string_view written, const Entity& stands_for) {
        VarState& var = state_->overlays.back()[written];
        var.bound = Bound::kYes;
        var.entity = std::make_shared<Entity>(stands_for);
    };
    name("%decorated", function);
    if (was_made) name("%decorator", with);
    TExpr* made = hold(call(*tree, nullptr));
    state_->overlays.pop_back();
    Entity result;
    if (gives_back && prune(made->type)->kind != TypeKind::kNever) return function;
    result.kind = EntityKind::kValue;
    result.value = made;
    return result;
}

Entity Checker::run_decoration(FunctionDecl& decl, const void* site, const std::vector<Entity>& args, Span span) {
    Entity failed;
    failed.kind = EntityKind::kValue;
    failed.value = never(span);
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
