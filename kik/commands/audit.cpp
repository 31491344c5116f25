// kik audit and kik licenses: what is known about the packages that plugins are made of.
#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <system_error>

#include "kik/cargo/bridge.h"
#include "kik/cargo/index.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/project/advisories.h"
#include "kik/project/lock_file.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

// One package of the environment, and the crates whose plugins hold it.
struct UsedPackage {
    LockedPackage package;
    std::vector<std::string> crates;
    fs::path sources;  // vendored
};

Result<std::vector<UsedPackage>> used_packages(const Environment& environment) {
    std::map<std::string, UsedPackage> found;
    for (const InstalledPlugin& plugin : environment.plugins) {
        const Result<std::string> lock = read_text_file(plugin.folder / "Cargo.lock");
        if (!lock) return tl::unexpected<Error>(lock.error());
        for (const LockedPackage& package : packages_of(*lock)) {
            UsedPackage& used = found[package.name + " " + package.version];
            used.package = package;
            used.crates.push_back(plugin.crate);
            used.sources = package.source.empty() ? plugin.folder / "source"
                                                  : plugin.folder / "vendor" / (package.name + "-" + package.version);
            std::error_code error;
            if (!package.source.empty() && !fs::exists(used.sources, error)) {
                used.sources = plugin.folder / "vendor" / package.name;
            }
        }
    }
    std::vector<UsedPackage> packages;
    for (auto& [name, used] : found) packages.push_back(std::move(used));
    return packages;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

struct Request {
    std::string database;
    bool yanked_only = false;
};

Result<void> audit(Session& session, const Request& request) {
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    const Result<Environment> environment = open_environment(place->name, place->root);
    if (!environment) return tl::unexpected<Error>(environment.error());
    const Result<std::vector<UsedPackage>> used = used_packages(*environment);
    if (!used) return tl::unexpected<Error>(used.error());
    std::vector<std::string> names;
    std::vector<IndexedPackage> indexed;
    for (const UsedPackage& entry : *used) {
        names.push_back(entry.package.name);
        const std::string& source = entry.package.source;
        if (source.rfind("registry+", 0) == 0 || source.rfind("sparse+", 0) == 0) indexed.push_back(indexed_package(entry.package.name, source));
    }
    std::vector<Advisory> advisories;
    if (!request.yanked_only) {
        const Result<fs::path> database = find_advisories(request.database);
        if (!database) return tl::unexpected<Error>(database.error());
        Result<std::vector<Advisory>> read = read_advisories(*database, names);
        if (!read) return tl::unexpected<Error>(read.error());
        advisories = std::move(*read);
    }
    if (!indexed.empty() && !session.options.offline) {
        std::sort(indexed.begin(), indexed.end());
        indexed.erase(std::unique(indexed.begin(), indexed.end()), indexed.end());
        const Result<Toolchain> toolchain = environment_toolchain(place->root);
        const Result<void> asked =
            toolchain ? refresh_index(*toolchain, indexed, session.console) : tl::unexpected<Error>(toolchain.error());
        if (!asked) session.console.warn(asked.error().message + "; yanked versions are told by what is known here");
    }
    Json json{{"packages", used->size()}, {"vulnerabilities", Json::array()}, {"warnings", Json::array()}};
    std::string text;
    for (const UsedPackage& entry : *used) {
        const std::string subject =
            fmt::format("{} {} (in {})", entry.package.name, entry.package.version, joined(entry.crates));
        for (const Advisory& advisory : advisories) {
            if (advisory.package != entry.package.name || !advisory.concerns(entry.package.version)) continue;
            const bool warning = !advisory.informational.empty();
            json[warning ? "warnings" : "vulnerabilities"].push_back({{"id", advisory.id},
                                                                       {"package", entry.package.name},
                                                                       {"version", entry.package.version},
                                                                       {"crates", entry.crates},
                                                                       {"kind", warning ? advisory.informational : "vulnerability"},
                                                                       {"title", advisory.title},
                                                                       {"patched", advisory.patched},
                                                                       {"url", advisory.url}});
            text += fmt::format("{}: {}\n  {}: {}\n", warning ? advisory.informational : "vulnerable", subject,
                                advisory.id, advisory.title);
            if (!warning) {
                text += advisory.patched.empty() ? "  no version mends it yet\n"
                                                 : "  mended in " + joined(advisory.patched) + "\n";
            }
        }
        for (const IndexVersion& known : index_versions(indexed_package(entry.package.name, entry.package.source))) {
            if (known.version != entry.package.version || !known.yanked) continue;
            json["warnings"].push_back({{"id", nullptr},
                                        {"package", entry.package.name},
                                        {"version", entry.package.version},
                                        {"crates", entry.crates},
                                        {"kind", "yanked"},
                                        {"title", "its authors took this version back"}});
            text += fmt::format("yanked: {}\n", subject);
        }
    }
    session.console.data(session.options.json ? json.dump(2) + "\n" : text);
    const size_t bad = json["vulnerabilities"].size();
    if (bad == 0) {
        session.console.say(fmt::format("Looked at {}: no known vulnerability, {}", counted(used->size(), "package"),
                                        counted(json["warnings"].size(), "warning")));
        return {};
    }
    // With --json the data is all that is said.
    session.exit_status = 1;
    if (!session.options.json) {
        session.console.say(fmt::format("Looked at {}: {} known vulnerabilities", counted(used->size(), "package"), bad));
        session.console.hint("`kik upgrade` installs the newest that fit");
    }
    return {};
}

// license = "MIT OR Apache-2.0", license-file = "LICENSE" of a vendored Cargo.toml's [package].
std::string license_of(const fs::path& sources) {
    const Result<std::string> text = read_text_file(sources / "Cargo.toml");
    if (!text) return {};
    std::istringstream lines(*text);
    bool inside = false;
    std::string file;
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind('[', 0) == 0) inside = line == "[package]";
        const size_t open = line.find('"'), close = line.rfind('"');
        if (!inside || open == std::string::npos || close == open) continue;
        const std::string value = line.substr(open + 1, close - open - 1);
        if (line.rfind("license =", 0) == 0 || line.rfind("license=", 0) == 0) return value;
        if (line.rfind("license-file", 0) == 0) file = "see " + value;
    }
    return file;
}

