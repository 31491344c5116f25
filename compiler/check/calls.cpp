// Calls of Kayton functions: binding of arguments.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;

namespace {

std::string hidden_name(const FunctionDecl& decl, size_t param) {
    return decl.name + "#" + std::to_string(decl.span.begin) + "#" + std::string(decl.params[param].name);
}

// "from 1 to 2 positional arguments", as CPython counts them.
std::string positional_range(const FunctionDecl& decl, size_t end) {
    const auto needed = static_cast<size_t>(std::count_if(decl.params.begin(), decl.params.begin() + static_cast<std::ptrdiff_t>(end),
                                                          [](const Param& p) { return p.default_value == nullptr; }));
    const std::string range = (needed < end ? "from " + std::to_string(needed) + " to " : "") + std::to_string(end);
    return range + " positional argument" + (needed == end && end == 1 ? "" : "s");
}

// Positional parameters before keyword-only ones: the text names the first kind that something is missing of.
std::string missing_arguments(const FunctionDecl& decl, const std::vector<size_t>& missing) {
    std::vector<std::string> names;
    const bool positional = std::any_of(missing.begin(), missing.end(), [&](size_t i) { return decl.params[i].kind != ParamKind::kKeywordOnly; });
    for (size_t i : missing)
        if ((decl.params[i].kind != ParamKind::kKeywordOnly) == positional) names.push_back("'" + std::string(decl.params[i].name) + "'");
    std::string text;
    for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : i + 1 < names.size() ? ", " : names.size() > 2 ? ", and " : " and ") + names[i];
    return "() missing " + std::to_string(names.size()) + " required " + (positional ? "positional" : "keyword-only") + " argument" +
           (names.size() == 1 ? "" : "s") + ": " + text;
}

}  // namespace

// What is the same whenever it is evaluated.
bool is_literal(const Expr& e) {
    switch (e.kind) {
        case ExprKind::kInt:
        case ExprKind::kFloat:
        case ExprKind::kStr:
        case ExprKind::kBytes:
        case ExprKind::kBool:
        case ExprKind::kNone: return true;
        case ExprKind::kUnary: return is_literal(*as<UnaryExpr>(e).operand);
        case ExprKind::kTuple:
            return std::all_of(as<SequenceExpr>(e).items.begin(), as<SequenceExpr>(e).items.end(), [](const Expr* i) { return is_literal(*i); });
        default: return false;
    }
}

// An annotation that fixes the parameter's type whatever is passed. float takes int, so it does not.
bool Checker::is_exact(const Type* t) {
    t = prune(t);
    if (t->kind == TypeKind::kFloat || t->kind == TypeKind::kDynamic || t->kind == TypeKind::kVar || t->kind == TypeKind::kNever) return false;
    return std::all_of(t->args.begin(), t->args.end(), [](const Type* a) { return is_exact(a); });
}

bool Checker::has_open_variable(const Type* t) {
    t = prune(t);
    if (t->kind == TypeKind::kVar) return true;
    return std::any_of(t->args.begin(), t->args.end(), [](const Type* a) { return has_open_variable(a); });
}

FunctionDecl* Checker::declare(const void* node, std::string name, std::span<const Param> params, const Expr* returns, Body function_body,
                               const Expr* lambda_body, bool is_fn, Span span) {
    Instance* parent = state_->instance->decl->is_module ? nullptr : state_->instance;
    const bool decoration = state_->instance->decl->is_decoration;
    auto& slot = parent != nullptr ? parent->nested[node] : decoration ? state_->instance->nested[node] : functions_[node];
    if (slot == nullptr) {
        slot = std::make_unique<FunctionDecl>();
        slot->name = std::move(name);
        slot->file = state_->instance->decl->file;
        slot->span = span;
        slot->params = params;
        slot->returns = returns;
        slot->body = function_body;
        slot->lambda_body = lambda_body;
        slot->is_fn = is_fn;
        slot->parent = state_->instance->decl;
        slot->unit = state_->instance->decl->unit;
        slot->parent_instance = parent;
        if (lambda_body != nullptr) {
            for (const Param& p : params) {
                slot->scope.slots.emplace(p.name, static_cast<uint32_t>(slot->scope.names.size()));
                slot->scope.names.push_back(p.name);
            }
        } else {
            slot->scope = analyse_scope(params, function_body);
        }
    }
    store_defaults(*slot);
    return slot.get();
}

