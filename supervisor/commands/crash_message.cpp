#include "supervisor/commands/crash_message.h"

#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "shared/environment.h"
#include "supervisor/commands/commands.h"
#include "supervisor/report/core_file.h"
#include "supervisor/report/crash_store.h"

namespace kayton {

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
    const ProcessEnd& process = outcome.worker_end->process;
    if (options.grants.core_files && reason == EndReason::kSignal) {
        report_help(describe_core_file(core_file_naming(), process.core, outcome.worker_end->pid, process.value,
                                       options.worker_program));
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
