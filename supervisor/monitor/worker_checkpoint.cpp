// The worker's checkpoints: making one, and going on from it.
#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "supervisor/monitor/worker.h"

namespace kayton {
namespace {

constexpr std::chrono::milliseconds kAnswerPatience{10'000};
constexpr std::chrono::milliseconds kClosedPatience{500};
constexpr std::chrono::milliseconds kLook{20};
constexpr size_t kMostDropped = 64;
constexpr size_t kMostValues = size_t{256} << 20;  // bytes of variables kept while one worker takes another's place
constexpr size_t kPiece = size_t{512} << 10;

}  // namespace

std::optional<Violation> Worker::accept_answer(WorkerMessage& message) {
    if (const auto* made = std::get_if<CheckpointMade>(&message)) {
        if (made->id != awaited_checkpoint_ || awaited_checkpoint_ == 0) {
            return awaited_checkpoint_ == 0 ? Violation::kUnexpectedMessage : Violation::kWrongId;
        }
        awaited_checkpoint_ = 0;
        checkpoint_error_ = made->error;
        return std::nullopt;
    }
    if (const auto* resumed = std::get_if<Resumed>(&message)) {
        if (resumed->id != awaited_resume_ || awaited_resume_ == 0) {
            return awaited_resume_ == 0 ? Violation::kUnexpectedMessage : Violation::kWrongId;
        }
        awaited_resume_ = 0;
        return std::nullopt;
    }
    if (const auto* restored = std::get_if<ValuesRestored>(&message)) {
        restored_ = restored->good;
        return std::exchange(awaits_restored_, false) ? std::nullopt : std::optional(Violation::kUnexpectedMessage);
    }
    if (!awaits_values_) {
        return Violation::kUnexpectedMessage;
    }
    if (const auto* values = std::get_if<Values>(&message)) {
        if (saved_.bytes.size() + values->bytes.size() > kMostValues + kMaxPayload) {
            return Violation::kOverBudget;
        }
        saved_.bytes += values->bytes;
        return std::nullopt;
    }
    saved_.lost = std::move(std::get<ValuesSaved>(message).lost);
    awaits_values_ = false;
    return std::nullopt;
}

bool Worker::await_answer(WorkerEvents& events, const char* what) {
    const auto deadline = std::chrono::steady_clock::now() + kAnswerPatience;
    while (!end_ && (awaited_checkpoint_ != 0 || awaited_resume_ != 0 || awaits_values_ || awaits_restored_)) {
        if (std::chrono::steady_clock::now() > deadline) {
            kill(EndReason::kLimit, std::string("it did not ") + what + " in time");
        }
        turn(kLook, events);
    }
    return !end_;
}

void Worker::end_programs(std::vector<pid_t> kept) const {
    if (may_run_) {
        kept.push_back(checkpoint_pid());
        kept.push_back(end_ ? -1 : process_.pid());
        kill_session(session_, kept);
    }
}

KeptCheckpoint Worker::take_checkpoint() {
    return std::exchange(checkpoint_, {});
}

void Worker::drop(KeptCheckpoint checkpoint) {
    if (checkpoint.frozen != nullptr) {
        dropped_.push_back(checkpoint.frozen->let_go());
    }
    std::erase_if(dropped_, is_reaped);
}

void Worker::drop_checkpoint() {
    drop(take_checkpoint());
}

Result<void> Worker::make_checkpoint(bool whole, WorkerEvents& events) {
    drop_checkpoint();
    if (dropped_.size() > kMostDropped) {
        return fail(ErrorKind::kSystem, "the worker does not clear away what is left of earlier ones");
    }
    auto frozen = FrozenWorker::prepare();
    if (!frozen) {
        return tl::unexpected(std::move(frozen.error()));
    }
    // First the descriptor: it is there when the message comes.
    if (!channel_.send_descriptor((*frozen)->offered())) {
        const int error = errno;
        if (error == EPIPE || error == ECONNRESET) {
            // It has closed its end, or will take nothing more, and so ends or is ended: the caller wants to know.
            const auto deadline = std::chrono::steady_clock::now() + kClosedPatience;
            while (!end_) {
                turn(kLook, events);
                if (std::chrono::steady_clock::now() > deadline) {
                    violate(Violation::kDoorbellClosed);
                }
            }
        }
        return fail(ErrorKind::kSystem, std::string("cannot hand over a socket: ") + std::strerror(error));
    }
    if (auto sent = send(Checkpoint{last_checkpoint_ + 1, whole}); !sent) {
        return sent;
    }
    awaited_checkpoint_ = ++last_checkpoint_;
    if (broker_) {
        broker_->allow_fork();
    }
    const bool answered = await_answer(events, "make a checkpoint");
    const bool forked = !broker_ || broker_->forbid_fork();
    if (answered && forked && checkpoint_error_ == 0) {
        if (auto identified = (*frozen)->identify(process_.pid(), kAnswerPatience); !identified) {
            kill_children(process_.pid());
            return identified;
        }
        checkpoint_ = {std::move(*frozen), last_checkpoint_, last_input_, whole};
        return {};
    }
    if (answered && forked) {
        kill_children(process_.pid());  // it forked and denies it
    }
    if (!answered) {
        return fail(ErrorKind::kSystem, "the worker ended while it made a checkpoint");
    }
    if (checkpoint_error_ != 0) {
        return fail(ErrorKind::kSystem, std::string("the worker cannot fork: ") + std::strerror(checkpoint_error_));
    }
    return fail(ErrorKind::kSystem, "the worker says that it forked, and did not");
}

Result<void> Worker::resume(KeptCheckpoint checkpoint, WorkerEvents& events) {
    FrozenWorker::Parts parts = checkpoint.frozen->thaw();
    drop_checkpoint();
    process_ = ChildProcess::adopt(parts.pid, std::move(parts.pidfd));
    auto pair = make_channel(std::move(parts.socket));
    if (!pair) {
        return tl::unexpected(std::move(pair.error()));
    }
    UniqueFd maps(::open(("/proc/" + std::to_string(parts.pid) + "/maps").c_str(), O_RDONLY | O_CLOEXEC));
    if (!maps) {
        maps.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));  // its crashes are told without the libraries' names
    }
    if (auto sent = send_boot_packet(*pair, maps.get(), arena_.code_capacity(), arena_.data_capacity()); !sent) {
        return sent;
    }
    channel_ = std::move(pair->supervisor);
    channel_.refuse_descriptors();
    queue_.clear();
    queued_bytes_ = 0;
    output_.clear();
    open_run_ = open_input_ = 0;
    last_input_ = checkpoint.last_input;
    doorbell_open_ = true;
    killed_ = false;
    kill_reason_ = WorkerEnd();
    end_.reset();
    hello_->pid = parts.pid;
    usage_.follow(parts.pid);
    crashed_at_ = {};
    awaited_checkpoint_ = 0;
    awaits_values_ = awaits_restored_ = false;
    awaited_resume_ = checkpoint.id;
    if (!await_answer(events, "go on from its checkpoint")) {
        return fail(ErrorKind::kSystem, "the checkpoint ended instead of going on");
    }
    return {};
}

Result<Worker::SavedGlobals> Worker::save_values(const Globals& globals, WorkerEvents& events) {
    saved_ = SavedGlobals();
    if (auto sent = send(SaveValues{kMostValues, globals}); !sent) {
        return tl::unexpected(std::move(sent.error()));
    }
    awaits_values_ = true;
    if (!await_answer(events, "save its variables")) {
        return fail(ErrorKind::kSystem, "the worker ended while it saved its variables");
    }
    return std::move(saved_);
}

Result<void> Worker::restore_values(const Globals& globals, std::string_view bytes, WorkerEvents& events) {
    for (size_t at = 0; at < bytes.size(); at += kPiece) {
        if (auto sent = send(SavedValuesPiece{std::string(bytes.substr(at, kPiece))}); !sent) {
            return sent;
        }
        while (!end_ && queued_bytes_ > kPiece) {
            turn(kLook, events);
        }
    }
    if (auto sent = send(RestoreValues{globals}); !sent) {
        return sent;
    }
    awaits_restored_ = true;
    if (!await_answer(events, "take over the variables") || !restored_) {
        return fail(ErrorKind::kSystem, "the new worker cannot take over the variables");
    }
    return {};
}

}  // namespace kayton
