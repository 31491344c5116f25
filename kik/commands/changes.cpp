#include "kik/commands/changes.h"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "kik/environment/layout.h"

namespace kayton::kik {
namespace {

std::string bracketed(const std::vector<std::string>& features) {
    std::string text;
    for (const std::string& feature : features) text += (text.empty() ? "" : ", ") + feature;
    return text.empty() ? text : " (" + text + ")";
}

}  // namespace

std::string described(const InstalledPlugin& plugin) {
    return plugin.crate + " " + plugin.version + bracketed(plugin.features);
}

std::vector<CrateChange> changes_between(const std::vector<InstalledPlugin>& before,
                                         const std::vector<InstalledPlugin>& after) {
    std::vector<CrateChange> changes;
    const auto find = [](const std::vector<InstalledPlugin>& plugins, const std::string& crate) {
        return std::find_if(plugins.begin(), plugins.end(), [&](const auto& plugin) { return plugin.crate == crate; });
    };
    for (const InstalledPlugin& plugin : before) {
        if (find(after, plugin.crate) == after.end()) changes.push_back({plugin.crate, plugin.version, "", {}});
    }
    for (const InstalledPlugin& plugin : after) {
        const auto old = find(before, plugin.crate);
        if (old == before.end()) {
            changes.push_back({plugin.crate, "", plugin.version, plugin.features});
        } else if (old->version != plugin.version || old->features != plugin.features || old->instances != plugin.instances ||
                   old->contents != plugin.contents) {
            changes.push_back({plugin.crate, old->version, plugin.version, plugin.features});
        }
    }
    return changes;
}

std::string change_line(const Console& console, const CrateChange& change) {
    if (change.before.empty()) {
        return fmt::format(" {} {} {}{}", console.green("+"), change.crate, change.after, bracketed(change.features));
    }
    if (change.after.empty()) return fmt::format(" - {} {}", change.crate, change.before);
    if (change.before == change.after)
        return fmt::format(" ~ {} {}{}", change.crate, change.after, bracketed(change.features));
    return fmt::format(" ~ {} {} -> {}{}", change.crate, change.before, change.after, bracketed(change.features));
}

Result<void> report_changes(Session& session, const EnvironmentPlace& place, const std::vector<CrateChange>& changes,
                            const std::string& done) {
    if (session.options.json) {
        nlohmann::ordered_json json;
        json["environment"] = place.name;
        json["changes"] = nlohmann::ordered_json::array();
        for (const CrateChange& change : changes) {
            nlohmann::ordered_json entry;
            entry["crate"] = change.crate;
            entry["before"] = change.before.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(change.before);
            entry["after"] = change.after.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(change.after);
            entry["features"] = change.features;
            json["changes"].push_back(std::move(entry));
        }
        session.console.data(json.dump(2) + "\n");
        return {};
    }
    session.console.say(fmt::format("{} {} in `{}`", done, counted(changes.size(), "crate"), place.name));
    for (const CrateChange& change : changes) session.console.say(change_line(session.console, change));
    return {};
}

Result<void> unchanged_on_failure(const EnvironmentPlace& place, const std::function<Result<void>()>& action) {
    Result<void> done = action();
    if (done || done.error().kind == ErrorKind::kUsage) return done;
    Error error = done.error();
    error.message += "\n  `" + place.name + "` was left unchanged";
    return tl::unexpected<Error>(std::move(error));
}

Result<void> with_registry(Session& session, const EnvironmentPlace& place,
                           const std::function<Result<void>(Registry&)>& action) {
    return unchanged_on_failure(place, [&]() -> Result<void> {
        const Result<Lock> lock = lock_environment(place, session.command, session.say());
        if (!lock) return tl::unexpected<Error>(lock.error());
        Registry registry(place.name, place.root);
        if (Result<void> repaired = registry.repair(); !repaired) return repaired;
        return action(registry);
    });
}

Result<void> with_installer(
    Session& session, const std::function<Result<void>(const EnvironmentPlace&, Installer&, const RegistryState&)>& action) {
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    return unchanged_on_failure(*place, [&]() -> Result<void> {
        const Result<Lock> held = lock_environment(*place, session.command, session.say());
        if (!held) return tl::unexpected<Error>(held.error());
        Installer installer(*place, session.command, session.console);
        if (Result<void> prepared = installer.prepare(); !prepared) return prepared;
        const Result<RegistryState> before = installer.registry().read();
        if (!before) return tl::unexpected<Error>(before.error());
        return action(*place, installer, *before);
    });
}

tl::unexpected<Error> not_installed(const std::string& crate, const std::string& environment) {
    return fail(ErrorKind::kNotFound, "`" + crate + "` is not installed in `" + environment + "`", "Run: kik rinstall " + crate);
}

Result<void> confirm(const Session& session, const std::string& question, const std::string& with_yes) {
    if (session.options.yes) return {};
    if (::isatty(STDIN_FILENO) != 1) {
        return fail(ErrorKind::kInput, "this asks before it acts, and there is no terminal to ask on",
                    "Run: " + with_yes);
    }
    std::cerr << question << " [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return {};
    return fail(ErrorKind::kInput, "nothing was changed");
}

}  // namespace kayton::kik
