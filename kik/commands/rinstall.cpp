#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/cargo/install.h"
#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/commands/projects.h"
#include "kik/environment/layout.h"
#include "kik/environment/seal_folder.h"
#include "shared/seal.h"

namespace kayton::kik {
namespace {

struct Request {
    std::vector<std::string> crates;
    std::string version, features, folder, git, revision, branch, tag, registry;
    bool no_default_features = false;
};

// What --path, --git and --registry say, as CrateSpec::source.
Result<std::string> source_of(const Request& request) {
    const int places = !request.folder.empty() + !request.git.empty() + !request.registry.empty();
    if (places > 1) return fail(ErrorKind::kUsage, "--path, --git and --registry exclude one another");
    const int references = !request.revision.empty() + !request.branch.empty() + !request.tag.empty();
    if (references > 1 || (references == 1 && request.git.empty())) {
        return fail(ErrorKind::kUsage, "one of --rev, --branch and --tag goes with --git");
    }
    if (!request.registry.empty()) return "registry+" + request.registry;
    if (!request.folder.empty()) {
        std::error_code error;
        const std::filesystem::path folder = std::filesystem::canonical(request.folder, error);
        if (error) return fail(ErrorKind::kNotFound, "cannot open `" + request.folder + "`: " + error.message());
        return "path+" + folder.string();
    }
    if (request.git.empty()) return std::string();
    std::string source = "git+" + request.git;
    if (!request.revision.empty()) source += "?rev=" + request.revision;
    if (!request.branch.empty()) source += "?branch=" + request.branch;
    if (!request.tag.empty()) source += "?tag=" + request.tag;
    return source;
}

Result<std::vector<InstallRequest>> plan(const Request& request) {
    const Result<std::vector<std::string>> features = parse_features(request.features);
    if (!features) return tl::unexpected<Error>(features.error());
    const Result<std::string> source = source_of(request);
    if (!source) return tl::unexpected<Error>(source.error());
    std::vector<InstallRequest> installs;
    if (!request.folder.empty()) {
        if (!request.crates.empty() || !request.version.empty()) {
            return fail(ErrorKind::kUsage, "--path takes the crate's name and version from its Cargo.toml",
                        "Run: kik rinstall --path " + request.folder);
        }
        InstallRequest install;
        install.spec.source = *source;
        install.spec.features = *features;
        install.spec.default_features = !request.no_default_features;
        return std::vector<InstallRequest>{std::move(install)};
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
        spec->source = *source;
        spec->default_features = !request.no_default_features;
        InstallRequest install;
        install.spec = std::move(*spec);
        installs.push_back(std::move(install));
    }
    return installs;
}

Result<void> preview(Session& session, Installer& installer, const EnvironmentPlace& place,
                     const std::vector<InstallRequest>& installs) {
    std::vector<CrateChange> changes;
    const Result<Environment> environment = open_environment(place.name, place.root);
    if (!environment) return tl::unexpected<Error>(environment.error());
    for (const InstallRequest& install : installs) {
        const Result<Installer::Resolved> resolved = installer.resolve_only(install);
        if (!resolved) return tl::unexpected<Error>(resolved.error());
        const InstalledPlugin* before = environment->find(resolved->library);
        changes.push_back({resolved->library, before == nullptr ? "" : before->version,
                           resolved->resolution.root.version, install.spec.features});
    }
    return report_changes(session, place, changes, "Would install");
}

// Whether putting in what is staged would change nothing: the same build, asked for with the same words, and whole on disk.
bool is_there(const Environment& environment, const InstalledPlugin& staged) {
    const InstalledPlugin* there = environment.find(staged.crate);
    if (there == nullptr || there->contents.empty() || there->contents != contents_of(staged.folder)) return false;
    if (there->version != staged.version || there->requirement != staged.requirement || there->source != staged.source ||
        there->features != staged.features || there->instances != staged.instances || there->default_features != staged.default_features) {
        return false;
    }
    const Result<SealReport> seal = check_seal(there->folder);
    return seal && seal->whole();
}

Result<void> rinstall(Session& session, const Request& request) {
    const Result<std::vector<InstallRequest>> installs = plan(request);
    if (!installs) return tl::unexpected<Error>(installs.error());
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    return unchanged_on_failure(*place, [&]() -> Result<void> {
        const Result<Lock> lock = lock_environment(*place, session.command, session.say());
        if (!lock) return tl::unexpected<Error>(lock.error());
        Installer installer(*place, session.command, session.console);
        if (session.options.dry_run) return preview(session, installer, *place, *installs);
        if (Result<void> prepared = installer.prepare(); !prepared) return prepared;
        std::vector<InstalledPlugin> plugins;
        std::vector<std::string> lines;
        nlohmann::ordered_json json = nlohmann::ordered_json::array();
        const Result<Environment> before = open_environment(place->name, place->root);
        if (!before) return tl::unexpected<Error>(before.error());
        for (InstallRequest install : *installs) {
            // Instances that were asked for stay, whichever version comes.
            const auto there = std::find_if(before->plugins.begin(), before->plugins.end(), [&](const InstalledPlugin& plugin) {
                return plugin.package == install.spec.package || (!plugin.source.empty() && plugin.source == install.spec.source);
            });
            if (there != before->plugins.end()) install.spec.instances = there->instances;
            Result<StagedCrate> staged = installer.stage(install);
            if (!staged) {
                installer.clean();
                return tl::unexpected<Error>(staged.error());
            }
            const Manifest& manifest = staged->manifest;
            lines.push_back(" " + session.console.green("+") + " " + described(staged->plugin));
            json.push_back({{"crate", manifest.crate},
                            {"package", manifest.package},
                            {"version", manifest.version},
                            {"features", staged->plugin.features},
                            {"functions", manifest.functions.size()},
                            {"own_functions", manifest.own_functions},
                            {"own_importable", manifest.own_importable},
                            {"from_cache", staged->from_cache},
                            {"seconds", staged->seconds}});
            plugins.push_back(std::move(staged->plugin));
        }
        if (std::all_of(plugins.begin(), plugins.end(), [&](const auto& plugin) { return is_there(*before, plugin); })) {
            for (const InstalledPlugin& plugin : plugins)
                session.console.say(fmt::format("`{}` has {}: nothing to do", place->name, described(plugin)));
            installer.clean();
        } else {
            if (Result<void> done = installer.registry().install(plugins, session.command); !done) return done;
            session.console.say(fmt::format("Installed {} in `{}`", counted(lines.size(), "plugin"), place->name));
            for (const std::string& line : lines) session.console.say(line);
        }
        follow_in_project(session, *place, plugins, {});
        if (session.options.json) session.console.data(json.dump(2) + "\n");
        return {};
    });
}

}  // namespace

void add_rinstall(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("rinstall", "Install Rust crates into the active environment");
    auto request = std::make_shared<Request>();
    command->add_option("crate", request->crates, "Crates: regex, regex==1.11.1, regex==1.11.1[unicode]");
    command->add_option("--version", request->version, "A version or a range of versions, as in Cargo.toml");
    command->add_option("--features", request->features, "Features of the crate, separated by commas");
    command->add_flag("--no-default-features", request->no_default_features, "Only the features named");
    command->add_option("--path", request->folder, "A crate on this machine: a plugin, or any library");
    command->add_option("--git", request->git, "A git repository that holds the crate");
    command->add_option("--rev", request->revision, "With --git: a commit");
    command->add_option("--branch", request->branch, "With --git: a branch");
    command->add_option("--tag", request->tag, "With --git: a tag");
    command->add_option("--registry", request->registry, "A registry of cargo's own configuration");
    examples(command, {{"kik rinstall regex", "the newest version"},
                       {"kik rinstall regex==1.11.1[unicode] semver", "several at once, all or none"},
                       {"kik rinstall serde_json --version '>=1, <1.0.140'", "a range of versions"},
                       {"kik rinstall --path ../mycrate", "a crate on this machine"},
                       {"kik rinstall mycrate --git https://example.com/mycrate.git --tag v1.2", "from git"}});
    command->callback(
        [&session, request] { session.action = [&session, request] { return rinstall(session, *request); }; });
}

}  // namespace kayton::kik
