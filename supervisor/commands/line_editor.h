// LineEditor: reads lines from the person, with editing and a history file where standard input is a terminal, plainly
// where it is not. One at a time, on the main thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "supervisor/commands/interrupts.h"

namespace kayton {

class LineEditor {
  public:
    enum class State { kLine, kEndOfFile, kInterrupted };

    // `history` is read now and written after every line; empty: none is kept.
    LineEditor(const Interrupts& interrupts, const std::filesystem::path& history);
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;
    ~LineEditor();

    // A line without its newline. The prompt is shown on a terminal only. kInterrupted when stop() holds, which is asked
    // before the wait and after every signal.
    [[nodiscard]] State read(const std::string& prompt, std::string& line, const std::function<bool()>& stop);
    // Remembers a whole input, of one or more lines.
    void remember(const std::string& input);
    [[nodiscard]] bool is_terminal() const { return terminal_ != nullptr; }

  private:
    struct Terminal;
    [[nodiscard]] State read_plain(std::string& line, const std::function<bool()>& stop);

    const Interrupts& interrupts_;
    std::unique_ptr<Terminal> terminal_;
    std::string pending_;  // read from a plain input, not taken yet
    bool ended_ = false;
};

}  // namespace kayton
