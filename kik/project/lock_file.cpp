#include "kik/project/lock_file.h"

#define TOML_HEADER_ONLY 1
#include <fmt/format.h>
#include <toml++/toml.h>
#include <algorithm>

#include "kik/cargo/crate_sources.h"
#include "kik/environment/layout.h"
#include "shared/kayton_api.h"
#include "shared/sha256.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

std::string text_of(const toml::table& table, const char* key) {
    return table[key].value_or(std::string());
}

std::vector<std::string> list_of(const toml::table& table, const char* key) {
    std::vector<std::string> list;
    if (const toml::array* array = table[key].as_array()) {
        for (const toml::node& node : *array) list.push_back(node.value_or(std::string()));
    }
    return list;
}

LockedPackage read_package(const toml::table& table) {
    return {text_of(table, "name"), text_of(table, "version"), text_of(table, "source"), text_of(table, "checksum"),
            list_of(table, "dependencies")};
}

LockedCrate read_crate(const toml::table& table, const fs::path& folder) {
    LockedCrate crate;
    crate.crate = text_of(table, "name");
    crate.version = text_of(table, "version");
    crate.plugin = text_of(table, "plugin");
    crate.spec.package = text_of(table, "package");
    crate.spec.version = text_of(table, "requirement");
    if (crate.spec.version == "*") crate.spec.version.clear();
    crate.spec.features = list_of(table, "features");
    crate.spec.instances = list_of(table, "instances");
    crate.spec.default_features = table["default-features"].value_or(true);
    crate.spec.source = text_of(table, "source");
    if (!crate.spec.folder().empty() && crate.spec.folder().is_relative()) {
        crate.spec.source = "path+" + fs::absolute(folder / crate.spec.folder()).lexically_normal().string();
    }
    if (const toml::array* packages = table["packages"].as_array()) {
        for (const toml::node& node : *packages) {
            if (const toml::table* package = node.as_table()) crate.packages.push_back(read_package(*package));
        }
    }
    return crate;
}

std::string package_line(const LockedPackage& package) {
    std::string line = fmt::format("    {{ name = {}, version = {}", toml_string(package.name), toml_string(package.version));
    if (!package.source.empty()) line += ", source = " + toml_string(package.source);
    if (!package.checksum.empty()) line += ", checksum = " + toml_string(package.checksum);
    if (!package.dependencies.empty()) line += ", dependencies = " + toml_list(package.dependencies);
    return line + " },\n";
}

}  // namespace

const LockedCrate* LockFile::find(const std::string& crate) const {
    const auto found = std::find_if(crates.begin(), crates.end(), [&](const auto& entry) { return entry.crate == crate; });
    return found == crates.end() ? nullptr : &*found;
}

const LockedCrate* LockFile::find_package(const std::string& package) const {
    const auto found =
        std::find_if(crates.begin(), crates.end(), [&](const auto& entry) { return entry.spec.package == package; });
    return found == crates.end() ? nullptr : &*found;
}

Result<LockFile> read_lock_file(const fs::path& file) {
    const Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    LockFile lock;
    lock.file = file;
    try {
        const toml::table table = toml::parse(*text, file.string());
        const int64_t format = table["format"].value_or(int64_t{0});
        if (format < 1) {
            return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt: it has no `format`", "Run: kik lock");
        }
        if (format > kLockFormat) {
            return fail(ErrorKind::kInput,
                        fmt::format("`{}` has format {}, but this kik reads formats up to {}", file.string(), format,
                                    kLockFormat),
                        "Install a newer Kayton, or run `kik lock` to write it anew");
        }
        lock.environment = text_of(table, "environment");
        if (const toml::table* toolchain = table["toolchain"].as_table()) {
            lock.target = text_of(*toolchain, "target");
            lock.rustc = text_of(*toolchain, "rustc");
            lock.commit = text_of(*toolchain, "commit");
            lock.channel = text_of(*toolchain, "channel");
        }
        if (const toml::table* permissions = table["permissions"].as_table()) {
            for (const auto& [kind, list] : *permissions) {
                lock.permissions[std::string(kind.str())] = list_of(*permissions, std::string(kind.str()).c_str());
            }
        }
        if (const toml::array* crates = table["crate"].as_array()) {
            for (const toml::node& node : *crates) {
                const toml::table* entry = node.as_table();
                LockedCrate crate = entry == nullptr ? LockedCrate() : read_crate(*entry, file.parent_path());
                if (crate.crate.empty() || crate.version.empty() || crate.spec.package.empty()) {
                    return fail(ErrorKind::kInput,
                                fmt::format("{}:{}: a crate without name, package or version", file.string(),
                                            node.source().begin.line),
                                "Run: kik lock");
                }
                lock.crates.push_back(std::move(crate));
            }
        }
    } catch (const toml::parse_error& problem) {
        return fail(ErrorKind::kInput,
                    fmt::format("{}:{}: {}", file.string(), problem.source().begin.line, problem.description()),
                    "Run: kik lock");
    }
    return lock;
}

