// Worker: one worker process and the supervisor's end of its channel. It starts the process, keeps the protocol's order
// (hello first, one run at a time, ids strictly in sequence), and knows why the process ended. Nothing it does blocks
// on the worker: a message that finds the ring full waits here, and work per turn is capped, so that one worker cannot
// starve another served by the same thread.
// Owned by a Session; one thread.
#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/channel.h"
#include "shared/message.h"
#include "supervisor/broker/system_call_broker.h"
#include "supervisor/checkpoint/checkpoint.h"
#include "supervisor/link/code_arena.h"
#include "supervisor/monitor/usage_watch.h"
#include "supervisor/spawn/child_process.h"

namespace kayton {

enum class EndReason {
    kExited,             // the process ended by itself, with an exit status
    kSignal,             // a signal that we did not send: a crash
    kLimit,              // killed: a limit (which, in `detail`)
    kProtocolViolation,  // killed: broke the channel's rules (which, in `violation`)
    kInterrupted,        // killed: did not stop when interrupted
    kSupervisorClosed,   // ended because the supervisor closed it
};

struct WorkerEnd {
    EndReason reason = EndReason::kExited;
    ProcessEnd process;                  // as the kernel says
    std::optional<Violation> violation;  // kProtocolViolation
    std::string detail;                  // more words, for people
    std::unique_ptr<CrashPage> crash;    // a copy of what the worker left, if it left anything; untrusted
    pid_t pid = -1;
};

// What a worker sends, in order. Called from Worker::turn.
class WorkerEvents {
  public:
    virtual ~WorkerEvents() = default;
    virtual void on_output(bool error, std::string_view bytes) = 0;
    virtual void on_finished(Finished finished) = 0;
    virtual void on_input_request(const std::string& prompt) = 0;  // answer with Worker::reply_input
    virtual void on_display(Display display) = 0;                  // whole
};

struct WorkerRequest {
    std::filesystem::path program;
    std::vector<std::string> environment;
    Setup setup;
    UsageLimits limits;
    std::vector<NetGrant> net;  // hosts, where setup.sandbox.net is kHosts
    size_t code_capacity = CodeArena::kDefaultCodeCapacity;
    size_t data_capacity = CodeArena::kDefaultDataCapacity;
};

class Worker {
  public:
    // Starts the process and queues its setup; the hello comes in a later turn.
    [[nodiscard]] static Result<std::unique_ptr<Worker>> start(const WorkerRequest& request);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();

    // Handles what is there, else waits at most `timeout` for something; handles a bounded share of it.
    void turn(std::chrono::milliseconds timeout, WorkerEvents& events);

    [[nodiscard]] bool ready() const { return hello_.has_value() && !end_; }
    [[nodiscard]] const Hello& hello() const { return *hello_; }  // REQUIRES: ready() was true
    [[nodiscard]] CodeArena& arena() { return arena_; }
    [[nodiscard]] bool running() const { return open_run_ != 0; }
    // The supervisor decides about the worker's forks: without that, none is allowed, and there are no checkpoints.
    [[nodiscard]] bool brokered() const { return broker_.has_value(); }
    // What the broker last refused, and what allows it.
    [[nodiscard]] std::string take_refusal() { return broker_ ? broker_->take_refusal() : std::string(); }
    [[nodiscard]] bool waits_for_input() const { return open_input_ != 0; }
    [[nodiscard]] const std::optional<WorkerEnd>& end() const { return end_; }
    [[nodiscard]] std::optional<WorkerEnd> take_end() { return std::exchange(end_, std::nullopt); }
    [[nodiscard]] pid_t pid() const { return process_.pid(); }
    // Kills the programs that it has started, but not its checkpoints, of which `kept` are somebody else's.
    void end_programs(std::vector<pid_t> kept) const;

    // Passes on what was written to the process's own descriptors 1 and 2, as far as it is there.
    void drain_pipes(WorkerEvents& events);
    // REQUIRES: ready() and not running(). The id is the answer's. An entry of 0: argv is a program to start.
    [[nodiscard]] Result<uint64_t> run(uint64_t entry, std::vector<std::string> argv, bool only_startup = false);
    [[nodiscard]] Result<void> add_source(const std::string& file, std::string_view text);
    // REQUIRES: waits_for_input(). A line has its newline; nothing: the end of the input.
    void reply_input(std::optional<std::string> line);
    void reply_input_interrupted();
    // Asks the open run to stop with KeyboardInterrupt.
    void interrupt();
    // Wakes it again for the same: a signal that comes just before a blocking call does not break that call off.
    void remind() { process_.signal(SIGUSR1); }
    // The worker says that the run has raised KeyboardInterrupt, whatever became of it.
    [[nodiscard]] bool interrupt_taken() const { return channel_.control().interrupt_taken.load() == interrupts_; }
    // Has the worker leave a frozen copy of itself, in place of the one before; waits until it has. REQUIRES: ready()
    // and not running(). An error says why there is none; the worker may have ended over it. `whole`: the worker has
    // one thread only, so the copy can go on as it did; else it can only give its values.
    [[nodiscard]] Result<void> make_checkpoint(bool whole, WorkerEvents& events);
    [[nodiscard]] bool has_checkpoint() const { return checkpoint_.alive(); }
    void drop_checkpoint();
    // One that was taken: kept again, or let go.
    void keep_checkpoint(KeptCheckpoint checkpoint) { checkpoint_ = std::move(checkpoint); }
    void drop(KeptCheckpoint checkpoint);
    [[nodiscard]] pid_t checkpoint_pid() const { return checkpoint_.frozen ? checkpoint_.frozen->pid() : -1; }
    // The checkpoint, to be kept beyond the next ones. REQUIRES: has_checkpoint().
    [[nodiscard]] KeptCheckpoint take_checkpoint();
    // The copy becomes the worker, at the state it had when it was made, over new rings. REQUIRES: the worker has ended
    // and its end was taken; the checkpoint is alive(). After an error there is no worker.
    [[nodiscard]] Result<void> resume(KeptCheckpoint checkpoint, WorkerEvents& events);

