// TerminalIo: a program's streams on this process's own: writes whole, notices a closed output, reads lines of standard
// input. One thread.
#pragma once

#include <string>
#include <string_view>

#include "supervisor/session.h"

namespace kayton {

class TerminalIo : public SessionIo {
  public:
    void write(bool error, std::string_view bytes) override;
    InputState read_line(std::string_view prompt, std::string& line) override;

    // Standard output has gone away (its reader closed it) or is full; the errno, 0 while it works.
    [[nodiscard]] int output_error() const { return output_error_; }
    // Called when it does, to stop the program that writes.
    void stop_on_output_error(Session* session) { session_ = session; }

  private:
    Session* session_ = nullptr;
    int output_error_ = 0;
    std::string input_;  // read but not taken yet
    bool input_ended_ = false;
};

}  // namespace kayton
