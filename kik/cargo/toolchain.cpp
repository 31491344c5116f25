#include "kik/cargo/toolchain.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <system_error>

#include "kik/environment/durable_file.h"
#include "shared/environment.h"
#include "shared/manifest.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
}

std::string field(const std::string& text, const std::string& name) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(name + ": ", 0) == 0) return line.substr(name.size() + 2);
    }
    return {};
}

fs::path on_path(const char* program) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        const fs::path file = fs::path(folder) / program;
        if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
    }
    return {};
}

// rustup's proxies are links to, or copies of, one program.
bool is_rustup_proxy(const fs::path& program) {
    std::error_code error;
    return fs::canonical(program, error).filename() == "rustup";
}

Result<std::string> output_of(std::vector<std::string> argv) {
    Command command;
    command.argv = std::move(argv);
    Result<CommandResult> result = run(command);
    if (!result) return tl::unexpected<Error>(result.error());
    if (!result->ok()) {
        return fail(ErrorKind::kSystem, fmt::format("`{}` failed: {}", command.argv[0], trimmed(result->err)));
    }
    return trimmed(result->out);
}

fs::path rustup_program() {
    if (fs::path rustup = on_path("rustup"); !rustup.empty()) return rustup;
    const char* home = std::getenv("HOME");
    const char* cargo_home = std::getenv("CARGO_HOME");
    const fs::path usual = cargo_home != nullptr && *cargo_home != '\0' ? fs::path(cargo_home) / "bin" / "rustup"
                           : home != nullptr                            ? fs::path(home) / ".cargo" / "bin" / "rustup"
                                                                        : fs::path();
    return ::access(usual.c_str(), X_OK) == 0 ? usual : fs::path();
}

// The first rustc on PATH that is not a proxy, e.g. Debian's.
fs::path plain_rustc() {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        const fs::path file = fs::path(folder) / "rustc";
        if (!folder.empty() && ::access(file.c_str(), X_OK) == 0 && !is_rustup_proxy(file)) return file;
    }
    return {};
}

// Asking a toolchain takes three processes, and rustup a fourth: what they said is kept as long as the files they are
// made of stay the same. kayton_home()/cache/answers/<hash>; losing it costs nothing but time.
class KeptAnswer {
  public:
    explicit KeptAnswer(const std::string& question) : question_(question) {
        if (const Result<fs::path> home = kayton_home(); home) {
            file_ = *home / "cache" / "answers" / fmt::format("{:016x}", signature_id(question));
        }
    }
    [[nodiscard]] std::optional<nlohmann::json> get() const {
        const Result<std::string> text = file_.empty() ? fail(ErrorKind::kNotFound, "") : read_text_file(file_);
        if (!text) return std::nullopt;
        nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
        if (!json.is_object() || json.value("question", "") != question_) return std::nullopt;
        return json;
    }
    void keep(nlohmann::json json) const {
        json["question"] = question_;
        std::error_code error;
        if (file_.empty()) return;
        fs::create_directories(file_.parent_path(), error);
        const fs::path fresh = file_.string() + "." + std::to_string(::getpid());
        if (std::ofstream(fresh) << json.dump() << "\n") fs::rename(fresh, file_, error);
    }

  private:
    std::string question_;
    fs::path file_;
};

// A file's name, size and time of change; empty for one that is not there.
std::string identity(const fs::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) return {};
    return fmt::format("{} {} {}.{} {}", file.string(), status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                       status.st_ino);
}

std::string variable_text(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

tl::unexpected<Error> no_toolchain() {
    return fail(ErrorKind::kNotFound, "no Rust toolchain was found: neither rustup nor a rustc and cargo on PATH",
                "install one with rustup (https://rustup.rs), or Debian's: apt install rustc-web cargo-web");
}

}  // namespace

