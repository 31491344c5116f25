// Runs cargo for a plugin: check with messages, release build, and what cargo's failures mean to a person.
// kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kik/cargo/cache.h"
#include "kik/cargo/toolchain.h"
#include "kik/report/console.h"
#include "shared/result.h"

namespace kayton::kik {

// Where and with what one crate is built.
struct BuildPlace {
    const Toolchain& toolchain;
    const Console& console;
    std::filesystem::path folder;  // holds Cargo.toml
    std::filesystem::path target;  // cargo's target folder
    std::filesystem::path log;
    std::vector<std::string> permissions;    // what `kik allow build` gave
    std::filesystem::path vendor;            // sources to build from instead of cargo's own store; may be empty
    std::vector<std::filesystem::path> sources;  // folders of crates on this machine that the build reads
};

// A cargo command in the place's folder and target folder, offline when asked, writing to the log.
[[nodiscard]] Command cargo_in(const BuildPlace& place, std::vector<std::string> arguments);
// The command runs what crates bring along: it is kept from the network and from files that are none of its business.
[[nodiscard]] Command confined(const BuildPlace& place, Command command);
// The same, shown as a bar while it runs.
[[nodiscard]] Result<CommandResult> run_shown(const BuildPlace& place, Command command, const std::string& title);

// `cargo check --message-format=json`: its messages. Failing code is no error here, a failing dependency is.
[[nodiscard]] Result<std::string> check_messages(const BuildPlace& place, const std::string& subject);

// The release build of the library named `library` ("kayton_plugin_regex"): the path of lib<library>.so.
[[nodiscard]] Result<std::filesystem::path> build_library(const BuildPlace& place, const std::string& library,
                                                          const std::string& subject);

// "could not build `openssl-sys` 0.9.80 (exit status 101)", with the cause, the log and, where known, a remedy.
// `target` is the folder that was built in: with no space left there, that is the reason whatever cargo and the linker
// say.
[[nodiscard]] Error build_error(const CommandResult& result, const std::string& subject,
                                const std::filesystem::path& log, const std::filesystem::path& target = {});

// The flags every plugin is compiled with, as CARGO_ENCODED_RUSTFLAGS. They keep this machine's folders out of what is
// built, so that the same lock gives the same bytes elsewhere.
[[nodiscard]] std::string plugin_rustflags(const BuildPlace& place);

// $CARGO_HOME, or ~/.cargo.
[[nodiscard]] std::filesystem::path cargo_home();

}  // namespace kayton::kik
