// Methods of built-in containers that a table cannot say: those that take any iterable, a key function, or whose
// result depends on their arguments.
#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;

TExpr* Checker::special_method(TExpr* object, std::string_view name, const CallExpr& e, bool& handled) {
    if (TExpr* result = collection_method(object, name, e, handled); handled) return result;
    switch (prune(object->type)->kind) {
        case TypeKind::kList: return list_method(object, name, e, handled);
        case TypeKind::kDict: return dict_method(object, name, e, handled);
        case TypeKind::kSet: return set_method(object, name, e, handled);
        case TypeKind::kStr: return str_method(object, name, e, handled);
        case TypeKind::kBytes:
            if (name == "join" && argument_count(e, "join", 1, 1)) {
                handled = true;
                TExpr* list = list_from(*e.args[0], &e, types_.list(types_.bytes));
                const Type* given = prune(list->type);
                if (given->kind == TypeKind::kList && prune(given->args[0])->kind != TypeKind::kBytes && prune(given->args[0])->kind != TypeKind::kVar &&
                    prune(given->args[0])->kind != TypeKind::kNever) {
                    // Buffers of other classes among them.
                    TExpr* held = hold(object);
                    const Type* parts = types_.list(types_.bytes);
                    uint32_t collected = temp(parts);
                    assign_local(collected, make(TK::kList, parts, e.span, Args{}));
                    loop_over(iterate_value(list, e.span), e.span, [&](TExpr* part) {
                        emit_expr(runtime(RT::kt_list_append, types_.none, e.span, {read_local(collected, e.span), coerce(part, types_.bytes, e.args[0]->span, "bytes.join()")}));
                    });
                    return runtime(RT::kt_bytes_join, types_.bytes, e.span, {held, read_local(collected, e.span)});
                }
                return runtime(RT::kt_bytes_join, types_.bytes, e.span, {object, coerce(list, types_.list(types_.bytes), e.args[0]->span, "bytes.join()")});
            }
            return nullptr;
        case TypeKind::kTextFile:
        case TypeKind::kBinaryFile:
            if (name == "writelines" && e.args.size() == 1) {
                handled = true;
                TExpr* held = hold(object);
                const bool text = prune(object->type)->kind == TypeKind::kTextFile;
                for_each(*e.args[0], [&](TExpr* line) {
                    emit_expr(runtime(text ? RT::kt_file_write : RT::kt_file_write_bytes, types_.integer, e.span,
                                      {held, coerce(line, text ? types_.str : types_.bytes, e.span, "writelines()")}));
                });
                return constant_none(e.span);
            }
            return nullptr;
        default: return nullptr;
    }
}

TExpr* Checker::list_method(TExpr* object, std::string_view name, const CallExpr& e, bool& handled) {
    const Type* t = prune(object->type);
    if (t->name == "tuple") return nullptr;
    if (name == "sort") {
        handled = true;
        if (!only_keywords(e, "sort", {"key", "reverse"}) || !argument_count(e, "sort", 0, 0)) return never(e.span);
        TExpr* held = hold(object);
        const Expr* reverse = keyword(e, "reverse");
        TExpr* descending = reverse != nullptr ? hold(truth(expression(*reverse))) : constant_bool(false, e.span);
        emit_expr(sort_list(held, keyword(e, "key"), descending, e.span));
        return constant_none(e.span);
    }
    if (name == "extend") {
        handled = true;
        if (!argument_count(e, "extend", 1, 1)) return never(e.span);
        TExpr* held = hold(object);
        TExpr* more = nullptr;
        std::string builtin;
        if (!is_iterator_builtin(*e.args[0], builtin) && e.args[0]->kind != ExprKind::kComprehension) {
            more = expression(*e.args[0], t);
            if (prune(more->type)->kind == TypeKind::kList && prune(more->type)->name == t->name && (flow_into(more->type, t) || accepts(t, more->type))) {
                emit_expr(runtime(RT::kt_list_extend, types_.none, e.span, {held, convert(more, t)}));
                return constant_none(e.span);
            }
            if (typed::Iter* iter = iterate_value(more, e.args[0]->span))
                loop_over(iter, e.span, [&](TExpr* element) { append_to(held, element, e.args[0]->span); });
            return constant_none(e.span);
        }
        TExpr* list = list_from(*e.args[0], &e, types_.list(t->args[0]));
        if (flow_into(list->type, types_.list(t->args[0]))) {
            emit_expr(runtime(RT::kt_list_extend, types_.none, e.span, {held, list}));
        } else {
            coerce(list, t, e.args[0]->span, "list.extend()");
        }
        return constant_none(e.span);
    }
    return nullptr;
}

