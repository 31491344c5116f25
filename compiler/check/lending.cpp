// Bodies of functions, and where what crates lend ends in them.
#include "compiler/check/lending.h"

#include <algorithm>

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

// Whether a value comes from a crate's function whose result borrows from its arguments.
bool is_lent(const typed::TypedProgram& program, const TExpr* e) {
    while (e->kind == typed::ExprKind::kSeq || e->kind == typed::ExprKind::kConvert || e->kind == typed::ExprKind::kNarrow) e = e->args[0];
    return e->kind == typed::ExprKind::kCallPlugin && !program.plugin_functions[e->index].function->borrows.empty();
}

}  // namespace

void Checker::body(Body statements) {
    // Borrows end at the last use, as in Rust: a name that holds what a crate lent lets go of it after the last statement
    // of the function that names it.
    const FunctionDecl& decl = *state_->instance->decl;
    const bool whole = statements.data() == decl.body.data() && !decl.is_generator && !decl.is_decoration && !(cell_ && decl.is_module);
    const ManifestLookup lookup = [this](const Type* t) { return manifest_of(t); };
    std::set<uint32_t> lent;
    for (size_t i = 0; i < statements.size(); ++i) {
        if (!state_->env.reachable) return;
        const size_t before = state_->out->size();
        const size_t first_temporary = state_->function->locals.size();
        guarded_statement(*statements[i]);
        if (types_.take_endless()) report_endless(*statements[i]);
        if (!state_->env.reachable || manifests_.empty() || decl.is_generator) continue;
        // What the statement itself held: a match's subject, parts of an expression.
        for (size_t k = first_temporary; k < state_->function->locals.size(); ++k) {
            const typed::Local& temporary = state_->function->locals[k];
            if (!temporary.name.empty() || !lends(temporary.type, lookup)) continue;
            TStmt* unbind = stmt(SK::kUnbind, statements[i]->span);
            unbind->index = static_cast<uint32_t>(k);
            emit(unbind);
        }
        if (!whole || i + 1 == statements.size()) continue;
        for (size_t k = before; k < state_->out->size(); ++k) {
            const TStmt* made = (*state_->out)[k];
            if (made->kind == SK::kAssign && is_lent(program_, made->a)) lent.insert(made->index);
        }
        std::optional<Scope> rest;
        for (size_t slot = 0; slot < state_->env.vars.size(); ++slot) {
            const VarState& var = state_->env.vars[slot];
            if (var.entity || var.global || var.local < static_cast<int32_t>(state_->function->param_count) || var.bound == Bound::kNo) continue;
            const std::string_view name = decl.scope.names[slot];
            if (name.starts_with("_") || state_->instance->captured.contains(name)) continue;
            const auto local = static_cast<uint32_t>(var.local);
            if (!lent.contains(local) && !lends(state_->function->locals[local].type, lookup)) continue;
            if (!rest) rest = analyse_scope({}, statements.subspan(i + 1));
            if (rest->used.contains(name)) continue;
            TStmt* unbind = stmt(SK::kUnbind, statements[i]->span);
            unbind->index = local;
            emit(unbind);
            state_->env.vars[slot] = VarState{};
            lent.erase(local);
        }
    }
}

}  // namespace kayton::check
