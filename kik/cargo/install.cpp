#include "kik/cargo/install.h"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "kik/bindgen/asked_instances.h"
#include "kik/cargo/bridge.h"
#include "kik/cargo/cargo_config.h"
#include "kik/cargo/cargo_lock.h"
#include "kik/cargo/crate_sources.h"
#include "kik/cargo/interrupt.h"
#include "kik/cargo/probe.h"
#include "kik/cargo/recipe.h"
#include "kik/cargo/rustdoc.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/environment/seal_folder.h"
#include "shared/kayton_api.h"
#include "shared/seal.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

Result<void> write_file(const fs::path& file, std::string_view text) {
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    stream.close();
    if (!stream) return tl::unexpected<Error>(system_error("write", file, errno));
    return {};
}

std::string with_underscores(std::string name) {
    for (char& c : name) c = c == '-' ? '_' : c;
    return name;
}

// Within the cache.
fs::path kept_plugin(const std::string& key) {
    return fs::path("plugins") / key;
}

constexpr const char* kRebuildFlags =
    "\n[build]\nrustflags = [\"-Cprefer-dynamic\", \"-Clink-arg=-Wl,-rpath,$ORIGIN/../../../../toolchain/lib\"]\n";

// What `cargo vendor` printed, for a build in another folder than that of the vendored sources.
Result<void> write_vendor_config(const fs::path& work, std::string config, const fs::path& vendor) {
    constexpr std::string_view kRelative = "directory = \"vendor\"";
    if (const size_t at = config.find(kRelative); at != std::string::npos) {
        config.replace(at, kRelative.size(), "directory = " + nlohmann::json(vendor.string()).dump());
    }
    if (Result<void> made = make_folders(work / ".cargo"); !made) return made;
    return write_file(work / ".cargo" / "config.toml", config);
}

// The same of sources that were vendored for a plugin, from the plugin's folder.
Result<std::string> kept_vendor_config(const fs::path& vendor) {
    Result<std::string> config = read_text_file(vendor.parent_path() / ".cargo" / "config.toml");
    if (config) config->resize(std::min(config->size(), config->find(kRebuildFlags)));
    return config;
}

// cargo takes repositories from the vendored sources only where its configuration says so, crates by an option.
bool names_repositories(const std::string& config) {
    return config.find("[source.\"git+") != std::string::npos;
}

}  // namespace

// One crate on its way from a request to a staged folder.
struct Installer::Job {
    const InstallRequest& request;
    WrapperPlan plan;
    StagedCrate staged;
    fs::path work;  // the wrapper crate in the making
    fs::path log;
    std::vector<fs::path> sources;  // folders of crates on this machine
    fs::path vendor;  // vendored sources to build from, where cargo's own store may lack them
    bool handwritten = false;
    Recipe recipe;
};

std::function<void(const std::string&)> Installer::say() const {
    return [this](const std::string& line) { console_.say(line); };
}

BuildPlace Installer::build_place(const Job& job, const fs::path& folder) const {
    BuildPlace place{toolchain_, console_, folder, cache_->target(), job.log, permissions_, job.vendor, {}};
    place.sources = job.sources;
    return place;
}

Result<void> Installer::open_toolchain() {
    if (cache_) return {};
    Result<Toolchain> toolchain = environment_toolchain(place_.root);
    if (!toolchain) return tl::unexpected<Error>(toolchain.error());
    toolchain_ = std::move(*toolchain);
    if (toolchain_.host != host_target()) {
        return fail(ErrorKind::kInput, fmt::format("the Rust toolchain is for {}, but this Kayton is for {}",
                                                   toolchain_.host, host_target()));
    }
    Result<Cache> cache = Cache::open(toolchain_);
    if (!cache) return tl::unexpected<Error>(cache.error());
    Result<fs::path> sdk = sdk_folder();
    if (!sdk) return tl::unexpected<Error>(sdk.error());
    sdk_ = std::move(*sdk);
    Result<std::string> key = sdk_key();
    if (!key) return tl::unexpected<Error>(key.error());
    sdk_key_ = std::move(*key);
    Result<std::vector<std::string>> permissions = read_build_permissions(place_.root);
    if (!permissions) return tl::unexpected<Error>(permissions.error());
    permissions_ = std::move(*permissions);
    cache_ = std::move(*cache);
    return {};
}

