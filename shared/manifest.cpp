#include "shared/manifest.h"

#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "shared/text_file.h"

namespace kayton {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr std::array<std::pair<ReceiverMode, const char*>, 4> kReceiverNames{{{ReceiverMode::kNone, "none"},
                                                                              {ReceiverMode::kShared, "shared"},
                                                                              {ReceiverMode::kExclusive, "exclusive"},
                                                                              {ReceiverMode::kOwned, "owned"}}};

// Reads the members of one JSON object; the first wrong one is kept with its place, and the rest are skipped.
class ObjectReader {
  public:
    ObjectReader(const Json& object, std::string place, std::string& problem)
        : object_(object), place_(std::move(place)), problem_(problem) {
        if (problem_.empty() && !object_.is_object()) problem_ = place_ + " is not an object";
    }

    void text(const char* name, std::string& out, bool required = false) {
        const Json* value = member(name, required);
        if (value == nullptr) return;
        if (!value->is_string()) return wrong(name, "a string");
        out = value->get_ref<const std::string&>();
    }

    void flag(const char* name, bool& out) {
        const Json* value = member(name, false);
        if (value == nullptr) return;
        if (!value->is_boolean()) return wrong(name, "true or false");
        out = value->get<bool>();
    }

    template <typename Integer>
    void number(const char* name, Integer& out, bool required = false) {
        const Json* value = member(name, required);
        if (value == nullptr) return;
        if (!value->is_number_integer() || value->get<int64_t>() < 0 || value->get<int64_t>() > INT32_MAX) {
            return wrong(name, "a whole number from 0");
        }
        out = static_cast<Integer>(value->get<int64_t>());
    }

    void texts(const char* name, std::vector<std::string>& out) {
        const Json* list = array(name);
        if (list == nullptr) return;
        out.reserve(list->size());
        for (const Json& item : *list) {
            if (!item.is_string()) return wrong(name, "a list of strings");
            out.push_back(item.get_ref<const std::string&>());
        }
    }

    void numbers(const char* name, std::vector<int>& out) {
        const Json* list = array(name);
        if (list == nullptr) return;
        for (const Json& item : *list) {
            if (!item.is_number_integer()) return wrong(name, "a list of whole numbers");
            out.push_back(item.get<int>());
        }
    }

    void receiver(const char* name, ReceiverMode& out) {
        std::string word;
        text(name, word);
        if (word.empty()) return;
        for (const auto& [mode, spelling] : kReceiverNames) {
            if (word == spelling) {
                out = mode;
                return;
            }
        }
        wrong(name, "one of none, shared, exclusive, owned");
    }

    // Calls read(reader, element) for each object of the list `name`.
    template <typename Element, typename Read>
    void objects(const char* name, std::vector<Element>& out, Read read) {
        const Json* list = array(name);
        if (list == nullptr) return;
        out.reserve(list->size());
        for (size_t i = 0; i < list->size(); ++i) {
            ObjectReader reader((*list)[i], place_ + "." + name + "[" + std::to_string(i) + "]", problem_);
            if (!problem_.empty()) return;
            read(reader, out.emplace_back());
            if (!problem_.empty()) return;
        }
    }

  private:
    const Json* member(const char* name, bool required) {
        if (!problem_.empty()) return nullptr;
        const auto found = object_.find(name);
        if (found != object_.end()) return &*found;
        if (required) problem_ = place_ + " has no `" + name + "`";
        return nullptr;
    }

    const Json* array(const char* name) {
        const Json* value = member(name, false);
        if (value != nullptr && !value->is_array()) {
            wrong(name, "a list");
            return nullptr;
        }
        return value;
    }

    void wrong(const char* name, const char* expected) {
        if (problem_.empty()) problem_ = place_ + "." + name + " is not " + expected;
    }

