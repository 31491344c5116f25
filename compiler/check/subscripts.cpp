// Subscripts and slices, and values as text: f-strings, str(), format().
#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;

TExpr* Checker::slice_bound(const Expr* e) {
    if (e == nullptr || e->kind == ExprKind::kNone) return constant_int(INT64_MIN, e != nullptr ? e->span : Span{});
    return as_slice_bound(expression(*e), e->span);
}

TExpr* Checker::as_slice_bound(TExpr* bound, Span span) {
    if (prune(bound->type)->kind == TypeKind::kNone) return constant_int(INT64_MIN, span);
    // `None` at run time is an absent bound.
    if (is_several(bound->type)) {
        return dispatch(bound, span, [&](TExpr* b) -> TExpr* {
            if (prune(b->type)->kind == TypeKind::kNone) return constant_int(INT64_MIN, span);
            return coerce(b, types_.integer, span, "slice index", true);
        });
    }
    return coerce(bound, types_.integer, span, "slice index", true);
}

// An object of the class slice, as `a[1:2]` gives it to __getitem__.
TExpr* Checker::slice_object(const SliceExpr& e) {
    types::ClassInfo* slice = slice_class(e.span);
    if (slice == nullptr) return never(e.span);
    const CallExpr*& made = applied_[{&e, SIZE_MAX}];
    if (made == nullptr) {
        TreeBuilder tree(synthetic_, e.span);
        auto bound = [&](Expr* written) { return written != nullptr ? written : tree.none(); };
        made = tree.call(*tree.name("slice"), {bound(e.start), bound(e.stop), bound(e.step)});
    }
    return construct(*slice, *made);
}

types::ClassInfo* Checker::slice_class(Span span) {
    Unit* unit = import_unit("_slice", span);
    const Entity made = unit != nullptr ? unit_member(*unit, "slice", span) : Entity{};
    return made.kind == EntityKind::kType ? made.type->class_info : nullptr;
}

// Start, stop and step that a subscript of a sequence names: written with colons, or kept in a slice. nullopt: an index.
std::optional<std::array<TExpr*, 3>> Checker::slice_bounds(const Expr& index) {
    if (index.kind == ExprKind::kSlice) {
        const auto& e = as<SliceExpr>(index);
        return std::array{slice_bound(e.start), slice_bound(e.stop), slice_bound(e.step)};
    }
    const bool made_here = index.kind == ExprKind::kCall && as<CallExpr>(index).callee->kind == ExprKind::kName &&
                           as<NameExpr>(*as<CallExpr>(index).callee).name == "slice";
    if (index.kind != ExprKind::kName && index.kind != ExprKind::kAttribute && !made_here) return std::nullopt;
    const size_t mark = diagnostics_.all().size();
    const Type* t = nullptr;
    {
        BlockScope unused(*this);
        t = prune(expression(index)->type);
        unused.take();
    }
    diagnostics_.rewind(mark);  // said where it is checked for good
    if (!is_instance(t) || t->class_info->name != "slice" || t->class_info != slice_class(index.span)) return std::nullopt;
    TExpr* slice = hold(expression(index));
    auto bound = [&](const char* name) { return hold(as_slice_bound(read_field(slice, *t->class_info, name, index.span), index.span)); };
    return std::array{bound("start"), bound("stop"), bound("step")};
}

