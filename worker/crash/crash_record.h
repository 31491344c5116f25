// The crash record: what this process writes about its own end into the channel's crash page, from a signal handler on
// a guarded stack of its own, or from exit() when a library calls it in the middle of a run.
// Installed once by main before any plugin is opened; every thread gets its own alternate stack (thread_stacks.cpp).
// Handlers use system calls and plain memory only: no lock, no allocation.
#pragma once

#include <cstdint>

#include "shared/crash_page.h"
#include "shared/result.h"
#include "shared/unique_fd.h"

namespace kayton {

struct CrashSetup {
    CrashPage* page = nullptr;
    uint64_t code_base = 0;  // the code arena: words on the stack that point into it are Kayton return addresses
    uint64_t code_size = 0;
    uint64_t arena_size = 0;  // from code_base: code, then data; what of it is not used stays out of core files
    uint64_t stack_top = 0;  // of the main thread: generated code's frames lie below
};

// Handles SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP and SIGXCPU. REQUIRES: called on the main thread, before the
// sandbox, since it opens /proc/self/maps.
[[nodiscard]] Result<void> install_crash_record(const CrashSetup& setup);

// In a checkpoint: nowhere to record (NULL), until it becomes the worker and has a page and the open maps of its own.
void move_crash_record(CrashPage* page, UniqueFd maps);

// While set, an exit() of the process is recorded with the stack it was called from.
void expect_no_exit(bool running);

// A guarded alternate signal stack for the calling thread, released when the thread ends.
[[nodiscard]] bool arm_alternate_stack();

}  // namespace kayton
