#include "shared/sha256.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include "shared/unique_fd.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kayton {
namespace {

constexpr std::array<uint32_t, 64> kRound{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using State = std::array<uint32_t, 8>;

uint32_t big_endian(const uint8_t* at) {
    return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 |
           static_cast<uint32_t>(at[2]) << 8 | at[3];
}

void plain_blocks(State& state, const uint8_t* data, size_t count) {
    for (; count > 0; --count, data += 64) {
        std::array<uint32_t, 64> w{};
        for (size_t i = 0; i < 16; ++i) w[i] = big_endian(data + 4 * i);
        for (size_t i = 16; i < 64; ++i) {
            const uint32_t a = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
            const uint32_t b = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16] + a + w[i - 7] + b;
        }
        auto [a, b, c, d, e, f, g, h] = state;
        for (size_t i = 0; i < 64; ++i) {
            const uint32_t first = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) +
                                   kRound[i] + w[i];
            const uint32_t second =
                (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
            h = g;
            g = f;
            f = e;
            e = d + first;
            d = c;
            c = b;
            b = a;
            a = first + second;
        }
        const State sum{a, b, c, d, e, f, g, h};
        for (size_t i = 0; i < 8; ++i) state[i] += sum[i];
    }
}

#if defined(__x86_64__)
// The registers hold ABEF and CDGH (Intel SHA Extensions, July 2013); each step does four rounds.
__attribute__((target("sha,sse4.1"))) void processor_blocks(State& state, const uint8_t* data, size_t count) {
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data()));
    __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data() + 4));
    low = _mm_shuffle_epi32(low, 0xb1);
    high = _mm_shuffle_epi32(high, 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8);
    __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);
    for (; count > 0; --count, data += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i words[4];
        for (int i = 0; i < 4; ++i) {
            words[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(data) + i), order);
        }
        for (size_t step = 0; step < 16; ++step) {
            __m128i& now = words[step % 4];
            if (step >= 4) {
                const __m128i previous = words[(step + 3) % 4];
                const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(now, words[(step + 1) % 4]),
                                                  _mm_alignr_epi8(previous, words[(step + 2) % 4], 4));
                now = _mm_sha256msg2_epu32(sum, previous);
            }
            const __m128i added = _mm_add_epi32(
                now, _mm_loadu_si128(reinterpret_cast<const __m128i*>(kRound.data() + 4 * step)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, added);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(added, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data() + 4), _mm_alignr_epi8(dchg, feba, 8));
}

bool processor_has_sha() {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("sse4.1")) return false;
    uint32_t a = 7, b = 0, c = 0, d = 0;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (b >> 29 & 1) != 0;
}
#endif

}  // namespace

void Sha256::take(const uint8_t* blocks, size_t count) {
#if defined(__x86_64__)
    static const bool fast = processor_has_sha();
    if (fast) return processor_blocks(state_, blocks, count);
#endif
    plain_blocks(state_, blocks, count);
}

Sha256& Sha256::add(std::string_view data) {
    size_ += data.size();
    const auto* at = reinterpret_cast<const uint8_t*>(data.data());
    size_t left = data.size();
    if (pending_size_ > 0) {
        const size_t count = std::min(left, pending_.size() - pending_size_);
        std::memcpy(pending_.data() + pending_size_, at, count);
        pending_size_ += count;
        at += count;
        left -= count;
        if (pending_size_ < pending_.size()) return *this;
        take(pending_.data(), 1);
        pending_size_ = 0;
    }
    take(at, left / 64);
    at += left / 64 * 64;
    left %= 64;
    if (left > 0) std::memcpy(pending_.data(), at, left);
    pending_size_ = left;
    return *this;
}

std::string Sha256::finish() {
    const uint64_t bits = size_ * 8;
    std::string tail(1, '\x80');
    tail.resize(pending_size_ < 56 ? 56 - pending_size_ : 120 - pending_size_, '\0');
    for (int shift = 56; shift >= 0; shift -= 8) tail.push_back(static_cast<char>(bits >> shift & 0xff));
    add(tail);
    std::string text;
    for (const uint32_t word : state_) {
        for (int shift = 28; shift >= 0; shift -= 4) text.push_back("0123456789abcdef"[word >> shift & 15]);
    }
    return text;
}

std::string sha256(std::string_view data) {
    return Sha256().add(data).finish();
}

Result<std::string> sha256_of_file(const std::filesystem::path& file) {
    const auto refused = [&] {
        return fail(errno == ENOENT ? ErrorKind::kNotFound : ErrorKind::kSystem,
                    "cannot read `" + file.string() + "`: " + std::strerror(errno));
    };
    const UniqueFd descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!descriptor) return refused();
    Sha256 hash;
    std::vector<char> buffer(1 << 18);
    while (true) {
        const ssize_t count = ::read(descriptor.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return refused();
        if (count == 0) return hash.finish();
        hash.add({buffer.data(), static_cast<size_t>(count)});
    }
}

}  // namespace kayton
