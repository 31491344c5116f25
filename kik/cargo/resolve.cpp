#include "kik/cargo/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <unordered_map>

#include "kik/cargo/near_names.h"
#include "kik/environment/layout.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string toml_text(const std::string& text) {
    return Json(text).dump();
}

bool mentions(const std::string& text, const char* words) {
    return text.find(words) != std::string::npos;
}

ResolvedPackage read_package(const Json& json) {
    ResolvedPackage package;
    package.id = json.at("id").get<std::string>();
    package.name = json.at("name").get<std::string>();
    package.version = json.at("version").get<std::string>();
    package.manifest = json.at("manifest_path").get<std::string>();
    package.local = json.at("source").is_null();
    if (!package.local) package.source = json.at("source").get<std::string>();
    for (const Json& target : json.at("targets")) {
        for (const Json& kind : target.at("kind")) {
            const std::string word = kind.get<std::string>();
            const bool library =
                word == "lib" || word == "rlib" || word == "dylib" || word == "cdylib" || word == "staticlib";
            if (!library && word != "proc-macro") continue;
            package.crate = target.at("name").get<std::string>();
            std::replace(package.crate.begin(), package.crate.end(), '-', '_');
            package.macro = word == "proc-macro";
        }
    }
    return package;
}

// What a dependency's line says besides, so that it is the very package that another crate asked for; the default
// registry needs no word.
std::string source_text(const std::string& source) {
    if (source.rfind("sparse+", 0) == 0) return ", registry-index = " + toml_text(source);
    const GitSource git = parse_git_source(source.substr(0, source.find('#')));
    if (git.url.empty()) return "";
    std::string text = ", git = " + toml_text(git.url);
    if (!git.reference.empty()) text += fmt::format(", {} = {}", git.reference, toml_text(git.value));
    return text;
}

// The innermost of the causes that cargo tells, without what libgit2 adds in its own words.
std::string deepest_cause(const std::string& output) {
    std::istringstream lines(output);
    std::string cause;
    bool caused = false;
    for (std::string line; std::getline(lines, line);) {
        const size_t start = line.find_first_not_of(' ');
        const bool told = caused && start != std::string::npos;
        caused = line == "Caused by:";
        if (told && (cause.empty() || !mentions(line, "; class="))) cause = line.substr(start);
    }
    return cause.empty() && mentions(output, "no matching package") ? "it holds no such crate" : cause;
}

bool is_kayton_crate(const std::string& name) {
    return name == "kayton_api" || name == "kayton_bind" || name == "kayton_plugin_sdk" ||
           name == "kayton_plugin_macros";
}

}  // namespace

const ResolvedPackage* Resolution::find(const std::string& crate) const {
    const auto found = std::find_if(packages.begin(), packages.end(),
                                    [&](const ResolvedPackage& package) { return package.crate == crate; });
    return found == packages.end() ? nullptr : &*found;
}

