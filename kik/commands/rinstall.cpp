#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/cargo/install.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"

namespace kayton::kik {
namespace {

struct Request {
    std::vector<std::string> crates;
    std::string version;
    std::string features;
    std::string folder;
};

std::string described(const Manifest& manifest) {
    std::string features;
    for (const std::string& feature : manifest.features) features += (features.empty() ? "" : ", ") + feature;
    return manifest.crate + " " + manifest.version + (features.empty() ? "" : " (" + features + ")");
}

Result<std::vector<InstallRequest>> plan(const Session& session, const Request& request) {
    const Result<std::vector<std::string>> features = parse_features(request.features);
    if (!features) return tl::unexpected<Error>(features.error());
    std::vector<InstallRequest> installs;
    if (!request.folder.empty()) {
        if (!request.crates.empty() || !request.version.empty()) {
            return fail(ErrorKind::kUsage, "--path takes the crate's name and version from its Cargo.toml",
                        "Run: kik rinstall --path " + request.folder);
        }
        std::error_code error;
        InstallRequest install;
        install.local = std::filesystem::canonical(request.folder, error);
        if (error) return fail(ErrorKind::kNotFound, "cannot open `" + request.folder + "`: " + error.message());
        install.spec.features = *features;
        install.command = session.command;
        installs.push_back(std::move(install));
        return installs;
    }
    if (request.crates.empty()) {
        return fail(ErrorKind::kUsage, "which crate?", "Write it like kik rinstall regex, or kik rinstall --path DIR");
    }
    for (const std::string& text : request.crates) {
        Result<CrateSpec> spec = parse_crate_spec(text);
        if (!spec) return tl::unexpected<Error>(spec.error());
        if (!request.version.empty()) {
            if (request.crates.size() > 1)
                return fail(ErrorKind::kUsage, "--version is for one crate; write CRATE==VERSION");
            if (!spec->version.empty()) return fail(ErrorKind::kUsage, "the version is given twice");
            Result<CrateSpec> versioned = parse_crate_spec(spec->package + "@" + request.version);
            if (!versioned) return tl::unexpected<Error>(versioned.error());
            spec->version = versioned->version;
        }
        spec->features.insert(spec->features.end(), features->begin(), features->end());
        InstallRequest install;
        install.spec = std::move(*spec);
        install.command = session.command;
        installs.push_back(std::move(install));
    }
    return installs;
}

Result<void> rinstall(Session& session, const Request& request) {
    const Result<std::vector<InstallRequest>> installs = plan(session, request);
    if (!installs) return tl::unexpected<Error>(installs.error());
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());

    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    std::vector<std::string> lines;
    for (const InstallRequest& install : *installs) {
        const Result<InstallSummary> summary = install_crate(*place, install, session.console);
        if (!summary) return tl::unexpected<Error>(summary.error());
        const Manifest& manifest = summary->manifest;
        lines.push_back(" " + session.console.green("+") + " " + described(manifest));
        json.push_back({{"crate", manifest.crate},
                        {"package", manifest.package},
                        {"version", manifest.version},
                        {"features", manifest.features},
                        {"functions", manifest.functions.size()},
                        {"own_functions", manifest.own_functions},
                        {"own_importable", manifest.own_importable},
                        {"from_cache", summary->from_cache},
                        {"seconds", summary->seconds}});
    }
    session.console.say(fmt::format("Installed {} in `{}`", counted(lines.size(), "plugin"), place->name));
    for (const std::string& line : lines) session.console.say(line);
    if (session.options.json) session.console.data(json.dump(2) + "\n");
    return {};
}

}  // namespace

void add_rinstall(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("rinstall", "Install Rust crates into the active environment");
    auto request = std::make_shared<Request>();
    command->add_option("crate", request->crates, "Crates: regex, regex==1.11.1, regex==1.11.1[unicode]");
    command->add_option("--version", request->version, "A version or a range of versions, as in Cargo.toml");
    command->add_option("--features", request->features, "Features of the crate, separated by commas");
    command->add_option("--path", request->folder, "A crate on this machine: a plugin, or any library");
    command->callback(
        [&session, request] { session.action = [&session, request] { return rinstall(session, *request); }; });
}

}  // namespace kayton::kik
