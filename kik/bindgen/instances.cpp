#include "kik/bindgen/instances.h"

#include <algorithm>

namespace kayton::bindgen {

namespace {

TyRef str_ref() {
    return make_ref(make_prim("str"), "'given");
}
TyRef string_type() {
    return make_path({"alloc", "string", "String"});
}
TyRef bytes_ref() {
    return make_ref(make_slice(make_prim("u8")), "'given");
}
TyRef vec_of(const TyRef& element) {
    return make_path({"alloc", "vec", "Vec"}, {element});
}

bool is_marker(const Path& trait) {
    static const std::set<std::string> markers = {"Sized",         "Send",   "Sync",      "Unpin",
                                                  "Copy",          "Clone",  "Debug",     "UnwindSafe",
                                                  "RefUnwindSafe", "Freeze", "MetaSized", "PointeeSized"};
    return is_std(trait) && markers.contains(trait.back());
}

TyRef replace_generic(const TyRef& type) {
    // What only an inner parameter would decide is text.
    return type->kind == TyKind::kGeneric ? str_ref() : type;
}

}  // namespace

std::vector<TypeParam> Instances::params(const RustdocCrate& crate, const Json& generics, const Subst& known) {
    Normalizer& normalizer = table_.normalizer();
    std::vector<TypeParam> out;
    for (const Json& param : generics["params"]) {
        const std::string name = param["name"].get<std::string>();
        const Json& kind = param["kind"];
        if (known.types.contains(name)) continue;
        if (kind.contains("const")) throw Unmapped{"const parameter " + name};
        if (!kind.contains("type")) continue;
        TypeParam entry;
        entry.name = name;
        entry.synthetic = kind["type"]["is_synthetic"].get<bool>();
        entry.bounds = normalizer.bounds(crate, kind["type"]["bounds"], known);
        out.push_back(std::move(entry));
    }
    for (const Json& predicate : generics["where_predicates"]) {
        if (!predicate.contains("bound_predicate")) continue;
        const Json& body = predicate["bound_predicate"];
        const Json& type = body["type"];
        const auto of = [&](const std::string& name) {
            return std::find_if(out.begin(), out.end(), [&](const TypeParam& p) { return p.name == name; });
        };
        if (type.contains("generic")) {
            if (const auto found = of(type["generic"].get<std::string>()); found != out.end())
                for (Bound& bound : normalizer.bounds(crate, body["bounds"], known))
                    found->bounds.push_back(std::move(bound));
        } else if (type.contains("qualified_path") && type["qualified_path"]["name"] == "Item" &&
                   type["qualified_path"]["self_type"].contains("generic")) {
            if (const auto found = of(type["qualified_path"]["self_type"]["generic"].get<std::string>());
                found != out.end())
                for (Bound& bound : normalizer.bounds(crate, body["bounds"], known))
                    found->item_bounds.push_back(std::move(bound));
        }
    }
    return out;
}

std::vector<TyRef> Instances::implementors(const Path& trait) {
    std::vector<TyRef> out;
    const ItemRef home = table_.world().find(trait);
    if (!home) return out;
    std::set<std::string> seen;
    const auto scan = [&](const RustdocCrate& crate, const Json& ids) {
        for (const Json& id : ids) {
            const Json* item = crate.item(id.get<int>());
            if (item == nullptr || item_kind(*item) != "impl") continue;
            const Json& impl = item_body(*item);
            if (impl["is_negative"].get<bool>() || impl["trait"].is_null()) continue;
            TyRef type = table_.normalizer().type(crate, impl["for"], {});
            if (mentions_generic(*type) || mentions_static(*type)) continue;
            if (type->kind == TyKind::kFnPointer || type->kind == TyKind::kDyn || type->is_unit()) continue;
            if (type->kind == TyKind::kRef && !type->args[0]->is_prim("str") &&
                !(type->args[0]->kind == TyKind::kSlice))
                continue;
            if (seen.insert(type_key(*type)).second) out.push_back(type);
        }
    };
    scan(*home.crate, item_body(home.json())["implementations"]);
    const auto rank = [](const TyRef& type) {
        if (type->is_prim("i64")) return 0;
        if (type->is_prim("f64")) return 1;
        if (type->kind == TyKind::kRef) return 2;
        if (type->kind == TyKind::kPath && !is_std(type->path)) return 3;
        return type->kind == TyKind::kPrim ? 5 : 4;
    };
    std::stable_sort(out.begin(), out.end(), [&](const TyRef& a, const TyRef& b) { return rank(a) < rank(b); });
    return out;
}

// Sources of `impl From<S> for Target` that a program is likely to hold, after the target itself.
std::vector<TyRef> Instances::conversions_into(const TyRef& target) {
    if (target->is_std_path("String") || target->is_std_path("PathBuf") || target->is_std_path("OsString") ||
        (target->is_std_path("Cow") && target->args.at(0)->is_prim("str")))
        return {str_ref()};
    if (target->is_std_path("Vec") && target->args.at(0)->is_prim("u8")) return {bytes_ref(), str_ref()};
    if (target->is_std_path("Cow")) return {bytes_ref()};
    std::vector<TyRef> out = {target};
    if (target->is_std_path("Option")) out = {target->args.at(0), target};
    if (target->kind != TyKind::kPath || is_std(target->path)) return out;
    const ItemRef home = table_.world().find(target->path);
    if (!home || !item_body(home.json()).contains("impls")) return out;
    for (const Json& id : item_body(home.json())["impls"]) {
        const Json* item = home.crate->item(id.get<int>());
        if (item == nullptr || item_body(*item)["trait"].is_null() || item_body(*item)["blanket_impl"].is_object())
            continue;
        const Bound bound = table_.normalizer().trait_bound(*home.crate, item_body(*item)["trait"], {});
        if (bound.trait.back() != "From" || bound.args.size() != 1) continue;
        const TyRef& from = bound.args[0];
        if (mentions_generic(*from) || mentions_static(*from)) continue;
        if (from->is_std_path("String") || from->kind == TyKind::kPrim ||
            (from->kind == TyKind::kRef && from->args[0]->is_prim("str")))
            out.push_back(from->is_std_path("String") ? string_type() : from);
    }
    return out;
}

std::vector<TyRef> Instances::candidates(const TypeParam& param, int depth) {
    if (depth > 4) throw Unmapped{"bounds nested too deeply"};
    bool must_own = false;
    std::vector<const Bound*> telling;
    for (const Bound& bound : param.bounds) {
        if (!bound.outlives.empty())
            must_own = must_own || bound.outlives == "'static";
        else if (bound.is_fn)
            throw Unmapped{"takes a closure"};
        else if (!is_marker(bound.trait))
            telling.push_back(&bound);
    }
    const auto text = [&] { return must_own ? string_type() : str_ref(); };
    if (telling.empty()) return {make_prim("i64"), text()};
    std::vector<TyRef> out;
    const auto add = [&](const std::vector<TyRef>& types) { out.insert(out.end(), types.begin(), types.end()); };
    const auto bounded = [&](const std::vector<Bound>& bounds) {
        TypeParam inner;
        inner.name = param.name + "::Item";
        inner.bounds = bounds;
        return candidates(inner, depth + 1);
    };
    for (const Bound* bound : telling) {
        const std::string& name = bound->trait.back();
        const TyRef argument = bound->args.empty() ? nullptr : bound->args[0];
        if (!is_std(bound->trait)) {
            add(implementors(bound->trait));
            if (out.empty()) throw Unmapped{"no type is known that implements " + join(bound->trait, "::")};
        } else if (name == "AsRef" && argument) {
            if (argument->is_prim("str") || argument->is_std_path("Path", "path") || argument->is_std_path("OsStr"))
                add({text()});
            else if (argument->kind == TyKind::kSlice && argument->args[0]->is_prim("u8"))
                add(must_own ? std::vector<TyRef>{vec_of(make_prim("u8")), string_type()}
                             : std::vector<TyRef>{bytes_ref(), str_ref()});
            else if (argument->kind == TyKind::kSlice)
                add({vec_of(replace_generic(argument->args[0]))});
            else
                add({make_ref(argument, "'given")});
        } else if ((name == "Into" || name == "TryInto") && argument) {
            for (const TyRef& type : conversions_into(argument))
                out.push_back(must_own && type->kind == TyKind::kRef
                                  ? (type->args[0]->is_prim("str") ? string_type() : vec_of(make_prim("u8")))
                                  : type);
        } else if (name == "ToString" || name == "Display") {
            add({text(), make_prim("i64"), make_prim("f64")});
        } else if ((name == "Borrow" || name == "ToOwned") && argument) {
            if (argument->kind == TyKind::kSlice || argument->is_prim("str"))
                add({make_ref(argument, "'given")});
            else
                add({argument});
        } else if (name == "IntoIterator" || name == "Iterator" || name == "DoubleEndedIterator" ||
                   name == "ExactSizeIterator") {
            if (name != "IntoIterator") throw Unmapped{"takes an iterator"};
            std::vector<TyRef> elements;
            if (const auto item = bound->assoc.find("Item"); item != bound->assoc.end()) {
                if (item->second->kind == TyKind::kImpl)
                    elements = bounded(item->second->bounds);
                else
                    elements = {replace_generic(item->second)};
            } else if (const auto item_bounds = bound->assoc_bounds.find("Item");
                       item_bounds != bound->assoc_bounds.end()) {
                elements = bounded(item_bounds->second);
            } else if (!param.item_bounds.empty()) {
                elements = bounded(param.item_bounds);
            } else {
                elements = {str_ref()};
            }
            for (const TyRef& element : elements) out.push_back(vec_of(element));
        } else if (name == "FromStr") {
            add({make_prim("i64"), make_prim("f64"), string_type()});
        } else if (name == "Write" && bound->trait[1] == "io") {
            add({vec_of(make_prim("u8"))});
        } else if (name == "Write") {
            add({string_type()});
        } else if (name == "Read" || name == "BufRead" || name == "Seek") {
            add({make_path({"std", "io", "cursor", "Cursor"}, {vec_of(make_prim("u8"))})});
        } else if (name == "RangeBounds" && argument) {
            if (argument->kind == TyKind::kGeneric) throw Unmapped{"a range over a type parameter"};
            add({make_path({"core", "ops", "range", "Range"}, {argument})});
        } else if (name == "Hash" || name == "Eq" || name == "Ord" || name == "PartialOrd" || name == "PartialEq" ||
                   name == "Default") {
            add({make_prim("i64"), text()});
        } else if (name == "Fn" || name == "FnMut" || name == "FnOnce") {
            throw Unmapped{"takes a closure"};
        } else {
            throw Unmapped{"type parameter " + param.name + ": " + std_rust_path(bound->trait) + " has no instance"};
        }
        if (!out.empty()) break;
    }
    std::vector<TyRef> unique;
    std::set<std::string> seen;
    for (const TyRef& type : out)
        if (!mentions_generic(*type) && seen.insert(type_key(*type)).second) unique.push_back(type);
    if (unique.empty()) throw Unmapped{"type parameter " + param.name + " has no instance"};
    if (unique.size() > 6) unique.resize(6);
    return unique;
}

std::vector<Subst> Instances::choose(std::vector<TypeParam> params, const Subst& known, size_t limit) {
    std::vector<Subst> out = {known};
    const auto waits_for = [&](const TypeParam& param, const TypeParam& other) {
        const auto mentions = [&](auto&& self, const Ty& ty) -> bool {
            if (ty.kind == TyKind::kGeneric && ty.name == other.name) return true;
            for (const TyRef& arg : ty.args)
                if (self(self, *arg)) return true;
            return false;
        };
        for (const std::vector<Bound>* list : {&param.bounds, &param.item_bounds})
            for (const Bound& bound : *list) {
                for (const TyRef& arg : bound.args)
                    if (mentions(mentions, *arg)) return true;
                for (const auto& [name, ty] : bound.assoc)
                    if (mentions(mentions, *ty)) return true;
            }
        return false;
    };
    while (!params.empty()) {
        auto next = std::find_if(params.begin(), params.end(), [&](const TypeParam& param) {
            return std::none_of(params.begin(), params.end(),
                                [&](const TypeParam& other) { return &other != &param && waits_for(param, other); });
        });
        if (next == params.end()) next = params.begin();
        std::vector<Subst> longer;
        for (const Subst& subst : out) {
            TypeParam param = *next;
            for (std::vector<Bound>* list : {&param.bounds, &param.item_bounds})
                for (Bound& bound : *list) {
                    for (TyRef& arg : bound.args) arg = substitute(arg, subst);
                    for (auto& [name, ty] : bound.assoc) ty = substitute(ty, subst);
                }
            for (const TyRef& type : candidates(param, 0)) {
                Subst more = subst;
                more.types[param.name] = type;
                longer.push_back(std::move(more));
            }
        }
        if (longer.size() > limit) longer.resize(limit);
        out = std::move(longer);
        params.erase(next);
    }
    return out;
}

}  // namespace kayton::bindgen
