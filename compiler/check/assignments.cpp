// Assignment: to names, attributes, items and several at once, in place and annotated, and names that stand for no value.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

void Checker::assign(const AssignStmt& s) {
    if (method_statement(s)) return;
    // An alias of something that is no value: a type, function, module or crate item.
    if (s.targets.size() == 1 && s.targets[0]->kind == ExprKind::kName &&
        (s.value->kind == ExprKind::kName || s.value->kind == ExprKind::kAttribute)) {
        Entity entity = this->entity(*s.value);
        if (entity.kind != EntityKind::kValue && entity.kind != EntityKind::kNothing && entity.kind != EntityKind::kModuleMember &&
            !(entity.kind == EntityKind::kCrateFunctions && (entity.value != nullptr || crate_constant(entity, *s.value, nullptr) != nullptr))) {
            bind_entity(as<NameExpr>(*s.targets[0]).name, entity, s.span);
            return;
        }
        if (entity.kind == EntityKind::kValue) {
            assign_target(*s.targets[0], entity.value);
            return;
        }
    }
    if (const types::ClassInfo* owner = super_owner(*s.value); owner != nullptr && s.targets.size() == 1 && s.targets[0]->kind == ExprKind::kName) {
        Entity entity;
        entity.kind = EntityKind::kSuper;
        entity.type = owner->type;
        bind_entity(as<NameExpr>(*s.targets[0]).name, entity, s.span);
        return;
    }
    if (named_tuple_statement(s) || type_statement(s) || alias_statement(s) || lambda_statement(s)) return;
    const Type* expected = nullptr;
    if (s.targets.size() == 1 && s.targets[0]->kind == ExprKind::kName) {
        VarState* var = find_var(as<NameExpr>(*s.targets[0]).name);
        if (var != nullptr && var->bound == Bound::kYes && var->flow != nullptr && !var->entity) expected = var->flow;
        if (expected != nullptr && expected->kind != TypeKind::kFunction) expected = nullptr;
    }
    // Unpacked at once: the iterator need not come to be.
    const bool unpacked = s.targets.size() == 1 && (s.targets[0]->kind == ExprKind::kTuple || s.targets[0]->kind == ExprKind::kList);
    TExpr* value = unpacked && is_lazy(*s.value) ? list_from(*s.value, s.value, nullptr) : expression(*s.value, expected);
    if (s.targets.size() == 1) {
        assign_target(*s.targets[0], value);
        return;
    }
    value = hold(value);
    for (const Expr* target : s.targets) assign_target(*target, value);
}

// `f = lambda a, b=1: …`, the name's only assignment: as a `def` would be, so that calls know its defaults.
bool Checker::lambda_statement(const AssignStmt& s) {
    if (s.value->kind != ExprKind::kLambda || s.targets.size() != 1 || s.targets[0]->kind != ExprKind::kName) return false;
    const auto& lambda = as<LambdaExpr>(*s.value);
    const std::string_view name = as<NameExpr>(*s.targets[0]).name;
    const Scope& scope = state_->instance->decl->scope;
    const bool plain = std::all_of(lambda.params.begin(), lambda.params.end(),
                                   [](const Param& p) { return p.kind == ParamKind::kNormal && p.default_value == nullptr; });
    if (plain || cell_ || scope.reassigned.contains(name) || scope.nested_nonlocals.contains(name) || find_overlay(name) != nullptr) return false;
    if (!scope.binds(name) && !state_->instance->decl->is_module) return false;
    Entity entity;
    entity.kind = EntityKind::kFunction;
    entity.function = declare(&lambda, "<lambda>", lambda.params, nullptr, {}, lambda.body, false, lambda.span);
    bind_entity(name, entity, s.span);
    return true;
}

