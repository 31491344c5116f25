#include "kik/cargo/index.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/cargo/semver.h"
#include "kik/environment/durable_file.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

// Where an index has a crate: 1/a, 2/ab, 3/a/abc, ab/cd/abcdef.
fs::path index_place(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (name.size() <= 2) return fs::path(std::to_string(name.size())) / name;
    if (name.size() == 3) return fs::path("3") / name.substr(0, 1) / name;
    return fs::path(name.substr(0, 2)) / name.substr(2, 2) / name;
}

}  // namespace

std::vector<IndexVersion> index_versions(const std::string& package) {
    std::vector<IndexVersion> versions;
    std::error_code error;
    for (const fs::directory_entry& index : fs::directory_iterator(cargo_home() / "registry" / "index", error)) {
        const Result<std::string> text = read_text_file(index.path() / ".cache" / index_place(package));
        if (!text) continue;
        // A header, then for each version its number and its JSON, each ended by a zero.
        size_t at = text->find('\0', 5);
        if (at == std::string::npos) continue;
        ++at;
        while (at < text->size()) {
            const size_t middle = text->find('\0', at);
            const size_t end = middle == std::string::npos ? middle : text->find('\0', middle + 1);
            if (end == std::string::npos) break;
            const nlohmann::json entry = nlohmann::json::parse(text->begin() + static_cast<std::ptrdiff_t>(middle) + 1,
                                                               text->begin() + static_cast<std::ptrdiff_t>(end), nullptr,
                                                               false);
            if (entry.is_object()) versions.push_back({entry.value("vers", ""), entry.value("yanked", false)});
            at = end + 1;
        }
        if (!versions.empty()) break;
    }
    return versions;
}

std::string newest_version(const std::vector<IndexVersion>& versions, const std::string& requirement) {
    const std::optional<SemverRequirement> wanted = SemverRequirement::parse(requirement.empty() ? "*" : requirement);
    std::string best_text;
    std::optional<Semver> best;
    for (const IndexVersion& entry : versions) {
        const std::optional<Semver> version = Semver::parse(entry.version);
        if (!version || entry.yanked || (wanted && !wanted->fits(*version)) || (best && *version < *best)) continue;
        best = version;
        best_text = entry.version;
    }
    return best_text;
}

std::vector<std::string> known_packages(const std::string& word) {
    std::vector<std::string> found;
    std::error_code error;
    for (const fs::directory_entry& index : fs::directory_iterator(cargo_home() / "registry" / "index", error)) {
        fs::recursive_directory_iterator entries(index.path() / ".cache", error);
        for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
            const std::string name = entries->path().filename().string();
            if (entries->is_regular_file(error) && name.find(word) != std::string::npos) found.push_back(name);
        }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

Result<void> refresh_index(const Toolchain& toolchain, const std::vector<std::string>& packages,
                           const Console& console) {
    if (console.options().offline || packages.empty()) return {};
    const Result<Cache> cache = Cache::open(toolchain);
    if (!cache) return tl::unexpected<Error>(cache.error());
    const fs::path folder = cache->work(".index-" + std::to_string(::getpid()));
    std::error_code error;
    fs::remove_all(folder, error);
    if (Result<void> made = make_folders(folder / "src"); !made) return made;
    std::string toml = "[package]\nname = \"kayton_index\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n"
                       "[dependencies]\n";
    for (const std::string& package : packages) toml += package + " = { version = \"*\", default-features = false }\n";
    std::ofstream(folder / "Cargo.toml") << toml;
    std::ofstream(folder / "src" / "lib.rs") << "";
    WrapperPlan plan;
    plan.spec.package = packages.size() == 1 ? packages.front() : "";
    const BuildPlace place{toolchain, console, folder, folder / "target", {}, {}, {}, {}};
    const Result<CommandResult> result = run_shown(place, cargo_in(place, {"generate-lockfile"}), "Asking");
    fs::remove_all(folder, error);
    if (!result) return tl::unexpected<Error>(result.error());
    if (!result->ok()) return tl::unexpected<Error>(resolve_error(*result, plan, place));
    return {};
}

}  // namespace kayton::kik
