#include <cstdio>

#include "supervisor/commands/commands.h"

namespace kayton {

void report_help(const std::string& help) {
    if (!help.empty()) {
        std::fprintf(stderr, "  help: %s\n", help.c_str());
    }
}

int report_error(const Error& error) {
    // ImportError and PluginABIError are lines of their own right, as a program's exceptions are.
    const bool bare = error.kind == ErrorKind::kImport || error.kind == ErrorKind::kPluginAbi;
    std::fprintf(stderr, "%s%s\n", bare ? "" : "kayton: ", error.message.c_str());
    report_help(error.remedy);
    return error.kind == ErrorKind::kUsage || error.kind == ErrorKind::kInternal ? 2 : 1;
}

}  // namespace kayton
