#include "shared/bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace kayton {
namespace {

using namespace std::string_literals;

TEST(Utf8, AcceptsEveryLengthOfSequence) {
    for (const std::string& text : {""s, "ascii text of more than eight bytes"s, "h\u00e9"s, "\u20ac"s, "\U0001F600"s,
                                    "\xF4\x8F\xBF\xBF"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "a\0b"s}) {
        EXPECT_TRUE(is_utf8(text)) << text;
    }
}

TEST(Utf8, NamesTheFirstByteThatIsWrong) {
    const std::pair<std::string, size_t> cases[] = {
        {"\x80", 0},         // continuation alone
        {"abc\xC0\xAF", 3},  // overlong
        {"abcdefgh\xE0\x80\xAF", 8},
        {"\xF0\x80\x80\x80", 0},
        {"x\xED\xA0\x80", 1},     // surrogate
        {"\xF4\x90\x80\x80", 0},  // past U+10FFFF
        {"\xF5\x80\x80\x80", 0},
        {"ok \xE2\x82", 3},  // cut
        {"\xFF", 0},
    };
    for (const auto& [text, offset] : cases) {
        EXPECT_EQ(utf8_valid_prefix(text), offset) << testing::PrintToString(text);
        EXPECT_FALSE(is_utf8(text));
    }
}

TEST(Utf8, ReplacesEachByteThatIsWrong) {
    EXPECT_EQ(utf8_replaced("h\u00e9"), "h\u00e9");
    EXPECT_EQ(utf8_replaced("a\xFF\x80z"), "a\uFFFD\uFFFDz");
    EXPECT_EQ(utf8_replaced("\xE2\x82", "?"), "??");
}

}  // namespace
}  // namespace kayton
