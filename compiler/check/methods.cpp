// Methods of built-in types. Most are a line of a table: the runtime function that does it, its parameters and result.
#include <algorithm>
#include <charconv>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;

// Parameters: "name:type" with an optional "=default", separated by ", ". Types: int bool float str bytes self T K V;
// "str?" passes NULL for None. Defaults: a number, True, False, None, ABSENT, or ' ' for a space.
// Results: those types, list[str], tuple[str, str, str], self, T, None.
struct MethodSpec {
    TypeKind owner;
    const char* name;
    RT fn;
    const char* params;
    const char* result;
};

namespace {

constexpr MethodSpec kMethods[] = {
    {TypeKind::kStr, "upper", RT::kt_str_upper, "", "str"},
    {TypeKind::kStr, "lower", RT::kt_str_lower, "", "str"},
    {TypeKind::kStr, "title", RT::kt_str_title, "", "str"},
    {TypeKind::kStr, "capitalize", RT::kt_str_capitalize, "", "str"},
    {TypeKind::kStr, "swapcase", RT::kt_str_swapcase, "", "str"},
    {TypeKind::kStr, "casefold", RT::kt_str_casefold, "", "str"},
    {TypeKind::kStr, "strip", RT::kt_str_strip, "chars:str?=None", "str"},
    {TypeKind::kStr, "lstrip", RT::kt_str_lstrip, "chars:str?=None", "str"},
    {TypeKind::kStr, "rstrip", RT::kt_str_rstrip, "chars:str?=None", "str"},
    {TypeKind::kStr, "split", RT::kt_str_split, "sep:str?=None, maxsplit:int=-1", "list[str]"},
    {TypeKind::kStr, "rsplit", RT::kt_str_rsplit, "sep:str?=None, maxsplit:int=-1", "list[str]"},
    {TypeKind::kStr, "splitlines", RT::kt_str_splitlines, "keepends:bool=False", "list[str]"},
    {TypeKind::kStr, "partition", RT::kt_str_partition, "sep:str", "tuple[str, str, str]"},
    {TypeKind::kStr, "rpartition", RT::kt_str_rpartition, "sep:str", "tuple[str, str, str]"},
    {TypeKind::kStr, "replace", RT::kt_str_replace, "old:str, new:str, count:int=-1", "str"},
    {TypeKind::kStr, "find", RT::kt_str_find, "sub:str, start:int=ABSENT, end:int=ABSENT", "int"},
    {TypeKind::kStr, "rfind", RT::kt_str_rfind, "sub:str, start:int=ABSENT, end:int=ABSENT", "int"},
    {TypeKind::kStr, "index", RT::kt_str_find_index, "sub:str, start:int=ABSENT, end:int=ABSENT", "int"},
    {TypeKind::kStr, "rindex", RT::kt_str_rfind_index, "sub:str, start:int=ABSENT, end:int=ABSENT", "int"},
    {TypeKind::kStr, "count", RT::kt_str_count, "sub:str, start:int=ABSENT, end:int=ABSENT", "int"},
    {TypeKind::kStr, "startswith", RT::kt_str_startswith, "prefix:str, start:int=ABSENT, end:int=ABSENT", "bool"},
    {TypeKind::kStr, "endswith", RT::kt_str_endswith, "suffix:str, start:int=ABSENT, end:int=ABSENT", "bool"},
    {TypeKind::kStr, "removeprefix", RT::kt_str_removeprefix, "prefix:str", "str"},
    {TypeKind::kStr, "removesuffix", RT::kt_str_removesuffix, "suffix:str", "str"},
    {TypeKind::kStr, "center", RT::kt_str_center, "width:int, fillchar:str=' '", "str"},
    {TypeKind::kStr, "ljust", RT::kt_str_ljust, "width:int, fillchar:str=' '", "str"},
    {TypeKind::kStr, "rjust", RT::kt_str_rjust, "width:int, fillchar:str=' '", "str"},
    {TypeKind::kStr, "zfill", RT::kt_str_zfill, "width:int", "str"},
    {TypeKind::kStr, "expandtabs", RT::kt_str_expandtabs, "tabsize:int=8", "str"},
    {TypeKind::kStr, "encode", RT::kt_str_encode, "encoding:str?=None, errors:str?=None", "bytes"},
    {TypeKind::kStr, "isalpha", RT::kt_str_isalpha, "", "bool"},
    {TypeKind::kStr, "isdigit", RT::kt_str_isdigit, "", "bool"},
    {TypeKind::kStr, "isdecimal", RT::kt_str_isdecimal, "", "bool"},
    {TypeKind::kStr, "isnumeric", RT::kt_str_isnumeric, "", "bool"},
    {TypeKind::kStr, "isalnum", RT::kt_str_isalnum, "", "bool"},
    {TypeKind::kStr, "isspace", RT::kt_str_isspace, "", "bool"},
    {TypeKind::kStr, "isupper", RT::kt_str_isupper, "", "bool"},
    {TypeKind::kStr, "islower", RT::kt_str_islower, "", "bool"},
    {TypeKind::kStr, "istitle", RT::kt_str_istitle, "", "bool"},
    {TypeKind::kStr, "isidentifier", RT::kt_str_isidentifier, "", "bool"},
    {TypeKind::kStr, "isprintable", RT::kt_str_isprintable, "", "bool"},
    {TypeKind::kStr, "isascii", RT::kt_str_isascii, "", "bool"},

    {TypeKind::kBytes, "decode", RT::kt_bytes_decode, "encoding:str?=None, errors:str?=None", "str"},
    {TypeKind::kBytes, "hex", RT::kt_bytes_hex, "", "str"},
    {TypeKind::kBytes, "find", RT::kt_bytes_find, "sub:bytes, start:int=ABSENT, end:int=ABSENT", "int"},
    {TypeKind::kBytes, "count", RT::kt_bytes_count, "sub:bytes, start:int=ABSENT, end:int=ABSENT", "int"},
    {TypeKind::kBytes, "startswith", RT::kt_bytes_startswith, "prefix:bytes, start:int=ABSENT, end:int=ABSENT", "bool"},
    {TypeKind::kBytes, "endswith", RT::kt_bytes_endswith, "suffix:bytes, start:int=ABSENT, end:int=ABSENT", "bool"},
    {TypeKind::kBytes, "split", RT::kt_bytes_split, "sep:bytes?=None, maxsplit:int=-1", "list[bytes]"},
    {TypeKind::kBytes, "strip", RT::kt_bytes_strip, "chars:bytes?=None", "bytes"},
    {TypeKind::kBytes, "lstrip", RT::kt_bytes_lstrip, "chars:bytes?=None", "bytes"},
    {TypeKind::kBytes, "rstrip", RT::kt_bytes_rstrip, "chars:bytes?=None", "bytes"},
    {TypeKind::kBytes, "replace", RT::kt_bytes_replace, "old:bytes, new:bytes, count:int=-1", "bytes"},
    {TypeKind::kBytes, "upper", RT::kt_bytes_upper, "", "bytes"},
    {TypeKind::kBytes, "lower", RT::kt_bytes_lower, "", "bytes"},

    {TypeKind::kInt, "bit_length", RT::kt_int_bit_length, "", "int"},
    {TypeKind::kInt, "bit_count", RT::kt_int_bit_count, "", "int"},
    {TypeKind::kInt, "to_bytes", RT::kt_int_to_bytes, "length:int=1, byteorder:str='big', signed:bool=False", "bytes"},
    {TypeKind::kFloat, "is_integer", RT::kt_float_is_integer, "", "bool"},
    {TypeKind::kFloat, "hex", RT::kt_float_hex, "", "str"},

    {TypeKind::kList, "append", RT::kt_list_append, "object:T", "None"},
    {TypeKind::kList, "insert", RT::kt_list_insert, "index:int, object:T", "None"},
    {TypeKind::kList, "pop", RT::kt_list_pop, "index:int=-1", "T"},
    {TypeKind::kList, "remove", RT::kt_list_remove, "value:T", "None"},
    {TypeKind::kList, "index", RT::kt_list_find, "value:T, start:int=ABSENT, stop:int=ABSENT", "int"},
    {TypeKind::kList, "count", RT::kt_list_count, "value:T", "int"},
    {TypeKind::kList, "reverse", RT::kt_list_reverse, "", "None"},
    {TypeKind::kList, "copy", RT::kt_list_copy, "", "self"},
    {TypeKind::kList, "clear", RT::kt_list_clear, "", "None"},

    {TypeKind::kDict, "clear", RT::kt_dict_clear, "", "None"},
    {TypeKind::kDict, "copy", RT::kt_dict_copy, "", "self"},
    {TypeKind::kDict, "popitem", RT::kt_dict_popitem, "", "tuple[K, V]"},

    {TypeKind::kSet, "add", RT::kt_set_add, "element:T", "None"},
    {TypeKind::kSet, "remove", RT::kt_set_remove, "element:T", "None"},
    {TypeKind::kSet, "discard", RT::kt_set_discard, "element:T", "None"},
    {TypeKind::kSet, "pop", RT::kt_set_pop, "", "T"},
    {TypeKind::kSet, "copy", RT::kt_set_copy, "", "self"},
    {TypeKind::kSet, "clear", RT::kt_set_clear, "", "None"},

    {TypeKind::kTextFile, "read", RT::kt_file_read, "size:int=-1", "str"},
    {TypeKind::kTextFile, "readline", RT::kt_file_readline, "", "str"},
    {TypeKind::kTextFile, "readlines", RT::kt_file_readlines, "", "list[str]"},
    {TypeKind::kTextFile, "write", RT::kt_file_write, "text:str", "int"},
    {TypeKind::kTextFile, "close", RT::kt_file_close, "", "None"},
    {TypeKind::kTextFile, "flush", RT::kt_flush, "", "None"},
    {TypeKind::kTextFile, "seek", RT::kt_file_seek, "offset:int, whence:int=0", "int"},
    {TypeKind::kTextFile, "tell", RT::kt_file_tell, "", "int"},
    {TypeKind::kBinaryFile, "read", RT::kt_file_read_bytes, "size:int=-1", "bytes"},
    {TypeKind::kBinaryFile, "readline", RT::kt_file_readline_bytes, "", "bytes"},
    {TypeKind::kBinaryFile, "write", RT::kt_file_write_bytes, "data:bytes", "int"},
    {TypeKind::kBinaryFile, "close", RT::kt_file_close, "", "None"},
    {TypeKind::kBinaryFile, "flush", RT::kt_flush, "", "None"},
    {TypeKind::kBinaryFile, "seek", RT::kt_file_seek, "offset:int, whence:int=0", "int"},
    {TypeKind::kBinaryFile, "tell", RT::kt_file_tell, "", "int"},
};

struct ParamSpec {
    std::string_view name, type, default_value;
    bool optional = false;  // "?": None is NULL
    bool has_default = false;
};

std::vector<ParamSpec> parse_params(std::string_view text) {
    std::vector<ParamSpec> params;
    while (!text.empty()) {
        size_t comma = text.find(", ");
        std::string_view one = text.substr(0, comma);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 2);
        ParamSpec p;
        size_t colon = one.find(':');
        p.name = one.substr(0, colon);
        std::string_view rest = one.substr(colon + 1);
        size_t equals = rest.find('=');
        p.type = rest.substr(0, equals);
        if (equals != std::string_view::npos) {
            p.has_default = true;
            p.default_value = rest.substr(equals + 1);
        }
        if (!p.type.empty() && p.type.back() == '?') {
            p.optional = true;
            p.type.remove_suffix(1);
        }
        params.push_back(p);
    }
    return params;
}

