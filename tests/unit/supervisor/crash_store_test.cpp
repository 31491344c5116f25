#include "supervisor/report/crash_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace kayton {
namespace {

class CrashStore : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "kayton-crashes-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = std::filesystem::path(name) / "crashes";
        crash_.command = "kayton run prog.kay";
        crash_.environment = "base";
        crash_.memory_limit = 300'000'000;
        crash_.report.summary = "the worker was killed by SIGSEGV (segmentation fault)";
        crash_.report.cause = crash_.report.summary;
        crash_.report.crate = "foo";
        crash_.report.version = "1.2.0";
        crash_.report.function = "foo::parse\xff";  // a symbol may hold any bytes
        crash_.report.kayton = {{{"outer", "prog.kay", 12}, "foo.parse(text)"}};
        crash_.report.native = {{"foo", "1.2.0", "foo::parse", ""}, {"", "", "", "libc.so.6"}};
    }
    void TearDown() override { std::filesystem::remove_all(folder_.parent_path()); }

    std::filesystem::path folder_;
    StoredCrash crash_;
};

TEST_F(CrashStore, GivesBackWhatWasKept) {
    ASSERT_TRUE(keep_crash(folder_, crash_).has_value());
    ASSERT_EQ(kept_crashes(folder_).size(), 1U);
    const auto back = read_crash(kept_crashes(folder_)[0]);
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(back->command, crash_.command);
    EXPECT_EQ(back->memory_limit, crash_.memory_limit);
    EXPECT_EQ(back->report.function, "foo::parse\xef\xbf\xbd");
    ASSERT_EQ(back->report.kayton.size(), 1U);
    EXPECT_EQ(back->report.kayton[0].place.line, 12U);
    EXPECT_EQ(back->report.kayton[0].text, "foo.parse(text)");
    ASSERT_EQ(back->report.native.size(), 2U);
    EXPECT_EQ(back->report.native[1].library, "libc.so.6");
    const std::string text = render_crash(*back);
    for (const char* part : {"kayton run prog.kay", "foo 1.2.0", "prog.kay:12 in outer", "foo.parse(text)", "300 MB"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part;
    }
}

TEST_F(CrashStore, KeepsTheLastOnes) {
    for (size_t count = 0; count < kKeptCrashes + 5; ++count) {
        crash_.report.summary = std::to_string(count);
        ASSERT_TRUE(keep_crash(folder_, crash_).has_value());
    }
    const auto files = kept_crashes(folder_);
    ASSERT_EQ(files.size(), kKeptCrashes);
    EXPECT_EQ(read_crash(files.front())->report.summary, std::to_string(kKeptCrashes + 4));
    EXPECT_EQ(read_crash(files.back())->report.summary, "5");
}

TEST_F(CrashStore, RefusesWhatIsNoReport) {
    std::filesystem::create_directories(folder_);
    for (const char* text : {"", "{", "[]", R"({"format": 2})", R"({"format": 1, "kayton_frames": [{}]})",
                             R"({"format": 1, "time": 3})", R"({"format": 1, "native_frames": 7})"}) {
        std::ofstream(folder_ / "x.json") << text;
        EXPECT_FALSE(read_crash(folder_ / "x.json").has_value()) << text;
    }
    EXPECT_TRUE(kept_crashes(folder_ / "absent").empty());
}

TEST_F(CrashStore, SaysWhenItCannotKeep) {
    std::filesystem::create_directories(folder_.parent_path());
    std::ofstream(folder_) << "a file where the folder should be";
    EXPECT_FALSE(keep_crash(folder_, crash_).has_value());
}

}  // namespace
}  // namespace kayton
