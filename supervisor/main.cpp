// kayton: runs, checks and talks to programs. The command line is taken apart here; commands/ does the work.
#include <fcntl.h>
#include <llvm/Config/llvm-config.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "shared/kayton_api.h"
#include "supervisor/commands/commands.h"

namespace kayton {
namespace {

// A closed standard stream would give its number to the next file that is opened.
void open_standard_streams() {
    for (int descriptor = 0; descriptor <= 2; ++descriptor) {
        if (::fcntl(descriptor, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != descriptor) {
            ::_exit(2);
        }
    }
}

// Everything after the program's file belongs to the program: taken off before the options are read.
std::vector<std::string> take_program_arguments(std::vector<std::string>& arguments) {
    if (arguments.empty() || arguments[0] != "run") {
        return {};
    }
    size_t file = 1;
    while (file < arguments.size() && arguments[file].starts_with("-")) {
        const bool value_follows = arguments[file] == "--allow-read" || arguments[file] == "--allow-write";
        file += value_follows ? 2 : 1;
    }
    const size_t end = std::min(file + 1, arguments.size());
    std::vector<std::string> taken(arguments.begin() + static_cast<ptrdiff_t>(end), arguments.end());
    arguments.resize(end);
    return taken;
}

// Options that say what a program may touch, the same for every command that runs one.
struct SandboxFlags {
    std::vector<std::string> read;
    std::vector<std::string> write;
    std::string level = "default";

    void add_to(CLI::App& command) {
        command.add_option("--allow-read", read, "Let the program read PATH (may be repeated)")
            ->type_name("PATH")
            ->check(CLI::ExistingPath)
            ->allow_extra_args(false);
        command.add_option("--allow-write", write, "Let the program read and write PATH (may be repeated)")
            ->type_name("PATH")
            ->check(CLI::ExistingPath)
            ->allow_extra_args(false);
        command.add_option("--sandbox", level, "strict: refuse to run where a layer of the sandbox is missing")
            ->check(CLI::IsMember({"default", "strict"}));
    }
    [[nodiscard]] bool strict() const { return level == "strict"; }
    [[nodiscard]] SandboxGrants grants() const {
        SandboxGrants result;
        for (const std::string& path : read) {
            result.read.push_back(std::filesystem::absolute(path));
        }
        for (const std::string& path : write) {
            result.write.push_back(std::filesystem::absolute(path));
        }
        return result;
    }
};

int command_line(std::vector<std::string> arguments) {
    std::vector<std::string> program_arguments = take_program_arguments(arguments);
    CLI::App app{"Kayton: Python-like programs, compiled, with Rust crates as their libraries", "kayton"};
    app.set_version_flag("--version", "kayton " KAYTON_VERSION " (plugin ABI v" +
                                          std::to_string(KAYTON_PLUGIN_ABI_VERSION) +
                                          ", LLVM " LLVM_VERSION_STRING ")");
    app.require_subcommand(1);

    SandboxFlags run_flags;
    std::string file;
    CLI::App* run = app.add_subcommand("run", "Run a program: kayton run [options] FILE [arguments of the program]");
    run->add_option("FILE", file, "The program; everything after it is passed to it")->required();
    run_flags.add_to(*run);

    CheckCommand check_request;
    std::vector<std::string> files;
    CLI::App* check = app.add_subcommand("check", "Find the errors of programs without running them");
    check->add_option("FILE", files, "The programs")->required();
    check->add_flag("--json", check_request.json, "Write the errors as JSON");

    SandboxFlags repl_flags;
    CLI::App* repl = app.add_subcommand("repl", "Type and run Kayton, line by line");
    repl_flags.add_to(*repl);

    const std::string asked = arguments.empty() ? "" : arguments.front();
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
        if (error.get_name() == "RequiredError" && app.get_subcommands().empty() && !asked.empty() &&
            !asked.starts_with("-")) {
            std::cerr << "kayton: there is no command '" << asked << "'\nRun with --help for more information.\n";
            return 2;
        }
        return app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    }
    if (run->parsed()) {
        return run_command({file, std::move(program_arguments), run_flags.grants(), run_flags.strict()});
    }
    if (check->parsed()) {
        check_request.files.assign(files.begin(), files.end());
        return check_command(check_request);
    }
    return repl_command({repl_flags.grants(), repl_flags.strict()});
}

}  // namespace
}  // namespace kayton

int main(int argument_count, char** arguments) {
    // The compiler runs on a thread of its own: one heap, grown in large steps, costs fewer system calls than two.
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_TOP_PAD, 4 << 20);
    kayton::open_standard_streams();
    try {
        return kayton::command_line({arguments + 1, arguments + argument_count});
    } catch (const std::exception& error) {
        std::cerr << "kayton: internal error: " << error.what() << '\n';
        return 2;
    }
}