Result<void> Installer::prepare() {
    if (Result<void> repaired = registry_.repair(); !repaired) return repaired;
    if (Result<void> opened = open_toolchain(); !opened) return opened;
    return provide_bridge(place_.root, toolchain_, command_, console_);
}

// The wrapper crate in a folder of this process's own, and the log.
Result<void> Installer::start(Job& job) const {
    const CrateSpec& spec = job.request.spec;
    job.plan.spec = spec;
    job.plan.cargo_lock = job.request.cargo_lock;
    const fs::path logs = is_in_the_making(place_.root) ? cache_->logs() : place_.root / "metadata" / "logs";
    if (Result<void> made = make_folders(logs); !made) return made;
    const std::string name = spec.folder().empty() ? spec.package : spec.folder().filename().string();
    job.log = logs / (name + ".log");
    if (Result<void> written = write_file(job.log, fmt::format("kik {} at {}\n", command_, utc_now())); !written)
        return written;
    if (!spec.folder().empty()) {
        std::error_code error;
        job.plan.local = fs::canonical(spec.folder(), error);
        if (error) {
            return fail(ErrorKind::kNotFound, "cannot open `" + spec.folder().string() + "`: " + error.message());
        }
        const Result<LocalCrate> local = inspect_crate(build_place(job, job.plan.local));
        if (!local) return tl::unexpected<Error>(local.error());
        job.plan.spec.package = local->package;
        job.plan.crate = local->library;
        job.plan.version = local->version;
        job.handwritten = local->handwritten;
        // A hand-written plugin is built where it is. Of any other crate the wrapper's resolution tells them, and
        // nothing is written among its sources.
        job.sources = {job.plan.local};
        if (job.handwritten) job.sources = local_folders(build_place(job, job.plan.local));
    } else {
        job.plan.crate = with_underscores(spec.package);
        Result<Recipe> recipe = read_recipe(job.plan.crate);
        if (!recipe) return tl::unexpected<Error>(recipe.error());
        job.recipe = std::move(*recipe);
        std::vector<std::string>& features = job.plan.spec.features;
        for (const std::string& feature : job.recipe.features)
            if (spec.default_features && std::find(features.begin(), features.end(), feature) == features.end())
                features.push_back(feature);
    }
    for (const std::string& instance : spec.instances) {
        if (const Result<bindgen::AskedType> parsed = bindgen::parse_asked_instance(instance); !parsed)
            return tl::unexpected<Error>(parsed.error());
    }
    if (job.handwritten && !spec.instances.empty()) {
        return fail(ErrorKind::kInput, "`" + job.plan.crate + "` is a hand-written plugin: it offers what its author exports");
    }
    job.work = cache_->work(fmt::format(".{}-{}", job.plan.crate, ::getpid()));
    return remove_tree(job.work);
}

Result<void> Installer::write_wrapper(const Job& job, const bindgen::Bindings* bindings) const {
    if (Result<void> made = make_folders(job.work / "src"); !made) return made;
    std::error_code error;
    // Inside the wrapper's folder, so that where Kayton is installed has no part in what cargo calls things.
    for (const char* crate : {"kayton_api", "kayton_bind"}) {
        const fs::path copy = job.work / "sdk" / crate;
        if (fs::exists(copy, error)) continue;
        if (Result<void> copied = copy_sources(sdk_ / crate, copy, true); !copied) return copied;
    }
    const std::string toml = wrapper_toml(job.plan, "sdk", job.plan.local.string());
    if (Result<void> written = write_file(job.work / "Cargo.toml", toml); !written) return written;
    if (Result<void> written = write_file(job.work / "src" / "lib.rs", bindings == nullptr ? "" : bindings->lib_rs);
        !written) {
        return written;
    }
    if (bindings == nullptr) return {};
    Manifest manifest = bindings->manifest;
    complete(manifest);
    return write_file(job.work / "src" / "manifest.json", manifest_to_json(manifest));
}

