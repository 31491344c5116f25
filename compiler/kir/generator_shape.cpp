#include "compiler/kir/generator_shape.h"

#include <algorithm>

#include "compiler/kir/walk.h"
#include "compiler/types/type.h"

namespace kayton::kir {

using typed::Block;
using typed::Expr;
using typed::ExprKind;
using typed::Iter;
using typed::IterKind;
using typed::Stmt;
using typed::StmtKind;

const Expr* looped_over(const Iter& iter) {
    const Expr* source = iter.args[0];
    while (source->kind == ExprKind::kConvert) source = source->args[0];
    return source;
}

namespace {

class ShapeFinder {
  public:
    explicit ShapeFinder(const typed::Function& generator) : reads_(generator.param_count), loops_(generator.param_count) {
        shape_.simple = !generator.external && !generator.is_closure && generator.captures.empty() &&
                        std::none_of(generator.locals.begin(), generator.locals.end(),
                                     [](const typed::Local& local) { return local.in_cell; });
        visit(generator.body, 0);
        for (uint32_t i = 0; i < generator.param_count; ++i) shape_.looped_once.push_back(reads_[i] == 1 && loops_[i] == 1);
    }
    GeneratorShape take() { return std::move(shape_); }

  private:
    void visit(Block block, int loops) {
        for (const Stmt* stmt : block) visit(*stmt, loops);
    }
    void visit(const Stmt& stmt, int loops) {
        if (stmt.kind == StmtKind::kTry) shape_.simple = false;
        assigned_locals(stmt, [&](uint32_t local) { assigned(local); });
        const bool loop = stmt.kind == StmtKind::kFor || stmt.kind == StmtKind::kWhile;
        for (const Expr* part : {stmt.a, stmt.b, stmt.c}) visit(part, loops + (stmt.kind == StmtKind::kWhile ? 1 : 0));
        if (stmt.iter != nullptr) visit(*stmt.iter, loops, true);
        visit(stmt.body, loops + (loop ? 1 : 0));
        visit(stmt.else_body, loops);
    }
    void visit(const Iter& iter, int loops, bool alone) {
        assigned_locals(iter, [&](uint32_t local) { assigned(local); });
        if (iter.kind == IterKind::kIterator && alone && loops == 0) {
            const Expr* source = looped_over(iter);
            if (source->kind == ExprKind::kLocal && source->index < loops_.size()) ++loops_[source->index];
        }
        for (const Expr* arg : iter.args) visit(arg, loops);
        for (const Iter* child : iter.children) visit(*child, loops, alone && iter.kind == IterKind::kEnumerate);
    }
    void visit(const Expr* expr, int loops) {
        if (expr == nullptr) return;
        if (expr->kind == ExprKind::kLocal && expr->index < reads_.size()) ++reads_[expr->index];
        if (expr->kind == ExprKind::kYield) {
            ++shape_.yields;
            if (types::storage_of(expr->type) != types::Storage::kUnit) shape_.simple = false;
        }
        for (const Expr* arg : expr->args) visit(arg, loops);
        visit(expr->block, loops);
    }

    void assigned(uint32_t local) {
        if (local < reads_.size()) reads_[local] += 2;
    }

    GeneratorShape shape_;
    std::vector<uint32_t> reads_, loops_;
};

}  // namespace

GeneratorShape shape_of(const typed::Function& generator) { return ShapeFinder(generator).take(); }

uint32_t size_of(Block block) {
    uint32_t size = 0;
    walk_block(block, [&](const Expr*) { ++size; });
    return size;
}

}  // namespace kayton::kir
