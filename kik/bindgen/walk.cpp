// Generator: the walk over a crate's public items and over the impls of every type that comes up.
#include <algorithm>
#include <deque>

#include "kik/bindgen/generator.h"

namespace kayton::bindgen {

namespace {

// How deep re-exported items of other crates are offered: sha2::digest::Digest, not sha2::digest::typenum::consts::U32.
constexpr size_t kDeepestForeignPath = 3;

bool is_type_kind(const std::string& kind) {
    return kind == "struct" || kind == "enum" || kind == "union";
}

}  // namespace

Generator::Generator(const BindgenRequest& request, World& world, const RustdocCrate& main)
    : request_(request),
      world_(world),
      main_(main),
      public_names_(world.public_names(main)),
      normalizer_(world),
      names_(world, main, public_names_, normalizer_.aliases),
      table_(world, normalizer_, names_, request.left_out),
      instances_(table_) {}

Bindings Generator::run() {
    read_asked();
    visit_items();
    visit_pending_types();
    visit_extension_traits();
    visit_pending_types();
    visit_asked_types();
    add_recipe_functions();
    collect_unseen_units();
    take_removed();
    Bindings out;
    out.missing = missing_instances();
    out.lib_rs = lib_rs(out.thunk_at_line);
    out.extra_dependencies.assign(names_.extra_dependencies().begin(), names_.extra_dependencies().end());
    out.manifest = manifest();
    return out;
}

// A type without type parameters, its lifetimes named.
TyRef Generator::plain_instance(const ItemRef& item) {
    std::vector<std::string> lifetimes;
    std::vector<TyRef> args;
    for (const Json& param : item_body(item.json())["generics"]["params"]) {
        const Json& kind = param["kind"];
        if (kind.contains("lifetime")) {
            lifetimes.push_back("'s" + std::to_string(lifetimes.size()));
        } else if (kind.contains("type") && !kind["type"]["default"].is_null()) {
            args.push_back(normalizer_.type(*item.crate, kind["type"]["default"], {}));
        } else {
            return nullptr;
        }
    }
    return make_path(item.crate->canonical(item.id), args, lifetimes);
}

void Generator::visit_items() {
    // In order of names, so that the same JSON always gives the same wrapper; aliases first: they name instances.
    std::vector<std::pair<Path, ItemRef>> items;
    for (const auto& [item, path] : public_names_)
        if (item.crate == &main_ || path.size() <= kDeepestForeignPath) items.emplace_back(path, item);
    std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
        return std::pair(a.first.size(), a.first) < std::pair(b.first.size(), b.first);
    });
    for (const auto& [path, item] : items) {
        if (item_kind(item.json()) != "type_alias" || !item_body(item.json())["generics"]["params"].empty()) continue;
        const TyRef target = normalizer_.type(*item.crate, item_body(item.json())["type"], {});
        if (target->kind != TyKind::kPath) continue;
        // A second name of a type that has its own.
        const ItemRef home = target->args.empty() ? world_.find(target->path) : ItemRef{};
        if (const Path own = home ? names_.public_path(home) : Path{}; !own.empty())
            alias_paths_.push_back({join(path, "."), join(own, ".")});
        else
            normalizer_.aliases.emplace(type_key(*target), AliasUse{item, {}});
    }
    // Generic aliases, those with the fewest parameters first, of them those that the documentation uses most: they
    // are the names that people use.
    std::vector<std::pair<std::pair<size_t, size_t>, ItemRef>> generic_aliases;
    for (const auto& [path, item] : items) {
        if (item_kind(item.json()) != "type_alias" || item.crate != &main_) continue;
        size_t types = 0;
        for (const Json& param : item_body(item.json())["generics"]["params"])
            if (param["kind"].contains("type") && param["kind"]["type"]["default"].is_null()) ++types;
        if (item_body(item.json())["generics"]["params"].empty()) continue;
        generic_aliases.emplace_back(std::pair(types, SIZE_MAX - main_.mentions(path.back())), item);
    }
    std::stable_sort(generic_aliases.begin(), generic_aliases.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    // Of those with one parameter the first instance of each before the others.
    for (const bool many : {false, true})
        for (const bool others : {false, true})
            for (const auto& [count, item] : generic_aliases) {
                if ((count.first > 1) != many) continue;
                try {
                    visit_generic_alias(item, others);
                } catch (const Unmapped& why) {
                    skip(join(names_.public_path(item), "."), why.reason);
                }
            }
    for (const bool functions : {false, true}) {
        for (const auto& [path, item] : items) {
            const std::string& kind = item_kind(item.json());
            const std::string name = join(path, ".");
            if ((kind == "function") != functions) continue;
            try {
                if (kind == "function") {
                    visit_free_function(item, path);
                } else if (kind == "trait") {
                    if (item.crate == &main_ || path.size() <= kDeepestForeignPath) traits_.push_back(name);
                } else if (is_type_kind(kind)) {
                    const TyRef type = plain_instance(item);
                    if (type && !table_.is_error(*type) && !is_byte_array(*type)) (void)table_.handle(type);
                    if (item.crate == &main_ || !type)
                        for (const TyRef& instance : instances_of(item)) (void)instance;
                } else if (kind == "type_alias" && item_body(item.json())["generics"]["params"].empty()) {
                    const TyRef type = normalizer_.type(*item.crate, item_body(item.json())["type"], {});
                    if (table_.is_handle(*type) && !table_.is_error(*type)) (void)table_.handle(type);
                } else if (kind == "constant" || kind == "static") {
                    visit_constant(item, path);
                }
            } catch (const Unmapped& why) {
                skip(name, why.reason);
            }
        }
    }
}

