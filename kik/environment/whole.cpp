#include "kik/environment/whole.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/cargo/cache.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Result<fs::path> trash_folder() {
    const Result<fs::path> home = kayton_home();
    if (!home) return home;
    return *home / "trash";
}

Result<Json> read_env_json(const fs::path& root) {
    const fs::path file = root / "metadata" / "env.json";
    const Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    Json json = Json::parse(*text, nullptr, false);
    if (!json.is_object()) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt", "Run: kik doctor --fix");
    }
    return json;
}

// Some entries may belong to root, left by a `sudo kik`.
Result<void> remove_for_good(const fs::path& folder) {
    Result<void> removed = remove_tree(folder);
    if (removed) return removed;
    Error error = removed.error();
    error.remedy = "Something in it belongs to another user. Run: sudo rm -r '" + folder.string() + "'";
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace

Result<void> write_name(const fs::path& root, const std::string& name) {
    Result<Json> json = read_env_json(root);
    if (!json) return tl::unexpected<Error>(json.error());
    if (json->value("name", Json()) == name) return {};
    (*json)["name"] = name;
    return write_durably(root / "metadata" / "env.json", json->dump(2) + "\n");
}

Result<std::optional<TrashedEnvironment>> trash_environment(const EnvironmentPlace& place) {
    if (!is_environment(place.root)) {
        return fail(ErrorKind::kInput,
                    "`" + place.root.string() + "` is not a Kayton environment (no `metadata/env.json`)");
    }
    const Result<fs::path> trash = trash_folder();
    if (!trash) return tl::unexpected<Error>(trash.error());
    TrashedEnvironment trashed;
    trashed.name = place.name;
    trashed.place = place.root;
    trashed.time = utc_now();
    std::string stamp = trashed.time;
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
    trashed.id = place.name + "-" + stamp + "-" + std::to_string(::getpid());
    trashed.folder = *trash / trashed.id;
    if (Result<void> made = make_folders(*trash); !made) return tl::unexpected<Error>(made.error());
    const std::string note = Json{{"name", place.name}, {"place", trashed.place}, {"time", trashed.time}}.dump(2);
    const fs::path note_file = *trash / (trashed.id + ".json");
    // Where a project's own environment came from stands only there; a named one can go though the disk is full.
    if (Result<void> written = write_durably(note_file, note + "\n"); !written && place.name == "local")
        return tl::unexpected<Error>(written.error());
    std::error_code error;
    fs::rename(place.root, trashed.folder, error);
    if (!error) {
        if (Result<void> synced = sync_folder(place.root.parent_path()); !synced)
            return tl::unexpected<Error>(synced.error());
        return trashed;
    }
    ::unlink(note_file.c_str());
    if (error.value() != EXDEV) return tl::unexpected<Error>(system_error("move to the trash", place.root, error.value()));
    const fs::path beside =
        place.root.parent_path() / (".removing-" + place.root.filename().string() + "-" + std::to_string(::getpid()));
    if (Result<void> moved = rename_new(place.root, beside); !moved) return tl::unexpected<Error>(moved.error());
    if (Result<void> removed = remove_for_good(beside); !removed) return tl::unexpected<Error>(removed.error());
    return std::optional<TrashedEnvironment>();
}

Result<std::vector<TrashedEnvironment>> trashed_environments() {
    const Result<fs::path> trash = trash_folder();
    if (!trash) return tl::unexpected<Error>(trash.error());
    std::vector<TrashedEnvironment> found;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(*trash, error)) {
        if (!entry.is_directory(error)) continue;
        TrashedEnvironment trashed;
        trashed.folder = entry.path();
        trashed.id = entry.path().filename();
        // A kill between the rename and the note leaves only the folder, whose name tells as much.
        const size_t pid = trashed.id.rfind('-');
        const size_t stamp = pid == std::string::npos || pid == 0 ? pid : trashed.id.rfind('-', pid - 1);
        if (stamp == std::string::npos) continue;
        trashed.name = trashed.id.substr(0, stamp);
        trashed.time = trashed.id.substr(stamp + 1, pid - stamp - 1);
        if (const Result<std::string> text = read_text_file(*trash / (trashed.id + ".json")); text) {
            const Json json = Json::parse(*text, nullptr, false);
            if (json.is_object()) {
                trashed.name = json.value("name", trashed.name);
                trashed.place = json.value("place", "");
                trashed.time = json.value("time", trashed.time);
            }
        }
        found.push_back(std::move(trashed));
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.time > b.time; });
    return found;
}

