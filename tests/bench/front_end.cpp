// Times the front end on one program, each run from nothing: parsing, checking, both by processor time, and the most
// memory the process had.
//   front_end_bench FILE [RUNS]
// Prints one line of JSON with the best of RUNS (3).
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "compiler/check/checker.h"
#include "compiler/syntax/parser.h"

namespace {

using namespace kayton;

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Job {
    const char* path;
    int runs;
    int status = 0;
};

void* run(void* argument) {
    Job& job = *static_cast<Job*>(argument);
    auto text = syntax::load_source(job.path);
    if (!text) {
        std::fprintf(stderr, "%s\n", text.error().message.c_str());
        job.status = 1;
        return nullptr;
    }
    const SourceFile file(job.path, *text);
    double parse = 1e9;
    double check = 1e9;
    size_t instances = 0;
    for (int i = 0; i < job.runs; ++i) {
        syntax::AstArena arena;
        DiagnosticEngine diagnostics;
        const double begun = processor_seconds();
        const syntax::Module module = syntax::parse_module(file, arena, diagnostics);
        const double parsed = processor_seconds();
        check::Checker checker(Environment{}, diagnostics);
        const typed::TypedProgram program = checker.check(module, false, true);
        const double checked = processor_seconds();
        if (diagnostics.has_errors()) {
            std::fputs(render_text(diagnostics.all(), false).c_str(), stderr);
            job.status = 1;
            return nullptr;
        }
        instances = program.functions.size();
        parse = std::min(parse, parsed - begun);
        check = std::min(check, checked - parsed);
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("{\"lines\": %u, \"parse\": %.6f, \"check\": %.6f, \"functions\": %zu, \"memory_kb\": %ld}\n", file.line_count(), parse, check,
                instances, usage.ru_maxrss);
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: front_end_bench FILE [RUNS]\n", stderr);
        return 2;
    }
    Job job{argv[1], argc > 2 ? std::max(1, std::atoi(argv[2])) : 3};
    // The heap and the stack of the `kayton` command's compiler.
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TOP_PAD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size_t{512} << 20);
    pthread_t thread{};
    if (pthread_create(&thread, &attributes, run, &job) != 0) return 2;
    pthread_attr_destroy(&attributes);
    pthread_join(thread, nullptr);
    return job.status;
}
