#include "kernel/session/executor.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "kernel/session/history.h"
#include "kernel/session/pretty.h"
#include "kernel/session/start_up_pages.h"
#include "kernel/session/traceback.h"
#include "supervisor/report/crash_store.h"
#include "supervisor/sandbox/policy.h"

namespace kayton::kernel {
namespace {

using namespace nlohmann::literals;

constexpr std::chrono::milliseconds kLook{20};

Json data_of(const Display& display) {
    Json data = Json::object();
    for (const auto& [mime, text] : display.data) {
        // JSON is sent as what it means, everything else as text.
        Json value = mime == "application/json" || mime.ends_with("+json") ? Json::parse(text, nullptr, false) : Json();
        data[mime] = value.is_null() || value.is_discarded() ? Json(mime == "text/plain" ? pretty(text) : text)
                                                             : std::move(value);
    }
    return data;
}

}  // namespace

Executor::Executor(ExecutorOptions options, Outbox& outbox, History& history)
    : options_(std::move(options)), outbox_(outbox), history_(history), thread_([this] { loop(); }) {}

Executor::~Executor() {
    stop();
    thread_.join();
}

void Executor::submit(Request request) {
    const std::lock_guard lock(lock_);
    const std::string lane = request.parent->subshell;
    lanes_[lane].waiting.push_back(std::move(request));
    changed_.notify_all();
}

// Of the queues that hold something, the one whose turn is longest ago.
std::optional<Request> Executor::next_request() {
    Lane* next = nullptr;
    for (auto& [subshell, lane] : lanes_) {
        if (!lane.waiting.empty() && (next == nullptr || lane.served < next->served)) {
            next = &lane;
        }
    }
    if (next == nullptr) {
        return std::nullopt;
    }
    next->served = ++turn_;
    Request request = std::move(next->waiting.front());
    next->waiting.pop_front();
    return request;
}

void Executor::drop_subshell(const std::string& id) {
    std::deque<Request> dropped;
    {
        const std::lock_guard lock(lock_);
        const auto lane = lanes_.find(id);
        if (lane == lanes_.end()) {
            return;
        }
        dropped = std::move(lane->second.waiting);
        lanes_.erase(lane);
    }
    abort(dropped);
}

void Executor::interrupt() {
    const std::lock_guard lock(lock_);
    if (session_ != nullptr && parent_ != nullptr) {
        session_->interrupt();
        changed_.notify_all();
    }
}

void Executor::answer_input(std::string line) {
    const std::lock_guard lock(lock_);
    input_ = std::move(line);
    changed_.notify_all();
}

void Executor::stop() {
    const std::lock_guard lock(lock_);
    stopping_ = true;
    if (session_ != nullptr) {
        session_->terminate();
    }
    outbox_.close();
    changed_.notify_all();
}

void Executor::tell_busy() const {
    const std::lock_guard lock(lock_);  // the cell's own `idle` comes after it
    if (parent_ != nullptr) {
        outbox_.publish_status("busy", parent_);
    }
}

Cells* Executor::cells() {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [&] { return session_tried_ || stopping_; });
    return cells_.get();
}

void Executor::loop() {
    start_session();
    for (;;) {
        Request request;
        {
            std::unique_lock lock(lock_);
            std::optional<Request> next;
            changed_.wait(lock, [&] { return stopping_ || (next = next_request()); });
            if (stopping_) {
                break;
            }
            request = std::move(*next);
            parent_ = request.parent;
            if (session_ != nullptr) {
                session_->forget_interrupts();
            }
        }
        outbox_.publish_status("busy", request.parent);
        if (request.is("execute_request")) {
            execute(request);
        } else {
            deliver(request);
        }
        {
            const std::lock_guard lock(lock_);
            parent_ = nullptr;
        }
        outbox_.publish_status("idle", request.parent);
    }
    if (session_ != nullptr) {
        session_->close();
    }
}

void Executor::start_session() {
    std::unique_ptr<Session> session;
    std::unique_ptr<Cells> cells;
    if (!options_.missing_environment.empty()) {
        start_error_ = CellError{"EnvironmentError", options_.missing_environment,
                                 {"EnvironmentError: " + options_.missing_environment}};
    } else if (auto started = Session::start(options_.session, *this); !started) {
        start_error_ = CellError{"SystemError", started.error().message, traceback_of(started.error())};
    } else {
        session = std::move(*started);
        cells = std::make_unique<Cells>(*session);
        // While the worker gets ready: the code generator is set up and has been through one cell.
        (void)cells->compile("<before the first cell>", "None");
        give_back_start_up_pages();
    }
    const std::lock_guard lock(lock_);
    session_ = std::move(session);
    cells_ = std::move(cells);
    session_tried_ = true;
    if (stopping_ && session_ != nullptr) {
        session_->terminate();
    }
    changed_.notify_all();
}

