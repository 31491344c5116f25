#include "kik/project/advisories.h"

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>
#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "kik/cargo/build.h"
#include "kik/cargo/semver.h"
#include "shared/environment.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

bool any_fits(const std::vector<std::string>& requirements, const Semver& version) {
    return std::any_of(requirements.begin(), requirements.end(), [&](const std::string& text) {
        const std::optional<SemverRequirement> requirement = SemverRequirement::parse(text);
        return requirement && requirement->fits(version);
    });
}

std::vector<std::string> texts(const toml::node_view<const toml::node>& node) {
    std::vector<std::string> list;
    if (const toml::array* array = node.as_array()) {
        for (const toml::node& entry : *array) list.push_back(entry.value_or(std::string()));
    }
    return list;
}

Result<Advisory> read_advisory(const fs::path& file) {
    const Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    // ```toml … ``` and then the words for people; older ones are TOML alone.
    std::string head = *text;
    if (const size_t open = head.find("```toml"); open != std::string::npos) {
        const size_t close = head.find("```", open + 7);
        head = head.substr(open + 7, close == std::string::npos ? close : close - open - 7);
    }
    try {
        const toml::table table = toml::parse(head, file.string());
        Advisory advisory;
        advisory.id = table["advisory"]["id"].value_or(file.stem().string());
        advisory.package = table["advisory"]["package"].value_or(std::string());
        advisory.url = table["advisory"]["url"].value_or(std::string());
        advisory.title = table["advisory"]["title"].value_or(std::string());
        advisory.informational = table["advisory"]["informational"].value_or(std::string());
        advisory.withdrawn = !!table["advisory"]["withdrawn"];
        advisory.patched = texts(table["versions"]["patched"]);
        advisory.unaffected = texts(table["versions"]["unaffected"]);
        if (advisory.title.empty()) {
            const size_t heading = text->find("\n# ");
            if (heading != std::string::npos) {
                advisory.title = text->substr(heading + 3, text->find('\n', heading + 3) - heading - 3);
            }
        }
        if (!advisory.package.empty()) return advisory;
    } catch (const toml::parse_error& problem) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is no advisory: " + std::string(problem.description()));
    }
    return fail(ErrorKind::kInput, "`" + file.string() + "` is no advisory: it names no package");
}

bool is_advisory(const fs::path& file) {
    return (file.extension() == ".md" || file.extension() == ".toml") &&
           file.stem().string().rfind("RUSTSEC-", 0) == 0;
}

}  // namespace

bool Advisory::concerns(const std::string& version) const {
    const std::optional<Semver> parsed = Semver::parse(version);
    return !withdrawn && (!parsed || (!any_fits(patched, *parsed) && !any_fits(unaffected, *parsed)));
}

Result<fs::path> find_advisories(const std::string& given) {
    std::error_code error;
    if (!given.empty()) {
        if (fs::exists(given, error)) return fs::path(given);
        return fail(ErrorKind::kNotFound, "there is no file or folder `" + given + "`");
    }
    std::vector<fs::path> places;
    if (const char* variable = std::getenv("KAYTON_ADVISORY_DB"); variable != nullptr && *variable != '\0')
        places.emplace_back(variable);
    if (const Result<fs::path> home = kayton_home(); home) places.push_back(*home / "advisory-db");
    places.push_back(cargo_home() / "advisory-db");
    for (const fs::path& place : places) {
        if (fs::exists(place, error)) return place;
    }
    return fail(ErrorKind::kNotFound, "the RustSec advisory database is not on this machine",
                "run `git clone https://github.com/rustsec/advisory-db`, then `kik audit --db advisory-db`");
}

Result<std::vector<Advisory>> read_advisories(const fs::path& place, const std::vector<std::string>& packages) {
    std::vector<fs::path> files;
    std::error_code error;
    if (fs::is_regular_file(place, error)) {
        files.push_back(place);
    } else if (fs::is_directory(place / "crates", error)) {
        for (const std::string& package : packages) {
            for (const fs::directory_entry& entry : fs::directory_iterator(place / "crates" / package, error)) {
                if (is_advisory(entry.path())) files.push_back(entry.path());
            }
        }
    } else {
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(place, error)) {
            if (is_advisory(entry.path())) files.push_back(entry.path());
        }
        if (files.empty()) {
            return fail(ErrorKind::kInput, "`" + place.string() + "` holds no advisories (RUSTSEC-*.md)");
        }
    }
    std::sort(files.begin(), files.end());
    std::vector<Advisory> advisories;
    for (const fs::path& file : files) {
        Result<Advisory> advisory = read_advisory(file);
        if (!advisory) return tl::unexpected<Error>(advisory.error());
        if (std::find(packages.begin(), packages.end(), advisory->package) != packages.end())
            advisories.push_back(std::move(*advisory));
    }
    return advisories;
}

}  // namespace kayton::kik