TExpr* Checker::slice_value(TExpr* object, const SliceExpr& e) {
    const Type* t = prune(object->type);
    BlockScope scope(*this);
    TExpr* held = hold(object);
    if (t->kind == TypeKind::kTuple) {
        auto literal = [&](const Expr* bound, int64_t fallback) -> std::optional<int64_t> {
            if (bound == nullptr) return fallback;
            TExpr* value = expression(*bound);
            if (value->kind != TK::kInt) return std::nullopt;
            return value->int_value;
        };
        const auto count = static_cast<int64_t>(t->args.size());
        auto step = literal(e.step, 1);
        if (!step || *step == 0) return scope.finish(slice_value(long_tuple(held), e));
        auto start = literal(e.start, *step > 0 ? 0 : count - 1);
        auto stop = literal(e.stop, *step > 0 ? count : -count - 1);
        if (!start || !stop) return scope.finish(slice_value(long_tuple(held), e));
        auto clamp = [&](int64_t i, int64_t low, int64_t high) { return i < low ? low : i > high ? high : i; };
        int64_t from = *start < 0 ? *start + count : *start;
        int64_t to = *stop < 0 ? *stop + count : *stop;
        from = clamp(from, *step > 0 ? 0 : -1, *step > 0 ? count : count - 1);
        to = clamp(to, -1, count);
        Args items;
        std::vector<const Type*> members;
        for (int64_t i = from; *step > 0 ? i < to : i > to; i += *step) {
            TExpr* item = make(TK::kTupleGet, t->args[static_cast<size_t>(i)], e.span, {held});
            item->index = static_cast<uint32_t>(i);
            items.push_back(item);
            members.push_back(item->type);
        }
        return scope.finish(make(TK::kTuple, types_.tuple(members), e.span, items));
    }
    if (t->kind == TypeKind::kHandle && manifest_of(t) != nullptr && e.step == nullptr) {
        const Manifest& manifest = *manifest_of(t);
        auto has = [&](const char* name) { return !crate_functions(manifest, std::string(t->name) + "." + name).empty(); };
        if (e.start == nullptr && e.stop == nullptr && has("__slice_all__"))
            return scope.finish(crate_protocol(t, "__slice_all__", {held, constant_none(e.span)}, e.span));
        if (e.start == nullptr && e.stop != nullptr && has("__slice_to__"))
            return scope.finish(crate_protocol(t, "__slice_to__", {held, expression(*e.stop)}, e.span));
        if (e.start != nullptr && e.stop == nullptr && has("__slice_from__"))
            return scope.finish(crate_protocol(t, "__slice_from__", {held, expression(*e.start)}, e.span));
        if (e.start != nullptr && e.stop != nullptr && has("__slice__")) {
            TExpr* first = expression(*e.start);
            TExpr* last = expression(*e.stop);
            std::vector<const Type*> ends = {first->type, last->type};
            TExpr* range = types::is_numeric(prune(first->type)) ? make(TK::kRange, types_.range, e.span, {first, last, constant_int(1, e.span)})
                                                                 : make(TK::kTuple, types_.tuple(ends), e.span, {first, last});
            return scope.finish(crate_protocol(t, "__slice__", {held, range}, e.span));
        }
    }
    return scope.finish(slice_between(held, {slice_bound(e.start), slice_bound(e.stop), slice_bound(e.step)}, e.span));
}

// `bounds`: start, stop and step; INT64_MIN where there is none.
TExpr* Checker::slice_between(TExpr* object, const std::array<TExpr*, 3>& bounds, Span span) {
    BlockScope scope(*this);
    TExpr* held = hold(object);
    const Type* t = prune(held->type);
    const auto& [start, stop, step] = bounds;
    if (t->kind == TypeKind::kTuple) return scope.finish(slice_between(long_tuple(held), bounds, span));
    if (t->kind == TypeKind::kRange) {
        Unit* written = import_unit("_builtin_methods", span);
        const Entity function = written != nullptr ? unit_member(*written, "range___getslice__", span) : Entity{};
        if (function.kind == EntityKind::kFunction) return scope.finish(call_values(*function.function, {held, start, stop, step}, span));
    }
    switch (t->kind) {
        case TypeKind::kStr: return scope.finish(runtime(RT::kt_str_slice, types_.str, span, {held, start, stop, step}));
        case TypeKind::kBytes: return scope.finish(runtime(RT::kt_bytes_slice, types_.bytes, span, {held, start, stop, step}));
        case TypeKind::kList: return scope.finish(runtime(RT::kt_list_slice, t, span, {held, start, stop, step}));
        default: break;
    }
    report(DiagCode::kNotSubscriptable, span, "'" + to_string(resolved(t)) + "' object cannot be sliced", "this is " + to_string(resolved(t))).of_none = prune(t)->kind == TypeKind::kNone;
    return never(span);
}

TExpr* Checker::subscript(const SubscriptExpr& e) {
    Entity object = entity(*e.object);
    if (object.kind == EntityKind::kModuleMember || object.kind == EntityKind::kCrateFunctions) {
        object.value = entity_value(object, *e.object, nullptr);
        object.kind = EntityKind::kValue;
    }
    if (object.kind == EntityKind::kType && object.type->class_info != nullptr && object.type->class_info->is_enum) return enum_by_name(*object.type->class_info, e);
    if (object.kind != EntityKind::kValue) {
        report(DiagCode::kNotSubscriptable, e.span, "this cannot be subscripted");
        return never(e.span);
    }
    if (object.value == nullptr) return never(e.span);
    return subscript_value(object.value, e);
}

