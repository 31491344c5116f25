// kayton check PATH…: every error of every program, and nothing else; no worker starts. A folder stands for all the
// programs in it and below.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

#include "compiler/compile.h"
#include "compiler/syntax/parser.h"
#include "supervisor/commands/commands.h"

namespace kayton {
namespace {

namespace fs = std::filesystem;

// The .kay files of a folder and those below, sorted. What begins with a dot is left out: environments, version
// control.
Result<std::vector<fs::path>> programs_in(const fs::path& folder) {
    std::vector<fs::path> programs;
    std::error_code error;
    fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        std::error_code ignored;
        if (entry->path().filename().string().starts_with(".")) {
            if (entry->is_directory(ignored)) {
                entry.disable_recursion_pending();
            }
        } else if (entry->path().extension() == ".kay" && entry->is_regular_file(ignored)) {
            programs.push_back(entry->path());
        }
    }
    if (error) {
        return fail(ErrorKind::kInput, "cannot read the folder " + folder.string() + ": " + error.message());
    }
    std::sort(programs.begin(), programs.end());
    return programs;
}

class Check {
  public:
    Check(Environment environment, bool json) : environment_(std::move(environment)), json_(json) {}

    void add(const fs::path& path) {
        std::error_code error;
        if (!fs::is_directory(path, error)) {
            check(path);
            return;
        }
        several_ = true;
        auto programs = programs_in(path);
        if (programs && programs->empty()) {
            programs = fail(ErrorKind::kInput, "there is no .kay file in the folder " + path.string());
        }
        if (!programs) {
            refuse(path, programs.error());
            return;
        }
        for (const fs::path& program : *programs) {
            check(program);
        }
    }

    int finish() {
        if (json_) {
            const auto replace = nlohmann::ordered_json::error_handler_t::replace;
            std::fputs((found_.dump(2, ' ', false, replace) + "\n").c_str(), stdout);
        } else if (several_ || checked_ > 1) {
            const auto counted = [](size_t count, const char* what) {
                return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
            };
            std::fputs(
                (counted(checked_, "program") + " checked: " +
                 (errors_ == 0 ? "no errors" : counted(errors_, "error") + " in " + counted(wrong_, "file")) + "\n")
                    .c_str(),
                stderr);
        }
        return status_;
    }

  private:
    void check(const fs::path& file) {
        ++checked_;
        const size_t before = errors_;
        auto text = syntax::read_source(file);
        if (!text) {
            refuse(file, text.error());
            return;
        }
        const SourceFile source(file.string(), std::move(*text));
        Compiler compiler(environment_);
        CompileOptions options;
        options.check_only = true;
        CompileOutcome outcome = compiler.compile(source, options);
        // An error in a module is found again by each program that imports it.
        std::erase_if(outcome.diagnostics, [&](const Diagnostic& d) {
            const std::string name =
                d.primary.file == nullptr ? "" : fs::path(d.primary.file->name()).lexically_normal();
            return !seen_.insert({name, d.code, d.primary.span.begin}).second;
        });
        for (const Diagnostic& diagnostic : outcome.diagnostics) {
            errors_ += diagnostic.severity() == Severity::kError ? 1 : 0;
        }
        if (json_) {
            const auto array = nlohmann::ordered_json::parse(render_json(outcome.diagnostics));
            found_.insert(found_.end(), array.begin(), array.end());
        } else {
            const std::string shown = render_text(outcome.diagnostics, ::isatty(STDERR_FILENO) != 0);
            std::fputs((shown_any_ && !shown.empty() ? "\n" + shown : shown).c_str(), stderr);
            shown_any_ = shown_any_ || !shown.empty();
        }
        for (const Error& error : outcome.import_errors) {
            refuse(file, error, false);
        }
        if (!outcome.ok) {
            status_ = std::max(status_, 1);
        }
        wrong_ += errors_ > before ? 1 : 0;
    }

    // What cannot be checked at all.
    void refuse(const fs::path& file, const Error& error, bool counts_file = true) {
        ++errors_;
        wrong_ += counts_file ? 1 : 0;
        if (!json_) {
            status_ = std::max(status_, report_error(error));
            return;
        }
        status_ = std::max(status_, error.kind == ErrorKind::kInternal ? 2 : 1);
        found_.push_back({{"code", nullptr},
                          {"severity", "error"},
                          {"message", error.message},
                          {"file", file.string()},
                          {"help", error.remedy}});
    }

    Environment environment_;
    bool json_;
    bool several_ = false;
    bool shown_any_ = false;
    size_t checked_ = 0;
    size_t errors_ = 0;
    size_t wrong_ = 0;  // files with errors
    int status_ = 0;
    std::set<std::tuple<std::string, DiagCode, uint32_t>> seen_;
    nlohmann::ordered_json found_ = nlohmann::ordered_json::array();
};

}  // namespace

int check_command(const CheckCommand& command) {
    auto environment = active_environment();
    if (!environment) {
        return report_error(environment.error());
    }
    Check check(std::move(*environment), command.json);
    for (const fs::path& path : command.paths) {
        check.add(path);
    }
    return check.finish();
}

}  // namespace kayton