// `append = items.append`, the name's only assignment: a call of the name is a call of the method, with whatever arguments
// that takes.
bool Checker::method_statement(const AssignStmt& s) {
    const FunctionDecl& decl = *state_->instance->decl;
    if (s.value->kind != ExprKind::kAttribute || s.targets.size() != 1 || s.targets[0]->kind != ExprKind::kName || decl.is_module) return false;
    const auto& attribute = as<AttributeExpr>(*s.value);
    const std::string_view name = as<NameExpr>(*s.targets[0]).name;
    if (!decl.scope.binds(name) || decl.scope.reassigned.contains(name) || decl.scope.nested_used.contains(name) || find_overlay(name) != nullptr) return false;
    if (attribute.object->kind != ExprKind::kName) return false;
    const VarState* object = find_var(as<NameExpr>(*attribute.object).name);
    if (object == nullptr || object->entity || object->flow == nullptr) return false;
    const Type* t = prune(object->flow);
    if (t->kind != TypeKind::kList && t->kind != TypeKind::kDict && t->kind != TypeKind::kSet && t->kind != TypeKind::kStr) return false;
    const std::vector<std::string> methods = method_names(t);
    if (std::find(methods.begin(), methods.end(), attribute.name) == methods.end()) return false;
    TExpr* value = expression(*attribute.object);
    const uint32_t kept = temp(value->type);
    assign_local(kept, value);
    Entity entity;
    entity.kind = EntityKind::kBoundMethod;
    entity.value = read_local(kept, attribute.object->span);
    entity.attribute = &attribute;
    bind_entity(name, entity, s.span);
    return true;
}

// `list += more`, in place.
void Checker::extend_list(TExpr* list, TExpr* more, Span more_span, Span span) {
    const Type* t = prune(list->type);
    if (prune(more->type)->kind == TypeKind::kList && flow_into(more->type, t)) {
        emit_expr(runtime(RT::kt_list_extend, types_.none, span, {list, convert(more, t)}));
    } else if (typed::Iter* iter = iterate_value(more, more_span)) {
        loop_over(iter, span, [&](TExpr* element) { append_to(list, element, span); });
    }
}

// `T = TypeVar("T")`, `UserId = NewType("UserId", int)`, `f = partial(g, 1)`: names that stand for no value.
bool Checker::type_statement(const AssignStmt& s) {
    if (s.value->kind != ExprKind::kCall || s.targets.size() != 1 || s.targets[0]->kind != ExprKind::kName) return false;
    const auto& call = as<CallExpr>(*s.value);
    std::string_view written;
    if (call.callee->kind == ExprKind::kName) written = as<NameExpr>(*call.callee).name;
    if (call.callee->kind == ExprKind::kAttribute) written = as<AttributeExpr>(*call.callee).name;
    static constexpr std::string_view kMakers[] = {"TypeVar", "ParamSpec", "TypeVarTuple", "NewType", "partial"};
    if (std::find(std::begin(kMakers), std::end(kMakers), written) == std::end(kMakers)) return false;
    Entity callee = entity(*call.callee);
    if (callee.kind != EntityKind::kBuiltin) return false;
    const std::string_view name = as<NameExpr>(*s.targets[0]).name;
    if (callee.name == "TypeVar" || callee.name == "ParamSpec" || callee.name == "TypeVarTuple") {
        callee.name = "Any";
        bind_entity(name, callee, s.span);
        return true;
    }
    if (callee.name == "NewType" && call.args.size() == 2) {
        Entity type;
        type.kind = EntityKind::kType;
        type.type = annotation(*call.args[1]);
        if (type.type != nullptr) bind_entity(name, type, s.span);
        return true;
    }
    if (callee.name == "functools.partial") {
        Entity function = partial(call);
        if (function.kind != EntityKind::kFunction) {
            assign_target(*s.targets[0], function.value);
        } else {
            bind_entity(name, function, s.span);
        }
        return true;
    }
    return false;
}

void Checker::assign_target(const Expr& target, TExpr* value) {
    switch (target.kind) {
        case ExprKind::kName: assign_name(as<NameExpr>(target).name, value, target.span); break;
        case ExprKind::kTuple:
        case ExprKind::kList: unpack(as<SequenceExpr>(target), value); break;
        case ExprKind::kSubscript: store_item(as<SubscriptExpr>(target), value); break;
        case ExprKind::kAttribute: store_attribute(as<AttributeExpr>(target), value, nullptr); break;
        case ExprKind::kError: break;
        default: report(DiagCode::kBadTarget, target.span, "this cannot be assigned to"); break;
    }
}

