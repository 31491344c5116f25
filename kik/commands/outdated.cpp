// kik outdated, kik upgrade and kik search: what the registry has.
#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "kik/cargo/bridge.h"
#include "kik/cargo/index.h"
#include "kik/cargo/install.h"
#include "kik/cargo/near_names.h"
#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/commands/projects.h"
#include "kik/environment/layout.h"
#include "kik/project/lock_file.h"

namespace kayton::kik {
namespace {

using Json = nlohmann::ordered_json;

bool from_registry(const InstalledPlugin& plugin) {
    return plugin.source.empty() || plugin.source.rfind("registry+", 0) == 0;
}

Result<void> outdated(Session& session) {
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    const Result<Environment> environment = open_environment(place->name, place->root);
    if (!environment) return tl::unexpected<Error>(environment.error());
    std::vector<IndexedPackage> packages;
    for (const InstalledPlugin& plugin : environment->plugins) {
        if (from_registry(plugin)) packages.push_back({plugin.package, spec_of(plugin).registry()});
    }
    if (!packages.empty()) {
        const Result<Toolchain> toolchain = environment_toolchain(place->root);
        if (!toolchain) return tl::unexpected<Error>(toolchain.error());
        if (Result<void> asked = refresh_index(*toolchain, packages, session.console); !asked) return asked;
    }
    Json json = Json::array();
    std::string text;
    for (const InstalledPlugin& plugin : environment->plugins) {
        if (!from_registry(plugin)) continue;
        const std::vector<IndexVersion> versions = index_versions({plugin.package, spec_of(plugin).registry()});
        const std::string fits = newest_version(versions, spec_of(plugin).requirement());
        const std::string newest = newest_version(versions);
        const bool yanked = std::any_of(versions.begin(), versions.end(), [&](const IndexVersion& entry) {
            return entry.version == plugin.version && entry.yanked;
        });
        if ((newest.empty() || newest == plugin.version) && !yanked) continue;
        json.push_back({{"crate", plugin.crate},
                        {"installed", plugin.version},
                        {"fits", fits},
                        {"newest", newest},
                        {"requirement", spec_of(plugin).requirement()},
                        {"yanked", yanked}});
        text += fmt::format("{}  {}{}  fits {}: {}  newest: {}\n", plugin.crate, plugin.version,
                            yanked ? " (yanked)" : "", spec_of(plugin).requirement(), fits, newest);
    }
    session.console.data(session.options.json ? json.dump(2) + "\n" : text);
    if (json.empty()) session.console.say("Everything is up to date");
    else session.console.hint("`kik upgrade` installs the newest that fit");
    return {};
}

Result<void> upgrade(Session& session, const std::vector<std::string>& crates) {
    return with_installer(session, [&](const EnvironmentPlace& place, Installer& installer, const RegistryState& before) -> Result<void> {
        for (std::string crate : crates) {
            std::replace(crate.begin(), crate.end(), '-', '_');
            if (before.find(crate) == nullptr) return not_installed(crate, place.name);
        }
        std::vector<InstalledPlugin> fresh, after;
        for (const InstalledPlugin& plugin : before.plugins) {
            const bool wanted = crates.empty() || std::any_of(crates.begin(), crates.end(), [&](const auto& crate) {
                                    return crate == plugin.crate || crate == plugin.package;
                                });
            after.push_back(plugin);
            if (!wanted) continue;
            InstallRequest request;
            request.spec = spec_of(plugin);
            request.fresh = true;
            const Result<Installer::Resolved> resolved = installer.resolve_only(request);
            if (!resolved) return tl::unexpected<Error>(resolved.error());
            LockedCrate newest;
            newest.spec = request.spec;
            newest.crate = resolved->library;
            newest.version = resolved->resolution.root.version;
            newest.packages = packages_of(resolved->cargo_lock);
            if (fits(plugin, newest)) continue;
            after.back().version = newest.version;
            after.back().contents = "new";
            if (session.options.dry_run) continue;
            request.cargo_lock = newest.cargo_lock();
            Result<StagedCrate> staged = installer.stage(request);
            if (!staged) {
                installer.clean();
                return tl::unexpected<Error>(staged.error());
            }
            fresh.push_back(std::move(staged->plugin));
        }
        const std::vector<CrateChange> changes = changes_between(before.plugins, after);
        if (session.options.dry_run) return report_changes(session, place, changes, "Would upgrade");
        if (!fresh.empty()) {
            if (Result<void> done = installer.registry().install(fresh, session.command); !done) return done;
        }
        if (changes.empty() && !session.options.json) {
            session.console.say("Everything is up to date");
            return {};
        }
        if (Result<void> told = report_changes(session, place, changes, "Upgraded"); !told) return told;
        follow_in_project(session, place, fresh, {});
        return {};
    });
}

struct Search {
    std::string word;
    size_t limit = 20;
};

// Registries are asked for one name at a time, which is all that an index answers; other names are those that are known
// on this machine.
Result<void> search(Session& session, const Search& request) {
    const Result<CrateSpec> spec = parse_crate_spec(request.word);
    if (!spec) return tl::unexpected<Error>(spec.error());
    Result<Toolchain> toolchain = find_toolchain();
    if (!toolchain) return tl::unexpected<Error>(toolchain.error());
    const Result<void> asked = refresh_index(*toolchain, {{spec->package, ""}}, session.console);
    if (!asked && asked.error().kind != ErrorKind::kNotFound) return asked;
    std::vector<std::string> names;
    if (asked && !newest_version(index_versions({spec->package, ""})).empty()) names.push_back(spec->package);
    for (const std::string& name : known_packages(spec->package)) names.push_back(name);
    for (const std::string& name : near_names(spec->package)) names.push_back(name);
    std::vector<std::string> shown;
    Json json = Json::array();
    std::string text;
    for (const std::string& name : names) {
        if (shown.size() >= request.limit || std::find(shown.begin(), shown.end(), name) != shown.end()) continue;
        const std::vector<IndexVersion> versions = index_versions({name, ""});
        const std::string newest = newest_version(versions);
        shown.push_back(name);
        json.push_back({{"name", name}, {"newest", newest}, {"versions", versions.size()}});
        text += newest.empty() ? fmt::format("{}\n", name)
                               : fmt::format("{}  {}  ({})\n", name, newest, counted(versions.size(), "version"));
    }
    session.console.data(session.options.json ? json.dump(2) + "\n" : text);
    if (shown.empty()) {
        return fail(ErrorKind::kNotFound, "no crate of that or a similar name was found: `" + spec->package + "`",
                    session.options.offline ? "run the same command without --offline" : "");
    }
    return {};
}

}  // namespace

void add_outdated(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("outdated", "Show the installed crates that have newer versions");
    examples(command, {{"kik outdated", "what fits the request, and what is newest at all"},
                       {"kik outdated --offline", "by what cargo looked up last"}});
    command->callback([&session] { session.action = [&session] { return outdated(session); }; });
}

void add_upgrade(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("upgrade", "Install the newest versions that fit what was asked for");
    auto crates = std::make_shared<std::vector<std::string>>();
    command->add_option("crate", *crates, "Installed crates; without it all of them");
    examples(command, {{"kik upgrade --dry-run", "only show what would change"},
                       {"kik upgrade", "all crates, in one step"},
                       {"kik upgrade regex", "one crate"}});
    command->callback([&session, crates] { session.action = [&session, crates] { return upgrade(session, *crates); }; });
}

void add_search(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("search", "Look a crate up in the registry's index");
    auto request = std::make_shared<Search>();
    command->add_option("name", request->word, "A crate's name, or a part of one")->required();
    command->add_option("--limit", request->limit, "How many names to show at most");
    examples(command, {{"kik search regex", "its newest version, and names like it"},
                       {"kik search regex --offline", "by what cargo looked up last"}});
    command->callback([&session, request] { session.action = [&session, request] { return search(session, *request); }; });
}

}  // namespace kayton::kik
