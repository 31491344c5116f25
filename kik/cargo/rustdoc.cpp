#include "kik/cargo/rustdoc.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <chrono>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "kik/environment/durable_file.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// A crate whose API leads to more than these is documented in part, nearest first.
constexpr size_t kMostCrates = 48;

// Cargo names no output folder that depends on versions and features, so the script puts its own in the place of
// cargo's.
constexpr const char* kWrapperScript = R"SH(#!/bin/sh
# Runs the toolchain's rustdoc with unstable options allowed and its output where kik wants it.
previous=
for argument do
    shift
    if [ "$previous" = -o ]; then
        set -- "$@" "$KAYTON_RUSTDOC_OUT"
    else
        set -- "$@" "$argument"
    fi
    previous=$argument
done
RUSTC_BOOTSTRAP=1 exec "$KAYTON_RUSTDOC" "$@"
)SH";

fs::path kept_file(const Cache& cache, const ResolvedPackage& package) {
    ContentHash hash;
    for (const std::string& feature : package.features) hash.add(feature);
    // Commits of one version differ, and so may their APIs.
    if (package.id.rfind("git+", 0) == 0) hash.add(package.id);
    return cache.doc() / fmt::format("{}-{}-{}", package.name, package.version, hash.hexadecimal()) /
           (package.crate + ".json");
}

Result<fs::path> wrapper_script(const Cache& cache) {
    const fs::path script = cache.doc() / "rustdoc.sh";
    if (Result<void> written = write_durably(script, kWrapperScript); !written)
        return tl::unexpected<Error>(written.error());
    if (::chmod(script.c_str(), 0755) != 0)
        return tl::unexpected<Error>(system_error("make executable", script, errno));
    return script;
}

Result<void> run_rustdoc(const BuildPlace& place, const Cache& cache,
                         const std::vector<const ResolvedPackage*>& packages) {
    const Result<fs::path> script = wrapper_script(cache);
    if (!script) return tl::unexpected<Error>(script.error());
    const fs::path output = cache.doc() / ".new";
    if (Result<void> removed = remove_tree(output); !removed) return removed;
    if (Result<void> made = make_folders(output); !made) return made;

    std::vector<std::string> arguments{"doc",       "--release",    "--no-deps", "--lib",
                                       "--offline", "--keep-going", "--target",  place.toolchain.host};
    for (const ResolvedPackage* package : packages) {
        arguments.emplace_back("-p");
        arguments.push_back(package->name + "@" + package->version);
    }
    Command command = confined(place, cargo_in(place, std::move(arguments)));
    // Cargo would skip what it once documented, although another version has been written over it since.
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    const std::string flags = fmt::format(
        "-Zunstable-options\x1f--output-format=json\x1f--cap-lints=allow\x1f--cfg=kayton_doc_{}_{}", ::getpid(), now);
    for (auto& [name, value] : command.variables) {
        if (name == "RUSTDOC") value = script->string();
    }
    command.variables.emplace_back("CARGO_ENCODED_RUSTDOCFLAGS", flags);
    command.variables.emplace_back("KAYTON_RUSTDOC", place.toolchain.rustdoc().string());
    command.variables.emplace_back("KAYTON_RUSTDOC_OUT", output.string());
    const Result<CommandResult> result = run_shown(place, std::move(command), "Reading");
    if (!result) return tl::unexpected<Error>(result.error());

    for (const ResolvedPackage* package : packages) {
        const fs::path made = output / (package->crate + ".json");
        std::error_code error;
        if (!fs::exists(made, error)) continue;
        const fs::path kept = kept_file(cache, *package);
        if (Result<void> folder = make_folders(kept.parent_path()); !folder) return folder;
        fs::rename(made, kept, error);
        if (error) return tl::unexpected<Error>(system_error("write", kept, error.value()));
    }
    std::error_code error;
    const ResolvedPackage& first = *packages.front();
    if (!result->ok() && !fs::exists(kept_file(cache, first), error) && packages.size() == 1) {
        return tl::unexpected<Error>(
            build_error(*result, fmt::format("`{}` {}", first.name, first.version), place.log, place.target));
    }
    return {};
}

}  // namespace

