// Iterators as values: generator expressions, iter(), and map(), filter(), zip(), enumerate(), reversed() where they are
// not looped over at once. Each becomes a call of a generator function of the checker's own making, whose parameters are
// the iterables as they stand here; names it uses beside are shared by cell as in any nested function.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;

namespace {

constexpr std::string_view kInputs[] = {"%0", "%1", "%2", "%3", "%4", "%5", "%6", "%7"};
constexpr std::string_view kElements[] = {"%x0", "%x1", "%x2", "%x3", "%x4", "%x5", "%x6", "%x7"};

}  // namespace

// A call of the generator function that `build` makes of the parameters %0, %1 …; one function a site.
TExpr* Checker::call_synthetic(const void* site, const char* name, Args args, Span span, const std::function<Body()>& build) {
    auto [it, fresh] = synthetic_functions_.try_emplace(site);
    SyntheticFunction& made = it->second;
    auto add_param = [&](std::string_view param) { made.params.push_back(TreeBuilder(synthetic_, span).param(param)); };
    const size_t inputs = args.size();
    if (fresh) {
        made.body = build();
        for (size_t i = 0; i < inputs; ++i) add_param(kInputs[i]);
    }
    const Scope scope = analyse_scope(made.params, made.body);
    // Names that live in the expression around (targets of a comprehension) are given along as they are now.
    for (std::string_view used : scope.used) {
        VarState* var = find_overlay(used);
        if (var == nullptr || var->entity) continue;
        const bool known = std::any_of(made.params.begin() + static_cast<ptrdiff_t>(inputs), made.params.end(),
                                       [&](const Param& p) { return p.name == used; });
        if (!known && (!fresh || scope.binds(used))) continue;
        if (!known) add_param(used);
        args.push_back(read_var(*var, used, span));
    }
    if (args.size() != made.params.size()) return never(span);
    // What a module's names hold is shared through globals.
    if (state_->instance->decl->is_module) {
        for (std::string_view used : scope.used) {
            Scope& names = state_->instance->decl->scope;
            if (!scope.binds(used) && names.binds(used) && names.nested_used.insert(used).second) changed_ = true;
        }
    }
    FunctionDecl* decl = declare(site, name, made.params, nullptr, made.body, nullptr, false, span);
    decl->is_generator = true;
    return call_instance(*decl, args, span);
}

TExpr* Checker::generator_expression(const ComprehensionExpr& e) {
    // The first iterable is evaluated here, all else when the first element is asked for.
    TExpr* first = expression(*e.clauses[0].iterable);
    if (prune(first->type)->kind == TypeKind::kNever) return first;
    return call_synthetic(&e, "<genexpr>", {first}, e.span, [&] {
        TreeBuilder tree(synthetic_, e.span);
        Stmt* inner = tree.yield(e.value == nullptr ? e.element : tree.tuple_of({e.element, e.value}));
        for (size_t i = e.clauses.size(); i-- > 0;) {
            const ComprehensionClause& clause = e.clauses[i];
            for (size_t k = clause.conditions.size(); k-- > 0;) inner = tree.when(clause.conditions[k], inner);
            Expr* iterable = i == 0 ? TreeBuilder(synthetic_, clause.iterable->span).name(kInputs[0]) : clause.iterable;
            inner = tree.loop(clause.target, iterable, inner);
        }
        return tree.body(inner);
    });
}

bool Checker::is_lazy(const Expr& e) {
    if (e.kind == ExprKind::kComprehension) return as<ComprehensionExpr>(e).comprehension == ComprehensionKind::kGenerator;
    std::string builtin;
    if (!is_iterator_builtin(e, builtin)) return false;
    return builtin == "map" || builtin == "filter" || builtin == "zip" || builtin == "enumerate" || builtin == "reversed";
}

