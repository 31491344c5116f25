// Tests: truth values and what a test tells about the names in it.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using typed::Op;

// A value that is only read: whether it is evaluated or not makes no difference to the program.
bool Checker::is_plain_read(const TExpr* e) {
    switch (e->kind) {
        case typed::ExprKind::kLocal:
        case typed::ExprKind::kGlobal:
        case typed::ExprKind::kField:
        case typed::ExprKind::kListGet:
        case typed::ExprKind::kTupleGet:
        case typed::ExprKind::kConvert:
        case typed::ExprKind::kNarrow:
        case typed::ExprKind::kNarrowChecked:
        case typed::ExprKind::kInt:
        case typed::ExprKind::kStr:
        case typed::ExprKind::kBool:
        case typed::ExprKind::kNone:
        case typed::ExprKind::kFloat:
            return std::all_of(e->args.begin(), e->args.end(), [](const TExpr* a) { return is_plain_read(a); });
        default: return false;
    }
}

TExpr* Checker::negate(TExpr* value) {
    if (value->kind == TK::kBool) return constant_bool(value->int_value == 0, value->span);
    return op(Op::kNot, types_.boolean, value->span, {value});
}

TExpr* Checker::truth(TExpr* value) {
    const Type* t = prune(value->type);
    Span span = value->span;
    if (value->kind == TK::kInt) return constant_bool(value->int_value != 0, span);
    if (value->kind == TK::kStr) return constant_bool(!value->text.empty(), span);
    switch (t->kind) {
        case TypeKind::kBool: return value;
        case TypeKind::kNever: return make(TK::kConvert, types_.boolean, span, {value});
        case TypeKind::kInt: return op(Op::kIntNe, types_.boolean, span, {value, constant_int(0, span)});
        case TypeKind::kFloat: {
            TExpr* zero = make(TK::kFloat, types_.floating, span);
            return op(Op::kFloatNe, types_.boolean, span, {value, zero});
        }
        case TypeKind::kStr:
        case TypeKind::kBytes:
        case TypeKind::kList:
        case TypeKind::kDict:
        case TypeKind::kSet:
        case TypeKind::kRange: return op(Op::kIntNe, types_.boolean, span, {len(value), constant_int(0, span)});
        case TypeKind::kTuple:
        case TypeKind::kNone: {
            BlockScope scope(*this);
            if (!is_plain_read(value)) emit_expr(value);
            return scope.finish(constant_bool(!t->args.empty(), span));
        }
        case TypeKind::kUnion: return dispatch(value, span, [&](TExpr* member) { return truth(member); });
        case TypeKind::kDynamic: return runtime(RT::kt_truth, types_.boolean, span, {type_info(t, span), value});
        case TypeKind::kClass:
            if (is_instance(t)) {
                auto own = [](types::ClassInfo& k) -> const types::Method* {
                    const types::Method* method = find_method(k, "__bool__");
                    return method != nullptr ? method : find_method(k, "__len__");
                };
                return by_class(value, span, [&](types::ClassInfo& k) { return static_cast<const void*>(own(k)); },
                                [&](TExpr* object, types::ClassInfo& k) -> TExpr* {
                                    if (const types::Method* method = own(k)) return truth(call_values(*method->decl, {object}, span));
                                    BlockScope scope(*this);
                                    if (!is_plain_read(object)) emit_expr(object);
                                    return scope.finish(constant_bool(true, span));
                                });
            }
            [[fallthrough]];
        case TypeKind::kHandle:
            if (const Manifest* manifest = manifest_of(t)) {
                if (!crate_functions(*manifest, std::string(t->name) + ".__len__").empty())
                    return op(Op::kIntNe, types_.boolean, span, {crate_protocol(t, "__len__", {value}, span), constant_int(0, span)});
            }
            [[fallthrough]];
        default: {
            BlockScope scope(*this);
            emit_expr(value);
            return scope.finish(constant_bool(true, span));
        }
    }
}