constexpr const char* kSpecialMethods[][2] = {
    {"list", "sort"}, {"list", "extend"}, {"dict", "get"}, {"dict", "pop"}, {"dict", "setdefault"}, {"dict", "update"},
    {"dict", "keys"}, {"dict", "values"}, {"dict", "items"}, {"str", "join"}, {"str", "format"}, {"str", "translate"},
    {"set", "union"}, {"set", "intersection"}, {"set", "difference"}, {"set", "symmetric_difference"}, {"set", "update"},
    {"set", "issubset"}, {"set", "issuperset"}, {"set", "isdisjoint"}, {"bytes", "join"},
};

}  // namespace

std::vector<std::string> Checker::method_names(const Type* t) {
    std::vector<std::string> names;
    t = prune(t);
    for (const MethodSpec& spec : kMethods)
        if (spec.owner == t->kind) names.emplace_back(spec.name);
    const std::string text = to_string(t);
    const std::string owner = text.substr(0, text.find('['));
    for (const auto& special : kSpecialMethods)
        if (owner == special[0]) names.emplace_back(special[1]);
    if (const Manifest* m = manifest_of(t)) {
        const std::string prefix = std::string(t->name) + ".";
        for (const ManifestFunction& f : m->functions)
            if (f.name.starts_with(prefix)) names.push_back(f.name.substr(prefix.size()));
    }
    return names;
}