// Defaults are evaluated once, where the function is defined; literals are as good at the call.
void Checker::store_defaults(FunctionDecl& decl) {
    if (decl.parent_instance != nullptr) return;
    for (size_t i = 0; i < decl.params.size(); ++i) {
        const Expr* value = decl.params[i].default_value;
        if (value == nullptr || is_literal(*value)) continue;
        assign_global(keep(hidden_name(decl, i)), expression(*value), value->span);
    }
}

TExpr* Checker::default_value(FunctionDecl& decl, size_t param, Span span) {
    const Expr* value = decl.params[param].default_value;
    if (is_literal(*value) || decl.parent_instance != nullptr) return expression(*value);
    auto global = globals_.find(hidden_name(decl, param));
    if (global == globals_.end()) return never(span);
    TExpr* e = read_global(global->second, global->first, span);
    e->int_value = 0;
    return e;
}

TExpr* Checker::fit_argument(FunctionDecl& decl, size_t param, TExpr* value) {
    const Param& p = decl.params[param];
    if (p.annotation == nullptr || p.kind == ParamKind::kVarArgs || p.kind == ParamKind::kVarKeywords) return value;
    const Type* annotated = annotation(*p.annotation);
    if (annotated == nullptr || prune(value->type)->kind == TypeKind::kNever) return value;
    if (p.default_value != nullptr && p.default_value->kind == ExprKind::kNone) annotated = types_.optional(annotated);
    if (flow_into(value->type, annotated)) return is_exact(annotated) ? convert(value, annotated) : value;
    if (annotation_accepts(annotated, value->type)) return value;
    const std::string wanted = to_string(resolved(annotated));
    const std::string found = to_string(resolved(value->type));
    Diagnostic& d = report_limit(DiagCode::kBadArguments, value->span,
                           "parameter `" + std::string(p.name) + "` of `" + decl.name + "` takes " + wanted + ", found " + found,
                           "this is " + found);
    d.secondary.push_back({decl.file, p.span, "declared here"});
    return never(value->span);
}

TExpr* Checker::argument_for(FunctionDecl& decl, size_t param, const Expr& e) {
    const Type* expected = nullptr;
    if (decl.params[param].annotation != nullptr) expected = annotation(*decl.params[param].annotation);
    const bool any_function = expected == nullptr || prune(expected)->kind == TypeKind::kDynamic || prune(expected)->kind == TypeKind::kFunction ||
                              types::is_union_with_none(expected);
    if (any_function && !decl.is_cached && decl.instances.size() < FunctionDecl::kMaxInstances / 2 && !decl.scope.rebound.contains(decl.params[param].name))
        if (TExpr* known = function_argument(e)) return known;
    if (expected != nullptr && prune(expected)->kind == TypeKind::kDynamic) expected = nullptr;
    return fit_argument(decl, param, expression(e, expected));
}

