// kik doctor: looks an environment over and says what is wrong with it, and with --fix mends what can be mended.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>

#include "kik/cargo/bridge.h"
#include "kik/cargo/confine.h"
#include "kik/cargo/install.h"
#include "kik/cargo/interrupt.h"
#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/environment/commit_marker.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/environment/whole.h"
#include "kik/jupyter/kernelspec.h"
#include "kik/project/lock_file.h"
#include "shared/kayton_api.h"
#include "shared/seal.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Finding {
    std::string subject, problem, remedy;
    bool fixed = false;
    bool warning = false;  // worth knowing, but nothing is broken
};

class Examination {
  public:
    Examination(Session& session, EnvironmentPlace place, bool fix)
        : session_(session), place_(std::move(place)), registry_(place_.name, place_.root), fix_(fix) {}

    Result<std::vector<Finding>> run();

  private:
    void found(std::string subject, std::string problem, std::string remedy = {}, bool warning = false) {
        findings_.push_back({std::move(subject), std::move(problem), std::move(remedy), false, warning});
    }
    // The finding just told is mended, or why it is not.
    void mended(const Result<void>& done) {
        if (done) {
            findings_.back().fixed = true;
        } else {
            findings_.back().problem += "; mending it failed: " + done.error().message;
        }
    }
    void look_at_home();
    void look_at_record();
    void look_at_marker();
    Result<bool> look_at_registry();
    void look_at_plugins();
    void look_at_orphans();
    void look_at_toolchain();
    void look_at_owners();
    void look_at_kernels();

    Session& session_;
    EnvironmentPlace place_;
    Registry registry_;
    bool fix_;
    std::vector<Finding> findings_;
    std::vector<InstalledPlugin> broken_;
};

void Examination::look_at_home() {
    if (!can_confine_files()) {
        found("sandbox", "this machine's kernel has no Landlock: build scripts of crates can read and write your files",
              "use a kernel from 5.13 on", true);
    }
    std::error_code error;
    const auto newest = fs::last_write_time(place_.root / "metadata" / "registry.json", error);
    if (!error && newest > fs::file_time_type::clock::now() + std::chrono::hours(24)) {
        found("clock", "files of this environment were written in the future: this machine's clock is wrong",
              "set the clock; nothing of the environment depends on it", true);
    }
    if (::access((place_.root / "metadata").c_str(), W_OK) != 0) {
        found("rights", "`" + place_.root.string() + "` cannot be written: crates run, but none can be installed",
              "set KAYTON_HOME to a folder of yours", true);
    }
}

void Examination::look_at_record() {
    const Result<EnvironmentRecord> record = read_record(place_.root);
    if (record && (record->name == place_.name || place_.name == "local")) return;
    if (record) {
        found("env.json", "it calls this environment `" + record->name + "`", "Run: kik doctor --fix");
        if (fix_) mended(write_name(place_.root, place_.name));
        return;
    }
    found("env.json", record.error().message, "Run: kik doctor --fix");
    // A newer Kayton's record is not ours to replace.
    if (!fix_ || record.error().message.find("has format") != std::string::npos) return;
    const fs::path file = place_.root / "metadata" / "env.json";
    std::error_code error;
    fs::rename(file, file.string() + ".broken", error);
    mended(write_record(place_));
}

void Examination::look_at_marker() {
    const fs::path file = place_.root / "metadata" / "installing.json";
    const Result<std::string> text = read_text_file(file);
    std::error_code error;
    if (!text && !fs::exists(place_.root / "metadata" / "staging", error)) return;
    found("unfinished", text ? "a kik was ended in the middle of a change" : "a kik was ended in the middle of a build",
          "Run: kik doctor --fix");
    if (!fix_) return;
    Result<void> repaired = registry_.repair();
    if (!repaired && text && !parse_marker(*text, file)) {
        // What it was about is lost; what is registered is still the truth.
        fs::rename(file, file.string() + ".broken", error);
        repaired = registry_.repair();
    }
    mended(repaired);
}

// Whether there is a registry to go on with.
Result<bool> Examination::look_at_registry() {
    const Result<RegistryState> state = registry_.read();
    if (state) return true;
    // Neither a newer Kayton's registry nor one that cannot be read is ours to replace.
    const bool kept = state.error().message.find("has format") != std::string::npos || state.error().kind == ErrorKind::kSystem;
    found("registry", state.error().message, kept ? state.error().remedy : "Run: kik doctor --fix");
    if (!fix_ || kept) return false;
    const Result<RegistryState> rebuilt = registry_.rebuild();
    mended(rebuilt ? Result<void>() : tl::unexpected<Error>(rebuilt.error()));
    if (rebuilt) {
        findings_.back().problem += fmt::format("; {} found in libs/, the old file is registry.json.broken",
                                                counted(rebuilt->plugins.size(), "crate"));
    }
    return rebuilt.has_value();
}

