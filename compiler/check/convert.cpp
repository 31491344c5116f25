// When a value of one type may stand where another is expected: growth of inference variables, conversions, and the
// dispatch of an operation over a union's members.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using typed::ExprKind;
using types::contains;
using types::is_numeric;
using types::is_subclass;
using types::prune;
using types::to_string;

namespace {

// The last variable of a chain of unified variables, or the type itself.
const Type* representative(const Type* t) {
    while (t->kind == TypeKind::kVar && t->bound != nullptr && t->bound->kind == TypeKind::kVar) t = t->bound;
    return t;
}

// Types nest no deeper than that unless one holds itself.
constexpr int kDeepestType = 200;

bool occurs(const Type* variable, const Type* t, int depth = 0) {
    t = representative(t);
    if (t == variable || depth > kDeepestType) return true;
    if (t->kind == TypeKind::kVar) return t->bound != nullptr && occurs(variable, t->bound, depth + 1);
    return std::any_of(t->args.begin(), t->args.end(), [&](const Type* arg) { return occurs(variable, arg, depth + 1); });
}

bool is_collection(const Type* t) {
    return t->kind == TypeKind::kList || t->kind == TypeKind::kDict || t->kind == TypeKind::kSet ||
           t->kind == TypeKind::kFunction || t->kind == TypeKind::kIterator ||
           (t->kind == TypeKind::kHandle && !t->args.empty());
}

// A display with elements fixes its type; later elements may still be None, or a wider number.
bool may_widen(const Type* bound, const Type* by) {
    bound = prune(bound);
    by = prune(by);
    auto simple = [](const Type* t) {
        if (t->kind == TypeKind::kUnion)
            return std::all_of(t->args.begin(), t->args.end(), [](const Type* m) {
                return is_numeric(m) || prune(m)->kind == TypeKind::kNone;
            });
        return is_numeric(t) || t->kind == TypeKind::kNone;
    };
    if (bound->kind == TypeKind::kNone || by->kind == TypeKind::kNone) return true;
    if (types::is_union_with_none(bound) && by->kind != TypeKind::kUnion) {
        const Type* rest = bound->args.size() == 2 ? (prune(bound->args[0])->kind == TypeKind::kNone ? bound->args[1] : bound->args[0]) : nullptr;
        if (rest != nullptr && may_widen(rest, by)) return true;
    }
    if (simple(bound) && simple(by)) return true;
    if (bound->kind == TypeKind::kTuple && by->kind == TypeKind::kTuple && bound->args.size() == by->args.size()) return true;
    if (is_long_tuple(bound) && by->kind == TypeKind::kTuple) return true;
    return is_collection(bound) && bound->kind == by->kind && bound->name == by->name;
}

}  // namespace

const Type* Checker::variable_at(const void* node, int which) {
    auto& slot = state_->instance->extra_variables[{node, which}];
    if (slot == nullptr) slot = types_.variable();
    return slot;
}

bool Checker::hashable(const Type* t) {
    t = prune(t);
    switch (t->kind) {
        case TypeKind::kList: return t->name == "tuple" && hashable(t->args[0]);
        case TypeKind::kSet: return t->name == "frozenset";
        case TypeKind::kDict: return false;
        case TypeKind::kClass:
            return t->class_info == nullptr || find_method(*t->class_info, "__eq__") == nullptr || find_method(*t->class_info, "__hash__") != nullptr;
        case TypeKind::kTuple:
        case TypeKind::kUnion: return std::all_of(t->args.begin(), t->args.end(), [&](const Type* m) { return hashable(m); });
        default: return true;
    }
}

bool Checker::accepts(const Type* to, const Type* from) {
    to = prune(to);
    from = prune(from);
    if (to == from || from->kind == TypeKind::kNever || to->kind == TypeKind::kDynamic) return true;
    if (resolved(to) == resolved(from)) return true;
    if (from->kind == TypeKind::kVar) return true;
    if (from->kind == TypeKind::kUnion)
        return std::all_of(from->args.begin(), from->args.end(), [&](const Type* m) { return accepts(to, m); });
    if (to->kind == TypeKind::kUnion)
        return std::any_of(to->args.begin(), to->args.end(), [&](const Type* m) { return accepts(m, from); });
    if (is_subclass(from, to)) return true;
    if (is_long_tuple(to) && from->kind == TypeKind::kTuple)
        return std::all_of(from->args.begin(), from->args.end(), [&](const Type* m) { return accepts(to->args[0], m); });
    if (to->kind == TypeKind::kIterator && from->kind == TypeKind::kIterator && to->args.size() == 1)
        return resolved(to->args[0]) == resolved(from->args[0]);
    if (to->kind == TypeKind::kTuple && from->kind == TypeKind::kTuple && to->args.size() == from->args.size()) {
        for (size_t i = 0; i < to->args.size(); ++i)
            if (!accepts(to->args[i], from->args[i])) return false;
        return true;
    }
    return false;
}