// `self`: the first argument, already checked.
TExpr* Checker::call_decl(FunctionDecl& decl, const CallExpr& e, TExpr* self) {
    const std::string& shown = decl.qualified.empty() ? decl.name : decl.qualified;
    const size_t count = decl.params.size();
    std::vector<TExpr*> values(count, nullptr);
    size_t var_args = count, var_keywords = count, positional = 0;
    for (size_t i = 0; i < count; ++i) {
        if (decl.params[i].kind == ParamKind::kVarArgs) var_args = i;
        if (decl.params[i].kind == ParamKind::kVarKeywords) var_keywords = i;
        if (decl.params[i].kind == ParamKind::kPositionalOnly || decl.params[i].kind == ParamKind::kNormal) positional = i + 1;
    }
    auto wrong = [&](Span span, const std::string& message, const std::string& label = {}) {
        Diagnostic& d = report(DiagCode::kBadArguments, span, message, label);
        d.secondary.push_back({decl.file, decl.span, "`" + shown + "` is defined here"});
        return never(e.span);
    };
    BlockScope scope(*this);
    Args extra;
    TExpr* counted = nullptr;  // a list of the positional arguments from the first that only the run can count
    size_t next = 0;
    auto take = [&](TExpr* value) {
        if (next < positional) {
            values[next] = fit_argument(decl, next, value);
            ++next;
        } else {
            extra.push_back(value);
            ++next;
        }
    };
    if (self != nullptr) take(self);
    for (const Expr* arg : e.args) {
        if (arg->kind == ExprKind::kStarred) {
            for (TExpr*& earlier : values)
                if (earlier != nullptr) earlier = hold(earlier);
            for (TExpr*& earlier : extra) earlier = hold(earlier);
            TExpr* tuple = hold(expression(*as<StarredExpr>(*arg).value));
            const Type* t = prune(tuple->type);
            if (t->kind == TypeKind::kNever) return never(e.span);
            if (t->kind != TypeKind::kTuple || counted != nullptr) {
                // From here on the call itself counts them.
                if (counted == nullptr) {
                    const Type* type = types_.list(variable_at(arg), "tuple");
                    counted = hold(make(TK::kList, type, arg->span, Args{}));
                }
                extend_list(counted, tuple, arg->span, arg->span);
                continue;
            }
            for (size_t i = 0; i < t->args.size(); ++i) {
                TExpr* item = make(TK::kTupleGet, t->args[i], arg->span, {tuple});
                item->index = static_cast<uint32_t>(i);
                take(item);
            }
            continue;
        }
        if (counted != nullptr) {
            append_to(counted, expression(*arg), arg->span);
        } else if (next < positional) {
            values[next] = argument_for(decl, next, *arg);
            ++next;
        } else {
            take(expression(*arg));
        }
    }
    if (!extra.empty() && var_args == count) {
        const size_t by_name = static_cast<size_t>(std::count_if(e.keywords.begin(), e.keywords.end(), [&](const KeywordArg& k) {
            return std::any_of(decl.params.begin(), decl.params.end(), [&](const Param& p) { return p.kind == ParamKind::kKeywordOnly && p.name == k.name; });
        }));
        auto plural = [](size_t n) { return n == 1 ? "" : "s"; };
        const std::string more = by_name == 0 ? "" : " positional argument" + std::string(plural(next)) + " (and " + std::to_string(by_name) + " keyword-only argument" + plural(by_name) + ")";
        return wrong(e.span, shown + "() takes " + positional_range(decl, positional) + " but " + std::to_string(next) + more + (next == 1 && by_name == 0 ? " was" : " were") + " given");
    }
    Args keyword_parts;
    TExpr* spread_keywords = nullptr;  // a dict whose keys are names of parameters, known when it is called
    std::vector<KeywordArg> keywords;
    for (const KeywordArg& k : e.keywords) {
        const bool is_display = k.name.empty() && k.value->kind == ExprKind::kDict;
        if (!is_display) {
            keywords.push_back(k);
            continue;
        }
        // **{"a": 1}: as if it were written a=1.
        for (const DictItem& item : as<DictExpr>(*k.value).items) {
            if (item.key != nullptr && item.key->kind != ExprKind::kStr) {
                report(DiagCode::kUnsupported, item.key->span, "keywords must be strings", "a literal is needed here");
                return never(e.span);
            }
            keywords.push_back({item.key != nullptr ? as<StrExpr>(*item.key).value : std::string_view{}, item.value, k.span});
        }
    }
    for (const KeywordArg& k : keywords) {
        if (k.name.empty()) {
            TExpr* more = present(expression(*k.value), "argument after ** must be a mapping, not NoneType");
            const Type* given = prune(more->type);
            // No keyword was given to the function that hands its own on.
            if (given->kind == TypeKind::kNever) continue;
            if (given->kind == TypeKind::kDict && (prune(given->args[1])->kind == TypeKind::kVar || prune(given->args[1])->kind == TypeKind::kNever)) continue;
            if (given->kind != TypeKind::kDict || prune(given->args[0])->kind != TypeKind::kStr || spread_keywords != nullptr) {
                report(DiagCode::kUnsupported, k.span, "`**` in a call takes one dict with keys of str", "this is " + to_string(resolved(given)));
                return never(e.span);
            }
            spread_keywords = hold(more);
            continue;
        }
        size_t at = count;
        for (size_t i = 0; i < count; ++i)
            if (decl.params[i].name == k.name && (decl.params[i].kind == ParamKind::kNormal || decl.params[i].kind == ParamKind::kKeywordOnly)) at = i;
        if (at == count) {
            if (var_keywords != count) {
                keyword_parts.push_back(constant_str(k.name, k.span));
                keyword_parts.push_back(expression(*k.value));
                continue;
            }
            std::vector<std::string> names;
            for (const Param& p : decl.params) names.emplace_back(p.name);
            std::string near = nearest_name(k.name, names);
            Diagnostic& d = report(DiagCode::kBadArguments, k.span, shown + "() got an unexpected keyword argument '" + std::string(k.name) + "'",
                                   "", near.empty() ? "" : "did you mean `" + near + "`?");
            d.secondary.push_back({decl.file, decl.span, "`" + shown + "` is defined here"});
            return never(e.span);
        }
        if (values[at] != nullptr) return wrong(k.span, shown + "() got multiple values for argument '" + std::string(k.name) + "'");
        values[at] = argument_for(decl, at, *k.value);
    }
    if (counted != nullptr || spread_keywords != nullptr) {
        const OpenArguments open{counted, spread_keywords, next, positional, var_args != count, var_keywords != count};
        spread_keywords = take_open(decl, open, values, e.span);
    }
    std::vector<size_t> missing;
    for (size_t i = 0; i < count; ++i) {
        if (values[i] != nullptr) continue;
        if (i == var_args) {
            std::vector<const Type*> members;
            for (TExpr* v : extra) members.push_back(v->type);
            values[i] = make(TK::kTuple, types_.tuple(members), e.span, extra);
            if (counted != nullptr) {
                const int64_t taken = next < positional ? static_cast<int64_t>(positional - next) : 0;
                TExpr* rest = taken == 0 ? counted
                                         : runtime(RT::kt_list_slice, counted->type, e.span,
                                                   {counted, constant_int(taken, e.span), constant_int(INT64_MIN, e.span), constant_int(INT64_MIN, e.span)});
                const Type* both = join_types(values[i]->type, rest->type);
                values[i] = extra.empty() ? rest : runtime(RT::kt_list_concat, both, e.span, {convert(values[i], both), convert(rest, both)});
            }
        } else if (i == var_keywords) {
            const Type* value = variable_at(&e, 50);
            for (size_t k = 1; k < keyword_parts.size(); k += 2) grow(value, keyword_parts[k]->type);
            for (size_t k = 1; k < keyword_parts.size(); k += 2) keyword_parts[k] = convert(keyword_parts[k], value);
            const Type* rest_type = types_.dict(types_.str, value);
            values[i] = make(TK::kDict, rest_type, e.span, keyword_parts);
            if (spread_keywords != nullptr && flow_into(spread_keywords->type, rest_type)) {
                TExpr* all = hold(values[i]);
                emit_expr(runtime(RT::kt_dict_update, types_.none, e.span, {all, convert(spread_keywords, rest_type)}));
                values[i] = all;
            }
        } else if (decl.params[i].default_value != nullptr) {
            values[i] = fit_argument(decl, i, default_value(decl, i, e.span));
        } else {
            missing.push_back(i);
        }
    }
    if (!missing.empty()) return wrong(e.span, shown + missing_arguments(decl, missing));
    return scope.finish(call_instance(decl, values, e.span));
}

