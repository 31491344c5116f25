#include "kik/environment/registry.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "kik/environment/commit_marker.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/environment/seal_folder.h"
#include "shared/seal.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kMarker = "installing.json";

void pass(const CommitObserver& observe, std::string_view point) {
    if (observe) observe(point);
}

Json plugins_json(const std::vector<InstalledPlugin>& plugins) {
    Json list = Json::array();
    for (const InstalledPlugin& plugin : plugins) {
        Json entry;
        entry["crate"] = plugin.crate;
        entry["package"] = plugin.package;
        entry["version"] = plugin.version;
        entry["target"] = plugin.target;
        entry["features"] = plugin.features;
        if (!plugin.instances.empty()) entry["instances"] = plugin.instances;
        if (!plugin.default_features) entry["default_features"] = false;
        entry["abi_version"] = plugin.abi_version;
        if (!plugin.requirement.empty()) entry["requirement"] = plugin.requirement;
        if (!plugin.source.empty()) entry["source"] = plugin.source;
        if (!plugin.contents.empty()) entry["contents"] = plugin.contents;
        list.push_back(std::move(entry));
    }
    return list;
}

std::string state_text(const RegistryState& state) {
    Json json;
    json["format"] = kRegistryFormat;
    json["generation"] = state.generation;
    json["time"] = state.time;
    json["command"] = state.command;
    json["plugins"] = plugins_json(state.plugins);
    return json.dump(2) + "\n";
}

void sort_by_crate(std::vector<InstalledPlugin>& plugins) {
    std::sort(plugins.begin(), plugins.end(), [](const auto& a, const auto& b) { return a.crate < b.crate; });
}

}  // namespace

const InstalledPlugin* RegistryState::find(const std::string& crate) const {
    const auto found =
        std::find_if(plugins.begin(), plugins.end(), [&](const auto& plugin) { return plugin.crate == crate; });
    return found == plugins.end() ? nullptr : &*found;
}

Result<RegistryState> Registry::read() const {
    const Result<Environment> environment = open_environment(name_, root_);
    if (!environment) return tl::unexpected<Error>(environment.error());
    RegistryState state;
    state.plugins = environment->plugins;
    const Result<std::string> text = read_text_file(metadata() / "registry.json");
    if (!text) return tl::unexpected<Error>(text.error());
    const Json json = Json::parse(*text, nullptr, false);
    state.generation = json.value("generation", int64_t{0});
    state.time = json.value("time", "");
    state.command = json.value("command", "");
    return state;
}

Result<void> Registry::write(const RegistryState& state) const {
    return write_durably(metadata() / "registry.json", state_text(state));
}

Result<void> Registry::write_history(const RegistryState& state) const {
    if (Result<void> made = make_folders(metadata() / "history"); !made) return made;
    return write_durably(history_file(state.generation), state_text(state));
}

Result<void> Registry::repair() {
    const fs::path file = metadata() / kMarker;
    std::error_code error;
    if (const Result<std::string> text = read_text_file(file); text) {
        const Result<CommitMarker> marker = parse_marker(*text, file);
        if (!marker) return tl::unexpected<Error>(marker.error());
        const Result<RegistryState> state = read();
        if (!state) return tl::unexpected<Error>(state.error());
        const bool committed = state->generation > marker->generation;
        Result<void> done = committed ? finish_commit(*marker, root_) : undo_commit(*marker, root_);
        if (!done) return done;
        if (!committed) fs::remove(history_file(marker->generation + 1), error);
        fs::remove(file, error);
        if (error) return tl::unexpected<Error>(system_error("remove", file, error.value()));
        forget_old_states(*state);
    } else if (text.error().kind != ErrorKind::kNotFound) {
        return tl::unexpected<Error>(text.error());
    }
    return remove_tree(metadata() / "staging");
}

Result<fs::path> Registry::new_staging(const std::string& crate, const std::string& version) {
    const fs::path folder = metadata() / "staging" / crate / version;
    if (Result<void> removed = remove_tree(folder); !removed) return tl::unexpected<Error>(removed.error());
    if (Result<void> made = make_folders(folder); !made) return tl::unexpected<Error>(made.error());
    return folder;
}

