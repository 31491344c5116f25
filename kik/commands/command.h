// The commands of kik: each file adds one subcommand to the command line. A subcommand that was chosen leaves what is
// to be run in Session::action; main() runs it and turns its error into an exit code. Owned by main(); kik is
// single-threaded.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <initializer_list>
#include <string>

#include "kik/report/console.h"
#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kik {

struct Session {
    Options options;
    Console console{options};
    std::function<Result<void>()> action;
    int exit_status = 0;  // of an action that succeeded, but has bad news
    std::string command;  // what the person typed, for locks and logs: "rinstall regex"

    [[nodiscard]] std::function<void(const std::string&)> say() {
        return [this](const std::string& line) { console.say(line); };
    }
};

void add_activate(CLI::App& app, Session& session);  // and deactivate
void add_allow(CLI::App& app, Session& session);  // and deny
void add_audit(CLI::App& app, Session& session);
void add_cache(CLI::App& app, Session& session);
void add_clone(CLI::App& app, Session& session);
void add_completions(CLI::App& app, Session& session);  // and man-pages
void add_create(CLI::App& app, Session& session);
void add_doctor(CLI::App& app, Session& session);  // and repair
void add_export(CLI::App& app, Session& session);
void add_history(CLI::App& app, Session& session);
void add_import(CLI::App& app, Session& session);
void add_info(CLI::App& app, Session& session);
void add_instantiate(CLI::App& app, Session& session);
void add_kernel(CLI::App& app, Session& session);
void add_licenses(CLI::App& app, Session& session);
void add_list(CLI::App& app, Session& session);
void add_lock(CLI::App& app, Session& session);
void add_log(CLI::App& app, Session& session);
void add_outdated(CLI::App& app, Session& session);
void add_pack(CLI::App& app, Session& session);
void add_path(CLI::App& app, Session& session);
void add_probe_plugin(CLI::App& app, Session& session);
void add_remove(CLI::App& app, Session& session);
void add_rename(CLI::App& app, Session& session);
void add_rinstall(CLI::App& app, Session& session);
void add_rollback(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_search(CLI::App& app, Session& session);
void add_shell_init(CLI::App& app, Session& session);
void add_sync(CLI::App& app, Session& session);
void add_trash(CLI::App& app, Session& session);
void add_tree(CLI::App& app, Session& session);
void add_uninstall(CLI::App& app, Session& session);
void add_unpack(CLI::App& app, Session& session);
void add_upgrade(CLI::App& app, Session& session);

// Every command, in the order of --help.
void add_commands(CLI::App& app, Session& session);

// What a command's --help ends with: lines to paste, each with what it does.
struct Example {
    const char* line;
    const char* meaning;
};
void examples(CLI::App* command, std::initializer_list<Example> lines);

// The active environment for reading: base may not exist yet and is then empty.
[[nodiscard]] Result<Environment> opened_environment();

}  // namespace kayton::kik
