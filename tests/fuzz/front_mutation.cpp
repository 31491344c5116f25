// Breaks programs at random, in bytes, tokens and subtrees, and gives them to the front end: lexer, parser and, where
// those find nothing wrong, the checker. Nothing may crash, hang, leak or take gigabytes; every span lies inside its text,
// every error has a message, the renderers take whatever comes out.
//   front_mutation [--seed N] [--first ROUND] [--rounds N] [--seconds S] [--save FOLDER] [--imports] [--parser]
//   front_mutation FILE...      these programs alone, each once
// The same seed and round make the same program. A failure prints both and the program; exit 1 in the end.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/check/checker.h"
#include "compiler/syntax/ast_printer.h"
#include "compiler/syntax/parser.h"
#include "tests/fuzz/campaign.h"
#include "tests/fuzz/mutator.h"

// Sanitized builds: a program that eats memory is a failure, not the end of the machine.
extern "C" const char* __asan_default_options();  // NOLINT: the sanitizer's name
extern "C" const char* __asan_default_options() { return "hard_rss_limit_mb=3000:malloc_context_size=12:detect_stack_use_after_return=0"; }

namespace kayton::fuzz {
namespace {

std::string fault_of(const DiagnosticEngine& diagnostics, const SourceFile& program) {
    for (const Diagnostic& diagnostic : diagnostics.all()) {
        if (diagnostic.message.empty()) return "an empty message";
        if (diagnostic.primary.file == nullptr) return "a message without a file: " + diagnostic.message;
        const size_t size = diagnostic.primary.file->text().size();
        if (diagnostic.primary.span.end > size || diagnostic.primary.span.begin > diagnostic.primary.span.end) {
            return "a span outside of the text: " + diagnostic.message;
        }
        for (const Label& label : diagnostic.secondary) {
            if (label.file == nullptr) return "a label without a file: " + label.text;
            if (label.span.end > label.file->text().size()) return "a label outside of the text: " + label.text;
        }
        // A program may use a shipped module wrongly; it cannot break it.
        if (diagnostic.primary.file != &program && diagnostic.secondary.empty()) {
            return "a message inside " + diagnostic.primary.file->name() + " that does not name the program: " + diagnostic.message;
        }
    }
    const bool errors = std::any_of(diagnostics.all().begin(), diagnostics.all().end(), [](const Diagnostic& d) { return d.severity() == Severity::kError; });
    if (diagnostics.has_errors() != errors) return "errors and their count disagree";
    if (diagnostics.all().empty() != render_text(diagnostics.all(), false).empty()) return "messages and their text disagree";
    (void)render_json(diagnostics.all());
    return {};
}

Execution execute(const std::string& text, bool parser_only) {
    Execution done;
    const SourceFile file("/nowhere/fuzz.kay", text);
    syntax::AstArena arena;
    DiagnosticEngine diagnostics;
    const syntax::Module module = syntax::parse_module(file, arena, diagnostics);
    const bool error_node = syntax::print_module(module).find("<error>") != std::string::npos;
    const syntax::Completeness complete = syntax::completeness(text);
    if (diagnostics.has_errors()) {
        done.failure = fault_of(diagnostics, file);
        return done;
    }
    if (error_node && text.find("<error>") == std::string::npos) done.failure = "an error node without a message";
    if (complete == syntax::Completeness::kInvalid) done.failure = "a program without errors is called invalid";
    if (parser_only || !done.failure.empty()) {
        done.accepted = true;
        return done;
    }
    done.checked = true;
    check::Checker checker(Environment{}, diagnostics);
    const typed::TypedProgram program = checker.check(module, text.size() % 3 == 0, true);
    const bool refused = diagnostics.has_errors() || !checker.take_import_errors().empty();
    done.failure = fault_of(diagnostics, file);
    if (done.failure.empty() && !refused && program.functions.empty()) done.failure = "neither an error nor a program";
    done.accepted = !refused;
    return done;
}

int run_files(const std::vector<std::string>& files) {
    int failures = 0;
    for (const std::string& path : files) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        CampaignOptions one;
        one.rounds = 1;
        one.seconds = 3600;
        const CampaignTotals totals = run_campaign(
            one, [&](uint64_t) { return text.str(); }, [](const std::string& input) { return execute(input, false); });
        if (totals.failures != 0) std::fprintf(stderr, "%s fails\n", path.c_str());
        failures += totals.failures != 0 ? 1 : 0;
    }
    std::printf("%zu programs, %d failures\n", files.size(), failures);
    return failures == 0 ? 0 : 1;
}

int usage(const char* wrong) {
    std::fprintf(stderr, "front_mutation: %s\nusage: front_mutation [--seed N] [--first ROUND] [--rounds N] [--seconds S] "
                         "[--save FOLDER] [--imports] [--parser] | FILE...\n", wrong);
    return 2;
}

int main_with(int argc, char** argv) {
    CampaignOptions options;
    bool imports = false;
    bool parser_only = false;
    std::vector<std::string> files;
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--imports") {
            imports = true;
        } else if (option == "--parser") {
            parser_only = true;
        } else if (!option.starts_with("--")) {
            files.emplace_back(option);
        } else if (i + 1 == argc) {
            return usage("an option without its value");
        } else if (option == "--seed") {
            options.seed = std::strtoull(argv[++i], nullptr, 10);
        } else if (option == "--first") {
            options.first = std::strtoull(argv[++i], nullptr, 10);
        } else if (option == "--rounds") {
            options.rounds = std::strtoull(argv[++i], nullptr, 10);
            options.seconds = 1e6;
        } else if (option == "--seconds") {
            options.seconds = std::strtod(argv[++i], nullptr);
        } else if (option == "--save") {
            options.save = argv[++i];
            std::filesystem::create_directories(options.save);
        } else {
            return usage("an unknown option");
        }
    }
    if (!files.empty()) return run_files(files);
    Mutator mutator(KAYTON_GOLDEN_DIR, imports || parser_only);
    const CampaignTotals totals = run_campaign(
        options, [&](uint64_t round) { return mutator.program(options.seed, round); },
        [&](const std::string& input) { return execute(input, parser_only); });
    std::printf("seed %llu, %zu programs to begin with: %llu executions, %llu reached the checker, %llu accepted, %llu failures\n",
                static_cast<unsigned long long>(options.seed), mutator.seed_count(),
                static_cast<unsigned long long>(totals.executions), static_cast<unsigned long long>(totals.checked),
                static_cast<unsigned long long>(totals.accepted), static_cast<unsigned long long>(totals.failures));
    // Mutations that break nothing, or everything, would test nothing.
    const bool broken = totals.executions > 100 && (totals.accepted == 0 || totals.accepted == totals.executions);
    if (broken) std::fprintf(stderr, "all programs are alike to the front end: the driver is broken\n");
    return totals.failures == 0 && !broken && totals.executions > 0 ? 0 : 1;
}

}  // namespace
}  // namespace kayton::fuzz

int main(int argc, char** argv) { return kayton::fuzz::main_with(argc, argv); }