Result<NamedCrates> named_crates(std::string_view text) {
    NamedCrates named;
    try {
        const Json json = Json::parse(text);
        const Json& external = json.at("external_crates");
        const Json& paths = json.at("paths");
        // The crate of an item that is described elsewhere; empty for the crate's own.
        const auto crate_of = [&](const Json& id) -> std::string {
            const auto path = paths.find(id.is_number() ? std::to_string(id.get<int64_t>()) : id.get<std::string>());
            if (path == paths.end()) return {};
            const auto found = external.find(std::to_string(path->at("crate_id").get<int>()));
            return found == external.end() ? std::string() : found->at("name").get<std::string>();
        };
        // `paths` lists all that rustdoc has seen; what counts is what the items themselves refer to.
        const auto collect = [&](const auto& self, const Json& node) -> void {
            if (node.is_object()) {
                const auto id = node.find("id");
                if (id != node.end() && !id->is_null() && node.contains("path")) {
                    if (std::string crate = crate_of(*id); !crate.empty()) named.all.insert(std::move(crate));
                }
            }
            if (node.is_structured()) {
                for (const Json& child : node) self(self, child);
            }
        };
        for (const Json& item : json.at("index")) {
            if (item.at("crate_id").get<int>() != 0) continue;
            const Json& inner = item.at("inner");
            collect(collect, inner);
            const auto use = inner.find("use");
            if (use == inner.end()) continue;
            if (const Json& id = use->at("id"); !id.is_null()) {
                if (std::string crate = crate_of(id); !crate.empty()) named.reexported.insert(std::move(crate));
            }
            const std::string source = use->at("source").get<std::string>();
            for (const Json& crate : external) {
                const std::string name = crate.at("name").get<std::string>();
                if (source == name || source.rfind(name + "::", 0) == 0) named.reexported.insert(name);
            }
        }
        named.all.insert(named.reexported.begin(), named.reexported.end());
    } catch (const Json::exception& error) {
        return fail(ErrorKind::kInternal, std::string("rustdoc's JSON cannot be read: ") + error.what());
    }
    return named;
}

Result<void> document_crates(const BuildPlace& place, const Cache& cache, const Resolution& resolution,
                             const fs::path& folder) {
    std::error_code error;
    if (Result<void> removed = remove_tree(folder); !removed) return removed;
    if (Result<void> made = make_folders(folder); !made) return made;

    // The root's own API counts, and that of the crates which it hands on under its own name.
    std::set<std::string> handed_on{resolution.root.crate}, expanded;
    std::set<std::string> wanted{resolution.root.crate}, documented;
    while (wanted.size() > documented.size()) {
        std::vector<const ResolvedPackage*> wave, missing;
        for (const std::string& crate : wanted) {
            const ResolvedPackage* package = resolution.find(crate);
            if (!documented.insert(crate).second) continue;
            wave.push_back(package);
            const fs::path kept = kept_file(cache, *package);
            if (package->local) fs::remove(kept, error);
            if (!fs::exists(kept, error)) missing.push_back(package);
        }
        if (!missing.empty()) {
            if (Result<void> made = run_rustdoc(place, cache, missing); !made) return made;
        }
        for (const ResolvedPackage* package : wave) {
            const fs::path kept = kept_file(cache, *package);
            if (!fs::exists(kept, error)) continue;
            if (Result<void> linked = link_or_copy(kept, folder / (package->crate + ".json")); !linked) return linked;
        }
        for (bool grown = true; grown;) {
            grown = false;
            for (const std::string& crate : std::set<std::string>(handed_on)) {
                if (documented.count(crate) == 0 || !expanded.insert(crate).second) continue;
                const Result<std::string> text = read_text_file(folder / (crate + ".json"));
                if (!text) continue;
                const Result<NamedCrates> named = named_crates(*text);
                if (!named) return tl::unexpected<Error>(named.error());
                for (const std::string& other : named->all) {
                    const ResolvedPackage* package = resolution.find(other);
                    if (package != nullptr && !package->macro && wanted.size() < kMostCrates) wanted.insert(other);
                }
                // What serde makes of a text whose type nobody says: a document, where the crate can make one.
                const bool reads = named->all.count("serde") + named->all.count("serde_core") > 0;
                if (reads && resolution.find("serde_json") != nullptr) wanted.insert("serde_json");
                handed_on.insert(named->reexported.begin(), named->reexported.end());
                grown = true;
            }
        }
    }
    if (!fs::exists(folder / (resolution.root.crate + ".json"), error)) {
        return fail(ErrorKind::kInput, "rustdoc made no description of `" + resolution.root.name + "`",
                    "See the log: " + place.log.string());
    }
    return {};
}

}  // namespace kayton::kik
