// Where the core file of a worker that crashed is, in words that a person can act on. The kernel writes it, by the name
// that the system has chosen (core(5)): a file, in the worker's folder unless the name is a path, or a program's input.
// Any thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace kayton {

struct CoreFileNaming {
    std::string pattern;    // as /proc/sys/kernel/core_pattern says
    bool uses_pid = false;  // as core_uses_pid does
};

[[nodiscard]] CoreFileNaming core_file_naming();

// The name that a crash of the process gives its core file. Empty: it goes to a program, or what the name is made of is
// not known afterwards (the time, the host).
[[nodiscard]] std::string core_file_name(const CoreFileNaming& naming, pid_t process, int signal,
                                         std::string_view program);

// What to tell the person who has asked for one. `left`: the kernel says that there is one.
[[nodiscard]] std::string describe_core_file(const CoreFileNaming& naming, bool left, pid_t process, int signal,
                                             const std::filesystem::path& program);

}  // namespace kayton
