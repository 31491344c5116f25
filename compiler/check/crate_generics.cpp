// Generic items of crates. A signature's "$K" crosses as Dynamic; here each call learns what it stands for from its
// arguments, and values get their static types back. Also the enums of crates in patterns.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/missing_instances.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

bool is_name(const Type* t) { return t->kind == TypeKind::kHandle && t->name.starts_with("$"); }

}  // namespace

bool Checker::has_names(const Type* type) {
    if (type == nullptr) return false;
    type = prune(type);
    return is_name(type) || std::any_of(type->args.begin(), type->args.end(), [](const Type* arg) { return has_names(arg); });
}

// The type that a program writes for a crate's generic item: `IndexMap[str, int]`, `Array2[float]`.
const Type* Checker::crate_annotation(const Entity& entity, std::span<const Type* const> args, const Expr& written) {
    std::vector<const ManifestType*> instances = crate_instances(*entity.manifest, entity.name);
    for (const ManifestType& t : entity.manifest->types)
        if (t.name == entity.name && std::find(instances.begin(), instances.end(), &t) == instances.end()) instances.push_back(&t);
    const ManifestType* best = nullptr;
    for (const ManifestType* t : instances) {
        if (!args.empty() && t->args.size() < args.size()) continue;
        bool exact = true, fits = true;
        for (size_t i = 0; i < args.size(); ++i) {
            const bool any = t->args[i].starts_with("$");
            exact &= !any;
            fits &= any || t->args[i] == to_string(resolved(args[i]));
        }
        if (fits && (best == nullptr || exact)) best = t;
        if (fits && exact) break;
    }
    if (best == nullptr) {
        if (args.empty()) return entity.type;
        std::string known;
        for (const ManifestType* t : instances)
            for (size_t i = 0; i < t->args.size(); ++i) known += (i == 0 ? (known.empty() ? "[" : ", [") : ", ") + t->args[i] + (i + 1 == t->args.size() ? "]" : "");
        const std::string command = known.empty() ? "" : missing_instance(*entity.manifest, entity.name, args);
        report(DiagCode::kUnknownType, written.span, "`" + entity.name + "` has no instance for these types",
               known.empty() ? "" : "there is " + known, known.empty() ? "it takes no types" : command.empty() ? "" : "Run: " + command);
        return nullptr;
    }
    if (best->kind == "error") return entity.type;
    std::vector<const Type*> own;
    for (size_t i = 0; i < best->args.size(); ++i)
        if (best->args[i].starts_with("$")) own.push_back(i < args.size() ? args[i] : variable_at(&written, 20 + static_cast<int>(i)));
    return types_.handle(best->name, own);
}

// What the placeholders of `open` stand for, where `actual` is given.
void Checker::learn(const Type* open, const Type* actual, TypeNames& known) {
    if (!has_names(open)) return;
    if (is_name(open)) {
        if (prune(actual)->kind == TypeKind::kNone && !known.contains(open->name)) return;
        const auto [at, fresh] = known.emplace(open->name, actual);
        if (!fresh && prune(at->second)->kind != TypeKind::kVar && prune(actual)->kind != TypeKind::kVar) {
            const Type* before = prune(at->second);
            if (before->kind == TypeKind::kInt && prune(actual)->kind == TypeKind::kFloat) at->second = actual;
        }
        return;
    }
    const Type* to = open;
    const Type* from = prune(actual);
    if (to->kind == TypeKind::kUnion) {
        if (from->kind == TypeKind::kUnion) from = prune(types_.without(from, types_.none));
        for (const Type* member : to->args)
            if (prune(member)->kind != TypeKind::kNone) learn(prune(member), from, known);
        return;
    }
    if (to->kind == TypeKind::kList && from->kind != TypeKind::kList) {
        if (from->kind == TypeKind::kRange) learn(to->args[0], types_.integer, known);
        else if (!from->args.empty() && (from->kind == TypeKind::kSet || from->kind == TypeKind::kIterator || from->kind == TypeKind::kTuple)) learn(to->args[0], from->args[0], known);
        return;
    }
    if (to->kind != from->kind || to->args.size() != from->args.size() || (to->kind == TypeKind::kHandle && to->name != from->name)) return;
    for (size_t i = 0; i < to->args.size(); ++i) {
        const Type* part = prune(to->args[i]);
        // Graph[int, None]: None is what it holds.
        if (to->kind == TypeKind::kHandle && is_name(part) && prune(from->args[i])->kind == TypeKind::kNone) known.emplace(part->name, from->args[i]);
        learn(part, from->args[i], known);
    }
}

