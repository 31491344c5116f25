// metadata/installing.json: what a change of an environment is about to do, written before it begins and removed when it
// is done. Folders are relative to the environment. Plain values; kik is single-threaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "shared/result.h"

namespace kayton::kik {

// A new folder on its way to its place. What `place` held before is afterwards in `source`.
struct PlacedFolder {
    std::string source, place;
    bool exchanged = false;  // `place` held something
    std::string contents;    // of the new folder: tells which of the two it is
};

// Done once the registry is written: `from` becomes obsolete and is put to `to`, or removed when that is empty.
struct ObsoleteFolder {
    std::string from, to;
};

struct CommitMarker {
    int64_t generation = 0;  // the registry's, before the change
    std::vector<PlacedFolder> placed;
    std::vector<ObsoleteFolder> obsolete;
};

[[nodiscard]] std::string marker_text(const CommitMarker& marker);
[[nodiscard]] Result<CommitMarker> parse_marker(const std::string& text, const std::filesystem::path& file);

// What a marker asks for after the commit, and what takes its folders back before it. Both may be repeated.
[[nodiscard]] Result<void> finish_commit(const CommitMarker& marker, const std::filesystem::path& root);
[[nodiscard]] Result<void> undo_commit(const CommitMarker& marker, const std::filesystem::path& root);

}  // namespace kayton::kik
