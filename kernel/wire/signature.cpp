#include "kernel/wire/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

namespace kayton::kernel {

Result<Signer> Signer::create(const std::string& key, const std::string& scheme) {
    if (!key.empty() && scheme != "hmac-sha256") {
        return fail(ErrorKind::kInput, "the connection file asks for signatures of the scheme '" + scheme + "'",
                    "use hmac-sha256, which is Jupyter's default");
    }
    return Signer(key);
}

std::string Signer::sign(const std::array<std::string_view, 4>& parts) const {
    if (key_.empty()) {
        return {};
    }
    std::string whole;
    for (const std::string_view part : parts) {
        whole += part;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned int size = 0;
    ::HMAC(::EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(whole.data()), whole.size(), digest.data(), &size);
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(size_t{size} * 2);
    for (unsigned int i = 0; i < size; ++i) {
        text += kDigits[digest[i] >> 4U];
        text += kDigits[digest[i] & 0xfU];
    }
    return text;
}

bool Signer::verify(std::string_view signature, const std::array<std::string_view, 4>& parts) const {
    if (key_.empty()) {
        return true;
    }
    const std::string expected = sign(parts);
    return signature.size() == expected.size() &&
           ::CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
}

}  // namespace kayton::kernel
