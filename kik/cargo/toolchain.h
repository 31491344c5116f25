// The Rust toolchain that builds an environment's plugins, and the pin that keeps it the same. Its own rustc and cargo
// are called, never rustup's proxies, and nothing is ever installed behind the person's back.
// Plain values; kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kik/cargo/command.h"
#include "shared/result.h"

namespace kayton::kik {

struct Toolchain {
    std::filesystem::path bin;     // folder of rustc, cargo and rustdoc
    std::filesystem::path libdir;  // holds libstd-*.so
    std::string release;           // "1.95.0"
    std::string commit;            // hexadecimal; the hash of `rustc -vV` for a compiler that tells none
    std::string host;              // "x86_64-unknown-linux-gnu"
    std::string channel;           // what rust-toolchain.toml names: "1.95.0", "nightly-2026-04-15"
    [[nodiscard]] std::filesystem::path rustc() const { return bin / "rustc"; }
    [[nodiscard]] std::filesystem::path cargo() const { return bin / "cargo"; }
    [[nodiscard]] std::filesystem::path rustdoc() const { return bin / "rustdoc"; }
    // "1.95.0-59807616e1fa": names the caches of what this toolchain built.
    [[nodiscard]] std::string key() const { return release + "-" + commit.substr(0, 12); }
};

// The toolchain a person's `cargo` would use: rustup's active one, else the one on PATH (Debian's). kNotFound with how
// to get one.
[[nodiscard]] Result<Toolchain> find_toolchain();

// The toolchain with this rustc and commit: the recorded place, rustup's toolchains, PATH.
[[nodiscard]] Result<Toolchain> find_pinned_toolchain(const Toolchain& pin);

[[nodiscard]] Result<Toolchain> inspect_toolchain(const std::filesystem::path& bin);

// <env>/toolchain/toolchain.json and rust-toolchain.toml. Reading gives kNotFound when nothing is pinned yet.
[[nodiscard]] Result<Toolchain> read_pin(const std::filesystem::path& environment);
[[nodiscard]] Result<void> write_pin(const std::filesystem::path& environment, const Toolchain& toolchain);

// A command of this toolchain's cargo, free of whatever the person's shell sets for other builds.
[[nodiscard]] Command cargo_command(const Toolchain& toolchain, std::vector<std::string> arguments);

// The libstd-*.so files of the toolchain. Debian's rustc-web ships the static library only: then the list is empty, and
// bridge and plugins carry a standard library each. kNotFound when there is none at all.
[[nodiscard]] Result<std::vector<std::filesystem::path>> shared_std(const Toolchain& toolchain);

}  // namespace kayton::kik
