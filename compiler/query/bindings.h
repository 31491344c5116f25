// Which name of a program's text means which: every symbol the file defines with all its occurrences, found from the
// syntax tree alone by Python's scoping rules. It works on a tree with errors, for what the parser has kept of it.
// Plain values; they refer to the tree and its file, which must outlive them. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/syntax/ast.h"

namespace kayton::query {

enum class SymbolKind : uint8_t { kVariable, kParameter, kFunction, kMethod, kClass, kField, kModule, kImported };

struct Symbol {
    std::string name;
    SymbolKind kind = SymbolKind::kVariable;
    uint32_t scope = 0;
    std::vector<Span> occurrences;                   // definitions and uses, in the order they were met
    Span definition{};                               // the name where it is first bound
    const syntax::FunctionStmt* function = nullptr;  // kFunction, kMethod: what it names; kParameter: whose it is
    const syntax::ClassStmt* owner = nullptr;        // kClass: itself; kMethod, kField: the class
    bool has_alias = false;                          // kModule, kImported: `as name`
    bool exact = true;                               // every occurrence stands in the text as it is
};

enum class ScopeKind : uint8_t { kModule, kFunction, kClass, kComprehension };

struct ScopeRange {
    ScopeKind kind = ScopeKind::kModule;
    uint32_t parent = 0;  // itself, for the module
    Span span{};          // up to the next statement outside
    uint32_t column = 0;  // of the statement that opens it: what belongs to it is further in
    std::map<std::string, uint32_t, std::less<>> names;  // symbols
    std::set<std::string, std::less<>> used;             // names read or written in it, not below
};

// `name=value` in a call.
struct KeywordUse {
    std::string name;
    Span span;            // of the name
    int64_t callee = -1;  // the symbol that is called, when it is a plain name of the file
    Span member{};        // else, of `object.member(…)`: the member's name; empty for other callees
};

// What a file defines, for an outline.
struct OutlineItem {
    std::string name;
    SymbolKind kind = SymbolKind::kVariable;
    Span whole;
    Span name_span;
    std::vector<OutlineItem> children;
};

struct Bindings {
    std::vector<Symbol> symbols;
    std::vector<ScopeRange> scopes;  // the module first
    std::vector<KeywordUse> keywords;
    std::vector<OutlineItem> outline;

    // The symbol whose name touches the byte at `offset`.
    [[nodiscard]] const Symbol* at(uint32_t offset, Span* occurrence = nullptr) const;
    // The innermost scope that a line at this place belongs to, which may be blank.
    [[nodiscard]] uint32_t scope_at(std::string_view text, uint32_t offset) const;
    // What can be named there, innermost first; a name that hides another stands alone.
    [[nodiscard]] std::vector<const Symbol*> visible_at(std::string_view text, uint32_t offset) const;
};

[[nodiscard]] Bindings find_bindings(const syntax::Module& module);

}  // namespace kayton::query