const Type* Checker::with_names(const Type* open, const TypeNames& known) {
    if (!has_names(open)) {
        // A type of the crate as it is.
        return open;
    }
    if (is_name(open)) {
        auto found = known.find(open->name);
        return found == known.end() ? open : found->second;
    }
    std::vector<const Type*> args;
    for (const Type* arg : open->args) args.push_back(with_names(prune(arg), known));
    switch (open->kind) {
        case TypeKind::kList: return types_.list(args[0], open->name);
        case TypeKind::kDict: return types_.dict(args[0], args[1], open->name);
        case TypeKind::kSet: return types_.set(args[0], open->name);
        case TypeKind::kTuple: return types_.tuple(args);
        case TypeKind::kUnion: return types_.unite(args);
        case TypeKind::kHandle: return types_.handle(open->name, args);
        case TypeKind::kIterator: return types_.iterator(args[0]);
        case TypeKind::kFunction: {
            const Type* result = args.back();
            args.pop_back();
            return types_.function(args, result);
        }
        default: return open;
    }
}

// The type in which a value crosses: names are Dynamic, generic types stand without their arguments.
const Type* Checker::crossing(const Type* open) {
    open = prune(open);
    if (is_name(open)) return types_.dynamic;
    if (open->kind == TypeKind::kHandle) return types_.handle(open->name);
    if (open->args.empty()) return open;
    std::vector<const Type*> args;
    for (const Type* arg : open->args) args.push_back(crossing(arg));
    switch (open->kind) {
        case TypeKind::kList: return types_.list(args[0]);
        case TypeKind::kDict: return types_.dict(args[0], args[1]);
        case TypeKind::kSet: return types_.set(args[0]);
        case TypeKind::kTuple: return types_.tuple(args);
        case TypeKind::kUnion: return types_.unite(args);
        default: return open;
    }
}

// A new list, dict or set whose elements `each` makes; it is told which of a dict's two it is given.
TExpr* Checker::rebuilt(TExpr* container, const Type* to, const std::function<TExpr*(TExpr*, size_t)>& each) {
    Span span = container->span;
    const Type* from = prune(container->type);
    BlockScope scope(*this);
    TExpr* held = hold(container);
    uint32_t made = temp(to);
    const bool dict = prune(to)->kind == TypeKind::kDict;
    assign_local(made, make(dict ? TK::kDict : prune(to)->kind == TypeKind::kSet ? TK::kSet : TK::kList, to, span, Args{}));
    typed::Iter* iter = nullptr;
    if (dict && from->kind == TypeKind::kDict) {
        iter = make_iter(typed::IterKind::kDictItems, span, {held}, from->args[0]);
        iter->local2 = temp(from->args[1]);
    } else {
        iter = iterate_value(held, span);
    }
    if (iter != nullptr)
        loop_over(iter, span, [&](TExpr* element) {
            if (dict) {
                emit_expr(runtime(RT::kt_dict_set, types_.none, span, {read_local(made, span), each(element->args[0], 0), each(element->args[1], 1)}));
            } else if (prune(to)->kind == TypeKind::kSet) {
                emit_expr(runtime(RT::kt_set_add, types_.none, span, {read_local(made, span), each(element, 0)}));
            } else {
                emit_expr(runtime(RT::kt_list_append, types_.none, span, {read_local(made, span), each(element, 0)}));
            }
        });
    return scope.finish(read_local(made, span));
}

TExpr* Checker::listed(TExpr* iterable, const Type* list) {
    if (prune(list)->kind == TypeKind::kBytes) {
        TExpr* numbers = coerce(iterable, types_.list(types_.integer), iterable->span, "bytes");
        return runtime(RT::kt_bytes_from_list, types_.bytes, iterable->span, {numbers});
    }
    const Type* element = prune(list)->args[0];
    if (prune(iterable->type)->kind == TypeKind::kTuple) {
        BlockScope scope(*this);
        TExpr* held = iterable->kind == TK::kTuple ? iterable : hold(iterable);
        Args items;
        const Type* tuple = prune(iterable->type);
        for (size_t i = 0; i < tuple->args.size(); ++i) {
            TExpr* item = held->kind == TK::kTuple ? held->args[i] : make(TK::kTupleGet, tuple->args[i], iterable->span, {held});
            if (held->kind != TK::kTuple) item->index = static_cast<uint32_t>(i);
            items.push_back(coerce(item, element, item->span, "element", true));
        }
        return scope.finish(make(TK::kList, list, iterable->span, items));
    }
    return rebuilt(iterable, list, [&](TExpr* item, size_t) { return coerce(item, element, item->span, "element", true); });
}

