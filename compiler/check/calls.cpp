// Calls of Kayton functions: binding of arguments, instances, function values.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

constexpr size_t kMaxInstances = 64;
constexpr int kMaxDepth = 400;

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
bool is_exact(const Type* t) {
    t = prune(t);
    if (t->kind == TypeKind::kFloat || t->kind == TypeKind::kDynamic || t->kind == TypeKind::kVar || t->kind == TypeKind::kNever) return false;
    return std::all_of(t->args.begin(), t->args.end(), [](const Type* a) { return is_exact(a); });
}

bool has_open_variable(const Type* t) {
    t = prune(t);
    if (t->kind == TypeKind::kVar) return true;
    return std::any_of(t->args.begin(), t->args.end(), [](const Type* a) { return has_open_variable(a); });
}

std::string hidden_name(const FunctionDecl& decl, size_t param) {
    return decl.name + "#" + std::to_string(decl.span.begin) + "#" + std::string(decl.params[param].name);
}

void find_tails(Body body, std::set<const Stmt*>& tails) {
    if (body.empty()) return;
    const Stmt* last = body.back();
    if (last->kind == StmtKind::kExpr) tails.insert(last);
    if (last->kind == StmtKind::kIf && !as<IfStmt>(*last).else_body.empty()) {
        find_tails(as<IfStmt>(*last).body, tails);
        find_tails(as<IfStmt>(*last).else_body, tails);
    }
}

}  // namespace

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
    Diagnostic& d = report(DiagCode::kBadArguments, value->span,
                           "parameter `" + std::string(p.name) + "` of `" + decl.name + "` takes " + wanted + ", found " + found,
                           "this is " + found);
    d.secondary.push_back({decl.file, p.span, "declared here"});
    return never(value->span);
}