Result<Toolchain> inspect_toolchain(const fs::path& bin) {
    Toolchain toolchain;
    toolchain.bin = bin;
    for (const fs::path& program : {toolchain.rustc(), toolchain.cargo(), toolchain.rustdoc()}) {
        if (::access(program.c_str(), X_OK) != 0) {
            return fail(ErrorKind::kNotFound,
                        "the Rust toolchain in `" + bin.string() + "` has no `" + program.filename().string() + "`",
                        "install the missing component (with Debian's toolchain: apt install rustc-web cargo-web)");
        }
    }
    std::error_code error;
    const KeptAnswer known("toolchain " + identity(fs::canonical(toolchain.rustc(), error)) + " in " + bin.string());
    if (const auto json = known.get(); json) {
        toolchain.release = json->value("release", "");
        toolchain.host = json->value("host", "");
        toolchain.commit = json->value("commit", "");
        toolchain.channel = json->value("channel", "");
        toolchain.libdir = json->value("libdir", "");
        if (!toolchain.commit.empty() && fs::exists(toolchain.libdir, error)) return toolchain;
    }
    const Result<std::string> version = output_of({toolchain.rustc().string(), "-vV"});
    if (!version) return tl::unexpected<Error>(version.error());
    toolchain.release = field(*version, "release");
    toolchain.host = field(*version, "host");
    toolchain.commit = field(*version, "commit-hash");
    const auto hexadecimal = [](unsigned char c) { return std::isxdigit(c) != 0; };
    if (toolchain.commit.empty() || !std::all_of(toolchain.commit.begin(), toolchain.commit.end(), hexadecimal)) {
        // The same stand-in as kayton_api's build script computes.
        toolchain.commit = fmt::format("{:016x}", signature_id(*version + "\n"));
    }
    const std::string date = field(*version, "commit-date");
    const bool nightly = toolchain.release.find("nightly") != std::string::npos;
    toolchain.channel = nightly && !date.empty() ? "nightly" : toolchain.release;
    const Result<std::string> libdir =
        output_of({toolchain.rustc().string(), "--print", "target-libdir", "--target", toolchain.host});
    if (!libdir) return tl::unexpected<Error>(libdir.error());
    toolchain.libdir = *libdir;
    known.keep({{"release", toolchain.release},
                {"host", toolchain.host},
                {"commit", toolchain.commit},
                {"channel", toolchain.channel},
                {"libdir", toolchain.libdir.string()}});
    return toolchain;
}

Result<Toolchain> find_toolchain() {
    const fs::path rustc = on_path("rustc");
    const fs::path rustup = rustup_program();
    if (!rustc.empty() && !is_rustup_proxy(rustc)) return inspect_toolchain(rustc.parent_path());
    if (!rustup.empty()) {
        const std::string home = variable_text("RUSTUP_HOME");
        const fs::path settings =
            (home.empty() ? fs::path(variable_text("HOME")) / ".rustup" : fs::path(home)) / "settings.toml";
        const KeptAnswer known("rustup " + identity(rustup) + " " + identity(settings) + " " +
                               variable_text("RUSTUP_TOOLCHAIN"));
        if (const auto json = known.get(); json) {
            if (const fs::path bin = json->value("bin", ""); ::access((bin / "rustc").c_str(), X_OK) == 0)
                return inspect_toolchain(bin);
        }
        Command command;
        command.argv = {rustup.string(), "which", "rustc"};
        // A rust-toolchain.toml where the person happens to stand is about another project.
        command.folder = "/";
        command.variables = {{"RUSTUP_AUTO_INSTALL", "0"}};
        const Result<CommandResult> found = run(command);
        if (found && found->ok()) {
            const fs::path bin = fs::path(trimmed(found->out)).parent_path();
            known.keep({{"bin", bin.string()}});
            return inspect_toolchain(bin);
        }
        if (!found) return tl::unexpected<Error>(found.error());
    }
    if (const fs::path plain = plain_rustc(); !plain.empty()) return inspect_toolchain(plain.parent_path());
    return no_toolchain();
}

Result<Toolchain> find_pinned_toolchain(const Toolchain& pin) {
    const auto same = [&](const Result<Toolchain>& found) { return found && found->commit == pin.commit; };
    if (Result<Toolchain> recorded = inspect_toolchain(pin.bin); same(recorded)) return recorded;
    if (Result<Toolchain> active = find_toolchain(); same(active)) return active;
    const char* home = std::getenv("HOME");
    const char* rustup_home = std::getenv("RUSTUP_HOME");
    const fs::path toolchains =
        (rustup_home != nullptr && *rustup_home != '\0' ? fs::path(rustup_home)
                                                        : fs::path(home ? home : "/") / ".rustup") /
        "toolchains";
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(toolchains, error)) {
        if (Result<Toolchain> other = inspect_toolchain(entry.path() / "bin"); same(other)) return other;
    }
    return fail(ErrorKind::kNotFound,
                fmt::format("this environment is pinned to rustc {} ({}), which is not on this machine", pin.release,
                            pin.commit.substr(0, 9)),
                "install it (rustup toolchain install " + pin.channel + "), or make a new environment with kik create");
}

