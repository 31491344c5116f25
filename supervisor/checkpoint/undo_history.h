// UndoHistory: states of a session that it can go back to: one before each of the last steps, and those that the person
// has named. Each is a frozen copy of the worker, which shares its memory with it until one of them writes there; what
// the copies keep beyond the worker's own memory is held within a budget, the oldest going first.
// Owned by a Session; one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "supervisor/checkpoint/checkpoint.h"

namespace kayton {

struct UndoPoint {
    KeptCheckpoint checkpoint;
    std::shared_ptr<const check::SessionState> names;  // what the compiler knew
    std::vector<SessionGlobal> globals;                // and where it lies
    std::string step;                                  // what was run from here
    std::chrono::system_clock::time_point made = std::chrono::system_clock::now();
};

class UndoHistory {
  public:
    UndoHistory(size_t most_steps, uint64_t memory) : most_steps_(most_steps), memory_(memory) {}

    void add_step(UndoPoint point) { steps_.push_back(std::move(point)); }
    // In place of one of the same name.
    void add_named(const std::string& name, UndoPoint point) { named_.insert_or_assign(name, std::move(point)); }

    [[nodiscard]] size_t steps() const { return steps_.size(); }
    // The state before the last `count` steps; the states after it go. REQUIRES: 1 ≤ count ≤ steps().
    [[nodiscard]] UndoPoint take_step(size_t count);
    [[nodiscard]] bool has(const std::string& name) const { return named_.contains(name); }
    [[nodiscard]] UndoPoint take_named(const std::string& name);  // REQUIRES: has(name)
    [[nodiscard]] const std::deque<UndoPoint>& all_steps() const { return steps_; }
    [[nodiscard]] const std::map<std::string, UndoPoint>& all_named() const { return named_; }

    // Lets go of what is too old, and of what does not fit into the budget: in words, empty when nothing had to go that
    // the person counts on.
    [[nodiscard]] std::string fit(pid_t worker);
    void clear();
    [[nodiscard]] std::vector<pid_t> processes() const;

  private:
    [[nodiscard]] uint64_t memory_of_copies(pid_t worker);

    size_t most_steps_;
    uint64_t memory_;
    // When the kernel was last asked closely, and what it said.
    struct Moment {
        pid_t worker = -1;
        uint64_t own = 0;     // bytes of the worker's own
        uint64_t faults = 0;  // that it has had
        uint64_t bound = 0;   // bytes of the copies, as if they shared nothing
    };
    Moment looked_;
    uint64_t measured_ = 0;
    std::deque<UndoPoint> steps_;  // the oldest first
    std::map<std::string, UndoPoint> named_;
};

// What a worker has done since a moment that going back does not undo, in words: files in the folders that are newer,
// files and connections that it holds open. Empty: nothing was found.
[[nodiscard]] std::string lasting_effects(pid_t worker, const std::vector<std::string>& folders,
                                          std::chrono::system_clock::time_point since);

}  // namespace kayton
