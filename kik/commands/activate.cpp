#include <cstdlib>

#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/shell/activation.h"

namespace kayton::kik {
namespace {

struct Request {
    std::string name;
    std::string shell;  // given by the function that shell-init defines; empty: called without it
};

Shell login_shell() {
    const char* shell = std::getenv("SHELL");
    return parse_shell(shell == nullptr ? "bash" : shell).value_or(Shell::kBash);
}

tl::unexpected<Error> no_integration(const std::string& words) {
    const Shell shell = login_shell();
    const std::string line = integration_line(shell);
    return fail(ErrorKind::kInput,
                "a program cannot change the shell it is started from, and this shell has not loaded kik's integration",
                "add this line to " + std::string(startup_file(shell)) + " (and run it now): " + line +
                    "\nthen run `kik " + words + "` again");
}

Result<Shell> known_shell(const std::string& name) {
    const std::optional<Shell> shell = parse_shell(name);
    if (shell) return *shell;
    return fail(ErrorKind::kUsage, "`" + name + "` is not a shell kik knows", "Use bash, zsh, fish or powershell");
}

Result<void> activate(Session& session, const Request& request) {
    Result<EnvironmentPlace> place = find_environment(request.name);
    if (!place) return tl::unexpected<Error>(place.error());
    if (!is_environment(place->root)) {
        if (request.name != "base") {
            return fail(ErrorKind::kNotFound, "the environment `" + request.name + "` does not exist",
                        "Run: kik create " + request.name);
        }
        if (Result<void> made = create_environment(*place); !made && !is_environment(place->root)) return made;
    }
    if (request.shell.empty()) return no_integration("activate " + request.name);
    const Result<Shell> shell = known_shell(request.shell);
    if (!shell) return tl::unexpected<Error>(shell.error());
    // The programs may have moved since; a read-only environment can still be used as it is.
    if (Result<void> refreshed = refresh_shims(place->root); !refreshed)
        session.console.detail(refreshed.error().message);
    session.console.data(activation_script(*shell, request.name, place->root / "bin"));
    return {};
}

Result<void> deactivate(Session& session, const Request& request) {
    if (request.shell.empty()) return no_integration("deactivate");
    const Result<Shell> shell = known_shell(request.shell);
    if (!shell) return tl::unexpected<Error>(shell.error());
    session.console.data(deactivation_script(*shell));
    return {};
}

}  // namespace

void add_activate(CLI::App& app, Session& session) {
    auto request = std::make_shared<Request>();
    CLI::App* on = app.add_subcommand("activate", "Use an environment in this shell");
    on->add_option("name", request->name, "Its name, `local` for the nearest .kayton, or `base`")->required();
    on->add_option("--shell", request->shell, "Print the code for this shell")->group("");
    examples(on, {{"kik activate demo", "a named environment"},
                  {"kik activate local", "the nearest .kayton from here upwards"},
                  {"eval \"$(kik shell-init bash)\"", "what ~/.bashrc needs once, for bash"}});
    on->callback([&session, request] { session.action = [&session, request] { return activate(session, *request); }; });
    CLI::App* off = app.add_subcommand("deactivate", "Go back to the base environment in this shell");
    off->add_option("--shell", request->shell, "Print the code for this shell")->group("");
    examples(off, {{"kik deactivate", "PATH and prompt as they were before"}});
    off->callback(
        [&session, request] { session.action = [&session, request] { return deactivate(session, *request); }; });
}

}  // namespace kayton::kik
