#include "supervisor/session.h"

#include <csignal>
#include <unordered_map>
#include <utility>

#include "supervisor/link/linker.h"
#include "supervisor/sandbox/refusal.h"
#include "supervisor/session_events.h"

namespace kayton {
namespace {

// Output that nobody is in a hurry for is found by the look after this time.
constexpr std::chrono::milliseconds kLook{20};
constexpr std::chrono::milliseconds kCloseGrace{500};
constexpr int kInterruptsThatKill = 3;
constexpr uint64_t kMostThreads = 1024;

// A line of a text by its number from 1, without the white space around it.
std::string line_of(std::string_view text, uint32_t number) {
    for (; number > 1; --number) {
        const size_t end = text.find('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    text = text.substr(0, text.find('\n'));
    const size_t begin = text.find_first_not_of(" \t");
    const size_t end = text.find_last_not_of(" \t\r");
    return begin == std::string_view::npos ? std::string() : std::string(text.substr(begin, end - begin + 1));
}

}  // namespace

void SessionIo::show(Display display) {
    for (const auto& [mime, text] : display.data) {
        if (mime == "text/plain") {
            write(false, text + "\n");
        }
    }
}

Session::Session(SessionOptions options, SessionIo& io, TemporaryFolder temporary)
    : options_(std::move(options)),
      io_(io),
      temporary_(std::move(temporary)),
      events_(std::make_unique<Events>(*this)),
      undo_(options_.undo_steps, options_.undo_memory) {}

Session::~Session() {
    close();
}

Result<std::unique_ptr<Session>> Session::start(SessionOptions options, SessionIo& io) {
    if (options.worker_program.empty()) {
        auto program = find_worker_program();
        if (!program) {
            return tl::unexpected(std::move(program.error()));
        }
        options.worker_program = std::move(*program);
    }
    if (options.working_folder.empty()) {
        std::error_code error;
        options.working_folder = std::filesystem::current_path(error);
        if (error) {
            return fail(ErrorKind::kSystem, "the current folder cannot be used: " + error.message());
        }
    }
    if (auto added = add_environment_grants(options.environment, options.grants); !added) {
        return tl::unexpected(std::move(added.error()));
    }
    auto temporary = TemporaryFolder::create();
    if (!temporary) {
        return tl::unexpected(std::move(temporary.error()));
    }
    std::unique_ptr<Session> session(new Session(std::move(options), io, std::move(*temporary)));
    if (auto started = session->start_worker(); !started) {
        return tl::unexpected(std::move(started.error()));
    }
    return session;
}

Result<void> Session::start_worker() {
    WorkerRequest request;
    request.program = options_.worker_program;
    request.environment = filtered_environment(temporary_.path().string(), options_.grants.env);
    if (options_.checkpoints) {
        // A copy of the memory is a copy of its page tables: large pages make a checkpoint of 100 MB ten times cheaper.
        request.environment.emplace_back("GLIBC_TUNABLES=glibc.malloc.hugetlb=1");
    }
    request.setup.environment_root = options_.environment.root.string();
    request.setup.bridge = options_.environment.bridge().string();
    request.setup.output_is_terminal = options_.output_is_terminal;
    request.setup.one_program = options_.one_program;
    request.setup.leak_check = options_.leak_check;
    policy_ = make_policy(options_.environment, options_.working_folder, temporary_.path(), options_.grants);
    request.setup.sandbox = policy_;
    request.net = options_.grants.net;
    request.limits.memory = policy_.max_memory;
    request.limits.threads = options_.grants.max_threads.value_or(kMostThreads);
    request.limits.output = options_.grants.max_output;
    request.limits.folders = policy_.read_write;
    request.limits.folders.push_back(policy_.temporary);
    auto worker = Worker::start(request);
    if (!worker) {
        return tl::unexpected(std::move(worker.error()));
    }
    undo_.clear();    // another worker cannot become what the old one was
    linker_.reset();  // it refers to the old worker's arena
    worker_ = std::move(*worker);
    return {};
}

Result<void> Session::wait_ready() {
    if (worker_ == nullptr) {
        return fail(ErrorKind::kInternal, "the session is closed");
    }
    const auto deadline = std::chrono::steady_clock::now() + options_.start_limit;
    while (!worker_->ready()) {
        if (worker_->end()) {
            return fail(ErrorKind::kSystem, outcome_of_end().report, "restart the session");
        }
        if (interrupts_.load() != served_interrupts_ || terminating_.load()) {
            return fail(ErrorKind::kInput, "interrupted");
        }
        if (std::chrono::steady_clock::now() > deadline) {
            worker_->kill(EndReason::kLimit, "it was not ready in time");
        }
        worker_->turn(kLook, *events_);
    }
    if (linker_ == nullptr) {
        missing_layers_ = worker_->hello().missing_layers;
        if (options_.grants.level == SandboxLevel::kStrict && !missing_layers_.empty()) {
            std::string names;
            for (const std::string& layer : missing_layers_) {
                names += (names.empty() ? "" : ", ") + layer;
            }
            worker_->kill(EndReason::kSupervisorClosed, "");
            return fail(ErrorKind::kSystem, "this machine's kernel lacks a layer of the sandbox: " + names,
                        "use a newer kernel, or run without --sandbox=strict");
        }
        std::unordered_map<std::string, uint64_t> symbols;
        for (const auto& [name, address] : worker_->hello().symbols) {
            symbols.emplace(name, address);
        }
        linker_ = std::make_unique<Linker>(worker_->arena(), std::move(symbols));
    }
    return {};
}

Result<void> Session::add_source(const std::string& file, std::string_view text) {
    if (!alive()) {
        return fail(ErrorKind::kInternal, "the session has no worker");
    }
    sources_[file] = text;
    return worker_->add_source(file, text);
}

// It may have ended since the last run: by a thread of a crate, or by what the run had left behind.
std::optional<RunOutcome> Session::ended_meanwhile() {
    if (worker_ != nullptr && linker_ != nullptr) {
        worker_->turn(std::chrono::milliseconds(0), *events_);
        if (worker_->end()) {
            return outcome_of_end();
        }
    }
    return std::nullopt;
}

Result<RunOutcome> Session::run(const CompiledModule& module, std::vector<std::string> argv) {
    if (auto ended = ended_meanwhile()) {
        return std::move(*ended);
    }
    if (auto ready = wait_ready(); !ready) {
        return tl::unexpected(std::move(ready.error()));
    }
    auto entry = linker_->link(module.object, module.entry);
    if (!entry) {
        return tl::unexpected(std::move(entry.error()));
    }
    last_entry_ = *entry;
    auto outcome = run_at(*entry, std::move(argv));
    if (outcome && outcome->finished && options_.checkpoints) {
        keep(module);
    }
    return outcome;
}

Result<RunOutcome> Session::run_at(uint64_t entry, std::vector<std::string> argv) {
    if (auto ended = ended_meanwhile()) {
        return std::move(*ended);
    }
    if (auto ready = wait_ready(); !ready) {
        return tl::unexpected(std::move(ready.error()));
    }
    const std::string notice =
        options_.checkpoints && !worker_->has_checkpoint() ? make_checkpoint() : std::string();
    if (worker_->end()) {
        return outcome_of_end();
    }
    auto started = worker_->run(entry, std::move(argv));
    if (!started) {
        return tl::unexpected(std::move(started.error()));
    }
    if (next_step_) {
        next_step_->globals = kept_globals_;
        next_step_->made = std::chrono::system_clock::now();
    }
    kill_at_ = {};
    const uint64_t seconds = options_.grants.max_wall_seconds;
    const auto time_limit = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    for (;;) {
        serve_interrupts();
        if (seconds != 0 && std::chrono::steady_clock::now() >= time_limit) {
            worker_->kill(EndReason::kLimit, "it ran for longer than " + std::to_string(seconds) + " s (--max-time)");
        }
        worker_->turn(kLook, *events_);
        if (auto finished = events_->take_finished()) {
            worker_->drain_pipes(*events_);
            RunOutcome outcome;
            outcome.exit_status = finished->status & 0xff;
            if (may_be_refusal(finished->exception_class, finished->message)) {
                outcome.help = explain_refusal(finished->message, policy_, options_.working_folder);
            }
            outcome.refusal = worker_->take_refusal();
            if (outcome.help.empty() && !finished->exception_class.empty()) {
                outcome.help = outcome.refusal;
            }
            outcome.finished = std::move(finished);
            outcome.notice = notice;
            served_interrupts_ = interrupts_.load();
            if (options_.checkpoints) {
                // Here and not before the next run: what ends the worker from now on takes nothing of this one.
                KeptCheckpoint before = worker_->take_checkpoint();
                const std::string told = make_checkpoint();
                if (!worker_->has_checkpoint()) {
                    worker_->turn(std::chrono::milliseconds(0), *events_);  // because it has ended?
                }
                if (worker_->end()) {
                    worker_->keep_checkpoint(std::move(before));
                    RunOutcome ended = outcome_of_end();
                    ended.notice = notice;
                    return ended;
                }
                const std::string of_step = keep_step(std::move(before));
                for (const std::string& text : {told, of_step}) {
                    outcome.notice += (outcome.notice.empty() || text.empty() ? "" : "; ") + text;
                }
            }
            resumes_in_a_row_ = 0;
            return outcome;
        }
        if (worker_->end()) {
            served_interrupts_ = interrupts_.load();
            RunOutcome outcome = outcome_of_end();
            outcome.notice = notice;
            return outcome;
        }
        if (const auto prompt = events_->take_prompt()) {
            answer_input(*prompt);
        }
    }
}

Result<RunOutcome> Session::run_program(std::vector<std::string> argv) {
    runs_program_ = true;
    auto outcome = run_at(0, std::move(argv));
    runs_program_ = false;
    return outcome;
}

void Session::answer_input(const std::string& prompt) {
    const bool being_interrupted = kill_at_ != std::chrono::steady_clock::time_point{};
    std::string line;
    const auto state = being_interrupted || interrupt_pending() || terminating() ? SessionIo::InputState::kInterrupted
                                                                                 : io_.read_line(prompt, line);
    switch (state) {
        case SessionIo::InputState::kLine: worker_->reply_input(std::move(line)); return;
        case SessionIo::InputState::kEndOfFile: worker_->reply_input(std::nullopt); return;
        case SessionIo::InputState::kInterrupted: break;
    }
    serve_interrupts();  // the wish goes first, so that the program finds it when its read returns
    worker_->reply_input_interrupted();
}

void Session::serve_interrupts() {
    constexpr std::chrono::steady_clock::time_point kNever{};
    const auto now = std::chrono::steady_clock::now();
    if (interrupt_pending()) {
        served_interrupts_ = interrupts_.load();
        if (now - first_interrupt_ > options_.interrupt_grace) {
            first_interrupt_ = now;
            interrupts_in_a_row_ = 0;
        }
        ++interrupts_in_a_row_;
        if (kill_at_ == kNever && interrupts_in_a_row_ < kInterruptsThatKill) {
            kill_at_ = now + options_.interrupt_grace;
            remind_at_ = now + kLook;
            worker_->interrupt();
            if (runs_program_) {
                worker_->end_programs(undo_.processes());  // for it the worker waits
            }
        } else {
            kill_at_ = now;
        }
    } else if (kill_at_ != kNever && now >= remind_at_) {
        if (worker_->interrupt_taken()) {
            kill_at_ = kNever;
        } else {
            remind_at_ = now + kLook;
            worker_->remind();
        }
    }
    if (terminating_.load()) {
        worker_->kill(EndReason::kSupervisorClosed, "");
    }
    if (kill_at_ != kNever && now >= kill_at_) {
        worker_->kill(EndReason::kInterrupted, "it did not stop when interrupted");
    }
}

RunOutcome Session::outcome_of_end() {
    RunOutcome outcome;
    outcome.worker_end = worker_->take_end();
    const WorkerEnd& end = *outcome.worker_end;
    static const CodeTable kNoCode;
    outcome.crash = read_end(end, options_.environment.plugins, worker_->arena(),
                             linker_ != nullptr ? linker_->code_table() : kNoCode);
    for (KaytonFrame& frame : outcome.crash->kayton) {
        if (const auto source = sources_.find(frame.place.file); source != sources_.end()) {
            frame.text = line_of(source->second, frame.place.line);
        }
    }
    outcome.report = outcome.crash->summary;
    switch (end.reason) {
        case EndReason::kSignal: outcome.exit_status = 128 + end.process.value; break;
        case EndReason::kInterrupted: outcome.exit_status = kStatusInterrupted; break;
        default: outcome.exit_status = kStatusWorkerLost; break;
    }
    worker_->end_programs(undo_.processes());
    recover(outcome);
    if (outcome.recovery == Recovery::kNone) {
        linker_.reset();
        worker_.reset();
    }
    return outcome;
}

Result<void> Session::restart() {
    close();
    served_interrupts_ = interrupts_.load();
    resumes_in_a_row_ = 0;
    checkpoints_too_slow_ = false;
    kept_modules_.clear();
    kept_globals_.clear();
    return start_worker();
}

void Session::close() {
    undo_.clear();
    next_step_.reset();
    linker_.reset();
    if (alive()) {
        worker_->shut_down(kCloseGrace);
        worker_->end_programs({});
    }
    worker_.reset();
}

}  // namespace kayton
