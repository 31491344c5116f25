// Normalizer: rustdoc's JSON types -> Ty.
#include <algorithm>

#include "kik/bindgen/types.h"

namespace kayton::bindgen {

namespace {

constexpr int kDeepest = 24;

TyRef unsupported(const std::string& why) {
    Ty ty;
    ty.kind = TyKind::kUnsupported;
    ty.name = why;
    return std::make_shared<const Ty>(std::move(ty));
}

std::string lifetime_of(const Json& json, const Subst& subst) {
    const std::string name = json.get<std::string>();
    const auto found = subst.lifetimes.find(name);
    return found == subst.lifetimes.end() ? name : found->second;
}

// What a const argument is: a name, a literal, or the value of an expression that rustdoc does not spell out.
std::string const_text(const Json& constant) {
    const std::string expression = constant["expr"].get<std::string>();
    const bool spelled = expression.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (spelled || !constant.contains("value") || !constant["value"].is_string()) return expression;
    const std::string value = constant["value"].get<std::string>();
    const size_t suffix = value.find_first_not_of("0123456789");
    return suffix == 0 ? value : value.substr(0, suffix);
}

const Json* generics_of(const Json& item) {
    const Json& body = item_body(item);
    if (!body.is_object()) return nullptr;
    const auto generics = body.find("generics");
    return generics == body.end() ? nullptr : &*generics;
}

}  // namespace

TyRef Normalizer::type(const RustdocCrate& crate, const Json& json, const Subst& subst) {
    if (json.is_null()) return make_tuple({});
    if (++depth_ > kDeepest) {
        --depth_;
        return unsupported("type nested too deeply");
    }
    struct Leave {
        int& depth;
        ~Leave() { --depth; }
    } leave{depth_};
    if (json.is_string()) return unsupported("type '" + json.get<std::string>() + "'");  // "infer"
    const std::string& kind = json.begin().key();
    const Json& body = json.begin().value();
    Ty ty;
    if (kind == "primitive") {
        const std::string name = body.get<std::string>();
        return name == "unit" ? make_tuple({}) : make_prim(name);
    }
    if (kind == "generic") {
        const auto found = subst.types.find(body.get<std::string>());
        if (found != subst.types.end()) return found->second;
        ty.kind = TyKind::kGeneric;
        ty.name = body.get<std::string>();
    } else if (kind == "borrowed_ref") {
        std::string lifetime = body["lifetime"].is_null() ? elided() : lifetime_of(body["lifetime"], subst);
        if (lifetime == "'_") lifetime = elided();
        return make_ref(type(crate, body["type"], subst), lifetime, body["is_mutable"].get<bool>());
    } else if (kind == "slice") {
        return make_slice(type(crate, body, subst));
    } else if (kind == "array") {
        ty.kind = TyKind::kArray;
        ty.name = body["len"].get<std::string>();
        const auto known = subst.types.find(ty.name);
        if (known != subst.types.end() && known->second->kind == TyKind::kConst) ty.name = known->second->name;
        ty.args = {type(crate, body["type"], subst)};
    } else if (kind == "tuple") {
        ty.kind = TyKind::kTuple;
        for (const Json& member : body) ty.args.push_back(type(crate, member, subst));
    } else if (kind == "raw_pointer") {
        ty.kind = TyKind::kRawPointer;
    } else if (kind == "function_pointer") {
        ty.kind = TyKind::kFnPointer;
        for (const Json& input : body["sig"]["inputs"]) ty.args.push_back(type(crate, input[1], subst));
        ty.args.push_back(type(crate, body["sig"]["output"], subst));
    } else if (kind == "impl_trait") {
        ty.kind = TyKind::kImpl;
        ty.bounds = bounds(crate, body, subst);
    } else if (kind == "dyn_trait") {
        ty.kind = TyKind::kDyn;
        for (const Json& entry : body["traits"]) ty.bounds.push_back(trait_bound(crate, entry["trait"], subst));
        if (!body["lifetime"].is_null()) ty.lifetimes = {lifetime_of(body["lifetime"], subst)};
    } else if (kind == "qualified_path") {
        const TyRef self = type(crate, body["self_type"], subst);
        std::optional<Bound> trait;
        if (body["trait"].is_object()) trait = trait_bound(crate, body["trait"], subst);
        const std::string name = body["name"].get<std::string>();
        if (TyRef known = associated(*self, name, trait ? &*trait : nullptr)) return known;
        ty.kind = TyKind::kProjection;
        ty.name = name;
        ty.args = {self};
        if (trait) ty.bounds = {*trait};
    } else if (kind == "resolved_path") {
        return resolved_path(crate, body, subst);
    } else if (kind == "pat") {
        return type(crate, body["type"], subst);
    } else {
        return unsupported("type of kind '" + kind + "'");
    }
    return std::make_shared<const Ty>(std::move(ty));
}

TyRef Normalizer::resolved_path(const RustdocCrate& crate, const Json& json, const Subst& subst) {
    const int id = json["id"].get<int>();
    Ty ty;
    ty.kind = TyKind::kPath;
    ty.path = crate.canonical(id);
    if (ty.path.empty()) ty.path = {crate.name(), json["path"].get<std::string>()};
    if (json.contains("args") && json["args"].is_object() && json["args"].contains("angle_bracketed")) {
        for (const Json& arg : json["args"]["angle_bracketed"]["args"]) {
            if (!arg.is_object()) {
                ty.args.push_back(unsupported("an inferred type"));
            } else if (arg.contains("type")) {
                ty.args.push_back(type(crate, arg["type"], subst));
            } else if (arg.contains("lifetime")) {
                const std::string lifetime = lifetime_of(arg["lifetime"], subst);
                ty.lifetimes.push_back(lifetime == "'_" ? elided() : lifetime);
            } else if (arg.contains("const")) {
                Ty value;
                value.kind = TyKind::kConst;
                value.name = const_text(arg["const"]);
                const auto known = subst.types.find(value.name);
                ty.args.push_back(known != subst.types.end() ? known->second : std::make_shared<const Ty>(value));
            }
        }
    }
    if (is_std(ty.path)) {
        // std has no JSON on a stable toolchain: its two Result aliases are spelled out, elided lifetimes come from a
        // list.
        if (ty.path.back() == "Result" && ty.path.size() > 2 && ty.path[1] != "result") {
            const TyRef ok = ty.args.empty() ? make_tuple({}) : ty.args[0];
            const TyRef error =
                make_path(ty.path[1] == "fmt" ? Path{"core", "fmt", "Error"} : Path{"std", "io", "error", "Error"});
            return make_path({"core", "result", "Result"}, {ok, error});
        }
        // NonZeroU32 is NonZero<u32>.
        if (ty.path.size() > 2 && ty.path[1] == "num" && ty.path.back().starts_with("NonZero") && ty.args.empty()) {
            std::string number = ty.path.back().substr(7);
            std::transform(number.begin(), number.end(), number.begin(), [](unsigned char c) { return std::tolower(c); });
            return make_path({"core", "num", "nonzero", "NonZero"}, {make_prim(number)});
        }
        if (ty.path.back() == "Vec" || ty.path.back() == "Box") ty.args.resize(std::min<size_t>(ty.args.size(), 1));
        while (ty.lifetimes.size() < std_lifetime_count(ty.path)) ty.lifetimes.push_back(elided());
        return std::make_shared<const Ty>(std::move(ty));
    }
    const ItemRef definition = world_.resolve(crate, id);
    if (!definition) return std::make_shared<const Ty>(std::move(ty));
    if (item_kind(definition.json()) == "type_alias") return expand_alias(definition, ty.args, ty.lifetimes);
    if (const Path home = definition.crate->canonical(definition.id); !home.empty()) ty.path = home;
    if (const Json* generics = generics_of(definition.json())) {
        Subst defaults;
        size_t types = 0, lifetimes = 0;
        for (const Json& param : (*generics)["params"]) {
            const Json& param_kind = param["kind"];
            const std::string name = param["name"].get<std::string>();
            if (param_kind.contains("lifetime")) {
                if (lifetimes++ >= ty.lifetimes.size()) ty.lifetimes.push_back(elided());
            } else if (param_kind.contains("type") || param_kind.contains("const")) {
                if (types >= ty.args.size()) {
                    const Json* fallback = nullptr;
                    if (param_kind.contains("type") && !param_kind["type"]["default"].is_null())
                        fallback = &param_kind["type"]["default"];
                    if (fallback == nullptr) break;
                    ty.args.push_back(type(*definition.crate, *fallback, defaults));
                }
                defaults.types[name] = ty.args[types++];
            }
        }
    }
    return std::make_shared<const Ty>(std::move(ty));
}

TyRef Normalizer::expand_alias(const ItemRef& alias, const std::vector<TyRef>& args,
                               const std::vector<std::string>& lifetimes) {
    const Json& body = item_body(alias.json());
    Subst subst;
    size_t types = 0, regions = 0;
    for (const Json& param : body["generics"]["params"]) {
        const std::string name = param["name"].get<std::string>();
        const Json& kind = param["kind"];
        if (kind.contains("lifetime")) {
            subst.lifetimes[name] = regions < lifetimes.size() ? lifetimes[regions] : elided();
            ++regions;
        } else if (types < args.size()) {
            subst.types[name] = args[types++];
        } else if (kind.contains("type") && !kind["type"]["default"].is_null()) {
            subst.types[name] = type(*alias.crate, kind["type"]["default"], subst);
        }
    }
    const TyRef target = type(*alias.crate, body["type"], subst);
    if (body["generics"]["params"].empty() && target->kind == TyKind::kPath && !target->args.empty()) aliases.emplace(type_key(*target), AliasUse{alias, {}});
    return target;
}

Bound Normalizer::trait_bound(const RustdocCrate& crate, const Json& trait, const Subst& subst) {
    Bound bound;
    const int id = trait["id"].get<int>();
    bound.trait = crate.canonical(id);
    if (bound.trait.empty()) bound.trait = {crate.name(), trait["path"].get<std::string>()};
    if (!trait.contains("args") || !trait["args"].is_object()) return bound;
    const Json& args = trait["args"];
    if (args.contains("angle_bracketed")) {
        for (const Json& arg : args["angle_bracketed"]["args"]) {
            if (!arg.is_object()) continue;
            if (arg.contains("type"))
                bound.args.push_back(type(crate, arg["type"], subst));
            else if (arg.contains("lifetime"))
                bound.lifetimes.push_back(lifetime_of(arg["lifetime"], subst));
        }
        for (const Json& constraint : args["angle_bracketed"]["constraints"]) {
            const std::string name = constraint["name"].get<std::string>();
            const Json& binding = constraint["binding"];
            if (binding.contains("equality") && binding["equality"].contains("type"))
                bound.assoc[name] = type(crate, binding["equality"]["type"], subst);
            else if (binding.contains("constraint"))
                bound.assoc_bounds[name] = bounds(crate, binding["constraint"], subst);
        }
    } else if (args.contains("parenthesized")) {
        bound.is_fn = true;
        for (const Json& input : args["parenthesized"]["inputs"]) bound.args.push_back(type(crate, input, subst));
        bound.assoc["Output"] = type(crate, args["parenthesized"]["output"], subst);
    }
    return bound;
}

std::vector<Bound> Normalizer::bounds(const RustdocCrate& crate, const Json& list, const Subst& subst) {
    std::vector<Bound> out;
    for (const Json& entry : list) {
        if (entry.contains("trait_bound")) {
            const Json& body = entry["trait_bound"];
            if (body.value("modifier", "none") == "maybe") continue;
            out.push_back(trait_bound(crate, body["trait"], subst));
        } else if (entry.contains("outlives")) {
            Bound bound;
            bound.outlives = lifetime_of(entry["outlives"], subst);
            out.push_back(std::move(bound));
        }
    }
    return out;
}

TyRef Normalizer::from_impl(const ImplContext& context, const std::string& name) {
    for (const Json& id : (*context.impl)["items"]) {
        const Json* item = context.crate->item(id.get<int>());
        if (item == nullptr || item_name(*item) != name || item_kind(*item) != "assoc_type") continue;
        const Json& body = item_body(*item);
        if (body["type"].is_null()) continue;
        Subst subst = context.subst;
        subst.types["Self"] = context.self;
        return type(*context.crate, body["type"], subst);
    }
    return nullptr;
}

namespace {

// Associated types of the standard library's own types, which has no JSON.
TyRef std_associated(const Ty& self, const std::string& name) {
    if (name == "Owned") {
        if (self.is_prim("str")) return make_path({"alloc", "string", "String"});
        if (self.kind == TyKind::kSlice) return make_path({"alloc", "vec", "Vec"}, {self.args[0]});
    }
    // What an index by number gives.
    if (name == "Output" && self.kind == TyKind::kSlice) return self.args[0];
    if (name == "Output" && self.kind == TyKind::kPrim && self.name != "str") return std::make_shared<const Ty>(self);
    if (name == "Item") {
        const Ty& bare = self.kind == TyKind::kRef ? *self.args[0] : self;
        const bool sequence = bare.is_std_path("Vec") || bare.kind == TyKind::kSlice || bare.kind == TyKind::kArray ||
                              bare.is_std_path("IntoIter", "vec");
        if (!sequence || bare.args.empty()) return nullptr;
        return self.kind == TyKind::kRef ? make_ref(bare.args[0], self.lifetimes[0], self.is_mut) : bare.args[0];
    }
    return nullptr;
}

}  // namespace

TyRef Normalizer::associated(const Ty& self, const std::string& name, const Bound* trait) {
    if (current_impl && type_key(self) == type_key(*current_impl->self)) {
        const std::optional<ImplContext> context = std::exchange(current_impl, std::nullopt);
        TyRef found = from_impl(*context, name);
        current_impl = context;
        if (found) return found;
    }
    if (TyRef known = std_associated(self, name)) return known;
    if (trait == nullptr) return nullptr;
    if (const auto context = find_impl(self, trait->trait, trait->args)) {
        if (TyRef found = from_impl(*context, name)) return found;
        return inherited(self, name, trait->trait, {});
    }
    return nullptr;
}

TyRef Normalizer::settle(const TyRef& ty) {
    Ty copy = *ty;
    bool changed = false;
    const auto renew = [&](TyRef& part) {
        TyRef settled = settle(part);
        changed = changed || settled != part;
        part = std::move(settled);
    };
    for (TyRef& arg : copy.args) renew(arg);
    for (Bound& bound : copy.bounds) {
        for (TyRef& arg : bound.args) renew(arg);
        for (auto& [name, known] : bound.assoc) renew(known);
    }
    if (copy.kind == TyKind::kProjection && !copy.args.empty() && !mentions_generic(*copy.args[0])) {
        const TyRef found = associated(*copy.args[0], copy.name, copy.bounds.empty() ? nullptr : &copy.bounds[0]);
        if (found && found->kind != TyKind::kProjection) return settle(found);
    }
    return changed ? std::make_shared<const Ty>(std::move(copy)) : ty;
}

std::vector<Normalizer::KnownImpl>& Normalizer::impls_of(const RustdocCrate& crate, const Json& ids,
                                                         const Path& trait) {
    const auto [list, fresh] = known_impls_.try_emplace(&ids);
    if (fresh) {
        for (const Json& id : ids) {
            const Json* item = crate.item(id.get<int>());
            if (item == nullptr || item_kind(*item) != "impl") continue;
            const Json& impl = item_body(*item);
            if (impl["trait"].is_null() || impl["is_negative"].get<bool>()) continue;
            list->second[crate.canonical(impl["trait"]["id"].get<int>())].push_back({&impl, nullptr});
        }
    }
    return list->second[trait];
}

std::optional<ImplContext> Normalizer::find_impl(const Ty& self, const Path& trait, const std::vector<TyRef>& args) {
    if (depth_ > kDeepest) return std::nullopt;
    ++depth_;
    struct Leave {
        int& depth;
        ~Leave() { --depth; }
    } leave{depth_};
    const auto matches = [&](const RustdocCrate& crate, const Json& ids) -> std::optional<ImplContext> {
        // By index: a pattern with a projection in it may come back here and look at other lists.
        for (size_t i = 0; i < impls_of(crate, ids, trait).size(); ++i) {
            KnownImpl known = impls_of(crate, ids, trait)[i];
            if (!known.pattern) {
                const auto outer = std::exchange(elided, [] { return std::string("'_"); });
                known.pattern = type(crate, (*known.impl)["for"], {});
                elided = outer;
                if (depth_ < kDeepest / 2) impls_of(crate, ids, trait)[i].pattern = known.pattern;
            }
            const Json& impl = *known.impl;
            ImplContext context{&crate, &impl, {}, std::make_shared<const Ty>(self)};
            if (!unify(*known.pattern, self, context.subst)) continue;
            // The self type of a blanket impl is its parameter.
            if (impl["blanket_impl"].is_object() && impl["blanket_impl"].contains("generic"))
                context.subst.types[impl["blanket_impl"]["generic"].get<std::string>()] = context.self;
            if (!args.empty()) {
                const Bound given = trait_bound(crate, impl["trait"], context.subst);
                bool fits = given.args.size() == args.size();
                for (size_t k = 0; fits && k < args.size(); ++k) fits = unify(*given.args[k], *args[k], context.subst);
                if (!fits) continue;
            }
            if (conditions(crate, impl["generics"], context.subst) == Answer::kNo) continue;
            return context;
        }
        return std::nullopt;
    };
    if (self.kind == TyKind::kPath) {
        if (const ItemRef home = world_.find(self.path)) {
            const Json& body = item_body(home.json());
            if (body.is_object() && body.contains("impls"))
                if (auto found = matches(*home.crate, body["impls"])) return found;
        }
    }
    if (const ItemRef home = world_.find(trait)) {
        const Json& body = item_body(home.json());
        if (body.contains("implementations"))
            if (auto found = matches(*home.crate, body["implementations"])) return found;
    }
    return std::nullopt;
}

}  // namespace kayton::bindgen