bool Checker::grow(const Type* variable, const Type* by) {
    const Type* rep = representative(variable);
    if (prune(by)->kind == TypeKind::kNever) return true;
    if (rep->kind != TypeKind::kVar) return flow_into(by, rep);
    if (representative(by) == rep) return true;
    by = prune(by);  // what it is now: two variables are made one only where both are still open
    // A container that holds itself, as a trie of dicts does: what it holds is known when the program runs.
    if (occurs(rep, by)) by = types_.dynamic;
    if (rep->bound == nullptr) {
        rep->bound = by;
        changed_ = true;
        return true;
    }
    const Type* before = resolved(rep->bound);
    if (accepts(before, by)) return true;
    if (rep->fixed && by->kind != TypeKind::kDynamic && !may_widen(before, by)) return false;
    const Type* joined = join_types(rep->bound, by);
    if (occurs(rep, joined)) joined = types_.dynamic;
    if (resolved(joined) != before) {
        rep->bound = joined;
        changed_ = true;
    }
    return true;
}

// Makes two element types the same.
static bool is_open(const Type* t) { return representative(t)->kind == TypeKind::kVar; }

bool Checker::flow_into(const Type* from_raw, const Type* to_raw) {
    const Type* from = prune(from_raw);
    const Type* to = prune(to_raw);
    if (from == to || from->kind == TypeKind::kNever || to->kind == TypeKind::kDynamic) return true;
    if (to->kind == TypeKind::kVar || (is_open(to_raw) && !accepts(to, from))) return grow(to_raw, from_raw);
    if (from->kind == TypeKind::kVar) return grow(from_raw, to);
    if (from->kind == TypeKind::kUnion) {
        return std::all_of(from->args.begin(), from->args.end(), [&](const Type* m) { return flow_into(m, to); });
    }
    if (to->kind == TypeKind::kUnion) {
        if (accepts(to, from)) return true;
        return std::any_of(to->args.begin(), to->args.end(),
                           [&](const Type* m) { return prune(m)->kind == from->kind && flow_into(from, m); });
    }
    if (is_subclass(from, to)) return true;
    if (is_long_tuple(to) && from->kind == TypeKind::kTuple)
        return std::all_of(from->args.begin(), from->args.end(), [&](const Type* m) { return flow_into(m, to->args[0]); });
    // A generator is an iterator.
    if (from->kind == TypeKind::kIterator && to->kind == TypeKind::kIterator && to->args.size() == 1 && from->args.size() == 3)
        return flow_into(types_.iterator(from->args[0]), to);
    if (from->kind != to->kind || from->args.size() != to->args.size() || from->name != to->name) return false;
    if (from->kind == TypeKind::kTuple) {
        for (size_t i = 0; i < from->args.size(); ++i)
            if (!flow_into(from->args[i], to->args[i])) return false;
        return true;
    }
    if (!is_collection(from)) return resolved(from) == resolved(to);
    for (size_t i = 0; i < from->args.size(); ++i) {
        const Type* a = representative(from->args[i]);
        const Type* b = representative(to->args[i]);
        if (a == b) continue;
        const bool a_open = a->kind == TypeKind::kVar;
        const bool b_open = b->kind == TypeKind::kVar;
        if (a_open && b_open) {
            if (a->bound == nullptr || b->bound == nullptr || accepts(prune(b), prune(a)) || accepts(prune(a), prune(b)) ||
                !(a->fixed && b->fixed) || may_widen(a->bound, b->bound)) {
                if (occurs(a, b) || occurs(b, a)) return false;
                const Type* joined = a->bound == nullptr   ? b->bound
                                     : b->bound == nullptr ? a->bound
                                                           : join_types(a->bound, b->bound);
                if (joined != nullptr && (occurs(a, joined) || occurs(b, joined))) return false;
                b->bound = joined;
                b->fixed = a->fixed && b->fixed;
                a->bound = b;
                changed_ = true;
                continue;
            }
            return false;
        }
        if (a_open || b_open) {
            const Type* variable = a_open ? a : b;
            const Type* fixed = a_open ? b : a;
            if (occurs(variable, fixed)) return false;
            if (variable->bound != nullptr && resolved(variable->bound) == resolved(fixed)) continue;
            if (variable->bound == nullptr || accepts(fixed, variable->bound)) {
                variable->bound = fixed;
                changed_ = true;
                continue;
            }
            if (!flow_into(variable->bound, fixed)) return false;
            if (resolved(variable->bound) != resolved(fixed)) return false;
            continue;
        }
        if (resolved(a) == resolved(b)) continue;
        if (!is_collection(prune(a)) && prune(a)->kind != TypeKind::kTuple) return false;
        if (!flow_into(a, b)) return false;
        if (resolved(a) != resolved(b)) return false;
    }
    return true;
}