TExpr* Checker::lazy_call(const std::string& name, const CallExpr& e) {
    Span span = e.span;
    const size_t count = e.args.size();
    const bool applies = name == "map" || name == "filter";
    if (!only_keywords(e, name, {name == "enumerate" ? "start" : name == "zip" ? "strict" : ""})) return never(span);
    if (name == "zip" && count == 1 && e.args[0]->kind == ExprKind::kStarred) {
        TExpr* sources = expression(*as<StarredExpr>(*e.args[0]).value);
        const Type* t = prune(sources->type);
        if (t->kind == TypeKind::kNever) return sources;
        if (t->kind != TypeKind::kTuple || t->args.size() > std::size(kInputs) || t->args.empty()) return call_values(*prelude("_zip_iterators"), {sources}, span);
        Args each;
        BlockScope scope(*this);
        TExpr* held = hold(sources);
        for (size_t i = 0; i < t->args.size(); ++i) {
            TExpr* item = make(typed::ExprKind::kTupleGet, t->args[i], span, {held});
            item->index = static_cast<uint32_t>(i);
            each.push_back(item);
        }
        TreeBuilder tree(synthetic_, span);
        return scope.finish(call_synthetic(&e, "zip", each, span, [&] {
            return tree.body(tree.loop(tree.name(kElements[0]), tree.call(*tree.name("%zip"), tree.names(std::span(kInputs).first(t->args.size()))), tree.yield(tree.name(kElements[0]))));
        }));
    }
    if (name == "zip" && count == 0) return call_values(*prelude("_zip_nothing"), {}, span);
    const size_t most = name == "enumerate" || name == "filter" ? 2 : name == "reversed" ? 1 : std::size(kInputs);
    if (!argument_count(e, name, applies ? 2 : 1, most)) return never(span);
    TreeBuilder tree(synthetic_, span);
    Args args;
    // The function: written into the generator where that is the same, else given along.
    const Expr* function = applies ? e.args[0] : nullptr;
    bool by_value = false;
    bool truthy = function != nullptr && function->kind == ExprKind::kNone;
    if (function != nullptr && function->kind == ExprKind::kName) {
        Entity named = entity(*function);
        truthy = named.kind == EntityKind::kValue && named.value != nullptr && prune(named.value->type)->kind == TypeKind::kNone;
    }
    if (function != nullptr && !truthy && function->kind != ExprKind::kLambda && function->kind != ExprKind::kNone) {
        by_value = function->kind != ExprKind::kName && function->kind != ExprKind::kAttribute;
        if (!by_value) by_value = entity(*function).kind == EntityKind::kValue;
    }
    for (size_t i = applies ? 1 : 0; i < count; ++i) args.push_back(expression(*e.args[i]));
    const size_t iterables = name == "enumerate" ? 1 : args.size();
    if (name == "enumerate" && count == 1)
        if (const Expr* start = keyword(e, "start")) args.push_back(expression(*start));
    const size_t inputs = args.size();
    if (by_value) args.push_back(callable_argument(*function));
    for (TExpr* arg : args)
        if (prune(arg->type)->kind == TypeKind::kNever) return arg;
    // What the function is may differ from one instance of the function around to another.
    const void* site = truthy ? static_cast<const void*>(&e.span) : by_value ? static_cast<const void*>(&e.callee) : &e;
    return call_synthetic(site, name.c_str(), args, span, [&] {
        std::span<const std::string_view> given(kInputs, inputs);
        std::span<const std::string_view> elements(kElements, iterables);
        Expr* target = tree.name(kElements[0]);
        Expr* callee = by_value ? tree.name(kInputs[inputs]) : const_cast<Expr*>(function);
        if (name == "map") {
            Expr* source = iterables == 1 ? tree.name(kInputs[0]) : tree.call(*tree.name("%zip"), tree.names(given));
            if (iterables > 1) target = tree.tuple_of(tree.names(elements));
            auto* value = const_cast<CallExpr*>(call_of(*callee, {elements.begin(), elements.end()}));
            return tree.body(tree.loop(target, source, tree.yield(value)));
        }
        if (name == "filter") {
            Expr* test = tree.name(kElements[0]);
            if (!truthy) test = call_of(*callee, std::span(kElements).first(1));
            return tree.body(tree.loop(target, tree.name(kInputs[0]), tree.when(test, tree.yield(tree.name(kElements[0])))));
        }
        static const std::map<std::string, std::string_view> kPlain = {{"zip", "%zip"}, {"enumerate", "%enumerate"}, {"reversed", "%reversed"}};
        return tree.body(tree.loop(target, tree.call(*tree.name(kPlain.at(name)), tree.names(given)), tree.yield(tree.name(kElements[0]))));
    });
}

// The one place that says what iter() of a value is: an iterator is its own, anything else that a loop can go over is
// looped over by a generator. Null when there is none.
TExpr* Checker::iterator_of(TExpr* value, const void* site, Span span) {
    const Type* t = prune(value->type);
    switch (t->kind) {
        case TypeKind::kNever:
        case TypeKind::kIterator:
        case TypeKind::kTextFile:
        case TypeKind::kBinaryFile: return value;
        case TypeKind::kHandle: return crate_iter(value, span);
        case TypeKind::kClass:
            if (TExpr* made = call_method(value, "__iter__", {}, span)) return made;
            if (!is_instance(t) || find_method(*t->class_info, "__getitem__") == nullptr) return nullptr;
            [[fallthrough]];
        case TypeKind::kList:
        case TypeKind::kTuple:
        case TypeKind::kStr:
        case TypeKind::kBytes:
        case TypeKind::kDict:
        case TypeKind::kSet:
        case TypeKind::kRange:
            return call_synthetic(site, "iterator", {value}, span, [&] {
                TreeBuilder tree(synthetic_, span);
                return tree.body(tree.loop(tree.name(kElements[0]), tree.name(kInputs[0]), tree.yield(tree.name(kElements[0]))));
            });
        default: return nullptr;
    }
}

TExpr* Checker::iter_call(const CallExpr& e) {
    Span span = e.span;
    if (!only_keywords(e, "iter", {}) || !argument_count(e, "iter", 1, 2)) return never(span);
    if (e.args.size() == 2) {
        TExpr* function = expression(*e.args[0]);
        return call_values(*prelude("_iter_until"), {function, expression(*e.args[1])}, span);
    }
    return dispatch(expression(*e.args[0]), span, [&](TExpr* value) -> TExpr* {
        if (TExpr* iterator = iterator_of(value, &e, span)) return iterator;
        const std::string type = to_string(resolved(value->type));
        report(DiagCode::kNotIterable, span, "'" + type + "' object is not iterable", "this is " + type).of_none = prune(value->type)->kind == TypeKind::kNone;
        return never(span);
    });
}

}  // namespace kayton::check
