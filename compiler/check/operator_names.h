// How operators are written and which special methods stand for them.
// Pure functions; any thread.
#pragma once

#include "compiler/syntax/ast.h"

namespace kayton::check {

[[nodiscard]] const char* symbol(syntax::BinaryOp op);   // as CPython's messages show it: "** or pow()"
[[nodiscard]] const char* symbol(syntax::CompareOp op);  // of <, <=, > and >=
[[nodiscard]] const char* dunder(syntax::BinaryOp op);   // "__add__"

}  // namespace kayton::check
