#include "supervisor/sandbox/policy.h"

namespace kayton {

SandboxPolicy make_policy(const Environment& environment, const std::filesystem::path& working_folder,
                          const std::filesystem::path& temporary, const SandboxGrants& grants) {
    SandboxPolicy policy;
    policy.temporary = temporary.string();
    policy.read_only = {
        environment.root.string(),
        // the system's libraries
        "/usr", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/etc/ld.so.preload",
        // the process itself and what libraries ask about the machine
        "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/sys/vm/overcommit_memory",
        "/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage",
        // locale, time zone, certificates
        "/etc/locale.alias", "/etc/localtime", "/etc/timezone", "/etc/ssl", "/etc/ca-certificates", "/etc/mime.types"};
    policy.read_write = {working_folder.string()};
    for (const std::filesystem::path& path : grants.read) {
        policy.read_only.push_back(path.string());
    }
    for (const std::filesystem::path& path : grants.write) {
        policy.read_write.push_back(path.string());
    }
    return policy;
}

}  // namespace kayton
