// Cargo.lock, read and written: the packages a plugin is made of. Only what cargo itself writes is understood.
// Plain values; safe in any thread.
#pragma once

#include <string>
#include <vector>

namespace kayton::kik {

struct LockedPackage {
    std::string name, version;
    std::string source;  // "registry+https://…", "git+…#COMMIT"; empty: a folder
    std::string checksum;
    std::vector<std::string> dependencies;  // "memchr", "memchr 2.7.4", "memchr 2.7.4 (registry+…)"
};

// In the order of the file, which is by name and version.
[[nodiscard]] std::vector<LockedPackage> parse_cargo_lock(const std::string& text);
[[nodiscard]] std::string cargo_lock_text(const std::vector<LockedPackage>& packages);

// Kayton's own crates and the wrapper: they are no part of what a person asked for.
[[nodiscard]] bool is_kayton_package(const std::string& name);

// The package that a dependency's words name; NULL when there is none.
[[nodiscard]] const LockedPackage* find_locked(const std::vector<LockedPackage>& packages,
                                               const std::string& dependency);

}  // namespace kayton::kik
