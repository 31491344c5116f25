// Calls of a crate's functions: which of the instances and overloads is meant, and what its arguments become.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/missing_instances.h"

namespace kayton::check {

using namespace syntax;
using types::is_numeric;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;

namespace {

// Lambdas and functions wait until the parameters they go to are known.
bool is_lambda(const Expr& e) { return e.kind == ExprKind::kLambda; }

bool is_function_name(const Entity& entity) {
    return entity.kind == EntityKind::kFunction || entity.kind == EntityKind::kBuiltin || entity.kind == EntityKind::kModuleMember ||
           entity.kind == EntityKind::kCrateFunctions;
}

// What a loop can go over, and a list parameter therefore takes; of lists those whose elements cross in another form.
bool is_listable(const Type* from, const Type* to) {
    from = prune(from);
    to = prune(to);
    switch (from->kind) {
        case TypeKind::kRange:
        case TypeKind::kSet:
        case TypeKind::kIterator: return true;
        case TypeKind::kTuple: return !from->args.empty();
        case TypeKind::kList: {
            const Type* element = prune(to->args[0]);
            const Type* given = prune(from->args[0]);
            const bool any = element->kind == TypeKind::kDynamic || (element->kind == TypeKind::kTuple && given->kind == TypeKind::kTuple &&
                                                                     std::any_of(element->args.begin(), element->args.end(), [](const Type* t) { return prune(t)->kind == TypeKind::kDynamic; }));
            return any && given->kind != TypeKind::kDynamic && given->kind != TypeKind::kVar && given->kind != TypeKind::kNever;
        }
        default: return false;
    }
}

bool is_list_of_ints(const Type* type) {
    if (type->kind != TypeKind::kList) return false;
    const TypeKind element = prune(type->args[0])->kind;
    return element == TypeKind::kInt || element == TypeKind::kVar;
}

// What listed() makes of an argument: a list of what a loop goes over, or bytes of a list of numbers ([u8; 3]).
bool is_listed(const Type* from, const Type* to) {
    from = prune(from);
    to = prune(to);
    return to->kind == TypeKind::kBytes ? is_list_of_ints(from) : to->kind == TypeKind::kList && is_listable(from, to);
}

// Any value, or a list of any values.
bool takes_anything(const Type* type) {
    const Type* inner = type->kind == TypeKind::kList ? prune(type->args[0]) : type;
    return inner->kind == TypeKind::kDynamic;
}

const Type* function_member(const Type* type) {
    type = prune(type);
    if (type->kind == TypeKind::kFunction) return type;
    if (type->kind == TypeKind::kUnion)
        for (const Type* member : type->args)
            if (prune(member)->kind == TypeKind::kFunction) return prune(member);
    return nullptr;
}

}  // namespace

// Whether an argument may be given for a parameter, with the conversions a crate's parameters allow.
bool Checker::fits_parameter(const Type* parameter, const TExpr* argument) {
    const Type* from = prune(argument->type);
    const Type* to = prune(parameter);
    if (accepts(to, from)) return true;
    if (to->kind == TypeKind::kVar) return true;
    if (to->kind == TypeKind::kFloat && is_numeric(from)) return true;
    if (to->kind == TypeKind::kInt && from->kind == TypeKind::kBool) return true;
    if (to->kind == TypeKind::kBytes && is_list_of_ints(from)) return true;
    // Rust's () is the empty tuple.
    if (to->kind == TypeKind::kNone && from->kind == TypeKind::kTuple && from->args.empty()) return true;
    if (to->kind == TypeKind::kUnion && std::any_of(to->args.begin(), to->args.end(), [&](const Type* m) { return prune(m)->kind == TypeKind::kFloat; }) && is_numeric(from)) return true;
    if (to->kind == from->kind && to->args.size() == from->args.size() && to->name == from->name &&
        (to->kind == TypeKind::kList || to->kind == TypeKind::kDict || to->kind == TypeKind::kSet || (to->kind == TypeKind::kHandle && !to->args.empty()))) {
        for (size_t i = 0; i < to->args.size(); ++i) {
            const Type* element = prune(from->args[i]);
            const Type* wanted = prune(to->args[i]);
            if (element->kind == TypeKind::kVar || element->kind == TypeKind::kNever || wanted->kind == TypeKind::kVar || wanted->kind == TypeKind::kDynamic) continue;
            if (resolved(element) == resolved(wanted)) continue;
            TExpr member{};
            member.type = element;
            return to->kind == TypeKind::kList && is_listable(from, to) && fits_parameter(wanted, &member);
        }
        return true;
    }
    if (to->kind == TypeKind::kTuple && from->kind == TypeKind::kTuple && to->args.size() == from->args.size()) {
        for (size_t i = 0; i < to->args.size(); ++i) {
            TExpr member{};
            member.type = from->args[i];
            if (!fits_parameter(to->args[i], &member)) return false;
        }
        return true;
    }
    if (to->kind == TypeKind::kList && is_listable(from, to)) {
        for (const Type* element : from->args) {
            TExpr member{};
            member.type = element;
            if (!fits_parameter(to->args[0], &member)) return false;
            if (from->kind != TypeKind::kTuple) break;
        }
        return from->kind != TypeKind::kRange || prune(to->args[0])->kind == TypeKind::kInt || prune(to->args[0])->kind == TypeKind::kVar;
    }
    return false;
}

// An argument for a parameter of this type: iterables as lists, also in a tuple display.
TExpr* Checker::as_argument(TExpr* value, const Type* to, const std::string& what) {
    const Type* type = prune(to);
    if (is_listed(value->type, to)) value = listed(value, to);
    if (type->kind != TypeKind::kTuple || value->kind != TK::kTuple || type->args.size() != value->args.size()) return coerce(value, to, value->span, what, true);
    Args members;
    for (size_t i = 0; i < value->args.size(); ++i) members.push_back(as_argument(value->args[i], type->args[i], what));
    return make(TK::kTuple, to, value->span, members);
}

// Arguments as the thunk takes them.
TExpr* Checker::plugin_call(const Manifest& manifest, const ManifestFunction& function, const Args& args, Span span) {
    const uint32_t index = plugin_function(manifest, function);
    TypeNames known;
    std::vector<const Type*> open;
    for (size_t i = 0; i < args.size(); ++i) {
        open.push_back(parse_type(function.params[i].type, true));
        if (open[i] != nullptr && has_names(open[i])) learn(open[i], args[i]->type, known);
    }
    const Type* result = parse_type(function.result.empty() ? "None" : function.result, true);
    Args converted;
    for (size_t i = 0; i < args.size(); ++i) {
        const std::string what = "parameter `" + function.params[i].name + "` of `" + function.name + "`";
        if (open[i] == nullptr || !has_names(open[i])) {
            converted.push_back(as_argument(args[i], program_.plugin_functions[index].params[i], what));
            continue;
        }
        TExpr* value = as_argument(args[i], with_names(open[i], known), what);
        converted.push_back(prune(value->type)->kind == TypeKind::kNever ? value : hand_over(value, open[i]));
    }
    TExpr* call = make(TK::kCallPlugin, program_.plugin_functions[index].result, span, converted);
    call->index = index;
    if (result == nullptr || !has_names(result)) return call;
    return give_back(call, result, with_names(result, known));
}

TExpr* Checker::crate_protocol(const Type* handle, std::string_view method, const Args& args, Span span) {
    handle = prune(handle);
    const Manifest* manifest = manifest_of(handle);
    const std::string name = std::string(handle->name) + "." + std::string(method);
    std::vector<const ManifestFunction*> candidates = crate_functions(*manifest, name);
    for (const TExpr* arg : args)
        if (prune(arg->type)->kind == TypeKind::kNever) return never(span);
    const ManifestFunction* first = nullptr;
    for (const bool exact : {true, false})
        for (const ManifestFunction* f : candidates) {
            if (f->params.size() != args.size()) continue;
            if (first == nullptr) first = f;
            TypeNames known;
            bool fits = true;
            for (size_t i = 0; i < args.size() && fits; ++i) {
                const Type* open = parse_type(f->params[i].type, true);
                if (open == nullptr) {
                    fits = false;
                    break;
                }
                learn(open, args[i]->type, known);
                const Type* real = with_names(open, known);
                fits = exact ? resolved(real) == resolved(args[i]->type) : fits_parameter(real, args[i]);
            }
            if (fits) return plugin_call(*manifest, *f, args, span);
        }
    if (first != nullptr) return plugin_call(*manifest, *first, args, span);
    report(DiagCode::kBadArguments, span, "`" + name + "` cannot take these values");
    return never(span);
}

// A crate's function, method (`receiver` set) or type called with arguments as written.
TExpr* Checker::crate_call(const Manifest& manifest, const std::string& name, TExpr* receiver, const CallExpr& e, const Type* expected) {
    const size_t dot = name.rfind('.');
    std::vector<const ManifestFunction*> candidates =
        receiver != nullptr || dot == std::string::npos ? crate_functions(manifest, name) : crate_members(manifest, name.substr(0, dot), name.substr(dot + 1));
    if (receiver == nullptr && (crate_type(manifest, name) != nullptr || !crate_instances(manifest, name).empty())) {
        candidates = crate_members(manifest, name, "new");
        // A struct literal: T(field=value, ...).
        for (const ManifestFunction* f : crate_members(manifest, name, "")) candidates.push_back(f);
        if (candidates.empty() || (!e.keywords.empty())) {
            auto more = crate_members(manifest, name, "__init__");
            candidates.insert(candidates.begin(), more.begin(), more.end());
        }
        for (const char* conversion : {"from", "from_str", "try_from"}) {
            auto more = crate_members(manifest, name, conversion);
            candidates.insert(candidates.end(), more.begin(), more.end());
        }
    }
    std::erase_if(candidates, [](const ManifestFunction* f) { return f->constant || f->field; });
    // A unit struct's name is its value: `Utc.timestamp_opt(0, 0)`.
    if (receiver == nullptr && dot != std::string::npos && !candidates.empty() && candidates.front()->receiver != ReceiverMode::kNone &&
        candidates.front()->params.size() == e.args.size() + e.keywords.size() + 1)
        for (const ManifestFunction* f : crate_functions(manifest, name.substr(0, dot)))
            if (f->constant) {
                BlockScope scope(*this);
                TExpr* unit = hold(plugin_call(manifest, *f, {}, e.span));
                return scope.finish(crate_call_of(manifest, name, candidates, unit, e, expected));
            }
    return crate_call_of(manifest, name, candidates, receiver, e, expected);
}

TExpr* Checker::crate_call_of(const Manifest& manifest, const std::string& name, const std::vector<const ManifestFunction*>& candidates,
                              TExpr* receiver, const CallExpr& e, const Type* expected) {
    Span span = e.span;
    if (candidates.empty()) {
        const size_t dot = name.rfind('.');
        const std::string type_name = name.substr(0, dot);
        const std::string method = name.substr(dot + 1);
        std::string near = nearest_name(method, crate_names(manifest, type_name));
        std::string help = near.empty() ? "Run: kik info " + name : "did you mean `" + near + "`?";
        for (const ManifestSkipped& s : manifest.skipped)
            if (near.empty() && s.item.find(method) != std::string::npos) help = "`" + s.item + "` is not importable: " + s.reason;
        report(DiagCode::kUnknownAttribute, e.callee->span, "`" + type_name + "` has no method `" + method + "`", "not in " + manifest.crate + " " + manifest.version, help);
        return never(span);
    }
    if (const auto written = applied_.find({&e, SIZE_MAX - 2}); written != applied_.end()) {
        const Expr& index = *as<SubscriptExpr>(*written->second->callee).index;
        std::vector<const Expr*> named = {&index};
        if (index.kind == ExprKind::kTuple) named.assign(as<SequenceExpr>(index).items.begin(), as<SequenceExpr>(index).items.end());
        std::vector<const Type*> wanted;
        for (const Expr* each : named) wanted.push_back(annotation(*each));
        if (std::find(wanted.begin(), wanted.end(), nullptr) != wanted.end()) return never(span);
        std::vector<const ManifestFunction*> meant;
        for (const ManifestFunction* f : candidates) {
            if (f->types.size() != wanted.size()) continue;
            bool same = true;
            for (size_t i = 0; i < wanted.size() && same; ++i) {
                const Type* has = f->types[i].empty() ? nullptr : parse_type(f->types[i], true);
                same = has != nullptr && resolved(has) == resolved(wanted[i]);
            }
            if (same) meant.push_back(f);
        }
        if (meant.empty()) {
            std::string text;
            for (const Type* each : wanted) text += (text.empty() ? "" : ", ") + to_string(each);
            report(DiagCode::kBadArguments, index.span, "`" + name + "` has no instance for " + text, "", "Run: kik instantiate " + manifest.crate + " '" + name.substr(name.find('.') + 1) + "[" + text + "]'");
            return never(span);
        }
        applied_.erase(written);
        return crate_call_of(manifest, name, meant, receiver, e, expected);
    }
    const size_t offset = receiver != nullptr ? 1 : 0;
    const size_t count = e.args.size() + e.keywords.size() + offset;
    // Which overloads take this many arguments.
    std::vector<const ManifestFunction*> fitting;
    for (const ManifestFunction* f : candidates) {
        if (f->params.size() < count) continue;
        bool rest_optional = true;
        for (size_t i = count; i < f->params.size(); ++i) rest_optional &= f->params[i].type.find("None") != std::string::npos && f->params.size() > count;
        if (f->params.size() == count || (rest_optional && e.keywords.empty())) fitting.push_back(f);
    }
    BlockScope scope(*this);
    if (fitting.empty()) {
        const ManifestFunction& f = *candidates.front();
        report(DiagCode::kBadArguments, span,
               "`" + name + "` takes " + std::to_string(f.params.size() - std::min(offset, f.params.size())) + " argument" + (f.params.size() - offset == 1 ? "" : "s") + ", " +
                   std::to_string(count - offset) + " given",
               "", "it is " + f.name + f.signature);
        return never(span);
    }
    // What a parameter takes, where all overloads agree: it decides what empty containers and literals become.
    TypeNames learnt;
    auto agreed = [&](size_t at) -> const Type* {
        for (const ManifestFunction* f : fitting)
            if (at >= f->params.size() || f->params[at].type != fitting.front()->params[at].type) return nullptr;
        const Type* open = parse_type(fitting.front()->params[at].type, true);
        if (open == nullptr || !has_names(open)) return open;
        TypeNames unknown = learnt;
        const Type* real = with_names(open, unknown);
        return has_names(real) ? nullptr : real;
    };
    Args args;
    std::vector<const Expr*> waiting(count, nullptr);
    if (receiver != nullptr) {
        args.push_back(receiver);
        for (const ManifestFunction* f : fitting)
            if (const Type* open = parse_type(f->params[0].type, true)) learn(open, receiver->type, learnt);
    }
    for (const Expr* arg : e.args) {
        bool waits = is_lambda(*arg);
        if (arg->kind == ExprKind::kName) waits = is_function_name(lookup(as<NameExpr>(*arg).name, arg->span));
        if (waits && std::any_of(fitting.begin(), fitting.end(), [&](const ManifestFunction* f) {
                return args.size() < f->params.size() && f->params[args.size()].type.find("Callable[") != std::string::npos;
            })) {
            waiting[args.size()] = arg;
            args.push_back(nullptr);
            continue;
        }
        TExpr* value = expression(*arg, agreed(args.size()));
        if (prune(value->type)->kind == TypeKind::kNever && value->kind == TK::kConvert) {
            emit_expr(value);
            return scope.finish(never(span));
        }
        args.push_back(value);
    }
    std::map<std::string_view, TExpr*> named;
    for (const KeywordArg& k : e.keywords) named[k.name] = expression(*k.value);
    // Rgb([1, 2, 3]): of the instances of one type those that the crate itself uses most come first, whether they hold
    // bytes or numbers.
    const bool instances = std::any_of(fitting.begin(), fitting.end(), [&](const ManifestFunction* f) { return f->owner != fitting.front()->owner; });
    // How well an overload fits: -1 not at all; more is better.
    auto fit = [&](const ManifestFunction& f) {
        Args all = args;
        for (size_t i = args.size(); i < f.params.size(); ++i) {
            auto given = named.find(f.params[i].name);
            if (given == named.end() && !named.empty()) return -1;
            all.push_back(given != named.end() ? given->second : constant_none(span));
        }
        int score = 0;
        TypeNames known;
        for (size_t i = 0; i < all.size(); ++i) {
            const Type* open = parse_type(f.params[i].type, true);
            if (open == nullptr) return -1;
            if (i < waiting.size() && waiting[i] != nullptr) {
                const Type* function = function_member(open);
                if (function == nullptr) return -1;
                if (is_lambda(*waiting[i]) && as<LambdaExpr>(*waiting[i]).params.size() + 1 != function->args.size()) return -1;
                continue;
            }
            learn(open, all[i]->type, known);
            const Type* real = with_names(open, known);
            if (!fits_parameter(real, all[i])) return -1;
            if (resolved(real) == resolved(all[i]->type)) score += open->kind == TypeKind::kHandle && open->name.starts_with("$") ? 2 : 4;
            else if (instances && prune(real)->kind == TypeKind::kBytes && is_list_of_ints(prune(all[i]->type))) score += 4;
            else if (!takes_anything(open)) score += 1;
        }
        if (expected != nullptr) {
            const Type* result = parse_type(f.result, true);
            if (result != nullptr && has_names(result)) score += 1;
            else if (result != nullptr && accepts(expected, result)) score += resolved(expected) == resolved(result) ? 4 : 3;
        }
        return score;
    };
    const ManifestFunction* best = nullptr;
    int best_score = -1;
    std::vector<const ManifestFunction*> equal;
    for (const ManifestFunction* f : fitting)
        if (const int score = fit(*f); score >= 0 && score >= best_score) {
            if (score > best_score) {
                equal.clear();
                best = f;
            }
            equal.push_back(f);
            best_score = score;
        }
    // Overloads that differ in what a function gives: its own result decides.
    std::vector<TExpr*> functions(count, nullptr);
    for (size_t i = 0; i < count && equal.size() > 1; ++i) {
        if (waiting[i] == nullptr) continue;
        auto function_of = [&](const ManifestFunction& f) {
            TypeNames names_known;
            for (size_t k = 0; k < args.size(); ++k)
                if (const Type* open = parse_type(f.params[k].type, true); open != nullptr && args[k] != nullptr) learn(open, args[k]->type, names_known);
            return function_member(with_names(parse_type(f.params[i].type, true), names_known));
        };
        const Type* first = function_of(*equal.front());
        if (first == nullptr || std::any_of(first->args.begin(), first->args.end() - 1, [](const Type* t) { return has_names(t); })) continue;
        std::vector<const Type*> params(first->args.begin(), first->args.end() - 1);
        if (std::any_of(equal.begin(), equal.end(), [&](const ManifestFunction* f) {
                const Type* other = function_of(*f);
                return other == nullptr || other->args.size() != first->args.size() || !std::equal(params.begin(), params.end(), other->args.begin());
            }))
            continue;
        const Type* result = variable_at(&e, 400 + static_cast<int>(i));
        functions[i] = expression(*waiting[i], types_.function(params, result));
        const Type* given = prune(functions[i]->type);
        if (given->kind != TypeKind::kFunction) continue;
        for (const ManifestFunction* f : equal) {
            const Type* wanted = function_of(*f);
            if (resolved(wanted->args.back()) != resolved(given->args.back()) && !has_names(wanted->args.back())) continue;
            best = f;
            break;
        }
    }
    if (best == nullptr && !args.empty()) {
        // No overload fits, but one could be made that does.
        std::vector<const Type*> given;
        for (const TExpr* arg : args) given.push_back(arg == nullptr ? nullptr : resolved(arg->type));
        for (const ManifestFunction* one : fitting) {
            if (one->params.size() != args.size() || !named.empty()) continue;
            const MissingInstance missing = missing_instance(manifest, *one, fitting, given);
            bool rest = !missing.command.empty();
            for (size_t i = 0; i < args.size() && rest; ++i) {
                const Type* open = missing.decides[i] || args[i] == nullptr ? nullptr : parse_type(one->params[i].type, true);
                rest = open == nullptr || has_names(open) || fits_parameter(open, args[i]);
            }
            if (!rest) continue;
            report(DiagCode::kBadArguments, span, "`" + name + "` has no instance for these types", one->rust.empty() ? "" : "it is " + one->rust,
                   "Run: " + missing.command);
            return scope.finish(never(span));
        }
    }
    // No overload fits: the first one's mismatch is the message.
    const ManifestFunction& f = best != nullptr ? *best : *fitting.front();
    TypeNames known;
    Args all = args;
    for (size_t i = args.size(); i < f.params.size(); ++i) {
        auto given = named.find(f.params[i].name);
        if (given == named.end() && !named.empty()) {
            report(DiagCode::kBadArguments, span, "`" + name + "` needs `" + f.params[i].name + "`", "", "it is " + f.name + f.signature);
            return never(span);
        }
        all.push_back(given != named.end() ? given->second : constant_none(span));
    }
    std::vector<const Type*> open;
    for (size_t i = 0; i < all.size(); ++i) {
        open.push_back(parse_type(f.params[i].type, true));
        if (all[i] != nullptr && open[i] != nullptr) learn(open[i], all[i]->type, known);
    }
    // What no argument decides is decided by what the call is used for, or later by what is done with the result.
    const Type* result = parse_type(f.result.empty() ? "None" : f.result, true);
    std::vector<std::string_view> names;
    std::function<void(const Type*)> collect_names = [&](const Type* t) {
        if (t == nullptr) return;
        if (t->kind == TypeKind::kHandle && t->name.starts_with("$") && std::find(names.begin(), names.end(), t->name) == names.end()) names.push_back(t->name);
        for (const Type* arg : t->args) collect_names(arg);
    };
    for (const Type* t : open) collect_names(t);
    collect_names(result);
    const bool decided = result == nullptr || !result->name.starts_with("$") || known.contains(result->name);
    for (size_t i = 0; i < names.size(); ++i)
        if (!known.contains(names[i])) known[names[i]] = variable_at(&e, 200 + static_cast<int>(i));
    if (!decided && expected != nullptr && prune(expected)->kind != TypeKind::kDynamic) grow(known[result->name], expected);
    const uint32_t index = plugin_function(manifest, f);
    Args converted;
    for (size_t i = 0; i < all.size(); ++i) {
        const std::string what = "parameter `" + f.params[i].name + "` of `" + f.name + "`";
        if (open[i] == nullptr) return never(span);
        const Type* real = with_names(open[i], known);
        TExpr* value = all[i];
        if (value == nullptr) {
            value = functions[i] != nullptr ? functions[i] : expression(*waiting[i], function_member(real));
            if (prune(value->type)->kind == TypeKind::kNever) return scope.finish(never(span));
        }
        if (prune(real)->kind == TypeKind::kNone && prune(value->type)->kind == TypeKind::kTuple) {
            emit_expr(value);
            value = constant_none(span);
        }
        value = as_argument(value, real, what);
        const bool failed = prune(value->type)->kind == TypeKind::kNever && prune(real)->kind != TypeKind::kVar && prune(real)->kind != TypeKind::kNever;
        converted.push_back(failed ? value : hand_over(value, open[i]));
    }
    TExpr* made = make(TK::kCallPlugin, program_.plugin_functions[index].result, span, converted);
    made->index = index;
    if (result == nullptr || !has_names(result)) return scope.finish(made);
    const Type* real = with_names(result, known);
    if (decided || prune(real)->kind == TypeKind::kVar || prune(real)->kind == TypeKind::kNever) return scope.finish(give_back(made, result, real));
    TExpr* checked = make(TK::kNarrowChecked, real, span, {made});
    checked->text = keep("the result of " + f.name + " is not " + to_string(resolved(real)));
    return scope.finish(checked);
}

// A method that a trait of an imported crate gives to a built-in type. Null when there is none.
TExpr* Checker::extension_call(TExpr* object, std::string_view name, const CallExpr& e, const Type* expected) {
    const std::string ending = "." + std::string(name);
    for (const auto& [crate, manifest] : manifests_) {
        if (manifest == nullptr) continue;
        std::vector<const ManifestFunction*> candidates;
        for (const ManifestFunction& f : manifest->functions) {
            if (!f.extension || !f.name.ends_with(ending) || f.params.empty()) continue;
            const Type* open = parse_type(f.params[0].type, true);
            if (open == nullptr) continue;
            TypeNames known;
            learn(open, object->type, known);
            const Type* real = with_names(open, known);
            if (prune(real)->kind == prune(object->type)->kind && fits_parameter(real, object)) candidates.push_back(&f);
        }
        if (!candidates.empty()) return crate_call_of(*manifest, candidates.front()->name, candidates, object, e, expected);
    }
    return nullptr;
}

}  // namespace kayton::check
