// The text of a list, dict, set or tuple as a person reads it: what does not fit into a line stands with each element on a
// line of its own, as IPython shows it. Plain function, any thread.
#pragma once

#include <string>

namespace kayton::kernel {

constexpr size_t kLineWidth = 79;

// A repr() that is not that of a container is given back as it is.
[[nodiscard]] std::string pretty(std::string repr);

}  // namespace kayton::kernel