std::string wrapper_toml(const WrapperPlan& plan, const fs::path& sdk, const std::string& local_path) {
    const std::string version = plan.version.empty() ? "0.0.0" : plan.version;
    std::string toml =
        fmt::format("[package]\nname = \"kayton_plugin_{}\"\nversion = {}\nedition = \"2021\"\npublish = false\n\n",
                    plan.crate, toml_text(version));
    toml += "[lib]\npath = \"src/lib.rs\"\ncrate-type = [\"dylib\"]\n\n[dependencies]\n";
    std::string where;
    const GitSource git = parse_git_source(plan.spec.source);
    if (!local_path.empty()) {
        where = "path = " + toml_text(local_path);
    } else if (!git.url.empty()) {
        where = "git = " + toml_text(git.url);
        if (!git.reference.empty()) where += fmt::format(", {} = {}", git.reference, toml_text(git.value));
    } else {
        // What was asked for, not what it came to: the lock file says that, and a lock must fit the requirement.
        where = "version = " + toml_text(plan.spec.requirement());
        if (!plan.spec.registry().empty()) where += ", registry = " + toml_text(plan.spec.registry());
    }
    toml += fmt::format("{} = {{ {}, features = {}{} }}\n", plan.spec.package, where, Json(plan.spec.features).dump(),
                        plan.spec.default_features ? "" : ", default-features = false");
    for (const auto& [crate, package] : plan.extra_packages) {
        // Without default features: naming a crate here must not change how it is built.
        toml += fmt::format("{} = {{ version = {}{}, default-features = false }}\n", package.package,
                            toml_text("=" + package.version), source_text(package.source));
    }
    std::vector<std::string> known;
    if (plan.serde) known.emplace_back("serde_core");
    if (plan.tokio) known.emplace_back("tokio");
    toml += fmt::format("kayton_bind = {{ path = {}{} }}\n\n", toml_text((sdk / "kayton_bind").string()),
                        known.empty() ? "" : ", features = " + Json(known).dump());
    // Thunks are many and small: optimising them as hard as the crate itself costs time and gains nothing. Said of the
    // wrapper, not of all the others: that would optimise build scripts and procedural macros too.
    toml += fmt::format(
        "[profile.release]\nopt-level = 3\npanic = \"unwind\"\nlto = \"off\"\ncodegen-units = 16\n"
        "strip = \"debuginfo\"\ndebug = false\nincremental = false\n\n"
        "[profile.release.package.kayton_plugin_{}]\nopt-level = 1\n\n",
        plan.crate);
    toml +=
        "[workspace]\nexclude = [\"sdk\", \"source\", \"vendor\"]\n";
    return toml;
}

Result<Resolution> parse_metadata(const std::string& text, const WrapperPlan& plan) {
    try {
        const Json json = Json::parse(text);
        std::unordered_map<std::string, ResolvedPackage> packages;
        for (const Json& entry : json.at("packages")) {
            ResolvedPackage package = read_package(entry);
            packages.emplace(package.id, std::move(package));
        }
        std::unordered_map<std::string, const Json*> nodes;
        for (const Json& node : json.at("resolve").at("nodes")) nodes.emplace(node.at("id").get<std::string>(), &node);

        std::string wanted;
        const std::string root = json.at("resolve").at("root").get<std::string>();
        for (const Json& id : nodes.at(root)->at("dependencies")) {
            if (packages.at(id.get<std::string>()).name == plan.spec.package) wanted = id.get<std::string>();
        }
        if (wanted.empty()) {
            return fail(ErrorKind::kInternal, "cargo's metadata do not name `" + plan.spec.package + "`");
        }

        Resolution resolution;
        std::deque<std::string> queue{wanted};
        std::set<std::string> seen{wanted};
        while (!queue.empty()) {
            const std::string id = queue.front();
            queue.pop_front();
            ResolvedPackage package = packages.at(id);
            const Json& node = *nodes.at(id);
            package.features = node.at("features").get<std::vector<std::string>>();
            for (const Json& dependency : node.at("deps")) {
                const auto& kinds = dependency.at("dep_kinds");
                const bool normal =
                    std::any_of(kinds.begin(), kinds.end(), [](const Json& kind) { return kind.at("kind").is_null(); });
                const std::string other = dependency.at("pkg").get<std::string>();
                if (!normal || is_kayton_crate(packages.at(other).name)) continue;
                package.dependencies.push_back(other);
                if (seen.insert(other).second) queue.push_back(other);
            }
            if (!package.crate.empty()) resolution.versions.emplace(package.crate, package.version);
            resolution.packages.push_back(std::move(package));
        }
        resolution.root = resolution.packages.front();
        return resolution;
    } catch (const std::exception& error) {
        return fail(ErrorKind::kInternal, std::string("cargo's metadata cannot be read: ") + error.what());
    }
}

