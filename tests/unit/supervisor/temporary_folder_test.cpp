#include "supervisor/sandbox/temporary_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>

namespace kayton {
namespace {

namespace fs = std::filesystem;

class TemporaryFolders : public testing::Test {
  protected:
    void SetUp() override {
        std::string path = (fs::temp_directory_path() / "kayton-test-XXXXXX").string();
        ASSERT_NE(::mkdtemp(path.data()), nullptr);
        base_ = path;
        ::setenv("TMPDIR", path.c_str(), 1);
        parent_ = base_ / ("kayton-" + std::to_string(::geteuid()));
    }
    void TearDown() override {
        ::unsetenv("TMPDIR");
        fs::remove_all(base_);
    }
    fs::path base_;
    fs::path parent_;
};

TEST_F(TemporaryFolders, GoWithTheirOwnerAndLeaveNothing) {
    {
        auto first = TemporaryFolder::create();
        auto second = TemporaryFolder::create();
        ASSERT_TRUE(first && second);
        EXPECT_NE(first->path(), second->path());
        struct stat status{};
        ASSERT_EQ(::stat(first->path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0700U);
        fs::create_directories(first->path() / "a" / "b");
        std::ofstream(first->path() / "a" / "b" / "file") << "text";
        fs::create_directory_symlink("/usr", first->path() / "link");
    }
    EXPECT_TRUE(fs::exists("/usr/bin"));
    EXPECT_TRUE(fs::is_empty(base_));
}

TEST_F(TemporaryFolders, GoWithFoldersThatNobodyMayLookInto) {
    {
        const auto folder = TemporaryFolder::create();
        ASSERT_TRUE(folder.has_value());
        fs::create_directories(folder->path() / "locked" / "deeper");
        std::ofstream(folder->path() / "locked" / "deeper" / "file") << "text";
        fs::create_directory_symlink("/usr", folder->path() / "locked" / "link");
        fs::permissions(folder->path() / "locked" / "deeper", fs::perms::none);
        fs::permissions(folder->path() / "locked", fs::perms::none);
    }
    EXPECT_TRUE(fs::is_empty(base_));
}

TEST_F(TemporaryFolders, RemoveWhatAKilledSupervisorLeft) {
    fs::create_directories(parent_ / "session-abandoned" / "deep");
    fs::permissions(parent_, fs::perms::owner_all);
    const timespec old[2] = {{1'000'000, 0}, {1'000'000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (parent_ / "session-abandoned").c_str(), old, 0), 0);
    fs::create_directory(parent_ / "session-young");
    const auto folder = TemporaryFolder::create();
    ASSERT_TRUE(folder.has_value());
    ASSERT_EQ(::utimensat(AT_FDCWD, folder->path().c_str(), old, 0), 0);
    EXPECT_FALSE(fs::exists(parent_ / "session-abandoned"));
    EXPECT_TRUE(fs::exists(parent_ / "session-young"));
    const auto other = TemporaryFolder::create();
    EXPECT_TRUE(fs::exists(folder->path())) << "locked: in use, however old";
}

TEST_F(TemporaryFolders, AreNotMadeInAFolderOpenToOthers) {
    fs::create_directory(parent_);
    fs::permissions(parent_, fs::perms::all);
    const auto folder = TemporaryFolder::create();
    ASSERT_FALSE(folder.has_value());
    EXPECT_NE(folder.error().message.find("alone"), std::string::npos);
}

}  // namespace
}  // namespace kayton
