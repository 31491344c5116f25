// Tells the person that a worker has ended, and keeps the report for `kayton crash show`.
// Main thread.
#pragma once

#include <string>

#include "supervisor/session.h"

namespace kayton {

// REQUIRES: the outcome has a worker_end. `command` is what the person typed, "kayton run prog.kay".
void tell_worker_end(const RunOutcome& outcome, const std::string& command, const SessionOptions& options);

// Where reports are kept: $KAYTON_HOME/crashes.
[[nodiscard]] Result<std::filesystem::path> crash_folder();

}  // namespace kayton
