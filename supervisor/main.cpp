// kayton: runs, checks and talks to programs. The command line is taken apart here; commands/ does the work.
#include <fcntl.h>
#include <llvm/Config/llvm-config.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "shared/version.h"
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
        static constexpr std::array<std::string_view, 11> kWithValue{"--allow-read", "--allow-write", "--allow-env",
                                                                    "--allow-run", "--checkpoint-on-crash",
                                                                    "--sandbox",    "--max-cpu",     "--max-time",
                                                                    "--max-memory", "--max-threads", "--max-output"};
        const bool value_follows = std::find(kWithValue.begin(), kWithValue.end(), arguments[file]) != kWithValue.end();
        file += value_follows ? 2 : 1;
    }
    const size_t end = std::min(file + 1, arguments.size());
    std::vector<std::string> taken(arguments.begin() + static_cast<ptrdiff_t>(end), arguments.end());
    arguments.resize(end);
    return taken;
}

constexpr uint64_t kLeastMemory = 200'000'000;

// Options that say what a program may touch, the same for every command that runs one.
struct SandboxFlags {
    std::vector<std::string> read;
    std::vector<std::string> write;
    std::vector<std::string> env;
    std::vector<std::string> net;
    std::vector<std::string> run;
    std::string level = "auto";
    uint64_t memory = 0;
    uint64_t cpu_seconds = 0;
    uint64_t wall_seconds = 0;
    uint64_t threads = 0;
    uint64_t output = 0;

