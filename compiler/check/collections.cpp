// The containers of `collections` and tuples of any length: flavours of lists, dicts and sets. They lie in memory as the
// plain ones; what differs is known from their type.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"
#include "compiler/syntax/parser.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;
using typed::Op;

// The type without its flavour.
const Type* Checker::plain(const Type* t) {
    t = prune(t);
    if (t->name.empty()) return t;
    switch (t->kind) {
        case TypeKind::kList: return types_.list(t->args[0]);
        case TypeKind::kDict: return types_.dict(t->args[0], t->args[1]);
        case TypeKind::kSet: return types_.set(t->args[0]);
        default: return t;
    }
}

// A list of the flavour with the elements of any iterable.
TExpr* Checker::collect(TExpr* value, Span span, std::string_view flavour) {
    if (prune(value->type)->kind == TypeKind::kNever) return value;
    BlockScope scope(*this);
    TExpr* held = prune(value->type)->kind == TypeKind::kTuple ? value : hold(value);
    typed::Iter* iter = iterate_value(held, span);
    if (iter == nullptr) return never(span);
    // Keyed by the place and the instance; several at one place share what they hold.
    const Type* variable = nullptr;
    {
        auto& slot = state_->instance->extra_variables[{static_cast<const void*>(&file()), static_cast<int>(span.begin * 8 + (flavour == "tuple" ? 1 : 2))}];
        if (slot == nullptr) slot = types_.variable();
        variable = slot;
    }
    uint32_t collected = temp(types_.list(variable, flavour));
    assign_local(collected, make(TK::kList, types_.list(variable, flavour), span, Args{}));
    loop_over(iter, span, [&](TExpr* element) { append_to(read_local(collected, span), element, span); });
    return scope.finish(read_local(collected, span));
}

// A tuple whose length is known as one of any length.
TExpr* Checker::long_tuple(TExpr* tuple) {
    const Type* element = types_.never;
    for (const Type* m : prune(tuple->type)->args) element = join_types(element, m);
    return convert(tuple, types_.list(element, "tuple"));
}

// What a missing key of a defaultdict or Counter stands for. Null: it is an error.
TExpr* Checker::default_item(const Type* dict, Span span) {
    dict = prune(dict);
    if (dict->name == "Counter") return constant_int(0, span);
    if (!dict->name.starts_with("defaultdict#") && !dict->name.starts_with("defaultdict:")) return nullptr;
    const size_t number = std::stoul(std::string(dict->name.substr(dict->name.find('#') + 1)));
    const Expr& factory = *factories_[number];
    const Type* value = prune(dict->args[1]);
    if (factory.kind == ExprKind::kName) {
        std::string_view name = as<NameExpr>(factory).name;
        if (name == "list" && value->kind == TypeKind::kList) return make(TK::kList, value, span, Args{});
        if (name == "dict" && value->kind == TypeKind::kDict) return make(TK::kDict, value, span, Args{});
        if (name == "set" && value->kind == TypeKind::kSet) return runtime(RT::kt_set_new, value, span, {type_info(value, span)});
    }
    TExpr* made = factory.kind == ExprKind::kLambda ? inline_lambda(as<LambdaExpr>(factory), {}, span) : call(*call_of(factory, {}), nullptr);
    grow(dict->args[1], made->type);
    return convert(made, dict->args[1]);
}

TExpr* Checker::dict_item(TExpr* dict, TExpr* key, Span span) {
    const Type* t = prune(dict->type);
    if (t->name == "Counter")
        return runtime(RT::kt_dict_get_or, t->args[1], span, {dict, key, convert(constant_int(0, span), t->args[1])});
    if (!t->name.starts_with("defaultdict#") && !t->name.starts_with("defaultdict:")) return runtime(RT::kt_dict_get, t->args[1], span, {dict, key});
    BlockScope scope(*this);
    dict = hold(dict);
    key = hold(key);
    TExpr* present = runtime(RT::kt_dict_contains, types_.boolean, span, {dict, key});
    emit_if(negate(present), span, [&] {
        TExpr* value = default_item(t, span);
        emit_expr(runtime(RT::kt_dict_set, types_.none, span, {dict, key, convert(value, t->args[1])}));
    });
    return scope.finish(runtime(RT::kt_dict_get, t->args[1], span, {dict, key}));
}

