#include "kik/cargo/install.h"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/bindgen/bindgen.h"
#include "kik/cargo/bridge.h"
#include "kik/cargo/build.h"
#include "kik/cargo/cache.h"
#include "kik/cargo/interrupt.h"
#include "kik/cargo/probe.h"
#include "kik/cargo/resolve.h"
#include "kik/cargo/rustdoc.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/environment/registry.h"
#include "shared/kayton_api.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

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

// A crate's own sources, without what builds and version control put among them. Tests and examples may be left out
// where its Cargo.toml does not name them.
Result<void> copy_sources(const fs::path& from, const fs::path& to, bool library_only = false) {
    if (Result<void> made = make_folders(to); !made) return made;
    std::error_code error;
    fs::recursive_directory_iterator entries(from, error);
    for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
        const std::string name = entries->path().filename().string();
        const fs::path place = to / entries->path().lexically_relative(from);
        if (entries->is_symlink()) continue;
        if (entries->is_directory()) {
            if (name == "target" || name == ".git" || (library_only && (name == "tests" || name == "examples"))) {
                entries.disable_recursion_pending();
            } else if (Result<void> made = make_folders(place); !made) {
                return made;
            }
        } else if (entries->is_regular_file()) {
            if (Result<void> copied = copy_contents(entries->path(), place); !copied) return copied;
        }
    }
    if (error) return tl::unexpected<Error>(system_error("copy", from, error.value()));
    return {};
}

// What makes the installed folder a crate that cargo can rebuild there without the network.
std::string rebuild_config() {
    return "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\n[source.vendored-sources]\ndirectory = "
           "\"vendor\"\n\n"
           "[build]\nrustflags = [\"-Cprefer-dynamic\", \"-Clink-arg=-Wl,-rpath,$ORIGIN/../../../../toolchain/lib\"]\n";
}

// A crate on this machine, as its own Cargo.toml tells.
struct LocalCrate {
    std::string package, library, version;
    fs::path folder;
    bool handwritten = false;
};

class Installation {
  public:
    Installation(const EnvironmentPlace& place, const InstallRequest& request, const Console& console)
        : place_(place), request_(request), console_(console), registry_(place.name, place.root) {}

    Result<InstallSummary> run();

  private:
    [[nodiscard]] BuildPlace build_place(const fs::path& folder) const {
        return BuildPlace{toolchain_, console_, folder, cache_->target(), log_};
    }
    [[nodiscard]] std::function<void(const std::string&)> say() const {
        return [this](const std::string& line) { console_.say(line); };
    }
    Result<void> prepare();
    Result<LocalCrate> inspect_local() const;
    Result<void> install_handwritten(const LocalCrate& local);
    Result<void> install_generated(WrapperPlan plan);
    Result<void> write_wrapper(const WrapperPlan& plan, const bindgen::Bindings* bindings) const;
    Result<bindgen::Bindings> make_bindings(WrapperPlan& plan, const Resolution& resolution);
    Result<void> build_generated(const WrapperPlan& plan, const bindgen::Bindings& bindings, const fs::path& staged);
    void complete(Manifest& manifest) const;
    Result<void> probe(const fs::path& staged);
    Result<void> keep(const fs::path& staged, const fs::path& kept) const;
    Result<void> commit(const fs::path& staged);

    const EnvironmentPlace& place_;
    const InstallRequest& request_;
    const Console& console_;
    Registry registry_;
    Toolchain toolchain_;
    std::optional<Cache> cache_;
    fs::path sdk_, work_, log_;
    std::string sdk_key_;
    InstallSummary summary_;
};

