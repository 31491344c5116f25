// kayton check FILE…: every error of every file, and nothing else; no worker starts.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "compiler/compile.h"
#include "compiler/syntax/parser.h"
#include "supervisor/commands/commands.h"

namespace kayton {

int check_command(const CheckCommand& command) {
    auto environment = active_environment();
    if (!environment) {
        return report_error(environment.error());
    }
    int status = 0;
    for (const std::filesystem::path& file : command.files) {
        auto text = syntax::load_source(file);
        if (!text) {
            status = std::max(status, report_error(text.error()));
            continue;
        }
        const SourceFile source(file.string(), std::move(*text));
        Compiler compiler(*environment);
        CompileOptions options;
        options.check_only = true;
        const CompileOutcome outcome = compiler.compile(source, options);
        if (command.json) {
            std::fputs(render_json(outcome.diagnostics).c_str(), stdout);
        } else {
            std::fputs(render_text(outcome.diagnostics, ::isatty(STDERR_FILENO) != 0).c_str(), stderr);
        }
        for (const Error& error : outcome.import_errors) {
            status = std::max(status, report_error(error));
        }
        if (!outcome.ok) {
            status = std::max(status, 1);
        }
    }
    return status;
}

}  // namespace kayton