// From what a thunk gave to the static type.
TExpr* Checker::give_back(TExpr* value, const Type* open, const Type* to) {
    if (!has_names(open)) return value;
    Span span = value->span;
    to = prune(to);
    if (prune(value->type)->kind == TypeKind::kDynamic) {
        if (to->kind == TypeKind::kDynamic) return value;
        if (to->kind == TypeKind::kVar || to->kind == TypeKind::kNever || has_names(to)) return make(TK::kConvert, types_.never, span, {value});
        return make(TK::kNarrow, to, span, {value});
    }
    switch (open->kind) {
        case TypeKind::kHandle: return make(TK::kConvert, to, span, {value});
        case TypeKind::kTuple: {
            BlockScope scope(*this);
            TExpr* held = hold(value);
            Args items;
            for (size_t i = 0; i < open->args.size(); ++i) {
                TExpr* item = make(TK::kTupleGet, prune(value->type)->args[i], span, {held});
                item->index = static_cast<uint32_t>(i);
                items.push_back(give_back(item, prune(open->args[i]), to->args[i]));
            }
            std::vector<const Type*> members;
            for (TExpr* item : items) members.push_back(item->type);
            return scope.finish(make(TK::kTuple, types_.tuple(members), span, items));
        }
        case TypeKind::kList:
        case TypeKind::kSet:
        case TypeKind::kDict:
            return rebuilt(value, to, [&](TExpr* item, size_t which) { return give_back(item, prune(open->args[which]), to->args[which]); });
        case TypeKind::kUnion: {
            // None, or one that holds names.
            const Type* member = nullptr;
            for (const Type* m : open->args)
                if (prune(m)->kind != TypeKind::kNone) member = prune(m);
            const Type* given = prune(types_.without(value->type, types_.none));
            const Type* real = to->kind == TypeKind::kUnion ? prune(types_.without(to, types_.none)) : to;
            if (member == nullptr || real->kind == TypeKind::kNever) return make(TK::kConvert, types_.never, span, {value});
            if (member->kind == TypeKind::kHandle) return make(TK::kConvert, types_.optional(real), span, {value});
            BlockScope scope(*this);
            TExpr* held = hold(value);
            TExpr* test = type_test(held, types_.none, span);
            BlockScope inner(*this);
            TExpr* present = inner.finish(give_back(narrow(held, given), member, real));
            const Type* both = types_.optional(present->type);
            return scope.finish(if_expr(test, constant_none(span), present, both));
        }
        default: return value;
    }
}

// From the static type to what a thunk takes.
TExpr* Checker::hand_over(TExpr* value, const Type* open) {
    if (!has_names(open)) return value;
    Span span = value->span;
    if (is_name(open)) return convert(value, types_.dynamic);
    const Type* from = prune(value->type);
    switch (open->kind) {
        case TypeKind::kHandle: return make(TK::kConvert, types_.handle(open->name), span, {value});
        case TypeKind::kFunction: return callback(value, open, from);
        case TypeKind::kTuple: {
            BlockScope scope(*this);
            TExpr* held = value->kind == TK::kTuple ? value : hold(value);
            Args items;
            std::vector<const Type*> members;
            for (size_t i = 0; i < open->args.size(); ++i) {
                TExpr* item = nullptr;
                if (held->kind == TK::kTuple) {
                    item = held->args[i];
                } else {
                    item = make(TK::kTupleGet, from->args[i], span, {held});
                    item->index = static_cast<uint32_t>(i);
                }
                items.push_back(hand_over(item, prune(open->args[i])));
                members.push_back(items.back()->type);
            }
            return scope.finish(make(TK::kTuple, types_.tuple(members), span, items));
        }
        case TypeKind::kList:
        case TypeKind::kSet:
        case TypeKind::kDict: {
            const Type* to = crossing(open);
            return rebuilt(value, to, [&](TExpr* item, size_t which) { return convert(hand_over(item, prune(open->args[which])), prune(to)->args[which]); });
        }
        case TypeKind::kUnion: {
            if (from->kind == TypeKind::kNone) return value;
            const Type* member = nullptr;
            for (const Type* m : open->args)
                if (prune(m)->kind != TypeKind::kNone) member = prune(m);
            if (member == nullptr) return value;
            if (is_name(member)) return convert(value, types_.dynamic);
            if (member->kind == TypeKind::kHandle) return make(TK::kConvert, types_.optional(types_.handle(member->name)), span, {value});
            if (from->kind != TypeKind::kUnion) return hand_over(value, member);
            return dispatch(value, span, [&](TExpr* one) { return prune(one->type)->kind == TypeKind::kNone ? one : hand_over(one, member); });
        }
        default: return value;
    }
}

