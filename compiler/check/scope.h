// Which names a function, lambda or module body binds, and which it takes from outside: Python's scoping rules, found
// once per syntax tree before any type is known.
// Plain values made by analyse_scope; immutable afterwards.
#pragma once

#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/syntax/ast.h"

namespace kayton::check {

struct Scope {
    std::vector<std::string_view> names;  // bound here: parameters first, then in order of first binding
    std::unordered_map<std::string_view, uint32_t> slots;
    std::unordered_set<std::string_view> globals;       // declared `global`
    std::unordered_set<std::string_view> nonlocals;     // declared `nonlocal`
    std::unordered_set<std::string_view> used;          // every name read or written here or in a nested function or comprehension
    std::unordered_set<std::string_view> nested_used;   // of those, the ones that nested functions use
    std::unordered_set<std::string_view> rebound;       // parameters that the body assigns
    std::unordered_set<std::string_view> reassigned;    // bound at more than one place
    std::unordered_set<std::string_view> redefined;     // functions with several definitions, not all at the top of the body
    std::unordered_set<std::string_view> nested_nonlocals;  // names that a nested function declares `nonlocal`
    std::unordered_set<std::string_view> nested_globals;  // names that a nested function declares `global` and so may assign

    [[nodiscard]] bool binds(std::string_view name) const { return slots.contains(name); }
};

// `params` may be empty (modules). Comprehension targets are not bound here: they live in the comprehension.
[[nodiscard]] Scope analyse_scope(std::span<const syntax::Param> params, syntax::Body body);
// Whether a function written in the comprehension uses its targets, and so keeps them.
[[nodiscard]] bool closes_over_targets(const syntax::ComprehensionExpr& comprehension);
[[nodiscard]] Scope analyse_lambda(const syntax::LambdaExpr& lambda);

}  // namespace kayton::check
