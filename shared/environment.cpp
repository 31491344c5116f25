#include "shared/environment.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <system_error>

#include "shared/text_file.h"

namespace kayton {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const char* variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : nullptr;
}

// One path component that cannot lead out of its folder.
bool plain_component(const std::string& text) {
    return !text.empty() && text != "." && text != ".." && text.find('/') == std::string::npos &&
           text.find('\0') == std::string::npos;
}

tl::unexpected<Error> corrupt(const fs::path& file, const std::string& reason) {
    return fail(ErrorKind::kInput, "registry `" + file.string() + "` is corrupt: " + reason,
                "Run: kik doctor --fix");
}

Result<InstalledPlugin> read_entry(const Json& entry, const fs::path& root, const fs::path& file) {
    InstalledPlugin plugin;
    if (!entry.is_object()) return corrupt(file, "an entry of `plugins` is not an object");
    for (const auto& [name, target] : {std::pair{"crate", &plugin.crate}, std::pair{"version", &plugin.version},
                                       std::pair{"target", &plugin.target}}) {
        const auto value = entry.find(name);
        if (value == entry.end() || !value->is_string() || !plain_component(value->get_ref<const std::string&>())) {
            return corrupt(file, std::string("an entry of `plugins` has no valid `") + name + "`");
        }
        *target = value->get<std::string>();
    }
    plugin.package = plugin.crate;
    if (const auto value = entry.find("package"); value != entry.end() && value->is_string()) {
        plugin.package = value->get<std::string>();
    }
    for (const auto& [name, list] : {std::pair("features", &plugin.features), std::pair("instances", &plugin.instances)}) {
        const auto value = entry.find(name);
        if (value == entry.end()) continue;
        if (!value->is_array()) return corrupt(file, std::string("`") + name + "` of `" + plugin.crate + "` is not a list");
        for (const Json& word : *value) {
            if (!word.is_string()) return corrupt(file, std::string("an entry of `") + name + "` of `" + plugin.crate + "` is not a string");
            list->push_back(word.get<std::string>());
        }
    }
    const auto abi = entry.find("abi_version");
    if (abi == entry.end() || !abi->is_number_unsigned()) {
        return corrupt(file, "`" + plugin.crate + "` has no valid `abi_version`");
    }
    plugin.abi_version = abi->get<uint32_t>();
    const auto text_of = [&](const char* name) {
        const auto value = entry.find(name);
        return value != entry.end() && value->is_string() ? value->get<std::string>() : std::string();
    };
    plugin.requirement = text_of("requirement");
    plugin.source = text_of("source");
    plugin.contents = text_of("contents");
    if (const auto value = entry.find("default_features"); value != entry.end() && value->is_boolean()) {
        plugin.default_features = value->get<bool>();
    }
    plugin.folder = root / "libs" / plugin.crate / plugin.version / plugin.target;
    return plugin;
}

bool valid_name(const std::string& name) {
    const auto allowed = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
    return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
           std::all_of(name.begin(), name.end(), allowed);
}

Result<fs::path> nearest_local() {
    std::error_code error;
    const fs::path start = fs::current_path(error);
    if (error) return fail(ErrorKind::kSystem, "cannot find the current folder: " + error.message());
    for (fs::path folder = start;; folder = folder.parent_path()) {
        if (fs::is_directory(folder / ".kayton", error)) return folder / ".kayton";
        if (folder == folder.root_path()) break;
    }
    return fail(
        ErrorKind::kNotFound,
        "the local environment is active, but neither `" + start.string() + "` nor a folder above it has a `.kayton`",
        "Run: kik create local");
}

}  // namespace

const InstalledPlugin* Environment::find(const std::string& crate) const {
    const auto found = std::find_if(plugins.begin(), plugins.end(),
                                    [&](const InstalledPlugin& plugin) { return plugin.crate == crate; });
    return found == plugins.end() ? nullptr : &*found;
}

