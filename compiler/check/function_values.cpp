// Functions as values: closures whose parameter types later calls decide, lambdas put in place, built-ins wrapped in a
// lambda, and functions passed by a name that the callee knows.
#include <algorithm>

#include "compiler/check/builtin_names.h"
#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

// A function passed by its name, or a lambda, that shares no variables with a function around it: the called function is
// instantiated for it, so that calls through the parameter take what the function takes. Null: not such an argument.
TExpr* Checker::function_argument(const Expr& e) {
    Entity passed;
    if (e.kind == ExprKind::kName || e.kind == ExprKind::kAttribute) {
        const size_t mark = diagnostics_.all().size();
        BlockScope unused(*this);
        passed = entity(e);
        unused.take();
        diagnostics_.rewind(mark);  // said again where the argument is checked as a value
    } else if (e.kind == ExprKind::kLambda) {
        const auto& lambda = as<LambdaExpr>(e);
        passed.kind = EntityKind::kFunction;
        passed.function = declare(&e, "<lambda>", lambda.params, nullptr, {}, lambda.body, false, e.span);
    }
    if (passed.kind == EntityKind::kFunction) {
        if (!shares_nothing(*passed.function)) return nullptr;
    } else if (passed.kind == EntityKind::kBuiltin && builtin_type(passed.name) == nullptr && is_builtin_name(passed.name)) {
        // Known by its name.
    } else if (passed.kind == EntityKind::kType && passed.type->kind != TypeKind::kHandle) {
        return class_value(passed.type, e.span);
    } else {
        return nullptr;
    }
    return function_ref(passed, e.span);
}

// Whether calls of the function need its code alone: no variables of functions around it, nothing that is kept in a value.
bool Checker::shares_nothing(const FunctionDecl& decl) {
    if (!decl.bound.empty() || decl.is_decoration) return false;
    for (const Instance* outer = decl.parent_instance; outer != nullptr; outer = outer->decl->parent_instance)
        for (std::string_view name : decl.scope.used)
            if (!decl.scope.binds(name) && outer->decl->scope.binds(name)) return false;
    for (const Param& p : decl.params)
        if (decl.parent_instance != nullptr && p.default_value != nullptr) return false;
    for (const auto& overlay : state_->overlays)
        for (const auto& [name, var] : overlay)
            if (decl.scope.used.contains(name) && !decl.scope.binds(name)) return false;
    return true;
}

// What a value of the type stands for.
Entity Checker::referred(const Type* function_ref) const { return function_refs_.find(prune(function_ref)->name)->second; }

// The value of a parameter that the callee knows: its type says what it stands for, and nothing is stored.
TExpr* Checker::function_ref(const Entity& passed, Span span) {
    const std::string key = passed.kind == EntityKind::kFunction
                                ? passed.function->name + "." + std::to_string(function_numbers_.try_emplace(passed.function, function_numbers_.size()).first->second)
                                : passed.name + ".built-in";
    function_refs_[key] = passed;
    return make(TK::kNone, types_.function_ref(key), span);
}

// --- function values: a Callable whose parameter types later calls decide

// The same function with some of its parameters; the others are to be bound.
static std::unique_ptr<FunctionDecl> with_params(const FunctionDecl& decl, std::span<const Param> params) {
    auto made = std::make_unique<FunctionDecl>();
    made->name = decl.name;
    made->file = decl.file;
    made->span = decl.span;
    made->params = params;
    made->returns = decl.returns;
    made->body = decl.body;
    made->lambda_body = decl.lambda_body;
    made->is_fn = decl.is_fn;
    made->is_generator = decl.is_generator;
    made->scope = decl.scope;
    made->parent = decl.parent;
    made->parent_instance = decl.parent_instance;
    made->unit = decl.unit;
    made->owner = decl.owner;
    return made;
}

// A method with its object, as a value: exactly this method, whatever the object's own class has.
TExpr* Checker::bound_method(FunctionDecl& method, TExpr* object, const Expr& site) {
    if (method.params.empty() || prune(object->type)->kind == TypeKind::kNever) return never(site.span);
    auto& slot = state_->instance->nested[&site];
    if (slot == nullptr) slot = with_params(method, method.params.subspan(1));
    slot->bound = {{method.params[0].name, object->type}};
    return function_value(*slot, &site, site.span, nullptr, {object});
}

