// Magics: the cells that the kernel itself answers.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "kernel/messages/complete.h"
#include "kernel/session/executor.h"
#include "kernel/session/traceback.h"
#include "shared/unique_fd.h"

namespace kayton::kernel {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr int kLook = 20;             // ms between looks at an interrupt
constexpr double kLongEnough = 0.2;   // seconds of one measurement of %timeit
constexpr int kMeasurements = 5;
constexpr int64_t kMostLoops = 1'000'000'000;

std::string time_in_words(double seconds) {
    std::array<char, 64> text;
    const auto [factor, unit] = seconds < 1e-6   ? std::pair(1e9, "ns")
                                : seconds < 1e-3 ? std::pair(1e6, "µs")
                                : seconds < 1    ? std::pair(1e3, "ms")
                                                 : std::pair(1.0, "s");
    std::snprintf(text.data(), text.size(), "%.3g %s", seconds * factor, unit);
    return text.data();
}

std::string indented(const std::string& code) {
    std::string text;
    for (size_t at = 0; at < code.size();) {
        const size_t end = std::min(code.find('\n', at), code.size());
        text += "        " + code.substr(at, end - at) + "\n";
        at = end + 1;
    }
    return text;
}

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    for (size_t at = text.find_first_not_of(" \t"); at != std::string::npos; at = text.find_first_not_of(" \t", at)) {
        const size_t end = std::min(text.find_first_of(" \t", at), text.size());
        words.push_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

std::string quoted(const std::string& text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') {
            quoted += '\\';
        }
        quoted += c;
    }
    return quoted + "'";
}

// %env NAME shows a variable of the program's environment, %env NAME=VALUE and %env NAME VALUE set one.
std::string code_of_env(const std::string& argument) {
    const size_t end = argument.find_first_of("= \t");
    const std::string variable = quoted(argument.substr(0, end));
    const std::string import = "import os as _os_\n";
    if (end == std::string::npos) {
        return import + "if " + variable + " not in _os_.environ:\n    raise KeyError(" + variable +
               ")\nprint(_os_.environ[" + variable + "])";
    }
    const size_t value = argument.find_first_not_of(" \t", end + 1);
    return import + "_os_.environ[" + variable + "] = " +
           quoted(value == std::string::npos ? "" : argument.substr(value));
}

CellError usage_error(const std::string& message) {
    return {"UsageError", message, {"UsageError: " + message}};
}

}  // namespace

// Lines of the program and line magics among them run one after another.
std::optional<CellError> Executor::run_text(const std::string& code, const std::string& name) {
    if (start_error_) {
        return start_error_;
    }
    if (const auto magic = find_magic(code)) {
        return run_magic(*magic, name);
    }
    const size_t next = Cells::next_line_magic(code);
    if (next == std::string::npos) {
        return evaluate(name, code, silent_);
    }
    if (auto error = evaluate(name, code.substr(0, next), silent_)) {
        return error;
    }
    return run_text(std::string(lines_before(code, next), '\n') + code.substr(next), name);
}

