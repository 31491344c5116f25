#include "kernel/session/history.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

#include "shared/text_file.h"
#include "shared/unique_fd.h"

namespace kayton::kernel {
namespace {

constexpr size_t kMostBytes = size_t{8} << 20;
constexpr size_t kLongestOutput = 10'000;

// The file, created private and locked; empty when that cannot be done.
UniqueFd open_locked(const std::filesystem::path& file, int flags) {
    UniqueFd descriptor(::open(file.c_str(), flags | O_CREAT | O_CLOEXEC, 0600));
    if (descriptor && ::flock(descriptor.get(), LOCK_EX) != 0) {
        descriptor.reset();
    }
    return descriptor;
}

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t size = ::write(descriptor, text.data(), text.size());
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            return false;
        }
        text.remove_prefix(static_cast<size_t>(size));
    }
    return true;
}

// A damaged line is left out: another kernel may have been killed while it wrote.
std::vector<History::Entry> parse(const std::string& text) {
    std::vector<History::Entry> entries;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const Json line = Json::parse(text.begin() + static_cast<ptrdiff_t>(at),
                                      text.begin() + static_cast<ptrdiff_t>(end), nullptr, false);
        at = end + 1;
        if (line.is_object()) {
            entries.push_back({number_of(line, "session", 0), number_of(line, "line", 0), text_of(line, "input"),
                               text_of(line, "output")});
        }
    }
    return entries;
}

Json as_json(const History::Entry& entry) {
    return {{"session", entry.session}, {"line", entry.line}, {"input", entry.input}, {"output", entry.output}};
}

}  // namespace

History::History(std::filesystem::path file) : file_(std::move(file)) {
    if (file_.empty()) {
        return;
    }
    const UniqueFd descriptor = open_locked(file_, O_RDWR);
    auto text = read_text_file(file_);
    if (!descriptor || !text) {
        file_.clear();
        return;
    }
    if (text->size() > kMostBytes) {
        const size_t cut = text->find('\n', text->size() / 2);
        text->erase(0, cut == std::string::npos ? text->size() : cut + 1);
        if (::ftruncate(descriptor.get(), 0) != 0 || !write_all(descriptor.get(), *text)) {
            file_.clear();
        }
    }
    entries_ = parse(*text);
    for (const Entry& entry : entries_) {
        session_ = std::max(session_, entry.session + 1);
    }
    // Takes the number, so that a kernel that starts meanwhile has another one.
    if (::lseek(descriptor.get(), 0, SEEK_END) < 0 ||
        !write_all(descriptor.get(), to_text(Json{{"session", session_}, {"line", 0}}) + "\n")) {
        file_.clear();
    }
}

void History::add(int64_t line, const std::string& input, const std::string& output) {
    const std::lock_guard lock(lock_);
    entries_.push_back({session_, line, input, output.substr(0, kLongestOutput)});
    if (file_.empty()) {
        return;
    }
    const UniqueFd descriptor = open_locked(file_, O_WRONLY | O_APPEND);
    if (!descriptor || !write_all(descriptor.get(), to_text(as_json(entries_.back())) + "\n")) {
        file_.clear();
    }
}

Json History::answer(const Json& content) const {
    const std::lock_guard lock(lock_);
    const std::string kind = text_of(content, "hist_access_type", "tail");
    const bool with_output = flag_of(content, "output", false);
    std::vector<const Entry*> found;
    for (const Entry& entry : entries_) {
        if (entry.line > 0) {
            found.push_back(&entry);
        }
    }
    const auto keep = [&](auto&& wanted) { std::erase_if(found, [&](const Entry* e) { return !wanted(*e); }); };
    if (kind == "range") {
        int64_t session = number_of(content, "session", 0);
        session = session > 0 ? session : session_ + session;  // 0: this one, -1: the one before
        const int64_t start = number_of(content, "start", 1);
        const int64_t stop = number_of(content, "stop", INT64_MAX);
        keep([&](const Entry& e) { return e.session == session && e.line >= start && e.line < stop; });
    } else {
        if (kind == "search") {
            const std::string pattern = text_of(content, "pattern", "*");
            keep([&](const Entry& e) { return ::fnmatch(pattern.c_str(), e.input.c_str(), 0) == 0; });
            if (flag_of(content, "unique", false)) {
                std::set<std::string_view> seen;
                std::reverse(found.begin(), found.end());
                keep([&](const Entry& e) { return seen.insert(e.input).second; });
                std::reverse(found.begin(), found.end());
            }
        }
        const int64_t most = number_of(content, "n", kind == "tail" ? 10 : INT64_MAX);
        const size_t count = std::min(found.size(), static_cast<size_t>(std::max<int64_t>(most, 0)));
        found.erase(found.begin(), found.end() - static_cast<ptrdiff_t>(count));
    }
    Json history = Json::array();
    for (const Entry* entry : found) {
        Json input = entry->input;
        if (with_output) {
            input = Json::array({entry->input, entry->output.empty() ? Json() : Json(entry->output)});
        }
        history.push_back(Json::array({entry->session, entry->line, std::move(input)}));
    }
    return {{"status", "ok"}, {"history", std::move(history)}};
}

}  // namespace kayton::kernel
