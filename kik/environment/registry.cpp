#include "kik/environment/registry.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/environment/durable_file.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kMarker = "installing.json";
// An empty file in a folder that is being installed.
constexpr const char* kNewMark = ".new";

// What metadata/installing.json says while a change is under way. Folders are relative to the environment.
struct Marker {
    int64_t generation = 0;             // the registry's, before the change
    std::string staged, place;          // the new folder: where it was made, where it goes; empty for a removal
    bool exchanged = false;             // `place` held an older build of the same version, which is now in `staged`
    std::vector<std::string> obsolete;  // to be removed once the registry is written
};

std::string marker_text(const Marker& marker) {
    Json json;
    json["generation"] = marker.generation;
    json["staged"] = marker.staged;
    json["place"] = marker.place;
    json["exchanged"] = marker.exchanged;
    json["obsolete"] = marker.obsolete;
    return json.dump() + "\n";
}

// A relative path that stays inside the environment.
bool inside(const std::string& path) {
    const fs::path normal = fs::path(path).lexically_normal();
    return normal.is_relative() && (normal.empty() || *normal.begin() != "..");
}

Result<Marker> parse_marker(const std::string& text, const fs::path& file) {
    try {
        const Json json = Json::parse(text);
        Marker marker;
        marker.generation = json.at("generation").get<int64_t>();
        marker.staged = json.at("staged").get<std::string>();
        marker.place = json.at("place").get<std::string>();
        marker.exchanged = json.at("exchanged").get<bool>();
        marker.obsolete = json.at("obsolete").get<std::vector<std::string>>();
        const bool fine = inside(marker.staged) && inside(marker.place) &&
                          std::all_of(marker.obsolete.begin(), marker.obsolete.end(), inside);
        if (fine) return marker;
    } catch (const Json::exception&) {
    }
    return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt: it does not tell what was being installed",
                "Remove that file, then install the crate again");
}

void pass(const CommitObserver& observe, std::string_view point) {
    if (observe) observe(point);
}

// Removes empty parents up to libs/, so that an uninstalled crate leaves nothing.
void prune_parents(fs::path folder, const fs::path& libs) {
    std::error_code error;
    while (folder != libs && folder.has_parent_path() && fs::is_empty(folder, error) && !error) {
        if (!fs::remove(folder, error)) return;
        folder = folder.parent_path();
    }
}

}  // namespace

struct Registry::State {
    int64_t generation = 0;
    std::vector<InstalledPlugin> plugins;
};

Result<Registry::State> Registry::read() const {
    const Result<Environment> environment = open_environment(name_, root_);
    if (!environment) return tl::unexpected<Error>(environment.error());
    State state;
    state.plugins = environment->plugins;
    const Result<std::string> text = read_text_file(metadata() / "registry.json");
    if (text) state.generation = Json::parse(*text, nullptr, false).value("generation", int64_t{0});
    return state;
}

Result<void> Registry::write(const State& state) const {
    Json json;
    json["format"] = kRegistryFormat;
    json["generation"] = state.generation;
    json["plugins"] = Json::array();
    for (const InstalledPlugin& plugin : state.plugins) {
        Json entry;
        entry["crate"] = plugin.crate;
        entry["package"] = plugin.package;
        entry["version"] = plugin.version;
        entry["target"] = plugin.target;
        entry["features"] = plugin.features;
        entry["abi_version"] = plugin.abi_version;
        json["plugins"].push_back(std::move(entry));
    }
    return write_durably(metadata() / "registry.json", json.dump(2) + "\n");
}

Result<void> Registry::repair() {
    const fs::path file = metadata() / kMarker;
    std::error_code error;
    if (const Result<std::string> text = read_text_file(file); text) {
        const Result<Marker> marker = parse_marker(*text, file);
        if (!marker) return tl::unexpected<Error>(marker.error());
        const Result<State> state = read();
        if (!state) return tl::unexpected<Error>(state.error());
        if (state->generation > marker->generation) {
            if (!marker->place.empty()) fs::remove(root_ / marker->place / kNewMark, error);
            for (const std::string& folder : marker->obsolete) {
                if (Result<void> removed = remove_tree(root_ / folder); !removed) return removed;
                prune_parents((root_ / folder).parent_path(), root_ / "libs");
            }
        } else if (!marker->place.empty()) {
            const fs::path place = root_ / marker->place, staged = root_ / marker->staged;
            // Only a finished build has this mark; it tells which of the two folders is the new one.
            const bool moved = fs::exists(place / kNewMark, error);
            if (moved && marker->exchanged) {
                if (Result<void> back = exchange(staged, place); !back) return back;
            } else if (moved) {
                if (Result<void> removed = remove_tree(place); !removed) return removed;
                prune_parents(place.parent_path(), root_ / "libs");
            }
        }
        fs::remove(file, error);
    } else if (text.error().kind != ErrorKind::kNotFound) {
        return tl::unexpected<Error>(text.error());
    }
    if (Result<void> removed = remove_tree(metadata() / "staging"); !removed) return removed;
    return remove_tree(trash());
}

