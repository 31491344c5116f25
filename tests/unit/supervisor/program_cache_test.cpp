#include "supervisor/cache/program_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace kayton {
namespace {

namespace fs = std::filesystem;

class ProgramCaches : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "kayton-programs-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        program_.module.object = std::string("\177ELF\0code", 9);
        program_.module.entry = "m1.entry";
        program_.warnings = "warning";
        program_.coloured_warnings = "\033[33mwarning\033[0m";
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] ProgramCache cache(const std::string& key) const { return {folder_ / "programs", key}; }
    void write(const fs::path& file, const std::string& text) const { std::ofstream(file) << text; }

    fs::path folder_;
    CachedProgram program_;
};

TEST_F(ProgramCaches, GiveBackWhatWasStored) {
    EXPECT_FALSE(cache("a").find());
    cache("a").store(program_, {});
    const auto found = cache("a").find();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->module.object, program_.module.object);
    EXPECT_EQ(found->module.entry, "m1.entry");
    EXPECT_EQ(found->warnings, "warning");
    EXPECT_EQ(found->coloured_warnings, program_.coloured_warnings);
    EXPECT_FALSE(cache("b").find());
}

TEST_F(ProgramCaches, AreNotUsedWhenAnImportedFileHasChanged) {
    const fs::path module = folder_ / "shapes.kay";
    write(module, "x = 1\n");
    program_.imported = {{module.string(), "x = 1\n"}, {"<json>", "shipped"}};
    cache("a").store(program_, {});
    ASSERT_TRUE(cache("a").find());
    EXPECT_EQ(cache("a").find()->imported, program_.imported);
    write(module, "x = 2\n");
    EXPECT_FALSE(cache("a").find());
    fs::remove(module);
    EXPECT_FALSE(cache("a").find());
}

TEST_F(ProgramCaches, AreNotUsedWhenAnImportWouldNowFindAnotherFile) {
    const fs::path shadow = folder_ / "random.kay";
    cache("a").store(program_, {shadow.string(), shadow.string()});
    ASSERT_TRUE(cache("a").find());
    write(shadow, "x = 1\n");
    EXPECT_FALSE(cache("a").find());
}

TEST_F(ProgramCaches, ThrowAwayWhatIsNotWhole) {
    cache("a").store(program_, {});
    const fs::path file = folder_ / "programs" / "a";
    const auto size = fs::file_size(file);
    fs::resize_file(file, size - 1);
    EXPECT_FALSE(cache("a").find());
    EXPECT_FALSE(fs::exists(file));
    cache("a").store(program_, {});
    {
        std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
        bytes.seekp(static_cast<std::streamoff>(size) - 4);
        bytes << '~';
    }
    EXPECT_FALSE(cache("a").find());
}

TEST_F(ProgramCaches, KeepTheLastUsed) {
    for (const char* key : {"a", "b", "c"}) cache(key).store(program_, {});
    const fs::path folder = folder_ / "programs";
    const auto now = fs::file_time_type::clock::now();
    fs::last_write_time(folder / "a", now - std::chrono::hours(1));
    fs::last_write_time(folder / "b", now - std::chrono::hours(3));
    fs::last_write_time(folder / "c", now - std::chrono::hours(2));
    ASSERT_TRUE(cache("b").find());  // used now
    ProgramCache::prune(folder, 2 * fs::file_size(folder / "a"));
    EXPECT_TRUE(fs::exists(folder / "a"));
    EXPECT_TRUE(fs::exists(folder / "b"));
    EXPECT_FALSE(fs::exists(folder / "c"));
}

TEST_F(ProgramCaches, DoNotMindAFolderThatCannotBeWritten) {
    write(folder_ / "programs", "a file");
    cache("a").store(program_, {});
    EXPECT_FALSE(cache("a").find());
}

}  // namespace
}  // namespace kayton
