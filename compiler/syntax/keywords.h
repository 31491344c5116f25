// The table of reserved and soft keywords: a perfect hash found at compile time. Constant, safe in any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "compiler/syntax/token.h"

namespace kayton::syntax {

struct Keyword {
    std::string_view text;
    TokenKind kind;
    SoftKeyword soft;
};

inline constexpr size_t kMaxKeywordLength = 8;

inline constexpr Keyword kKeywords[] = {
#define KT_KEYWORD(kind, text) {text, TokenKind::kind, SoftKeyword::kNone},
    KT_KEYWORDS(KT_KEYWORD)
#undef KT_KEYWORD
        {"_", TokenKind::kName, SoftKeyword::kUnderscore},
    {"case", TokenKind::kName, SoftKeyword::kCase},
    {"fn", TokenKind::kName, SoftKeyword::kFn},
    {"let", TokenKind::kName, SoftKeyword::kLet},
    {"match", TokenKind::kName, SoftKeyword::kMatch},
    {"rimport", TokenKind::kName, SoftKeyword::kRimport},
    {"type", TokenKind::kName, SoftKeyword::kType},
};

struct KeywordTable {
    static constexpr size_t kSize = 256;
    uint32_t first_factor = 0;
    uint32_t last_factor = 0;
    std::array<uint8_t, kSize> slots{};  // index into kKeywords plus one

    static constexpr size_t hash(std::string_view text, uint32_t first_factor, uint32_t last_factor) {
        return (static_cast<unsigned char>(text.front()) * first_factor +
                static_cast<unsigned char>(text.back()) * last_factor + text.size()) %
               kSize;
    }
};

constexpr KeywordTable make_keyword_table() {
    for (uint32_t first = 1; first < 64; ++first) {
        for (uint32_t last = 1; last < 64; ++last) {
            KeywordTable table{first, last, {}};
            bool collides = false;
            for (size_t i = 0; i < std::size(kKeywords) && !collides; ++i) {
                uint8_t& slot = table.slots[KeywordTable::hash(kKeywords[i].text, first, last)];
                collides = slot != 0;
                slot = static_cast<uint8_t>(i + 1);
            }
            if (!collides) return table;
        }
    }
    return {};
}

inline constexpr KeywordTable kKeywordTable = make_keyword_table();
static_assert(kKeywordTable.first_factor != 0, "no factors separate the keywords: enlarge the table");

// REQUIRES: text is not empty.
inline const Keyword* find_keyword(std::string_view text) {
    uint8_t slot = kKeywordTable.slots[KeywordTable::hash(text, kKeywordTable.first_factor, kKeywordTable.last_factor)];
    if (slot == 0 || kKeywords[slot - 1].text != text) return nullptr;
    return &kKeywords[slot - 1];
}

}  // namespace kayton::syntax
