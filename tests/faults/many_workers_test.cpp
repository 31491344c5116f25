// A hundred workers at once, served by one thread: each gets its turn, whatever the others do, and nothing of one reaches
// another.
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/faults/fault_fixture.h"
#include "tests/faults/session_fixture.h"

namespace kayton {
namespace {

constexpr size_t kMany = 100;

size_t open_descriptors() {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

TEST(ManyWorkers, AreServedWhateverOthersDo) {
    const size_t before = open_descriptors();
    {
        struct One {
            std::unique_ptr<Worker> worker;
            Collected events;
            bool misbehaves = false;
            bool asked = false;
        };
        std::vector<One> all(kMany);
        for (size_t index = 0; index < kMany; ++index) {
            static const std::vector<std::string> kBad = {"doorbell_flood", "flood", "crash_null", "head_beyond_capacity"};
            all[index].misbehaves = index % 5 == 0;
            all[index].worker = start(all[index].misbehaves ? kBad[index / 5 % kBad.size()] : "none");
            ASSERT_NE(all[index].worker, nullptr) << index;
        }
        const auto deadline = Clock::now() + 3 * kPatience;
        const auto is_done = [](const One& one) {
            return one.misbehaves || one.events.finished.has_value() || one.worker->end().has_value();
        };
        while (!std::all_of(all.begin(), all.end(), is_done) && Clock::now() < deadline) {
            for (One& one : all) {
                one.worker->turn(milliseconds(0), one.events);
                if (one.worker->ready() && !one.asked) {
                    one.asked = true;
                    ASSERT_TRUE(one.worker->run(0x1000, {}).has_value());
                }
                one.events.output.resize(std::min(one.events.output.size(), size_t{100}));
            }
        }
        for (const One& one : all) {
            if (!one.misbehaves) {
                EXPECT_TRUE(one.events.finished.has_value());
                EXPECT_EQ(one.events.output, "served");
            }
        }
    }
    EXPECT_EQ(open_descriptors(), before);
}

// A compiler and variables of its own each.
TEST(ManyWorkers, KeepTheirVariablesApart) {
    class One : public SessionFault {
      public:
        void TestBody() override {}
        void begin() { start(KAYTON_REAL_WORKER); }
        std::string say(const std::string& text) {
            const RunOutcome outcome = cell(text);
            EXPECT_TRUE(outcome.finished.has_value()) << outcome.report;
            return output_of_run_;
        }
    };
    std::vector<std::unique_ptr<One>> all;
    for (size_t index = 0; index < kMany; ++index) {
        all.push_back(std::make_unique<One>());
        all.back()->begin();
        ASSERT_FALSE(testing::Test::HasFatalFailure()) << index;
        EXPECT_EQ(all.back()->say("x = [" + std::to_string(index) + "]\n"), "");
    }
    for (size_t index = 0; index < kMany; ++index) {
        EXPECT_EQ(all[index]->say("x.append(1)\nprint(x)\n"), "[" + std::to_string(index) + ", 1]\n");
    }
}

}  // namespace
}  // namespace kayton