void Generator::visit_pending_types() {
    for (; visited_types_ < table_.entries().size(); ++visited_types_) {
        const TypeSlotEntry entry = table_.entries()[visited_types_];
        if (entry.kind == SlotKind::kComposed || entry.kind == SlotKind::kErrorValue) continue;
        try {
            if (!entry.type)
                visit_iterator(static_cast<int>(visited_types_));
            else
                visit_type(entry.type, static_cast<int>(visited_types_));
        } catch (const Unmapped& why) {
            skip(entry.name, why.reason);
        }
    }
}

void Generator::visit_free_function(const ItemRef& item, const Path& path) {
    Binding binding;
    binding.unit = item;
    binding.name = join(path, ".");
    binding.callee = [rust = join(path, "::")](const Subst&) { return rust; };
    bind(binding);
}

void Generator::visit_constant(const ItemRef& item, const Path& path) {
    const bool is_static = item_kind(item.json()) == "static";
    const Json& body = item_body(item.json());
    CallMapper mapper(table_, join(path, "."));
    TyRef type = normalizer_.type(*item.crate, body["type"], {});
    std::string expression = join(path, "::");
    if (is_static) {
        if (body["is_mutable"].get<bool>()) throw Unmapped{"a mutable static"};
        type = make_ref(type, "'static");
        expression = "&" + expression;
    }
    const Mapped result = mapper.result(type, expression);
    ManifestFunction function;
    function.name = join(path, ".");
    function.constant = true;
    function.result = result.kayton;
    function.doc = first_paragraph(item.json());
    add_thunk(std::move(function), {}, result, "let w = " + result.code + "; ", {});
}

void Generator::visit_type(const TyRef& type, int slot) {
    const std::string name = table_.entries()[slot].name;
    const ItemRef item = world_.find(type->path);
    if (!item) {
        visit_std_type(type, slot);
        return;
    }
    if (const auto waiting = waiting_names_.find(type_key(*type)); waiting != waiting_names_.end())
        for (const auto& [path, args] : waiting->second) name_instance(type, path, args);
    if (!type->args.empty() && !table_.is_error(*type)) {
        // Every instance answers to the name of its definition.
        InstanceNames& known = instance_names_[slot];
        const std::string base = join(names_.public_path(item), ".");
        if (!base.empty() && std::find(known.names.begin(), known.names.end(), base) == known.names.end())
            known.names.push_back(base);
    }
    const Json& body = item_body(item.json());
    visit_fields(type, name, item);
    visit_variants(type, name, item);
    // Inherent methods first: where a trait offers the same name, theirs is what `value.name()` means.
    std::vector<std::pair<int, const Json*>> impls;
    for (const Json& id : body["impls"]) {
        const Json* impl_item = item.crate->item(id.get<int>());
        if (impl_item == nullptr) continue;
        const Json& impl = item_body(*impl_item);
        int turn = 0;
        if (!impl["trait"].is_null()) {
            turn = item.crate->canonical(impl["trait"]["id"].get<int>()).back() == "Ord" ? 1 : 2;
            // Of operators the impl on references: `a + b` leaves both as they are.
            turn += impl["for"].contains("borrowed_ref") ? 0 : 2;
            const Json& args = impl["trait"]["args"];
            if (args.is_object() && args.contains("angle_bracketed") && !args["angle_bracketed"]["args"].empty()) {
                const Json& first = args["angle_bracketed"]["args"][0];
                if (first.is_object() && first.contains("type") && !first["type"].contains("borrowed_ref")) turn += 1;
            }
        }
        impls.emplace_back(turn, &impl);
    }
    std::stable_sort(impls.begin(), impls.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [turn, impl] : impls) visit_impl(type, name, *item.crate, *impl);
}

