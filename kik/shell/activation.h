// The shell code behind `kik activate`: eval'd by the function that `kik shell-init` defines. It saves and restores
// what it changes (PATH, the prompt, KAYTON_ACTIVE_ENV), nests by deactivating first, and quotes every value. Pure
// functions; safe in any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace kayton::kik {

enum class Shell { kBash, kZsh, kFish, kPowerShell };

[[nodiscard]] std::optional<Shell> parse_shell(const std::string& name);  // "bash", "/usr/bin/zsh", "fish"
[[nodiscard]] const char* shell_name(Shell shell);

// What the person adds to the start-up file: one line, and the file's name.
[[nodiscard]] std::string integration_line(Shell shell);
[[nodiscard]] const char* startup_file(Shell shell);

[[nodiscard]] std::string shell_init_script(Shell shell, const std::filesystem::path& kik);
[[nodiscard]] std::string activation_script(Shell shell, const std::string& name, const std::filesystem::path& bin);
[[nodiscard]] std::string deactivation_script(Shell shell);

// A word that the shell reads back as exactly `text`.
[[nodiscard]] std::string quoted(Shell shell, const std::string& text);

}  // namespace kayton::kik
