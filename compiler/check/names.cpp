// What names and values offer, for completion and inspection: nothing here changes what the session knows.
#include <algorithm>
#include <array>
#include <functional>

#include "compiler/check/builtin_names.h"
#include "compiler/check/checker.h"
#include "compiler/check/native_table.h"

namespace kayton::check {

using namespace syntax;
using types::ClassInfo;
using types::Method;
using types::MethodKind;
using types::prune;
using types::to_string;

namespace {

constexpr std::array<std::string_view, 38> kKeywords{
    "False",  "None",   "True",  "and",    "as",   "assert", "break",  "case",    "class",  "continue", "def",    "del",     "elif",
    "else",   "except", "finally", "fn",   "for",  "from",   "global", "if",      "import", "in",       "is",     "lambda",  "match",
    "nonlocal", "not",  "or",    "pass",   "raise", "return", "rimport", "try",   "while",  "with",     "yield",  "assert"};

// What built-ins take and do, in a line each.
constexpr std::array<std::array<const char*, 3>, 49> kBuiltins{{
    {"abs", "abs(x)", "The absolute value of a number."},
    {"all", "all(iterable) -> bool", "True if every element is true."},
    {"any", "any(iterable) -> bool", "True if an element is true."},
    {"ascii", "ascii(object) -> str", "repr() with what is not ASCII escaped."},
    {"bin", "bin(number: int) -> str", "The binary digits of a number: '0b101'."},
    {"bool", "bool(x) -> bool", "The truth of a value."},
    {"bytes", "bytes(source) -> bytes", "Bytes of a text with its encoding, of numbers, or that many zeros."},
    {"callable", "callable(object) -> bool", "Can the value be called?"},
    {"chr", "chr(code: int) -> str", "The character of a Unicode code point."},
    {"clear_output", "clear_output(wait: bool = False)", "Takes away the cell's output so far; with wait, when there is more."},
    {"dict", "dict(iterable) -> dict", "A dictionary of pairs."},
    {"display", "display(*values, display_id: str = …)", "Shows values in the richest form the front end knows."},
    {"divmod", "divmod(a, b) -> tuple", "Quotient and remainder."},
    {"enumerate", "enumerate(iterable, start: int = 0)", "Pairs of a count and an element."},
    {"exit", "exit(status: int = 0)", "Ends the program."},
    {"filter", "filter(function, iterable)", "The elements for which the function is true."},
    {"float", "float(x) -> float", "A number or its text as a float."},
    {"format", "format(value, spec: str = '') -> str", "A value as a format spec says."},
    {"frozenset", "frozenset(iterable) -> frozenset", "A set that does not change."},
    {"hash", "hash(object) -> int", "The number that dictionaries find a value by."},
    {"hex", "hex(number: int) -> str", "The hexadecimal digits of a number: '0xff'."},
    {"id", "id(object) -> int", "A number that no other living value has."},
    {"input", "input(prompt: str = '') -> str", "A line that the person types."},
    {"int", "int(x, base: int = 10) -> int", "A number or its text as an int."},
    {"isinstance", "isinstance(object, class) -> bool", "Is the value of the class, or of one of a tuple of classes?"},
    {"iter", "iter(object)", "An iterator over a value."},
    {"len", "len(object) -> int", "How many elements a value has."},
    {"list", "list(iterable) -> list", "A list of the elements."},
    {"map", "map(function, *iterables)", "The function of every element."},
    {"max", "max(iterable, *, key, default)", "The largest element or argument."},
    {"min", "min(iterable, *, key, default)", "The smallest element or argument."},
    {"next", "next(iterator, default)", "The next element of an iterator."},
    {"oct", "oct(number: int) -> str", "The octal digits of a number: '0o17'."},
    {"open", "open(file: str, mode: str = 'r', encoding: str = None)", "Opens a file."},
    {"ord", "ord(character: str) -> int", "The Unicode code point of a character."},
    {"pow", "pow(base, exponent, mod)", "base ** exponent, or its remainder."},
    {"print", "print(*values, sep: str = ' ', end: str = '\\n', file = sys.stdout, flush: bool = False)",
     "Writes values to standard output or a file."},
    {"quit", "quit(status: int = 0)", "Ends the program."},
    {"range", "range(start, stop, step)", "Whole numbers from start up to stop, which is not among them."},
    {"repr", "repr(object) -> str", "A value as a program would write it."},
    {"reversed", "reversed(sequence)", "The elements from the last to the first."},
    {"round", "round(number, ndigits: int)", "A number rounded, halves to even."},
    {"set", "set(iterable) -> set", "A set of the elements."},
    {"sorted", "sorted(iterable, *, key, reverse: bool = False) -> list", "A sorted list of the elements."},
    {"str", "str(object) -> str", "A value as text."},
    {"sum", "sum(iterable, start = 0)", "The sum of the elements."},
    {"tuple", "tuple(iterable) -> tuple", "A tuple of the elements."},
    {"type", "type(object)", "The class of a value."},
    {"zip", "zip(*iterables)", "Tuples of the elements at the same place."},
}};

// The docstring's first paragraph, in one line.
std::string doc_of(Body body) {
    if (body.empty() || body[0]->kind != StmtKind::kExpr) return {};
    const Expr& value = *as<ExprStmt>(*body[0]).value;
    if (value.kind != ExprKind::kStr) return {};
    std::string doc;
    std::string_view text = as<StrExpr>(value).value;
    bool any = false;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos) {
            if (any) break;
            continue;
        }
        line = line.substr(begin, line.find_last_not_of(" \t") + 1 - begin);
        doc += (any ? " " : "") + std::string(line);
        any = true;
    }
    return doc;
}