void Installer::complete(Manifest& manifest) const {
    manifest.abi_version = KAYTON_PLUGIN_ABI_VERSION;
    manifest.target = toolchain_.host;
    manifest.rustc = toolchain_.release;
    manifest.rustc_commit = toolchain_.commit;
}

Result<Resolution> Installer::resolve_job(Job& job) const {
    if (Result<void> written = write_wrapper(job, nullptr); !written) return tl::unexpected<Error>(written.error());
    const std::string& locked = job.plan.cargo_lock;
    if (!locked.empty()) {
        if (Result<void> written = write_file(job.work / "Cargo.lock", locked); !written)
            return tl::unexpected<Error>(written.error());
    }
    Result<Resolution> resolution = resolve(build_place(job, job.work), job.plan);
    if (!resolution && job.plan.spec.features != job.request.spec.features) {
        // A version that has not all that the recipe asks for is as good without it.
        std::vector<std::string> asked = std::exchange(job.plan.spec.features, job.request.spec.features);
        if (Result<void> written = write_wrapper(job, nullptr); !written) return tl::unexpected<Error>(written.error());
        if (Result<Resolution> plain = resolve(build_place(job, job.work), job.plan)) {
            resolution = std::move(plain);
        } else {
            job.plan.spec.features = std::move(asked);
            if (Result<void> written = write_wrapper(job, nullptr); !written) return tl::unexpected<Error>(written.error());
        }
    }
    if (!resolution && !locked.empty() && job.vendor.empty()) {
        // Without the network, the sources that some environment vendored serve as well as cargo's own store.
        job.vendor = find_vendored(job.plan.crate, locked, place_.root);
        if (!job.vendor.empty()) {
            const Result<std::string> config = kept_vendor_config(job.vendor);
            if (config && names_repositories(*config)) {
                if (Result<void> written = write_vendor_config(job.work, *config, job.vendor); !written)
                    return tl::unexpected<Error>(written.error());
            }
            resolution = resolve(build_place(job, job.work), job.plan);
        }
    }
    if (!resolution) return resolution;
    if (!locked.empty()) {
        const Result<std::string> text = read_text_file(job.work / "Cargo.lock");
        if (!text) return tl::unexpected<Error>(text.error());
        const std::vector<LockedPackage> known = parse_cargo_lock(locked);
        for (const LockedPackage& package : parse_cargo_lock(*text)) {
            const LockedPackage* before = find_locked(known, package.name + " " + package.version);
            if (package.source.empty() || (before != nullptr && before->checksum == package.checksum)) continue;
            return fail(ErrorKind::kInput,
                        fmt::format("the lock does not fit `{}`: it has no `{}` {}", job.plan.spec.package,
                                    package.name, package.version),
                        "Run: kik lock");
        }
    }
    if (!job.plan.local.empty()) {
        for (const ResolvedPackage& package : resolution->packages) {
            if (package.local) job.sources.push_back(package.manifest.parent_path());
        }
    }
    const ResolvedPackage& root = resolution->root;
    if (root.macro || root.crate.empty()) {
        return fail(ErrorKind::kInput,
                    fmt::format("`{}` {} {}, so there is nothing to import", root.name, root.version,
                                root.macro ? "offers only procedural macros" : "has no library"),
                    root.macro ? "macros work on Rust programs; what they make is in the crates that use them"
                               : "a program of Rust is run, not imported: cargo install " + root.name);
    }
    job.plan.crate = root.crate;
    job.plan.version = root.version;
    job.plan.serde = resolution->find("serde_core") != nullptr;
    job.plan.tokio = resolution->find("tokio") != nullptr;
    return resolution;
}

