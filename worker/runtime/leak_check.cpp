#include "worker/runtime/leak_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

constexpr size_t kMostNames = 20;

std::unordered_map<const KtTypeInfo*, int64_t>& counts() {
    static std::unordered_map<const KtTypeInfo*, int64_t> instance;
    return instance;
}

}  // namespace

void start_leak_check() {
    counts().clear();
    vm.leak_check = true;
}

void count_made(const KtTypeInfo* type) {
    ++counts()[type];
}

void count_ended(const KtTypeInfo* type) {
    --counts()[type];
}

int64_t live_objects() {
    int64_t total = 0;
    for (const auto& [type, count] : counts()) total += count;
    return total;
}

std::string leak_report() {
    int64_t total = 0;
    std::vector<std::pair<int64_t, std::string>> leaks;
    for (const auto& [type, count] : counts()) {
        if (count == 0) continue;
        total += count;
        leaks.emplace_back(-count, type->name);
    }
    if (leaks.empty()) return {};
    std::sort(leaks.begin(), leaks.end());
    std::string report = fmt::format("{} object{} alive after the end", total, total == 1 ? " is" : "s are");
    for (size_t i = 0; i < leaks.size() && i < kMostNames; ++i)
        report += fmt::format("{}{} of {}", i == 0 ? ": " : ", ", -leaks[i].first, leaks[i].second);
    if (leaks.size() > kMostNames) report += fmt::format(", and of {} other types", leaks.size() - kMostNames);
    return report;
}

}  // namespace kayton