TExpr* Checker::subscript_value(TExpr* object, const SubscriptExpr& e) {
    const Type* t = prune(object->type);
    Span span = e.span;
    if (t->kind == TypeKind::kNever) return object;
    object = plain_value(present(object, "'NoneType' object is not subscriptable"), {"__getitem__"});
    t = prune(object->type);
    auto missing_key = [&](TExpr* key) -> TExpr* {  // of another type than the keys: it is not among them
        BlockScope absent(*this);
        const Type* error = types_.find_exception("KeyError");
        TExpr* args = make(TK::kList, types_.list(types_.dynamic), span, {convert(key, types_.dynamic)});
        TStmt* raise = stmt(typed::StmtKind::kRaise, span);
        raise->a = runtime(RT::kt_exception_new, error, span, {type_info(error, span), args});
        emit(raise);
        return absent.finish(never(span));
    };
    if (is_several(t))
        return dispatch(object, span, [&](TExpr* member) -> TExpr* {
            const Type* of = prune(member->type);
            if (of->kind == TypeKind::kDict && e.index->kind != ExprKind::kSlice && !of->name.starts_with("defaultdict")) {
                BlockScope scope(*this);
                TExpr* key = expression(*e.index);
                if (!is_several(key->type) && hashable(key->type) && !accepts(of->args[0], key->type) && prune(of->args[0])->kind != TypeKind::kVar)
                    return scope.finish(missing_key(hold(key)));
                scope.take();
            }
            return subscript_value(member, e);
        });
    if (is_instance(t)) {
        if (e.index->kind == ExprKind::kSlice && find_method(*t->class_info, "__getslice__") != nullptr) {  // of shipped classes
            const auto& slice = as<SliceExpr>(*e.index);
            return call_method(object, "__getslice__", {slice_bound(slice.start), slice_bound(slice.stop), slice_bound(slice.step)}, span);
        }
        if (TExpr* item = call_method(object, "__getitem__", {expression(*e.index)}, span)) return item;
        if (TExpr* tuple = call_method(object, "_as_tuple", {}, span)) return subscript_value(tuple, e);
    }
    if (e.index->kind == ExprKind::kSlice) return slice_value(object, as<SliceExpr>(*e.index));
    if (t->kind != TypeKind::kDict && t->kind != TypeKind::kHandle) {
        BlockScope scope(*this);
        TExpr* held = is_plain_read(object) ? object : hold(object);
        if (const auto bounds = slice_bounds(*e.index)) return scope.finish(slice_between(held, *bounds, span));
        object = scope.finish(held);
    }
    auto index = [&](const char* what) { return coerce(expression(*e.index), types_.integer, e.index->span, what, true); };
    switch (t->kind) {
        case TypeKind::kList: return make(TK::kListGet, t->args[0], span, {object, index("list index")});
        case TypeKind::kStr: return runtime(RT::kt_str_index, types_.str, span, {object, index("string index")});
        case TypeKind::kBytes: return runtime(RT::kt_bytes_index, types_.integer, span, {object, index("bytes index")});
        case TypeKind::kDict: {
            TExpr* key = expression(*e.index);
            if (t->name.starts_with("defaultdict")) grow(t->args[0], key->type);
            const Type* k = prune(key->type);
            if (is_several(k) && !accepts(t->args[0], k)) {
                // Of another type than the keys: it is not among them.
                BlockScope scope(*this);
                TExpr* held = hold(object);
                return scope.finish(dispatch(key, span, [&](TExpr* one) -> TExpr* {
                    if (accepts(t->args[0], one->type)) return dict_item(held, convert(one, t->args[0]), span);
                    return missing_key(one);
                }));
            }
            if (types::is_numeric(k) && types::is_numeric(prune(t->args[0])) && k->kind == TypeKind::kBool) key = convert(key, t->args[0]);
            return dict_item(object, coerce(key, t->args[0], e.index->span, "key of " + to_string(resolved(t))), span);
        }
        case TypeKind::kTuple: {
            TExpr* at = expression(*e.index);
            const auto count = static_cast<int64_t>(t->args.size());
            if (at->kind == TK::kInt) {
                int64_t i = at->int_value < 0 ? at->int_value + count : at->int_value;
                if (i < 0 || i >= count) {
                    BlockScope scope(*this);
                    emit_expr(object);
                    raise_stmt(types_.find_exception("IndexError"), "tuple index out of range", span);
                    return scope.finish(never(span));
                }
                TExpr* item = make(TK::kTupleGet, t->args[static_cast<size_t>(i)], span, {object});
                item->index = static_cast<uint32_t>(i);
                return item;
            }
            // An index known at run time only: every element as the union of their types.
            const Type* element = types_.never;
            for (const Type* m : t->args) element = join_types(element, m);
            BlockScope scope(*this);
            TExpr* held = hold(object);
            Args items;
            for (size_t i = 0; i < t->args.size(); ++i) {
                TExpr* item = make(TK::kTupleGet, t->args[i], span, {held});
                item->index = static_cast<uint32_t>(i);
                items.push_back(convert(item, element));
            }
            TExpr* list = make(TK::kList, types_.list(element, "tuple"), span, items);
            return scope.finish(make(TK::kListGet, element, span, {list, coerce(at, types_.integer, e.index->span, "tuple index", true)}));
        }
        case TypeKind::kRange: {
            Unit* written = import_unit("_builtin_methods", span);
            const Entity function = written != nullptr ? unit_member(*written, "range___getitem__", span) : Entity{};
            if (function.kind == EntityKind::kFunction) return call_values(*function.function, {object, index("range index")}, span);
            break;
        }
        case TypeKind::kHandle:
            if (const Manifest* m = manifest_of(t); m != nullptr && !crate_functions(*m, std::string(t->name) + ".__getitem__").empty())
                return crate_protocol(t, "__getitem__", {object, expression(*e.index)}, span);
            break;
        default: break;
    }
    report(DiagCode::kNotSubscriptable, span, "'" + to_string(resolved(t)) + "' object is not subscriptable", "this is " + to_string(resolved(t))).of_none = prune(t)->kind == TypeKind::kNone;
    return never(span);
}

