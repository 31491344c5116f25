#include "kernel/messages/magics.h"

#include <gtest/gtest.h>

#include "supervisor/cells.h"

namespace kayton::kernel {
namespace {

TEST(Magics, LinesBelowKeepTheirNumbers) {
    const auto magic = find_magic("\n%time f(1)\nx = 1\n");
    ASSERT_TRUE(magic);
    EXPECT_EQ(magic->name, "time");
    EXPECT_EQ(magic->argument, "f(1)");
    EXPECT_EQ(magic->body, "\n\nx = 1");
    EXPECT_EQ(find_magic("%%time\nx")->body, "\nx");
    EXPECT_EQ(find_magic("name?")->name, "?");
    EXPECT_EQ(find_magic("name??")->name, "??");
    EXPECT_EQ(find_magic("??a.b")->argument, "a.b");
    EXPECT_FALSE(find_magic("x = 1\n%who"));
}

TEST(Magics, StandBetweenWholeStatementsOnly) {
    EXPECT_EQ(Cells::next_line_magic("x = 1\n%who"), 6U);
    EXPECT_EQ(Cells::next_line_magic("def f():\n    return 1\n%timeit f()\n%who"), 22U);
    for (const char* code : {"x = 7\ny = (x\n%x)", "t = '''\n%who\n'''", "x = (7\n% 2)", "x = 7", "(1,\n%who"}) {
        EXPECT_EQ(Cells::next_line_magic(code), std::string::npos) << code;
    }
}

}  // namespace
}  // namespace kayton::kernel
