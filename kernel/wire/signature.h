// Signatures of Jupyter messages: HMAC-SHA256 over the four parts of a message, as lower-case hexadecimal digits.
// https://jupyter-client.readthedocs.io/en/stable/messaging.html#wire-protocol
// One thread; owned by the MessageCodec.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "shared/result.h"

struct evp_mac_ctx_st;

namespace kayton::kernel {

class Signer {
  public:
    // An empty key: messages are not signed, and signatures are not checked.
    [[nodiscard]] static Result<Signer> create(const std::string& key, const std::string& scheme);
    // Empty without a key.
    [[nodiscard]] std::string sign(const std::array<std::string_view, 4>& parts) const;
    [[nodiscard]] bool verify(std::string_view signature, const std::array<std::string_view, 4>& parts) const;

  private:
    // A context of OpenSSL's that knows the key and is copied for each message: to make one takes longer than to sign.
    using Keyed = std::shared_ptr<evp_mac_ctx_st>;
    explicit Signer(Keyed keyed) : keyed_(std::move(keyed)) {}

    Keyed keyed_;  // null: no key
};

}  // namespace kayton::kernel
