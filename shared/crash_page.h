// CrashPage: where a dying worker leaves what it knows of its end, for the supervisor to read after the process is
// gone. Written by a signal handler, so only plain stores: the record first, then `state`, then the stack. What a
// worker writes here may be a lie: the supervisor copies it once, bounds every count, and believes waitid before it.
// Lives in the channel's control memory.
#pragma once

#include <atomic>
#include <cstdint>

namespace kayton {

constexpr uint32_t kCrashNone = 0;
constexpr uint32_t kCrashPublished = 1;  // signal, code, address, registers
constexpr uint32_t kCrashWalked = 2;     // frames, stack, code words and maps too

constexpr uint32_t kCrashMaxFrames = 64;
constexpr uint32_t kCrashMaxCodeWords = 64;
constexpr uint32_t kCrashStackWords = 1024;
constexpr uint32_t kCrashMapsCapacity = 40 * 1024;

struct CrashPage {
    std::atomic<uint32_t> state;
    int32_t signal;  // 0: the process ends by exit() in the middle of a run
    int32_t code;    // si_code
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
    uint32_t stack_words;
    uint64_t frames[kCrashMaxFrames];         // pc, then return addresses by frame pointers, innermost first
    uint64_t code_words[kCrashMaxCodeWords];  // words on the stack that point into the code arena, innermost first
    uint64_t stack[kCrashStackWords];         // the stack from sp on
    char maps[kCrashMapsCapacity];            // the executable lines of /proc/self/maps
};

}  // namespace kayton
