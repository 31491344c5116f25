// Prints a syntax tree as s-expressions, one statement a line: for tests and for people who debug the parser.
// Pure function, safe in any thread.
#pragma once

#include <string>

#include "compiler/syntax/ast.h"

namespace kayton::syntax {

// (assign x (+ 1 2)); the statements of a block are indented by two spaces.
[[nodiscard]] std::string print_module(const Module& module);
[[nodiscard]] std::string print_expr(const Expr* e);

}  // namespace kayton::syntax
