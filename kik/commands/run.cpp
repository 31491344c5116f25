// kik run: a command with an environment active, in place of kik itself.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

#include "kik/commands/command.h"
#include "kik/environment/layout.h"

namespace kayton::kik {
namespace {

Result<void> run_in(Session& session, std::vector<std::string> words) {
    if (words.empty()) {
        return fail(ErrorKind::kUsage, "which command?", "Write it like kik run -e demo -- kayton run prog.kay");
    }
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    if (Result<void> refreshed = refresh_shims(place->root); !refreshed)
        session.console.detail(refreshed.error().message);
    if (session.options.dry_run) {
        session.console.say("Would run `" + words.front() + "` in `" + place->name + "`");
        return {};
    }
    const char* path = std::getenv("PATH");
    const std::string with_bin =
        (place->root / "bin").string() + ":" + (path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path);
    ::setenv("PATH", with_bin.c_str(), 1);
    ::setenv("KAYTON_ACTIVE_ENV", place->name.c_str(), 1);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
    ::execvp(argv[0], argv.data());
    const int reason = errno;
    return fail(reason == ENOENT ? ErrorKind::kNotFound : ErrorKind::kSystem,
                "cannot run `" + words.front() + "`: " + std::strerror(reason));
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("run", "Run a command with an environment active; its exit code is kik's");
    // Everything from the program on is the program's own, whatever it looks like: main() puts a `--` before it.
    command->fallthrough(false);
    auto words = std::make_shared<std::vector<std::string>>();
    command->add_option("command", *words, "The program and its arguments, after --");
    command->add_option_function<std::string>(
        "-e,--env", [](const std::string& name) { ::setenv("KAYTON_ACTIVE_ENV", name.c_str(), 1); },
        "The environment to run it in, instead of the active one");
    command->add_flag("--dry-run", session.options.dry_run, "Say what would be run");
    examples(command, {{"kik run -e demo -- kayton run prog.kay", "in `demo`, whatever is active here"},
                       {"kik run -- env", "in the active environment"}});
    command->callback([&session, words] {
        session.action = [&session, words] {
            return run_in(session, *words);
        };
    });
}

}  // namespace kayton::kik
