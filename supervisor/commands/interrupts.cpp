#include "supervisor/commands/interrupts.h"

#include <atomic>

#include "supervisor/session.h"

namespace kayton {
namespace {

std::atomic<Session*> watched{nullptr};
std::atomic<int> interrupts{0};
std::atomic<int> termination{0};

void on_interrupt(int) {
    interrupts.fetch_add(1);
    if (Session* session = watched.load()) {
        session->interrupt();
    }
}

void on_terminate(int signal) {
    termination.store(signal);
    if (Session* session = watched.load()) {
        session->terminate();
    }
}

struct sigaction handler(void (*function)(int)) {
    struct sigaction action{};
    action.sa_handler = function;
    ::sigemptyset(&action.sa_mask);
    return action;
}

}  // namespace

Interrupts::Interrupts() {
    interrupts.store(0);
    termination.store(0);
    const struct sigaction interrupt = handler(on_interrupt);
    const struct sigaction terminate = handler(on_terminate);
    const struct sigaction ignore = handler(SIG_IGN);
    ::sigaction(SIGINT, &interrupt, &old_interrupt_);
    ::sigaction(SIGTERM, &terminate, &old_terminate_);
    ::sigaction(SIGHUP, &terminate, &old_hang_up_);
    ::sigaction(SIGPIPE, &ignore, &old_pipe_);  // a closed output is an error of the write
}

Interrupts::~Interrupts() {
    watched.store(nullptr);
    ::sigaction(SIGINT, &old_interrupt_, nullptr);
    ::sigaction(SIGTERM, &old_terminate_, nullptr);
    ::sigaction(SIGHUP, &old_hang_up_, nullptr);
    ::sigaction(SIGPIPE, &old_pipe_, nullptr);
}

void Interrupts::watch(Session* session) {
    watched.store(session);
}
int Interrupts::count() const {
    return interrupts.load();
}
int Interrupts::terminated() const {
    return termination.load();
}

}  // namespace kayton
