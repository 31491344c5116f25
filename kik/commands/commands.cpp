// The list of commands, and what they share on the command line.
#include <fmt/format.h>
#include <algorithm>
#include <cstring>

#include "kik/commands/command.h"

namespace kayton::kik {

void add_commands(CLI::App& app, Session& session) {
    // Environments, crates, projects, care, shells.
    for (const auto add : {add_create, add_activate, add_list, add_remove, add_rename, add_clone, add_run, add_path,
                           add_rinstall, add_uninstall, add_info, add_search, add_tree, add_outdated, add_upgrade,
                           add_log, add_licenses, add_audit, add_lock, add_sync, add_export, add_import, add_pack,
                           add_unpack, add_history, add_rollback, add_trash, add_doctor, add_cache, add_allow,
                           add_kernel, add_shell_init, add_completions, add_probe_plugin}) {
        add(app, session);
    }
}

void examples(CLI::App* command, std::initializer_list<Example> lines) {
    size_t width = 0;
    for (const Example& example : lines) width = std::max(width, std::strlen(example.line));
    std::string text = "Examples:\n";
    for (const Example& example : lines) text += fmt::format("  {:<{}}  {}\n", example.line, width, example.meaning);
    command->footer(text);
}

}  // namespace kayton::kik