Result<void> Installation::prepare() {
    if (Result<void> repaired = registry_.repair(); !repaired) return repaired;
    Result<Toolchain> toolchain = environment_toolchain(place_.root);
    if (!toolchain) return tl::unexpected<Error>(toolchain.error());
    toolchain_ = std::move(*toolchain);
    if (toolchain_.host != host_target()) {
        return fail(ErrorKind::kInput, fmt::format("the Rust toolchain is for {}, but this Kayton is for {}",
                                                   toolchain_.host, host_target()));
    }
    if (Result<void> provided = provide_bridge(place_.root, toolchain_, request_.command, console_); !provided)
        return provided;
    Result<Cache> cache = Cache::open(toolchain_);
    if (!cache) return tl::unexpected<Error>(cache.error());
    cache_ = std::move(*cache);
    const Result<fs::path> sdk = sdk_folder();
    if (!sdk) return tl::unexpected<Error>(sdk.error());
    sdk_ = *sdk;
    const Result<std::string> key = sdk_key();
    if (!key) return tl::unexpected<Error>(key.error());
    sdk_key_ = *key;
    const fs::path logs = place_.root / "metadata" / "logs";
    if (Result<void> made = make_folders(logs); !made) return made;
    log_ = logs / ((request_.local.empty() ? request_.spec.package : request_.local.filename().string()) + ".log");
    return write_file(log_, fmt::format("kik {} at {}\n", request_.command, utc_now()));
}

Result<LocalCrate> Installation::inspect_local() const {
    std::error_code error;
    const fs::path manifest = request_.local / "Cargo.toml";
    if (!fs::exists(manifest, error)) {
        return fail(ErrorKind::kNotFound, "`" + request_.local.string() + "` is not a crate (no `Cargo.toml`)");
    }
    Command command = cargo_in(build_place(request_.local), {"metadata", "--format-version", "1", "--no-deps",
                                                             "--offline", "--manifest-path", manifest.string()});
    const Result<CommandResult> result = kik::run(command);
    if (!result) return tl::unexpected<Error>(result.error());
    if (!result->ok()) return tl::unexpected<Error>(build_error(*result, "`" + request_.local.string() + "`", log_));
    try {
        const Json json = Json::parse(result->out);
        for (const Json& package : json.at("packages")) {
            if (!fs::equivalent(package.at("manifest_path").get<std::string>(), manifest, error)) continue;
            LocalCrate local;
            local.folder = request_.local;
            local.package = package.at("name").get<std::string>();
            local.version = package.at("version").get<std::string>();
            for (const Json& target : package.at("targets")) {
                for (const Json& kind : target.at("kind")) {
                    const std::string word = kind.get<std::string>();
                    if (word != "lib" && word != "rlib" && word != "dylib") continue;
                    local.library = target.at("name").get<std::string>();
                }
            }
            if (const Json& metadata = package.at("metadata"); metadata.is_object() && metadata.contains("kayton")) {
                local.handwritten = metadata["kayton"].value("plugin", false);
            }
            if (local.library.empty()) {
                const bool macros = std::any_of(package.at("targets").begin(), package.at("targets").end(), [](const Json& target) {
                    return target.at("kind") == Json::array({"proc-macro"});
                });
                return fail(ErrorKind::kInput,
                            "`" + local.package + "` " +
                                (macros ? "offers only procedural macros" : "has no library that could be imported"),
                            macros ? "macros work on Rust programs; what they make is in the crates that use them"
                                   : "a program of Rust is run, not imported: cargo install --path " + local.folder.string());
            }
            for (char& c : local.library) c = c == '-' ? '_' : c;
            return local;
        }
    } catch (const Json::exception& problem) {
        return fail(ErrorKind::kInternal, std::string("cargo's metadata cannot be read: ") + problem.what());
    }
    return fail(ErrorKind::kInput, "`" + manifest.string() + "` is a workspace, not a crate",
                "Give the folder of one of its crates");
}

