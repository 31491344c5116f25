// Searching in bytes: what str and bytes methods share. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kayton {

constexpr size_t kNotFound = std::string_view::npos;
[[nodiscard]] size_t find_bytes(std::string_view text, std::string_view part);
[[nodiscard]] size_t rfind_bytes(std::string_view text, std::string_view part);
// Occurrences that do not overlap. REQUIRES: part is not empty.
[[nodiscard]] int64_t count_bytes(std::string_view text, std::string_view part);

}  // namespace kayton
