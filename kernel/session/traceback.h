// Errors of cells in words and colours: what does not compile, what was raised, and the end of a worker.
// Plain functions, any thread.
#pragma once

#include <string>
#include <vector>

#include "kernel/session/executor.h"

namespace kayton::kernel {

[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);
[[nodiscard]] std::vector<std::string> traceback_of(const Error& error);
// REQUIRES: one of them is an error.
[[nodiscard]] CellError compile_error(const std::vector<Diagnostic>& diagnostics);
// REQUIRES: it ended with an exception.
[[nodiscard]] CellError exception_error(const RunOutcome& outcome);
// REQUIRES: the worker ended.
[[nodiscard]] CellError worker_end_error(const RunOutcome& outcome);

}  // namespace kayton::kernel
