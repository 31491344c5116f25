#include "tests/fuzz/tree_nodes.h"

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
    void all(Exprs items, NodeClass node_class = NodeClass::kExpression) {
        for (const Expr* e : items) expression(e, node_class);
    }
    void params(std::span<const Param> items) {
        for (const Param& p : items) {
            expression(p.annotation, NodeClass::kAnnotation);
            expression(p.default_value);
        }
    }
    void keywords(std::span<const KeywordArg> items) {
        for (const KeywordArg& k : items) expression(k.value);
    }

    void expression(const Expr* e, NodeClass node_class = NodeClass::kExpression) {
        if (e == nullptr) return;
        add(node_class, e->span);
        switch (e->kind) {
            case ExprKind::kFString:
                for (const FStringPart& part : as<FStringExpr>(*e).parts) {
                    expression(part.value);
                    if (part.spec != nullptr) expression(part.spec);
                }
                break;
            case ExprKind::kTuple:
            case ExprKind::kList:
            case ExprKind::kSet: all(as<SequenceExpr>(*e).items, node_class); break;
            case ExprKind::kDict:
                for (const DictItem& item : as<DictExpr>(*e).items) {
                    expression(item.key);
                    expression(item.value);
                }
                break;
            case ExprKind::kComprehension: {
                const auto& c = as<ComprehensionExpr>(*e);
                expression(c.element);
                expression(c.value);
                for (const ComprehensionClause& clause : c.clauses) {
                    expression(clause.target, NodeClass::kTarget);
                    expression(clause.iterable);
                    all(clause.conditions);
                }
                break;
            }
            case ExprKind::kUnary: expression(as<UnaryExpr>(*e).operand); break;
            case ExprKind::kBinary:
                expression(as<BinaryExpr>(*e).left, node_class);
                expression(as<BinaryExpr>(*e).right, node_class);
                break;
            case ExprKind::kBoolOp: all(as<BoolOpExpr>(*e).operands); break;
            case ExprKind::kCompare:
                expression(as<CompareExpr>(*e).first);
                all(as<CompareExpr>(*e).rest);
                break;
            case ExprKind::kConditional:
                expression(as<ConditionalExpr>(*e).condition);
                expression(as<ConditionalExpr>(*e).then_value);
                expression(as<ConditionalExpr>(*e).else_value);
                break;
            case ExprKind::kCall:
                expression(as<CallExpr>(*e).callee);
                all(as<CallExpr>(*e).args);
                keywords(as<CallExpr>(*e).keywords);
                break;
            case ExprKind::kAttribute: expression(as<AttributeExpr>(*e).object); break;
            case ExprKind::kSubscript:
                expression(as<SubscriptExpr>(*e).object);
                expression(as<SubscriptExpr>(*e).index, node_class);
                break;
            case ExprKind::kSlice:
                expression(as<SliceExpr>(*e).start);
                expression(as<SliceExpr>(*e).stop);
                expression(as<SliceExpr>(*e).step);
                break;
            case ExprKind::kLambda:
                params(as<LambdaExpr>(*e).params);
                expression(as<LambdaExpr>(*e).body);
                break;
            case ExprKind::kStarred: expression(as<StarredExpr>(*e).value, node_class); break;
            case ExprKind::kNamedExpr: expression(as<NamedExpr>(*e).value); break;
            case ExprKind::kRange:
                expression(as<RangeExpr>(*e).start);
                expression(as<RangeExpr>(*e).stop);
                break;
            case ExprKind::kYield:
            case ExprKind::kYieldFrom:
            case ExprKind::kAwait: expression(as<YieldExpr>(*e).value); break;
            default: break;
        }
    }

    void pattern(const Pattern& p) {
        add(NodeClass::kPattern, p.span);
        expression(p.value);
        for (const Expr* key : p.keys) expression(key);
        for (const Pattern* child : p.children) pattern(*child);
    }

    void statement(const Stmt& s) {
        add(NodeClass::kStatement, s.span);
        switch (s.kind) {
            case StmtKind::kExpr: expression(as<ExprStmt>(s).value); break;
            case StmtKind::kAssign:
                all(as<AssignStmt>(s).targets, NodeClass::kTarget);
                expression(as<AssignStmt>(s).value);
                break;
            case StmtKind::kAugAssign:
                expression(as<AugAssignStmt>(s).target, NodeClass::kTarget);
                expression(as<AugAssignStmt>(s).value);
                break;
            case StmtKind::kAnnAssign:
                expression(as<AnnAssignStmt>(s).target, NodeClass::kTarget);
                expression(as<AnnAssignStmt>(s).annotation, NodeClass::kAnnotation);
                expression(as<AnnAssignStmt>(s).value);
                break;
            case StmtKind::kIf:
                expression(as<IfStmt>(s).condition);
                body(as<IfStmt>(s).body);
                body(as<IfStmt>(s).else_body);
                break;
            case StmtKind::kWhile:
                expression(as<WhileStmt>(s).condition);
                body(as<WhileStmt>(s).body);
                body(as<WhileStmt>(s).else_body);
                break;
            case StmtKind::kFor:
                expression(as<ForStmt>(s).target, NodeClass::kTarget);
                expression(as<ForStmt>(s).iterable);
                body(as<ForStmt>(s).body);
                body(as<ForStmt>(s).else_body);
                break;
            case StmtKind::kReturn: expression(as<ReturnStmt>(s).value); break;
            case StmtKind::kRaise:
                expression(as<RaiseStmt>(s).value);
                expression(as<RaiseStmt>(s).cause);
                break;
            case StmtKind::kTry:
                body(as<TryStmt>(s).body);
                for (const ExceptHandler& handler : as<TryStmt>(s).handlers) {
                    expression(handler.type);
                    body(handler.body);
                }
                body(as<TryStmt>(s).else_body);
                body(as<TryStmt>(s).finally_body);
                break;
            case StmtKind::kWith:
                for (const WithItem& item : as<WithStmt>(s).items) {
                    expression(item.context);
                    expression(item.target, NodeClass::kTarget);
                }
                body(as<WithStmt>(s).body);
                break;
            case StmtKind::kAssert:
                expression(as<AssertStmt>(s).condition);
                expression(as<AssertStmt>(s).message);
                break;
            case StmtKind::kDelete: all(as<DeleteStmt>(s).targets, NodeClass::kTarget); break;
            case StmtKind::kFunction: {
                const auto& f = as<FunctionStmt>(s);
                all(f.decorators);
                params(f.params);
                expression(f.returns, NodeClass::kAnnotation);
                body(f.body);
                break;
            }
            case StmtKind::kClass: {
                const auto& c = as<ClassStmt>(s);
                all(c.decorators);
                all(c.bases);
                keywords(c.keywords);
                body(c.body);
                break;
            }
            case StmtKind::kMatch:
                expression(as<MatchStmt>(s).subject);
                for (const MatchCase& c : as<MatchStmt>(s).cases) {
                    pattern(*c.pattern);
                    expression(c.guard);
                    body(c.body);
                }
                break;
            case StmtKind::kTypeAlias: expression(as<TypeAliasStmt>(s).value, NodeClass::kAnnotation); break;
            default: break;
        }
    }
};

}  // namespace

std::vector<Node> nodes_of(const Module& module) {
    Walk walk;
    walk.body(module.body);
    return std::move(walk.nodes);
}

}  // namespace kayton::fuzz