Result<void> licenses(Session& session) {
    const Result<Environment> environment = opened_environment();
    if (!environment) return tl::unexpected<Error>(environment.error());
    const Result<std::vector<UsedPackage>> used = used_packages(*environment);
    if (!used) return tl::unexpected<Error>(used.error());
    Json json = Json::array();
    std::map<std::string, std::vector<std::string>> by_license;
    for (const UsedPackage& entry : *used) {
        std::string license = license_of(entry.sources);
        if (license.empty()) license = "unknown";
        // A slash is an older way to write OR.
        for (size_t at = license.find('/'); at != std::string::npos && license.rfind("see ", 0) != 0; at = license.find('/'))
            license.replace(at, 1, " OR ");
        by_license[license].push_back(entry.package.name + " " + entry.package.version);
        json.push_back({{"package", entry.package.name},
                        {"version", entry.package.version},
                        {"license", license},
                        {"crates", entry.crates}});
    }
    std::string text;
    for (const auto& [license, packages] : by_license) text += license + "\n  " + joined(packages) + "\n";
    session.console.data(session.options.json ? json.dump(2) + "\n" : text);
    if (used->empty()) session.console.hint("no crates yet; install one with `kik rinstall CRATE`");
    return {};
}

}  // namespace

void add_audit(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("audit", "Look for known vulnerabilities and yanked versions in all that is installed");
    auto request = std::make_shared<Request>();
    command->add_option("--db", request->database, "A copy of the RustSec database, or one advisory");
    command->add_flag("--yanked", request->yanked_only, "Only look for yanked versions");
    examples(command, {{"kik audit", "with cargo-audit's database, or the one in kayton's home"},
                       {"kik audit --db advisory-db", "with a copy of it; exit 1 when something is vulnerable"}});
    command->callback([&session, request] { session.action = [&session, request] { return audit(session, *request); }; });
}

void add_licenses(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("licenses", "List the licences of all that is installed");
    examples(command, {{"kik licenses", "by licence"}, {"kik licenses --json", "by package"}});
    command->callback([&session] { session.action = [&session] { return licenses(session); }; });
}

}  // namespace kayton::kik
