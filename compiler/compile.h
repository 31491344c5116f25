// The compiler's one door. A Compiler lives as long as a session: it remembers what earlier cells defined. Each call
// takes one file or cell through every phase and gives diagnostics or an object. Nothing here prints, exits or throws,
// and nothing knows of processes.
// One thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/check/name_info.h"
#include "compiler/diagnostics/diagnostics.h"
#include "compiler/source/source.h"
#include "shared/environment.h"
#include "shared/result.h"

namespace kayton {

namespace check {
struct SessionState;
}

enum class OptLevel { kO0, kO2 };

struct CompileOptions {
    OptLevel opt = OptLevel::kO2;
    bool cell = false;        // top-level names stay for later cells; the last expression's value is shown
    bool check_only = false;  // stop after the checker
};

// A name of the session that holds a value. Names with '#' or ':' are the compiler's own and those of imported modules.
struct SessionGlobal {
    std::string name;
    std::string symbol;     // of its storage
    std::string signature;  // of the type it is stored as; behind the value a byte says whether it is bound
};

struct CompiledModule {
    std::string object;  // ELF relocatable, x86-64
    std::string entry;   // symbol of `int32_t entry(void)`: start-up table, then the module body
    std::vector<SessionGlobal> globals;  // of a cell: all that the session holds after it
};

struct CompileOutcome {
    std::vector<Diagnostic> diagnostics;  // errors and warnings; any error: no module
    bool ok = false;
    CompiledModule module;
    // The modules that this call has imported first: their file as tracebacks show it, their text.
    std::vector<std::pair<std::string, std::string>> imported;
    // Where imports looked for a file and there was none: with one there, the program would be another.
    std::vector<std::string> sought_in_vain;
    // Of a cell: the names of earlier cells that it and what it calls use, and those that it deletes or gives another
    // definition or type.
    std::vector<std::string> used, changed;
    // Set instead of diagnostics for a crate that is missing or was built for another ABI: the exact line to print
    // ("ImportError: Library …"), kind kImport or kPluginAbi.
    std::vector<Error> import_errors;
};

struct Description {
    std::optional<NameInfo> name;
    std::vector<Diagnostic> diagnostics;
};

class Compiler {
  public:
    explicit Compiler(Environment environment);
    ~Compiler();
    Compiler(const Compiler&) = delete;
    Compiler& operator=(const Compiler&) = delete;

    // The source file must outlive the compiler.
    [[nodiscard]] CompileOutcome compile(const SourceFile& file, const CompileOptions& options);

    // What the cells have defined, now and before the last compile() that gave a module (null after it was undone). It
    // must not outlive the compiler.
    [[nodiscard]] std::shared_ptr<const check::SessionState> state() const;
    [[nodiscard]] std::shared_ptr<const check::SessionState> before_last_cell() const;
    // The worker stands where it stood then, without the names in `lost`: later cells have not been.
    void return_to(const check::SessionState& state, const std::vector<std::string>& lost = {});
    // The same for the state before the last cell. Once for each cell.
    void forget_last_cell(const std::vector<std::string>& lost = {});
    // The last cell was compiled, and an exception ended it: a name that it deletes or gives another type is what it was
    // before. Whether it is assigned is seen where it is read. Once for each cell. Gives what the session holds then.
    std::vector<SessionGlobal> last_cell_failed();
    // What is installed has changed.
    void set_environment(Environment environment);

    // Names and types of the session, for completion and `:type`; sorted.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> names() const;

    // The text of a function or class that a cell has defined; else empty.
    [[nodiscard]] std::string definition_of(const std::string& name) const;

    // What may stand for a name: all that is visible, or, for an expression, the members of its value. The expression
    // is not run. Empty when it does not compile.
    [[nodiscard]] std::vector<NameInfo> visible_names();
    [[nodiscard]] std::vector<NameInfo> members_of(const std::string& expression);
    // What an expression of the session is, not run: "x + 1: int" in its signature; else why it does not compile. A
    // message's file lives as long as the compiler.
    [[nodiscard]] Description describe(const std::string& expression);

    // For editors, of a program that may have errors: what its names stand for, in the order of the text; the members of
    // the value of the expression at `object`. Another compiler for each call; the file must outlive it.
    [[nodiscard]] std::vector<KnownName> known_names(const SourceFile& file);
    [[nodiscard]] std::vector<NameInfo> members_at(const SourceFile& file, Span object);

    // Initialises the code generator (2-20 ms the first time): call it on another thread while a worker starts.
    static void warm_up();
    // The processor that code is made for: its name and features. What is compiled for another may not run here.
    [[nodiscard]] static std::string target_identity();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kayton