void Checker::unpack(const SequenceExpr& target, TExpr* value) {
    const Type* t = prune(value->type);
    size_t star = target.items.size();
    for (size_t i = 0; i < target.items.size(); ++i)
        if (target.items[i]->kind == ExprKind::kStarred) star = i;
    const bool starred = star != target.items.size();
    const size_t fixed = target.items.size() - (starred ? 1 : 0);

    if (t->kind == TypeKind::kNever) {
        emit_expr(value);
        for (const Expr* item : target.items)
            assign_target(item->kind == ExprKind::kStarred ? *as<StarredExpr>(*item).value : *item, never(value->span));
        return;
    }
    if (t->kind == TypeKind::kTuple) {
        const size_t have = t->args.size();
        if (have < fixed || (!starred && have != fixed)) {
            report(DiagCode::kTypeMismatch, target.span,
                   have < fixed ? "not enough values to unpack (expected " + std::string(starred ? "at least " : "") +
                                      std::to_string(fixed) + ", got " + std::to_string(have) + ")"
                                : "too many values to unpack (expected " + std::to_string(fixed) + ")",
                   "the value is " + to_string(resolved(t)));
            return;
        }
        Args items;
        if (value->kind == TK::kTuple) {  // every element is evaluated before the first target is assigned
            for (TExpr* item : value->args) items.push_back(hold(item));
        } else {
            TExpr* held = hold(value);
            for (size_t i = 0; i < have; ++i) {
                TExpr* item = make(TK::kTupleGet, t->args[i], value->span, {held});
                item->index = static_cast<uint32_t>(i);
                items.push_back(item);
            }
        }
        size_t at = 0;
        for (size_t i = 0; i < target.items.size(); ++i) {
            if (i == star) {
                size_t count = have - fixed;
                const Type* element = types_.never;
                for (size_t k = 0; k < count; ++k) element = join_types(element, items[at + k]->type);
                const Type* variable = variable_at(target.items[i]);
                grow(variable, element);
                Args rest;
                for (size_t k = 0; k < count; ++k) rest.push_back(convert(items[at + k], variable));
                at += count;
                assign_target(*as<StarredExpr>(*target.items[i]).value, make(TK::kList, types_.list(variable), value->span, rest));
            } else {
                assign_target(*target.items[i], items[at++]);
            }
        }
        return;
    }
    if (types::is_union_with_none(t)) {
        unpack(target, present(value, "cannot unpack non-iterable NoneType object"));
        return;
    }
    if (t->kind == TypeKind::kNone) {
        report(DiagCode::kNotIterable, value->span, "cannot unpack non-iterable NoneType object", "this is None").of_none = true;
        return;
    }
    // A list, str or other iterable: its length is only known at run time.
    TExpr* list = value;
    if (t->kind != TypeKind::kList) {
        const Type* variable = variable_at(&target);
        uint32_t collected = temp(types_.list(variable));
        assign_local(collected, make(TK::kList, types_.list(variable), value->span, Args{}));
        typed::Iter* iter = iterate_value(value, value->span);
        if (iter == nullptr) return;
        loop_over(iter, value->span, [&](TExpr* element) {
            append_to(read_local(collected, value->span), element, value->span);
            if (starred || t->kind != TypeKind::kIterator) return;
            // One more than fits is enough to know.
            TStmt* enough = stmt(SK::kIf, value->span);
            enough->a = op(typed::Op::kIntGt, types_.boolean, value->span,
                           {len(read_local(collected, value->span)), constant_int(static_cast<int64_t>(fixed), value->span)});
            enough->body = block([&] { break_out(value->span); });
            emit(enough);
        });
        list = read_local(collected, value->span);
    }
    TExpr* held = hold(list);
    const Type* element = prune(held->type)->args[0];
    Span span = value->span;
    auto count_error = [&](typed::Op comparison, const std::string& text, bool got) {
        TExpr* test = op(comparison, types_.boolean, span, {len(held), constant_int(static_cast<int64_t>(fixed), span)});
        emit_if(test, span, [&] {
            TExpr* message = constant_str(text, span);
            if (got) {
                TExpr* number = runtime(RT::kt_int_str, types_.str, span, {len(held)});
                message = make(TK::kStrJoin, types_.str, span, {message, number, constant_str(")", span)});
            }
            raise_text(types_.find_exception("ValueError"), message, target.span);
        });
    };
    count_error(typed::Op::kIntLt, std::string("not enough values to unpack (expected ") + (starred ? "at least " : "") +
                                       std::to_string(fixed) + ", got ", true);
    if (!starred) count_error(typed::Op::kIntGt, "too many values to unpack (expected " + std::to_string(fixed) + ")", false);
    Args items;
    for (size_t i = 0; i < target.items.size(); ++i) {
        if (i == star) {
            int64_t after = static_cast<int64_t>(target.items.size() - star - 1);
            TExpr* stop = after == 0 ? constant_int(INT64_MIN, span) : constant_int(-after, span);
            items.push_back(hold(runtime(RT::kt_list_slice, held->type, span,
                                         {held, constant_int(static_cast<int64_t>(star), span), stop, constant_int(INT64_MIN, span)})));
            continue;
        }
        int64_t index = static_cast<int64_t>(i);
        if (starred && i > star) index = -static_cast<int64_t>(target.items.size() - i);
        items.push_back(hold(make(TK::kListGet, element, span, {held, constant_int(index, span)})));
    }
    for (size_t i = 0; i < target.items.size(); ++i)
        assign_target(i == star ? *as<StarredExpr>(*target.items[i]).value : *target.items[i], items[i]);
}

