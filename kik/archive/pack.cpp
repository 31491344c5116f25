#include "kik/archive/pack.h"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <system_error>

#include "kik/archive/tar_zst.h"
#include "kik/cargo/cache.h"
#include "kik/cargo/command.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/environment/whole.h"
#include "shared/kayton_api.h"
#include "shared/seal.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Every machine that runs anything has these, and they must fit its kernel and one another.
bool belongs_to_libc(const std::string& name) {
    static constexpr const char* kNames[] = {"libc.so",  "libm.so",      "libdl.so",      "librt.so", "libpthread.so",
                                             "ld-linux", "linux-vdso", "libresolv.so", "libutil.so"};
    return std::any_of(std::begin(kNames), std::end(kNames), [&](const char* part) { return name.rfind(part, 0) == 0; });
}

// The shared libraries that the loader finds for a program, without libc's own.
Result<std::set<fs::path>> libraries_of(const fs::path& program) {
    Command command;
    command.argv = {program.string()};
    command.variables = {{"LD_TRACE_LOADED_OBJECTS", "1"}};
    const Result<CommandResult> result = run(command);
    if (!result) return tl::unexpected<Error>(result.error());
    std::set<fs::path> found;
    std::istringstream lines(result->out);
    for (std::string line; std::getline(lines, line);) {
        // "	libzmq.so.5 => /usr/lib/x86_64-linux-gnu/libzmq.so.5 (0x00007f…)"
        const size_t arrow = line.find(" => /");
        if (arrow == std::string::npos) continue;
        const size_t end = line.find(" (", arrow);
        const fs::path file = line.substr(arrow + 4, end == std::string::npos ? end : end - arrow - 4);
        if (!belongs_to_libc(file.filename())) found.insert(file);
    }
    return found;
}

struct Program {
    fs::path file;
    std::string place;
};

Result<std::vector<Program>> programs() {
    std::vector<Program> found;
    std::error_code error;
    const fs::path here = program_folder();
    for (const char* name : {"kik", "kayton", "kayton-kernel"}) {
        if (fs::exists(here / name, error)) found.push_back({here / name, std::string("bin/") + name});
    }
    for (const fs::path& worker : {here / "kayton-worker", here.parent_path() / "libexec" / "kayton-worker"}) {
        if (!fs::exists(worker, error)) continue;
        found.push_back({worker, "libexec/kayton-worker"});
        break;
    }
    if (found.size() < 3) {
        return fail(ErrorKind::kNotFound, "the programs of Kayton are not in `" + here.string() + "`",
                    "Build or install Kayton again");
    }
    return found;
}

constexpr const char* kUseScript = R"SH(#!/bin/sh
# Runs a command with this environment: ./use kayton run prog.kay
KAYTON_HOME="$(cd "$(dirname "$0")" && pwd)"
KAYTON_ACTIVE_ENV='@NAME@'
PATH="$KAYTON_HOME/bin:$PATH"
export KAYTON_HOME KAYTON_ACTIVE_ENV PATH
exec "$@"
)SH";

Result<void> add_programs(TarWriter& tar, const std::string& name) {
    const Result<std::vector<Program>> all = programs();
    if (!all) return tl::unexpected<Error>(all.error());
    std::set<fs::path> libraries;
    for (const Program& program : *all) {
        if (Result<void> added = tar.add_file(program.place, program.file); !added) return added;
        const Result<std::set<fs::path>> needed = libraries_of(program.file);
        if (!needed) return tl::unexpected<Error>(needed.error());
        libraries.insert(needed->begin(), needed->end());
    }
    std::error_code error;
    for (const fs::path& library : libraries) {
        const fs::path real = fs::canonical(library, error);
        if (Result<void> added = tar.add_file("lib/kayton/" + library.filename().string(), real); !added) return added;
    }
    const Result<fs::path> sdk = sdk_folder();
    if (!sdk) return tl::unexpected<Error>(sdk.error());
    for (const char* crate : {"kayton_api", "kayton_bind", "kayton_bridge", "kayton_plugin_sdk", "kayton_plugin_macros"}) {
        for (fs::recursive_directory_iterator at(*sdk / crate, error), end; !error && at != end; at.increment(error)) {
            if (at->path().filename() == "target") at.disable_recursion_pending();
            if (!at->is_regular_file(error)) continue;
            const std::string place = "share/kayton/sdk/" + at->path().lexically_relative(*sdk).string();
            if (Result<void> added = tar.add_file(place, at->path()); !added) return added;
        }
    }
    std::string script = kUseScript;
    script.replace(script.find("@NAME@"), 6, name);
    return tar.add_text("use", script, true);
}

