#include "supervisor/report/crash_report.h"

#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "supervisor/report/elf_symbols.h"

namespace kayton {
namespace {

constexpr uint64_t kNearStack = 64 * 1024;  // a fault this close below the stack pointer is an overflow

// A line of the worker's memory map: an executable mapping of a file.
struct Module {
    uint64_t start = 0;
    uint64_t end = 0;
    uint64_t offset = 0;
    std::string path;
};

std::optional<uint64_t> hexadecimal(std::string_view text) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// "7f12-7f34 r-xp 00001000 fe:00 1234    /path": what is not of this form is left out.
std::optional<Module> parse_module(std::string_view line) {
    const size_t dash = line.find('-');
    const size_t space = line.find(' ');
    const size_t slash = line.find('/');
    if (dash == std::string_view::npos || space == std::string_view::npos || dash > space ||
        slash == std::string_view::npos || line.size() < space + 14) {
        return std::nullopt;
    }
    const auto start = hexadecimal(line.substr(0, dash));
    const auto end = hexadecimal(line.substr(dash + 1, space - dash - 1));
    const std::string_view rest = line.substr(space + 6);
    const auto offset = hexadecimal(rest.substr(0, rest.find(' ')));
    if (!start || !end || !offset || *end <= *start) {
        return std::nullopt;
    }
    return Module{*start, *end, *offset, std::string(line.substr(slash))};
}

// The macros put an exported function's thunk into a nameless scope beside it, and the compiler the function into the
// thunk: what can be said is the module.
std::string without_thunk(std::string function) {
    constexpr std::string_view kThunk = "::_::thunk";
    if (function.ends_with(kThunk)) {
        function.resize(function.size() - kThunk.size());
    }
    return function;
}

// Where in a plugin the worker was.
struct PluginPlace {
    std::string crate;
    std::string function;
};

class CrashReader {
  public:
    CrashReader(const CrashPage& page, const std::vector<InstalledPlugin>& plugins, const CodeArena& arena,
                const CodeTable& code)
        : page_(page), arena_(arena), code_(code) {
        std::string_view maps(page.maps, page.maps_size);
        while (!maps.empty()) {
            const size_t end = std::min(maps.find('\n'), maps.size());
            if (auto module = parse_module(maps.substr(0, end))) {
                add(std::move(*module), plugins);
            }
            maps.remove_prefix(std::min(end + 1, maps.size()));
        }
    }

    // The innermost function of a plugin, preferring the crate's own over what it is built on.
    [[nodiscard]] std::optional<PluginPlace> plugin_place() {
        std::optional<PluginPlace> first;
        const auto consider = [&](uint64_t address, bool is_return) -> std::optional<PluginPlace> {
            auto place = place_of(address, is_return);
            if (place && place->function.find(place->crate + "::") != std::string::npos) {
                return place;
            }
            if (place && !first) {
                first = std::move(place);
            }
            return std::nullopt;
        };
        for (uint32_t index = 0; index < page_.frame_count; ++index) {
            if (auto place = consider(page_.frames[index], index != 0)) {
                return place;
            }
        }
        for (uint32_t index = 0; index < page_.stack_words; ++index) {
            if (location_of(page_.stack[index])) {
                break;  // the Kayton frames begin: what lies further out was not called by them
            }
            if (auto place = consider(page_.stack[index], true)) {
                return place;
            }
        }
        return first;
    }

