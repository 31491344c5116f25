// Magics: what a cell may say to the kernel itself: `%who`, `%timeit f(x)`, `name?` … They are found by the text alone.
// Plain values, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kayton::kernel {

struct Magic {
    std::string name;      // "who"; "?" or "??" for a question about a name
    std::string argument;  // the rest of the line
    std::string body;      // the lines below, behind as many empty ones as stand above them: tracebacks count them
    bool whole_cell = false;
};

struct MagicInfo {
    std::string_view usage;  // "%time STATEMENT"
    std::string_view does;
};

// The cell's magic, if its first line with text begins with '%', or the cell is a name with '?' before or behind it.
[[nodiscard]] std::optional<Magic> find_magic(const std::string& code);
// How many line ends stand before a place in a text.
[[nodiscard]] size_t lines_before(std::string_view text, size_t at);
[[nodiscard]] const std::vector<MagicInfo>& known_magics();
// The known magic nearest to a name that is none: "%time"; empty when none is near.
[[nodiscard]] std::string nearest_magic(const std::string& name, bool whole_cell);

}  // namespace kayton::kernel
