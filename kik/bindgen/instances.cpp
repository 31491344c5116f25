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

// Types of the standard library that programs have values of.
bool is_everyday(const Ty& type) {
    static const std::set<std::string> known = {"String",   "PathBuf",  "OsString",   "Duration",       "Vec",   "Option",
                                                "IpAddr",   "Ipv4Addr", "Ipv6Addr",   "SocketAddr",     "Cow",   "Range",
                                                "Box",      "Cursor",   "SystemTime", "HashMap",        "HashSet"};
    return known.contains(type.path.back());
}

bool is_arithmetic(const std::string& trait) {
    static const std::set<std::string> known = {"Add", "Sub", "Mul", "Div", "Rem", "Neg", "Sum", "Product",
                                                "AddAssign", "SubAssign", "MulAssign", "DivAssign"};
    return known.contains(trait);
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
        const auto borrowed_as = [&](const Json& lender) {
            for (const Bound& bound : normalizer.bounds(crate, body["bounds"], known)) {
                if (bound.args.size() != 1 || bound.args[0]->kind != TyKind::kGeneric) continue;
                const auto found = of(bound.args[0]->name);
                if (found == out.end()) continue;
                TyRef exact = normalizer.type(crate, lender, known);
                if (bound.trait.back() == "Borrow" && is_std(bound.trait)) {
                    if (exact->is_std_path("String")) exact = make_prim("str");
                    found->exact = {exact};
                } else if (!is_std(bound.trait) && found->bounds.empty()) {
                    // StandardUniform: Distribution<T>: the arguments for which the type has an impl.
                    found->exact = impl_arguments(*exact, bound.trait);
                }
            }
        };
        if (type.contains("generic")) {
            if (const auto found = of(type["generic"].get<std::string>()); found != out.end())
                for (Bound& bound : normalizer.bounds(crate, body["bounds"], known))
                    found->bounds.push_back(std::move(bound));
            // K: Borrow<Q> decides Q: what K itself is.
            if (known.types.contains(type["generic"].get<std::string>())) borrowed_as(type);
        } else if (type.contains("borrowed_ref") && type["borrowed_ref"]["type"].contains("generic")) {
            // for<'a> &'a Items: IntoIterator<Item = Element>: a list, whose elements rustc knows.
            const auto found = of(type["borrowed_ref"]["type"]["generic"].get<std::string>());
            if (found == out.end()) continue;
            for (const Bound& bound : normalizer.bounds(crate, body["bounds"], known)) {
                if (!is_std(bound.trait) || bound.trait.back() != "IntoIterator") continue;
                found->exact = {vec_of(make_prim("i64")), vec_of(string_type()), vec_of(make_prim("f64"))};
                const auto item = bound.assoc.find("Item");
                if (item == bound.assoc.end() || item->second->kind != TyKind::kGeneric) continue;
                Ty inferred;
                inferred.kind = TyKind::kConst;
                inferred.name = "_";
                if (const auto element = of(item->second->name); element != out.end())
                    element->exact = {std::make_shared<const Ty>(inferred)};
            }
        } else if (type.contains("resolved_path") || type.contains("primitive")) {
            borrowed_as(type);
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

void Instances::take_defaults(std::vector<TypeParam>& params, const std::vector<TyRef>& types) {
    const auto visit = [&](const auto& self, const Ty& type) -> void {
        for (const TyRef& arg : type.args) self(self, *arg);
        const ItemRef home = type.kind == TyKind::kPath && !is_std(type.path) ? table_.world().find(type.path) : ItemRef{};
        if (!home || !item_body(home.json()).is_object() || !item_body(home.json()).contains("generics")) return;
        size_t place = 0;
        for (const Json& declared : item_body(home.json())["generics"]["params"]) {
            if (declared["kind"].contains("lifetime")) continue;
            const size_t at = place++;
            if (at >= type.args.size() || type.args[at]->kind != TyKind::kGeneric) continue;
            if (!declared["kind"].contains("type") || declared["kind"]["type"]["default"].is_null()) continue;
            const auto param = std::find_if(params.begin(), params.end(), [&](const TypeParam& p) { return p.name == type.args[at]->name; });
            if (param == params.end() || !param->exact.empty()) continue;
            const TyRef fallback = table_.normalizer().type(*home.crate, declared["kind"]["type"]["default"], {});
            if (!mentions_generic(*fallback)) param->exact = {fallback};
        }
    };
    for (const TyRef& type : types) visit(visit, *type);
}

std::vector<TyRef> Instances::implementors(const Bound& bound, int depth) {
    const Path& trait = bound.trait;
    std::vector<TyRef> out;
    const ItemRef home = table_.world().find(trait);
    const bool serde = !trait.empty() && (trait[0] == "serde" || trait[0] == "serde_core");
    if (serde && trait.back() == "DeserializeOwned") {
        // Named by rustdoc on every type that has it, by whatever impl.
        return known_implementors(trait);
    }
    if (!home || (serde && (trait.back() == "Deserialize" || trait.back() == "Serialize")))
        return known_implementors(trait);
    std::set<std::string> seen;
    std::vector<TyRef> blanket, generic, numbers;
    const auto add = [&](const TyRef& type) {
        if (seen.insert(type_key(*type)).second) out.push_back(type);
    };
    const RustdocCrate& crate = *home.crate;
    for (const Json& id : item_body(home.json())["implementations"]) {
        const Json* item = crate.item(id.get<int>());
        if (item == nullptr || item_kind(*item) != "impl") continue;
        const Json& impl = item_body(*item);
        if (impl["is_negative"].get<bool>() || impl["trait"].is_null()) continue;
        TyRef type = table_.normalizer().type(crate, impl["for"], {});
        if (type->kind == TyKind::kGeneric) {
            // impl<T: ...> Trait for T: what meets the impl's own bounds.
            try {
                for (TypeParam& param : params(crate, impl["generics"], {})) {
                    if (param.name != type->name) continue;
                    const bool function = std::any_of(param.bounds.begin(), param.bounds.end(),
                                                      [](const Bound& each) { return each.is_fn; });
                    if (function || !bound.args.empty()) continue;
                    for (const TyRef& one : candidates(param, depth + 1)) blanket.push_back(one);
                }
                if (!bound.args.empty() && !mentions_generic(*bound.args[0]) && depth < 3) blanket.push_back(bound.args[0]);
                // impl<F, T> Trait for F where F: Fn(A) -> T
                const std::vector<TypeParam> all = params(crate, impl["generics"], {});
                for (const TypeParam& param : all)
                    for (const Bound& each : param.bounds) {
                        if (!each.is_fn || param.name != type->name) continue;
                        Bound closed = each;
                        for (const TypeParam& other : all) {
                            if (other.name == param.name) continue;
                            TyRef result = candidates(other, depth + 1).front();
                            // A function gives what it owns.
                            if (result->kind == TyKind::kRef)
                                result = result->args[0]->is_prim("str") ? string_type() : vec_of(make_prim("u8"));
                            Subst subst;
                            subst.types[other.name] = result;
                            for (TyRef& arg : closed.args) arg = substitute(arg, subst);
                            for (auto& [name, known] : closed.assoc) known = substitute(known, subst);
                        }
                        for (const TyRef& one : closures(param, closed)) blanket.push_back(one);
                    }
            } catch (const Unmapped&) {
            }
            continue;
        }
        if (mentions_generic(*type) && !bound.args.empty()) {
            // impl<T> SampleRange<T> for Range<T>, asked for SampleRange<i64>.
            Subst subst;
            const Bound given = table_.normalizer().trait_bound(crate, impl["trait"], {});
            bool fits = given.args.size() == bound.args.size();
            for (size_t i = 0; fits && i < given.args.size(); ++i)
                fits = !mentions_generic(*bound.args[i]) && unify(*given.args[i], *bound.args[i], subst);
            if (fits) type = substitute(type, subst);
        }
        if (mentions_static(*type)) continue;
        if (type->kind == TyKind::kPath && is_std(type->path) && !is_everyday(*type)) continue;
        if (type->kind == TyKind::kFnPointer || type->kind == TyKind::kDyn) continue;
        if (mentions_generic(*type)) {
            // An impl for a generic type: the instances that are there.
            const Ty& bare = type->kind == TyKind::kRef ? *type->args[0] : *type;
            if (type->kind == TyKind::kTuple || type->kind == TyKind::kArray) {
                for (const TyRef& one : numbered(type)) numbers.push_back(one);
                continue;
            }
            if (bare.kind != TyKind::kPath) continue;
            for (size_t i = 0; i < table_.entries().size(); ++i) {
                const TypeSlotEntry& entry = table_.entries()[i];
                if (entry.kind != SlotKind::kHandle || !entry.type || entry.type->path != bare.path) continue;
                Subst subst;
                if (!unify(bare, *entry.type, subst)) continue;
                generic.push_back(type->kind == TyKind::kRef ? make_ref(entry.type, "'given", type->is_mut) : entry.type);
            }
            continue;
        }
        if (type->kind == TyKind::kRef && !type->args[0]->is_prim("str") &&
            !(type->args[0]->kind == TyKind::kSlice))
            continue;
        add(type);
    }
    // Plain instances before those that wrap others, and what stands near the crate's root before its corners.
    std::stable_sort(generic.begin(), generic.end(), [&](const TyRef& a, const TyRef& b) {
        return remoteness(*a) < remoteness(*b);
    });
    if (generic.size() > 8) generic.resize(8);
    for (const TyRef& type : generic) add(type);
    const auto rank = [](const TyRef& type) {
        if (type->is_prim("i64")) return 0;
        if (type->is_prim("f64")) return 1;
        if (type->kind == TyKind::kRef) return 2;
        if (type->kind == TyKind::kPath && !is_std(type->path)) return 3;
        return type->kind == TyKind::kPrim ? 5 : 4;
    };
    std::stable_sort(out.begin(), out.end(), [&](const TyRef& a, const TyRef& b) { return rank(a) < rank(b); });
    // Of the whole numbers one kind: the others would be the same function again.
    const auto whole = std::find_if(out.begin(), out.end(), [](const TyRef& type) { return is_integer(*type); });
    const TyRef kept = whole == out.end() ? nullptr : *whole;
    std::erase_if(out, [&](const TyRef& type) { return is_integer(*type) && type != kept; });
    if (std::any_of(out.begin(), out.end(), [](const TyRef& type) { return type->is_prim("f64"); }))
        std::erase_if(out, [](const TyRef& type) { return type->is_prim("f32"); });
    // Trait<Assoc = X>: those whose impl says another type are none.
    const auto says_otherwise = [&](const TyRef& type) {
        for (const auto& [name, wanted] : bound.assoc) {
            if (mentions_generic(*wanted)) continue;
            const TyRef said = table_.normalizer().associated(*type, name, &bound);
            if (said && !mentions_generic(*said) && type_key(*said) != type_key(*wanted)) return true;
        }
        return false;
    };
    std::erase_if(out, says_otherwise);
    std::erase_if(numbers, says_otherwise);
    std::erase_if(blanket, says_otherwise);
    if (!bound.args.empty() && !blanket.empty()) return blanket;
    if (out.size() > std::max<size_t>(6, generic.size())) out.resize(std::max<size_t>(6, generic.size()));
    for (const TyRef& type : numbers) add(type);
    for (const TyRef& type : known_implementors(trait))
        if (out.size() < 8) add(type);
    for (const TyRef& type : blanket)
        if (out.size() < 10) add(type);
    return out;
}

// How far a type is from what a program writes first: how deep it is nested, then how long its public path is.
std::pair<size_t, size_t> Instances::remoteness(const Ty& type) {
    const Ty& bare = type.kind == TyKind::kRef ? *type.args[0] : type;
    const auto depth = [](const auto& self, const Ty& ty) -> size_t {
        size_t most = 0;
        for (const TyRef& arg : ty.args) most = std::max(most, self(self, *arg));
        return ty.kind == TyKind::kPath && !is_dynamic(ty) ? most + 1 : most;
    };
    const ItemRef home = table_.world().find(bare.path);
    const size_t length = home ? table_.names().public_path(home).size() : 0;
    return {depth(depth, bare), length == 0 ? 9 : length};
}

// (Ix, Ix, E), [T; 2]: with numbers where nothing else decides. Integers look alike in Kayton: the first kind that
// rustc takes stays.
std::vector<TyRef> Instances::numbered(const TyRef& type) {
    std::vector<TyRef> out;
    std::set<std::string> open;
    const auto collect = [&](const auto& self, const Ty& ty) -> void {
        if (ty.kind == TyKind::kGeneric) open.insert(ty.name);
        for (const TyRef& arg : ty.args) self(self, *arg);
    };
    collect(collect, *type);
    for (const char* number : {"i64", "u32", "usize", "f64"}) {
        Subst subst;
        for (const std::string& name : open) subst.types[name] = make_prim(number);
        const TyRef made = substitute(type, subst);
        if (!mentions_generic(*made)) out.push_back(made);
    }
    return out;
}

// Types of the crate, without parameters, whose references are iterable: `&'a StringRecord`.
std::vector<TyRef> Instances::iterable_references() {
    Implementors& known = iterables_;
    for (; known.looked_at < table_.entries().size() && known.others.size() < 3; ++known.looked_at) {
        const TypeSlotEntry& entry = table_.entries()[known.looked_at];
        if (entry.kind != SlotKind::kHandle || !entry.type || is_std(entry.type->path) || !entry.type->args.empty()) continue;
        const ItemRef home = table_.world().find(entry.type->path);
        if (!home || home.crate->name() != table_.names().crate_name()) continue;
        for (const Json& id : item_body(home.json())["impls"]) {
            const Json* item = home.crate->item(id.get<int>());
            if (item == nullptr || item_body(*item)["trait"].is_null() || item_body(*item)["blanket_impl"].is_object()) continue;
            const Json& impl = item_body(*item);
            if (home.crate->canonical(impl["trait"]["id"].get<int>()).back() != "IntoIterator") continue;
            if (!impl["for"].contains("borrowed_ref") || impl["for"]["borrowed_ref"]["is_mutable"].get<bool>()) continue;
            known.others.push_back(make_ref(entry.type, "'given"));
            break;
        }
    }
    return known.others;
}

// Whether rustdoc lists a blanket impl of the trait on the type.
bool Instances::lists_blanket(const Ty& type, const Path& trait) {
    const ItemRef home = table_.world().find(type.path);
    if (!home || !item_body(home.json()).contains("impls")) return false;
    for (const Json& id : item_body(home.json())["impls"]) {
        const Json* item = home.crate->item(id.get<int>());
        if (item == nullptr || !item_body(*item)["blanket_impl"].is_object() || item_body(*item)["trait"].is_null()) continue;
        const Path& listed = home.crate->canonical(item_body(*item)["trait"]["id"].get<int>());
        if (listed.empty() || listed[0] != trait[0]) continue;
        // Impls for an alias are missing from rustdoc's lists; what follows from them is there. rustc has the last word.
        const bool serde = listed.back() == "DeserializeOwned" &&
                           (trait.back() == "Deserialize" || trait.back() == "Serialize");
        if (listed.back() == trait.back() || serde) return true;
    }
    return false;
}

std::vector<TyRef> Instances::known_implementors(const Path& trait) {
    // The table only grows: each entry is asked once.
    Implementors& known = implementors_[trait];
    for (; known.looked_at < table_.entries().size(); ++known.looked_at) {
        const TypeSlotEntry& entry = table_.entries()[known.looked_at];
        if (entry.kind != SlotKind::kHandle || !entry.type || is_std(entry.type->path)) continue;
        if (!lifetime_slots(*entry.type).empty() || !dynamic_leaves(*entry.type).empty()) continue;
        const auto found = table_.normalizer().find_impl(*entry.type, trait);
        // An impl for every type says nothing of this one: rustdoc lists it where it holds.
        if (!(found && !(*found->impl)["for"].contains("generic")) && !lists_blanket(*entry.type, trait)) continue;
        const ItemRef item = table_.world().find(entry.type->path);
        (item && item_kind(item.json()) == "enum" ? known.enums : known.others).push_back(entry.type);
    }
    std::vector<TyRef> out = known.enums;
    out.insert(out.end(), known.others.begin(), known.others.end());
    if (out.size() > 5) out.resize(5);
    if (!trait.empty() && (trait[0] == "serde" || trait[0] == "serde_core") &&
        (trait.back().starts_with("Deserialize") || trait.back() == "Serialize")) {
        for (const TyRef& type : {string_type(), make_prim("i64"), make_prim("f64"), make_prim("bool"),
                                  vec_of(make_prim("i64")), vec_of(make_prim("f64")), vec_of(string_type())})
            out.push_back(type);
    }
    return out;
}

// A Kayton function in the place of a parameter bounded by Fn, FnMut or FnOnce.
std::vector<TyRef> Instances::closures(const TypeParam& param, const Bound& bound) {
    Ty closure;
    closure.kind = TyKind::kFnPointer;
    closure.name = "closure";
    for (const Bound& other : param.bounds)
        closure.is_mut = closure.is_mut || (!other.trait.empty() && is_std(other.trait) &&
                                            (other.trait.back() == "Send" || other.trait.back() == "Sync"));
    closure.args = bound.args;
    const auto output = bound.assoc.find("Output");
    closure.args.push_back(output == bound.assoc.end() ? make_tuple({}) : output->second);
    return {table_.normalizer().settle(std::make_shared<const Ty>(std::move(closure)))};
}

// Sources of `impl From<S> for Target` that a program is likely to hold, after the target itself.
std::vector<TyRef> Instances::conversions_into(const TyRef& target, int depth) {
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
        const bool borrowed = from->kind == TyKind::kRef && !from->is_mut && from->args[0]->kind == TyKind::kGeneric;
        if (from->kind == TyKind::kGeneric || borrowed) {
            // impl<T: Bound> From<T> for Target, or From<&'a T>: what meets T's own bounds.
            const std::string& open = borrowed ? from->args[0]->name : from->name;
            try {
                const Json& impl = item_body(*item);
                Subst known;
                if (!unify(*table_.normalizer().type(*home.crate, impl["for"], {}), *target, known)) continue;
                for (TypeParam& param : params(*home.crate, impl["generics"], known)) {
                    if (param.name != open || out.size() > 8) continue;
                    for (Bound& each : param.bounds)
                        for (auto& [name, wanted] : each.assoc) wanted = substitute(wanted, known);
                    for (const TyRef& one : candidates(param, depth + 1)) {
                        if (is_dynamic(*one)) continue;
                        if (!borrowed) {
                            out.push_back(one);
                            continue;
                        }
                        // What the target keeps is what is lent: under the target's own lifetime.
                        const auto lifetime = known.lifetimes.find(from->lifetimes[0]);
                        if (lifetime == known.lifetimes.end() || (one->kind == TyKind::kRef && one->is_mut)) continue;
                        out.push_back(make_ref(one->kind == TyKind::kRef ? one->args[0] : one, lifetime->second));
                    }
                }
            } catch (const Unmapped&) {
            }
            continue;
        }
        if (mentions_generic(*from) || mentions_static(*from)) continue;
        if (from->is_std_path("String") || from->kind == TyKind::kPrim ||
            (from->kind == TyKind::kRef && from->args[0]->is_prim("str")))
            out.push_back(from->is_std_path("String") ? string_type() : from);
    }
    return out;
}

// The T of each `impl Trait<T> for Type`.
std::vector<TyRef> Instances::impl_arguments(const Ty& type, const Path& trait) {
    std::vector<TyRef> out;
    const ItemRef home = type.kind == TyKind::kPath ? table_.world().find(type.path) : ItemRef{};
    if (!home || !item_body(home.json()).contains("impls")) return out;
    for (const Json& id : item_body(home.json())["impls"]) {
        const Json* item = home.crate->item(id.get<int>());
        if (item == nullptr || item_body(*item)["trait"].is_null() || item_body(*item)["is_negative"].get<bool>()) continue;
        if (home.crate->canonical(item_body(*item)["trait"]["id"].get<int>()) != trait) continue;
        const Bound bound = table_.normalizer().trait_bound(*home.crate, item_body(*item)["trait"], {});
        if (bound.args.size() != 1 || mentions_generic(*bound.args[0])) continue;
        const TyRef& argument = bound.args[0];
        // Of the numbers those that Kayton has: the others would be the same functions again.
        if (is_integer(*argument) && !argument->is_prim("i64")) continue;
        if (argument->kind == TyKind::kPath && is_std(argument->path) && !is_everyday(*argument)) continue;
        if (argument->is_prim("f32") || argument->kind == TyKind::kArray || argument->kind == TyKind::kTuple) continue;
        out.push_back(argument);
    }
    std::stable_sort(out.begin(), out.end(), [](const TyRef& a, const TyRef& b) {
        const auto rank = [](const TyRef& t) { return t->is_prim("i64") ? 0 : t->is_prim("f64") ? 1 : t->is_prim("bool") ? 2 : 3; };
        return rank(a) < rank(b);
    });
    return out;
}

std::vector<TyRef> Instances::candidates(const TypeParam& param, int depth) {
    if (!param.exact.empty()) return param.exact;
    if (depth > 4) throw Unmapped{"bounds nested too deeply"};
    bool must_own = false;
    std::vector<const Bound*> telling;
    for (const Bound& bound : param.bounds) {
        if (!bound.outlives.empty())
            must_own = must_own || bound.outlives == "'static";
        else if (bound.is_fn)
            return closures(param, bound);
        else if (!is_marker(bound.trait))
            telling.push_back(&bound);
    }
    const auto text = [&] { return must_own ? string_type() : str_ref(); };
    const auto marked = [&](const char* marker) {
        return std::any_of(param.bounds.begin(), param.bounds.end(), [&](const Bound& bound) {
            return bound.outlives.empty() && is_std(bound.trait) && bound.trait.back() == marker;
        });
    };
    // Any value: Dynamic, unless it must be copied bit by bit or may go to another thread.
    const auto any_value = [&]() -> std::vector<TyRef> {
        if (marked("Copy")) return {make_prim("i64"), make_prim("f64")};
        if (marked("Send") || marked("Sync")) return {make_prim("i64"), make_prim("f64"), string_type()};
        return {make_dynamic(param.name)};
    };
    if (telling.empty()) return any_value();
    const auto reads = [&](const char* trait) {
        return std::any_of(telling.begin(), telling.end(), [&](const Bound* bound) {
            return is_std(bound->trait) && bound->trait.size() > 1 && bound->trait[1] == "io" && bound->trait.back() == trait;
        });
    };
    if (reads("Read") || reads("BufRead") || (reads("Seek")))
        return {make_path({"std", "io", "cursor", "Cursor"}, {vec_of(make_prim("u8"))})};
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
            // Serde's Serialize: whatever the program has.
            const bool serde = bound->trait[0] == "serde" || bound->trait[0] == "serde_core";
            if (serde && bound->trait.back() == "Serialize" && !marked("Send")) add({make_dynamic(param.name)});
            add(implementors(*bound, depth));
            if (out.empty()) throw Unmapped{"no type is known that implements " + join(bound->trait, "::")};
            if (marked("Copy"))
                std::erase_if(out, [](const TyRef& type) { return is_dynamic(*type) || type->is_std_path("String"); });
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
            for (const TyRef& type : conversions_into(argument, depth))
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
            for (const TyRef& element : elements)
                out.push_back(name == "IntoIterator" ? vec_of(element)
                                                     : make_path({"alloc", "vec", "into_iter", "IntoIter"}, {element}));
        } else if (name == "BuildHasher") {
            add({make_path({"std", "hash", "random", "RandomState"})});
        } else if (name == "FromIterator" && argument && !mentions_generic(*argument)) {
            add({vec_of(argument)});
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
            add(any_value());
        } else if (is_arithmetic(name)) {
            add({make_prim("i64"), make_prim("f64")});
        } else {
            throw Unmapped{"type parameter " + param.name + ": " + std_rust_path(bound->trait) + " has no instance"};
        }
        if (!out.empty()) break;
    }
    // Records of the crate that can be gone over by reference.
    if (const Bound* into = telling.front(); is_std(into->trait) && into->trait.back() == "IntoIterator" && depth == 0)
        for (const TyRef& type : iterable_references())
            if (out.size() < 6) out.push_back(type);
    std::vector<TyRef> unique;
    std::set<std::string> seen;
    for (const TyRef& type : out)
        if (!mentions_generic(*type) && seen.insert(type_key(*type)).second) unique.push_back(type);
    if (unique.empty()) throw Unmapped{"type parameter " + param.name + " has no instance"};
    if (unique.size() > 12) unique.resize(12);
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
                    for (TyRef& arg : bound.args) arg = table_.normalizer().settle(substitute(arg, subst));
                    for (auto& [name, ty] : bound.assoc) ty = table_.normalizer().settle(substitute(ty, subst));
                }
            for (const TyRef& type : candidates(param, 0)) {
                Subst more = subst;
                more.types[param.name] = type;
                longer.push_back(std::move(more));
            }
        }
        if (longer.size() > std::max(limit, size_t{12})) longer.resize(std::max(limit, size_t{12}));
        out = std::move(longer);
        params.erase(next);
    }
    return out;
}

}  // namespace kayton::bindgen