Result<void> Installation::install_handwritten(const LocalCrate& local) {
    const auto started = Clock::now();
    const BuildPlace place = build_place(local.folder);
    const std::string subject = fmt::format("`{}` {}", local.package, local.version);
    const Result<fs::path> staged = registry_.new_staging(local.library, local.version);
    if (!staged) return tl::unexpected<Error>(staged.error());

    WrapperPlan plan;
    plan.spec.package = local.package;
    plan.crate = local.library;
    if (Result<size_t> vendored = vendor(place, plan, *staged / "vendor"); !vendored) {
        return tl::unexpected<Error>(vendored.error());
    }
    const Result<fs::path> library = build_library(place, local.library, subject);
    if (!library) return tl::unexpected<Error>(library.error());
    if (Result<void> copied = copy_contents(*library, *staged / "plugin.so"); !copied) return copied;
    for (const char* file : {"Cargo.toml", "Cargo.lock"}) {
        if (Result<void> copied = copy_contents(local.folder / file, *staged / file); !copied) return copied;
    }
    if (Result<void> copied = copy_sources(local.folder, *staged / "source"); !copied) return copied;
    if (Result<void> probed = probe(*staged); !probed) return probed;
    if (summary_.manifest.crate != local.library) {
        return fail(
            ErrorKind::kInput,
            fmt::format("the plugin calls itself `{}`, but its crate is `{}`", summary_.manifest.crate, local.library),
            "Give kayton_module! the crate's own name");
    }
    summary_.manifest.package = local.package;
    summary_.manifest.version = local.version;
    summary_.seconds = since(started);
    console_.say(fmt::format("Built {} in {}: {}", subject, duration_text(summary_.seconds),
                             counted(summary_.manifest.functions.size(), "function")));
    return commit(*staged);
}

Result<void> Installation::write_wrapper(const WrapperPlan& plan, const bindgen::Bindings* bindings) const {
    if (Result<void> made = make_folders(work_ / "src"); !made) return made;
    const std::string local = plan.local.string();
    if (Result<void> written = write_file(work_ / "Cargo.toml", wrapper_toml(plan, sdk_, local)); !written)
        return written;
    if (Result<void> written = write_file(work_ / "src" / "lib.rs", bindings == nullptr ? "" : bindings->lib_rs);
        !written) {
        return written;
    }
    if (bindings == nullptr) return {};
    Manifest manifest = bindings->manifest;
    complete(manifest);
    return write_file(work_ / "src" / "manifest.json", manifest_to_json(manifest));
}

void Installation::complete(Manifest& manifest) const {
    manifest.abi_version = KAYTON_PLUGIN_ABI_VERSION;
    manifest.target = toolchain_.host;
    manifest.rustc = toolchain_.release;
    manifest.rustc_commit = toolchain_.commit;
}

Result<bindgen::Bindings> Installation::make_bindings(WrapperPlan& plan, const Resolution& resolution) {
    bindgen::BindgenRequest request;
    request.json_folder = work_ / "json";
    request.crate = resolution.root.crate;
    request.package = resolution.root.name;
    request.version = resolution.root.version;
    request.features = request_.spec.features;
    request.dependency_versions = resolution.versions;
    const std::string subject = fmt::format("the bindings of `{}` {}", resolution.root.name, resolution.root.version);
    const auto check = [&](const bindgen::Bindings& bindings) -> Result<std::string> {
        if (interrupted()) return tl::unexpected<Error>(interruption());
        plan.extra_packages.clear();
        for (const std::string& crate : bindings.extra_dependencies) {
            const ResolvedPackage* package = resolution.find(crate);
            if (package == nullptr) {
                return fail(ErrorKind::kInternal,
                            "the bindings name the crate `" + crate + "`, which is not in the lock file");
            }
            plan.extra_packages[crate] = {package->name, package->version};
        }
        if (Result<void> written = write_wrapper(plan, &bindings); !written)
            return tl::unexpected<Error>(written.error());
        return check_messages(build_place(work_), subject);
    };
    return bindgen::generate_and_prune(std::move(request), check);
}

