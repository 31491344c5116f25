// What a program asks for in its own header, the comment lines it begins with:
//     # kayton: needs net=api.example.com:443 read=/data env=API_KEY
// A request grants nothing: the person does. Plain functions, safe in any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "shared/permissions.h"
#include "shared/result.h"
#include "supervisor/sandbox/policy.h"

namespace kayton {

// Paths are taken from the program's folder. kInput for a word that is no permission.
[[nodiscard]] Result<Permissions> read_header_request(std::string_view text, const std::filesystem::path& program);

// What of it the grants do not hold yet, as options of `kayton run`: "--allow-net=api.example.com:443".
[[nodiscard]] std::vector<std::string> not_granted(const Permissions& request, const SandboxGrants& grants,
                                                   const std::filesystem::path& working_folder);
// Adds all of it to the grants.
void grant(const Permissions& request, SandboxGrants& grants);

}  // namespace kayton
