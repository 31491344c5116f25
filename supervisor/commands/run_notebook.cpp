// kayton run NOTEBOOK.ipynb: its code cells, one after the other, as one program. What a cell prints is printed; the value
// of a last expression, which a notebook would show, is not. The first error ends the run.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/text_file.h"
#include "supervisor/cells.h"
#include "supervisor/commands/run_steps.h"

namespace kayton {
namespace {

using Json = nlohmann::json;

// Magics that only tell or measure something: a program does without them.
constexpr std::array<std::string_view, 8> kHarmless{"who",  "lsmagic", "env",        "permissions",
                                                    "kik", "timeit",  "checkpoint", "stale"};

class ProgramIo : public TerminalIo {
  public:
    using TerminalIo::TerminalIo;
    void show(Display display) override {
        if (display.kind != static_cast<uint32_t>(DisplayKind::kResult)) {
            TerminalIo::show(std::move(display));
        }
    }
};

// A text, or a list of its lines.
std::string source_of(const Json& cell) {
    const auto source = cell.find("source");
    if (source == cell.end()) {
        return {};
    }
    if (source->is_string()) {
        return source->get<std::string>();
    }
    std::string text;
    for (const Json& line : *source) {
        text += line.is_string() ? line.get<std::string>() : std::string();
    }
    return text;
}

Result<std::vector<std::string>> read_cells(const std::filesystem::path& file) {
    auto text = read_text_file(file);
    if (!text) {
        return tl::unexpected(std::move(text.error()));
    }
    const auto wrong = [&](const std::string& what) {
        return fail(ErrorKind::kInput, file.string() + " is not a notebook: " + what,
                    "notebooks of format 4 can be run; `jupyter nbconvert --to notebook` writes it anew");
    };
    const Json notebook = Json::parse(*text, nullptr, false);
    if (!notebook.is_object()) {
        return wrong("it is no JSON object");
    }
    const auto cells = notebook.find("cells");
    if (cells == notebook.end() || !cells->is_array()) {
        return wrong("it has no list of cells");
    }
    std::vector<std::string> sources;
    for (const Json& cell : *cells) {
        if (!cell.is_object()) {
            return wrong("a cell is no JSON object");
        }
        if (cell.value("cell_type", Json()) == "code") {
            sources.push_back(source_of(cell));
        }
    }
    return sources;
}

std::string_view first_word(std::string_view text) {
    return text.substr(0, text.find_first_of(" \t\n"));
}

// The program in a cell's text: without the lines that speak to a notebook. Lines keep their numbers.
Result<std::string> program_of(const std::string& source, const std::string& cell) {
    const size_t begin = source.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) {
        return source;
    }
    if (source[begin] != '%') {
        const size_t next = Cells::next_line_magic(source);
        if (next == std::string::npos) {
            return source;
        }
        auto rest = program_of(source.substr(next), cell);
        return rest ? source.substr(0, next) + *rest : rest;
    }
    const bool whole_cell = source.compare(begin, 2, "%%") == 0;
    const size_t name_at = begin + (whole_cell ? 2 : 1);
    const std::string name(first_word(std::string_view(source).substr(name_at)));
    const size_t line_end = std::min(source.find('\n', begin), source.size());
    const std::string blank(static_cast<size_t>(std::count(source.begin(), source.begin() + static_cast<ptrdiff_t>(begin), '\n')), '\n');
    const auto with_rest = [&](const std::string& first) -> Result<std::string> {
        auto rest = program_of(source.substr(line_end), cell);
        return rest ? blank + first + *rest : rest;
    };
    if (name == "time" && !whole_cell) {
        const size_t statement = std::min(source.find_first_not_of(" \t", name_at + name.size()), line_end);
        return with_rest(source.substr(statement, line_end - statement));
    }
    if (name == "time" || name == "timeit" || std::ranges::find(kHarmless, name) != kHarmless.end()) {
        if (name != "time" && name != "checkpoint") {
            std::fprintf(stderr, "kayton: note: %s: %%%s is for notebooks, and left out\n", cell.c_str(), name.c_str());
        }
        if (whole_cell) {
            return name == "timeit" ? std::string() : blank + source.substr(line_end);
        }
        return with_rest("");
    }
    return fail(ErrorKind::kInput, cell + ": %" + name + " only works in a notebook", "take the line out of the cell");
}

}  // namespace

int run_notebook(const RunCommand& command, Interrupts& interrupts) {
    auto sources = read_cells(command.file);
    if (!sources) {
        return report_error(sources.error());
    }
    auto environment = active_environment();
    if (!environment) {
        return report_error(environment.error());
    }
    auto options = session_options(sources->empty() ? std::string() : sources->front(), command, *environment);
    if (!options) {
        return report_error(options.error());
    }
    ProgramIo io(interrupts);
    auto started = Session::start(std::move(*options), io);
    if (!started) {
        return report_error(started.error());
    }
    Session& session = **started;
    interrupts.watch(&session);
    io.serve(&session);
    if (auto ready = session.wait_ready(); !ready) {
        return interrupts.asked_to_end() ? interrupted_status(interrupts) : report_error(ready.error());
    }
    warn_of_missing_layers(session.missing_layers());
    const std::vector<std::string> argv = argv_of(command);
    Cells cells(session, command.quick ? OptLevel::kO0 : OptLevel::kO2);
    int status = 0;
    size_t number = 0;
    for (const std::string& source : *sources) {
        const std::string name = command.file.string() + " cell " + std::to_string(++number);
        auto program = program_of(source, name);
        if (!program) {
            return report_error(program.error());
        }
        const CompileOutcome compiled = cells.compile(name, std::move(*program));
        std::fputs(render_text(compiled.diagnostics, on_terminal(stderr)).c_str(), stderr);
        for (const Error& error : compiled.import_errors) {
            report_error(error);
        }
        if (interrupts.asked_to_end()) {
            return interrupted_status(interrupts);
        }
        if (!compiled.ok) {
            return 1;
        }
        auto outcome = cells.run(compiled, argv);
        if (!outcome) {
            return interrupts.asked_to_end() ? interrupted_status(interrupts) : report_error(outcome.error());
        }
        status = status_of(*outcome, io, interrupts, command, session);
        if (status != 0 || !outcome->finished || !outcome->finished->exception_class.empty()) {
            break;
        }
    }
    interrupts.watch(nullptr);
    return status;
}

}  // namespace kayton
