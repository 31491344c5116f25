#include "tests/fuzz/campaign.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>

namespace kayton::fuzz {

namespace {

constexpr uint64_t kBatch = 2000;
constexpr size_t kLongestInput = size_t{1} << 20;
constexpr size_t kStackSize = size_t{512} << 20;  // reserved, not touched

// In memory that parent and child share.
struct Board {
    uint64_t next = 0;  // the round at work, or to begin with
    uint64_t executions = 0, checked = 0, accepted = 0;
    bool failed = false;  // the child says itself what was wrong with `input`
    size_t size = 0;
    char reason[500] = {};
    char input[kLongestInput] = {};
};

struct Batch {
    Board* board;
    uint64_t end;
    std::chrono::steady_clock::time_point deadline;
    const CampaignOptions* options;
    const std::function<std::string(uint64_t)>* input;
    const std::function<Execution(const std::string&)>* execute;
};

void set_timer(double seconds) {
    itimerval timer{};
    timer.it_value.tv_sec = static_cast<time_t>(seconds);
    timer.it_value.tv_usec = static_cast<suseconds_t>((seconds - static_cast<double>(timer.it_value.tv_sec)) * 1e6);
    setitimer(ITIMER_VIRTUAL, &timer, nullptr);  // its signal, unhandled, ends the child
}

void* run_batch(void* argument) {
    const Batch& batch = *static_cast<Batch*>(argument);
    Board& board = *batch.board;
    for (; board.next < batch.end && std::chrono::steady_clock::now() < batch.deadline; ++board.next) {
        const std::string text = (*batch.input)(board.next);
        board.size = std::min(text.size(), kLongestInput);
        std::memcpy(board.input, text.data(), board.size);
        set_timer(batch.options->slowest);
        const Execution done = (*batch.execute)(text);
        set_timer(0);
        ++board.executions;
        board.checked += done.checked ? 1 : 0;
        board.accepted += done.accepted ? 1 : 0;
        if (!done.failure.empty()) {
            board.failed = true;
            std::snprintf(board.reason, sizeof board.reason, "%s", done.failure.c_str());
            break;
        }
    }
    return nullptr;
}

[[noreturn]] void child(Batch batch) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackSize);
    pthread_t thread{};
    if (pthread_create(&thread, &attributes, run_batch, &batch) != 0) _exit(99);
    pthread_attr_destroy(&attributes);
    pthread_join(thread, nullptr);
    std::exit(0);  // leaks are looked for here
}

void tell(const CampaignOptions& options, const Board& board, const std::string& reason) {
    const auto seed = static_cast<unsigned long long>(options.seed);
    const auto round = static_cast<unsigned long long>(board.next);
    std::fprintf(stderr, "seed %llu, round %llu: %s\n", seed, round, reason.c_str());
    if (options.save.empty()) {
        std::fprintf(stderr, "--- program of %zu bytes\n%.*s\n---\n", board.size, static_cast<int>(board.size), board.input);
        return;
    }
    const auto path = options.save / ("s" + std::to_string(options.seed) + "-" + std::to_string(board.next) + ".kay");
    std::ofstream(path).write(board.input, static_cast<std::streamsize>(board.size));
    std::fprintf(stderr, "    saved as %s\n", path.c_str());
}

}  // namespace

CampaignTotals run_campaign(const CampaignOptions& options, const std::function<std::string(uint64_t)>& input,
                            const std::function<Execution(const std::string&)>& execute) {
    void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        std::perror("mmap");
        std::exit(2);
    }
    Board& board = *new (memory) Board;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(static_cast<int64_t>(options.seconds * 1000));
    const uint64_t end = options.rounds > ~0ULL - options.first ? ~0ULL : options.first + options.rounds;
    uint64_t failures = 0;
    board.next = options.first;
    auto told = std::chrono::steady_clock::now();
    while (board.next < end && std::chrono::steady_clock::now() < deadline) {
        const uint64_t begun = board.next;
        const uint64_t batch_end = std::min(end, board.next + kBatch);
        board.failed = false;
        std::fflush(nullptr);
        const pid_t pid = fork();
        if (pid < 0) {
            std::perror("fork");
            std::exit(2);
        }
        if (pid == 0) child({&board, batch_end, deadline, &options, &input, &execute});
        int status = 0;
        waitpid(pid, &status, 0);
        std::string reason;
        if (board.failed) {
            reason = board.reason;
        } else if (WIFSIGNALED(status)) {
            reason = WTERMSIG(status) == SIGVTALRM ? "took too long" : std::string("crashed: ") + strsignal(WTERMSIG(status));
        } else if (WEXITSTATUS(status) != 0) {
            // Of a sanitizer, which has written its report. After the last round of a batch it is a leak of some round of it.
            const bool at_end = board.next == batch_end || std::chrono::steady_clock::now() >= deadline;
            reason = at_end ? "leaks, in a round from " + std::to_string(begun) : "crashed: status " + std::to_string(WEXITSTATUS(status));
        }
        if (!reason.empty()) {
            ++failures;
            tell(options, board, reason);
            if (board.next < batch_end) ++board.next;
        }
        if (std::chrono::steady_clock::now() - told > std::chrono::minutes(1)) {
            told = std::chrono::steady_clock::now();
            std::printf("%llu executions, %llu reached the checker, %llu accepted, %llu failures\n",
                        static_cast<unsigned long long>(board.executions), static_cast<unsigned long long>(board.checked),
                        static_cast<unsigned long long>(board.accepted), static_cast<unsigned long long>(failures));
        }
    }
    const CampaignTotals totals{board.executions, board.checked, board.accepted, failures};
    munmap(memory, sizeof(Board));
    return totals;
}

}  // namespace kayton::fuzz