TExpr* Checker::dict_method(TExpr* object, std::string_view name, const CallExpr& e, bool& handled) {
    const Type* t = prune(object->type);
    const Type* key_type = t->args[0];
    const Type* value_type = t->args[1];
    Span span = e.span;
    auto key_argument = [&]() -> TExpr* {
        TExpr* key = expression(*e.args[0]);
        const Type* k = prune(key_type);
        if (types::is_numeric(k) && types::is_numeric(prune(key->type)) && k->kind != prune(key->type)->kind && k->kind != TypeKind::kBool &&
            prune(key->type)->kind != TypeKind::kFloat)
            return convert(key, key_type);
        return coerce(key, key_type, e.args[0]->span, "key of " + to_string(resolved(t)));
    };
    if (name == "keys" || name == "values" || name == "items") {
        handled = true;
        if (!argument_count(e, std::string(name), 0, 0)) return never(span);
        const Type* element = name == "keys" ? key_type : name == "values" ? value_type : types_.tuple(t->args);
        const Type* list = types_.list(element);
        RT fn = name == "keys" ? RT::kt_dict_keys : name == "values" ? RT::kt_dict_values : RT::kt_dict_items;
        return runtime(fn, list, span, {object, type_info(list, span)});
    }
    if (name == "get") {
        handled = true;
        if (!argument_count(e, "get", 1, 2)) return never(span);
        TExpr* dict = hold(object);
        const Type* kt = prune(expression(*e.args[0])->type);
        if (kt->kind == TypeKind::kUnion && types::is_union_with_none(kt) && accepts(key_type, types_.without(kt, types_.none))) {
            // None is no key here: the default stands for it.
            TExpr* maybe = hold(expression(*e.args[0]));
            TExpr* other = hold(e.args.size() == 2 ? expression(*e.args[1], value_type) : constant_none(span));
            TExpr* absent = type_test(maybe, types_.none, span);
            const Type* rest = types_.without(kt, types_.none);
            TExpr* got = nullptr;
            {
                BlockScope branch(*this);
                TExpr* present = make(TK::kDictGet, types_.optional(value_type), span, {dict, convert(narrow(maybe, rest), key_type)});
                if (prune(other->type)->kind == TypeKind::kNone) {
                    got = branch.finish(present);
                } else {
                    TExpr* held_present = hold(runtime(RT::kt_dict_contains, types_.boolean, span, {dict, convert(narrow(maybe, rest), key_type)}));
                    const Type* both = join_types(value_type, other->type);
                    got = branch.finish(if_expr(held_present, runtime(RT::kt_dict_get, value_type, span, {dict, convert(narrow(maybe, rest), key_type)}), other, both));
                }
            }
            return if_expr(absent, other, got, join_types(got->type, other->type));
        }
        TExpr* key = hold(key_argument());
        if (e.args.size() == 1 || e.args[1]->kind == ExprKind::kNone)
            return make(TK::kDictGet, types_.optional(value_type), span, {dict, key});
        TExpr* fallback = expression(*e.args[1], value_type);
        if (flow_into(fallback->type, value_type) && accepts(value_type, fallback->type))
            return runtime(RT::kt_dict_get_or, value_type, span, {dict, key, convert(fallback, value_type)});
        const Type* both = join_types(value_type, fallback->type);
        TExpr* held_fallback = hold(fallback);
        TExpr* present = runtime(RT::kt_dict_contains, types_.boolean, span, {dict, key});
        return if_expr(present, runtime(RT::kt_dict_get, value_type, span, {dict, key}), held_fallback, both);
    }
    if (name == "pop") {
        handled = true;
        if (!argument_count(e, "pop", 1, 2)) return never(span);
        TExpr* dict = hold(object);
        TExpr* key = hold(key_argument());
        if (e.args.size() == 1) return runtime(RT::kt_dict_pop, value_type, span, {dict, key});
        TExpr* fallback = expression(*e.args[1], value_type);
        if (prune(fallback->type)->kind != TypeKind::kNone && flow_into(fallback->type, value_type) && accepts(value_type, fallback->type))
            return runtime(RT::kt_dict_pop_or, value_type, span, {dict, key, convert(fallback, value_type)});
        const Type* both = join_types(value_type, fallback->type);
        TExpr* held_fallback = hold(fallback);
        TExpr* present = runtime(RT::kt_dict_contains, types_.boolean, span, {dict, key});
        return if_expr(present, runtime(RT::kt_dict_pop, value_type, span, {dict, key}), held_fallback, both);
    }
    if (name == "setdefault") {
        handled = true;
        if (!argument_count(e, "setdefault", 1, 2)) return never(span);
        TExpr* dict = hold(object);
        TExpr* raw = hold(expression(*e.args[0]));
        if (!grow(key_type, raw->type)) return coerce(raw, key_type, e.args[0]->span, "dict key");
        TExpr* fallback = e.args.size() == 2 ? expression(*e.args[1], value_type) : constant_none(span);
        if (!grow(value_type, fallback->type)) {
            coerce(fallback, value_type, span, "value of " + to_string(resolved(t)));
            return never(span);
        }
        return runtime(RT::kt_dict_setdefault, value_type, span, {dict, convert(raw, key_type), convert(fallback, value_type)});
    }
    if (name == "update") {
        handled = true;
        TExpr* dict = hold(object);
        auto set = [&](TExpr* key, TExpr* value, Span at) {
            if (!grow(key_type, key->type) || !grow(value_type, value->type)) {
                report_limit(DiagCode::kTypeMismatch, at, to_string(resolved(t)) + " cannot take a pair of " + to_string(resolved(key->type)) + " and " + to_string(resolved(value->type)));
                return;
            }
            emit_expr(runtime(RT::kt_dict_set, types_.none, at, {dict, convert(key, key_type), convert(value, value_type)}));
        };
        for (const Expr* arg : e.args) {
            TExpr* more = expression(*arg, t);
            if (prune(more->type)->kind == TypeKind::kDict) {
                if (flow_into(plain(more->type), plain(t))) {
                    emit_expr(runtime(RT::kt_dict_update, types_.none, span, {dict, more}));
                    continue;
                }
                TExpr* held = hold(more);
                typed::Iter* iter = make_iter(typed::IterKind::kDictItems, arg->span, {held}, prune(more->type)->args[0]);
                iter->local2 = temp(prune(more->type)->args[1]);
                loop_over(iter, arg->span, [&](TExpr* pair) { set(pair->args[0], pair->args[1], arg->span); });
                continue;
            }
            if (typed::Iter* iter = iterate_value(more, arg->span)) {
                loop_over(iter, arg->span, [&](TExpr* pair) {
                    if (const Type* given = prune(pair->type); given->kind == TypeKind::kStr || given->kind == TypeKind::kList)
                        if (Unit* written = import_unit("_builtin_methods", arg->span)) {
                            const Entity split = unit_member(*written, "_pair", arg->span);
                            if (split.kind == EntityKind::kFunction) pair = call_values(*split.function, {pair}, arg->span);
                        }
                    const Type* p = prune(pair->type);
                    if (p->kind != TypeKind::kTuple || p->args.size() != 2) {
                        if (p->kind != TypeKind::kNever) report(DiagCode::kTypeMismatch, arg->span, "dict.update() takes pairs");
                        return;
                    }
                    TExpr* held = hold(pair);
                    TExpr* k = make(TK::kTupleGet, p->args[0], arg->span, {held});
                    TExpr* v = make(TK::kTupleGet, p->args[1], arg->span, {held});
                    v->index = 1;
                    set(k, v, arg->span);
                });
            }
        }
        for (const KeywordArg& k : e.keywords) set(constant_str(k.name, k.span), expression(*k.value), k.span);
        return constant_none(span);
    }
    return nullptr;
}