void Checker::store_item(const SubscriptExpr& target, TExpr* value) {
    value = hold(value);  // Python evaluates the value first
    TExpr* object = present(expression(*target.object), "'NoneType' object does not support item assignment");
    emit_expr(dispatch(object, target.span, [&](TExpr* one) -> TExpr* {
        BlockScope scope(*this);
        store_item_of(hold(one), target, value);
        return scope.finish(constant_none(target.span));
    }));
}

void Checker::store_item_of(TExpr* object, const SubscriptExpr& target, TExpr* value) {
    const Type* t = prune(object->type);
    Span span = target.span;
    if (t->kind == TypeKind::kNever) {
        emit_expr(object);
        return;
    }
    if (is_instance(prune(object->type)) && target.index->kind == ExprKind::kSlice &&
        find_method(*prune(object->type)->class_info, "__setslice__") != nullptr) {  // of shipped classes
        const auto& slice = as<SliceExpr>(*target.index);
        emit_expr(call_method(object, "__setslice__", {slice_bound(slice.start), slice_bound(slice.stop), slice_bound(slice.step), value}, span));
        return;
    }
    if (is_instance(prune(object->type))) {
        if (TExpr* stored = call_method(object, "__setitem__", {expression(*target.index), value}, span)) {
            emit_expr(stored);
            return;
        }
    }
    if (t->name == "tuple") {
        report(DiagCode::kNotSubscriptable, span, "'tuple' object does not support item assignment", "this is " + to_string(resolved(t)));
        return;
    }
    if (t->kind == TypeKind::kList) object = hold(object);
    if (const auto bounds = t->kind == TypeKind::kList ? slice_bounds(*target.index) : std::nullopt) {
        const auto& [start, stop, step] = *bounds;
        TExpr* list = value;
        if (prune(value->type)->kind != TypeKind::kList || !flow_into(value->type, object->type)) {
            uint32_t collected = temp(object->type);
            assign_local(collected, make(TK::kList, object->type, span, Args{}));
            if (typed::Iter* iter = iterate_value(value, value->span))
                loop_over(iter, span, [&](TExpr* element) { append_to(read_local(collected, span), element, span); });
            list = read_local(collected, span);
        } else {
            list = convert(value, object->type);
        }
        emit_expr(runtime(RT::kt_list_set_slice, types_.none, span, {object, start, stop, step, list}));
        return;
    }
    if (t->kind == TypeKind::kList) {
        TExpr* index = coerce(expression(*target.index), types_.integer, target.index->span, "list index", true);
        if (!flow_into(value->type, t->args[0])) {
            Diagnostic& d = report_limit(DiagCode::kTypeMismatch, span, "list of " + to_string(resolved(t->args[0])) + " cannot take a " + to_string(resolved(value->type)),
                                   "the value is " + to_string(resolved(value->type)));
            (void)d;
            return;
        }
        TStmt* s = stmt(SK::kSetItem, span);
        s->a = object;
        s->b = index;
        s->c = convert(value, t->args[0]);
        emit(s);
        return;
    }
    if (t->kind == TypeKind::kDict) {
        TExpr* key = expression(*target.index);
        if (!hashable(key->type)) {
            report(DiagCode::kUnhashable, target.index->span, "unhashable type: '" + to_string(resolved(key->type)) + "'");
            return;
        }
        if (!flow_into(key->type, t->args[0])) {
            report_limit(DiagCode::kTypeMismatch, target.index->span, "dict with keys of " + to_string(resolved(t->args[0])) + " cannot take a " + to_string(resolved(key->type)),
                   "this is " + to_string(resolved(key->type)));
            return;
        }
        if (!flow_into(value->type, t->args[1])) {
            report_limit(DiagCode::kTypeMismatch, span, "dict with values of " + to_string(resolved(t->args[1])) + " cannot take a " + to_string(resolved(value->type)),
                   "the value is " + to_string(resolved(value->type)));
            return;
        }
        emit_expr(runtime(RT::kt_dict_set, types_.none, span, {object, convert(key, t->args[0]), convert(value, t->args[1])}));
        return;
    }
    if (t->kind == TypeKind::kHandle && manifest_of(t) != nullptr &&
        !crate_functions(*manifest_of(t), std::string(t->name) + ".__setitem__").empty()) {
        TExpr* key = expression(*target.index);
        emit_expr(crate_protocol(t, "__setitem__", {object, key, value}, span));
        return;
    }
    report(DiagCode::kNotSubscriptable, span, "'" + to_string(resolved(t)) + "' object does not support item assignment",
           "this is " + to_string(resolved(t))).of_none = prune(t)->kind == TypeKind::kNone;
}