Result<void> Installation::build_generated(const WrapperPlan& plan, const bindgen::Bindings& bindings,
                                           const fs::path& staged) {
    if (Result<void> written = write_wrapper(plan, &bindings); !written) return written;
    const Result<fs::path> library = build_library(build_place(work_), "kayton_plugin_" + plan.crate,
                                                   fmt::format("`{}` {}", plan.spec.package, plan.version));
    if (!library) return tl::unexpected<Error>(library.error());
    if (Result<void> copied = copy_contents(*library, staged / "plugin.so"); !copied) return copied;
    for (const char* folder : {"src", ".cargo"}) {
        if (Result<void> made = make_folders(staged / folder); !made) return made;
    }
    for (const char* file : {"Cargo.lock", "src/lib.rs", "src/manifest.json"}) {
        if (Result<void> copied = copy_contents(work_ / file, staged / file); !copied) return copied;
    }
    std::string local;
    if (!plan.local.empty()) {
        if (Result<void> copied = copy_sources(plan.local, staged / "source"); !copied) return copied;
        local = "source";
    }
    for (const char* crate : {"kayton_api", "kayton_bind"}) {
        if (Result<void> copied = copy_sources(sdk_ / crate, staged / "sdk" / crate, true); !copied) return copied;
    }
    if (Result<void> written = write_file(staged / ".cargo" / "config.toml", rebuild_config()); !written)
        return written;
    return write_file(staged / "Cargo.toml", wrapper_toml(plan, "sdk", local));
}

Result<void> Installation::install_generated(WrapperPlan plan) {
    auto started = Clock::now();
    work_ = cache_->work(plan.crate);
    if (Result<void> removed = remove_tree(work_); !removed) return removed;
    if (Result<void> written = write_wrapper(plan, nullptr); !written) return written;
    const BuildPlace place = build_place(work_);
    const Result<Resolution> resolution = resolve(place, plan);
    if (!resolution) return tl::unexpected<Error>(resolution.error());
    const ResolvedPackage& root = resolution->root;
    if (root.macro || root.crate.empty()) {
        return fail(ErrorKind::kInput,
                    fmt::format("`{}` {} {}, so there is nothing to import", root.name, root.version,
                                root.macro ? "offers only procedural macros" : "has no library"),
                    root.macro ? "macros work on Rust programs; what they make is in the crates that use them"
                               : "a program of Rust is run, not imported: cargo install " + root.name);
    }
    plan.crate = root.crate;
    plan.version = root.version;
    plan.serde = resolution->find("serde_core") != nullptr;
    console_.say(
        fmt::format("Resolved {} in {}", counted(resolution->packages.size(), "crate"), duration_text(since(started))));

    const Result<fs::path> staged = registry_.new_staging(root.crate, root.version);
    if (!staged) return tl::unexpected<Error>(staged.error());
    const Result<std::string> lock = read_text_file(work_ / "Cargo.lock");
    if (!lock) return tl::unexpected<Error>(lock.error());
    ContentHash hash;
    hash.add(root.name).add(root.version).add(*lock).add(sdk_key_).add(std::to_string(KAYTON_PLUGIN_ABI_VERSION));
    for (const std::string& feature : root.features) hash.add(feature);
    for (const std::string& feature : plan.spec.features) hash.add("asked " + feature);
    const fs::path kept = cache_->plugin(fmt::format("{}-{}-{}", root.crate, root.version, hash.hexadecimal()));
    std::error_code error;
    if (plan.local.empty() && fs::exists(kept / "plugin.so", error)) {
        if (Result<void> linked = link_tree(kept, *staged); !linked) return linked;
        const Result<Manifest> manifest = read_manifest(*staged / "manifest.json");
        if (!manifest) return tl::unexpected<Error>(manifest.error());
        summary_.manifest = *manifest;
        summary_.from_cache = true;
        console_.say(fmt::format("Found {} {} built before", root.crate, root.version));
        return commit(*staged);
    }

    if (Result<void> written = write_wrapper(plan, nullptr); !written) return written;
    started = Clock::now();
    const Result<size_t> vendored = vendor(place, plan, *staged / "vendor");
    if (!vendored) return tl::unexpected<Error>(vendored.error());
    if (*vendored > 0)
        console_.say(fmt::format("Vendored {} ({}) in {}", counted(*vendored, "crate"),
                                 size_text(tree_size(*staged / "vendor")), duration_text(since(started))));

    started = Clock::now();
    if (Result<void> described = document_crates(place, *cache_, *resolution, work_ / "json"); !described)
        return described;
    console_.detail(fmt::format("Read the API of {} in {}", root.name, duration_text(since(started))));
    Result<bindgen::Bindings> bindings = make_bindings(plan, *resolution);
    if (!bindings) return tl::unexpected<Error>(bindings.error());
    console_.detail(fmt::format("Generated bindings of {} in {}", root.name, duration_text(since(started))));
    if (Result<void> built = build_generated(plan, *bindings, *staged); !built) return built;
    if (Result<void> probed = probe(*staged); !probed) return probed;
    summary_.seconds = since(started);
    const Manifest& manifest = summary_.manifest;
    console_.say(fmt::format("Built {} {} in {}: {} of {} functions importable", root.crate, root.version,
                             duration_text(summary_.seconds), manifest.own_importable, manifest.own_functions));
    if (plan.local.empty()) {
        if (Result<void> done = keep(*staged, kept); !done) return done;
    }
    return commit(*staged);
}

