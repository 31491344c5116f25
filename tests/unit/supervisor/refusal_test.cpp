#include "supervisor/sandbox/refusal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace kayton {
namespace {

class Refusal : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "kayton-refusal-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = std::filesystem::canonical(name);
        for (const char* part : {"granted", "libraries", "outside"}) {
            std::filesystem::create_directory(folder_ / part);
            std::ofstream(folder_ / part / "file") << "text";
        }
        policy_.read_write = {(folder_ / "granted").string()};
        policy_.read_only = {(folder_ / "libraries").string()};
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string help(const std::string& file) {
        return explain_refusal("[Errno 13] Permission denied: '" + file + "'", policy_, folder_ / "granted");
    }

    std::filesystem::path folder_;
    SandboxPolicy policy_;
};

TEST_F(Refusal, NamesTheOptionThatLetsAFileBeRead) {
    EXPECT_NE(help("../outside/file").find("--allow-read=" + (folder_ / "outside" / "file").string()),
              std::string::npos);
}

TEST_F(Refusal, NamesTheFolderThatANewFileNeeds) {
    EXPECT_NE(help("../outside/new").find("--allow-write=" + (folder_ / "outside").string() + " lets it"),
              std::string::npos);
    EXPECT_NE(help("../libraries/file").find("--allow-write=" + (folder_ / "libraries" / "file").string()),
              std::string::npos);
}

TEST_F(Refusal, FindsTheFileAmongOtherQuotedWords) {
    const std::string file = (folder_ / "outside" / "file").string();
    const std::string panic = R"(Os { kind: PermissionDenied, message: "Permission denied" }: ')" + file + "'";
    EXPECT_TRUE(may_be_refusal("RustPanic", panic));
    EXPECT_NE(explain_refusal(panic, policy_, folder_ / "granted").find("--allow-read=" + file), std::string::npos);
}

TEST_F(Refusal, NamesThePermissionAndWhatKeepsIt) {
    const std::string file = (folder_ / "outside" / "file").string();
    EXPECT_NE(help(file).find("(permission read; kik allow read " + file + " gives it to the environment)"),
              std::string::npos);
}

TEST_F(Refusal, NamesTheProgram) {
    const std::string help =
        explain_refusal("Operation not permitted (os error 1): cannot run 'git'", policy_, folder_ / "granted");
    EXPECT_NE(help.find("from running git; kayton run --allow-run=git lets it (permission run; kik allow run git "),
              std::string::npos)
        << help;
}

TEST_F(Refusal, ProposesNoCommandThatRunsMoreThanItShows) {
    const std::string file = (folder_ / "outside" / "x; rm -r $(pwd)").string();
    std::ofstream(file) << "text";
    const std::string told = help(file);
    EXPECT_NE(told.find("--allow-read='" + file + "' lets"), std::string::npos) << told;
    EXPECT_NE(told.find("kik allow read '" + file + "' gives"), std::string::npos) << told;
}

TEST_F(Refusal, PutsNoControlCharactersOnATerminal) {
    EXPECT_EQ(explain_refusal("Permission denied: '/etc/[2Jshadow'", policy_, folder_), "");
}

TEST_F(Refusal, IsSilentWhereTheSandboxIsNotToBlame) {
    EXPECT_EQ(help("file"), "");
    EXPECT_EQ(help((folder_ / "no" / "such" / "folder").string()), "");
    EXPECT_EQ(explain_refusal("no file is named", policy_, folder_), "");
    policy_.restrict_files = false;
    EXPECT_EQ(help("../outside/file"), "");
}

}  // namespace
}  // namespace kayton
