#include "supervisor/monitor/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace kayton {
namespace {

constexpr size_t kFramesPerTurn = 256;
constexpr size_t kPipeTurns = 64;  // a pipe holds 64 KiB
constexpr size_t kQueueLimit = size_t{64} << 20;
constexpr size_t kSourcePiece = size_t{256} << 10;
constexpr size_t kOutputChunk = size_t{64} << 10;
constexpr std::chrono::milliseconds kCrashGrace{2'000};   // from a crash record's first word to the end of the process
constexpr std::chrono::milliseconds kDoorbellGrace{500};  // between a closed doorbell and the end of the process
constexpr std::chrono::milliseconds kCoreTime{120'000};   // more for both, where the kernel writes a core file meanwhile

Result<std::array<UniqueFd, 2>> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(ErrorKind::kSystem, std::string("cannot make a pipe for the worker: ") + std::strerror(errno));
    }
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return std::array<UniqueFd, 2>{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// The worker's page may change under our hands until the process is gone; every count is bounded when it is used.
std::unique_ptr<CrashPage> copy_crash_page(const CrashPage& page) {
    if (page.state.load(std::memory_order_acquire) == kCrashNone) {
        return nullptr;
    }
    auto copy = std::make_unique<CrashPage>();
    std::memcpy(static_cast<void*>(copy.get()), &page, sizeof page);
    copy->frame_count = std::min(copy->frame_count, kCrashMaxFrames);
    copy->code_word_count = std::min(copy->code_word_count, kCrashMaxCodeWords);
    copy->stack_words = std::min(copy->stack_words, kCrashStackWords);
    copy->maps_size = std::min(copy->maps_size, kCrashMapsCapacity);
    return copy;
}

}  // namespace

Worker::Worker(Channel channel, CodeArena arena, ChildProcess process, UniqueFd output, UniqueFd error,
               UsageLimits limits)
    : channel_(std::move(channel)),
      arena_(std::move(arena)),
      process_(std::move(process)),
      pipes_{std::move(output), std::move(error)},
      usage_(limits) {
    usage_.follow(process_.pid());
}

Worker::~Worker() = default;

Result<std::unique_ptr<Worker>> Worker::start(const WorkerRequest& request) {
    auto pair = make_channel();
    if (!pair) {
        return tl::unexpected(std::move(pair.error()));
    }
    auto arena = CodeArena::create(request.code_capacity, request.data_capacity);
    if (!arena) {
        return tl::unexpected(std::move(arena.error()));
    }
    auto output = make_pipe();
    auto error = make_pipe();
    if (!output || !error) {
        return tl::unexpected(std::move(output ? error.error() : output.error()));
    }
    if (auto sent = send_boot_packet(*pair, arena->descriptor(), arena->code_capacity(), arena->data_capacity());
        !sent) {
        return tl::unexpected(std::move(sent.error()));
    }
    SpawnRequest spawn;
    spawn.program = request.program;
    spawn.environment = request.environment;
    spawn.output = (*output)[1].get();
    spawn.error = (*error)[1].get();
    spawn.socket = pair->worker_socket.get();
    auto process = ChildProcess::spawn(spawn);
    if (!process) {
        return tl::unexpected(std::move(process.error()));
    }
    std::unique_ptr<Worker> worker(new Worker(std::move(pair->supervisor), std::move(*arena), std::move(*process),
                                              std::move((*output)[0]), std::move((*error)[0]), request.limits));
    worker->writable_ = request.setup.sandbox.read_write;
    worker->writable_.push_back(request.setup.sandbox.temporary);
    worker->core_time_ = request.setup.sandbox.core_files ? kCoreTime : std::chrono::milliseconds(0);
    worker->may_run_ = !request.setup.sandbox.execute.empty();
    worker->session_ = worker->process_.pid();
    worker->net_access_ = request.setup.sandbox.net;
    worker->net_ = request.net;
    if (auto sent = worker->send(request.setup); !sent) {
        return tl::unexpected(std::move(sent.error()));
    }
    return worker;
}

void Worker::turn(std::chrono::milliseconds timeout, WorkerEvents& events) {
    if (end_) {
        return;
    }
    // From here on the worker rings for what it sends, except for output it is in no hurry with: that is found by the
    // look of the next turn, so a caller that wants output to flow passes a short timeout.
    channel_.request_rings(!queue_.empty());
    flush_queue();
    const bool more = receive(events);
    wait(more ? std::chrono::milliseconds(0) : timeout);
    if (broker_) {
        broker_->serve(process_.pid(), process_.descriptor());
    }
    (void)receive(events);
    forward_pipes(events);
    if (const auto process_end = process_.poll_end()) {
        finish(*process_end, events);
        return;
    }
    flush_queue();
    watch_limits();
    const auto closed_for = std::chrono::steady_clock::now() - doorbell_closed_at_;
    if (!doorbell_open_ && !killed_ && closed_for > kDoorbellGrace + core_time_) {
        violate(Violation::kDoorbellClosed);
    }
}

void Worker::watch_limits() {
    if (const auto exceeded = usage_.exceeded()) {
        kill(EndReason::kLimit, *exceeded);
    }
    if (channel_.crash_page().state.load(std::memory_order_relaxed) == kCrashNone) {
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (crashed_at_ == std::chrono::steady_clock::time_point{}) {
        crashed_at_ = now;
    } else if (now - crashed_at_ > kCrashGrace + core_time_) {
        kill(EndReason::kLimit, "it crashed and did not end");
    }
}

void Worker::wait(std::chrono::milliseconds timeout) {
    std::array<pollfd, 5> watched{};
    watched[0] = {doorbell_open_ ? channel_.doorbell() : -1, POLLIN, 0};
    watched[1] = {process_.descriptor(), POLLIN, 0};
    watched[2] = {pipes_[0].get(), POLLIN, 0};
    watched[3] = {pipes_[1].get(), POLLIN, 0};
    watched[4] = {broker_ ? broker_->descriptor() : -1, POLLIN, 0};
    if (::poll(watched.data(), watched.size(), static_cast<int>(timeout.count())) > 0 && watched[0].revents != 0 &&
        !channel_.drain_doorbell()) {
        doorbell_open_ = false;
        doorbell_closed_at_ = std::chrono::steady_clock::now();
    }
}

bool Worker::forward_pipes(WorkerEvents& events) {
    bool something = false;
    for (size_t stream = 0; stream < pipes_.size(); ++stream) {
        something = (pipes_[stream] && forward_pipe(pipes_[stream], stream == 1, events)) || something;
    }
    return something;
}

void Worker::drain_pipes(WorkerEvents& events) {
    for (size_t turns = 0; forward_pipes(events) && turns < kPipeTurns; ++turns) {
    }
}

bool Worker::forward_pipe(UniqueFd& pipe, bool error, WorkerEvents& events) {
    std::array<char, 16 * 1024> buffer;
    const ssize_t size = ::read(pipe.get(), buffer.data(), buffer.size());
    if (size > 0) {
        usage_.printed(static_cast<size_t>(size));
        events.on_output(error, {buffer.data(), static_cast<size_t>(size)});
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        pipe.reset();
    }
    return size > 0;
}

bool Worker::receive(WorkerEvents& events) {
    bool prompt = false;
    size_t count = 0;
    for (; count < kFramesPerTurn && !killed_; ++count) {
        FrameHeader header;
        const auto received = channel_.try_receive(header, payload_);
        if (!received) {
            violate(received.error());
            break;
        }
        if (!*received) {
            break;
        }
        const auto type = static_cast<FrameType>(header.type);
        prompt = prompt || (type != FrameType::kStandardOutput && type != FrameType::kStandardError);
        if (const auto violation = handle(header, events)) {
            violate(*violation);
        }
    }
    flush_output(events);
    return prompt || count == kFramesPerTurn;
}

void Worker::flush_output(WorkerEvents& events) {
    if (!output_.empty()) {
        usage_.printed(output_.size());
        events.on_output(output_is_error_, output_);
        output_.clear();
    }
}

std::optional<Violation> Worker::handle(const FrameHeader& header, WorkerEvents& events) {
    const auto type = static_cast<FrameType>(header.type);
    if (type != FrameType::kHello && !hello_) {
        return Violation::kUnexpectedMessage;
    }
    if (type == FrameType::kStandardOutput || type == FrameType::kStandardError) {
        const bool error = type == FrameType::kStandardError;
        if (error != output_is_error_ || output_.size() > kOutputChunk) {
            flush_output(events);
        }
        output_is_error_ = error;
        output_ += as_text(payload_);
        return std::nullopt;
    }
    auto message = decode_from_worker(header.type, payload_);
    if (!message) {
        return message.error();
    }
    flush_output(events);
    if (auto* hello = std::get_if<Hello>(&*message)) {
        return accept(std::move(*hello));
    }
    if (auto* finished = std::get_if<Finished>(&*message)) {
        if (open_run_ == 0) {
            return Violation::kUnexpectedMessage;
        }
        if (finished->run != open_run_) {
            return Violation::kWrongId;
        }
        open_run_ = open_input_ = 0;
        events.on_finished(std::move(*finished));
        return std::nullopt;
    }
    if (auto* display = std::get_if<Display>(&*message)) {
        return assemble(std::move(*display), events);
    }
    if (!std::holds_alternative<InputRequest>(*message)) {
        return accept_answer(*message);
    }
    const auto& request = std::get<InputRequest>(*message);
    if (open_run_ == 0 || open_input_ != 0) {
        return Violation::kUnexpectedMessage;
    }
    if (request.id != last_input_ + 1) {
        return Violation::kWrongId;
    }
    open_input_ = last_input_ = request.id;
    events.on_input_request(request.prompt);
    return std::nullopt;
}

std::optional<Violation> Worker::accept(Hello hello) {
    if (hello_) {
        return Violation::kUnexpectedMessage;
    }
    if (hello.version != kProtocolVersion) {
        return Violation::kWrongVersion;
    }
    if (hello.pid != process_.pid()) {
        return Violation::kWrongId;
    }
    if (!arena_.attach(hello.code_base, hello.data_base)) {
        return Violation::kImpossibleAddress;
    }
    // Until now only our own code has run in the worker.
    if (channel_.drain_doorbell()) {
        broker_ = SystemCallBroker::over(channel_.take_descriptor(), writable_, NetBroker(net_access_, net_), may_run_);
    }
    channel_.refuse_descriptors();
    hello_ = std::move(hello);
    return std::nullopt;
}

std::optional<Violation> Worker::assemble(Display piece, WorkerEvents& events) {
    if (open_run_ == 0 || piece.kind > static_cast<uint32_t>(DisplayKind::kClearOnNext)) {
        return Violation::kUnexpectedMessage;
    }
    if (!display_) {
        display_ = Display{piece.kind, std::move(piece.id), {}, true};
        display_size_ = 0;
    }
    for (auto& [mime, text] : piece.data) {
        display_size_ += mime.size() + text.size() + sizeof(Display);
        if (display_size_ > 2 * kMaxDisplay) {
            return Violation::kOverBudget;
        }
        if (!display_->data.empty() && display_->data.back().first == mime) {
            display_->data.back().second += text;
        } else {
            display_->data.emplace_back(std::move(mime), std::move(text));
        }
    }
    if (piece.last) {
        events.on_display(std::move(*display_));
        display_.reset();
    }
    return std::nullopt;
}

Result<void> Worker::send(const SupervisorMessage& message) {
    EncodedMessage encoded = encode(message);
    if (encoded.payload.size() > kMaxPayload) {
        return fail(ErrorKind::kInput,
                    "a message to the worker is too long: " + std::to_string(encoded.payload.size()) +
                        " bytes, the limit is " + std::to_string(kMaxPayload),
                    "pass fewer or shorter arguments");
    }
    if (queued_bytes_ + encoded.payload.size() > kQueueLimit) {
        return fail(ErrorKind::kSystem, "the worker does not take its messages", "interrupt it");
    }
    queued_bytes_ += encoded.payload.size();
    queue_.push_back(std::move(encoded));
    flush_queue();
    return {};
}

void Worker::flush_queue() {
    while (!queue_.empty() && !killed_ && !end_) {
        const auto sent = channel_.try_send(queue_.front().type, queue_.front().payload);
        if (!sent) {
            violate(sent.error());
            return;
        }
        if (!*sent) {
            return;
        }
        queued_bytes_ -= queue_.front().payload.size();
        queue_.pop_front();
    }
}

Result<uint64_t> Worker::run(uint64_t entry, std::vector<std::string> argv, bool only_startup) {
    if (auto sent = send(Run{last_run_ + 1, entry, std::move(argv), only_startup}); !sent) {
        return tl::unexpected(std::move(sent.error()));
    }
    open_run_ = ++last_run_;
    return open_run_;
}

Result<void> Worker::add_source(const std::string& file, std::string_view text) {
    do {
        size_t size = std::min(text.size(), kSourcePiece);
        while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
            --size;  // never between the bytes of a character
        }
        const bool last = size == text.size();
        if (auto sent = send(Source{file, std::string(text.substr(0, size)), last}); !sent) {
            return sent;
        }
        text.remove_prefix(size);
    } while (!text.empty());
    return {};
}

void Worker::reply_input(std::optional<std::string> line) {
    const uint64_t id = std::exchange(open_input_, 0);
    InputReply reply{id, !line.has_value(), false, line ? std::move(*line) : std::string()};
    // A longer line is cut, as a terminal does.
    constexpr size_t kLongest = kMaxPayload - 64;
    if (reply.line.size() > kLongest) {
        reply.line.resize(kLongest);
        reply.line.resize(utf8_valid_prefix(reply.line));
    }
    (void)send(reply);
}

void Worker::reply_input_interrupted() {
    (void)send(InputReply{std::exchange(open_input_, 0), false, true, {}});
}

void Worker::interrupt() {
    channel_.control().interrupted_run.store(open_run_);
    channel_.control().interrupt_number.store(++interrupts_);
    process_.signal(SIGUSR1);
    (void)send(Interrupt{});
}

void Worker::violate(Violation violation) {
    if (!killed_) {
        kill(EndReason::kProtocolViolation, std::string(describe(violation)));
        kill_reason_.violation = violation;
    }
}

void Worker::kill(EndReason reason, std::string detail) {
    if (killed_ || end_) {
        return;
    }
    killed_ = true;
    kill_reason_.reason = reason;
    kill_reason_.detail = std::move(detail);
    process_.signal(SIGKILL);
}

void Worker::shut_down(std::chrono::milliseconds grace) {
    class Silent : public WorkerEvents {
      public:
        void on_output(bool, std::string_view) override {}
        void on_finished(Finished) override {}
        void on_input_request(const std::string&) override {}
        void on_display(Display) override {}
    } silent;
    if (hello_ && !running()) {
        (void)send(Shutdown{});
    } else {
        kill(EndReason::kSupervisorClosed, "closed while it ran");
    }
    const auto deadline = std::chrono::steady_clock::now() + grace;
    while (!end_ && std::chrono::steady_clock::now() < deadline) {
        turn(std::chrono::milliseconds(10), silent);
    }
    if (!end_) {
        kill(EndReason::kSupervisorClosed, "did not end when asked");
        finish(process_.wait_end(), silent);
    }
    end_->reason = EndReason::kSupervisorClosed;
}

void Worker::finish(ProcessEnd process, WorkerEvents& events) {
    // What was published or written before the end is delivered, unless the rules were broken. A worker that dies
    // cannot add to it any more, so this ends: the ring and the pipes hold a bounded number of bytes.
    while (!killed_ && channel_.has_news()) {
        (void)receive(events);
    }
    drain_pipes(events);
    // The worker's children are ours now.
    for (const UniqueFd& dropped : dropped_) {
        reap(dropped);
    }
    dropped_.clear();
    WorkerEnd end = std::move(kill_reason_);
    end.process = process;
    end.pid = process_.pid();
    if (!killed_) {
        end.reason = process.by_signal ? EndReason::kSignal : EndReason::kExited;
    }
    end.crash = copy_crash_page(channel_.crash_page());
    end_ = std::move(end);
}

}  // namespace kayton
