// kayton repl: a conversation with one session. Each input is a cell; names stay from cell to cell. An error, an
// exception or the end of the worker ends the cell and not the conversation.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "compiler/compile.h"
#include "shared/bytes.h"
#include "supervisor/cells.h"
#include "supervisor/commands/commands.h"
#include "supervisor/commands/crash_message.h"
#include "supervisor/commands/interrupts.h"
#include "supervisor/commands/line_editor.h"
#include "supervisor/commands/terminal_io.h"
#include "supervisor/completion.h"
#include "supervisor/session.h"

namespace kayton {
namespace {

constexpr const char* kPrompt = ">>> ";
constexpr const char* kHelp =
    ":type EXPRESSION   its type; it is not run\n"
    ":names             what you have defined, with types\n"
    ":undo [N]          put every variable back to before the last N inputs (1)\n"
    ":help              this\n"
    "Tab                complete a name, or indent\n"
    "Up, Down           the inputs before and after; within one of several lines, the lines\n"
    "Ctrl-R             search the inputs of this and earlier sessions\n"
    "Alt-Enter          a new line without ending the input\n"
    "Ctrl-C             give up the input, or stop what runs\n"
    "Ctrl-D             end\n";

// The program's input() reads what the editor reads.
class ReplIo : public TerminalIo {
  public:
    ReplIo(const Interrupts& interrupts, LineEditor& editor) : TerminalIo(interrupts), editor_(editor) {}
    InputState read_line(std::string_view prompt, std::string& line) override {
        switch (editor_.read(std::string(prompt), line, [this] { return must_stop(); })) {
            case LineEditor::State::kLine: line += '\n'; return InputState::kLine;
            case LineEditor::State::kEndOfFile: return InputState::kEndOfFile;
            case LineEditor::State::kInterrupted: break;
        }
        return InputState::kInterrupted;
    }

  private:
    LineEditor& editor_;
};

class Repl {
  public:
    Repl(LineEditor& editor, Session& session, ReplIo& io)
        : editor_(editor), session_(session), io_(io), cells_(session) {
        editor_.set_completion([this](const std::string& text) {
            LineEditor::Choices choices;
            Completions found = complete_at(cells_, text, text.size());
            choices.begin = found.begin;
            for (NameInfo& name : found.names) {
                choices.words.push_back(std::move(name.name));
            }
            return choices;
        });
    }
    Repl(const Repl&) = delete;
    Repl& operator=(const Repl&) = delete;
    ~Repl() { editor_.set_completion({}); }

    // Until the end of the input, or until the program exits: the status of the command.
    int converse(const Interrupts& interrupts) {
        while (interrupts.terminated() == 0) {
            std::string input;
            const int before = interrupts.count();
            switch (read_input(input, [&] { return interrupts.count() != before || interrupts.terminated() != 0; })) {
                case LineEditor::State::kEndOfFile: return 0;
                case LineEditor::State::kInterrupted:
                    if (interrupts.terminated() == 0) {
                        std::fputs("KeyboardInterrupt\n", stderr);
                    }
                    continue;
                case LineEditor::State::kLine: break;
            }
            if (const auto status = evaluate(input)) {
                return *status;
            }
            if (io_.output_error() != 0) {
                return 1;
            }
        }
        return 128 + interrupts.terminated();
    }

  private:
    // Lines until they make a whole statement: an open bracket or string goes on, a block ends with an empty line.
    LineEditor::State read_input(std::string& input, const std::function<bool()>& stop) {
        input.clear();
        for (;;) {
            std::string line;
            const auto state = input.empty() ? editor_.read(kPrompt, line, stop)
                                             : editor_.read_more("... ", kPrompt, input, line, stop);
            if (state == LineEditor::State::kEndOfFile && !input.empty()) {
                return LineEditor::State::kLine;
            }
            if (state != LineEditor::State::kLine) {
                return state;
            }
            if (input.empty() && line.find_first_not_of(" \t\r") == std::string::npos) {
                continue;
            }
            const bool command = input.empty() && line.starts_with(':');
            input += line;
            input += '\n';
            if (command) {
                return LineEditor::State::kLine;
            }
            if (!is_utf8(input) || Cells::completeness(input) != Cells::Completeness::kIncomplete) {
                return LineEditor::State::kLine;
            }
        }
    }

