#include "shared/permissions.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "shared/text_file.h"

namespace kayton {

std::vector<std::string>* Permissions::of(std::string_view kind) {
    return kind == "read"    ? &read
           : kind == "write" ? &write
           : kind == "net"   ? &net
           : kind == "env"   ? &env
           : kind == "run"   ? &run
                             : nullptr;
}

Result<Permissions> read_permissions(const std::filesystem::path& environment) {
    Result<std::vector<std::vector<std::string>>> granted = read_granted(environment, kPermissionKinds);
    if (!granted) return tl::unexpected<Error>(granted.error());
    Permissions permissions;
    for (size_t i = 0; i < kPermissionKinds.size(); ++i) *permissions.of(kPermissionKinds[i]) = std::move((*granted)[i]);
    return permissions;
}

Result<std::vector<std::vector<std::string>>> read_granted(const std::filesystem::path& environment,
                                                           std::span<const std::string_view> kinds) {
    const std::filesystem::path file = environment / "metadata" / "env.json";
    const Result<std::string> text = read_text_file(file);
    std::vector<std::vector<std::string>> granted(kinds.size());
    if (!text) {
        if (text.error().kind == ErrorKind::kNotFound) return granted;
        return tl::unexpected<Error>(text.error());
    }
    try {
        const nlohmann::json json = nlohmann::json::parse(*text);
        const nlohmann::json given = json.value("permissions", nlohmann::json::object());
        for (size_t i = 0; i < kinds.size(); ++i) {
            granted[i] = given.value(std::string(kinds[i]), std::vector<std::string>());
        }
    } catch (const nlohmann::json::exception& error) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt: " + json_problem(*text, error),
                    "Run: kik doctor --fix");
    }
    return granted;
}

}  // namespace kayton
