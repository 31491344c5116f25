// History: what was executed, kept on disk over sessions: one JSON object a line in `kernel_history.jsonl` of Kayton's
// home, appended to by every kernel at once, cut to its newer half when it grows past a limit.
// Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "kernel/wire/message.h"

namespace kayton::kernel {

class History {
  public:
    struct Entry {
        int64_t session = 0;
        int64_t line = 0;
        std::string input;
        std::string output;  // text/plain of the value; empty: none
    };

    // An empty path, or one that cannot be written: kept in memory only.
    explicit History(std::filesystem::path file);
    void add(int64_t line, const std::string& input, const std::string& output);
    // The answer to a history_request: tail, range or search, as Jupyter describes them.
    [[nodiscard]] Json answer(const Json& content) const;
    [[nodiscard]] int64_t session() const { return session_; }

  private:
    mutable std::mutex lock_;
    std::filesystem::path file_;
    std::vector<Entry> entries_;  // of older sessions, then of this one
    int64_t session_ = 1;
};

}  // namespace kayton::kernel