// f(*xs, **keywords): fills the parameters that are still open, by place and by name, when it is called. What is left of
// the keywords is returned.
TExpr* Checker::take_open(FunctionDecl& decl, const OpenArguments& open, std::vector<TExpr*>& values, Span span) {
    const std::string& shown = decl.qualified.empty() ? decl.name : decl.qualified;
    const Type* type_error = types_.find_exception("TypeError");
    TExpr* rest = open.keywords == nullptr ? nullptr : hold(runtime(RT::kt_dict_copy, plain(open.keywords->type), span, {open.keywords}));
    TExpr* counted = open.positional == nullptr ? nullptr : hold(len(open.positional));
    auto more_than = [&](size_t n) { return op(typed::Op::kIntGt, types_.boolean, span, {counted, constant_int(static_cast<int64_t>(n), span)}); };
    // The text of the parameters from `first` on that nothing can fill any more.
    auto missing_from = [&](size_t first) {
        std::vector<size_t> missing = {first};
        for (size_t i = first + 1; i < decl.params.size(); ++i)
            if (values[i] == nullptr && decl.params[i].default_value == nullptr && rest == nullptr && decl.params[i].kind != ParamKind::kVarArgs) missing.push_back(i);
        return shown + missing_arguments(decl, missing);
    };
    auto has = [&](const Param& p) { return runtime(RT::kt_dict_contains, types_.boolean, span, {rest, constant_str(p.name, span)}); };
    auto takes_name = [](const Param& p) { return p.kind == ParamKind::kNormal || p.kind == ParamKind::kKeywordOnly; };
    if (rest != nullptr && !open.takes_keywords) {
        typed::Iter* names = make_iter(typed::IterKind::kDictKeys, span, {rest}, types_.str);
        loop_over(names, span, [&](TExpr* name) {
            TExpr* known = constant_bool(false, span);
            for (const Param& p : decl.params)
                if (takes_name(p)) known = make(TK::kOr, types_.boolean, span, {known, equal(name, constant_str(p.name, span), span, false)});
            emit_if(negate(known), span, [&] {
                raise_text(type_error, make(TK::kStrJoin, types_.str, span,
                                            {constant_str(shown + "() got an unexpected keyword argument '", span), name, constant_str("'", span)}), span);
            });
        });
    }
    std::vector<TExpr*> filled = values;
    for (size_t i = 0; i < decl.params.size(); ++i) {
        const Param& p = decl.params[i];
        const bool by_name = rest != nullptr && takes_name(p);
        const bool by_place = counted != nullptr && i >= open.first && i < open.end;
        auto given_twice = [&](TExpr* test) {
            emit_if(test, span, [&] { raise_stmt(type_error, shown + "() got multiple values for argument '" + std::string(p.name) + "'", span); });
        };
        if (values[i] != nullptr && by_place) given_twice(more_than(i - open.first));
        if (values[i] != nullptr && by_name) given_twice(has(p));
        if (values[i] != nullptr || (!by_name && !by_place)) continue;
        if (by_name && by_place) given_twice(make(TK::kAnd, types_.boolean, span, {more_than(i - open.first), has(p)}));
        TExpr* value = nullptr;
        if (p.default_value != nullptr) {
            value = default_value(decl, i, span);
        } else {
            BlockScope scope(*this);
            raise_stmt(type_error, missing_from(i), span);
            value = scope.finish(never(span));
        }
        auto unless = [&](TExpr* given, TExpr* taken) { value = if_expr(given, taken, value, join_types(taken->type, value->type)); };
        if (by_name) {
            unless(has(p), runtime(RT::kt_dict_pop, prune(rest->type)->args[1], span, {rest, constant_str(p.name, span)}));
        }
        if (by_place)
            unless(more_than(i - open.first), make(TK::kListGet, prune(open.positional->type)->args[0], span,
                                                   {open.positional, constant_int(static_cast<int64_t>(i - open.first), span)}));
        filled[i] = fit_argument(decl, i, hold(value));
    }
    values = std::move(filled);
    if (counted != nullptr && !open.takes_more) {
        const size_t left = open.end > open.first ? open.end - open.first : 0;
        emit_if(more_than(left), span, [&] {
            TExpr* given = op(typed::Op::kIntAdd, types_.integer, span, {counted, constant_int(static_cast<int64_t>(open.first), span)}, "a + b");
            raise_text(type_error, make(TK::kStrJoin, types_.str, span,
                                        {constant_str(shown + "() takes " + positional_range(decl, open.end) + " but ", span),
                                         runtime(RT::kt_int_str, types_.str, span, {given}), constant_str(" were given", span)}), span);
        });
    }
    return rest;
}

