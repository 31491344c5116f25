#include "kernel/session/stale_cells.h"

#include <gtest/gtest.h>

namespace kayton::kernel {
namespace {

TEST(StaleCells, NamesThoseThatUsedWhatAnotherCellDefinesAnew) {
    StaleCells cells;
    EXPECT_EQ(cells.ran({1, "", "def f(): ...", {}, {}}, {}), "");
    EXPECT_EQ(cells.ran({2, "", "f()", {"f"}, {}}, {}), "");
    EXPECT_EQ(cells.ran({3, "", "g()", {"g"}, {}}, {}), "");
    EXPECT_EQ(cells.ran({4, "", "def f(): 2", {}, {"f"}}, {"f"}),
              "note: cell 2 is stale: it used `f`, which this cell has changed\n");
    EXPECT_EQ(cells.report(), "cell 2 used `f`, which cell 4 has changed\n");
    EXPECT_EQ(cells.ran({5, "", "f()", {"f"}, {}}, {}), "") << "run again: it takes its own place";
    EXPECT_EQ(cells.report(), "");
}

TEST(StaleCells, AVariableThatTakesAnotherTypeOnTheWayIsOnlyMarked) {
    StaleCells cells;
    EXPECT_EQ(cells.ran({1, "a", "x = 1", {}, {}}, {}), "");
    EXPECT_EQ(cells.ran({2, "b", "y = x", {"x"}, {}}, {}), "");
    EXPECT_EQ(cells.ran({3, "c", "x = 'a'", {}, {"x"}}, {}), "");
    EXPECT_EQ(cells.report(), "cell 2 used `x`, which cell 3 has changed\n");
    // The first cell, edited and run again, is another matter.
    EXPECT_EQ(cells.ran({4, "a", "x = 2.5", {}, {"x"}}, {}),
              "note: cell 2 is stale: it used `x`, which this cell has changed\n");
    cells.forget();
    EXPECT_EQ(cells.report(), "");
}

TEST(StaleCells, ManyNamesAreOneLine) {
    StaleCells cells;
    EXPECT_EQ(cells.ran({1, "", "f(g(h()))", {"f", "g", "h"}, {}}, {}), "");
    EXPECT_EQ(cells.ran({2, "", "defs", {}, {"f", "g", "h"}}, {"f", "g", "h"}),
              "note: cell 1 is stale: it used `f`, `g` and `h`, which this cell has changed\n");
}

}  // namespace
}  // namespace kayton::kernel