Result<void> Registry::apply(RegistryChange change, const CommitObserver& observe) {
    const Result<RegistryState> old = read();
    if (!old) return tl::unexpected<Error>(old.error());
    RegistryState fresh;
    fresh.generation = old->generation + 1;
    fresh.time = utc_now();
    fresh.command = change.command;

    CommitMarker marker;
    marker.generation = old->generation;
    std::error_code error;
    std::set<fs::path> used;
    for (InstalledPlugin& plugin : change.plugins) {
        const fs::path place = root_ / "libs" / plugin.crate / plugin.version / plugin.target;
        used.insert(place);
        plugin.folder = place;
        const auto folder = change.folders.find(plugin.crate);
        if (folder == change.folders.end()) continue;
        plugin.contents = contents_of(folder->second);
        if (plugin.contents.empty()) {
            Result<std::string> contents = seal_folder(folder->second);
            if (!contents) return tl::unexpected<Error>(contents.error());
            plugin.contents = std::move(*contents);
        }
        if (Result<void> synced = sync_folder(folder->second); !synced) return synced;
        if (Result<void> made = make_folders(place.parent_path()); !made) return made;
        const std::string source = folder->second.lexically_relative(root_).string();
        marker.placed.push_back(
            {source, place.lexically_relative(root_).string(), fs::exists(place, error), plugin.contents});
        if (!marker.placed.back().exchanged) continue;
        const std::string before = contents_of(place);
        const bool keep = !before.empty() && before != plugin.contents;
        marker.obsolete.push_back({source, keep ? kept(before).lexically_relative(root_).string() : ""});
    }
    for (const InstalledPlugin& plugin : old->plugins) {
        if (used.contains(plugin.folder)) continue;
        const std::string contents = contents_of(plugin.folder);
        marker.obsolete.push_back({plugin.folder.lexically_relative(root_).string(),
                                   contents.empty() ? "" : kept(contents).lexically_relative(root_).string()});
    }
    fresh.plugins = std::move(change.plugins);
    sort_by_crate(fresh.plugins);

    if (!fs::exists(history_file(old->generation), error)) {
        if (Result<void> written = write_history(*old); !written) return written;
    }
    pass(observe, "staged");
    if (Result<void> marked = write_durably(metadata() / kMarker, marker_text(marker)); !marked) return marked;
    pass(observe, "marked");
    Result<void> done = write_history(fresh);
    for (const PlacedFolder& folder : marker.placed) {
        if (!done) break;
        const fs::path source = root_ / folder.source, place = root_ / folder.place;
        done = folder.exchanged ? exchange(source, place) : rename_new(source, place);
        if (done) done = sync_folder(place.parent_path());
        pass(observe, "moved");
    }
    if (done) done = write(fresh);
    pass(observe, "registered");
    // On success this puts aside what is obsolete, on failure it puts the old folders back.
    if (Result<void> repaired = repair(); !repaired) return repaired;
    pass(observe, "done");
    return done;
}

Result<void> Registry::install(std::vector<InstalledPlugin> plugins, const std::string& command,
                               const CommitObserver& observe) {
    Result<RegistryState> state = read();
    if (!state) return tl::unexpected<Error>(state.error());
    RegistryChange change;
    change.command = command;
    change.plugins = std::move(state->plugins);
    for (InstalledPlugin& plugin : plugins) {
        std::erase_if(change.plugins, [&](const auto& other) { return other.crate == plugin.crate; });
        change.folders[plugin.crate] = plugin.folder;
        change.plugins.push_back(std::move(plugin));
    }
    return apply(std::move(change), observe);
}

Result<void> Registry::uninstall(const std::vector<std::string>& crates, const std::string& command,
                                 const CommitObserver& observe) {
    Result<RegistryState> state = read();
    if (!state) return tl::unexpected<Error>(state.error());
    for (const std::string& crate : crates) {
        if (std::erase_if(state->plugins, [&](const auto& plugin) { return plugin.crate == crate; }) == 0) {
            return fail(ErrorKind::kNotFound, "`" + crate + "` is not installed in `" + name_ + "`", "Run: kik list");
        }
    }
    return apply({std::move(state->plugins), {}, command}, observe);
}

Result<std::vector<RegistryState>> Registry::history() const {
    Result<RegistryState> present = read();
    if (!present) return tl::unexpected<Error>(present.error());
    std::vector<RegistryState> states{std::move(*present)};
    const int64_t newest = states.front().generation;
    for (int64_t generation = newest - 1; generation >= 0 && states.size() <= kKeptStates; --generation) {
        const Result<std::string> text = read_text_file(history_file(generation));
        if (!text) break;
        const Json json = Json::parse(*text, nullptr, false);
        Result<std::vector<InstalledPlugin>> plugins = parse_plugins(*text, root_, history_file(generation));
        if (!plugins) return tl::unexpected<Error>(plugins.error());
        states.push_back({generation, json.value("time", ""), json.value("command", ""), std::move(*plugins)});
    }
    return states;
}

