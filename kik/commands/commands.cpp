// The list of commands, and what they share on the command line.
#include <fmt/format.h>
#include <algorithm>
#include <cstring>

#include "kik/commands/command.h"

namespace kayton::kik {

namespace {

struct Adder {
    const char* name;  // of the subcommand it adds
    void (*add)(CLI::App&, Session&);
};

// Environments, crates, projects, care, shells.
constexpr Adder kAdders[] = {
    {"create", add_create},         {"activate", add_activate},   {"list", add_list},
    {"remove", add_remove},         {"rename", add_rename},       {"clone", add_clone},
    {"run", add_run},               {"path", add_path},           {"rinstall", add_rinstall},
    {"uninstall", add_uninstall},   {"info", add_info},           {"search", add_search},
    {"instantiate", add_instantiate},
    {"tree", add_tree},             {"outdated", add_outdated},   {"upgrade", add_upgrade},
    {"log", add_log},               {"licenses", add_licenses},   {"audit", add_audit},
    {"lock", add_lock},             {"sync", add_sync},           {"export", add_export},
    {"import", add_import},         {"pack", add_pack},           {"unpack", add_unpack},
    {"history", add_history},       {"rollback", add_rollback},   {"trash", add_trash},
    {"doctor", add_doctor},         {"cache", add_cache},         {"allow", add_allow},
    {"kernel", add_kernel},         {"shell-init", add_shell_init}, {nullptr, add_completions},  // which shows them all
    {nullptr, add_probe_plugin},
};

}  // namespace

void add_commands(CLI::App& app, Session& session) {
    // A shell's prompt and completions ask kik often: it makes only the command that the line begins with, which is a
    // millisecond less than all of them.
    const std::string first = session.command.substr(0, session.command.find(' '));
    for (const Adder& adder : kAdders) {
        if (adder.name != nullptr && first == adder.name) return adder.add(app, session);
    }
    for (const Adder& adder : kAdders) adder.add(app, session);
}

void examples(CLI::App* command, std::initializer_list<Example> lines) {
    size_t width = 0;
    for (const Example& example : lines) width = std::max(width, std::strlen(example.line));
    std::string text = "Examples:\n";
    for (const Example& example : lines) text += fmt::format("  {:<{}}  {}\n", example.line, width, example.meaning);
    command->footer(text);
}

}  // namespace kayton::kik