std::string lock_file_text(const LockFile& lock) {
    std::string text =
        fmt::format("# Exact versions of everything, written by kik. `kik sync` installs them; `kik lock` changes them.\n"
                    "format = {}\nkayton = {}\nabi = {}\n",
                    kLockFormat, toml_string(kKaytonVersion), KAYTON_PLUGIN_ABI_VERSION);
    if (!lock.environment.empty()) text += "environment = " + toml_string(lock.environment) + "\n";
    text += fmt::format("\n[toolchain]\ntarget = {}\nrustc = {}\ncommit = {}\nchannel = {}\n", toml_string(lock.target),
                        toml_string(lock.rustc), toml_string(lock.commit), toml_string(lock.channel));
    bool any = false;
    for (const auto& [kind, list] : lock.permissions) {
        if (list.empty()) continue;
        if (!any) text += "\n[permissions]\n";
        any = true;
        text += kind + " = " + toml_list(list) + "\n";
    }
    for (const LockedCrate& crate : lock.crates) {
        text += fmt::format("\n[[crate]]\nname = {}\npackage = {}\nversion = {}\nrequirement = {}\n",
                            toml_string(crate.crate), toml_string(crate.spec.package), toml_string(crate.version),
                            toml_string(crate.spec.requirement()));
        if (!crate.spec.features.empty()) text += "features = " + toml_list(crate.spec.features) + "\n";
        if (!crate.spec.instances.empty()) text += "instances = " + toml_list(crate.spec.instances) + "\n";
        if (!crate.spec.default_features) text += "default-features = false\n";
        if (!crate.spec.folder().empty()) {
            const fs::path near = crate.spec.folder().lexically_relative(fs::absolute(lock.file).parent_path());
            text += "source = " + toml_string("path+" + (near.empty() ? crate.spec.folder() : near).string()) + "\n";
        } else if (!crate.spec.source.empty()) {
            text += "source = " + toml_string(crate.spec.source) + "\n";
        }
        if (!crate.plugin.empty()) text += "plugin = " + toml_string(crate.plugin) + "\n";
        text += "packages = [\n";
        for (const LockedPackage& package : crate.packages) text += package_line(package);
        text += "]\n";
    }
    return text;
}

std::vector<LockedPackage> packages_of(const std::string& cargo_lock) {
    std::vector<LockedPackage> packages = parse_cargo_lock(cargo_lock);
    std::erase_if(packages, [](const LockedPackage& package) {
        return package.source.empty() && is_kayton_package(package.name);
    });
    return packages;
}

CrateSpec spec_of(const InstalledPlugin& plugin) {
    CrateSpec spec;
    spec.package = plugin.package;
    spec.features = plugin.features;
    spec.instances = plugin.instances;
    spec.default_features = plugin.default_features;
    spec.source = plugin.source;
    if (plugin.source.rfind("path+", 0) != 0) {
        // What was installed before requirements were noted: as it is.
        spec.version = plugin.requirement.empty() ? "=" + plugin.version : plugin.requirement;
        if (spec.version == "*") spec.version.clear();
    }
    return spec;
}

Result<LockedCrate> locked_crate(const InstalledPlugin& plugin) {
    const Result<std::string> text = read_text_file(plugin.folder / "Cargo.lock");
    if (!text) return tl::unexpected<Error>(text.error());
    LockedCrate crate;
    crate.spec = spec_of(plugin);
    crate.crate = plugin.crate;
    crate.version = plugin.version;
    crate.packages = packages_of(*text);
    const Result<std::string> sum = sha256_of_file(plugin.library());
    if (!sum) return tl::unexpected<Error>(sum.error());
    crate.plugin = *sum;
    return crate;
}

bool same_request(const CrateSpec& a, const CrateSpec& b) {
    const auto sorted = [](std::vector<std::string> words) {
        std::sort(words.begin(), words.end());
        return words;
    };
    const bool versions = !a.folder().empty() || a.requirement() == b.requirement();
    return a.package == b.package && versions && sorted(a.features) == sorted(b.features) &&
           sorted(a.instances) == sorted(b.instances) &&
           a.default_features == b.default_features && a.source == b.source;
}

bool fits(const InstalledPlugin& plugin, const LockedCrate& locked) {
    if (plugin.crate != locked.crate || plugin.version != locked.version ||
        plugin.abi_version != KAYTON_PLUGIN_ABI_VERSION || !same_request(spec_of(plugin), locked.spec)) {
        return false;
    }
    const Result<std::string> text = read_text_file(plugin.folder / "Cargo.lock");
    if (!text || locked_packages(*text) != locked_packages(locked.cargo_lock())) return false;
    std::error_code error;
    if (locked.spec.folder().empty() || !fs::exists(locked.spec.folder(), error)) return true;
    return sources_key(locked.spec.folder()) == sources_key(plugin.folder / "source");
}

}  // namespace kayton::kik
