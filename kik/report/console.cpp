#include "kik/report/console.h"

#include <unistd.h>

#include <fmt/format.h>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "kik/cargo/interrupt.h"

namespace kayton::kik {
namespace {

constexpr const char* kRed = "\x1b[1;31m";
constexpr const char* kYellow = "\x1b[1;33m";
constexpr const char* kCyan = "\x1b[1;36m";

void write(std::FILE* stream, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream);
}

const char* kind_name(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::kInput: return "input";
        case ErrorKind::kUsage: return "usage";
        case ErrorKind::kNotFound: return "not found";
        case ErrorKind::kSystem: return "system";
        case ErrorKind::kImport: return "import";
        case ErrorKind::kPluginAbi: return "plugin abi";
        case ErrorKind::kProtocol: return "protocol";
        case ErrorKind::kInternal: return "internal";
    }
    return "internal";
}

}  // namespace

void Console::data(std::string_view text) const {
    write(stdout, text);
}

void Console::say(std::string_view line) const {
    if (!options_.quiet) write(stderr, fmt::format("{}\n", line));
}

void Console::detail(std::string_view line) const {
    if (options_.verbose) write(stderr, fmt::format("{}\n", line));
}

void Console::warn(std::string_view line) const {
    label("warning", kYellow, line);
}

void Console::hint(std::string_view line) const {
    if (!options_.quiet) label("hint", kCyan, line);
}

void Console::error(const Error& error) const {
    if (options_.json) {
        nlohmann::ordered_json json;
        json["error"]["kind"] = kind_name(error.kind);
        json["error"]["message"] = error.message;
        if (!error.remedy.empty()) json["error"]["remedy"] = error.remedy;
        data(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
        return;
    }
    label("error", kRed, error.message);
    if (error.remedy.rfind("Run: ", 0) == 0) {
        label("hint", kCyan, "run `" + error.remedy.substr(5) + "`");
    } else if (!error.remedy.empty()) {
        label("hint", kCyan, error.remedy);
    }
}

bool Console::terminal() const {
    return ::isatty(STDERR_FILENO) == 1;
}

bool Console::color() const {
    if (options_.color != "auto") return options_.color == "always";
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    return terminal() && (no_color == nullptr || *no_color == '\0') &&
           (term == nullptr || std::string_view(term) != "dumb");
}

std::string Console::bold(std::string_view text) const {
    return color() ? fmt::format("\x1b[1m{}\x1b[0m", text) : std::string(text);
}

std::string Console::green(std::string_view text) const {
    return color() ? fmt::format("\x1b[1;32m{}\x1b[0m", text) : std::string(text);
}

void Console::label(std::string_view word, const char* style, std::string_view line) const {
    if (color()) {
        write(stderr, fmt::format("{}{}:\x1b[0m {}\n", style, word, line));
    } else {
        write(stderr, fmt::format("{}: {}\n", word, line));
    }
}

int exit_code(const Error& error) {
    if (interrupted()) return 128 + interrupting_signal();
    return error.kind == ErrorKind::kInternal ? 2 : 1;
}

std::string duration_text(double seconds) {
    if (seconds < 1) return fmt::format("{:.0f}ms", seconds * 1000);
    if (seconds < 90) return fmt::format("{:.1f}s", seconds);
    return fmt::format("{}m{:02}s", static_cast<int>(seconds) / 60, static_cast<int>(seconds) % 60);
}

std::string size_text(uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

std::string short_path(const std::string& path) {
    const char* home = std::getenv("HOME");
    const std::string_view prefix = home == nullptr ? "" : home;
    if (prefix.size() > 1 && path.size() > prefix.size() && path.compare(0, prefix.size(), prefix) == 0 &&
        path[prefix.size()] == '/') {
        return "~" + path.substr(prefix.size());
    }
    return path;
}

std::string counted(uint64_t count, const std::string& noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace kayton::kik
