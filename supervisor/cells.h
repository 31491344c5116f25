// Cells: a conversation in cells over one session, as `kayton repl` and the Jupyter kernel hold it. It keeps the compiler
// that knows what earlier cells defined, and every cell's text for as long as the compiler refers to it.
// compile(), run() and start_again() belong to the session's thread. What only asks the compiler may be called from any
// thread, also while a cell runs.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/compile.h"
#include "shared/result.h"
#include "supervisor/session.h"

namespace kayton {

class Cells {
  public:
    enum class Completeness { kComplete, kIncomplete, kInvalid };

    // The session must outlive it.
    explicit Cells(Session& session, OptLevel opt = OptLevel::kO0);
    Cells(const Cells&) = delete;
    Cells& operator=(const Cells&) = delete;

    // `name` is what tracebacks call the cell: "<cell 3>". The text is UTF-8.
    [[nodiscard]] CompileOutcome compile(std::string name, std::string text);
    // Runs what the last compile() gave. REQUIRES: it was ok. An error means that nothing of it ran. What a cell that did
    // not end well left unassigned is as before it; where the worker ended and no variables could be kept (the outcome's
    // recovery is kNone), start_again() goes on.
    [[nodiscard]] Result<RunOutcome> run(const CompileOutcome& compiled, std::vector<std::string> argv = {""});
    // Runs again what an earlier run() left at the session's last_entry(). REQUIRES: no state was gone back to since then.
    [[nodiscard]] Result<RunOutcome> run_again(uint64_t entry, std::vector<std::string> argv);

    // Starts a program in place of compiled code; see Session.
    [[nodiscard]] Result<RunOutcome> run_program(std::vector<std::string> argv);

    // The next cell to run begins a step: undo() goes back to before it. `step` is what the person knows it by; nothing:
    // it does not, and belongs to the step before.
    void begin_step(std::optional<std::string> step) { step_ = std::move(step); }
    // As the session's, with the compiler beside it. When no worker is left after an error, it has started another.
    [[nodiscard]] Result<WentBack> undo(size_t count);
    [[nodiscard]] Result<std::string> name_state(const std::string& name);
    [[nodiscard]] Result<WentBack> restore(const std::string& name);

    // After the end of a worker: another one, and a compiler that knows nothing of the old one's values.
    [[nodiscard]] Result<void> start_again();

    // What is installed in the session's environment, read again: crates that came while it ran can be imported.
    [[nodiscard]] Result<void> reread_environment();

    // Does the text need more lines? A block ends with an empty line, as at Python's prompt.
    [[nodiscard]] static Completeness completeness(const std::string& text);
    // Where the first line magic behind lines of the program begins: a line with '%' and a letter first, where no bracket
    // or string of the lines before it is open. npos: there is none.
    [[nodiscard]] static size_t next_line_magic(const std::string& text);
    // What may stand for a name, and the members of an expression's value, which is not run.
    [[nodiscard]] std::vector<NameInfo> visible_names() const;
    [[nodiscard]] std::vector<NameInfo> members_of(const std::string& expression) const;
    // What an expression is, not run; else why it does not compile.
    [[nodiscard]] Description describe(const std::string& expression) const;
    // The text of a function or class that a cell has defined; else empty.
    [[nodiscard]] std::string definition_of(const std::string& name) const;
    // Names that cells defined and their types, sorted.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> names() const;

  private:
    void forget();
    Result<RunOutcome> names_kept(Result<RunOutcome> outcome);
    Result<WentBack> follow(Result<WentBack> back);

    Session& session_;
    OptLevel opt_;
    std::optional<std::string> step_;
    mutable std::mutex compiler_lock_;
    std::deque<std::unique_ptr<SourceFile>> sources_;  // outlive the compiler, which refers to them
    std::unique_ptr<Compiler> compiler_;
};

}  // namespace kayton
