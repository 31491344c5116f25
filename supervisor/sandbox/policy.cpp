#include "supervisor/sandbox/policy.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "shared/permissions.h"

namespace kayton {
namespace {

constexpr size_t kMostInterpreters = 8;  // of interpreters

// What runs the program in this file: the one after "#!" of a script, the dynamic linker of a binary. Else empty.
std::string interpreter_of(const std::filesystem::path& program) {
    std::ifstream file(program, std::ios::binary);
    std::array<char, 4096> head{};
    file.read(head.data(), head.size());
    const auto size = static_cast<size_t>(file.gcount());
    if (size > 2 && head[0] == '#' && head[1] == '!') {
        std::istringstream line(std::string(head.data() + 2, size - 2));
        std::string name;
        std::getline(line, name);
        std::istringstream(name) >> name;
        return name;
    }
    Elf64_Ehdr header{};
    if (size < sizeof header || std::memcmp(head.data(), ELFMAG, SELFMAG) != 0) {
        return {};
    }
    std::memcpy(&header, head.data(), sizeof header);
    for (size_t index = 0; index < header.e_phnum; ++index) {
        Elf64_Phdr part{};
        const size_t at = header.e_phoff + index * sizeof part;
        if (at > size || size - at < sizeof part) {
            break;
        }
        std::memcpy(&part, head.data() + at, sizeof part);
        if (part.p_type == PT_INTERP && part.p_offset < size) {
            return {head.data() + part.p_offset, ::strnlen(head.data() + part.p_offset, size - part.p_offset)};
        }
    }
    return {};
}

void add_program(std::filesystem::path program, std::vector<std::string>& execute) {
    for (size_t depth = 0; depth < kMostInterpreters && !program.empty(); ++depth) {
        if (std::find(execute.begin(), execute.end(), program.string()) == execute.end()) {
            execute.push_back(program.string());
        }
        program = interpreter_of(program);
    }
}

}  // namespace

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
    grants.run.insert(grants.run.end(), kept->run.begin(), kept->run.end());
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

Result<std::filesystem::path> find_program(const std::string& name) {
    namespace fs = std::filesystem;
    std::error_code error;
    if (name.find('/') != std::string::npos) {
        const fs::path path = fs::canonical(name, error);
        if (!error && ::access(path.c_str(), X_OK) == 0) {
            return path;
        }
    } else if (const char* folders = std::getenv("PATH")) {
        std::istringstream list(folders);
        for (std::string folder; std::getline(list, folder, ':');) {
            const fs::path path = fs::canonical(fs::path(folder) / name, error);
            if (!error && fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0) {
                return path;
            }
        }
    }
    return fail(ErrorKind::kNotFound, "there is no program " + name, "name it by its path, or as PATH finds it");
}

SandboxPolicy make_policy(const Environment& environment, const std::filesystem::path& working_folder,
                          const std::filesystem::path& temporary, const SandboxGrants& grants) {
    SandboxPolicy policy;
    policy.temporary = temporary.string();
    policy.max_memory = grants.max_memory.value_or(most_memory());
    policy.max_cpu_seconds = grants.max_cpu_seconds;
    policy.core_files = grants.core_files;
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
    for (const std::string& name : grants.run) {
        if (const auto program = find_program(name)) {  // one that is not there cannot be started
            add_program(*program, policy.execute);
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
