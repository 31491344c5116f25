#include "supervisor/commands/crash_message.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "shared/environment.h"
#include "supervisor/commands/commands.h"
#include "supervisor/report/crash_store.h"

namespace kayton {

namespace {

// Where core files go is the system's to say (core(5)).
void tell_core_file(pid_t worker, const std::filesystem::path& program) {
    std::string pattern;
    std::getline(std::ifstream("/proc/sys/kernel/core_pattern"), pattern);
    if (pattern.starts_with("|")) {
        report_help("the core file went to `" + pattern.substr(1, pattern.find(' ') - 1) + "`, as this system asks");
        return;
    }
    bool uses_pid = false;
    std::ifstream("/proc/sys/kernel/core_uses_pid") >> uses_pid;
    const size_t number = pattern.find("%p");
    if (number != std::string::npos) {
        pattern.replace(number, 2, std::to_string(worker));
    } else if (uses_pid) {
        pattern += "." + std::to_string(worker);
    }
    report_help("gdb " + program.string() + " " + pattern + " looks at the core file");
}

}  // namespace

Result<std::filesystem::path> crash_folder() {
    auto home = kayton_home();
    if (!home) {
        return tl::unexpected(std::move(home.error()));
    }
    return *home / "crashes";
}

void tell_worker_end(const RunOutcome& outcome, const std::string& command, const SessionOptions& options) {
    const EndReason reason = outcome.worker_end->reason;
    std::fprintf(stderr, "%skayton: %s\n", reason == EndReason::kInterrupted ? "KeyboardInterrupt\n" : "",
                 outcome.report.c_str());
    if (reason == EndReason::kInterrupted || reason == EndReason::kSupervisorClosed || !outcome.crash) {
        return;  // the person's own doing
    }
    if (!outcome.crash->kayton.empty() && !outcome.crash->kayton.front().text.empty()) {
        std::fprintf(stderr, "    %s\n", outcome.crash->kayton.front().text.c_str());
    }
    if (outcome.worker_end->process.core) {
        tell_core_file(outcome.worker_end->pid, options.worker_program);
    }
    StoredCrash crash;
    crash.report = *outcome.crash;
    crash.command = command;
    std::error_code error;
    crash.folder = std::filesystem::current_path(error).string();
    crash.environment = options.environment.name;
    crash.memory_limit = options.grants.max_memory.value_or(most_memory());
    const auto folder = crash_folder();
    // A report that cannot be kept is no second failure: what matters has been said.
    if (folder && keep_crash(*folder, std::move(crash))) {
        report_help("`kayton crash show` tells more");
    }
}

}  // namespace kayton
