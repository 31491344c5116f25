// Bodies of functions, and where what crates lend ends in them.
#include "compiler/check/lending.h"

#include <algorithm>
#include <functional>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using SK = typed::StmtKind;

bool lends(const Type* type, const ManifestLookup& manifest_of) {
    type = prune(type);
    if (type->kind == TypeKind::kUnion)
        return std::any_of(type->args.begin(), type->args.end(), [&](const Type* m) { return lends(m, manifest_of); });
    if (type->kind != TypeKind::kHandle) return false;
    const Manifest* manifest = manifest_of(type);
    if (manifest == nullptr) return false;
    if (type->name.find(".Iterator_") != std::string_view::npos) return true;
    return std::any_of(manifest->types.begin(), manifest->types.end(), [&](const ManifestType& t) { return t.borrows && t.name == type->name; });
}

namespace {

bool holds_handle(const Type* type) {
    type = prune(type);
    if (type->kind == TypeKind::kHandle) return true;
    if (type->kind != TypeKind::kUnion && type->kind != TypeKind::kTuple && type->kind != TypeKind::kList && type->kind != TypeKind::kDict) return false;
    return std::any_of(type->args.begin(), type->args.end(), holds_handle);
}

// Finds, in what was made of a statement, the locals that hold what a crate lent.
class LentLocals {
  public:
    LentLocals(const typed::TypedProgram& program, std::set<uint32_t>& lent) : program_(program), lent_(lent) {}

    void look(typed::Block block) {
        for (const TStmt* made : block) look(*made);
    }
    void look(const TStmt& made) {
        for (const TExpr* e : {made.a, made.b, made.c})
            if (e != nullptr) look(*e);
        if (made.iter != nullptr) look(*made.iter);
        if (made.kind == SK::kAssign && is_lent(*made.a)) lent_.insert(made.index);
        for (const typed::Block block : {made.body, made.else_body, made.finally_body}) look(block);
        for (const typed::Handler& handler : made.handlers) look(handler.body);
    }

  private:
    // Blocks inside expressions hold assignments too.
    void look(const TExpr& e) {
        look(e.block);
        for (const TExpr* arg : e.args) look(*arg);
    }
    void look(const typed::Iter& iter) {
        bool lent = iter.kind == typed::IterKind::kHandle && !program_.plugin_functions[iter.index].function->borrows.empty();
        for (const TExpr* arg : iter.args) {
            look(*arg);
            lent = lent || is_lent(*arg);
        }
        if (lent) lent_.insert({iter.local, iter.local2});
        for (const typed::Iter* child : iter.children) look(*child);
    }
    // Whether a value comes from a crate's function whose result borrows from its arguments, or is part of such a value.
    bool is_lent(const TExpr& e) const {
        if (!holds_handle(e.type)) return false;
        if (e.kind == typed::ExprKind::kCallPlugin) return !program_.plugin_functions[e.index].function->borrows.empty();
        if (e.kind == typed::ExprKind::kLocal) return lent_.contains(e.index);
        return std::any_of(e.args.begin(), e.args.end(), [&](const TExpr* arg) { return is_lent(*arg); });
    }

    const typed::TypedProgram& program_;
    std::set<uint32_t>& lent_;
};

bool names(Body statements, std::string_view name) {
    return !statements.empty() && analyse_scope({}, statements).used.contains(name);
}

bool names(Expr* expression, std::string_view name) {
    ExprStmt alone{};
    alone.kind = StmtKind::kExpr;
    alone.value = expression;
    Stmt* only = &alone;
    return names(Body(&only, 1), name);
}

// Whether every turn of the loop gives the name a new value before it looks at it.
bool bound_anew(const Stmt& loop, std::string_view name) {
    const bool repeats = loop.kind == StmtKind::kWhile;
    if (!repeats) {
        // The target of a `for`, alone or in a tuple.
        std::function<bool(const Expr&)> binds = [&](const Expr& target) {
            if (target.kind == ExprKind::kName) return as<NameExpr>(target).name == name;
            if (target.kind != ExprKind::kTuple) return false;
            return std::any_of(as<SequenceExpr>(target).items.begin(), as<SequenceExpr>(target).items.end(), [&](const Expr* item) { return binds(*item); });
        };
        if (binds(*as<ForStmt>(loop).target)) return true;
    }
    if (repeats && names(as<WhileStmt>(loop).condition, name)) return false;
    const Body inside = repeats ? as<WhileStmt>(loop).body : as<ForStmt>(loop).body;
    for (size_t i = 0; i < inside.size(); ++i) {
        if (!names(inside.subspan(i, 1), name)) continue;
        if (inside[i]->kind != StmtKind::kAssign) return false;
        const AssignStmt& assign = as<AssignStmt>(*inside[i]);
        return assign.targets.size() == 1 && assign.targets[0]->kind == ExprKind::kName && !names(assign.value, name);
    }
    return true;
}

// The name that a plain assignment binds and does not look at; empty for other statements, and where a handler or a
// `finally` around it would look at what the name held before.
std::string_view replaced_name(const Stmt& statement, const std::vector<OpenBlock>& open) {
    if (statement.kind != StmtKind::kAssign) return {};
    const AssignStmt& assign = as<AssignStmt>(statement);
    if (assign.targets.size() != 1 || assign.targets[0]->kind != ExprKind::kName) return {};
    const std::string_view name = as<NameExpr>(*assign.targets[0]).name;
    if (names(assign.value, name)) return {};
    for (const OpenBlock& block : open) {
        if (block.statements[block.at]->kind != StmtKind::kTry) continue;
        const TryStmt& guarded = as<TryStmt>(*block.statements[block.at]);
        if (names(guarded.finally_body, name)) return {};
        for (const ExceptHandler& handler : guarded.handlers)
            if (names(handler.body, name)) return {};
    }
    return name;
}

Body else_of(const Stmt& loop) { return loop.kind == StmtKind::kWhile ? as<WhileStmt>(loop).else_body : as<ForStmt>(loop).else_body; }

// Whether the name may be looked at after the statement at hand, the innermost of `open`.
bool used_later(const std::vector<OpenBlock>& open, std::string_view name) {
    for (size_t level = open.size(); level-- > 0;) {
        const OpenBlock& block = open[level];
        if (names(block.statements.subspan(block.at + 1), name)) return true;
        if (level == 0) return false;
        const Stmt& around = *open[level - 1].statements[open[level - 1].at];
        switch (around.kind) {
            case StmtKind::kIf:
            case StmtKind::kMatch:
            case StmtKind::kWith: break;
            case StmtKind::kFor:
            case StmtKind::kWhile: {
                const Body inside = around.kind == StmtKind::kWhile ? as<WhileStmt>(around).body : as<ForStmt>(around).body;
                if (block.statements.data() != inside.data()) break;  // the loop's else
                if (!bound_anew(around, name) || names(else_of(around), name)) return true;
                break;
            }
            case StmtKind::kTry: {
                const TryStmt& guarded = as<TryStmt>(around);
                if (names(guarded.else_body, name) || names(guarded.finally_body, name)) return true;
                for (const ExceptHandler& handler : guarded.handlers)
                    if (names(handler.body, name)) return true;
                break;
            }
            default: return true;
        }
    }
    return false;
}

}  // namespace

