// Going back: a session becomes what it was before its last steps, or where it had been given a name. The state is a
// checkpoint like that of a crash; the worker is ended, and the checkpoint takes its place.
#include <string>
#include <utility>

#include "supervisor/link/linker.h"
#include "supervisor/session.h"
#include "supervisor/session_events.h"

namespace kayton {

void Session::begin_step(std::string step, std::shared_ptr<const check::SessionState> names) {
    next_step_.reset();
    if (options_.checkpoints && names != nullptr) {
        next_step_.emplace();
        next_step_->step = std::move(step);
        next_step_->names = std::move(names);
    }
}

std::string Session::keep_step(KeptCheckpoint before) {
    auto point = std::exchange(next_step_, std::nullopt);
    if (!point || options_.undo_steps == 0 || !before.alive()) {
        worker_->drop(std::move(before));
        return {};
    }
    point->checkpoint = std::move(before);
    undo_.add_step(std::move(*point));
    return undo_.fit(worker_->pid());
}

Result<UndoPoint> Session::freeze_now(std::shared_ptr<const check::SessionState> names, std::string step) {
    if (auto ready = wait_ready(); !ready) {
        return tl::unexpected(std::move(ready.error()));
    }
    if (auto made = worker_->make_checkpoint(threads_of(worker_->pid()) == 1, *events_); !made) {
        return tl::unexpected(std::move(made.error()));
    }
    UndoPoint point;
    point.checkpoint = worker_->take_checkpoint();
    point.names = std::move(names);
    point.globals = kept_globals_;
    point.step = std::move(step);
    return point;
}

Result<WentBack> Session::undo(size_t count) {
    return go_back(undo_.take_step(count));
}

Result<std::string> Session::name_state(const std::string& name, std::shared_ptr<const check::SessionState> names) {
    auto point = freeze_now(std::move(names), {});
    if (!point) {
        return tl::unexpected(std::move(point.error()));
    }
    const bool whole = point->checkpoint.whole;
    undo_.add_named(name, std::move(*point));
    std::string told = undo_.fit(worker_->pid());
    if (!whole) {
        told += told.empty() ? "" : "; ";
        told += "threads of a crate are running: only plain values are kept, not those of crates";
    }
    return told;
}

Result<WentBack> Session::restore(const std::string& name, std::shared_ptr<const check::SessionState> now) {
    auto here = freeze_now(std::move(now), "%restore " + name);
    if (!here) {
        return tl::unexpected(std::move(here.error()));
    }
    UndoPoint wanted = undo_.take_named(name);
    const auto names = wanted.names;
    undo_.add_step(std::move(*here));
    auto back = go_back(std::move(wanted));
    if (back && back->note.empty()) {
        // The checkpoint is the worker now: its name needs another.
        if (auto again = freeze_now(names, {})) {
            undo_.add_named(name, std::move(*again));
            back->note = undo_.fit(worker_->pid());
        } else {
            back->note = "checkpoint " + name + " could not be kept: " + again.error().message;
        }
    }
    return back;
}

Result<WentBack> Session::go_back(UndoPoint point) {
    if (!alive() || !point.checkpoint.alive()) {
        return fail(ErrorKind::kSystem, "that state is gone: its process has ended");
    }
    WentBack back;
    back.names = std::move(point.names);
    back.step = std::move(point.step);
    back.lasting = lasting_effects(worker_->pid(), policy_.read_write, point.made);
    const bool whole = point.checkpoint.whole;
    worker_->kill(EndReason::kSupervisorClosed, "the session goes back");
    while (!worker_->end()) {
        worker_->turn(std::chrono::milliseconds(20), *events_);
    }
    (void)worker_->take_end();
    kept_globals_ = std::move(point.globals);
    auto resumed = worker_->resume(std::move(point.checkpoint), *events_);
    if (resumed && whole) {
        return back;
    }
    Result<Lost> lost = resumed ? restore_values() : tl::unexpected(std::move(resumed.error()));
    if (!lost) {
        linker_.reset();
        worker_.reset();
        return tl::unexpected(std::move(lost.error()));
    }
    back.lost = std::move(lost->names);
    back.note = "a new worker goes on, from which there is no way further back";
    back.note += lost->list.empty() ? "" : "; lost: " + lost->list;
    return back;
}

}  // namespace kayton