void Checker::add_table_members(const Type* t, std::vector<NameInfo>& out) {
    t = prune(t);
    for (const MethodSpec& spec : kMethods) {
        if (spec.owner != t->kind) continue;
        std::string signature = std::string(spec.name) + "(";
        for (const ParamSpec& p : parse_params(spec.params)) {
            signature += (signature.back() == '(' ? "" : ", ") + std::string(p.name) + ": " + std::string(p.type);
            if (p.has_default) signature += p.default_value == "ABSENT" ? " = None" : " = " + std::string(p.default_value);
        }
        out.push_back({spec.name, "method", signature + ") -> " + spec.result, ""});
    }
    const std::string text = to_string(t);
    const std::string owner = text.substr(0, text.find('['));
    for (const auto& special : kSpecialMethods)
        if (owner == special[0]) out.push_back({special[1], "method", std::string(special[1]) + "(…)", ""});
}

TExpr* Checker::table_call(const MethodSpec& spec, TExpr* object, const Type* owner, const CallExpr& e) {
    std::vector<ParamSpec> params = parse_params(spec.params);
    Args args = {object};
    const std::string what = to_string(prune(owner)).substr(0, to_string(prune(owner)).find('[')) + "." + spec.name + "()";
    std::vector<const Expr*> given(params.size(), nullptr);
    if (e.args.size() > params.size()) {
        report(DiagCode::kBadArguments, e.span,
               what + " takes at most " + std::to_string(params.size()) + " argument" + (params.size() == 1 ? "" : "s") + " (" + std::to_string(e.args.size()) + " given)");
        return never(e.span);
    }
    for (size_t i = 0; i < e.args.size(); ++i) given[i] = e.args[i];
    for (const KeywordArg& k : e.keywords) {
        auto at = std::find_if(params.begin(), params.end(), [&](const ParamSpec& p) { return p.name == k.name; });
        if (at == params.end()) {
            report(DiagCode::kBadArguments, k.span, what + " got an unexpected keyword argument '" + std::string(k.name) + "'");
            return never(e.span);
        }
        given[static_cast<size_t>(at - params.begin())] = k.value;
    }
    auto type_named = [&](std::string_view name) -> const Type* {
        if (name == "T" || name == "K") return prune(owner)->args[0];
        if (name == "V") return prune(owner)->args[1];
        if (name == "self") return owner;
        if (name == "tuple[K, V]") return types_.tuple(prune(owner)->args);
        return parse_type(name);
    };
    for (size_t i = 0; i < params.size(); ++i) {
        const ParamSpec& p = params[i];
        if (given[i] != nullptr) {
            if (p.optional && given[i]->kind == ExprKind::kNone) {
                args.push_back(null(e.span));
                continue;
            }
            const Type* t = type_named(p.type);
            if (p.default_value == "ABSENT") {
                args.push_back(bound_or_absent(expression(*given[i]), given[i]->span, what));
                continue;
            }
            TExpr* value = expression(*given[i], t);
            if (p.type == "bytes" && p.name == "sub") value = byte_part(value, given[i]->span);
            if (p.optional) {
                if (prune(value->type)->kind == TypeKind::kNone) {
                    args.push_back(null(e.span));
                    continue;
                }
                if (types::is_union_with_none(prune(value->type)) && accepts(types_.optional(t), value->type)) {
                    args.push_back(convert(value, types_.optional(t)));
                    continue;
                }
            }
            if (p.type == "T" && std::string_view(spec.name) != "append" && std::string_view(spec.name) != "insert" &&
                std::string_view(spec.name) != "add") {
                // A value to look for: one of another type is simply not there.
                if (!accepts(t, value->type) && types::is_numeric(prune(t)) && types::is_numeric(prune(value->type)) &&
                    prune(t)->kind == TypeKind::kFloat)
                    value = convert(value, types_.floating);
                args.push_back(coerce(value, t, given[i]->span, what));
                continue;
            }
            if (p.type == "T") {
                if (prune(owner)->kind == TypeKind::kSet && !hashable(value->type)) {
                    report(DiagCode::kUnhashable, given[i]->span, "unhashable type: '" + to_string(resolved(value->type)) + "'");
                    return never(e.span);
                }
                if (!grow(t, value->type)) {
                    const std::string element = to_string(resolved(t));
                    const std::string found = to_string(resolved(value->type));
                    std::string help;
                    if (prune(value->type)->kind == TypeKind::kStr && element == "int") help = "convert with int(" + std::string(file().text().substr(given[i]->span.begin, given[i]->span.end - given[i]->span.begin)) + ")";
                    if (element == "str" && types::is_numeric(prune(value->type))) help = "convert with str(...)";
                    Diagnostic& d = report_limit(DiagCode::kTypeMismatch, given[i]->span,
                                           (prune(owner)->kind == TypeKind::kList ? "list of " : "set of ") + element + " cannot take a " + found,
                                           "this is a " + found, help);
                    d.secondary.push_back({&file(), object->span, "this is " + to_string(resolved(owner))});
                    return never(e.span);
                }
                args.push_back(convert(value, t));
                continue;
            }
            args.push_back(coerce(value, t, given[i]->span, what, true));
            continue;
        }
        if (!p.has_default) {
            report(DiagCode::kBadArguments, e.span, what + " missing required argument '" + std::string(p.name) + "'");
            return never(e.span);
        }
        if (p.default_value == "None") args.push_back(null(e.span));
        else if (p.default_value == "ABSENT") args.push_back(constant_int(INT64_MIN, e.span));
        else if (p.default_value == "True" || p.default_value == "False") args.push_back(constant_bool(p.default_value == "True", e.span));
        else if (p.default_value.front() == '\'') args.push_back(constant_str(p.default_value.substr(1, p.default_value.size() - 2), e.span));
        else {
            int64_t number = 0;
            std::from_chars(p.default_value.data(), p.default_value.data() + p.default_value.size(), number);
            args.push_back(constant_int(number, e.span));
        }
    }
    return runtime(spec.fn, type_named(spec.result), e.span, args);
}

