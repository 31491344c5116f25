// Compile-time messages. Every message has a code registered in diagnostics.def, one primary label, any number of
// secondary labels and a help line. The engine collects; renderers (text with carets, JSON) are separate.
// One engine a compilation, used by one thread.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compiler/source/source.h"

namespace kayton {

enum class DiagCode {
#define KT_DIAGNOSTIC(id, code, severity, summary) id,
#include "compiler/diagnostics/diagnostics.def"
#undef KT_DIAGNOSTIC
};

enum class Severity { kError, kWarning };

struct DiagInfo {
    const char* code;  // "E0308"
    Severity severity;
    const char* summary;
};
[[nodiscard]] const DiagInfo& diag_info(DiagCode code);
[[nodiscard]] const std::vector<DiagInfo>& all_diag_infos();  // in the order of the registry

struct Label {
    const SourceFile* file = nullptr;
    Span span;
    std::string text;  // shown after the carets; may be empty
};

struct Diagnostic {
    DiagCode code;
    std::string message;
    Label primary;
    std::vector<Label> secondary;
    std::string help;  // may be empty
    bool only_here = false;  // a rule of static types: Python would run it
    bool of_none = false;    // about a value that is None there
    bool raises = false;     // a warning: the program compiles, and raises this where the run comes to it
    [[nodiscard]] Severity severity() const { return raises ? Severity::kWarning : diag_info(code).severity; }
};

class DiagnosticEngine {
  public:
    // Adds a message unless the same code already stands at the same place.
    Diagnostic& report(DiagCode code, const SourceFile& file, Span span, std::string message, std::string label = {},
                       std::string help = {});
    [[nodiscard]] bool has_errors() const { return errors_ > 0; }
    [[nodiscard]] size_t error_count() const { return errors_; }
    [[nodiscard]] const std::vector<Diagnostic>& all() const { return diagnostics_; }
    // Of what `Diagnostic::raises` says.
    void warn(Diagnostic diagnostic);
    void clear();
    // Forgets every message added after `mark` (= all().size() earlier): a pass that will be repeated.
    void rewind(size_t mark);

  private:
    static size_t place_of(DiagCode code, const SourceFile* file, Span span);

    std::vector<Diagnostic> diagnostics_;
    std::unordered_set<size_t> places_;  // hashes of code, file and start: a collision is settled by a search
    Diagnostic scratch_{};               // returned for a duplicate, so that callers may add labels to nothing
    size_t errors_ = 0;
};

// By file, in the order the files are first named, then by place.
[[nodiscard]] std::vector<Diagnostic> in_source_order(const std::vector<Diagnostic>& diagnostics);
// Rendered in source order, as LANGUAGE.md's example shows; ends with a newline. `color` adds ANSI colours.
[[nodiscard]] std::string render_text(const std::vector<Diagnostic>& diagnostics, bool color);
[[nodiscard]] std::string render_json(const std::vector<Diagnostic>& diagnostics);

// "did you mean": the nearest candidate within a third of the word's length, or empty.
[[nodiscard]] std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace kayton
