// The tables of the modules in the box.
#include "compiler/check/native_table.h"

#include <algorithm>
#include <limits>
#include <numbers>

#include "compiler/check/builtin_names.h"
#include "compiler/stdlib/stdlib.h"

namespace kayton::check {

namespace {

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
    {"_native.stat", RT::kt_os_stat, "sb", "list[int]"},   {"_native.change", RT::kt_os_change, "issi", "None"},
    {"_native.readlink", RT::kt_os_readlink, "s", "str"},  {"_native.access", RT::kt_os_access, "si", "bool"},
    {"_native.environ", RT::kt_os_environ, "", "list[str]"}, {"_native.setenv", RT::kt_os_setenv, "so", "None"},
    {"_native.number", RT::kt_os_number, "i", "int"},      {"_native.urandom", RT::kt_os_urandom, "i", "bytes"},
    {"_native.strerror", RT::kt_os_strerror, "i", "str"},  {"_native.uname", RT::kt_os_uname, "", "list[str]"},
    {"_native.listdir", RT::kt_os_listdir, "s", "list[str]"}, {"_native.makedirs", RT::kt_os_makedirs, "sb", "None"},
    {"_native.gc", RT::kt_gc, "i", "int"}, {"_native.recursion_limit", RT::kt_recursion_limit, "i", "int"},
    {"_native.remove", RT::kt_os_remove, "s", "None"},     {"_native.getcwd", RT::kt_os_getcwd, "", "str"},
    {"_native.getenv", RT::kt_os_getenv, "s", "str | None"},
    {"_native.digest", RT::kt_hash_digest, "sy", "bytes"}, {"_native.crc32", RT::kt_crc32, "yi", "int"},
    {"_native.adler32", RT::kt_adler32, "yi", "int"},
    {"_native.zlib", RT::kt_zlib, "iyi", "bytes"},
    {"_native.norm", RT::kt_math_norm, "F", "float"},      {"_native.hypot", RT::kt_math_hypot, "ff", "float"},
    {"_native.deepcopy_memo", RT::kt_deepcopy_memo, "", "dict[int, Dynamic]"},
    {"_native.traceback_text", RT::kt_traceback_text, "e", "str"},
    {"_native.category", RT::kt_unicode_category, "s", "str"}, {"_native.bidirectional", RT::kt_unicode_bidirectional, "s", "str"},
    {"_native.combining", RT::kt_unicode_combining, "s", "int"}, {"_native.mirrored", RT::kt_unicode_mirrored, "s", "bool"},
    {"_native.width", RT::kt_unicode_width, "s", "str"},   {"_native.decimal", RT::kt_unicode_decimal, "s", "int"},
    {"_native.normalize", RT::kt_unicode_normalize, "ss", "str"},
    {"_native.math", RT::kt_math_rare, "if", "float"},     {"_native.exponent", RT::kt_math_exponent, "f", "int"},
    {"math.ldexp", RT::kt_math_ldexp, "fi", "float"},      {"math.remainder", RT::kt_math_remainder, "ff", "float"},
    {"math.nextafter", RT::kt_math_nextafter, "ff", "float"}, {"_native.nextafter", RT::kt_math_nextafter, "ff", "float"},
    {"_native.atan2", RT::kt_math_atan2, "ff", "float"},   {"_native.exp", RT::kt_math_exp, "f", "float"},
    {"_native.log", RT::kt_math_log, "f", "float"},        {"_native.cos", RT::kt_math_cos, "f", "float"},
    {"_native.sin", RT::kt_math_sin, "f", "float"},        {"_native.log1p", RT::kt_math_log1p, "f", "float"},
    {"_native.cosh", RT::kt_math_cosh, "f", "float"},      {"_native.sinh", RT::kt_math_sinh, "f", "float"},
    {"_native.tanh", RT::kt_math_tanh, "f", "float"},      {"_native.tan", RT::kt_math_tan, "f", "float"},
    {"_native.sqrt", RT::kt_math_sqrt, "f", "float"},      {"_native.copysign", RT::kt_math_copysign, "ff", "float"},
    {"_native.float_bits", RT::kt_float_bits, "f", "int"}, {"_native.float_from_bits", RT::kt_float_from_bits, "i", "float"},
    {"_native.float32_bits", RT::kt_float32_bits, "f", "int"},
    {"_native.float_from_bits32", RT::kt_float_from_bits32, "i", "float"},
    {"_native.nanoseconds", RT::kt_time_nanoseconds, "i", "int"}, {"_native.local", RT::kt_time_local, "i", "list[int]"},
    {"_native.zone_name", RT::kt_time_zone_name, "i", "str"}, {"_native.make_time", RT::kt_time_make, "L", "int"},
    {"_native.re_match", RT::kt_re_match, "Lsiii", "list[int]"}, {"_native.re_all", RT::kt_re_all, "Lsiii", "list[int]"},
};

struct ModuleConstant {
    const char* name;
    double value;
};

constexpr ModuleConstant kConstants[] = {
    {"math.pi", std::numbers::pi}, {"math.e", std::numbers::e}, {"math.tau", 2 * std::numbers::pi},
    {"_native.inf", std::numeric_limits<double>::infinity()}, {"math.inf", std::numeric_limits<double>::infinity()}, {"math.nan", std::numeric_limits<double>::quiet_NaN()},
};

// Members that are written out below.
constexpr const char* kOthers[] = {
    "_native.dynamic",  // the value as Dynamic
    "_native.shallow",  // a copy of an object, field by field
    "_native.copied",   // a shallow copy of an object; anything else itself
    "_native.deepcopy", // a copy of everything in the value; a memo
    "math.log", "math.isclose", "math.prod", "math.lcm", "math.degrees", "math.radians", "math.dist", "sys.argv", "sys.exit", "sys.stdin", "sys.stdout", "sys.stderr",
    "sys.maxsize", "os.listdir", "os.makedirs", "os.mkdir", "os.getenv", "os.path", "os.path.join", "os.sep", "os.linesep",
};

constexpr std::string_view kCollections[] = {"deque", "defaultdict", "Counter", "OrderedDict", "namedtuple"};

// Modules whose names stand for what the checker itself knows.
bool is_open_module(std::string_view module) {
    return module == "typing" || module == "collections.abc" || module == "abc" || module == "dataclasses" || module == "enum" || module == "numbers";
}

// Names of `types` that stand for classes without a name of their own.
constexpr std::string_view kTypesNames[] = {"FunctionType", "LambdaType", "MethodType", "BuiltinFunctionType", "GeneratorType", "ModuleType",
                                            "CodeType", "NoneType", "TracebackType"};

}  // namespace