TExpr* Checker::set_method(TExpr* object, std::string_view name, const CallExpr& e, bool& handled) {
    const Type* t = prune(object->type);
    Span span = e.span;
    struct Named {
        std::string_view name;
        RT fn;
    };
    static constexpr Named kMaking[] = {{"union", RT::kt_set_union},
                                        {"intersection", RT::kt_set_intersection},
                                        {"difference", RT::kt_set_difference},
                                        {"symmetric_difference", RT::kt_set_symmetric_difference}};
    auto as_set = [&](const Expr& arg) -> TExpr* {
        TExpr* value = expression(arg);
        if (prune(value->type)->kind == TypeKind::kSet && prune(value->type)->name == t->name) return coerce(value, t, arg.span, "set operation");
        uint32_t collected = temp(t);
        assign_local(collected, runtime(RT::kt_set_new, t, span, {type_info(t, span)}));
        if (typed::Iter* iter = iterate_value(value, arg.span))
            loop_over(iter, arg.span, [&](TExpr* element) {
                if (!grow(t->args[0], element->type)) {
                    coerce(element, t->args[0], arg.span, "set operation");
                    return;
                }
                emit_expr(runtime(RT::kt_set_add, types_.none, arg.span, {read_local(collected, arg.span), convert(element, t->args[0])}));
            });
        return read_local(collected, arg.span);
    };
    for (const Named& n : kMaking) {
        if (name != n.name) continue;
        handled = true;
        TExpr* result = hold(object);
        if (e.args.empty()) return runtime(RT::kt_set_copy, t, span, {result});
        for (const Expr* arg : e.args) result = hold(runtime(n.fn, t, span, {result, as_set(*arg)}));
        return result;
    }
    if (name == "update") {
        handled = true;
        TExpr* held = hold(object);
        for (const Expr* arg : e.args) emit_expr(runtime(RT::kt_set_update, types_.none, span, {held, as_set(*arg)}));
        return constant_none(span);
    }
    if ((name == "issubset" || name == "issuperset" || name == "isdisjoint") && e.args.size() == 1) {
        handled = true;
        TExpr* held = hold(object);
        TExpr* other = hold(as_set(*e.args[0]));
        if (name == "isdisjoint") return runtime(RT::kt_set_isdisjoint, types_.boolean, span, {held, other});
        return runtime(RT::kt_set_issubset, types_.boolean, span, name == "issubset" ? Args{held, other} : Args{other, held});
    }
    return nullptr;
}

