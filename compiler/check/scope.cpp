#include "compiler/check/scope.h"

#include <algorithm>

#include "compiler/syntax/visit.h"

namespace kayton::check {

using namespace syntax;

namespace {

class Walker {
  public:
    explicit Walker(Scope& scope) : scope_(scope) {}

    void bind(std::string_view name) {
        scope_.used.insert(name);
        if (depth_ > 0 && scope_.slots.contains(name)) scope_.rebound.insert(name);
        if (scope_.slots.contains(name)) scope_.reassigned.insert(name);
        if (scope_.globals.contains(name) || scope_.nonlocals.contains(name)) return;
        if (scope_.slots.emplace(name, static_cast<uint32_t>(scope_.names.size())).second) scope_.names.push_back(name);
    }

    void declarations(Body body) {  // global and nonlocal hold for the whole body
        for (const Stmt* s : body) {
            if (s->kind == StmtKind::kGlobal)
                for (auto name : as<NamesStmt>(*s).names) scope_.globals.insert(name);
            if (s->kind == StmtKind::kNonlocal)
                for (auto name : as<NamesStmt>(*s).names) scope_.nonlocals.insert(name);
            if (s->kind == StmtKind::kFunction || s->kind == StmtKind::kClass) continue;
            visit_children(*s, [](const Expr&) {}, [&](Body inner) { declarations(inner); });
        }
    }

    void statements(Body body) {
        ++depth_;
        for (const Stmt* s : body) statement(*s);
        --depth_;
    }

    void targets(const ComprehensionExpr& c) {
        for (const ComprehensionClause& clause : c.clauses) target(clause.target);
    }

    void expression(const Expr* e) {
        if (e == nullptr) return;
        switch (e->kind) {
            case ExprKind::kName: scope_.used.insert(as<NameExpr>(*e).name); break;
            case ExprKind::kComprehension: comprehension(as<ComprehensionExpr>(*e)); break;
            case ExprKind::kBinary: {
                // Long chains lean to the left: walk them without recursion.
                while (e->kind == ExprKind::kBinary) {
                    expression(as<BinaryExpr>(*e).right);
                    e = as<BinaryExpr>(*e).left;
                }
                expression(e);
                break;
            }
            case ExprKind::kLambda: {
                const auto& lambda = as<LambdaExpr>(*e);
                for (const Param& p : lambda.params) expression(p.default_value);
                nested(analyse_lambda(lambda));
                break;
            }
            case ExprKind::kNamedExpr:
                expression(as<NamedExpr>(*e).value);
                bind(as<NamedExpr>(*e).target->name);
                break;
            default: visit_children(*e, [&](const Expr& child) { expression(&child); });
        }
    }

  private:
    void nested(const Scope& inner) {
        for (auto name : inner.used) {
            if (inner.binds(name)) continue;
            scope_.used.insert(name);
            if (!inner.globals.contains(name)) scope_.nested_used.insert(name);
        }
        for (auto name : inner.nested_used)
            if (!inner.binds(name)) scope_.nested_used.insert(name);
        for (auto name : inner.globals) scope_.nested_globals.insert(name);
        for (auto name : inner.nested_globals) scope_.nested_globals.insert(name);
        for (auto name : inner.nonlocals) scope_.nested_nonlocals.insert(name);
        for (auto name : inner.nested_nonlocals)
            if (!inner.binds(name)) scope_.nested_nonlocals.insert(name);
    }

    void comprehension(const ComprehensionExpr& c) {
        // Targets are the comprehension's own; walrus targets inside bind here.
        Scope inner;
        Walker walker(inner);
        walker.targets(c);
        for (const ComprehensionClause& clause : c.clauses) {
            expression(clause.iterable);
            for (const Expr* condition : clause.conditions) expression(condition);
        }
        expression(c.element);
        expression(c.value);
    }

    void target(const Expr* e) {
        switch (e->kind) {
            case ExprKind::kName: bind(as<NameExpr>(*e).name); break;
            case ExprKind::kTuple:
            case ExprKind::kList:
                for (const Expr* item : as<SequenceExpr>(*e).items) target(item);
                break;
            case ExprKind::kStarred: target(as<StarredExpr>(*e).value); break;
            default: expression(e); break;
        }
    }

