// Which types meet a bound: implementors of a crate's trait, sources of a conversion, iterators, functions.
#include <algorithm>

#include "kik/bindgen/everyday_types.h"
#include "kik/bindgen/instances.h"

namespace kayton::bindgen {

namespace {

TyRef widest_integer(const std::vector<TyRef>& types) {
    static constexpr const char* kByReach[] = {"i64", "isize", "i128", "i32", "u64", "usize", "u128", "u32", "i16", "u16", "i8", "u8"};
    for (const char* name : kByReach)
        for (const TyRef& type : types)
            if (type->is_prim(name)) return type;
    return nullptr;
}

constexpr size_t kMostWritten = 14;  // tuples and arrays of up to six members

// What a program writes as a literal: a tuple, or an array, also by reference.
bool is_written(const Ty& type) {
    const Ty& bare = type.kind == TyKind::kRef ? *type.args[0] : type;
    return bare.kind == TyKind::kTuple || bare.kind == TyKind::kArray || (bare.kind == TyKind::kSlice && bare.args[0]->kind == TyKind::kTuple);
}

constexpr size_t kMostGeneric = 8;
constexpr size_t kUse = 1 << 16;  // uses count before order of appearance
constexpr size_t kMostHeld = 4;  // types of crates that one conversion starts from

std::string bound_text(const Bound& bound) {
    std::string out = bound.outlives + join(bound.trait, "::");
    for (const TyRef& arg : bound.args) out += "," + type_key(*arg, true);
    for (const auto& [name, type] : bound.assoc) out += "," + name + "=" + type_key(*type, true);
    return out;
}

// What a program may have at hand to convert: text, numbers, bytes, literals of these, and values of crates.
bool is_source(const Ty& type) {
    switch (type.kind) {
        case TyKind::kPrim: return type.name != "never" && type.name != "str";
        case TyKind::kRef: return !type.is_mut && (type.args[0]->is_prim("str") || (type.args[0]->kind == TyKind::kSlice && is_source(*type.args[0]->args[0])));
        case TyKind::kTuple: return !type.args.empty() && std::all_of(type.args.begin(), type.args.end(), [](const TyRef& arg) { return is_source(*arg); });
        case TyKind::kArray: return type.name.find_first_not_of("0123456789") == std::string::npos && is_source(*type.args[0]);
        case TyKind::kPath:
            if (!is_std(type.path)) return type.lifetimes.empty();
            return type.is_std_path("String") || type.is_std_path("PathBuf") || type.is_std_path("Duration") || (type.is_std_path("Vec") && is_source(*type.args[0]));
        default: return false;
    }
}

bool holds_object(const Ty& type) {
    return type.kind == TyKind::kDyn || std::any_of(type.args.begin(), type.args.end(), [](const TyRef& arg) { return holds_object(*arg); });
}

// T: ?Sized
bool is_unsized(const Json& generics, const std::string& name) {
    for (const Json& param : generics["params"]) {
        if (param["name"] != name || !param["kind"].contains("type")) continue;
        for (const Json& bound : param["kind"]["type"]["bounds"])
            if (bound.contains("trait_bound") && bound["trait_bound"]["modifier"] == "maybe") return true;
    }
    for (const Json& predicate : generics["where_predicates"]) {
        if (!predicate.contains("bound_predicate") || predicate["bound_predicate"]["type"] != Json{{"generic", name}}) continue;
        for (const Json& bound : predicate["bound_predicate"]["bounds"])
            if (bound.contains("trait_bound") && bound["trait_bound"]["modifier"] == "maybe") return true;
    }
    return false;
}

}  // namespace

// Found once for each question, until the table has grown.
std::vector<TyRef> Instances::implementors(const Bound& bound, const std::vector<Bound>& beside, int depth) {
    std::string question = std::to_string(depth) + bound_text(bound);
    for (const Bound& other : beside) question += "+" + bound_text(other);
    // The impl at hand decides associated types of its own type.
    if (const auto& impl = table_.normalizer().current_impl)
        question += " in " + std::to_string(reinterpret_cast<uintptr_t>(impl->impl)) + type_key(*impl->self);
    const size_t size = table_.entries().size();
    if (const auto known = found_.find(question); known != found_.end() && known->second.first == size) return known->second.second;
    std::vector<TyRef> out = find_implementors(bound, beside, depth);
    if (table_.entries().size() == size) found_[question] = {size, out};
    return out;
}

std::vector<TyRef> Instances::find_implementors(const Bound& bound, const std::vector<Bound>& beside, int depth) {
    const Path& trait = bound.trait;
    std::vector<TyRef> out;
    const ItemRef home = table_.world().find(trait);
    const bool serde = is_serde(trait);
    if (serde && trait.back() == "DeserializeOwned") {
        // Named by rustdoc on every type that has it, by whatever impl.
        return known_implementors(trait);
    }
    if (!home || (serde && (trait.back() == "Deserialize" || trait.back() == "Serialize")))
        return known_implementors(trait);
    std::set<std::string> seen;
    std::vector<TyRef> blanket, generic, parts, numbers;
    bool by_reference = false;  // impl<G: Trait> Trait for &G
    bool unsized_too = false;   // the same, or for Box<G>, where G may be a trait object
    bool optional = false;      // impl<G: Trait> Trait for Option<G>
    std::vector<TyRef> literals;  // tuples and arrays, which a program writes as such
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
                    // K: Measure + Copy, where every number is a Measure: what it is bound for must be Copy too.
                    for (const Bound& other : beside)
                        if (!other.outlives.empty() || is_marker(other.trait)) param.bounds.push_back(other);
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
        // [&dyn Trait; 0], and arrays of any length.
        if (type->kind == TyKind::kArray && (type->args[0]->kind == TyKind::kRef || type->name.find_first_not_of("0123456789") != std::string::npos)) continue;
        if (type->is_std_path("Option") && type->args[0]->kind == TyKind::kGeneric) {
            optional = true;
            continue;
        }
        if (type->kind == TyKind::kRef && mentions_generic(*type) && type->args[0]->kind == TyKind::kSlice) {
            // &[(S, T)]
            try {
                std::vector<TyRef> made, of_any;
                for (const Subst& subst : choose(params(crate, impl["generics"], {}), {})) {
                    made.push_back(substitute(type, subst));
                    if (holds_object(*made.back())) of_any.push_back(made.back());
                }
                // Lists of values of any type take those of one type too.
                if (!of_any.empty()) made = of_any;
                literals.insert(literals.end(), made.begin(), made.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(made.size(), 3)));
            } catch (const Unmapped&) {
            }
            continue;
        }
        if (mentions_generic(*type)) {
            // An impl for a generic type: the instances that are there.
            const Ty& bare = type->kind == TyKind::kRef ? *type->args[0] : *type;
            const bool reference = type->kind == TyKind::kRef && !type->is_mut && bare.kind == TyKind::kGeneric;
            by_reference = by_reference || reference;
            unsized_too = unsized_too || (reference && is_unsized(impl["generics"], bare.name));
            if (type->kind == TyKind::kTuple || type->kind == TyKind::kArray) {
                for (const TyRef& one : numbered(type)) numbers.push_back(one);
                continue;
            }
            if (bare.kind != TyKind::kPath) continue;
            const auto take = [&](const TyRef& instance, std::vector<TyRef>& into) {
                Subst subst;
                if (instance->kind != TyKind::kPath || instance->path != bare.path || !unify(bare, *instance, subst)) return;
                into.push_back(type->kind == TyKind::kRef ? make_ref(instance, "'given", type->is_mut) : instance);
            };
            for (size_t i = 0; i < table_.entries().size(); ++i) {
                const TypeSlotEntry& entry = table_.entries()[i];
                if (entry.kind != SlotKind::kHandle || !entry.type) continue;
                take(entry.type, generic);
                // ArrayBase<OwnedRepr<f64>, Ix2>: what other instances are made of.
                for (const TyRef& arg : entry.type->args) take(arg, parts);
            }
            continue;
        }
        if (type->kind == TyKind::kRef && !type->args[0]->is_prim("str") &&
            !(type->args[0]->kind == TyKind::kSlice))
            continue;
        if (type->kind == TyKind::kTuple || type->kind == TyKind::kArray)
            literals.push_back(type);
        else
            add(type);
    }
    // Trait<Assoc = X>: those whose impl says another type are none.
    const auto says_otherwise = [&](const TyRef& type) {
        for (const auto& [name, wanted] : bound.assoc) {
            if (mentions_generic(*wanted)) continue;
            TyRef said = table_.normalizer().associated(*type, name, &bound);
            if (said) said = table_.normalizer().settle(said);
            if (said && said->kind != TyKind::kProjection && !mentions_generic(*said) && type_key(*said) != type_key(*wanted)) return true;
        }
        return table_.normalizer().holds(*type, bound) == Answer::kNo;
    };
    // [T; 2] beside (T, T): one literal is enough, and tuples say how long they are.
    const bool tuples = std::any_of(literals.begin(), literals.end(), [](const TyRef& type) { return type->kind == TyKind::kTuple && !type->args.empty(); });
    if (tuples) std::erase_if(literals, [](const TyRef& type) { return type->kind == TyKind::kArray; });
    // Plain instances before those that wrap others, and what stands near the crate's root before its corners.
    // Before both, what several instances are made of.
    std::vector<std::pair<std::pair<size_t, size_t>, TyRef>> near;
    std::map<std::string, std::pair<size_t, TyRef>> uses;
    for (const TyRef& type : generic) near.emplace_back(remoteness(*type), type);
    for (const TyRef& type : parts) {
        auto& use = uses.emplace(type_key(*type), std::pair(uses.size(), type)).first->second;
        use.first += kUse;
    }
    for (const auto& [key, use] : uses)
        near.emplace_back(std::pair(size_t{0}, SIZE_MAX - use.first / kUse * kUse + use.first % kUse), use.second);
    std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    generic.clear();
    for (const auto& [distance, type] : near)
        if (generic.size() < kMostGeneric && !says_otherwise(type)) generic.push_back(type);
    if (by_reference) {
        // What a reference does leaves the value to its owner.
        std::vector<TyRef> owned = generic;
        owned.insert(owned.end(), out.begin(), out.end());
        for (const TyRef& type : owned)
            if (type->kind == TyKind::kPath && !is_std(type->path) && !is_dynamic(*type)) add(make_ref(type, "'given"));
    }
    for (const TyRef& type : generic) add(type);
    const auto rank = [](const TyRef& type) {
        if (type->is_prim("i64")) return 0;
        if (type->is_prim("f64")) return 1;
        if (type->is_unit()) return 2;
        if (type->kind == TyKind::kRef) return is_written(*type) ? 4 : 3;
        if (is_written(*type)) return 4;
        if (type->kind == TyKind::kPath && !is_std(type->path)) return 5;
        return type->kind == TyKind::kPrim ? 7 : 6;
    };
    for (const TyRef& type : literals)
        if (!mentions_generic(*type)) add(type);
    std::stable_sort(out.begin(), out.end(), [&](const TyRef& a, const TyRef& b) { return rank(a) < rank(b); });
    // Of the whole numbers one kind, the one that holds most of an int: the others would be the same function again.
    const TyRef kept = widest_integer(out);
    std::erase_if(out, [&](const TyRef& type) { return is_integer(*type) && type != kept; });
    if (std::any_of(out.begin(), out.end(), [](const TyRef& type) { return type->is_prim("f64"); }))
        std::erase_if(out, [](const TyRef& type) { return type->is_prim("f32"); });
    std::erase_if(out, says_otherwise);
    std::erase_if(numbers, says_otherwise);
    std::erase_if(blanket, says_otherwise);
    const size_t written = static_cast<size_t>(std::count_if(out.begin(), out.end(), [](const TyRef& type) { return is_written(*type); }));
    const size_t most = std::max<size_t>(6, generic.size()) * (by_reference ? 2 : 1) + std::min(written, kMostWritten);
    if (out.size() > most) out.resize(most);
    if (optional) {
        const std::vector<TyRef> plain = out;
        for (const TyRef& type : plain)
            if (type->kind == TyKind::kPrim || type->is_std_path("String")) add(make_path({"core", "option", "Option"}, {type}));
    }
    // Where values of any type are taken together, tuples of one type each add nothing.
    const bool objects = std::any_of(out.begin(), out.end(), [](const TyRef& type) { return holds_object(*type); });
    if (!objects)
        for (const TyRef& type : numbers) add(type);
    if (unsized_too && item_body(home.json()).value("is_dyn_compatible", false)) {
        Ty object;
        object.kind = TyKind::kDyn;
        object.bounds = {bound};
        // First, so that it stays whatever else there is: an exact type is preferred to it at every call.
        out.insert(out.begin(), make_ref(std::make_shared<const Ty>(std::move(object)), "'given"));
    }
    std::stable_sort(blanket.begin(), blanket.end(), [&](const TyRef& a, const TyRef& b) { return rank(a) < rank(b); });
    for (const TyRef& type : blanket)
        if (out.size() < most + 4) add(type);
    for (const TyRef& type : known_implementors(trait))
        if (out.size() < most + 2 && !says_otherwise(type)) add(type);
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