Result<Installer::Resolved> Installer::resolve_only(const InstallRequest& request) {
    if (Result<void> opened = open_toolchain(); !opened) return tl::unexpected<Error>(opened.error());
    Job job{request, {}, {}, {}, {}, {}, {}, false, {}};
    if (Result<void> started = start(job); !started) return tl::unexpected<Error>(started.error());
    Result<Resolution> resolution = resolve_job(job);
    std::error_code error;
    Result<std::string> lock = read_text_file(job.work / "Cargo.lock");
    fs::remove_all(job.work, error);
    if (!resolution) return tl::unexpected<Error>(resolution.error());
    if (!lock) return tl::unexpected<Error>(lock.error());
    return Resolved{std::move(*resolution), std::move(*lock), job.plan.crate};
}

// Links the plugin of this key from the cache into a staging folder. A damaged one is thrown away.
Result<bool> Installer::take_from_cache(Job& job, const std::string& key) {
    for (const fs::path& kept : cache_->places(kept_plugin(key))) {
        const Result<bool> taken = take_kept(job, kept);
        if (!taken || *taken) return taken;
    }
    return false;
}

Result<bool> Installer::take_kept(Job& job, const fs::path& kept) {
    std::error_code error;
    if (!fs::exists(kept / kSealFile, error)) return false;
    const Result<SealReport> seal = check_seal(kept);
    if (!seal || !seal->whole()) {
        console_.warn("`" + kept.string() + "` in the cache was changed on disk, so it is not used");
        fs::remove_all(kept, error);
        return false;
    }
    Result<Manifest> manifest = read_manifest(kept / "manifest.json");
    if (!manifest) return false;
    const Result<fs::path> folder = registry_.new_staging(manifest->crate, manifest->version);
    if (!folder) return tl::unexpected<Error>(folder.error());
    // `kik cache prune` may take it away meanwhile: then it is built.
    if (Result<void> linked = link_tree(kept, *folder); !linked) {
        if (fs::exists(kept / kSealFile, error)) return tl::unexpected<Error>(linked.error());
        return false;
    }
    job.staged.plugin.folder = *folder;
    job.staged.manifest = std::move(*manifest);
    job.staged.from_cache = true;
    console_.say(fmt::format("Found {} {} built before", job.staged.manifest.crate, job.staged.manifest.version));
    return true;
}

Result<void> Installer::stage_generated(Job& job) {
    const CrateSpec& spec = job.plan.spec;
    ContentHash asked;
    asked.add(spec.package).add(spec.requirement()).add(spec.source).add(spec.default_features ? "" : "bare");
    asked.add(sdk_key_).add(job.recipe.text).add(locked_packages(job.plan.cargo_lock));
    for (const std::string& feature : spec.features) asked.add(feature);
    for (const std::string& instance : spec.instances) asked.add("instance " + instance);
    const bool exact = spec.exact || !job.plan.cargo_lock.empty() || spec.version.rfind('=', 0) == 0;
    if (job.plan.local.empty() && !job.request.fresh) {
        const std::string key = cache_->recall(asked.hexadecimal(), exact || console_.options().offline);
        if (!key.empty()) {
            const Result<bool> found = take_from_cache(job, key);
            if (!found) return tl::unexpected<Error>(found.error());
            if (*found) return {};
        }
    }
    const auto started = Clock::now();
    const Result<Resolution> resolution = resolve_job(job);
    if (!resolution) return tl::unexpected<Error>(resolution.error());
    const ResolvedPackage& root = resolution->root;
    console_.say(
        fmt::format("Resolved {} in {}", counted(resolution->packages.size(), "crate"), duration_text(since(started))));
    const Result<std::string> lock = read_text_file(job.work / "Cargo.lock");
    if (!lock) return tl::unexpected<Error>(lock.error());
    ContentHash hash;
    hash.add(root.name).add(root.version).add(locked_packages(*lock)).add(sdk_key_).add(job.recipe.text);
    hash.add(std::to_string(KAYTON_PLUGIN_ABI_VERSION)).add(spec.default_features ? "" : "bare").add(spec.source);
    for (const std::string& feature : root.features) hash.add(feature);
    for (const std::string& feature : spec.features) hash.add("asked " + feature);
    for (const std::string& instance : spec.instances) hash.add("instance " + instance);
    const std::string key = fmt::format("{}-{}-{}", root.crate, root.version, hash.hexadecimal());

    bool found = false;
    if (job.plan.local.empty()) {
        const Result<bool> taken = take_from_cache(job, key);
        if (!taken) return tl::unexpected<Error>(taken.error());
        found = *taken;
    }
    if (!found) {
        const Result<Cache::Making> building = cache_->lock(key, command_, say());
        if (!building) return tl::unexpected<Error>(building.error());
        if (job.plan.local.empty()) {
            // Who held the lock may have built the same.
            const Result<bool> taken = take_from_cache(job, key);
            if (!taken) return tl::unexpected<Error>(taken.error());
            found = *taken;
        }
        if (!found) {
            if (Result<void> built = build_generated(job, *resolution); !built) return built;
            if (job.plan.local.empty()) {
                if (Result<void> done = keep(job, key); !done) return done;
            }
        }
    }
    if (job.plan.local.empty()) cache_->remember(asked.hexadecimal(), key);
    return {};
}