    // The exit status, when the cell ends the conversation.
    std::optional<int> evaluate(const std::string& input) {
        if (const size_t good = utf8_valid_prefix(input); good != input.size()) {
            std::fprintf(stderr, "kayton: the input is not UTF-8: byte %zu\n", good + 1);
            return std::nullopt;
        }
        session_.forget_interrupts();
        editor_.remember(input.substr(0, input.find_last_not_of(" \n") + 1));
        if (input.starts_with(':')) {
            obey(input.substr(1));
            return std::nullopt;
        }
        cells_.begin_step("input " + std::to_string(cell_ + 1));
        const CompileOutcome compiled = cells_.compile("<cell " + std::to_string(++cell_) + ">", input);
        std::fputs(render_text(compiled.diagnostics, ::isatty(STDERR_FILENO) != 0).c_str(), stderr);
        for (const Error& error : compiled.import_errors) {
            report_error(error);
        }
        if (!compiled.ok || !compiled.import_errors.empty()) {
            return std::nullopt;
        }
        auto outcome = cells_.run(compiled);
        if (!outcome) {
            report_error(outcome.error());
            start_again("names defined before are gone");
            return std::nullopt;
        }
        if (!outcome->notice.empty()) {
            std::fprintf(stderr, "kayton: note: %s\n", outcome->notice.c_str());
        }
        if (outcome->worker_end) {
            tell_worker_end(*outcome, "kayton repl", session_.options());
            if (outcome->recovery != Recovery::kNone) {
                std::fprintf(stderr, "kayton: %s\n", outcome->recovery_note.c_str());
            } else {
                start_again(outcome->recovery_note);
            }
            return std::nullopt;
        }
        std::fputs(outcome->finished->traceback.c_str(), stderr);
        report_help(outcome->help);
        if (outcome->finished->exception_class == "SystemExit") {
            return outcome->exit_status;
        }
        return std::nullopt;
    }

    // What is said to the session itself: ":type x".
    void obey(const std::string& text) {
        const size_t end = std::min(text.find_first_of(" \t\n"), text.size());
        const std::string name = text.substr(0, end);
        const size_t begin = std::min(text.find_first_not_of(" \t\n", end), text.size());
        const std::string argument = text.substr(begin, text.find_last_not_of(" \t\n") + 1 - begin);
        if (name == "type" && !argument.empty()) {
            const Description description = cells_.describe(argument);
            if (description.name) {
                std::printf("%s\n", description.name->signature.c_str());
            } else if (description.diagnostics.empty()) {
                std::fputs("kayton: :type takes one expression\n", stderr);
            }
            std::fputs(render_text(description.diagnostics, ::isatty(STDERR_FILENO) != 0).c_str(), stderr);
        } else if (name == "type") {
            std::fputs("kayton: :type takes an expression, as in :type 1 + 2.5\n", stderr);
        } else if (name == "names") {
            for (const auto& [defined, type] : cells_.names()) {
                std::printf("%s: %s\n", defined.c_str(), type.c_str());
            }
        } else if (name == "undo") {
            undo(argument);
        } else if (name == "help") {
            std::fputs(kHelp, stdout);
        } else {
            const std::string near = nearest_name(name, {"type", "names", "undo", "help"});
            std::fprintf(stderr, "kayton: there is no command :%s\n", name.c_str());
            report_help(near.empty() ? ":help lists them" : "did you mean :" + near + "?");
        }
        std::fflush(stdout);
    }

    void undo(const std::string& argument) {
        size_t count = argument.empty() ? 1 : 0;
        const auto [end, wrong] = std::from_chars(argument.data(), argument.data() + argument.size(), count);
        const size_t most = session_.undo_history().steps();
        if (count == 0 || end != argument.data() + argument.size()) {
            std::fputs("kayton: :undo takes how many inputs to go back over, as in :undo 2\n", stderr);
        } else if (count > most) {
            std::fprintf(stderr, "kayton: the last %zu inputs can be undone\n", most);
        } else if (const auto back = cells_.undo(count); !back) {
            report_error(back.error());
        } else {
            std::printf("variables are as before %s\n", back->step.c_str());
            if (!back->note.empty()) {
                std::printf("%s\n", back->note.c_str());
            }
            if (!back->lasting.empty()) {
                std::printf("not rolled back: %s\n", back->lasting.c_str());
            }
        }
    }

    void start_again(const std::string& what_became_of_names) {
        if (auto restarted = cells_.start_again(); !restarted) {
            report_error(restarted.error());
            return;
        }
        std::fprintf(stderr, "kayton: a new worker goes on from here; %s\n", what_became_of_names.c_str());
    }

    LineEditor& editor_;
    Session& session_;
    ReplIo& io_;
    Cells cells_;
    size_t cell_ = 0;
};

std::filesystem::path history_file() {
    const auto home = kayton_home();
    if (!home) {
        return {};
    }
    std::error_code error;
    std::filesystem::create_directories(*home, error);
    return error ? std::filesystem::path() : *home / "repl_history";
}

}  // namespace

int repl_command(const ReplCommand& command) {
    Interrupts interrupts;
    auto environment = active_environment();
    if (!environment) {
        return report_error(environment.error());
    }
    LineEditor editor(interrupts, history_file());
    ReplIo io(interrupts, editor);
    SessionOptions options;
    options.environment = *environment;
    options.grants = command.grants;
    options.checkpoints = true;
    options.output_is_terminal = ::isatty(STDOUT_FILENO) != 0;
    auto session = Session::start(std::move(options), io);
    if (!session) {
        return report_error(session.error());
    }
    interrupts.watch(session->get());
    io.serve(session->get());
    if (editor.is_terminal()) {
        std::printf("Kayton %s, environment '%s'. Ctrl-D ends, :help tells more.\n", KAYTON_VERSION,
                    environment->name.c_str());
        std::fflush(stdout);
    }
    Repl repl(editor, **session, io);
    const int status = repl.converse(interrupts);
    interrupts.watch(nullptr);
    return status;
}

}  // namespace kayton
