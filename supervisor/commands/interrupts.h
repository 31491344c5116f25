// Ctrl-C and its relatives for a command: SIGINT asks the running program to stop, SIGTERM and SIGHUP end the command.
// While one exists its handlers are installed; system calls return with EINTR. One at a time, on the main thread.
#pragma once

#include <csignal>
#include <functional>

#include "shared/unique_fd.h"

namespace kayton {

class Session;

class Interrupts {
  public:
    Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;
    ~Interrupts();

    // From now on a signal interrupts this session too; nullptr: none.
    void watch(Session* session);
    // The number of SIGINTs that have come.
    [[nodiscard]] int count() const;
    // SIGTERM or SIGHUP when one came; else 0.
    [[nodiscard]] int terminated() const;

    // Has the person asked, one way or the other, that the command ends?
    [[nodiscard]] bool asked_to_end() const { return count() != 0 || terminated() != 0; }

    // Waits until `descriptor` can be read; false as soon as stop() holds, which is asked before the wait and after
    // every signal. No signal is missed between the two.
    [[nodiscard]] bool wait_readable(int descriptor, const std::function<bool()>& stop) const;

  private:
    UniqueFd woken_;  // counts the signals, so that a wait sees those that came before it
    struct sigaction old_interrupt_{};
    struct sigaction old_terminate_{};
    struct sigaction old_hang_up_{};
    struct sigaction old_pipe_{};
};

}  // namespace kayton