TExpr* Checker::str_method(TExpr* object, std::string_view name, const CallExpr& e, bool& handled) {
    Span span = e.span;
    if (name == "join" && e.args.size() == 1) {
        handled = true;
        TExpr* separator = hold(object);
        TExpr* list = list_from(*e.args[0], &e, types_.list(types_.str));
        const Type* t = prune(list->type);
        if (t->kind == TypeKind::kNever) return never(span);
        const Type* element = prune(t->args[0]);
        if (element->kind != TypeKind::kNever && element->kind != TypeKind::kVar && element->kind != TypeKind::kStr) {
            report(DiagCode::kTypeMismatch, e.args[0]->span, "str.join() takes strings, found " + to_string(resolved(element)),
                   "this yields " + to_string(resolved(element)), "convert each with str(...)");
            return never(span);
        }
        return runtime(RT::kt_str_join, types_.str, span, {separator, convert(list, types_.list(types_.str))});
    }
    if (name == "format") {
        handled = true;
        if (object->kind == TK::kStr)
            if (TExpr* known = format_known(object->text, e)) return known;
        TExpr* held = hold(object);
        // What is spread has any number of values: they are put behind those before them.
        const Type* list_type = types_.list(types_.dynamic);
        const Type* dict_type = types_.dict(types_.str, types_.dynamic);
        Args items, pairs;
        TExpr* positional = nullptr;
        TExpr* named = nullptr;
        for (const Expr* arg : e.args) {
            if (arg->kind == ExprKind::kStarred) {
                if (positional == nullptr) positional = hold(make(TK::kList, list_type, span, items));
                for_each(*as<StarredExpr>(*arg).value, [&](TExpr* element) {
                    emit_expr(runtime(RT::kt_list_append, types_.none, arg->span, {positional, convert(element, types_.dynamic)}));
                });
                continue;
            }
            TExpr* item = convert(expression(*arg), types_.dynamic);
            if (positional == nullptr) items.push_back(hold(item));
            else emit_expr(runtime(RT::kt_list_append, types_.none, arg->span, {positional, item}));
        }
        if (positional == nullptr) positional = make(TK::kList, list_type, span, items);
        for (const KeywordArg& k : e.keywords) {
            if (k.name.empty()) {
                if (named == nullptr) named = hold(make(TK::kDict, dict_type, span, pairs));
                TExpr* mapping = hold(expression(*k.value));
                const Type* m = prune(mapping->type);
                if (m->kind == TypeKind::kNever) return mapping;
                if (m->kind != TypeKind::kDict) {
                    report(DiagCode::kUnsupported, k.span, "`**` in str.format() takes a dict with keys of str", "this is " + to_string(resolved(m)));
                    return never(span);
                }
                typed::Iter* iter = make_iter(typed::IterKind::kDictItems, k.span, {mapping}, m->args[0]);
                iter->local2 = temp(m->args[1]);
                loop_over(iter, k.span, [&](TExpr* pair) {
                    emit_expr(runtime(RT::kt_dict_set, types_.none, k.span, {named, coerce(pair->args[0], types_.str, k.span, "`**` in str.format()"), convert(pair->args[1], types_.dynamic)}));
                });
                continue;
            }
            TExpr* value = convert(expression(*k.value), types_.dynamic);
            if (named == nullptr) {
                pairs.push_back(constant_str(k.name, k.span));
                pairs.push_back(hold(value));
            } else {
                emit_expr(runtime(RT::kt_dict_set, types_.none, k.span, {named, constant_str(k.name, k.span), value}));
            }
        }
        if (named == nullptr) named = pairs.empty() ? null(span) : make(TK::kDict, dict_type, span, pairs);
        return runtime(RT::kt_str_format, types_.str, span, {held, positional, named});
    }
    if ((name == "startswith" || name == "endswith") && !e.args.empty()) {
        TExpr* first = expression(*e.args[0]);
        const Type* t = prune(first->type);
        if (t->kind != TypeKind::kTuple && t->kind != TypeKind::kList) return nullptr;
        handled = true;
        TExpr* held = hold(object);
        TExpr* any = t->kind == TypeKind::kList ? first : list_from(*e.args[0], &e, types_.list(types_.str));
        return runtime(name == "startswith" ? RT::kt_str_startswith_any : RT::kt_str_endswith_any, types_.boolean, span,
                       {held, coerce(any, types_.list(types_.str), e.args[0]->span, "str." + std::string(name) + "()"),
                        e.args.size() > 1 ? bound_or_absent(expression(*e.args[1]), e.args[1]->span, "str." + std::string(name) + "()") : constant_int(INT64_MIN, span),
                        e.args.size() > 2 ? bound_or_absent(expression(*e.args[2]), e.args[2]->span, "str." + std::string(name) + "()") : constant_int(INT64_MIN, span)});
    }
    if (name == "translate" && e.args.size() == 1) {
        handled = true;
        TExpr* held = hold(object);
        const Type* table_type = types_.dict(types_.integer, types_.dynamic);
        TExpr* given = hold(expression(*e.args[0]));
        const Type* g = prune(given->type);
        if (g->kind == TypeKind::kNever) return never(span);
        if (g->kind != TypeKind::kDict || prune(g->args[0])->kind != TypeKind::kInt) {
            report(DiagCode::kTypeMismatch, e.args[0]->span, "str.translate() takes a dict with keys of int", "this is " + to_string(resolved(g)));
            return never(span);
        }
        uint32_t table = temp(table_type);
        assign_local(table, make(TK::kDict, table_type, span, Args{}));
        typed::Iter* iter = make_iter(typed::IterKind::kDictItems, span, {given}, types_.integer);
        iter->local2 = temp(g->args[1]);
        loop_over(iter, span, [&](TExpr* pair) {
            emit_expr(runtime(RT::kt_dict_set, types_.none, span, {read_local(table, span), pair->args[0], convert(pair->args[1], types_.dynamic)}));
        });
        return runtime(RT::kt_str_translate, types_.str, span, {held, read_local(table, span)});
    }
    return nullptr;
}

}  // namespace kayton::check
