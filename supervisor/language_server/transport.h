// The language server's wire: JSON-RPC messages framed by Content-Length, as the Language Server Protocol 3.17 says.
// Input is given as bytes as they come; output is written whole. What an editor sends is checked, never trusted: a
// frame that cannot be read ends the conversation, a text that is no JSON is answered. One thread.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace kayton::language_server {

using Json = nlohmann::json;

enum class ErrorCode : int {
    kParseError = -32700,
    kInvalidRequest = -32600,
    kMethodNotFound = -32601,
    kInvalidParams = -32602,
    kInternalError = -32603,
    kServerNotInitialized = -32002,
    kRequestFailed = -32803,
    kRequestCancelled = -32800,
};

// Bytes to texts of messages.
class FrameReader {
  public:
    void feed(std::string_view bytes) { pending_ += bytes; }
    // The next message's text; nothing: more bytes are needed, or the input is broken().
    [[nodiscard]] std::optional<std::string> next();
    [[nodiscard]] bool broken() const { return broken_; }

  private:
    std::string pending_;
    std::optional<size_t> length_;  // of the message whose header was read
    bool broken_ = false;
};

// Writes one message to a descriptor; false once nobody reads it.
[[nodiscard]] bool write_message(int descriptor, const Json& message);

[[nodiscard]] Json reply(const Json& id, Json result);
[[nodiscard]] Json error_reply(const Json& id, ErrorCode code, const std::string& message);
[[nodiscard]] Json notification(const std::string& method, Json params);

}  // namespace kayton::language_server
