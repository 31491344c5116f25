// Puts the end of a worker into words: what the kernel says of it, and where it happened as far as the record that the
// worker left can be believed: the plugin and its function, and the Kayton line that called it.
// Plain functions; the thread of the session.
#pragma once

#include <string>
#include <vector>

#include "shared/environment.h"
#include "supervisor/link/code_arena.h"
#include "supervisor/link/code_table.h"
#include "supervisor/monitor/worker.h"

namespace kayton {

// "SIGSEGV (segmentation fault)".
[[nodiscard]] std::string signal_in_words(int signal);

// One line without trailing newline, for example "the worker was killed by SIGSEGV (segmentation fault): write to
// address 0x0 in plugin 'plugin_hello' (plugin_hello::crash), called from line 3 of prog.kay".
[[nodiscard]] std::string describe_end(const WorkerEnd& end, const std::vector<InstalledPlugin>& plugins,
                                       const CodeArena& arena, const CodeTable& code);

}  // namespace kayton
