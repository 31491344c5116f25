#include "tests/fuzz/tree_nodes.h"

#include "compiler/syntax/visit.h"

namespace kayton::fuzz {

using namespace syntax;

namespace {

class Walk {
  public:
    std::vector<Node> nodes;

    void body(Body statements) {
        for (const Stmt* s : statements) statement(*s);
    }

  private:
    void add(NodeClass node_class, Span span) {
        if (span.end > span.begin) nodes.push_back({node_class, span});
    }

    void expression(const Expr& e, NodeClass node_class) {
        add(node_class, e.span);
        // The items of a target are targets, and what an annotation is made of is one too.
        const bool alike = e.kind == ExprKind::kTuple || e.kind == ExprKind::kList || e.kind == ExprKind::kStarred ||
                           (node_class == NodeClass::kAnnotation && (e.kind == ExprKind::kBinary || e.kind == ExprKind::kSubscript));
        const NodeClass below = alike ? node_class : NodeClass::kExpression;
        visit_children(e, [&](const Expr& child) { expression(child, below); });
    }

    void patterns(const Pattern& p) {
        add(NodeClass::kPattern, p.span);
        for (const Pattern* child : p.children) patterns(*child);
    }

    void statement(const Stmt& s) {
        add(NodeClass::kStatement, s.span);
        if (s.kind == StmtKind::kMatch)
            for (const MatchCase& c : as<MatchStmt>(s).cases) patterns(*c.pattern);
        visit_children(
            s,
            [&](const Expr& e, Role role) {
                const bool annotation = role == Role::kAnnotation;
                expression(e, role == Role::kTarget ? NodeClass::kTarget : annotation ? NodeClass::kAnnotation : NodeClass::kExpression);
            },
            [&](Body inner) { body(inner); });
    }
};

}  // namespace

std::vector<Node> nodes_of(const Module& module) {
    Walk walk;
    walk.body(module.body);
    return std::move(walk.nodes);
}

}  // namespace kayton::fuzz
