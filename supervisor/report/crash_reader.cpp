#include "supervisor/report/crash_reader.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "shared/shell_word.h"

namespace kayton {
namespace {

// What a module's start-up code is called; its frame says nothing that the module's own does not.
constexpr std::string_view kEntryFunction = "<entry>";

std::optional<uint64_t> hexadecimal(std::string_view text) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// "7f12-7f34 r-xp 00001000 fe:00 1234    /path": what is not of this form is left out.
std::optional<MappedModule> parse_module(std::string_view line) {
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
    return MappedModule{*start, *end, *offset, std::string(line.substr(slash))};
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

}  // namespace

CrashReader::CrashReader(const CrashPage& page, const std::vector<InstalledPlugin>& plugins, const CodeArena& arena,
                         const CodeTable& code)
    : page_(page), arena_(arena), code_(code) {
    std::vector<PluginFile> files;
    for (const InstalledPlugin& plugin : plugins) {
        std::error_code error;
        files.push_back({&plugin, plugin.library(), std::filesystem::weakly_canonical(plugin.library(), error)});
    }
    std::string_view maps(page.maps, page.maps_size);
    while (!maps.empty()) {
        const size_t end = std::min(maps.find('\n'), maps.size());
        if (auto module = parse_module(maps.substr(0, end))) {
            add(std::move(*module), files);
        }
        maps.remove_prefix(std::min(end + 1, maps.size()));
    }
}

void CrashReader::add(MappedModule module, const std::vector<PluginFile>& files) {
    for (const PluginFile& file : files) {
        if (module.path == file.real || module.path == file.path) {
            // The path that is opened is the environment's own, not what the worker says.
            plugins_.push_back({std::move(module), file.plugin->crate, file.plugin->version,
                                std::make_shared<ElfSymbols>(file.path)});
            return;
        }
    }
    libraries_.push_back(std::move(module));
}

std::optional<NativePlace> CrashReader::place_of(uint64_t address, bool is_return) const {
    for (const PluginModule& plugin : plugins_) {
        if (address < plugin.module.start || address >= plugin.module.end) {
            continue;
        }
        const uint64_t offset = plugin.module.offset + (address - plugin.module.start);
        if (is_return && !plugin.symbols->follows_call(offset)) {
            continue;
        }
        return NativePlace{plugin.crate,
                           plugin.version,
                           without_thunk(plugin.symbols->function_at(is_return ? offset - 1 : offset)),
                           {}};
    }
    return std::nullopt;
}

std::optional<NativePlace> CrashReader::plugin_place() const {
    std::optional<NativePlace> first;
    const auto consider = [&](uint64_t address, bool is_return) -> std::optional<NativePlace> {
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

std::vector<NativePlace> CrashReader::native_places(size_t most) const {
    std::vector<NativePlace> places;
    if (in_kayton_code()) {
        return places;
    }
    if (auto place = place_of(page_.pc, false)) {
        places.push_back(std::move(*place));
    } else {
        const auto library = std::find_if(libraries_.begin(), libraries_.end(), [&](const MappedModule& module) {
            return page_.pc >= module.start && page_.pc < module.end;
        });
        if (library != libraries_.end()) {
            places.push_back({{}, {}, {}, printable(std::filesystem::path(library->path).filename().string())});
        }
    }
    // Plugins are built without frame pointers, so every word of the stack that can be a return address counts.
    for (uint32_t index = 0; index < page_.stack_words && places.size() < most; ++index) {
        if (location_of(page_.stack[index])) {
            break;
        }
        auto place = place_of(page_.stack[index], true);
        const bool repeated = place && !places.empty() && places.back().crate == place->crate &&
                              places.back().function == place->function;
        if (place && !repeated) {
            places.push_back(std::move(*place));
        }
    }
    return places;
}

// The stack's words go first: a library built without frame pointers leaves its caller's in place, so that the walk
// steps over the very call that led into it.
std::optional<CodeLocation> CrashReader::kayton_place() const {
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

std::vector<CodeLocation> CrashReader::kayton_places(size_t most) const {
    std::vector<CodeLocation> places;
    if (auto innermost = kayton_place(); innermost && innermost->line != 0) {
        places.push_back(std::move(*innermost));
    }
    bool skip = !in_kayton_code();  // the first word is the innermost frame, found already
    for (uint32_t index = 0; index < page_.code_word_count && places.size() < most; ++index) {
        if (auto location = location_of(page_.code_words[index])) {
            if (!std::exchange(skip, false)) {
                places.push_back(std::move(*location));
            }
        }
    }
    return places;
}

// A word that can be a return address into Kayton code: what lies before it is a call.
std::optional<CodeLocation> CrashReader::location_of(uint64_t address) const {
    if (!arena_.holds_code(address) || !arena_.holds_code(address - 8)) {
        return std::nullopt;
    }
    const auto* code = reinterpret_cast<const unsigned char*>(arena_.local_code(address));
    auto location = ends_with_call(code, 8) ? code_.find(address - 1) : std::nullopt;
    const bool said = location && location->line != 0 && location->function != kEntryFunction;
    return said ? location : std::nullopt;
}

}  // namespace kayton