// The value of `target op= value`. A list, set, dict or Counter is itself changed, also for whoever else holds it; else the
// object's own __iadd__ answers, else `target op value` makes a new one.
Checker::Updated Checker::update_in_place(const AugAssignStmt& s, TExpr* current) {
    const Type* t = prune(current->type);
    if (t->kind == TypeKind::kList && s.op == BinaryOp::kAdd) {
        TExpr* list = hold(current);
        extend_list(list, expression(*s.value, t), s.value->span, s.span);
        return {list, true};
    }
    TExpr* right = expression(*s.value);
    static constexpr std::string_view kNames[] = {"__iadd__", "__isub__", "__imul__", "__itruediv__", "__ifloordiv__", "__imod__", "__ipow__",
                                                  "__imatmul__", "__ilshift__", "__irshift__", "__iand__", "__ior__", "__ixor__"};
    if (const Manifest* manifest = manifest_of(t)) {
        // Types of a crate that can only be added to: Add gives a new value where there is one.
        const std::string in_place(kNames[static_cast<size_t>(s.op)]);
        const std::string apart = "__" + in_place.substr(3);
        if (crate_functions(*manifest, std::string(t->name) + "." + apart).empty() &&
            !crate_functions(*manifest, std::string(t->name) + "." + in_place).empty())
            return {crate_protocol(t, in_place, {current, right}, s.span), false};
    }
    const bool set = t->kind == TypeKind::kSet && t->name.empty();
    if (set || t->kind == TypeKind::kDict || t->kind == TypeKind::kList) {
        TExpr* held = hold(current);
        if (s.op == BinaryOp::kBitOr && t->name != "Counter" && t->kind != TypeKind::kList) {
            TExpr* more = coerce(right, t, s.value->span, set ? "set update" : "dict update");
            emit_expr(runtime(set ? RT::kt_set_update : RT::kt_dict_update, types_.none, s.span, {held, more}));
            return {held, true};
        }
        TExpr* updated = binary(s.op, held, right, s.span, s.op_span, true);
        if (resolved(updated->type) != resolved(t)) return {updated, false};
        updated = hold(updated);
        if (t->kind == TypeKind::kList) {
            TExpr* absent = slice_bound(nullptr);
            emit_expr(runtime(RT::kt_list_set_slice, types_.none, s.span, {held, absent, absent, absent, updated}));
        } else {
            emit_expr(runtime(set ? RT::kt_set_clear : RT::kt_dict_clear, types_.none, s.span, {held}));
            emit_expr(runtime(set ? RT::kt_set_update : RT::kt_dict_update, types_.none, s.span, {held, updated}));
        }
        return {held, true};
    }
    if (is_instance(t)) {
        if (TExpr* updated = call_method(current, kNames[static_cast<size_t>(s.op)], {right}, s.span)) return {updated, false};
    }
    return {binary(s.op, current, right, s.span, s.op_span, true), false};
}

