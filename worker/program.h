// The seam between the worker's loop and the VM: what the loop asks of the runtime, in terms of messages, and what the
// runtime asks of the loop. Implemented over worker/runtime and worker/plugins.
// Used by the VM's one thread, except for the interrupt calls, which are async-signal-safe.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "shared/message.h"
#include "worker/freeze/saved_values.h"

namespace kayton {

class Loop;

struct ProgramEnd {
    int32_t status = 0;
    std::string exception_class;  // empty: no uncaught exception
    std::string message;
    std::string traceback;
    std::string leaks;  // of a leak check: what was left alive
};

// Connects the runtime's streams to the loop and the plugin loader to the environment's bridge. Once, before any run.
void prepare_program(Loop& loop, const Setup& setup, const char* stack_top);

// Calls `int32_t entry(void)` at the address and says how it ended; standard output is flushed.
[[nodiscard]] ProgramEnd run_program(uint64_t entry, const std::vector<std::string>& argv);

// The module's start-up only: its slots are filled, its body does not run.
[[nodiscard]] ProgramEnd start_program(uint64_t entry);

// Variables of the program by type signature and address; see freeze/saved_values.h.
[[nodiscard]] SavedValues save_program_values(const std::vector<std::pair<std::string, uint64_t>>& globals,
                                              uint64_t limit);
[[nodiscard]] bool restore_program_values(const std::vector<std::pair<std::string, uint64_t>>& globals, ByteView bytes);

void add_program_source(const std::string& file, const std::string& text);

// Names and addresses of everything generated code may refer to.
[[nodiscard]] std::vector<std::pair<std::string, uint64_t>> program_symbols();

void request_interrupt();
void clear_interrupt();
[[nodiscard]] bool interrupt_requested();

}  // namespace kayton