void Checker::body(Body statements) {
    // Borrows end at the last use, as in Rust: a name that holds what a crate lent lets go of it after the last statement
    // of the function that names it, in nested blocks too.
    const FunctionDecl& decl = *state_->instance->decl;
    const bool whole = statements.data() == decl.body.data() && !decl.is_generator && !decl.is_decoration && !(cell_ && decl.is_module);
    const ManifestLookup lookup = [this](const Type* t) { return manifest_of(t); };
    const bool ends_borrows = !manifests_.empty() && (whole || !state_->open_blocks.empty());
    if (ends_borrows) state_->open_blocks.push_back({statements, 0});
    struct Close {
        std::vector<OpenBlock>* blocks;
        ~Close() {
            if (blocks != nullptr) blocks->pop_back();
        }
    } close{ends_borrows ? &state_->open_blocks : nullptr};
    LentLocals finder(program_, state_->lent);
    // A local that holds what a crate lent.
    const auto may_let_go = [&](size_t slot) {
        const VarState& var = state_->env.vars[slot];
        if (var.entity || var.global || var.local < static_cast<int32_t>(state_->function->param_count) || var.bound == Bound::kNo) return false;
        const std::string_view name = decl.scope.names[slot];
        if (name.starts_with("_") || state_->instance->captured.contains(name)) return false;
        const auto local = static_cast<uint32_t>(var.local);
        return state_->lent.contains(local) || lends(state_->function->locals[local].type, lookup);
    };
    const auto let_go = [&](size_t slot, Span span) {
        TStmt* unbind = stmt(SK::kUnbind, span);
        unbind->index = static_cast<uint32_t>(state_->env.vars[slot].local);
        emit(unbind);
    };
    for (size_t i = 0; i < statements.size(); ++i) {
        if (!state_->env.reachable) return;
        if (ends_borrows) state_->open_blocks.back().at = i;
        const size_t before = state_->out->size();
        // `row = rows.next()`: what the name holds is not looked at again, and borrows nothing while the value is made.
        const std::string_view replaced = ends_borrows ? replaced_name(*statements[i], state_->open_blocks) : std::string_view();
        for (size_t slot = 0; slot < state_->env.vars.size() && !replaced.empty(); ++slot)
            if (decl.scope.names[slot] == replaced && may_let_go(slot)) let_go(slot, statements[i]->span);
        const size_t first_temporary = state_->function->locals.size();
        guarded_statement(*statements[i]);
        if (types_.take_endless()) report_endless(*statements[i]);
        if (!state_->env.reachable || manifests_.empty() || decl.is_generator) continue;
        for (size_t k = before; k < state_->out->size(); ++k) finder.look(*(*state_->out)[k]);
        // What the statement itself held: a match's subject, parts of an expression.
        for (size_t k = first_temporary; k < state_->function->locals.size(); ++k) {
            const typed::Local& temporary = state_->function->locals[k];
            if (!temporary.name.empty() || (!state_->lent.contains(static_cast<uint32_t>(k)) && !lends(temporary.type, lookup))) continue;
            TStmt* unbind = stmt(SK::kUnbind, statements[i]->span);
            unbind->index = static_cast<uint32_t>(k);
            emit(unbind);
        }
        // At the end of the whole, everything goes anyway.
        if (!ends_borrows || (whole && i + 1 == statements.size())) continue;
        for (size_t slot = 0; slot < state_->env.vars.size(); ++slot) {
            if (!may_let_go(slot) || used_later(state_->open_blocks, decl.scope.names[slot])) continue;
            let_go(slot, statements[i]->span);
            state_->env.vars[slot] = VarState{};
        }
    }
}

}  // namespace kayton::check
