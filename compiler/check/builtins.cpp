// Calls of built-in functions and of types.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"

namespace kayton::check {

using namespace syntax;
using types::is_numeric;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;
using typed::Op;

bool Checker::argument_count(const CallExpr& e, const std::string& name, size_t least, size_t most) {
    const bool starred = std::any_of(e.args.begin(), e.args.end(), [](const Expr* a) { return a->kind == ExprKind::kStarred; });
    if (starred) {
        report(DiagCode::kUnsupported, e.span, "`*` cannot be used in a call of " + name + "()");
        return false;
    }
    if (e.args.size() >= least && e.args.size() <= most) return true;
    const std::string given = std::to_string(e.args.size());
    report(DiagCode::kBadArguments, e.span,
           least == most ? name + "() takes " + (least == 0 ? "no positional" : "exactly " + std::to_string(least)) + " argument" + (least == 1 ? "" : "s") + " (" + given + " given)"
           : e.args.size() < least ? name + "() takes at least " + std::to_string(least) + " argument" + (least == 1 ? "" : "s") + " (" + given + " given)"
                                   : name + "() takes at most " + std::to_string(most) + " argument" + (most == 1 ? "" : "s") + " (" + given + " given)");
    return false;
}

const Expr* Checker::keyword(const CallExpr& e, std::string_view name) {
    for (const KeywordArg& k : e.keywords)
        if (k.name == name) return k.value;
    return nullptr;
}

bool Checker::only_keywords(const CallExpr& e, const std::string& name, std::initializer_list<std::string_view> allowed) {
    for (const KeywordArg& k : e.keywords) {
        if (std::find(allowed.begin(), allowed.end(), k.name) != allowed.end()) continue;
        std::vector<std::string> names(allowed.begin(), allowed.end());
        std::string near = nearest_name(k.name, names);
        report(DiagCode::kBadArguments, k.span, name + "() got an unexpected keyword argument '" + std::string(k.name) + "'", "",
               near.empty() ? "" : "did you mean `" + near + "`?");
        return false;
    }
    return true;
}

// Functions of one value, also where they are passed as a key or to map(). Null for others.
TExpr* Checker::builtin_unary(const std::string& name, TExpr* value, Span span) {
    if (name == "len" || name == "int" || name == "float" || name == "abs" || name == "ord" || name == "round") value = plain_value(value, {"__" + name + "__"});
    const Type* t = prune(value->type);
    auto each = [&](const std::function<TExpr*(TExpr*)>& f) { return dispatch(value, span, f); };
    auto wrong = [&](const std::string& message) {
        report(DiagCode::kTypeMismatch, value->span, message, "this is " + to_string(resolved(t))).of_none = t->kind == TypeKind::kNone;
        return never(span);
    };
    static constexpr std::string_view kKnown[] = {"len", "abs", "str", "repr", "ascii", "bool", "hash", "id", "ord", "chr", "bin", "oct", "hex", "int", "float", "round", "tuple"};
    if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) return nullptr;
    if (t->kind == TypeKind::kNever) {
        const Type* result = name == "str" || name == "repr" ? types_.str : name == "len" || name == "int" ? types_.integer : name == "float" ? types_.floating : types_.never;
        return make(TK::kConvert, result, span, {value});
    }
    if (name == "str") return to_str(value);
    if (name == "repr") return to_repr(value);
    if (name == "ascii") return runtime(RT::kt_ascii, types_.str, span, {type_info(t, span), value});
    if (name == "bool") return truth(value);
    if (name == "id") return runtime(RT::kt_id, types_.integer, span, {type_info(t, span), value});
    if (name == "hash") {
        if (!hashable(t)) return wrong("unhashable type: '" + to_string(resolved(t)) + "'");
        return runtime(RT::kt_hash, types_.integer, span, {type_info(t, span), value});
    }
    if (name == "tuple") {
        if (t->kind == TypeKind::kTuple || t->name == "tuple") return value;
        return collect(value, span, "tuple");
    }
    if (name == "len")
        return each([&](TExpr* v) -> TExpr* {
            const Type* k = prune(v->type);
            switch (k->kind) {
                case TypeKind::kStr: case TypeKind::kBytes: case TypeKind::kList: case TypeKind::kDict: case TypeKind::kSet: case TypeKind::kTuple: case TypeKind::kRange:
                    return len(v);
                case TypeKind::kHandle:
                    if (const Manifest* m = manifest_of(k); m != nullptr && !crate_functions(*m, std::string(k->name) + ".__len__").empty())
                        return crate_protocol(k, "__len__", {v}, span);
                    [[fallthrough]];
                case TypeKind::kClass:
                    if (TExpr* length = call_method(v, "__len__", {}, span)) {
                        BlockScope scope(*this);
                        TExpr* count = hold(coerce(length, types_.integer, span, "__len__", true));
                        emit_if(op(Op::kIntLt, types_.boolean, span, {count, constant_int(0, span)}), span, [&] { raise_stmt(types_.find_exception("ValueError"), "__len__() should return >= 0", span); });
                        return scope.finish(count);
                    }
                    [[fallthrough]];
                case TypeKind::kTypeObject:
                    if (const auto* c = k->kind == TypeKind::kTypeObject ? prune(k->args[0])->class_info : nullptr; c != nullptr && c->is_enum)
                        return constant_int(static_cast<int64_t>(c->enum_members.size()), span);
                    [[fallthrough]];
                default: return wrong("object of type '" + to_string(resolved(k)) + "' has no len()");
            }
        });
    if (name == "abs")
        return each([&](TExpr* v) -> TExpr* {
            const Type* k = prune(v->type);
            if (k->kind == TypeKind::kFloat) return runtime(RT::kt_math_fabs, types_.floating, span, {v});
            if (TExpr* own = call_method(v, "__abs__", {}, span)) return own;
            if (k->kind != TypeKind::kInt && k->kind != TypeKind::kBool) return wrong("bad operand type for abs(): '" + to_string(resolved(k)) + "'");
            BlockScope scope(*this);
            TExpr* held = hold(convert(v, types_.integer));
            TExpr* negative = op(Op::kIntLt, types_.boolean, span, {held, constant_int(0, span)});
            return scope.finish(if_expr(negative, op(Op::kIntNeg, types_.integer, span, {held}, "-a"), held, types_.integer));
        });
    if (name == "ord" && (t->kind == TypeKind::kBytes || is_instance(t))) {
        Unit* written = import_unit("_builtin_methods", span);
        const Entity function = written != nullptr ? unit_member(*written, "_ord_of_bytes", span) : Entity{};
        TExpr* bytes = coerce(value, types_.bytes, value->span, "ord()");
        return function.kind == EntityKind::kFunction ? call_values(*function.function, {bytes}, span) : never(span);
    }
    if (name == "ord") return runtime(RT::kt_ord, types_.integer, span, {coerce(value, types_.str, value->span, "ord()")});
    if (name == "chr") return runtime(RT::kt_chr, types_.str, span, {coerce(value, types_.integer, value->span, "chr()", true)});
    if (name == "bin" || name == "oct" || name == "hex")
        return runtime(name == "bin" ? RT::kt_int_bin : name == "oct" ? RT::kt_int_oct : RT::kt_int_hex, types_.str, span,
                       {coerce(value, types_.integer, value->span, name + "()", true)});
    if (name == "int")
        return each([&](TExpr* v) -> TExpr* {
            const Type* k = prune(v->type);
            if (k->kind == TypeKind::kInt) return v;
            if (k->kind == TypeKind::kBool) return convert(v, types_.integer);
            if (k->kind == TypeKind::kFloat) return runtime(RT::kt_int_from_float, types_.integer, span, {v});
            if (k->kind == TypeKind::kStr) return runtime(RT::kt_int_from_str, types_.integer, span, {v, constant_int(10, span)});
            if (k->kind == TypeKind::kBytes) return runtime(RT::kt_int_from_bytes_text, types_.integer, span, {v, constant_int(10, span)});
            if (k->kind == TypeKind::kHandle)
                if (const Manifest* m = manifest_of(k); m != nullptr && !crate_functions(*m, std::string(k->name) + ".__int__").empty())
                    return crate_protocol(k, "__int__", {v}, span);
            for (const char* own : {"__int__", "__index__", "__trunc__"})
                if (TExpr* result = call_method(v, own, {}, span)) return result;
            if (is_instance(k) && find_method(*k->class_info, "__bytes__") != nullptr)
                return runtime(RT::kt_int_from_bytes_text, types_.integer, span, {coerce(v, types_.bytes, span, "int()"), constant_int(10, span)});
            return wrong("int() argument must be a string, a bytes-like object or a real number, not '" + to_string(resolved(k)) + "'");
        });
    if (name == "float")
        return each([&](TExpr* v) -> TExpr* {
            const Type* k = prune(v->type);
            if (is_numeric(k)) return convert(v, types_.floating);
            if (k->kind == TypeKind::kStr) return runtime(RT::kt_float_from_str, types_.floating, span, {v});
            if (k->kind == TypeKind::kHandle)
                if (const Manifest* m = manifest_of(k); m != nullptr && !crate_functions(*m, std::string(k->name) + ".__float__").empty())
                    return crate_protocol(k, "__float__", {v}, span);
            for (const char* own : {"__float__", "__index__"})
                if (TExpr* result = call_method(v, own, {}, span)) return coerce(result, types_.floating, span, own, true);
            if (k->kind == TypeKind::kBytes || (is_instance(k) && find_method(*k->class_info, "__bytes__") != nullptr))
                return runtime(RT::kt_float_from_str, types_.floating, span,
                               {runtime(RT::kt_bytes_decode, types_.str, span, {coerce(v, types_.bytes, span, "float()"), null(span), null(span)})});
            return wrong("float() argument must be a string or a real number, not '" + to_string(resolved(k)) + "'");
        });
    // round
    return each([&](TExpr* v) -> TExpr* {
        const Type* k = prune(v->type);
        if (k->kind == TypeKind::kFloat) return runtime(RT::kt_float_round, types_.integer, span, {v});
        if (k->kind == TypeKind::kInt || k->kind == TypeKind::kBool) return convert(v, types_.integer);
        if (TExpr* own = call_method(v, "__round__", {}, span)) return own;
        return wrong("type " + to_string(resolved(k)) + " doesn't define __round__ method");
    });
}

