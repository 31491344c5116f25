// What running a program and running a notebook have in common. Main thread.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "shared/environment.h"
#include "shared/result.h"
#include "supervisor/commands/commands.h"
#include "supervisor/commands/interrupts.h"
#include "supervisor/commands/terminal_io.h"
#include "supervisor/session.h"

namespace kayton {

// kayton run FILE.ipynb
[[nodiscard]] int run_notebook(const RunCommand& command, Interrupts& interrupts);

// The session that the command asks for. `header`: the text whose header may ask for permissions.
[[nodiscard]] Result<SessionOptions> session_options(const std::string& header, const RunCommand& command,
                                                     const Environment& environment);
[[nodiscard]] std::vector<std::string> argv_of(const RunCommand& command);
[[nodiscard]] bool on_terminal(std::FILE* stream);
void warn_of_missing_layers(const std::vector<std::string>& layers);
// The program does not begin or go on: 130 after Ctrl-C, 128 + signal after another.
[[nodiscard]] int interrupted_status(const Interrupts& interrupts);
// The exit status of a run, and what its end has to be told of.
[[nodiscard]] int status_of(const RunOutcome& outcome, const TerminalIo& io, const Interrupts& interrupts,
                            const RunCommand& command, const Session& session);

}  // namespace kayton
