#include "compiler/source/source.h"

#include <gtest/gtest.h>

namespace kayton {
namespace {

TEST(SourceFile, FindsLinesAndColumnsInCodePoints) {
    SourceFile file("<cell 1>",
                    "ab\nd\xC3\xA9"
                    "f\n\nlast");
    EXPECT_EQ(file.line_count(), 4U);
    EXPECT_EQ(file.position(0).line, 1U);
    EXPECT_EQ(file.position(0).column, 1U);
    EXPECT_EQ(file.position(2).column, 3U);  // the newline belongs to its line
    EXPECT_EQ(file.position(3).line, 2U);
    EXPECT_EQ(file.position(6).line, 2U);
    EXPECT_EQ(file.position(6).column, 3U);  // after a character of two bytes
    EXPECT_EQ(file.position(8).line, 3U);
    EXPECT_EQ(file.position(9).line, 4U);
}

TEST(SourceFile, GivesLinesWithoutTheirEnds) {
    SourceFile file("a.kay", "one\r\ntwo\n");
    EXPECT_EQ(file.line_text(1), "one");
    EXPECT_EQ(file.line_text(2), "two");
    EXPECT_EQ(file.line_text(3), "");
    EXPECT_EQ(file.line_text(0), "");
    EXPECT_EQ(file.line_text(99), "");
    EXPECT_EQ(file.line_begin(2), 5U);
}

TEST(SourceFile, AnEmptyTextHasOneLine) {
    SourceFile file("a.kay", "");
    EXPECT_EQ(file.line_count(), 1U);
    EXPECT_EQ(file.line_of(0), 1U);
    EXPECT_EQ(file.position(7).column, 1U);  // past the end: the end
}

}  // namespace
}  // namespace kayton
