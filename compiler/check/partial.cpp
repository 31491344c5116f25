// functools.partial: the function with some of its parameters bound. Of a function of the program it is that function
// again, with the bound parameters as defaults that are evaluated here; of anything else a lambda that calls it.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using TK = typed::ExprKind;

Entity Checker::partial(const CallExpr& e) {
    Entity result;
    result.kind = EntityKind::kValue;
    const bool spread = std::any_of(e.args.begin(), e.args.end(), [](const Expr* a) { return a->kind == ExprKind::kStarred; }) ||
                        std::any_of(e.keywords.begin(), e.keywords.end(), [](const KeywordArg& k) { return k.name.empty(); });
    if (e.args.empty() || spread) {
        report(DiagCode::kBadArguments, e.span, e.args.empty() ? "type 'partial' takes at least one argument" : "partial() needs its arguments one by one");
        result.value = never(e.span);
        return result;
    }
    Entity function = e.args[0]->kind == ExprKind::kLambda ? Entity{} : entity(*e.args[0]);
    if (function.kind == EntityKind::kFunction) {
        FunctionDecl& whole = *function.function;
        std::vector<Param> left, bound;
        size_t given = 1;
        bool fits = true;
        for (const Param& p : whole.params) {
            Param q = p;
            if (given < e.args.size() && (p.kind == ParamKind::kNormal || p.kind == ParamKind::kPositionalOnly)) {
                q.default_value = const_cast<Expr*>(e.args[given++]);
                q.kind = ParamKind::kKeywordOnly;
                bound.push_back(q);
                continue;
            }
            if (given < e.args.size()) fits = false;  // the rest is *args
            auto keyword = std::find_if(e.keywords.begin(), e.keywords.end(), [&](const KeywordArg& k) { return k.name == p.name; });
            if (keyword != e.keywords.end()) {
                q.default_value = keyword->value;
                q.kind = ParamKind::kKeywordOnly;
                bound.push_back(q);
                continue;
            }
            left.push_back(q);
        }
        fits = fits && given == e.args.size() && bound.size() == e.args.size() - 1 + e.keywords.size();
        if (fits) {
            auto known = synthetic_functions_.find(&e);
            if (known == synthetic_functions_.end()) {
                left.insert(std::find_if(left.begin(), left.end(), [](const Param& p) { return p.kind == ParamKind::kVarKeywords; }), bound.begin(), bound.end());
                known = synthetic_functions_.emplace(&e, SyntheticFunction{std::move(left), whole.body}).first;
            }
            FunctionDecl* decl = declare(&e, whole.name, known->second.params, whole.returns, whole.body, whole.lambda_body, whole.is_fn, e.span);
            decl->file = whole.file;
            decl->is_generator = whole.is_generator;
            decl->is_cached = whole.is_cached;
            decl->unit = whole.unit;
            decl->owner = whole.owner;
            decl->qualified = whole.qualified;
            if (whole.parent_instance != nullptr) decl->parent_instance = whole.parent_instance;
            result.kind = EntityKind::kFunction;
            result.function = decl;
            return result;
        }
    }
    // lambda a, b: function(bound..., a, b, name=bound...)
    const LambdaExpr*& lambda = wrappers_[&e];
    std::vector<std::pair<std::string_view, TExpr*>> kept;
    auto keep_value = [&](const Expr& written) {
        const std::string_view name = keep_path("%p" + std::to_string(kept.size()));
        kept.emplace_back(name, hold(expression(written)));
        return name;
    };
    std::vector<std::string_view> positional, keywords;
    const bool by_value = function.kind == EntityKind::kValue || function.kind == EntityKind::kNothing;
    const std::string_view callee = by_value ? keep_value(*e.args[0]) : std::string_view{};
    for (size_t i = 1; i < e.args.size(); ++i) positional.push_back(keep_value(*e.args[i]));
    for (const KeywordArg& k : e.keywords) keywords.push_back(keep_value(*k.value));
    for (const auto& [name, value] : kept) {
        if (prune(value->type)->kind != TypeKind::kNever) continue;
        result.value = never(e.span);
        return result;
    }
    if (lambda == nullptr) {
        size_t count = 1;
        if (by_value && prune(kept[0].second->type)->kind == TypeKind::kFunction) {
            const size_t takes = prune(kept[0].second->type)->args.size() - 1;
            count = takes - std::min(takes, positional.size());
        } else if (function.kind == EntityKind::kFunction) {
            count = 0;
            for (size_t i = positional.size(); i < function.function->params.size(); ++i)
                if (function.function->params[i].default_value == nullptr && function.function->params[i].kind == ParamKind::kNormal) ++count;
        }
        TreeBuilder tree(synthetic_, e.span);
        std::vector<std::string_view> params;
        for (size_t i = 0; i < count; ++i) params.push_back(keep_path("%a" + std::to_string(i)));
        positional.insert(positional.end(), params.begin(), params.end());
        std::vector<KeywordArg> named(e.keywords.begin(), e.keywords.end());
        for (size_t i = 0; i < named.size(); ++i) named[i].value = tree.name(keywords[i]);
        lambda = tree.lambda(params, tree.call(by_value ? *tree.name(callee) : *e.args[0], tree.names(positional), named));
    }
    FunctionDecl* decl = declare(lambda, "partial", lambda->params, nullptr, {}, lambda->body, false, e.span);
    decl->bound.clear();
    Args values;
    for (const auto& [name, value] : kept) {
        decl->bound.emplace_back(name, value->type);
        values.push_back(value);
    }
    result.value = function_value(*decl, lambda, e.span, nullptr, values);
    return result;
}

// Something to call, to be given to a function of the checker's own making.
TExpr* Checker::callable_argument(const Expr& e) {
    if (TExpr* known = function_argument(e)) return known;
    if (e.kind == ExprKind::kCall && (as<CallExpr>(e).callee->kind == ExprKind::kName || as<CallExpr>(e).callee->kind == ExprKind::kAttribute)) {
        Entity callee = entity(*as<CallExpr>(e).callee);
        if (callee.kind == EntityKind::kBuiltin && callee.name == "functools.partial") {
            Entity made = partial(as<CallExpr>(e));
            return made.kind == EntityKind::kFunction ? function_ref(made, e.span) : made.value;
        }
    }
    return expression(e);
}

}  // namespace kayton::check
