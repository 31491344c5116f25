// What kik says. Data goes to standard output; everything else, plain or in colour, to standard error.
// One per process, made by main() and passed down; kik is single-threaded.
#pragma once

#include <string>
#include <string_view>

#include "shared/result.h"

namespace kayton::kik {

struct Options {
    bool json = false;
    bool quiet = false;
    bool verbose = false;
    bool offline = false;
    bool locked = false;   // nothing may change in kayton.lock
    bool dry_run = false;  // say what would be done, and do nothing
    bool yes = false;
    bool no_progress = false;
    int jobs = 0;                // 0: cargo's own choice
    std::string color = "auto";  // auto, always, never
};

class Console {
  public:
    explicit Console(const Options& options) : options_(options) {}

    void data(std::string_view text) const;    // standard output, as it is
    void say(std::string_view line) const;     // not with --quiet
    void detail(std::string_view line) const;  // only with --verbose
    void warn(std::string_view line) const;
    void hint(std::string_view line) const;  // not with --quiet
    // "error: ..." and "hint: ..."; with --json an object on standard output instead.
    void error(const Error& error) const;

    [[nodiscard]] bool terminal() const;  // standard error is one
    [[nodiscard]] bool color() const;
    [[nodiscard]] bool bar() const { return terminal() && !options_.quiet && !options_.no_progress && !options_.json; }
    [[nodiscard]] const Options& options() const { return options_; }

    [[nodiscard]] std::string bold(std::string_view text) const;
    [[nodiscard]] std::string green(std::string_view text) const;

  private:
    void label(std::string_view word, const char* style, std::string_view line) const;
    const Options& options_;
};

// 1 for what the person can mend, 2 for our own faults.
[[nodiscard]] int exit_code(const Error& error);

// "14.2s", "340ms"; "3.1 MiB", "512 B"
[[nodiscard]] std::string duration_text(double seconds);
[[nodiscard]] std::string size_text(uint64_t bytes);
// A path under the home folder as ~/...
[[nodiscard]] std::string short_path(const std::string& path);
// "1 crate", "2 crates"
[[nodiscard]] std::string counted(uint64_t count, const std::string& noun);

}  // namespace kayton::kik
