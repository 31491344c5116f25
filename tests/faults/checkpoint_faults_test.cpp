// What becomes of a session's variables when its worker ends: faults 52, 53 and 60 to 68 of the project's list, a fork
// bomb (55), and a long row of crashes.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include "tests/faults/session_fixture.h"

namespace kayton {
namespace {

std::map<std::string, std::string> status_of(pid_t process) {
    std::map<std::string, std::string> lines;
    std::ifstream file("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(file, line);) {
        const size_t colon = line.find(':');
        lines[line.substr(0, colon)] = line.substr(colon + 1);
    }
    return lines;
}

// This process's children: workers, and checkpoints whose worker is gone.
size_t children() {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") == std::string::npos &&
            status_of(std::stoi(name))["PPid"] == "\t" + std::to_string(::getpid())) {
            ++count;
        }
    }
    return count;
}

size_t open_descriptors() {
    const std::filesystem::directory_iterator folder("/proc/self/fd");
    return static_cast<size_t>(std::distance(begin(folder), end(folder)));
}

TEST_F(SessionFault, F60_ValuesAreThoseBeforeTheCell) {
    start();
    REQUIRE_CHECKPOINTS();
    expect_output("count", "1;");
    expect_output("count", "2;");
    const RunOutcome outcome = run("crash_null");
    EXPECT_EQ(outcome.worker_end->process.value, SIGSEGV);
    expect_resumed(outcome);
    expect_output("count", "3;");
    expect_resumed(run("exit_zero"));
    expect_resumed(run("crash_abort"));
    expect_output("count", "4;");
}

// Without the sandbox nobody is asked about the fork.
TEST_F(SessionFault, F60_TheSameWithoutASandbox) {
    level_ = SandboxLevel::kOff;
    start();
    expect_output("count", "1;");
    expect_resumed(run("crash_null"));
    expect_output("count", "2;");
}

TEST_F(SessionFault, F60_VariablesOfEveryKindOfCell) {
    start(KAYTON_REAL_WORKER);
    REQUIRE_CHECKPOINTS();
    cell("x = 41\n");
    cell("words = {'a': [1, 2], 'b': [3]}\n");
    cell("class Point:\n    def __init__(self, at):\n        self.at = at\np = Point(7)\n");
    cell("def twice(n):\n    return 2 * n\n");
    const RunOutcome outcome = taken(session_->run_at(0x10, {""}));  // a jump to nowhere
    EXPECT_EQ(outcome.worker_end->process.value, SIGSEGV);
    expect_resumed(outcome);
    cell("print(twice(x), words, p.at)\n");
    EXPECT_EQ(output_of_run_, "82 {'a': [1, 2], 'b': [3]} 7\n");
    // The record of a worker that was a checkpoint is as good as that of one that never was.
    const RunOutcome again = taken(session_->run_at(0x10, {""}));
    ASSERT_NE(again.worker_end->crash, nullptr);
    EXPECT_EQ(again.worker_end->crash->address, 0x10U);
    EXPECT_EQ(again.worker_end->crash->on_main_thread, 1);
    EXPECT_NE(std::string(again.worker_end->crash->maps, again.worker_end->crash->maps_size).find("kayton-worker"),
              std::string::npos);
    expect_resumed(again);
    cell("print(twice(x))\n");
    EXPECT_EQ(output_of_run_, "82\n");
}

