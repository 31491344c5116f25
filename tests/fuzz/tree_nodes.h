// The places of a program's subtrees, for mutations that exchange them: every expression, pattern, annotation, statement
// and parameter with its span in the text.
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/syntax/ast.h"

namespace kayton::fuzz {

enum class NodeClass : uint8_t { kExpression, kTarget, kAnnotation, kPattern, kStatement };

struct Node {
    NodeClass node_class;
    Span span;
};

// In the order of a walk; spans of one class may lie inside each other. Statements are whole lines only where the source
// has them so.
[[nodiscard]] std::vector<Node> nodes_of(const syntax::Module& module);

}  // namespace kayton::fuzz
