// The modules in the box: their functions and constants, from a table.
#include <numbers>

#include "compiler/check/checker.h"
#include "compiler/check/native_table.h"
#include "compiler/stdlib/stdlib.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

struct StringConstant {
    const char* name;
    std::string_view value;
};
constexpr StringConstant kStrings[] = {
    {"os.sep", "/"},
    {"os.linesep", "\n"},
};

}  // namespace

std::vector<std::string> Checker::module_names(const std::string& module) {
    std::vector<std::string> names = native_names(module);
    const auto unit = units_.find(module);
    if (unit == units_.end()) return names;
    for (const auto name : unit->second->body->scope.names)
        if (!name.starts_with('_')) names.emplace_back(name);
    return names;
}

// `_native` is there for the shipped modules alone: what it holds trusts its arguments.
bool Checker::known_module(std::string_view name) {
    if (name == "_native") {
        const std::string_view here = file().name();
        return here.size() > 2 && here.front() == '<' && stdlib_source(std::string(here.substr(1, here.size() - 2))) != nullptr;
    }
    return is_native_module(name);
}

Entity Checker::module_member(const std::string& module, std::string_view name, Span span) {
    Entity result;
    if (auto unit = units_.find(module); unit != units_.end()) {
        result = unit_member(*unit->second, name, span);
        if (result.kind != EntityKind::kNothing) return result;
        std::vector<std::string> names;
        for (auto bound : unit->second->body->scope.names) names.emplace_back(bound);
        std::string near = nearest_name(name, names);
        report(DiagCode::kUnknownMember, span, "module '" + module + "' has no attribute '" + std::string(name) + "'", "",
               near.empty() ? "" : "did you mean `" + near + "`?");
        result.kind = EntityKind::kValue;
        result.value = never(span);
        return result;
    }
    result = native_member(module, name);
    if (result.kind != EntityKind::kNothing) return result;
    const std::vector<std::string> names = native_names(module);
    std::string near = nearest_name(name, names);
    report(DiagCode::kUnknownMember, span, "module '" + module + "' has no attribute '" + std::string(name) + "'", "",
           near.empty() ? "" : "did you mean `" + near + "`?");
    result.kind = EntityKind::kValue;
    result.value = never(span);
    return result;
}

// Null for a function.
TExpr* Checker::module_value(const std::string& member, Span span) {
    if (const double* number = native_number(member)) {
        TExpr* value = make(TK::kFloat, types_.floating, span);
        value->float_value = *number;
        return value;
    }
    for (const auto& s : kStrings)
        if (member == s.name) return constant_str(s.value, span);
    if (member == "sys.argv") return runtime(RT::kt_sys_argv, types_.list(types_.str), span, {});
    if (member == "sys.stdin") return runtime(RT::kt_stdin, types_.text_file, span, {});
    if (member == "sys.stdout") return runtime(RT::kt_stdout, types_.text_file, span, {});
    if (member == "sys.stderr") return runtime(RT::kt_stderr, types_.text_file, span, {});
    if (member == "sys.maxsize") return constant_int(INT64_MAX, span);
    return nullptr;
}

