#include <fmt/format.h>

#include <algorithm>

#include "kik/shell/command_tree.h"

namespace kayton::kik {
namespace {

// groff_man(7): a backslash, a leading dot or quote and a minus would mean something.
std::string escaped(const std::string& text) {
    std::string result;
    bool start = true;
    for (const char c : text) {
        if (c == '\\') result += "\\\\";
        else if (c == '-') result += "\\-";
        else if (start && (c == '.' || c == '\'')) result += std::string("\\&") + c;
        else result += c;
        start = c == '\n';
    }
    return result;
}

void add_options(std::string& text, const std::vector<CommandOption>& options) {
    for (const CommandOption& option : options) {
        std::string names;
        for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + name;
        text += ".TP\n\\fB" + escaped(names) + "\\fR" + (option.value.empty() || option.names.front().front() != '-' ? "" : " \\fI" + escaped(option.value) + "\\fR") +
                "\n" + escaped(option.description) + "\n";
    }
}

ManPage page(const CommandNode& node, const CommandNode& root, const std::string& version) {
    ManPage result;
    result.name = "kik";
    if (!node.name.empty()) {
        result.name = "kik-" + node.name;
        std::replace(result.name.begin(), result.name.end(), ' ', '-');
    }
    std::string& text = result.text;
    std::string title = result.name;
    std::transform(title.begin(), title.end(), title.begin(), [](unsigned char c) { return std::toupper(c); });
    text = fmt::format(".TH {} 1 \"\" \"kik {}\" \"Kayton\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n\\fBkik{}\\fR [\\fIoptions\\fR]", escaped(title), version,
                       escaped(result.name), escaped(node.description), node.name.empty() ? "" : " " + escaped(node.name));
    for (const CommandOption& positional : node.positionals) text += " [\\fI" + escaped(positional.names.front()) + "\\fR]";
    if (!node.commands.empty()) text += " \\fIcommand\\fR";
    text += "\n";
    if (!node.positionals.empty()) {
        text += ".SH ARGUMENTS\n";
        add_options(text, node.positionals);
    }
    if (!node.options.empty()) {
        text += ".SH OPTIONS\n";
        add_options(text, node.options);
    }
    if (!node.commands.empty()) {
        text += ".SH COMMANDS\n";
        for (const CommandNode& command : node.commands) {
            text += ".TP\n\\fB" + escaped(command.name) + "\\fR\n" + escaped(command.description) + "\n";
            if (!node.name.empty()) add_options(text, command.options);
        }
    }
    if (&node != &root) {
        text += ".SH OPTIONS OF EVERY COMMAND\n";
        add_options(text, root.options);
    }
    if (!node.examples.empty()) text += ".SH EXAMPLES\n.nf\n" + escaped(node.examples.rfind("Examples:\n", 0) == 0 ? node.examples.substr(10) : node.examples) + ".fi\n";
    text += ".SH EXIT STATUS\n0: done. 1: it could not be done, and the message says what to do. 2: a wrong command line, or a "
            "fault of kik. 128 + N: ended by signal N. \\fBkik run\\fR gives the status of its command.\n"
            ".SH ENVIRONMENT\n.TP\n\\fBKAYTON_ACTIVE_ENV\\fR\nThe active environment: a name, or local for the nearest .kayton folder.\n"
            ".TP\n\\fBKAYTON_HOME\\fR\nWhere environments are; otherwise $XDG_DATA_HOME/kayton or ~/.local/share/kayton.\n"
            ".TP\n\\fBKAYTON_SHARED_CACHE\\fR\nA folder of built crates for the users of one machine; otherwise /var/cache/kayton where root has made it.\n"
            ".TP\n\\fBNO_COLOR\\fR\nIf set, nothing is coloured.\n";
    return result;
}

}  // namespace

std::vector<ManPage> man_pages(const CommandNode& root, const std::string& version) {
    std::vector<ManPage> pages{page(root, root, version)};
    for (const CommandNode& command : root.commands) pages.push_back(page(command, root, version));
    return pages;
}

}  // namespace kayton::kik
