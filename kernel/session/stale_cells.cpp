#include "kernel/session/stale_cells.h"

#include <algorithm>
#include <utility>

namespace kayton::kernel {
namespace {

constexpr size_t kMostRuns = 1000;

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (size_t i = 0; i < names.size(); ++i) {
        text += (i == 0 ? "`" : i + 1 == names.size() ? " and `" : ", `") + names[i] + "`";
    }
    return text;
}

}  // namespace

std::string StaleCells::ran(CellRun run, const std::set<std::string>& definitions) {
    const auto same_place = [&](const Known& known) {
        return known.run.code == run.code || (!run.id.empty() && known.run.id == run.id);
    };
    const bool again = std::ranges::any_of(runs_, same_place);
    std::erase_if(runs_, same_place);
    std::string told;
    for (Known& known : runs_) {
        std::vector<std::string> names;
        for (const std::string& name : run.changed) {
            if (!known.run.used.contains(name)) {
                continue;
            }
            known.stale[name] = run.count;
            if (again || definitions.contains(name)) {
                names.push_back(name);
            }
        }
        if (!names.empty()) {
            told += "note: cell " + std::to_string(known.run.count) + " is stale: it used " + joined(names) +
                    ", which this cell has changed\n";
        }
    }
    runs_.push_back({std::move(run), {}});
    if (runs_.size() > kMostRuns) {
        runs_.pop_front();
    }
    return told;
}

std::string StaleCells::report() const {
    std::string text;
    for (const Known& known : runs_) {
        for (const auto& [name, count] : known.stale) {
            text += "cell " + std::to_string(known.run.count) + " used `" + name + "`, which cell " +
                    std::to_string(count) + " has changed\n";
        }
    }
    return text;
}

}  // namespace kayton::kernel
