// Fault: the fixture of the tests of misbehaving workers. It starts one with a fault by name, runs it to its end, and
// makes sure at the end of every test that another worker is served. One thread.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/monitor/worker.h"
#include "tests/faults/require.h"

namespace kayton {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kPatience{20'000};

class Collected : public WorkerEvents {
  public:
    void on_output(bool, std::string_view bytes) override { output += bytes; }
    void on_finished(Finished message) override { finished = std::move(message); }
    void on_input_request(const std::string& prompt) override { prompts.push_back(prompt); }
    void on_display(Display display) override { displays.push_back(std::move(display)); }

    std::string output;
    std::optional<Finished> finished;
    std::vector<std::string> prompts;
    std::vector<Display> displays;
};

inline std::unique_ptr<Worker> start(const std::string& fault) {
    WorkerRequest request;
    request.program = KAYTON_HOSTILE_WORKER;
    request.environment = {"KAYTON_FAULT=" + fault};
    request.setup.sandbox.read_only = {"/usr", "/lib", "/lib64", "/bin", "/proc/self"};
    auto worker = Worker::start(request);
    if (!worker) {
        ADD_FAILURE() << worker.error().message;
        return nullptr;
    }
    return std::move(*worker);
}

template <typename Condition>
bool turn_until(Worker& worker, WorkerEvents& events, Condition reached) {
    const auto deadline = Clock::now() + kPatience;
    while (!reached()) {
        if (Clock::now() > deadline) {
            return false;
        }
        worker.turn(milliseconds(20), events);
    }
    return true;
}

class Fault : public testing::Test {
  protected:
    // Runs the fault to the worker's end or the run's.
    void provoke(const std::string& fault) {
        worker_ = start(fault);
        ASSERT_NE(worker_, nullptr);
        ASSERT_TRUE(turn_until(*worker_, events_, [&] { return worker_->ready() || worker_->end(); }));
        if (worker_->ready()) {
            ASSERT_TRUE(worker_->run(0x1000, {}).has_value());
        }
        ASSERT_TRUE(turn_until(*worker_, events_, [&] {
            if (!events_.prompts.empty() && worker_->waits_for_input()) {
                worker_->reply_input("answer");
            }
            return events_.finished || worker_->end();
        })) << "neither finished nor ended";
    }

    void expect_violation(const std::string& fault, Violation violation) {
        provoke(fault);
        // A run may finish before the violation that follows it is seen.
        ASSERT_TRUE(turn_until(*worker_, events_, [&] { return worker_->end().has_value(); }));
        const WorkerEnd& end = *worker_->end();
        EXPECT_EQ(end.reason, EndReason::kProtocolViolation) << end.detail;
        ASSERT_TRUE(end.violation.has_value());
        EXPECT_EQ(*end.violation, violation) << "got: " << describe(*end.violation);
        EXPECT_TRUE(end.process.by_signal);
        EXPECT_EQ(end.process.value, SIGKILL);
    }

    void expect_output(const std::string& fault, const std::string& output) {
        provoke(fault);
        EXPECT_TRUE(events_.finished.has_value());
        EXPECT_EQ(events_.output, output);
    }

    // A layer of the sandbox that this machine's kernel does not have.
    [[nodiscard]] bool lacks(const std::string& layer) const {
        const auto& missing = worker_->hello().missing_layers;
        return std::find(missing.begin(), missing.end(), layer) != missing.end();
    }

    void TearDown() override {
        worker_.reset();
        auto another = start("none");
        ASSERT_NE(another, nullptr);
        Collected events;
        ASSERT_TRUE(turn_until(*another, events, [&] { return another->ready() || another->end(); }));
        ASSERT_TRUE(another->ready()) << "another worker is not served";
        ASSERT_TRUE(another->run(0x1000, {}).has_value());
        ASSERT_TRUE(turn_until(*another, events, [&] { return events.finished || another->end(); }));
        EXPECT_TRUE(events.finished.has_value());
        EXPECT_EQ(events.output, "served");
    }

    std::unique_ptr<Worker> worker_;
    Collected events_;
};

}  // namespace kayton
