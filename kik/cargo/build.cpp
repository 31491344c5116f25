#include "kik/cargo/build.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <system_error>

#include "kik/report/progress.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNetworkRemedy =
    "its build script wants the network, which builds do not have; if you trust it: kik allow build net";

struct KnownCause {
    const char* sign;  // found in cargo's output, in lower case
    const char* remedy;
};

constexpr std::array<KnownCause, 14> kKnownCauses{{
    {"could not resolve host", kNetworkRemedy},
    {"temporary failure in name resolution", kNetworkRemedy},
    {"failed to lookup address information", kNetworkRemedy},
    {"linker `cc` not found", "install a C compiler (apt install gcc), then run the same command again"},
    {"is `cmake` not installed", "install `cmake`, then run the same command again"},
    {"could not find openssl", "install `libssl-dev` and `pkg-config`, then run the same command again"},
    {"could not find directory of openssl installation",
     "install `libssl-dev` and `pkg-config`, then run the same command again"},
    {"pkg-config command could not be found", "install `pkg-config`, then run the same command again"},
    {"the pkg-config command could not be run", "install `pkg-config`, then run the same command again"},
    {"unable to find libclang", "install `libclang-dev`, then run the same command again"},
    {"requires rustc", "make an environment with a newer Rust toolchain, or ask for an older version of the crate"},
    {"may not be used on the stable release channel",
     "the crate needs a nightly Rust, which environments do not use: ask for another version or feature set of it"},
    {"can't find crate for `std`", "the crate is made for another kind of machine: it has no use here"},
    {"failed to find tool",
     "install the tool it names (usually apt install build-essential), then run the same command again"},
}};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

// The line of cargo's output that tells most: a build script's own words, else the first error.
std::string cause_of(const std::string& output) {
    std::istringstream lines(output);
    std::string first_error, panic;
    bool after_panic = false, after_stderr = false;
    for (std::string line; std::getline(lines, line);) {
        const size_t start = line.find_first_not_of(' ');
        if (start == std::string::npos) continue;
        const std::string text = line.substr(start);
        if (after_panic && panic.empty()) panic = text;
        after_panic = text.find(" panicked at ") != std::string::npos;
        if (after_stderr && panic.empty() && text.rfind("error", 0) == 0) panic = text;
        if (text == "--- stderr") after_stderr = true;
        if (first_error.empty() && text.rfind("error", 0) == 0) {
            const size_t colon = text.find(": ");
            first_error = colon == std::string::npos ? text : text.substr(colon + 2);
        }
    }
    return panic.empty() ? first_error : panic;
}

// The package cargo failed in: ("openssl-sys", "0.9.80").
std::pair<std::string, std::string> failed_package(const std::string& output) {
    static const std::regex script("failed to run custom build command for `([^ `]+) v([^ `]+)");
    static const std::regex compile("could not compile `([^ `]+)`");
    std::smatch found;
    if (std::regex_search(output, found, script)) return {found[1], found[2]};
    if (std::regex_search(output, found, compile)) return {found[1], ""};
    return {};
}

// What rustc would have printed, out of cargo's JSON messages.
std::string rendered_errors(const std::string& messages) {
    std::istringstream lines(messages);
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        const nlohmann::json message = nlohmann::json::parse(line, nullptr, false);
        if (!message.is_object() || message.value("reason", "") != "compiler-message") continue;
        const nlohmann::json& told = message["message"];
        if (told.value("level", "") == "error") text += told.value("rendered", "");
    }
    return text;
}

bool is_full_disk(const std::string& output) {
    return output.find("No space left on device") != std::string::npos ||
           output.find("os error 28)") != std::string::npos || output.find("Disk quota exceeded") != std::string::npos;
}

// A linker that writes through a mapping dies of SIGBUS on a full disk and cannot say why.
bool no_space_left(const fs::path& folder) {
    constexpr uint64_t kTooLittle = 1 << 20;
    struct statvfs status{};
    return !folder.empty() && ::statvfs(folder.c_str(), &status) == 0 &&
           static_cast<uint64_t>(status.f_bavail) * status.f_frsize < kTooLittle;
}

}  // namespace