Result<void> Installer::build_generated(Job& job, const Resolution& resolution) {
    const ResolvedPackage& root = resolution.root;
    // One place a crate, whoever builds it: what is built must not depend on a process's number.
    const fs::path work = cache_->work(job.plan.crate);
    std::error_code error;
    fs::remove_all(work, error);
    fs::rename(job.work, work, error);
    if (error) return tl::unexpected<Error>(system_error("make", work, error.value()));
    job.work = work;
    const Result<fs::path> folder = registry_.new_staging(root.crate, root.version);
    if (!folder) return tl::unexpected<Error>(folder.error());
    const fs::path& staged = job.staged.plugin.folder = *folder;

    if (Result<void> written = write_wrapper(job, nullptr); !written) return written;
    auto started = Clock::now();
    Result<Vendored> vendored = Vendored{};
    if (job.vendor.empty()) {
        vendored = vendor(build_place(job, job.work), job.plan, staged / "vendor");
    } else {
        // `cargo vendor` would ask the registry; these sources were vendored before.
        if (Result<void> linked = link_tree(job.vendor, staged / "vendor"); !linked) return linked;
        // The wrapper has its version by now, and a confined cargo cannot write it into the lock file.
        if (Result<void> done = complete_lock(build_place(job, job.work), job.plan); !done) return done;
        Result<std::string> config = kept_vendor_config(job.vendor);
        if (!config) return tl::unexpected<Error>(config.error());
        vendored->config = std::move(*config);
    }
    if (!vendored) return tl::unexpected<Error>(vendored.error());
    if (vendored->packages > 0) {
        console_.say(fmt::format("Vendored {} ({}) in {}", counted(vendored->packages, "crate"),
                                 size_text(tree_size(staged / "vendor")), duration_text(since(started))));
    }
    if (job.vendor.empty() && names_repositories(vendored->config)) {
        // A confined cargo does not read its store of git repositories: it builds from what was vendored.
        job.vendor = staged / "vendor";
        if (Result<void> written = write_vendor_config(job.work, vendored->config, job.vendor); !written) return written;
    }
    started = Clock::now();
    const BuildPlace place = build_place(job, job.work);
    if (const std::optional<CargoConfig> config = read_cargo_config(); config && holds_token(*config)) {
        console_.warn("build scripts of crates can read the token in `" + config->file.string() + "`");
        console_.hint("move it to `credentials.toml` beside it, which they cannot: `cargo login` writes there");
    }
    if (Result<void> described = document_crates(place, *cache_, resolution, job.work / "json"); !described)
        return described;
    console_.detail(fmt::format("Read the API of {} in {}", root.name, duration_text(since(started))));

    bindgen::BindgenRequest request;
    request.json_folder = job.work / "json";
    request.crate = root.crate;
    request.package = root.name;
    request.version = root.version;
    request.features = job.plan.spec.features;
    request.recipe = job.recipe.functions;
    request.instances = job.plan.spec.instances;
    request.dependency_versions = resolution.versions;
    const std::string subject = fmt::format("the bindings of `{}` {}", root.name, root.version);
    decltype(job.plan.extra_packages) locked;
    const auto check = [&](const bindgen::Bindings& made) -> Result<std::string> {
        if (interrupted()) return tl::unexpected<Error>(interruption());
        job.plan.extra_packages.clear();
        for (const std::string& crate : made.extra_dependencies) {
            const ResolvedPackage* package = resolution.find(crate);
            if (package == nullptr) {
                return fail(ErrorKind::kInternal,
                            "the bindings name the crate `" + crate + "`, which is not in the lock file");
            }
            job.plan.extra_packages[crate] = {package->name, package->version, package->source};
        }
        if (Result<void> written = write_wrapper(job, &made); !written)
            return tl::unexpected<Error>(written.error());
        if (job.plan.extra_packages != locked) {
            if (Result<void> done = complete_lock(place, job.plan); !done) return tl::unexpected<Error>(done.error());
            locked = job.plan.extra_packages;
        }
        return check_messages(place, subject);
    };
    const Result<bindgen::Bindings> bindings = bindgen::generate_and_prune(std::move(request), check);
    if (!bindings) return tl::unexpected<Error>(bindings.error());
    console_.detail(fmt::format("Generated bindings of {} in {}", root.name, duration_text(since(started))));

    if (Result<void> written = write_wrapper(job, &*bindings); !written) return written;
    const Result<fs::path> library = build_library(place, "kayton_plugin_" + job.plan.crate,
                                                   fmt::format("`{}` {}", job.plan.spec.package, job.plan.version));
    if (!library) return tl::unexpected<Error>(library.error());
    if (Result<void> copied = copy_contents(*library, staged / "plugin.so"); !copied) return copied;
    for (const char* name : {"src", ".cargo"}) {
        if (Result<void> made = make_folders(staged / name); !made) return made;
    }
    for (const char* file : {"Cargo.lock", "src/lib.rs", "src/manifest.json"}) {
        if (Result<void> copied = copy_contents(job.work / file, staged / file); !copied) return copied;
    }
    std::string local;
    if (!job.plan.local.empty()) {
        if (Result<void> copied = copy_sources(job.plan.local, staged / "source"); !copied) return copied;
        local = "source";
    }
    if (Result<void> copied = copy_sources(job.work / "sdk", staged / "sdk", true); !copied) return copied;
    const std::string config = vendored->config + kRebuildFlags;
    if (Result<void> written = write_file(staged / ".cargo" / "config.toml", config); !written) return written;
    if (Result<void> written = write_file(staged / "Cargo.toml", wrapper_toml(job.plan, "sdk", local)); !written)
        return written;
    if (Result<void> probed = probe(job); !probed) return probed;
    job.staged.seconds = since(started);
    const Manifest& manifest = job.staged.manifest;
    console_.say(fmt::format("Built {} {} in {}: {} of {} functions importable", root.crate, root.version,
                             duration_text(job.staged.seconds), manifest.own_importable, manifest.own_functions));
    return {};
}

