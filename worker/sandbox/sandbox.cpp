#include "worker/sandbox/sandbox.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace kayton {
namespace {

Result<void> lower_limit(int resource, rlim_t value, const char* name) {
    rlimit limit{};
    ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
    limit.rlim_max = std::min(limit.rlim_max, value);
    limit.rlim_cur = resource == RLIMIT_CORE ? limit.rlim_max : std::min(limit.rlim_cur, limit.rlim_max);
    if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) {
        return fail(ErrorKind::kSystem, std::string("cannot set the limit ") + name + ": " + std::strerror(errno));
    }
    return {};
}

// Root keeps what lets it work on other people's files, as Landlock grants them, and nothing else.
Result<void> drop_capabilities() {
    const uint32_t kept =
        ::geteuid() == 0 ? 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH | 1U << CAP_FOWNER : 0;
    for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
        // Refused to those who have none to lose.
        (void)::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
    (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) == 0) {
        sets[0] = {sets[0].effective & kept, sets[0].permitted & kept, 0};
        sets[1] = {0, 0, 0};
        if (::syscall(SYS_capset, &header, sets.data()) == 0) {
            return {};
        }
    }
    return fail(ErrorKind::kSystem, std::string("cannot drop capabilities: ") + std::strerror(errno));
}

}  // namespace

Result<Sandboxed> enter_sandbox(const SandboxPolicy& policy) {
    for (const auto& [resource, value, name] : {std::tuple<int, rlim_t, const char*>{RLIMIT_CORE, policy.core_files ? RLIM_INFINITY : 0, "CORE"},
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
    if (policy.max_cpu_seconds != 0) {
        // SIGXCPU, whose handler says where it was; a worker that is deaf to it is killed a second later.
        const rlimit limit{policy.max_cpu_seconds, policy.max_cpu_seconds + 1};
        if (::setrlimit(RLIMIT_CPU, &limit) != 0) {
            return fail(ErrorKind::kSystem, std::string("cannot set the limit CPU: ") + std::strerror(errno));
        }
    }
    Sandboxed result;
    if (policy.restrict_calls) {
        auto namespaces = enter_namespaces(policy.net);
        if (!namespaces) {
            return tl::unexpected(std::move(namespaces.error()));
        }
        if (!*namespaces) {
            result.missing_layers.emplace_back("namespaces");
        }
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail(ErrorKind::kSystem, std::string("cannot give up new privileges: ") + std::strerror(errno));
    }
    if (policy.restrict_calls) {
        if (auto dropped = drop_capabilities(); !dropped) {
            return tl::unexpected(std::move(dropped.error()));
        }
    }
    if (policy.restrict_files) {
        auto files = restrict_files(policy);
        if (!files) {
            return tl::unexpected(std::move(files.error()));
        }
        if (!*files) {
            result.missing_layers.emplace_back("landlock");
        }
    }
    if (policy.restrict_calls) {
        auto calls = restrict_system_calls(policy, result.call_listener);
        if (!calls) {
            return tl::unexpected(std::move(calls.error()));
        }
        if (!*calls) {
            result.missing_layers.emplace_back("seccomp");
        }
        if (policy.net != NetAccess::kAll) {
            ask_supervisor_for_names();
        }
    }
    return result;
}

}  // namespace kayton
