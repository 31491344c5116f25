// Generator: public callable units that the walk did not meet, and the signatures shown for what was met.
#include "kik/bindgen/generator.h"

namespace kayton::bindgen {

namespace {

std::string show(const Json& type);

std::string show_args(const Json& args) {
    if (!args.is_object()) return "";
    std::string out;
    if (args.contains("angle_bracketed")) {
        for (const Json& arg : args["angle_bracketed"]["args"]) {
            out += out.empty() ? "" : ", ";
            if (!arg.is_object())
                out += "_";
            else if (arg.contains("type"))
                out += show(arg["type"]);
            else if (arg.contains("lifetime"))
                out += arg["lifetime"].get<std::string>();
            else
                out += arg["const"]["expr"].get<std::string>();
        }
        for (const Json& constraint : args["angle_bracketed"]["constraints"]) {
            out += (out.empty() ? "" : ", ") + constraint["name"].get<std::string>();
            const Json& binding = constraint["binding"];
            if (binding.contains("equality") && binding["equality"].contains("type"))
                out += " = " + show(binding["equality"]["type"]);
        }
        return out.empty() ? "" : "<" + out + ">";
    }
    if (args.contains("parenthesized")) {
        for (const Json& input : args["parenthesized"]["inputs"]) out += (out.empty() ? "" : ", ") + show(input);
        const Json& output = args["parenthesized"]["output"];
        return "(" + out + ")" + (output.is_null() ? "" : " -> " + show(output));
    }
    return "";
}

std::string show_path(const Json& path) {
    const std::string full = path["path"].get<std::string>();
    const size_t colon = full.rfind("::");
    return (colon == std::string::npos ? full : full.substr(colon + 2)) + show_args(path.value("args", Json()));
}

std::string show_bounds(const Json& bounds) {
    std::string out;
    for (const Json& bound : bounds) {
        if (bound.contains("trait_bound")) {
            const std::string mark = bound["trait_bound"].value("modifier", "none") == "maybe" ? "?" : "";
            out += (out.empty() ? "" : " + ") + mark + show_path(bound["trait_bound"]["trait"]);
        } else if (bound.contains("outlives")) {
            out += (out.empty() ? "" : " + ") + bound["outlives"].get<std::string>();
        }
    }
    return out;
}

std::string show(const Json& type) {
    if (type.is_null()) return "()";
    if (type.is_string()) return "_";
    const std::string& kind = type.begin().key();
    const Json& body = type.begin().value();
    if (kind == "primitive" || kind == "generic") return body.get<std::string>();
    if (kind == "borrowed_ref")
        return "&" + (body["lifetime"].is_null() ? "" : body["lifetime"].get<std::string>() + " ") +
               (body["is_mutable"].get<bool>() ? "mut " : "") + show(body["type"]);
    if (kind == "slice") return "[" + show(body) + "]";
    if (kind == "array") return "[" + show(body["type"]) + "; " + body["len"].get<std::string>() + "]";
    if (kind == "tuple") {
        std::string out;
        for (const Json& member : body) out += (out.empty() ? "" : ", ") + show(member);
        return "(" + out + ")";
    }
    if (kind == "resolved_path") return show_path(body);
    if (kind == "impl_trait") return "impl " + show_bounds(body);
    if (kind == "dyn_trait") {
        std::string out;
        for (const Json& entry : body["traits"]) out += (out.empty() ? "" : " + ") + show_path(entry["trait"]);
        return "dyn " + out;
    }
    if (kind == "qualified_path") return show(body["self_type"]) + "::" + body["name"].get<std::string>();
    if (kind == "raw_pointer")
        return "*" + std::string(body["is_mutable"].get<bool>() ? "mut " : "const ") + show(body["type"]);
    return "fn(..)";
}

}  // namespace

std::string rust_signature(const Json& function_item) {
    const Json& function = item_body(function_item);
    std::string generics, params;
    for (const Json& param : function["generics"]["params"]) {
        const Json& kind = param["kind"];
        if (kind.contains("type") && kind["type"]["is_synthetic"].get<bool>()) continue;
        generics += (generics.empty() ? "" : ", ") + param["name"].get<std::string>();
        if (!kind.contains("type")) continue;
        const std::string bounds = show_bounds(kind["type"]["bounds"]);
        if (!bounds.empty()) generics += ": " + bounds;
    }
    for (const Json& input : function["sig"]["inputs"]) {
        const std::string name = input[0].get<std::string>();
        std::string shown = show(input[1]);
        if (name == "self" && shown == "Self")
            shown = "self";
        else if (name == "self" && shown.starts_with("&") && shown.ends_with("Self"))
            shown = shown.substr(0, shown.size() - 4) + "self";
        else
            shown = name + ": " + shown;
        params += (params.empty() ? "" : ", ") + shown;
    }
    std::string out =
        "fn " + item_name(function_item) + (generics.empty() ? "" : "<" + generics + ">") + "(" + params + ")";
    if (!function["sig"]["output"].is_null()) out += " -> " + show(function["sig"]["output"]);
    return out;
}

void Generator::collect_unseen_units() {
    for (const auto& [item, path] : public_names_) {
        const std::string& kind = item_kind(item.json());
        const std::string name = join(path, ".");
        if (item.crate != &main_ && path.size() > 3) continue;
        if (kind == "struct" || kind == "enum" || kind == "union") {
            const TyRef plain = plain_instance(item);
            const bool error = plain && table_.is_error(*plain);
            for (const Json& id : item_body(item.json())["impls"]) {
                const Json* impl_item = item.crate->item(id.get<int>());
                if (impl_item == nullptr) continue;
                const Json& impl = item_body(*impl_item);
                if (impl["is_synthetic"].get<bool>() || impl["blanket_impl"].is_object()) continue;
                std::string trait;
                if (!impl["trait"].is_null()) trait = item.crate->canonical(impl["trait"]["id"].get<int>()).back();
                if (trait == "Drop") continue;
                for (const Json& member_id : impl["items"]) {
                    const ItemRef member{item.crate, member_id.get<int>()};
                    if (item.crate->item(member.id) == nullptr || item_kind(member.json()) != "function") continue;
                    if (trait.empty() && member.json()["visibility"] != "public") continue;
                    if (units_.contains(member)) continue;
                    const std::string label = name + "." + item_name(member.json());
                    if (error && (trait == "Display" || trait == "Debug"))
                        unit(member, label).importable = true;
                    else if (error)
                        refuse(member, label, name + " is an exception class that no importable function raises");
                    else if (impl["for"].contains("resolved_path") &&
                             world_.resolve(*item.crate, impl["for"]["resolved_path"]["id"].get<int>()) == item)
                        refuse(member, label, "no instance of " + name + " is used by the crate's functions");
                    else
                        refuse(member, label, "an impl for another type than " + name);
                }
            }
        } else if (kind == "trait") {
            for (const Json& id : item_body(item.json())["items"]) {
                const ItemRef member{item.crate, id.get<int>()};
                if (item.crate->item(member.id) == nullptr || item_kind(member.json()) != "function") continue;
                if (!item_body(member.json())["has_body"].get<bool>() || units_.contains(member)) continue;
                refuse(member, name + "." + item_name(member.json()), "no type that can be bound implements the trait");
            }
        }
    }
}

}  // namespace kayton::bindgen