// The part of `t` that is (a kind of) `target`.
const Type* Checker::narrow_to(const Type* t, const Type* target) {
    t = prune(t);
    target = prune(target);
    if (t->kind == TypeKind::kDynamic) {
        // A container is one of those that the program has as Dynamic, whatever is in them.
        auto is_container = [](const Type* w) {
            w = prune(w);
            return w->kind == TypeKind::kList || w->kind == TypeKind::kDict || w->kind == TypeKind::kSet || w->kind == TypeKind::kTuple;
        };
        std::vector<const Type*> all;
        for (const Type* wanted : target->kind == TypeKind::kUnion ? target->args : std::span<const Type* const>(&target, 1)) {
            const size_t before = all.size();
            if (is_container(wanted))
                for (const Type* known : possible_types(t))
                    if (const Type* hit = narrow_to(known, wanted); hit->kind != TypeKind::kNever) all.push_back(hit);
            if (all.size() == before) all.push_back(wanted);
        }
        return types_.unite(all);
    }
    std::vector<const Type*> keep_members;
    auto consider = [&](const Type* m) {
        for (const Type* wanted : target->kind == TypeKind::kUnion ? target->args : std::span<const Type* const>(&target, 1)) {
            const Type* w = prune(wanted);
            bool same_kind = m->kind == w->kind && (m->kind == TypeKind::kList || m->kind == TypeKind::kDict ||
                                                    m->kind == TypeKind::kSet || m->kind == TypeKind::kTuple);
            // Flavours: a tuple of any length is a tuple and no list; a Counter is a dict.
            if (!w->name.empty() && m->kind == w->kind && m->kind != TypeKind::kClass && m->kind != TypeKind::kException && m->kind != TypeKind::kHandle)
                same_kind = m->name.substr(0, m->name.find_first_of("#:")) == w->name;
            else if (m->kind == TypeKind::kList && !m->name.empty()) same_kind = m->name == "tuple" && w->kind == TypeKind::kTuple;
            else if (m->kind == TypeKind::kSet && !m->name.empty()) same_kind = m->name == w->name;
            const bool named_tuple = w->kind == TypeKind::kTuple && w->args.empty() && is_instance(m) && find_method(*m->class_info, "_as_tuple") != nullptr;
            const bool container = is_instance(m) && w->class_info == nullptr && w->name.empty() && container_kind(*m->class_info) == w->kind;
            if (m == w || named_tuple || container || types::is_subclass(m, w) || same_kind || (w->kind == TypeKind::kInt && m->kind == TypeKind::kBool)) {
                keep_members.push_back(m);
                return;
            }
            if (types::is_subclass(w, m)) keep_members.push_back(w);  // and perhaps others
        }
    };
    if (t->kind == TypeKind::kUnion) {
        for (const Type* m : t->args) consider(prune(m));
    } else {
        consider(t);
    }
    return types_.unite(keep_members);
}

