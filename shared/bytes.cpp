#include "shared/bytes.h"

#include <cstring>

namespace kayton {
namespace {

constexpr bool in(uint8_t byte, uint8_t low, uint8_t high) {
    return byte >= low && byte <= high;
}

// Length of the well-formed sequence at `at`, 0 when there is none.
size_t sequence_length(const uint8_t* at, size_t left) {
    const uint8_t lead = at[0];
    if (lead < 0x80) {
        return 1;
    }
    if (in(lead, 0xC2, 0xDF)) {
        return left >= 2 && in(at[1], 0x80, 0xBF) ? 2 : 0;
    }
    if (in(lead, 0xE0, 0xEF)) {
        const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;
        const uint8_t high = lead == 0xED ? 0x9F : 0xBF;
        return left >= 3 && in(at[1], low, high) && in(at[2], 0x80, 0xBF) ? 3 : 0;
    }
    if (in(lead, 0xF0, 0xF4)) {
        const uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
        const uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
        return left >= 4 && in(at[1], low, high) && in(at[2], 0x80, 0xBF) && in(at[3], 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

}  // namespace

size_t utf8_valid_prefix(std::string_view text) {
    const auto* data = reinterpret_cast<const uint8_t*>(text.data());
    size_t at = 0;
    while (at < text.size()) {
        uint64_t word = 0;
        if (text.size() - at >= sizeof word) {  // eight ASCII bytes at a time
            std::memcpy(&word, data + at, sizeof word);
            if ((word & 0x8080808080808080U) == 0) {
                at += sizeof word;
                continue;
            }
        }
        const size_t length = sequence_length(data + at, text.size() - at);
        if (length == 0) {
            return at;
        }
        at += length;
    }
    return at;
}

std::string utf8_replaced(std::string_view text, std::string_view instead) {
    std::string replaced;
    while (!text.empty()) {
        const size_t good = utf8_valid_prefix(text);
        replaced += text.substr(0, good);
        text.remove_prefix(good);
        if (!text.empty()) {
            replaced += instead;
            text.remove_prefix(1);
        }
    }
    return replaced;
}

}  // namespace kayton