// `bound`: values for decl.bound, kept in the closure.
TExpr* Checker::function_value(FunctionDecl& decl, const void* site, Span span, const Type* expected, const Args& bound) {
    // What takes its arguments in several ways stays the function that it is: its type says which, and each call gives it
    // what that call has.
    const bool wants_callable = expected != nullptr && prune(expected)->kind == TypeKind::kFunction;
    const bool is_settled = decl.lambda_body == nullptr || std::all_of(decl.params.begin(), decl.params.end(), [](const Param& p) {
        return p.default_value == nullptr || is_literal(*p.default_value);  // others are evaluated each time the lambda is
    });
    if (!wants_callable && bound.empty() && is_settled && shares_nothing(decl) &&
        std::any_of(decl.params.begin(), decl.params.end(), [](const Param& p) { return p.default_value != nullptr || p.kind == ParamKind::kVarArgs || p.kind == ParamKind::kVarKeywords || p.kind == ParamKind::kKeywordOnly; })) {
        Entity function;
        function.kind = EntityKind::kFunction;
        function.function = &decl;
        return function_ref(function, span);
    }
    // A value takes the parameters without defaults; the defaults are evaluated here, and kept in it.
    size_t plain = 0;
    while (plain < decl.params.size() && decl.params[plain].default_value == nullptr &&
           (decl.params[plain].kind == ParamKind::kNormal || decl.params[plain].kind == ParamKind::kPositionalOnly))
        ++plain;
    const size_t arity = expected != nullptr && prune(expected)->kind == TypeKind::kFunction ? prune(expected)->args.size() - 1 : plain;
    if (decl.bound.empty() && arity == plain && plain < decl.params.size() &&
        std::all_of(decl.params.begin() + static_cast<std::ptrdiff_t>(plain), decl.params.end(), [](const Param& p) { return p.default_value != nullptr; })) {
        auto& slot = state_->instance->nested[&decl.scope];
        if (slot == nullptr) slot = with_params(decl, decl.params.first(plain));
        slot->bound.clear();
        Args values;
        for (size_t i = plain; i < decl.params.size(); ++i) {
            values.push_back(default_value(decl, i, span));
            if (prune(values.back()->type)->kind == TypeKind::kNever) return never(span);
            slot->bound.emplace_back(decl.params[i].name, values.back()->type);
        }
        return function_value(*slot, site, span, expected, values);
    }
    std::vector<const Type*> params;
    for (size_t i = 0; i < decl.params.size(); ++i) {
        const Type* t = nullptr;
        if (decl.params[i].annotation != nullptr) t = annotation(*decl.params[i].annotation);
        params.push_back(t != nullptr && is_exact(t) ? t : variable_at(site, static_cast<int>(i)));
    }
    const Type* result = variable_at(site, 1000);
    const Type* type = types_.function(params, result);
    if (expected != nullptr && prune(expected)->kind == TypeKind::kFunction && prune(expected)->args.size() == params.size() + 1)
        flow_into(type, expected);
    std::vector<const Type*> known;
    for (const Type* p : params) {
        const Type* r = resolved(p);
        // Of a function that is passed, what it takes may show where it is called, further down.
        if (prune(r)->kind != TypeKind::kFunction && has_open_variable(r)) {
            // Nothing calls it so far, and perhaps nothing ever does.
            FunctionDecl* uncalled = prelude("_uncalled");
            Instance* instance = instantiate(*uncalled, {}, span, nullptr);
            TExpr* closure = make(TK::kMakeClosure, type, span);
            closure->callee = instance->function;
            return closure;
        }
        known.push_back(r);
    }
    const Type* wanted = resolved(result);
    const bool settled = !has_open_variable(wanted);
    Instance* instance = instantiate(decl, known, span, settled ? wanted : nullptr, settled);
    if (instance == nullptr) return never(span);
    if (instance->wider != nullptr && !grow(result, instance->wider)) {
        const std::string found = to_string(resolved(instance->wider));
        report_limit(DiagCode::kTypeMismatch, span, "result of `" + decl.name + "` takes " + to_string(wanted) + ", found " + found, "this returns " + found);
        return never(span);
    }
    grow(result, instance->result);
    TExpr* closure = make(TK::kMakeClosure, type, span, bound);
    closure->callee = instance->function;
    if (bound.empty() && instance->is_closure && !take_cells(decl, *instance, closure, span)) {
        report(DiagCode::kUnsupported, span, "`" + decl.name + "` shares variables of the function around it that have another meaning here", "",
               "rename the variable");
        return never(span);
    }
    return closure;
}

