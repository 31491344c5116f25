#include "supervisor/link/code_table.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kayton {

void CodeTable::add(CodeFunction function) {
    std::sort(function.lines.begin(), function.lines.end(),
              [](const CodeLine& a, const CodeLine& b) { return a.address < b.address; });
    const auto after = functions_.lower_bound(function.address);
    if (after != functions_.end() && after->first - function.address < function.size) {
        return;
    }
    if (after != functions_.begin()) {
        const auto before = std::prev(after);
        if (function.address - before->first < before->second.size) {
            return;
        }
    }
    const uint64_t address = function.address;
    functions_.emplace(address, std::move(function));
}

std::optional<CodeLocation> CodeTable::find(uint64_t address) const {
    auto after = functions_.upper_bound(address);
    if (after == functions_.begin()) {
        return std::nullopt;
    }
    const CodeFunction& function = std::prev(after)->second;
    if (address - function.address >= function.size) {
        return std::nullopt;
    }
    CodeLocation location{function.function, function.file, 0};
    const auto line = std::upper_bound(function.lines.begin(), function.lines.end(), address,
                                       [](uint64_t wanted, const CodeLine& entry) { return wanted < entry.address; });
    if (line != function.lines.begin()) {
        location.line = std::prev(line)->line;
    }
    return location;
}

}  // namespace kayton