// What the cell that crashed has defined is forgotten by the compiler too.
TEST_F(SessionFault, F60_NamesOfTheCellAreForgotten) {
    start(KAYTON_REAL_WORKER);
    REQUIRE_CHECKPOINTS();
    cell("x = 41\nclass Shape:\n    def area(self):\n        return 1\ns = Shape()\n");
    io_.on_output = [&] { ::kill(session_->worker().pid(), SIGSEGV); };
    const RunOutcome outcome = cell(
        "import textwrap\nx = 'a text'\ny = 5\nclass Square(Shape):\n    def area(self):\n        return 4\n"
        "q = Square()\nprint('here', flush=True)\nwhile True:\n    pass\n");
    io_.on_output = nullptr;
    expect_resumed(outcome);
    compiler_.forget_last_cell(outcome.lost);
    sources_.push_back(std::make_unique<SourceFile>("<bad>", "y\n"));
    CompileOptions options;
    options.cell = true;
    EXPECT_FALSE(compiler_.compile(*sources_.back(), options).ok) << "y was defined by the cell that crashed";
    cell("print(x + 1, s.area())\n");
    EXPECT_EQ(output_of_run_, "42 1\n");
    cell(
        "import textwrap\nprint(textwrap.dedent('  a'))\nclass Square(Shape):\n    def area(self):\n        return 9\n"
        "print(Square().area())\n");
    EXPECT_EQ(output_of_run_, "a\n9\n");
}

TEST_F(SessionFault, F61_TenCrashesAreExactThenOnlyValuesGoOn) {
    start(KAYTON_REAL_WORKER);
    REQUIRE_CHECKPOINTS();
    const auto crash = [&] { return taken(session_->run_at(0x10, {""})); };
    cell(
        "words = {'a': [1, 2]}\nshared = words['a']\nclass Node:\n    def __init__(self, n):\n        self.n = n\n"
        "        self.next = None\nring = Node(1)\nring.next = ring\ndouble = lambda n: n * 2\nprint(double(2))\n");
    for (int crashes = 0; crashes < 10; ++crashes) {
        expect_resumed(crash());
    }
    cell("print(words)\n");  // a run that ends by itself starts the count again
    for (int crashes = 0; crashes < 10; ++crashes) {
        expect_resumed(crash());
    }
    const pid_t before = session_->worker().pid();
    const RunOutcome last = crash();
    EXPECT_EQ(last.recovery, Recovery::kRestored) << last.recovery_note;
    EXPECT_NE(session_->worker().pid(), before);
    compiler_.forget_last_cell(last.lost);
    cell("shared.append(3)\nprint(words, ring.next.next.n, ring.next is ring)\n");
    EXPECT_EQ(output_of_run_, "{'a': [1, 2, 3]} 1 True\n");
}

TEST_F(SessionFault, F62_LivingThreadsAreToldOfAndTheirWorkerIsNotCopiedWhole) {
    start();
    REQUIRE_CHECKPOINTS();
    expect_output("count", "1;");
    const RunOutcome told = run("living_thread");
    EXPECT_NE(told.notice.find("threads"), std::string::npos) << told.notice;
    EXPECT_TRUE(run("count").notice.empty()) << "told twice";
    const RunOutcome outcome = run("crash_null");
    EXPECT_EQ(outcome.recovery, Recovery::kNone);
    EXPECT_NE(outcome.recovery_note.find("gone"), std::string::npos) << outcome.recovery_note;
    ASSERT_TRUE(session_->restart().has_value());
    expect_output("count", "1;");
}

TEST_F(SessionFault, F63_ALockThatAThreadHoldsHangsNoCheckpointAndNoEnd) {
    start();
    REQUIRE_CHECKPOINTS();
    run("living_thread");  // its thread holds a lock for ever
    for (int runs = 1; runs <= 3; ++runs) {
        expect_output("count", std::to_string(runs) + ";");
        EXPECT_TRUE(session_->worker().has_checkpoint());
    }
    EXPECT_EQ(run("exit_zero").worker_end->reason, EndReason::kExited);
    ASSERT_TRUE(session_->restart().has_value());
    expect_output("count", "1;");
}

// What the run left behind ends the worker before its state could be kept: that run is undone.
TEST_F(SessionFault, F64_AWorkerThatDiesInTheForkGoesOnFromBeforeTheRun) {
    start();
    REQUIRE_CHECKPOINTS();
    expect_output("count", "1;");
    const RunOutcome outcome = run("on_checkpoint_die");
    ASSERT_TRUE(outcome.worker_end.has_value());
    EXPECT_EQ(outcome.worker_end->process.value, SIGKILL);
    expect_resumed(outcome);
    expect_output("count", "2;");
}

