// The file layer: Landlock (Documentation/userspace-api/landlock.rst). The C library's headers may be older than the
// kernel, so the constants are ours; access rights that the running kernel does not know are masked by its ABI.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "shared/unique_fd.h"
#include "worker/sandbox/sandbox.h"

namespace kayton {
namespace {

constexpr long kCreateRuleset = 444;
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr uint32_t kVersionFlag = 1;
constexpr int kRulePathBeneath = 1;

constexpr uint64_t kExecute = 1U << 0;
constexpr uint64_t kWriteFile = 1U << 1;
constexpr uint64_t kReadFile = 1U << 2;
constexpr uint64_t kReadDir = 1U << 3;
constexpr uint64_t kRefer = 1U << 13;     // ABI 2
constexpr uint64_t kTruncate = 1U << 14;  // ABI 3
constexpr uint64_t kIoctlDev = 1U << 15;  // ABI 5
constexpr uint64_t kFirstAbi = (1U << 13) - 1;
constexpr uint64_t kTcp = 3;     // bind and connect, ABI 4
constexpr uint64_t kScopes = 3;  // abstract Unix sockets and signals, ABI 6
constexpr uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;

struct RulesetAttributes {
    uint64_t files = 0;
    uint64_t network = 0;
    uint64_t scoped = 0;
};
struct __attribute__((packed)) PathBeneath {
    uint64_t allowed = 0;
    int32_t parent = -1;
};

// What ABI the access rights came with; the attributes grew with them.
struct Abi {
    uint64_t files = kFirstAbi;
    size_t attributes_size = sizeof(uint64_t);
};

Abi rights_of(long version) {
    Abi abi;
    if (version >= 2) {
        abi.files |= kRefer;
    }
    if (version >= 3) {
        abi.files |= kTruncate;
    }
    if (version >= 4) {
        abi.attributes_size = 2 * sizeof(uint64_t);
    }
    if (version >= 5) {
        abi.files |= kIoctlDev;
    }
    if (version >= 6) {
        abi.attributes_size = 3 * sizeof(uint64_t);
    }
    return abi;
}

tl::unexpected<Error> failure(const std::string& action) {
    return fail(ErrorKind::kSystem, "cannot " + action + " with Landlock: " + std::strerror(errno));
}

Result<void> allow(int ruleset, const std::string& path, uint64_t access) {
    const UniqueFd parent(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!parent) {
        return {};  // what is not there needs no permission
    }
    struct stat status{};
    if (::fstat(parent.get(), &status) == 0 && !S_ISDIR(status.st_mode)) {
        access &= kOfFiles;
    }
    const PathBeneath rule{access, parent.get()};
    if (::syscall(kAddRule, ruleset, kRulePathBeneath, &rule, 0) != 0) {
        return failure("allow " + path);
    }
    return {};
}

}  // namespace

Result<bool> restrict_files(const SandboxPolicy& policy) {
    const long version = ::syscall(kCreateRuleset, nullptr, 0, kVersionFlag);
    if (version < 1) {
        return false;
    }
    const Abi abi = rights_of(version);
    RulesetAttributes attributes;
    attributes.files = abi.files;
    attributes.network = policy.net == NetAccess::kAll ? 0 : kTcp;
    attributes.scoped = kScopes;
    const UniqueFd ruleset(static_cast<int>(::syscall(kCreateRuleset, &attributes, abi.attributes_size, 0)));
    if (!ruleset) {
        return failure("make rules");
    }
    const uint64_t read = kReadFile | kReadDir;
    const uint64_t write = abi.files & ~kExecute;
    const uint64_t device = (kReadFile | kWriteFile | kTruncate | kIoctlDev) & abi.files;
    for (const std::string& path : policy.read_only) {
        if (auto allowed = allow(ruleset.get(), path, read); !allowed) {
            return tl::unexpected(std::move(allowed.error()));
        }
    }
    for (const std::string& path : policy.read_write) {
        if (auto allowed = allow(ruleset.get(), path, write); !allowed) {
            return tl::unexpected(std::move(allowed.error()));
        }
    }
    for (const std::string& path : policy.execute) {
        if (auto allowed = allow(ruleset.get(), path, kExecute | kReadFile); !allowed) {
            return tl::unexpected(std::move(allowed.error()));
        }
    }
    if (!policy.temporary.empty()) {
        if (auto allowed = allow(ruleset.get(), policy.temporary, write); !allowed) {
            return tl::unexpected(std::move(allowed.error()));
        }
    }
    for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
        if (auto allowed = allow(ruleset.get(), path, device); !allowed) {
            return tl::unexpected(std::move(allowed.error()));
        }
    }
    if (::syscall(kRestrictSelf, ruleset.get(), 0) != 0) {
        return failure("restrict files");
    }
    return true;
}

}  // namespace kayton
