// A text that an editor has open: what it sends of changes, and places in it. An editor counts a character in UTF-16
// code units; we count bytes of UTF-8. Plain values, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/source/source.h"
#include "supervisor/language_server/transport.h"

namespace kayton::language_server {

// "file:///a%20b.kay" -> "/a b.kay"; another scheme stays what it is.
[[nodiscard]] std::string path_of_uri(const std::string& uri);
[[nodiscard]] std::string uri_of_path(const std::string& path);

// The protocol's {line, character} of a byte offset, and back; a place past the end of its line or of the text is that
// end.
class Positions {
  public:
    explicit Positions(std::string_view text);
    [[nodiscard]] Json position(size_t offset) const;
    [[nodiscard]] Json range(Span span) const;
    [[nodiscard]] size_t offset(const Json& position) const;  // throws Json::exception where it is none

  private:
    [[nodiscard]] size_t line_end(size_t line) const;
    std::string_view text_;
    std::vector<size_t> lines_;  // where each begins
};

struct Document {
    std::string uri;
    std::string path;
    int64_t version = 0;
    std::string text;

    // One of didChange's contentChanges: a range with its new text, or the whole text. Throws Json::exception for
    // anything else.
    void apply(const Json& change);
};

}  // namespace kayton::language_server
