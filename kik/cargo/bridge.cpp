#include "kik/cargo/bridge.h"

#include <unistd.h>

#include <chrono>
#include <system_error>

#include "kik/cargo/build.h"
#include "kik/cargo/cache.h"
#include "kik/environment/durable_file.h"
#include "kik/report/progress.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBridge = "libkayton_bridge.so";
constexpr const char* kStamp = "bridge.key";

Result<void> build_bridge(const Toolchain& toolchain, const Cache& cache, const fs::path& folder,
                          const Console& console) {
    const auto started = std::chrono::steady_clock::now();
    const Result<fs::path> sdk = sdk_folder();
    if (!sdk) return tl::unexpected<Error>(sdk.error());
    Progress progress(console, "Building");
    Command command = cargo_command(
        toolchain, {"build", "--release", "--locked", "--offline", "--target", toolchain.host, "--target-dir",
                    cache.target().string(), "--manifest-path", (*sdk / "kayton_bridge" / "Cargo.toml").string()});
    command.variables.emplace_back("CARGO_ENCODED_RUSTFLAGS", "-Cprefer-dynamic\x1f-Clink-arg=-Wl,-rpath,$ORIGIN");
    command.on_stderr = [&](std::string_view line, bool) { progress.cargo_line(line); };
    const Result<CommandResult> built = run(command);
    progress.clear();
    if (!built) return tl::unexpected<Error>(built.error());
    if (!built->ok())
        return tl::unexpected<Error>(build_error(*built, "the bridge (kayton_bridge)", {}, cache.target()));

    const fs::path library = cache.target() / toolchain.host / "release" / kBridge;
    if (Result<void> made = make_folders(folder); !made) return made;
    const fs::path fresh = folder / ".new";
    std::error_code error;
    if (Result<void> copied = copy_contents(library, fresh); !copied) return copied;
    if (Result<void> synced = sync_file(fresh); !synced) return synced;
    fs::rename(fresh, folder / kBridge, error);
    if (error) return tl::unexpected<Error>(system_error("write", folder / kBridge, error.value()));
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started;
    console.say("Built the bridge for rustc " + toolchain.release + " in " + duration_text(spent.count()));
    return {};
}

// Replaces by rename: a running worker keeps the library it has mapped.
Result<void> place(const fs::path& from, const fs::path& to) {
    fs::path fresh = to;
    fresh += ".new";
    if (Result<void> linked = link_or_copy(from, fresh); !linked) return linked;
    std::error_code error;
    // rename does nothing when both names are links to one file.
    if (fs::equivalent(fresh, to, error)) {
        fs::remove(fresh, error);
        return {};
    }
    fs::rename(fresh, to, error);
    if (error) return tl::unexpected<Error>(system_error("write", to, error.value()));
    return {};
}

}  // namespace

Result<Toolchain> environment_toolchain(const fs::path& environment) {
    const Result<Toolchain> pin = read_pin(environment);
    if (pin) return find_pinned_toolchain(*pin);
    if (pin.error().kind != ErrorKind::kNotFound) return pin;
    Result<Toolchain> toolchain = find_toolchain();
    if (!toolchain) return toolchain;
    if (Result<void> written = write_pin(environment, *toolchain); !written)
        return tl::unexpected<Error>(written.error());
    return toolchain;
}

namespace {

bool is_provided(const fs::path& lib, const std::string& stamp) {
    std::error_code error;
    const Result<std::string> present = read_text_file(lib / kStamp);
    return present && *present == stamp && fs::exists(lib / kBridge, error);
}

// REQUIRES: the bridge is in the cache.
Result<void> place_libraries(const fs::path& lib, const Toolchain& toolchain, const Cache& cache,
                             const std::string& key) {
    const Result<std::vector<fs::path>> standard = shared_std(toolchain);
    if (!standard) return tl::unexpected<Error>(standard.error());
    if (Result<void> made = make_folders(lib); !made) return made;
    std::error_code error;
    for (const fs::path& file : *standard) {
        // Toolchains mostly lie on another file system than environments: one copy there serves them all by links.
        const fs::path copy = cache.standard_library() / file.filename();
        if (!fs::exists(copy, error)) {
            if (Result<void> made = make_folders(cache.standard_library()); !made) return made;
            const fs::path fresh = copy.string() + "." + std::to_string(::getpid());
            // Debian ships a link; the environment needs the library itself.
            if (Result<void> copied = copy_contents(fs::canonical(file, error), fresh); !copied) return copied;
            fs::rename(fresh, copy, error);
            if (error) return tl::unexpected<Error>(system_error("write", copy, error.value()));
        }
        if (Result<void> placed = place(copy, lib / file.filename()); !placed) return placed;
    }
    if (Result<void> placed = place(cache.bridge(key) / kBridge, lib / kBridge); !placed) return placed;
    return write_durably(lib / kStamp, toolchain.key() + " " + key);
}

}  // namespace

Result<bool> provide_kept_bridge(const fs::path& environment, const Toolchain& toolchain) {
    const fs::path lib = environment / "toolchain" / "lib";
    const Result<std::string> key = sdk_key();
    if (!key) return tl::unexpected<Error>(key.error());
    if (is_provided(lib, toolchain.key() + " " + *key)) return true;
    const Result<Cache> cache = Cache::open(toolchain);
    if (!cache) return tl::unexpected<Error>(cache.error());
    std::error_code error;
    if (!fs::exists(cache->bridge(*key) / kBridge, error)) return false;
    if (Result<void> placed = place_libraries(lib, toolchain, *cache, *key); !placed)
        return tl::unexpected<Error>(placed.error());
    return true;
}

Result<void> provide_bridge(const fs::path& environment, const Toolchain& toolchain, const std::string& command,
                            const Console& console) {
    const Result<bool> given = provide_kept_bridge(environment, toolchain);
    if (!given) return tl::unexpected<Error>(given.error());
    if (*given) return {};
    const Result<std::string> key = sdk_key();
    if (!key) return tl::unexpected<Error>(key.error());
    const Result<Cache> cache = Cache::open(toolchain);
    if (!cache) return tl::unexpected<Error>(cache.error());
    {
        const Result<Lock> lock = cache->lock(command, [&](const std::string& line) { console.say(line); });
        if (!lock) return tl::unexpected<Error>(lock.error());
        std::error_code error;
        if (!fs::exists(cache->bridge(*key) / kBridge, error)) {
            Result<void> built = build_bridge(toolchain, *cache, cache->bridge(*key), console);
            if (!built) return built;
        }
    }
    return place_libraries(environment / "toolchain" / "lib", toolchain, *cache, *key);
}

}  // namespace kayton::kik
