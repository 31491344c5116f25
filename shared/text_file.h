// Reading a whole file of text into memory: the small JSON files of an environment.
// The caller owns the text. Safe in any thread.
#pragma once

#include <filesystem>
#include <string>

#include "shared/result.h"

namespace kayton {

// kNotFound when there is no such file, kSystem when it cannot be read; the message names the file and the reason.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& file);

}  // namespace kayton
