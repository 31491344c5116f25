// What completions and manual pages are made from: the commands of kik with their options, read off the command line's
// own definition. Plain values; kik is single-threaded.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace kayton::kik {

struct CommandOption {
    std::vector<std::string> names;  // "-o", "--output"
    std::string value;               // "TEXT"; empty for a flag
    std::string description;
};

struct CommandNode {
    std::string name;  // "cache prune"; empty for kik itself
    std::string description, examples;
    std::vector<CommandOption> options;
    std::vector<CommandOption> positionals;  // one name each
    std::vector<CommandNode> commands;
};

// Hidden commands and options are left out.
[[nodiscard]] CommandNode read_commands(const CLI::App& app, const std::string& name = "");

// "bash", "zsh", "fish" or "powershell": a script that completes commands, options and names of environments and crates.
[[nodiscard]] std::string completion_script(const CommandNode& root, const std::string& shell);

// The page of a command in man's language: "kik", "kik-rinstall".
struct ManPage {
    std::string name, text;
};
[[nodiscard]] std::vector<ManPage> man_pages(const CommandNode& root, const std::string& version);

}  // namespace kayton::kik
