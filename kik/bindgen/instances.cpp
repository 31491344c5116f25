// Type parameters, and what is tried for each.
#include "kik/bindgen/instances.h"

#include <algorithm>

#include "kik/bindgen/everyday_types.h"

namespace kayton::bindgen {

namespace {

bool is_arithmetic(const std::string& trait) {
    static const std::set<std::string> known = {"Add", "Sub", "Mul", "Div", "Rem", "Neg", "Sum", "Product",
                                                "AddAssign", "SubAssign", "MulAssign", "DivAssign"};
    return known.contains(trait);
}

constexpr size_t kMostChoices = 16;

// What each choice made before leads to, taken in turn until there are enough.
std::vector<Subst> in_turn(std::vector<std::vector<Subst>> lists, size_t most) {
    std::vector<std::pair<size_t, size_t>> order;
    for (size_t list = 0; list < lists.size(); ++list)
        for (size_t at = 0; at < lists[list].size(); ++at) order.emplace_back(at, list);
    std::sort(order.begin(), order.end());
    if (order.size() > most) order.resize(most);
    // In the order of the first choice again: overloads are listed by it.
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    std::vector<Subst> out;
    for (const auto& [at, list] : order) out.push_back(std::move(lists[list][at]));
    return out;
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
    // S: Data<Elem = A> decides A where S is known.
    const auto says = [&](const TyRef& self, const Json& bounds) {
        if (mentions_generic(*self)) return;
        for (const Bound& bound : normalizer.bounds(crate, bounds, known)) {
            if (bound.is_fn && self->kind == TyKind::kFnPointer && self->args.size() == bound.args.size() + 1) {
                // F: FnMut(&Row) -> Result<T>: what a function gives decides T.
                Subst met;
                const auto output = bound.assoc.find("Output");
                bool fits = output == bound.assoc.end() || unify(*output->second, *self->args.back(), met);
                for (size_t i = 0; fits && i < bound.args.size(); ++i) fits = unify(*bound.args[i], *self->args[i], met);
                for (TypeParam& param : out)
                    if (const auto decided = met.types.find(param.name); fits && decided != met.types.end()) param.exact = {decided->second};
                continue;
            }
            for (const auto& [associated, wanted] : bound.assoc) {
                const auto found = std::find_if(out.begin(), out.end(), [&, &name = wanted->name](const TypeParam& p) {
                    return wanted->kind == TyKind::kGeneric && p.name == name;
                });
                const TyRef said = found == out.end() ? nullptr : normalizer.associated(*self, associated, &bound);
                if (said && !mentions_generic(*said)) found->exact = {normalizer.settle(said)};
            }
        }
    };
    for (const Json& param : generics["params"])
        if (const auto given = known.types.find(param["name"].get<std::string>());
            given != known.types.end() && param["kind"].contains("type"))
            says(given->second, param["kind"]["type"]["bounds"]);
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
                } else if (is_std(bound.trait) && (bound.trait.back() == "From" || bound.trait.back() == "TryFrom")) {
                    found->exact = conversions_into(exact, 0);
                } else if (is_std(bound.trait) && is_arithmetic(bound.trait.back()) &&
                           std::all_of(found->bounds.begin(), found->bounds.end(), [](const Bound& each) {
                               return !each.outlives.empty() || is_marker(each.trait);
                           })) {
                    // f64: Add<B>: what the operator has on its other side is the like.
                    found->exact = {normalizer.type(crate, lender, known)};
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
            if (known.types.contains(type["generic"].get<std::string>())) {
                borrowed_as(type);
                says(known.types.at(type["generic"].get<std::string>()), body["bounds"]);
            }
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
            if (is_serde(bound->trait) && bound->trait.back() == "Serialize" && !marked("Send")) add({make_dynamic(param.name)});
            add(implementors(*bound, param.bounds, depth));
            if (out.empty()) throw Unmapped{"no type is known that implements " + join(bound->trait, "::")};
            if (must_own)
                std::erase_if(out, [](const TyRef& type) { return type->kind == TyKind::kRef && type->args[0]->kind == TyKind::kDyn; });
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
            for (const TyRef& element : elements)
                for (const TyRef& one : iterators_over(*element)) out.push_back(one);
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
        } else if (name == "Any") {
            add({string_type(), make_prim("i64"), make_prim("f64"), make_prim("bool")});
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
    if (unique.size() > 24) unique.resize(24);
    return unique;
}

std::vector<Subst> Instances::choose(std::vector<TypeParam> params, const Subst& known, size_t limit,
                                     const Fits& fits) {
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
        std::vector<std::vector<Subst>> longer;
        std::string reason;
        for (const Subst& subst : out) {
            longer.emplace_back();
            TypeParam param = *next;
            for (std::vector<Bound>* list : {&param.bounds, &param.item_bounds})
                for (Bound& bound : *list) {
                    for (TyRef& arg : bound.args) arg = table_.normalizer().settle(substitute(arg, subst));
                    for (auto& [name, ty] : bound.assoc) ty = table_.normalizer().settle(substitute(ty, subst));
                }
            std::vector<TyRef> types;
            try {
                types = candidates(param, 0);
            } catch (const Unmapped& why) {
                // Another choice of what was decided before may have some.
                reason = why.reason;
            }
            for (const TyRef& type : types) {
                Subst more = subst;
                more.types[param.name] = type;
                if (!fits || fits(more)) longer.back().push_back(std::move(more));
            }
        }
        if (std::all_of(longer.begin(), longer.end(), [](const auto& each) { return each.empty(); }))
            throw Unmapped{reason.empty() ? "type parameter " + next->name + ": no instance meets the conditions" : reason};
        out = in_turn(std::move(longer), std::max(limit, kMostChoices));
        params.erase(next);
    }
    return out;
}

}  // namespace kayton::bindgen
