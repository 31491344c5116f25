#include "supervisor/sandbox/policy.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "shared/permissions.h"

namespace kayton {

uint64_t most_memory() {
    uint64_t total = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        uint64_t limit = 0;
        if (std::ifstream(file) >> limit) {  // "max" is no number
            total = std::min(total, limit);
        }
    }
    // Below this the worker itself would not start; such a machine has its own way to stop it.
    constexpr uint64_t kLeast = uint64_t{512} << 20;
    return std::max(total / 4 * 3, kLeast);
}

Result<void> add_environment_grants(const Environment& environment, SandboxGrants& grants) {
    if (environment.root.empty()) {
        return {};
    }
    auto kept = read_permissions(environment.root);
    if (!kept) {
        return tl::unexpected(std::move(kept.error()));
    }
    grants.read.insert(grants.read.end(), kept->read.begin(), kept->read.end());
    grants.write.insert(grants.write.end(), kept->write.begin(), kept->write.end());
    grants.env.insert(grants.env.end(), kept->env.begin(), kept->env.end());
    for (const std::string& place : kept->net) {
        if (place == kNetEverywhere) {
            grants.net_everywhere = true;
            continue;
        }
        auto grant = parse_net_grant(place);
        if (!grant) {
            return fail(ErrorKind::kInput, "a permission of the environment: " + grant.error().message,
                        "kik deny net " + place);
        }
        grants.net.push_back(std::move(*grant));
    }
    return {};
}

SandboxPolicy make_policy(const Environment& environment, const std::filesystem::path& working_folder,
                          const std::filesystem::path& temporary, const SandboxGrants& grants) {
    SandboxPolicy policy;
    policy.temporary = temporary.string();
    policy.max_memory = grants.max_memory.value_or(most_memory());
    policy.max_cpu_seconds = grants.max_cpu_seconds;
    policy.restrict_files = policy.restrict_calls = grants.level != SandboxLevel::kOff;
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
    policy.net = grants.net_everywhere ? NetAccess::kAll : grants.net.empty() ? NetAccess::kNone : NetAccess::kHosts;
    if (policy.net == NetAccess::kAll) {
        // names are looked up in the process itself
        for (const char* file : {"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf",
                                 "/etc/gai.conf", "/etc/services", "/etc/protocols", "/run/systemd/resolve"}) {
            policy.read_only.emplace_back(file);
        }
    }
    for (const std::filesystem::path& path : grants.read) {
        policy.read_only.push_back(path.string());
    }
    for (const std::filesystem::path& path : grants.write) {
        policy.read_write.push_back(path.string());
    }
    return policy;
}

}  // namespace kayton