// --- text

TExpr* Checker::to_str(TExpr* value) {
    const Type* t = prune(value->type);
    switch (t->kind) {
        case TypeKind::kStr: return value;
        case TypeKind::kInt: return runtime(RT::kt_int_str, types_.str, value->span, {value});
        case TypeKind::kFloat: return runtime(RT::kt_float_str, types_.str, value->span, {value});
        case TypeKind::kException: return runtime(RT::kt_exception_str, types_.str, value->span, {value});
        case TypeKind::kNever: return make(TK::kConvert, types_.str, value->span, {value});
        default:
            if (TExpr* shown = class_repr(value)) return shown;
            return runtime(RT::kt_str, types_.str, value->span, {type_info(t, value->span), value});
    }
}

TExpr* Checker::to_repr(TExpr* value) {
    const Type* t = prune(value->type);
    if (t->kind == TypeKind::kInt) return runtime(RT::kt_int_str, types_.str, value->span, {value});
    if (t->kind == TypeKind::kNever) return make(TK::kConvert, types_.str, value->span, {value});
    if (TExpr* shown = class_repr(value)) return shown;
    return runtime(RT::kt_repr, types_.str, value->span, {type_info(t, value->span), value});
}

TExpr* Checker::format_value(TExpr* value, TExpr* spec, Span span) {
    if (spec == nullptr || (spec->kind == TK::kStr && spec->text.empty())) return to_str(value);
    const Type* t = prune(value->type);
    if (t->kind == TypeKind::kNever) return make(TK::kConvert, types_.str, span, {value});
    return runtime(RT::kt_format, types_.str, span, {type_info(t, span), value, spec});
}

TExpr* Checker::format_spec(const FStringExpr* spec, Span) { return spec == nullptr ? nullptr : fstring(*spec); }

TExpr* Checker::fstring(const FStringExpr& e) {
    Args pieces;
    for (const FStringPart& part : e.parts) {
        if (part.value == nullptr) {
            if (!part.text.empty()) pieces.push_back(constant_str(part.text, part.span));
            continue;
        }
        if (!part.debug_text.empty()) pieces.push_back(constant_str(part.debug_text, part.span));
        TExpr* value = expression(*part.value);
        TExpr* spec = format_spec(part.spec, part.span);
        char conversion = part.conversion;
        if (conversion == 0 && !part.debug_text.empty() && spec == nullptr) conversion = 'r';
        if (conversion == 'r') value = to_repr(value);
        if (conversion == 's') value = to_str(value);
        if (conversion == 'a') value = runtime(RT::kt_ascii, types_.str, part.span, {type_info(prune(value->type), part.span), value});
        pieces.push_back(format_value(value, spec, part.span));
    }
    if (pieces.empty()) return constant_str("", e.span);
    if (pieces.size() == 1) return pieces[0];
    return make(TK::kStrJoin, types_.str, e.span, pieces);
}

}  // namespace kayton::check
