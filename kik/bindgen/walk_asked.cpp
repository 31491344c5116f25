// Generator: the instances that a person asked for, beside those that were chosen. They come behind the others of their
// name, so that programs from before mean what they meant.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "kik/bindgen/everyday_types.h"
#include "kik/bindgen/generator.h"

namespace kayton::bindgen {

namespace {

constexpr int kRoomOfType = 1500;   // thunks, beyond what a wrapper holds
constexpr int kRoomOfFunction = 16;
constexpr size_t kMostForms = 16;

bool ends_with_path(const std::string& name, const std::string& path) {
    return name == path || name.ends_with("." + path);
}

}  // namespace

// The item that a program calls so; the shortest path wins.
ItemRef Generator::find_public(const std::string& name, bool types) const {
    ItemRef best;
    size_t length = SIZE_MAX;
    for (const auto& [item, path] : public_names_) {
        const std::string& kind = item_kind(item.json());
        const bool fits = kind == "struct" || kind == "enum" || kind == "type_alias" || (!types && kind == "function");
        if (!fits || path.size() >= length || !ends_with_path(join(path, "."), name)) continue;
        best = item;
        length = path.size();
    }
    return best;
}

TyRef Generator::asked_type(const AskedType& asked) {
    if (asked.optional) {
        AskedType inner = asked;
        inner.optional = false;
        return make_path({"core", "option", "Option"}, {asked_type(inner)});
    }
    std::vector<TyRef> args;
    for (const AskedType& argument : asked.args) args.push_back(asked_type(argument));
    const auto takes = [&](size_t count) {
        if (args.size() != count) throw Unmapped{"`" + asked.name + "` takes " + std::to_string(count) + " types in brackets"};
    };
    static const std::set<std::string> rust = {"i8",  "i16", "i32",   "i64",   "i128", "isize", "u8",   "u16",
                                               "u32", "u64", "u128", "usize", "f32",  "f64",   "bool", "char"};
    if (asked.name == "list") return takes(1), vec_of(args[0]);
    if (asked.name == "dict") return takes(2), make_path({"std", "collections", "hash", "map", "HashMap"}, args);
    if (asked.name == "set") return takes(1), make_path({"std", "collections", "hash", "set", "HashSet"}, args);
    if (asked.name == "tuple") return make_tuple(args);
    if (const ItemRef item = find_public(asked.name, true)) {
        if (!item_body(item.json())["generics"]["params"].empty()) return asked_instance(item, args, asked.name).first;
        takes(0);
        if (item_kind(item.json()) == "type_alias") return normalizer_.settle(normalizer_.type(*item.crate, item_body(item.json())["type"], {}));
        return make_path(item.crate->canonical(item.id));
    }
    takes(0);
    if (asked.name == "int") return make_prim("i64");
    if (asked.name == "float") return make_prim("f64");
    if (asked.name == "str") return string_type();
    if (asked.name == "bytes") return vec_of(make_prim("u8"));
    if (asked.name == "None") return make_tuple({});
    if (asked.name == "Dynamic") return make_dynamic("0");
    if (rust.contains(asked.name)) return make_prim(asked.name);
    // "ndarray.Array2_f64", as errors call an instance.
    for (const TypeSlotEntry& entry : table_.entries())
        if (entry.kind == SlotKind::kHandle && entry.type && ends_with_path(entry.name, asked.name)) return entry.type;
    throw Unmapped{"`" + asked.name + "` is no type of `" + request_.crate + "`"};
}

// A generic struct, enum or alias with these arguments, and those of them that are not its defaults.
std::pair<TyRef, std::vector<TyRef>> Generator::asked_instance(const ItemRef& item, const std::vector<TyRef>& args,
                                                               const std::string& name) {
    const Json& body = item_body(item.json());
    Subst choice;
    std::vector<TyRef> given, shown;
    std::vector<std::string> lifetimes;
    size_t next = 0;
    for (const Json& param : body["generics"]["params"]) {
        const Json& kind = param["kind"];
        if (kind.contains("lifetime")) {
            lifetimes.push_back("'s" + std::to_string(lifetimes.size()));
            continue;
        }
        if (!kind.contains("type")) throw Unmapped{"`" + name + "` has a parameter that is a number"};
        TyRef type;
        if (next < args.size()) {
            shown.push_back(type = args[next++]);
        } else if (!kind["type"]["default"].is_null()) {
            type = normalizer_.settle(normalizer_.type(*item.crate, kind["type"]["default"], choice));
        } else {
            throw Unmapped{"`" + name + "` has more parameters than " + std::to_string(args.size())};
        }
        choice.types[param["name"].get<std::string>()] = type;
        given.push_back(type);
    }
    if (next < args.size()) throw Unmapped{"`" + name + "` has only " + std::to_string(next) + " parameters"};
    if (normalizer_.conditions(*item.crate, body["generics"], choice) == Answer::kNo)
        throw Unmapped{"the types do not meet the conditions of `" + name + "`"};
    if (item_kind(item.json()) != "type_alias") return {make_path(item.crate->canonical(item.id), given, lifetimes), shown};
    const auto outer = std::exchange(normalizer_.elided, [count = 0]() mutable { return "'s" + std::to_string(count++); });
    const TyRef type = normalizer_.settle(normalizer_.type(*item.crate, body["type"], choice));
    normalizer_.elided = outer;
    if (type->kind != TyKind::kPath || mentions_generic(*type)) throw Unmapped{"`" + name + "` stands for no type of its own"};
    normalizer_.aliases.emplace(type_key(*type), AliasUse{item, given});
    return {type, shown};
}

void Generator::read_asked() {
    for (const std::string& words : request_.instances) {
        const Result<AskedType> parsed = parse_asked_instance(words);
        if (!parsed) throw std::invalid_argument(parsed.error().message);
        asked_.push_back({*parsed, {}, "", -1, false, false});
        const std::string prefix = request_.crate + ".";
        if (std::string& name = asked_.back().type.name; name.starts_with(prefix)) name.erase(0, prefix.size());
    }
}

void Generator::visit_asked_types() {
    for (Asked& asked : asked_) {
        const ItemRef item = find_public(asked.type.name, true);
        if (!item) continue;
        table_.unlimited = true;
        room_ = std::max(room_, next_thunk_ + kRoomOfType);
        try {
            std::vector<TyRef> args;
            for (const AskedType& argument : asked.type.args) args.push_back(asked_type(argument));
            if (item_body(item.json())["generics"]["params"].empty()) throw Unmapped{"`" + asked.type.name + "` is not generic"};
            const auto [type, shown] = asked_instance(item, args, asked.type.name);
            if (table_.is_error(*type)) throw Unmapped{"an exception class has one instance"};
            asked.slot = table_.handle(type);
            name_instance(type, names_.public_path(item), shown);
        } catch (const Unmapped& why) {
            asked.reason = why.reason;
        }
        table_.unlimited = false;
    }
    visit_pending_types();
    room_ = 0;
}

std::vector<size_t> Generator::asked_of(const Binding& binding) {
    std::vector<size_t> out;
    if (asked_.empty()) return out;
    const size_t dot = binding.name.rfind('.');
    std::vector<std::string> names = {binding.name};
    if (binding.self && table_.is_handle(*binding.self) && !table_.is_error(*binding.self))
        for (const std::string& of : instance_names_[table_.handle(binding.self)].names) names.push_back(of + binding.name.substr(dot));
    for (size_t i = 0; i < asked_.size(); ++i)
        if (std::any_of(names.begin(), names.end(), [&](const std::string& name) { return ends_with_path(name, asked_[i].type.name); }))
            out.push_back(i);
    return out;
}

void Generator::bind_asked(size_t which, const std::vector<TypeParam>& params, size_t own, const Subst& base,
                           const Instances::Fits& fits, const BindChoice& bind_choice) {
    Asked& asked = asked_[which];
    asked.met = true;
    room_ = next_thunk_ + kRoomOfFunction;
    table_.unlimited = true;
    const size_t before = thunks_.size();
    try {
        // What is meant are the function's own parameters; a reference where only that has the trait.
        std::vector<TypeParam> open(params.begin() + static_cast<std::ptrdiff_t>(own), params.end());
        std::vector<TypeParam> rest(params.begin(), params.begin() + static_cast<std::ptrdiff_t>(own));
        if (asked.type.args.size() > open.size()) {
            throw Unmapped{open.empty() ? "it is not generic" : "it has only " + std::to_string(open.size()) + " parameters"};
        }
        std::vector<Subst> choices = {base};
        for (size_t i = 0; i < asked.type.args.size(); ++i) {
            const TyRef type = asked_type(asked.type.args[i]);
            std::vector<TyRef> forms = {type, make_ref(type->is_std_path("String") ? make_prim("str") : type, "'given")};
            if (type->is_std_path("Vec")) forms.back() = make_ref(make_slice(type->args[0]), "'given");
            std::vector<Subst> longer;
            for (const Subst& choice : choices)
                for (const TyRef& form : forms) {
                    Subst more = choice;
                    more.types[open[i].name] = form;
                    if (longer.size() < kMostForms && fits(more)) longer.push_back(std::move(more));
                }
            choices = std::move(longer);
        }
        rest.insert(rest.end(), open.begin() + static_cast<std::ptrdiff_t>(asked.type.args.size()), open.end());
        if (choices.empty()) throw Unmapped{"the types do not meet its conditions"};
        for (const Subst& choice : choices) {
            try {
                for (const Subst& whole : instances_.choose(rest, choice, kMostForms, fits)) {
                    repeated_ = false;
                    bind_choice(whole);
                    asked.there = asked.there || repeated_;
                }
            } catch (const Unmapped& why) {
                asked.reason = why.reason;
            }
        }
    } catch (const Unmapped& why) {
        asked.reason = why.reason;
    }
    for (size_t i = before; i < thunks_.size(); ++i) asked.thunks.insert(thunks_[i].id);
    table_.unlimited = false;
    room_ = 0;
}

// REQUIRES: take_removed() was called.
std::map<std::string, std::string> Generator::missing_instances() {
    std::map<std::string, std::string> out;
    for (size_t i = 0; i < asked_.size(); ++i) {
        const Asked& asked = asked_[i];
        const bool made = asked.there ? true : asked.slot >= 0 ? !is_removed(table_.entries()[static_cast<size_t>(asked.slot)])
                                          : std::any_of(thunks_.begin(), thunks_.end(), [&](const Thunk& thunk) { return asked.thunks.contains(thunk.id); });
        if (made) continue;
        std::string reason = asked.reason;
        for (const auto* rejected : {&request_.removed, &request_.left_out})
            for (const auto& [id, why] : *rejected)
                if (reason.empty() && asked.met && ends_with_path(id.substr(0, id.find('#')), asked.type.name)) reason = why;
        if (reason.empty()) reason = asked.met ? "it is not importable" : "`" + request_.crate + "` has no generic item of that name";
        out[request_.instances[i]] = reason;
    }
    return out;
}

}  // namespace kayton::bindgen
