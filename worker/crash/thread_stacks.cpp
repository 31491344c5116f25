// Every thread of the worker gets a guarded alternate signal stack, also those that a plugin starts: a stack overflow
// in a thread without one would leave no record. pthread_create is interposed for it: the program exports it, so the
// dynamic linker binds every library's calls here.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "worker/crash/crash_record.h"

namespace kayton {
namespace {

constexpr size_t kGuardSize = 4096;
constexpr size_t kStackSize = 64 * 1024;

class AlternateStack {
  public:
    AlternateStack() = default;
    AlternateStack(const AlternateStack&) = delete;
    AlternateStack& operator=(const AlternateStack&) = delete;
    ~AlternateStack() {
        if (memory_ != nullptr) {
            stack_t off{};
            off.ss_flags = SS_DISABLE;
            ::sigaltstack(&off, nullptr);
            ::munmap(memory_, kGuardSize + kStackSize);
        }
    }
    bool arm() {
        if (memory_ != nullptr) {
            return true;
        }
        void* memory = ::mmap(nullptr, kGuardSize + kStackSize, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        if (memory == MAP_FAILED) {
            return false;
        }
        memory_ = static_cast<char*>(memory);
        stack_t stack{};
        stack.ss_sp = memory_ + kGuardSize;
        stack.ss_size = kStackSize;
        return ::mprotect(stack.ss_sp, kStackSize, PROT_READ | PROT_WRITE) == 0 && ::sigaltstack(&stack, nullptr) == 0;
    }

  private:
    char* memory_ = nullptr;
};

thread_local AlternateStack alternate_stack;

struct ThreadStart {
    void* (*routine)(void*);
    void* argument;
};

void* start_thread(void* given) {
    const auto start = std::unique_ptr<ThreadStart>(static_cast<ThreadStart*>(given));
    const ThreadStart thread = *start;
    (void)arm_alternate_stack();  // without one the thread runs as it would have anyway
    return thread.routine(thread.argument);
}

using PthreadCreate = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

}  // namespace

bool arm_alternate_stack() {
    return alternate_stack.arm();
}

}  // namespace kayton

extern "C" __attribute__((visibility("default"))) int pthread_create(pthread_t* thread,
                                                                     const pthread_attr_t* attributes,
                                                                     void* (*routine)(void*), void* argument) {
    static const auto real = reinterpret_cast<kayton::PthreadCreate>(::dlsym(RTLD_NEXT, "pthread_create"));
    auto start = std::make_unique<kayton::ThreadStart>(kayton::ThreadStart{routine, argument});
    const int status = real(thread, attributes, kayton::start_thread, start.get());
    if (status == 0) {
        (void)start.release();  // the thread owns it now
    }
    return status;
}
