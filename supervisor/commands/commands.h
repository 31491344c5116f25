// The commands of the program `kayton`, one file each. Each returns the exit status of the process: the program's own
// for run; 0, or 1 for a program that is wrong, 2 for a wrong command line and our own faults.
// Called by main.cpp, on the main thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/result.h"
#include "supervisor/sandbox/policy.h"

namespace kayton {

struct RunCommand {
    std::filesystem::path file;
    std::vector<std::string> arguments;
    SandboxGrants grants;
    bool quick = false;  // compiled without optimisation
};
[[nodiscard]] int run_command(const RunCommand& command);

struct CheckCommand {
    std::vector<std::filesystem::path> paths;  // programs, and folders of them
    bool json = false;
};
[[nodiscard]] int check_command(const CheckCommand& command);

struct ExplainCommand {
    std::string code;  // "E0308"; empty: list them
};
[[nodiscard]] int explain_command(const ExplainCommand& command);

struct DoctorCommand {
    bool json = false;
};
[[nodiscard]] int doctor_command(const DoctorCommand& command);

struct CrashCommand {
    bool list = false;
    bool json = false;
    size_t number = 1;  // of the report, from 1: the last
};
[[nodiscard]] int crash_command(const CrashCommand& command);

struct ReplCommand {
    SandboxGrants grants;
};
[[nodiscard]] int repl_command(const ReplCommand& command);

// The language server, on standard input and output.
[[nodiscard]] int lsp_command();

// Says on standard error what failed and what helps; returns the exit status for it.
int report_error(const Error& error);
// The line that says what helps; nothing for an empty one.
void report_help(const std::string& help);

}  // namespace kayton