const Type* Checker::join_types(const Type* a_raw, const Type* b_raw) {
    const Type* a = prune(a_raw);
    const Type* b = prune(b_raw);
    if (a == b || b->kind == TypeKind::kNever) return a_raw;
    if (a->kind == TypeKind::kNever) return b_raw;
    if (resolved(a) == resolved(b)) return a_raw;
    if (a->kind == TypeKind::kVar || b->kind == TypeKind::kVar) {
        flow_into(b_raw, a_raw);
        return a_raw;
    }
    if (a->kind == TypeKind::kDynamic || b->kind == TypeKind::kDynamic) return types_.dynamic;
    if ((is_long_tuple(a) && b->kind == TypeKind::kTuple) || (is_long_tuple(b) && a->kind == TypeKind::kTuple) ||
        (a->kind == TypeKind::kTuple && b->kind == TypeKind::kTuple && a->args.size() != b->args.size())) {
        const Type* element = types_.never;
        for (const Type* t : {a, b})
            for (const Type* m : t->args) element = join_types(element, m);
        return types_.list(element, "tuple");
    }
    if (is_collection(a) && a->kind == b->kind && a->name == b->name && a->args.size() == b->args.size()) {
        if (flow_into(b, a)) return a;
        if (a->kind != TypeKind::kIterator) return types_.unite(a, b);
    }
    if (a->kind == TypeKind::kIterator && b->kind == TypeKind::kIterator) {
        const Type* common = types_.iterator(a->args[0]);
        return flow_into(types_.iterator(b->args[0]), common) ? common : types_.unite(a, b);
    }
    if (a->kind == TypeKind::kTuple && b->kind == TypeKind::kTuple && a->args.size() == b->args.size()) {
        std::vector<const Type*> members;
        for (size_t i = 0; i < a->args.size(); ++i) members.push_back(join_types(a->args[i], b->args[i]));
        return types_.tuple(members);
    }
    std::vector<const Type*> members;
    auto add = [&](const Type* t) {
        for (const Type*& have : members) {
            const Type* h = prune(have);
            if (h->kind == t->kind && h->name == t->name && (is_collection(h) || h->kind == TypeKind::kTuple) && h->args.size() == t->args.size() &&
                resolved(h) != resolved(t)) {
                const Type* joined = join_types(h, t);
                if (prune(joined)->kind != TypeKind::kUnion) {
                    have = joined;
                    return;
                }
            }
        }
        members.push_back(t);
    };
    for (const Type* t : {a, b}) {
        if (t->kind == TypeKind::kUnion) {
            for (const Type* m : t->args) add(prune(m));
        } else {
            add(t);
        }
    }
    return types_.unite(members);
}

TExpr* Checker::convert(TExpr* value, const Type* to) {
    const Type* from = prune(value->type);
    const Type* target = prune(to);
    if (from == target || resolved(from) == resolved(target)) return value;
    if (target->kind == TypeKind::kDynamic) remember_dynamic(from);
    if (from->kind == TypeKind::kTuple && target->kind == TypeKind::kTuple && from->args.size() == target->args.size()) {
        if (value->kind == ExprKind::kTuple) {
            Args items;
            for (size_t i = 0; i < target->args.size(); ++i) items.push_back(convert(value->args[i], target->args[i]));
            return make(ExprKind::kTuple, target, value->span, items);
        }
        BlockScope scope(*this);
        TExpr* held = hold(value);
        Args items;
        for (size_t i = 0; i < target->args.size(); ++i) {
            TExpr* item = make(ExprKind::kTupleGet, from->args[i], value->span, {held});
            item->index = static_cast<uint32_t>(i);
            items.push_back(convert(item, target->args[i]));
        }
        return scope.finish(make(ExprKind::kTuple, target, value->span, items));
    }
    if (from->kind == TypeKind::kFunctionRef && target->kind == TypeKind::kFunction) {
        const Entity function = referred(from);
        if (function.kind == EntityKind::kFunction) return function_value(*function.function, value, value->span, target);
    }
    if (from->kind == TypeKind::kTuple && is_long_tuple(target)) {
        BlockScope scope(*this);
        TExpr* held = value->kind == ExprKind::kTuple ? value : hold(value);
        Args items;
        for (size_t i = 0; i < from->args.size(); ++i) {
            TExpr* item = nullptr;
            if (held->kind == ExprKind::kTuple) {
                item = held->args[i];
            } else {
                item = make(ExprKind::kTupleGet, from->args[i], value->span, {held});
                item->index = static_cast<uint32_t>(i);
            }
            items.push_back(convert(item, target->args[0]));
        }
        return scope.finish(make(ExprKind::kList, to, value->span, items));
    }
    if (from->kind == TypeKind::kTuple && target->kind == TypeKind::kUnion) {
        // The member that takes it may itself need the elements converted.
        for (const Type* m : target->args) {
            const Type* member = prune(m);
            if ((member->kind != TypeKind::kTuple && !is_long_tuple(member)) || resolved(member) == resolved(from) || contains(target, from)) continue;
            if (accepts(member, from)) return make(ExprKind::kConvert, to, value->span, {convert(value, member)});
        }
    }
    return make(ExprKind::kConvert, to, value->span, {value});
}

