// Generator: the standard library's traits as Kayton's protocols.
#include "kik/bindgen/generator.h"

namespace kayton::bindgen {

namespace {

const std::map<std::string, std::pair<std::string, std::string>>& operator_names() {
    // trait -> (method, name in Kayton)
    static const std::map<std::string, std::pair<std::string, std::string>> names = {
        {"Add", {"add", "__add__"}},
        {"Sub", {"sub", "__sub__"}},
        {"Mul", {"mul", "__mul__"}},
        {"Div", {"div", "__truediv__"}},
        {"Rem", {"rem", "__mod__"}},
        {"Neg", {"neg", "__neg__"}},
        {"Not", {"not", "__invert__"}},
        {"BitAnd", {"bitand", "__and__"}},
        {"BitOr", {"bitor", "__or__"}},
        {"BitXor", {"bitxor", "__xor__"}},
        {"Shl", {"shl", "__lshift__"}},
        {"Shr", {"shr", "__rshift__"}},
        {"AddAssign", {"add_assign", "__iadd__"}},
        {"SubAssign", {"sub_assign", "__isub__"}},
        {"MulAssign", {"mul_assign", "__imul__"}},
        {"DivAssign", {"div_assign", "__itruediv__"}},
        {"RemAssign", {"rem_assign", "__imod__"}},
        {"BitAndAssign", {"bitand_assign", "__iand__"}},
        {"BitOrAssign", {"bitor_assign", "__ior__"}},
        {"BitXorAssign", {"bitxor_assign", "__ixor__"}},
        {"ShlAssign", {"shl_assign", "__ilshift__"}},
        {"ShrAssign", {"shr_assign", "__irshift__"}}};
    return names;
}

}  // namespace

bool Generator::bind_protocol(const TyRef& type, const std::string& name, const ItemRef& item, const Bound& trait,
                              const ImplContext& context) {
    const std::string& last = trait.trait.back();
    const std::string method = item_name(item.json());
    if (table_.is_error(*type)) {
        // An exception's text is the error's; its other protocols are those of every exception.
        static const std::set<std::string> protocols = {"PartialEq", "Eq",    "PartialOrd", "Ord",
                                                        "Hash",      "Clone", "Default",    "Index"};
        if (last == "Display" || last == "Debug") {
            unit(item, name + "." + method).importable = true;
            return true;
        }
        if (!protocols.contains(last)) return false;
        refuse(item, name + "." + method,
               name + " is an exception class: its objects are not compared, hashed or copied");
        return true;
    }
    const std::string rust = names_.rust_type(*type);
    const int slot = table_.handle(type);
    const std::string self_text = table_.shown(slot, *type);
    const auto text = [&](const std::string& dunder, const std::string& format, const std::string& op) {
        ManifestFunction function;
        function.name = name + "." + dunder;
        function.owner = name;
        function.receiver = ReceiverMode::kShared;
        function.params = {{"self", self_text}};
        function.result = "str";
        function.rust = rust_signature(item.json());
        add_thunk(std::move(function), {{self_text, "H", ""}}, {"str", "S", ""},
                  "let x0 = href::<" + rust + ">(a0)?; let w = new_str(&format!(\"" + format + "\", x0)); ", item, op,
                  slot);
        return true;
    };
    Binding binding;
    binding.unit = item;
    binding.owner = name;
    binding.self = context.self;
    binding.subst = context.subst;
    binding.impl = context;
    binding.impl_generics = &(*context.impl)["generics"];
    const RustdocCrate* crate = context.crate;
    const Json* impl = context.impl;
    binding.callee = [this, crate, impl, self = context.self, method](const Subst& subst) {
        const Bound bound = normalizer_.trait_bound(*crate, (*impl)["trait"], subst);
        return "<" + names_.rust_type(*self) + " as " + names_.rust_trait(bound) + ">::" + method;
    };
    const auto bind_as = [&](const std::string& dunder, Protocol protocol = Protocol::kCall,
                             const std::string& op = "") {
        binding.name = name + "." + dunder;
        binding.protocol = protocol;
        binding.op = op;
        bind(binding);
        return true;
    };
    const bool same_type = trait.args.empty() || type_key(*trait.args[0]) == type_key(*type);
    // What stands after the colon in an f-string are Rust's own flags, width and precision, and its letters.
    const auto bind_format = [&] {
        static constexpr std::pair<const char*, const char*> kLetters[] = {
            {"LowerHex", "x"}, {"UpperHex", "X"}, {"Octal", "o"}, {"Binary", "b"}, {"LowerExp", "e"}, {"UpperExp", "E"}};
        std::string shown;
        for (const auto& [presentation, letter] : kLetters)
            if (normalizer_.find_impl(*type, {"core", "fmt", presentation}))
                shown += std::string("if let Some(short) = spec.strip_suffix('") + letter +
                         "') { format_display(&Shown(|f: &mut std::fmt::Formatter<'_>| std::fmt::" + presentation +
                         "::fmt(x0, f)), short)? } else ";
        const bool displayed = normalizer_.find_impl(*type, {"core", "fmt", "Display"}).has_value();
        shown += displayed ? "{ format_display(x0, spec)? }"
                           : "{ return Err(raise(\"ValueError\", &format!(\"the value has no format '{spec}'\"))) }";
        ManifestFunction function;
        function.name = name + ".__format__";
        function.owner = name;
        function.receiver = ReceiverMode::kShared;
        function.params = {{"self", self_text}, {"spec", "str"}};
        function.result = "str";
        add_thunk(std::move(function), {{self_text, "H", ""}, {"str", "S", ""}}, {"str", "S", ""},
                  "let x0 = href::<" + rust + ">(a0)?; let spec = st(a1); let shown = " + shown + "; let w = new_str(&shown); ",
                  item, "format", slot);
    };
    if (last == "Display" && method == "fmt") {
        bind_format();
        return text("__str__", "{}", "str");
    }
    if (last == "Debug" && method == "fmt") return text("__repr__", "{:?}", "repr");
    if (last == "PartialEq" && method == "eq") return bind_as("__eq__", Protocol::kCall, same_type ? "eq" : "");
    if (last == "Ord" && method == "cmp") return bind_as("__cmp__", Protocol::kCompare, "compare");
    if (last == "PartialOrd" && method == "partial_cmp") {
        // Ord, where the type has it, was bound under the same name and signature.
        return bind_as("__cmp__", Protocol::kPartial, same_type ? "compare" : "");
    }
    if (last == "Hash" && method == "hash") {
        ManifestFunction function;
        function.name = name + ".__hash__";
        function.owner = name;
        function.receiver = ReceiverMode::kShared;
        function.params = {{"self", self_text}};
        function.result = "int";
        function.rust = rust_signature(item.json());
        add_thunk(std::move(function), {{self_text, "H", ""}}, {"int", "i64", ""},
                  "let x0 = href::<" + rust + ">(a0)?; let w = hash(x0); ", item, "hash", slot);
        return true;
    }
    if (last == "Clone" && method == "clone") return bind_as("clone", Protocol::kCall, "clone");
    if (last == "Index" && method == "index") {
        const TyRef index = trait.args.empty() ? nullptr : trait.args[0];
        const auto ranges = [&](const char* which) { return index && index->is_std_path(which, "ops"); };
        if (ranges("RangeTo")) return bind_as("__slice_to__");
        if (ranges("RangeFrom")) return bind_as("__slice_from__");
        if (ranges("RangeFull")) return bind_as("__slice_all__");
        if (ranges("Range")) return bind_as("__slice__");
        return bind_as("__getitem__");
    }
    if (last == "Iterator" && method == "next") {
        bind_as("__next__", Protocol::kNext);
        ManifestFunction function;
        function.name = name + ".__iter__";
        function.owner = name;
        function.receiver = ReceiverMode::kShared;
        function.params = {{"self", self_text}};
        function.result = self_text;
        function.returns_self = true;
        add_thunk(std::move(function), {{self_text, "H", ""}}, {self_text, "H", ""}, "let w = again(a0); ", item);
        return true;
    }
    if (last == "IntoIterator" && method == "into_iter") {
        bind_as("__iter__");
        if (context.self->kind != TyKind::kRef) bind_as("into_iter");
        return true;
    }
    if (last == "Drop") return true;
    static const std::set<std::string> presentations = {"LowerHex", "UpperHex", "LowerExp", "UpperExp", "Octal", "Binary"};
    if (presentations.contains(last) && method == "fmt") {
        bind_format();
        return true;
    }
    if (last == "Pointer" && method == "fmt") {
        refuse(item, name + ".fmt", "formatting as a pointer");
        return true;
    }
    if (const auto known = operator_names().find(last); known != operator_names().end() && trait.trait[1] == "ops") {
        if (method != known->second.first) return false;
        binding.is_operator = !last.ends_with("Assign");
        return bind_as(known->second.second, last.ends_with("Assign") ? Protocol::kAssign : Protocol::kCall);
    }
    return false;
}

}  // namespace kayton::bindgen
