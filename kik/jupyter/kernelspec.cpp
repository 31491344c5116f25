#include "kik/jupyter/kernelspec.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/jupyter/logos.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kProgram = "kayton-kernel";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

// Nothing when the folder holds no kernelspec, or one of another program.
std::optional<Kernelspec> read_kernelspec(const fs::path& folder) {
    const auto text = read_text_file(folder / "kernel.json");
    if (!text) return std::nullopt;
    const Json json = Json::parse(*text, nullptr, false);
    if (!json.is_object() || !json.contains("argv") || !json["argv"].is_array() || json["argv"].empty() ||
        !std::ranges::all_of(json["argv"], [](const Json& word) { return word.is_string(); })) {
        return std::nullopt;
    }
    Kernelspec spec;
    spec.name = folder.filename();
    spec.folder = folder;
    spec.program = json["argv"][0].get<std::string>();
    if (spec.program.filename() != kProgram) return std::nullopt;
    spec.display_name = json.value("display_name", spec.name);
    for (size_t i = 1; i + 1 < json["argv"].size(); ++i) {
        if (json["argv"][i] == "--environment") spec.environment = json["argv"][i + 1];
    }
    return spec;
}

}  // namespace

Result<fs::path> jupyter_user_folder() {
    if (const std::string own = variable("JUPYTER_DATA_DIR"); !own.empty()) return fs::path(own);
    if (const std::string data = variable("XDG_DATA_HOME"); !data.empty()) return fs::path(data) / "jupyter";
    if (const std::string home = variable("HOME"); !home.empty()) {
        return fs::path(home) / ".local" / "share" / "jupyter";
    }
    return fail(ErrorKind::kSystem, "HOME is not set, so the folder of Jupyter is not known",
                "Set JUPYTER_DATA_DIR or HOME, or use --prefix");
}

Result<fs::path> python_prefix() {
    for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
        if (const std::string prefix = variable(name); !prefix.empty()) return fs::path(prefix);
    }
    return fail(ErrorKind::kInput, "--sys-prefix: no Python environment is active",
                "Activate one, or name its folder with --prefix");
}

bool is_kernel_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

Result<Kernelspec> install_kernelspec(const fs::path& data_folder, const std::string& name,
                                      const std::string& display_name, const EnvironmentPlace& environment) {
    const fs::path folder = data_folder / "kernels" / name;
    const fs::path program = program_folder() / kProgram;
    if (::access(program.c_str(), X_OK) != 0) {
        return fail(ErrorKind::kNotFound, "the program kayton-kernel is not in `" + program_folder().string() + "`",
                    "Build or install Kayton again");
    }
    std::error_code error;
    if (fs::exists(folder / "kernel.json", error) && !read_kernelspec(folder)) {
        return fail(ErrorKind::kInput, "another program's kernel is called `" + name + "`: " + folder.string(),
                    "Choose another name with -n");
    }
    Json json;
    json["argv"] = {program.string(), "-f", "{connection_file}", "--environment", environment.root.string()};
    json["display_name"] = display_name;
    json["language"] = "kayton";
    json["interrupt_mode"] = "message";
    if (const std::string home = variable("KAYTON_HOME"); !home.empty()) json["env"] = {{"KAYTON_HOME", home}};
    json["kernel_protocol_version"] = "5.5";
    json["metadata"] = {{"supported_encryption", Json::array({"curve"})},
                        {"kayton", {{"environment", environment.name}, {"version", kKaytonVersion}}}};
    if (Result<void> made = make_folders(folder); !made) return tl::unexpected(made.error());
    for (const LogoFile& logo : logo_files()) {
        const std::string file = logo.name == "logo.svg" ? "logo-svg.svg" : std::string(logo.name);
        if (Result<void> written = write_durably(folder / file, logo.bytes); !written) {
            return tl::unexpected(written.error());
        }
    }
    if (Result<void> written = write_durably(folder / "kernel.json", json.dump(1) + "\n"); !written) {
        return tl::unexpected(written.error());
    }
    return *read_kernelspec(folder);
}

std::vector<Kernelspec> find_kernelspecs() {
    std::vector<fs::path> folders;
    std::string path = variable("JUPYTER_PATH");
    while (!path.empty()) {
        const size_t end = path.find(':');
        if (end != 0) folders.emplace_back(path.substr(0, end));
        path = end == std::string::npos ? "" : path.substr(end + 1);
    }
    if (const auto user = jupyter_user_folder()) folders.push_back(*user);
    if (const auto prefix = python_prefix()) folders.push_back(*prefix / "share" / "jupyter");
    folders.insert(folders.end(), {"/usr/local/share/jupyter", "/usr/share/jupyter"});
    std::vector<Kernelspec> found;
    for (const fs::path& folder : folders) {
        std::error_code error;
        std::vector<Kernelspec> here;
        for (const auto& entry : fs::directory_iterator(folder / "kernels", error)) {
            auto spec = read_kernelspec(entry.path());
            if (spec) here.push_back(std::move(*spec));
        }
        std::ranges::sort(here, {}, &Kernelspec::name);
        found.insert(found.end(), here.begin(), here.end());
    }
    return found;
}

Result<void> remove_kernelspec(const Kernelspec& spec) {
    return remove_tree(spec.folder);
}

size_t move_kernelspecs(const fs::path& from, const EnvironmentPlace& to) {
    size_t count = 0;
    for (const Kernelspec& spec : find_kernelspecs()) {
        if (fs::path(spec.environment) != from) continue;
        const auto text = read_text_file(spec.folder / "kernel.json");
        Json json = text ? Json::parse(*text, nullptr, false) : Json();
        if (!json.is_object()) continue;
        for (Json& word : json["argv"]) {
            if (word == from.string()) word = to.root.string();
        }
        json["metadata"]["kayton"]["environment"] = to.name;
        if (write_durably(spec.folder / "kernel.json", json.dump(1) + "\n")) ++count;
    }
    return count;
}

}  // namespace kayton::kik
