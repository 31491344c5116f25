#include "kik/environment/commit_marker.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/environment/durable_file.h"
#include "kik/environment/seal_folder.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// A relative path that stays inside the environment.
bool inside(const std::string& path) {
    const fs::path normal = fs::path(path).lexically_normal();
    return normal.is_relative() && (normal.empty() || *normal.begin() != "..");
}

// Removes empty parents up to libs/, so that an uninstalled crate leaves nothing.
void prune_parents(fs::path folder, const fs::path& libs) {
    std::error_code error;
    while (folder != libs && folder.has_parent_path() && fs::is_empty(folder, error) && !error) {
        if (!fs::remove(folder, error)) return;
        folder = folder.parent_path();
    }
}

Result<void> put_back(const PlacedFolder& placed, const fs::path& root) {
    const fs::path place = root / placed.place, source = root / placed.source;
    std::error_code error;
    if (!fs::exists(place, error) || contents_of(place) != placed.contents) return {};
    if (!placed.exchanged) {
        if (fs::exists(source, error)) return {};
        if (Result<void> made = make_folders(source.parent_path()); !made) return made;
        if (Result<void> moved = rename_new(place, source); !moved) return moved;
        prune_parents(place.parent_path(), root / "libs");
        return {};
    }
    // With the same contents on both sides it does not matter which is which.
    return fs::exists(source, error) ? exchange(place, source) : Result<void>();
}

}  // namespace

std::string marker_text(const CommitMarker& marker) {
    Json json;
    json["format"] = 1;
    json["generation"] = marker.generation;
    json["placed"] = Json::array();
    for (const PlacedFolder& folder : marker.placed) {
        json["placed"].push_back({{"source", folder.source},
                                  {"place", folder.place},
                                  {"exchanged", folder.exchanged},
                                  {"contents", folder.contents}});
    }
    json["obsolete"] = Json::array();
    for (const ObsoleteFolder& folder : marker.obsolete) {
        json["obsolete"].push_back({{"from", folder.from}, {"to", folder.to}});
    }
    return json.dump() + "\n";
}

Result<CommitMarker> parse_marker(const std::string& text, const fs::path& file) {
    try {
        const Json json = Json::parse(text);
        CommitMarker marker;
        marker.generation = json.at("generation").get<int64_t>();
        bool fine = true;
        for (const Json& entry : json.at("placed")) {
            PlacedFolder folder{entry.at("source"), entry.at("place"), entry.at("exchanged"), entry.at("contents")};
            fine = fine && inside(folder.source) && inside(folder.place);
            marker.placed.push_back(std::move(folder));
        }
        for (const Json& entry : json.at("obsolete")) {
            ObsoleteFolder folder{entry.at("from"), entry.at("to")};
            fine = fine && inside(folder.from) && inside(folder.to) && !folder.from.empty();
            marker.obsolete.push_back(std::move(folder));
        }
        if (fine) return marker;
    } catch (const Json::exception&) {
    }
    return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt: it does not tell what was being installed",
                "Run: kik doctor --fix");
}

Result<void> finish_commit(const CommitMarker& marker, const fs::path& root) {
    std::error_code error;
    for (const ObsoleteFolder& folder : marker.obsolete) {
        const fs::path from = root / folder.from, to = root / folder.to;
        if (!fs::exists(from, error)) continue;
        if (folder.to.empty() || fs::exists(to, error)) {
            if (Result<void> removed = remove_tree(from); !removed) return removed;
        } else {
            if (Result<void> made = make_folders(to.parent_path()); !made) return made;
            if (Result<void> moved = rename_new(from, to); !moved) return moved;
        }
        if (folder.from.rfind("libs/", 0) == 0) prune_parents(from.parent_path(), root / "libs");
    }
    return {};
}

Result<void> undo_commit(const CommitMarker& marker, const fs::path& root) {
    for (auto placed = marker.placed.rbegin(); placed != marker.placed.rend(); ++placed) {
        if (Result<void> done = put_back(*placed, root); !done) return done;
    }
    return {};
}

}  // namespace kayton::kik
