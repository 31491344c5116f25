#include "supervisor/commands/interrupts.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "supervisor/session.h"

namespace kayton {
namespace {

std::atomic<Session*> watched{nullptr};
std::atomic<int> interrupts{0};
std::atomic<int> termination{0};
std::atomic<int> wake_descriptor{-1};

void wake() {
    const int saved = errno;
    (void)::eventfd_write(wake_descriptor.load(), 1);
    errno = saved;
}

void on_interrupt(int) {
    interrupts.fetch_add(1);
    if (Session* session = watched.load()) {
        session->interrupt();
    }
    wake();
}

void on_terminate(int signal) {
    termination.store(signal);
    if (Session* session = watched.load()) {
        session->terminate();
    }
    wake();
}

struct sigaction handler(void (*function)(int)) {
    struct sigaction action{};
    action.sa_handler = function;
    ::sigemptyset(&action.sa_mask);
    return action;
}

}  // namespace

Interrupts::Interrupts() : woken_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    wake_descriptor.store(woken_.get());
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
    wake_descriptor.store(-1);
}

void Interrupts::watch(Session* session) {
    watched.store(session);
    if (session != nullptr && termination.load() != 0) {
        session->terminate();  // it came before there was anything to end
    }
}

bool Interrupts::wait_readable(int descriptor, const std::function<bool()>& stop) const {
    std::array<pollfd, 2> watched_descriptors{pollfd{descriptor, POLLIN, 0}, pollfd{woken_.get(), POLLIN, 0}};
    for (;;) {
        if (stop()) {
            return false;
        }
        const int count = ::poll(watched_descriptors.data(), watched_descriptors.size(), -1);
        if (count < 0 && errno != EINTR) {
            return true;  // what is wrong with the descriptor is the read's to say
        }
        if (count > 0 && watched_descriptors[1].revents != 0) {
            eventfd_t signals = 0;
            (void)::eventfd_read(woken_.get(), &signals);
        } else if (count > 0) {
            return true;
        }
    }
}
int Interrupts::count() const {
    return interrupts.load();
}
int Interrupts::terminated() const {
    return termination.load();
}

}  // namespace kayton
