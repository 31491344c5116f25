// Runs one child program to its end and collects what it writes. The child has its own process group, no input, and
// dies with kik; an interrupt of kik ends the whole group.
// Owned by the caller; kik is single-threaded.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kik/cargo/confine.h"
#include "shared/result.h"

namespace kayton::kik {

struct Command {
    std::vector<std::string> argv;                               // argv[0] is a path, or a name found through PATH
    std::filesystem::path folder;                                // working folder; empty: kik's own
    std::vector<std::pair<std::string, std::string>> variables;  // set in the child, besides kik's own
    std::vector<std::string> without;                            // not passed on to the child
    std::vector<std::string> only;                               // of kik's own none but these; empty: all
    // Called for each piece that ends in \n or \r (without it); `\r` marks a progress line.
    std::function<void(std::string_view line, bool transient)> on_stderr;
    std::function<void(std::string_view line)> on_stdout;
    std::optional<Confinement> confinement;                      // nothing: the child may do what kik may
    std::filesystem::path log;  // everything that ends in \n is appended here; empty: no log
};

struct CommandResult {
    int exit_status = 0;  // 128 + signal when a signal ended it
    int signal = 0;
    std::string out;  // standard output, unless on_stdout takes it
    std::string err;  // standard error without progress lines
    [[nodiscard]] bool ok() const { return exit_status == 0; }
};

// An error only when the program cannot be started (kNotFound, kSystem) or kik was interrupted.
[[nodiscard]] Result<CommandResult> run(const Command& command);

}  // namespace kayton::kik
