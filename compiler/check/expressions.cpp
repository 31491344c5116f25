// Expressions: names, attributes, conditions.
#include <algorithm>

#include "compiler/check/builtin_names.h"
#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using TK = typed::ExprKind;

TExpr* Checker::expression(const Expr& e, const Type* expected) {
    if (const auto held = state_->evaluated.find(&e); held != state_->evaluated.end()) return held->second;
    TExpr* value = expression_value(e, expected);
    if (noting_ && e.kind != ExprKind::kName && e.kind != ExprKind::kAttribute) note(e.span, value->type);
    return value;
}

TExpr* Checker::expression_value(const Expr& e, const Type* expected) {
    switch (e.kind) {
        case ExprKind::kError: return never(e.span);
        case ExprKind::kName:
        case ExprKind::kAttribute: {
            Entity entity = this->entity(e);
            return entity_value(entity, e, expected);
        }
        case ExprKind::kInt: {
            const auto& i = as<IntExpr>(e);
            if (i.is_2_63) {
                report(DiagCode::kInvalidLiteral, e.span, "integer literal is past 9223372036854775807", "int has 64 bits");
                return never(e.span);
            }
            return constant_int(static_cast<int64_t>(i.value), e.span);
        }
        case ExprKind::kFloat: {
            TExpr* f = make(TK::kFloat, types_.floating, e.span);
            f->float_value = as<FloatExpr>(e).value;
            return f;
        }
        case ExprKind::kStr: return constant_str(as<StrExpr>(e).value, e.span);
        case ExprKind::kBytes: {
            TExpr* b = make(TK::kBytes, types_.bytes, e.span);
            b->text = program_.arena->copy(as<BytesExpr>(e).value);
            return b;
        }
        case ExprKind::kBool: return constant_bool(as<BoolExpr>(e).value, e.span);
        case ExprKind::kNone: return constant_none(e.span);
        case ExprKind::kFString: return fstring(as<FStringExpr>(e));
        case ExprKind::kTuple: return tuple_display(as<SequenceExpr>(e), expected);
        case ExprKind::kList: return list_display(as<SequenceExpr>(e), expected);
        case ExprKind::kSet: return set_display(as<SequenceExpr>(e), expected);
        case ExprKind::kDict: return dict_display(as<DictExpr>(e), expected);
        case ExprKind::kComprehension: {
            const auto& c = as<ComprehensionExpr>(e);
            const bool list = expected != nullptr && prune(expected)->kind == TypeKind::kList;
            if (c.comprehension == ComprehensionKind::kGenerator && !list) return generator_expression(c);
            return comprehension(c, expected);
        }
        case ExprKind::kUnary: return unary(as<UnaryExpr>(e));
        case ExprKind::kBinary: {
            const auto& b = as<BinaryExpr>(e);
            const Type* hint = expected != nullptr && prune(expected)->kind == TypeKind::kList ? expected : nullptr;
            TExpr* left = expression(*b.left, hint);
            TExpr* right = expression(*b.right, hint);
            if (b.op == BinaryOp::kBitOr || b.op == BinaryOp::kBitAnd || b.op == BinaryOp::kBitXor || b.op == BinaryOp::kSub) {
                // The keys and items of a dict are sets here, and take any iterable.
                auto is_view = [](const TExpr* side) { return side->kind == TK::kRuntime && (side->runtime == RT::kt_dict_keys || side->runtime == RT::kt_dict_items); };
                Unit* written = is_view(left) || is_view(right) ? import_unit("_builtin_methods", e.span) : nullptr;
                const Entity to_set = written != nullptr ? unit_member(*written, "_as_set", e.span) : Entity{};
                if (to_set.kind == EntityKind::kFunction) {
                    BlockScope scope(*this);
                    auto as_set = [&](TExpr* side) { return prune(side->type)->kind == TypeKind::kSet ? side : call_values(*to_set.function, {side}, e.span); };
                    TExpr* l = hold(as_set(left));
                    return scope.finish(binary(b.op, l, as_set(right), e.span, b.op_span));
                }
            }
            if (b.op == BinaryOp::kPow && b.right->kind == ExprKind::kUnary && as<UnaryExpr>(*b.right).op == UnaryOp::kMinus && right->kind != TK::kInt &&
                prune(left->type)->kind == TypeKind::kInt && prune(right->type)->kind == TypeKind::kInt) {
                // `10 ** -digits`: a float where the exponent is negative, as it is written to be.
                BlockScope scope(*this);
                TExpr* base = hold(left);
                TExpr* exponent = hold(right);
                TExpr* real = binary(b.op, make(TK::kConvert, types_.floating, e.span, {base}), exponent, e.span, b.op_span);
                TExpr* whole = binary(b.op, base, exponent, e.span, b.op_span);
                TExpr* negative = op(typed::Op::kIntLt, types_.boolean, e.span, {exponent, constant_int(0, e.span)});
                return scope.finish(if_expr(negative, real, whole, join_types(real->type, whole->type)));
            }
            return binary(b.op, left, right, e.span, b.op_span);
        }
        case ExprKind::kBoolOp: return bool_op(as<BoolOpExpr>(e));
        case ExprKind::kCompare: return compare(as<CompareExpr>(e));
        case ExprKind::kConditional: return conditional(as<ConditionalExpr>(e), expected);
        case ExprKind::kCall: return call(as<CallExpr>(e), expected);
        case ExprKind::kSubscript: return subscript(as<SubscriptExpr>(e));
        case ExprKind::kLambda: return lambda_value(as<LambdaExpr>(e), expected);
        case ExprKind::kNamedExpr: {
            const auto& n = as<NamedExpr>(e);
            BlockScope scope(*this);
            // Inside a comprehension the name belongs to the enclosing function.
            TExpr* value = hold(expression(*n.value));
            assign_name(n.target->name, value, n.target->span);
            return scope.finish(value);
        }
        case ExprKind::kRange: {
            const auto& r = as<RangeExpr>(e);
            TExpr* start = r.start != nullptr ? coerce(expression(*r.start), types_.integer, r.start->span, "range", true) : constant_int(0, e.span);
            TExpr* stop = r.stop != nullptr ? coerce(expression(*r.stop), types_.integer, r.stop->span, "range", true)
                                            : constant_int(INT64_MAX, e.span);
            if (r.inclusive) stop = op(typed::Op::kIntAdd, types_.integer, e.span, {stop, constant_int(1, e.span)}, "a + b");
            return make(TK::kRange, types_.range, e.span, {start, stop, constant_int(1, e.span)});
        }
        case ExprKind::kStarred:
            report(DiagCode::kSyntax, e.span, "a starred expression cannot stand here");
            return never(e.span);
        case ExprKind::kSlice: return slice_object(as<SliceExpr>(e));
        case ExprKind::kYield:
        case ExprKind::kYieldFrom: return yield(as<YieldExpr>(e), true);
        case ExprKind::kEllipsis:
        case ExprKind::kAwait:
            report(DiagCode::kUnsupported, e.span, e.kind == ExprKind::kEllipsis ? "`...` has no value in Kayton" : "await is not part of Kayton");
            return never(e.span);
    }
    return never(e.span);
}

