// Generator: from a Rust function and one choice of its type parameters to a thunk.
#include <fmt/format.h>

#include <algorithm>

#include "kik/bindgen/everyday_types.h"
#include "kik/bindgen/generator.h"

namespace kayton::bindgen {

namespace {

// rustc takes 5 to 15 ms a thunk: what goes beyond a minute's work is the instances of instances.
constexpr int kMostThunks = 6000;
constexpr int kPlentyOfThunks = 2800;
constexpr int kPlentyOfNumbers = 5000;  // of numeric crates: a type is several types, each with all of its functions
constexpr size_t kMainInstances = 4;  // of a numeric type: those that have every overload
constexpr const char* kFull = "the crate's bindings hold 6000 functions already";

bool holds_handle(TypeTable& table, const Ty& type) {
    if (type.kind == TyKind::kImpl || type.kind == TyKind::kDyn) return true;
    if (table.is_handle(type)) return true;
    return std::any_of(type.args.begin(), type.args.end(), [&](const TyRef& arg) { return holds_handle(table, *arg); });
}

// impl Trait in argument position, in order of appearance.
void collect_impls(const Ty& type, std::vector<TypeParam>& out) {
    if (type.kind == TyKind::kImpl) {
        TypeParam param;
        param.name = "impl#" + std::to_string(out.size());
        param.bounds = type.bounds;
        param.synthetic = true;
        out.push_back(std::move(param));
        return;
    }
    for (const TyRef& arg : type.args) collect_impls(*arg, out);
}

TyRef replace_impls(const TyRef& type, const Subst& subst, size_t& next) {
    if (type->kind == TyKind::kImpl) return subst.types.at("impl#" + std::to_string(next++));
    Ty copy = *type;
    for (TyRef& arg : copy.args) arg = replace_impls(arg, subst, next);
    return std::make_shared<const Ty>(std::move(copy));
}

// 'b: 'a, as declared at the parameter or in a where clause: what lives for 'a may come from 'b.
void collect_outlives(const Json& generics, const Subst& subst,
                      std::map<std::string, std::set<std::string>>& outlived_by) {
    const auto renamed = [&](const Json& lifetime) {
        const std::string name = lifetime.get<std::string>();
        const auto found = subst.lifetimes.find(name);
        return found == subst.lifetimes.end() ? name : found->second;
    };
    for (const Json& param : generics["params"])
        if (param["kind"].contains("lifetime"))
            for (const Json& shorter : param["kind"]["lifetime"]["outlives"])
                outlived_by[renamed(shorter)].insert(renamed(param["name"]));
    for (const Json& predicate : generics["where_predicates"])
        if (predicate.contains("lifetime_predicate"))
            for (const Json& shorter : predicate["lifetime_predicate"]["outlives"])
                outlived_by[renamed(shorter)].insert(renamed(predicate["lifetime_predicate"]["lifetime"]));
}

// A parameter that a function only fills: left out of the call, its content is the result. What it starts as.
std::string filled_from(const TyRef& type) {
    if (type->kind != TyKind::kRef || !type->is_mut) return "";
    const Ty& inner = *type->args[0];
    if (inner.is_std_path("String")) return "String::new()";
    if (inner.is_std_path("Vec") && inner.args.at(0)->is_prim("u8")) return "Vec::<u8>::new()";
    if (inner.kind == TyKind::kArray && is_byte_array(inner)) return "[0u8; " + inner.name + "]";
    if (is_byte_array(inner)) return "Default::default()";
    return "";
}

// Results that say no more than that it was done, or how much.
bool is_bare(const Ty& type) {
    if (type.is_std_path("Result", "result")) return is_bare(*type.args.at(0));
    return type.is_unit() || type.is_prim("usize");
}

bool mentions(const Ty& type, const std::string& param) {
    return (type.kind == TyKind::kGeneric && type.name == param) ||
           std::any_of(type.args.begin(), type.args.end(), [&](const TyRef& arg) { return mentions(*arg, param); });
}

// Of a numeric type a parameter that any value would do for is a number, of the same kind first.
void take_numbers(TypeParam& param, const Ty& self) {
    if (!param.exact.empty() || param.synthetic) return;
    for (const Bound& bound : param.bounds)
        if (bound.is_fn || (bound.outlives.empty() && !is_marker(bound.trait))) return;
    const bool whole = std::any_of(self.args.begin(), self.args.end(), [](const TyRef& arg) { return arg->is_prim("i64"); });
    param.exact = {make_prim(whole ? "i64" : "f64"), make_prim(whole ? "f64" : "i64"), make_prim("bool")};
}

std::string parameter_name(const std::string& pattern, size_t index) {
    const bool plain =
        !pattern.empty() && pattern != "_" &&
        std::all_of(pattern.begin(), pattern.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    if (!plain) return "arg" + std::to_string(index);
    return pattern.starts_with("r#") ? pattern.substr(2) : pattern;
}

}  // namespace

Unit& Generator::unit(const ItemRef& item, const std::string& label) {
    Unit& entry = units_[item];
    if (entry.label.empty()) {
        entry.label = label;
        entry.own = item.crate == &main_;
    }
    return entry;
}

void Generator::refuse(const ItemRef& item, const std::string& label, const std::string& reason) {
    unit(item, label).reasons.insert(reason);
}

void Generator::skip(const std::string& item, const std::string& reason) {
    skipped_.push_back({item, reason});
}

void Generator::bind(const Binding& binding) {
    const Json& function = item_body(binding.unit.json());
    const Json& header = function["header"];
    unit(binding.unit, binding.name);
    try {
        if (header["is_unsafe"].get<bool>()) throw Unmapped{"unsafe fn"};
        const std::vector<size_t> asked = asked_of(binding);
        if (full() && asked.empty()) throw Unmapped{kFull};
        // A numeric type has each function once for each kind of number already.
        const bool numeric = binding.self && std::any_of(binding.self->args.begin(), binding.self->args.end(), [](const TyRef& arg) {
                                 return arg->is_prim("i64") || arg->is_prim("f64");
                             });
        // Late in a large crate what no instance offers yet comes first.
        const bool scarce = room_ == 0 && next_thunk_ >= (world_.crate("num_traits") != nullptr ? kPlentyOfNumbers : kPlentyOfThunks);
        if (scarce && asked.empty() && unit(binding.unit, binding.name).importable) return;
        const size_t few = scarce ? 2 : !numeric ? 16 : is_main(*binding.self) ? 6 : 2;
        Subst base = binding.subst;
        if (binding.self) base.types["Self"] = binding.self;
        const RustdocCrate& crate = *binding.unit.crate;
        normalizer_.current_impl = binding.impl;
        std::vector<TypeParam> params;
        if (binding.impl_generics != nullptr && binding.impl)
            params = instances_.params(*binding.impl->crate, *binding.impl_generics, base);
        const size_t outer = params.size();
        for (TypeParam& param : instances_.params(crate, function["generics"], base))
            if (!param.synthetic) params.push_back(std::move(param));
        std::vector<TypeParam> impls;
        std::vector<TyRef> written_types = {normalizer_.type(crate, function["sig"]["output"], base)};
        for (const Json& input : function["sig"]["inputs"]) {
            written_types.push_back(normalizer_.type(crate, input[1], base));
            collect_impls(*written_types.back(), impls);
        }
        instances_.take_defaults(params, written_types);
        if (numeric)
            for (TypeParam& param : params) take_numbers(param, *binding.self);
        std::vector<TypeParam> all = params;
        all.insert(all.end(), impls.begin(), impls.end());
        const std::vector<TypeParam> written(params.begin() + static_cast<std::ptrdiff_t>(outer), params.end());
        const auto fits = [&](const Subst& subst) {
            if (normalizer_.conditions(crate, function["generics"], subst) == Answer::kNo) return false;
            return binding.impl_generics == nullptr || !binding.impl ||
                   normalizer_.conditions(*binding.impl->crate, *binding.impl_generics, subst) != Answer::kNo;
        };
        if (!fits(base)) throw Unmapped{"the type does not meet the function's conditions"};
        // What only the result decides needs each kind of result for each kind of argument.
        const bool by_result = std::any_of(written.begin(), written.end(), [&](const TypeParam& param) {
            return !param.synthetic && mentions(*written_types.front(), param.name) &&
                   std::none_of(written_types.begin() + 1, written_types.end(), [&](const TyRef& type) { return mentions(*type, param.name); });
        });
        const size_t most = by_result && !scarce && !numeric && written.size() > 1 ? 24 : few;
        const auto bind_choice = [&](const Subst& subst) {
            normalizer_.current_impl = binding.impl;
            // What the impl's own parameters were chosen to be decides its associated types.
            if (normalizer_.current_impl) normalizer_.current_impl->subst.types.insert(subst.types.begin(), subst.types.end());
            bind_instance(binding, subst, written, impls.size());
        };
        std::vector<Subst> choices;
        try {
            choices = instances_.choose(all, base, most, fits);
        } catch (const Unmapped& why) {
            if (asked.empty()) throw;
            refuse(binding.unit, binding.name, why.reason);
        }
        if (choices.size() > most) choices.resize(most);
        for (const Subst& subst : choices) {
            try {
                bind_choice(subst);
            } catch (const Unmapped& why) {
                refuse(binding.unit, binding.name, why.reason);
            }
        }
        for (const size_t which : asked) bind_asked(which, all, outer, base, fits, bind_choice);
    } catch (const Unmapped& why) {
        refuse(binding.unit, binding.name, why.reason);
    }
    normalizer_.current_impl.reset();
}

// A type argument as a program writes it: samples[int](), render[svg.Color]().
std::string Generator::written_type(const Ty& type) {
    const Ty& bare = type.kind == TyKind::kRef ? *type.args[0] : type;
    if (bare.is_prim("f64") || bare.is_prim("f32")) return "float";
    if (is_integer(bare)) return "int";
    if (bare.is_prim("bool")) return "bool";
    if (bare.is_prim("str") || bare.is_prim("char") || bare.is_std_path("String")) return "str";
    return bare.kind == TyKind::kPath && !is_std(bare.path) && !is_dynamic(bare) && table_.is_handle(bare) ? names_.kayton_type(bare) : "";
}

// What a value gives that is a future: impl Future, a boxed one, a type of a crate that is one. Null for others.
TyRef Generator::awaited_output(const Ty& type) {
    const Ty* inner = &type;
    if (inner->is_std_path("Pin") && !inner->args.empty()) inner = inner->args[0].get();
    if (inner->is_std_path("Box") && !inner->args.empty()) inner = inner->args[0].get();
    for (const Bound& bound : inner->bounds) {
        if (bound.trait.empty() || !is_std(bound.trait) || bound.trait.back() != "Future") continue;
        const auto output = bound.assoc.find("Output");
        if (output != bound.assoc.end()) return output->second;
    }
    if (inner->kind != TyKind::kPath || is_std(inner->path)) return nullptr;
    Bound future;
    future.trait = {"core", "future", "future", "Future"};
    if (!normalizer_.find_impl(*inner, future.trait)) return nullptr;
    const TyRef output = normalizer_.associated(*inner, "Output", &future);
    return output && !mentions_generic(*output) ? output : nullptr;
}

void Generator::bind_instance(const Binding& binding, const Subst& subst, const std::vector<TypeParam>& params,
                              size_t impls) {
    const std::string stable = next_stable(binding.name);
    const RustdocCrate& crate = *binding.unit.crate;
    const Json& function = item_body(binding.unit.json());
    const Json& inputs = function["sig"]["inputs"];

    // Parameters, with a name for every elided lifetime.
    int fresh = 0;
    normalizer_.elided = [&fresh] { return "'e" + std::to_string(fresh++); };
    Subst without_params = subst;
    for (const TypeParam& param : params) without_params.types.erase(param.name);
    std::vector<TyRef> types;
    std::set<std::string> written_lifetimes;
    size_t next_impl = 0;
    for (const Json& input : inputs) {
        const int first = fresh;
        types.push_back(normalizer_.type(crate, input[1], subst));
        if (impls > 0) types.back() = replace_impls(types.back(), subst, next_impl);
        types.back() = normalizer_.settle(types.back());
        fresh = first;
        const TyRef bare = normalizer_.type(crate, input[1], without_params);
        for (const std::string& lifetime : lifetime_slots(*bare)) written_lifetimes.insert(lifetime);
        fresh = first + 64;
    }
    // Elision: the receiver's reference, else the only lifetime there is.
    const bool has_self = !inputs.empty() && inputs[0][0] == "self";
    std::string elided = "'unknown";
    if (has_self && types[0]->kind == TyKind::kRef)
        elided = types[0]->lifetimes[0];
    else if (written_lifetimes.size() == 1)
        elided = *written_lifetimes.begin();
    normalizer_.elided = [&elided] { return elided; };
    TyRef output = normalizer_.settle(normalizer_.type(crate, function["sig"]["output"], subst));
    // Futures are waited for where they are made.
    const TyRef awaited = awaited_output(*output);
    const bool waits = awaited != nullptr || function["header"]["is_async"].get<bool>();
    if (awaited) output = normalizer_.settle(awaited);
    normalizer_.elided = [] { return std::string("'_"); };

    CallMapper mapper(table_, binding.name);
    mapper.is_operator = binding.is_operator;
    collect_outlives(function["generics"], subst, mapper.outlived_by);
    if (binding.impl) collect_outlives((*binding.impl->impl)["generics"], subst, mapper.outlived_by);
    for (const auto& [one, other] : subst.equal_lifetimes) {
        mapper.outlived_by[one].insert(other);
        mapper.outlived_by[other].insert(one);
    }
    if (holds_handle(table_, *output)) {
        for (const std::string& lifetime : lifetime_slots(*output)) {
            mapper.result_lifetimes.insert(lifetime);
            mapper.result_lifetimes.insert(mapper.outlived_by[lifetime].begin(), mapper.outlived_by[lifetime].end());
            if (lifetime == "'unknown") throw Unmapped{"it is not known what the result borrows from"};
        }
    }
    if (has_self && types[0]->kind == TyKind::kRef) {
        mapper.self_type = types[0]->args[0];
        mapper.self_lifetime = types[0]->lifetimes[0];
    }
    ManifestFunction manifest;
    manifest.name = binding.name;
    manifest.stable = stable;
    manifest.owner = binding.owner;
    manifest.extension = binding.extension;
    manifest.doc = first_paragraph(binding.unit.json());
    manifest.rust = rust_signature(binding.unit.json());
    std::vector<Mapped> mapped;
    std::vector<TyRef> given;
    std::string arguments, lets, filled;
    for (size_t i = 0; i < types.size(); ++i) {
        const std::string x = "x" + std::to_string(i);
        arguments += (i == 0 ? "" : ", ") + x;
        const std::string start = (i == 0 && has_self) || !is_bare(*output) ? "" : filled_from(types[i]);
        if (!start.empty()) {
            if (!filled.empty()) throw Unmapped{"fills more than one argument"};
            filled = "o" + std::to_string(i);
            lets += "let mut " + filled + " = " + start + "; let " + x + " = &mut " + filled + "; ";
            continue;
        }
        given.push_back(types[i]);
        mapped.push_back(mapper.parameter(static_cast<int>(mapped.size()), types[i]));
        manifest.params.push_back(
            {i == 0 && has_self ? "self" : parameter_name(inputs[i][0].get<std::string>(), i), mapped.back().kayton});
        const std::string view = i == 0 ? binding.receiver_view : "";
        lets += "let " + x + " = " + view + mapped.back().code + "; ";
    }
    if (has_self) {
        const Ty& self = *types[0];
        manifest.receiver = self.kind != TyKind::kRef
                                ? (table_.is_copy(self) || (binding.is_operator && table_.is_clone(self)) ? ReceiverMode::kShared
                                                                                                          : ReceiverMode::kOwned)
                            : self.is_mut ? ReceiverMode::kExclusive
                                          : ReceiverMode::kShared;
    }
    mapper.finish_parameters(given);
    // A function of the program that the call runs must not reach what the call itself changes or looks at.
    const bool calls_back =
        std::any_of(mapped.begin(), mapped.end(), [](const Mapped& each) { return each.storage == "Fun"; });
    for (const auto& [place, changed] : mapper.lent_places)
        if (changed || calls_back)
            lets += "let _busy_" + place + " = busy(" + place + ", " + (changed ? "-1" : "1") + ", c\"" + binding.name + "\"); ";

    // Temporaries of `statements` come before the arguments that look at them.
    std::string turbofish;
    for (const TypeParam& param : params)
        turbofish += (turbofish.empty() ? "::<" : ", ") + names_.rust_type(*subst.types.at(param.name));
    if (!turbofish.empty()) turbofish += ">";
    for (const TypeParam& param : params) manifest.types.push_back(written_type(*subst.types.at(param.name)));
    if (std::all_of(manifest.types.begin(), manifest.types.end(), [](const std::string& text) { return text.empty(); })) manifest.types.clear();
    std::string call = binding.callee(subst) + turbofish + "(" + arguments + ")";
    if (waits) call = "wait(|| " + call + ")";
    else if (crate.name() == "tokio") call = "entered(|| " + call + ")";
    Mapped result;
    std::string code;
    switch (binding.protocol) {
        case Protocol::kCall:
            result = mapper.result(output, "r");
            code = result.code;
            if (!filled.empty()) {
                const bool text = std::any_of(types.begin(), types.end(), [](const TyRef& type) {
                    return type->kind == TyKind::kRef && type->is_mut && type->args[0]->is_std_path("String");
                });
                code = "{ " + code + "; " + (text ? "new_str(&" : "new_bytes(&") + filled + ") }";
                result = text ? Mapped{"str", "S", ""} : Mapped{"bytes", "B", ""};
            }
            break;
        case Protocol::kNext:
            if (!output->is_std_path("Option")) throw Unmapped{"an iterator without items"};
            result = mapper.result(output->args[0], "x");
            code = "match r { None => return Err(Exit::Stop), Some(x) => " + result.code + " }";
            manifest.iterator = true;
            break;
        case Protocol::kCompare:
            result = {"int", "i64", ""};
            code = "ord(r)";
            break;
        case Protocol::kPartial:
            result = {"int", "i64", ""};
            code = "partial(r)";
            break;
        case Protocol::kAssign:
            result = {mapped[0].kayton, "H", ""};
            code = "{ r; again(a0) }";
            mapper.returns_self = true;
            break;
    }
    manifest.result = result.kayton;
    manifest.raises = mapper.raises;
    manifest.returns_self = mapper.returns_self;
    manifest.borrows.assign(mapper.borrowed_params.begin(), mapper.borrowed_params.end());
    const std::string body = mapper.statements + lets + "let r = " + call + "; let w = " + code + "; " + mapper.after;
    int op_slot = -1;
    if (!binding.op.empty()) op_slot = table_.handle(binding.self);
    add_thunk(std::move(manifest), mapped, result, body, binding.unit, binding.op, op_slot);
}

// Whether a type is among the first instances of its definition.
bool Generator::is_main(const Ty& type) const {
    size_t before = 0;
    for (const TypeSlotEntry& entry : table_.entries()) {
        if (!entry.type || entry.type->path != type.path) continue;
        if (type_key(*entry.type) == type_key(type)) return true;
        if (++before >= kMainInstances) return false;
    }
    return true;
}

// Counting what rustc rejected too, so that every round stops at the same place.
bool Generator::full() const {
    return next_thunk_ >= std::max(kMostThunks, room_);
}

// Counted where a binding is tried, not where it is made: what one round leaves out must not rename the others.
std::string Generator::next_stable(const std::string& name) {
    const int turn = ++attempts_[name];
    return turn == 1 ? name : name + "#" + std::to_string(turn);
}

void Generator::add_thunk(ManifestFunction function, const std::vector<Mapped>& params, const Mapped& result,
                          const std::string& body, const ItemRef& item, const std::string& op, int op_slot) {
    std::string types;
    for (const ManifestParam& param : function.params) types += (types.empty() ? "" : ", ") + param.type;
    function.signature = "(" + types + ") -> " + function.result;
    const std::string stable = function.stable.empty() ? next_stable(function.name) : function.stable;
    function.stable = stable;
    const std::string rust = "t" + std::to_string(next_thunk_++);
    if (const auto out = request_.left_out.find(stable); out != request_.left_out.end()) {
        if (item)
            refuse(item, function.name, out->second);
        else
            skip(function.name, out->second);
        return;
    }
    // Values that only the result decides have one function for each.
    const auto [same, fresh] = signatures_.emplace(function.name + "(" + types + ") -> " + function.result, stable);
    repeated_ = !fresh;
    if (!fresh) {
        // A program that writes the name reaches the first: the same operation by another trait.
        if (item) unit(item, function.name).importable = true;
        return;
    }
    if (full()) {
        if (item)
            refuse(item, function.name, kFull);
        else
            skip(function.name, kFull);
        return;
    }
    std::string line = "unsafe extern \"C\" fn " + rust + "(";
    for (size_t i = 0; i < params.size(); ++i)
        line += fmt::format("a{}: {}{}, ", i, params[i].aggregate() ? "*const " : "", params[i].storage);
    line += "out: *mut " + result.storage + ") -> i32 { call(&mut || { " + body + "out.write(w); Ok(()) }) }";
    if (item) unit(item, function.name).importable = true;
    thunks_.push_back({stable, rust, std::move(line), std::move(function), item, op, op_slot});
}

}  // namespace kayton::bindgen
