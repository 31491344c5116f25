#include "kik/cargo/command.h"

#include <gtest/gtest.h>

#include "tests/unit/kik/home_fixture.h"

namespace kayton::kik {
namespace {

using ChildCommand = HomeFixture;

Command shell(const std::string& script) {
    Command command;
    command.argv = {"sh", "-c", script};
    return command;
}

TEST_F(ChildCommand, CollectsOutputAndStatus) {
    const Result<CommandResult> result = run(shell("echo out; echo err >&2; exit 3"));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->out, "out\n");
    EXPECT_EQ(result->err, "err\n");
    EXPECT_EQ(result->exit_status, 3);
}

TEST_F(ChildCommand, TellsASignal) {
    const Result<CommandResult> result = run(shell("kill -SEGV $$"));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->signal, 11);
    EXPECT_EQ(result->exit_status, 139);
}

TEST_F(ChildCommand, SplitsProgressFromLinesAndLogsLines) {
    Command command = shell("printf 'a\\r1/2\\rline\\nlast' >&2");
    command.log = home_ / "log";
    std::vector<std::pair<std::string, bool>> seen;
    command.on_stderr = [&](std::string_view line, bool transient) { seen.emplace_back(line, transient); };
    ASSERT_TRUE(run(command));
    const std::vector<std::pair<std::string, bool>> expected{
        {"a", true}, {"1/2", true}, {"line", false}, {"last", false}};
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(read(home_ / "log"), "line\nlast\n");
}

TEST_F(ChildCommand, SetsAndHidesVariables) {
    ::setenv("KIK_TEST_HIDDEN", "x", 1);
    Command command = shell("echo \"${KIK_TEST_HIDDEN-none} $KIK_TEST_SET $(pwd)\"");
    command.without = {"KIK_TEST_HIDDEN"};
    command.variables = {{"KIK_TEST_SET", "a b"}};
    command.folder = "/";
    EXPECT_EQ(run(command)->out, "none a b /\n");
}

TEST_F(ChildCommand, AMissingProgramIsAnError) {
    Command command;
    command.argv = {"/no/such/program"};
    const Result<CommandResult> result = run(command);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kNotFound);
    EXPECT_NE(result.error().message.find("/no/such/program"), std::string::npos);
}

TEST_F(ChildCommand, ALargeOutputDoesNotBlock) {
    const Result<CommandResult> result = run(shell("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->out.size(), 3000000u);
}

}  // namespace
}  // namespace kayton::kik