void Generator::visit_impl(const TyRef& type, const std::string& name, const RustdocCrate& crate, const Json& impl) {
    if (impl["is_synthetic"].get<bool>() || impl["is_negative"].get<bool>()) return;
    ImplContext context{&crate, &impl, {}, type};
    TyRef pattern = normalizer_.type(crate, impl["for"], {});
    const bool blanket = impl["blanket_impl"].is_object();
    if (pattern->kind == TyKind::kRef) {
        if (!unify(*pattern->args[0], *type, context.subst)) return;
        const std::string lifetime = "'self";
        context.subst.lifetimes[pattern->lifetimes[0]] = lifetime;
        context.self = make_ref(type, lifetime, pattern->is_mut);
    } else if (!unify(*pattern, *type, context.subst)) {
        return;
    }
    if (blanket && impl["blanket_impl"].contains("generic"))
        context.subst.types[impl["blanket_impl"]["generic"].get<std::string>()] = type;
    if (normalizer_.conditions(crate, impl["generics"], context.subst) == Answer::kNo) {
        for (const Json& id : impl["items"]) {
            const Json* member = crate.item(id.get<int>());
            if (member != nullptr && item_kind(*member) == "function")
                refuse({&crate, id.get<int>()}, name + "." + item_name(*member), name + " does not meet the impl's conditions");
        }
        return;
    }
    if (impl["trait"].is_null()) {
        for (const Json& id : impl["items"]) {
            const Json* member = crate.item(id.get<int>());
            if (member == nullptr || (*member)["visibility"] != "public") continue;
            const std::string method = item_name(*member);
            if (item_kind(*member) == "assoc_const") {
                visit_associated_constant(type, name, crate, *member, context.subst,
                                          "<" + names_.rust_type(*type) + ">");
            } else if (item_kind(*member) == "function") {
                Binding binding;
                binding.unit = {&crate, id.get<int>()};
                binding.name = name + "." + method;
                binding.owner = name;
                binding.self = type;
                binding.subst = context.subst;
                binding.impl = context;
                binding.impl_generics = &impl["generics"];
                binding.callee = [this, type, method](const Subst&) {
                    return "<" + names_.rust_type(*type) + ">::" + method;
                };
                bind(binding);
                const Json& inputs = item_body(*member)["sig"]["inputs"];
                if (method == "len" && inputs.size() == 1 && !table_.is_error(*type) &&
                    item_body(*member)["sig"]["output"] == Json{{"primitive", "usize"}}) {
                    binding.name = name + ".__len__";
                    binding.op = "len";
                    bind(binding);
                }
            }
        }
        return;
    }
    // impl<A, B> PartialEq<Host<B>> for Host<A>: the same type on both sides, and, but for comparisons, others after it.
    ImplContext same = context;
    bool other_side = false;
    const Bound open = normalizer_.trait_bound(crate, impl["trait"], context.subst);
    for (const TyRef& arg : open.args) {
        Subst subst = same.subst;
        if (!mentions_generic(*arg) || arg->kind != TyKind::kPath || !unify(*arg, *type, subst)) continue;
        same.subst = subst;
        other_side = !is_std(open.trait) || open.trait[1] == "ops";
    }
    visit_trait_impl(type, name, same);
    if (other_side) visit_trait_impl(type, name, context);
}

