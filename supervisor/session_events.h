// Session::Events: what a session's worker sends, kept until the session takes it. Part of the session; its one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "supervisor/session.h"

namespace kayton {

class Session::Events : public WorkerEvents {
  public:
    explicit Events(Session& session) : session_(session) {}

    void on_output(bool error, std::string_view bytes) override { session_.io_.write(error, bytes); }
    void on_finished(Finished finished) override { finished_ = std::move(finished); }
    void on_input_request(const std::string& prompt) override { prompt_ = prompt; }
    void on_display(Display display) override { session_.io_.show(std::move(display)); }

    [[nodiscard]] std::optional<Finished> take_finished() { return std::exchange(finished_, std::nullopt); }
    [[nodiscard]] std::optional<std::string> take_prompt() { return std::exchange(prompt_, std::nullopt); }

  private:
    Session& session_;
    std::optional<Finished> finished_;
    std::optional<std::string> prompt_;
};

}  // namespace kayton