// What a name or a dotted path stands for, values included.
Entity Checker::entity(const Expr& e) {
    if (const auto held = state_->evaluated.find(&e); held != state_->evaluated.end())
        return {EntityKind::kValue, nullptr, {}, nullptr, nullptr, held->second, nullptr};
    Entity found = named_entity(e);
    if (noting_) note(e.span, found);
    return found;
}

Entity Checker::named_entity(const Expr& e) {
    if (e.kind == ExprKind::kName) return lookup(as<NameExpr>(e).name, e.span);
    Entity result;
    if (e.kind == ExprKind::kAttribute) {
        const auto& a = as<AttributeExpr>(e);
        std::string builtin;
        if (a.name == "__name__" && is_iterator_builtin(*a.object, builtin) && builtin == "type" && as<CallExpr>(*a.object).args.size() == 1) {
            TExpr* value = expression(*as<CallExpr>(*a.object).args[0]);
            result.kind = EntityKind::kValue;
            result.value = runtime(RT::kt_type_name, types_.str, e.span, {type_info(prune(value->type), e.span), value});
            return result;
        }
        // x.__class__.__name__ is the name of the object's own class.
        if (a.name == "__name__" && a.object->kind == ExprKind::kAttribute && as<AttributeExpr>(*a.object).name == "__class__") {
            TExpr* value = expression(*as<AttributeExpr>(*a.object).object);
            result.kind = EntityKind::kValue;
            result.value = runtime(RT::kt_type_name, types_.str, e.span, {type_info(prune(value->type), e.span), value});
            return result;
        }
        if (a.name == "__qualname__" && a.object->kind == ExprKind::kAttribute && as<AttributeExpr>(*a.object).name == "__class__") {
            TExpr* value = expression(*as<AttributeExpr>(*a.object).object);
            if (is_instance(value->type)) {
                result.kind = EntityKind::kValue;
                result.value = by_class(value, e.span, [](types::ClassInfo& k) { return static_cast<const void*>(&k); },
                                        [&](TExpr*, types::ClassInfo& k) { return constant_str(k.qualified, e.span); });
                return result;
            }
        }
        if (types::ClassInfo* owner = super_owner(*a.object); owner != nullptr && !state_->instance->decl->params.empty()) {
            TExpr* self = expression_of_name(state_->instance->decl->params[0].name, a.span);
            if (const types::Method* m = super_method(*owner, a.name, self); m != nullptr && m->kind == types::MethodKind::kInstance) {
                result.kind = EntityKind::kValue;
                result.value = bound_method(*m->decl, self, e);
                return result;
            }
            CallExpr none{};
            none.kind = ExprKind::kCall;
            none.span = e.span;
            none.callee = const_cast<Expr*>(&e);
            result.kind = EntityKind::kValue;
            result.value = super_call(a, none);
            return result;
        }
        Entity object = entity(*a.object);
        if (object.kind == EntityKind::kValue && object.value != nullptr && prune(object.value->type)->kind == TypeKind::kTypeObject) {
            object.kind = EntityKind::kType;
            object.type = prune(prune(object.value->type)->args[0]);
        }
        if (object.kind == EntityKind::kType && object.type->class_info != nullptr) return class_member(*object.type->class_info, a);
        switch (object.kind) {
            case EntityKind::kModule: return module_member(object.name, a.name, a.name_span);
            case EntityKind::kCrate: return crate_member(*object.manifest, object.name + "." + std::string(a.name), a.name_span, true);
            case EntityKind::kCrateType:
                return crate_member(*object.manifest, object.name + "." + std::string(a.name), a.name_span, true);
            case EntityKind::kBuiltin:
            case EntityKind::kType: {
                std::string owner = object.kind == EntityKind::kType ? type_name(object.type) : object.name;
                if (a.name == "__name__" || a.name == "__qualname__") {
                    result.kind = EntityKind::kValue;
                    result.value = constant_str(owner, e.span);
                    return result;
                }
                result.kind = EntityKind::kBuiltin;
                result.name = owner + "." + std::string(a.name);
                return result;
            }
            case EntityKind::kFunction:
                // A module's `_f_g` is what `f.g` stands for: itertools.chain.from_iterable.
                if (Unit* unit = object.function->unit; unit != nullptr && unit->name != "__main__") {
                    result = unit_member(*unit, "_" + object.function->name + "_" + std::string(a.name), a.name_span);
                    if (result.kind != EntityKind::kNothing) return result;
                }
                if (a.name == "__name__" || a.name == "__qualname__") {
                    result.kind = EntityKind::kValue;
                    result.value = constant_str(object.function->name, e.span);
                    return result;
                }
                if (a.name == "__doc__" || a.name == "__module__") {
                    result.kind = EntityKind::kValue;
                    result.value = a.name == "__doc__" ? docstring(object.function->body, e.span) : constant_str(object.function->unit->name, e.span);
                    return result;
                }
                break;
            default: break;
        }
        result.kind = EntityKind::kValue;
        if (object.kind == EntityKind::kModuleMember || object.kind == EntityKind::kCrateFunctions) {
            object.value = entity_value(object, *a.object, nullptr);
            object.kind = EntityKind::kValue;
        }
        if (object.kind != EntityKind::kValue) {
            report(DiagCode::kUnknownAttribute, a.name_span, "no attribute `" + std::string(a.name) + "` here");
            result.value = never(e.span);
            return result;
        }
        if (object.value == nullptr) {
            result.value = never(e.span);
            return result;
        }
        if (is_instance(object.value->type))
            if (const Type* inner = inner_class(*prune(object.value->type)->class_info, a.name)) {
                emit_expr(object.value);
                result.kind = EntityKind::kType;
                result.type = inner;
                return result;
            }
        result.value = narrow_path(crate_attribute(object_of(object.value, std::string(a.name)), a), e);
        return result;
    }
    result.kind = EntityKind::kValue;
    result.value = expression(e);
    return result;
}