Error resolve_error(const CommandResult& result, const WrapperPlan& plan, const BuildPlace& place) {
    const std::string& output = result.err;
    const std::string& package = plan.spec.package;
    Error error;
    error.kind = ErrorKind::kInput;
    std::smatch found;
    static const std::regex missing("(?:no matching package named|searched package name:) `([^`]+)`");
    static const std::regex meant("perhaps you meant: +([A-Za-z0-9_, -]+)");
    static const std::regex feature("with feature `([^`]+)` but");
    static const std::regex features("does not have (?:that|these) features?");
    static const std::regex links("links to the native library `([^`]+)`, but it conflicts");
    static const std::regex newer("requires rustc ([0-9.]+)");
    static const std::regex candidates("candidate versions found which didn't match: ([^\n]+)");

    const bool offline = place.console.options().offline;
    const bool no_network = mentions(output, "Could not resolve host") || mentions(output, "Couldn't resolve host") ||
                            mentions(output, "failed to connect") || mentions(output, "Could not connect") ||
                            mentions(output, "spurious network error") || mentions(output, "Couldn't connect") ||
                            mentions(output, "failed to download from") || mentions(output, "Timeout was reached");
    if (const GitSource git = parse_git_source(plan.spec.source); !git.url.empty()) {
        if (const std::string cause = deepest_cause(output); !cause.empty()) {
            error.message = "cannot get `" + package + "` from `" + git.url + "`\n  Caused by: " + cause;
            if (!place.log.empty()) error.message += "\n  log: " + short_path(place.log.string());
            return error;
        }
    }
    const std::string registry = plan.spec.registry();
    const std::string place_of = registry.empty() ? "the registry" : "the registry `" + registry + "`";
    static const std::regex token("(no token found|token rejected) for `([^`]+)`");
    static const std::regex unknown("registry index was not found in any configuration: `([^`]+)`");
    if (std::regex_search(output, found, token)) {
        error.message = fmt::format("cannot get `{}`: the registry `{}` {}", package, found[2].str(),
                                    found[1] == "no token found" ? "wants a token" : "refuses the token");
        error.remedy = "run `cargo login --registry " + found[2].str() + "`, then the same command again";
        return error;
    }
    if (std::regex_search(output, found, unknown)) {
        error.message = fmt::format("cannot get `{}`: cargo's configuration has no registry `{}`", package, found[1].str());
        error.remedy = fmt::format("add to `{}`: [registries.{}] index = \"sparse+https://...\"",
                                   (cargo_home() / "config.toml").string(), found[1].str());
        return error;
    }
    const bool not_stored =
        offline && (mentions(output, "offline mode") || mentions(output, "--offline was specified"));
    if (mentions(output, "No space left on device") || mentions(output, "os error 28)")) {
        return build_error(result, "`" + package + "`", place.log, place.target);
    }
    if (not_stored) {
        error.kind = ErrorKind::kNotFound;
        error.message = "`" + package + "` cannot be resolved without the network: cargo has not stored all it needs";
        error.remedy = "run the same command without --offline once";
    } else if (std::regex_search(output, found, missing)) {
        error.kind = ErrorKind::kNotFound;
        const std::string missed = found[1];
        error.message = "crate `" + missed + "` was not found in " + place_of;
        std::vector<std::string> near;
        std::smatch words;
        if (std::regex_search(output, words, meant)) {
            std::istringstream names(words[1].str());
            for (std::string name; std::getline(names, name, ',');) {
                name.erase(0, name.find_first_not_of(' '));
                near.push_back(name.substr(0, name.find(' ')));
            }
        } else if (registry.empty()) {
            near = near_names(missed);
        }
        if (!near.empty()) {
            error.remedy =
                near.size() == 1 ? "a crate with a similar name exists: " : "crates with similar names exist: ";
            for (size_t i = 0; i < near.size(); ++i) error.remedy += (i == 0 ? "`" : ", `") + near[i] + "`";
        }
    } else if (mentions(output, "checksum for `") || mentions(output, "checksum failed") ||
               mentions(output, "failed to verify the checksum") || mentions(output, "has a changed checksum")) {
        static const std::regex changed("checksum (?:for|of|failed to calculate for) `([^`]+)`");
        error.message = "the sources of " +
                        (std::regex_search(output, found, changed) ? "`" + found[1].str() + "`" : "a package") +
                        " are not those of the lock: their checksum is another";
        error.remedy =
            "do not trust this source; if the change is wanted, run `kik lock --upgrade` and look at what changed";
    } else if (no_network) {
        error.kind = ErrorKind::kSystem;
        error.message = "cannot reach " + (registry.empty() ? "the crate registry" : place_of) + ": there is no network, or it refuses the connection";
        error.remedy =
            "check the connection and run the same command again; with --offline kik uses only crates that cargo "
            "has downloaded before";
    } else if (std::regex_search(output, found, candidates)) {
        error.kind = ErrorKind::kNotFound;
        error.message = fmt::format("no version of `{}` matches `{}`", package, plan.spec.requirement());
        error.remedy = "its versions are " + found[1].str();
    } else if (std::regex_search(output, found, links)) {
        error.message = fmt::format("`{}` cannot be resolved: two of the crates it needs link the C library `{}`, and only one may",
                                    package, found[1].str());
        error.remedy = "ask for another version of `" + package + "`, or for fewer of its features";
    } else if (std::regex_search(output, found, newer)) {
        error.message = fmt::format("`{}` needs Rust {} or newer", package, found[1].str());
        error.remedy = "make an environment with a newer Rust toolchain, or ask for an older version of the crate";
    } else if (std::regex_search(output, found, feature)) {
        error.message = fmt::format("`{}` has no feature `{}`", package, found[1].str());
    } else {
        error.message = "could not resolve `" + package + "`";
        std::istringstream lines(output);
        for (std::string line; std::getline(lines, line);) {
            if (line.rfind("error: ", 0) == 0) {
                error.message += "\n  Caused by: " + line.substr(7);
                break;
            }
        }
        if (!place.log.empty()) error.message += "\n  log: " + short_path(place.log.string());
    }
    return error;
}