// Whether values of the type are instances of an abstract class of collections.abc; nullopt: the name is none of them.
std::optional<bool> Checker::has_protocol(const Type* t, std::string_view protocol) {
    t = prune(t);
    auto has = [&](std::string_view method) { return is_instance(t) && find_method(*t->class_info, method) != nullptr; };
    auto derives = [&](std::string_view base) {
        if (!is_instance(t)) return false;
        for (const types::ClassInfo* k : t->class_info->mro)
            if (k->name.ends_with("_base") && k->name.substr(0, k->name.size() - 5) == base) return true;
        return false;
    };
    auto of_module = [&](std::string_view file, std::string_view name) {
        return is_instance(t) && t->class_info->name == name && t->class_info->file != nullptr && t->class_info->file->name() == file;
    };
    const bool sequence = t->kind == TypeKind::kStr || t->kind == TypeKind::kBytes || t->kind == TypeKind::kTuple || t->kind == TypeKind::kRange ||
                          t->kind == TypeKind::kList;
    const bool mapping = t->kind == TypeKind::kDict;
    const bool sized = sequence || mapping || t->kind == TypeKind::kSet;
    const bool file = t->kind == TypeKind::kTextFile || t->kind == TypeKind::kBinaryFile;
    if (protocol == "Iterable") return sized || file || t->kind == TypeKind::kIterator || has("__iter__");
    if (protocol == "Iterator") return file || t->kind == TypeKind::kIterator || has("__next__");
    if (protocol == "Generator" || protocol == "GeneratorType") return t->kind == TypeKind::kIterator && t->args.size() == 3;
    if (protocol == "Sized") return sized || has("__len__");
    if (protocol == "Container") return sized || has("__contains__");
    if (protocol == "Collection") return sized || (has("__len__") && has("__iter__") && has("__contains__"));
    if (protocol == "Reversible") return sequence || mapping || has("__reversed__");
    const bool mutable_sequence = (t->kind == TypeKind::kList && t->name != "tuple") || derives("MutableSequence") || derives("list") || of_module("<_builtin_types>", "bytearray");
    if (protocol == "Sequence") return (sequence && t->name != "deque") || mutable_sequence || derives("Sequence");
    if (protocol == "MutableSequence") return mutable_sequence;
    if (protocol == "Mapping") return mapping || derives("Mapping") || derives("dict");
    if (protocol == "MutableMapping") return mapping || derives("MutableMapping") || derives("dict");
    if (protocol == "Set" || protocol == "AbstractSet") return t->kind == TypeKind::kSet || derives("Set") || derives("set");
    if (protocol == "MutableSet") return (t->kind == TypeKind::kSet && t->name != "frozenset") || derives("MutableSet") || derives("set");
    if (protocol == "Hashable") return hashable(t);
    if (protocol == "Callable") return t->kind == TypeKind::kFunction || t->kind == TypeKind::kTypeObject || has("__call__");
    const bool fraction = of_module("<fractions>", "Fraction");
    const bool complex_number = of_module("<_builtin_types>", "complex");
    if (protocol == "Number") return types::is_numeric(t) || fraction || complex_number || of_module("<decimal>", "Decimal");
    if (protocol == "Complex") return types::is_numeric(t) || fraction || complex_number;
    if (protocol == "Real") return types::is_numeric(t) || fraction;
    if (protocol == "Rational") return t->kind == TypeKind::kInt || t->kind == TypeKind::kBool || fraction;
    if (protocol == "Integral") return t->kind == TypeKind::kInt || t->kind == TypeKind::kBool;
    if (protocol == "FunctionType" || protocol == "LambdaType" || protocol == "MethodType") return t->kind == TypeKind::kFunction;
    if (protocol == "BuiltinFunctionType" || protocol == "ModuleType" || protocol == "CodeType") return false;
    if (protocol == "NoneType") return t->kind == TypeKind::kNone;
    if (protocol == "object") return true;
    if (protocol == "type") return t->kind == TypeKind::kTypeObject;
    return std::nullopt;
}

// What is left of `t` where its values are instances of an abstract class of collections.abc.
const Type* Checker::with_protocol(const Type* t, std::string_view protocol) {
    std::vector<const Type*> hits;
    for (const Type* m : possible_types(t))
        if (*has_protocol(m, protocol)) hits.push_back(m);
    return types_.unite(hits);
}

// What is left of `t` where isinstance(value, e) holds: null after an error.
const Type* Checker::instances_of(const Type* t, const Expr& e) {
    if (e.kind == ExprKind::kTuple) {
        std::vector<const Type*> all;
        for (const Expr* item : as<SequenceExpr>(e).items) {
            const Type* hit = instances_of(t, *item);
            if (hit == nullptr) return nullptr;
            all.push_back(hit);
        }
        return types_.unite(all);
    }
    if (e.kind == ExprKind::kName || e.kind == ExprKind::kAttribute) {
        std::string_view name = e.kind == ExprKind::kName ? as<NameExpr>(e).name : as<AttributeExpr>(e).name;
        if (has_protocol(types_.none, name) && entity(e).kind == EntityKind::kBuiltin) return with_protocol(t, name);
    }
    const Type* target = class_argument(e);
    return target == nullptr ? nullptr : narrow_to(t, target);
}

