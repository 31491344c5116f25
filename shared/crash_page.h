// CrashPage: where a dying worker leaves what it knows of its end, for the supervisor to read after the process is gone.
// Written by a signal handler, so only plain stores: the record first, then `state`, then the stack. What a worker
// writes here may be a lie: the supervisor copies it once, bounds every count, and believes waitid before it.
// Lives in the channel's control memory.
#pragma once

#include <atomic>
#include <cstdint>

namespace kayton {

constexpr uint32_t kCrashNone = 0;
constexpr uint32_t kCrashPublished = 1;  // signal, code, address, registers
constexpr uint32_t kCrashWalked = 2;     // frames, code words and maps too

constexpr uint32_t kCrashMaxFrames = 64;
constexpr uint32_t kCrashMaxCodeWords = 64;
constexpr uint32_t kCrashMapsCapacity = 48 * 1024;

struct CrashPage {
    std::atomic<uint32_t> state;
    int32_t signal;
    int32_t code;  // si_code
    int32_t thread;
    int32_t on_main_thread;
    int32_t is_write;  // of a page fault: 1 write, 0 read or execute, -1 not known
    uint64_t address;  // si_addr
    uint64_t pc;
    uint64_t sp;
    uint64_t fp;
    uint32_t frame_count;
    uint32_t code_word_count;
    uint32_t maps_size;
    int32_t ended_by_exit;  // set before a run, cleared after it: the process ended inside by exit()
    uint64_t frames[kCrashMaxFrames];           // pc, then return addresses by frame pointers, innermost first
    uint64_t code_words[kCrashMaxCodeWords];    // words on the stack that point into the code arena, innermost first
    char maps[kCrashMapsCapacity];              // the executable lines of /proc/self/maps
};

}  // namespace kayton
