// What keeps a session's variables when its worker ends: the checkpoint before each run, and the two ways on from it.
// It becomes the worker; or, where threads of a crate lived that a copy does not have, it gives its values to a new
// one.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "supervisor/link/linker.h"
#include "supervisor/session.h"
#include "supervisor/session_events.h"

namespace kayton {
namespace {

// A checkpoint may hold the damage that ends each worker: after so many without a run in between that ended by itself
// only its values go on.
constexpr int kResumesInARow = 10;
// A worker whose memory takes longer than this to copy has no checkpoints any more.
constexpr std::chrono::milliseconds kCheckpointBudget{500};
constexpr size_t kLostNamed = 20;

// A name as the person knows it; empty for the compiler's own.
std::string shown_name(const std::string& name) {
    if (name.find('#') != std::string::npos) {
        return {};
    }
    std::string shown = name;
    if (const size_t colon = shown.find(':'); colon != std::string::npos) {
        shown[colon] = '.';
    }
    return shown;
}

}  // namespace

void Session::keep(const CompiledModule& module) {
    kept_modules_.push_back({module.object, module.entry});
    kept_globals_ = module.globals;
}

std::string Session::make_checkpoint() {
    if (checkpoints_too_slow_) {
        return {};
    }
    std::string notice;
    const int threads = threads_of(worker_->pid());
    if (threads > 1) {
        notice = "threads of a crate are running: after a crash only plain values come back, not those of crates";
    }
    const auto begun = std::chrono::steady_clock::now();
    if (auto made = worker_->make_checkpoint(threads == 1, *events_); !made && !worker_->end()) {
        notice = "variables would not survive a crash of this cell: " + made.error().message;
    }
    if (worker_->has_checkpoint() && std::chrono::steady_clock::now() - begun > kCheckpointBudget) {
        checkpoints_too_slow_ = true;
        notice =
            "the program's memory has grown so large that it is no longer copied before each cell: variables would "
            "not survive a crash";
    }
    return notice == told_ ? std::string() : told_ = notice;
}

void Session::recover(RunOutcome& outcome) {
    if (!options_.checkpoints || terminating_.load()) {
        return;
    }
    outcome.recovery_note = "names defined before are gone";
    if (!worker_->has_checkpoint()) {
        return;
    }
    next_step_.reset();
    KeptCheckpoint checkpoint = worker_->take_checkpoint();
    const bool whole = checkpoint.whole && resumes_in_a_row_ < kResumesInARow;
    const auto refuse = [&](const Error& error) { outcome.recovery_note += " (" + error.message + ")"; };
    if (auto resumed = worker_->resume(std::move(checkpoint), *events_); !resumed) {
        return refuse(resumed.error());
    }
    if (whole) {
        ++resumes_in_a_row_;
        outcome.recovery = Recovery::kResumed;
        outcome.recovery_note = "your variables are as before this cell; what it did to files and connections stays";
        return;
    }
    auto lost = restore_values();
    if (!lost) {
        return refuse(lost.error());
    }
    resumes_in_a_row_ = 0;
    outcome.recovery = Recovery::kRestored;
    outcome.lost = std::move(lost->names);
    outcome.recovery_note = "a new worker goes on with your variables as before this cell";
    outcome.recovery_note += lost->list.empty() ? "" : ", except: " + lost->list;
}

Worker::Globals Session::places_of(const std::vector<SessionGlobal>& globals) const {
    Worker::Globals places;
    for (const SessionGlobal& global : globals) {
        places.emplace_back(global.signature, linker_->find(global.symbol));
    }
    return places;
}

// The checkpoint is the worker now, and gives what it has to another in which the modules stand anew.
Result<Session::Lost> Session::restore_values() {
    auto saved = worker_->save_values(places_of(kept_globals_), *events_);
    if (!saved) {
        return tl::unexpected(std::move(saved.error()));
    }
    worker_->kill(EndReason::kSupervisorClosed, "its values go on in another");
    if (auto started = start_worker(); !started) {
        return tl::unexpected(std::move(started.error()));
    }
    if (auto ready = wait_ready(); !ready) {
        return tl::unexpected(std::move(ready.error()));
    }
    for (const auto& [file, text] : sources_) {
        if (auto added = worker_->add_source(file, text); !added) {
            return tl::unexpected(std::move(added.error()));
        }
    }
    const auto deadline = std::chrono::steady_clock::now() + options_.start_limit;
    (void)events_->take_finished();
    for (const KeptModule& module : kept_modules_) {
        auto entry = linker_->link(module.object, module.entry);
        if (!entry) {
            return tl::unexpected(std::move(entry.error()));
        }
        auto begun = worker_->run(*entry, {""}, true);
        if (!begun) {
            return tl::unexpected(std::move(begun.error()));
        }
        // One whose crate cannot be opened had failed before too.
        while (!events_->take_finished()) {
            if (terminating_.load() || std::chrono::steady_clock::now() > deadline) {
                worker_->kill(EndReason::kLimit, "it was not ready in time");
            }
            if (worker_->end()) {
                return fail(ErrorKind::kSystem, "the new worker ended while it prepared what was defined before");
            }
            worker_->turn(std::chrono::milliseconds(20), *events_);
        }
    }
    if (auto restored = worker_->restore_values(places_of(kept_globals_), saved->bytes, *events_); !restored) {
        return tl::unexpected(std::move(restored.error()));
    }
    Lost lost;
    size_t named = 0;
    for (const auto& [reason, index] : saved->lost) {
        if (index >= kept_globals_.size()) {
            continue;
        }
        lost.names.push_back(kept_globals_[index].name);
        const std::string shown = shown_name(kept_globals_[index].name);
        if (!shown.empty() && ++named <= kLostNamed) {
            lost.list += (lost.list.empty() ? "" : ", ") + shown + " (" + reason + ")";
        }
    }
    if (named > kLostNamed) {
        lost.list += " and " + std::to_string(named - kLostNamed) + " more";
    }
    std::erase_if(kept_globals_, [&](const SessionGlobal& global) {
        return std::ranges::find(lost.names, global.name) != lost.names.end();
    });
    return lost;
}

}  // namespace kayton