void Generator::visit_trait_impl(const TyRef& type, const std::string& name, const ImplContext& context) {
    const RustdocCrate& crate = *context.crate;
    const Json& impl = *context.impl;
    const bool blanket = impl["blanket_impl"].is_object();
    Subst with_self = context.subst;
    with_self.types["Self"] = context.self;
    const Bound trait = normalizer_.trait_bound(crate, impl["trait"], with_self);
    if (is_std(trait.trait) && blanket) return;
    if (is_std(trait.trait) && trait.trait.back() == "Deref") visit_deref(type, name, context);
    if (!is_std(trait.trait)) {
        visit_trait_methods(type, name, context, trait);
        return;
    }
    if (trait.trait[1] == "io" && context.self->kind != TyKind::kRef) visit_stream(type, name, trait.trait.back());
    for (const Json& id : impl["items"]) {
        const Json* member = crate.item(id.get<int>());
        if (member == nullptr || item_kind(*member) != "function") continue;
        const ItemRef item{&crate, id.get<int>()};
        const std::string method = item_name(*member);
        if (trait.trait[1] == "io" && trait.trait.back() == "Read" && context.self->kind != TyKind::kRef &&
            method.starts_with("read")) {
            unit(item, name + "." + method).importable = true;  // by visit_stream
            continue;
        }
        if (trait.trait.back() == "IndexMut" && method == "index_mut") {
            visit_index_mut(type, name, context, trait, item);
            continue;
        }
        try {
            if (bind_protocol(type, name, item, trait, context)) continue;
        } catch (const Unmapped& why) {
            refuse(item, name + "." + method, why.reason);
            continue;
        }
        Binding binding;
        binding.unit = item;
        binding.name = name + "." + method;
        binding.owner = name;
        binding.self = context.self;
        binding.subst = context.subst;
        binding.impl = context;
        binding.impl_generics = &impl["generics"];
        binding.callee = [this, &crate, &impl, self = context.self, method](const Subst& subst) {
            const Bound bound = normalizer_.trait_bound(crate, impl["trait"], subst);
            return "<" + names_.rust_type(*self) + " as " + names_.rust_trait(bound) + ">::" + method;
        };
        bind(binding);
    }
}

void Generator::visit_trait_methods(const TyRef& type, const std::string& name, const ImplContext& context,
                                    const Bound& trait) {
    const ItemRef definition = world_.find(trait.trait);
    if (!definition) return;
    // A trait of a dependency that the crate does not hand on: what it says of this type itself counts, but neither
    // what it gives to every type nor its adaptors.
    const bool foreign = definition.crate != &main_ && names_.public_path(definition).empty();
    const bool for_all = (*context.impl)["blanket_impl"].is_object();
    if (foreign && for_all) return;
    try {
        (void)names_.rust_path(trait.trait);
    } catch (const Unmapped&) {
        return;  // a sealed or private trait: its methods cannot be called from outside
    }
    const Json& body = item_body(definition.json());
    // Names of the impl's own parameters mean nothing in the trait, whose methods may use the same ones.
    Subst trait_subst;
    trait_subst.lifetimes = context.subst.lifetimes;
    size_t next = 0;
    for (const Json& param : body["generics"]["params"])
        if (param["kind"].contains("type") && next < trait.args.size())
            trait_subst.types[param["name"].get<std::string>()] = trait.args[next++];
    for (const Json& id : body["items"]) {
        const Json* declared = definition.crate->item(id.get<int>());
        if (declared == nullptr) continue;
        const std::string method = item_name(*declared);
        // The impl's own item where it has one: its signature is the more exact.
        ItemRef item{definition.crate, id.get<int>()};
        bool from_impl = false;
        for (const Json& own : (*context.impl)["items"]) {
            const Json* member = context.crate->item(own.get<int>());
            if (member == nullptr || item_name(*member) != method || item_kind(*member) != item_kind(*declared))
                continue;
            item = {context.crate, own.get<int>()};
            from_impl = !for_all;
            break;
        }
        if (item_kind(*declared) == "assoc_const") {
            try {
                visit_associated_constant(type, name, *item.crate, item.json(), from_impl ? context.subst : trait_subst,
                                          "<" + names_.rust_type(*type) + " as " + names_.rust_trait(trait) + ">");
            } catch (const Unmapped& why) {
                skip(name + "." + method, why.reason);
            }
            continue;
        }
        if (item_kind(*declared) != "function") continue;
        if (foreign && !from_impl) {
            const Json& inputs = item_body(*declared)["sig"]["inputs"];
            if (!inputs.empty() && inputs[0][0] == "self" && !inputs[0][1].contains("borrowed_ref")) continue;
        }
        Binding binding;
        binding.unit = from_impl ? item : ItemRef{definition.crate, id.get<int>()};
        binding.name = name + "." + method;
        binding.owner = name;
        binding.self = context.self;
        binding.subst = from_impl ? context.subst : trait_subst;
        binding.impl = context;
        binding.impl_generics = &(*context.impl)["generics"];
        if (for_all) binding.impl_generics = nullptr;
        binding.callee = [this, self = context.self, trait, method](const Subst& subst) {
            Bound chosen = trait;
            for (TyRef& arg : chosen.args) arg = normalizer_.settle(substitute(arg, subst));
            return "<" + names_.rust_type(*self) + " as " + names_.rust_trait(chosen) + ">::" + method;
        };
        bind(binding);
    }
}

