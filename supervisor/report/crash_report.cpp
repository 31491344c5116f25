#include "supervisor/report/crash_report.h"

#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "supervisor/report/crash_reader.h"

namespace kayton {
namespace {

constexpr const char* kOutOfTime = "it has used all the processor time it may (--max-cpu)";

constexpr uint64_t kNearStack = 64 * 1024;  // a fault this close below the stack pointer is an overflow
constexpr uint64_t kNullPage = 4096;        // nothing is ever mapped here: an address in it was computed from null
constexpr size_t kMostFrames = 32;

// What a fault was about, beyond its signal; empty when there is nothing to add.
std::string fault_in_words(const CrashPage& page) {
    switch (page.signal) {
        case SIGSEGV:
        case SIGBUS: {
            if (page.code == SI_USER || page.code == SI_TKILL) {
                return "sent by the worker itself";
            }
            if (page.address - (page.sp - kNearStack) < 2 * kNearStack) {
                return "stack overflow";
            }
            if (page.code == SI_KERNEL) {
                return "access to an address that is none";
            }
            if (page.address == page.pc) {
                return fmt::format("jump to address {:#x}", page.address);
            }
            if (page.address < kNullPage) {
                return fmt::format("{} through a null pointer (address {:#x})", page.is_write == 1 ? "write" : "read",
                                   page.address);
            }
            return fmt::format("{} address {:#x}", page.is_write == 1 ? "write to" : "read of", page.address);
        }
        case SIGFPE: return page.code == FPE_INTDIV ? "integer division by zero" : "";
        case SIGXCPU: return kOutOfTime;
        case SIGILL: return fmt::format("illegal instruction at address {:#x}", page.pc);
        default: return "";
    }
}

// Says in the report where it happened, and names the place.
std::string place_in_words(const CrashReader& reader, bool on_main_thread, CrashReport& report) {
    const auto plugin = reader.plugin_place();
    const auto kayton = reader.kayton_place();
    std::string text;
    if (reader.in_kayton_code()) {
        text = " in the program itself";
    } else if (plugin) {
        report.crate = plugin->crate;
        report.version = plugin->version;
        report.function = plugin->function;
        text =
            fmt::format(" in {}plugin '{}' {}", on_main_thread ? "" : "a thread of ", plugin->crate, plugin->version);
        if (!plugin->function.empty()) {
            text += fmt::format(" ({})", plugin->function);
        }
    }
    if (kayton && kayton->line != 0) {
        text += fmt::format(", {} line {} of {}", reader.in_kayton_code() ? "at" : "called from", kayton->line,
                            kayton->file);
    }
    return text;
}

}  // namespace

std::string signal_in_words(int signal) {
    static const std::map<int, const char*> kWords{{SIGSEGV, "segmentation fault"},
                                                   {SIGBUS, "bus error"},
                                                   {SIGILL, "illegal instruction"},
                                                   {SIGFPE, "arithmetic error"},
                                                   {SIGABRT, "aborted"},
                                                   {SIGTRAP, "trap"},
                                                   {SIGKILL, "killed"},
                                                   {SIGTERM, "terminated"},
                                                   {SIGSYS, "bad system call"},
                                                   {SIGXCPU, "out of CPU time"},
                                                   {SIGXFSZ, "file too large"}};
    const auto words = kWords.find(signal);
    const char* name = ::sigabbrev_np(signal);
    return fmt::format("{} ({})", name != nullptr ? std::string("SIG") + name : fmt::format("signal {}", signal),
                       words != kWords.end() ? words->second : ::sigdescr_np(signal));
}

CrashReport read_end(const WorkerEnd& end, const std::vector<InstalledPlugin>& plugins, const CodeArena& arena,
                     const CodeTable& code) {
    CrashReport report;
    switch (end.reason) {
        case EndReason::kProtocolViolation:
            report.cause = fmt::format("the worker broke the channel's rules and was killed: {}", end.detail);
            break;
        case EndReason::kLimit:
        case EndReason::kInterrupted: report.cause = fmt::format("the worker was killed: {}", end.detail); break;
        case EndReason::kSupervisorClosed: report.cause = "the worker was closed"; break;
        case EndReason::kSignal: report.cause = "the worker was killed by " + signal_in_words(end.process.value); break;
        case EndReason::kExited:
            report.cause = fmt::format("the worker ended by itself with exit status {}", end.process.value);
            break;
    }
    report.summary = report.cause;
    // The record is believed only where it agrees with the kernel.
    const int recorded = end.reason == EndReason::kSignal ? end.process.value : 0;
    const bool by_itself = end.reason == EndReason::kSignal || end.reason == EndReason::kExited;
    if (!by_itself || end.crash == nullptr || end.crash->signal != recorded) {
        if (end.reason == EndReason::kSignal && end.process.value == SIGXCPU) {
            report.meaning = kOutOfTime;
        } else if (end.reason == EndReason::kSignal && end.process.value == SIGKILL) {
            report.meaning = "not by kayton; the system does that when memory is short, or a worker is deaf to --max-cpu";
        }
        if (!report.meaning.empty()) {
            report.summary += ": " + report.meaning;
        }
        return report;
    }
    report.meaning = end.reason == EndReason::kExited ? "exit() was called" : fault_in_words(*end.crash);
    if (!report.meaning.empty()) {
        report.summary += ": " + report.meaning;
    }
    const CrashReader reader(*end.crash, plugins, arena, code);
    report.summary += place_in_words(reader, end.crash->on_main_thread != 0, report);
    report.native = reader.native_places(kMostFrames);
    for (CodeLocation& location : reader.kayton_places(kMostFrames)) {
        report.kayton.push_back({std::move(location), {}});
    }
    return report;
}

}  // namespace kayton
