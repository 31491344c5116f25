// Jupyter messages and their form on the wire: identities, a delimiter, the signature, four JSON objects and buffers.
// What comes in is believed as little as what a worker sends: signature, size, depth, UTF-8 and shape are checked, and a
// signature is accepted once.
// https://jupyter-client.readthedocs.io/en/stable/messaging.html
// Plain values; a MessageCodec belongs to the thread that owns the sockets.
#pragma once

#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "kernel/wire/signature.h"
#include "shared/result.h"

namespace kayton::kernel {

using Json = nlohmann::json;
using Frames = std::vector<std::string>;

constexpr const char* kProtocolVersion = "5.5";
constexpr size_t kMaxJson = size_t{64} << 20;  // bytes of one part of a message
constexpr size_t kMaxJsonDepth = 128;

// The request that others answer to.
struct Parent {
    Frames identities;
    std::string header = "{}";  // as it came
    std::string id;             // msg_id
    std::string session;
    std::string subshell;  // empty: the main shell
};

struct Request {
    std::shared_ptr<const Parent> parent;
    std::string type;  // "execute_request"
    Json metadata;
    Json content;
    Frames buffers;
    [[nodiscard]] bool is(std::string_view name) const { return type == name; }
};

struct OutgoingMessage {
    Frames identities;  // for iopub: the topic
    std::string type;
    std::shared_ptr<const Parent> parent;  // null: nobody asked
    std::string metadata = "{}";
    std::string content = "{}";
    Frames buffers;
};

// JSON as text; what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string to_text(const Json& json);
// A member's value where it has the default's type, else the default.
[[nodiscard]] std::string text_of(const Json& object, const char* name, std::string otherwise = {});
[[nodiscard]] bool flag_of(const Json& object, const char* name, bool otherwise);
[[nodiscard]] int64_t number_of(const Json& object, const char* name, int64_t otherwise);
[[nodiscard]] std::string iso_time_now();
[[nodiscard]] std::string new_id();

class MessageCodec {
  public:
    explicit MessageCodec(Signer signer) : signer_(std::move(signer)), session_(new_id()) {}

    // An error says why the message is to be dropped.
    [[nodiscard]] Result<Request> decode(Frames frames);
    [[nodiscard]] Frames encode(const OutgoingMessage& message);
    [[nodiscard]] const std::string& session() const { return session_; }

  private:
    Signer signer_;
    std::string session_;
    uint64_t sent_ = 0;
    std::unordered_set<std::string> seen_;
    std::deque<std::string> seen_in_order_;
};

}  // namespace kayton::kernel
