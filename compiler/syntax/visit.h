// Goes over the nodes directly below a node, in the order of the text (a comprehension's clauses before its element),
// for passes that care about a few kinds only. A caller that goes on below decides how deep: expressions are at most
// kMaxExpressionHeight high, blocks as deep as the parser lets them be; the elifs of an `if` are told as one flat list.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <type_traits>

#include "compiler/syntax/ast.h"

namespace kayton::syntax {

// What a statement does with an expression of its own.
enum class Role : uint8_t { kValue, kTarget, kAnnotation };

// on_expr(const Expr&) for every expression directly below, never for null.
template <typename OnExpr>
void visit_children(const Expr& e, OnExpr&& on_expr) {
    const auto one = [&](const Expr* child) {
        if (child != nullptr) on_expr(*child);
    };
    const auto all = [&](Exprs items) {
        for (const Expr* item : items) one(item);
    };
    switch (e.kind) {
        case ExprKind::kFString: {
            const auto parts = [&](const auto& self, const FStringExpr& f) -> void {
                for (const FStringPart& part : f.parts) {
                    one(part.value);
                    if (part.spec != nullptr) self(self, *part.spec);
                }
            };
            parts(parts, as<FStringExpr>(e));
            break;
        }
        case ExprKind::kTuple:
        case ExprKind::kList:
        case ExprKind::kSet: all(as<SequenceExpr>(e).items); break;
        case ExprKind::kDict:
            for (const DictItem& item : as<DictExpr>(e).items) {
                one(item.key);
                one(item.value);
            }
            break;
        case ExprKind::kComprehension: {
            const auto& c = as<ComprehensionExpr>(e);
            for (const ComprehensionClause& clause : c.clauses) {
                one(clause.target);
                one(clause.iterable);
                all(clause.conditions);
            }
            one(c.element);
            one(c.value);
            break;
        }
        case ExprKind::kUnary: one(as<UnaryExpr>(e).operand); break;
        case ExprKind::kBinary:
            one(as<BinaryExpr>(e).left);
            one(as<BinaryExpr>(e).right);
            break;
        case ExprKind::kBoolOp: all(as<BoolOpExpr>(e).operands); break;
        case ExprKind::kCompare:
            one(as<CompareExpr>(e).first);
            all(as<CompareExpr>(e).rest);
            break;
        case ExprKind::kConditional:
            one(as<ConditionalExpr>(e).then_value);
            one(as<ConditionalExpr>(e).condition);
            one(as<ConditionalExpr>(e).else_value);
            break;
        case ExprKind::kCall:
            one(as<CallExpr>(e).callee);
            all(as<CallExpr>(e).args);
            for (const KeywordArg& k : as<CallExpr>(e).keywords) one(k.value);
            break;
        case ExprKind::kAttribute: one(as<AttributeExpr>(e).object); break;
        case ExprKind::kSubscript:
            one(as<SubscriptExpr>(e).object);
            one(as<SubscriptExpr>(e).index);
            break;
        case ExprKind::kSlice:
            one(as<SliceExpr>(e).start);
            one(as<SliceExpr>(e).stop);
            one(as<SliceExpr>(e).step);
            break;
        case ExprKind::kLambda:
            for (const Param& p : as<LambdaExpr>(e).params) one(p.default_value);
            one(as<LambdaExpr>(e).body);
            break;
        case ExprKind::kStarred: one(as<StarredExpr>(e).value); break;
        case ExprKind::kNamedExpr:
            one(as<NamedExpr>(e).target);
            one(as<NamedExpr>(e).value);
            break;
        case ExprKind::kRange:
            one(as<RangeExpr>(e).start);
            one(as<RangeExpr>(e).stop);
            break;
        case ExprKind::kYield:
        case ExprKind::kYieldFrom:
        case ExprKind::kAwait: one(as<YieldExpr>(e).value); break;
        default: break;
    }
}

// The expressions in a pattern; its captures are the caller's to find.
template <typename OnExpr>
void visit_children(const Pattern& p, OnExpr&& on_expr) {
    if (p.value != nullptr) on_expr(*p.value);
    for (const Expr* key : p.keys) on_expr(*key);
    for (const Pattern* child : p.children) visit_children(*child, on_expr);
}

// on_expr(const Expr&) or on_expr(const Expr&, Role) for the expressions of the statement itself, on_body(Body) for the
// blocks below it.
template <typename OnExpr, typename OnBody>
void visit_children(const Stmt& s, OnExpr&& on_expr, OnBody&& on_body) {
    const auto one = [&](const Expr* child, Role role = Role::kValue) {
        if (child == nullptr) return;
        if constexpr (std::is_invocable_v<OnExpr, const Expr&, Role>) on_expr(*child, role);
        else on_expr(*child);
    };
    const auto all = [&](Exprs items, Role role = Role::kValue) {
        for (const Expr* item : items) one(item, role);
    };
    switch (s.kind) {
        case StmtKind::kExpr: one(as<ExprStmt>(s).value); break;
        case StmtKind::kAssign:
            all(as<AssignStmt>(s).targets, Role::kTarget);
            one(as<AssignStmt>(s).value);
            break;
        case StmtKind::kAugAssign:
            one(as<AugAssignStmt>(s).target, Role::kTarget);
            one(as<AugAssignStmt>(s).value);
            break;
        case StmtKind::kAnnAssign:
            one(as<AnnAssignStmt>(s).target, Role::kTarget);
            one(as<AnnAssignStmt>(s).annotation, Role::kAnnotation);
            one(as<AnnAssignStmt>(s).value);
            break;
        case StmtKind::kIf:
            for (const Stmt* at = &s; at != nullptr;) {
                const auto& branch = as<IfStmt>(*at);
                one(branch.condition);
                on_body(branch.body);
                const bool elif = branch.else_body.size() == 1 && branch.else_body[0]->kind == StmtKind::kIf;
                if (!elif) on_body(branch.else_body);
                at = elif ? branch.else_body[0] : nullptr;
            }
            break;
        case StmtKind::kWhile:
            one(as<WhileStmt>(s).condition);
            on_body(as<WhileStmt>(s).body);
            on_body(as<WhileStmt>(s).else_body);
            break;
        case StmtKind::kFor:
            one(as<ForStmt>(s).target, Role::kTarget);
            one(as<ForStmt>(s).iterable);
            on_body(as<ForStmt>(s).body);
            on_body(as<ForStmt>(s).else_body);
            break;
        case StmtKind::kReturn: one(as<ReturnStmt>(s).value); break;
        case StmtKind::kRaise:
            one(as<RaiseStmt>(s).value);
            one(as<RaiseStmt>(s).cause);
            break;
        case StmtKind::kTry:
            on_body(as<TryStmt>(s).body);
            for (const ExceptHandler& h : as<TryStmt>(s).handlers) {
                one(h.type);
                on_body(h.body);
            }
            on_body(as<TryStmt>(s).else_body);
            on_body(as<TryStmt>(s).finally_body);
            break;
        case StmtKind::kWith:
            for (const WithItem& item : as<WithStmt>(s).items) {
                one(item.context);
                one(item.target, Role::kTarget);
            }
            on_body(as<WithStmt>(s).body);
            break;
        case StmtKind::kAssert:
            one(as<AssertStmt>(s).condition);
            one(as<AssertStmt>(s).message);
            break;
        case StmtKind::kDelete: all(as<DeleteStmt>(s).targets, Role::kTarget); break;
        case StmtKind::kFunction:
            all(as<FunctionStmt>(s).decorators);
            for (const Param& p : as<FunctionStmt>(s).params) {
                one(p.annotation, Role::kAnnotation);
                one(p.default_value);
            }
            one(as<FunctionStmt>(s).returns, Role::kAnnotation);
            on_body(as<FunctionStmt>(s).body);
            break;
        case StmtKind::kClass:
            all(as<ClassStmt>(s).decorators);
            all(as<ClassStmt>(s).bases);
            for (const KeywordArg& k : as<ClassStmt>(s).keywords) one(k.value);
            on_body(as<ClassStmt>(s).body);
            break;
        case StmtKind::kMatch:
            one(as<MatchStmt>(s).subject);
            for (const MatchCase& c : as<MatchStmt>(s).cases) {
                visit_children(*c.pattern, [&](const Expr& e) { one(&e); });
                one(c.guard);
                on_body(c.body);
            }
            break;
        case StmtKind::kTypeAlias: one(as<TypeAliasStmt>(s).value, Role::kAnnotation); break;
        default: break;
    }
}

}  // namespace kayton::syntax