namespace {

bool takes_several(std::string_view builtin) {
    static constexpr std::string_view kNames[] = {"max", "min", "sum", "print", "sorted", "round", "pow", "zip", "map", "iter", "next", "format", "input", "open"};
    return std::find(std::begin(kNames), std::end(kNames), builtin) != std::end(kNames);
}

}  // namespace

TExpr* Checker::entity_value(const Entity& entity, const Expr& e, const Type* expected) {
    switch (entity.kind) {
        case EntityKind::kValue: return entity.value != nullptr ? entity.value : never(e.span);
        case EntityKind::kFunction: return function_value(*entity.function, &e, e.span, expected);
        case EntityKind::kModuleMember:
            if (TExpr* value = module_value(entity.name, e.span)) return value;
            return wrapped_value(e, expected);
        case EntityKind::kCrateFunctions:
            if (TExpr* constant = crate_constant(entity, e, expected)) return constant;
            return wrapped_value(e, expected);
        case EntityKind::kBuiltin:
            // A type that a parameter of function type takes is called there.
            if (const Type* type = builtin_type(entity.name); type != nullptr && (expected == nullptr || prune(expected)->kind != TypeKind::kFunction))
                return class_value(type, e.span);
            // What takes its arguments in several ways stays what it is.
            if (takes_several(entity.name) && (expected == nullptr || prune(expected)->kind != TypeKind::kFunction)) return function_ref(entity, e.span);
            return wrapped_value(e, expected);
        case EntityKind::kType:
        case EntityKind::kCrateType:
            if (entity.kind == EntityKind::kCrateType)
                if (TExpr* constant = crate_constant(entity, e, expected)) return constant;
            return class_value(entity.type, e.span);
        case EntityKind::kModule:
        case EntityKind::kCrate:
            report(DiagCode::kTypeMismatch, e.span, "`" + entity.name + "` is a module, not a value", "module");
            return never(e.span);
        case EntityKind::kBoundMethod: return bound_value(read_local(entity.value->index, e.span), *entity.attribute);
        case EntityKind::kSuper:
            report(DiagCode::kUnsupported, e.span, "super() stands for the object in calls of a base's methods only", "used as a value");
            return never(e.span);
        case EntityKind::kNothing: break;
    }
    return never(e.span);
}

