#include "kik/cargo/cargo_config.h"

#include "kik/cargo/build.h"
#include "shared/text_file.h"

namespace kayton::kik {

std::optional<CargoConfig> read_cargo_config() {
    for (const char* name : {"config.toml", "config"}) {
        const std::filesystem::path file = cargo_home() / name;
        const Result<std::string> text = read_text_file(file);
        if (!text) continue;
        try {
            return CargoConfig{file, toml::parse(*text)};
        } catch (const toml::parse_error&) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

bool holds_token(const CargoConfig& config) {
    const auto has = [](const toml::node_view<const toml::node>& registry) { return registry["token"] || registry["secret-key"]; };
    if (has(config.table["registry"])) return true;
    const toml::table* registries = config.table["registries"].as_table();
    if (registries == nullptr) return false;
    for (const auto& [name, entry] : *registries)
        if (has(toml::node_view<const toml::node>(entry))) return true;
    return false;
}

}  // namespace kayton::kik
