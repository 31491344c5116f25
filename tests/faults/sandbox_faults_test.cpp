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

#define REQUIRE_LAYER(layer, fault) REQUIRE_OF_KERNEL(refused_by(layer, fault), layer)

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

TEST_F(SandboxFault, F26_ADescriptorOfAPathOpensNothingBelowIt) {
    REQUIRE_LAYER("landlock", "path_descriptor");
    EXPECT_EQ(events_.output, "allowed EACCES EACCES EACCES ");
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
    std::filesystem::path folder_;
};

TEST_F(FileFault, F25_ASymbolicLinkLeadsNowhere) {
    std::filesystem::create_symlink(outside() / "file", inside() / "link");
    std::filesystem::create_directory_symlink(outside(), inside() / "folder");
    REQUIRE_OF_KERNEL(has_landlock(), "landlock");
    expect_output("open_file", "EACCES ");
    for (const char* way : {"link", "folder/file", "../outside/file"}) {
        run("open_file", (inside() / way).string());
        EXPECT_EQ(output_of_run_, "EACCES ") << way;
    }
    run("open_file", (inside() / "own").string());
    EXPECT_EQ(output_of_run_, "allowed ");
}

TEST_F(FileFault, F26_NothingIsMovedOrLinkedOutOrIn) {
    REQUIRE_OF_KERNEL(has_landlock(), "landlock");
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

// What the filter of system calls refuses: each try with what it was told.
struct Refused {
    const char* name;
    const char* fault;
    const char* told;
};
class RefusedCalls : public SandboxFault, public testing::WithParamInterface<Refused> {};
TEST_P(RefusedCalls, AreToldSo) {
    REQUIRE_LAYER("seccomp", GetParam().fault);
    EXPECT_EQ(events_.output, GetParam().told);
}
INSTANTIATE_TEST_SUITE_P(
    Of, RefusedCalls,
    testing::Values(
        Refused{"F29_Tcp", "tcp", "EACCES EPERM EPERM "},
        Refused{"F30_Udp", "udp", "EPERM EPERM "},
        Refused{"F31_UnixSockets", "unix_sockets", "EPERM EPERM EPERM "},
        Refused{"F31_OtherFamilies", "sockets", "EPERM EPERM EPERM EPERM EPERM "},
        // A pair of its own is no way to the sockets of others.
        Refused{"F31_APairOfDatagramSockets", "datagram_pair", "EPERM allowed EISCONN "},
        Refused{"F32_Execute", "execute", "EPERM EPERM EPERM "},
        Refused{"F33_AProgramInMemory", "memory_program", "EPERM EPERM "},
        Refused{"F35_SignalsToOthers", "signals", "EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM "},
        Refused{"F36_PrivilegesAndTheKernel", "privileges", "EPERM EPERM EPERM EPERM EPERM EPERM "},
        // Those that answered.
        Refused{"F36_CornersOfTheKernel", "corners", "none"},
        Refused{"F36_Terminals", "terminals", "none"},
        Refused{"F36_OtherKindsOfProcesses", "kinds_of_processes", "none"},
        Refused{"F38_Clone3IsAbsentAndThreadsWork", "threads", "ENOSYS threads "},
        Refused{"F39_MemoryIsWritableOrExecutable", "memory_protection", "EPERM EPERM "}),
    [](const testing::TestParamInfo<Refused>& one) { return std::string(one.param.name); });

TEST_F(SandboxFault, F34_TheSupervisorsMemory) {
    REQUIRE_LAYER("seccomp", "other_processes");
    constexpr std::string_view kRefused = "EPERM EPERM EPERM EPERM ";
    EXPECT_EQ(events_.output.substr(0, kRefused.size()), kRefused);
    if (!lacks("landlock")) {
        EXPECT_EQ(events_.output.substr(kRefused.size()), "EACCES ");
    }
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