const ModuleFunction* native_function(std::string_view full) {
    const auto* found = std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const ModuleFunction& f) { return full == f.name; });
    return found != std::end(kFunctions) ? found : nullptr;
}

const double* native_number(std::string_view full) {
    for (const ModuleConstant& c : kConstants)
        if (full == c.name) return &c.value;
    return nullptr;
}

std::vector<std::string> native_names(const std::string& module) {
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

Entity native_member(const std::string& module, std::string_view name) {
    Entity result;
    const std::string full = module + "." + std::string(name);
    if (full == "os.path") {
        result.kind = EntityKind::kModule;
        result.name = full;
    } else if (module == "collections" && std::find(std::begin(kCollections), std::end(kCollections), name) != std::end(kCollections)) {
        result.kind = EntityKind::kBuiltin;
        result.name = full;
    } else if (is_open_module(module) || (module == "types" && std::find(std::begin(kTypesNames), std::end(kTypesNames), name) != std::end(kTypesNames))) {
        result.kind = EntityKind::kBuiltin;
        result.name = std::string(name);
    } else {
        const std::vector<std::string> names = native_names(module);
        if (std::find(names.begin(), names.end(), name) == names.end()) return result;
        result.kind = EntityKind::kModuleMember;
        result.name = full;
    }
    return result;
}

const std::vector<std::string_view>& native_modules() {
    static const std::vector<std::string_view> kModules{"math", "sys", "time", "os", "os.path", "typing", "collections.abc",
                                                        "abc", "dataclasses", "enum", "collections", "numbers", "__future__"};
    return kModules;
}

bool is_native_module(std::string_view name) {
    const auto& modules = native_modules();
    return std::find(modules.begin(), modules.end(), name) != modules.end() && stdlib_source(name) == nullptr;
}

}  // namespace kayton::check