// The second argument of isinstance: a type or a tuple of types, as a union. Null after an error.
const Type* Checker::class_argument(const Expr& e) {
    if (e.kind == ExprKind::kTuple) {
        std::vector<const Type*> all;
        for (const Expr* item : as<SequenceExpr>(e).items) {
            const Type* t = class_argument(*item);
            if (t == nullptr) return nullptr;
            all.push_back(t);
        }
        return types_.unite(all);
    }
    if (e.kind == ExprKind::kAttribute && as<AttributeExpr>(e).name == "array")
        if (Entity named = entity(e); named.kind == EntityKind::kType) return named.type;
    if (e.kind == ExprKind::kCall || (e.kind == ExprKind::kAttribute && as<AttributeExpr>(e).name == "__class__")) {  // type(self)
        BlockScope unused(*this);
        const Type* held = prune(expression(e)->type);
        unused.take();
        if (held->kind == TypeKind::kTypeObject) return held->args[0];
    }
    if (e.kind == ExprKind::kName) {
        std::string_view name = as<NameExpr>(e).name;
        if (name == "tuple" && !state_->instance->decl->scope.binds(name)) return types_.tuple({});
        if (name == "frozenset") return types_.set(types_.never, "frozenset");
        if (name == "deque") return types_.list(types_.never, "deque");
        if (name == "defaultdict" || name == "Counter" || name == "OrderedDict") return types_.dict(types_.never, types_.never, name);
        if (name == "bytearray" || name == "memoryview" || name == "array")
            if (Entity named = entity(e); named.kind == EntityKind::kType) return named.type;
        // A variable that holds a type, or a tuple of types.
        if (Entity held = entity(e); held.kind == EntityKind::kValue && held.value != nullptr && prune(held.value->type)->kind == TypeKind::kTuple) {
            std::vector<const Type*> all;
            for (const Type* m : prune(held.value->type)->args)
                if (prune(m)->kind == TypeKind::kTypeObject) all.push_back(prune(m)->args[0]);
            if (!all.empty()) return types_.unite(all);
        }
    }
    const Type* named = annotation(e);
    if (named != nullptr && prune(named)->kind == TypeKind::kDynamic) {
        report(DiagCode::kUnknownType, e.span, "isinstance() arg 2 must be a type, a tuple of types, or a union", "not known as a class at compile time");
        return nullptr;
    }
    return named;
}

// isinstance() with classes that the run knows.
TExpr* Checker::instance_of_any(TExpr* value, TExpr* classes, Span span) {
    return dispatch(classes, span, [&](TExpr* one) -> TExpr* {
        const Type* t = prune(one->type);
        std::vector<const Type*> named;
        if (t->kind == TypeKind::kTypeObject) named.push_back(t->args[0]);
        if (t->kind == TypeKind::kTuple) {
            // Some of its items may be one class or another.
            if (std::any_of(t->args.begin(), t->args.end(), [](const Type* m) { return prune(m)->kind == TypeKind::kUnion; })) {
                BlockScope scope(*this);
                TExpr* held = hold(one);
                TExpr* test = nullptr;
                for (size_t i = 0; i < t->args.size(); ++i) {
                    TExpr* item = make(TK::kTupleGet, t->args[i], span, {held});
                    item->index = static_cast<uint32_t>(i);
                    TExpr* hit = instance_of_any(value, item, span);
                    test = test == nullptr ? hit : make(TK::kOr, types_.boolean, span, {test, hit});
                }
                return scope.finish(test);
            }
            for (const Type* m : t->args)
                if (prune(m)->kind == TypeKind::kTypeObject) named.push_back(prune(m)->args[0]);
        }
        if (named.empty()) {
            report(DiagCode::kTypeMismatch, span, "isinstance() arg 2 must be a type, a tuple of types, or a union", "this is " + to_string(resolved(t)));
            return never(span);
        }
        const Type* hit = narrow_to(value->type, types_.unite(named));
        TExpr* test = constant_bool(false, span);
        if (hit->kind == TypeKind::kNever) return test;
        if (resolved(hit) == resolved(value->type)) return constant_bool(true, span);
        for (const Type* h : hit->kind == TypeKind::kUnion ? hit->args : std::span<const Type* const>(&hit, 1))
            test = make(TK::kOr, types_.boolean, span, {test, type_test(value, h, span)});
        return test;
    });
}

std::optional<bool> Condition::decided(const TExpr& test) {
    switch (test.kind) {
        case TK::kBool: return test.int_value != 0;
        case TK::kSeq: return decided(*test.args.back());
        case TK::kAnd:
        case TK::kOr:
            for (const TExpr* operand : test.args)
                if (decided(*operand) == (test.kind == TK::kOr)) return test.kind == TK::kOr;
            return std::nullopt;
        default: return std::nullopt;
    }
}

// The name or path that a test of the expression says something of; empty: none.
std::string_view Checker::narrowed_name(const Expr& operand) {
    if (operand.kind == ExprKind::kName) return as<NameExpr>(operand).name;
    if (operand.kind == ExprKind::kNamedExpr) return as<NamedExpr>(operand).target->name;
    return path_of(operand);
}