Result<Resolution> resolve(const BuildPlace& place, const WrapperPlan& plan) {
    std::vector<std::string> arguments{"metadata", "--format-version", "1", "--filter-platform", place.toolchain.host};
    if (place.console.options().offline) arguments.emplace_back("--offline");
    Result<CommandResult> result = run_shown(place, cargo_in(place, std::move(arguments)), "Resolving");
    if (!result) return tl::unexpected<Error>(result.error());
    if (!result->ok()) return tl::unexpected<Error>(resolve_error(*result, plan, place));
    return parse_metadata(result->out, plan);
}

Result<void> complete_lock(const BuildPlace& place, const WrapperPlan& plan) {
    Result<CommandResult> result =
        run(cargo_in(place, {"metadata", "--format-version", "1", "--filter-platform", place.toolchain.host, "--offline"}));
    if (!result) return tl::unexpected<Error>(result.error());
    if (!result->ok()) return tl::unexpected<Error>(resolve_error(*result, plan, place));
    return {};
}

Result<Vendored> vendor(const BuildPlace& place, const WrapperPlan& plan, const fs::path& folder) {
    std::vector<std::string> arguments{"vendor", "--versioned-dirs"};
    if (place.console.options().offline) arguments.emplace_back("--offline");
    arguments.push_back(folder.string());
    Result<CommandResult> result = run_shown(place, cargo_in(place, std::move(arguments)), "Vendoring");
    if (!result) return tl::unexpected<Error>(result.error());
    if (!result->ok()) return tl::unexpected<Error>(resolve_error(*result, plan, place));
    Vendored vendored;
    std::error_code error;
    for (fs::directory_iterator entries(folder, error), end; !error && entries != end; entries.increment(error))
        ++vendored.packages;
    vendored.config = std::move(result->out);
    if (const size_t at = vendored.config.find(folder.string()); at != std::string::npos) {
        vendored.config.replace(at, folder.string().size(), "vendor");
    }
    return vendored;
}

}  // namespace kayton::kik