// A Callable in the thunk's types that calls one in the program's.
TExpr* Checker::callback(TExpr* closure, const Type* open, const Type* real) {
    Span span = closure->span;
    const size_t count = open->args.size() - 1;
    std::vector<const Type*> params;
    for (size_t i = 0; i < count; ++i) params.push_back(crossing(open->args[i]));
    const Type* result = crossing(open->args.back());
    program_.functions.push_back(std::make_unique<typed::Function>());
    typed::Function& function = *program_.functions.back();
    function.symbol = "callback." + std::to_string(next_instance_++);
    function.display_name = "<callback>";
    function.file = &file();
    function.span = span;
    function.param_count = static_cast<uint32_t>(count);
    function.is_closure = true;
    function.result = result;
    for (const Type* p : params) function.locals.push_back({std::string(), p, false, false});
    function.locals.push_back({"callable", real, true, false});
    function.captures.push_back(static_cast<uint32_t>(count));
    function.captured_from.push_back(0);
    FunctionState state;
    state.instance = state_->instance;
    state.function = &function;
    state.outer = state_;
    state.env.vars.resize(state_->env.vars.size());
    state_ = &state;
    {
        BlockScope scope(*this);
        Args args = {read_local(static_cast<uint32_t>(count), span)};
        for (size_t i = 0; i < count; ++i) args.push_back(give_back(read_local(static_cast<uint32_t>(i), span), prune(open->args[i]), real->args[i]));
        TExpr* value = make(TK::kCallClosure, real->args.back(), span, args);
        if (prune(real->args.back())->kind == TypeKind::kNever) {
            emit_expr(value);
        } else {
            TStmt* give = stmt(SK::kReturn, span);
            give->a = convert(hand_over(value, prune(open->args.back())), result);
            emit(give);
        }
        function.body = scope.take();
    }
    state_ = state.outer;
    TExpr* made = make(TK::kMakeClosure, types_.function(params, result), span, {closure});
    made->callee = &function;
    return made;
}

// `case Host.Domain(name)`, `case Event.Start(Tag.Link(dest_url=u))`, `case Weekday.Tue`: false when `p` names no
// variant of a crate's enum.
bool Checker::crate_pattern(const Pattern& p, TExpr* value, const std::function<void(TExpr*)>& then) {
    if (p.value == nullptr || p.value->kind != ExprKind::kAttribute) return false;
    const auto& a = as<AttributeExpr>(*p.value);
    if (a.object->kind != ExprKind::kName && a.object->kind != ExprKind::kAttribute) return false;
    if (a.object->kind == ExprKind::kName && find_overlay(as<NameExpr>(*a.object).name) != nullptr) return false;
    Entity owner = entity(*a.object);
    if (owner.kind != EntityKind::kCrateType) return false;
    Span span = p.span;
    const std::string variant(a.name);
    const Type* t = prune(value->type);
    auto type_of = [&](const Type* handle) -> const ManifestType* {
        const Manifest* manifest = handle->kind == TypeKind::kHandle ? manifest_of(handle) : nullptr;
        if (manifest == nullptr) return nullptr;
        for (const ManifestType& m : manifest->types)
            if (m.name == handle->name && (m.name == owner.name || std::find(m.names.begin(), m.names.end(), owner.name) != m.names.end())) return &m;
        return nullptr;
    };
    if (t->kind == TypeKind::kUnion) {
        for (const Type* m : t->args)
            if (type_of(prune(m)) != nullptr) only_member(value, prune(m), span, [&](TExpr* one) { crate_pattern(p, one, then); });
        return true;
    }
    const ManifestType* type = type_of(t);
    if (type == nullptr) return false;
    const Manifest& manifest = *manifest_of(t);
    auto at = std::find(type->cases.begin(), type->cases.end(), variant);
    const auto test = crate_functions(manifest, type->name + ".__variant__");
    if (at == type->cases.end() || test.empty()) {
        const std::string near = nearest_name(variant, type->cases);
        report(DiagCode::kUnknownMember, span, "`" + owner.name + "` has no variant `" + variant + "`", "", near.empty() ? "" : "did you mean `" + near + "`?");
        return true;
    }
    TExpr* is = op(typed::Op::kIntEq, types_.boolean, span,
                   {plugin_call(manifest, *test.front(), {value}, span), constant_int(at - type->cases.begin(), span)});
    when(is, span, [&] {
        const size_t positional = p.children.size() - p.keyword_names.size();
        std::function<void(size_t)> next = [&](size_t i) {
            if (i == p.children.size()) {
                then(value);
                return;
            }
            const std::string field = i < positional ? "_" + std::to_string(i) : std::string(p.keyword_names[i - positional]);
            const auto getter = crate_functions(manifest, type->name + "." + variant + "." + field);
            if (getter.empty()) {
                std::string help;
                for (const ManifestSkipped& s : manifest.skipped)
                    if (s.item == type->name + "." + variant + "." + field) help = s.reason;
                report(DiagCode::kBadArguments, p.children[i]->span, "`" + owner.name + "." + variant + "` has no field `" + field + "` here", "", help);
                return;
            }
            pattern(*p.children[i], hold(plugin_call(manifest, *getter.front(), {value}, span)), [&](TExpr*) { next(i + 1); });
        };
        next(0);
    });
    return true;
}

}  // namespace kayton::check