Result<void> Installer::stage_handwritten(Job& job) {
    const auto started = Clock::now();
    const fs::path& source = job.plan.local;
    const BuildPlace place = build_place(job, source);
    const std::string subject = fmt::format("`{}` {}", job.plan.spec.package, job.plan.version);
    const Result<Cache::Making> building = cache_->lock({}, command_, say());
    if (!building) return tl::unexpected<Error>(building.error());
    const Result<fs::path> folder = registry_.new_staging(job.plan.crate, job.plan.version);
    if (!folder) return tl::unexpected<Error>(folder.error());
    const fs::path& staged = job.staged.plugin.folder = *folder;
    if (Result<Vendored> vendored = vendor(place, job.plan, staged / "vendor"); !vendored) {
        return tl::unexpected<Error>(vendored.error());
    }
    const Result<fs::path> library = build_library(place, job.plan.crate, subject);
    if (!library) return tl::unexpected<Error>(library.error());
    if (Result<void> copied = copy_contents(*library, staged / "plugin.so"); !copied) return copied;
    for (const char* file : {"Cargo.toml", "Cargo.lock"}) {
        if (Result<void> copied = copy_contents(source / file, staged / file); !copied) return copied;
    }
    if (Result<void> copied = copy_sources(source, staged / "source"); !copied) return copied;
    if (Result<void> probed = probe(job); !probed) return probed;
    Manifest& manifest = job.staged.manifest;
    if (manifest.crate != job.plan.crate) {
        return fail(ErrorKind::kInput,
                    fmt::format("the plugin calls itself `{}`, but its crate is `{}`", manifest.crate, job.plan.crate),
                    "Give kayton_module! the crate's own name");
    }
    manifest.package = job.plan.spec.package;
    manifest.version = job.plan.version;
    job.staged.seconds = since(started);
    console_.say(fmt::format("Built {} in {}: {}", subject, duration_text(job.staged.seconds),
                             counted(manifest.functions.size(), "function")));
    return {};
}

