#include "supervisor/language_server/document.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace kayton::language_server {
namespace {

constexpr std::string_view kFileScheme = "file://";

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const int lower = std::tolower(static_cast<unsigned char>(c));
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Bytes of the character that begins here; a byte that begins none stands for one.
size_t character_bytes(std::string_view text, size_t at) {
    size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        ++end;
    }
    return end - at;
}

// Code points past U+FFFF, four bytes in UTF-8, take two units.
size_t utf16_units(size_t bytes) {
    return bytes >= 4 ? 2 : 1;
}

}  // namespace

std::string path_of_uri(const std::string& uri) {
    if (!uri.starts_with(kFileScheme)) {
        return uri;
    }
    std::string path;
    const size_t begin = std::min(uri.find('/', kFileScheme.size()), uri.size());
    for (size_t at = begin; at < uri.size(); ++at) {
        const bool escaped =
            uri[at] == '%' && at + 2 < uri.size() && hex_digit(uri[at + 1]) >= 0 && hex_digit(uri[at + 2]) >= 0;
        if (escaped) {
            path += static_cast<char>(hex_digit(uri[at + 1]) * 16 + hex_digit(uri[at + 2]));
            at += 2;
        } else {
            path += uri[at];
        }
    }
    return path;
}

std::string uri_of_path(const std::string& path) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::error_code error;
    std::filesystem::path absolute = std::filesystem::absolute(path, error);
    if (error) {
        absolute = path;
    }
    std::string uri(kFileScheme);
    for (const char c : absolute.lexically_normal().string()) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || std::string_view("/-._~").find(c) != std::string_view::npos) {
            uri += c;
        } else {
            uri += '%';
            uri += kDigits[byte >> 4U];
            uri += kDigits[byte & 15U];
        }
    }
    return uri;
}

Positions::Positions(std::string_view text) : text_(text), lines_{0} {
    for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
        lines_.push_back(at + 1);
    }
}

size_t Positions::line_end(size_t line) const {
    size_t end = line + 1 < lines_.size() ? lines_[line + 1] - 1 : text_.size();
    if (end > lines_[line] && text_[end - 1] == '\r') {
        --end;
    }
    return end;
}

Json Positions::position(size_t offset) const {
    offset = std::min(offset, text_.size());
    const auto line = static_cast<size_t>(std::upper_bound(lines_.begin(), lines_.end(), offset) - lines_.begin()) - 1;
    size_t units = 0;
    for (size_t at = lines_[line]; at < offset;) {
        const size_t bytes = character_bytes(text_, at);
        units += utf16_units(bytes);
        at += bytes;
    }
    return {{"line", line}, {"character", units}};
}

Json Positions::range(Span span) const {
    return {{"start", position(span.begin)}, {"end", position(std::max(span.begin, span.end))}};
}

size_t Positions::offset(const Json& position) const {
    const size_t line = position.at("line").get<uint32_t>();
    if (line >= lines_.size()) {
        return text_.size();
    }
    size_t at = lines_[line];
    const size_t end = line_end(line);
    for (size_t units = position.at("character").get<uint32_t>(); units > 0 && at < end;) {
        const size_t bytes = character_bytes(text_, at);
        units -= std::min(units, utf16_units(bytes));
        at += bytes;
    }
    return std::min(at, end);
}

void Document::apply(const Json& change) {
    const auto& fresh = change.at("text").get_ref<const std::string&>();
    if (!change.contains("range")) {
        text = fresh;
        return;
    }
    const Positions positions(text);
    const size_t begin = positions.offset(change["range"].at("start"));
    const size_t end = std::max(begin, positions.offset(change["range"].at("end")));
    text.replace(begin, end - begin, fresh);
}

}  // namespace kayton::language_server
