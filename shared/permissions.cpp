#include "shared/permissions.h"

#include <nlohmann/json.hpp>
#include <string_view>

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
    const std::filesystem::path file = environment / "metadata" / "env.json";
    const Result<std::string> text = read_text_file(file);
    Permissions permissions;
    if (!text) {
        return text.error().kind == ErrorKind::kNotFound ? Result<Permissions>(permissions)
                                                         : tl::unexpected<Error>(text.error());
    }
    try {
        const nlohmann::json json = nlohmann::json::parse(*text);
        const nlohmann::json given = json.value("permissions", nlohmann::json::object());
        for (const std::string_view kind : kPermissionKinds) {
            *permissions.of(kind) = given.value(std::string(kind), std::vector<std::string>());
        }
    } catch (const nlohmann::json::exception& error) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt: " + json_problem(*text, error),
                    "Run: kik doctor --fix");
    }
    return permissions;
}

}  // namespace kayton