    const Json& object_;
    std::string place_;
    std::string& problem_;
};

// libs/<crate>/<version>/<target>/manifest.json names the crate even when the file itself says nothing.
std::string reinstall_remedy(const std::string& origin) {
    const std::filesystem::path crate_folder = std::filesystem::path(origin).parent_path().parent_path().parent_path();
    const bool in_environment = crate_folder.parent_path().filename() == "libs";
    return "Run: kik rinstall " + (in_environment ? crate_folder.filename().string() : std::string("CRATE"));
}

tl::unexpected<Error> corrupt(const std::string& origin, const std::string& reason) {
    return fail(ErrorKind::kInput, "manifest `" + origin + "` is corrupt: " + reason, reinstall_remedy(origin));
}

void read_param(ObjectReader& reader, ManifestParam& param) {
    reader.text("name", param.name, true);
    reader.text("type", param.type, true);
}

void read_function(ObjectReader& reader, ManifestFunction& function) {
    reader.text("name", function.name, true);
    reader.text("stable", function.stable, true);
    reader.text("owner", function.owner);
    reader.receiver("receiver", function.receiver);
    reader.flag("constant", function.constant);
    reader.flag("field", function.field);
    reader.flag("iterator", function.iterator);
    reader.flag("extension", function.extension);
    reader.flag("returns_self", function.returns_self);
    reader.texts("types", function.types);
    reader.objects("params", function.params, read_param);
    reader.text("result", function.result, true);
    reader.text("raises", function.raises);
    reader.numbers("borrows", function.borrows);
    reader.text("signature", function.signature, true);
    reader.text("doc", function.doc);
    reader.text("rust", function.rust);
}

void read_type(ObjectReader& reader, ManifestType& type) {
    reader.text("name", type.name, true);
    reader.text("rust", type.rust);
    reader.text("kind", type.kind, true);
    reader.flag("clone", type.clone);
    reader.flag("copy", type.copy);
    reader.flag("send", type.send);
    reader.flag("sync", type.sync);
    reader.flag("borrows", type.borrows);
    reader.texts("variants", type.variants);
    reader.texts("cases", type.cases);
    reader.texts("names", type.names);
    reader.texts("args", type.args);
    reader.text("doc", type.doc);
}

const char* receiver_name(ReceiverMode mode) {
    for (const auto& [known, spelling] : kReceiverNames) {
        if (known == mode) return spelling;
    }
    return "none";
}

// Members that hold their default are left out: a manifest is read at every start of a program that uses the crate.
void put(OrderedJson& object, const char* name, const std::string& value) {
    if (!value.empty()) object[name] = value;
}
void put(OrderedJson& object, const char* name, bool value) {
    if (value) object[name] = true;
}

OrderedJson function_json(const ManifestFunction& function) {
    OrderedJson json;
    json["name"] = function.name;
    json["stable"] = function.stable;
    put(json, "owner", function.owner);
    if (function.receiver != ReceiverMode::kNone) json["receiver"] = receiver_name(function.receiver);
    put(json, "constant", function.constant);
    put(json, "field", function.field);
    put(json, "iterator", function.iterator);
    put(json, "extension", function.extension);
    put(json, "returns_self", function.returns_self);
    if (!function.types.empty()) json["types"] = function.types;
    OrderedJson params = OrderedJson::array();
    for (const ManifestParam& param : function.params) {
        OrderedJson item;
        item["name"] = param.name;
        item["type"] = param.type;
        params.push_back(std::move(item));
    }
    json["params"] = std::move(params);
    json["result"] = function.result;
    put(json, "raises", function.raises);
    if (!function.borrows.empty()) json["borrows"] = function.borrows;
    json["signature"] = function.signature;
    put(json, "doc", function.doc);
    put(json, "rust", function.rust);
    return json;
}

OrderedJson type_json(const ManifestType& type) {
    OrderedJson json;
    json["name"] = type.name;
    put(json, "rust", type.rust);
    json["kind"] = type.kind;
    put(json, "clone", type.clone);
    put(json, "copy", type.copy);
    put(json, "send", type.send);
    put(json, "sync", type.sync);
    put(json, "borrows", type.borrows);
    if (!type.variants.empty()) json["variants"] = type.variants;
    if (!type.cases.empty()) json["cases"] = type.cases;
    if (!type.names.empty()) json["names"] = type.names;
    if (!type.args.empty()) json["args"] = type.args;
    put(json, "doc", type.doc);
    return json;
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view json, const std::string& origin) {
    Json root;
    try {
        root = Json::parse(json);
    } catch (const Json::exception& error) {
        return corrupt(origin, json_problem(json, error));
    }

    std::string problem;
    ObjectReader reader(root, "manifest", problem);
    int format = 0;
    reader.number("format", format, true);
    if (problem.empty() && format > kManifestFormat) {
        return fail(ErrorKind::kInput,
                    "manifest `" + origin + "` has format " + std::to_string(format) +
                        ", but this Kayton reads formats up to " + std::to_string(kManifestFormat),
                    "Install a newer Kayton, or reinstall the crate with this one. " + reinstall_remedy(origin));
    }

    Manifest manifest;
    reader.text("crate", manifest.crate, true);
    reader.text("package", manifest.package);
    reader.text("version", manifest.version, true);
    reader.texts("features", manifest.features);
    reader.number("abi_version", manifest.abi_version, true);
    reader.text("api_version", manifest.api_version);
    reader.text("target", manifest.target);
    reader.text("rustc", manifest.rustc);
    reader.text("rustc_commit", manifest.rustc_commit);
    reader.objects("types", manifest.types, read_type);
    reader.objects("functions", manifest.functions, read_function);
    reader.objects("aliases", manifest.aliases, [](ObjectReader& item, ManifestAlias& alias) {
        item.text("name", alias.name, true);
        item.text("target", alias.target, true);
    });
    reader.objects("skipped", manifest.skipped, [](ObjectReader& item, ManifestSkipped& skipped) {
        item.text("item", skipped.item, true);
        item.text("reason", skipped.reason, true);
    });
    reader.number("own_functions", manifest.own_functions);
    reader.number("own_importable", manifest.own_importable);
    reader.number("all_functions", manifest.all_functions);
    reader.number("all_importable", manifest.all_importable);
    if (!problem.empty()) return corrupt(origin, problem);

    if (manifest.package.empty()) manifest.package = manifest.crate;
    for (const ManifestFunction& function : manifest.functions) {
        for (int parameter : function.borrows) {
            if (parameter < 0 || static_cast<size_t>(parameter) >= function.params.size()) {
                return corrupt(origin, "`" + function.stable + "` borrows from a parameter it does not have");
            }
        }
    }
    return manifest;
}

Result<Manifest> read_manifest(const std::filesystem::path& file) {
    Result<std::string> text = read_text_file(file);
    if (!text) {
        Error error = text.error();
        error.remedy = reinstall_remedy(file.string());
        return tl::unexpected<Error>(std::move(error));
    }
    return parse_manifest(*text, file.string());
}

std::string manifest_to_json(const Manifest& manifest) {
    OrderedJson json;
    json["format"] = kManifestFormat;
    json["crate"] = manifest.crate;
    json["package"] = manifest.package;
    json["version"] = manifest.version;
    json["features"] = manifest.features;
    json["abi_version"] = manifest.abi_version;
    json["api_version"] = manifest.api_version;
    json["target"] = manifest.target;
    json["rustc"] = manifest.rustc;
    json["rustc_commit"] = manifest.rustc_commit;
    json["types"] = OrderedJson::array();
    for (const ManifestType& type : manifest.types) json["types"].push_back(type_json(type));
    json["functions"] = OrderedJson::array();
    for (const ManifestFunction& function : manifest.functions) json["functions"].push_back(function_json(function));
    if (!manifest.aliases.empty()) json["aliases"] = OrderedJson::array();
    for (const ManifestAlias& alias : manifest.aliases) {
        OrderedJson item;
        item["name"] = alias.name;
        item["target"] = alias.target;
        json["aliases"].push_back(std::move(item));
    }
    json["skipped"] = OrderedJson::array();
    for (const ManifestSkipped& skipped : manifest.skipped) {
        OrderedJson item;
        item["item"] = skipped.item;
        item["reason"] = skipped.reason;
        json["skipped"].push_back(std::move(item));
    }
    json["own_functions"] = manifest.own_functions;
    json["own_importable"] = manifest.own_importable;
    json["all_functions"] = manifest.all_functions;
    json["all_importable"] = manifest.all_importable;
    return json.dump(1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace kayton
