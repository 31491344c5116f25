#include "kik/report/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace kayton::kik {
namespace {

constexpr size_t kBarWidth = 24;

size_t terminal_width() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

void put(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

}  // namespace

bool parse_cargo_progress(std::string_view line, uint64_t& done, uint64_t& total, std::string& name) {
    const size_t close = line.find("] ");
    if (line.find('[') == std::string_view::npos || close == std::string_view::npos) return false;
    const char* at = line.data() + close + 2;
    const char* end = line.data() + line.size();
    const auto first = std::from_chars(at, end, done);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '/') return false;
    const auto second = std::from_chars(first.ptr + 1, end, total);
    if (second.ec != std::errc{} || total == 0) return false;
    std::string_view rest(second.ptr, static_cast<size_t>(end - second.ptr));
    if (rest.rfind(": ", 0) == 0) rest.remove_prefix(2);
    name = rest.substr(0, rest.find('\x1b'));
    return true;
}

Progress::Progress(const Console& console, std::string title)
    : console_(console), title_(std::move(title)), started_(std::chrono::steady_clock::now()) {
    if (console_.bar()) {
        put(fmt::format("\r\x1b[K{:>10} …", title_));
        drawn_ = true;
    }
}

void Progress::cargo_line(std::string_view line) {
    uint64_t done = 0, total = 0;
    std::string name;
    if (parse_cargo_progress(line, done, total, name)) {
        show(done, total, name);
    } else if (!line.empty() && console_.options().verbose) {
        clear();
        console_.detail(line);
    }
}

void Progress::show(uint64_t done, uint64_t total, std::string_view name) {
    if (!console_.bar()) return;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    const size_t filled = std::min<size_t>(kBarWidth, kBarWidth * done / std::max<uint64_t>(total, 1));
    std::string bar(filled, '=');
    if (filled < kBarWidth) bar += '>';
    bar.resize(kBarWidth, ' ');
    std::string line = fmt::format("{:>10} [{}] {}/{}: {}", title_, bar, done, total, name);
    const std::string time = fmt::format(" {}", duration_text(seconds));
    const size_t width = terminal_width() - 1;
    if (line.size() + time.size() > width) line.resize(width - std::min(width, time.size()));
    put("\r\x1b[K" + line + time);
    drawn_ = true;
}

void Progress::clear() {
    if (drawn_) put("\r\x1b[K");
    drawn_ = false;
}

}  // namespace kayton::kik
