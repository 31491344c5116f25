// Reading a whole file of text into memory: the small JSON files of an environment.
// The caller owns the text. Safe in any thread.
#pragma once

#include <exception>
#include <filesystem>
#include <string>
#include <string_view>

#include "shared/result.h"

namespace kayton {

// kNotFound when there is no such file, kSystem when it cannot be read; the message names the file and the reason.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& file);

// Why `text`, as read from a file, is not the JSON that was asked for, in words for a message: the text of the JSON
// library's exception without the library's own name of it.
[[nodiscard]] std::string json_problem(std::string_view text, const std::exception& error);

}  // namespace kayton