TExpr* Checker::call(const CallExpr& e, const Type* expected) {
    const Expr& callee = *e.callee;
    if (callee.kind == ExprKind::kAttribute) {
        const auto& a = as<AttributeExpr>(callee);
        if (super_owner(*a.object) != nullptr) return super_call(a, e);
        Entity object = entity(*a.object);
        if (object.kind == EntityKind::kBuiltin && a.name == "__new__") return object.name == "object" ? bare_object(e) : plain_object(object.name, e);
        if (object.kind == EntityKind::kType)
            if (TExpr* result = call_on_class(object.type, a, e)) return result;
        if (object.kind == EntityKind::kModuleMember || object.kind == EntityKind::kCrateFunctions) {
            object.value = entity_value(object, *a.object, nullptr);
            object.kind = EntityKind::kValue;
        }
        if (object.kind == EntityKind::kValue) return object.value == nullptr ? never(e.span) : method_call(object.value, a, e, expected);
    }
    if (callee.kind == ExprKind::kLambda) {
        const auto& lambda = as<LambdaExpr>(callee);
        auto is_plain = [](const Param& p) { return p.kind == ParamKind::kNormal && p.default_value == nullptr; };
        if (!e.keywords.empty() || !std::all_of(lambda.params.begin(), lambda.params.end(), is_plain) ||
            std::any_of(e.args.begin(), e.args.end(), [](const Expr* arg) { return arg->kind == ExprKind::kStarred; }))
            return call_decl(*declare(&lambda, "<lambda>", lambda.params, nullptr, {}, lambda.body, false, lambda.span), e);
        Args args;
        for (const Expr* arg : e.args) args.push_back(expression(*arg));
        return inline_lambda(as<LambdaExpr>(callee), args, e.span);
    }
    if (const Expr* generic = generic_class(callee)) {
        const CallExpr*& bare = applied_[{&e, SIZE_MAX - 1}];
        if (bare == nullptr) bare = TreeBuilder(synthetic_, e.span).call(*generic, {e.args.begin(), e.args.end()}, {e.keywords.begin(), e.keywords.end()});
        return call(*bare, expected);
    }
    if (callee.kind == ExprKind::kSubscript) {
        // reader.samples[int](): the type arguments of a crate's function.
        const Expr& named = *as<SubscriptExpr>(callee).object;
        const Expr* owner = named.kind == ExprKind::kAttribute ? as<AttributeExpr>(named).object : &named;
        const Entity known = owner->kind == ExprKind::kName ? this->entity(*owner) : Entity{};
        const Type* held = known.kind == EntityKind::kValue && known.value != nullptr && named.kind == ExprKind::kAttribute ? prune(known.value->type) : nullptr;
        const Manifest* manifest = held != nullptr ? manifest_of(held) : nullptr;
        const bool of_crate = known.kind == EntityKind::kCrateFunctions || known.kind == EntityKind::kCrate || known.kind == EntityKind::kCrateType ||
                              (manifest != nullptr && !crate_functions(*manifest, std::string(held->name) + "." + std::string(as<AttributeExpr>(named).name)).empty());
        if (of_crate) {
            const CallExpr*& bare = applied_[{&e, SIZE_MAX - 1}];
            if (bare == nullptr) bare = TreeBuilder(synthetic_, e.span).call(named, {e.args.begin(), e.args.end()}, {e.keywords.begin(), e.keywords.end()});
            applied_[{bare, SIZE_MAX - 2}] = &e;
            return call(*bare, expected);
        }
    }
    if (callee.kind == ExprKind::kCall && e.args.size() == 1 && e.keywords.empty()) {
        // itemgetter(1)(x) is x[1], attrgetter("a.b")(x) is x.a.b: so they work on values whose parts differ in type.
        const auto& maker = as<CallExpr>(callee);
        Entity made = maker.callee->kind == ExprKind::kName || maker.callee->kind == ExprKind::kAttribute ? this->entity(*maker.callee) : Entity{};
        const bool of_operator = made.kind == EntityKind::kFunction && made.function->file != nullptr && made.function->file->name() == "<operator>";
        const bool items = of_operator && made.function->name == "itemgetter";
        const bool attributes = of_operator && made.function->name == "attrgetter";
        const bool literals = std::all_of(maker.args.begin(), maker.args.end(), [&](const Expr* arg) {
            return arg->kind == ExprKind::kStr || (items && (arg->kind == ExprKind::kInt || arg->kind == ExprKind::kUnary));
        });
        if ((items || attributes) && literals && !maker.args.empty() && maker.keywords.empty()) {
            const CallExpr*& kept = applied_[{&e, SIZE_MAX}];  // its arguments are the parts of e's argument
            if (kept == nullptr) {
                TreeBuilder tree(synthetic_, e.span);
                std::vector<Expr*> parts;
                for (Expr* arg : maker.args) {
                    Expr* part = e.args[0];
                    if (items) {
                        parts.push_back(tree.subscript(part, arg));
                        continue;
                    }
                    for (std::string_view path = as<StrExpr>(*arg).value; !path.empty();) {
                        const size_t dot = std::min(path.find('.'), path.size());
                        part = tree.attribute(part, path.substr(0, dot));
                        path.remove_prefix(std::min(dot + 1, path.size()));
                    }
                    parts.push_back(part);
                }
                kept = tree.call(callee, parts);
            }
            if (kept->args.size() == 1) return expression(*kept->args[0]);
            SequenceExpr tuple{};
            tuple.kind = ExprKind::kTuple;
            tuple.span = e.span;
            tuple.items = kept->args;
            return tuple_display(tuple, nullptr);
        }
    }
    if (callee.kind == ExprKind::kCall)
        if (TExpr* result = named_method_call(as<CallExpr>(callee), e)) return result;
    Entity entity = this->entity(callee);
    switch (entity.kind) {
        case EntityKind::kFunction: return call_decl(*entity.function, e);
        case EntityKind::kBoundMethod: return method_call(read_local(entity.value->index, e.span), *entity.attribute, e, expected);
        case EntityKind::kBuiltin: return builtin_call(entity.name, e, expected);
        case EntityKind::kType: return call_type(entity.type, e, expected);
        case EntityKind::kModuleMember: return module_call(entity.name, e);
        case EntityKind::kCrateType:
            if (entity.type != nullptr && entity.type->kind == TypeKind::kException) return convert_call(entity.type, e, expected);
            [[fallthrough]];
        case EntityKind::kCrateFunctions: return crate_call(*entity.manifest, entity.name, nullptr, e, expected);
        case EntityKind::kValue: return entity.value == nullptr ? never(e.span) : call_closure(entity.value, e);
        default: break;
    }
    report(DiagCode::kNotCallable, callee.span, "a module is not callable");
    return never(e.span);
}

}  // namespace kayton::check
