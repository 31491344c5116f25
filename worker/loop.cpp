#include "worker/loop.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "worker/command.h"
#include "worker/crash/crash_record.h"
#include "worker/freeze/freeze.h"
#include "worker/program.h"

namespace kayton {
namespace {

constexpr size_t kOutputPiece = size_t{64} << 10;
constexpr size_t kLongestText = size_t{512} << 10;  // of a message that is sent whole

// Text as a message may carry it: well-formed, and not so long that the message does not fit.
std::string bounded(std::string text) {
    if (text.size() > kLongestText) {
        text.resize(kLongestText);
    }
    text.resize(utf8_valid_prefix(text));
    return text;
}

}  // namespace

Result<Setup> Loop::receive_setup() {
    auto message = receive(false);
    if (!message || !std::holds_alternative<Setup>(*message)) {
        return fail(ErrorKind::kProtocol, "the supervisor's first message is not the setup");
    }
    Setup setup = std::get<Setup>(std::move(*message));
    output_is_terminal_ = setup.output_is_terminal;
    return setup;
}

void Loop::serve() {
    for (;;) {
        auto message = receive(false);
        if (!message || std::holds_alternative<Shutdown>(*message)) {
            return;
        }
        if (auto* source = std::get_if<Source>(&*message)) {
            std::string& text = sources_[source->file];
            text += source->text;
            if (source->last) {
                add_program_source(source->file, text);
                sources_.erase(source->file);
            }
        } else if (const auto* request = std::get_if<Run>(&*message)) {
            run(*request);
        } else if (const auto* wanted = std::get_if<Checkpoint>(&*message)) {
            checkpoint(*wanted);
        } else if (const auto* save_wanted = std::get_if<SaveValues>(&*message)) {
            save(*save_wanted);
        } else if (const auto* piece = std::get_if<SavedValuesPiece>(&*message)) {
            const ByteView bytes = as_bytes(piece->bytes);
            saved_values_.insert(saved_values_.end(), bytes.begin(), bytes.end());
        } else if (const auto* restore_wanted = std::get_if<RestoreValues>(&*message)) {
            restore(*restore_wanted);
        }
    }
}

void Loop::save(const SaveValues& wanted) {
    SavedValues saved = save_program_values(wanted.globals, wanted.limit);
    for (size_t at = 0; at < saved.bytes.size(); at += kOutputPiece) {
        const size_t size = std::min(kOutputPiece, saved.bytes.size() - at);
        send_frame(FrameType::kValues, ByteView(saved.bytes).subspan(at, size), false);
    }
    send(ValuesSaved{std::move(saved.lost)});
}

void Loop::restore(const RestoreValues& wanted) {
    const bool good = restore_program_values(wanted.globals, saved_values_);
    saved_values_ = Bytes();
    send(ValuesRestored{good});
}

void Loop::checkpoint(const Checkpoint& wanted) {
    const uint64_t id = wanted.id;
    UniqueFd socket = channel_.take_descriptor();
    // It was sent before the message.
    if (!socket && channel_.drain_doorbell()) {
        socket = channel_.take_descriptor();
    }
    if (!socket) {
        send(CheckpointMade{id, EBADF});
        return;
    }
    Frozen frozen = freeze(std::move(socket), wanted.whole, [this] {
        move_crash_record(nullptr, UniqueFd());
        channel_.abandon();
    });
    if (!frozen.resumed) {
        send(CheckpointMade{id, frozen.error});
        return;
    }
    channel_ = std::move(frozen.resumed->channel);
    move_crash_record(&channel_.crash_page(), std::move(frozen.resumed->maps));
    send(Resumed{id});
}

void Loop::run(const Run& request) {
    clear_interrupt();
    open_run_.store(request.id);
    on_interrupt();  // it may have been wished before the run was open
    expect_no_exit(true);
    ProgramEnd end = request.entry == 0     ? run_command(request.argv)
                     : request.only_startup ? start_program(request.entry)
                                            : run_program(request.entry, request.argv);
    expect_no_exit(false);
    open_run_.store(0);
    Finished finished;
    finished.run = request.id;
    finished.status = end.status;
    finished.exception_class = bounded(std::move(end.exception_class));
    finished.message = bounded(std::move(end.message));
    finished.traceback = bounded(std::move(end.traceback));
    finished.leaks = bounded(std::move(end.leaks));
    if (finished.message.size() + finished.traceback.size() > kLongestText) {
        finished.message.clear();  // it is part of the traceback
    }
    send(finished);
}

void Loop::write_output(bool error, std::string_view bytes) {
    const FrameType type = error ? FrameType::kStandardError : FrameType::kStandardOutput;
    const bool awaited = error || (output_is_terminal_ && bytes.find('\n') != std::string_view::npos);
    while (!bytes.empty()) {
        const size_t size = std::min(bytes.size(), kOutputPiece);
        const bool quiet = !awaited && channel_.send_backlog() < kRingCapacity / 4;
        send_frame(type, as_bytes(bytes.substr(0, size)), quiet);
        bytes.remove_prefix(size);
    }
}

void Loop::show(Display display) {
    auto data = std::exchange(display.data, {});
    size_t size = 0;
    for (auto& [mime, whole] : data) {
        std::string_view text = whole;
        do {
            if (size >= kLongestText) {
                display.last = false;
                send(display);
                display.data.clear();
                size = 0;
            }
            size_t part = std::min(text.size(), kLongestText - size);
            if (part < text.size()) {
                part = utf8_valid_prefix(text.substr(0, part));
            }
            if (part == 0 && !text.empty()) {  // not even one character has room
                size = kLongestText;
                continue;
            }
            display.data.emplace_back(mime, text.substr(0, part));
            size += part + mime.size();
            text.remove_prefix(part);
        } while (!text.empty());
    }
    display.last = true;
    send(display);
}

Loop::InputState Loop::read_input(std::string_view prompt, std::string& line) {
    if (!unread_.empty()) {
        line = std::exchange(unread_, {});
        return InputState::kLine;
    }
    const uint64_t id = ++last_input_;
    send(InputRequest{id, bounded(std::string(prompt))});
    // Every request gets its reply, also when the run is interrupted while it waits.
    bool interrupted = false;
    for (;;) {
        auto message = receive(!interrupted);
        if (!message) {
            interrupted = true;
            continue;
        }
        auto* reply = std::get_if<InputReply>(&*message);
        if (reply != nullptr && reply->id == id) {
            if (interrupted || reply->interrupted) {
                unread_ = std::move(reply->line);
                return InputState::kInterrupted;
            }
            line = std::move(reply->line);
            return reply->end_of_file ? InputState::kEndOfFile : InputState::kLine;
        }
        if (std::holds_alternative<Shutdown>(*message)) {
            ::_exit(0);
        }
    }
}

void Loop::on_interrupt() {
    ControlPage& control = channel_.control();
    const uint64_t run = open_run_.load();
    if (run == 0 || control.interrupted_run.load() != run) {
        return;
    }
    const uint64_t number = control.interrupt_number.load();
    if (requested_interrupt_.load() != number) {
        request_interrupt();
        requested_interrupt_.store(number);
    } else if (!interrupt_requested()) {
        control.interrupt_taken.store(number);
    }
}

void Loop::send(const WorkerMessage& message) {
    const EncodedMessage encoded = encode(message);
    send_frame(encoded.type, encoded.payload, false);
}

void Loop::send_frame(FrameType type, ByteView payload, bool quiet) {
    for (;;) {
        const auto sent = channel_.try_send(type, payload, quiet);
        if (!sent) {
            ::_exit(70);  // our own supervisor does not break the rules: the memory is damaged
        }
        if (*sent) {
            return;
        }
        channel_.request_rings(true);
        channel_.ring();  // the other end may be asleep over quiet output
        const auto again = channel_.try_send(type, payload, false);
        if (again && *again) {
            channel_.cancel_rings();
            return;
        }
        pollfd doorbell{channel_.doorbell(), POLLIN, 0};
        ::poll(&doorbell, 1, -1);
        channel_.cancel_rings();
        if (!channel_.drain_doorbell()) {
            ::_exit(0);  // the supervisor is gone
        }
    }
}

std::optional<SupervisorMessage> Loop::receive(bool interruptible) {
    for (;;) {
        channel_.request_rings(false);
        FrameHeader header;
        const auto received = channel_.try_receive(header, payload_);
        if (!received) {
            ::_exit(70);
        }
        if (*received) {
            channel_.cancel_rings();
            auto message = decode_from_supervisor(header.type, payload_);
            if (!message) {
                ::_exit(70);
            }
            if (!std::holds_alternative<Interrupt>(*message)) {
                return std::move(*message);
            }
            on_interrupt();
            continue;
        }
        if (interruptible && interrupt_requested()) {
            return std::nullopt;
        }
        pollfd doorbell{channel_.doorbell(), POLLIN, 0};
        ::poll(&doorbell, 1, -1);
        if (!channel_.drain_doorbell()) {
            ::_exit(0);  // the supervisor is gone
        }
    }
}

}  // namespace kayton