TExpr* Checker::module_call(const std::string& member, const CallExpr& e) {
    if (TExpr* result = with_spread(e, [&](const CallExpr& plain) { return module_call(member, plain); })) return result;
    Span span = e.span;
    auto parameter_type = [&](char code) -> const Type* {
        switch (code) {
            case 'f': return types_.floating;
            case 'i': return types_.integer;
            case 'b': return types_.boolean;
            case 'y': return types_.bytes;
            case 'L': return types_.list(types_.integer);
            case 'F': return types_.list(types_.floating);
            case 'S': return types_.list(types_.str);
            case 'e': return types_.find_exception("BaseException");
            default: return types_.str;
        }
    };
    auto number = [&](size_t i) { return coerce(expression(*e.args[i]), types_.floating, e.args[i]->span, member + "()", true); };
    auto text = [&](size_t i) { return coerce(expression(*e.args[i]), types_.str, e.args[i]->span, member + "()"); };
    while (const ModuleFunction* found = native_function(member)) {
        const ModuleFunction& f = *found;
        const std::string_view params = f.params;
        if (member == "math.gcd" && e.args.size() != 2) break;
        if (!only_keywords(e, member, {}) || !argument_count(e, member, params.size(), params.size())) return never(span);
        if ((member == "math.floor" || member == "math.ceil" || member == "math.trunc")) {
            TExpr* value = expression(*e.args[0]);
            return dispatch(value, span, [&](TExpr* v) -> TExpr* {
                const Type* t = prune(v->type);
                if (t->kind == TypeKind::kInt || t->kind == TypeKind::kBool) return convert(v, types_.integer);
                return runtime(f.fn, types_.integer, span, {coerce(v, types_.floating, v->span, member + "()", true)});
            });
        }
        Args args;
        for (size_t i = 0; i < params.size(); ++i) {
            if (params[i] == 'o' || params[i] == 'e') {
                const bool none = e.args[i]->kind == ExprKind::kNone;
                const Type* present = parameter_type(params[i]);
                args.push_back(none ? null(span) : coerce(expression(*e.args[i]), types_.optional(present), e.args[i]->span, member + "()"));
                continue;
            }
            const Type* t = parameter_type(params[i]);
            args.push_back(coerce(expression(*e.args[i], t), t, e.args[i]->span, member + "()", true));
        }
        return runtime(f.fn, parse_type(f.result), span, args);
    }
    if (member == "_native.dynamic") {
        if (!argument_count(e, member, 1, 1)) return never(span);
        return convert(expression(*e.args[0]), types_.dynamic);
    }
    if (member == "_native.shallow") {
        if (!argument_count(e, member, 1, 1)) return never(span);
        TExpr* object = expression(*e.args[0]);
        return runtime(RT::kt_object_copy, object->type, span, {object});
    }
    if (member == "_native.copied") {
        if (!argument_count(e, member, 1, 1)) return never(span);
        return dispatch(expression(*e.args[0]), span, [&](TExpr* v) -> TExpr* {
            if (TExpr* own = call_method(v, "__copy__", {}, span)) return own;
            const Type* t = prune(v->type);
            return is_instance(t) || t->kind == TypeKind::kException ? runtime(RT::kt_object_copy, t, span, {v}) : v;
        });
    }
    if (member == "_native.deepcopy") {
        if (!argument_count(e, member, 2, 2)) return never(span);
        TExpr* value = expression(*e.args[0]);
        const Type* memo = types_.dict(types_.integer, types_.dynamic);
        return runtime(RT::kt_deepcopy, value->type, span, {type_info(value->type, span), value, coerce(expression(*e.args[1], memo), memo, span, "deepcopy()")});
    }
    if (member == "math.log") {
        if (!argument_count(e, member, 1, 2)) return never(span);
        if (e.args.size() == 1) return runtime(RT::kt_math_log, types_.floating, span, {number(0)});
        TExpr* x = number(0);
        return runtime(RT::kt_math_log_base, types_.floating, span, {x, number(1)});
    }
    if (member == "math.degrees" || member == "math.radians") {
        if (!argument_count(e, member, 1, 1)) return never(span);
        TExpr* factor = make(TK::kFloat, types_.floating, span);
        factor->float_value = member == "math.degrees" ? 180.0 / std::numbers::pi : std::numbers::pi / 180.0;
        return op(typed::Op::kFloatMul, types_.floating, span, {number(0), factor});
    }
    if (member == "math.isclose") {
        if (!only_keywords(e, member, {"rel_tol", "abs_tol"}) || !argument_count(e, member, 2, 2)) return never(span);
        auto option = [&](const char* name, double fallback) -> TExpr* {
            if (const Expr* given = keyword(e, name)) return coerce(expression(*given), types_.floating, given->span, member, true);
            TExpr* value = make(TK::kFloat, types_.floating, span);
            value->float_value = fallback;
            return value;
        };
        TExpr* a = number(0);
        TExpr* b = number(1);
        return runtime(RT::kt_math_isclose, types_.boolean, span, {a, b, option("rel_tol", 1e-09), option("abs_tol", 0.0)});
    }
    if (member == "math.gcd" || member == "math.lcm") {
        BlockScope scope(*this);
        TExpr* result = constant_int(member == "math.gcd" ? 0 : 1, span);
        for (const Expr* arg : e.args) {
            TExpr* next = hold(coerce(expression(*arg), types_.integer, arg->span, member + "()", true));
            if (member == "math.gcd") {
                result = hold(runtime(RT::kt_math_gcd, types_.integer, span, {result, next}));
            } else {
                TExpr* held = hold(result);
                TExpr* divisor = runtime(RT::kt_math_gcd, types_.integer, span, {held, next});
                TExpr* product = op(typed::Op::kIntMul, types_.integer, span, {op(typed::Op::kIntFloorDiv, types_.integer, span, {held, divisor}, "a // b"), next}, "a * b");
                result = hold(product);
            }
        }
        return scope.finish(result);
    }
    if (member == "math.prod") {
        if (!argument_count(e, member, 1, 1)) return never(span);
        const Type* variable = variable_at(&e);
        grow(variable, types_.integer);
        BlockScope scope(*this);
        uint32_t total = temp(variable);
        assign_local(total, convert(constant_int(1, span), variable));
        for_each(*e.args[0], [&](TExpr* element) {
            TExpr* product = binary(BinaryOp::kMul, read_local(total, span), element, span, span);
            grow(variable, product->type);
            assign_local(total, convert(product, variable));
        });
        return scope.finish(read_local(total, span));
    }
    if (member == "sys.exit") {
        if (!argument_count(e, member, 0, 1)) return never(span);
        const Type* type = types_.find_exception("SystemExit");
        BlockScope scope(*this);
        TStmt* raise = stmt(SK::kRaise, span);
        raise->a = convert_call(type, e, nullptr);
        emit(raise);
        return scope.finish(never(span));
    }
    if (member == "os.path.join") {
        if (e.args.empty()) {
            argument_count(e, member, 1, 9);
            return never(span);
        }
        TExpr* path = text(0);
        for (size_t i = 1; i < e.args.size(); ++i) path = runtime(RT::kt_os_path_join, types_.str, span, {path, text(i)});
        return path;
    }
    if (member == "os.listdir") {
        if (!argument_count(e, member, 0, 1)) return never(span);
        return runtime(RT::kt_os_listdir, types_.list(types_.str), span, {e.args.empty() ? constant_str(".", span) : text(0)});
    }
    if (member == "os.makedirs" || member == "os.mkdir") {
        if (!argument_count(e, member, 1, 1)) return never(span);
        const Expr* exist_ok = keyword(e, "exist_ok");
        TExpr* path = text(0);
        return runtime(RT::kt_os_makedirs, types_.none, span, {path, exist_ok != nullptr ? truth(expression(*exist_ok)) : constant_bool(false, span)});
    }
    if (member == "os.getenv") {
        if (!argument_count(e, member, 1, 2)) return never(span);
        TExpr* value = runtime(RT::kt_os_getenv, types_.optional(types_.str), span, {text(0)});
        if (e.args.size() == 1) return value;
        BlockScope scope(*this);
        TExpr* held = hold(value);
        TExpr* test = type_test(held, types_.none, span);
        TExpr* fallback = expression(*e.args[1]);
        const Type* type = join_types(types_.str, fallback->type);
        return scope.finish(if_expr(test, fallback, narrow(held, types_.str), type));
    }
    report(DiagCode::kNotCallable, e.callee->span, "`" + member + "` is not callable");
    return never(span);
}

}  // namespace kayton::check