    // Variables as bytes that only a worker understands, and which are not among them: position and reason.
    // REQUIRES: ready() and not running().
    struct SavedGlobals {
        std::string bytes;
        std::vector<std::pair<std::string, uint64_t>> lost;
    };
    using Globals = std::vector<std::pair<std::string, uint64_t>>;  // type signature, address
    [[nodiscard]] Result<SavedGlobals> save_values(const Globals& globals, WorkerEvents& events);
    [[nodiscard]] Result<void> restore_values(const Globals& globals, std::string_view bytes, WorkerEvents& events);

    // Kills the process; what it had published is still delivered, then end() says why.
    void kill(EndReason reason, std::string detail);
    // Asks the worker to end by itself and waits up to `grace` for it.
    void shut_down(std::chrono::milliseconds grace);

    // Sends any message, past the order kept above; a seam for the tests of faults.
    [[nodiscard]] Result<void> send(const SupervisorMessage& message);
    [[nodiscard]] size_t queued_bytes() const { return queued_bytes_; }

  private:
    Worker(Channel channel, CodeArena arena, ChildProcess process, UniqueFd output, UniqueFd error, UsageLimits limits);

    void wait(std::chrono::milliseconds timeout);
    // Whether there was anything.
    bool forward_pipe(UniqueFd& pipe, bool error, WorkerEvents& events);
    bool forward_pipes(WorkerEvents& events);
    [[nodiscard]] bool receive(WorkerEvents& events);  // true: more than output, or more is there
    void flush_output(WorkerEvents& events);
    [[nodiscard]] std::optional<Violation> handle(const FrameHeader& header, WorkerEvents& events);
    [[nodiscard]] std::optional<Violation> accept(Hello hello);
    [[nodiscard]] std::optional<Violation> assemble(Display piece, WorkerEvents& events);
    // The answers about checkpoints and values.
    [[nodiscard]] std::optional<Violation> accept_answer(WorkerMessage& message);
    // Turns until the awaited answer has come; false when the worker ended or took too long, for which it is killed.
    [[nodiscard]] bool await_answer(WorkerEvents& events, const char* what);
    void flush_queue();
    void watch_limits();
    void violate(Violation violation);
    void finish(ProcessEnd process, WorkerEvents& events);

    Channel channel_;
    CodeArena arena_;
    ChildProcess process_;
    std::array<UniqueFd, 2> pipes_;  // what the process writes to its descriptors 1 and 2
    std::optional<Hello> hello_;
    std::deque<EncodedMessage> queue_;  // found the ring full
    size_t queued_bytes_ = 0;
    Bytes payload_;
    std::string output_;  // of one stream, not yet passed on
    bool output_is_error_ = false;
    std::optional<Display> display_;  // of which pieces are still to come
    size_t display_size_ = 0;
    uint64_t last_run_ = 0;
    uint64_t open_run_ = 0;
    uint64_t last_input_ = 0;
    uint64_t open_input_ = 0;
    uint64_t interrupts_ = 0;
    std::vector<std::string> writable_;  // folders
    bool may_run_ = false;
    pid_t session_ = -1;
    NetAccess net_access_ = NetAccess::kNone;
    std::vector<NetGrant> net_;
    std::optional<SystemCallBroker> broker_;
    KeptCheckpoint checkpoint_;
    std::vector<UniqueFd> dropped_;  // killed checkpoints that the worker, their parent, has yet to wait for
    uint64_t last_checkpoint_ = 0;
    uint64_t awaited_checkpoint_ = 0;  // its answer has not come
    uint64_t awaited_resume_ = 0;
    int32_t checkpoint_error_ = 0;
    bool awaits_values_ = false;    // of save_values
    bool awaits_restored_ = false;  // the answer of restore_values
    bool restored_ = false;
    SavedGlobals saved_;
    bool doorbell_open_ = true;
    std::chrono::steady_clock::time_point doorbell_closed_at_{};
    UsageWatch usage_;
    std::chrono::milliseconds core_time_{0};
    std::chrono::steady_clock::time_point crashed_at_{};  // it has begun to write its crash record
    bool killed_ = false;
    WorkerEnd kill_reason_;
    std::optional<WorkerEnd> end_;
};

}  // namespace kayton
