#include "kik/environment/layout.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/environment/durable_file.h"
#include "kik/environment/whole.h"
#include "shared/kayton_api.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

std::string record_text(const std::string& name) {
    nlohmann::ordered_json json;
    json["format"] = kEnvironmentFormat;
    json["name"] = name;
    json["kayton"] = kKaytonVersion;
    json["abi_version"] = KAYTON_PLUGIN_ABI_VERSION;
    json["target"] = host_target();
    json["created"] = utc_now();
    return json.dump(2) + "\n";
}

std::string empty_registry() {
    nlohmann::ordered_json json;
    json["format"] = kRegistryFormat;
    json["generation"] = 0;
    json["plugins"] = nlohmann::ordered_json::array();
    return json.dump(2) + "\n";
}

}  // namespace

const char* host_target() {
    return KAYTON_TARGET;
}

fs::path program_folder() {
    std::error_code error;
    return fs::read_symlink("/proc/self/exe", error).parent_path();
}

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

void sweep_leftovers(const fs::path& root) {
    std::error_code error;
    const std::string making = kInTheMaking + root.filename().string() + "-";
    const std::string removing = ".removing-" + root.filename().string() + "-";
    for (const fs::directory_entry& entry : fs::directory_iterator(root.parent_path(), error)) {
        const std::string name = entry.path().filename().string();
        if (name.rfind(making, 0) != 0 && name.rfind(removing, 0) != 0) continue;
        const std::string pid = name.substr(name.rfind('-') + 1);
        if (!pid.empty() && std::all_of(pid.begin(), pid.end(), ::isdigit) && !fs::exists("/proc/" + pid, error)) {
            fs::remove_all(entry.path(), error);
        }
    }
}

Result<void> fill_environment(const EnvironmentPlace& place) {
    const fs::path& root = place.root;
    for (const char* folder : {"bin", "toolchain/lib", "libs", "metadata", "kernels"}) {
        if (Result<void> made = make_folders(root / folder); !made) return made;
    }
    if (Result<void> done = refresh_shims(root); !done) return done;
    if (Result<void> done = write_durably(root / "metadata" / "registry.json", empty_registry()); !done) return done;
    return write_record(place);
}

bool is_in_the_making(const fs::path& root) {
    return root.filename().string().rfind(kInTheMaking, 0) == 0;
}

bool is_environment(const fs::path& root) {
    std::error_code error;
    return fs::is_regular_file(root / "metadata" / "env.json", error);
}

Result<EnvironmentRecord> read_record(const fs::path& root) {
    const fs::path file = root / "metadata" / "env.json";
    const Result<std::string> text = read_text_file(file);
    if (!text) {
        return fail(text.error().kind, "`" + root.string() + "` is not a Kayton environment (no `metadata/env.json`)");
    }
    try {
        const nlohmann::json json = nlohmann::json::parse(*text);
        if (json.at("format").get<int>() > kEnvironmentFormat) {
            return fail(ErrorKind::kInput,
                        "`" + file.string() + "` has format " + json.at("format").dump() +
                            ", but this kik reads formats up to " + std::to_string(kEnvironmentFormat),
                        "Install a newer Kayton, or make a new environment with kik create");
        }
        EnvironmentRecord record;
        record.name = json.at("name").get<std::string>();
        record.kayton = json.at("kayton").get<std::string>();
        record.abi_version = json.at("abi_version").get<uint32_t>();
        record.target = json.at("target").get<std::string>();
        record.created = json.value("created", "");
        return record;
    } catch (const nlohmann::json::exception& error) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt: " + json_problem(*text, error),
                    "Run: kik doctor --fix");
    }
}

Result<void> write_record(const EnvironmentPlace& place) {
    return write_durably(place.root / "metadata" / "env.json", record_text(place.name));
}