TExpr* Checker::builtin_call(const std::string& name, const CallExpr& e, const Type* expected) {
    const CallExpr* outer = std::exchange(state_->consumer, &e);
    TExpr* result = builtin_result(name, e, expected);
    state_->consumer = outer;
    return result;
}

// The call with tuples of known length spread into names and without keywords that are none. Null: it has nothing to
// spread, or how much is not known.
TExpr* Checker::with_spread(const CallExpr& e, const std::function<TExpr*(const CallExpr&)>& call) {
    const Span span = e.span;
    const bool spread = std::any_of(e.args.begin(), e.args.end(), [](const Expr* a) { return a->kind == ExprKind::kStarred; }) ||
                        std::any_of(e.keywords.begin(), e.keywords.end(), [](const KeywordArg& k) { return k.name.empty(); });
    if (!spread) return nullptr;
    BlockScope scope(*this);
    OverlayScope names(*this);
    std::vector<Expr*> args;
    bool known = true;
    auto bind = [&](TExpr* value) {
        const std::string_view held = keep_path("%s" + std::to_string(args.size()));
        names.bind(held, value);
        args.push_back(TreeBuilder(synthetic_, span).name(held));
    };
    for (const Expr* arg : e.args) {
        if (arg->kind != ExprKind::kStarred) {
            if (arg->kind == ExprKind::kLambda) args.push_back(const_cast<Expr*>(arg));
            else bind(expression(*arg));
            continue;
        }
        TExpr* tuple = hold(expression(*as<StarredExpr>(*arg).value));
        const Type* t = prune(tuple->type);
        known = known && t->kind == TypeKind::kTuple;
        for (size_t i = 0; known && i < t->args.size(); ++i) {
            TExpr* item = make(TK::kTupleGet, t->args[i], arg->span, {tuple});
            item->index = static_cast<uint32_t>(i);
            bind(item);
        }
    }
    std::vector<KeywordArg> keywords;
    for (const KeywordArg& k : e.keywords) {
        if (!k.name.empty()) {
            keywords.push_back(k);
            continue;
        }
        const Type* given = prune(expression(*k.value)->type);
        known = known && given->kind == TypeKind::kDict && (prune(given->args[1])->kind == TypeKind::kVar || prune(given->args[1])->kind == TypeKind::kNever);
    }
    if (known) {
        auto& made = applied_[{&e, SIZE_MAX / 2 + args.size()}];  // one tree a shape: types are remembered by its place
        if (made == nullptr) made = TreeBuilder(synthetic_, span).call(*e.callee, args, keywords);
        return scope.finish(call(*made));
    }
    scope.take();
    return nullptr;
}

