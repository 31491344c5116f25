#include "compiler/check/missing_instances.h"

#include <algorithm>
#include <map>
#include <set>

namespace kayton::check {

namespace {

using types::prune;
using types::Type;
using types::TypeKind;

std::string own_name(const Manifest& manifest, const std::string& name) {
    return name.starts_with(manifest.crate + ".") ? name.substr(manifest.crate.size() + 1) : name;
}

// A type in the words that `kik instantiate` takes; empty for what has none.
std::string words(const Manifest& manifest, const Type* type) {
    type = prune(type);
    const auto with = [&](const std::string& name) {
        std::string text = name;
        for (size_t i = 0; i < type->args.size(); ++i) {
            const std::string argument = words(manifest, type->args[i]);
            if (argument.empty()) return std::string();
            text += (i == 0 ? "[" : ", ") + argument;
        }
        return text + (type->args.empty() ? "" : "]");
    };
    switch (type->kind) {
        case TypeKind::kInt: return "int";
        case TypeKind::kFloat: return "float";
        case TypeKind::kBool: return "bool";
        case TypeKind::kStr: return "str";
        case TypeKind::kBytes: return "bytes";
        case TypeKind::kList: return with("list");
        case TypeKind::kDict: return with("dict");
        case TypeKind::kSet: return with("set");
        case TypeKind::kTuple: return type->args.empty() ? "" : with("tuple");
        case TypeKind::kHandle:
            if (type->name.starts_with("$")) return "";
            for (const ManifestType& known : manifest.types)
                if (known.name == type->name && !known.names.empty() && !type->args.empty()) return with(own_name(manifest, known.names.front()));
            return own_name(manifest, std::string(type->name));
        default: return "";
    }
}

std::string command(const Manifest& manifest, const std::string& name, const std::vector<std::string>& args) {
    std::string text = "kik instantiate " + manifest.package + " '" + own_name(manifest, name);
    for (size_t i = 0; i < args.size(); ++i) text += (i == 0 ? "[" : ", ") + args[i];
    return text + "]'";
}

// The parts between commas that stand in no brackets.
std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> parts(1);
    int depth = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool arrow = c == '>' && i > 0 && text[i - 1] == '-';
        if (c == '<' || c == '(' || c == '[') ++depth;
        if ((c == '>' && !arrow) || c == ')' || c == ']') --depth;
        if (c == ',' && depth == 0)
            parts.emplace_back();
        else if (c != ' ' || !parts.back().empty())
            parts.back().push_back(c);
    }
    if (parts.back().empty()) parts.pop_back();
    return parts;
}

// "fn send<T: Send + 'static>(value: T) -> String", taken apart.
struct RustFunction {
    std::vector<std::pair<std::string, std::string>> generics;  // name, bounds
    std::vector<std::string> params;                            // their types; "self" in any form as it stands
    bool known = true;
};

RustFunction taken_apart(const std::string& rust) {
    RustFunction out;
    const auto closing = [&](size_t open, char opens, char closes) {
        int depth = 0;
        for (size_t i = open; i < rust.size(); ++i) {
            if (rust[i] == opens) ++depth;
            if (rust[i] == closes && !(closes == '>' && rust[i - 1] == '-') && --depth == 0) return i;
        }
        return std::string::npos;
    };
    size_t at = rust.find_first_of("<(");
    if (at != std::string::npos && rust[at] == '<') {
        const size_t end = closing(at, '<', '>');
        if (end == std::string::npos) return {{}, {}, false};
        for (const std::string& part : parts_of(std::string_view(rust).substr(at + 1, end - at - 1))) {
            if (part.starts_with("'")) continue;
            const size_t colon = part.find(':');
            out.known = out.known && !part.starts_with("const ");
            out.generics.emplace_back(part.substr(0, colon), colon == std::string::npos ? "" : part.substr(colon + 1));
        }
        at = end + 1;
    }
    const size_t end = at < rust.size() && rust[at] == '(' ? closing(at, '(', ')') : std::string::npos;
    if (end == std::string::npos) return {{}, {}, false};
    for (const std::string& part : parts_of(std::string_view(rust).substr(at + 1, end - at - 1))) {
        const size_t colon = part.find(": ");
        out.params.push_back(colon == std::string::npos ? part : part.substr(colon + 2));
    }
    return out;
}

// Whether a value of that type can have a bound, as far as names tell. What crates define, their own types may have.
bool may_have(const Type* type, std::string bound) {
    bound.erase(0, bound.find_first_not_of(' '));
    bound.erase(bound.find_last_not_of(' ') + 1);
    static const std::set<std::string> any = {"", "Clone", "Debug", "PartialEq", "Send", "Sync", "Sized", "?Sized", "Unpin", "'static", "Any"};
    static const std::set<std::string> total = {"Eq", "Ord", "Hash"};
    if (any.contains(bound)) return true;
    const bool simple = type->kind == TypeKind::kInt || type->kind == TypeKind::kBool || type->kind == TypeKind::kFloat || type->kind == TypeKind::kStr;
    if (type->kind == TypeKind::kHandle) return true;
    if (total.contains(bound)) return type->kind != TypeKind::kFloat && type->kind != TypeKind::kDict && type->kind != TypeKind::kSet;
    if (bound == "Copy" || bound == "Display" || bound == "ToString") return simple;
    return (bound == "PartialOrd" && type->kind != TypeKind::kDict && type->kind != TypeKind::kSet) || (bound == "Default" && type->kind != TypeKind::kTuple);
}

