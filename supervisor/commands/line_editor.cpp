#include "supervisor/commands/line_editor.h"

#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <string_view>
#include <utility>

namespace kayton {
namespace {

constexpr int kHistorySize = 1000;
constexpr size_t kIndent = 4;
constexpr char kPreviousInput[] = "\x10";  // Ctrl-P and Ctrl-N: libedit's own way through the history
constexpr char kNextInput[] = "\x0e";

// Columns of a text: its characters.
size_t width_of(std::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(),
                                             [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string common_prefix(const std::vector<std::string>& words) {
    std::string prefix = words.front();
    for (const std::string& word : words) {
        prefix.resize(static_cast<size_t>(std::mismatch(prefix.begin(), prefix.end(), word.begin(), word.end()).first -
                                          prefix.begin()));
    }
    return prefix;
}

// Words in columns, down and then across, as ls shows files.
void list_words(const std::vector<std::string>& words, size_t terminal_width) {
    size_t widest = 0;
    for (const std::string& word : words) {
        widest = std::max(widest, width_of(word));
    }
    const size_t columns = std::max<size_t>(1, terminal_width / (widest + 2));
    const size_t rows = (words.size() + columns - 1) / columns;
    std::string text = "\n";
    for (size_t row = 0; row < rows; ++row) {
        for (size_t at = row; at < words.size(); at += rows) {
            text += words[at];
            if (at + rows < words.size()) {
                text.append(widest + 2 - width_of(words[at]), ' ');
            }
        }
        text += '\n';
    }
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace

struct LineEditor::Terminal {
    EditLine* editor = nullptr;
    History* entries = nullptr;
    HistEvent event{};
    std::filesystem::path file;
    std::string prompt;
    const Interrupts* interrupts = nullptr;
    std::function<bool()> stop;  // of the line that is being read
    bool stopped = false;
    Complete complete;
    std::string first_prompt;
    std::string typed;  // the lines before the one that is being read

    // libedit's own reader swallows the first EINTR; this one lets a signal end the line.
    static int read_character(EditLine* editor, wchar_t* character) {
        Terminal* self = nullptr;
        el_get(editor, EL_CLIENTDATA, &self);
        std::mbstate_t state{};
        for (int bytes = 0; bytes < MB_LEN_MAX;) {
            if (!self->interrupts->wait_readable(STDIN_FILENO, self->stop)) {
                self->stopped = true;
                return -1;
            }
            char byte = 0;
            const ssize_t size = ::read(STDIN_FILENO, &byte, 1);
            if (size < 0 && (errno == EINTR || errno == EAGAIN)) {
                continue;
            }
            if (size <= 0) {
                return static_cast<int>(size);
            }
            ++bytes;
            const size_t used = std::mbrtowc(character, &byte, 1, &state);
            if (used != static_cast<size_t>(-2)) {
                if (used == static_cast<size_t>(-1)) {
                    *character = L'?';
                }
                return 1;
            }
        }
        return -1;
    }
    static Terminal& of(EditLine* editor) {
        Terminal* self = nullptr;
        el_get(editor, EL_CLIENTDATA, &self);
        return *self;
    }
    static std::string before_cursor(EditLine* editor) {
        const LineInfo* line = el_line(editor);
        return {line->buffer, line->cursor};
    }
    // Tab: four columns further at the begin of a line, else as much of a name as is certain; where that is nothing,
    // the names that are possible.
    static unsigned char on_tab(EditLine* editor, int /*key*/) {
        Terminal& self = of(editor);
        const std::string text = before_cursor(editor);
        const std::string line = text.substr(text.rfind('\n') + 1);
        if (line.find_first_not_of(' ') == std::string::npos) {
            el_insertstr(editor, std::string(kIndent - line.size() % kIndent, ' ').c_str());
            return CC_REFRESH;
        }
        if (!self.complete) {
            return CC_ERROR;
        }
        const std::string whole = self.typed + text;
        const Choices choices = self.complete(whole);
        if (choices.words.empty()) {
            return CC_ERROR;
        }
        const std::string certain = common_prefix(choices.words);
        const size_t written = whole.size() - choices.begin;
        if (certain.size() > written) {
            el_insertstr(editor, certain.substr(written).c_str());
            return CC_REFRESH;
        }
        if (choices.words.size() == 1) {
            return CC_NORM;  // it stands there
        }
        int width = 0;
        if (el_get(editor, EL_GETTC, "co", &width) != 0 || width <= 0) {
            width = 80;
        }
        list_words(choices.words, static_cast<size_t>(width));
        return CC_REDISPLAY;
    }
    // Up and down go through the lines of a text before they go through the history.
    static unsigned char on_up(EditLine* editor, int /*key*/) {
        Terminal& self = of(editor);
        const std::string text = before_cursor(editor);
        const size_t newline = text.rfind('\n');
        if (newline != std::string::npos) {
            const size_t line = newline == 0 ? std::string::npos : text.rfind('\n', newline - 1);
            const std::string above = text.substr(line + 1, newline - line - 1);
            const size_t column = std::min(width_of(std::string_view(text).substr(newline + 1)), width_of(above));
            const auto back = width_of(std::string_view(text).substr(newline)) + width_of(above) - column;
            el_cursor(editor, -static_cast<int>(back));
            return CC_REFRESH;
        }
        if (self.typed.empty()) {
            el_push(editor, kPreviousInput);
            return CC_NORM;
        }
        // The lines typed so far become part of this text.
        const LineInfo* line = el_line(editor);
        const std::string whole = self.typed + std::string(line->buffer, line->lastchar);
        el_cursor(editor,
                  static_cast<int>(width_of({line->cursor, static_cast<size_t>(line->lastchar - line->cursor)})));
        el_deletestr(editor,
                     static_cast<int>(width_of({line->buffer, static_cast<size_t>(line->lastchar - line->buffer)})));
        self.typed.clear();
        self.prompt = self.first_prompt;
        el_insertstr(editor, whole.c_str());
        std::fputs("\n", stdout);
        std::fflush(stdout);
        return CC_REDISPLAY;
    }
    static unsigned char on_down(EditLine* editor, int /*key*/) {
        const LineInfo* line = el_line(editor);
        const std::string_view after(line->cursor, static_cast<size_t>(line->lastchar - line->cursor));
        const size_t newline = after.find('\n');
        if (newline == std::string_view::npos) {
            el_push(editor, kNextInput);
            return CC_NORM;
        }
        const std::string text = before_cursor(editor);
        const std::string_view below = after.substr(newline + 1, after.find('\n', newline + 1) - newline - 1);
        const size_t column = std::min(width_of(std::string_view(text).substr(text.rfind('\n') + 1)), width_of(below));
        el_cursor(editor, static_cast<int>(width_of(after.substr(0, newline + 1)) + column));
        return CC_REFRESH;
    }
    static unsigned char on_line_begin(EditLine* editor, int /*key*/) {
        const std::string text = before_cursor(editor);
        el_cursor(editor, -static_cast<int>(width_of(std::string_view(text).substr(text.rfind('\n') + 1))));
        return CC_CURSOR;
    }
    static unsigned char on_line_end(EditLine* editor, int /*key*/) {
        const LineInfo* line = el_line(editor);
        const std::string_view after(line->cursor, static_cast<size_t>(line->lastchar - line->cursor));
        el_cursor(editor, static_cast<int>(width_of(after.substr(0, after.find('\n')))));
        return CC_CURSOR;
    }
    static unsigned char on_new_line(EditLine* editor, int /*key*/) {
        return el_insertstr(editor, "\n") == 0 ? CC_REFRESH : CC_ERROR;
    }
    void bind_keys() {
        el_set(editor, EL_ADDFN, "kayton-complete", "Complete a name", &on_tab);
        el_set(editor, EL_ADDFN, "kayton-up", "The line above, or the input before", &on_up);
        el_set(editor, EL_ADDFN, "kayton-down", "The line below, or the input after", &on_down);
        el_set(editor, EL_ADDFN, "kayton-line-begin", "The begin of this line", &on_line_begin);
        el_set(editor, EL_ADDFN, "kayton-line-end", "The end of this line", &on_line_end);
        el_set(editor, EL_ADDFN, "kayton-new-line", "A new line in this text", &on_new_line);
        static constexpr std::array<std::array<const char*, 2>, 14> kKeys{{{"^R", "em-inc-search-prev"},
                                                                           {"^I", "kayton-complete"},
                                                                           {"\\e[A", "kayton-up"},
                                                                           {"\\eOA", "kayton-up"},
                                                                           {"\\e[B", "kayton-down"},
                                                                           {"\\eOB", "kayton-down"},
                                                                           {"^A", "kayton-line-begin"},
                                                                           {"\\e[H", "kayton-line-begin"},
                                                                           {"\\eOH", "kayton-line-begin"},
                                                                           {"^E", "kayton-line-end"},
                                                                           {"\\e[F", "kayton-line-end"},
                                                                           {"\\eOF", "kayton-line-end"},
                                                                           {"\\e^M", "kayton-new-line"},
                                                                           {"\\e^J", "kayton-new-line"}}};
        for (const auto& [key, command] : kKeys) {
            el_set(editor, EL_BIND, key, command, nullptr);
        }
    }
    static char* show_prompt(EditLine* editor) {
        Terminal* self = nullptr;
        el_get(editor, EL_CLIENTDATA, &self);
        return self->prompt.data();
    }
    static Terminal* open(const Interrupts& interrupts, const std::filesystem::path& file) {
        std::setlocale(LC_CTYPE, "");
        if (MB_CUR_MAX == 1) {
            std::setlocale(LC_CTYPE, "C.UTF-8");  // programs are UTF-8 in whatever locale
        }
        auto terminal = std::make_unique<Terminal>();
        terminal->interrupts = &interrupts;
        terminal->editor = el_init("kayton", stdin, stdout, stderr);
        terminal->entries = history_init();
        if (terminal->editor == nullptr || terminal->entries == nullptr) {
            return nullptr;
        }
        EditLine* editor = terminal->editor;
        el_set(editor, EL_CLIENTDATA, terminal.get());
        el_set(editor, EL_PROMPT, &show_prompt);
        el_set(editor, EL_EDITOR, "emacs");
        el_set(editor, EL_SIGNAL, 0);
        el_set(editor, EL_HIST, ::history, terminal->entries);
        el_set(editor, EL_GETCFN, &read_character);
        terminal->bind_keys();
        ::history(terminal->entries, &terminal->event, H_SETSIZE, kHistorySize);
        ::history(terminal->entries, &terminal->event, H_SETUNIQUE, 1);
        terminal->file = file;
        if (!file.empty()) {
            ::history(terminal->entries, &terminal->event, H_LOAD, file.c_str());
        }
        return terminal.release();
    }
    ~Terminal() {
        if (entries != nullptr) {
            history_end(entries);
        }
        if (editor != nullptr) {
            el_end(editor);
        }
    }
};

LineEditor::LineEditor(const Interrupts& interrupts, const std::filesystem::path& history) : interrupts_(interrupts) {
    if (::isatty(STDIN_FILENO) != 0) {
        terminal_.reset(Terminal::open(interrupts, history));
    }
}

LineEditor::~LineEditor() = default;

LineEditor::State LineEditor::read(const std::string& prompt, std::string& line, const std::function<bool()>& stop) {
    if (terminal_ == nullptr) {
        return read_plain(line, stop);
    }
    terminal_->prompt = prompt;
    terminal_->stop = stop;
    terminal_->stopped = false;
    int count = 0;
    const char* text = el_gets(terminal_->editor, &count);
    if (text == nullptr || count <= 0) {
        el_reset(terminal_->editor);
        std::fputs("\n", stdout);
        std::fflush(stdout);
        return terminal_->stopped ? State::kInterrupted : State::kEndOfFile;
    }
    line.assign(text, static_cast<size_t>(count));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
        line.pop_back();
    }
    return State::kLine;
}

LineEditor::State LineEditor::read_more(const std::string& prompt, const std::string& first_prompt, std::string& typed,
                                        std::string& line, const std::function<bool()>& stop) {
    if (terminal_ == nullptr) {
        return read_plain(line, stop);
    }
    terminal_->typed = typed;
    terminal_->first_prompt = first_prompt;
    const State state = read(prompt, line, stop);
    typed = std::exchange(terminal_->typed, {});
    return state;
}

void LineEditor::set_completion(Complete complete) {
    if (terminal_ != nullptr) {
        terminal_->complete = std::move(complete);
    }
}

LineEditor::State LineEditor::read_plain(std::string& line, const std::function<bool()>& stop) {
    for (;;) {
        const size_t end = pending_.find('\n');
        if (end != std::string::npos || (ended_ && !pending_.empty())) {
            line = pending_.substr(0, end);
            pending_.erase(0, end == std::string::npos ? end : end + 1);
            return State::kLine;
        }
        if (ended_) {
            return State::kEndOfFile;
        }
        if (!interrupts_.wait_readable(STDIN_FILENO, stop)) {
            return State::kInterrupted;
        }
        std::array<char, 4096> buffer;
        const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (size > 0) {
            pending_.append(buffer.data(), static_cast<size_t>(size));
        } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
            ended_ = true;
        }
    }
}

void LineEditor::remember(const std::string& input) {
    if (terminal_ == nullptr || input.empty()) {
        return;
    }
    ::history(terminal_->entries, &terminal_->event, H_ENTER, input.c_str());
    if (!terminal_->file.empty()) {
        const mode_t old = ::umask(0077);  // what a person typed is theirs alone
        ::history(terminal_->entries, &terminal_->event, H_SAVE, terminal_->file.c_str());
        ::umask(old);
    }
}

}  // namespace kayton
