#include "supervisor/commands/line_editor.h"

#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>

namespace kayton {
namespace {

constexpr int kHistorySize = 1000;

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
        el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
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