std::optional<CellError> Executor::run_magic(const Magic& magic, const std::string& name) {
    const auto say = [this](const std::string& text) { write(false, text); };
    // A line magic may be followed by lines of the program.
    const auto go_on = [&]() { return magic.whole_cell ? std::nullopt : run_text(magic.body, name); };
    if (magic.name == "?" || magic.name == "??") {
        Json data = inspect_text(cells_.get(), magic.argument, magic.argument.size());
        if (data.empty()) {
            return CellError{"NameError", "nothing is known of '" + magic.argument + "'",
                             {"NameError: nothing is known of '" + magic.argument + "'"}};
        }
        if (const std::string source = cells_->definition_of(magic.argument); magic.name == "??" && !source.empty()) {
            data["text/plain"] = data["text/plain"].get<std::string>() + "\n\n" + source;
        }
        payload_.push_back({{"source", "page"}, {"data", data}, {"start", 0}});
        return std::nullopt;
    }
    const std::string code = magic.whole_cell ? magic.body : magic.argument;
    if (magic.name == "time") {
        const auto begun = std::chrono::steady_clock::now();
        auto error = evaluate(name, code, silent_);
        say("Wall time: " + time_in_words(Seconds(std::chrono::steady_clock::now() - begun).count()) + "\n");
        return error ? error : go_on();
    }
    if (magic.name == "timeit") {
        auto error = time_often(code, name);
        return error ? error : go_on();
    }
    if (magic.whole_cell && (magic.name == "bash" || magic.name == "sh")) {
        return run_script(magic.name, magic.body);
    }
    if (magic.whole_cell) {
        return unknown_magic(magic);
    }
    if (magic.name == "stale") {
        say(stale_.report());
    } else if (magic.name == "who") {
        for (const auto& [known, type] : cells_->names()) {
            if (!known.starts_with('_')) {
                say(known + ": " + type + "\n");
            }
        }
    } else if (magic.name == "lsmagic") {
        for (const MagicInfo& info : known_magics()) {
            std::string line(info.usage);
            line.resize(std::max<size_t>(line.size() + 2, 22), ' ');
            say(line + std::string(info.does) + "\n");
        }
    } else if (magic.name == "env") {
        if (!magic.argument.empty()) {
            auto error = evaluate(name, code_of_env(magic.argument), silent_);
            return error ? error : go_on();
        }
        const Environment& environment = session_->options().environment;
        say("environment  " + environment.name + "  " + environment.root.string() + "\n");
        for (const InstalledPlugin& plugin : environment.plugins) {
            say(plugin.crate + "  " + plugin.version + "\n");
        }
    } else if (magic.name == "permissions") {
        const SandboxGrants& grants = session_->options().grants;
        std::string text = "read and write  " + session_->options().working_folder.string() +
                           ", and a private temporary folder\nread            the environment, system libraries\n";
        for (const auto& folder : grants.read) {
            text += "read            " + folder.string() + "\n";
        }
        for (const auto& folder : grants.write) {
            text += "read and write  " + folder.string() + "\n";
        }
        std::string hosts;
        for (const NetGrant& grant : grants.net) {
            hosts += (hosts.empty() ? "" : ", ") + grant.host + (grant.port == 0 ? "" : ":" + std::to_string(grant.port));
        }
        text += "network         " + (grants.net_everywhere ? "everywhere" : hosts.empty() ? "off" : hosts) + "\n";
        std::string programs;
        for (const std::string& program : grants.run) {
            programs += (programs.empty() ? "" : ", ") + program;
        }
        text += "run programs    " + (programs.empty() ? "off" : programs) + "\n";
        for (const std::string& layer : session_->missing_layers()) {
            text += "this machine's kernel lacks a layer of the sandbox: " + layer + "\n";
        }
        say(text);
    } else if (magic.name == "kik") {
        auto error = run_kik(words_of(magic.argument));
        if (error) {
            return error;
        }
    } else if (magic.name == "undo" || magic.name == "checkpoint" || magic.name == "restore") {
        if (auto error = go_back(magic)) {
            return error;
        }
    } else if (magic.name == "restart") {
        receiver_ = 0;
        for (const std::string& id : comms_.forget()) {
            outbox_.publish("comm_close", parent_, {{"comm_id", id}, {"data", Json::object()}});
        }
        if (auto again = cells_->start_again(); !again) {
            return CellError{"SystemError", again.error().message, {"SystemError: " + again.error().message}};
        }
        stale_.forget();
        say("another worker; names defined before are gone\n");
    } else {
        return unknown_magic(magic);
    }
    return go_on();
}

std::optional<CellError> Executor::go_back(const Magic& magic) {
    const auto say = [this](const std::string& text) { write(false, text + "\n"); };
    const UndoHistory& history = session_->undo_history();
    if (magic.name == "checkpoint") {
        if (magic.argument.empty()) {
            for (const auto& [name, point] : history.all_named()) {
                say(name);
            }
            return std::nullopt;
        }
        auto told = cells_->name_state(magic.argument);
        if (!told) {
            return CellError{"SystemError", told.error().message, traceback_of(told.error())};
        }
        say("%restore " + magic.argument + " comes back to here" + (told->empty() ? "" : "; " + *told));
        return std::nullopt;
    }
    receiver_ = 0;  // what it was linked against may go
    Result<WentBack> back = tl::unexpected(Error{});
    std::string done;
    if (magic.name == "restore") {
        if (!history.has(magic.argument)) {
            std::vector<std::string> names;
            for (const auto& [name, point] : history.all_named()) {
                names.push_back(name);
            }
            const std::string near = nearest_name(magic.argument, names);
            return usage_error(names.empty()  ? "there is no checkpoint; %checkpoint NAME makes one"
                               : near.empty() ? "there is no checkpoint '" + magic.argument + "'; %checkpoint shows them"
                                              : "there is no checkpoint '" + magic.argument + "'; did you mean " + near + "?");
        }
        done = "variables are as at checkpoint " + magic.argument;
        back = cells_->restore(magic.argument);
    } else {
        size_t count = magic.argument.empty() ? 1 : 0;
        const auto [end, error] =
            std::from_chars(magic.argument.data(), magic.argument.data() + magic.argument.size(), count);
        if (count == 0 || (!magic.argument.empty() && *end != '\0')) {
            return usage_error("%undo takes how many cells to go back over: %undo 2");
        }
        if (count > history.steps()) {
            return usage_error(history.steps() == 0 ? "there is nothing to undo"
                                                    : "only the last " + std::to_string(history.steps()) +
                                                          (history.steps() == 1 ? " cell" : " cells") +
                                                          " can be undone");
        }
        back = cells_->undo(count);
        done = back ? "variables are as before " + back->step : std::string();
    }
    if (!back) {
        return CellError{"SystemError", back.error().message, traceback_of(back.error())};
    }
    stale_.forget();
    say(done + (back->note.empty() ? "" : "; " + back->note));
    if (!back->lasting.empty()) {
        say("not rolled back: " + back->lasting);
    }
    return std::nullopt;
}

