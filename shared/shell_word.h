// A word as a person can paste it into a shell, for commands that are proposed: names of files come from programs that
// may choose them so that more is run than is seen. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace kayton {

// As it is where no shell reads anything into it, else between single quotes. Control characters become '?'.
[[nodiscard]] std::string shell_word(std::string_view text);

// Text for a terminal: control characters become '?', what is not UTF-8 too, and it is cut after `most` bytes.
[[nodiscard]] std::string printable(std::string_view text, size_t most = 1024);

}  // namespace kayton
