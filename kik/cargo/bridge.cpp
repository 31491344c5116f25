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

// Within the cache.
fs::path kept_bridge(const std::string& key) {
    return fs::path("bridge") / key / kBridge;
}

Result<void> build_bridge(const Toolchain& toolchain, const Cache& cache, const fs::path& name,
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

    if (Result<void> kept = cache.put(cache.target() / toolchain.host / "release" / kBridge, name); !kept) return kept;
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
        const fs::path name = fs::path("std") / file.filename();
        if (cache.find(name).empty()) {
            // Debian ships a link; the environment needs the library itself.
            if (Result<void> kept = cache.put(fs::canonical(file, error), name); !kept) return kept;
        }
        if (Result<void> placed = place(cache.find(name), lib / file.filename()); !placed) return placed;
    }
    if (Result<void> placed = place(cache.find(kept_bridge(key)), lib / kBridge); !placed) return placed;
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
    if (cache->find(kept_bridge(*key)).empty()) return false;
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
        const Result<Cache::Making> making =
            cache->lock("bridge-" + *key, command, [&](const std::string& line) { console.say(line); });
        if (!making) return tl::unexpected<Error>(making.error());
        if (cache->find(kept_bridge(*key)).empty()) {
            if (Result<void> built = build_bridge(toolchain, *cache, kept_bridge(*key), console); !built) return built;
        }
    }
    return place_libraries(environment / "toolchain" / "lib", toolchain, *cache, *key);
}

}  // namespace kayton::kik
