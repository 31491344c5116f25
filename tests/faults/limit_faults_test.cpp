// Limits and what else ends a worker or must not: faults 27, 41, 47, 49, 50, 54 and 56 to 58 of the project's list.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include "tests/faults/session_fixture.h"

namespace kayton {
namespace {

class LimitFault : public SessionFault {
  protected:
    // The run ends the worker for going over the limit that `option` sets.
    void expect_limit(const RunOutcome& outcome, const std::string& option) {
        ASSERT_TRUE(outcome.worker_end.has_value()) << output_of_run_.substr(0, 100);
        EXPECT_EQ(outcome.worker_end->reason, EndReason::kLimit);
        EXPECT_NE(outcome.report.find(option), std::string::npos) << outcome.report;
    }
};

TEST_F(LimitFault, F27_AFileThatIsNotGrantedKeepsWhatItHolds) {
    const auto folder = std::filesystem::temp_directory_path() / ("kayton-fault-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const auto file = folder / "precious";
    std::ofstream(file) << "content";
    start();
    const bool held = has_landlock();
    if (held) {
        run("truncate_file", file.string());
        EXPECT_EQ(output_of_run_.find("allowed"), std::string::npos) << output_of_run_;
        EXPECT_EQ(std::filesystem::file_size(file), 7U);
        EXPECT_EQ(std::filesystem::status(file).permissions() & std::filesystem::perms::others_write,
                  std::filesystem::perms::none);
    }
    std::filesystem::remove_all(folder);
    REQUIRE_OF_KERNEL(held, "landlock");
}

TEST_F(LimitFault, F35_NoSignalByWayOfTheKernel) {
    start();
    run("signal_by_fcntl");
    EXPECT_EQ(output_of_run_, "EPERM EPERM ");
}

TEST_F(LimitFault, ProcessorsOfOthersAreNotItsToChoose) {
    start();
    REQUIRE_OF_KERNEL(session_->worker().brokered(), "seccomp's notification");
    run("affinity");
    EXPECT_EQ(output_of_run_, "EPERM allowed allowed ");
}

TEST_F(LimitFault, F41_ASecretOfTheEnvironmentIsAbsentUnlessGranted) {
    ::setenv("KAYTON_TEST_SECRET", "known;", 1);
    start();
    run("secret");
    EXPECT_EQ(output_of_run_, "absent;");
    session_.reset();
    grants_.env = {"KAYTON_TEST_SECRET"};
    start();
    run("secret");
    EXPECT_EQ(output_of_run_, "known;");
    ::unsetenv("KAYTON_TEST_SECRET");
}

TEST_F(LimitFault, F47_AFaultBelowAKaytonFrameNamesFunctionAndLine) {
    start(KAYTON_REAL_WORKER);
    io_.on_output = [&] { ::kill(session_->worker().pid(), SIGSEGV); };
    const RunOutcome outcome =
        cell("def spin():\n    print('on', flush=True)\n    while True:\n        pass\n\nspin()\n");
    io_.on_output = nullptr;
    ASSERT_TRUE(outcome.crash.has_value());
    ASSERT_FALSE(outcome.crash->kayton.empty());
    EXPECT_NE(outcome.crash->kayton.front().place.function.find("spin"), std::string::npos);
    EXPECT_GE(outcome.crash->kayton.front().place.line, 2U);
    EXPECT_LE(outcome.crash->kayton.front().place.line, 4U);
}

TEST_F(LimitFault, F49_HandlersThatWereRemovedHideNothing) {
    start();
    const RunOutcome outcome = run("handlers_removed");
    ASSERT_TRUE(outcome.worker_end.has_value());
    EXPECT_EQ(outcome.worker_end->reason, EndReason::kSignal);
    EXPECT_EQ(outcome.worker_end->process.value, SIGSEGV);
}

TEST_F(LimitFault, F50_AHandlerThatNeverReturnsIsEndedAtTheDeadline) {
    start();
    const RunOutcome outcome = run("handler_hangs");
    ASSERT_TRUE(outcome.worker_end.has_value());
    EXPECT_EQ(outcome.worker_end->reason, EndReason::kLimit);
    EXPECT_NE(outcome.report.find("crashed and did not end"), std::string::npos) << outcome.report;
}

TEST_F(LimitFault, F54_ABlockingCallReturnsWhenInterrupted) {
    start();
    bool interrupted = false;  // once: what it says of the interrupt is output too, and a second one kills
    io_.on_output = [&] {
        if (!std::exchange(interrupted, true)) {
            session_->interrupt();
        }
    };
    const RunOutcome outcome = run("blocking_read");
    ASSERT_TRUE(outcome.finished.has_value()) << outcome.report;
    EXPECT_EQ(output_of_run_, "reading;EINTR ");
}

TEST_F(LimitFault, F56_MemoryOfEveryKindIsCounted) {
    grants_.max_memory = uint64_t{300} << 20;
    start();
    run("take_private");
    EXPECT_EQ(output_of_run_, "ENOMEM ");
    expect_limit(run("take_shared"), "--max-memory");
    session_.reset();
    start();
    run("take_memfd");
    EXPECT_EQ(output_of_run_, "EPERM ");
}

// Tables of pages that hold nothing but zeros are resident nowhere.
TEST_F(LimitFault, F56_PageTablesAreCounted) {
    grants_.max_memory = uint64_t{300} << 20;
    start();
    expect_limit(run("take_tables"), "--max-memory");
}

TEST_F(LimitFault, ThreadsAreCounted) {
    grants_.max_threads = 50;
    start();
    expect_limit(run("thread_bomb"), "--max-threads");
}

TEST_F(LimitFault, OutputIsCounted) {
    grants_.max_output = uint64_t{5} << 20;
    start();
    expect_limit(run("flood"), "--max-output");
    EXPECT_LT(output_of_run_.size(), size_t{64} << 20);  // the limit, and what the ring held when it was reached
}

// On a small disk of its own, which only root can make.
TEST_F(LimitFault, TheDiskIsNotFilledToTheEnd) {
    std::string name = (std::filesystem::temp_directory_path() / "kayton-disk-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", name.c_str(), "tmpfs", 0, "size=64m") != 0) {
        std::filesystem::remove(name);
        GTEST_SKIP() << "this user cannot mount a small disk";
    }
    grants_.write = {name};
    start();
    const RunOutcome outcome = run("fill_disk", name + "/file");
    expect_limit(outcome, "it has nearly filled the disk of " + name);
    EXPECT_EQ(output_of_run_, "EOPNOTSUPP ");
    session_.reset();
    ::umount2(name.c_str(), MNT_DETACH);
    std::filesystem::remove(name);
}

TEST_F(LimitFault, F57_ProcessorTimeIsALimitThatIsReported) {
    grants_.max_cpu_seconds = 1;
    start();
    const RunOutcome outcome = run("burn");
    ASSERT_TRUE(outcome.worker_end.has_value());
    EXPECT_EQ(outcome.worker_end->process.value, SIGXCPU);
    EXPECT_NE(outcome.report.find("--max-cpu"), std::string::npos) << outcome.report;
}

bool is_gone(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(file, text);
    return text.empty() || text.find(") Z") != std::string::npos;
}

// In the folders that it may write, and never to a program of another's rights.
TEST_F(LimitFault, ModesOfItsOwnFilesItMayChange) {
    const auto folder = std::filesystem::temp_directory_path() / ("kayton-modes-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    grants_.write = {folder};
    start();
    if (session_->worker().brokered()) {
        run("modes", (folder / "file").string());
        EXPECT_EQ(output_of_run_, "allowed allowed EPERM EPERM ");
        EXPECT_EQ(std::filesystem::status(folder / "file").permissions(), std::filesystem::perms(0711));
    }
    const bool brokered = session_->worker().brokered();
    std::filesystem::remove_all(folder);
    REQUIRE_OF_KERNEL(brokered, "seccomp's notification");
}

TEST_F(LimitFault, F58_WithTheSupervisorItsWholeTreeGoes) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t supervisor = ::fork();
    if (supervisor == 0) {
        start(KAYTON_REAL_WORKER);
        io_.on_output = [&] {
            const pid_t pids[2] = {session_->worker().pid(), session_->worker().checkpoint_pid()};
            (void)!::write(ends[1], pids, sizeof pids);
        };
        cell("print('on', flush=True)\nwhile True:\n    pass\n");
        ::_exit(0);
    }
    pid_t pids[2] = {-1, -1};
    ASSERT_EQ(::read(ends[0], pids, sizeof pids), static_cast<ssize_t>(sizeof pids));
    EXPECT_FALSE(is_gone(pids[0]));
    ::kill(supervisor, SIGKILL);
    ::waitpid(supervisor, nullptr, 0);
    for (int tries = 0; tries < 100 && !(is_gone(pids[0]) && is_gone(pids[1])); ++tries) {
        ::usleep(50'000);
    }
    EXPECT_TRUE(is_gone(pids[0])) << "the worker lives on";
    EXPECT_TRUE(is_gone(pids[1])) << "the checkpoint lives on";
    ::close(ends[0]);
    ::close(ends[1]);
}

}  // namespace
}  // namespace kayton
