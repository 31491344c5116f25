// TerminalIo: a program's streams on this process's own: writes whole, notices a closed output, reads lines of standard
// input. One thread.
#pragma once

#include <string>
#include <string_view>

#include "supervisor/commands/interrupts.h"
#include "supervisor/session.h"

namespace kayton {

class TerminalIo : public SessionIo {
  public:
    explicit TerminalIo(const Interrupts& interrupts) : interrupts_(interrupts) {}
    void write(bool error, std::string_view bytes) override;
    InputState read_line(std::string_view prompt, std::string& line) override;

    // Standard output has gone away (its reader closed it) or is full; the errno, 0 while it works.
    [[nodiscard]] int output_error() const { return output_error_; }
    // The session whose program reads and writes here: stopped when the output goes away.
    void serve(Session* session) { session_ = session; }

  protected:
    [[nodiscard]] bool must_stop() const {
        return session_ != nullptr && (session_->interrupt_pending() || session_->terminating());
    }

  private:
    const Interrupts& interrupts_;
    Session* session_ = nullptr;
    int output_error_ = 0;
    std::string input_;  // read but not taken yet
    bool input_ended_ = false;
};

}  // namespace kayton
