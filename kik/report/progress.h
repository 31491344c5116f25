// The bar of a cargo run, drawn from the lines cargo itself writes ("Building [==> ] 3/120: name"). On a terminal one
// line that is redrawn; elsewhere nothing is drawn: the steps' own lines tell enough.
// Owned by the step that shows it; the line is cleared when it goes. kik is single-threaded.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "kik/report/console.h"

namespace kayton::kik {

class Progress {
  public:
    Progress(const Console& console, std::string title);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() { clear(); }

    // Takes one line of cargo's standard error; a progress line moves the bar, others are shown with --verbose.
    void cargo_line(std::string_view line);
    void show(uint64_t done, uint64_t total, std::string_view name);
    void clear();

  private:
    const Console& console_;
    std::string title_;
    std::chrono::steady_clock::time_point started_;
    bool drawn_ = false;
};

// "     Building [=====>   ] 3/120: regex, serde" -> 3, 120, "regex, serde"; false for any other line.
[[nodiscard]] bool parse_cargo_progress(std::string_view line, uint64_t& done, uint64_t& total, std::string& name);

}  // namespace kayton::kik