void Checker::aug_assign(const AugAssignStmt& s) {
    // The parts of the target are evaluated once, though they are read and stored through.
    std::vector<const Expr*> evaluated;
    auto once = [&](const Expr* part) -> TExpr* {
        if (part == nullptr) return nullptr;
        TExpr* value = hold(expression(*part));
        state_->evaluated[part] = value;
        evaluated.push_back(part);
        return value;
    };
    if (s.target->kind == ExprKind::kName) {
        const auto [value, same] = update_in_place(s, expression(*s.target));
        if (!same) assign_name(as<NameExpr>(*s.target).name, value, s.target->span);
    } else if (s.target->kind == ExprKind::kSubscript) {
        const auto& target = as<SubscriptExpr>(*s.target);
        const Type* object = prune(once(target.object)->type);
        if (target.index->kind == ExprKind::kSlice) {
            const auto& slice = as<SliceExpr>(*target.index);
            for (const Expr* bound : {slice.start, slice.stop, slice.step}) once(bound);
        } else {
            const TExpr* key = once(target.index);
            if (object->name.starts_with("defaultdict") || object->name == "Counter") grow(object->args[0], key->type);
        }
        const auto [value, same] = update_in_place(s, expression(target));
        const bool stays = object->kind == TypeKind::kDict || (object->kind == TypeKind::kList && target.index->kind != ExprKind::kSlice);
        if (!same || !stays) store_item(target, value);
    } else if (s.target->kind == ExprKind::kAttribute) {
        const auto& target = as<AttributeExpr>(*s.target);
        const bool path = target.object->kind == ExprKind::kName || !path_of(*target.object).empty();
        if (!path) once(target.object);
        TExpr* current = expression(target);
        const auto [value, same] = update_in_place(s, current);
        if (!same || current->kind == TK::kCall) store_attribute(target, value, nullptr);
    } else {
        report(DiagCode::kBadTarget, s.target->span, "this cannot be updated in place");
    }
    for (const Expr* part : evaluated) state_->evaluated.erase(part);
}

void Checker::ann_assign(const AnnAssignStmt& s) {
    const Type* annotated = s.annotation != nullptr ? annotation(*s.annotation) : nullptr;
    if (s.value == nullptr) return;
    if (annotated != nullptr && annotated->kind == TypeKind::kDynamic && s.target->kind == ExprKind::kName && s.value->kind == ExprKind::kName) {
        // Any says nothing: a function keeps what it takes.
        if (Entity known = entity(*s.value); known.kind == EntityKind::kFunction || known.kind == EntityKind::kBuiltin || known.kind == EntityKind::kType) {
            bind_entity(as<NameExpr>(*s.target).name, known, s.span);
            return;
        }
    }
    TExpr* value = expression(*s.value, annotated);
    if (annotated != nullptr && annotated->kind != TypeKind::kDynamic) {
        if (flow_into(value->type, annotated)) {
            // The written type holds for what comes later: an empty list's element, a name that is None at first.
            const Type* t = prune(annotated);
            if (t->kind == TypeKind::kList || t->kind == TypeKind::kDict || t->kind == TypeKind::kSet || t->kind == TypeKind::kFunction)
                value = convert(value, annotated);
        } else if (!annotation_accepts(annotated, value->type)) {
            Diagnostic& d = report_limit(DiagCode::kTypeMismatch, s.value->span,
                                   "expected " + to_string(resolved(annotated)) + ", found " + to_string(resolved(value->type)),
                                   "this is " + to_string(resolved(value->type)));
            d.secondary.push_back({&file(), s.annotation->span, "because of this annotation"});
            value = never(s.value->span);
        }
    }
    if (s.target->kind == ExprKind::kAttribute) {
        store_attribute(as<AttributeExpr>(*s.target), value, s.annotation);
        return;
    }
    assign_target(*s.target, value);
}

}  // namespace kayton::check