    void pattern(const Pattern* p) {
        if (p->kind == PatternKind::kCapture || p->kind == PatternKind::kAs || p->kind == PatternKind::kStar ||
            p->kind == PatternKind::kMapping) {
            if (!p->name.empty()) bind(p->name);
        }
        expression(p->value);
        for (const Expr* key : p->keys) expression(key);
        for (const Pattern* child : p->children) pattern(child);
    }

    void statement(const Stmt& s) {
        switch (s.kind) {
            case StmtKind::kAugAssign:
                expression(as<AugAssignStmt>(s).target);
                children(s);
                break;
            case StmtKind::kTry:
                for (const ExceptHandler& h : as<TryStmt>(s).handlers)
                    if (!h.name.empty()) bind(h.name);
                children(s);
                break;
            case StmtKind::kDelete:
                for (const Expr* t : as<DeleteStmt>(s).targets) {
                    if (t->kind == ExprKind::kName) bind(as<NameExpr>(*t).name);
                    expression(t);
                }
                break;
            case StmtKind::kFunction: {
                const auto& f = as<FunctionStmt>(s);
                for (const Expr* d : f.decorators) expression(d);
                for (const Param& p : f.params) {
                    expression(p.default_value);
                    expression(p.annotation);
                }
                expression(f.returns);
                bind(f.name);
                auto& [count, conditional] = definitions_[f.name];
                conditional |= depth_ > 1;
                if (++count > 1 && conditional) scope_.redefined.insert(f.name);
                nested(analyse_scope(f.params, f.body));
                break;
            }
            case StmtKind::kClass: {
                const auto& c = as<ClassStmt>(s);
                for (const Expr* d : c.decorators) expression(d);
                for (const Expr* base : c.bases) expression(base);
                bind(c.name);
                // Methods see this scope, not the class's own names.
                Scope inner = analyse_scope({}, c.body);
                for (auto name : inner.used) {
                    scope_.used.insert(name);
                    if (!inner.binds(name) || inner.nested_used.contains(name)) scope_.nested_used.insert(name);
                }
                break;
            }
            case StmtKind::kImport:
            case StmtKind::kRimport:
                for (const ImportName& n : as<ImportStmt>(s).names)
                    bind(n.alias.empty() ? n.path.substr(0, n.path.find('.')) : n.alias);
                break;
            case StmtKind::kFromImport:
            case StmtKind::kFromRimport:
                for (const ImportName& n : as<FromImportStmt>(s).names) bind(n.alias.empty() ? n.path : n.alias);
                break;
            case StmtKind::kMatch:
                expression(as<MatchStmt>(s).subject);
                for (const MatchCase& c : as<MatchStmt>(s).cases) {
                    pattern(c.pattern);
                    expression(c.guard);
                    statements(c.body);
                }
                break;
            case StmtKind::kTypeAlias: bind(as<TypeAliasStmt>(s).name); break;
            default: children(s);
        }
    }

    void children(const Stmt& s) {
        visit_children(
            s,
            [&](const Expr& e, Role role) {
                if (role == Role::kTarget) target(&e);
                else if (role == Role::kValue) expression(&e);
            },
            [&](Body body) { statements(body); });
    }

    Scope& scope_;
    int depth_ = 0;
    std::map<std::string_view, std::pair<int, bool>> definitions_;  // how many of a name, and is one under a condition
};

}  // namespace

Scope analyse_scope(std::span<const Param> params, Body body) {
    Scope scope;
    Walker walker(scope);
    walker.declarations(body);
    for (const Param& p : params) walker.bind(p.name);
    walker.statements(body);
    return scope;
}

bool closes_over_targets(const ComprehensionExpr& c) {
    Scope scope;
    Walker walker(scope);
    walker.targets(c);
    for (const ComprehensionClause& clause : c.clauses) {
        if (&clause != &c.clauses.front()) walker.expression(clause.iterable);
        for (const Expr* condition : clause.conditions) walker.expression(condition);
    }
    walker.expression(c.element);
    walker.expression(c.value);
    return std::any_of(scope.names.begin(), scope.names.end(), [&](std::string_view name) { return scope.nested_used.contains(name); });
}

Scope analyse_lambda(const LambdaExpr& lambda) {
    Scope scope;
    Walker walker(scope);
    for (const Param& p : lambda.params) walker.bind(p.name);
    walker.expression(lambda.body);
    return scope;
}

}  // namespace kayton::check