// The type that such a name has here, of a path what `value` was read as; null: there is nothing to narrow.
const Type* Checker::flow_of(std::string_view name, const TExpr* value) {
    if (name.find('.') != std::string_view::npos) return prune(value->type);
    VarState* var = name.empty() ? nullptr : find_var(name);
    // A function or class that is known has nothing to narrow.
    if (var != nullptr && var->flow != nullptr && (prune(var->flow)->kind == TypeKind::kFunctionRef || prune(var->flow)->kind == TypeKind::kTypeObject)) return nullptr;
    return var == nullptr || var->entity || var->flow == nullptr ? nullptr : prune(var->flow);
}

// isinstance() and callable(): the test, and what it says of the value's type.
Condition Checker::class_test(const CallExpr& e, bool asks_callable) {
    Condition result{};
    auto hits_of = [&](const Type* t) { return asks_callable ? with_protocol(t, "Callable") : instances_of(t, *e.args[1]); };
    if (e.args[0]->kind == ExprKind::kName) {
        // A function or class that is known at compile time.
        Entity named = entity(*e.args[0]);
        const Type* known = named.kind == EntityKind::kFunction || named.kind == EntityKind::kBuiltin ? types_.function({}, types_.none)
                            : named.kind == EntityKind::kType                                        ? types_.type_object(plain_type(named.type))
                                                                                                     : nullptr;
        if (known != nullptr) {
            const Type* hit = hits_of(known);
            result.test = constant_bool(hit != nullptr && prune(hit)->kind != TypeKind::kNever, e.span);
            return result;
        }
    }
    TExpr* value = expression(*e.args[0]);
    const Type* t = prune(value->type);
    if (!asks_callable && e.args[1]->kind == ExprKind::kName) {
        // A variable that may hold several classes.
        Entity named = entity(*e.args[1]);
        if (named.kind == EntityKind::kValue && named.value != nullptr && is_several(named.value->type)) {
            BlockScope scope(*this);
            result.test = scope.finish(instance_of_any(hold(value), named.value, e.span));
            return result;
        }
    }
    if (!asks_callable && e.args[1]->kind == ExprKind::kAttribute && as<AttributeExpr>(*e.args[1]).name != "__class__") {
        // What an object keeps, and not a name of a class.
        const Entity named = entity(*e.args[1]);
        if (named.kind == EntityKind::kNothing || named.kind == EntityKind::kValue) {
            BlockScope scope(*this);
            TExpr* held = hold(value);
            result.test = scope.finish(instance_of_any(held, expression(*e.args[1]), e.span));
            return result;
        }
    }
    const Type* hit = hits_of(t);
    if (hit == nullptr) {
        result.test = make(TK::kConvert, types_.boolean, e.span, {never(e.span)});
        return result;
    }
    const Type* rest = t;
    std::vector<const Type*> hits;
    if (hit->kind == TypeKind::kUnion) {
        hits.assign(hit->args.begin(), hit->args.end());
    } else if (hit->kind != TypeKind::kNever) {
        hits.push_back(hit);
    }
    for (const Type* h : hits) rest = types_.without(rest, h);
    BlockScope scope(*this);
    TExpr* held = hold(value);
    TExpr* test = nullptr;
    if (t->kind == TypeKind::kNever) {
        test = make(TK::kConvert, types_.boolean, e.span, {held});
    } else if (hits.empty() || (rest->kind == TypeKind::kNever && t->kind != TypeKind::kDynamic)) {
        test = constant_bool(!hits.empty(), e.span);
    } else {
        for (const Type* h : hits) {
            TExpr* one = type_test(held, h, e.span);
            test = test == nullptr ? one : make(TK::kOr, types_.boolean, e.span, {test, one});
        }
    }
    if (test->kind == TK::kBool && is_plain_read(value)) {
        scope.take();
        result.test = test;
    } else {
        result.test = scope.finish(test);
    }
    std::string_view name = narrowed_name(*e.args[0]);
    if (flow_of(name, value) != nullptr && t->kind != TypeKind::kNever) {
        result.when_true.push_back({name, hit});
        if (t->kind != TypeKind::kDynamic) result.when_false.push_back({name, rest});
    }
    return result;
}

