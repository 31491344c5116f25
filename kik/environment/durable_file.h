// Files that survive a kill or a power cut: written beside their place, synced, renamed, and the folder synced.
// A reader sees the old text or the new one, never a part. Safe in any thread for different files.
#pragma once

#include <filesystem>
#include <string_view>

#include "shared/result.h"

namespace kayton::kik {

// kSystem with the file and the reason; the old file is then untouched.
[[nodiscard]] Result<void> write_durably(const std::filesystem::path& file, std::string_view text);

[[nodiscard]] Result<void> sync_file(const std::filesystem::path& file);
[[nodiscard]] Result<void> sync_folder(const std::filesystem::path& folder);

// Renames without replacing: kInput when `to` is there already.
[[nodiscard]] Result<void> rename_new(const std::filesystem::path& from, const std::filesystem::path& to);
// Swaps two existing folders of one file system in one step.
[[nodiscard]] Result<void> exchange(const std::filesystem::path& a, const std::filesystem::path& b);

// Copies contents and permissions, replacing `to`; removes it again on failure. (std::filesystem::copy_file of GCC 12
// says "Input/output error" of a full disk.)
[[nodiscard]] Result<void> copy_contents(const std::filesystem::path& from, const std::filesystem::path& to);

[[nodiscard]] Result<void> make_folders(const std::filesystem::path& folder);
[[nodiscard]] Result<void> remove_tree(const std::filesystem::path& folder);  // absent is fine

// "cannot <verb> `<file>`: <reason>", with advice when the disk is full.
[[nodiscard]] Error system_error(const char* verb, const std::filesystem::path& file, int reason);

}  // namespace kayton::kik
