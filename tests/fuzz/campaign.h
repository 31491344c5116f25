// Runs many executions of a driver that may crash, hang or eat the machine: in child processes, a few thousand each, so
// that one failure costs one execution. The input at work stands in memory shared with the child, and is saved after a
// crash; a limit of processor time (not of the clock: the machine may be busy) ends what hangs.
// One thread in the parent; the child works on a thread with a deep stack, as the compiler does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace kayton::fuzz {

struct CampaignOptions {
    uint64_t seed = 1;
    uint64_t first = 0;           // round
    uint64_t rounds = ~0ULL;      // at most
    double seconds = 5;           // at most, of the clock
    double slowest = 10;          // seconds of processor time for one execution
    std::filesystem::path save;   // folder for failing inputs; empty: they are only printed
};

// What one execution tells: how far it came, and why it failed (empty: it did not).
struct Execution {
    bool checked = false;   // reached the checker
    bool accepted = false;  // without an error
    std::string failure;
};

struct CampaignTotals {
    uint64_t executions = 0;
    uint64_t checked = 0;
    uint64_t accepted = 0;
    uint64_t failures = 0;
};

// `input` makes the program of a round, `execute` runs it; both are called in the child only.
[[nodiscard]] CampaignTotals run_campaign(const CampaignOptions& options, const std::function<std::string(uint64_t)>& input,
                                          const std::function<Execution(const std::string&)>& execute);

}  // namespace kayton::fuzz
