// Generator: generic types and aliases become instances. Parameters that only hold values are Dynamic; readers,
// writers and a crate's own traits choose their types; numeric crates get numbers. Also extension traits and names.
#include <algorithm>

#include "kik/bindgen/generator.h"

namespace kayton::bindgen {

namespace {

constexpr size_t kMostChoices = 4;
constexpr size_t kMostEager = 9;   // aliases of one definition
constexpr size_t kOftenNamed = 9;  // in documentation: worth more than one instance

// The position of each type parameter of a definition, by name.
std::map<std::string, size_t> positions(const Json& generics) {
    std::map<std::string, size_t> out;
    size_t next = 0;
    for (const Json& param : generics["params"])
        if (!param["kind"].contains("lifetime")) out[param["name"].get<std::string>()] = next++;
    return out;
}

// impl Trait, an unnamed size, what no impl at hand says: no type to make an instance of.
bool has_open_part(const Ty& type) {
    const bool open = type.kind == TyKind::kImpl || type.kind == TyKind::kDyn || type.kind == TyKind::kProjection || type.kind == TyKind::kRawPointer ||
                      type.kind == TyKind::kUnsupported || (type.kind == TyKind::kConst && type.name.find_first_not_of("0123456789") != std::string::npos) ||
                      (type.kind == TyKind::kArray && type.name.find_first_not_of("0123456789") != std::string::npos);
    return open || std::any_of(type.args.begin(), type.args.end(), [](const TyRef& arg) { return has_open_part(*arg); });
}

// "IntoIterator" or "Iterator", where a parameter is bounded by it.
std::string iterated_bound(const RustdocCrate& crate, const Json& generics, const std::string& name) {
    std::string found;
    const auto look = [&](const Json& bounds) {
        for (const Json& bound : bounds) {
            if (!bound.contains("trait_bound")) continue;
            const Path& trait = crate.canonical(bound["trait_bound"]["trait"]["id"].get<int>());
            if (is_std(trait) && (trait.back() == "IntoIterator" || trait.back() == "Iterator")) found = trait.back();
        }
    };
    for (const Json& param : generics["params"])
        if (param["name"] == name && param["kind"].contains("type")) look(param["kind"]["type"]["bounds"]);
    for (const Json& predicate : generics["where_predicates"])
        if (predicate.contains("bound_predicate") && predicate["bound_predicate"]["type"] == Json{{"generic", name}})
            look(predicate["bound_predicate"]["bounds"]);
    return found;
}

std::string argument_text(const Ty& type) {
    if (type.is_prim("f64") || type.is_prim("f32")) return "float";
    if (is_integer(type)) return "int";
    if (type.is_prim("bool")) return "bool";
    if (type.is_std_path("Vec") && type.args.at(0)->is_prim("u8")) return "bytes";
    if (type.is_std_path("Vec")) {
        const std::string element = argument_text(*type.args.at(0));
        return element.empty() ? "" : "list[" + element + "]";
    }
    if (type.is_std_path("String") || (type.kind == TyKind::kRef && type.args[0]->is_prim("str"))) return "str";
    return "";
}

}  // namespace

// impl WavReader<BufReader<File>> { pub fn open(..) }: an instance that the crate makes itself.
std::vector<TyRef> Generator::concrete_instances(const ItemRef& item) {
    std::vector<TyRef> made;
    for (const Json& id : item_body(item.json())["impls"]) {
        const Json* impl_item = item.crate->item(id.get<int>());
        if (impl_item == nullptr || !item_body(*impl_item)["trait"].is_null() || made.size() >= kMostChoices) continue;
        int lifetimes = 0;
        normalizer_.elided = [&lifetimes] { return "'s" + std::to_string(lifetimes++); };
        const TyRef type = normalizer_.settle(normalizer_.type(*item.crate, item_body(*impl_item)["for"], {}));
        normalizer_.elided = [] { return std::string("'_"); };
        if (type->kind != TyKind::kPath || type->args.empty() || mentions_generic(*type) || mentions_static(*type)) continue;
        if (table_.is_error(*type) || is_byte_array(*type)) continue;
        try {
            name_instance(type, names_.public_path(item), {});
            made.push_back(type);
        } catch (const Unmapped& why) {
            skip(join(names_.public_path(item), "."), why.reason);
        }
    }
    return made;
}

// Rgb<u8>, of the crate's own signatures, fields and aliases: what it works with itself, the most used first.
std::vector<TyRef> Generator::used_instances(const ItemRef& item) {
    if (!uses_known_) {
        uses_known_ = true;
        const auto outer = std::exchange(normalizer_.elided, [] { return std::string("'_"); });
        const auto count = [&](const auto& again, const TyRef& type) -> void {
            for (const TyRef& arg : type->args) again(again, arg);
            if (type->kind != TyKind::kPath || type->args.empty() || is_std(type->path) || mentions_generic(*type)) return;
            if (!lifetime_slots(*type).empty() || mentions_static(*type) || has_open_part(*type)) return;
            auto& known = uses_[type->path];
            const auto at = std::find_if(known.begin(), known.end(), [&](const auto& use) { return type_key(*use.first) == type_key(*type); });
            if (at == known.end()) known.emplace_back(type, 1);
            else ++at->second;
        };
        const auto look = [&](const Json& type) {
            if (!type.is_null()) count(count, normalizer_.settle(normalizer_.type(main_, type, {})));
        };
        for (const Json* function : main_.all("function")) {
            for (const Json& input : item_body(*function)["sig"]["inputs"]) look(input[1]);
            look(item_body(*function)["sig"]["output"]);
        }
        for (const Json* field : main_.all("struct_field")) look(item_body(*field));
        normalizer_.elided = outer;
        for (auto& [path, known] : uses_)
            std::stable_sort(known.begin(), known.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    }
    std::vector<TyRef> out;
    for (const auto& [type, count] : uses_[item.crate->canonical(item.id)])
        if (out.size() < kMostChoices) out.push_back(type);
    return out;
}

// Registers what a generic struct or enum is bound for.
std::vector<TyRef> Generator::instances_of(const ItemRef& item) {
    const Json& body = item_body(item.json());
    const Json& generics = body["generics"];
    const std::map<std::string, size_t> places = positions(generics);
    if (places.empty()) return {};
    Instances& instances = instances_;
    std::vector<TypeParam> params;
    Subst defaults;
    for (const Json& param : generics["params"])
        if (param["kind"].contains("type") && !param["kind"]["type"]["default"].is_null()) {
            const TyRef type = normalizer_.type(*item.crate, param["kind"]["type"]["default"], defaults);
            if (!mentions_generic(*type)) defaults.types[param["name"].get<std::string>()] = type;
        }
    const Subst written = defaults;
    params = instances.params(*item.crate, generics, defaults);
    // What the methods ask for: bounds of inherent impls for the plain type.
    for (const Json& id : body["impls"]) {
        const Json* impl_item = item.crate->item(id.get<int>());
        if (impl_item == nullptr || item_body(*impl_item)["blanket_impl"].is_object()) continue;
        const Json& impl = item_body(*impl_item);
        const bool inherent = impl["trait"].is_null();
        const TyRef pattern = normalizer_.type(*item.crate, impl["for"], {});
        std::vector<TypeParam> asked;
        try {
            asked = instances.params(*item.crate, impl["generics"], {});
        } catch (const Unmapped&) {
            continue;
        }
        for (TypeParam& param : params) {
            const size_t place = places.at(param.name);
            if (place >= pattern->args.size() || pattern->args[place]->kind != TyKind::kGeneric) continue;
            for (const TypeParam& other : asked) {
                if (other.name != pattern->args[place]->name) continue;
                for (const Bound& bound : other.bounds) {
                    // Bounds that only some methods have do not narrow the type; readers, writers and the crate's
                    // own traits say what it is for.
                    const bool io = is_std(bound.trait) && bound.trait.size() > 1 && bound.trait[1] == "io";
                    const bool own = bound.outlives.empty() && !bound.is_fn && !is_std(bound.trait);
                    const bool hasher = !bound.trait.empty() && bound.trait.back() == "BuildHasher";
                    if ((inherent && (io || own)) || hasher) param.bounds.push_back(bound);
                }
            }
        }
    }
    const bool numeric = world_.crate("num_traits") != nullptr;
    std::vector<Subst> choices;
    std::vector<TypeParam> open;
    Subst known = defaults;
    std::vector<TyRef> used;
    if (numeric)
        for (const TyRef& type : used_instances(item)) {
            try {
                if (table_.is_error(*type) || is_byte_array(*type)) continue;
                std::vector<TyRef> shown;
                for (const auto& [name, place] : places)
                    if (place < type->args.size() && !written.types.contains(name)) shown.push_back(type->args[place]);
                name_instance(type, names_.public_path(item), shown);
                used.push_back(type);
            } catch (const Unmapped& why) {
                skip(join(names_.public_path(item), "."), why.reason);
            }
        }
    // What the crate uses itself is what there is to do something with: other numbers would only be guesses.
    if (!used.empty()) return used;
    for (TypeParam& param : params) {
        const bool plain = std::all_of(param.bounds.begin(), param.bounds.end(), [](const Bound& bound) {
            return !bound.outlives.empty() || (is_std(bound.trait) && bound.trait[1] != "io" && !bound.is_fn &&
                                               bound.trait.back() != "BuildHasher");
        });
        if (numeric && plain) param.exact = {make_prim("f64"), make_prim("i64")};
        open.push_back(param);
    }
    choices = instances.choose(open, known, kMostChoices);
    if (choices.size() > kMostChoices) choices.resize(kMostChoices);
    std::vector<TyRef> made = concrete_instances(item);
    for (const Subst& choice : choices) {
        std::vector<TyRef> args, shown;
        std::vector<std::string> lifetimes;
        bool whole = true;
        for (const Json& param : generics["params"]) {
            const std::string name = param["name"].get<std::string>();
            if (param["kind"].contains("lifetime")) {
                lifetimes.push_back("'s" + std::to_string(lifetimes.size()));
            } else if (const auto found = choice.types.find(name); found != choice.types.end()) {
                args.push_back(found->second);
                if (!written.types.contains(name)) shown.push_back(found->second);
            } else if (param["kind"].contains("type") && !param["kind"]["type"]["default"].is_null()) {
                args.push_back(normalizer_.settle(normalizer_.type(*item.crate, param["kind"]["type"]["default"], choice)));
            } else {
                whole = false;
            }
        }
        const TyRef type = make_path(item.crate->canonical(item.id), args, lifetimes);
        if (!whole || mentions_generic(*type) || table_.is_error(*type) || is_byte_array(*type)) continue;
        try {
            name_instance(type, names_.public_path(item), shown);
            made.push_back(type);
        } catch (const Unmapped& why) {
            skip(join(names_.public_path(item), "."), why.reason);
        }
    }
    return made;
}

void Generator::name_instance(const TyRef& type, const Path& path, const std::vector<TyRef>& args) {
    const int slot = table_.handle(type);
    if (path.empty()) return;
    InstanceNames& known = instance_names_[slot];
    const std::string name = join(path, ".");
    if (std::find(known.names.begin(), known.names.end(), name) == known.names.end()) known.names.push_back(name);
    if (!known.args.empty() || args.empty()) return;
    for (const TyRef& arg : args) {
        if (is_dynamic(*arg)) {
            known.args.push_back("$" + arg->name);
        } else if (const std::string text = argument_text(*arg); !text.empty()) {
            known.args.push_back(text);
        } else if (arg->kind == TyKind::kPath && table_.is_handle(*arg) && !is_std(arg->path)) {
            known.args.push_back(names_.kayton_type(*arg));
        }
    }
}

// type Array2<A> = ArrayBase<OwnedRepr<A>, Ix2>
void Generator::visit_generic_alias(const ItemRef& item, bool others) {
    const Json& body = item_body(item.json());
    const TyRef pattern = normalizer_.type(*item.crate, body["type"], {});
    if (pattern->kind != TyKind::kPath || is_std(pattern->path)) return;
    const ItemRef home = world_.find(pattern->path);
    if (!home || !item_body(home.json()).contains("generics")) return;
    const Path path = names_.public_path(item);
    const bool numeric = world_.crate("num_traits") != nullptr;
    Subst known;
    std::vector<TypeParam> open;
    for (TypeParam& param : instances_.params(*item.crate, body["generics"], {})) {
        for (const Json& declared : body["generics"]["params"])
            if (declared["name"] == param.name && !declared["kind"]["type"]["default"].is_null())
                known.types[param.name] = normalizer_.type(*item.crate, declared["kind"]["type"]["default"], known);
        if (known.types.contains(param.name)) continue;
        std::vector<TypeParam> one = {param};
        instances_.take_defaults(one, {pattern});
        if (!one.front().exact.empty()) {
            known.types[param.name] = one.front().exact.front();
            continue;
        }
        // Where the parameter stands for one of the definition's, that one's bounds hold.
        const Json& generics = item_body(home.json())["generics"];
        const std::map<std::string, size_t> places = positions(generics);
        for (size_t i = 0; i < pattern->args.size(); ++i) {
            if (pattern->args[i]->kind != TyKind::kGeneric || pattern->args[i]->name != param.name) continue;
            for (const Json& id : item_body(home.json())["impls"]) {
                const Json* impl_item = home.crate->item(id.get<int>());
                if (impl_item == nullptr || !item_body(*impl_item)["trait"].is_null()) continue;
                const TyRef target = normalizer_.type(*home.crate, item_body(*impl_item)["for"], {});
                if (i >= target->args.size() || target->args[i]->kind != TyKind::kGeneric) continue;
                try {
                    for (const TypeParam& asked :
                         instances_.params(*home.crate, item_body(*impl_item)["generics"], {}))
                        if (asked.name == target->args[i]->name)
                            for (const Bound& bound : asked.bounds)
                                if (bound.outlives.empty() && !bound.is_fn && !is_std(bound.trait))
                                    param.bounds.push_back(bound);
                } catch (const Unmapped&) {
                }
            }
        }
        const bool plain = std::all_of(param.bounds.begin(), param.bounds.end(),
                                       [](const Bound& bound) { return !bound.outlives.empty() || is_std(bound.trait); });
        if (numeric && plain) param.exact = {make_prim("f64"), make_prim("i64")};
        open.push_back(std::move(param));
    }
    std::vector<Subst> choices = instances_.choose(open, known, kMostChoices);
    if (choices.size() > kMostChoices) choices.resize(kMostChoices);
    for (const Subst& choice : choices) {
        if ((&choice != &choices.front()) != others) continue;
        int lifetimes = 0;
        normalizer_.elided = [&lifetimes] { return "'s" + std::to_string(lifetimes++); };
        const TyRef type = normalizer_.settle(normalizer_.type(*item.crate, body["type"], choice));
        normalizer_.elided = [] { return std::string("'_"); };
        if (type->kind != TyKind::kPath || mentions_generic(*type) || is_byte_array(*type)) continue;
        std::vector<TyRef> args, shown;
        for (const Json& param : body["generics"]["params"]) {
            if (!param["kind"].contains("type")) continue;
            const TyRef arg = choice.types.at(param["name"].get<std::string>());
            args.push_back(arg);
            if (param["kind"]["type"]["default"].is_null()) shown.push_back(arg);
        }
        try {
            if (table_.is_error(*type)) continue;
            normalizer_.aliases.emplace(type_key(*type), AliasUse{item, args});
            // Of a definition with many names those that the documentation uses least wait until something gives a value.
            std::set<Path>& named = named_[type->path];
            if (named.size() < kMostEager && !others) named.insert(path);
            if (!named.contains(path) || (others && main_.mentions(path.back()) < kOftenNamed && named.size() == kMostEager))
                waiting_names_[type_key(*type)].emplace_back(path, shown);
            else
                name_instance(type, path, shown);
        } catch (const Unmapped& why) {
            skip(join(path, "."), why.reason);
        }
    }
}

// value[index] = item
void Generator::visit_index_mut(const TyRef& type, const std::string& name, const ImplContext& context,
                                const Bound& trait, const ItemRef& item_ref) {
    if (trait.args.empty()) return;
    const std::optional<ImplContext> outer = std::exchange(normalizer_.current_impl, std::nullopt);
    try {
        Subst known = context.subst;
        known.types["Self"] = type;
        for (const Subst& subst : instances_.choose(
                 instances_.params(*context.crate, (*context.impl)["generics"], known), known)) {
            const Path index_trait = {"core", "ops", "index", "Index"};
            const TyRef index = normalizer_.settle(substitute(trait.args[0], subst));
            const TyRef item = normalizer_.associated(*type, "Output", nullptr);
            TyRef output;
            if (const auto found = normalizer_.find_impl(*type, index_trait, {index})) {
                normalizer_.current_impl = found;
                output = normalizer_.associated(*type, "Output", nullptr);
                normalizer_.current_impl.reset();
            }
            if (!output) output = item;
            if (!output || output->kind == TyKind::kSlice || output->is_prim("str"))
                throw Unmapped{"what is stored there is not known"};
            output = normalizer_.settle(output);
            CallMapper mapper(table_, name + ".__setitem__");
            const std::vector<TyRef> types = {make_ref(type, "'self", true), index, output};
            std::vector<Mapped> params;
            ManifestFunction function;
            function.name = name + ".__setitem__";
            function.owner = name;
            function.receiver = ReceiverMode::kExclusive;
            std::string lets;
            static const char* const names[] = {"self", "index", "value"};
            for (size_t i = 0; i < types.size(); ++i) {
                params.push_back(mapper.parameter(static_cast<int>(i), types[i]));
                function.params.push_back({names[i], params.back().kayton});
                lets += "let x" + std::to_string(i) + " = " + params.back().code + "; ";
            }
            mapper.finish_parameters(types);
            function.result = "None";
            add_thunk(std::move(function), params, {"None", "u8", ""},
                      mapper.statements + lets + "x0[x1] = x2; let w = 0u8; " + mapper.after, item_ref);
        }
    } catch (const Unmapped& why) {
        refuse(item_ref, name + ".__setitem__", why.reason);
    }
    normalizer_.current_impl = outer;
}

void Generator::visit_stream(const TyRef& type, const std::string& name, const std::string& trait) {
    struct StreamMethod {
        const char *trait, *name, *parameter, *parameter_type, *storage, *result, *result_storage, *body;
    };
    static constexpr const char* kText =
        "let mut o = String::new(); match std::io::Read::read_to_string(x0, &mut o) { Ok(_) => {} Err(e) => return "
        "Err(err!(\"OSError\", e)) }; let w = new_str(&o); ";
    static constexpr const char* kAll =
        "let mut o = Vec::new(); match std::io::Read::read_to_end(x0, &mut o) { Ok(_) => {} Err(e) => return "
        "Err(err!(\"OSError\", e)) }; let w = new_bytes(&o); ";
    static constexpr const char* kSome =
        "let mut o = vec![0u8; int::<usize>(a1)?]; let n = match std::io::Read::read(x0, &mut o) { Ok(n) => n, Err(e) => "
        "return Err(err!(\"OSError\", e)) }; let w = new_bytes(&o[..n]); ";
    static constexpr const char* kWrite =
        "match std::io::Write::write_all(x0, by(a1)) { Ok(()) => {} Err(e) => return Err(err!(\"OSError\", e)) }; let w = "
        "0u8; ";
    static constexpr const char* kWriteText =
        "match std::io::Write::write_all(x0, st(a1).as_bytes()) { Ok(()) => {} Err(e) => return Err(err!(\"OSError\", e)) "
        "}; let w = 0u8; ";
    static constexpr const char* kLine =
        "let mut o = String::new(); match std::io::BufRead::read_line(x0, &mut o) { Ok(_) => {} Err(e) => return "
        "Err(err!(\"OSError\", e)) }; let w = new_str(&o); ";
    static constexpr StreamMethod kMethods[] = {
        {"Read", "read_to_string", "", "", "", "str", "S", kText},
        {"Read", "read_to_end", "", "", "", "bytes", "B", kAll},
        {"Read", "read", "size", "int", "i64", "bytes", "B", kSome},
        {"BufRead", "read_line", "", "", "", "str", "S", kLine},
        {"Write", "write_all", "data", "bytes", "B", "None", "u8", kWrite},
        {"Write", "write_all", "text", "str", "S", "None", "u8", kWriteText},
    };
    const int slot = table_.handle(type);
    const std::string self = table_.shown(slot, *type);
    for (const StreamMethod& method : kMethods) {
        if (trait != method.trait) continue;
        ManifestFunction function;
        function.name = name + "." + method.name;
        function.owner = name;
        function.receiver = ReceiverMode::kExclusive;
        function.params = {{"self", self}};
        std::vector<Mapped> params = {{self, "H", ""}};
        if (*method.parameter != 0) {
            function.params.push_back({method.parameter, method.parameter_type});
            params.push_back({method.parameter_type, method.storage, ""});
        }
        function.result = method.result;
        function.raises = "OSError";
        add_thunk(std::move(function), params, {method.result, method.result_storage, ""},
                  "let x0 = hmut::<" + table_.entries()[static_cast<size_t>(slot)].rust + ">(a0)?; " + method.body, {});
    }
}

// Methods of the crate's traits on str, bytes and lists.
void Generator::visit_extension_traits() {
    for (const auto& [item, path] : public_names_) {
        if (item_kind(item.json()) != "trait" || (item.crate != &main_ && path.size() > 3)) continue;
        const Json& body = item_body(item.json());
        for (const Json& id : body["implementations"]) {
            const Json* impl_item = item.crate->item(id.get<int>());
            if (impl_item == nullptr || item_kind(*impl_item) != "impl") continue;
            const Json& impl = item_body(*impl_item);
            if (impl["is_negative"].get<bool>()) continue;
            TyRef self = normalizer_.type(*item.crate, impl["for"], {});
            const bool text = self->is_prim("str") || self->is_std_path("String");
            const bool list = self->kind == TyKind::kSlice || self->is_std_path("Vec");
            // impl<T: IntoIterator> Statistics for T: a list is one.
            const std::string over = self->kind == TyKind::kGeneric ? iterated_bound(*item.crate, impl["generics"], self->name) : "";
            if ((!text && !list && over.empty()) || (list && self->args.empty())) continue;
            std::vector<Subst> choices = {{}};
            const bool generic = list && self->args[0]->kind == TyKind::kGeneric;
            if (generic || !over.empty()) {
                choices.clear();
                for (const TyRef& element : {make_prim("i64"), make_prim("f64"), make_path({"alloc", "string", "String"})}) {
                    Subst subst;
                    subst.types[generic ? self->args[0]->name : self->name] =
                        generic ? element
                                : make_path(over == "IntoIterator" ? Path{"alloc", "vec", "Vec"} : Path{"alloc", "vec", "into_iter", "IntoIter"}, {element});
                    choices.push_back(subst);
                }
            }
            for (const Subst& subst : choices) {
                if (!over.empty() && normalizer_.conditions(*item.crate, impl["generics"], subst) == Answer::kNo) continue;
                const TyRef type = substitute(self, subst);
                const ImplContext context{item.crate, &impl, subst, type};
                for (const Json& member_id : body["items"]) {
                    const Json* declared = item.crate->item(member_id.get<int>());
                    if (declared == nullptr || item_kind(*declared) != "function") continue;
                    const Json& inputs = item_body(*declared)["sig"]["inputs"];
                    if (inputs.empty() || inputs[0][0] != "self") continue;
                    const std::string method = item_name(*declared);
                    Binding binding;
                    binding.unit = {item.crate, member_id.get<int>()};
                    binding.name = join(path, ".") + "." + method;
                    binding.owner = join(path, ".");
                    binding.self = type;
                    binding.subst = subst;
                    binding.impl = context;
                    binding.extension = true;
                    Bound bound;
                    bound.trait = item.crate->canonical(item.id);
                    // Statistics<f64>: the trait's own arguments, also where its methods name them.
                    if (!over.empty()) {
                        bound = normalizer_.trait_bound(*item.crate, impl["trait"], subst);
                        size_t next = 0;
                        for (const Json& param : body["generics"]["params"])
                            if (param["kind"].contains("type") && next < bound.args.size())
                                binding.subst.types[param["name"].get<std::string>()] = bound.args[next++];
                    }
                    binding.callee = [this, type, bound, method](const Subst&) {
                        return "<" + names_.rust_type(*type) + " as " + names_.rust_trait(bound) + ">::" + method;
                    };
                    bind(binding);
                }
            }
        }
    }
}

void Generator::visit_cases(const TyRef& type, const std::string& name, const ItemRef& item, const Subst& subst) {
    const std::string rust = names_.rust_path(type->path);
    std::string arms;
    int index = 0;
    for (const Json& id : item_body(item.json())["variants"]) {
        const Json* variant = item.crate->item(id.get<int>());
        if (variant == nullptr) continue;
        const std::string variant_name = item_name(*variant);
        arms += rust + "::" + variant_name + " { .. } => " + std::to_string(index++) + ", ";
        const Json& kind = item_body(*variant)["kind"];
        if (kind.is_string()) continue;
        const bool tuple = kind.contains("tuple");
        const Json& ids = tuple ? kind["tuple"] : kind["struct"]["fields"];
        for (const Json& field_id : ids) {
            const Json* field = field_id.is_null() ? nullptr : item.crate->item(field_id.get<int>());
            if (field == nullptr) continue;
            const std::string field_name = item_name(*field);
            const std::string shown = name + "." + variant_name + "." + (tuple ? "_" : "") + field_name;
            try {
                normalizer_.elided = [] { return std::string("'static"); };
                const TyRef field_type = normalizer_.type(*item.crate, item_body(*field), subst);
                normalizer_.elided = [] { return std::string("'_"); };
                CallMapper mapper(table_, shown);
                const Mapped self = mapper.parameter(0, make_ref(type, "'self"));
                const Mapped result = mapper.result(make_ref(field_type, "'self"), "x");
                ManifestFunction function;
                function.name = shown;
                function.owner = name;
                function.receiver = ReceiverMode::kShared;
                function.field = true;
                function.params = {{"self", self.kayton}};
                function.result = result.kayton;
                function.borrows.assign(mapper.borrowed_params.begin(), mapper.borrowed_params.end());
                add_thunk(std::move(function), {self}, result,
                          "let x0 = " + self.code + "; let x = match x0 { " + rust + "::" + variant_name + " { " +
                              field_name + ": x, .. } => x, _ => return Err(raise(\"TypeError\", \"the value is no " +
                              variant_name + "\")) }; let w = " + result.code + "; ",
                          {});
            } catch (const Unmapped& why) {
                skip(shown, why.reason);
            }
        }
    }
    if (index == 0) return;
    try {
        CallMapper mapper(table_, name + ".__variant__");
        const Mapped self = mapper.parameter(0, make_ref(type, "'self"));
        ManifestFunction function;
        function.name = name + ".__variant__";
        function.owner = name;
        function.receiver = ReceiverMode::kShared;
        function.params = {{"self", self.kayton}};
        function.result = "int";
        add_thunk(std::move(function), {self}, {"int", "i64", ""},
                  "let x0 = " + self.code + "; let w: i64 = match x0 { " + arms + "_ => -1 }; ", {});
    } catch (const Unmapped& why) {
        skip(name + ".__variant__", why.reason);
    }
}

// Public paths beside the one that items are listed under.
std::vector<ManifestAlias> Generator::second_paths() const {
    std::vector<ManifestAlias> out;
    std::set<std::string> seen;
    for (const ManifestAlias& alias : alias_paths_)
        if (seen.insert(alias.name).second) out.push_back(alias);
    for (const auto& [path, item] : world_.other_paths(main_)) {
        const Path first = names_.public_path(item);
        if (first.empty()) continue;
        const std::string name = join(path, "."), target = join(first, ".");
        if (name == target || target.starts_with(name + ".") || name.starts_with(target + ".")) continue;
        if (seen.insert(name).second) out.push_back({name, target});
    }
    return out;
}

}  // namespace kayton::bindgen
