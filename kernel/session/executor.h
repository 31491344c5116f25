// Executor: runs execute requests and messages for the program's comms, one after the other, on a thread of its own. Each
// subshell has a queue of its own, and they take turns: a request waits for what runs, not for what another has queued. It owns the supervisor's session and the
// cells; what the program writes and shows goes to the outbox, attributed to the request that made it.
// submit(), interrupt(), answer_input() and stop() may be called from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "kernel/messages/magics.h"
#include "kernel/session/comms.h"
#include "kernel/session/outbox.h"
#include "kernel/session/stale_cells.h"
#include "kernel/wire/message.h"
#include "shared/environment.h"
#include "supervisor/cells.h"
#include "supervisor/session.h"

namespace kayton::kernel {

class History;

struct ExecutorOptions {
    SessionOptions session;
    std::string missing_environment;  // what is wrong with the kernel's environment; empty: nothing
};

// What went wrong with a cell, as an `error` message says it.
struct CellError {
    std::string name;
    std::string value;
    std::vector<std::string> traceback;
    [[nodiscard]] Json json() const { return {{"ename", name}, {"evalue", value}, {"traceback", traceback}}; }
};

class Executor : private SessionIo {
  public:
    Executor(ExecutorOptions options, Outbox& outbox, History& history);
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;
    ~Executor() override;

    void submit(Request request);
    void interrupt();
    // What a deleted subshell had not run is aborted.
    void drop_subshell(const std::string& id);
    // The line a client sent for an input request.
    void answer_input(std::string line);
    // Ends the running cell and the worker; nothing is executed any more.
    void stop();

    // Tells the clients again that the kernel is busy, if a cell runs: after the `idle` of another request.
    void tell_busy() const;
    [[nodiscard]] int64_t execution_count() const { return count_.load(); }
    // The session's cells, for questions about names; waits until they are there. Null: the session did not start.
    [[nodiscard]] Cells* cells();
    [[nodiscard]] Comms& comms() { return comms_; }

  private:
    struct Cell;
    void write(bool error, std::string_view bytes) override;
    void show(Display display) override;
    InputState read_line(std::string_view prompt, std::string& line) override;

    void loop();
    void start_session();
    void execute(const Request& request);
    [[nodiscard]] std::optional<Request> next_request();  // REQUIRES: the lock
    void abort(const std::deque<Request>& requests);
    void deliver(const Request& request);  // a comm's message, to the program
    std::optional<CellError> run_receiver(const Request& request);
    // Compiles and runs; an error is what the cell failed with.
    std::optional<CellError> evaluate(const std::string& name, const std::string& code, bool quiet);
    std::optional<CellError> error_of(const CompileOutcome& compiled) const;
    CellError error_of(const Error& error);
    std::optional<CellError> error_of(const RunOutcome& outcome);
    // executor_magics.cpp
    std::optional<CellError> run_text(const std::string& code, const std::string& name);
    std::optional<CellError> run_magic(const Magic& magic, const std::string& name);
    std::optional<CellError> time_often(const std::string& code, const std::string& name);
    std::optional<CellError> run_kik(std::vector<std::string> words);
    std::optional<CellError> go_back(const Magic& magic);  // %undo, %checkpoint, %restore
    std::optional<CellError> run_script(const std::string& shell, const std::string& script);
    static CellError unknown_magic(const Magic& magic);
    void note_stale(const std::string& code, std::string id);
    [[nodiscard]] bool keep_report(const RunOutcome& outcome) const;
    Json evaluate_expressions(const Json& expressions);

    ExecutorOptions options_;
    Outbox& outbox_;
    History& history_;

    mutable std::mutex lock_;
    std::condition_variable changed_;
    struct Lane {
        std::deque<Request> waiting;
        uint64_t served = 0;  // when it was last its turn
    };
    std::map<std::string, Lane> lanes_;  // by subshell; "": the main shell
    uint64_t turn_ = 0;
    bool stopping_ = false;
    bool session_tried_ = false;
    std::optional<std::string> input_;
    std::shared_ptr<const Parent> parent_;  // of the cell that runs
    std::unique_ptr<Session> session_;      // written once, under the lock
    std::unique_ptr<Cells> cells_;

    // The thread's own
    std::optional<CellError> start_error_;
    uint64_t receiver_ = 0;  // where the receiver of comm messages is linked; 0: it is not
    std::string receiver_module_;
    Comms comms_;
    StaleCells stale_;
    CellRun run_;  // what the cell at hand has used and changed so far
    bool allow_stdin_ = false;
    bool silent_ = false;
    std::map<std::string, std::string>* captured_ = nullptr;  // a user expression's value goes here
    bool exit_wished_ = false;
    Json payload_;
    std::string last_result_;
    std::atomic<int64_t> count_{0};
    std::thread thread_;
};

}  // namespace kayton::kernel