Result<Toolchain> read_pin(const fs::path& environment) {
    const fs::path file = environment / "toolchain" / "toolchain.json";
    const Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    try {
        const nlohmann::json json = nlohmann::json::parse(*text);
        Toolchain pin;
        pin.release = json.at("rustc").get<std::string>();
        pin.commit = json.at("commit").get<std::string>();
        pin.host = json.at("host").get<std::string>();
        pin.channel = json.at("channel").get<std::string>();
        pin.bin = json.at("bin").get<std::string>();
        return pin;
    } catch (const nlohmann::json::exception& error) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt: " + json_problem(*text, error),
                    "Make a new environment with kik create, and install its crates again");
    }
}

Result<void> write_pin(const fs::path& environment, const Toolchain& toolchain) {
    const fs::path folder = environment / "toolchain";
    if (Result<void> made = make_folders(folder / "lib"); !made) return made;
    const std::string toml = "[toolchain]\nchannel = \"" + toolchain.channel + "\"\nprofile = \"minimal\"\n";
    if (Result<void> written = write_durably(folder / "rust-toolchain.toml", toml); !written) return written;
    nlohmann::ordered_json json;
    json["format"] = 1;
    json["rustc"] = toolchain.release;
    json["commit"] = toolchain.commit;
    json["host"] = toolchain.host;
    json["channel"] = toolchain.channel;
    json["bin"] = toolchain.bin.string();
    return write_durably(folder / "toolchain.json", json.dump(2) + "\n");
}

Command cargo_command(const Toolchain& toolchain, std::vector<std::string> arguments) {
    Command command;
    command.argv = std::move(arguments);
    command.argv.insert(command.argv.begin(), toolchain.cargo().string());
    const char* path = std::getenv("PATH");
    command.variables = {{"RUSTC", toolchain.rustc().string()},
                         {"RUSTDOC", toolchain.rustdoc().string()},
                         {"CARGO", toolchain.cargo().string()},
                         {"RUSTC_WRAPPER", ""},
                         {"RUSTC_WORKSPACE_WRAPPER", ""},
                         {"CARGO_INCREMENTAL", "0"},
                         {"CARGO_TERM_COLOR", "never"},
                         {"CARGO_TERM_QUIET", "false"},
                         {"CARGO_TERM_VERBOSE", "false"},
                         {"CARGO_TERM_PROGRESS_WHEN", "always"},
                         {"CARGO_TERM_PROGRESS_WIDTH", "200"},
                         {"PATH", toolchain.bin.string() + ":" + (path == nullptr ? "/usr/bin:/bin" : path)}};
    command.without = {"RUSTFLAGS",
                       "CARGO_ENCODED_RUSTFLAGS",
                       "RUSTDOCFLAGS",
                       "CARGO_ENCODED_RUSTDOCFLAGS",
                       "CARGO_BUILD_RUSTFLAGS",
                       "CARGO_BUILD_RUSTDOCFLAGS",
                       "CARGO_TARGET_DIR",
                       "CARGO_BUILD_TARGET_DIR",
                       "CARGO_BUILD_TARGET",
                       "CARGO_BUILD_RUSTC",
                       "RUSTC_BOOTSTRAP",
                       "RUSTUP_TOOLCHAIN",
                       "RUSTUP_AUTO_INSTALL",
                       "CARGO_PROFILE_RELEASE_LTO",
                       "CARGO_PROFILE_RELEASE_PANIC",
                       "CARGO_MAKEFLAGS",
                       "MAKEFLAGS"};
    return command;
}

Result<std::vector<fs::path>> shared_std(const Toolchain& toolchain) {
    std::vector<fs::path> files;
    bool has_static = false;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(toolchain.libdir, error)) {
        const std::string name = entry.path().filename().string();
        if (name.rfind("libstd-", 0) != 0) continue;
        if (entry.path().extension() == ".so") files.push_back(entry.path());
        has_static = has_static || entry.path().extension() == ".rlib";
    }
    if (files.empty() && !has_static) {
        return fail(ErrorKind::kNotFound,
                    "the Rust toolchain has no standard library in `" + toolchain.libdir.string() + "`",
                    "install it (rustup target add " + toolchain.host + ", or apt install libstd-rust-web-dev)");
    }
    return files;
}

}  // namespace kayton::kik
