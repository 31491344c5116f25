#include "worker/sandbox/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace kayton {
namespace {

Result<void> lower_limit(int resource, rlim_t value, const char* name) {
    rlimit limit{};
    ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
    limit.rlim_max = std::min(limit.rlim_max, value);
    limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
    if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) {
        return fail(ErrorKind::kSystem, std::string("cannot set the limit ") + name + ": " + std::strerror(errno));
    }
    return {};
}

}  // namespace

Result<std::vector<std::string>> enter_sandbox(const SandboxPolicy& policy) {
    for (const auto& [resource, value, name] : {std::tuple<int, rlim_t, const char*>{RLIMIT_CORE, 0, "CORE"},
                                                {RLIMIT_NOFILE, policy.max_open_files, "NOFILE"},
                                                {RLIMIT_MEMLOCK, 0, "MEMLOCK"},
                                                {RLIMIT_MSGQUEUE, 0, "MSGQUEUE"}}) {
        if (auto lowered = lower_limit(resource, value, name); !lowered) {
            return tl::unexpected(std::move(lowered.error()));
        }
    }
    if (policy.max_memory != 0) {
        if (auto lowered = lower_limit(RLIMIT_DATA, policy.max_memory, "DATA"); !lowered) {
            return tl::unexpected(std::move(lowered.error()));
        }
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail(ErrorKind::kSystem, std::string("cannot give up new privileges: ") + std::strerror(errno));
    }
    std::vector<std::string> missing;
    if (policy.restrict_files) {
        auto files = restrict_files(policy);
        if (!files) {
            return tl::unexpected(std::move(files.error()));
        }
        if (!*files) {
            missing.emplace_back("landlock");
        }
    }
    if (policy.restrict_calls) {
        auto calls = restrict_system_calls();
        if (!calls) {
            return tl::unexpected(std::move(calls.error()));
        }
        if (!*calls) {
            missing.emplace_back("seccomp");
        }
    }
    return missing;
}

}  // namespace kayton
