// The modules in the box: their functions and constants, from a table.
#include <algorithm>
#include <limits>
#include <numbers>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

struct ModuleFunction {
    const char* name;
    RT fn;
    const char* params;  // a letter each: i f s b; upper case: may be left out (NULL or the default of the runtime)
    const char* result;
};

constexpr ModuleFunction kFunctions[] = {
    {"math.sqrt", RT::kt_math_sqrt, "f", "float"},     {"math.exp", RT::kt_math_exp, "f", "float"},
    {"math.log2", RT::kt_math_log2, "f", "float"},     {"math.log10", RT::kt_math_log10, "f", "float"},
    {"math.log1p", RT::kt_math_log1p, "f", "float"},   {"math.sin", RT::kt_math_sin, "f", "float"},
    {"math.cos", RT::kt_math_cos, "f", "float"},       {"math.tan", RT::kt_math_tan, "f", "float"},
    {"math.asin", RT::kt_math_asin, "f", "float"},     {"math.acos", RT::kt_math_acos, "f", "float"},
    {"math.atan", RT::kt_math_atan, "f", "float"},     {"math.atan2", RT::kt_math_atan2, "ff", "float"},
    {"math.sinh", RT::kt_math_sinh, "f", "float"},     {"math.cosh", RT::kt_math_cosh, "f", "float"},
    {"math.tanh", RT::kt_math_tanh, "f", "float"},     {"math.pow", RT::kt_math_pow, "ff", "float"},
    {"math.fmod", RT::kt_math_fmod, "ff", "float"},    {"math.hypot", RT::kt_math_hypot, "ff", "float"},
    {"math.floor", RT::kt_math_floor, "f", "int"},     {"math.ceil", RT::kt_math_ceil, "f", "int"},
    {"math.trunc", RT::kt_math_trunc, "f", "int"},     {"math.factorial", RT::kt_math_factorial, "i", "int"},
    {"math.isqrt", RT::kt_math_isqrt, "i", "int"},     {"math.comb", RT::kt_math_comb, "ii", "int"},
    {"math.gcd", RT::kt_math_gcd, "ii", "int"},        {"math.isnan", RT::kt_math_isnan, "f", "bool"},
    {"math.isinf", RT::kt_math_isinf, "f", "bool"},    {"math.isfinite", RT::kt_math_isfinite, "f", "bool"},
    {"math.copysign", RT::kt_math_copysign, "ff", "float"}, {"math.fabs", RT::kt_math_fabs, "f", "float"},
    {"time.time", RT::kt_time_time, "", "float"},      {"time.perf_counter", RT::kt_time_perf_counter, "", "float"},
    {"time.monotonic", RT::kt_time_perf_counter, "", "float"},
    {"time.sleep", RT::kt_time_sleep, "f", "None"},
    {"os.getcwd", RT::kt_os_getcwd, "", "str"},        {"os.remove", RT::kt_os_remove, "s", "None"},
    {"os.unlink", RT::kt_os_remove, "s", "None"},      {"os.path.exists", RT::kt_os_path_exists, "s", "bool"},
    {"os.path.isfile", RT::kt_os_path_isfile, "s", "bool"}, {"os.path.isdir", RT::kt_os_path_isdir, "s", "bool"},
    {"os.path.basename", RT::kt_os_path_basename, "s", "str"}, {"os.path.dirname", RT::kt_os_path_dirname, "s", "str"},
    {"os.path.splitext", RT::kt_os_path_splitext, "s", "tuple[str, str]"},
};

struct ModuleConstant {
    const char* name;
    double value;
};

constexpr ModuleConstant kConstants[] = {
    {"math.pi", std::numbers::pi}, {"math.e", std::numbers::e}, {"math.tau", 2 * std::numbers::pi},
    {"math.inf", std::numeric_limits<double>::infinity()}, {"math.nan", std::numeric_limits<double>::quiet_NaN()},
};

// Members that are written out below.
constexpr const char* kOthers[] = {
    "math.log", "math.isclose", "math.prod", "math.lcm", "math.degrees", "math.radians", "math.dist", "sys.argv", "sys.exit", "sys.stdin", "sys.stdout", "sys.stderr",
    "sys.maxsize", "os.listdir", "os.makedirs", "os.mkdir", "os.getenv", "os.path", "os.path.join", "os.sep", "os.linesep",
};

