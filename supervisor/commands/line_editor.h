// LineEditor: reads lines from the person, with editing and a history file where standard input is a terminal, plainly
// where it is not. An input of several lines is typed line by line; Up takes the lines typed so far back into one text
// that is edited as a whole, as an input of the history is. One at a time, on the main thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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

    // What may follow a text that ends at the cursor: where the word that is completed begins, and the words. Asked for
    // at Tab.
    struct Choices {
        size_t begin = 0;
        std::vector<std::string> words;
    };
    using Complete = std::function<Choices(const std::string& text)>;
    void set_completion(Complete complete);

    // A line without its newline. The prompt is shown on a terminal only. kInterrupted when stop() holds, which is
    // asked before the wait and after every signal.
    [[nodiscard]] State read(const std::string& prompt, std::string& line, const std::function<bool()>& stop);
    // The next line of an input whose earlier lines are `typed`, each with its newline. Where the person takes them
    // back, `typed` becomes empty and `line` is all of it.
    [[nodiscard]] State read_more(const std::string& prompt, const std::string& first_prompt, std::string& typed,
                                  std::string& line, const std::function<bool()>& stop);
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
