#include "kernel/session/traceback.h"

#include <algorithm>

namespace kayton::kernel {
namespace {

constexpr std::string_view kRed = "\x1b[0;31m";
constexpr std::string_view kCyan = "\x1b[0;36m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string in(std::string_view color, std::string_view text) {
    return std::string(color).append(text).append(kPlain);
}

// "SyntaxError" for what the parser refuses, as its codes begin with E00.
bool is_syntax(const Diagnostic& diagnostic) {
    return std::string_view(diag_info(diagnostic.code).code).starts_with("E000") ||
           diagnostic.code == DiagCode::kBadTarget || diagnostic.code == DiagCode::kMisplacedStatement;
}

}  // namespace

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

std::vector<std::string> traceback_of(const Error& error) {
    std::vector<std::string> lines = lines_of(error.message);
    if (!error.remedy.empty()) {
        lines.push_back("help: " + error.remedy);
    }
    return lines;
}

CellError compile_error(const std::vector<Diagnostic>& diagnostics) {
    CellError error{"CompileError", "", lines_of(render_text(diagnostics, true))};
    for (const Diagnostic& diagnostic : diagnostics) {
        const DiagInfo& info = diag_info(diagnostic.code);
        if (diagnostic.severity() == Severity::kError) {
            const bool undefined = diagnostic.code == DiagCode::kUndefinedName;
            error.name = is_syntax(diagnostic) ? "SyntaxError" : undefined ? "NameError" : "CompileError";
            error.value = undefined ? diagnostic.message : std::string(info.code) + ": " + diagnostic.message;
            break;
        }
    }
    return error;
}

CellError exception_error(const RunOutcome& outcome) {
    CellError error{outcome.finished->exception_class, outcome.finished->message,
                    lines_of(outcome.finished->traceback)};
    for (std::string& line : error.traceback) {
        if (line.starts_with("  File ")) {
            line = in(kCyan, line);
        } else if (line.starts_with(error.name)) {
            line = in(kRed, line.substr(0, error.name.size())) + line.substr(error.name.size());
        }
    }
    if (!outcome.help.empty()) {
        error.traceback.push_back("help: " + outcome.help);
    }
    return error;
}

CellError worker_end_error(const RunOutcome& outcome) {
    if (outcome.worker_end->reason == EndReason::kInterrupted) {
        return {"KeyboardInterrupt", outcome.report, {in(kRed, "KeyboardInterrupt") + ": " + outcome.report}};
    }
    CellError error{"WorkerLost", outcome.report, {in(kRed, "WorkerLost") + ": " + outcome.report}};
    if (outcome.crash) {
        for (const KaytonFrame& frame : outcome.crash->kayton) {
            error.traceback.push_back(in(kCyan, "  File \"" + frame.place.file + "\", line " +
                                                    std::to_string(frame.place.line) + ", in " +
                                                    frame.place.function));
            if (!frame.text.empty()) {
                error.traceback.push_back("    " + frame.text);
            }
        }
    }
    return error;
}

}  // namespace kayton::kernel
