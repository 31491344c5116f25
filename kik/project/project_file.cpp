#include "kik/project/project_file.h"

#define TOML_HEADER_ONLY 1
#include <fmt/format.h>
#include <toml++/toml.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "kik/bindgen/asked_instances.h"
#include "kik/cargo/confine.h"
#include "kik/environment/durable_file.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> wrong(const fs::path& file, const toml::node& node, const std::string& what) {
    return fail(ErrorKind::kInput, fmt::format("{}:{}: {}", file.string(), node.source().begin.line, what),
                "Correct that line; docs/projects.md has the format");
}

bool is_string_list(const toml::node& node, std::vector<std::string>& list) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return false;
    for (const toml::node& entry : *array) {
        const auto text = entry.value_exact<std::string>();
        if (!text) return false;
        list.push_back(*text);
    }
    return true;
}

Result<CrateSpec> read_crate(const fs::path& file, const std::string& package, const toml::node& node) {
    CrateSpec spec;
    spec.package = package;
    if (const auto version = node.value_exact<std::string>()) {
        spec.version = *version;
    } else if (const toml::table* table = node.as_table()) {
        std::string git, reference;
        for (const auto& [key, value] : *table) {
            const std::string name(key.str());
            if (name == "features") {
                if (!is_string_list(value, spec.features)) return wrong(file, value, "`features` is a list of texts");
                continue;
            }
            if (name == "instances") {
                if (!is_string_list(value, spec.instances)) return wrong(file, value, "`instances` is a list of texts");
                for (const std::string& instance : spec.instances) {
                    const Result<bindgen::AskedType> parsed = bindgen::parse_asked_instance(instance);
                    if (!parsed) return wrong(file, value, parsed.error().message);
                }
                continue;
            }
            if (name == "default-features") {
                const auto given = value.value_exact<bool>();
                if (!given) return wrong(file, value, "`default-features` is true or false");
                spec.default_features = *given;
                continue;
            }
            const auto text = value.value_exact<std::string>();
            if (!text) return wrong(file, value, "`" + name + "` of `" + package + "` is not a text");
            if (name == "version") spec.version = *text;
            else if (name == "registry") spec.source = "registry+" + *text;
            else if (name == "git") git = *text;
            else if (name == "rev" || name == "branch" || name == "tag") reference = "?" + name + "=" + *text;
            else if (name == "path") {
                spec.source = "path+" + fs::absolute(file.parent_path() / *text).lexically_normal().string();
            } else {
                return wrong(file, value, "`" + name + "` is nothing that a crate has");
            }
        }
        if (!git.empty()) spec.source = "git+" + git + reference;
    } else {
        return wrong(file, node, "`" + package + "` needs a version, as in " + package + " = \"1\"");
    }
    // "==" is kik's spelling of cargo's "=".
    if (spec.version.rfind("==", 0) == 0) spec.version.erase(0, 1);
    if (spec.version == "*") spec.version.clear();
    const Result<CrateSpec> checked = parse_crate_spec(package + (spec.version.empty() ? "" : "@" + spec.version));
    if (!checked) return wrong(file, node, checked.error().message);
    return spec;
}

}  // namespace

fs::path find_project_file(const fs::path& start) {
    std::error_code error;
    for (fs::path folder = start; !folder.empty(); folder = folder.parent_path()) {
        if (fs::is_regular_file(folder / kProjectFile, error)) return folder / kProjectFile;
        if (folder == folder.root_path()) break;
    }
    return {};
}