void Generator::visit_fields(const TyRef& type, const std::string& name, const ItemRef& item) {
    if (item_kind(item.json()) != "struct") return;
    const Json& body = item_body(item.json());
    const Json& kind = body["kind"];
    const std::string rust = names_.rust_type(*type);
    if (kind.is_string()) {
        // A unit struct names its value.
        if (item.crate != &main_ || has_attribute(item.json(), "non_exhaustive")) return;
        CallMapper mapper(table_, name);
        const Mapped result = mapper.result(type, rust);
        ManifestFunction function;
        function.name = name;
        function.owner = name;
        function.constant = true;
        function.result = result.kayton;
        add_thunk(std::move(function), {}, result, "let w = " + result.code + "; ", {});
        return;
    }
    const bool tuple = kind.contains("tuple");
    const Json& ids = tuple ? kind["tuple"] : kind["plain"]["fields"];
    bool all_public =
        !has_attribute(item.json(), "non_exhaustive") && (tuple || !kind["plain"]["has_stripped_fields"].get<bool>());
    // Type and lifetime parameters of the definition, as this instance has them.
    Subst subst;
    size_t types = 0, lifetimes = 0;
    for (const Json& param : body["generics"]["params"]) {
        const std::string param_name = param["name"].get<std::string>();
        if (param["kind"].contains("lifetime") && lifetimes < type->lifetimes.size())
            subst.lifetimes[param_name] = type->lifetimes[lifetimes++];
        else if (!param["kind"].contains("lifetime") && types < type->args.size())
            subst.types[param_name] = type->args[types++];
    }
    std::vector<std::pair<std::string, TyRef>> fields;
    for (size_t i = 0; i < ids.size(); ++i) {
        const Json* field = ids[i].is_null() ? nullptr : item.crate->item(ids[i].get<int>());
        if (field == nullptr || ((*field)["visibility"] != "public")) {
            all_public = false;
            continue;
        }
        const std::string field_name = item_name(*field);
        TyRef field_type;
        normalizer_.elided = [] { return std::string("'static"); };
        field_type = normalizer_.type(*item.crate, item_body(*field), subst);
        normalizer_.elided = [] { return std::string("'_"); };
        fields.emplace_back(field_name, field_type);
        const std::string shown = tuple ? "_" + field_name : field_name;
        try {
            CallMapper mapper(table_, name + "." + shown);
            const Mapped self = mapper.parameter(0, make_ref(type, "'self"));
            const Mapped result = mapper.result(make_ref(field_type, "'self"), "&x0." + field_name);
            ManifestFunction function;
            function.name = name + "." + shown;
            function.owner = name;
            function.receiver = ReceiverMode::kShared;
            function.field = true;
            function.params = {{"self", self.kayton}};
            function.result = result.kayton;
            function.borrows.assign(mapper.borrowed_params.begin(), mapper.borrowed_params.end());
            function.doc = first_paragraph(*field);
            add_thunk(std::move(function), {self}, result, "let x0 = " + self.code + "; let w = " + result.code + "; ",
                      {});
        } catch (const Unmapped& why) {
            skip(name + "." + shown, why.reason);
        }
    }
    if (!all_public || fields.empty()) return;
    try {
        CallMapper mapper(table_, name);
        for (const auto& [field_name, field_type] : fields)
            for (const std::string& lifetime : lifetime_slots(*field_type)) mapper.result_lifetimes.insert(lifetime);
        ManifestFunction function;
        function.name = name;
        function.owner = name;
        function.doc = first_paragraph(item.json());
        std::vector<Mapped> params;
        std::vector<TyRef> param_types;
        std::string lets, literal;
        for (size_t i = 0; i < fields.size(); ++i) {
            params.push_back(mapper.parameter(static_cast<int>(i), fields[i].second));
            param_types.push_back(fields[i].second);
            function.params.push_back({tuple ? "_" + fields[i].first : fields[i].first, params.back().kayton});
            lets += "let x" + std::to_string(i) + " = " + params.back().code + "; ";
            literal += (i == 0 ? "" : ", ") + fields[i].first + ": x" + std::to_string(i);
        }
        mapper.finish_parameters(param_types);
        // Through the definition's path: an alias cannot be written as a literal with its parameters.
        const Mapped result = mapper.result(type, names_.rust_path(type->path) + " { " + literal + " }");
        function.result = result.kayton;
        function.borrows.assign(mapper.borrowed_params.begin(), mapper.borrowed_params.end());
        add_thunk(std::move(function), params, result,
                  mapper.statements + lets + "let w = " + result.code + "; " + mapper.after, {});
    } catch (const Unmapped& why) {
        skip(name + "(" + (tuple ? "..." : "field=...") + ")", why.reason);
    }
}