struct StringConstant {
    const char* name;
    std::string_view value;
};
constexpr StringConstant kStrings[] = {
    {"os.sep", "/"},
    {"os.linesep", "\n"},
};

std::vector<std::string> names_in(const std::string& module) {
    std::vector<std::string> names;
    const std::string prefix = module + ".";
    auto add = [&](std::string_view full) {
        if (full.starts_with(prefix)) names.emplace_back(full.substr(prefix.size()));
    };
    for (const auto& f : kFunctions) add(f.name);
    for (const auto& c : kConstants) add(c.name);
    for (const auto* o : kOthers) add(o);
    return names;
}

}  // namespace

std::vector<std::string> Checker::module_names(const std::string& module) {
    if (const auto unit = units_.find(module); unit != units_.end()) {
        std::vector<std::string> names;
        for (const auto name : unit->second->body->scope.names)
            if (!name.starts_with('_')) names.emplace_back(name);
        return names;
    }
    if (module == "collections") return {"Counter", "OrderedDict", "defaultdict", "deque", "namedtuple"};
    if (module == "dataclasses") return {"dataclass", "field"};
    if (module == "enum") return {"Enum", "IntEnum", "StrEnum", "auto", "unique"};
    if (module == "abc") return {"ABC", "abstractmethod"};
    return names_in(module);
}

bool Checker::known_module(std::string_view name) {
    static constexpr std::string_view kModules[] = {"math", "sys", "time", "os", "os.path", "typing", "collections.abc", "abc", "dataclasses", "enum", "collections", "__future__"};
    return std::find(std::begin(kModules), std::end(kModules), name) != std::end(kModules);
}

Entity Checker::module_member(const std::string& module, std::string_view name, Span span) {
    Entity result;
    const std::string full = module + "." + std::string(name);
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
    if (full == "os.path") {
        result.kind = EntityKind::kModule;
        result.name = full;
        return result;
    }
    if (module == "collections") {
        for (const char* known : {"deque", "defaultdict", "Counter", "OrderedDict", "namedtuple"}) {
            if (name != known) continue;
            result.kind = EntityKind::kBuiltin;
            result.name = "collections." + std::string(name);
            return result;
        }
    }
    if (module == "typing" || module == "collections.abc" || module == "abc" || module == "dataclasses" || module == "enum") {
        result.kind = EntityKind::kBuiltin;
        result.name = std::string(name);
        return result;
    }
    std::vector<std::string> names = names_in(module);
    if (std::find(names.begin(), names.end(), std::string(name)) != names.end()) {
        result.kind = EntityKind::kModuleMember;
        result.name = full;
        return result;
    }
    std::string near = nearest_name(name, names);
    report(DiagCode::kUnknownMember, span, "module '" + module + "' has no attribute '" + std::string(name) + "'", "",
           near.empty() ? "" : "did you mean `" + near + "`?");
    result.kind = EntityKind::kValue;
    result.value = never(span);
    return result;
}

// Null for a function.
TExpr* Checker::module_value(const std::string& member, Span span) {
    for (const auto& c : kConstants) {
        if (member != c.name) continue;
        TExpr* value = make(TK::kFloat, types_.floating, span);
        value->float_value = c.value;
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
    Span span = e.span;
    auto number = [&](size_t i) { return coerce(expression(*e.args[i]), types_.floating, e.args[i]->span, member + "()", true); };
    auto text = [&](size_t i) { return coerce(expression(*e.args[i]), types_.str, e.args[i]->span, member + "()"); };
    for (const ModuleFunction& f : kFunctions) {
        if (member != f.name) continue;
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
            const Type* t = params[i] == 'f' ? types_.floating : params[i] == 'i' ? types_.integer : types_.str;
            args.push_back(coerce(expression(*e.args[i]), t, e.args[i]->span, member + "()", true));
        }
        return runtime(f.fn, parse_type(f.result), span, args);
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
        TExpr* test = make(TK::kTypeTest, types_.boolean, span, {held});
        test->type_arg = types_.none;
        TExpr* fallback = expression(*e.args[1]);
        const Type* type = join_types(types_.str, fallback->type);
        return scope.finish(if_expr(test, fallback, narrow(held, types_.str), type));
    }
    report(DiagCode::kNotCallable, e.callee->span, "`" + member + "` is not callable");
    return never(span);
}

}  // namespace kayton::check
