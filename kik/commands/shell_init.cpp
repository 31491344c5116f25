#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/shell/activation.h"

namespace kayton::kik {

void add_shell_init(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("shell-init", "Print the code that lets a shell activate environments");
    auto name = std::make_shared<std::string>();
    command->add_option("shell", *name, "bash, zsh, fish or powershell")->required();
    examples(command, {{"eval \"$(kik shell-init bash)\"", "in ~/.bashrc"},
                       {"eval \"$(kik shell-init zsh)\"", "in ~/.zshrc"},
                       {"kik shell-init fish | source", "in ~/.config/fish/config.fish"},
                       {"kik shell-init powershell | Out-String | Invoke-Expression", "in $PROFILE"}});
    command->callback([&session, name] {
        session.action = [&session, name]() -> Result<void> {
            const std::optional<Shell> shell = parse_shell(*name);
            if (!shell)
                return fail(ErrorKind::kUsage, "`" + *name + "` is not a shell kik knows", "Use bash, zsh, fish or powershell");
            session.console.data(shell_init_script(*shell, program_folder() / "kik"));
            return {};
        };
    });
}

}  // namespace kayton::kik
