#include "shared/shell_word.h"

#include <gtest/gtest.h>

namespace kayton {
namespace {

TEST(ShellWord, StaysAsItIsWhereNoShellReadsAnythingIntoIt) {
    EXPECT_EQ(shell_word("/data/events-1.log"), "/data/events-1.log");
    EXPECT_EQ(shell_word("api.example.com:443"), "api.example.com:443");
    EXPECT_EQ(shell_word("/home/jörg/tabelle"), "/home/jörg/tabelle");
}

TEST(ShellWord, RunsNothingWhenItIsPasted) {
    EXPECT_EQ(shell_word("/x; rm -r $(pwd)"), "'/x; rm -r $(pwd)'");
    EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_word("a\nb\x1b[2J"), "'a?b?[2J'");
    EXPECT_EQ(shell_word("~root"), "'~root'");
    EXPECT_EQ(shell_word(""), "''");
}

TEST(Printable, HoldsNothingThatATerminalObeys) {
    EXPECT_EQ(printable("a\x1b]0;b\x07"), "a?]0;b?");
    EXPECT_EQ(printable("a\xC2\x9B" "31mb"), "a?31mb");
    EXPECT_EQ(printable("a\xff\xfe" "b"), "a??b");
    EXPECT_EQ(printable("grün", 3), "gr");
}

}  // namespace
}  // namespace kayton