TExpr* Checker::argument_for(FunctionDecl& decl, size_t param, const Expr& e) {
    const Type* expected = nullptr;
    if (decl.params[param].annotation != nullptr) expected = annotation(*decl.params[param].annotation);
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
    TExpr* spread = nullptr;  // a tuple of any length that *args takes
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
            TExpr* tuple = hold(expression(*as<StarredExpr>(*arg).value));
            const Type* t = prune(tuple->type);
            if (t->kind == TypeKind::kNever) return never(e.span);
            if (t->kind != TypeKind::kTuple && var_args != count && spread == nullptr && arg == e.args.back()) {
                // However many there are: those that are left after the named parameters.
                TExpr* all = hold(collect(tuple, arg->span, "tuple"));
                const Type* element = prune(all->type)->args[0];
                int64_t taken = 0;
                while (next < positional) {
                    take(make(TK::kListGet, element, arg->span, {all, constant_int(taken++, arg->span)}));
                }
                spread = taken == 0 ? all : runtime(RT::kt_list_slice, all->type, arg->span,
                                                    {all, constant_int(taken, arg->span), constant_int(INT64_MIN, arg->span), constant_int(INT64_MIN, arg->span)});
                continue;
            }
            if (t->kind != TypeKind::kTuple) {
                // As many as the parameters that are left take, found when it is called.
                bool exact = var_args == count && e.keywords.empty();
                for (size_t i = next; i < positional; ++i) exact &= decl.params[i].default_value == nullptr;
                if (!exact || arg != e.args.back()) {
                    report(DiagCode::kUnsupported, arg->span, "only a tuple can be spread into these arguments: its length must be known",
                           "this is " + to_string(resolved(t)));
                    return never(e.span);
                }
                for (TExpr* item : spread_values(decl, tuple, next, positional, arg->span)) take(item);
                continue;
            }
            for (size_t i = 0; i < t->args.size(); ++i) {
                TExpr* item = make(TK::kTupleGet, t->args[i], arg->span, {tuple});
                item->index = static_cast<uint32_t>(i);
                take(item);
            }
            continue;
        }
        if (next < positional) {
            values[next] = argument_for(decl, next, *arg);
            ++next;
        } else {
            take(expression(*arg));
        }
    }
    if (!extra.empty() && var_args == count)
        return wrong(e.span, shown + "() takes " + std::to_string(positional) + " positional argument" + (positional == 1 ? "" : "s") +
                                 " but " + std::to_string(next) + (next == 1 ? " was" : " were") + " given");
    Args keyword_parts;
    for (const KeywordArg& k : e.keywords) {
        if (k.name.empty()) {
            TExpr* more = expression(*k.value);
            const Type* given = prune(more->type);
            // No keyword was given to the function that hands its own on.
            if (given->kind == TypeKind::kNever) continue;
            if (given->kind == TypeKind::kDict && (prune(given->args[1])->kind == TypeKind::kVar || prune(given->args[1])->kind == TypeKind::kNever)) continue;
            report(DiagCode::kUnsupported, k.span, "`**` in a call needs names known at compile time");
            return never(e.span);
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
    std::vector<std::string> missing;
    for (size_t i = 0; i < count; ++i) {
        if (values[i] != nullptr) continue;
        if (i == var_args) {
            std::vector<const Type*> members;
            for (TExpr* v : extra) members.push_back(v->type);
            values[i] = make(TK::kTuple, types_.tuple(members), e.span, extra);
            if (spread != nullptr) {
                const Type* both = join_types(values[i]->type, spread->type);
                values[i] = extra.empty() ? spread : runtime(RT::kt_list_concat, both, e.span, {convert(values[i], both), convert(spread, both)});
            }
        } else if (i == var_keywords) {
            const Type* value = variable_at(&e, 50);
            for (size_t k = 1; k < keyword_parts.size(); k += 2) grow(value, keyword_parts[k]->type);
            for (size_t k = 1; k < keyword_parts.size(); k += 2) keyword_parts[k] = convert(keyword_parts[k], value);
            values[i] = make(TK::kDict, types_.dict(types_.str, value), e.span, keyword_parts);
        } else if (decl.params[i].default_value != nullptr) {
            values[i] = fit_argument(decl, i, default_value(decl, i, e.span));
        } else {
            missing.push_back("'" + std::string(decl.params[i].name) + "'");
        }
    }
    if (!missing.empty()) {
        std::string list = missing[0];
        for (size_t i = 1; i < missing.size(); ++i) list += (i + 1 == missing.size() ? " and " : ", ") + missing[i];
        return wrong(e.span, shown + "() missing " + std::to_string(missing.size()) + " required positional argument" +
                                 (missing.size() == 1 ? "" : "s") + ": " + list);
    }
    return scope.finish(call_instance(decl, values, e.span));
}

TExpr* Checker::call_instance(FunctionDecl& decl, const Args& args, Span span) {
    std::vector<const Type*> arg_types;
    for (TExpr* a : args) {
        if (prune(a->type)->kind == TypeKind::kNever) {  // an error, or not known yet
            BlockScope scope(*this);
            for (TExpr* v : args) emit_expr(v);
            return scope.finish(never(span));
        }
        arg_types.push_back(a->type);
    }
    const size_t errors = diagnostics_.all().size();
    Instance* instance = instantiate(decl, arg_types, span, nullptr);
    if (instance == nullptr) return never(span);
    // An error inside an instance points at the call that made it.
    if (diagnostics_.all().size() > errors && decl.lambda_body == nullptr && instance->checked_in == pass_) {
        bool generic = std::any_of(decl.params.begin(), decl.params.end(), [](const Param& p) { return p.annotation == nullptr; });
        if (generic)
            for (size_t i = errors; i < diagnostics_.all().size(); ++i) {
                auto& d = const_cast<Diagnostic&>(diagnostics_.all()[i]);
                if (d.secondary.size() < 4) d.secondary.push_back({&file(), span, "in this call of `" + decl.name + "`"});
            }
    }
    Args converted;
    for (size_t i = 0; i < args.size(); ++i) converted.push_back(convert(args[i], instance->args[i]));
    if (instance->is_closure) {
        std::vector<const Type*> params(instance->args.begin(), instance->args.end());
        TExpr* closure = make(TK::kMakeClosure, types_.function(params, instance->result), span);
        closure->callee = instance->function;
        if (!take_cells(decl, *instance, closure, span)) {
            report(DiagCode::kUnsupported, span, "`" + decl.name + "` shares variables of the function around it that have another meaning here",
                   "called from another function", "rename the variable, or pass it as an argument");
            return never(span);
        }
        converted.insert(converted.begin(), closure);
        return make(TK::kCallClosure, instance->result, span, converted);
    }
    if (decl.is_cached) return remembered_call(decl, *instance, converted, span);
    TExpr* call = make(TK::kCall, instance->result, span, converted);
    call->callee = instance->function;
    return call;
}

// @lru_cache: the results of an instance stand in a dict by its arguments.
TExpr* Checker::remembered_call(FunctionDecl& decl, Instance& instance, const Args& args, Span span) {
    std::vector<const Type*> members;
    for (TExpr* a : args) members.push_back(a->type);
    auto call_with = [&](const Args& values) {
        TExpr* call = make(TK::kCall, instance.result, span, values);
        call->callee = instance.function;
        return call;
    };
    for (const Type* m : members) {
        if (hashable(m)) continue;
        report(DiagCode::kUnhashable, span, "unhashable type: '" + to_string(resolved(m)) + "'", "an argument of a function that remembers its results");
        return never(span);
    }
    const Type* result = prune(instance.result);
    if (result->kind == TypeKind::kNever || result->kind == TypeKind::kVar) return call_with(args);
    BlockScope scope(*this);
    Args held;
    for (TExpr* a : args) held.push_back(hold(a));
    const Type* key_type = types_.tuple(members);
    const Type* dict_type = types_.dict(key_type, instance.result);
    TExpr* key = hold(make(TK::kTuple, key_type, span, held));
    const std::string_view name = keep_path("cache#" + decl.name + "#" + std::to_string(instance.number));
    GlobalName& global = globals_[std::string(name)];
    const Type* optional = types_.optional(dict_type);
    if (global.declared == nullptr || resolved(global.declared) != resolved(optional)) {
        if (!global.external) global.declared = optional;
        changed_ = true;
    }
    auto cache = [&] {
        TExpr* read = make(TK::kGlobal, optional, span);
        read->index = global_index(global, name);
        return read;
    };
    TExpr* absent = make(TK::kTypeTest, types_.boolean, span, {cache()});
    absent->type_arg = types_.none;
    TStmt* start = stmt(SK::kIf, span);
    start->a = absent;
    start->body = block([&] {
        TStmt* store = stmt(SK::kAssignGlobal, span);
        store->index = global_index(global, name);
        store->a = convert(make(TK::kDict, dict_type, span, Args{}), optional);
        emit(store);
    });
    emit(start);
    TExpr* dict = hold(narrow(cache(), dict_type));
    TStmt* fill = stmt(SK::kIf, span);
    fill->a = negate(runtime(RT::kt_dict_contains, types_.boolean, span, {dict, key}));
    fill->body = block([&] {
        TExpr* value = hold(call_with(held));
        emit_expr(runtime(RT::kt_dict_set, types_.none, span, {dict, key, convert(value, instance.result)}));
    });
    emit(fill);
    return scope.finish(runtime(RT::kt_dict_get, instance.result, span, {dict, key}));
}

// Null after an error.
Instance* Checker::instantiate(FunctionDecl& decl, std::vector<const Type*> args, Span span, const Type* forced_result) {
    Instance* found = nullptr;
    for (auto& candidate : decl.instances) {
        if (candidate->forced_result != forced_result || candidate->args.size() != args.size()) continue;
        bool same = true;
        for (size_t i = 0; i < args.size() && same; ++i) same = resolved(candidate->args[i]) == resolved(args[i]);
        if (same) {
            found = candidate.get();
            break;
        }
    }
    if (found == nullptr) {
        // A recursive call with a container whose element is not known yet is a call of the same instance.
        for (auto& candidate : decl.instances) {
            if (!candidate->in_progress || candidate->forced_result != forced_result || candidate->args.size() != args.size()) continue;
            bool fits = true;
            for (size_t i = 0; i < args.size() && fits; ++i) {
                if (resolved(candidate->args[i]) == resolved(args[i])) continue;
                fits = prune(candidate->args[i])->kind == prune(args[i])->kind && (has_open_variable(args[i]) || has_open_variable(candidate->args[i]));
            }
            for (size_t i = 0; i < args.size() && fits; ++i) fits = flow_into(args[i], candidate->args[i]);
            if (fits) {
                found = candidate.get();
                break;
            }
        }
    }
    if (found == nullptr) {
        if (decl.instances.size() >= kMaxInstances || depth_ > kMaxDepth) {
            report(DiagCode::kRecursiveType, span, "`" + decl.name + "` is called with ever new types", "each call makes a larger type",
                   "annotate the parameters");
            return nullptr;
        }
        auto instance = std::make_unique<Instance>();
        instance->decl = &decl;
        instance->args = std::move(args);
        instance->forced_result = forced_result;
        instance->result = types_.never;
        instance->number = next_instance_++;
        found = instance.get();
        decl.instances.push_back(std::move(instance));
        changed_ = true;
    }
    check_instance(*found);
    return found;
}

void Checker::check_instance(Instance& instance) {
    if (instance.in_progress || instance.checked_in == pass_) return;
    FunctionDecl& decl = *instance.decl;
    instance.in_progress = true;
    instance.checked_in = pass_;
    checked_.push_back(&instance);
    instance.pinned_locals.clear();
    instance.entities.clear();
    ++depth_;
    program_.functions.push_back(std::make_unique<typed::Function>());
    typed::Function& function = *program_.functions.back();
    instance.function = &function;
    function.symbol = decl.name + "." + std::to_string(instance.number);
    function.display_name = decl.name;
    function.file = decl.file;
    function.span = decl.span;
    function.param_count = static_cast<uint32_t>(decl.is_module ? 0 : instance.args.size());

    FunctionState state;
    state.instance = &instance;
    state.function = &function;
    state.outer = state_;
    state_ = &state;
    state.env.vars.resize(decl.scope.names.size());
    if (decl.is_fn && !decl.is_generator) find_tails(decl.body, state.tails);
    if (decl.is_generator) begin_generator(instance, function);
    {
        BlockScope scope(*this);
        for (size_t i = 0; i < instance.args.size(); ++i) {
            typed::Local local;
            local.name = std::string(decl.params[i].name);
            local.type = instance.args[i];
            function.locals.push_back(std::move(local));
        }
        for (size_t i = 0; i < instance.args.size(); ++i) {
            VarState& var = state.env.vars[decl.scope.slots.at(decl.params[i].name)];
            var.local = static_cast<int32_t>(i);
            var.declared = var.flow = instance.args[i];
            var.bound = Bound::kYes;
            if (instance.pinned.contains(decl.params[i].name) || instance.captured.contains(decl.params[i].name)) {
                var = VarState{};
                assign_name(decl.params[i].name, read_local(static_cast<uint32_t>(i), decl.params[i].span), decl.params[i].span);
            }
        }
        if (decl.is_decoration) bind_parameters(decl);
        for (const auto& [name, type] : decl.bound) {
            uint32_t local = temp(type, std::string(name));
            function.locals[local].in_cell = true;
            function.captures.push_back(local);
            function.captured_from.push_back(0);
            function.is_closure = true;
            state.captured.emplace(name, local);
            auto slot = decl.scope.slots.find(name);
            if (slot == decl.scope.slots.end()) continue;
            VarState& var = state.env.vars[slot->second];
            var.local = static_cast<int32_t>(local);
            var.declared = var.flow = type;
            var.bound = Bound::kYes;
        }
        if (decl.is_module) {
            for (size_t i = 0; i < decl.scope.names.size(); ++i) {
                auto known = globals_.find(global_key(decl.scope.names[i]));
                if (known == globals_.end() || !known->second.external) continue;
                VarState& var = state.env.vars[i];
                if (known->second.entity.kind != EntityKind::kNothing) {
                    var.bound = Bound::kYes;
                    var.entity = std::make_shared<Entity>(known->second.entity);
                } else {
                    var.global = true;
                    var.declared = var.flow = known->second.declared;
                    var.bound = Bound::kYes;
                }
            }
        }
        if (decl.lambda_body != nullptr) {
            return_value(expression(*decl.lambda_body, instance.forced_result), decl.span);
        } else {
            body(decl.body);
        }
        if (state.env.reachable && !decl.is_module) return_value(constant_none({decl.span.end, decl.span.end}), decl.span);
        function.body = scope.take();
    }
    function.result = decl.is_module ? types_.none : instance.result;
    if (function.is_closure != instance.is_closure) {
        instance.is_closure = function.is_closure;
        changed_ = true;
    }
    state_ = state.outer;
    --depth_;
    instance.in_progress = false;
}

// --- function values: a Callable whose parameter types later calls decide

// `bound`: values for decl.bound, kept in the closure.
TExpr* Checker::function_value(FunctionDecl& decl, const void* site, Span span, const Type* expected, const Args& bound) {
    // A value takes the parameters without defaults; the defaults are evaluated here, and kept in it.
    size_t plain = 0;
    while (plain < decl.params.size() && decl.params[plain].default_value == nullptr &&
           (decl.params[plain].kind == ParamKind::kNormal || decl.params[plain].kind == ParamKind::kPositionalOnly))
        ++plain;
    const size_t arity = expected != nullptr && prune(expected)->kind == TypeKind::kFunction ? prune(expected)->args.size() - 1 : plain;
    if (decl.bound.empty() && arity == plain && plain < decl.params.size() &&
        std::all_of(decl.params.begin() + static_cast<std::ptrdiff_t>(plain), decl.params.end(), [](const Param& p) { return p.default_value != nullptr; })) {
        auto& slot = state_->instance->nested[&decl.scope];
        if (slot == nullptr) {
            slot = std::make_unique<FunctionDecl>();
            slot->name = decl.name;
            slot->file = decl.file;
            slot->span = decl.span;
            slot->params = decl.params.first(plain);
            slot->returns = decl.returns;
            slot->body = decl.body;
            slot->lambda_body = decl.lambda_body;
            slot->is_fn = decl.is_fn;
            slot->is_generator = decl.is_generator;
            slot->scope = decl.scope;
            slot->parent = decl.parent;
            slot->parent_instance = decl.parent_instance;
            slot->unit = decl.unit;
            slot->owner = decl.owner;
        }
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
        if (has_open_variable(r)) {
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
    Instance* instance = instantiate(decl, known, span, has_open_variable(wanted) ? nullptr : wanted);
    if (instance == nullptr) return never(span);
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
    if (t->kind == TypeKind::kTypeObject && prune(t->args[0])->class_info != nullptr) return construct(*prune(t->args[0])->class_info, e);
    if (t->kind == TypeKind::kUnion && types::is_union_with_none(t)) return require_present(callee, e.callee->span, "a call");
    if (t->kind != TypeKind::kFunction) {
        report(DiagCode::kNotCallable, e.callee->span, "'" + to_string(resolved(t)) + "' object is not callable", "this is " + to_string(resolved(t)));
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
            report(DiagCode::kUnsupported, arg->span, "only a tuple can be spread into these arguments: its length must be known",
                   "this is " + to_string(resolved(spread)));
            return never(e.span);
        }
        for (size_t i = 0; i < spread->args.size(); ++i) {
            TExpr* item = make(TK::kTupleGet, spread->args[i], arg->span, {tuple});
            item->index = static_cast<uint32_t>(i);
            args.push_back(item);
        }
    }
    if (args.size() != count + 1 || !e.keywords.empty()) {
        report(DiagCode::kBadArguments, e.span,
               "this function takes " + std::to_string(count) + " arguments, " + std::to_string(args.size() - 1) + " given",
               "it is " + to_string(resolved(t)));
        return never(e.span);
    }
    for (size_t i = 0; i < count; ++i)
        args[i + 1] = coerce(args[i + 1], t->args[i], args[i + 1]->span, "argument " + std::to_string(i + 1));
    return scope.finish(make(TK::kCallClosure, t->args.back(), e.span, args));
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
    state_->overlays.emplace_back();
    for (size_t i = 0; i < args.size(); ++i) {
        state_->overlays.back()[lambda.params[i].name] = VarState{};
        set_overlay(lambda.params[i].name, held[i]);
    }
    TExpr* result = expression(*lambda.body);
    state_->overlays.pop_back();
    return scope.finish(result);
}

// The call `callable(names...)` as a tree of its own.
const CallExpr* Checker::call_of(const Expr& callable, const std::vector<std::string_view>& names) {
    std::vector<Expr*> args;
    for (std::string_view name : names) {
        auto* arg = synthetic_.make<NameExpr>();
        arg->kind = ExprKind::kName;
        arg->span = callable.span;
        arg->name = name;
        args.push_back(arg);
    }
    auto* call = synthetic_.make<CallExpr>();
    call->kind = ExprKind::kCall;
    call->span = callable.span;
    call->callee = const_cast<Expr*>(&callable);
    call->args = synthetic_.copy(args);
    return call;
}

// Calls what a key=, map() or filter() was given: anything that can be called by name.
TExpr* Checker::apply_callable(const Expr& callable, const Args& args, Span span) {
    if (callable.kind == ExprKind::kLambda) return inline_lambda(as<LambdaExpr>(callable), args, span);
    static constexpr std::string_view kNames[] = {"%0", "%1", "%2", "%3"};
    auto& tree = applied_[{&callable, args.size()}];
    if (tree == nullptr) tree = call_of(callable, {std::begin(kNames), std::begin(kNames) + args.size()});
    BlockScope scope(*this);
    Args held;
    for (TExpr* a : args) held.push_back(hold(a));
    state_->overlays.emplace_back();
    for (size_t i = 0; i < args.size(); ++i) {
        state_->overlays.back()[kNames[i]] = VarState{};
        set_overlay(kNames[i], held[i]);
    }
    TExpr* result = call(*tree, nullptr);
    state_->overlays.pop_back();
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
        std::vector<Param> params;
        for (size_t i = 0; i < count; ++i) {
            Param p{};
            p.name = kNames[i];
            p.span = callable.span;
            p.kind = ParamKind::kNormal;
            params.push_back(p);
        }
        auto* made = synthetic_.make<LambdaExpr>();
        made->kind = ExprKind::kLambda;
        made->span = callable.span;
        made->params = synthetic_.copy(params);
        made->body = const_cast<CallExpr*>(call_of(callable, {std::begin(kNames), std::begin(kNames) + count}));
        lambda = made;
    }
    return lambda_value(*lambda, expected);
}

TExpr* Checker::call(const CallExpr& e, const Type* expected) {
    const Expr& callee = *e.callee;
    if (callee.kind == ExprKind::kAttribute) {
        const auto& a = as<AttributeExpr>(callee);
        if (is_super_call(*a.object)) return super_call(a, e);
        Entity object = entity(*a.object);
        if (object.kind == EntityKind::kType)
            if (TExpr* result = call_on_class(object.type, a, e)) return result;
        if (object.kind == EntityKind::kModuleMember || object.kind == EntityKind::kCrateFunctions) {
            object.value = entity_value(object, *a.object, nullptr);
            object.kind = EntityKind::kValue;
        }
        if (object.kind == EntityKind::kValue) return object.value == nullptr ? never(e.span) : method_call(object.value, a, e, expected);
    }
    if (callee.kind == ExprKind::kLambda) {
        Args args;
        for (const Expr* arg : e.args) args.push_back(expression(*arg));
        return inline_lambda(as<LambdaExpr>(callee), args, e.span);
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
                std::vector<Expr*> parts;
                for (Expr* arg : maker.args) {
                    Expr* part = e.args[0];
                    if (items) {
                        parts.push_back(synthetic_.make<SubscriptExpr>(Expr{ExprKind::kSubscript, 2, e.span}, part, arg));
                        continue;
                    }
                    for (std::string_view path = as<StrExpr>(*arg).value; !path.empty();) {
                        const size_t dot = std::min(path.find('.'), path.size());
                        part = synthetic_.make<AttributeExpr>(Expr{ExprKind::kAttribute, 2, e.span}, part, path.substr(0, dot), e.span);
                        path.remove_prefix(std::min(dot + 1, path.size()));
                    }
                    parts.push_back(part);
                }
                auto* holder = synthetic_.make<CallExpr>(e);
                holder->args = synthetic_.copy(parts);
                kept = holder;
            }
            if (kept->args.size() == 1) return expression(*kept->args[0]);
            SequenceExpr tuple{};
            tuple.kind = ExprKind::kTuple;
            tuple.span = e.span;
            tuple.items = kept->args;
            return tuple_display(tuple, nullptr);
        }
    }
    Entity entity = this->entity(callee);
    switch (entity.kind) {
        case EntityKind::kFunction: return call_decl(*entity.function, e);
        case EntityKind::kBuiltin: return builtin_call(entity.name, e, expected);
        case EntityKind::kType:
            if (entity.type->class_info != nullptr) return construct(*entity.type->class_info, e);
            return convert_call(entity.type, e, expected);
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
