// CodeTable: which Kayton function and line a machine address in the worker belongs to. Filled by the linker when a
// module's addresses are final, read by the crash report. Ranges are those of the worker's address space.
// Owned by a Session, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kayton {

// From `address` on (up to the next entry or the function's end) the code belongs to `line`; 0: to no line.
struct CodeLine {
    uint64_t address = 0;
    uint32_t line = 0;
};

struct CodeFunction {
    uint64_t address = 0;
    uint64_t size = 0;
    std::string function;  // as tracebacks show it: "<module>", "area"
    std::string file;      // as given on the command line, or "<cell 4>"
    std::vector<CodeLine> lines;
};

struct CodeLocation {
    std::string function;
    std::string file;
    uint32_t line = 0;  // 0: not known
};

class CodeTable {
  public:
    // Sorts the lines; a function that overlaps one already there is ignored (addresses are never reused).
    void add(CodeFunction function);
    [[nodiscard]] std::optional<CodeLocation> find(uint64_t address) const;
    [[nodiscard]] bool empty() const { return functions_.empty(); }

  private:
    std::map<uint64_t, CodeFunction> functions_;  // by address
};

}  // namespace kayton
