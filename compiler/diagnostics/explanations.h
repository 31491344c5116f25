// The page of each diagnostic for the person: what it means, an example that has it, the same example put right. The
// texts are compiler/diagnostics/explanations/CODE.md, part of the program.
// Pure data; any thread.
#pragma once

#include <string_view>
#include <vector>

namespace kayton {

// Markdown, by the code as it is shown ("E0308"). Null when there is no such code.
[[nodiscard]] const char* diagnostic_page(std::string_view code);
[[nodiscard]] const std::vector<std::string_view>& diagnostic_page_names();

}  // namespace kayton
