// What the sandbox refuses, each tried from inside a worker. Where this machine lacks the layer the test is skipped.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/faults/fault_fixture.h"
#include "tests/faults/session_fixture.h"

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

TEST_F(SandboxFault, F24_AFileThatIsNotGranted) {
    REQUIRE_LAYER("landlock", "open_file");
    EXPECT_EQ(events_.output, "EACCES ");
}
TEST_F(SandboxFault, F26_ByDotsByThePathOfTheRootForWritingAndByALink) {
    REQUIRE_LAYER("landlock", "files");
    // The last is EXDEV to some kernels. Nothing that would do harm if it were allowed.
    EXPECT_EQ(events_.output.substr(0, 28), "EACCES EACCES EACCES EACCES ");
    EXPECT_EQ(events_.output.find("allowed"), std::string::npos) << events_.output;
}

// A folder that is granted, beside one that is not.
class FileFault : public SessionFault {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "kayton-fault-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        std::filesystem::create_directories(inside());
        std::filesystem::create_directories(outside());
        std::ofstream(inside() / "own") << "own";
        std::ofstream(outside() / "file") << "precious";
        grants_.write = {inside()};
        start();
    }
    void TearDown() override {
        session_.reset();
        std::filesystem::remove_all(folder_);
    }
    [[nodiscard]] std::filesystem::path inside() const { return folder_ / "inside"; }
    [[nodiscard]] std::filesystem::path outside() const { return folder_ / "outside"; }
    [[nodiscard]] bool has_landlock() const {
        const auto& missing = session_->missing_layers();
        return std::find(missing.begin(), missing.end(), "landlock") == missing.end();
    }
    std::filesystem::path folder_;
};

TEST_F(FileFault, F25_ASymbolicLinkLeadsNowhere) {
    std::filesystem::create_symlink(outside() / "file", inside() / "link");
    std::filesystem::create_directory_symlink(outside(), inside() / "folder");
    if (!has_landlock()) {
        GTEST_SKIP() << "this machine's kernel does not have landlock";
    }
    expect_output("open_file", "EACCES ");
    for (const char* way : {"link", "folder/file", "../outside/file"}) {
        run("open_file", (inside() / way).string());
        EXPECT_EQ(output_of_run_, "EACCES ") << way;
    }
    run("open_file", (inside() / "own").string());
    EXPECT_EQ(output_of_run_, "allowed ");
}

TEST_F(FileFault, F26_NothingIsMovedOrLinkedOutOrIn) {
    if (!has_landlock()) {
        GTEST_SKIP() << "this machine's kernel does not have landlock";
    }
    const std::string own = (inside() / "own").string();
    const std::string other = (outside() / "file").string();
    for (const std::string& way : {own + "|" + other, other + "|" + own, other + "|" + (inside() / "new").string(),
                                   own + "|" + (outside() / "new").string()}) {
        run("move_file", way);
        EXPECT_EQ(output_of_run_.find("allowed"), std::string::npos) << way << ": " << output_of_run_;
    }
    EXPECT_EQ(std::filesystem::file_size(own), 3U);
    EXPECT_EQ(std::filesystem::file_size(other), 8U);
    EXPECT_FALSE(std::filesystem::exists(inside() / "new"));
    EXPECT_FALSE(std::filesystem::exists(outside() / "new"));
}

TEST_F(SandboxFault, F29_Tcp) {
    REQUIRE_LAYER("seccomp", "tcp");
    EXPECT_EQ(events_.output, "EACCES EPERM EPERM ");
}
TEST_F(SandboxFault, F30_Udp) {
    REQUIRE_LAYER("seccomp", "udp");
    EXPECT_EQ(events_.output, "EPERM EPERM ");
}
TEST_F(SandboxFault, F31_UnixSockets) {
    REQUIRE_LAYER("seccomp", "unix_sockets");
    EXPECT_EQ(events_.output, "EPERM EPERM EPERM ");
}
TEST_F(SandboxFault, F31_OtherFamilies) {
    REQUIRE_LAYER("seccomp", "sockets");
    EXPECT_EQ(events_.output, "EPERM EPERM EPERM EPERM EPERM ");
}
TEST_F(SandboxFault, F31_APairOfDatagramSocketsReachesNobody) {
    REQUIRE_LAYER("seccomp", "datagram_pair");
    EXPECT_EQ(events_.output, "EPERM allowed EISCONN ");
}
TEST_F(SandboxFault, F32_Execute) {
    REQUIRE_LAYER("seccomp", "execute");
    EXPECT_EQ(events_.output, "EPERM EPERM EPERM ");
}
TEST_F(SandboxFault, F33_AProgramInMemory) {
    REQUIRE_LAYER("seccomp", "memory_program");
    EXPECT_EQ(events_.output, "EPERM EPERM ");
}
TEST_F(SandboxFault, F34_TheSupervisorsMemory) {
    REQUIRE_LAYER("seccomp", "other_processes");
    constexpr std::string_view kRefused = "EPERM EPERM EPERM EPERM ";
    EXPECT_EQ(events_.output.substr(0, kRefused.size()), kRefused);
    if (!lacks("landlock")) {
        EXPECT_EQ(events_.output.substr(kRefused.size()), "EACCES ");
    }
}
TEST_F(SandboxFault, F35_SignalsToOthers) {
    REQUIRE_LAYER("seccomp", "signals");
    EXPECT_EQ(events_.output, "EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM ");
}
TEST_F(SandboxFault, F36_CornersOfTheKernel) {
    REQUIRE_LAYER("seccomp", "privileges");
    EXPECT_EQ(events_.output, "EPERM EPERM EPERM EPERM EPERM EPERM ");
}
TEST_F(SandboxFault, F38_Clone3IsAbsentAndThreadsWork) {
    REQUIRE_LAYER("seccomp", "threads");
    EXPECT_EQ(events_.output, "ENOSYS threads ");
}
TEST_F(SandboxFault, F39_MemoryIsWritableOrExecutable) {
    REQUIRE_LAYER("seccomp", "memory_protection");
    EXPECT_EQ(events_.output, "EPERM EPERM ");
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
