#include "kik/bindgen/types.h"

#include <algorithm>

namespace kayton::bindgen {

namespace {

TyRef make(Ty ty) {
    return std::make_shared<const Ty>(std::move(ty));
}

void walk_lifetimes(const Ty& ty, std::vector<std::string>& out);

void walk_lifetimes(const Bound& bound, std::vector<std::string>& out) {
    if (!bound.outlives.empty()) out.push_back(bound.outlives);
    for (const std::string& lifetime : bound.lifetimes) out.push_back(lifetime);
    for (const TyRef& arg : bound.args) walk_lifetimes(*arg, out);
    for (const auto& [name, ty] : bound.assoc) walk_lifetimes(*ty, out);
    for (const auto& [name, list] : bound.assoc_bounds)
        for (const Bound& inner : list) walk_lifetimes(inner, out);
}

void walk_lifetimes(const Ty& ty, std::vector<std::string>& out) {
    if (ty.kind == TyKind::kFnPointer) return;  // its lifetimes are bound by itself
    for (const std::string& lifetime : ty.lifetimes) out.push_back(lifetime);
    for (const TyRef& arg : ty.args) walk_lifetimes(*arg, out);
    for (const Bound& bound : ty.bounds) walk_lifetimes(bound, out);
}

std::string bound_key(const Bound& bound, bool with_lifetimes) {
    if (!bound.outlives.empty()) return with_lifetimes ? bound.outlives : "";
    std::string out = join(bound.trait, "::") + "<";
    for (const TyRef& arg : bound.args) out += type_key(*arg, with_lifetimes) + ",";
    for (const auto& [name, ty] : bound.assoc) out += name + "=" + type_key(*ty, with_lifetimes) + ",";
    return out + ">";
}

}  // namespace

bool Ty::is_std_path(std::string_view last, std::string_view module) const {
    return kind == TyKind::kPath && is_std(path) && path.back() == last &&
           (module.empty() || (path.size() > 2 && path[1] == module));
}

TyRef make_dynamic(const std::string& parameter) {
    Ty ty;
    ty.kind = TyKind::kPath;
    ty.path = {"kayton_bind", "Dynamic"};
    ty.name = parameter;
    return make(std::move(ty));
}

bool is_dynamic(const Ty& ty) {
    return ty.kind == TyKind::kPath && ty.path.size() == 2 && ty.path[0] == "kayton_bind";
}

std::vector<std::string> dynamic_leaves(const Ty& ty) {
    if (is_dynamic(ty)) return {ty.name};
    std::vector<std::string> out;
    for (const TyRef& arg : ty.args)
        for (std::string& leaf : dynamic_leaves(*arg)) out.push_back(std::move(leaf));
    return out;
}

TyRef make_prim(const std::string& name) {
    Ty ty;
    ty.kind = TyKind::kPrim;
    ty.name = name;
    return make(std::move(ty));
}

TyRef make_ref(TyRef inner, std::string lifetime, bool is_mut) {
    Ty ty;
    ty.kind = TyKind::kRef;
    ty.args = {std::move(inner)};
    ty.lifetimes = {std::move(lifetime)};
    ty.is_mut = is_mut;
    return make(std::move(ty));
}

TyRef make_tuple(std::vector<TyRef> members) {
    Ty ty;
    ty.kind = TyKind::kTuple;
    ty.args = std::move(members);
    return make(std::move(ty));
}

TyRef make_slice(TyRef element) {
    Ty ty;
    ty.kind = TyKind::kSlice;
    ty.args = {std::move(element)};
    return make(std::move(ty));
}

TyRef make_path(Path path, std::vector<TyRef> args, std::vector<std::string> lifetimes) {
    Ty ty;
    ty.kind = TyKind::kPath;
    ty.path = std::move(path);
    ty.args = std::move(args);
    ty.lifetimes = std::move(lifetimes);
    return make(std::move(ty));
}

std::string type_key(const Ty& ty, bool with_lifetimes) {
    const auto list = [&](const std::vector<TyRef>& types) {
        std::string out;
        for (const TyRef& arg : types) out += type_key(*arg, with_lifetimes) + ",";
        return out;
    };
    std::string lifetimes;
    if (with_lifetimes)
        for (const std::string& lifetime : ty.lifetimes) lifetimes += lifetime + " ";
    switch (ty.kind) {
        case TyKind::kPrim: return ty.name;
        case TyKind::kTuple: return "(" + list(ty.args) + ")";
        case TyKind::kRef: return "&" + lifetimes + (ty.is_mut ? "mut " : "") + type_key(*ty.args[0], with_lifetimes);
        case TyKind::kSlice: return "[" + list(ty.args) + "]";
        case TyKind::kArray: return "[" + list(ty.args) + ";" + ty.name + "]";
        case TyKind::kPath: return join(ty.path, "::") + "<" + lifetimes + list(ty.args) + ">";
        case TyKind::kGeneric: return "?" + ty.name;
        case TyKind::kImpl:
        case TyKind::kDyn: {
            std::string out = ty.kind == TyKind::kImpl ? "impl " : "dyn ";
            for (const Bound& bound : ty.bounds) out += bound_key(bound, with_lifetimes) + "+";
            return out;
        }
        case TyKind::kProjection: return "<" + list(ty.args) + ">::" + ty.name;
        case TyKind::kRawPointer: return "*ptr";
        case TyKind::kFnPointer: return "fn(" + list(ty.args) + ")";
        case TyKind::kConst: return ty.name;
        case TyKind::kUnsupported: return "!" + ty.name;
    }
    return "";
}

std::vector<std::string> lifetime_slots(const Ty& ty) {
    std::vector<std::string> out;
    walk_lifetimes(ty, out);
    std::erase(out, "'static");
    return out;
}

bool mentions_static(const Ty& ty) {
    std::vector<std::string> all;
    walk_lifetimes(ty, all);
    return std::find(all.begin(), all.end(), "'static") != all.end();
}

bool mentions_generic(const Ty& ty) {
    if (ty.kind == TyKind::kGeneric || ty.kind == TyKind::kProjection) return true;
    for (const TyRef& arg : ty.args)
        if (mentions_generic(*arg)) return true;
    for (const Bound& bound : ty.bounds) {
        for (const TyRef& arg : bound.args)
            if (mentions_generic(*arg)) return true;
        for (const auto& [name, arg] : bound.assoc)
            if (mentions_generic(*arg)) return true;
    }
    return false;
}

namespace {

std::string substitute_lifetime(const std::string& lifetime, const Subst& subst) {
    const auto found = subst.lifetimes.find(lifetime);
    return found == subst.lifetimes.end() ? lifetime : found->second;
}

Bound substitute_bound(const Bound& bound, const Subst& subst) {
    Bound out = bound;
    if (!out.outlives.empty()) out.outlives = substitute_lifetime(out.outlives, subst);
    for (std::string& lifetime : out.lifetimes) lifetime = substitute_lifetime(lifetime, subst);
    for (TyRef& arg : out.args) arg = substitute(arg, subst);
    for (auto& [name, ty] : out.assoc) ty = substitute(ty, subst);
    for (auto& [name, list] : out.assoc_bounds)
        for (Bound& inner : list) inner = substitute_bound(inner, subst);
    return out;
}

}  // namespace

TyRef substitute(const TyRef& ty, const Subst& subst) {
    if (ty->kind == TyKind::kGeneric) {
        const auto found = subst.types.find(ty->name);
        return found == subst.types.end() ? ty : found->second;
    }
    Ty out = *ty;
    for (TyRef& arg : out.args) arg = substitute(arg, subst);
    for (std::string& lifetime : out.lifetimes) lifetime = substitute_lifetime(lifetime, subst);
    for (Bound& bound : out.bounds) bound = substitute_bound(bound, subst);
    return make(std::move(out));
}

bool unify(const Ty& pattern, const Ty& ty, Subst& subst) {
    if (pattern.kind == TyKind::kGeneric) {
        const auto known = subst.types.find(pattern.name);
        if (known != subst.types.end()) return type_key(*known->second) == type_key(ty);
        subst.types.emplace(pattern.name, make(ty));
        return true;
    }
    // A projection in a pattern cannot be inverted; rustc has the last word.
    if (pattern.kind == TyKind::kProjection) return true;
    const bool same_name = pattern.name == ty.name || (is_dynamic(pattern) && is_dynamic(ty));
    if (pattern.kind != ty.kind || !same_name || pattern.path != ty.path || pattern.is_mut != ty.is_mut)
        return false;
    if (pattern.args.size() != ty.args.size()) return false;
    for (size_t i = 0; i < pattern.args.size(); ++i)
        if (!unify(*pattern.args[i], *ty.args[i], subst)) return false;
    for (size_t i = 0; i < pattern.lifetimes.size() && i < ty.lifetimes.size(); ++i)
        // "'_" is another lifetime at each place, also where an impl's own type is written with it.
        if (pattern.lifetimes[i] != "'static" && pattern.lifetimes[i] != "'_") {
            const auto [bound, fresh] = subst.lifetimes.emplace(pattern.lifetimes[i], ty.lifetimes[i]);
            if (!fresh && bound->second != ty.lifetimes[i])
                subst.equal_lifetimes.emplace_back(bound->second, ty.lifetimes[i]);
        }
    return true;
}

size_t std_lifetime_count(const Path& path) {
    static const std::set<std::string> borrowing = {"Cow",
                                                    "Chars",
                                                    "CharIndices",
                                                    "Bytes",
                                                    "Lines",
                                                    "Split",
                                                    "SplitN",
                                                    "RSplit",
                                                    "RSplitN",
                                                    "SplitTerminator",
                                                    "RSplitTerminator",
                                                    "SplitWhitespace",
                                                    "SplitAsciiWhitespace",
                                                    "SplitInclusive",
                                                    "Matches",
                                                    "MatchIndices",
                                                    "Drain",
                                                    "Keys",
                                                    "Values",
                                                    "ValuesMut",
                                                    "IterMut",
                                                    "Chunks",
                                                    "ChunksExact",
                                                    "ChunksMut",
                                                    "Windows",
                                                    "Ref",
                                                    "RefMut",
                                                    "MutexGuard",
                                                    "RwLockReadGuard",
                                                    "RwLockWriteGuard",
                                                    "Components",
                                                    "Ancestors",
                                                    "Display",
                                                    "Formatter",
                                                    "Context",
                                                    "Arguments",
                                                    "Escape",
                                                    "EscapeDefault",
                                                    "EncodeUtf16",
                                                    "IoSlice",
                                                    "PeekMut",
                                                    "Entry",
                                                    "OccupiedEntry",
                                                    "VacantEntry",
                                                    "StdinLock",
                                                    "StdoutLock",
                                                    "StderrLock",
                                                    "DebugStruct",
                                                    "DebugMap"};
    if (!is_std(path)) return 0;
    const std::string& last = path.back();
    if (last == "Iter") return path.size() > 1 && path[1] != "ascii" ? 1 : 0;
    // core::ascii::EscapeDefault and core::net::Display borrow nothing, but a slot too many does no harm.
    return borrowing.contains(last) ? 1 : 0;
}

}  // namespace kayton::bindgen
