#include "kik/environment/layout.h"
#include "kik/environment/whole.h"

#include <gtest/gtest.h>

#include "tests/unit/kik/home_fixture.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

using EnvironmentLayout = HomeFixture;

TEST_F(EnvironmentLayout, MakesTheDocumentedFolders) {
    const EnvironmentPlace place{"demo", home_ / "envs" / "demo"};
    ASSERT_TRUE(create_environment(place));
    for (const char* folder : {"bin", "toolchain/lib", "libs", "metadata", "kernels"}) {
        EXPECT_TRUE(fs::is_directory(place.root / folder)) << folder;
    }
    const Result<EnvironmentRecord> record = read_record(place.root);
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_EQ(record->name, "demo");
    EXPECT_EQ(record->kayton, kKaytonVersion);
    EXPECT_TRUE(open_environment("demo", place.root)->plugins.empty());
    EXPECT_EQ(named_environments()->size(), 1u);
}

TEST_F(EnvironmentLayout, DoesNotOverwriteWhatIsThere) {
    const EnvironmentPlace place{"demo", home_ / "envs" / "demo"};
    ASSERT_TRUE(create_environment(place));
    EXPECT_EQ(create_environment(place).error().kind, ErrorKind::kInput);
    write(home_ / "envs" / "data" / "mine.txt", "precious");
    const Result<void> other = create_environment({"data", home_ / "envs" / "data"});
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message.find("not a Kayton environment"), std::string::npos);
    EXPECT_EQ(read(home_ / "envs" / "data" / "mine.txt"), "precious");
}

TEST_F(EnvironmentLayout, SweepsWhatAKilledCreationLeft) {
    write(home_ / "envs" / ".creating-demo-999999999" / "metadata" / "x", "");
    ASSERT_TRUE(create_environment({"demo", home_ / "envs" / "demo"}));
    EXPECT_FALSE(fs::exists(home_ / "envs" / ".creating-demo-999999999"));
}

TEST_F(EnvironmentLayout, RemovesOnlyEnvironments) {
    write(home_ / "envs" / "data" / "mine.txt", "precious");
    const auto refused = trash_environment({"data", home_ / "envs" / "data"});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("no `metadata/env.json`"), std::string::npos);
    EXPECT_TRUE(fs::exists(home_ / "envs" / "data" / "mine.txt"));

    const EnvironmentPlace place{"demo", home_ / "envs" / "demo"};
    ASSERT_TRUE(create_environment(place));
    const auto trashed = trash_environment(place);
    ASSERT_TRUE(trashed) << trashed.error().message;
    EXPECT_FALSE(fs::exists(place.root));
    EXPECT_EQ(trash_environment(place).error().kind, ErrorKind::kInput);
    ASSERT_TRUE(*trashed);
    ASSERT_EQ(trashed_environments()->size(), 1U);
    ASSERT_TRUE(restore_environment(trashed_environments()->front(), place));
    EXPECT_TRUE(is_environment(place.root));
    ASSERT_TRUE(trash_environment(place));
    EXPECT_EQ(*empty_trash(true), 0U) << "it was removed just now";
    EXPECT_EQ(*empty_trash(false), 1U);
    EXPECT_TRUE(trashed_environments()->empty());
    size_t left = 0;
    for (const auto& entry : fs::directory_iterator(home_ / "envs")) left += entry.path().filename() != "data" ? 1 : 0;
    EXPECT_EQ(left, 0u);
}

TEST_F(EnvironmentLayout, TheLockLiesOutsideTheEnvironment) {
    const EnvironmentPlace place{"demo", home_ / "envs" / "demo"};
    ASSERT_TRUE(create_environment(place));
    ASSERT_TRUE(lock_environment(place, "test", {}));
    EXPECT_TRUE(fs::exists(home_ / "locks" / "demo.lock"));
}

TEST_F(EnvironmentLayout, BaseIsMadeOnFirstUseAndOthersAreNot) {
    std::string said;
    const Result<EnvironmentPlace> base = active_place([&](const std::string& line) { said = line; });
    ASSERT_TRUE(base) << base.error().message;
    EXPECT_TRUE(is_environment(base->root));
    EXPECT_NE(said.find("`base`"), std::string::npos);
    ::setenv("KAYTON_ACTIVE_ENV", "other", 1);
    const Result<EnvironmentPlace> other = active_place({});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().remedy, "Run: kik create other");
}

TEST_F(EnvironmentLayout, ARecordOfANewerFormatIsRefused) {
    write(home_ / "e" / "metadata" / "env.json", R"({"format": 2})");
    const Result<EnvironmentRecord> newer = read_record(home_ / "e");
    ASSERT_FALSE(newer);
    EXPECT_NE(newer.error().message.find("format 2"), std::string::npos);
    write(home_ / "e" / "metadata" / "env.json", "nonsense");
    const Result<EnvironmentRecord> corrupt = read_record(home_ / "e");
    ASSERT_FALSE(corrupt);
    EXPECT_NE(corrupt.error().message.find("corrupt"), std::string::npos);
}

}  // namespace
}  // namespace kayton::kik
