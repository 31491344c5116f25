// Digests: MD5 (RFC 1321), SHA-1 and SHA-2 (FIPS 180-4), and the checksums CRC-32 and Adler-32 (RFC 1950, 1952).
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "worker/runtime/codec.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/str.h"

namespace kayton {

namespace {

using Bytes = std::vector<uint8_t>;

// The message with its padding: a one bit, zeros, and its length in bits in the last `length_size` bytes of a block.
Bytes padded(std::string_view message, size_t block, size_t length_size, bool big_endian) {
    Bytes data(message.begin(), message.end());
    data.push_back(0x80);
    while (data.size() % block != block - length_size) data.push_back(0);
    const uint64_t bits = uint64_t{message.size()} * 8;
    for (size_t i = 0; i < length_size; ++i) {
        const size_t shift = 8 * (big_endian ? length_size - 1 - i : i);
        data.push_back(shift < 64 ? static_cast<uint8_t>(bits >> shift) : 0);
    }
    return data;
}

uint32_t swapped(uint32_t word) {
    return __builtin_bswap32(word);
}

template <typename Word>
Word read_big(const uint8_t* at) {
    Word word = 0;
    for (size_t i = 0; i < sizeof(Word); ++i) word = static_cast<Word>(word << 8 | at[i]);
    return word;
}

template <typename Word, size_t N>
Bytes written_big(const std::array<Word, N>& words, size_t size) {
    Bytes out;
    for (Word word : words)
        for (size_t i = 0; i < sizeof(Word); ++i) out.push_back(static_cast<uint8_t>(word >> (8 * (sizeof(Word) - 1 - i))));
    out.resize(size);
    return out;
}

// floor(2^32 × |sin(i + 1)|)
constexpr std::array<uint32_t, 64> kMd5 = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1,
    0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453,
    0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
    0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05,
    0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
    0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

Bytes md5(std::string_view message) {
    constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    std::array<uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const Bytes data = padded(message, 64, 8, false);
    for (size_t block = 0; block < data.size(); block += 64) {
        uint32_t words[16];
        for (size_t i = 0; i < 16; ++i)
            words[i] = swapped(read_big<uint32_t>(&data[block + 4 * i]));
        auto [a, b, c, d] = state;
        for (uint32_t i = 0; i < 64; ++i) {
            const uint32_t round = i / 16;
            const uint32_t f = round == 0 ? (b & c) | (~b & d) : round == 1 ? (d & b) | (~d & c) : round == 2 ? b ^ c ^ d : c ^ (b | ~d);
            const uint32_t g = round == 0 ? i : round == 1 ? (5 * i + 1) % 16 : round == 2 ? (3 * i + 5) % 16 : (7 * i) % 16;
            const uint32_t sum = f + a + kMd5[i] + words[g];
            a = d;
            d = c;
            c = b;
            b += std::rotl(sum, kShifts[round][i % 4]);
        }
        state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
    }
    for (uint32_t& word : state) word = swapped(word);
    return written_big(state, 16);
}

Bytes sha1(std::string_view message) {
    std::array<uint32_t, 5> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const Bytes data = padded(message, 64, 8, true);
    for (size_t block = 0; block < data.size(); block += 64) {
        uint32_t words[80];
        for (size_t i = 0; i < 16; ++i) words[i] = read_big<uint32_t>(&data[block + 4 * i]);
        for (size_t i = 16; i < 80; ++i) words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
        auto [a, b, c, d, e] = state;
        for (size_t i = 0; i < 80; ++i) {
            constexpr uint32_t kRound[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
            const size_t round = i / 20;
            const uint32_t f = round == 0 ? (b & c) | (~b & d) : round == 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
            const uint32_t next = std::rotl(a, 5) + f + e + kRound[round] + words[i];
            e = d;
            d = c;
            c = std::rotl(b, 30);
            b = a;
            a = next;
        }
        state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
    }
    return written_big(state, 20);
}

// The first bits of the fractional parts of the cube roots of the first primes.
constexpr std::array<uint64_t, 80> kSha2 = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817
};

template <typename Word>
struct Sha2Shifts;
template <>
struct Sha2Shifts<uint32_t> {
    static constexpr size_t kRounds = 64;
    static constexpr int kBig0[] = {2, 13, 22}, kBig1[] = {6, 11, 25}, kSmall0[] = {7, 18, 3}, kSmall1[] = {17, 19, 10};
};
template <>
struct Sha2Shifts<uint64_t> {
    static constexpr size_t kRounds = 80;
    static constexpr int kBig0[] = {28, 34, 39}, kBig1[] = {14, 18, 41}, kSmall0[] = {1, 8, 7}, kSmall1[] = {19, 61, 6};
};

template <typename Word>
Bytes sha2(std::string_view message, std::array<Word, 8> state, size_t size) {
    using S = Sha2Shifts<Word>;
    constexpr size_t kBlock = 16 * sizeof(Word);
    auto big = [](Word x, const int (&r)[3]) { return std::rotr(x, r[0]) ^ std::rotr(x, r[1]) ^ std::rotr(x, r[2]); };
    auto small = [](Word x, const int (&r)[3]) { return std::rotr(x, r[0]) ^ std::rotr(x, r[1]) ^ (x >> r[2]); };
    const Bytes data = padded(message, kBlock, 2 * sizeof(Word), true);
    for (size_t block = 0; block < data.size(); block += kBlock) {
        Word words[S::kRounds];
        for (size_t i = 0; i < 16; ++i) words[i] = read_big<Word>(&data[block + sizeof(Word) * i]);
        for (size_t i = 16; i < S::kRounds; ++i)
            words[i] = words[i - 16] + small(words[i - 15], S::kSmall0) + words[i - 7] + small(words[i - 2], S::kSmall1);
        auto [a, b, c, d, e, f, g, h] = state;
        for (size_t i = 0; i < S::kRounds; ++i) {
            const Word constant = static_cast<Word>(kSha2[i] >> (64 - 8 * sizeof(Word)));
            const Word first = h + big(e, S::kBig1) + ((e & f) ^ (~e & g)) + constant + words[i];
            const Word second = big(a, S::kBig0) + ((a & b) ^ (a & c) ^ (b & c));
            h = g;
            g = f;
            f = e;
            e = d + first;
            d = c;
            c = b;
            b = a;
            a = first + second;
        }
        const Word last[8] = {a, b, c, d, e, f, g, h};
        for (size_t i = 0; i < 8; ++i) state[i] += last[i];
    }
    return written_big(state, size);
}

}  // namespace

extern "C" {

// md5 sha1 sha224 sha256 sha384 sha512
int32_t kt_hash_digest(KtStr* name, KtBytes* data, KtBytes** out) {
    const std::string_view which = view(name);
    const std::string_view message = view(data);
    Bytes digest;
    if (which == "md5") {
        digest = md5(message);
    } else if (which == "sha1") {
        digest = sha1(message);
    } else if (which == "sha224") {
        digest = sha2<uint32_t>(message, {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4}, 28);
    } else if (which == "sha256") {
        digest = sha2<uint32_t>(message, {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}, 32);
    } else if (which == "sha384") {
        digest = sha2<uint64_t>(message, {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
                                          0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4}, 48);
    } else if (which == "sha512") {
        digest = sha2<uint64_t>(message, {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                          0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179}, 64);
    } else {
        return raise_format(Exc::ValueError, "unsupported hash type {}", which);
    }
    *out = bytes_new({reinterpret_cast<const char*>(digest.data()), digest.size()});
    return KT_OK;
}

int64_t kt_crc32(KtBytes* data, int64_t start) {
    uint32_t crc = ~static_cast<uint32_t>(start);
    for (const char c : view(data)) {
        crc ^= static_cast<uint8_t>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
    }
    return static_cast<uint32_t>(~crc);
}

int64_t kt_adler32(KtBytes* data, int64_t start) {
    uint32_t a = static_cast<uint32_t>(start) & 0xFFFF;
    uint32_t b = static_cast<uint32_t>(start) >> 16 & 0xFFFF;
    for (const char c : view(data)) {
        a = (a + static_cast<uint8_t>(c)) % 65521;
        b = (b + a) % 65521;
    }
    return int64_t{b} << 16 | a;
}

}  // extern "C"

}  // namespace kayton
