#include <algorithm>
#include <memory>

#include "kik/bindgen/asked_instances.h"
#include "kik/cargo/install.h"
#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/commands/projects.h"
#include "kik/environment/layout.h"
#include "kik/project/lock_file.h"

namespace kayton::kik {
namespace {

struct Request {
    std::string crate;
    std::vector<std::string> instances;
    bool remove = false;
};

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "`" : ", `") + word + "`";
    return text;
}

// The plugin's request with the instances added or taken out, each once, as they are written.
Result<CrateSpec> changed_spec(const InstalledPlugin& plugin, const Request& request) {
    CrateSpec spec = spec_of(plugin);
    for (const std::string& words : request.instances) {
        const Result<bindgen::AskedType> parsed = bindgen::parse_asked_instance(words);
        if (!parsed) return tl::unexpected<Error>(parsed.error());
        std::string text = parsed->text();
        // `regex.f[int]` is `f[int]` of regex.
        if (text.rfind(plugin.crate + ".", 0) == 0) text.erase(0, plugin.crate.size() + 1);
        const auto there = std::find(spec.instances.begin(), spec.instances.end(), text);
        if (request.remove && there == spec.instances.end()) {
            return fail(ErrorKind::kNotFound, "`" + plugin.crate + "` was not asked for `" + text + "`",
                        plugin.instances.empty() ? "" : "It was asked for " + joined(plugin.instances));
        }
        if (request.remove) spec.instances.erase(there);
        else if (there == spec.instances.end()) spec.instances.push_back(text);
    }
    return spec;
}

Result<void> instantiate(Session& session, const Request& request) {
    return with_installer(session, [&](const EnvironmentPlace& place, Installer& installer, const RegistryState& before) -> Result<void> {
        std::string crate = request.crate;
        std::replace(crate.begin(), crate.end(), '-', '_');
        const InstalledPlugin* plugin = before.find(crate);
        if (plugin == nullptr) return not_installed(request.crate, place.name);
        if (request.instances.empty()) {
            nlohmann::ordered_json json = plugin->instances;
            std::string text;
            for (const std::string& instance : plugin->instances) text += instance + "\n";
            session.console.data(session.options.json ? json.dump(2) + "\n" : text);
            return {};
        }
        const Result<CrateSpec> spec = changed_spec(*plugin, request);
        if (!spec) return tl::unexpected<Error>(spec.error());
        std::vector<InstalledPlugin> after = before.plugins;
        for (InstalledPlugin& each : after)
            if (each.crate == crate) each.instances = spec->instances;
        if (session.options.dry_run) {
            return report_changes(session, place, changes_between(before.plugins, after), "Would build anew");
        }
        if (spec->instances == plugin->instances) {
            if (session.options.json) return report_changes(session, place, {}, "");
            session.console.say("`" + crate + "` has " + joined(request.instances) + ": nothing to do");
            return {};
        }
        // The very packages that are there: what changes is what is offered of them.
        const Result<LockedCrate> locked = locked_crate(*plugin);
        if (!locked) return tl::unexpected<Error>(locked.error());
        InstallRequest install;
        install.spec = *spec;
        install.cargo_lock = locked->cargo_lock();
        Result<StagedCrate> staged = installer.stage(install);
        if (!staged) {
            installer.clean();
            return tl::unexpected<Error>(staged.error());
        }
        const InstalledPlugin fresh = staged->plugin;
        if (Result<void> done = installer.registry().install({fresh}, session.command); !done) return done;
        follow_in_project(session, place, {fresh}, {});
        if (session.options.json) return report_changes(session, place, changes_between(before.plugins, after), "");
        session.console.say((request.remove ? "Took out " : "Made ") + joined(request.instances) + " of `" + crate + "` in `" + place.name + "`");
        return {};
    });
}

}  // namespace

void add_instantiate(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("instantiate", "Make further instances of a crate's generic functions and types");
    auto request = std::make_shared<Request>();
    command->add_option("crate", request->crate, "An installed crate")->required();
    command->add_option("signature", request->instances, "Instances: 'NAME[TYPE, ...]'; without them, lists those that were asked for");
    command->add_flag("--remove", request->remove, "Take instances out again");
    examples(command, {{"kik instantiate petgraph 'dijkstra[Graph[str, float]]'", "as the compiler's error says it"},
                       {"kik instantiate ndarray 'Array2[bool]' 'Array2[u8]'", "several types at once"},
                       {"kik instantiate ndarray", "what was asked for"},
                       {"kik instantiate ndarray 'Array2[u8]' --remove", "and without it again"}});
    command->callback([&session, request] { session.action = [&session, request] { return instantiate(session, *request); }; });
}

}  // namespace kayton::kik
