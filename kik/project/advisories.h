// Advisories against crates, in the format of the RustSec database: a folder crates/<name>/RUSTSEC-*.md (TOML at the
// head), a single such file, or a folder of them. Plain values; kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/result.h"

namespace kayton::kik {

struct Advisory {
    std::string id, package, title, url;
    std::string informational;                      // "unmaintained", "unsound", "notice"; empty: a vulnerability
    std::vector<std::string> patched, unaffected;  // requirements of versions
    bool withdrawn = false;
    [[nodiscard]] bool concerns(const std::string& version) const;
};

// Where the data is: what was given, $KAYTON_ADVISORY_DB, kayton_home()/advisory-db, cargo-audit's own. kNotFound with
// how to get it.
[[nodiscard]] Result<std::filesystem::path> find_advisories(const std::string& given);
// Those against the packages named; a file that cannot be read is an error, for an audit must not overlook one.
[[nodiscard]] Result<std::vector<Advisory>> read_advisories(const std::filesystem::path& place,
                                                            const std::vector<std::string>& packages);

}  // namespace kayton::kik
