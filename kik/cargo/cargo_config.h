// Cargo's own configuration: $CARGO_HOME/config.toml, or `config` as older ones call it. kik is single-threaded.
#pragma once

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <filesystem>
#include <optional>

namespace kayton::kik {

struct CargoConfig {
    std::filesystem::path file;
    toml::table table;
};

// Nothing where there is none or it cannot be parsed: cargo says what is wrong with it.
[[nodiscard]] std::optional<CargoConfig> read_cargo_config();

// Whether it holds a registry's token or secret key, which belong into credentials.toml.
[[nodiscard]] bool holds_token(const CargoConfig& config);

}  // namespace kayton::kik