Result<void> restore_environment(const TrashedEnvironment& trashed, const EnvironmentPlace& place) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(place.root, error))) {
        return fail(ErrorKind::kInput, "`" + place.root.string() + "` exists already",
                    "Run: kik trash restore " + trashed.id + " --as NAME");
    }
    if (Result<void> made = make_folders(place.root.parent_path()); !made) return made;
    if (Result<void> named = write_name(trashed.folder, place.name); !named) return named;
    if (Result<void> moved = rename_new(trashed.folder, place.root); !moved) return moved;
    fs::path note = trashed.folder;
    note += ".json";
    fs::remove(note, error);
    return {};
}

Result<size_t> empty_trash(bool only_old) {
    const Result<std::vector<TrashedEnvironment>> all = trashed_environments();
    if (!all) return tl::unexpected<Error>(all.error());
    size_t count = 0;
    for (const TrashedEnvironment& trashed : *all) {
        std::error_code error;
        if (only_old) {
            const auto age = fs::file_time_type::clock::now() - fs::last_write_time(trashed.folder, error);
            // The folder's own time is when its entries changed last, which is no later than its removal: the note's
            // counts where there is one.
            fs::path note = trashed.folder;
            note += ".json";
            const auto noted = fs::last_write_time(note, error);
            const auto since = error ? age : fs::file_time_type::clock::now() - noted;
            if (since < std::chrono::hours(24 * kTrashDays)) continue;
        }
        if (Result<void> removed = remove_for_good(trashed.folder); !removed)
            return tl::unexpected<Error>(removed.error());
        fs::path note = trashed.folder;
        note += ".json";
        fs::remove(note, error);
        ++count;
    }
    return count;
}

Result<void> rename_environment(const EnvironmentPlace& from, const EnvironmentPlace& to) {
    if (Result<void> moved = rename_new(from.root, to.root); !moved) return moved;
    Result<void> done = sync_folder(to.root.parent_path());
    if (done) done = write_name(to.root, to.name);
    // On a full disk the name cannot be written: it stays the environment that it was.
    if (!done) static_cast<void>(rename_new(to.root, from.root));
    return done;
}

Result<void> build_environment(const EnvironmentPlace& to,
                               const std::function<Result<void>(const fs::path&)>& fill) {
    if (Result<void> made = make_folders(to.root.parent_path()); !made) return made;
    sweep_leftovers(to.root);
    const fs::path staging =
        to.root.parent_path() / (kInTheMaking + to.root.filename().string() + "-" + std::to_string(::getpid()));
    std::error_code error;
    fs::remove_all(staging, error);
    Result<void> done = fill(staging);
    if (done) done = rename_new(staging, to.root);
    if (!done) {
        fs::remove_all(staging, error);
        return done;
    }
    return sync_folder(to.root.parent_path());
}

Result<void> clone_environment(const EnvironmentPlace& from, const EnvironmentPlace& to) {
    return build_environment(to, [&](const fs::path& staging) -> Result<void> {
        for (const char* folder : {"toolchain", "libs"}) {
            if (Result<void> linked = link_tree(from.root / folder, staging / folder); !linked) return linked;
        }
        for (const char* folder : {"bin", "metadata", "kernels"}) {
            if (Result<void> made = make_folders(staging / folder); !made) return made;
        }
        for (const char* file : {"registry.json", "env.json"}) {
            if (Result<void> copied = copy_contents(from.root / "metadata" / file, staging / "metadata" / file);
                !copied) {
                return copied;
            }
        }
        if (Result<void> named = write_name(staging, to.name); !named) return named;
        return refresh_shims(staging);
    });
}

}  // namespace kayton::kik
