#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "kik/cargo/near_names.h"
#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "shared/kayton_api.h"

namespace kayton::kik {
namespace {

using Json = nlohmann::ordered_json;

struct Request {
    std::string crate;
    std::string item;
    bool skipped = false;
};

// "fn name(a: int, b: str) -> regex.Match | None  raises regex.Error"
std::string kayton_signature(const ManifestFunction& function) {
    if (function.constant) return fmt::format("{}: {}", function.name, function.result);
    if (function.field) return fmt::format("{}: {}  (field)", function.name, function.result);
    std::string params;
    for (size_t i = 0; i < function.params.size(); ++i) {
        const ManifestParam& param = function.params[i];
        params += i == 0 ? "" : ", ";
        params += i == 0 && param.name == "self" ? param.name : param.name + ": " + param.type;
    }
    std::string text = fmt::format("{}({})", function.name, params);
    if (function.result != "None") text += " -> " + function.result;
    if (!function.raises.empty()) text += "  raises " + function.raises;
    return text;
}

// "regex.Regex.new" and "Regex.new", "new" all find it; so does a part of the name.
bool matches(const std::string& name, const std::string& item) {
    return name.find(item) != std::string::npos;
}

double coverage(const Manifest& manifest) {
    if (manifest.own_functions == 0) return 1;
    return static_cast<double>(manifest.own_importable) / manifest.own_functions;
}

Json function_json(const ManifestFunction& function) {
    return {{"name", function.name},
            {"signature", kayton_signature(function)},
            {"rust", function.rust},
            {"doc", function.doc}};
}

Json manifest_json(const Manifest& manifest, const Request& request) {
    Json json;
    json["crate"] = manifest.crate;
    json["version"] = manifest.version;
    json["features"] = manifest.features;
    json["functions"] = manifest.functions.size();
    json["types"] = manifest.types.size();
    json["own_functions"] = manifest.own_functions;
    json["own_importable"] = manifest.own_importable;
    json["coverage"] = coverage(manifest);
    json["items"] = Json::array();
    for (const ManifestFunction& function : manifest.functions) {
        if (request.item.empty() || matches(function.name, request.item))
            json["items"].push_back(function_json(function));
    }
    json["skipped"] = Json::array();
    for (const ManifestSkipped& skipped : manifest.skipped) {
        if (!request.item.empty() && !matches(skipped.item, request.item)) continue;
        json["skipped"].push_back({{"item", skipped.item}, {"reason", skipped.reason}});
    }
    return json;
}

std::string item_text(const Manifest& manifest, const Request& request) {
    std::string text;
    for (const ManifestType& type : manifest.types) {
        if (!matches(type.name, request.item)) continue;
        text += fmt::format("{} {}{}\n", type.kind, type.name, type.doc.empty() ? "" : "\n    " + type.doc);
        if (!type.variants.empty()) {
            text += "    variants:";
            for (const std::string& variant : type.variants) text += " " + variant;
            text += "\n";
        }
    }
    for (const ManifestFunction& function : manifest.functions) {
        if (!matches(function.name, request.item)) continue;
        text += kayton_signature(function) + "\n";
        if (!function.doc.empty()) text += "    " + function.doc + "\n";
        if (!function.rust.empty()) text += "    Rust: " + function.rust + "\n";
    }
    for (const ManifestSkipped& skipped : manifest.skipped) {
        if (matches(skipped.item, request.item)) {
            text += fmt::format("{}  not importable: {}\n", skipped.item, skipped.reason);
        }
    }
    return text;
}

std::string whole_text(const Manifest& manifest, const Request& request) {
    std::string text = fmt::format("{} {}\n", manifest.crate, manifest.version);
    text += fmt::format("built with rustc {}, plugin ABI {}\n", manifest.rustc, manifest.abi_version);
    text +=
        fmt::format("{}, {}; {} of the crate's own {} functions importable ({:.0f} %), {} skipped\n",
                    counted(manifest.types.size(), "type"), counted(manifest.functions.size(), "function"),
                    manifest.own_importable, manifest.own_functions, coverage(manifest) * 100, manifest.skipped.size());
    if (!request.skipped) {
        std::map<std::string, std::vector<const ManifestFunction*>> by_owner;
        for (const ManifestFunction& function : manifest.functions) by_owner[function.owner].push_back(&function);
        for (const auto& [owner, functions] : by_owner) {
            text += "\n" + (owner.empty() ? std::string("functions") : owner) + "\n";
            for (const ManifestFunction* function : functions) text += "  " + kayton_signature(*function) + "\n";
        }
    }
    if (!manifest.skipped.empty()) {
        text += "\nskipped\n";
        for (const ManifestSkipped& skipped : manifest.skipped)
            text += fmt::format("  {}: {}\n", skipped.item, skipped.reason);
    }
    return text;
}

Result<void> crate_info(Session& session, const Environment& environment, const Request& request) {
    std::string crate = request.crate;
    std::replace(crate.begin(), crate.end(), '-', '_');
    const InstalledPlugin* plugin = environment.find(crate);
    if (plugin == nullptr) return not_installed(request.crate, environment.name);
    const Result<Manifest> manifest = read_manifest(plugin->manifest());
    if (!manifest) return tl::unexpected<Error>(manifest.error());
    if (session.options.json) {
        session.console.data(manifest_json(*manifest, request).dump(2, ' ', false, Json::error_handler_t::replace) +
                             "\n");
        return {};
    }
    if (request.item.empty()) {
        session.console.data(whole_text(*manifest, request));
        return {};
    }
    const std::string text = item_text(*manifest, request);
    if (text.empty()) {
        std::vector<std::string> names;
        for (const ManifestFunction& function : manifest->functions) {
            names.push_back(function.name.substr(function.name.rfind('.') + 1));
        }
        const std::vector<std::string> near = closest(request.item.substr(request.item.rfind('.') + 1), names);
        return fail(ErrorKind::kNotFound, "`" + crate + "` " + manifest->version + " has no `" + request.item + "`",
                    near.empty() ? "Run: kik info " + crate : "did you mean `" + near.front() + "`?");
    }
    session.console.data(text);
    return {};
}

Result<void> info(Session& session, const Request& request) {
    const Result<Environment> environment = opened_environment();
    if (!environment) return tl::unexpected<Error>(environment.error());
    if (!request.crate.empty()) return crate_info(session, *environment, request);
    const Result<EnvironmentRecord> record = read_record(environment->root);
    if (!record) {
        if (is_environment(environment->root)) return tl::unexpected<Error>(record.error());
        return fail(ErrorKind::kNotFound, "the environment `" + environment->name + "` has not been made yet",
                    "Run: kik create " + environment->name);
    }
    if (session.options.json) {
        const Json json = {{"name", environment->name},
                           {"path", environment->root.string()},
                           {"kayton", record->kayton},
                           {"abi_version", record->abi_version},
                           {"target", record->target},
                           {"created", record->created},
                           {"crates", environment->plugins.size()}};
        session.console.data(json.dump(2) + "\n");
        return {};
    }
    session.console.data(
        fmt::format("name     {}\npath     {}\nkayton   {}, plugin ABI {}\ntarget   {}\ncreated  {}\ncrates   {}\n",
                    environment->name, environment->root.string(), record->kayton, record->abi_version, record->target,
                    record->created, environment->plugins.size()));
    return {};
}

}  // namespace

void add_info(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("info", "Show what a crate offers to Kayton programs, and what was left out");
    auto request = std::make_shared<Request>();
    command->add_option("crate", request->crate, "An installed crate; without it, the environment itself");
    command->add_option("item", request->item, "A type or function of it");
    command->add_flag("--skipped", request->skipped, "Only what was left out, with the reasons");
    examples(command, {{"kik info", "the active environment"},
                       {"kik info regex", "every function of a crate, with its Kayton signature"},
                       {"kik info regex Regex.find", "one of them, with its documentation"},
                       {"kik info regex --skipped", "what cannot be imported, and why"}});
    command->callback(
        [&session, request] { session.action = [&session, request] { return info(session, *request); }; });
}

}  // namespace kayton::kik