void Executor::execute(const Request& request) {
    const Json& content = request.content;
    const std::string code = text_of(content, "code");
    silent_ = flag_of(content, "silent", false);
    const bool store = !silent_ && flag_of(content, "store_history", true);
    allow_stdin_ = flag_of(content, "allow_stdin", true);
    const std::string started = iso_time_now();
    if (store) {
        count_.fetch_add(1);
    }
    const int64_t count = std::max<int64_t>(count_.load(), 1);
    if (!silent_) {
        outbox_.publish("execute_input", request.parent, {{"code", code}, {"execution_count", count}});
    }
    exit_wished_ = false;
    last_result_.clear();
    payload_ = Json::array();
    run_ = {};
    run_.count = count;
    const std::string name = "<cell " + std::to_string(count) + ">";
    const auto begin_step = [&](std::optional<std::string> step) {
        if (cells_ != nullptr) {
            cells_->begin_step(std::move(step));
        }
    };
    begin_step(silent_ ? std::nullopt : std::optional("cell " + std::to_string(count)));
    std::optional<CellError> error;
    error = run_text(code, name);
    begin_step(std::nullopt);  // user expressions belong to the cell
    if (!error && store) {
        note_stale(code, text_of(request.metadata, "cellId"));
    }
    if (store) {
        history_.add(count, code, last_result_);
    }
    Json reply{{"execution_count", count}, {"user_expressions", Json::object()}, {"payload", Json::array()}};
    if (error) {
        if (!silent_) {
            outbox_.publish("error", request.parent, error->json());
        }
        reply["status"] = "error";
        reply.update(error->json());
    } else {
        reply["status"] = "ok";
        if (exit_wished_) {
            payload_.push_back({{"source", "ask_exit"}, {"keepkernel", false}});
        }
        reply["payload"] = payload_;
        if (const auto expressions = content.find("user_expressions");
            expressions != content.end() && expressions->is_object()) {
            reply["user_expressions"] = evaluate_expressions(*expressions);
        }
    }
    // The cells that were sent before it was known that this one failed are not run. They are taken before the reply: a
    // client that has read it may send the next cell at once.
    std::deque<Request> aborted;
    if (error && flag_of(content, "stop_on_error", true)) {
        const std::lock_guard lock(lock_);
        std::deque<Request>& waiting = lanes_[request.parent->subshell].waiting;
        const auto kept = std::stable_partition(waiting.begin(), waiting.end(),
                                                [](const Request& other) { return !other.is("execute_request"); });
        aborted.assign(std::make_move_iterator(kept), std::make_move_iterator(waiting.end()));
        waiting.erase(kept, waiting.end());
    }
    const Json metadata{{"started", started}, {"dependencies_met", true}, {"status", reply["status"]}};
    outbox_.reply(ChannelKind::kShell, "execute_reply", request.parent, reply, metadata);
    abort(aborted);
}

// A comm's message runs no cell: no count, no history, no value; an error is told where the comm's output goes.
void Executor::deliver(const Request& request) {
    silent_ = false;
    allow_stdin_ = false;
    payload_ = Json::array();
    if (cells_ == nullptr || comms_.receiver().empty()) {
        if (request.is("comm_open")) {  // no target is registered: the protocol has the receiver close it at once
            outbox_.publish("comm_close", request.parent,
                            {{"comm_id", text_of(request.content, "comm_id")}, {"data", Json::object()}});
        }
        return;
    }
    comms_.note(request);
    cells_->begin_step(std::nullopt);
    if (const auto error = run_receiver(request)) {
        std::string text;
        for (const std::string& line : error->traceback) {
            text += line + "\n";
        }
        outbox_.stream(true, text, request.parent);
    }
}