// Adds the elements of an iterable, or the counts of a mapping, to a Counter.
TExpr* Checker::count_into(TExpr* counter, const Expr& more, const CallExpr& e, bool subtract) {
    Span span = e.span;
    const Type* t = prune(counter->type);
    auto add = [&](TExpr* key, TExpr* count) {
        if (!hashable(key->type)) {
            report(DiagCode::kUnhashable, more.span, "unhashable type: '" + to_string(resolved(key->type)) + "'");
            return;
        }
        grow(t->args[0], key->type);
        key = hold(convert(key, t->args[0]));
        TExpr* before = runtime(RT::kt_dict_get_or, t->args[1], span, {counter, key, convert(constant_int(0, span), t->args[1])});
        TExpr* after = binary(subtract ? BinaryOp::kSub : BinaryOp::kAdd, before, count, span, span);
        grow(t->args[1], after->type);
        emit_expr(runtime(RT::kt_dict_set, types_.none, span, {counter, key, convert(after, t->args[1])}));
    };
    std::string builtin;
    if (more.kind != ExprKind::kComprehension && !is_iterator_builtin(more, builtin)) {
        TExpr* value = expression(more);
        const Type* given = prune(value->type);
        if (given->kind == TypeKind::kDict) {
            TExpr* held = hold(value);
            typed::Iter* iter = make_iter(typed::IterKind::kDictItems, span, {held}, given->args[0]);
            iter->local2 = temp(given->args[1]);
            loop_over(iter, span, [&](TExpr* pair) { add(pair->args[0], pair->args[1]); });
        } else if (typed::Iter* iter = iterate_value(value, more.span)) {
            loop_over(iter, span, [&](TExpr* element) { add(element, constant_int(1, span)); });
        }
    } else if (more.kind == ExprKind::kComprehension && as<ComprehensionExpr>(more).comprehension == ComprehensionKind::kGenerator) {
        const auto& generator = as<ComprehensionExpr>(more);
        comprehension_clauses(generator, 0, [&] { add(expression(*generator.element), constant_int(1, span)); });
    } else {
        for_each(more, [&](TExpr* element) { add(element, constant_int(1, span)); });
    }
    return counter;
}

