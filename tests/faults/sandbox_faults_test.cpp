// What the sandbox refuses, each tried from inside a worker. Where this machine lacks the layer the test is skipped.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <string>

#include "tests/faults/fault_fixture.h"

namespace kayton {
namespace {

class SandboxFault : public Fault {
  protected:
    // Runs the fault; false where the layer that refuses it is missing.
    bool refused_by(const std::string& layer, const std::string& fault) {
        provoke(fault);
        return !lacks(layer);
    }
};

#define REQUIRE_LAYER(layer, fault)                                        \
    if (!refused_by(layer, fault)) {                                       \
        GTEST_SKIP() << "this machine's kernel does not have " << (layer); \
    }

TEST_F(SandboxFault, F24to26_FilesThatAreNotGranted) {
    REQUIRE_LAYER("landlock", "files");
    // Opened, by "..", by a link, for writing, and linked, which is EXDEV to some kernels. Nothing that would do harm
    // if it were allowed.
    EXPECT_EQ(events_.output.substr(0, 28), "EACCES EACCES EACCES EACCES ");
    EXPECT_EQ(events_.output.find("allowed"), std::string::npos) << events_.output;
}
TEST_F(SandboxFault, F29to31_Sockets) {
    REQUIRE_LAYER("seccomp", "sockets");
    EXPECT_EQ(events_.output, "EPERM EPERM EPERM EPERM EPERM ");
}
TEST_F(SandboxFault, F32_Execute) {
    REQUIRE_LAYER("seccomp", "execute");
    EXPECT_EQ(events_.output, "EPERM EPERM EPERM ");
}
TEST_F(SandboxFault, F34and35_OtherProcesses) {
    REQUIRE_LAYER("seccomp", "other_processes");
    EXPECT_EQ(events_.output.substr(0, 23), "EPERM EPERM EPERM EPERM");
    if (!lacks("landlock")) {
        EXPECT_EQ(events_.output.substr(23), " EACCES ");
    }
}
TEST_F(SandboxFault, F36and38_Privileges) {
    REQUIRE_LAYER("seccomp", "privileges");
    EXPECT_EQ(events_.output, "EPERM EPERM EPERM EPERM EPERM EPERM ENOSYS ");
}
TEST_F(SandboxFault, F33and39_MemoryIsWritableOrExecutable) {
    REQUIRE_LAYER("seccomp", "memory_protection");
    EXPECT_EQ(events_.output, "EPERM EPERM EPERM threads ");
}

TEST_F(SandboxFault, F40_NoPrivilegeIsHeldOrGained) {
    provoke("none");
    std::ifstream status("/proc/" + std::to_string(worker_->pid()) + "/status");
    std::string gains = "no line";
    std::string held = "no line";
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("NoNewPrivs:")) {
            gains = line.substr(line.find_last_of("\t ") + 1);
        } else if (line.starts_with("CapPrm:")) {
            held = line.substr(line.find_last_of("\t ") + 1);
        }
    }
    EXPECT_EQ(gains, "1");
    // Root may still override the modes of files; an ordinary user has nothing.
    constexpr uint64_t kOfFiles = 1U << 1 | 1U << 2 | 1U << 3;
    EXPECT_EQ(std::stoull(held, nullptr, 16) & ~kOfFiles, 0U) << held;
}

// The filter knows the calls of one architecture; another's numbers mean other calls.
TEST_F(SandboxFault, F37_CallsOfI386) {
    REQUIRE_LAYER("seccomp", "calls_of_i386");
    ASSERT_TRUE(worker_->end().has_value()) << events_.output;
    EXPECT_TRUE(worker_->end()->process.by_signal);
    EXPECT_TRUE(worker_->end()->process.value == SIGSYS || worker_->end()->process.value == SIGSEGV)
        << worker_->end()->process.value;  // a kernel without 32-bit calls faults at the instruction
}
TEST_F(SandboxFault, F37_CallsOfX32) {
    REQUIRE_LAYER("seccomp", "calls_of_x32");
    ASSERT_TRUE(worker_->end().has_value()) << events_.output;
    EXPECT_EQ(worker_->end()->process.value, SIGSYS);
}

}  // namespace
}  // namespace kayton