TExpr* Checker::conditional(const ConditionalExpr& e, const Type* expected) {
    Condition test = condition(*e.condition);
    auto branch = [&](const Expr& value, const std::vector<Narrowing>& known, bool taken) -> TExpr* {
        const bool impossible = !taken || std::any_of(known.begin(), known.end(), [&](const Narrowing& n) {
            return prune(n.type)->kind == TypeKind::kNever;
        });
        if (impossible) return never(value.span);
        NarrowScope scope(*this, known);
        BlockScope block(*this);
        return block.finish(expression(value, expected));
    };
    TExpr* a = branch(*e.then_value, test.when_true, test.decided() != false);
    TExpr* b = branch(*e.else_value, test.when_false, test.decided() != true);
    const Type* type = join_types(a->type, b->type);
    return if_expr(test.test, a, b, type);
}

// `a or b` and `a and b` as values.
TExpr* Checker::bool_op(const BoolOpExpr& e) {
    TExpr* value = nullptr;
    {
        // Both forms are needed: the value and its test. The operand is checked again as a value.
        BlockScope scope(*this);
        std::function<TExpr*(size_t)> rest = [&](size_t i) -> TExpr* {
            TExpr* operand = expression(*e.operands[i]);
            if (i + 1 == e.operands.size()) return operand;
            if (is_plain_read(operand)) {
                // Decided: the others are never evaluated.
                const TExpr* decided = truth(operand);
                if (decided->kind == TK::kBool && (decided->int_value == 0) == e.is_and) return operand;
            }
            Condition known = condition(*e.operands[i]);
            if (prune(operand->type)->kind == TypeKind::kBool) {
                NarrowScope narrowed(*this, e.is_and ? known.when_true : known.when_false);
                BlockScope inner(*this);
                TExpr* next = inner.finish(rest(i + 1));
                if (prune(next->type)->kind == TypeKind::kBool)
                    return make(e.is_and ? TK::kAnd : TK::kOr, types_.boolean, e.span, {operand, next});
                const Type* type = join_types(operand->type, next->type);
                BlockScope held_scope(*this);
                TExpr* held = hold(operand);
                TExpr* result = e.is_and ? if_expr(held, next, held, type) : if_expr(held, held, next, type);
                return held_scope.finish(result);
            }
            BlockScope held_scope(*this);
            TExpr* held = hold(operand);
            TExpr* test = truth(held);
            TExpr* next = nullptr;
            {
                NarrowScope narrowed(*this, e.is_and ? known.when_true : known.when_false);
                BlockScope inner(*this);
                next = inner.finish(rest(i + 1));
            }
            // What is left of the first operand's type when it is the result.
            const Type* kept = prune(held->type);
            if (!e.is_and && types::is_union_with_none(kept)) kept = types_.without(kept, types_.none);
            if (!e.is_and && prune(held->type)->kind == TypeKind::kNone) return held_scope.finish(next);
            TExpr* kept_value = narrow(held, kept);
            const Type* type = join_types(kept, next->type);
            TExpr* result = e.is_and ? if_expr(test, next, kept_value, type) : if_expr(test, kept_value, next, type);
            return held_scope.finish(result);
        };
        value = scope.finish(rest(0));
    }
    return value;
}

}  // namespace kayton::check