fs::path cargo_home() {
    const char* given = std::getenv("CARGO_HOME");
    if (given != nullptr && *given != '\0') return given;
    const char* home = std::getenv("HOME");
    return fs::path(home == nullptr ? "/" : home) / ".cargo";
}

std::string plugin_rustflags(const BuildPlace& place) {
    std::string flags =
        "-Cprefer-dynamic\x1f-Clink-arg=-Wl,-rpath,$ORIGIN/../../../../toolchain/lib\x1f-Clink-arg=-Wl,-z,relro";
    const auto hide = [&](const fs::path& folder, const char* name) {
        flags += "\x1f--remap-path-prefix=" + folder.string() + "=" + name;
    };
    std::error_code error;
    for (const fs::directory_entry& index : fs::directory_iterator(cargo_home() / "registry" / "src", error)) {
        hide(index.path(), "/crates");
    }
    if (!place.vendor.empty()) hide(place.vendor, "/crates");
    hide(cargo_home() / "git" / "checkouts", "/git");
    hide(place.target, "/target");
    // The folders of all crates in the making lie beside one another.
    hide(place.folder.parent_path(), "/kayton");
    if (!place.sources.empty()) hide(place.sources.front(), "/source");
    return flags;
}

Command confined(const BuildPlace& place, Command command) {
    Confinement confinement;
    confinement.read = {place.toolchain.bin.parent_path(), place.folder, place.vendor, place.toolchain.libdir};
    // Not all of cargo's home: what its owner shows to registries is there, and here crates' own programs run.
    for (const char* part : {"bin", "config", "config.toml", "env", "git", "registry", ".package-cache", ".global-cache",
                             ".package-cache-mutate"}) {
        confinement.read.push_back(cargo_home() / part);
    }
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view name = std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
        if (name.rfind("CARGO_REGISTR", 0) == 0 && name.ends_with("_TOKEN")) command.without.emplace_back(name);
    }
    confinement.read.insert(confinement.read.end(), place.sources.begin(), place.sources.end());
    // cargo looks for its configuration from there upwards.
    for (fs::path above = place.folder; above.has_relative_path(); above = above.parent_path()) {
        confinement.read.push_back(above / ".cargo");
    }
    const fs::path scratch = place.target / "scratch";
    std::error_code error;
    fs::create_directories(scratch, error);
    confinement.write = {place.target, place.folder / "target", place.target.parent_path() / "doc"};
    command.variables.emplace_back("TMPDIR", scratch.string());
    for (const std::string& permission : place.permissions) {
        if (permission == "net" || permission == "all") confinement.network = true;
        if (permission == "all") confinement.files = false;
        if (permission.rfind("read=", 0) == 0) confinement.read.emplace_back(permission.substr(5));
        if (permission.rfind("write=", 0) == 0) confinement.write.emplace_back(permission.substr(6));
    }
    command.confinement = std::move(confinement);
    return command;
}

Command cargo_in(const BuildPlace& place, std::vector<std::string> arguments) {
    if (!place.vendor.empty()) {
        for (const char* words : {"source.crates-io.replace-with=\"vendored-sources\"", "source.vendored-sources.directory="}) {
            arguments.emplace_back("--config");
            arguments.emplace_back(words);
        }
        arguments.back() += nlohmann::json(place.vendor.string()).dump();
    }
    Command command = cargo_command(place.toolchain, std::move(arguments));
    command.folder = place.folder;
    command.log = place.log;
    command.variables.emplace_back("CARGO_TARGET_DIR", place.target.string());
    command.variables.emplace_back("CARGO_ENCODED_RUSTFLAGS", plugin_rustflags(place));
    if (place.console.options().jobs > 0) {
        command.variables.emplace_back("CARGO_BUILD_JOBS", std::to_string(place.console.options().jobs));
    }
    return command;
}

Result<CommandResult> run_shown(const BuildPlace& place, Command command, const std::string& title) {
    Progress progress(place.console, title);
    command.on_stderr = [&](std::string_view line, bool) { progress.cargo_line(line); };
    return run(command);
}

