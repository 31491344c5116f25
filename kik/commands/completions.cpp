// kik completions and kik man-pages.
#include <memory>

#include "kik/commands/command.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/shell/command_tree.h"

namespace kayton::kik {

void add_completions(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("completions", "Print the code that lets a shell complete kik's words");
    auto shell = std::make_shared<std::string>();
    command->add_option("shell", *shell, "bash, zsh, fish or powershell")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish", "powershell"}));
    examples(command, {{"eval \"$(kik completions bash)\"", "in ~/.bashrc"},
                       {"kik completions zsh > ~/.zfunc/_kik", "with ~/.zfunc in $fpath"},
                       {"kik completions fish | source", "in ~/.config/fish/config.fish"},
                       {"kik completions powershell | Out-String | Invoke-Expression", "in $PROFILE"}});
    command->callback([&app, &session, shell] {
        session.action = [&app, &session, shell]() -> Result<void> {
            session.console.data(completion_script(read_commands(app), *shell));
            return {};
        };
    });
    CLI::App* pages = app.add_subcommand("man-pages", "Write the manual pages of kik into a folder");
    auto folder = std::make_shared<std::string>();
    pages->add_option("folder", *folder, "Where, as share/man/man1")->required();
    examples(pages, {{"kik man-pages ~/.local/share/man/man1", "then `man kik-rinstall`"}});
    pages->callback([&app, &session, folder] {
        session.action = [&app, &session, folder]() -> Result<void> {
            if (Result<void> made = make_folders(*folder); !made) return made;
            const std::vector<ManPage> all = man_pages(read_commands(app), kKaytonVersion);
            for (const ManPage& page : all) {
                const std::filesystem::path file = std::filesystem::path(*folder) / (page.name + ".1");
                if (Result<void> written = write_durably(file, page.text); !written) return written;
            }
            session.console.say("Wrote " + counted(all.size(), "page") + " to " + *folder);
            return {};
        };
    });
}

}  // namespace kayton::kik