Result<fs::path> kayton_home() {
    if (const char* home = variable("KAYTON_HOME")) {
        std::error_code error;
        fs::path absolute = fs::absolute(home, error);
        if (error) return fail(ErrorKind::kSystem, std::string("KAYTON_HOME `") + home + "`: " + error.message());
        return absolute.lexically_normal();
    }
    // The XDG rules say that a relative path is to be ignored.
    if (const char* data = variable("XDG_DATA_HOME"); data != nullptr && *data == '/') return fs::path(data) / "kayton";
    if (const char* home = variable("HOME"); home != nullptr && *home == '/') {
        return fs::path(home) / ".local" / "share" / "kayton";
    }
    // A service or container may start programs without HOME; the user has one all the same.
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> text{};
    if (::getpwuid_r(::geteuid(), &entry, text.data(), text.size(), &found) == 0 && found != nullptr &&
        *found->pw_dir == '/') {
        return fs::path(found->pw_dir) / ".local" / "share" / "kayton";
    }
    return fail(ErrorKind::kNotFound,
                "there is no place for Kayton's environments: neither KAYTON_HOME nor HOME is set, and the user has no home",
                "Set KAYTON_HOME to a folder of yours");
}

Result<std::vector<InstalledPlugin>> parse_plugins(const std::string& text, const fs::path& root,
                                                   const fs::path& file) {
    std::vector<InstalledPlugin> found;
    try {
        const Json json = Json::parse(text);
        if (!json.is_object()) return corrupt(file, "it is not an object");
        const auto format = json.find("format");
        if (format == json.end() || !format->is_number_unsigned()) return corrupt(file, "it has no `format`");
        if (format->get<int64_t>() > kRegistryFormat) {
            return fail(ErrorKind::kInput,
                        "registry `" + file.string() + "` has format " + format->dump() +
                            ", but this Kayton reads formats up to " + std::to_string(kRegistryFormat),
                        "Install a newer Kayton, or make a new environment with kik create");
        }
        const auto plugins = json.find("plugins");
        if (plugins == json.end() || !plugins->is_array()) return corrupt(file, "it has no list `plugins`");
        found.reserve(plugins->size());
        for (const Json& entry : *plugins) {
            Result<InstalledPlugin> plugin = read_entry(entry, root, file);
            if (!plugin) return tl::unexpected<Error>(plugin.error());
            found.push_back(std::move(*plugin));
        }
    } catch (const Json::exception& error) {
        return corrupt(file, json_problem(text, error));
    }
    return found;
}

Result<Environment> open_environment(const std::string& name, const fs::path& root) {
    Environment environment;
    environment.name = name;
    environment.root = root;
    const fs::path file = root / "metadata" / "registry.json";
    const Result<std::string> text = read_text_file(file);
    if (!text) {
        std::error_code error;
        if (text.error().kind != ErrorKind::kNotFound) return tl::unexpected<Error>(text.error());
        // A folder that is not an environment yet is an empty one; an environment without its registry has lost it.
        if (fs::exists(root / "metadata" / "env.json", error)) return corrupt(file, "it is missing");
        return environment;
    }
    Result<std::vector<InstalledPlugin>> plugins = parse_plugins(*text, root, file);
    if (!plugins) return tl::unexpected<Error>(plugins.error());
    environment.plugins = std::move(*plugins);
    return environment;
}

Result<EnvironmentPlace> find_environment(const std::string& name) {
    if (name == "local") {
        Result<fs::path> root = nearest_local();
        if (!root) return tl::unexpected<Error>(root.error());
        return EnvironmentPlace{name, *root};
    }
    if (!valid_name(name)) {
        return fail(ErrorKind::kInput, "`" + name + "` is not a name of an environment",
                    "A name has up to 64 letters, digits, `-`, `_` and `.`, and starts with a letter, digit or `_`");
    }
    const Result<fs::path> home = kayton_home();
    if (!home) return tl::unexpected<Error>(home.error());
    return EnvironmentPlace{name, *home / "envs" / name};
}

Result<Environment> active_environment() {
    const char* active = variable("KAYTON_ACTIVE_ENV");
    const Result<EnvironmentPlace> place = find_environment(active != nullptr ? active : "base");
    if (!place) return tl::unexpected<Error>(place.error());
    std::error_code error;
    if (place->name != "base" && !fs::exists(place->root / "metadata" / "env.json", error)) {
        return fail(ErrorKind::kNotFound,
                    "the active environment `" + place->name + "` does not exist (`" + place->root.string() +
                        "` has no `metadata/env.json`)",
                    "Run: kik create " + place->name);
    }
    return open_environment(place->name, place->root);
}

}  // namespace kayton
