#include "kik/cargo/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace kayton::kik {
namespace {

volatile std::sig_atomic_t received_signal = 0;

void note(int signal) {
    received_signal = signal;
}

}  // namespace

void catch_interrupts() {
    struct sigaction action{};
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before{};
        ::sigaction(signal, nullptr, &before);
        // A signal that the parent had ignored (nohup) stays ignored.
        if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
    }
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, nullptr);
}

bool interrupted() {
    return received_signal != 0;
}

int interrupting_signal() {
    return received_signal;
}

Error interruption() {
    return Error{ErrorKind::kSystem, "interrupted", ""};
}

}  // namespace kayton::kik
