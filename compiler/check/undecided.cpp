// `rows = []` in one cell, `rows.append(1)` in a later one: what an empty container holds is said by what is put into it,
// which its cell may not do. Such a container is empty still, so each later cell makes it anew, until one decides.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;

namespace {

bool is_empty_container(const Expr& e) {
    switch (e.kind) {
        case ExprKind::kList: return as<SequenceExpr>(e).items.empty();
        case ExprKind::kDict: return as<DictExpr>(e).items.empty();
        case ExprKind::kCall: {
            const auto& call = as<CallExpr>(e);
            if (!call.args.empty() || !call.keywords.empty() || call.callee->kind != ExprKind::kName) return false;
            const std::string_view name = as<NameExpr>(*call.callee).name;
            return name == "list" || name == "dict" || name == "set";
        }
        default: return false;
    }
}

// The name, when the statement is `name = []` or the like; else empty.
std::string_view emptied(const Stmt& s) {
    if (s.kind != StmtKind::kAssign) return {};
    const auto& assign = as<AssignStmt>(s);
    if (assign.targets.size() != 1 || assign.targets[0]->kind != ExprKind::kName || !is_empty_container(*assign.value)) return {};
    return as<NameExpr>(*assign.targets[0]).name;
}

// A statement that only looks at a value: no other name can stand for it afterwards.
bool only_looks(const Stmt& s) {
    if (s.kind != StmtKind::kExpr) return false;
    const Expr& value = *as<ExprStmt>(s).value;
    if (value.kind == ExprKind::kName) return true;
    if (value.kind != ExprKind::kCall || as<CallExpr>(value).callee->kind != ExprKind::kName) return false;
    const std::string_view name = as<NameExpr>(*as<CallExpr>(value).callee).name;
    return name == "print" || name == "len" || name == "repr" || name == "display";
}

}  // namespace

// The cell with the assignments before it of what is undecided and not given anew by the cell itself.
Body Checker::with_undecided(Body body, const Scope& scope) {
    std::vector<Stmt*> statements;
    for (const auto& [name, statement] : undecided_)
        if (!scope.binds(name)) statements.push_back(const_cast<Stmt*>(statement));
    if (statements.empty()) return body;
    statements.insert(statements.end(), body.begin(), body.end());
    return synthetic_.copy(statements);
}

// REQUIRES: the cell is without errors and not committed yet. Where the value may be known by another name too, which is
// open as well, nothing is undecided: two values would be made of one.
std::map<std::string, const Stmt*, std::less<>> Checker::find_undecided() {
    std::map<std::string, const Stmt*, std::less<>> found;
    auto is_open = [&](const Type* t) { return t != nullptr && types_.resolve(t) != types_.resolve(t, true); };
    const auto open = std::count_if(globals_.begin(), globals_.end(), [&](const auto& entry) {
        return !entry.second.external && is_open(entry.second.declared);
    });
    if (open == 0) return found;
    for (const Stmt* s : module_->body) {
        const std::string_view name = emptied(*s);
        if (name.empty()) continue;
        const auto global = globals_.find(name);
        if (global == globals_.end() || global->second.external || !is_open(global->second.declared)) continue;
        bool used = false;
        bool given_again = false;
        for (const Stmt* other : module_->body) {
            if (other == s || other->kind == StmtKind::kFunction || other->kind == StmtKind::kClass) continue;
            Stmt* const one[] = {const_cast<Stmt*>(other)};
            const Scope scope = analyse_scope({}, Body(one));
            used = used || (scope.used.contains(name) && !only_looks(*other));
            given_again = given_again || scope.binds(name);
        }
        if (!given_again && !(used && open > 1)) found.emplace(name, s);
    }
    return found;
}

}  // namespace kayton::check
