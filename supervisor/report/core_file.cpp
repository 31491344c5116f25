#include "supervisor/report/core_file.h"

#include <unistd.h>

#include <fstream>

namespace kayton {
namespace {

constexpr size_t kLongestProcessName = 15;  // TASK_COMM_LEN without its end

}  // namespace

CoreFileNaming core_file_naming() {
    CoreFileNaming naming;
    std::getline(std::ifstream("/proc/sys/kernel/core_pattern"), naming.pattern);
    std::ifstream("/proc/sys/kernel/core_uses_pid") >> naming.uses_pid;
    return naming;
}

std::string core_file_name(const CoreFileNaming& naming, pid_t process, int signal, std::string_view program) {
    const std::string& pattern = naming.pattern;
    if (pattern.starts_with("|")) {
        return {};
    }
    std::string name;
    bool has_process = false;
    for (size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] != '%') {
            name += pattern[at];
            continue;
        }
        ++at;
        switch (at < pattern.size() ? pattern[at] : '\0') {
            case '\0': break;  // the kernel drops a last one
            case '%': name += '%'; break;
            case 'p':
                has_process = true;
                name += std::to_string(process);
                break;
            case 'u': name += std::to_string(::getuid()); break;
            case 'g': name += std::to_string(::getgid()); break;
            case 's': name += std::to_string(signal); break;
            case 'e': name += program.substr(0, kLongestProcessName); break;
            default: return {};
        }
    }
    if (naming.uses_pid && !has_process) {
        name += "." + std::to_string(process);
    }
    return name;
}

std::string describe_core_file(const CoreFileNaming& naming, bool left, pid_t process, int signal,
                               const std::filesystem::path& program) {
    if (!left) {
        if (naming.pattern.empty()) {
            return "no core file was left: this system keeps none (`sysctl kernel.core_pattern=core`, as root, changes "
                   "that)";
        }
        return "no core file was left: `ulimit -c unlimited` in this shell allows one, and the sandbox must let the "
               "program write where `" +
               naming.pattern + "` (kernel.core_pattern) is";
    }
    if (naming.pattern.starts_with("|")) {
        return "the core file went to `" + naming.pattern.substr(1, naming.pattern.find(' ') - 1) +
               "`, as this system asks";
    }
    const std::string name = core_file_name(naming, process, signal, program.filename().string());
    if (name.empty()) {
        return "the core file's name is made after `" + naming.pattern + "` (kernel.core_pattern)";
    }
    return "gdb " + program.string() + " " + name + " looks at the core file";
}

}  // namespace kayton
