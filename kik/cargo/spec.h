// What a person asks `kik rinstall` for: "regex", "regex==1.11.1", "regex==1.11.1[unicode,perf]".
// Pure; safe in any thread.
#pragma once

#include <string>
#include <vector>

#include "shared/result.h"

namespace kayton::kik {

struct CrateSpec {
    std::string package;
    std::string version;  // a cargo requirement; empty: the newest that fits
    std::vector<std::string> features;
    bool exact = false;  // written with ==
    // "=1.11.1", "1.11", "*"
    [[nodiscard]] std::string requirement() const;
};

[[nodiscard]] Result<CrateSpec> parse_crate_spec(const std::string& text);
// "a,b c" -> a, b, c
[[nodiscard]] Result<std::vector<std::string>> parse_features(const std::string& text);

}  // namespace kayton::kik