TExpr* Checker::coerce(TExpr* value, const Type* to, Span span, const std::string& what, bool numbers) {
    if (!is_instance(to)) value = plain_value(value);
    const Type* from = prune(value->type);
    const Type* target = prune(to);
    if (numbers && target->kind == TypeKind::kFloat && (from->kind == TypeKind::kInt || from->kind == TypeKind::kBool))
        return make(ExprKind::kConvert, types_.floating, value->span, {value});
    if (numbers && target->kind == TypeKind::kInt && from->kind == TypeKind::kBool)
        return make(ExprKind::kConvert, types_.integer, value->span, {value});
    if (numbers && from->kind == TypeKind::kUnion && (target->kind == TypeKind::kFloat || target->kind == TypeKind::kInt) &&
        std::all_of(from->args.begin(), from->args.end(), [&](const Type* m) {
            return is_numeric(m) && (target->kind == TypeKind::kFloat || prune(m)->kind != TypeKind::kFloat);
        }))
        return dispatch(value, span, [&](TExpr* member) { return coerce(member, to, span, what, true); });
    if (flow_into(value->type, to)) return convert(value, to);
    if (from->kind == TypeKind::kDynamic) {
        TExpr* checked = make(ExprKind::kNarrowChecked, to, span, {value});
        checked->text = keep(what + " must be " + to_string(target));
        return checked;
    }
    // What a function value takes and gives, and what a container holds, is a rule of Kayton; a built-in's argument is Python's.
    const bool own_rule = what.starts_with("argument ") || what.starts_with("result of") || what.starts_with("key of") || what.starts_with("dict key") ||
                          what.starts_with("deque") || what.starts_with("set update") || what.starts_with("dict update");
    if (own_rule && types::is_union_with_none(from) && accepts(target, types_.without(from, types_.none))) {
        report_limit(DiagCode::kOptionalUse, span, what + " takes " + to_string(resolved(target)) + ", and this may be None",
                     "this is " + to_string(resolved(from)), "test it with `is not None` first");
        return never(span);
    }
    if (from->kind == TypeKind::kUnion) return dispatch(value, span, [&](TExpr* member) { return coerce(member, to, span, what, numbers); });
    // What takes bytes takes any buffer: bytearray, memoryview, array.
    if (target->kind == TypeKind::kBytes && is_instance(from) && from->class_info->file != nullptr && !what.starts_with("argument ") && !what.starts_with("result of")) {
        const std::string_view home = from->class_info->file->name();
        if (home == "<_builtin_types>" || home == "<_memory_view>" || home == "<array>")
            if (TExpr* bytes = call_method(value, "__bytes__", {}, span)) return bytes;
    }
    if (numbers && target->kind == TypeKind::kInt && is_instance(from))
        if (TExpr* index = call_method(value, "__index__", {}, span)) return index;
    if (numbers && target->kind == TypeKind::kFloat && is_instance(from))
        for (const char* own : {"__float__", "__index__"})
            if (TExpr* number = call_method(value, own, {}, span)) return coerce(number, to, span, what, numbers);
    std::string help;
    if (from->kind == TypeKind::kStr && target->kind == TypeKind::kInt) help = "convert with int(...)";
    if (from->kind == TypeKind::kStr && target->kind == TypeKind::kFloat) help = "convert with float(...)";
    if (target->kind == TypeKind::kStr && is_numeric(from)) help = "convert with str(...)";
    Diagnostic& d = report(DiagCode::kTypeMismatch, span, what + " takes " + to_string(resolved(target)) + ", found " + to_string(resolved(from)),
           "this is " + to_string(resolved(from)), help);
    d.only_here = own_rule;
    return never(span);
}

TExpr* Checker::narrow(TExpr* value, const Type* to) {
    if (to == nullptr) return value;
    const Type* from = resolved(value->type);
    const Type* target = resolved(to);
    if (from == target) return value;
    if (target->kind == TypeKind::kNever) return never(value->span);
    if (from->kind == TypeKind::kTuple || (from->kind != TypeKind::kUnion && from->kind != TypeKind::kDynamic && !is_subclass(target, from)))
        return value;
    return make(from->kind == TypeKind::kDynamic ? ExprKind::kNarrowChecked : ExprKind::kNarrow, to, value->span, {value});
}

}  // namespace kayton::check