Result<void> Registry::roll_back(int64_t generation, const std::string& command, const CommitObserver& observe) {
    const Result<std::vector<RegistryState>> states = history();
    if (!states) return tl::unexpected<Error>(states.error());
    const auto wanted =
        std::find_if(states->begin(), states->end(), [&](const auto& state) { return state.generation == generation; });
    if (wanted == states->end()) {
        return fail(ErrorKind::kNotFound,
                    "`" + name_ + "` has no state " + std::to_string(generation) + " that could be brought back",
                    "Run: kik history");
    }
    RegistryChange change;
    change.command = command;
    change.plugins = wanted->plugins;
    for (const InstalledPlugin& plugin : wanted->plugins) {
        const InstalledPlugin* now = states->front().find(plugin.crate);
        if (now != nullptr && now->folder == plugin.folder && now->contents == plugin.contents) continue;
        std::error_code error;
        if (plugin.contents.empty() || !fs::exists(kept(plugin.contents) / "plugin.so", error)) {
            return fail(ErrorKind::kNotFound,
                        "`" + plugin.crate + "` " + plugin.version + " of state " + std::to_string(generation) +
                            " is no longer kept",
                        "Run: kik rinstall " + plugin.package + "==" + plugin.version);
        }
        const Result<SealReport> seal = check_seal(kept(plugin.contents));
        if (!seal || !seal->whole()) {
            return fail(ErrorKind::kInput,
                        "what is kept of `" + plugin.crate + "` " + plugin.version + " was changed on disk",
                        "Run: kik rinstall " + plugin.package + "==" + plugin.version);
        }
        change.folders[plugin.crate] = kept(plugin.contents);
    }
    return apply(std::move(change), observe);
}

void Registry::forget_old_states(const RegistryState& present) const {
    std::set<std::string> needed;
    std::error_code error;
    const Result<std::vector<RegistryState>> states = history();
    if (!states) return;
    for (const RegistryState& state : *states) {
        for (const InstalledPlugin& plugin : state.plugins) needed.insert(plugin.contents);
    }
    const int64_t oldest = present.generation - static_cast<int64_t>(kKeptStates);
    for (const fs::directory_entry& entry : fs::directory_iterator(metadata() / "history", error)) {
        const std::string number = entry.path().stem().string();
        const bool plain = !number.empty() && number.size() < 18 && std::all_of(number.begin(), number.end(), ::isdigit);
        if (plain && std::stoll(number) < oldest) fs::remove(entry.path(), error);
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(metadata() / "kept", error)) {
        if (!needed.contains(entry.path().filename().string())) fs::remove_all(entry.path(), error);
    }
}

Result<RegistryState> Registry::rebuild() {
    RegistryState state;
    state.time = utc_now();
    state.command = "doctor --fix";
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(metadata() / "history", error)) {
        const std::string number = entry.path().stem().string();
        const bool plain = !number.empty() && number.size() < 18 && std::all_of(number.begin(), number.end(), ::isdigit);
        if (plain) state.generation = std::max<int64_t>(state.generation, std::stoll(number));
    }
    // What the newest state in the history knows besides the manifests: what was asked for.
    std::vector<InstalledPlugin> known;
    for (int64_t generation = state.generation; generation >= 0 && known.empty(); --generation) {
        if (const Result<std::string> text = read_text_file(history_file(generation)); text) {
            known = parse_plugins(*text, root_, history_file(generation)).value_or(std::vector<InstalledPlugin>());
        }
    }
    ++state.generation;
    for (fs::recursive_directory_iterator at(root_ / "libs", error), end; !error && at != end; at.increment(error)) {
        if (at.depth() != 2 || !at->is_directory(error)) continue;
        at.disable_recursion_pending();
        const Result<Manifest> manifest = read_manifest(at->path() / "manifest.json");
        if (!manifest || !fs::exists(at->path() / "plugin.so", error)) continue;
        const Result<SealReport> seal = check_seal(at->path());
        if (seal && !seal->whole()) continue;
        InstalledPlugin plugin;
        const auto before = std::find_if(known.begin(), known.end(), [&](const InstalledPlugin& other) {
            return other.crate == manifest->crate && other.version == manifest->version;
        });
        if (before != known.end()) plugin = *before;
        plugin.crate = manifest->crate;
        plugin.package = manifest->package;
        plugin.version = manifest->version;
        plugin.target = at->path().filename();
        plugin.features = manifest->features;
        plugin.abi_version = manifest->abi_version;
        plugin.folder = at->path();
        plugin.contents = contents_of(at->path());
        if (state.find(plugin.crate) == nullptr) state.plugins.push_back(std::move(plugin));
    }
    sort_by_crate(state.plugins);
    const fs::path file = metadata() / "registry.json";
    if (fs::exists(file, error)) fs::rename(file, metadata() / "registry.json.broken", error);
    if (error) return tl::unexpected<Error>(system_error("move away", file, error.value()));
    if (Result<void> written = write_history(state); !written) return tl::unexpected<Error>(written.error());
    if (Result<void> written = write(state); !written) return tl::unexpected<Error>(written.error());
    return state;
}

}  // namespace kayton::kik