Result<void> Installation::probe(const fs::path& staged) {
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
    summary_.manifest = std::move(*manifest);
    return write_durably(staged / "manifest.json", manifest_to_json(summary_.manifest));
}

Result<void> Installation::keep(const fs::path& staged, const fs::path& kept) const {
    fs::path fresh = kept;
    fresh += ".new";
    if (Result<void> removed = remove_tree(fresh); !removed) return removed;
    if (Result<void> linked = link_tree(staged, fresh); !linked) return linked;
    if (Result<void> removed = remove_tree(kept); !removed) return removed;
    return rename_new(fresh, kept);
}

Result<void> Installation::commit(const fs::path& staged) {
    if (interrupted()) return tl::unexpected<Error>(interruption());
    const Manifest& manifest = summary_.manifest;
    InstalledPlugin plugin;
    plugin.crate = manifest.crate;
    plugin.package = manifest.package;
    plugin.version = manifest.version;
    plugin.target = toolchain_.host;
    plugin.features = manifest.features;
    plugin.abi_version = manifest.abi_version;
    return registry_.install(staged, plugin);
}

Result<InstallSummary> Installation::run() {
    const Result<Lock> lock = lock_environment(place_, request_.command, say());
    if (!lock) return tl::unexpected<Error>(lock.error());
    if (Result<void> prepared = prepare(); !prepared) return tl::unexpected<Error>(prepared.error());
    const Result<Lock> cache_lock = cache_->lock(request_.command, say());
    if (!cache_lock) return tl::unexpected<Error>(cache_lock.error());

    Result<void> done;
    if (request_.local.empty()) {
        WrapperPlan plan;
        plan.spec = request_.spec;
        plan.crate = request_.spec.package;
        for (char& c : plan.crate) c = c == '-' ? '_' : c;
        done = install_generated(std::move(plan));
    } else {
        const Result<LocalCrate> local = inspect_local();
        if (!local) return tl::unexpected<Error>(local.error());
        WrapperPlan plan;
        plan.spec = request_.spec;
        plan.spec.package = local->package;
        plan.crate = local->library;
        plan.local = local->folder;
        done = local->handwritten ? install_handwritten(*local) : install_generated(std::move(plan));
    }
    std::error_code error;
    if (!work_.empty()) fs::remove_all(work_, error);
    if (!done) {
        fs::remove_all(place_.root / "metadata" / "staging", error);
        return tl::unexpected<Error>(done.error());
    }
    return summary_;
}

}  // namespace

Result<InstallSummary> install_crate(const EnvironmentPlace& place, const InstallRequest& request,
                                     const Console& console) {
    Result<InstallSummary> summary = Installation(place, request, console).run();
    if (summary) return summary;
    Error error = summary.error();
    if (error.kind != ErrorKind::kUsage) error.message += "\n  `" + place.name + "` was left unchanged";
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace kayton::kik
