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
#include "supervisor/report/crash_reader.h"

namespace kayton {

// "SIGSEGV (segmentation fault)".
[[nodiscard]] std::string signal_in_words(int signal);

// A frame of the program, with the text of its line where that is known.
struct KaytonFrame {
    CodeLocation place;
    std::string text;
};

struct CrashReport {
    // One line without trailing newline, for example "the worker was killed by SIGSEGV (segmentation fault): write
    // through a null pointer (address 0x0) in plugin 'plugin_hello' 0.1.0 (plugin_hello::crash), called from line 3 of
    // prog.kay".
    std::string summary;
    std::string cause;    // its first part: how the worker ended
    std::string meaning;  // what that was about; empty when there is nothing to add
    std::string crate;    // the plugin it happened in; empty: none
    std::string version;
    std::string function;
    std::vector<KaytonFrame> kayton;  // innermost first
    std::vector<NativePlace> native;  // inside the innermost of them, innermost first
};

[[nodiscard]] CrashReport read_end(const WorkerEnd& end, const std::vector<InstalledPlugin>& plugins,
                                   const CodeArena& arena, const CodeTable& code);

}  // namespace kayton
