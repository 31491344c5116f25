// Normalizer: whether a type meets a bound, by the impls of the crates at hand and by what is known of the standard
// library. What is certainly not so need not be tried with rustc, and leaves its room to what is.
#include <algorithm>

#include "kik/bindgen/everyday_types.h"
#include "kik/bindgen/types.h"

namespace kayton::bindgen {

namespace {

constexpr int kDeepestCondition = 7;

Answer both(Answer a, Answer b) {
    return std::min(a, b);
}

Answer yes_if(bool holds) {
    return holds ? Answer::kYes : Answer::kNo;
}

bool is_whole(const Ty& type) {
    return type.kind == TyKind::kPrim && type.name.size() > 1 && (type.name[0] == 'i' || type.name[0] == 'u') &&
           (std::isdigit(static_cast<unsigned char>(type.name[1])) || type.name.ends_with("size"));
}

bool is_real(const Ty& type) {
    return type.is_prim("f32") || type.is_prim("f64");
}

const std::set<std::string>& arithmetic() {
    static const std::set<std::string> names = {"Add", "Sub", "Mul", "Div", "Rem"};
    return names;
}

// Traits of the standard library on its primitive types.
Answer primitive_has(const Ty& self, const Bound& bound) {
    std::string trait = bound.trait.back();
    const bool whole = is_whole(self), real = is_real(self), truth = self.is_prim("bool"), text = self.is_prim("str");
    static const std::set<std::string> compared = {"PartialEq", "PartialOrd"};
    static const std::set<std::string> strict = {"Eq", "Ord", "Hash"};
    static const std::set<std::string> logic = {"BitAnd", "BitOr", "BitXor"};
    if (bound.trait.size() > 1 && bound.trait[1] == "ops") {
        if (trait.ends_with("Assign")) trait.resize(trait.size() - 6);
        bool can = false;
        if (arithmetic().contains(trait)) can = whole || real;
        else if (logic.contains(trait)) can = whole || truth;
        else if (trait == "Shl" || trait == "Shr") return yes_if(whole);
        else if (trait == "Not") return yes_if(whole || truth);
        else if (trait == "Neg") return yes_if(real || (whole && self.name[0] == 'i'));
        else return trait == "Deref" || trait == "Index" ? Answer::kNo : Answer::kUnknown;
        if (!can || bound.args.empty() || mentions_generic(*bound.args[0])) return yes_if(can);
        const Ty& other = bound.args[0]->kind == TyKind::kRef ? *bound.args[0]->args[0] : *bound.args[0];
        // With a crate's own type on the right the impl is that crate's.
        if (other.kind == TyKind::kPath) return Answer::kUnknown;
        return yes_if(type_key(other) == type_key(self));
    }
    if (trait == "Copy" || trait == "Clone" || trait == "Default" || trait == "Sized") return yes_if(!text);
    if (compared.contains(trait) && bound.args.size() == 1 && !mentions_generic(*bound.args[0]) &&
        bound.args[0]->kind != TyKind::kPath)
        return yes_if(type_key(*bound.args[0]) == type_key(self));
    if (trait == "Debug" || trait == "Display" || compared.contains(trait)) return Answer::kYes;
    if (strict.contains(trait)) return yes_if(!real);
    if (trait == "Sum" || trait == "Product") return yes_if(whole || real);
    static const std::set<std::string> never = {"Iterator", "Error", "Read", "Write", "BufRead", "IntoIterator"};
    if (never.contains(trait) || (!text && trait == "AsRef")) return Answer::kNo;
    return Answer::kUnknown;
}

// What is called must be a function: values are none.
Answer may_be_called(const Ty& self) {
    const bool plain = self.kind == TyKind::kPrim || self.kind == TyKind::kTuple || self.kind == TyKind::kSlice ||
                       self.kind == TyKind::kArray || (self.kind == TyKind::kPath && (!is_std(self.path) || is_dynamic(self)));
    return plain ? Answer::kNo : Answer::kUnknown;
}

bool has_projection(const Ty& type) {
    return type.kind == TyKind::kProjection || std::any_of(type.args.begin(), type.args.end(), [](const TyRef& arg) { return has_projection(*arg); });
}

bool is_auto(const Path& trait) {
    static const std::set<std::string> names = {"Send", "Sync", "Unpin", "UnwindSafe", "RefUnwindSafe", "Freeze"};
    return is_std(trait) && names.contains(trait.back());
}

}  // namespace

std::vector<Normalizer::KnownImpl>& Normalizer::crate_impls(const RustdocCrate& crate, const Path& trait) {
    const auto [known, fresh] = crate_impls_.try_emplace(&crate);
    if (fresh)
        for (const Json* item : crate.all("impl")) {
            const Json& impl = item_body(*item);
            if (impl["trait"].is_null() || impl["blanket_impl"].is_object()) continue;
            const Path& path = crate.canonical(impl["trait"]["id"].get<int>());
            if (!path.empty()) known->second[path].push_back({&impl, nullptr});
        }
    return known->second[trait];
}

Answer Normalizer::impl_fits(const RustdocCrate& crate, KnownImpl& known, const Ty& self, const Bound& bound) {
    if (!known.pattern) known.pattern = type(crate, (*known.impl)["for"], {});
    const Json& impl = *known.impl;
    ImplContext context{&crate, &impl, {}, std::make_shared<const Ty>(self)};
    const TyRef pattern = known.pattern;
    if (!unify(*pattern, self, context.subst)) return Answer::kNo;
    context.subst.types["Self"] = context.self;
    if (!bound.args.empty()) {
        const Bound given = trait_bound(crate, impl["trait"], context.subst);
        for (size_t i = 0; i < given.args.size() && i < bound.args.size(); ++i)
            if (!mentions_generic(*bound.args[i]) && !unify(*given.args[i], *bound.args[i], context.subst)) return Answer::kNo;
    }
    if (impl["is_negative"].get<bool>()) return Answer::kNo;
    Answer answer = conditions(crate, impl["generics"], context.subst);
    for (const auto& [name, wanted] : bound.assoc) {
        if (answer == Answer::kNo) break;
        if (mentions_generic(*wanted)) continue;
        TyRef said = from_impl(context, name);
        if (!said) said = inherited(self, name, bound.trait, context.subst);
        if (!said) continue;
        const TyRef settled = settle(said);
        if (mentions_generic(*settled)) answer = both(answer, Answer::kUnknown);
        else if (type_key(*settled) != type_key(*wanted)) answer = Answer::kNo;
    }
    return answer;
}

// Impls of a trait that cannot be named from outside are missing from rustdoc's JSON.
bool Normalizer::is_public(const Path& trait) {
    const ItemRef item = world_.find(trait);
    return item && item.crate->public_paths().contains(item.id);
}

// The associated type of a supertrait: DataMut's Elem is RawData's.
TyRef Normalizer::inherited(const Ty& self, const std::string& name, const Path& trait, const Subst& subst) {
    const ItemRef definition = world_.find(trait);
    if (!definition || item_kind(definition.json()) != "trait") return nullptr;
    Subst with_self = subst;
    with_self.types["Self"] = std::make_shared<const Ty>(self);
    for (const Bound& above : bounds(*definition.crate, item_body(definition.json())["bounds"], with_self)) {
        if (!above.outlives.empty() || is_std(above.trait) || above.trait == trait) continue;
        if (const TyRef found = associated(self, name, &above)) return found;
    }
    return nullptr;
}

Answer Normalizer::holds(const Ty& self, const Bound& bound) {
    if (!bound.outlives.empty() || bound.trait.empty() || mentions_generic(self) || is_auto(bound.trait))
        return Answer::kUnknown;
    if (bound.is_fn) return may_be_called(self);
    if (self.kind == TyKind::kFnPointer || self.kind == TyKind::kDyn || self.kind == TyKind::kImpl ||
        self.kind == TyKind::kUnsupported || self.kind == TyKind::kConst || self.is_prim("never"))
        return Answer::kUnknown;
    // What no impl at hand says may be anything.
    if (has_projection(self) || std::any_of(bound.args.begin(), bound.args.end(), [](const TyRef& arg) { return has_projection(*arg); }))
        return Answer::kUnknown;
    std::string key = type_key(self) + ": " + join(bound.trait, "::");
    for (const TyRef& arg : bound.args) key += "," + type_key(*arg);
    for (const auto& [name, wanted] : bound.assoc) key += "," + name + "=" + type_key(*wanted);
    if (const auto known = holds_.find(key); known != holds_.end()) return known->second;
    if (condition_depth_ > kDeepestCondition || depth_ > 12) return Answer::kUnknown;
    ++condition_depth_;
    const std::optional<ImplContext> outer = std::exchange(current_impl, std::nullopt);
    const auto outer_elided = std::exchange(elided, [] { return std::string("'_"); });
    const Answer answer = find_answer(self, bound);
    elided = outer_elided;
    current_impl = outer;
    --condition_depth_;
    // Deep inside a question an answer may only mean that the question was too deep.
    if (answer != Answer::kUnknown || condition_depth_ == 0) holds_[key] = answer;
    return answer;
}

Answer Normalizer::find_answer(const Ty& self, const Bound& bound) {
    const std::string& trait = bound.trait.back();
    const bool std_trait = is_std(bound.trait);
    if (std_trait && trait == "Into" && bound.args.size() == 1 && !mentions_generic(*bound.args[0])) {
        // impl<T, U: From<T>> Into<U> for T
        if (type_key(self) == type_key(*bound.args[0])) return Answer::kYes;
        const Ty& target = *bound.args[0];
        if (target.kind != TyKind::kPath || is_std(target.path) || is_dynamic(target)) return Answer::kUnknown;
        Bound from;
        from.trait = {"core", "convert", "From"};
        from.args = {std::make_shared<const Ty>(self)};
        return holds(target, from);
    }
    if (std_trait && self.kind == TyKind::kPrim) {
        if (const Answer answer = primitive_has(self, bound); answer != Answer::kUnknown) return answer;
    }
    if (std_trait && self.kind == TyKind::kRef) {
        if (trait == "Copy" || trait == "Clone") return yes_if(!self.is_mut);
        if (trait == "Default" && !self.args[0]->is_prim("str")) return Answer::kNo;
        if (self.args[0]->kind == TyKind::kPrim && arithmetic().contains(trait) && bound.args.size() == 1 &&
            bound.args[0]->kind != TyKind::kPath)
            return primitive_has(*self.args[0], bound);
    }
    if (is_dynamic(self) && std_trait) {
        if (trait == "Copy" || bound.trait[1] == "io" || trait == "Iterator" || trait == "AsRef") return Answer::kNo;
        return Answer::kUnknown;
    }
    // kayton_bind says so itself, where the crate knows serde.
    if (is_dynamic(self) && is_serde(bound.trait)) return trait == "Serialize" ? Answer::kYes : Answer::kUnknown;
    if (self.kind == TyKind::kTuple && std_trait && (trait == "Display" || bound.trait[1] == "ops")) return Answer::kNo;
    if (self.kind == TyKind::kPath && is_std(self.path) && std_trait) {
        static const std::set<std::string> sequences = {"Vec", "String", "HashMap", "HashSet", "VecDeque", "BTreeMap"};
        const bool operators = arithmetic().contains(trait) && !(trait == "Add" && self.is_std_path("String"));
        if (sequences.contains(self.path.back()) && (trait == "Copy" || trait == "Iterator" || operators)) return Answer::kNo;
        return Answer::kUnknown;
    }
    // By the orphan rule the impl is in the crate of the trait or of a type that it names.
    std::set<std::string> homes = {bound.trait[0]};
    const auto collect = [&](const auto& again, const Ty& type) -> void {
        if (type.kind == TyKind::kPath && !is_dynamic(type)) homes.insert(type.path[0]);
        for (const TyRef& arg : type.args) again(again, *arg);
    };
    collect(collect, self);
    for (const TyRef& arg : bound.args) collect(collect, *arg);
    // f64: Add<Complex<f64>>: an operator's impl that names a crate's type is not the standard library's.
    const bool beside_crate = std_trait && bound.trait[1] == "ops" && std::any_of(bound.args.begin(), bound.args.end(), [](const TyRef& arg) {
        return arg->kind == TyKind::kPath && !is_std(arg->path) && !is_dynamic(*arg);
    });
    bool all_described = true;
    Answer best = Answer::kNo;
    for (const std::string& home : homes) {
        if (home == "core" || home == "alloc" || home == "std") {
            // Impls of the standard library's traits for every type are listed with each type that has them.
            all_described = all_described && (!std_trait || self.kind == TyKind::kPath || beside_crate);
            continue;
        }
        const RustdocCrate* crate = world_.crate(home);
        if (crate == nullptr) {
            all_described = false;
            continue;
        }
        for (size_t i = 0; i < crate_impls(*crate, bound.trait).size() && best != Answer::kYes; ++i) {
            KnownImpl known = crate_impls(*crate, bound.trait)[i];
            const Answer answer = impl_fits(*crate, known, self, bound);
            crate_impls(*crate, bound.trait)[i].pattern = known.pattern;
            best = std::max(best, answer);
        }
    }
    if (best != Answer::kNo) return best;
    if (!all_described || (!std_trait && !is_public(bound.trait))) return Answer::kUnknown;
    const ItemRef home = self.kind == TyKind::kPath ? world_.find(self.path) : ItemRef{};
    if (self.kind == TyKind::kPath && !is_dynamic(self) && !is_std(self.path) && !home) return Answer::kUnknown;
    // Impls for an alias are missing from rustdoc's JSON, but what follows from them is listed with the type: from
    // DeserializeOwned, that there is a Deserialize.
    if (home)
        for (const Json& id : item_body(home.json())["impls"]) {
            const Json* item = home.crate->item(id.get<int>());
            if (item == nullptr || item_body(*item)["trait"].is_null() || !item_body(*item)["blanket_impl"].is_object()) continue;
            const Path& listed = home.crate->canonical(item_body(*item)["trait"]["id"].get<int>());
            if (listed == bound.trait || (!std_trait && !listed.empty() && listed[0] == bound.trait[0])) return Answer::kUnknown;
        }
    return Answer::kNo;
}

Answer Normalizer::conditions(const RustdocCrate& crate, const Json& generics, const Subst& subst) {
    Answer answer = Answer::kYes;
    const auto ask = [&](const TyRef& self, const Json& list) {
        if (mentions_generic(*self)) {
            answer = both(answer, Answer::kUnknown);
            return;
        }
        for (const Bound& bound : bounds(crate, list, subst)) {
            if (answer == Answer::kNo) return;
            if (!bound.outlives.empty() || is_auto(bound.trait) || bound.trait.back().ends_with("Sized")) continue;
            Bound settled = bound;
            for (TyRef& arg : settled.args) arg = settle(arg);
            for (auto& [name, wanted] : settled.assoc) wanted = settle(wanted);
            answer = both(answer, holds(*self, settled));
        }
    };
    for (const Json& param : generics["params"]) {
        if (!param["kind"].contains("type")) continue;
        const auto known = subst.types.find(param["name"].get<std::string>());
        if (known != subst.types.end()) ask(known->second, param["kind"]["type"]["bounds"]);
        else answer = both(answer, Answer::kUnknown);
    }
    for (const Json& predicate : generics["where_predicates"]) {
        if (answer == Answer::kNo) break;
        if (!predicate.contains("bound_predicate")) continue;
        const Json& body = predicate["bound_predicate"];
        // for<'a> &'a T: holds for every lifetime or for none here.
        ask(settle(type(crate, body["type"], subst)), body["bounds"]);
    }
    return answer;
}

}  // namespace kayton::bindgen