// What the environment's libraries need besides libc: Rust's standard library is linked with libgcc_s.
Result<void> add_runtime(TarWriter& tar, const std::string& prefix, const fs::path& toolchain_lib) {
    std::error_code error;
    const fs::path bridge = toolchain_lib / "libkayton_bridge.so";
    if (!fs::exists(bridge, error)) return {};
    for (const fs::path& folder : {fs::path("/lib/x86_64-linux-gnu"), fs::path("/usr/lib/x86_64-linux-gnu"),
                                   fs::path("/lib64"), fs::path("/usr/lib64"), fs::path("/usr/lib")}) {
        const fs::path library = folder / "libgcc_s.so.1";
        if (!fs::exists(library, error)) continue;
        return tar.add_file(prefix + "/toolchain/lib/libgcc_s.so.1", fs::canonical(library, error));
    }
    return {};
}

}  // namespace

Result<void> pack_environment(const EnvironmentPlace& place, const fs::path& file, const PackOptions& options) {
    const Result<Environment> environment = open_environment(place.name, place.root);
    if (!environment) return tl::unexpected<Error>(environment.error());
    for (const InstalledPlugin& plugin : environment->plugins) {
        const Result<SealReport> seal = check_seal(plugin.folder);
        if (!seal || seal->whole()) continue;
        return fail(ErrorKind::kInput, "`" + plugin.crate + "` was changed on disk after it was installed",
                    "Run: kik doctor --fix");
    }
    Result<TarWriter> tar = TarWriter::create(file);
    if (!tar) return tl::unexpected<Error>(tar.error());
    const Json record{{"format", kPackFormat},       {"name", place.name},
                      {"kayton", kKaytonVersion},    {"abi_version", KAYTON_PLUGIN_ABI_VERSION},
                      {"target", host_target()},     {"programs", options.kayton}};
    if (Result<void> added = tar->add_text("kpack.json", record.dump(2) + "\n"); !added) return added;
    const std::string prefix = "envs/" + place.name;
    std::error_code error;
    for (const char* name : {"env.json", "registry.json"}) {
        if (Result<void> added = tar->add_file(prefix + "/metadata/" + name, place.root / "metadata" / name); !added)
            return added;
    }
    if (Result<void> added = tar->add_tree(prefix + "/toolchain", place.root / "toolchain"); !added) return added;
    if (!fs::exists(place.root / "toolchain" / "lib" / "libgcc_s.so.1", error)) {
        if (Result<void> added = add_runtime(*tar, prefix, place.root / "toolchain" / "lib"); !added) return added;
    }
    for (const InstalledPlugin& plugin : environment->plugins) {
        const std::string inside = prefix + "/" + plugin.folder.lexically_relative(place.root).string();
        std::vector<fs::path> entries;
        for (const fs::directory_entry& entry : fs::directory_iterator(plugin.folder, error)) entries.push_back(entry.path());
        std::sort(entries.begin(), entries.end());
        for (const fs::path& entry : entries) {
            const std::string name = entry.filename().string();
            if (name == "vendor" && !options.sources) continue;
            Result<void> added = fs::is_directory(entry, error) ? tar->add_tree(inside + "/" + name, entry)
                                                                : tar->add_file(inside + "/" + name, entry);
            if (!added) return added;
        }
    }
    if (options.kayton) {
        if (Result<void> added = add_programs(*tar, place.name); !added) return added;
    }
    return tar->finish();
}

