#include "supervisor/commands/terminal_io.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "shared/bytes.h"

namespace kayton {
namespace {

// Text that is not UTF-8 cannot be a str; the bytes that are not become U+FFFD.
std::string utf8_replaced(std::string line) {
    if (is_utf8(line)) {
        return line;
    }
    std::string result;
    std::string_view rest = line;
    while (!rest.empty()) {
        const size_t good = utf8_valid_prefix(rest);
        result += rest.substr(0, good);
        rest.remove_prefix(good);
        if (!rest.empty()) {
            result += "\xEF\xBF\xBD";
            rest.remove_prefix(1);
        }
    }
    return result;
}

}  // namespace

void TerminalIo::write(bool error, std::string_view bytes) {
    const int descriptor = error ? STDERR_FILENO : STDOUT_FILENO;
    while (!bytes.empty() && (error || output_error_ == 0)) {
        const ssize_t size = ::write(descriptor, bytes.data(), bytes.size());
        if (size >= 0) {
            bytes.remove_prefix(static_cast<size_t>(size));
        } else if (errno == EAGAIN) {
            pollfd writable{descriptor, POLLOUT, 0};
            ::poll(&writable, 1, -1);
        } else if (errno != EINTR) {
            if (error) {
                return;  // there is nobody left to tell
            }
            output_error_ = errno;
            if (session_ != nullptr) {
                session_->terminate();
            }
        } else if (session_ != nullptr && session_->terminating()) {
            return;  // a reader that stands still must not keep us from ending
        }
    }
}

SessionIo::InputState TerminalIo::read_line(std::string_view prompt, std::string& line) {
    write(false, prompt);
    for (;;) {
        const size_t end = input_.find('\n');
        if (end != std::string::npos || (input_ended_ && !input_.empty())) {
            line = utf8_replaced(input_.substr(0, end == std::string::npos ? end : end + 1));
            input_.erase(0, end == std::string::npos ? end : end + 1);
            return InputState::kLine;
        }
        if (input_ended_) {
            return InputState::kEndOfFile;
        }
        if (!interrupts_.wait_readable(STDIN_FILENO, [this] { return must_stop(); })) {
            return InputState::kInterrupted;
        }
        std::array<char, 4096> buffer;
        const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (size > 0) {
            input_.append(buffer.data(), static_cast<size_t>(size));
        } else if (size < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        } else {
            input_ended_ = size == 0 && ::isatty(STDIN_FILENO) == 0;
            if (input_.empty()) {
                return InputState::kEndOfFile;
            }
            line = utf8_replaced(std::exchange(input_, {}));
            return InputState::kLine;
        }
    }
}

}  // namespace kayton
