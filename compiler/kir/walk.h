// Visits what is under a block of the typed program, statements' bodies and kSeq blocks included: every expression, and
// every statement and iteration where the visitor takes them too (const Stmt&, const Iter&). Parents come first.
// Pure; any thread.
#pragma once

#include <type_traits>

#include "compiler/types/typed_program.h"

namespace kayton::kir {

template <typename Visit>
void walk_block(typed::Block block, Visit&& visit);

template <typename Visit>
void walk_expr(const typed::Expr* expr, Visit&& visit) {
    if (expr == nullptr) return;
    visit(expr);
    for (const typed::Expr* arg : expr->args) walk_expr(arg, visit);
    walk_block(expr->block, visit);
}

template <typename Visit>
void walk_iter(const typed::Iter* iter, Visit&& visit) {
    if (iter == nullptr) return;
    if constexpr (std::is_invocable_v<Visit&, const typed::Iter&>) visit(*iter);
    for (const typed::Expr* arg : iter->args) walk_expr(arg, visit);
    for (const typed::Iter* child : iter->children) walk_iter(child, visit);
}

template <typename Visit>
void walk_stmt(const typed::Stmt& stmt, Visit&& visit) {
    if constexpr (std::is_invocable_v<Visit&, const typed::Stmt&>) visit(stmt);
    walk_expr(stmt.a, visit);
    walk_expr(stmt.b, visit);
    walk_expr(stmt.c, visit);
    walk_iter(stmt.iter, visit);
    walk_block(stmt.body, visit);
    walk_block(stmt.else_body, visit);
    walk_block(stmt.finally_body, visit);
    for (const typed::Handler& handler : stmt.handlers) walk_block(handler.body, visit);
}

template <typename Visit>
void walk_block(typed::Block block, Visit&& visit) {
    for (const typed::Stmt* stmt : block) walk_stmt(*stmt, visit);
}

// Calls `found` with every local that the statement or the iteration itself assigns.
template <typename Found>
void assigned_locals(const typed::Stmt& stmt, const Found& found) {
    if (stmt.kind == typed::StmtKind::kAssign || stmt.kind == typed::StmtKind::kUnbind) found(stmt.index);
    for (const typed::Handler& handler : stmt.handlers) {
        if (handler.local >= 0) found(static_cast<uint32_t>(handler.local));
    }
}

template <typename Found>
void assigned_locals(const typed::Iter& iter, const Found& found) {
    if (iter.kind == typed::IterKind::kZip || iter.kind == typed::IterKind::kStep) return;
    found(iter.local);
    if (iter.kind == typed::IterKind::kDictItems) found(iter.local2);
}

}  // namespace kayton::kir