TEST_F(SessionFault, F64_TheFirstRunThatDiesInTheForkIsStartedAnew) {
    start();
    REQUIRE_CHECKPOINTS();
    expect_resumed(run("on_checkpoint_die"));
    expect_output("count", "1;");
}

TEST_F(SessionFault, F60_AWorkerThatClosedItsChannelKeepsWhatWasBefore) {
    start();
    REQUIRE_CHECKPOINTS();
    expect_output("count", "1;");
    expect_resumed(run("close_everything"));
    expect_output("count", "2;");
}

TEST_F(SessionFault, F60_AWorkerThatTakesNothingMoreKeepsWhatWasBefore) {
    start();
    REQUIRE_CHECKPOINTS();
    expect_output("count", "1;");
    expect_resumed(run("deaf_doorbell"));
    expect_output("count", "2;");
    expect_resumed(run("crash_null"));  // checkpoints go on
    expect_output("count", "3;");
}

TEST_F(SessionFault, F60_AWorkerThatEndsBetweenRunsKeepsTheLastRunToo) {
    start();
    REQUIRE_CHECKPOINTS();
    expect_output("count", "1;");
    ::kill(session_->worker().pid(), SIGSEGV);
    ::usleep(100'000);
    expect_resumed(run("count"));  // which has not run
    EXPECT_EQ(output_of_run_, "");
    expect_output("count", "2;");
}

TEST_F(SessionFault, F64_ACheckpointThatIsClaimedAndNotMadeIsNotBelieved) {
    start();
    REQUIRE_CHECKPOINTS();
    EXPECT_FALSE(run("on_checkpoint_lie").notice.empty());
    expect_output("count", "1;");
    EXPECT_EQ(run("crash_null").recovery, Recovery::kNone);
}

// A process that was allowed as a checkpoint and is denied is found all the same.
TEST_F(SessionFault, F64_AForkThatIsDeniedLeavesNoProcess) {
    start();
    REQUIRE_CHECKPOINTS();
    EXPECT_FALSE(run("on_checkpoint_stray").notice.empty());
    const pid_t worker = session_->worker().pid();
    const auto living = [&] {
        size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            const std::string name = entry.path().filename();
            if (name.find_first_not_of("0123456789") == std::string::npos) {
                auto status = status_of(std::stoi(name));
                count +=
                    status["PPid"] == "\t" + std::to_string(worker) && status["State"].find('Z') == std::string::npos;
            }
        }
        return count;
    };
    for (int tries = 0; tries < 100 && living() != 0; ++tries) {
        ::usleep(20'000);
    }
    EXPECT_EQ(living(), 0U);
}

TEST_F(SessionFault, F65_BufferedOutputIsPrintedOnce) {
    start();
    REQUIRE_CHECKPOINTS();
    std::string all;
    for (const char* fault : {"print_without_end", "crash_null", "flush", "count"}) {
        run(fault);
        all += output_of_run_;
    }
    // The order of a pipe and a ring is not promised.
    EXPECT_EQ(all.size(), std::string("once;1;2;").size()) << all;
    EXPECT_NE(all.find("once;"), std::string::npos) << all;
}

TEST_F(SessionFault, F66_ACheckpointThatIsKilledIsMissedOnlyByACrash) {
    start();
    REQUIRE_CHECKPOINTS();
    io_.on_output = [&] { ::kill(session_->worker().checkpoint_pid(), SIGKILL); };
    expect_output("count", "1;");
    io_.on_output = nullptr;
    expect_output("count", "2;");
    io_.on_output = [&] {
        ::kill(session_->worker().checkpoint_pid(), SIGKILL);
        ::usleep(50'000);
        ::kill(session_->worker().pid(), SIGSEGV);
    };
    const RunOutcome outcome = run("loop_deaf");
    io_.on_output = nullptr;
    EXPECT_EQ(outcome.recovery, Recovery::kNone);
    EXPECT_NE(outcome.recovery_note.find("gone"), std::string::npos) << outcome.recovery_note;
}

TEST_F(SessionFault, F67_TheRingsOfTheDeadWorkerAreIgnored) {
    start();
    REQUIRE_CHECKPOINTS();
    expect_output("on_checkpoint_old_ring", "");
    expect_resumed(run("crash_null"));
    expect_output("count", "1;");
    EXPECT_TRUE(session_->alive());
}

TEST_F(SessionFault, F68_TheSandboxIsTheSameAfterResume) {
    start();
    REQUIRE_CHECKPOINTS();
    auto before = status_of(session_->worker().pid());
    expect_resumed(run("crash_null"));
    auto after = status_of(session_->worker().pid());
    for (const char* line : {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs",
                             "Seccomp", "Seccomp_filters", "SigCgt"}) {
        EXPECT_EQ(after[line], before[line]) << line;
    }
    EXPECT_EQ(after["PPid"], "\t" + std::to_string(::getpid()));
    run("files");
    EXPECT_EQ(output_of_run_.find("allowed"), std::string::npos) << output_of_run_;
    expect_output("execute", "EPERM EPERM EPERM ");
    expect_output("sockets", "EPERM EPERM EPERM EPERM EPERM ");
}

TEST_F(SessionFault, F52_AnEndlessKaytonLoopIsInterruptedAndVariablesStay) {
    start(KAYTON_REAL_WORKER);
    REQUIRE_CHECKPOINTS();
    cell("x = 5\n");
    io_.on_output = [&] { session_->interrupt(); };
    const RunOutcome outcome = cell("print('on', flush=True)\nwhile True:\n    pass\n");
    io_.on_output = nullptr;
    ASSERT_TRUE(outcome.finished.has_value()) << outcome.report;
    EXPECT_EQ(outcome.finished->exception_class, "KeyboardInterrupt");
    cell("print(x)\n");
    EXPECT_EQ(output_of_run_, "5\n");
}

TEST_F(SessionFault, F53_AnEndlessNativeLoopIsKilledAndItsCheckpointGoesOn) {
    start();
    REQUIRE_CHECKPOINTS();
    expect_output("count", "1;");
    for (const char* fault : {"loop_deaf", "stopped"}) {
        io_.on_output = [&] { session_->interrupt(); };
        std::thread interrupter;
        if (fault == std::string("stopped")) {
            interrupter = std::thread([&] {
                ::usleep(300'000);
                session_->interrupt();
            });
        }
        const RunOutcome outcome = run(fault);
        if (interrupter.joinable()) {
            interrupter.join();
        }
        io_.on_output = nullptr;
        ASSERT_TRUE(outcome.worker_end.has_value()) << fault;
        EXPECT_EQ(outcome.worker_end->reason, EndReason::kInterrupted) << fault;
        expect_resumed(outcome);
    }
    expect_output("count", "2;");
}

TEST_F(SessionFault, F55_NoForkIsAllowedButTheCheckpoints) {
    start();
    REQUIRE_CHECKPOINTS();
    const size_t before = children();
    expect_output("fork_bomb", "0 children;");
    expect_resumed(run("crash_null"));
    expect_output("fork_bomb", "0 children;");
    EXPECT_EQ(children(), before);
}

// KAYTON_CRASHES=1000 makes it the long one.
TEST_F(SessionFault, ManyCrashesLeaveNothingBehind) {
    start();
    REQUIRE_CHECKPOINTS();
    const char* wanted = std::getenv("KAYTON_CRASHES");
    const int crashes = wanted != nullptr ? std::atoi(wanted) : 60;
    int counter = 0;
    size_t descriptors = 0;
    size_t processes = 0;
    for (int crash = 0; crash < crashes; ++crash) {
        expect_output("count", std::to_string(++counter) + ";");
        expect_resumed(run(crash % 2 == 0 ? "crash_null" : "exit_zero"));
        if (crash == 10) {
            descriptors = open_descriptors();
            processes = children();
        }
    }
    EXPECT_EQ(open_descriptors(), descriptors);
    EXPECT_EQ(children(), processes);
    expect_output("count", std::to_string(++counter) + ";");
    session_.reset();
    EXPECT_EQ(children(), processes - 1);
}

}  // namespace
}  // namespace kayton