TExpr* Checker::builtin_result(const std::string& name, const CallExpr& e, const Type* expected) {
    Span span = e.span;
    if (name == "print" && std::none_of(e.keywords.begin(), e.keywords.end(), [](const KeywordArg& k) { return k.name.empty(); })) return print_call(e);
    if (name != "zip" && name != "map")
        if (TExpr* result = with_spread(e, [&](const CallExpr& plain) { return builtin_call(name, plain, expected); })) return result;
    if (name == "print") return print_call(e);
    if (name == "display" || name == "update_display" || name == "clear_output") return display_call(name, e);
    if (name == "range") {
        if (!argument_count(e, "range", 1, 3)) return never(span);
        Args args;
        for (const Expr* arg : e.args) args.push_back(coerce(expression(*arg), types_.integer, arg->span, "range()", true));
        if (args.size() == 1) args.insert(args.begin(), constant_int(0, span));
        if (args.size() == 2) args.push_back(constant_int(1, span));
        return make(TK::kRange, types_.range, span, args);
    }
    if (name == "isinstance" || name == "callable") {
        const size_t takes = name == "isinstance" ? 2 : 1;
        if (!argument_count(e, name.c_str(), takes, takes)) return never(span);
        return class_test(e, name == "callable").test;
    }
    if (name == "open") return open_call(e);
    if (name == "input") {
        if (!argument_count(e, "input", 0, 1)) return never(span);
        return runtime(RT::kt_input, types_.str, span, {e.args.empty() ? null(span) : to_str(expression(*e.args[0]))});
    }
    if (name == "sum") return sum_call(e);
    if (name == "any" || name == "all") return any_all_call(e, name == "any");
    if (name == "min" || name == "max") return min_max_call(e, name == "max");
    if (name == "sorted") return sorted_call(e);
    if (name == "list") {
        if (!argument_count(e, "list", 0, 1)) return never(span);
        if (e.args.empty()) {
            const Type* list = types_.list(variable_at(&e));
            if (expected != nullptr && prune(expected)->kind == TypeKind::kList) flow_into(list, expected);
            return make(TK::kList, list, span, Args{});
        }
        return list_from(*e.args[0], &e, expected);
    }
    if (name == "set") return set_from(e, expected);
    if (name == "frozenset") {
        BlockScope scope(*this);
        TExpr* made = hold(set_from(e, nullptr));
        if (prune(made->type)->kind != TypeKind::kSet) return scope.finish(made);
        const Type* frozen = types_.set(prune(made->type)->args[0], "frozenset");
        TExpr* result = hold(runtime(RT::kt_set_new, frozen, span, {type_info(frozen, span)}));
        emit_expr(runtime(RT::kt_set_update, types_.none, span, {result, made}));
        return scope.finish(result);
    }
    if (name == "dict") return dict_from(e, expected);
    if (name == "enumerate" || name == "zip" || name == "reversed" || name == "map" || name == "filter") return lazy_call(name, e);
    if (name == "iter") return iter_call(e);
    if (name == "functools.partial") {
        Entity made = partial(e);
        return made.kind == EntityKind::kFunction ? function_value(*made.function, &e, span, expected) : made.value;
    }
    if (name == "cast" && e.args.size() == 2) return expression(*e.args[1], expected);
    if (name == "object" && e.args.empty()) {
        if (Unit* unit = import_unit("_bases", span)) {
            Entity plain = unit_member(*unit, "plain_object", span);
            if (plain.kind == EntityKind::kType) return construct(*plain.type->class_info, e);
        }
        return never(span);
    }
    if (name == "getattr" || name == "hasattr" || name == "setattr") return attribute_by_name(name, e);
    if (name == "vars" && argument_count(e, "vars", 1, 1)) {
        auto& call = applied_[{&e, SIZE_MAX}];
        TreeBuilder tree(synthetic_, span);
        if (call == nullptr) call = tree.call(*e.callee, {tree.attribute(e.args[0], "__dict__")});
        return expression(*call->args[0]);
    }
    if (name == "issubclass") return subclass_call(e);
    if (name == "next") return next_call(e);
    if (name == "tuple") {
        if (!argument_count(e, "tuple", 0, 1)) return never(span);
        if (e.args.empty()) return make(TK::kTuple, types_.tuple({}), span, Args{});
        if (e.args[0]->kind == ExprKind::kCall || e.args[0]->kind == ExprKind::kComprehension) {
            TExpr* list = list_from(*e.args[0], &e, nullptr);
            return prune(list->type)->kind == TypeKind::kList && prune(list->type)->name.empty() ? collect(list, span, "tuple") : builtin_unary("tuple", list, span);
        }
        return builtin_unary("tuple", expression(*e.args[0]), span);
    }
    if (name.starts_with("collections.")) return collection_call(name.substr(12), e);
    if (name == "str" && e.args.empty() && e.keywords.empty()) return constant_str("", span);
    if (name == "str" && !e.args.empty() && (e.args.size() > 1 || !e.keywords.empty())) {
        if (!only_keywords(e, "str", {"encoding", "errors"}) || !argument_count(e, "str", 1, 3)) return never(span);
        auto option = [&](const char* which, size_t at) -> TExpr* {
            const Expr* given = e.args.size() > at ? e.args[at] : keyword(e, which);
            return given != nullptr ? coerce(expression(*given), types_.str, given->span, "str()") : null(span);
        };
        TExpr* bytes = coerce(expression(*e.args[0]), types_.bytes, e.args[0]->span, "str()");
        TExpr* encoding = option("encoding", 1);
        return runtime(RT::kt_bytes_decode, types_.str, span, {bytes, encoding, option("errors", 2)});
    }
    if (name == "int" && e.args.empty()) return constant_int(0, span);
    if (name == "int" && (e.args.size() == 2 || keyword(e, "base") != nullptr)) {
        const Expr* base = e.args.size() == 2 ? e.args[1] : keyword(e, "base");
        TExpr* text = expression(*e.args[0]);
        if (prune(text->type)->kind == TypeKind::kBytes || (is_instance(text->type) && find_method(*prune(text->type)->class_info, "__bytes__") != nullptr))
            text = runtime(RT::kt_bytes_decode, types_.str, span, {coerce(text, types_.bytes, e.args[0]->span, "int()"), null(span), null(span)});
        text = coerce(text, types_.str, e.args[0]->span, "int() with a base");
        return runtime(RT::kt_int_from_str, types_.integer, span, {text, coerce(expression(*base), types_.integer, base->span, "int()", true)});
    }
    if (name == "float" && e.args.empty()) return make(TK::kFloat, types_.floating, span);
    if (name == "bool" && e.args.empty()) return constant_bool(false, span);
    if (name == "round" && e.args.size() == 2) {
        TExpr* value = plain_value(expression(*e.args[0]), {"__round__"});
        if (e.args[1]->kind == ExprKind::kNone) return builtin_unary("round", value, span);
        if (is_instance(value->type))
            if (TExpr* own = call_method(value, "__round__", {expression(*e.args[1])}, span)) return own;
        TExpr* digits = hold(coerce(expression(*e.args[1]), types_.integer, e.args[1]->span, "round()", true));
        return dispatch(value, span, [&](TExpr* v) -> TExpr* {
            if (prune(v->type)->kind == TypeKind::kFloat) return runtime(RT::kt_float_round_digits, types_.floating, span, {v, digits});
            return runtime(RT::kt_int_round, types_.integer, span, {coerce(v, types_.integer, v->span, "round()", true), digits});
        });
    }
    if (name == "bytes") {
        if (e.args.empty()) return make(TK::kBytes, types_.bytes, span);
        TExpr* value = expression(*e.args[0]);
        const Type* t = prune(value->type);
        if (t->kind == TypeKind::kBytes || t->kind == TypeKind::kNever) return value;
        if (is_instance(t))
            if (TExpr* own = call_method(value, "__bytes__", {}, span)) return own;
        if (const Manifest* m = manifest_of(t); m != nullptr && !crate_functions(*m, std::string(t->name) + ".__bytes__").empty())
            return crate_protocol(t, "__bytes__", {value}, span);
        if (t->kind == TypeKind::kInt) return runtime(RT::kt_bytes_zeros, types_.bytes, span, {value});
        if (t->kind == TypeKind::kStr)
            return runtime(RT::kt_str_encode, types_.bytes, span, {value, e.args.size() > 1 ? coerce(expression(*e.args[1]), types_.str, span, "bytes()") : null(span), null(span)});
        TExpr* list = list_from(*e.args[0], &e, types_.list(types_.integer));
        return runtime(RT::kt_bytes_from_list, types_.bytes, span, {coerce(list, types_.list(types_.integer), e.args[0]->span, "bytes()")});
    }
    if (name == "divmod") {
        if (!argument_count(e, "divmod", 2, 2)) return never(span);
        BlockScope scope(*this);
        TExpr* a = hold(expression(*e.args[0]));
        TExpr* b = hold(expression(*e.args[1]));
        if (TExpr* own = call_method(a, "__divmod__", {b}, span)) return scope.finish(own);
        if (TExpr* own = call_method(b, "__rdivmod__", {a}, span)) return scope.finish(own);
        const bool floats = types::is_numeric(a->type) && types::is_numeric(b->type) &&
                            (prune(a->type)->kind == TypeKind::kFloat || prune(b->type)->kind == TypeKind::kFloat);
        if (floats) {
            TExpr* zero = compare_values(CompareOp::kEq, b, constant_int(0, span), span);
            emit_if(zero, span, [&] { raise_stmt(types_.find_exception("ZeroDivisionError"), "float divmod()", span); });
        }
        TExpr* quotient = hold(binary(BinaryOp::kFloorDiv, a, b, span, span));
        TExpr* rest = hold(binary(BinaryOp::kMod, a, b, span, span));
        std::vector<const Type*> members = {quotient->type, rest->type};
        return scope.finish(make(TK::kTuple, types_.tuple(members), span, {quotient, rest}));
    }
    if (name == "pow") {
        if (!argument_count(e, "pow", 2, 3)) return never(span);
        TExpr* a = expression(*e.args[0]);
        TExpr* b = expression(*e.args[1]);
        if (e.args.size() == 2) return binary(BinaryOp::kPow, a, b, span, span);
        TExpr* modulus = expression(*e.args[2]);
        if (prune(modulus->type)->kind == TypeKind::kNone) return binary(BinaryOp::kPow, a, b, span, span);
        if (is_instance(a->type))
            if (TExpr* own = call_method(a, "__pow__", {b, modulus}, span)) return own;
        return runtime(RT::kt_int_pow_mod, types_.integer, span,
                       {coerce(a, types_.integer, a->span, "pow()", true), coerce(b, types_.integer, b->span, "pow()", true),
                        coerce(modulus, types_.integer, e.args[2]->span, "pow()", true)});
    }
    if (name == "format") {
        if (!argument_count(e, "format", 1, 2)) return never(span);
        TExpr* value = expression(*e.args[0]);
        return format_value(value, e.args.size() == 2 ? coerce(expression(*e.args[1]), types_.str, span, "format()") : nullptr, span);
    }
    if (name == "type") {
        if (!argument_count(e, "type", 1, 1)) return never(span);
        return type_of(expression(*e.args[0]), span);
    }
    if (name == "exit" || name == "quit") {
        const Type* type = types_.find_exception("SystemExit");
        TStmt* raise = stmt(SK::kRaise, span);
        raise->a = convert_call(type, e, nullptr);
        BlockScope scope(*this);
        emit(raise);
        return scope.finish(never(span));
    }
    if (name == "__kayton_shallow") return module_call("_native.shallow", e);
    if ((name == "asdict" || name == "astuple" || name == "__kayton_asdict" || name == "__kayton_astuple") && e.args.size() == 1 && e.keywords.empty()) {
        const std::string which = name.ends_with("asdict") ? "asdict" : "astuple";
        BlockScope scope(*this);
        TExpr* value = hold(expression(*e.args[0]));
        return scope.finish(dispatch(value, span, [&](TExpr* part) -> TExpr* {
            const Type* t = prune(part->type);
            const std::string method = "_data_" + which;
            if (is_instance(t) && find_method(*t->class_info, method) != nullptr) return call_method(part, method, {}, span);
            if (name == which) {
                report(DiagCode::kBadArguments, span, which + "() should be called on dataclass instances", "this is " + to_string(resolved(t)));
                return never(span);
            }
            if (t->kind == TypeKind::kList || t->kind == TypeKind::kDict) {
                if (Unit* written = import_unit("_builtin_methods", span)) {
                    const Entity function = unit_member(*written, (t->kind == TypeKind::kList ? "list_" : "dict_") + which, span);
                    if (function.kind == EntityKind::kFunction) return call_values(*function.function, {part}, span);
                }
            }
            return part;
        }));
    }
    if (name == "replace" && e.args.size() == 1) {
        TExpr* object = expression(*e.args[0]);
        const Type* t = prune(object->type);
        if (is_instance(t) && find_method(*t->class_info, "_data_replace") != nullptr) {
            AttributeExpr callee{};
            callee.kind = ExprKind::kAttribute;
            callee.span = callee.name_span = e.callee->span;
            callee.object = e.args[0];
            callee.name = "_data_replace";
            CallExpr rest = e;
            rest.args = {};
            return method_call(object, callee, rest);
        }
    }
    if (name == "int.from_bytes" && !e.args.empty()) {
        const Expr* order = e.args.size() > 1 ? e.args[1] : keyword(e, "byteorder");
        const Expr* is_signed = keyword(e, "signed");
        TExpr* data = expression(*e.args[0]);
        if (prune(data->type)->kind == TypeKind::kList && prune(prune(data->type)->args[0])->kind == TypeKind::kInt)
            data = runtime(RT::kt_bytes_from_list, types_.bytes, span, {data});
        return runtime(RT::kt_int_from_bytes, types_.integer, span,
                       {coerce(data, types_.bytes, e.args[0]->span, "int.from_bytes()"),
                        order != nullptr ? coerce(expression(*order), types_.str, order->span, "int.from_bytes()") : constant_str("big", span),
                        is_signed != nullptr ? truth(expression(*is_signed)) : constant_bool(false, span)});
    }
    if (name == "bytes.fromhex" && e.args.size() == 1)
        return runtime(RT::kt_bytes_from_hex, types_.bytes, span, {coerce(expression(*e.args[0]), types_.str, e.args[0]->span, "bytes.fromhex()")});
    if (name == "dict.fromkeys" && (e.args.size() == 1 || e.args.size() == 2)) {
        const Type* key = variable_at(&e);
        const Type* value = variable_at(&e, 1);
        const Type* dict = types_.dict(key, value);
        BlockScope scope(*this);
        uint32_t collected = temp(dict);
        assign_local(collected, make(TK::kDict, dict, span, Args{}));
        TExpr* fill = hold(e.args.size() == 2 ? expression(*e.args[1]) : constant_none(span));
        grow(value, fill->type);
        for_each(*e.args[0], [&](TExpr* element) {
            grow(key, element->type);
            emit_expr(runtime(RT::kt_dict_set, types_.none, span, {read_local(collected, span), convert(element, key), convert(fill, value)}));
        });
        return scope.finish(read_local(collected, span));
    }
    if (e.args.size() == 1 && e.args[0]->kind != ExprKind::kStarred && e.keywords.empty())
        if (TExpr* result = builtin_unary(name, expression(*e.args[0]), span)) return result;
    size_t dot = name.find('.');
    if (dot != std::string::npos) {  // str.maketrans is static_str_maketrans in _builtin_methods.kay
        std::string written_name = name;
        written_name[dot] = '_';
        if (Unit* written = import_unit("_builtin_methods", span)) {
            for (const char* prefix : {"static_", ""}) {
                const Entity method = unit_member(*written, prefix + written_name, span);
                if (method.kind == EntityKind::kFunction) return call_decl(*method.function, e);
            }
        }
    }
    // A method written on its type: str.upper("x").
    if (dot != std::string::npos && !e.args.empty()) {
        TExpr* object = expression(*e.args[0]);
        AttributeExpr callee{};
        callee.kind = ExprKind::kAttribute;
        callee.span = e.callee->span;
        callee.object = e.args[0];
        callee.name = keep(name.substr(dot + 1));
        callee.name_span = e.callee->span;
        CallExpr rest{};
        rest.kind = ExprKind::kCall;
        rest.span = span;
        rest.callee = e.callee;
        rest.args = e.args.subspan(1);
        rest.keywords = e.keywords;
        // The type's own method, whatever the object's class has in its place.
        if (is_instance(object->type))
            for (const types::ClassInfo* base : prune(object->type)->class_info->mro)
                if (base->name == name.substr(0, dot) + "_base")
                    if (const auto own = base->methods.find(callee.name); own != base->methods.end()) return call_decl(*own->second.decl, rest, object);
        return method_call(plain_value(object), callee, rest);
    }
    if (!argument_count(e, name, 1, 1)) return never(span);
    report_limit(DiagCode::kBadArguments, span, name + "() cannot take these arguments");
    return never(span);
}

// Calling a type: exceptions.
TExpr* Checker::convert_call(const Type* target, const CallExpr& e, const Type*) {
    Span span = e.span;
    if (target->kind != TypeKind::kException) {
        CallExpr copy = e;
        return builtin_call(to_string(prune(target)).substr(0, to_string(prune(target)).find('[')), copy, nullptr);
    }
    if (e.args.empty()) return runtime(RT::kt_exception_new, target, span, {type_info(target, span), null(span)});
    if (e.args.size() == 1 && e.args[0]->kind != ExprKind::kStarred) {
        TExpr* only = expression(*e.args[0]);
        if (prune(only->type)->kind == TypeKind::kStr) return runtime(RT::kt_exception_new_str, target, span, {type_info(target, span), only});
        TExpr* args = make(TK::kList, types_.list(types_.dynamic), span, {convert(only, types_.dynamic)});
        return runtime(RT::kt_exception_new, target, span, {type_info(target, span), args});
    }
    Args items;
    for (const Expr* arg : e.args) items.push_back(convert(expression(*arg), types_.dynamic));
    return runtime(RT::kt_exception_new, target, span, {type_info(target, span), make(TK::kList, types_.list(types_.dynamic), span, items)});
}

}  // namespace kayton::check