Result<std::string> check_messages(const BuildPlace& place, const std::string& subject) {
    Result<CommandResult> result =
        run_shown(place,
                  confined(place, cargo_in(place, {"check", "--release", "--lib", "--offline", "--target",
                                                   place.toolchain.host, "--message-format=json"})),
                  "Checking");
    if (!result) return tl::unexpected<Error>(result.error());
    if (result->ok()) return std::move(result->out);
    // With rejected bindings cargo ends with 101 and has said why in its messages: that is the generator's to mend.
    // Anything else that does not compile is the crate's own fault, or its surroundings'.
    const bool told = result->out.find("\"level\":\"error\"") != std::string::npos;
    const std::string failed = failed_package(result->err).first;
    if (told && (failed.empty() || failed.rfind("kayton_plugin_", 0) == 0) && !is_full_disk(result->err)) {
        return std::move(result->out);
    }
    const std::string rendered = rendered_errors(result->out);
    if (std::ofstream log(place.log, std::ios::app); log) log << rendered;
    result->err = rendered + result->err;
    return tl::unexpected<Error>(build_error(*result, subject, place.log, place.target));
}

Result<fs::path> build_library(const BuildPlace& place, const std::string& library, const std::string& subject) {
    const Result<CommandResult> result = run_shown(
        place,
        confined(place, cargo_in(place, {"build", "--release", "--lib", "--offline", "--target", place.toolchain.host,
                                         "--config", "profile.release.strip=\"debuginfo\"", "--config",
                                         "profile.release.lto=\"off\""})),
        "Building");
    if (!result) return tl::unexpected<Error>(result.error());
    if (!result->ok()) return tl::unexpected<Error>(build_error(*result, subject, place.log, place.target));
    const fs::path file = place.target / place.toolchain.host / "release" / ("lib" + library + ".so");
    std::error_code error;
    if (!fs::exists(file, error)) {
        return fail(ErrorKind::kInput, "building " + subject + " made no `" + file.filename().string() + "`",
                    "Write crate-type = [\"dylib\"] under [lib] in the plugin's Cargo.toml");
    }
    return file;
}

Error build_error(const CommandResult& result, const std::string& subject, const fs::path& log,
                  const fs::path& target) {
    Error error;
    error.kind = ErrorKind::kInput;
    if (is_full_disk(result.err) || is_full_disk(result.out) || no_space_left(target)) {
        error.kind = ErrorKind::kSystem;
        error.message = "the disk is full: no space is left to build " + subject;
        error.remedy =
            "Make room on that disk, or set KAYTON_HOME to a folder on another one; then run the command again";
        return error;
    }
    const auto [package, version] = failed_package(result.err);
    const std::string name = package.empty() ? subject : "`" + package + "`" + (version.empty() ? "" : " " + version);
    error.message = fmt::format("could not build {} (exit status {})", name, result.exit_status);
    if (const std::string cause = cause_of(result.err); !cause.empty()) error.message += "\n  Caused by: " + cause;
    if (!log.empty()) error.message += "\n  log: " + short_path(log.string());
    const std::string output = lower(result.err);
    for (const KnownCause& known : kKnownCauses) {
        if (output.find(known.sign) != std::string::npos) {
            error.remedy = known.remedy;
            break;
        }
    }
    // What pkg-config and the linker say of a C library that is not there, whichever it is.
    static const std::regex library("the system library `([^`]+)` required by crate|unable to find library -l([a-z0-9_+-]+)|"
                                    "cannot find -l([a-z0-9_+-]+)|could not find system library '([^']+)'");
    if (std::smatch found; error.remedy.empty() && std::regex_search(output, found, library)) {
        for (size_t i = 1; i < found.size(); ++i)
            if (found[i].matched)
                error.remedy = fmt::format("install the C library `{}` with its headers (on Debian the package that ends in "
                                           "-dev), then run the same command again",
                                           found[i].str());
    }
    return error;
}

}  // namespace kayton::kik