// Types of the crate that are iterators over just that: html::push_html(parser).
std::vector<TyRef> Instances::iterators_over(const Ty& element) {
    constexpr size_t kMost = 4;
    if (element.kind != TyKind::kPath || is_std(element.path) || is_dynamic(element)) return {};
    const Path trait = {"core", "iter", "traits", "iterator", "Iterator"};
    Bound bound;
    bound.trait = trait;
    Implementors& known = implementors_of_item_[type_key(element)];
    for (; known.looked_at < table_.entries().size(); ++known.looked_at) {
        const TypeSlotEntry& entry = table_.entries()[known.looked_at];
        if (entry.kind != SlotKind::kHandle || !entry.type || is_std(entry.type->path) || known.others.size() >= kMost) continue;
        const TyRef item = table_.normalizer().associated(*entry.type, "Item", &bound);
        if (!item || type_key(*table_.normalizer().settle(item)) != type_key(element)) continue;
        Ty given = *entry.type;
        for (std::string& lifetime : given.lifetimes)
            if (lifetime != "'static") lifetime = "'given";
        known.others.push_back(std::make_shared<const Ty>(std::move(given)));
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
    if (is_serde(trait) &&
        (trait.back().starts_with("Deserialize") || trait.back() == "Serialize")) {
        // Where nothing decides, a document.
        if (const TyRef document = json_value(); document && trait.back() != "Serialize") {
            std::erase_if(out, [&](const TyRef& type) { return type_key(*type) == type_key(*document); });
            out.insert(out.begin(), document);
        }
        for (const TyRef& type : {string_type(), make_prim("i64"), make_prim("f64"), make_prim("bool"),
                                  vec_of(make_prim("i64")), vec_of(make_prim("f64")), vec_of(string_type())})
            out.push_back(type);
    }
    return out;
}

// serde_json::Value, where the crate at hand or one below it is serde_json.
TyRef Instances::json_value() {
    const Path path = {"serde_json", "value", "Value"};
    return table_.world().find(path) ? make_path(path) : nullptr;
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
    std::vector<TyRef> out = {target}, plain;
    if (target->is_std_path("Option")) out = {target->args.at(0), target};
    if (target->kind != TyKind::kPath || is_std(target->path)) return out;
    const ItemRef home = table_.world().find(target->path);
    if (!home || !item_body(home.json()).contains("impls")) return out;
    for (const Json& id : item_body(home.json())["impls"]) {
        const Json* item = home.crate->item(id.get<int>());
        if (item == nullptr || item_body(*item)["trait"].is_null() || item_body(*item)["blanket_impl"].is_object())
            continue;
        const Bound bound = table_.normalizer().trait_bound(*home.crate, item_body(*item)["trait"], {});
        if ((bound.trait.back() != "From" && bound.trait.back() != "TryFrom") || bound.args.size() != 1) continue;
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
        if (is_source(*from)) plain.push_back(from->is_std_path("String") ? string_type() : from);
    }
    // What a program writes, then what it holds; of whole numbers one kind, of text the borrowed one.
    const auto rank = [](const TyRef& type) {
        if (type->kind == TyKind::kRef) return type->args[0]->is_prim("str") ? 0 : 5;
        if (type->is_std_path("String")) return 1;
        if (type->kind == TyKind::kPrim) return is_integer(*type) ? 2 : 3;
        return is_written(*type) ? 4 : type->kind == TyKind::kPath && !is_std(type->path) ? 7 : 6;
    };
    std::stable_sort(plain.begin(), plain.end(), [&](const TyRef& a, const TyRef& b) { return rank(a) < rank(b); });
    const TyRef kept = widest_integer(plain);
    const bool text = !plain.empty() && rank(plain.front()) == 0;
    size_t held = 0;
    for (const TyRef& type : plain) {
        if ((is_integer(*type) && type != kept) || (text && type->is_std_path("String"))) continue;
        if (rank(type) == 7 && ++held > kMostHeld) continue;
        out.push_back(type);
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

}  // namespace kayton::bindgen
