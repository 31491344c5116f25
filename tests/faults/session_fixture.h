// SessionFault: a session over the hostile worker, whose runs are faults by name, and one over the real worker, whose
// runs are cells. What it prints is collected; a reaction may be hung on the output, since that is where a run can be
// met halfway. One thread, besides the one that a test starts to interrupt.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "supervisor/session.h"
#include "tests/faults/require.h"

namespace kayton {

class CollectingIo : public SessionIo {
  public:
    void write(bool, std::string_view bytes) override {
        output += bytes;
        if (on_output) {
            on_output();
        }
    }
    InputState read_line(std::string_view, std::string&) override { return InputState::kEndOfFile; }

    std::string output;
    std::function<void()> on_output;
};

class SessionFault : public testing::Test {
  protected:
    void start(const char* program = KAYTON_HOSTILE_WORKER) {
        SessionOptions options;
        options.worker_program = program;
        options.checkpoints = true;
        options.interrupt_grace = std::chrono::milliseconds(200);
        options.grants = grants_;
        options.grants.level = level_;
        auto session = Session::start(std::move(options), io_);
        ASSERT_TRUE(session.has_value()) << session.error().message;
        session_ = std::move(*session);
        auto ready = session_->wait_ready();
        ASSERT_TRUE(ready.has_value()) << ready.error().message;
    }

    // Runs the fault; what it printed is output_of_run_.
    RunOutcome run(const std::string& fault, const std::string& argument = {}) {
        return taken(session_->run_at(0x1000, {fault, argument}));
    }

    // Compiles and runs a cell in the real worker.
    RunOutcome cell(const std::string& text) {
        sources_.push_back(std::make_unique<SourceFile>("<cell " + std::to_string(sources_.size() + 1) + ">", text));
        CompileOptions options;
        options.opt = OptLevel::kO0;
        options.cell = true;
        CompileOutcome compiled = compiler_.compile(*sources_.back(), options);
        EXPECT_TRUE(compiled.ok) << text;
        return taken(session_->run(compiled.module, {""}));
    }

    RunOutcome taken(Result<RunOutcome> outcome) {
        EXPECT_TRUE(outcome.has_value()) << (outcome ? "" : outcome.error().message);
        output_of_run_ = std::move(io_.output);
        io_.output.clear();
        return outcome ? std::move(*outcome) : RunOutcome();
    }

    // The last run ended the worker, and the session stands where the run began.
    static void expect_resumed(const RunOutcome& outcome) {
        EXPECT_TRUE(outcome.worker_end.has_value());
        EXPECT_EQ(outcome.recovery, Recovery::kResumed) << outcome.recovery_note;
        EXPECT_NE(outcome.recovery_note.find("your variables are as before this cell"), std::string::npos);
    }
    void expect_output(const std::string& fault, const std::string& output) {
        const RunOutcome outcome = run(fault);
        EXPECT_TRUE(outcome.finished.has_value()) << fault << ": " << outcome.report;
        EXPECT_EQ(output_of_run_, output) << fault;
    }

    // A layer that this machine lacks makes checkpoints impossible: nobody could say how often the worker may fork.
    [[nodiscard]] bool can_checkpoint() { return level_ == SandboxLevel::kOff || session_->worker().brokered(); }

    [[nodiscard]] bool has_landlock() const {
        const auto& missing = session_->missing_layers();
        return std::find(missing.begin(), missing.end(), "landlock") == missing.end();
    }

    SandboxLevel level_ = SandboxLevel::kAuto;
    SandboxGrants grants_;
    CollectingIo io_;
    std::unique_ptr<Session> session_;
    std::string output_of_run_;
    std::vector<std::unique_ptr<SourceFile>> sources_;
    Compiler compiler_{Environment{}};
};

#define REQUIRE_CHECKPOINTS() REQUIRE_OF_KERNEL(can_checkpoint(), "seccomp's notification")

}  // namespace kayton
