// CrashStore: the last crash reports, kept in $KAYTON_HOME/crashes for `kayton crash show`, one JSON file each, the
// oldest removed when there are too many. Formats are described by `to_json`. Plain functions; any number of processes
// may keep reports at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "shared/result.h"
#include "supervisor/report/crash_report.h"

namespace kayton {

struct StoredCrash {
    CrashReport report;
    std::string time;         // UTC, "2026-01-31T13:05:59Z"
    std::string command;      // "kayton run prog.kay"
    std::string folder;       // where it ran
    std::string environment;  // "base"
    uint64_t memory_limit = 0;
};

constexpr size_t kKeptCrashes = 20;

// Writes it with the time of now, whole or not at all, readable by this user alone.
[[nodiscard]] Result<void> keep_crash(const std::filesystem::path& folder, StoredCrash crash);
// The reports' files, the newest first.
[[nodiscard]] std::vector<std::filesystem::path> kept_crashes(const std::filesystem::path& folder);
[[nodiscard]] Result<StoredCrash> read_crash(const std::filesystem::path& file);

// For the person, several lines.
[[nodiscard]] std::string render_crash(const StoredCrash& crash);
[[nodiscard]] std::string to_json(const StoredCrash& crash);

}  // namespace kayton