std::string toml_string(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string toml_list(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + toml_string(text);
    return "[" + list + "]";
}

Result<ProjectFile> read_project_file(const fs::path& file) {
    const Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    ProjectFile project;
    project.file = file;
    try {
        const toml::table table = toml::parse(*text, file.string());
        for (const auto& [key, value] : table) {
            const std::string name(key.str());
            const toml::table* section = value.as_table();
            if (section == nullptr) return wrong(file, value, "`" + name + "` is not a section");
            for (const auto& [entry, node] : *section) {
                const std::string what(entry.str());
                if (name == "crates") {
                    Result<CrateSpec> spec = read_crate(file, what, node);
                    if (!spec) return tl::unexpected<Error>(spec.error());
                    project.crates.push_back(std::move(*spec));
                } else if (name == "permissions") {
                    std::vector<std::string> list;
                    if (!is_string_list(node, list)) return wrong(file, node, "`" + what + "` is not a list of texts");
                    if (what != "build" && Permissions().of(what) == nullptr) {
                        return wrong(file, node, "`" + what + "` is not a permission");
                    }
                    project.permissions[what] = std::move(list);
                } else if (name == "environment" && (what == "name" || what == "rust")) {
                    const auto word = node.value_exact<std::string>();
                    if (!word) return wrong(file, node, "`" + what + "` is not a text");
                    (what == "name" ? project.environment : project.rust) = *word;
                } else {
                    return wrong(file, node, "`" + name + "." + what + "` means nothing here");
                }
            }
        }
    } catch (const toml::parse_error& problem) {
        return fail(ErrorKind::kInput,
                    fmt::format("{}:{}: {}", file.string(), problem.source().begin.line, problem.description()),
                    "Correct that line; docs/projects.md has the format");
    }
    return project;
}

std::string crate_value(const CrateSpec& spec, const fs::path& folder) {
    std::vector<std::string> parts;
    const GitSource git = parse_git_source(spec.source);
    if (!spec.folder().empty()) {
        const fs::path relative = spec.folder().lexically_relative(folder);
        parts.push_back("path = " + toml_string(relative.empty() ? spec.folder().string() : relative.string()));
    } else if (!git.url.empty()) {
        parts.push_back("git = " + toml_string(git.url));
        if (!git.reference.empty()) parts.push_back(git.reference + " = " + toml_string(git.value));
    } else {
        parts.push_back("version = " + toml_string(spec.requirement()));
        if (!spec.registry().empty()) parts.push_back("registry = " + toml_string(spec.registry()));
    }
    if (!spec.features.empty()) parts.push_back("features = " + toml_list(spec.features));
    if (!spec.instances.empty()) parts.push_back("instances = " + toml_list(spec.instances));
    if (!spec.default_features) parts.emplace_back("default-features = false");
    if (parts.size() == 1 && parts[0].rfind("version = ", 0) == 0) return parts[0].substr(10);
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "{ " : ", ") + part;
    return text + " }";
}

std::string project_file_text(const ProjectFile& project) {
    std::string text = "# What this project needs. Edit it, then run `kik sync`.\n\n[environment]\n";
    if (!project.environment.empty()) text += "name = " + toml_string(project.environment) + "\n";
    if (!project.rust.empty()) text += "rust = " + toml_string(project.rust) + "\n";
    text += "\n[crates]\n";
    for (const CrateSpec& spec : project.crates) {
        text += spec.package + " = " + crate_value(spec, project.folder()) + "\n";
    }
    bool any = false;
    for (const auto& [kind, list] : project.permissions) {
        if (list.empty()) continue;
        if (!any) text += "\n[permissions]\n";
        any = true;
        text += kind + " = " + toml_list(list) + "\n";
    }
    return text;
}

std::string with_crate(const std::string& text, const std::string& package, const CrateSpec* spec,
                       const fs::path& folder) {
    std::istringstream lines(text);
    std::string result;
    bool inside = false, seen = false, done = false;
    const std::string fresh = spec == nullptr ? "" : package + " = " + crate_value(*spec, folder) + "\n";
    const auto is_ours = [&](const std::string& line) {
        const size_t equals = line.find('=');
        if (equals == std::string::npos) return false;
        std::string key = line.substr(0, equals);
        std::erase_if(key, [](char c) { return c == ' ' || c == '\t' || c == '"'; });
        return key == package;
    };
    std::string blank;  // empty lines before the next section stay behind what is added
    for (std::string line; std::getline(lines, line);) {
        const bool heading = line.rfind('[', 0) == 0;
        if (heading && inside && !done) {
            result += fresh;
            done = true;
        }
        if (heading) {
            inside = line.rfind("[crates]", 0) == 0;
            seen = seen || inside;
        }
        if (inside && line.empty()) {
            blank += "\n";
            continue;
        }
        if (inside && is_ours(line)) {
            result += blank + (done ? "" : fresh);
            blank.clear();
            done = true;
            continue;
        }
        result += blank + line + "\n";
        blank.clear();
    }
    if (!done && spec != nullptr) result += (seen ? "" : "\n[crates]\n") + fresh;
    return result + blank;
}

Result<PermissionLists> environment_permissions(const fs::path& root) {
    const Result<Permissions> permissions = read_permissions(root);
    if (!permissions) return tl::unexpected<Error>(permissions.error());
    PermissionLists lists;
    for (const std::string_view kind : kPermissionKinds) {
        if (!permissions->of(kind)->empty()) lists[std::string(kind)] = *permissions->of(kind);
    }
    const Result<std::vector<std::string>> build = read_build_permissions(root);
    if (!build) return tl::unexpected<Error>(build.error());
    if (!build->empty()) lists["build"] = *build;
    return lists;
}

Result<void> write_permission_lists(const fs::path& root, const PermissionLists& lists) {
    const fs::path file = root / "metadata" / "env.json";
    const Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(*text, nullptr, false);
    if (!json.is_object()) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt", "Run: kik doctor --fix");
    }
    nlohmann::ordered_json kept = nlohmann::ordered_json::object();
    for (const auto& [kind, list] : lists) {
        if (!list.empty()) kept[kind] = list;
    }
    json["permissions"] = std::move(kept);
    return write_durably(file, json.dump(2) + "\n");
}

}  // namespace kayton::kik