Result<fs::path> Registry::new_staging(const std::string& crate, const std::string& version) {
    const fs::path folder = metadata() / "staging" / crate / version;
    if (Result<void> removed = remove_tree(folder); !removed) return tl::unexpected<Error>(removed.error());
    if (Result<void> made = make_folders(folder); !made) return tl::unexpected<Error>(made.error());
    return folder;
}

Result<void> Registry::install(const fs::path& staged, const InstalledPlugin& plugin, const CommitObserver& observe) {
    Result<State> state = read();
    if (!state) return tl::unexpected<Error>(state.error());
    const fs::path place = root_ / "libs" / plugin.crate / plugin.version / plugin.target;
    std::error_code error;

    Marker marker;
    marker.generation = state->generation;
    marker.staged = fs::relative(staged, root_, error).string();
    marker.place = place.lexically_relative(root_).string();
    marker.exchanged = fs::exists(place, error);
    if (marker.exchanged) marker.obsolete.push_back(marker.staged);
    for (const InstalledPlugin& other : state->plugins) {
        if (other.crate == plugin.crate && other.folder != place) {
            marker.obsolete.push_back(other.folder.lexically_relative(root_).string());
        }
    }

    if (Result<void> marked = write_durably(staged / kNewMark, ""); !marked) return marked;
    for (const char* file : {"plugin.so", "manifest.json"}) {
        if (Result<void> synced = sync_file(staged / file); !synced) return synced;
    }
    if (Result<void> synced = sync_folder(staged); !synced) return synced;
    if (Result<void> made = make_folders(place.parent_path()); !made) return made;
    pass(observe, "staged");
    if (Result<void> marked = write_durably(metadata() / kMarker, marker_text(marker)); !marked) return marked;
    pass(observe, "marked");
    Result<void> moved = marker.exchanged ? exchange(staged, place) : rename_new(staged, place);
    if (moved) moved = sync_folder(place.parent_path());
    pass(observe, "moved");

    if (moved) {
        auto& plugins = state->plugins;
        plugins.erase(std::remove_if(plugins.begin(), plugins.end(),
                                     [&](const InstalledPlugin& other) { return other.crate == plugin.crate; }),
                      plugins.end());
        plugins.push_back(plugin);
        std::sort(plugins.begin(), plugins.end(), [](const auto& a, const auto& b) { return a.crate < b.crate; });
        ++state->generation;
        moved = write(*state);
    }
    pass(observe, "registered");
    // On success this removes what is obsolete, on failure it puts the old folder back.
    if (Result<void> repaired = repair(); !repaired) return repaired;
    pass(observe, "done");
    return moved;
}

Result<void> Registry::uninstall(const std::string& crate, const CommitObserver& observe) {
    Result<State> state = read();
    if (!state) return tl::unexpected<Error>(state.error());
    auto& plugins = state->plugins;
    const auto found = std::find_if(plugins.begin(), plugins.end(),
                                    [&](const InstalledPlugin& plugin) { return plugin.crate == crate; });
    if (found == plugins.end()) {
        return fail(ErrorKind::kNotFound, "`" + crate + "` is not installed in `" + name_ + "`", "Run: kik list");
    }
    Marker marker;
    marker.generation = state->generation;
    marker.obsolete.push_back(found->folder.lexically_relative(root_).string());
    if (Result<void> marked = write_durably(metadata() / kMarker, marker_text(marker)); !marked) return marked;
    pass(observe, "marked");
    plugins.erase(found);
    ++state->generation;
    const Result<void> written = write(*state);
    pass(observe, "registered");
    if (Result<void> repaired = repair(); !repaired) return repaired;
    pass(observe, "done");
    return written;
}

}  // namespace kayton::kik
