// Visits every expression under a block of the typed program, statements' bodies and kSeq blocks included.
// Pure; any thread.
#pragma once

#include "compiler/types/typed_program.h"

namespace kayton::kir {

template <typename Visit>
void walk_block(typed::Block block, const Visit& visit);

template <typename Visit>
void walk_expr(const typed::Expr* expr, const Visit& visit) {
    if (expr == nullptr) return;
    visit(expr);
    for (const typed::Expr* arg : expr->args) walk_expr(arg, visit);
    walk_block(expr->block, visit);
}

template <typename Visit>
void walk_iter(const typed::Iter* iter, const Visit& visit) {
    if (iter == nullptr) return;
    for (const typed::Expr* arg : iter->args) walk_expr(arg, visit);
    for (const typed::Iter* child : iter->children) walk_iter(child, visit);
}

template <typename Visit>
void walk_block(typed::Block block, const Visit& visit) {
    for (const typed::Stmt* stmt : block) {
        walk_expr(stmt->a, visit);
        walk_expr(stmt->b, visit);
        walk_expr(stmt->c, visit);
        walk_iter(stmt->iter, visit);
        walk_block(stmt->body, visit);
        walk_block(stmt->else_body, visit);
        walk_block(stmt->finally_body, visit);
        for (const typed::Handler& handler : stmt->handlers) walk_block(handler.body, visit);
    }
}

}  // namespace kayton::kir
