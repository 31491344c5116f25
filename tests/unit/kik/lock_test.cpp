#include "kik/environment/lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "tests/unit/kik/home_fixture.h"

namespace kayton::kik {
namespace {

using LockTest = HomeFixture;
using std::chrono::seconds;

TEST_F(LockTest, IsFreeAgainAfterItsHolder) {
    const auto file = home_ / "locks" / "demo.lock";
    {
        ASSERT_TRUE(Lock::take(file, "`demo`", "first", {}));
    }
    const Result<Lock> second = Lock::take(file, "`demo`", "second", {}, seconds(0));
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(read(file), "pid " + std::to_string(::getpid()) + ", `second`\n");
}

// Starts a child that holds the lock until it is killed.
pid_t hold(const std::filesystem::path& file) {
    int ready[2];
    if (::pipe(ready) != 0) return -1;
    const pid_t child = ::fork();
    if (child == 0) {
        const Result<Lock> lock = Lock::take(file, "`demo`", "rinstall regex", {});
        if (lock && ::write(ready[1], "x", 1) == 1) ::pause();
        ::_exit(0);
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
    return child;
}

TEST_F(LockTest, SaysForWhomItWaitsAndGivesUp) {
    const auto file = home_ / "locks" / "demo.lock";
    const pid_t child = hold(file);
    std::vector<std::string> said;
    const Result<Lock> lock = Lock::take(
        file, "`demo`", "uninstall regex", [&](const std::string& line) { said.push_back(line); }, seconds(1));
    ASSERT_FALSE(lock);
    const std::string who = "(pid " + std::to_string(child) + ", `rinstall regex`)";
    EXPECT_EQ(said, std::vector<std::string>{"Waiting for another kik " + who + " to release `demo`"});
    EXPECT_NE(lock.error().message.find(who), std::string::npos);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

TEST_F(LockTest, AKilledHolderHoldsNothing) {
    const auto file = home_ / "locks" / "demo.lock";
    const pid_t child = hold(file);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(Lock::take(file, "`demo`", "second", {}, seconds(1)));
}

}  // namespace
}  // namespace kayton::kik
