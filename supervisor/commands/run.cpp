// kayton run FILE [arguments…]: the worker starts first and gets ready while this process compiles.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "compiler/compile.h"
#include "compiler/syntax/parser.h"
#include "supervisor/cache/program_cache.h"
#include "supervisor/commands/commands.h"
#include "supervisor/commands/crash_message.h"
#include "supervisor/commands/interrupts.h"
#include "supervisor/commands/run_steps.h"
#include "supervisor/commands/terminal_io.h"
#include "supervisor/sandbox/header_request.h"
#include "supervisor/session.h"

namespace kayton {
namespace {

constexpr int kStatusBrokenPipe = 128 + SIGPIPE;

// Compiles on a thread of its own, so that Ctrl-C is answered at once however long it takes.
class BackgroundCompile {
  public:
    BackgroundCompile(const Environment& environment, const SourceFile& source, const CompileOptions& options)
        : compiler_(environment),
          thread_([this, &source, options] { promise_.set_value(compiler_.compile(source, options)); }) {}
    BackgroundCompile(const BackgroundCompile&) = delete;
    BackgroundCompile& operator=(const BackgroundCompile&) = delete;
    ~BackgroundCompile() { thread_.join(); }

    [[nodiscard]] bool wait(std::chrono::milliseconds time) {
        return future_.wait_for(time) == std::future_status::ready;
    }
    [[nodiscard]] CompileOutcome take() { return future_.get(); }

