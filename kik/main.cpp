// kik: makes environments and installs Rust crates into them.

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "kik/cargo/interrupt.h"
#include "kik/cargo/near_names.h"
#include "kik/commands/command.h"
#include "shared/version.h"

namespace {

using kayton::Result;
using kayton::kik::Session;

std::string words(int argc, char** argv) {
    std::string text;
    for (int i = 1; i < argc; ++i) text += (i == 1 ? "" : " ") + std::string(argv[i]);
    return text;
}

void add_flags(CLI::App& app, Session& session) {
    app.add_flag("--json", session.options.json, "Print data, or the error, as JSON on standard output");
    app.add_flag("-q,--quiet", session.options.quiet, "Say only errors and warnings");
    app.add_flag("-v,--verbose", session.options.verbose, "Show what cargo says");
    app.add_flag("--offline", session.options.offline, "Use only what has been downloaded before");
    app.add_flag("--locked", session.options.locked, "Fail where kayton.lock would have to change");
    app.add_flag("--dry-run", session.options.dry_run, "Say what would be done, and do nothing");
    app.add_option_function<std::string>(
        "-e,--env", [](const std::string& name) { ::setenv("KAYTON_ACTIVE_ENV", name.c_str(), 1); },
        "The environment to work on, instead of the active one");
    app.add_flag("-y,--yes", session.options.yes, "Answer every question with yes");
    app.add_flag("--no-progress", session.options.no_progress, "Draw no bar");
    app.add_option("-j,--jobs", session.options.jobs, "How many compilers run at a time")->check(CLI::Range(1, 1024));
    app.add_option("--color", session.options.color, "auto, always or never")
        ->check(CLI::IsMember({"auto", "always", "never"}));
}

// The words of the command line; of `kik run` with a `--` before the program, so that all that follows is the program's own.
std::vector<std::string> arguments(const CLI::App& app, int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    bool running = false;
    for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
        if (words[i].size() > 1 && words[i].front() == '-') {
            const CLI::Option* option = app.get_option_no_throw(words[i]);
            if (option != nullptr && option->get_expected_min() > 0) ++i;
        } else if (!running && words[i] == "run") {
            running = true;
        } else {
            if (running) words.insert(words.begin() + static_cast<std::ptrdiff_t>(i), "--");
            break;
        }
    }
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    return words;
}

// CLI11 says of an unknown command that one is required; a person wants to know which word was wrong.
kayton::Error usage_error(const CLI::App& app, const CLI::ParseError& problem, int argc, char** argv) {
    kayton::Error error{kayton::ErrorKind::kUsage, problem.what(), "Run: kik --help"};
    if (!app.get_subcommands().empty()) {
        error.remedy = "Run: kik " + app.get_subcommands().front()->get_name() + " --help";
        return error;
    }
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word.empty() || word.front() == '-') continue;
        error.message = "`" + word + "` is not a command of kik";
        std::vector<std::string> names;
        for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
            if (!command->get_group().empty()) names.push_back(command->get_name());
        }
        const std::vector<std::string> near = kayton::kik::closest(word, names);
        if (!near.empty()) error.remedy = "did you mean `kik " + near.front() + "`?";
        return error;
    }
    return error;
}

}  // namespace

int main(int argc, char** argv) {
    namespace kik = kayton::kik;
    kik::catch_interrupts();
    Session session;
    session.command = words(argc, argv);
    CLI::App app{"kik: Kayton's environments and crates"};
    app.name("kik");
    app.set_version_flag("--version", kayton::version_line("kik"));
    app.footer("Run `kik COMMAND --help` for a command's own options and examples.");
    app.require_subcommand(1);
    // Flags may stand before or after the subcommand.
    app.fallthrough();
    add_flags(app, session);
    kik::add_commands(app, session);
    if (argc == 1) {
        session.console.data(app.help());
        return 0;
    }

    try {
        app.parse(arguments(app, argc, argv));
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
        const kayton::Error usage = usage_error(app, error, argc, argv);
        session.console.error(usage);
        return kik::exit_code(usage);
    }
    Result<void> done;
    try {
        done = session.action();
    } catch (const std::exception& problem) {
        done = kayton::fail(kayton::ErrorKind::kInternal, std::string("unexpected: ") + problem.what(),
                            "This is a fault of kik; please report it with the command you ran");
    }
    if (done) return session.exit_status;
    session.console.error(done.error());
    return kik::exit_code(done.error());
}