// The shell and what it calls run in the worker's sandbox, each by the permission to run it.
std::optional<CellError> Executor::run_script(const std::string& shell, const std::string& script) {
    const auto outcome = cells_->run_program({shell, "-c", script});
    if (!outcome) {
        return error_of(outcome.error());
    }
    if (auto error = error_of(*outcome)) {
        return error;
    }
    if (outcome->exit_status != 0) {
        const std::string told = "the script ended with status " + std::to_string(outcome->exit_status);
        return CellError{"CalledProcessError", told, {"CalledProcessError: " + told}};
    }
    return std::nullopt;
}

CellError Executor::unknown_magic(const Magic& magic) {
    const std::string written = (magic.whole_cell ? "%%" : "%") + magic.name;
    const std::string near = nearest_magic(magic.name, magic.whole_cell);
    return usage_error("there is no magic " + written + "; " +
                       (near.empty() ? "%lsmagic shows what there is" : "did you mean " + near + "?"));
}

// The statement in a function's loop, with a count that makes it run long enough to be measured.
std::optional<CellError> Executor::time_often(const std::string& code, const std::string& name) {
    if (code.find_first_not_of(" \t\r\n") == std::string::npos) {
        return usage_error("%timeit needs something to run");
    }
    if (auto error = evaluate(name, "def _timeit_(_count):\n    for _ in range(_count):\n" + indented(code), true)) {
        return error;
    }
    int64_t count = 1;
    std::vector<double> times;
    while (times.size() < kMeasurements) {
        const auto begun = std::chrono::steady_clock::now();
        if (auto error = evaluate(name, "_timeit_(" + std::to_string(count) + ")", true)) {
            return error;
        }
        const double seconds = Seconds(std::chrono::steady_clock::now() - begun).count();
        if (seconds < kLongEnough && count < kMostLoops && times.empty()) {
            const double factor = std::clamp(1.2 * kLongEnough / std::max(seconds, 1e-4), 2.0, 100.0);
            count = std::min(kMostLoops, static_cast<int64_t>(static_cast<double>(count) * factor));
            continue;
        }
        times.push_back(seconds / static_cast<double>(count));
    }
    std::sort(times.begin(), times.end());
    write(false, time_in_words(times[kMeasurements / 2]) + " per loop (median of " + std::to_string(kMeasurements) +
                     " runs of " + std::to_string(count) + " loops, best " + time_in_words(times.front()) + ")\n");
    return std::nullopt;
}

// kik beside this program, in a process of its own: it is trusted as this one is, and may use the network.
std::optional<CellError> Executor::run_kik(std::vector<std::string> words) {
    const auto failed = [](const std::string& what) {
        return CellError{"SystemError", what, {"SystemError: " + what}};
    };
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "kik";
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return failed(std::string("cannot make a pipe: ") + std::strerror(errno));
    }
    const UniqueFd output(ends[0]);
    UniqueFd input(ends[1]);
    words.insert(words.begin(), program.string());
    words.insert(words.begin() + 1, "--no-progress");
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    const std::string active = "KAYTON_ACTIVE_ENV=" + session_->options().environment.name;
    std::vector<char*> environment{const_cast<char*>(active.c_str())};
    for (char** entry = ::environ; *entry != nullptr; ++entry) {
        if (std::strncmp(*entry, "KAYTON_ACTIVE_ENV=", 18) != 0) {
            environment.push_back(*entry);
        }
    }
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, input.get(), 1);
    ::posix_spawn_file_actions_adddup2(&actions, input.get(), 2);
    pid_t child = -1;
    const int spawned = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    input.reset();
    if (spawned != 0) {
        return failed("cannot run " + program.string() + ": " + std::strerror(spawned));
    }
    std::array<char, 4096> buffer;
    for (bool told = false;;) {
        if (!told && (session_->interrupt_pending() || session_->terminating())) {
            ::kill(child, SIGINT);
            told = true;
        }
        pollfd readable{output.get(), POLLIN, 0};
        if (::poll(&readable, 1, kLook) <= 0) {
            continue;
        }
        const ssize_t size = ::read(output.get(), buffer.data(), buffer.size());
        if (size <= 0) {
            break;
        }
        write(false, {buffer.data(), static_cast<size_t>(size)});
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (session_->interrupt_pending()) {
        session_->forget_interrupts();
        return CellError{"KeyboardInterrupt", "", {"KeyboardInterrupt"}};
    }
    if (auto reread = cells_->reread_environment(); !reread) {
        return failed(reread.error().message);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return CellError{"KikError", "kik did not succeed", {"KikError: kik did not succeed"}};
    }
    return std::nullopt;
}

}  // namespace kayton::kernel
