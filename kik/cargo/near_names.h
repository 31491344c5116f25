// Names of crates that a person may have meant: close in spelling to the one that does not exist, out of the well-known
// crates and of what cargo has seen on this machine. Looks at no network. Safe in any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kayton::kik {

// Best first, at most three.
[[nodiscard]] std::vector<std::string> near_names(const std::string& name);

// The closest of `known` by edit distance; ties in the order given.
[[nodiscard]] std::vector<std::string> closest(const std::string& name, const std::vector<std::string>& known);

// Edits (insert, delete, replace, swap of neighbours) from a to b; `-` and `_` are the same.
[[nodiscard]] size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace kayton::kik
