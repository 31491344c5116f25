#include "supervisor/language_server/transport.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <utility>

namespace kayton::language_server {
namespace {

constexpr size_t kMaxHeader = 4096;
constexpr size_t kMaxMessage = size_t{256} << 20;  // twice the largest program

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// The length that a header block gives.
std::optional<size_t> content_length(std::string_view header) {
    std::optional<size_t> length;
    while (!header.empty()) {
        const size_t end = std::min(header.find("\r\n"), header.size());
        const std::string_view line = header.substr(0, end);
        header.remove_prefix(std::min(end + 2, header.size()));
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos || !equal_ignoring_case(line.substr(0, colon), "Content-Length")) {
            continue;
        }
        std::string_view digits = line.substr(colon + 1);
        digits.remove_prefix(std::min(digits.find_first_not_of(" \t"), digits.size()));
        size_t value = 0;
        const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || stop != digits.data() + digits.size() || value > kMaxMessage) {
            return std::nullopt;
        }
        length = value;
    }
    return length;
}

}  // namespace

std::optional<std::string> FrameReader::next() {
    if (broken_) {
        return std::nullopt;
    }
    if (!length_) {
        const size_t end = pending_.find("\r\n\r\n");
        if (end == std::string::npos) {
            broken_ = pending_.size() > kMaxHeader;
            return std::nullopt;
        }
        length_ = content_length(std::string_view(pending_).substr(0, end));
        if (!length_) {
            broken_ = true;
            return std::nullopt;
        }
        pending_.erase(0, end + 4);
    }
    if (pending_.size() < *length_) {
        return std::nullopt;
    }
    std::string text = pending_.substr(0, *length_);
    pending_.erase(0, *length_);
    length_.reset();
    return text;
}

bool write_message(int descriptor, const Json& message) {
    const std::string body = message.dump(-1, ' ', false, Json::error_handler_t::replace);
    const std::string frame = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    for (size_t at = 0; at < frame.size();) {
        const ssize_t size = ::write(descriptor, frame.data() + at, frame.size() - at);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            return false;
        }
        at += static_cast<size_t>(size);
    }
    return true;
}

Json reply(const Json& id, Json result) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

Json error_reply(const Json& id, ErrorCode code, const std::string& message) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", static_cast<int>(code)}, {"message", message}}}};
}

Json notification(const std::string& method, Json params) {
    return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

}  // namespace kayton::language_server