// A member of a module that the compiler or the runtime makes: "math.sqrt".
NameInfo describe_native(std::string name, const std::string& full) {
    if (native_number(full) != nullptr) return {name, "instance", name + ": float", "", "", {}};
    const ModuleFunction* function = native_function(full);
    if (function == nullptr) return {name, "function", name + "(…)", "", "", {}};
    static const std::map<char, const char*> kTypes{{'i', "int"}, {'f', "float"}, {'s', "str"}, {'b', "bool"}, {'y', "bytes"}, {'L', "list[int]"},
                                                    {'F', "list[float]"}, {'S', "list[str]"}, {'o', "str | None"}, {'e', "BaseException | None"}};
    std::string signature = name + "(";
    for (const char* letter = function->params; *letter != '\0'; ++letter) {
        const auto type = kTypes.find(*letter);
        signature += std::string(signature.back() == '(' ? "" : ", ") + (type == kTypes.end() ? "…" : type->second);
    }
    return {name, "function", signature + ") -> " + function->result, "", "", {}};
}

}  // namespace

NameInfo Checker::describe(const FunctionDecl& decl, std::string name, const char* kind, bool method) {
    std::string signature = name + "(";
    // For an editor: what calls have shown of the types that are not written.
    const auto inferred = [&](const std::function<const Type*(const Instance&)>& part) {
        std::string text;
        for (const auto& instance : decl.instances) {
            if (!noting_ || guessing_ || instance->checked_in != pass_) continue;
            const std::string type = to_string(types_.resolve(part(*instance), true));
            if (!text.empty() && text != type) return std::string();
            text = type;
        }
        return text;
    };
    const std::string_view text = decl.file->text();
    auto written = [&](const Expr& e) { return std::string(text.substr(e.span.begin, e.span.end - e.span.begin)); };
    bool keywords_only = false;
    for (size_t i = method ? 1 : 0; i < decl.params.size(); ++i) {
        const Param& p = decl.params[i];
        if (signature.back() != '(') signature += ", ";
        if (p.kind == ParamKind::kKeywordOnly && !keywords_only) signature += "*, ";
        keywords_only = keywords_only || p.kind == ParamKind::kKeywordOnly || p.kind == ParamKind::kVarArgs;
        if (p.kind == ParamKind::kVarArgs) signature += "*";
        if (p.kind == ParamKind::kVarKeywords) signature += "**";
        signature += p.name;
        if (p.annotation != nullptr) {
            signature += ": " + written(*p.annotation);
        } else if (p.kind != ParamKind::kVarArgs && p.kind != ParamKind::kVarKeywords) {
            const std::string type = inferred([&](const Instance& instance) { return i < instance.args.size() ? instance.args[i] : types_.dynamic; });
            if (!type.empty()) signature += ": " + type;
        }
        if (p.default_value != nullptr) signature += " = " + written(*p.default_value);
    }
    signature += ")";
    if (decl.returns != nullptr) {
        signature += " -> " + written(*decl.returns);
    } else if (const std::string type = inferred([](const Instance& instance) { return instance.result; }); !type.empty()) {
        signature += " -> " + type;
    }
    return {std::move(name), kind, std::move(signature), doc_of(decl.body), decl.file->name(), decl.span};
}