TExpr* Checker::lambda_value(const LambdaExpr& e, const Type* expected) {
    FunctionDecl* decl = declare(&e, "<lambda>", e.params, nullptr, {}, e.body, false, e.span);
    return function_value(*decl, &e, e.span, expected);
}

TExpr* Checker::call_closure(TExpr* callee, const CallExpr& e) {
    const Type* t = prune(callee->type);
    if (t->kind == TypeKind::kNever) return callee;
    if (is_instance(t)) return call_object(callee, e);
    if (t->kind == TypeKind::kTypeObject) return call_type(prune(t->args[0]), e, nullptr);
    if (types::is_union_with_none(t)) return call_closure(present(callee, "'NoneType' object is not callable"), e);
    if (is_several(t)) return dispatch(callee, e.span, [&](TExpr* member) { return call_closure(member, e); });
    if (t->kind == TypeKind::kFunctionRef) {
        const Entity function = referred(t);
        return function.kind == EntityKind::kBuiltin ? builtin_call(function.name, e, nullptr) : call_decl(*function.function, e);
    }
    if (t->kind != TypeKind::kFunction) {
        report(DiagCode::kNotCallable, e.callee->span, "'" + to_string(resolved(t)) + "' object is not callable", "this is " + to_string(resolved(t))).of_none = prune(t)->kind == TypeKind::kNone;
        return never(e.span);
    }
    const size_t count = t->args.size() - 1;
    BlockScope scope(*this);
    Args args = {callee};
    for (const Expr* arg : e.args) {
        if (arg->kind != ExprKind::kStarred) {
            args.push_back(expression(*arg, args.size() <= count ? t->args[args.size() - 1] : nullptr));
            continue;
        }
        TExpr* tuple = hold(expression(*as<StarredExpr>(*arg).value));
        const Type* spread = prune(tuple->type);
        if (spread->kind == TypeKind::kNever) return tuple;
        if (spread->kind != TypeKind::kTuple) {
            // As many as the function still takes.
            const size_t wanted = count + 1 > args.size() ? count + 1 - args.size() : 0;
            TExpr* all = hold(collect(tuple, arg->span, "tuple"));
            if (prune(all->type)->kind == TypeKind::kNever) return all;
            TExpr* given = hold(len(all));
            emit_if(op(typed::Op::kIntNe, types_.boolean, arg->span, {given, constant_int(static_cast<int64_t>(wanted), arg->span)}), arg->span, [&] {
                raise_text(types_.find_exception("TypeError"),
                           make(TK::kStrJoin, types_.str, arg->span,
                                {constant_str("this function takes " + std::to_string(wanted) + " more arguments, ", arg->span),
                                 runtime(RT::kt_int_str, types_.str, arg->span, {given}), constant_str(" given", arg->span)}), arg->span);
            });
            for (size_t i = 0; i < wanted; ++i)
                args.push_back(make(TK::kListGet, prune(all->type)->args[0], arg->span, {all, constant_int(static_cast<int64_t>(i), arg->span)}));
            continue;
        }
        for (size_t i = 0; i < spread->args.size(); ++i) {
            TExpr* item = make(TK::kTupleGet, spread->args[i], arg->span, {tuple});
            item->index = static_cast<uint32_t>(i);
            args.push_back(item);
        }
    }
    bool named = false;
    for (const KeywordArg& k : e.keywords) {
        TExpr* more = k.name.empty() ? hold(expression(*k.value)) : nullptr;
        if (more == nullptr || prune(more->type)->kind != TypeKind::kDict) {
            named = true;
            continue;
        }
        emit_if(op(typed::Op::kIntNe, types_.boolean, k.span, {len(more), constant_int(0, k.span)}), k.span,
                [&] { raise_stmt(types_.find_exception("TypeError"), "this function takes no keyword arguments", k.span); });
    }
    if (args.size() != count + 1 || named) {
        report(DiagCode::kBadArguments, e.span,
               "this function takes " + std::to_string(count) + " arguments, " + std::to_string(args.size() - 1) + " given",
               "it is " + to_string(resolved(t)));
        return never(e.span);
    }
    for (size_t i = 0; i < count; ++i)
        args[i + 1] = coerce(args[i + 1], t->args[i], args[i + 1]->span, "argument " + std::to_string(i + 1));
    return scope.finish(make(TK::kCallClosure, t->args.back(), e.span, args));
}