bool may_have_all(const Type* type, const std::string& bounds) {
    size_t start = 0;
    int depth = 0;
    for (size_t i = 0; i <= bounds.size(); ++i) {
        if (i < bounds.size() && (bounds[i] == '<' || bounds[i] == '(')) ++depth;
        if (i < bounds.size() && (bounds[i] == '>' || bounds[i] == ')')) --depth;
        if (i < bounds.size() && (bounds[i] != '+' || depth > 0)) continue;
        if (!may_have(type, bounds.substr(start, i - start))) return false;
        start = i + 1;
    }
    return true;
}

// Leads a parameter's Rust type and an argument's type to what the generic parameters are; false when they do not meet.
bool unify(std::string pattern, const Type* type, std::map<std::string, const Type*>& known, bool& decides) {
    type = prune(type);
    for (bool again = true; again;) {
        again = false;
        if (pattern.starts_with("&")) pattern.erase(0, 1), again = true;
        if (pattern.starts_with("'") && pattern.find(' ') != std::string::npos) pattern.erase(0, pattern.find(' ') + 1), again = true;
        if (pattern.starts_with("mut ")) pattern.erase(0, 4), again = true;
    }
    if (const auto param = known.find(pattern); param != known.end()) {
        decides = true;
        if (param->second == nullptr) param->second = type;
        return types::to_string(prune(param->second)) == types::to_string(type);
    }
    const bool slice = pattern.starts_with("[") && pattern.ends_with("]");
    const bool vec = pattern.starts_with("Vec<") && pattern.ends_with(">");
    if ((slice || vec) && type->kind == TypeKind::kList)
        return unify(slice ? pattern.substr(1, pattern.size() - 2) : pattern.substr(4, pattern.size() - 5), type->args[0], known, decides);
    return true;
}

// `Pair(True, False)`: the type's own parameters are where its instances' overloads take one each of their arguments.
MissingInstance of_owner(const Manifest& manifest, const ManifestFunction& f, std::span<const ManifestFunction* const> overloads,
                         std::span<const Type* const> args) {
    const auto owner = [&](const std::string& name) {
        const auto found = std::find_if(manifest.types.begin(), manifest.types.end(), [&](const ManifestType& type) { return type.name == name; });
        return found == manifest.types.end() || found->names.empty() || found->args.empty() ? nullptr : &*found;
    };
    const ManifestType* first = owner(f.owner);
    if (first == nullptr || f.receiver != ReceiverMode::kNone) return {};
    std::vector<std::string> chosen(first->args.size());
    MissingInstance out;
    out.decides.resize(args.size());
    for (size_t i = 0; i < args.size(); ++i)
        for (size_t k = 0; k < first->args.size(); ++k) {
            size_t alike = 0, different = 0;
            for (const ManifestFunction* other : overloads) {
                const ManifestType* type = owner(other->owner);
                if (type == nullptr || type->names.front() != first->names.front() || type->args.size() <= k || other->params.size() <= i) continue;
                alike += other->params[i].type == type->args[k] ? 1 : 0;
                different += other->params[i].type != f.params[i].type ? 1 : 0;
            }
            if (alike < 2 || different == 0) continue;
            const std::string text = args[i] == nullptr ? "" : words(manifest, args[i]);
            if (text.empty() || (!chosen[k].empty() && chosen[k] != text)) return {};
            chosen[k] = text;
            out.decides[i] = true;
        }
    if (std::any_of(chosen.begin(), chosen.end(), [](const std::string& text) { return text.empty(); })) return {};
    out.command = command(manifest, first->names.front(), chosen);
    return out;
}

}  // namespace

MissingInstance missing_instance(const Manifest& manifest, const ManifestFunction& f, std::span<const ManifestFunction* const> overloads,
                                 std::span<const Type* const> args) {
    if (const MissingInstance type = of_owner(manifest, f, overloads, args); !type.command.empty()) return type;
    const RustFunction rust = taken_apart(f.rust);
    if (!rust.known || rust.generics.empty() || rust.params.size() != args.size()) return {};
    std::map<std::string, const Type*> known;
    for (const auto& [name, bounds] : rust.generics) known[name] = nullptr;
    MissingInstance out;
    out.decides.resize(args.size());
    for (size_t i = 0; i < args.size(); ++i) {
        bool decides = false;
        if (args[i] != nullptr && !unify(rust.params[i], args[i], known, decides)) return {};
        out.decides[i] = decides;
    }
    std::vector<std::string> chosen;
    for (const auto& [name, bounds] : rust.generics) {
        const Type* type = known[name];
        // Those behind the last one named are chosen as they always are.
        if (type == nullptr) break;
        const std::string text = words(manifest, type);
        if (text.empty() || !may_have_all(prune(type), bounds)) return {};
        chosen.push_back(text);
    }
    const auto decided = std::count_if(known.begin(), known.end(), [](const auto& each) { return each.second != nullptr; });
    if (chosen.empty() || static_cast<size_t>(decided) != chosen.size()) return {};
    // A method of one instance is asked for by the name of the generic type.
    std::string name = f.name;
    for (const ManifestType& type : manifest.types)
        if (type.name == f.owner && !type.names.empty()) name = type.names.front() + f.name.substr(f.owner.size());
    out.command = command(manifest, name, chosen);
    return out;
}

std::string missing_instance(const Manifest& manifest, const std::string& type, std::span<const Type* const> args) {
    std::vector<std::string> chosen;
    for (const Type* arg : args) {
        chosen.push_back(words(manifest, arg));
        if (chosen.back().empty()) return "";
    }
    return chosen.empty() ? "" : command(manifest, type, chosen);
}

}  // namespace kayton::check