NameInfo Checker::describe(std::string name, const Entity& entity) {
    switch (entity.kind) {
        case EntityKind::kFunction: return describe(*entity.function, std::move(name), "function", false);
        case EntityKind::kValue: return {name, "instance", name + ": " + to_string(types_.resolve(entity.value->type, true)), "", "", {}};
        case EntityKind::kModule:
        case EntityKind::kCrate: return {name, "module", "module " + entity.name, "", "", {}};
        case EntityKind::kType: {
            NameInfo info{name, "class", "class " + name, "", "", {}};
            if (const ClassInfo* c = entity.type->class_info) {
                if (const Method* init = find_method(*c, "__init__")) {
                    info = describe(*init->decl, name, "class", true);
                    info.signature = "class " + info.signature;
                }
                if (c->file != nullptr) info.file = c->file->name();
                info.place = c->span;
            }
            return info;
        }
        case EntityKind::kBoundMethod: return {name, "function", name + ": method " + std::string(entity.attribute->name) + " of " + to_string(types_.resolve(entity.value->type, true)), "", "", {}};
        case EntityKind::kSuper: return {name, "instance", name + ": super of " + to_string(entity.type), "", "", {}};
        case EntityKind::kCrateType: {
            for (const ManifestType& t : entity.manifest->types)
                if (t.name == entity.name) return {name, "class", "class " + t.name, t.doc, "", {}};
            return {name, "class", "class " + entity.name, "", "", {}};
        }
        case EntityKind::kCrateFunctions: {
            const std::vector<const ManifestFunction*> overloads = crate_functions(*entity.manifest, entity.name);
            if (overloads.empty()) break;
            return {name, "function", overloads.front()->name + overloads.front()->signature, overloads.front()->doc, "", {}};
        }
        case EntityKind::kBuiltin:
            for (const auto& [known, signature, doc] : kBuiltins)
                if (entity.name == known) return {name, "function", signature, doc, "", {}};
            return {name, "function", name + "(…)", "", "", {}};
        case EntityKind::kModuleMember: return describe_native(std::move(name), entity.name);
        case EntityKind::kNothing: break;
    }
    return {name, "instance", name, "", "", {}};
}

std::vector<NameInfo> Checker::visible_names() {
    std::vector<NameInfo> all;
    for (const auto& [name, global] : committed_globals_) {
        if (name.find_first_of("#:") != std::string::npos) continue;
        if (global.declared != nullptr) all.push_back({name, "instance", name + ": " + to_string(global.declared), "", "", {}});
        else if (global.entity.kind != EntityKind::kNothing) all.push_back(describe(name, global.entity));
    }
    Entity builtin;
    builtin.kind = EntityKind::kBuiltin;
    for (const std::string& name : builtin_names()) {
        builtin.name = name;
        if (!committed_globals_.contains(name)) all.push_back(describe(name, builtin));
    }
    for (const std::string_view word : kKeywords) all.push_back({std::string(word), "keyword", std::string(word), "", "", {}});
    std::sort(all.begin(), all.end(), [](const NameInfo& a, const NameInfo& b) { return a.name < b.name; });
    all.erase(std::unique(all.begin(), all.end(), [](const NameInfo& a, const NameInfo& b) { return a.name == b.name; }), all.end());
    return all;
}

