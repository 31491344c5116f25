// CrashFaults: how a hostile worker ends, or does not, one function each: crashes, exits, loops, bombs; and the little
// state by which checkpoints are told apart. Part of the hostile worker; runs on its main thread.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/faults/hostile_channel.h"
#include "worker/crash/crash_record.h"

namespace kayton {

class CrashFaults : public ChannelFaults {
  protected:
    void exit_zero() { std::exit(0); }
    void forged_crash() {
        CrashPage& page = channel_->crash_page();
        page.signal = SIGSEGV;
        page.frame_count = page.code_word_count = page.stack_words = page.maps_size = 0xffffffffU;
        page.state.store(kCrashWalked);
        ::kill(::getpid(), SIGKILL);
    }

    // The address is out of the optimiser's sight: what it knows to be wrong it warns of or removes.
    static void crash_at(uint64_t address) {
        volatile uint64_t unknown = address;
        *reinterpret_cast<volatile int*>(unknown) = 1;
    }
    void crash_null() { crash_at(0x10); }
    void crash_read_only() {
        crash_at(reinterpret_cast<uint64_t>(
            ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
    }
    // A page of a file that ends before it.
    void crash_bus() {
        const int file = ::open("/usr/bin/env", O_RDONLY);
        constexpr off_t kBeyond = off_t{1} << 30;
        const void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file, kBeyond);
        output(std::to_string(*static_cast<const volatile char*>(page)));
    }
    void crash_throw() { throw std::runtime_error("nobody catches it"); }
    void crash_double_free() {
        // Out of the optimiser's sight, which knows better.
        void* block = std::malloc(100);
        for (int times = 0; times < 2; ++times) {
            void* volatile freed = block;
            std::free(freed);
        }
    }
    void crash_jump() { reinterpret_cast<void (*)()>(0xdead'0000)(); }
    void crash_division() {
        volatile int seven = 7;
        volatile int zero = 0;
        output(std::to_string(seven / zero));
    }
    void crash_instruction() { __builtin_trap(); }
    void crash_lost_stack() { __asm__ volatile("movq $16, %rsp\n\tpushq %rax"); }
    void crash_abort() { std::abort(); }
    __attribute__((noinline)) static int deeper(int depth) {
        std::array<volatile char, 4096> frame;
        frame[0] = static_cast<char>(depth);
        if (depth < 0) return frame[0];
        return deeper(depth + 1) + frame[0];
    }
    void crash_overflow() { output(std::to_string(deeper(0))); }
    void crash_thread_overflow() {
        std::thread([] { deeper(0); }).join();
    }
    void crash_exit() {
        expect_no_exit(true);
        std::exit(0);
    }

    // State that a checkpoint keeps.
    void count() { output(std::to_string(++counter_) + ";"); }
    void print_without_end() {
        std::printf("once;");  // stays in the buffer
        count();
    }
    void flush() { std::fflush(stdout); }
    void loop_deaf() {
        std::signal(SIGUSR1, SIG_IGN);
        output("deaf;");
        for (;;) {
            __asm__ volatile("");
        }
    }
    void living_thread() {
        std::thread([this] {
            const std::lock_guard<std::mutex> held(mutex_);
            wait_for_the_end();
        }).detach();
    }
    void fork_bomb() {
        int children = 0;
        for (int tries = 0; tries < 1000; ++tries) {
            const pid_t child = ::fork();
            if (child == 0) {
                wait_for_the_end();
            }
            children += child > 0 ? 1 : 0;
        }
        output(std::to_string(children) + " children;");
    }

    void thread_bomb() {
        for (int count = 0; count < 1'000'000; ++count) {
            std::thread([this] { wait_for_the_end(); }).detach();
        }
    }
    void flood() {
        const std::string text(size_t{64} << 10, 'x');
        for (;;) {
            while (!*channel_->try_send(FrameType::kStandardOutput, as_bytes(text))) {
                ::usleep(1000);
            }
        }
    }
    void handlers_removed() {
        for (int signal = 1; signal < NSIG; ++signal) {
            std::signal(signal, SIG_DFL);
        }
        crash_null();
    }
    void handler_hangs() {
        channel_->crash_page().state.store(kCrashPublished);
        loop_deaf();
    }
    void blocking_read() {
        struct sigaction action{};
        action.sa_handler = [](int) {};
        ::sigaction(SIGUSR1, &action, nullptr);
        std::array<int, 2> ends{};
        char byte = 0;
        if (::pipe(ends.data()) != 0) {
            ::_exit(77);
        }
        output("reading;");
        report(static_cast<int>(::read(ends[0], &byte, 1)));
    }
    // It answers, and then cannot be told anything any more.
    void deaf_doorbell() { ::shutdown(channel_->doorbell(), SHUT_RD); }
    void close_everything() { ::syscall(SYS_close_range, 0, ~0U, 0); }

    std::mutex mutex_;
    int counter_ = 0;
};

}  // namespace kayton
