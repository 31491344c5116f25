// What a person asks `kik rinstall` for: "regex", "regex==1.11.1", "regex==1.11.1[unicode,perf]".
// Pure; safe in any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/result.h"

namespace kayton::kik {

struct CrateSpec {
    std::string package;
    std::string version;  // a cargo requirement; empty: the newest that fits
    std::vector<std::string> features;
    std::vector<std::string> instances;  // of its generic items, asked for beside those that are made anyway
    bool exact = false;  // written with ==
    bool default_features = true;
    // Where it comes from: empty for the default registry, "registry+NAME", "git+URL?rev=COMMIT" (or branch=, tag=, or
    // nothing after the URL), "path+/FOLDER".
    std::string source;
    // "=1.11.1", "1.11", "*"
    [[nodiscard]] std::string requirement() const;
    [[nodiscard]] std::string registry() const;          // NAME, or empty
    [[nodiscard]] std::filesystem::path folder() const;  // of a crate on this machine, or empty
};

struct GitSource {
    std::string url, reference, value;  // reference: "rev", "branch", "tag" or empty
};
// Of "git+URL?rev=VALUE"; an empty url for any other source.
[[nodiscard]] GitSource parse_git_source(const std::string& source);

// "regex==1.11.1[unicode]": a line that kik rinstall takes, for messages.
[[nodiscard]] std::string spec_text(const CrateSpec& spec);

[[nodiscard]] Result<CrateSpec> parse_crate_spec(const std::string& text);
// "a,b c" -> a, b, c
[[nodiscard]] Result<std::vector<std::string>> parse_features(const std::string& text);

}  // namespace kayton::kik
