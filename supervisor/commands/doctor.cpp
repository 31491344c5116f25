// kayton doctor: what this machine offers, one line a finding, with what helps where something is missing. The
// sandbox's layers are asked of a worker that has put itself under them, not guessed.
#include <llvm/Config/llvm-config.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/commands/commands.h"
#include "supervisor/session.h"

namespace kayton {
namespace {

struct Finding {
    std::string subject;
    bool good = true;
    bool needed = true;  // the exit status is 1 when it is not good
    std::string detail;
    std::string help;
};

class SilentIo : public SessionIo {
  public:
    void write(bool error, std::string_view bytes) override {
        if (error) {
            errors += bytes;
        }
    }
    InputState read_line(std::string_view, std::string&) override { return InputState::kEndOfFile; }
    std::string errors;
};

std::string in_gigabytes(uint64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GB", static_cast<double>(bytes) / 1e9);
    return text;
}

Finding finding_of(const Error& error, std::string subject) {
    return {std::move(subject), false, true, error.message, error.remedy};
}

long landlock_version() {
    constexpr long kCreateRuleset = 444;
    constexpr unsigned kVersionFlag = 1;
    return ::syscall(kCreateRuleset, nullptr, 0, kVersionFlag);
}

Finding landlock(bool missing) {
    const std::string version = std::to_string(landlock_version());
    if (missing) {
        return {
            "landlock", false, true, "this kernel does not offer it: programs reach every file that you reach",
            "use Linux 5.13 or newer with landlock in the list of security modules (boot option lsm=landlock,…); in a "
            "container, allow the system calls 444 to 446"};
    }
    constexpr long kAllOfIt = 6;
    const bool all = landlock_version() >= kAllOfIt;
    return {"landlock", true, true, "ABI " + version + ": files" + (all ? ", TCP, abstract sockets, signals" : ""), {}};
}

Finding namespaces(bool missing) {
    if (missing) {
        return {"namespaces", false, true, "a worker shares this machine's network and message queues; the filter of system "
                "calls alone keeps it from them",
                "let users make user namespaces (sysctl user.max_user_namespaces, and kernel.unprivileged_userns_clone or "
                "kernel.apparmor_restrict_unprivileged_userns where they exist); in a container, allow the system call "
                "unshare"};
    }
    return {"namespaces", true, true, "a network with nothing in it, message queues and a host name of its own", {}};
}

// Not needed: memory and threads are held to their limits without.
Finding cgroups() {
    const bool delegated = ::access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0 &&
                           ::access("/sys/fs/cgroup/cgroup.subtree_control", W_OK) == 0;
    return {"cgroups", true, false,
            std::string(delegated ? "version 2, delegated" : "version 2 is not delegated to you") +
                "; memory and threads are held to their limits by looks at what the kernel counts",
            {}};
}

Finding seccomp(bool missing) {
    if (missing) {
        return {"seccomp", false, true, "this kernel does not offer it: programs make any system call",
                "use a kernel with CONFIG_SECCOMP_FILTER; in a container, allow the system call seccomp"};
    }
    return {"seccomp", true, true, "no other programs, no network, no other processes", {}};
}

Finding checkpoints(bool possible) {
    if (!possible) {
        return {
            "checkpoints", false, false,
            "this kernel does not let the supervisor decide about system calls: variables do not survive a crash of "
            "a session's cell, and --allow-net=HOST:PORT reaches nothing",
            "use Linux 5.9 or newer; in a container, allow the system call seccomp with its user notification, "
            "which none around it may use already"};
    }
    return {"checkpoints", true, false, "variables survive a cell that crashes; the network host by host", {}};
}

// Starts a worker and lets it say what it could not put in place.
std::vector<Finding> look_at_worker(const Environment& environment) {
    SilentIo io;
    SessionOptions options;
    options.environment = environment;
    auto session = Session::start(std::move(options), io);
    if (!session) {
        return {finding_of(session.error(), "worker")};
    }
    if (auto ready = (*session)->wait_ready(); !ready) {
        Finding finding = finding_of(ready.error(), "worker");
        finding.detail += io.errors.empty() ? "" : ": " + io.errors;
        return {finding};
    }
    const auto& missing = (*session)->missing_layers();
    const auto lacks = [&](const char* layer) {
        return std::find(missing.begin(), missing.end(), layer) != missing.end();
    };
    return {{"worker", true, true, "starts and answers", {}},
            {"limits", true, true, in_gigabytes(most_memory()) + " of memory, 1024 open files, no core files", {}},
            {"privileges", true, true, "no program that a worker starts can gain any", {}},
            namespaces(lacks("namespaces")),
            cgroups(),
            landlock(lacks("landlock")),
            seccomp(lacks("seccomp")),
            checkpoints((*session)->worker().brokered())};
}

Finding look_at_rust() {
    const char* home = std::getenv("CARGO_HOME");
    const char* user = std::getenv("HOME");
    std::string folders = home != nullptr   ? std::string(home) + "/bin:"
                          : user != nullptr ? std::string(user) + "/.cargo/bin:"
                                            : std::string();
    if (const char* path = std::getenv("PATH")) {
        folders += path;
    }
    std::istringstream list(folders);
    for (std::string folder; std::getline(list, folder, ':');) {
        const std::filesystem::path cargo = std::filesystem::path(folder) / "cargo";
        if (::access(cargo.c_str(), X_OK) == 0) {
            return {"rust", true, false, cargo.string() + ", for kik rinstall", {}};
        }
    }
    return {"rust", false, false, "cargo is not on the PATH: programs run, but no crates can be installed",
            "install rustup (https://rustup.rs), or on Debian: apt-get install rustc-web cargo-web"};
}

std::vector<Finding> look_over() {
    std::vector<Finding> findings;
    utsname kernel{};
    ::uname(&kernel);
    findings.push_back({"kayton", true, true, KAYTON_VERSION ", LLVM " LLVM_VERSION_STRING, {}});
    findings.push_back({"kernel", true, true, std::string(kernel.sysname) + " " + kernel.release, {}});
    auto environment = active_environment();
    if (!environment) {
        findings.push_back(finding_of(environment.error(), "environment"));
        environment = Environment{};
    } else {
        findings.push_back({"environment",
                            true,
                            true,
                            "'" + environment->name + "' in " + environment->root.string() + ", " +
                                std::to_string(environment->plugins.size()) + " crates",
                            {}});
    }
    for (Finding& finding : look_at_worker(*environment)) {
        findings.push_back(std::move(finding));
    }
    findings.push_back(look_at_rust());
    return findings;
}

}  // namespace

int doctor_command(const DoctorCommand& command) {
    const std::vector<Finding> findings = look_over();
    if (command.json) {
        nlohmann::json list = nlohmann::json::array();
        for (const Finding& finding : findings) {
            list.push_back({{"subject", finding.subject},
                            {"ok", finding.good},
                            {"needed", finding.needed},
                            {"detail", finding.detail},
                            {"help", finding.help}});
        }
        std::printf("%s\n", list.dump(2).c_str());
    } else {
        for (const Finding& finding : findings) {
            std::printf("%-8s %-12s %s\n", finding.good ? "ok" : "missing", finding.subject.c_str(),
                        finding.detail.c_str());
            if (!finding.help.empty()) {
                std::printf("%-21s help: %s\n", "", finding.help.c_str());
            }
        }
    }
    const bool well = std::all_of(findings.begin(), findings.end(),
                                  [](const Finding& finding) { return finding.good || !finding.needed; });
    return well ? 0 : 1;
}

}  // namespace kayton