void Examination::look_at_plugins() {
    const Result<RegistryState> state = registry_.read();
    if (!state) return;
    for (const InstalledPlugin& plugin : state->plugins) {
        const std::string subject = plugin.crate + " " + plugin.version;
        std::error_code error;
        std::string problem;
        if (!fs::exists(plugin.library(), error)) {
            problem = "its plugin is missing: " + plugin.library().string();
        } else if (plugin.abi_version != KAYTON_PLUGIN_ABI_VERSION) {
            problem = fmt::format("it was built for plugin ABI {}, this Kayton has {}", plugin.abi_version,
                                  KAYTON_PLUGIN_ABI_VERSION);
        } else if (const Result<SealReport> seal = check_seal(plugin.folder); !seal) {
            problem = seal.error().kind == ErrorKind::kNotFound ? "" : seal.error().message;
            if (seal.error().kind == ErrorKind::kNotFound && !plugin.contents.empty()) problem = "its checksums are missing";
        } else if (!seal->whole()) {
            for (const std::string& file : seal->changed) problem += (problem.empty() ? "" : ", ") + file + " was changed on disk";
            for (const std::string& file : seal->missing) problem += (problem.empty() ? "" : ", ") + file + " is missing";
        }
        if (problem.empty()) continue;
        found(subject, problem, "Run: kik doctor --fix");
        broken_.push_back(plugin);
    }
    if (!fix_ || broken_.empty()) return;
    Installer installer(place_, session_.command, session_.console);
    Result<void> prepared = installer.prepare();
    std::vector<InstalledPlugin> fresh;
    for (const InstalledPlugin& plugin : broken_) {
        if (!prepared) break;
        InstallRequest request;
        request.spec = spec_of(plugin);
        // The same packages as before, where the lock file is still as it was.
        if (const Result<std::string> lock = read_text_file(plugin.folder / "Cargo.lock"); lock && check_sealed(plugin.folder, "Cargo.lock")) {
            request.cargo_lock = cargo_lock_text(packages_of(*lock));
        } else if (request.spec.folder().empty()) {
            request.spec.version = "=" + plugin.version;
        }
        Result<StagedCrate> staged = installer.stage(request);
        if (!staged) {
            prepared = tl::unexpected<Error>(staged.error());
            break;
        }
        staged->plugin.requirement = plugin.requirement;
        fresh.push_back(std::move(staged->plugin));
    }
    if (prepared) prepared = installer.registry().install(std::move(fresh), session_.command);
    if (!prepared) installer.clean();
    for (Finding& finding : findings_) {
        for (const InstalledPlugin& plugin : broken_) {
            if (finding.subject != plugin.crate + " " + plugin.version) continue;
            finding.fixed = prepared.has_value();
            if (!prepared) finding.problem += "; installing it again failed: " + prepared.error().message;
        }
    }
}

void Examination::look_at_orphans() {
    const Result<RegistryState> state = registry_.read();
    if (!state) return;
    std::set<fs::path> known;
    for (const InstalledPlugin& plugin : state->plugins) known.insert(plugin.folder);
    std::vector<fs::path> orphans;
    std::error_code error;
    for (fs::recursive_directory_iterator at(place_.root / "libs", error), end; !error && at != end; at.increment(error)) {
        if (at.depth() != 2) continue;
        at.disable_recursion_pending();
        if (!known.contains(at->path())) orphans.push_back(at->path());
    }
    for (const fs::path& orphan : orphans) {
        found("libs", orphan.lexically_relative(place_.root).string() + " is in no registry", "Run: kik doctor --fix");
        if (fix_) mended(remove_tree(orphan));
    }
}

void Examination::look_at_toolchain() {
    const Result<Toolchain> toolchain = fix_ ? environment_toolchain(place_.root) : read_pin(place_.root);
    const Result<RegistryState> state = registry_.read();
    const bool needed = state && !state->plugins.empty();
    if (!toolchain) {
        if (toolchain.error().kind != ErrorKind::kNotFound || needed || fix_)
            found("toolchain", toolchain.error().message, toolchain.error().remedy, !needed);
        return;
    }
    if (const Result<Toolchain> here = find_pinned_toolchain(*toolchain); !here) {
        found("toolchain", here.error().message, here.error().remedy, true);
        return;
    }
    std::error_code error;
    if (!needed || fs::exists(place_.root / "toolchain" / "lib" / "libkayton_bridge.so", error)) return;
    found("bridge", "toolchain/lib/libkayton_bridge.so is missing: no crate can be imported", "Run: kik doctor --fix");
    if (fix_) mended(provide_bridge(place_.root, *toolchain, session_.command, session_.console));
}

void Examination::look_at_owners() {
    const uid_t me = ::geteuid();
    std::vector<std::pair<fs::path, fs::path>> looked{{place_.root / "metadata", place_.root}, {place_.root / "libs", place_.root}};
    if (const Result<fs::path> home = kayton_home(); home) {
        for (const char* part : {"cache", "locks", "trash"}) looked.emplace_back(*home / part, *home);
    }
    fs::path told;
    for (const auto& [folder, whole] : looked) {
        if (whole == told) continue;
        std::error_code error;
        for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
             !error && at != end; at.increment(error)) {
            if (at->path().filename() == "vendor" || at->path().filename() == "target") at.disable_recursion_pending();
            struct stat status{};
            if (::lstat(at->path().c_str(), &status) != 0 || status.st_uid == me) continue;
            found("owner", "`" + at->path().string() + "` belongs to another user, perhaps left by a `sudo kik`",
                  fmt::format("Run: sudo chown -R {} '{}'", me, whole.string()));
            told = whole;
            break;
        }
    }
}