    // The innermost Kayton line. The stack's words go first: a library built without frame pointers leaves its caller's
    // in place, so that the walk steps over the very call that led into it.
    [[nodiscard]] std::optional<CodeLocation> kayton_place() const {
        if (in_kayton_code()) {
            return code_.find(page_.pc);
        }
        for (uint32_t index = 0; index < page_.code_word_count; ++index) {
            if (auto location = location_of(page_.code_words[index])) {
                return location;
            }
        }
        for (uint32_t index = 1; index < page_.frame_count; ++index) {
            if (auto location = location_of(page_.frames[index])) {
                return location;
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] bool in_kayton_code() const { return arena_.holds_code(page_.pc); }

  private:
    struct PluginModule {
        Module module;
        std::string crate;
        std::shared_ptr<ElfSymbols> symbols;
    };

    void add(Module module, const std::vector<InstalledPlugin>& plugins) {
        for (const InstalledPlugin& plugin : plugins) {
            std::error_code error;
            const std::filesystem::path real = std::filesystem::weakly_canonical(plugin.library(), error);
            if (module.path == real || module.path == plugin.library()) {
                // The path that is opened is the environment's own, not what the worker says.
                plugins_.push_back({std::move(module), plugin.crate, std::make_shared<ElfSymbols>(plugin.library())});
                return;
            }
        }
    }

    [[nodiscard]] std::optional<PluginPlace> place_of(uint64_t address, bool is_return) const {
        for (const PluginModule& plugin : plugins_) {
            if (address < plugin.module.start || address >= plugin.module.end) {
                continue;
            }
            const uint64_t offset = plugin.module.offset + (address - plugin.module.start);
            if (is_return && !plugin.symbols->follows_call(offset)) {
                continue;
            }
            return PluginPlace{plugin.crate,
                               without_thunk(plugin.symbols->function_at(is_return ? offset - 1 : offset))};
        }
        return std::nullopt;
    }

    // A word that can be a return address into Kayton code: what lies before it is a call.
    [[nodiscard]] std::optional<CodeLocation> location_of(uint64_t address) const {
        if (!arena_.holds_code(address) || !arena_.holds_code(address - 8)) {
            return std::nullopt;
        }
        const auto* code = reinterpret_cast<const unsigned char*>(arena_.local_code(address));
        auto location = ends_with_call(code, 8) ? code_.find(address - 1) : std::nullopt;
        return location && location->line != 0 ? location : std::nullopt;
    }

    const CrashPage& page_;
    const CodeArena& arena_;
    const CodeTable& code_;
    std::vector<PluginModule> plugins_;
};

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
            return fmt::format("{} address {:#x}", page.is_write == 1 ? "write to" : "read of", page.address);
        }
        case SIGFPE: return page.code == FPE_INTDIV ? "integer division by zero" : "";
        case SIGILL: return fmt::format("illegal instruction at address {:#x}", page.pc);
        default: return "";
    }
}

std::string place_in_words(CrashReader& reader, bool on_main_thread) {
    const auto plugin = reader.plugin_place();
    const auto kayton = reader.kayton_place();
    std::string text;
    if (reader.in_kayton_code()) {
        text = " in the program itself";
    } else if (plugin) {
        text = fmt::format(" in {}plugin '{}'", on_main_thread ? "" : "a thread of ", plugin->crate);
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

std::string describe_end(const WorkerEnd& end, const std::vector<InstalledPlugin>& plugins, const CodeArena& arena,
                         const CodeTable& code) {
    std::string text;
    switch (end.reason) {
        case EndReason::kProtocolViolation:
            return fmt::format("the worker broke the channel's rules and was killed: {}", end.detail);
        case EndReason::kLimit: return fmt::format("the worker was killed: {}", end.detail);
        case EndReason::kInterrupted: return fmt::format("the worker was killed: {}", end.detail);
        case EndReason::kSupervisorClosed: return "the worker was closed";
        case EndReason::kSignal: text = "the worker was killed by " + signal_in_words(end.process.value); break;
        case EndReason::kExited:
            text = fmt::format("the worker ended by itself with exit status {}", end.process.value);
            break;
    }
    // The record is believed only where it agrees with the kernel.
    const int recorded = end.reason == EndReason::kSignal ? end.process.value : 0;
    if (end.crash == nullptr || end.crash->signal != recorded) {
        return text;
    }
    if (const std::string fault = fault_in_words(*end.crash); !fault.empty()) {
        text += ": " + fault;
    } else if (end.reason == EndReason::kExited) {
        text += ": exit() was called";
    }
    CrashReader reader(*end.crash, plugins, arena, code);
    return text + place_in_words(reader, end.crash->on_main_thread != 0);
}

}  // namespace kayton
