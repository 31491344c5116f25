#include "shared/shell_word.h"

#include <algorithm>

#include "shared/bytes.h"

namespace kayton {

std::string shell_word(std::string_view text) {
    const std::string shown = printable(text, text.size());
    const bool plain = !shown.empty() && std::all_of(shown.begin(), shown.end(), [](char byte) {
        const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
        return letter || (static_cast<unsigned char>(byte) & 0x80U) != 0 ||
               std::string_view("_@%+=:,./-").find(byte) != std::string_view::npos;
    });
    if (plain) {
        return shown;
    }
    std::string word = "'";
    for (const char byte : shown) {
        word += byte == '\'' ? "'\\''" : std::string(1, byte);
    }
    return word + "'";
}

std::string printable(std::string_view text, size_t most) {
    constexpr size_t kLongestCharacter = 4;
    const size_t enough = most < text.size() ? most + kLongestCharacter : text.size();
    std::string shown = utf8_replaced(text.substr(0, enough), "?");
    if (shown.size() > most) {
        shown.resize(most);
        shown.resize(utf8_valid_prefix(shown));
    }
    for (size_t at = 0; at < shown.size(); ++at) {
        const auto byte = static_cast<unsigned char>(shown[at]);
        // The controls of Unicode's second block are two bytes: 0xC2 and one of 0x80 to 0x9F.
        const bool second = byte == 0xC2 && at + 1 < shown.size() && static_cast<unsigned char>(shown[at + 1]) < 0xA0;
        if (second) {
            shown.replace(at, 2, "?");
        } else if (byte < 0x20 || byte == 0x7F) {
            shown[at] = '?';
        }
    }
    return shown;
}

}  // namespace kayton