void Examination::look_at_kernels() {
    for (const Kernelspec& spec : find_kernelspecs()) {
        if (spec.environment.empty() || is_environment(spec.environment)) continue;
        found("kernel", "the kernel `" + spec.name + "` belongs to an environment that is gone",
              "Run: kik kernel uninstall " + spec.name, true);
    }
}

Result<std::vector<Finding>> Examination::run() {
    look_at_home();
    look_at_record();
    look_at_marker();
    const Result<bool> readable = look_at_registry();
    if (!readable) return tl::unexpected<Error>(readable.error());
    look_at_toolchain();
    if (*readable) {
        look_at_plugins();
        look_at_orphans();
    }
    look_at_owners();
    look_at_kernels();
    if (fix_) {
        if (Result<void> refreshed = refresh_shims(place_.root); !refreshed)
            found("bin", refreshed.error().message, refreshed.error().remedy);
    }
    return std::move(findings_);
}

// An environment whose env.json is gone is one all the same, if its registry or crates are there.
bool looks_like_environment(const fs::path& root) {
    std::error_code error;
    return is_environment(root) || (fs::exists(root / "metadata", error) && fs::exists(root / "libs", error));
}

Result<void> doctor(Session& session, bool fix) {
    const char* active = std::getenv("KAYTON_ACTIVE_ENV");
    const Result<EnvironmentPlace> place = find_environment(active != nullptr && *active != '\0' ? active : "base");
    if (!place) return tl::unexpected<Error>(place.error());
    if (!looks_like_environment(place->root)) {
        if (place->name == "base") {
            session.console.say("`base` has not been made yet: nothing to look at");
            if (session.options.json) session.console.data("{\n  \"environment\": \"base\",\n  \"findings\": []\n}\n");
            return {};
        }
        return fail(ErrorKind::kNotFound, "the environment `" + place->name + "` does not exist",
                    "Run: kik create " + place->name);
    }
    // A change under way looks like damage. Where no lock can be had (a home that cannot be written) nobody changes it.
    std::optional<Lock> held;
    Result<Lock> lock = lock_environment(*place, session.command, session.say());
    if (lock) {
        held.emplace(std::move(*lock));
    } else if ((fix && !session.options.dry_run) || interrupted()) {
        return tl::unexpected<Error>(lock.error());
    }
    const Result<std::vector<Finding>> findings =
        Examination(session, *place, fix && !session.options.dry_run).run();
    if (!findings) return tl::unexpected<Error>(findings.error());
    size_t left = 0, mended = 0;
    Json json{{"environment", place->name}, {"path", place->root.string()}, {"findings", Json::array()}};
    std::string text;
    for (const Finding& finding : *findings) {
        const char* state = finding.fixed ? "fixed" : finding.warning ? "note" : "wrong";
        mended += finding.fixed ? 1 : 0;
        left += !finding.fixed && !finding.warning ? 1 : 0;
        json["findings"].push_back({{"subject", finding.subject},
                                    {"state", state},
                                    {"problem", finding.problem},
                                    {"remedy", finding.fixed ? "" : finding.remedy}});
        text += fmt::format("{:<6} {}: {}\n", state, finding.subject, finding.problem);
        if (!finding.fixed && !finding.remedy.empty() && finding.remedy != "Run: kik doctor --fix") {
            text += "       " + (finding.remedy.rfind("Run: ", 0) == 0 ? "run `" + finding.remedy.substr(5) + "`" : finding.remedy) + "\n";
        }
    }
    session.console.data(session.options.json ? json.dump(2) + "\n" : text);
    session.exit_status = left > 0 ? 1 : 0;
    if (session.options.json) return {};
    if (left == 0) {
        session.console.say(fmt::format("`{}` is well{}", place->name,
                                        mended > 0 ? fmt::format(": {} mended", counted(mended, "fault")) : ""));
    } else {
        session.console.say(fmt::format("`{}` has {}", place->name, counted(left, "fault")));
        if (!fix) session.console.hint("run `kik doctor --fix`");
    }
    return {};
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("doctor", "Look the active environment over, and mend it");
    auto fix = std::make_shared<bool>(false);
    command->add_flag("--fix", *fix, "Mend what is found");
    examples(command, {{"kik doctor", "compares checksums, looks for what was left unfinished; exit 1 if anything is wrong"},
                       {"kik doctor --fix", "finishes or undoes changes, installs damaged crates again"}});
    command->callback([&session, fix] { session.action = [&session, fix] { return doctor(session, *fix); }; });
    CLI::App* repair = app.add_subcommand("repair", "The same as `kik doctor --fix`");
    examples(repair, {{"kik repair", "mends the active environment"}});
    repair->callback([&session] { session.action = [&session] { return doctor(session, true); }; });
}

}  // namespace kayton::kik
