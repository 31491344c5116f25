// The supervisor against workers that misbehave, one process a fault: each must end with the exact reason, and another
// worker must be served afterwards. Numbers are those of the project's fault list.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/faults/fault_fixture.h"

namespace kayton {
namespace {

size_t open_descriptors() {
    const std::filesystem::directory_iterator folder("/proc/self/fd");
    return static_cast<size_t>(std::distance(begin(folder), end(folder)));
}

size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    size_t total = 0;
    size_t resident = 0;
    file >> total >> resident;
    return resident * 4096;
}

TEST_F(Fault, F01_HeadBeyondCapacity) {
    expect_violation("head_beyond_capacity", Violation::kIndexBeyondCapacity);
}
TEST_F(Fault, F02_HeadRegresses) {
    expect_violation("head_regresses", Violation::kIndexRegressed);
}
TEST_F(Fault, F03_LengthMaximal) {
    expect_violation("length_maximal", Violation::kMessageTooLong);
}
TEST_F(Fault, F04_LengthOverLimit) {
    expect_violation("length_over_limit", Violation::kMessageTooLong);
}
TEST_F(Fault, F04_FrameLongerThanPublished) {
    expect_violation("frame_truncated", Violation::kFrameTruncated);
}

TEST_F(Fault, F05_PayloadFlippedAfterPublishing) {
    provoke("payload_flips");
    ASSERT_TRUE(events_.finished.has_value());
    EXPECT_EQ(events_.output.size(), 100'000U);
    EXPECT_EQ(events_.output.find_first_not_of("ab"), std::string::npos);
}

TEST_F(Fault, F06_TruncateOfARing) {
    expect_output("truncate_ring", "EPERM EPERM EPERM EPERM ");
}
TEST_F(Fault, F07_HoleInUpstreamFrames) {
    expect_violation("hole_in_frames", Violation::kUnknownType);
}
TEST_F(Fault, F07_HoleInIndices) {
    expect_violation("hole_in_indices", Violation::kIndexRegressed);
}
TEST_F(Fault, F08_HoleInDownstream) {
    expect_output("hole_downstream", "EPERM EPERM ");
}
TEST_F(Fault, F09_WriteToDownstream) {
    expect_output("write_downstream", "EACCES EPERM ");
}
TEST_F(Fault, F09_WriteToArena) {
    expect_output("write_arena", "EACCES EPERM EPERM ");
}

TEST_F(Fault, F10_DoorbellFloodLeavesOthersServed) {
    worker_ = start("doorbell_flood");
    ASSERT_TRUE(turn_until(*worker_, events_, [&] { return worker_->ready(); }));
    ASSERT_TRUE(worker_->run(0x1000, {}).has_value());
    auto other = start("none");
    Collected events;
    ASSERT_TRUE(turn_until(*other, events, [&] { return other->ready(); }));
    ASSERT_TRUE(other->run(0x1000, {}).has_value());
    // One thread serves both; only its own time between two turns counts, not what the machine's other work takes.
    const auto begun = Clock::now();
    int turns = 0;
    while (!events.finished && Clock::now() - begun < kPatience) {
        worker_->turn(milliseconds(0), events_);
        other->turn(milliseconds(1), events);
        ++turns;
    }
    EXPECT_TRUE(events.finished.has_value());
    const auto per_turn = (Clock::now() - begun) / std::max(turns, 1);
    EXPECT_LT(per_turn, milliseconds(50));
    EXPECT_FALSE(worker_->end().has_value());
}

TEST_F(Fault, F11_DoorbellNeverReadDoesNotBlock) {
    worker_ = start("doorbell_never_read");
    ASSERT_TRUE(turn_until(*worker_, events_, [&] { return worker_->ready(); }));
    ASSERT_TRUE(worker_->run(0x1000, {}).has_value());
    ASSERT_TRUE(turn_until(*worker_, events_, [&] { return events_.output == "deaf"; }));
    const auto begun = Clock::now();
    for (int count = 0; count < 10'000; ++count) {
        ASSERT_TRUE(worker_->send(Interrupt{}).has_value());
    }
    EXPECT_LT(Clock::now() - begun, milliseconds(5000));
}

TEST_F(Fault, F12_LyingWaitingFlagIsCoveredByTheRescan) {
    worker_ = start("waiting_flag_lies");
    ASSERT_TRUE(turn_until(*worker_, events_, [&] { return worker_->ready(); }));
    ASSERT_TRUE(worker_->run(0x1000, {}).has_value());
    EXPECT_TRUE(turn_until(*worker_, events_, [&] { return events_.output == "without a bell"; }));
}

TEST_F(Fault, F13_DescriptorsSentAreDropped) {
    worker_ = start("thousand_descriptors");
    ASSERT_TRUE(turn_until(*worker_, events_, [&] { return worker_->ready(); }));
    const size_t before = open_descriptors();
    ASSERT_TRUE(worker_->run(0x1000, {}).has_value());
    ASSERT_TRUE(turn_until(*worker_, events_, [&] { return events_.finished || worker_->end(); }));
    EXPECT_EQ(events_.output, "sent");
    for (int turns = 0; turns < 10; ++turns) {
        worker_->turn(milliseconds(1), events_);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Fault, F14_HugeArrayTakesNoMemory) {
    const size_t before = resident_bytes();
    expect_violation("huge_array", Violation::kOverBudget);
    EXPECT_LT(resident_bytes(), before + (size_t{32} << 20));
}
TEST_F(Fault, F15_TooDeep) {
    expect_violation("too_deep", Violation::kTooDeep);
}
TEST_F(Fault, F16_ManyIntegersOverBudget) {
    const size_t before = resident_bytes();
    expect_violation("many_integers", Violation::kOverBudget);
    EXPECT_LT(resident_bytes(), before + (size_t{32} << 20));
}
TEST_F(Fault, F17_TrailingBytes) {
    expect_violation("trailing_bytes", Violation::kTrailingBytes);
}
TEST_F(Fault, F18_InvalidUtf8) {
    expect_violation("invalid_utf8", Violation::kInvalidUtf8);
}
TEST_F(Fault, F19_UnknownType) {
    expect_violation("unknown_type", Violation::kUnknownType);
}
TEST_F(Fault, F19_MessageOfTheOtherDirection) {
    expect_violation("wrong_direction", Violation::kUnknownType);
}
TEST_F(Fault, F19_FinishedTwice) {
    expect_violation("finished_twice", Violation::kUnexpectedMessage);
}
TEST_F(Fault, F19_RequestIdTwice) {
    expect_violation("request_twice", Violation::kWrongId);
}
TEST_F(Fault, F19_HelloTwice) {
    expect_violation("hello_twice", Violation::kUnexpectedMessage);
}
TEST_F(Fault, F20_FinishedBeforeRun) {
    // The hello and the answer to nothing come together; the run that follows finds a worker condemned.
    expect_violation("finished_before_run", Violation::kUnexpectedMessage);
}
TEST_F(Fault, F20_FinishedOfAnotherRun) {
    expect_violation("finished_other_run", Violation::kWrongId);
}
TEST_F(Fault, F20_OutputBeforeHello) {
    expect_violation("output_before_hello", Violation::kUnexpectedMessage);
}
TEST_F(Fault, ImpossibleArenaAddress) {
    expect_violation("impossible_arena", Violation::kImpossibleAddress);
}
TEST_F(Fault, ClosedDoorbell) {
    expect_violation("doorbell_closed", Violation::kDoorbellClosed);
}

class KilledAtStep : public Fault, public testing::WithParamInterface<int> {};
TEST_P(KilledAtStep, F21_EndIsSeenAndPublishedOutputDelivered) {
    provoke("killed_at_" + std::to_string(GetParam()));
    ASSERT_TRUE(worker_->end().has_value());
    EXPECT_EQ(worker_->end()->reason, EndReason::kSignal);
    EXPECT_EQ(worker_->end()->process.value, SIGKILL);
    EXPECT_EQ(events_.output, GetParam() >= 3 ? "last" : "");
}
INSTANTIATE_TEST_SUITE_P(EverySendStep, KilledAtStep, testing::Range(0, 5));

TEST_F(Fault, F22_RingFullWithThePeerStopped) {
    worker_ = start("stopped");
    ASSERT_TRUE(turn_until(*worker_, events_, [&] { return worker_->ready(); }));
    ASSERT_TRUE(worker_->run(0x1000, {}).has_value());
    const auto begun = Clock::now();
    const std::string text(size_t{16} << 20, 'x');
    int accepted = 0;
    while (worker_->add_source("big.kay", text).has_value()) {
        ASSERT_LT(++accepted, 10) << "a stopped worker took more than its ring and the queue hold";
    }
    EXPECT_LT(Clock::now() - begun, milliseconds(10'000));
    EXPECT_FALSE(worker_->end().has_value());
    worker_->kill(EndReason::kLimit, "stopped");
    ASSERT_TRUE(turn_until(*worker_, events_, [&] { return worker_->end().has_value(); }));
    EXPECT_EQ(worker_->end()->reason, EndReason::kLimit);
}

TEST_F(Fault, F28_NoDescriptorIsInherited) {
    const UniqueFd leaked(::open("/etc/passwd", O_RDONLY));  // without O_CLOEXEC: only the spawn keeps it out
    // Standard streams, the socket, and the three memories that came over it.
    expect_output("list_descriptors", "0 1 2 3 4 5 6 ");
}

// What the record says must be exact where nothing forges it.
class Crash : public Fault {
  protected:
    void crash(const std::string& fault, int signal) {
        provoke(fault);
        ASSERT_TRUE(worker_->end().has_value());
        EXPECT_EQ(worker_->end()->reason, signal == 0 ? EndReason::kExited : EndReason::kSignal);
        EXPECT_EQ(worker_->end()->process.value, signal);
        ASSERT_NE(worker_->end()->crash, nullptr);
        EXPECT_EQ(worker_->end()->crash->state.load(), kCrashWalked);
        EXPECT_EQ(worker_->end()->crash->signal, signal);
        EXPECT_GE(worker_->end()->crash->frame_count, 1U);
        EXPECT_NE(std::string(worker_->end()->crash->maps, worker_->end()->crash->maps_size).find("hostile_worker"),
                  std::string::npos);
    }
    [[nodiscard]] const CrashPage& record() const { return *worker_->end()->crash; }
};

TEST_F(Crash, F44_NullWrite) {
    crash("crash_null", SIGSEGV);
    EXPECT_EQ(record().address, 0x10U);
    EXPECT_EQ(record().is_write, 1);
    EXPECT_EQ(record().on_main_thread, 1);
}
TEST_F(Crash, F44_BadJump) {
    crash("crash_jump", SIGSEGV);
    EXPECT_EQ(record().pc, 0xdead'0000U);
    EXPECT_GE(record().frame_count, 2U);
}
TEST_F(Crash, F44_DivisionByZero) {
    crash("crash_division", SIGFPE);
}
TEST_F(Crash, F44_IllegalInstruction) {
    crash("crash_instruction", SIGILL);
}
TEST_F(Crash, F44_ReadOnlyMemory) {
    crash("crash_read_only", SIGSEGV);
    EXPECT_EQ(record().is_write, 1);
    EXPECT_EQ(record().code, SEGV_ACCERR);
    EXPECT_EQ(record().address % 4096, 0U);
}
TEST_F(Crash, F44_BusError) {
    crash("crash_bus", SIGBUS);
    EXPECT_EQ(record().is_write, 0);
    EXPECT_EQ(record().address % 4096, 0U);
}
TEST_F(Crash, F46_ThrownAndNotCaught) {
    crash("crash_throw", SIGABRT);
}
TEST_F(Crash, F46_FreedTwice) {
    crash("crash_double_free", SIGABRT);
}
// What lies above it is no stack, however far it reaches.
TEST_F(Crash, F45_AStackPointerThatPointsNowhere) {
    crash("crash_lost_stack", SIGSEGV);
}
TEST_F(Crash, F46_Abort) {
    crash("crash_abort", SIGABRT);
}
TEST_F(Crash, F45_StackOverflow) {
    crash("crash_overflow", SIGSEGV);
    EXPECT_EQ(record().on_main_thread, 1);
}
TEST_F(Crash, F45_StackOverflowOfAThread) {
    crash("crash_thread_overflow", SIGSEGV);
    EXPECT_EQ(record().on_main_thread, 0);
}
TEST_F(Crash, F51_ExitInTheMiddleOfARunIsRecorded) {
    crash("crash_exit", 0);
}

TEST_F(Fault, F48_ForgedCrashRecordIsBounded) {
    provoke("forged_crash");
    ASSERT_TRUE(worker_->end().has_value());
    EXPECT_EQ(worker_->end()->process.value, SIGKILL);  // the kernel's word, not the record's
    ASSERT_NE(worker_->end()->crash, nullptr);
    EXPECT_LE(worker_->end()->crash->frame_count, kCrashMaxFrames);
    EXPECT_LE(worker_->end()->crash->maps_size, kCrashMapsCapacity);
}

TEST_F(Fault, F51_ExitZeroIsNotAFinish) {
    provoke("exit_zero");
    ASSERT_TRUE(worker_->end().has_value());
    EXPECT_FALSE(events_.finished.has_value());
    EXPECT_EQ(worker_->end()->reason, EndReason::kExited);
    EXPECT_EQ(worker_->end()->process.value, 0);
}

TEST_F(Fault, F59_NothingIsLeftInSharedMemory) {
    if (!std::filesystem::is_directory("/dev/shm")) {
        GTEST_SKIP() << "this machine has no /dev/shm";
    }
    const auto count = [] {
        const std::filesystem::directory_iterator folder("/dev/shm");
        return std::distance(begin(folder), end(folder));
    };
    const auto before = count();
    provoke("killed_at_1");
    worker_.reset();
    EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace kayton
