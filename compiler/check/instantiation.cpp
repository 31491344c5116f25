// Instances of Kayton functions: one for each list of argument types, checked when it is first called.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

constexpr int kMaxDepth = 2000;
constexpr int kDeepType = 16;

// Whether a call with such a type may lead to calls with ever new ones: classes and numbers are so many and no more.
bool may_grow(const Type* t, int level = 0) {
    t = prune(t);
    return level > kDeepType || t->kind == TypeKind::kFunctionRef || t->kind == TypeKind::kFunction ||
           std::any_of(t->args.begin(), t->args.end(), [&](const Type* arg) { return may_grow(arg, level + 1); });
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

TExpr* Checker::call_instance(FunctionDecl& decl, const Args& args, Span span) {
    std::vector<const Type*> arg_types;
    auto is_never = [](const Type* t) { return prune(t)->kind == TypeKind::kNever; };
    for (TExpr* a : args) {
        const Type* t = prune(a->type);
        // An error, or not known yet: whole, or one of a tuple.
        if (is_never(t) || (t->kind == TypeKind::kTuple && std::any_of(t->args.begin(), t->args.end(), is_never))) {
            BlockScope scope(*this);
            for (TExpr* v : args) emit_expr(v);
            return scope.finish(never(span));
        }
        arg_types.push_back(a->type);
    }
    // Tuples of ever more elements, as in `f(path + (x,))`, become tuples of any length.
    if (decl.instances.size() > 4)
        for (size_t i = 0; i < arg_types.size(); ++i) {
            const Type* t = prune(arg_types[i]);
            if (t->kind != TypeKind::kTuple) continue;
            bool grows = true;
            bool one_is_long = false;
            for (const auto& known : decl.instances) {
                const Type* k = i < known->args.size() ? prune(known->args[i]) : types_.never;
                if (is_long_tuple(k)) one_is_long = true;
                else if (k->kind != TypeKind::kTuple || k->args.size() == t->args.size()) grows = false;
            }
            if (!grows && !one_is_long) continue;
            const Type* element = types_.never;
            for (const Type* m : t->args) element = join_types(element, m);
            if (!is_never(element)) arg_types[i] = types_.list(element, "tuple");
        }
    const size_t errors = diagnostics_.all().size();
    const size_t warnings = raised_.size();
    Instance* instance = instantiate(decl, arg_types, span, nullptr);
    if (instance == nullptr) return never(span);
    // An error inside an instance points at the call that made it.
    const bool generic = std::any_of(decl.params.begin(), decl.params.end(), [](const Param& p) { return p.annotation == nullptr; });
    if (generic && decl.lambda_body == nullptr && instance->checked_in == pass_) {
        auto point = [&](Diagnostic& d) {
            if (d.secondary.size() < 4) d.secondary.push_back({&file(), span, "in this call of `" + decl.name + "`"});
        };
        for (size_t i = errors; i < diagnostics_.all().size(); ++i) point(const_cast<Diagnostic&>(diagnostics_.all()[i]));
        for (size_t i = warnings; i < raised_.size(); ++i) point(raised_[i]);
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
    TExpr* absent = type_test(cache(), types_.none, span);
    emit_if(absent, span, [&] {
        TStmt* store = stmt(SK::kAssignGlobal, span);
        store->index = global_index(global, name);
        store->a = convert(make(TK::kDict, dict_type, span, Args{}), optional);
        emit(store);
    });
    TExpr* dict = hold(narrow(cache(), dict_type));
    emit_if(negate(runtime(RT::kt_dict_contains, types_.boolean, span, {dict, key})), span, [&] {
        TExpr* value = hold(call_with(held));
        emit_expr(runtime(RT::kt_dict_set, types_.none, span, {dict, key, convert(value, instance.result)}));
    });
    return scope.finish(runtime(RT::kt_dict_get, instance.result, span, {dict, key}));
}

// Null after an error.
Instance* Checker::instantiate(FunctionDecl& decl, std::vector<const Type*> args, Span span, const Type* forced_result, bool may_widen) {
    Instance* found = nullptr;
    for (auto& candidate : decl.instances) {
        if (candidate->forced_result != forced_result || candidate->may_widen != may_widen || candidate->args.size() != args.size()) continue;
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
        if ((decl.instances.size() >= FunctionDecl::kMaxInstances && std::any_of(args.begin(), args.end(), [](const Type* t) { return may_grow(t); })) || depth_ > kMaxDepth) {
            report(DiagCode::kRecursiveType, span, "`" + decl.name + "` is called with ever new types", "each call makes a larger type",
                   "annotate the parameters");
            return nullptr;
        }
        auto instance = std::make_unique<Instance>();
        instance->decl = &decl;
        instance->args = std::move(args);
        instance->forced_result = forced_result;
        instance->may_widen = may_widen;
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
    instance.wider = nullptr;
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
    if (state_ != nullptr && !decl.is_module) {
        state.caught = state_->caught;
        state.in_handler = state_->in_handler;
    }
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
                    var.bound = Bound::kMaybe;  // known at run time
                }
            }
        }
        if (decl.lambda_body != nullptr) {
            return_value(expression(*decl.lambda_body, instance.forced_result), decl.span);
        } else {
            body(decl.body);
        }
        if (cell_ && decl.is_module && decl.unit == &main_) note_deleted();
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

}  // namespace kayton::check
