// StaleCells: which cells used a name whose definition has changed since: what they made of it is not what they would make
// of it now. A cell that is run again, or whose text or front end's id comes again, takes its own place.
// Owned by the Executor, its thread's alone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kayton::kernel {

struct CellRun {
    int64_t count = 0;
    std::string id;    // of the front end; may be empty
    std::string code;
    std::set<std::string> used, changed;  // names of earlier cells: CompileOutcome
};

class StaleCells {
  public:
    // A cell has run to its end. `definitions`: the changed names that are functions or classes now. Gives what the
    // person is told: the cells that became stale by a new definition, or because this cell ran before with another
    // content; a variable that takes another type on the way is only marked.
    [[nodiscard]] std::string ran(CellRun run, const std::set<std::string>& definitions);

    // For %stale: a line for each stale cell.
    [[nodiscard]] std::string report() const;

    // The session went back, or began anew: what was run is not known any more.
    void forget() { runs_.clear(); }

  private:
    struct Known {
        CellRun run;
        std::map<std::string, int64_t> stale;  // name: the cell that changed it
    };
    std::deque<Known> runs_;
};

}  // namespace kayton::kernel
