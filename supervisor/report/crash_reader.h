// CrashReader: finds the places of a crash in the record that a worker left: frames of plugins, frames of Kayton code.
// The record is untrusted. Its counts are bounded already; every address in it is only compared and looked up, and
// files are opened by the environment's own paths, never by those the worker names. Short-lived, used by
// crash_report.cpp; one thread. What it is given must outlive it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/crash_page.h"
#include "shared/environment.h"
#include "supervisor/link/code_arena.h"
#include "supervisor/link/code_table.h"
#include "supervisor/report/elf_symbols.h"

namespace kayton {

// An executable mapping of a file in the worker's memory.
struct MappedModule {
    uint64_t start = 0;
    uint64_t end = 0;
    uint64_t offset = 0;
    std::string path;
};

// Where in a plugin, or in another library, the worker was.
struct NativePlace {
    std::string crate;  // empty: no plugin
    std::string version;
    std::string function;  // empty: not known
    std::string library;   // the file's name, when it is no plugin's
};

class CrashReader {
  public:
    CrashReader(const CrashPage& page, const std::vector<InstalledPlugin>& plugins, const CodeArena& arena,
                const CodeTable& code);

    // The innermost function of a plugin, preferring the crate's own over what it is built on.
    [[nodiscard]] std::optional<NativePlace> plugin_place() const;
    // Native frames inside the innermost Kayton frame, innermost first, at most `most`.
    [[nodiscard]] std::vector<NativePlace> native_places(size_t most) const;
    // The innermost Kayton line.
    [[nodiscard]] std::optional<CodeLocation> kayton_place() const;
    // Kayton frames, innermost first, at most `most`.
    [[nodiscard]] std::vector<CodeLocation> kayton_places(size_t most) const;
    [[nodiscard]] bool in_kayton_code() const { return arena_.holds_code(page_.pc); }

  private:
    struct PluginModule {
        MappedModule module;
        std::string crate;
        std::string version;
        std::shared_ptr<ElfSymbols> symbols;
    };

    struct PluginFile {
        const InstalledPlugin* plugin;
        std::filesystem::path path;
        std::filesystem::path real;
    };
    void add(MappedModule module, const std::vector<PluginFile>& files);
    [[nodiscard]] std::optional<NativePlace> place_of(uint64_t address, bool is_return) const;
    [[nodiscard]] std::optional<CodeLocation> location_of(uint64_t address) const;

    const CrashPage& page_;
    const CodeArena& arena_;
    const CodeTable& code_;
    std::vector<PluginModule> plugins_;
    std::vector<MappedModule> libraries_;
};

}  // namespace kayton