  private:
    Compiler compiler_;
    std::promise<CompileOutcome> promise_;
    std::future<CompileOutcome> future_ = promise_.get_future();
    std::thread thread_;
};

}  // namespace

int interrupted_status(const Interrupts& interrupts) {
    if (interrupts.terminated() != 0) {
        return 128 + interrupts.terminated();
    }
    std::fputs("KeyboardInterrupt\n", stderr);
    return kStatusInterrupted;
}

void warn_of_missing_layers(const std::vector<std::string>& layers) {
    for (const std::string& layer : layers) {
        std::fprintf(stderr,
                     "kayton: warning: this machine's kernel lacks %s: programs run without that layer of the "
                     "sandbox (--sandbox=strict refuses)\n",
                     layer.c_str());
    }
}

namespace {

// Grants what the program's header asks for and nobody has granted, if the person says so: asked on a terminal, an
// error elsewhere.
Result<void> settle_request(const std::string& text, const RunCommand& command, const Environment& environment,
                            SandboxGrants& grants) {
    const auto request = read_header_request(text, command.file);
    if (!request) {
        return tl::unexpected(request.error());
    }
    SandboxGrants held = grants;
    if (auto added = add_environment_grants(environment, held); !added) {
        return added;
    }
    std::error_code error;
    const std::vector<std::string> missing = not_granted(*request, held, std::filesystem::current_path(error));
    if (missing.empty()) {
        return {};
    }
    std::string options;
    for (const std::string& option : missing) {
        options += option + " ";
    }
    const std::string asked = command.file.string() + " asks for permissions that it does not have: " + options;
    if (::isatty(STDIN_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0) {
        std::fprintf(stderr, "kayton: %s\nallow for this run? [y/N] ", asked.c_str());
        std::string answer;
        if (std::getline(std::cin, answer) && (answer == "y" || answer == "yes")) {
            grant(*request, grants);
            return {};
        }
    }
    return fail(
        ErrorKind::kInput, asked,
        "kayton run " + options + command.file.string() + " grants them for one run, kik allow for the environment");
}

}  // namespace

Result<SessionOptions> session_options(const std::string& header, const RunCommand& command,
                                       const Environment& environment) {
    SessionOptions options;
    options.environment = environment;
    options.grants = command.grants;
    if (auto settled = settle_request(header, command, environment, options.grants); !settled) {
        return tl::unexpected(settled.error());
    }
    options.output_is_terminal = on_terminal(stdout);
    return options;
}

std::vector<std::string> argv_of(const RunCommand& command) {
    std::vector<std::string> argv{command.file.string()};
    argv.insert(argv.end(), command.arguments.begin(), command.arguments.end());
    return argv;
}

bool on_terminal(std::FILE* stream) { return ::isatty(::fileno(stream)) != 0; }

int status_of(const RunOutcome& outcome, const TerminalIo& io, const Interrupts& interrupts, const RunCommand& command,
              const Session& session) {
    if (io.output_error() != 0) {
        if (io.output_error() == EPIPE) {
            return kStatusBrokenPipe;
        }
        return report_error({ErrorKind::kSystem,
                             std::string("cannot write to standard output: ") + std::strerror(io.output_error()),
                             {}});
    }
    if (interrupts.terminated() != 0) {
        return 128 + interrupts.terminated();
    }
    if (outcome.finished) {
        std::fputs(outcome.finished->traceback.c_str(), stderr);
        report_help(outcome.help);
        if (!outcome.finished->leaks.empty()) {
            std::fprintf(stderr, "kayton: leak check: %s\n", outcome.finished->leaks.c_str());
            return kStatusLeaks;
        }
    } else {
        std::string typed = "kayton run " + command.file.string();
        for (const std::string& argument : command.arguments) {
            typed += " " + argument;
        }
        tell_worker_end(outcome, typed, session.options());
    }
    return outcome.exit_status;
}

int run_command(const RunCommand& command) {
    Interrupts interrupts;
    if (command.file.extension() == ".ipynb") {
        return run_notebook(command, interrupts);
    }
    auto text = syntax::load_source(command.file);
    if (interrupts.asked_to_end()) {
        return interrupted_status(interrupts);
    }
    if (!text) {
        return report_error(text.error());
    }
    auto environment = active_environment();
    if (!environment) {
        return report_error(environment.error());
    }
    TerminalIo io(interrupts);
    auto options = session_options(*text, command, *environment);
    if (!options) {
        return report_error(options.error());
    }
    options->one_program = true;
    options->leak_check = command.leak_check;
    auto started = Session::start(std::move(*options), io);
    if (!started) {
        return report_error(started.error());
    }
    Session& session = **started;
    interrupts.watch(&session);
    io.serve(&session);

    const SourceFile source(command.file.string(), std::move(*text));
    const OptLevel opt = command.quick ? OptLevel::kO0 : OptLevel::kO2;
    const ProgramCache cache(*environment, source, opt);
    std::optional<CachedProgram> program = cache.find();
    if (!program) {
        // The compiler goes before the program runs, and with it the shipped modules' texts that messages show.
        BackgroundCompile compile(*environment, source, {.opt = opt});
        while (!compile.wait(std::chrono::milliseconds(50)) || interrupts.asked_to_end()) {
            if (interrupts.asked_to_end()) {
                const int status = interrupted_status(interrupts);
                started->reset();  // the worker and its folder go; the compiler is not waited for
                std::fflush(stderr);
                std::_Exit(status);
            }
        }
        CompileOutcome compiled = compile.take();
        if (!compiled.import_errors.empty() || !compiled.ok) {
            std::fputs(render_text(compiled.diagnostics, on_terminal(stderr)).c_str(), stderr);
            int status = 1;
            for (const Error& error : compiled.import_errors) {
                status = report_error(error);
            }
            return status;
        }
        program = CachedProgram{std::move(compiled.module), std::move(compiled.imported),
                                render_text(compiled.diagnostics, false), render_text(compiled.diagnostics, true)};
        cache.store(*program, compiled.sought_in_vain);
    }
    std::fputs((on_terminal(stderr) ? program->coloured_warnings : program->warnings).c_str(), stderr);
    if (auto ready = session.wait_ready(); !ready) {
        return interrupts.asked_to_end() ? interrupted_status(interrupts) : report_error(ready.error());
    }
    warn_of_missing_layers(session.missing_layers());
    program->imported.emplace_back(source.name(), source.text());
    for (const auto& [file, content] : program->imported) {
        if (auto added = session.add_source(file, content); !added) {
            return report_error(added.error());
        }
    }
    if (interrupts.asked_to_end()) {
        return interrupted_status(interrupts);
    }
    auto outcome = session.run(program->module, argv_of(command));
    if (!outcome) {
        return interrupts.asked_to_end() ? interrupted_status(interrupts) : report_error(outcome.error());
    }
    return status_of(*outcome, io, interrupts, command, session);
}

}  // namespace kayton
