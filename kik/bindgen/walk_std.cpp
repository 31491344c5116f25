// Generator: types that have no JSON: those of the standard library, and iterators without a name.
#include "kik/bindgen/generator.h"
#include "kik/bindgen/std_vocabulary.h"

namespace kayton::bindgen {

namespace {

// "[$0, $1]": the type arguments of an iterator, from its own type or, where it has no name, from its items.
std::string arguments_of(const TypeSlotEntry& entry, const TyRef& item) {
    std::string out;
    for (const std::string& leaf : dynamic_leaves(entry.type ? *entry.type : *item))
        out += (out.empty() ? "[$" : ", $") + leaf;
    return out.empty() ? out : out + "]";
}

}  // namespace

void Generator::visit_std_type(const TyRef& type, int slot) {
    TypeSlotEntry entry = table_.entries()[slot];
    if (const TyRef item = std_iterator_item(*type)) {
        bind_iterator(entry, item, lifetime_slots(*type));
        return;
    }
    const StdType* known = std_type(*type);
    if (known == nullptr) return;
    const std::string self = "href::<" + entry.rust + ">(";
    const auto add = [&](const std::string& name, const std::string& op, const std::string& result,
                         const std::string& storage, const std::string& body, int params) {
        ManifestFunction function;
        function.name = entry.name + "." + name;
        function.owner = entry.name;
        function.receiver = ReceiverMode::kShared;
        function.params = {{"self", entry.name}};
        if (params == 2) function.params.push_back({"other", entry.name});
        function.result = result;
        std::vector<Mapped> mapped(static_cast<size_t>(params), Mapped{entry.name, "H", ""});
        add_thunk(std::move(function), mapped, {result, storage, ""}, body, {}, op, slot);
    };
    const std::string one = "let x0 = " + self + "a0)?; ";
    const std::string two = one + "let x1 = " + self + "a1)?; ";
    if (known->traits.contains("Display"))
        add("__str__", "str", "str", "S", one + "let w = new_str(&x0.to_string()); ", 1);
    if (known->traits.contains("Debug"))
        add("__repr__", "repr", "str", "S", one + "let w = new_str(&format!(\"{:?}\", x0)); ", 1);
    if (known->traits.contains("PartialEq")) add("__eq__", "eq", "bool", "u8", two + "let w = u8::from(x0 == x1); ", 2);
    if (known->traits.contains("Ord")) add("__cmp__", "compare", "int", "i64", two + "let w = ord(x0.cmp(x1)); ", 2);
    if (known->traits.contains("Hash")) add("__hash__", "hash", "int", "i64", one + "let w = hash(x0); ", 1);
    for (const StdMethod& method : known->methods) {
        const std::string name = entry.name + "." + method.name;
        try {
            CallMapper mapper(table_, name);
            ManifestFunction function;
            function.name = name;
            function.owner = entry.name;
            std::vector<Mapped> params;
            std::vector<TyRef> types;
            if (method.has_self) {
                function.receiver = ReceiverMode::kShared;
                types.push_back(make_ref(type, "'self"));
            }
            types.insert(types.end(), method.params.begin(), method.params.end());
            std::string lets, arguments;
            for (size_t i = 0; i < types.size(); ++i) {
                params.push_back(mapper.parameter(static_cast<int>(i), types[i]));
                function.params.push_back(
                    {i == 0 && method.has_self ? "self" : "arg" + std::to_string(i), params.back().kayton});
                const std::string x = "x" + std::to_string(i);
                lets += "let " + x + " = " + params.back().code + "; ";
                arguments += (i == 0 ? "" : ", ") + x;
            }
            mapper.finish_parameters(types);
            const Mapped result = mapper.result(method.result, "r");
            function.result = result.kayton;
            function.raises = mapper.raises;
            add_thunk(std::move(function), params, result,
                      mapper.statements + lets + "let r = <" + entry.rust + ">::" + method.name + "(" + arguments +
                          "); let w = " + result.code + "; " + mapper.after,
                      {});
        } catch (const Unmapped& why) {
            skip(name, why.reason);
        }
    }
}

void Generator::visit_std_target(const TyRef& type, const std::string& name, const TyRef& target) {
    const bool text = target->is_prim("str") || target->is_std_path("String");
    const bool list = target->kind == TyKind::kSlice || target->is_std_path("Vec");
    if (!text && !list) return;
    const TyRef element = list ? target->args.at(0) : nullptr;
    const TyRef usize = make_prim("usize");
    struct Method {
        std::string name;
        TyRef parameter, result;
        std::string body;  // of `t`, the target, and `x1`, the argument
        std::string op;
    };
    std::vector<Method> methods = {{"len", nullptr, usize, "t.len()", ""},
                                   {"__len__", nullptr, usize, "t.len()", "len"},
                                   {"is_empty", nullptr, make_prim("bool"), "t.is_empty()", ""}};
    if (text) {
        const TyRef piece = make_ref(make_prim("str"), "'given");
        methods.push_back({"as_str", nullptr, make_ref(make_prim("str"), "'self"), "&t[..]", ""});
        for (const char* test : {"starts_with", "ends_with", "contains"})
            methods.push_back({test, piece, make_prim("bool"), "t." + std::string(test) + "(x1)", ""});
    } else {
        const TyRef item = make_ref(element, "'self");
        const TyRef optional = make_path({"core", "option", "Option"}, {item});
        Bound each;
        each.trait = {"core", "iter", "traits", "iterator", "Iterator"};
        each.assoc["Item"] = item;
        Ty iterator;
        iterator.kind = TyKind::kImpl;
        iterator.bounds = {each};
        const TyRef items = std::make_shared<const Ty>(iterator);
        const std::string at = "match t.get(x1) { Some(x) => x, None => return Err(raise(\"IndexError\", \"index out of range\")) }";
        methods.push_back({"__getitem__", usize, item, at, ""});
        methods.push_back({"first", nullptr, optional, "t.first()", ""});
        methods.push_back({"last", nullptr, optional, "t.last()", ""});
        methods.push_back({"iter", nullptr, items, "t.iter()", ""});
        methods.push_back({"__iter__", nullptr, items, "t.iter()", ""});
        const TyRef whole = make_ref(make_slice(element), "'self");
        methods.push_back({"to_vec", nullptr, whole, "&t[..]", ""});
        if (element->is_prim("u8")) methods.push_back({"__bytes__", nullptr, whole, "&t[..]", ""});
    }
    const int slot = table_.handle(type);
    for (const Method& method : methods) {
        const std::string full = name + "." + method.name;
        try {
            CallMapper mapper(table_, full);
            std::vector<TyRef> types = {make_ref(type, "'self")};
            if (method.parameter) types.push_back(method.parameter);
            ManifestFunction function;
            function.name = full;
            function.owner = name;
            function.receiver = ReceiverMode::kShared;
            std::vector<Mapped> params;
            std::string lets;
            for (size_t i = 0; i < types.size(); ++i) {
                params.push_back(mapper.parameter(static_cast<int>(i), types[i]));
                function.params.push_back({i == 0 ? "self" : "arg1", params.back().kayton});
                lets += "let x" + std::to_string(i) + " = " + params.back().code + "; ";
            }
            mapper.finish_parameters(types);
            const Mapped result = mapper.result(method.result, "r");
            function.result = result.kayton;
            function.borrows.assign(mapper.borrowed_params.begin(), mapper.borrowed_params.end());
            add_thunk(std::move(function), params, result,
                      mapper.statements + lets + "let t: &" + names_.rust_type(*target) + " = &**x0; let r = " + method.body +
                          "; let w = " + result.code + "; " + mapper.after,
                      {}, method.op, slot);
        } catch (const Unmapped& why) {
            skip(full, why.reason);
        }
    }
}

void Generator::visit_iterator(int slot) {
    bind_iterator(table_.entries()[slot], table_.iterator_items().at(slot), {});
}

// `slots`: the lifetimes of the iterator's type; a boxed iterator has one slot for whatever it borrows.
void Generator::bind_iterator(const TypeSlotEntry& entry, const TyRef& item, const std::vector<std::string>& slots) {
    const std::string self_text = entry.name + arguments_of(entry, item);
    ManifestFunction iter;
    iter.name = entry.name + ".__iter__";
    iter.owner = entry.name;
    iter.receiver = ReceiverMode::kShared;
    iter.params = {{"self", self_text}};
    iter.result = self_text;
    iter.returns_self = true;
    add_thunk(std::move(iter), {{self_text, "H", ""}}, {self_text, "H", ""}, "let w = again(a0); ", {});
    try {
        CallMapper mapper(table_, entry.name + ".__next__");
        const std::vector<std::string> item_slots = lifetime_slots(*item);
        for (const std::string& lifetime : std::set<std::string>(item_slots.begin(), item_slots.end())) {
            uint32_t mask = slots.empty() ? 1 : 0;
            for (size_t i = 0; i < slots.size() && i < 31; ++i)
                if (slots[i] == lifetime) mask |= 1U << i;
            mapper.sources.push_back({lifetime, "a0", Source::kInherit, mask, 0});
        }
        const Mapped result = mapper.result(item, "x");
        ManifestFunction next;
        next.name = entry.name + ".__next__";
        next.owner = entry.name;
        next.receiver = ReceiverMode::kExclusive;
        next.iterator = true;
        next.params = {{"self", self_text}};
        next.result = result.kayton;
        next.raises = mapper.raises;
        next.borrows.assign(mapper.borrowed_params.begin(), mapper.borrowed_params.end());
        add_thunk(std::move(next), {{self_text, "H", ""}}, result,
                  "let x0 = hmut::<" + entry.rust +
                      ">(a0)?; let w = match x0.next() { None => return Err(Exit::Stop), Some(x) => " + result.code +
                      " }; ",
                  {});
    } catch (const Unmapped& why) {
        skip(entry.name + ".__next__", why.reason);
    }
}

void Generator::visit_deref(const TyRef& type, const std::string& name, const ImplContext& context) {
    for (const Json& id : (*context.impl)["items"]) {
        const Json* member = context.crate->item(id.get<int>());
        if (member == nullptr || item_kind(*member) != "assoc_type" || item_name(*member) != "Target") continue;
        const TyRef target = normalizer_.type(*context.crate, item_body(*member)["type"], context.subst);
        const ItemRef home = target->kind == TyKind::kPath ? world_.find(target->path) : ItemRef{};
        if (!home) {
            visit_std_target(type, name, target);
            return;
        }
        const bool changeable = normalizer_.find_impl(*type, {"core", "ops", "deref", "DerefMut"}).has_value();
        for (const Json& impl_id : item_body(home.json())["impls"]) {
            const Json* impl_item = home.crate->item(impl_id.get<int>());
            if (impl_item == nullptr || !item_body(*impl_item)["trait"].is_null()) continue;
            const Json& impl = item_body(*impl_item);
            ImplContext inner{home.crate, &impl, {}, target};
            if (!unify(*normalizer_.type(*home.crate, impl["for"], {}), *target, inner.subst)) continue;
            for (const Json& item_id : impl["items"]) {
                const Json* method_item = home.crate->item(item_id.get<int>());
                if (method_item == nullptr || item_kind(*method_item) != "function" ||
                    (*method_item)["visibility"] != "public")
                    continue;
                const Json& inputs = item_body(*method_item)["sig"]["inputs"];
                if (inputs.empty() || inputs[0][0] != "self" || !inputs[0][1].contains("borrowed_ref")) continue;
                const bool changes = inputs[0][1]["borrowed_ref"]["is_mutable"].get<bool>();
                if (changes && !changeable) continue;
                const std::string method = item_name(*method_item);
                Binding binding;
                binding.unit = {home.crate, item_id.get<int>()};
                binding.name = name + "." + method;
                binding.owner = name;
                // The receiver is read as this type's handle; dereferencing gives what the method takes.
                binding.self = type;
                binding.subst = inner.subst;
                binding.impl = inner;
                binding.impl_generics = &impl["generics"];
                binding.receiver_view = changes ? "&mut **" : "&**";
                binding.callee = [this, target, method](const Subst&) {
                    return "<" + names_.rust_type(*target) + ">::" + method;
                };
                bind(binding);
            }
        }
    }
}

}  // namespace kayton::bindgen
