#include "kik/cargo/index.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/cargo/cargo_config.h"
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

std::string host_of(const std::string& url) {
    const size_t start = url.find("://");
    if (start == std::string::npos) return "";
    std::string host = url.substr(start + 3);
    host.resize(std::min(host.find_first_of("/?#"), host.size()));
    if (const size_t at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
    host.resize(std::min(host.rfind(':'), host.size()));
    return host;
}

// The hosts of the registries that cargo's configuration names, by their names.
std::map<std::string, std::string> configured_hosts() {
    std::map<std::string, std::string> hosts;
    if (const std::optional<CargoConfig> config = read_cargo_config()) {
        if (const toml::table* registries = config->table["registries"].as_table()) {
            for (const auto& [registry, entry] : *registries) {
                const toml::table* table = entry.as_table();
                if (table != nullptr) hosts[std::string(registry.str())] = host_of((*table)["index"].value_or(std::string()));
            }
        }
    }
    constexpr std::string_view kPrefix = "CARGO_REGISTRIES_", kSuffix = "_INDEX";
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        std::string_view name = text.substr(0, text.find('='));
        if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) || name.size() <= kPrefix.size() + kSuffix.size()) continue;
        name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
        std::string registry(name);
        for (char& c : registry) c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        hosts[registry] = host_of(std::string(text.substr(text.find('=') + 1)));
    }
    return hosts;
}

// Where cargo keeps what it knows of a registry's index: in folders named after hosts. The default one's are those that
// no registry of another name has, so that a private crate is never taken for a public one of its name.
std::vector<fs::path> index_folders(const std::string& registry) {
    const std::map<std::string, std::string> hosts = configured_hosts();
    const auto wanted = hosts.find(registry);
    const std::string wanted_host = wanted != hosts.end() ? wanted->second : host_of(registry);
    std::vector<fs::path> folders;
    std::error_code error;
    for (const fs::directory_entry& index : fs::directory_iterator(cargo_home() / "registry" / "index", error)) {
        const std::string name = index.path().filename();
        const std::string host = name.substr(0, name.rfind('-'));
        const bool named = std::any_of(hosts.begin(), hosts.end(), [&](const auto& other) { return other.second == host; });
        if (registry.empty() ? !named : wanted_host == host) folders.push_back(index.path());
    }
    return folders;
}

}  // namespace

IndexedPackage indexed_package(const std::string& name, const std::string& source) {
    if (source.rfind("sparse+", 0) == 0) return {name, source};
    const std::string host = host_of(source);
    for (const auto& [registry, other] : configured_hosts())
        if (source.rfind("registry+", 0) == 0 && host == other) return {name, source.substr(9)};
    return {name, ""};
}

std::vector<IndexVersion> index_versions(const IndexedPackage& package) {
    std::vector<IndexVersion> versions;
    for (const fs::path& index : index_folders(package.registry)) {
        const Result<std::string> text = read_text_file(index / ".cache" / index_place(package.name));
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
    for (const fs::path& index : index_folders("")) {
        fs::recursive_directory_iterator entries(index / ".cache", error);
        for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
            const std::string name = entries->path().filename().string();
            if (entries->is_regular_file(error) && name.find(word) != std::string::npos) found.push_back(name);
        }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

Result<void> refresh_index(const Toolchain& toolchain, const std::vector<IndexedPackage>& packages,
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
    size_t line = 0;
    for (const IndexedPackage& package : packages) {
        // Two registries may have crates of the same name.
        toml += fmt::format("p{} = {{ package = {}, version = \"*\", default-features = false", line++, nlohmann::json(package.name).dump());
        const char* key = package.registry.find("://") == std::string::npos ? "registry" : "registry-index";
        toml += package.registry.empty() ? " }\n" : fmt::format(", {} = {} }}\n", key, nlohmann::json(package.registry).dump());
    }
    std::ofstream(folder / "Cargo.toml") << toml;
    std::ofstream(folder / "src" / "lib.rs") << "";
    WrapperPlan plan;
    plan.spec.package = packages.size() == 1 ? packages.front().name : "";
    if (packages.size() == 1 && !packages.front().registry.empty()) plan.spec.source = "registry+" + packages.front().registry;
    const BuildPlace place{toolchain, console, folder, folder / "target", {}, {}, {}, {}};
    const Result<CommandResult> result = run_shown(place, cargo_in(place, {"generate-lockfile"}), "Asking");
    fs::remove_all(folder, error);
    if (!result) return tl::unexpected<Error>(result.error());
    if (!result->ok()) return tl::unexpected<Error>(resolve_error(*result, plan, place));
    return {};
}

}  // namespace kayton::kik