void Checker::add_members(const Type* type, bool of_class, std::vector<NameInfo>& out) {
    type = prune(type);
    if (type->kind == TypeKind::kUnion) {
        for (const Type* member : type->args) add_members(member, of_class, out);
        return;
    }
    const auto of_file = [](const ClassInfo& c) { return c.file != nullptr ? c.file->name() : std::string(); };
    static const std::vector<ClassInfo*> kNone;
    for (const ClassInfo* c : type->class_info != nullptr ? type->class_info->mro : kNone) {
        if (!of_class)
            for (const types::ClassField& field : c->fields)
                out.push_back({field.name, "field", field.name + ": " + to_string(types_.resolve(field.type, true)), "", of_file(*c), field.span});
        for (const std::string& attribute : c->attributes) {
            const auto global = globals_.find(c->attribute_global(attribute));
            const bool known = global != globals_.end() && global->second.declared != nullptr;
            out.push_back({attribute, "field", attribute + (known ? ": " + to_string(types_.resolve(global->second.declared, true)) : ""), "",
                           known ? of_file(*c) : "", known ? global->second.span : Span{}});
        }
        for (const auto& [name, method] : c->methods) {
            if (method.kind == MethodKind::kProperty) out.push_back({name, "field", name, doc_of(method.decl->body), method.decl->file->name(), method.decl->span});
            else out.push_back(describe(*method.decl, name, "method", method.kind != MethodKind::kStatic));
        }
    }
    if (const Manifest* manifest = manifest_of(type)) {
        const std::string owner(type->name);
        for (const ManifestFunction& f : manifest->functions) {
            if (f.owner != owner || f.name.size() <= owner.size() + 1) continue;
            const std::string name = f.name.substr(owner.size() + 1);
            if ((f.receiver == ReceiverMode::kNone) != of_class && !f.constant) continue;
            out.push_back({name, f.field ? "field" : "method", name + f.signature, f.doc, "", {}});
        }
    }
    if (!of_class || type->class_info == nullptr) add_table_members(type, out);
}

void Checker::add_members(const Entity& entity, std::vector<NameInfo>& out) {
    switch (entity.kind) {
        case EntityKind::kValue: add_members(types_.resolve(entity.value->type, true), false, out); break;
        case EntityKind::kType: add_members(entity.type, true, out); break;
        case EntityKind::kCrateType: add_members(entity.type, true, out); break;
        case EntityKind::kModule:
            for (const std::string& name : module_names(entity.name)) {
                const size_t mark = diagnostics_.all().size();
                if (name.find('.') == std::string::npos) out.push_back(describe(name, module_member(entity.name, name, {0, 0})));
                diagnostics_.rewind(mark);
            }
            break;
        case EntityKind::kCrate:
            for (const std::string& name : crate_names(*entity.manifest, entity.name))
                out.push_back(describe(name, crate_member(*entity.manifest, entity.name + "." + name, {0, 0}, false)));
            break;
        default: break;
    }
}

// What the module's only expression statement stands for; nothing of it stays.
void Checker::ask(const Module& module, const std::function<void(const Entity&)>& answer) {
    if (module.body.size() != 1 || module.body[0]->kind != StmtKind::kExpr) return;
    asking_ = true;
    asked_.reset();
    (void)check(module, true, false);
    asking_ = false;
    if (asked_) as_module_body([&] { answer(*asked_); });
    globals_ = committed_globals_;
    import_errors_.clear();
}

std::vector<NameInfo> Checker::members_of(const Module& module) {
    std::vector<NameInfo> members;
    ask(module, [&](const Entity& entity) { add_members(entity, members); });
    std::sort(members.begin(), members.end(), [](const NameInfo& a, const NameInfo& b) { return a.name < b.name; });
    members.erase(std::unique(members.begin(), members.end(), [](const NameInfo& a, const NameInfo& b) { return a.name == b.name; }),
                  members.end());
    return members;
}

std::optional<NameInfo> Checker::description_of(const Module& module) {
    std::optional<NameInfo> description;
    ask(module, [&](const Entity& entity) {
        const Span span = module.body[0]->span;
        description = describe(std::string(module.file->text().substr(span.begin, span.end - span.begin)), entity);
    });
    return description;
}

}  // namespace kayton::check
