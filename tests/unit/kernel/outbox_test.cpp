#include "kernel/session/outbox.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "kernel/session/history.h"

namespace kayton::kernel {
namespace {

using std::chrono::milliseconds;

std::shared_ptr<const Parent> request(const std::string& id) {
    auto parent = std::make_shared<Parent>();
    parent->id = id;
    return parent;
}

std::string text_in(const Outbox::Item& item) {
    return text_of(Json::parse(item.message.content), "text");
}

TEST(Outbox, SendsTheFirstOutputAtOnceAndGathersWhatFollows) {
    Outbox outbox;
    const auto cell = request("1");
    const auto now = Outbox::Clock::now();
    outbox.stream(false, "a", cell);
    auto items = outbox.take(now);
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(text_in(items[0]), "a");
    outbox.stream(false, "b", cell);
    EXPECT_TRUE(outbox.take(now + milliseconds(1)).empty());
    ASSERT_TRUE(outbox.due());
    outbox.stream(false, "c", cell);
    items = outbox.take(*outbox.due());
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(text_in(items[0]), "bc");
    EXPECT_FALSE(outbox.due());
}

TEST(Outbox, KeepsTheOrderOfStreamsCellsAndOtherMessages) {
    Outbox outbox;
    const auto first = request("1");
    const auto second = request("2");
    outbox.stream(false, "a", first);
    outbox.stream(true, "b", first);
    outbox.publish_status("idle", first);
    outbox.stream(true, "c", second);
    const auto items = outbox.take(Outbox::Clock::now());
    ASSERT_EQ(items.size(), 4U);
    EXPECT_EQ(items[0].stream, "stdout");
    EXPECT_EQ(items[1].stream, "stderr");
    EXPECT_EQ(items[2].message.type, "status");
    EXPECT_EQ(items[3].message.parent->id, "2");
}

TEST(Outbox, MakesTextOfBytesThatAreNone) {
    Outbox outbox;
    outbox.stream(false, "a\xff\xc3(", request("1"));
    EXPECT_EQ(text_in(outbox.take(Outbox::Clock::now()).at(0)), "a\xEF\xBF\xBD\xEF\xBF\xBD(");
}

TEST(Outbox, HoldsBackAProgramThatPrintsTooMuch) {
    Outbox outbox;
    const auto cell = request("1");
    std::atomic<bool> done{false};
    std::thread program([&] {
        const std::string piece(size_t{1} << 20, 'x');
        for (int i = 0; i < 64; ++i) {
            outbox.stream(false, piece, cell);
        }
        done = true;
    });
    size_t most = 0;
    size_t whole = 0;
    while (!done || outbox.due()) {
        size_t taken = 0;
        for (const auto& item : outbox.take(Outbox::Clock::time_point::max())) {
            taken += item.text.size();
        }
        most = std::max(most, taken);
        whole += taken;
        std::this_thread::sleep_for(milliseconds(5));
    }
    program.join();
    EXPECT_EQ(whole, size_t{64} << 20);
    EXPECT_LE(most, size_t{17} << 20);
}

class HistoryFile : public testing::Test {
  protected:
    void SetUp() override {
        file_ = std::filesystem::path(testing::TempDir()) / ("kayton-history-" + std::to_string(::getpid()));
        std::filesystem::remove(file_);
    }
    void TearDown() override { std::filesystem::remove(file_); }

    static std::vector<std::string> inputs(const Json& answer) {
        std::vector<std::string> found;
        for (const Json& entry : answer["history"]) {
            found.push_back(entry[2]);
        }
        return found;
    }
    std::filesystem::path file_;
};

TEST_F(HistoryFile, OutlivesItsSessionAndIsPrivate) {
    History first(file_);
    first.add(1, "a = 1", "");
    first.add(2, "a", "1");
    struct stat status{};
    ASSERT_EQ(::stat(file_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    History second(file_);
    EXPECT_EQ(second.session(), first.session() + 1);
    EXPECT_EQ(History(file_).session(), second.session() + 1) << "a kernel beside it has a number of its own";
    EXPECT_EQ(inputs(second.answer({{"hist_access_type", "range"}, {"session", -1}, {"start", 1}, {"stop", 9}})),
              (std::vector<std::string>{"a = 1", "a"}));
    EXPECT_EQ(inputs(second.answer({{"hist_access_type", "tail"}, {"n", 1}})), std::vector<std::string>{"a"});
}

TEST_F(HistoryFile, SearchesByPattern) {
    History history(file_);
    for (const char* input : {"print(1)", "x", "print(2)", "print(1)"}) {
        history.add(1, input, "");
    }
    EXPECT_EQ(inputs(history.answer({{"hist_access_type", "search"}, {"pattern", "print*"}})).size(), 3U);
    EXPECT_EQ(inputs(history.answer({{"hist_access_type", "search"}, {"pattern", "print*"}, {"unique", true}})),
              (std::vector<std::string>{"print(2)", "print(1)"}));
    EXPECT_EQ(inputs(history.answer({{"hist_access_type", "search"}, {"pattern", "*"}, {"n", 2}})),
              (std::vector<std::string>{"print(2)", "print(1)"}));
}

TEST_F(HistoryFile, LeavesDamagedLinesOut) {
    {
        History history(file_);
        history.add(1, "good", "");
    }
    std::ofstream(file_, std::ios::app) << "{\"session\": 1, \"li\nnot json\n";
    EXPECT_EQ(inputs(History(file_).answer({{"hist_access_type", "tail"}, {"n", 9}})), std::vector<std::string>{"good"});
}

}  // namespace
}  // namespace kayton::kernel