TExpr* Checker::collection_call(const std::string& name, const CallExpr& e) {
    Span span = e.span;
    BlockScope scope(*this);
    if (name == "deque") {
        if (!only_keywords(e, "deque", {"maxlen"}) || !argument_count(e, "deque", 0, 2)) return never(span);
        const Expr* maxlen = e.args.size() == 2 ? e.args[1] : keyword(e, "maxlen");
        if (maxlen != nullptr && maxlen->kind != ExprKind::kNone) {  // a class of its own, written in Kayton
            const CallExpr*& made = applied_[{&e, SIZE_MAX}];
            TreeBuilder tree(synthetic_, span);
            if (made == nullptr) made = tree.call(*e.callee, {e.args.empty() ? tree.none() : e.args[0], const_cast<Expr*>(maxlen)});
            Unit* unit = import_unit("_bounded_deque", span);
            const Entity bounded = unit != nullptr ? unit_member(*unit, "deque", span) : Entity{};
            if (bounded.kind != EntityKind::kType || bounded.type->class_info == nullptr) return never(span);
            return scope.finish(construct(*bounded.type->class_info, *made));
        }
        const Type* variable = variable_at(&e);
        const Type* type = types_.list(variable, "deque");
        uint32_t collected = temp(type);
        assign_local(collected, make(TK::kList, type, span, Args{}));
        if (!e.args.empty()) for_each(*e.args[0], [&](TExpr* element) { append_to(read_local(collected, span), element, span); });
        return scope.finish(read_local(collected, span));
    }
    const Type* key = variable_at(&e);
    const Type* value = variable_at(&e, 1);
    if (name == "Counter") {
        grow(value, types_.integer);
        uint32_t counter = temp(types_.dict(key, value, "Counter"));
        assign_local(counter, make(TK::kDict, types_.dict(key, value, "Counter"), span, Args{}));
        if (!e.args.empty()) count_into(read_local(counter, span), *e.args[0], e, false);
        for (const KeywordArg& k : e.keywords) {
            grow(key, types_.str);
            emit_expr(runtime(RT::kt_dict_set, types_.none, k.span, {read_local(counter, span), constant_str(k.name, k.span), convert(expression(*k.value), value)}));
        }
        return scope.finish(read_local(counter, span));
    }
    std::string flavour = name;
    size_t first = 0;
    if (name == "defaultdict") {
        if (!e.args.empty() && e.args[0]->kind != ExprKind::kNone) {
            first = 1;
            const Expr& factory = *e.args[0];
            auto known = std::find(factories_.begin(), factories_.end(), &factory);
            // Built-in factories are the same wherever they stand.
            if (known == factories_.end() && factory.kind == ExprKind::kName)
                known = std::find_if(factories_.begin(), factories_.end(), [&](const Expr* f) {
                    return f->kind == ExprKind::kName && as<NameExpr>(*f).name == as<NameExpr>(factory).name;
                });
            if (known == factories_.end()) known = factories_.insert(factories_.end(), &factory);
            const std::string number = std::to_string(known - factories_.begin());
            flavour = "defaultdict";
            if (factory.kind == ExprKind::kName) flavour += ":" + std::string(as<NameExpr>(factory).name);
            flavour += "#" + number;
            if (factory.kind == ExprKind::kName) {
                std::string_view made = as<NameExpr>(factory).name;
                if (made == "list") grow(value, types_.list(variable_at(&e, 2)));
                if (made == "set") grow(value, types_.set(variable_at(&e, 2)));
                if (made == "dict") grow(value, types_.dict(variable_at(&e, 2), variable_at(&e, 3)));
                if (made == "int") grow(value, types_.integer);
                if (made == "float") grow(value, types_.floating);
                if (made == "str") grow(value, types_.str);
                if (made == "bool") grow(value, types_.boolean);
            }
        } else {
            first = e.args.empty() ? 0 : 1;
        }
    }
    const Type* type = types_.dict(key, value, flavour);
    uint32_t dict = temp(type);
    assign_local(dict, make(TK::kDict, type, span, Args{}));
    if (first == 1 && (prune(value)->kind == TypeKind::kVar || e.args[0]->kind == ExprKind::kLambda)) {
        // What the factory makes says what the values are.
        BlockScope unused(*this);
        TExpr* sample = default_item(type, span);
        unused.take();
        if (sample != nullptr) grow(value, sample->type);
    }
    if (e.args.size() > first) {
        CallExpr update = e;
        update.args = e.args.subspan(first);
        bool handled = false;
        dict_method(read_local(dict, span), "update", update, handled);
    } else if (!e.keywords.empty()) {
        CallExpr update = e;
        update.args = {};
        bool handled = false;
        dict_method(read_local(dict, span), "update", update, handled);
    }
    return scope.finish(read_local(dict, span));
}