Result<void> Installer::probe(Job& job) const {
    const fs::path& staged = job.staged.plugin.folder;
    const Result<std::string> text =
        probe_plugin(place_.root / "toolchain" / "lib" / "libkayton_bridge.so", staged / "plugin.so");
    if (!text) {
        Error error = text.error();
        if (!interrupted()) error.message = "the built plugin does not work: " + error.message;
        return tl::unexpected<Error>(std::move(error));
    }
    Result<Manifest> manifest = parse_manifest(*text, (staged / "plugin.so").string());
    if (!manifest) return tl::unexpected<Error>(manifest.error());
    complete(*manifest);
    job.staged.manifest = std::move(*manifest);
    return write_durably(staged / "manifest.json", manifest_to_json(job.staged.manifest));
}

// REQUIRES: the cache's lock is held.
Result<void> Installer::keep(const Job& job, const std::string& key) const {
    const fs::path& staged = job.staged.plugin.folder;
    if (Result<std::string> sealed = seal_folder(staged); !sealed) return tl::unexpected<Error>(sealed.error());
    return cache_->put(staged, kept_plugin(key));
}

Result<StagedCrate> Installer::stage(const InstallRequest& request) {
    Job job{request, {}, {}, {}, {}, {}, {}, false, {}};
    Result<void> done = open_toolchain();
    if (done) done = start(job);
    if (done) done = job.handwritten ? stage_handwritten(job) : stage_generated(job);
    std::error_code error;
    if (!job.work.empty()) fs::remove_all(job.work, error);
    if (done && interrupted()) done = tl::unexpected<Error>(interruption());
    if (!done) return tl::unexpected<Error>(done.error());

    const Manifest& manifest = job.staged.manifest;
    InstalledPlugin& plugin = job.staged.plugin;
    plugin.crate = manifest.crate;
    plugin.package = manifest.package;
    plugin.version = manifest.version;
    plugin.target = toolchain_.host;
    plugin.features = request.spec.features;
    plugin.instances = request.spec.instances;
    plugin.default_features = request.spec.default_features;
    plugin.abi_version = manifest.abi_version;
    plugin.requirement = request.spec.folder().empty() ? request.spec.requirement() : "";
    plugin.source = job.plan.local.empty() ? request.spec.source : "path+" + job.plan.local.string();
    return std::move(job.staged);
}

void Installer::clean() const {
    std::error_code error;
    fs::remove_all(place_.root / "metadata" / "staging", error);
}

}  // namespace kayton::kik