// The bound of a search: None is as good as none.
TExpr* Checker::bound_or_absent(TExpr* value, Span span, const std::string& what) {
    const Type* t = prune(value->type);
    if (t->kind != TypeKind::kNone && !types::is_union_with_none(t)) return coerce(value, types_.integer, span, what, true);
    BlockScope scope(*this);
    TExpr* held = hold(value);
    TExpr* absent = constant_int(INT64_MIN, span);
    if (t->kind == TypeKind::kNone) return scope.finish(absent);
    TExpr* test = type_test(held, types_.none, span);
    TExpr* bound = coerce(narrow(held, types_.without(t, types_.none)), types_.integer, span, what, true);
    return scope.finish(if_expr(test, absent, bound, types_.integer));
}

// What is looked for in bytes: a number stands for the byte.
TExpr* Checker::byte_part(TExpr* value, Span span) {
    if (!types::is_numeric(prune(value->type)) || prune(value->type)->kind == TypeKind::kFloat) return value;
    Unit* written = import_unit("_builtin_methods", span);
    if (written == nullptr) return value;
    const Entity part = unit_member(*written, "_part", span);
    return part.kind == EntityKind::kFunction ? call_values(*part.function, {value}, span) : value;
}

TExpr* Checker::method_call(TExpr* object, const AttributeExpr& callee, const CallExpr& e, const Type* expected) {
    const Type* t = prune(object->type);
    const std::string name(callee.name);
    if (t->kind == TypeKind::kNever) {
        for (const Expr* arg : e.args)
            if (arg->kind != ExprKind::kStarred && arg->kind != ExprKind::kLambda) expression(*arg);
        return never(e.span);
    }
    object = object_of(object, name);
    t = prune(object->type);
    if (is_instance(t) && !t->class_info->plain_field.empty() && find_method(*t->class_info, name) == nullptr && find_field(*t->class_info, name) == nullptr) {
        object = plain_value(object);
        t = prune(object->type);
    }
    if (is_instance(t) && name == "open" && find_method(*t->class_info, "__fspath__") != nullptr && find_method(*t->class_info, "open") == nullptr) {
        // Of a path: open(path, ...), where the mode decides the type.
        std::vector<Expr*> args = {callee.object};
        args.insert(args.end(), e.args.begin(), e.args.end());
        CallExpr open = e;
        open.args = synthetic_.copy(args);
        return open_call(open);
    }
    if (is_instance(t)) {
        if (const Type* inner = inner_class(*t->class_info, name)) {
            emit_expr(object);
            return call_type(inner, e, expected);
        }
        if (TExpr* result = class_method_call(object, callee, e)) return result;
    }
    if (is_several(t)) return dispatch(object, e.span, [&](TExpr* member) { return method_call(member, callee, e, expected); });
    bool handled = false;
    BlockScope scope(*this);
    TExpr* special = t->kind == TypeKind::kIterator ? generator_method(object, name, e, handled) : special_method(object, name, e, handled);
    if (handled) return scope.finish(special);
    scope.take();
    const bool immutable = t->name == "tuple" || t->name == "frozenset";
    for (const MethodSpec& spec : kMethods)
        if (spec.owner == t->kind && name == spec.name && (!immutable || name == "index" || name == "count" || name == "copy") &&
            !(name == "hex" && !e.args.empty()))
            return table_call(spec, object, t, e);
    if (t->kind == TypeKind::kBool)
        for (const MethodSpec& spec : kMethods)
            if (spec.owner == TypeKind::kInt && name == spec.name) return table_call(spec, convert(object, types_.integer), types_.integer, e);
    if (t->kind == TypeKind::kHandle || t->kind == TypeKind::kException) {
        const Manifest* manifest = manifest_of(t);
        if (manifest != nullptr) return crate_call(*manifest, std::string(t->name) + "." + name, object, e, expected);
    }
    if (t->kind == TypeKind::kTuple && name == "index") return method_call(long_tuple(object), callee, e);
    if (t->kind == TypeKind::kTuple && name == "count" && e.args.size() == 1) {
        BlockScope inner(*this);
        TExpr* item = hold(expression(*e.args[0]));
        TExpr* tuple = hold(object);
        TExpr* total = constant_int(0, e.span);
        for (size_t i = 0; i < t->args.size(); ++i) {
            TExpr* member = make(TK::kTupleGet, t->args[i], e.span, {tuple});
            member->index = static_cast<uint32_t>(i);
            total = op(typed::Op::kIntAdd, types_.integer, e.span, {total, convert(equal(item, member, e.span, false), types_.integer)}, "a + b");
        }
        return inner.finish(total);
    }
    if (t->kind == TypeKind::kTuple && name == "index" && e.args.size() == 1) {
        BlockScope inner(*this);
        TExpr* list = hold(long_tuple(object));
        return inner.finish(method_call(list, callee, e));
    }
    // Methods that are written in Kayton: bytes.title is bytes_title in _builtin_methods.kay.
    const std::string shown = to_string(resolved(t));
    if (Unit* written = import_unit("_builtin_methods", e.span)) {
        const std::string full = shown.substr(0, shown.find('[')) + "_" + name;
        const Entity method = unit_member(*written, full, e.span);
        if (method.kind == EntityKind::kFunction) return call_decl(*method.function, e, object);
        const Entity of_type = unit_member(*written, "static_" + full, e.span);
        if (of_type.kind == EntityKind::kFunction) return call_decl(*of_type.function, e);
    }
    // Special methods by their names: [1].__len__() is of__len__ in _special_methods.kay.
    if (name.starts_with("__") && name.ends_with("__"))
        if (Unit* written = import_unit("_special_methods", e.span)) {
            const Entity method = unit_member(*written, "of" + name, e.span);
            if (method.kind == EntityKind::kFunction) return call_decl(*method.function, e, object);
        }
    if (TExpr* extended = extension_call(object, name, e, expected)) return extended;
    std::string near = nearest_name(name, method_names(t));
    report(DiagCode::kUnknownAttribute, callee.name_span, "'" + to_string(resolved(t)) + "' object has no attribute '" + name + "'",
           "this is " + to_string(resolved(t)), near.empty() ? "" : "did you mean `" + near + "`?").of_none = prune(t)->kind == TypeKind::kNone;
    return never(e.span);
}

}  // namespace kayton::check