Result<void> create_environment(const EnvironmentPlace& place) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(place.root, error))) {
        if (is_environment(place.root)) {
            return fail(ErrorKind::kInput,
                        "the environment `" + place.name + "` exists already in `" + place.root.string() + "`",
                        "Run: kik activate " + place.name);
        }
        return fail(ErrorKind::kInput, "`" + place.root.string() + "` exists already and is not a Kayton environment",
                    "Move it away, or choose another name");
    }
    return build_environment(place, [&](const fs::path& staging) { return fill_environment({place.name, staging}); });
}

Result<EnvironmentPlace> new_local_place() {
    std::error_code error;
    const fs::path here = fs::current_path(error);
    if (error) return fail(ErrorKind::kSystem, "cannot find the current folder: " + error.message());
    return EnvironmentPlace{"local", here / ".kayton"};
}

Result<EnvironmentPlace> active_place(const std::function<void(const std::string&)>& say) {
    const char* active = std::getenv("KAYTON_ACTIVE_ENV");
    const std::string name = active != nullptr && *active != '\0' ? active : "base";
    Result<EnvironmentPlace> place = find_environment(name);
    if (!place) return place;
    if (is_environment(place->root)) {
        // What a newer Kayton wrote is not to be changed by this one; a damaged record is for `kik doctor`.
        const Result<EnvironmentRecord> record = read_record(place->root);
        if (!record && record.error().message.find(" has format ") != std::string::npos)
            return tl::unexpected<Error>(record.error());
        return place;
    }
    if (name != "base") {
        return fail(ErrorKind::kNotFound,
                    "the active environment `" + name + "` does not exist (`" + place->root.string() +
                        "` has no `metadata/env.json`)",
                    "Run: kik create " + name);
    }
    Result<void> made = create_environment(*place);
    // Another kik may have made base in this moment.
    if (!made && !is_environment(place->root)) return tl::unexpected<Error>(made.error());
    if (made && say) say("Created environment `base` in " + place->root.string());
    return place;
}

Result<void> refresh_shims(const fs::path& root) {
    std::error_code error;
    for (const char* program : {"kik", "kayton", "kayton-worker", "kayton-kernel"}) {
        // An environment that was packed with its own programs uses those.
        const fs::path packed = fs::path("..") / "programs" / (std::string(program) == "kayton-worker" ? "libexec" : "bin") / program;
        const bool own = fs::exists(root / "bin" / packed, error);
        const fs::path target = own ? packed : program_folder() / program;
        const fs::path shim = root / "bin" / program;
        if ((!own && !fs::exists(target, error)) || fs::read_symlink(shim, error) == target) continue;
        fs::path fresh = shim;
        fresh += ".new";
        fs::remove(fresh, error);
        fs::create_symlink(target, fresh, error);
        if (!error) fs::rename(fresh, shim, error);
        if (error) return tl::unexpected<Error>(system_error("link", shim, error.value()));
    }
    return {};
}

Result<std::vector<EnvironmentPlace>> named_environments() {
    const Result<fs::path> home = kayton_home();
    if (!home) return tl::unexpected<Error>(home.error());
    std::vector<EnvironmentPlace> places;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(*home / "envs", error)) {
        const std::string name = entry.path().filename().string();
        if (name.front() != '.' && is_environment(entry.path())) places.push_back({name, entry.path()});
    }
    std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return places;
}

fs::path lock_file(const fs::path& home, const EnvironmentPlace& place) {
    std::string file = place.name;
    if (place.name == "local") {
        std::error_code error;
        const fs::path real = fs::weakly_canonical(place.root, error);
        file = "local-" + std::to_string(signature_id((error ? place.root : real).string()));
    }
    return home / "locks" / (file + ".lock");
}

Result<Lock> lock_environment(const EnvironmentPlace& place, const std::string& command,
                              const std::function<void(const std::string&)>& say) {
    const Result<fs::path> home = kayton_home();
    if (!home) return tl::unexpected<Error>(home.error());
    return Lock::take(lock_file(*home, place), "`" + place.name + "`", command, say);
}

}  // namespace kayton::kik
