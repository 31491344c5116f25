#include "supervisor/link/code_table.h"

#include <gtest/gtest.h>

namespace kayton {
namespace {

TEST(CodeTable, FindsTheLineOfAnAddress) {
    CodeTable table;
    table.add({0x2000, 0x100, "second", "prog.kay", {}});
    table.add({0x1000, 0x100, "first", "prog.kay", {{0x1040, 5}, {0x1010, 4}}});
    EXPECT_FALSE(table.find(0xfff).has_value());
    EXPECT_EQ(table.find(0x1000)->line, 0U);
    EXPECT_EQ(table.find(0x1010)->line, 4U);
    EXPECT_EQ(table.find(0x103f)->line, 4U);
    EXPECT_EQ(table.find(0x10ff)->line, 5U);
    EXPECT_EQ(table.find(0x10ff)->function, "first");
    EXPECT_FALSE(table.find(0x1100).has_value());
    EXPECT_EQ(table.find(0x2050)->function, "second");
}

TEST(CodeTable, KeepsTheFirstOfTwoThatOverlap) {
    CodeTable table;
    table.add({0x1000, 0x100, "first", "a", {}});
    table.add({0x10ff, 0x100, "late", "b", {}});
    table.add({0x0f80, 0x100, "early", "b", {}});
    EXPECT_EQ(table.find(0x10ff)->function, "first");
    EXPECT_FALSE(table.find(0x1100).has_value());
    EXPECT_FALSE(table.find(0x0f80).has_value());
}

}  // namespace
}  // namespace kayton