Result<PackRecord> unpack_environment(const fs::path& file, const fs::path& staging, const std::string& name) {
    // Beside the environment in the making, on its file system.
    const fs::path whole = staging.string() + ".pack";
    std::error_code error;
    fs::remove_all(whole, error);
    struct Cleaner {
        const fs::path& folder;
        ~Cleaner() {
            std::error_code ignored;
            fs::remove_all(folder, ignored);
        }
    } cleaner{whole};
    if (Result<void> made = make_folders(whole); !made) return tl::unexpected<Error>(made.error());
    if (Result<void> extracted = extract_tar(file, whole); !extracted) return tl::unexpected<Error>(extracted.error());
    const Result<std::string> text = read_text_file(whole / "kpack.json");
    const Json json = text ? Json::parse(*text, nullptr, false) : Json();
    if (!json.is_object()) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is not a packed environment (no `kpack.json`)");
    }
    if (json.value("format", 0) > kPackFormat) {
        return fail(ErrorKind::kInput, fmt::format("`{}` has format {}, but this kik reads formats up to {}",
                                                   file.string(), json.value("format", 0), kPackFormat),
                    "Install a newer Kayton");
    }
    PackRecord record;
    record.name = json.value("name", "");
    record.kayton = json.value("kayton", "");
    record.target = json.value("target", "");
    record.abi_version = json.value("abi_version", 0U);
    record.has_programs = json.value("programs", false);
    if (record.target != host_target()) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` was packed for " + record.target +
                                           ", but this machine is " + host_target());
    }
    if (record.abi_version != KAYTON_PLUGIN_ABI_VERSION && !record.has_programs) {
        return fail(ErrorKind::kInput,
                    fmt::format("`{}` was packed for plugin ABI {}, but this Kayton has {}", file.string(),
                                record.abi_version, KAYTON_PLUGIN_ABI_VERSION),
                    "Pack it again with `--include-kayton`, or with this Kayton's version");
    }
    const fs::path packed = whole / "envs" / record.name;
    if (record.name.empty() || record.name.find('/') != std::string::npos || !is_environment(packed)) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is not a packed environment");
    }
    const Result<Environment> environment = open_environment(record.name, packed);
    if (!environment) return tl::unexpected<Error>(environment.error());
    for (const InstalledPlugin& plugin : environment->plugins) {
        const Result<SealReport> seal = check_seal(plugin.folder);
        if (seal && seal->whole()) continue;
        return fail(ErrorKind::kInput, "`" + plugin.crate + "` in `" + file.string() + "` is not what was packed",
                    "copy the file again");
    }
    fs::rename(packed, staging, error);
    if (error) return tl::unexpected<Error>(system_error("write", staging, error.value()));
    for (const char* folder : {"bin", "kernels", "libs", "toolchain"}) {
        if (Result<void> made = make_folders(staging / folder); !made) return tl::unexpected<Error>(made.error());
    }
    if (record.has_programs) {
        if (Result<void> made = make_folders(staging / "programs"); !made) return tl::unexpected<Error>(made.error());
        for (const char* folder : {"bin", "lib", "libexec", "share"}) {
            if (!fs::exists(whole / folder, error)) continue;
            fs::rename(whole / folder, staging / "programs" / folder, error);
            if (error) return tl::unexpected<Error>(system_error("write", staging, error.value()));
        }
    }
    if (Result<void> named = write_name(staging, name); !named) return tl::unexpected<Error>(named.error());
    if (Result<void> refreshed = refresh_shims(staging); !refreshed) return tl::unexpected<Error>(refreshed.error());
    return record;
}

}  // namespace kayton::kik
