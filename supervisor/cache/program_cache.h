// Compiled programs kept on disk, so that running one again does not compile it again. An entry is found by all that the
// compiler read to make it: the program's text and name, this very build of Kayton, the processor, the options, the
// crates of the environment; it holds the modules that the program imports, and where an import looked in vain, and is
// only used while those are as they were.
//
// One file an entry under <home>/cache/programs, written aside and renamed, so that any number of processes may read and
// write at once; a file that is not whole is thrown away. The least recently used go when there is more than
// kMostBytes. Whoever can write there can run code as the person, as with any file of theirs: workers cannot.
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/compile.h"
#include "shared/environment.h"

namespace kayton {

struct CachedProgram {
    CompiledModule module;
    std::vector<std::pair<std::string, std::string>> imported;  // as in CompileOutcome
    std::string warnings, coloured_warnings;                    // what the compiler said of it, rendered
};

class ProgramCache {
  public:
    static constexpr uint64_t kMostBytes = uint64_t{64} << 20;  // some thousands of programs

    // The entry of this program; the folder need not exist.
    ProgramCache(const Environment& environment, const SourceFile& source, OptLevel opt);
    ProgramCache(std::filesystem::path folder, std::string key);  // for tests

    [[nodiscard]] std::optional<CachedProgram> find() const;
    // Best effort: a cache that cannot be written is none.
    void store(const CachedProgram& program, const std::vector<std::string>& sought_in_vain) const;

    // Removes the least recently used entries until the folder holds at most so many bytes.
    static void prune(const std::filesystem::path& folder, uint64_t most_bytes);

  private:
    [[nodiscard]] std::filesystem::path file() const { return folder_ / key_; }
    std::filesystem::path folder_;
    std::string key_;
};

}  // namespace kayton