Condition Checker::condition(const Expr& e) {
    Condition result{};
    if (e.kind == ExprKind::kUnary && as<UnaryExpr>(e).op == UnaryOp::kNot) {
        Condition inner = condition(*as<UnaryExpr>(e).operand);
        return {negate(inner.test), std::move(inner.when_false), std::move(inner.when_true)};
    }
    if (e.kind == ExprKind::kBoolOp) {
        const auto& b = as<BoolOpExpr>(e);
        result = condition(*b.operands[0]);
        for (size_t i = 1; i < b.operands.size(); ++i) {
            if (result.decided() == !b.is_and) break;  // the others are never evaluated
            NarrowScope known(*this, b.is_and ? result.when_true : result.when_false);
            Condition next = condition(*b.operands[i]);
            result.test = make(b.is_and ? TK::kAnd : TK::kOr, types_.boolean, e.span, {result.test, next.test});
            auto& all = b.is_and ? result.when_true : result.when_false;
            auto& more = b.is_and ? next.when_true : next.when_false;
            all.insert(all.end(), more.begin(), more.end());
            // The other way out says something only where both operands narrow the same single name.
            auto& one = b.is_and ? result.when_false : result.when_true;
            auto& two = b.is_and ? next.when_false : next.when_true;
            if (one.size() == 1 && two.size() == 1 && one[0].name == two[0].name) {
                one[0].type = types_.unite(one[0].type, two[0].type);
            } else {
                one.clear();
            }
        }
        return result;
    }
    if (e.kind == ExprKind::kCompare && as<CompareExpr>(e).ops.size() == 1) {
        const auto& c = as<CompareExpr>(e);
        const CompareOp cmp = c.ops[0];
        const bool is = cmp == CompareOp::kIs || cmp == CompareOp::kEq;
        const bool is_not = cmp == CompareOp::kIsNot || cmp == CompareOp::kNe;
        if ((is || is_not) && c.rest[0]->kind == ExprKind::kNone && c.first->kind == ExprKind::kName) {
            Entity named = entity(*c.first);
            if (named.kind == EntityKind::kFunction || named.kind == EntityKind::kBuiltin || named.kind == EntityKind::kType) {
                result.test = constant_bool(is_not, e.span);
                return result;
            }
        }
        if ((is || is_not) && c.rest[0]->kind == ExprKind::kNone) {
            TExpr* value = expression(*c.first);
            const Type* t = prune(value->type);
            std::string_view name = narrowed_name(*c.first);
            TExpr* test = nullptr;
            if (t->kind == TypeKind::kDynamic || types::is_union_with_none(t)) {
                test = type_test(value, types_.none, e.span);
            } else if (t->kind == TypeKind::kNever) {
                test = make(TK::kConvert, types_.boolean, e.span, {value});
            } else {
                BlockScope scope(*this);
                if (!is_plain_read(value)) emit_expr(value);
                test = scope.finish(constant_bool(t->kind == TypeKind::kNone, e.span));
            }
            if (const Type* flow = flow_of(name, value); flow != nullptr && flow->kind != TypeKind::kNever) {
                const bool has_none = flow->kind == TypeKind::kNone || types::is_union_with_none(flow);
                if (flow->kind == TypeKind::kDynamic) {
                    result.when_true.push_back({name, flow});
                } else {
                    result.when_true.push_back({name, has_none ? types_.none : types_.never});
                    result.when_false.push_back({name, types_.without(flow, types_.none)});
                }
            }
            result.test = test;
            if (is_not) {
                result.test = negate(result.test);
                std::swap(result.when_true, result.when_false);
            }
            return result;
        }
    }
    if (e.kind == ExprKind::kCall) {
        const auto& call = as<CallExpr>(e);
        auto is_call_of = [&](std::string_view builtin, size_t count) {
            return call.callee->kind == ExprKind::kName && as<NameExpr>(*call.callee).name == builtin && call.args.size() == count &&
                   call.keywords.empty() && !state_->instance->decl->scope.binds(builtin);
        };
        if (is_call_of("isinstance", 2)) return class_test(call, false);
        if (is_call_of("callable", 1)) return class_test(call, true);
    }
    TExpr* value = expression(e);
    std::string_view name = narrowed_name(e);
    if (const Type* flow = flow_of(name, value); flow != nullptr && types::is_union_with_none(flow))
        result.when_true.push_back({name, types_.without(flow, types_.none)});
    result.test = truth(value);
    return result;
}

}  // namespace kayton::check