// The receiver is compiled and linked once, and run with the message as its arguments.
std::optional<CellError> Executor::run_receiver(const Request& request) {
    const auto data = request.content.find("data");
    const std::vector<std::string> arguments{request.type, text_of(request.content, "comm_id"),
                                             text_of(request.content, "target_name"),
                                             data == request.content.end() ? "{}" : to_text(*data)};
    Result<RunOutcome> outcome = tl::unexpected(Error{});
    const std::string module = comms_.receiver();
    if (receiver_ == 0 || receiver_module_ != module) {
        const std::string code = "import sys as _sys_\nimport " + module + " as _comm_\n_comm_._receive(_sys_.argv)";
        receiver_module_ = module;
        const CompileOutcome compiled = cells_->compile("<comm message>", code);
        if (!compiled.ok) {
            return error_of(compiled);
        }
        outcome = cells_->run(compiled, arguments);
        receiver_ = outcome && outcome->finished ? session_->last_entry() : 0;
    } else {
        outcome = cells_->run_again(receiver_, arguments);
    }
    if (!outcome) {
        return CellError{"SystemError", outcome.error().message, traceback_of(outcome.error())};
    }
    if (outcome->worker_end) {
        receiver_ = 0;
    }
    return error_of(*outcome);
}

void Executor::abort(const std::deque<Request>& requests) {
    for (const Request& request : requests) {
        outbox_.publish_status("busy", request.parent);
        outbox_.reply(ChannelKind::kShell, "execute_reply", request.parent,
                      {{"status", "aborted"}, {"execution_count", std::max<int64_t>(count_.load(), 1)}});
        outbox_.publish_status("idle", request.parent);
    }
}

std::optional<CellError> Executor::evaluate(const std::string& name, const std::string& code, bool quiet) {
    if (start_error_) {
        return start_error_;
    }
    if (code.find_first_not_of(" \t\r\n") == std::string::npos) {
        return std::nullopt;
    }
    const CompileOutcome compiled = cells_->compile(name, code);
    if (!compiled.ok) {
        return error_of(compiled);
    }
    if (!compiled.diagnostics.empty() && !quiet) {
        outbox_.stream(true, render_text(compiled.diagnostics, true), parent_);  // warnings
    }
    auto outcome = cells_->run(compiled);
    if (!outcome) {
        return error_of(outcome.error());
    }
    if (!outcome->notice.empty() && !quiet) {
        outbox_.stream(true, "note: " + outcome->notice + "\n", parent_);
    }
    run_.used.insert(compiled.used.begin(), compiled.used.end());
    run_.changed.insert(compiled.changed.begin(), compiled.changed.end());
    return error_of(*outcome);
}

void Executor::note_stale(const std::string& code, std::string id) {
    run_.id = std::move(id);
    run_.code = code;
    std::set<std::string> definitions;
    if (!run_.changed.empty()) {
        for (const auto& [name, type] : cells_->names()) {
            if ((type == "function" || type == "type") && run_.changed.contains(name)) {
                definitions.insert(name);
            }
        }
    }
    if (const std::string told = stale_.ran(std::move(run_), definitions); !told.empty()) {
        outbox_.stream(true, told, parent_);
    }
}

std::optional<CellError> Executor::error_of(const CompileOutcome& compiled) const {
    if (!compiled.import_errors.empty()) {
        const std::string& line = compiled.import_errors.front().message;
        const size_t colon = line.find(": ");
        CellError error{line.substr(0, colon), colon == std::string::npos ? line : line.substr(colon + 2), {}};
        for (const Error& missing : compiled.import_errors) {
            std::ranges::move(traceback_of(missing), std::back_inserter(error.traceback));
        }
        return error;
    }
    return compile_error(compiled.diagnostics);
}

// Of a run that did not begin.
CellError Executor::error_of(const Error& error) {
    if (session_->interrupt_pending()) {
        session_->forget_interrupts();
        return CellError{"KeyboardInterrupt", "", {"KeyboardInterrupt"}};
    }
    if (!session_->alive() && !session_->terminating()) {
        (void)cells_->start_again();
    }
    return {"SystemError", error.message, traceback_of(error)};
}

std::optional<CellError> Executor::error_of(const RunOutcome& outcome) {
    if (outcome.worker_end) {
        CellError error = worker_end_error(outcome);
        if (keep_report(outcome)) {
            error.traceback.emplace_back("`kayton crash show` tells more");
        }
        if (outcome.recovery != Recovery::kNone) {
            error.traceback.push_back(outcome.recovery_note);
        } else if (!session_->terminating()) {
            if (auto again = cells_->start_again(); again) {
                error.traceback.push_back("a new worker goes on from here; " + outcome.recovery_note);
            } else {
                std::ranges::move(traceback_of(again.error()), std::back_inserter(error.traceback));
            }
        }
        return error;
    }
    const Finished& finished = *outcome.finished;
    if (finished.exception_class.empty()) {
        return std::nullopt;
    }
    if (finished.exception_class == "SystemExit") {
        if (outcome.exit_status == 0) {
            exit_wished_ = true;
            return std::nullopt;
        }
        const std::string status = std::to_string(outcome.exit_status);
        return CellError{"SystemExit", status, {"SystemExit: " + status}};
    }
    return exception_error(outcome);
}

