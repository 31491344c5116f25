// The commands of kik: each file adds one subcommand to the command line. A subcommand that was chosen leaves what is
// to be run in Session::action; main() runs it and turns its error into an exit code. Owned by main(); kik is
// single-threaded.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "kik/report/console.h"
#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kik {

struct Session {
    Options options;
    Console console{options};
    std::function<Result<void>()> action;
    std::string command;  // what the person typed, for locks and logs: "rinstall regex"

    [[nodiscard]] std::function<void(const std::string&)> say() {
        return [this](const std::string& line) { console.say(line); };
    }
};

void add_activate(CLI::App& app, Session& session);  // and deactivate
void add_allow(CLI::App& app, Session& session);     // and deny
void add_create(CLI::App& app, Session& session);
void add_info(CLI::App& app, Session& session);
void add_kernel(CLI::App& app, Session& session);
void add_list(CLI::App& app, Session& session);
void add_path(CLI::App& app, Session& session);
void add_probe_plugin(CLI::App& app, Session& session);
void add_remove(CLI::App& app, Session& session);
void add_rinstall(CLI::App& app, Session& session);
void add_shell_init(CLI::App& app, Session& session);
void add_uninstall(CLI::App& app, Session& session);

// The active environment for reading: base may not exist yet and is then empty.
[[nodiscard]] Result<Environment> opened_environment();

}  // namespace kayton::kik