    void add_to(CLI::App& command) {
        command.add_option("--allow-read", read, "Let the program read PATH (may be repeated)")
            ->type_name("PATH")
            ->check(CLI::ExistingPath)
            ->allow_extra_args(false);
        command.add_option("--allow-write", write, "Let the program read and write PATH (may be repeated)")
            ->type_name("PATH")
            ->check(CLI::ExistingPath)
            ->allow_extra_args(false);
        command
            .add_option("--allow-net", net,
                        "Let the program reach the network; with =HOST:PORT that place only (may be repeated)")
            ->type_name("HOST:PORT")
            ->expected(0, 1)
            ->allow_extra_args(false)
            ->default_str("")
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
            ->check([](const std::string& place) {
                const auto grant = parse_net_grant(place);
                return place.empty() || grant ? std::string() : grant.error().message + ": " + grant.error().remedy;
            });
        command.add_option("--allow-env", env, "Let the program see the environment variable NAME (may be repeated)")
            ->type_name("NAME")
            ->check([](const std::string& name) {
                // They would decide what runs in the worker before its sandbox stands.
                const bool loader = name.starts_with("LD_") || name == "GLIBC_TUNABLES";
                return loader ? "the dynamic linker's variables are never passed on" : std::string();
            })
            ->allow_extra_args(false);
        command
            .add_option("--allow-run", run,
                        "Let the program start PROGRAM, which runs in the same sandbox (may be repeated)")
            ->type_name("PROGRAM")
            ->check([](const std::string& name) {
                const auto found = find_program(name);
                return found ? std::string() : found.error().message + ": " + found.error().remedy;
            })
            ->allow_extra_args(false);
        command
            .add_option(
                "--sandbox", level,
                "auto: every layer the kernel has; strict: refuse to run where one is missing; off: limits only")
            ->type_name("LEVEL")
            ->check([](const std::string& value) {
                return value == "auto" || value == "strict" || value == "off" ? std::string()
                                                                              : "the levels are auto, strict and off";
            });
        command.add_option("--max-memory", memory, "Memory the program may use, as 500M or 2G")
            ->type_name("SIZE")
            ->transform(CLI::AsSizeValue(true))
            ->check([](const std::string& value) {
                const bool enough = value.size() > 8 || std::strtoull(value.c_str(), nullptr, 10) >= kLeastMemory;
                return enough ? std::string() : "a program needs at least 200M";
            });
    }
    void add_amounts_to(CLI::App& command) {
        command.add_option("--max-threads", threads, "How many threads the program may run at once (1024)")
            ->type_name("NUMBER")
            ->check(CLI::Range(uint64_t{1}, uint64_t{100'000}));
        command.add_option("--max-output", output, "How much the program may print, as 10M")
            ->type_name("SIZE")
            ->transform(CLI::AsSizeValue(true));
    }
    void add_times_to(CLI::App& command) {
        // Longer than a year is a slip of the keyboard, and would not fit the clocks.
        constexpr uint64_t kYear = 31'536'000;
        command.add_option("--max-cpu", cpu_seconds, "Processor time the program may use, of all its threads together")
            ->type_name("SECONDS")
            ->check(CLI::Range(uint64_t{1}, kYear));
        command
            .add_option("--max-time", wall_seconds,
                        "How long the program may run; a read of standard input is let finish")
            ->type_name("SECONDS")
            ->check(CLI::Range(uint64_t{1}, kYear));
    }
    [[nodiscard]] SandboxGrants grants() const {
        SandboxGrants result;
        if (threads != 0) {
            result.max_threads = threads;
        }
        result.max_output = output;
        result.env = env;
        result.run = run;
        for (const std::string& place : net) {
            if (auto grant = parse_net_grant(place)) {
                result.net.push_back(std::move(*grant));
            } else {
                result.net_everywhere = true;
            }
        }
        result.max_cpu_seconds = cpu_seconds;
        result.max_wall_seconds = wall_seconds;
        result.level = level == "strict" ? SandboxLevel::kStrict
                       : level == "off"  ? SandboxLevel::kOff
                                         : SandboxLevel::kAuto;
        if (memory != 0) {
            result.max_memory = memory;
        }
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
    app.set_version_flag("--version", version_line("kayton", "LLVM " LLVM_VERSION_STRING));
    app.require_subcommand(1);

    SandboxFlags run_flags;
    std::string file;
    CLI::App* run = app.add_subcommand("run", "Run a program: kayton run [options] FILE [arguments of the program]");
    run->add_option("FILE", file, "The program; everything after it is passed to it")->required();
    bool quick = false;
    run->add_flag("--quick", quick, "Compile without optimisation: starts sooner, runs slower");
    run_flags.add_to(*run);
    run_flags.add_times_to(*run);
    run_flags.add_amounts_to(*run);
    std::string on_crash = "off";
    run->add_option("--checkpoint-on-crash", on_crash,
                    "core: a worker that crashes leaves a core file for a debugger, where the system keeps them (off)")
        ->type_name("WHAT")
        ->check([](const std::string& value) {
            return value == "off" || value == "core" ? std::string() : "it is off or core";
        });
    bool leak_check = false;
    run->add_flag("--leak-check", leak_check, "Count the program's objects: exit with 71 when any is left at its end");

    CheckCommand check_request;
    std::vector<std::string> paths;
    CLI::App* check = app.add_subcommand("check", "Find the errors of programs without running them");
    check->add_option("PATH", paths, "The programs; a folder stands for every .kay file in it")->required();
    check->add_flag("--json", check_request.json, "Write the errors as JSON");

    ExplainCommand explain_request;
    CLI::App* explain = app.add_subcommand("explain", "Say what an error code means, with an example put right");
    explain->add_option("CODE", explain_request.code, "As in E0308; without it, the codes are listed");

    SandboxFlags repl_flags;
    CLI::App* repl = app.add_subcommand("repl", "Type and run Kayton, line by line");
    repl_flags.add_to(*repl);
    repl_flags.add_amounts_to(*repl);

    CLI::App* lsp = app.add_subcommand("lsp", "Serve an editor: the language server, on standard input and output");
    bool stdio = true;
    lsp->add_flag("--stdio", stdio, "As editors say it; there is no other way");

    DoctorCommand doctor_request;
    CLI::App* doctor = app.add_subcommand("doctor", "Look over this machine: what works, what is missing, what helps");
    doctor->add_flag("--json", doctor_request.json, "Write the findings as JSON");

    CrashCommand crash_request;
    CLI::App* crash = app.add_subcommand("crash", "What is known of the last crashes");
    crash->require_subcommand(1);
    CLI::App* crash_show = crash->add_subcommand("show", "Show a report, the last one if no number is given");
    crash_show->add_option("NUMBER", crash_request.number, "As in `kayton crash list`; 1 is the last")
        ->check(CLI::Range(size_t{1}, size_t{1000}));
    crash_show->add_flag("--json", crash_request.json, "Write it as JSON");
    CLI::App* crash_list = crash->add_subcommand("list", "List the reports that are kept");

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
        RunCommand request{file, std::move(program_arguments), run_flags.grants(), leak_check, quick};
        request.grants.core_files = on_crash == "core";
        return run_command(request);
    }
    if (check->parsed()) {
        check_request.paths.assign(paths.begin(), paths.end());
        return check_command(check_request);
    }
    if (explain->parsed()) {
        return explain_command(explain_request);
    }
    if (lsp->parsed()) {
        return lsp_command();
    }
    if (doctor->parsed()) {
        return doctor_command(doctor_request);
    }
    if (crash->parsed()) {
        crash_request.list = crash_list->parsed();
        return crash_command(crash_request);
    }
    return repl_command({repl_flags.grants()});
}

}  // namespace
}  // namespace kayton

int main(int argument_count, char** arguments) {
    // The compiler runs on a thread of its own: one heap, grown in large steps, costs fewer system calls than two. What one
    // pass of the checker frees the next one takes: it is not given back to the system between them.
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_TOP_PAD, 4 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 256 << 20);
    kayton::open_standard_streams();
    try {
        return kayton::command_line({arguments + 1, arguments + argument_count});
    } catch (const std::exception& error) {
        std::cerr << "kayton: internal error: " << error.what() << '\n';
        return 2;
    }
}