void Generator::visit_variants(const TyRef& type, const std::string& name, const ItemRef& item) {
    if (item_kind(item.json()) != "enum") return;
    const std::string rust = names_.rust_type(*type);
    Subst subst;
    size_t types = 0, lifetimes = 0;
    for (const Json& param : item_body(item.json())["generics"]["params"]) {
        const std::string param_name = param["name"].get<std::string>();
        if (param["kind"].contains("lifetime") && lifetimes < type->lifetimes.size())
            subst.lifetimes[param_name] = type->lifetimes[lifetimes++];
        else if (!param["kind"].contains("lifetime") && types < type->args.size())
            subst.types[param_name] = type->args[types++];
    }
    visit_cases(type, name, item, subst);
    for (const Json& id : item_body(item.json())["variants"]) {
        const Json* variant = item.crate->item(id.get<int>());
        if (variant == nullptr) continue;
        const std::string variant_name = item_name(*variant);
        const Json& kind = item_body(*variant)["kind"];
        try {
            if (has_attribute(*variant, "non_exhaustive"))
                throw Unmapped{"a non-exhaustive variant cannot be made outside its crate"};
            CallMapper mapper(table_, name + "." + variant_name);
            ManifestFunction function;
            function.name = name + "." + variant_name;
            function.owner = name;
            function.doc = first_paragraph(*variant);
            if (kind.is_string()) {
                const Mapped result = mapper.result(type, "<" + rust + ">::" + variant_name);
                function.constant = true;
                function.result = result.kayton;
                add_thunk(std::move(function), {}, result, "let w = " + result.code + "; ", {});
                continue;
            }
            const bool tuple = kind.contains("tuple");
            const Json& ids = tuple ? kind["tuple"] : kind["struct"]["fields"];
            std::vector<Mapped> params;
            std::vector<TyRef> param_types;
            std::string lets, literal;
            for (size_t i = 0; i < ids.size(); ++i) {
                const Json* field = ids[i].is_null() ? nullptr : item.crate->item(ids[i].get<int>());
                if (field == nullptr) throw Unmapped{"a hidden field"};
                const std::string field_name = item_name(*field);
                const TyRef field_type = normalizer_.type(*item.crate, item_body(*field), subst);
                params.push_back(mapper.parameter(static_cast<int>(i), field_type));
                param_types.push_back(field_type);
                function.params.push_back({tuple ? "_" + field_name : field_name, params.back().kayton});
                lets += "let x" + std::to_string(i) + " = " + params.back().code + "; ";
                literal += (i == 0 ? "" : ", ") + field_name + ": x" + std::to_string(i);
            }
            mapper.finish_parameters(param_types);
            const Mapped result =
                mapper.result(type, names_.rust_path(type->path) + "::" + variant_name + " { " + literal + " }");
            function.result = result.kayton;
            function.borrows.assign(mapper.borrowed_params.begin(), mapper.borrowed_params.end());
            add_thunk(std::move(function), params, result,
                      mapper.statements + lets + "let w = " + result.code + "; " + mapper.after, {});
        } catch (const Unmapped& why) {
            skip(name + "." + variant_name, why.reason);
        }
    }
}

void Generator::visit_associated_constant(const TyRef& type, const std::string& name, const RustdocCrate& crate,
                                          const Json& item, const Subst& subst, const std::string& path) {
    const std::string constant = item_name(item);
    try {
        CallMapper mapper(table_, name + "." + constant);
        Subst with_self = subst;
        with_self.types["Self"] = type;
        normalizer_.elided = [] { return std::string("'static"); };
        const TyRef result_type = normalizer_.type(crate, item_body(item)["type"], with_self);
        normalizer_.elided = [] { return std::string("'_"); };
        const Mapped result = mapper.result(result_type, path + "::" + constant);
        ManifestFunction function;
        function.name = name + "." + constant;
        function.owner = name;
        function.constant = true;
        function.result = result.kayton;
        function.doc = first_paragraph(item);
        add_thunk(std::move(function), {}, result, "let w = " + result.code + "; ", {});
    } catch (const Unmapped& why) {
        skip(name + "." + constant, why.reason);
    }
}

}  // namespace kayton::bindgen