// In tracebacks the code has a frame of its own, however often it is checked.
void Checker::note_inlined(const char* name, Span body, Span outside, Span call) {
    auto& known = state_->function->inlined;
    const bool there = std::any_of(known.begin(), known.end(), [&](const typed::InlinedCode& code) {
        return code.body.begin == body.begin && code.body.end == body.end;
    });
    if (!there) known.push_back({name, body, outside, call});
}

// The lambda's body in place, with its parameters bound to the arguments.
TExpr* Checker::inline_lambda(const LambdaExpr& lambda, const Args& args, Span span) {
    if (lambda.params.size() != args.size()) {
        report(DiagCode::kBadArguments, lambda.span, "this function is called with " + std::to_string(args.size()) + " argument" + (args.size() == 1 ? "" : "s") +
                                                          " and takes " + std::to_string(lambda.params.size()));
        return never(span);
    }
    BlockScope scope(*this);
    Args held;
    for (TExpr* a : args) held.push_back(hold(a));
    note_inlined("<lambda>", lambda.body->span, {0, 0}, state_->consumer != nullptr ? state_->consumer->span : span);
    OverlayScope names(*this);
    for (size_t i = 0; i < args.size(); ++i) names.bind(lambda.params[i].name, held[i]);
    return scope.finish(expression(*lambda.body));
}

// The call `callable(names...)` as a tree of its own.
CallExpr* Checker::call_of(const Expr& callable, std::span<const std::string_view> names) {
    TreeBuilder tree(synthetic_, callable.span);
    return tree.call(callable, tree.names(names));
}

// Calls what a key=, map() or filter() was given: anything that can be called by name.
TExpr* Checker::apply_callable(const Expr& callable, const Args& args, Span span) {
    if (callable.kind == ExprKind::kLambda) return inline_lambda(as<LambdaExpr>(callable), args, span);
    static constexpr std::string_view kNames[] = {"%0", "%1", "%2", "%3"};
    auto& tree = applied_[{&callable, args.size()}];
    if (tree == nullptr) tree = call_of(callable, std::span(kNames).first(args.size()));
    BlockScope scope(*this);
    Args held;
    for (TExpr* a : args) held.push_back(hold(a));
    OverlayScope names(*this);
    for (size_t i = 0; i < args.size(); ++i) names.bind(kNames[i], held[i]);
    TExpr* result = call(*tree, nullptr);
    // In tracebacks it is the built-in's call that calls it.
    if (state_->consumer != nullptr && (result->kind == TK::kCall || result->kind == TK::kCallClosure)) result->span = state_->consumer->span;
    return scope.finish(result);
}

// A built-in, a module's function or a crate's as a value: a function of one argument that calls it.
TExpr* Checker::wrapped_value(const Expr& callable, const Type* expected) {
    const LambdaExpr*& lambda = wrappers_[&callable];
    if (lambda == nullptr) {
        size_t count = 1;
        if (expected != nullptr && prune(expected)->kind == TypeKind::kFunction) count = prune(expected)->args.size() - 1;
        static constexpr std::string_view kNames[] = {"a", "b", "c", "d"};
        if (count > std::size(kNames)) count = 1;
        const auto names = std::span(kNames).first(count);
        lambda = TreeBuilder(synthetic_, callable.span).lambda(names, call_of(callable, names));
    }
    return lambda_value(*lambda, expected);
}

}  // namespace kayton::check
