#include "supervisor/sandbox/policy.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace kayton {

Result<TemporaryFolder> TemporaryFolder::create() {
    const char* parent = std::getenv("TMPDIR");
    std::string path = std::string(parent != nullptr && *parent != '\0' ? parent : "/tmp") + "/kayton-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
        return fail(ErrorKind::kSystem, "cannot make a temporary folder " + path + ": " + std::strerror(errno),
                    "set TMPDIR to a folder that can be written");
    }
    return TemporaryFolder(path);
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TemporaryFolder& TemporaryFolder::operator=(TemporaryFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
}

TemporaryFolder::~TemporaryFolder() {
    if (!path_.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
}

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