TExpr* Checker::collection_method(TExpr* object, std::string_view name, const CallExpr& e, bool& handled) {
    const Type* t = prune(object->type);
    Span span = e.span;
    if (t->kind == TypeKind::kList && t->name == "deque") {
        handled = true;
        TExpr* held = hold(object);
        auto item = [&]() -> TExpr* {
            TExpr* value = expression(*e.args[0], t->args[0]);
            if (!grow(t->args[0], value->type)) return coerce(value, t->args[0], e.args[0]->span, "deque");
            return convert(value, t->args[0]);
        };
        if (name == "appendleft" && e.args.size() == 1) return runtime(RT::kt_list_insert, types_.none, span, {held, constant_int(0, span), item()});
        if ((name == "popleft" || name == "pop") && e.args.empty()) {
            emit_if(op(Op::kIntEq, types_.boolean, span, {len(held), constant_int(0, span)}), span, [&] { raise_stmt(types_.find_exception("IndexError"), "pop from an empty deque", span); });
            return runtime(RT::kt_list_pop, t->args[0], span, {held, constant_int(name == "pop" ? -1 : 0, span)});
        }
        if (name == "extendleft" && e.args.size() == 1) {
            for_each(*e.args[0], [&](TExpr* element) {
                grow(t->args[0], element->type);
                emit_expr(runtime(RT::kt_list_insert, types_.none, span, {held, constant_int(0, span), convert(element, t->args[0])}));
            });
            return constant_none(span);
        }
        if (name == "rotate" && e.args.size() <= 1) {
            TExpr* by = e.args.empty() ? constant_int(1, span) : coerce(expression(*e.args[0]), types_.integer, span, "deque.rotate()", true);
            TExpr* size = hold(len(held));
            TStmt* node = stmt(SK::kIf, span);
            node->a = op(Op::kIntGt, types_.boolean, span, {size, constant_int(1, span)});
            TExpr* shift = hold(by);
            node->body = block([&] {
                TExpr* at = hold(op(Op::kIntMod, types_.integer, span, {op(Op::kIntNeg, types_.integer, span, {shift}, "-a"), size}, "a % b"));
                const Type* list = t;
                TExpr* tail = hold(runtime(RT::kt_list_slice, list, span, {held, at, constant_int(INT64_MIN, span), constant_int(INT64_MIN, span)}));
                emit_expr(runtime(RT::kt_list_del_slice, types_.none, span, {held, at, constant_int(INT64_MIN, span), constant_int(INT64_MIN, span)}));
                emit_expr(runtime(RT::kt_list_set_slice, types_.none, span, {held, constant_int(0, span), constant_int(0, span), constant_int(INT64_MIN, span), tail}));
            });
            emit(node);
            return constant_none(span);
        }
        handled = false;
        return nullptr;
    }
    if (t->kind != TypeKind::kDict || t->name.empty()) return nullptr;
    if (t->name == "Counter") {
        handled = true;
        TExpr* held = hold(object);
        if (name == "most_common" && e.args.size() <= 1) {
            const Type* pair = types_.tuple(t->args);
            const Type* list = types_.list(pair);
            TExpr* items = hold(runtime(RT::kt_dict_items, list, span, {held, type_info(list, span)}));
            TExpr* counts = runtime(RT::kt_dict_values, types_.list(t->args[1]), span, {held, type_info(types_.list(t->args[1]), span)});
            emit_expr(runtime(RT::kt_list_sort_by, types_.none, span, {items, counts, constant_bool(true, span)}));
            if (e.args.empty() || e.args[0]->kind == ExprKind::kNone) return items;
            TExpr* n = coerce(expression(*e.args[0]), types_.integer, span, "most_common()", true);
            return runtime(RT::kt_list_slice, list, span, {items, constant_int(INT64_MIN, span), n, constant_int(INT64_MIN, span)});
        }
        if ((name == "update" || name == "subtract") && e.args.size() == 1) {
            count_into(held, *e.args[0], e, name == "subtract");
            return constant_none(span);
        }
        if (name == "total" && e.args.empty()) {
            uint32_t total = temp(types_.integer);
            assign_local(total, constant_int(0, span));
            loop_over(make_iter(typed::IterKind::kDictValues, span, {held}, t->args[1]), span, [&](TExpr* count) {
                assign_local(total, op(Op::kIntAdd, types_.integer, span, {read_local(total, span), coerce(count, types_.integer, span, "total()", true)}, "a + b"));
            });
            return read_local(total, span);
        }
        if (name == "elements" && e.args.empty()) {
            const Type* list = types_.list(t->args[0]);
            uint32_t out = temp(list);
            assign_local(out, make(TK::kList, list, span, Args{}));
            typed::Iter* iter = make_iter(typed::IterKind::kDictItems, span, {held}, t->args[0]);
            iter->local2 = temp(t->args[1]);
            loop_over(iter, span, [&](TExpr* pair) {
                TExpr* key = hold(pair->args[0]);
                typed::Iter* times = make_iter(typed::IterKind::kRange, span, {constant_int(0, span), coerce(pair->args[1], types_.integer, span, "elements()", true), constant_int(1, span)}, types_.integer);
                loop_over(times, span, [&](TExpr*) { append_to(read_local(out, span), key, span); });
            });
            return read_local(out, span);
        }
        handled = false;
        return nullptr;
    }
    if (t->name == "OrderedDict" && (name == "move_to_end" || name == "popitem")) {
        handled = true;
        TExpr* held = hold(object);
        const Expr* last = name == "popitem" && e.args.size() == 1 ? e.args[0] : name == "move_to_end" && e.args.size() == 2 ? e.args[1] : keyword(e, "last");
        const bool to_end = last == nullptr || (last->kind == ExprKind::kBool && as<BoolExpr>(*last).value);
        if (name == "popitem") {
            if (to_end) return runtime(RT::kt_dict_popitem, types_.tuple(t->args), span, {held});
            const Type* keys = types_.list(t->args[0]);
            TExpr* first = hold(make(TK::kListGet, t->args[0], span, {runtime(RT::kt_dict_keys, keys, span, {held, type_info(keys, span)}), constant_int(0, span)}));
            TExpr* value = hold(runtime(RT::kt_dict_pop, t->args[1], span, {held, first}));
            return make(TK::kTuple, types_.tuple(t->args), span, {first, value});
        }
        TExpr* key = hold(coerce(expression(*e.args[0]), t->args[0], e.args[0]->span, "move_to_end()"));
        TExpr* value = hold(runtime(RT::kt_dict_pop, t->args[1], span, {held, key}));
        if (to_end) {
            emit_expr(runtime(RT::kt_dict_set, types_.none, span, {held, key, value}));
        } else {
            TExpr* rest = hold(runtime(RT::kt_dict_copy, t, span, {held}));
            emit_expr(runtime(RT::kt_dict_clear, types_.none, span, {held}));
            emit_expr(runtime(RT::kt_dict_set, types_.none, span, {held, key, value}));
            emit_expr(runtime(RT::kt_dict_update, types_.none, span, {held, rest}));
        }
        return constant_none(span);
    }
    return nullptr;
}

