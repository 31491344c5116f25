#include "kernel/wire/signature.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <memory>

namespace kayton::kernel {

Result<Signer> Signer::create(const std::string& key, const std::string& scheme) {
    if (!key.empty() && scheme != "hmac-sha256") {
        return fail(ErrorKind::kInput, "the connection file asks for signatures of the scheme '" + scheme + "'",
                    "use hmac-sha256, which is Jupyter's default");
    }
    if (key.empty()) {
        return Signer(nullptr);
    }
    const std::unique_ptr<EVP_MAC, decltype(&::EVP_MAC_free)> method(
        ::EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr), ::EVP_MAC_free);
    const Keyed keyed(method ? ::EVP_MAC_CTX_new(method.get()) : nullptr, ::EVP_MAC_CTX_free);
    std::string digest = OSSL_DIGEST_NAME_SHA2_256;
    const std::array<OSSL_PARAM, 2> settings{
        ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), ::OSSL_PARAM_construct_end()};
    if (keyed == nullptr || ::EVP_MAC_init(keyed.get(), reinterpret_cast<const unsigned char*>(key.data()), key.size(),
                                           settings.data()) != 1) {
        return fail(ErrorKind::kSystem, "OpenSSL has no HMAC-SHA256, with which Jupyter signs messages");
    }
    return Signer(keyed);
}

std::string Signer::sign(const std::array<std::string_view, 4>& parts) const {
    if (keyed_ == nullptr) {
        return {};
    }
    const std::unique_ptr<EVP_MAC_CTX, decltype(&::EVP_MAC_CTX_free)> context(::EVP_MAC_CTX_dup(keyed_.get()),
                                                                              ::EVP_MAC_CTX_free);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    size_t size = 0;
    bool good = context != nullptr;
    for (const std::string_view part : parts) {
        good = good &&
               ::EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(part.data()), part.size()) == 1;
    }
    if (!good || ::EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) != 1) {
        return {};  // out of memory: nobody takes the message, and verify() takes none
    }
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(size * 2);
    for (size_t i = 0; i < size; ++i) {
        text += kDigits[digest[i] >> 4U];
        text += kDigits[digest[i] & 0xfU];
    }
    return text;
}

bool Signer::verify(std::string_view signature, const std::array<std::string_view, 4>& parts) const {
    if (keyed_ == nullptr) {
        return true;
    }
    const std::string expected = sign(parts);
    return !expected.empty() && signature.size() == expected.size() &&
           ::CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
}

}  // namespace kayton::kernel
