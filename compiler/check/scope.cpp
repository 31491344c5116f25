#include "compiler/check/scope.h"

#include <algorithm>

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
            each_body(*s, [&](Body inner) { declarations(inner); });
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
            case ExprKind::kFString: fstring(as<FStringExpr>(*e)); break;
            case ExprKind::kTuple:
            case ExprKind::kList:
            case ExprKind::kSet: all(as<SequenceExpr>(*e).items); break;
            case ExprKind::kDict:
                for (const DictItem& item : as<DictExpr>(*e).items) {
                    expression(item.key);
                    expression(item.value);
                }
                break;
            case ExprKind::kComprehension: comprehension(as<ComprehensionExpr>(*e)); break;
            case ExprKind::kUnary: expression(as<UnaryExpr>(*e).operand); break;
            case ExprKind::kBinary: {
                // Long chains lean to the left: walk them without recursion.
                while (e->kind == ExprKind::kBinary) {
                    expression(as<BinaryExpr>(*e).right);
                    e = as<BinaryExpr>(*e).left;
                }
                expression(e);
                break;
            }
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
            case ExprKind::kCall: {
                const auto& call = as<CallExpr>(*e);
                expression(call.callee);
                all(call.args);
                for (const KeywordArg& k : call.keywords) expression(k.value);
                break;
            }
            case ExprKind::kAttribute: expression(as<AttributeExpr>(*e).object); break;
            case ExprKind::kSubscript:
                expression(as<SubscriptExpr>(*e).object);
                expression(as<SubscriptExpr>(*e).index);
                break;
            case ExprKind::kSlice:
                expression(as<SliceExpr>(*e).start);
                expression(as<SliceExpr>(*e).stop);
                expression(as<SliceExpr>(*e).step);
                break;
            case ExprKind::kLambda: {
                const auto& lambda = as<LambdaExpr>(*e);
                for (const Param& p : lambda.params) expression(p.default_value);
                nested(analyse_lambda(lambda));
                break;
            }
            case ExprKind::kStarred: expression(as<StarredExpr>(*e).value); break;
            case ExprKind::kNamedExpr:
                expression(as<NamedExpr>(*e).value);
                bind(as<NamedExpr>(*e).target->name);
                break;
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

  private:
    template <typename F>
    static void each_body(const Stmt& s, F&& visit) {
        switch (s.kind) {
            case StmtKind::kIf:
                visit(as<IfStmt>(s).body);
                visit(as<IfStmt>(s).else_body);
                break;
            case StmtKind::kWhile:
                visit(as<WhileStmt>(s).body);
                visit(as<WhileStmt>(s).else_body);
                break;
            case StmtKind::kFor:
                visit(as<ForStmt>(s).body);
                visit(as<ForStmt>(s).else_body);
                break;
            case StmtKind::kTry:
                visit(as<TryStmt>(s).body);
                for (const ExceptHandler& h : as<TryStmt>(s).handlers) visit(h.body);
                visit(as<TryStmt>(s).else_body);
                visit(as<TryStmt>(s).finally_body);
                break;
            case StmtKind::kWith: visit(as<WithStmt>(s).body); break;
            case StmtKind::kMatch:
                for (const MatchCase& c : as<MatchStmt>(s).cases) visit(c.body);
                break;
            default: break;
        }
    }

    void all(Exprs items) {
        for (const Expr* e : items) expression(e);
    }

    void fstring(const FStringExpr& f) {
        for (const FStringPart& part : f.parts) {
            expression(part.value);
            if (part.spec != nullptr) fstring(*part.spec);
        }
    }

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
            case StmtKind::kExpr: expression(as<ExprStmt>(s).value); break;
            case StmtKind::kAssign:
                expression(as<AssignStmt>(s).value);
                for (const Expr* t : as<AssignStmt>(s).targets) target(t);
                break;
            case StmtKind::kAugAssign:
                expression(as<AugAssignStmt>(s).value);
                expression(as<AugAssignStmt>(s).target);
                target(as<AugAssignStmt>(s).target);
                break;
            case StmtKind::kAnnAssign:
                expression(as<AnnAssignStmt>(s).value);
                target(as<AnnAssignStmt>(s).target);
                break;
            case StmtKind::kIf: {
                const Stmt* at = &s;  // elif chains are long: no recursion
                while (true) {
                    const auto& branch = as<IfStmt>(*at);
                    expression(branch.condition);
                    statements(branch.body);
                    if (branch.else_body.size() == 1 && branch.else_body[0]->kind == StmtKind::kIf) {
                        at = branch.else_body[0];
                        continue;
                    }
                    statements(branch.else_body);
                    break;
                }
                break;
            }
            case StmtKind::kWhile:
                expression(as<WhileStmt>(s).condition);
                statements(as<WhileStmt>(s).body);
                statements(as<WhileStmt>(s).else_body);
                break;
            case StmtKind::kFor:
                expression(as<ForStmt>(s).iterable);
                target(as<ForStmt>(s).target);
                statements(as<ForStmt>(s).body);
                statements(as<ForStmt>(s).else_body);
                break;
            case StmtKind::kReturn: expression(as<ReturnStmt>(s).value); break;
            case StmtKind::kRaise:
                expression(as<RaiseStmt>(s).value);
                expression(as<RaiseStmt>(s).cause);
                break;
            case StmtKind::kTry: {
                const auto& t = as<TryStmt>(s);
                statements(t.body);
                for (const ExceptHandler& h : t.handlers) {
                    expression(h.type);
                    if (!h.name.empty()) bind(h.name);
                    statements(h.body);
                }
                statements(t.else_body);
                statements(t.finally_body);
                break;
            }
            case StmtKind::kWith:
                for (const WithItem& item : as<WithStmt>(s).items) {
                    expression(item.context);
                    if (item.target != nullptr) target(item.target);
                }
                statements(as<WithStmt>(s).body);
                break;
            case StmtKind::kAssert:
                expression(as<AssertStmt>(s).condition);
                expression(as<AssertStmt>(s).message);
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
                all(c.bases);
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
            default: break;
        }
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
