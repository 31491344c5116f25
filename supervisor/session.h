// Session: the one door to the supervisor. A session runs compiled modules in a worker of its own, for one environment,
// with the program's output and input passed through SessionIo. A worker that crashes, hangs or breaks the channel's
// rules ends with a report; the session lives on: with `checkpoints`, at the state before the run that ended it, else
// with another worker.
// One thread, except interrupt() and terminate(), which any thread or signal handler may call.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile.h"
#include "shared/environment.h"
#include "shared/result.h"
#include "supervisor/checkpoint/undo_history.h"
#include "supervisor/monitor/worker.h"
#include "supervisor/report/crash_report.h"
#include "supervisor/sandbox/policy.h"
#include "supervisor/sandbox/temporary_folder.h"

namespace kayton {

class Linker;

// The program's streams. Called on the session's thread, while a module runs.
class SessionIo {
  public:
    enum class InputState { kLine, kEndOfFile, kInterrupted };
    virtual ~SessionIo() = default;
    virtual void write(bool error, std::string_view bytes) = 0;
    // The value of a cell and what display() shows: as plain text on standard output, where nothing better is known.
    virtual void show(Display display);
    // A line with its newline, which the last one may lack; the prompt has not been shown yet. kInterrupted when
    // Session::interrupt_pending() or terminating() has become true.
    virtual InputState read_line(std::string_view prompt, std::string& line) = 0;
};

struct SessionOptions {
    Environment environment;
    std::filesystem::path worker_program;  // empty: the one beside this program
    std::filesystem::path working_folder;  // empty: the current one
    SandboxGrants grants;
    bool output_is_terminal = false;  // output is passed on line by line
    bool one_program = false;         // the first run is the last: globals are released at its end
    bool leak_check = false;          // with one_program: Finished names the objects that a run left behind
    bool checkpoints = false;         // one before each run: its variables survive the worker's end
    size_t undo_steps = 5;            // with checkpoints: how many can be gone back over
    uint64_t undo_memory = uint64_t{512} << 20;  // bytes that they may hold beyond what the worker holds itself
    std::chrono::milliseconds start_limit{30'000};
    std::chrono::milliseconds interrupt_grace{2'000};
};

// What became of the variables when the worker ended.
enum class Recovery {
    kNone,  // the worker is gone with all it held: restart() gives another
    // The session is alive(), and the compiler must forget the cell: forget_last_cell(outcome.lost).
    kResumed,   // every variable is as before the run
    kRestored,  // in a new worker; the names in `lost` are gone
};

// How a run ended: with the program's own end, or with the worker's.
struct RunOutcome {
    std::optional<Finished> finished;
    std::optional<WorkerEnd> worker_end;
    std::string report;                // of the worker's end: one line for the person; else empty
    std::optional<CrashReport> crash;  // the same at length
    Recovery recovery = Recovery::kNone;
    std::vector<std::string> lost;  // names that a kRestored session no longer has
    std::string recovery_note;      // what became of the variables, in words; empty without `checkpoints`
    std::string notice;             // something to tell the person once; mostly empty
    std::string help;               // what the person can do about the exception that ended it; mostly empty
    std::string refusal;            // what of the network the sandbox refused last, and what allows it
    int exit_status = 0;            // what `kayton run` exits with
};

// The session stands at an earlier state.
struct WentBack {
    std::shared_ptr<const check::SessionState> names;  // what the compiler is to return to
    std::vector<std::string> lost;                     // and forget: names that could not be kept
    std::string step;                                  // the first step that was undone
    std::string note;                                  // what became of the variables, where not all came back
    std::string lasting;                               // what was not rolled back, as far as it is known
};

constexpr int kStatusInterrupted = 130;  // 128 + SIGINT
constexpr int kStatusWorkerLost = 70;    // the worker ended by itself or was killed for cause
constexpr int kStatusLeaks = 71;         // a leak check found objects

class Session {
  public:
    // Starts the worker and returns at once: the caller compiles while it gets ready.
    [[nodiscard]] static Result<std::unique_ptr<Session>> start(SessionOptions options, SessionIo& io);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    // Gives the worker a source text for tracebacks, by the name its frames carry.
    [[nodiscard]] Result<void> add_source(const std::string& file, std::string_view text);

    // Links and runs a module. An error means that nothing of it ran.
    [[nodiscard]] Result<RunOutcome> run(const CompiledModule& module, std::vector<std::string> argv);
    // The same for code that is linked already.
    [[nodiscard]] Result<RunOutcome> run_at(uint64_t entry, std::vector<std::string> argv);

    // Starts a program in the worker's sandbox, which needs the permission for it, and waits for its end: the outcome's
    // exit_status, and an exception where it cannot be started. REQUIRES: argv is not empty.
    [[nodiscard]] Result<RunOutcome> run_program(std::vector<std::string> argv);

    // With `checkpoints`: the state before the next run that ends by itself is one that undo() goes back to. `names` is
    // what the compiler knew then; null: it is not.
    void begin_step(std::string step, std::shared_ptr<const check::SessionState> names);
    // Back to before the last `count` steps. After an error that leaves the session without a worker, restart() goes on.
    // REQUIRES: 1 ≤ count ≤ undo_history().steps().
    [[nodiscard]] Result<WentBack> undo(size_t count);
    // Keeps the state as it is now under a name, in place of an earlier one: in words what the person should know.
    [[nodiscard]] Result<std::string> name_state(const std::string& name, std::shared_ptr<const check::SessionState> names);
    // Back to it, or on to it; `now` is what the compiler knows. This is a step that undo() goes back over.
    // REQUIRES: undo_history().has(name).
    [[nodiscard]] Result<WentBack> restore(const std::string& name, std::shared_ptr<const check::SessionState> now);
    [[nodiscard]] const UndoHistory& undo_history() const { return undo_; }

    // Where the last module that run() linked begins: for run_at(), as long as what it uses is there.
    [[nodiscard]] uint64_t last_entry() const { return last_entry_; }

    // Waits until the worker is ready to run something; an error says why it never will be.
    [[nodiscard]] Result<void> wait_ready();

    // Asks the open run to stop with KeyboardInterrupt. The worker is ended if it has not raised it after the grace or
    // at the second call, and at the third call in a row even if it says that it has.
    void interrupt() { interrupts_.fetch_add(1); }
    [[nodiscard]] bool interrupt_pending() const { return interrupts_.load() != served_interrupts_; }
    // An interrupt that came while nothing ran is not meant for the next run.
    void forget_interrupts() { served_interrupts_ = interrupts_.load(); }
    // Ends the open run by killing its worker. Any thread or signal handler.
    void terminate() { terminating_.store(true); }
    [[nodiscard]] bool terminating() const { return terminating_.load(); }

    [[nodiscard]] bool alive() const { return worker_ != nullptr && !worker_->end(); }
    // What is installed has changed. The worker's sandbox holds the environment's folder, whatever is in it.
    void set_environment(Environment environment) { options_.environment = std::move(environment); }
    // What the session holds, where it is not what the last module said: an exception ended it before it was through.
    void set_globals(std::vector<SessionGlobal> globals) { kept_globals_ = std::move(globals); }
    // Starts another worker in place of one that is gone (or still there); what it held is lost.
    [[nodiscard]] Result<void> restart();
    void close();

    [[nodiscard]] const std::vector<std::string>& missing_layers() const { return missing_layers_; }
    [[nodiscard]] const SessionOptions& options() const { return options_; }
    [[nodiscard]] Worker& worker() { return *worker_; }  // REQUIRES: alive() or a run has just ended

  private:
    class Events;
    Session(SessionOptions options, SessionIo& io, TemporaryFolder temporary);
    [[nodiscard]] Result<void> start_worker();
    [[nodiscard]] std::optional<RunOutcome> ended_meanwhile();
    void serve_interrupts();
    void answer_input(const std::string& prompt);
    [[nodiscard]] RunOutcome outcome_of_end();
    [[nodiscard]] std::string make_checkpoint();  // what to tell the person once, if it is the first to fail so
    void recover(RunOutcome& outcome);
    struct Lost {
        std::vector<std::string> names;
        std::string list;  // with the reasons, for the person
    };
    [[nodiscard]] Result<Lost> restore_values();
    [[nodiscard]] Worker::Globals places_of(const std::vector<SessionGlobal>& globals) const;
    void keep(const CompiledModule& module);
    // session_undo.cpp
    [[nodiscard]] std::string keep_step(KeptCheckpoint before);  // what to tell the person
    [[nodiscard]] Result<UndoPoint> freeze_now(std::shared_ptr<const check::SessionState> names, std::string step);
    [[nodiscard]] Result<WentBack> go_back(UndoPoint point);

    SessionOptions options_;
    SessionIo& io_;
    TemporaryFolder temporary_;
    std::unique_ptr<Worker> worker_;
    std::unique_ptr<Linker> linker_;
    std::unique_ptr<Events> events_;
    std::vector<std::string> missing_layers_;
    SandboxPolicy policy_;
    std::map<std::string, std::string> sources_;  // by file: for the lines of a crash report
    std::atomic<int> interrupts_{0};
    std::atomic<bool> terminating_{false};
    int served_interrupts_ = 0;
    // What a new worker needs to take over the variables: with `checkpoints` only.
    struct KeptModule {
        std::string object;
        std::string entry;
    };
    std::vector<KeptModule> kept_modules_;     // those that ended by themselves
    std::vector<SessionGlobal> kept_globals_;  // after them
    uint64_t last_entry_ = 0;
    UndoHistory undo_;
    std::optional<UndoPoint> next_step_;       // without its checkpoint
    int resumes_in_a_row_ = 0;                 // without a run that ended by itself
    bool checkpoints_too_slow_ = false;
    std::string told_;                                 // the last notice
    std::chrono::steady_clock::time_point kill_at_{};  // an interrupt is under way and not taken yet
    std::chrono::steady_clock::time_point remind_at_{};
    std::chrono::steady_clock::time_point first_interrupt_{};  // of those in a row
    int interrupts_in_a_row_ = 0;
    bool runs_program_ = false;  // in place of a module
};

}  // namespace kayton
