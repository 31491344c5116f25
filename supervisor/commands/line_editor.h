// LineEditor: reads lines from the person, with editing and a history file where standard input is a terminal, plainly
// where it is not. One at a time, on the main thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace kayton {

class LineEditor {
  public:
    enum class State { kLine, kEndOfFile, kInterrupted };

    // `history` is read now and written after every line; empty: none is kept.
    explicit LineEditor(const std::filesystem::path& history);
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;
    ~LineEditor();

    // A line without its newline. The prompt is shown on a terminal only.
    [[nodiscard]] State read(const std::string& prompt, std::string& line);
    // Remembers a whole input, of one or more lines.
    void remember(const std::string& input);
    [[nodiscard]] bool is_terminal() const { return terminal_ != nullptr; }

  private:
    struct Terminal;
    [[nodiscard]] State read_plain(std::string& line);

    std::unique_ptr<Terminal> terminal_;
    std::string pending_;  // read from a plain input, not taken yet
    bool ended_ = false;
};

}  // namespace kayton
