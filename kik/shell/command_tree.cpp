#include "kik/shell/command_tree.h"

#include <algorithm>

namespace kayton::kik {

CommandNode read_commands(const CLI::App& app, const std::string& name) {
    CommandNode node;
    node.name = name;
    node.description = app.get_description();
    node.examples = app.get_footer();
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        CommandOption read;
        read.description = option->get_description();
        read.value = option->get_expected_max() == 0 ? "" : option->get_type_name();
        if (option->get_positional()) {
            read.names = {option->get_name(true)};
            node.positionals.push_back(std::move(read));
            continue;
        }
        for (const std::string& word : option->get_snames()) read.names.push_back("-" + word);
        for (const std::string& word : option->get_lnames()) read.names.push_back("--" + word);
        node.options.push_back(std::move(read));
    }
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (command->get_group().empty()) continue;
        node.commands.push_back(read_commands(*command, name.empty() ? command->get_name() : name + " " + command->get_name()));
    }
    return node;
}

}  // namespace kayton::kik