// `namedtuple("Point", "x y")` as a base: a class of that name, which the class at hand takes over. Null: it is none.
types::ClassInfo* Checker::named_tuple_base(const CallExpr& e) {
    if (e.args.empty() || e.args[0]->kind != ExprKind::kStr) return nullptr;
    auto& made = named_tuple_bases_[&e];
    if (made == nullptr) {
        TreeBuilder tree(synthetic_, e.span);
        std::vector<Expr*> targets = {tree.name(as<StrExpr>(*e.args[0]).value)};
        auto* s = synthetic_.make<AssignStmt>();
        s->kind = StmtKind::kAssign;
        s->span = e.span;
        s->targets = synthetic_.copy(targets);
        s->value = const_cast<CallExpr*>(&e);
        made = s;
    }
    if (!named_tuple_statement(*made)) return nullptr;
    return declared_classes_.back();
}

// P = namedtuple("P", "x y"): the class that NamedTuple would make.
bool Checker::named_tuple_statement(const AssignStmt& s) {
    if (s.targets.size() != 1 || s.targets[0]->kind != ExprKind::kName || s.value->kind != ExprKind::kCall) return false;
    const auto& call = as<CallExpr>(*s.value);
    if (call.args.size() != 2) return false;
    Entity callee;
    if (call.callee->kind == ExprKind::kName) {
        if (as<NameExpr>(*call.callee).name != "namedtuple") return false;
        callee = entity(*call.callee);
    } else if (call.callee->kind == ExprKind::kAttribute && as<AttributeExpr>(*call.callee).name == "namedtuple") {
        callee = entity(*call.callee);
    }
    if (callee.kind != EntityKind::kBuiltin || callee.name != "collections.namedtuple") return false;
    std::vector<std::string> names;
    const Expr& listed = *call.args[1];
    if (listed.kind == ExprKind::kStr) {
        std::string word;
        for (char c : std::string(as<StrExpr>(listed).value) + " ") {
            if (c != ' ' && c != ',') {
                word += c;
            } else if (!word.empty()) {
                names.push_back(std::move(word));
                word.clear();
            }
        }
    } else if (listed.kind == ExprKind::kList || listed.kind == ExprKind::kTuple) {
        for (const Expr* item : as<SequenceExpr>(listed).items) {
            if (item->kind != ExprKind::kStr) return false;
            names.emplace_back(as<StrExpr>(*item).value);
        }
    } else {
        return false;
    }
    const std::string_view name = as<NameExpr>(*s.targets[0]).name;
    const Module& module = parsed(&s, [&] {
        std::string text = "class " + std::string(name) + "(NamedTuple):\n";
        for (const std::string& field : names) text += "    " + field + ": Any\n";
        if (names.empty()) text += "    pass\n";
        return text;
    });
    const auto& made = as<ClassStmt>(*module.body[0]);
    // The last of the fields have the defaults, as written.
    if (const Expr* defaults = keyword(call, "defaults"); defaults != nullptr && (defaults->kind == ExprKind::kList || defaults->kind == ExprKind::kTuple)) {
        const auto items = as<SequenceExpr>(*defaults).items;
        if (items.size() > names.size()) {
            report(DiagCode::kBadArguments, defaults->span, "Got more default values than field names");
            return true;
        }
        for (size_t i = 0; i < items.size(); ++i)
            static_cast<AnnAssignStmt&>(const_cast<Stmt&>(*made.body[names.size() - items.size() + i])).value = const_cast<Expr*>(items[i]);
    }
    class_statement(made);
    return true;
}

}  // namespace kayton::check