// On disk, for `kayton crash show`; not for what the person wanted.
bool Executor::keep_report(const RunOutcome& outcome) const {
    const EndReason reason = outcome.worker_end->reason;
    const auto home = kayton_home();
    if (reason == EndReason::kInterrupted || reason == EndReason::kSupervisorClosed || !outcome.crash || !home) {
        return false;
    }
    StoredCrash crash;
    crash.report = *outcome.crash;
    crash.command = "kayton-kernel";
    crash.folder = session_->options().working_folder.string();
    crash.environment = session_->options().environment.name;
    crash.memory_limit = session_->options().grants.max_memory.value_or(most_memory());
    return keep_crash(*home / "crashes", std::move(crash)).has_value();
}

Json Executor::evaluate_expressions(const Json& expressions) {
    Json results = Json::object();
    for (const auto& [name, expression] : expressions.items()) {
        if (!expression.is_string()) {
            continue;
        }
        std::map<std::string, std::string> captured;
        captured_ = &captured;
        const auto error = evaluate("<cell expression '" + name + "'>", expression.get<std::string>(), true);
        captured_ = nullptr;
        if (error) {
            Json failed = error->json();
            failed["status"] = "error";
            results[name] = std::move(failed);
            continue;
        }
        if (captured.empty()) {
            captured["text/plain"] = "None";
        }
        results[name] = {{"status", "ok"}, {"data", captured}, {"metadata", Json::object()}};
    }
    return results;
}

void Executor::write(bool error, std::string_view bytes) {
    if (!silent_ && captured_ == nullptr) {
        outbox_.stream(error, bytes, parent_);
    }
}

void Executor::show(Display display) {
    if (!display.data.empty() && display.data.back().first == kCommMime) {
        const Json wished = Json::parse(display.data.back().second, nullptr, false);
        if (auto message = wished.is_object() ? comms_.take(wished) : std::nullopt) {
            // An Output widget takes what is published for a request, whose id only this side knows.
            if (const auto id = "/data/state/msg_id"_json_pointer;
                message->content.contains(id) && message->content[id] == "<parent>") {
                message->content[id] = parent_->id;
            }
            outbox_.publish(message->type, parent_, message->content, message->metadata);
        }
        return;
    }
    const auto kind = static_cast<DisplayKind>(display.kind);
    if (captured_ != nullptr) {
        if (kind == DisplayKind::kResult) {
            captured_->insert(display.data.begin(), display.data.end());
        }
        return;
    }
    if (kind == DisplayKind::kResult && !display.data.empty()) {
        last_result_ = display.data.front().second;
    }
    if (silent_) {
        return;
    }
    if (kind == DisplayKind::kClear || kind == DisplayKind::kClearOnNext) {
        outbox_.publish("clear_output", parent_, {{"wait", kind == DisplayKind::kClearOnNext}});
        return;
    }
    Json content{{"data", data_of(display)}, {"metadata", Json::object()}};
    if (kind == DisplayKind::kResult) {
        content["execution_count"] = std::max<int64_t>(count_.load(), 1);
        outbox_.publish("execute_result", parent_, content);
        return;
    }
    content["transient"] = display.id.empty() ? Json::object() : Json{{"display_id", display.id}};
    outbox_.publish(kind == DisplayKind::kUpdate ? "update_display_data" : "display_data", parent_, content);
}

SessionIo::InputState Executor::read_line(std::string_view prompt, std::string& line) {
    if (!allow_stdin_) {
        outbox_.stream(true, "This front end does not take input: input() finds the end of it.\n", parent_);
        return InputState::kEndOfFile;
    }
    std::unique_lock lock(lock_);
    input_.reset();
    outbox_.reply(ChannelKind::kStdin, "input_request", parent_, {{"prompt", prompt}, {"password", false}});
    while (!input_) {
        if (stopping_ || session_->interrupt_pending() || session_->terminating()) {
            return InputState::kInterrupted;
        }
        changed_.wait_for(lock, kLook);
    }
    line = std::move(*input_) + "\n";
    input_.reset();
    return InputState::kLine;
}

}  // namespace kayton::kernel
