#include "kik/cargo/crate_sources.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "kik/cargo/cargo_lock.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "shared/sha256.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Calls `take` with each folder and file that belongs to a crate, folders before what is in them.
template <typename Take>
Result<void> walk_sources(const fs::path& from, bool library_only, Take take) {
    std::error_code error;
    fs::recursive_directory_iterator entries(from, error);
    for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
        const std::string name = entries->path().filename().string();
        if (entries->is_symlink()) continue;
        if (entries->is_directory()) {
            const bool built = name == "target" || name == ".git" || name == ".kayton";
            if (built || (library_only && (name == "tests" || name == "examples"))) {
                entries.disable_recursion_pending();
                continue;
            }
        }
        if (Result<void> done = take(*entries); !done) return done;
    }
    if (error) return tl::unexpected<Error>(system_error("copy", from, error.value()));
    return {};
}

}  // namespace

Result<LocalCrate> inspect_crate(const BuildPlace& place) {
    std::error_code error;
    const fs::path manifest = place.folder / "Cargo.toml";
    if (!fs::exists(manifest, error)) {
        return fail(ErrorKind::kNotFound, "`" + place.folder.string() + "` is not a crate (no `Cargo.toml`)");
    }
    Command command = cargo_in(place, {"metadata", "--format-version", "1", "--no-deps", "--offline",
                                       "--manifest-path", manifest.string()});
    const Result<CommandResult> result = run(command);
    if (!result) return tl::unexpected<Error>(result.error());
    if (!result->ok()) {
        return tl::unexpected<Error>(build_error(*result, "`" + place.folder.string() + "`", place.log));
    }
    try {
        const Json json = Json::parse(result->out);
        for (const Json& package : json.at("packages")) {
            if (!fs::equivalent(package.at("manifest_path").get<std::string>(), manifest, error)) continue;
            LocalCrate local;
            local.folder = place.folder;
            local.package = package.at("name").get<std::string>();
            local.version = package.at("version").get<std::string>();
            for (const Json& target : package.at("targets")) {
                for (const Json& kind : target.at("kind")) {
                    const std::string word = kind.get<std::string>();
                    if (word != "lib" && word != "rlib" && word != "dylib") continue;
                    local.library = target.at("name").get<std::string>();
                }
            }
            if (const Json& metadata = package.at("metadata"); metadata.is_object() && metadata.contains("kayton")) {
                local.handwritten = metadata["kayton"].value("plugin", false);
            }
            if (local.library.empty()) {
                const Json& targets = package.at("targets");
                const bool macros = std::any_of(targets.begin(), targets.end(), [](const Json& target) {
                    return target.at("kind") == Json::array({"proc-macro"});
                });
                return fail(ErrorKind::kInput,
                            "`" + local.package + "` " +
                                (macros ? "offers only procedural macros" : "has no library that could be imported"),
                            macros ? "macros work on Rust programs; what they make is in the crates that use them"
                                   : "a program of Rust is run, not imported: cargo install --path " + local.folder.string());
            }
            std::replace(local.library.begin(), local.library.end(), '-', '_');
            return local;
        }
    } catch (const Json::exception& problem) {
        return fail(ErrorKind::kInternal, std::string("cargo's metadata cannot be read: ") + problem.what());
    }
    return fail(ErrorKind::kInput, "`" + manifest.string() + "` is a workspace, not a crate",
                "Give the folder of one of its crates");
}

std::vector<fs::path> local_folders(const BuildPlace& place) {
    std::vector<fs::path> folders{place.folder};
    std::vector<std::string> arguments{"metadata", "--format-version", "1"};
    if (place.console.options().offline) arguments.emplace_back("--offline");
    const Result<CommandResult> result = run(cargo_in(place, std::move(arguments)));
    // What does not resolve fails in the next step, which says why.
    const Json json = result && result->ok() ? Json::parse(result->out, nullptr, false) : Json();
    if (!json.is_object() || !json.contains("packages")) return folders;
    folders.emplace_back(json.value("workspace_root", place.folder.string()));
    for (const Json& package : json["packages"]) {
        if (package.value("source", Json()).is_null()) {
            folders.push_back(fs::path(package.value("manifest_path", "")).parent_path());
        }
    }
    return folders;
}

Result<void> copy_sources(const fs::path& from, const fs::path& to, bool library_only) {
    if (Result<void> made = make_folders(to); !made) return made;
    return walk_sources(from, library_only, [&](const fs::directory_entry& entry) -> Result<void> {
        const fs::path place = to / entry.path().lexically_relative(from);
        if (entry.is_directory()) return make_folders(place);
        return entry.is_regular_file() ? copy_contents(entry.path(), place) : Result<void>();
    });
}

std::string sources_key(const fs::path& folder) {
    std::vector<fs::path> files;
    const Result<void> walked = walk_sources(folder, false, [&](const fs::directory_entry& entry) -> Result<void> {
        // Cargo writes it beside a crate's sources while it looks at them.
        if (entry.is_regular_file() && entry.path().filename() != "Cargo.lock") files.push_back(entry.path());
        return {};
    });
    if (!walked) return {};
    std::sort(files.begin(), files.end());
    Sha256 hash;
    for (const fs::path& file : files) {
        const Result<std::string> sum = sha256_of_file(file);
        if (!sum) return {};
        hash.add(file.lexically_relative(folder).string() + "\n" + *sum + "\n");
    }
    return hash.finish();
}

std::string locked_packages(const std::string& cargo_lock) {
    std::string text;
    for (const LockedPackage& package : parse_cargo_lock(cargo_lock)) {
        if (package.source.empty()) continue;
        text += package.name + " " + package.version + " " +
                (package.checksum.empty() ? package.source : package.checksum) + "\n";
    }
    return text;
}

fs::path find_vendored(const std::string& crate, const std::string& cargo_lock, const fs::path& environment) {
    const std::string wanted = locked_packages(cargo_lock);
    std::vector<fs::path> roots{environment};
    if (const auto places = named_environments(); places) {
        for (const EnvironmentPlace& place : *places) roots.push_back(place.root);
    }
    std::error_code error;
    const auto fits = [&](const fs::path& folder) {
        if (!fs::is_directory(folder / "vendor", error)) return false;
        const Result<std::string> text = read_text_file(folder / "Cargo.lock");
        return text && locked_packages(*text) == wanted;
    };
    for (const fs::path& root : roots) {
        for (const fs::directory_entry& version : fs::directory_iterator(root / "libs" / crate, error)) {
            if (fits(version.path() / host_target())) return version.path() / host_target() / "vendor";
        }
        for (const fs::directory_entry& kept : fs::directory_iterator(root / "metadata" / "kept", error)) {
            if (fits(kept.path())) return kept.path() / "vendor";
        }
    }
    return {};
}

}  // namespace kayton::kik
