#include "kik/bindgen/names.h"

#include <algorithm>

namespace kayton::bindgen {

std::string std_rust_path(const Path& canonical) {
    static const std::set<std::string> prelude = {"Option", "String", "Vec", "Box"};
    static const std::set<std::string> collections = {"HashMap",  "HashSet",    "BTreeMap",  "BTreeSet",
                                                      "VecDeque", "BinaryHeap", "LinkedList"};
    const std::string& last = canonical.back();
    if (prelude.contains(last)) return last;
    if (canonical.size() < 3) return "std::" + last;
    const std::string& module = canonical[1];
    if (last == "Result" && module == "result") return last;
    if (module == "collections") {
        if (collections.contains(last)) return "std::collections::" + last;
        if (canonical.size() > 4 && (canonical[2] == "hash" || canonical[2] == "btree"))
            return "std::collections::" + canonical[2] + "_" + canonical[3] + "::" + last;
        return "std::collections::" + canonical[2] + "::" + last;
    }
    if (module == "hash" && (last == "RandomState" || last == "DefaultHasher")) return "std::hash::" + last;
    if (module == "iter" || module == "ops" || module == "fmt" || module == "io" || module == "num" || module == "net")
        return "std::" + module + "::" + last;
    if (module == "os" || module == "sys" || module == "core_arch")
        return "std::" + join(Path(canonical.begin() + 1, canonical.end()), "::");
    return "std::" + module + "::" + last;
}

Path Names::public_path(const ItemRef& item) const {
    const auto found = public_names_.find(item);
    return found == public_names_.end() ? Path{} : found->second;
}

std::string Names::rust_path(const Path& canonical) {
    if (is_std(canonical)) return std_rust_path(canonical);
    const ItemRef item = world_.find(canonical);
    if (!item) throw Unmapped{"type " + canonical.back() + " of crate " + canonical[0] + " is not described"};
    if (const Path here = public_path(item); !here.empty()) return join(here, "::");
    const auto there = item.crate->public_paths().find(item.id);
    if (there == item.crate->public_paths().end()) throw Unmapped{canonical.back() + " has no public name"};
    if (item.crate != &main_) extra_dependencies_.insert(item.crate->name());
    return join(there->second, "::");
}

std::string Names::rust_trait(const Bound& bound) {
    std::string out = rust_path(bound.trait);
    std::string args;
    for (const TyRef& arg : bound.args) args += (args.empty() ? "" : ", ") + rust_type(*arg);
    for (const auto& [name, ty] : bound.assoc) args += (args.empty() ? "" : ", ") + name + " = " + rust_type(*ty);
    return args.empty() ? out : out + "<" + args + ">";
}

std::string Names::rust_type(const Ty& ty) {
    switch (ty.kind) {
        case TyKind::kPrim: return ty.name == "never" ? "!" : ty.name;
        case TyKind::kTuple: {
            std::string out = "(";
            for (const TyRef& member : ty.args) out += rust_type(*member) + ", ";
            if (!ty.args.empty()) out.pop_back();
            return out + ")";
        }
        case TyKind::kRef: return std::string("&") + (ty.is_mut ? "mut " : "") + rust_type(*ty.args[0]);
        case TyKind::kSlice: return "[" + rust_type(*ty.args[0]) + "]";
        case TyKind::kArray: return "[" + rust_type(*ty.args[0]) + "; " + ty.name + "]";
        case TyKind::kConst:
            // rustdoc's word for what it does not compute; "_" alone is left to rustc where a call decides it.
            if (ty.name == "{ _ }") throw Unmapped{"a size that the documentation does not spell out"};
            return ty.name;
        case TyKind::kPath: {
            const auto alias = aliases_.find(type_key(ty));
            if (is_dynamic(ty)) return "Dynamic";
            std::string out;
            if (alias != aliases_.end())
                if (const Path path = public_path(alias->second.item); !path.empty()) out = join(path, "::");
            const std::vector<TyRef>& written = out.empty() ? ty.args : alias->second.args;
            if (out.empty()) out = rust_path(ty.path);
            std::string args;
            for (size_t i = 0; i < written.size(); ++i) {
                try {
                    args += (args.empty() ? "" : ", ") + rust_type(*written[i]);
                } catch (const Unmapped&) {
                    // What only a default names is left to it; rustc says where it was something else.
                    if (!has_default(ty.path, i)) throw;
                    if (args.ends_with(", ")) args.resize(args.size() - 2);
                    break;
                }
            }
            return args.empty() ? out : out + "<" + args + ">";
        }
        case TyKind::kDyn: {
            std::string out;
            for (const Bound& bound : ty.bounds)
                if (bound.outlives.empty()) out += (out.empty() ? "" : " + ") + rust_trait(bound);
            return "(dyn " + out + ")";
        }
        case TyKind::kGeneric: throw Unmapped{"type parameter " + ty.name + " is not decided by any argument"};
        case TyKind::kImpl: throw Unmapped{"a type without a name (impl Trait)"};
        case TyKind::kProjection: throw Unmapped{"associated type " + ty.name + " is not known"};
        case TyKind::kRawPointer: throw Unmapped{"raw pointer"};
        case TyKind::kFnPointer: {
            if (ty.name != "closure") throw Unmapped{"function pointer"};
            std::string out = "Box<dyn Fn(";
            for (size_t i = 0; i + 1 < ty.args.size(); ++i) out += (i == 0 ? "" : ", ") + rust_type(*ty.args[i]);
            return out + ") -> " + rust_type(*ty.args.back()) + (ty.is_mut ? " + Send + Sync>" : ">");
        }
        case TyKind::kUnsupported: throw Unmapped{ty.name};
    }
    return "";
}

bool Names::has_default(const Path& path, size_t place) {
    const ItemRef home = world_.find(path);
    if (!home || !item_body(home.json()).is_object() || !item_body(home.json()).contains("generics")) return false;
    for (const Json& param : item_body(home.json())["generics"]["params"]) {
        if (param["kind"].contains("lifetime")) continue;
        if (place-- == 0) return param["kind"].contains("type") && !param["kind"]["type"]["default"].is_null();
    }
    return false;
}

std::string Names::kayton_type(const Ty& ty) {
    const auto short_name = [&](auto&& self, const Ty& arg) -> std::string {
        if (is_dynamic(arg)) return "";
        std::string out = arg.kind == TyKind::kPath ? arg.path.back() : arg.name;
        if (arg.kind == TyKind::kRef && arg.is_mut) out = "mut";
        for (const TyRef& inner : arg.args) {
            const std::string part = self(self, *inner);
            if (!part.empty()) out += (out.empty() ? "" : "_") + part;
        }
        return out;
    };
    if (ty.kind != TyKind::kPath) throw Unmapped{"type '" + type_key(ty) + "' has no name in Kayton"};
    const auto alias = aliases_.find(type_key(ty));
    if (alias != aliases_.end())
        if (const Path path = public_path(alias->second.item); !path.empty()) {
            std::string out = join(path, ".");
            for (const TyRef& arg : alias->second.args)
                if (const std::string part = short_name(short_name, *arg); !part.empty()) out += "_" + part;
            return out;
        }
    std::string out;
    const ItemRef item = world_.find(ty.path);
    if (item) {
        if (const Path here = public_path(item); !here.empty()) {
            out = join(here, ".");
        } else {
            const auto there = item.crate->public_paths().find(item.id);
            if (there == item.crate->public_paths().end()) throw Unmapped{ty.path.back() + " has no public name"};
            out = main_.name() + "." + join(there->second, ".");
        }
        // A type parameter at its default is not written.
        std::vector<bool> plain(ty.args.size(), false);
        if (const Json& body = item_body(item.json()); body.is_object() && body.contains("generics")) {
            size_t index = 0;
            for (const Json& param : body["generics"]["params"]) {
                if (param["kind"].contains("lifetime")) continue;
                if (param["kind"].contains("type") && index < ty.args.size()) {
                    const Json& fallback = param["kind"]["type"]["default"];
                    Normalizer normalizer(world_);
                    plain[index] = !fallback.is_null() &&
                                   type_key(*normalizer.type(*item.crate, fallback, {})) == type_key(*ty.args[index]);
                }
                ++index;
            }
        }
        for (size_t i = 0; i < ty.args.size(); ++i) {
            if (plain[i]) continue;
            const std::string part = short_name(short_name, *ty.args[i]);
            if (!part.empty()) out += "_" + part;
        }
    } else if (is_std(ty.path)) {
        std::string path = std_rust_path(ty.path);
        if (path.find("::") == std::string::npos) path = "std::" + path;
        for (size_t at; (at = path.find("::")) != std::string::npos;) path.replace(at, 2, ".");
        out = main_.name() + "." + path;
        for (const TyRef& arg : ty.args) {
            const std::string part = short_name(short_name, *arg);
            if (!part.empty()) out += "_" + part;
        }
    } else {
        throw Unmapped{"type " + ty.path.back() + " of crate " + ty.path[0] + " is not described"};
    }
    return out;
}

}  // namespace kayton::bindgen
