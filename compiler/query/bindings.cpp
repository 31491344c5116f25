#include "compiler/query/bindings.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "compiler/check/scope.h"
#include "compiler/syntax/visit.h"

namespace kayton::query {

using namespace syntax;

namespace {

bool is_name_byte(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

class Binder {
  public:
    explicit Binder(const Module& module) : text_(module.file->text()) {
        ScopeRange whole;
        whole.span = {0, static_cast<uint32_t>(text_.size())};
        found_.scopes.push_back(std::move(whole));
        bind_all(0, check::analyse_scope({}, module.body));
        statements(module.body, found_.outline);
    }

    Bindings take() {
        for (Symbol& symbol : found_.symbols) {
            if (!symbol.occurrences.empty() && symbol.definition.end == 0) {
                symbol.definition = symbol.occurrences.front();
            }
        }
        return std::move(found_);
    }

  private:
    struct Region {  // global and nonlocal declarations of the scope at hand
        uint32_t scope = 0;
        check::Scope names;
    };

    ScopeRange& scope() { return found_.scopes[current_]; }

    uint32_t symbol_in(uint32_t scope, std::string_view name) {
        auto& names = found_.scopes[scope].names;
        const auto known = names.find(name);
        if (known != names.end()) return known->second;
        Symbol symbol;
        symbol.name = std::string(name);
        symbol.scope = scope;
        if (found_.scopes[scope].kind == ScopeKind::kClass) symbol.kind = SymbolKind::kField;
        found_.symbols.push_back(std::move(symbol));
        const auto index = static_cast<uint32_t>(found_.symbols.size() - 1);
        names.emplace(std::string(name), index);
        return index;
    }

    void bind_all(uint32_t scope, check::Scope names) {
        for (const std::string_view name : names.names) symbol_in(scope, name);
        regions_.push_back({scope, std::move(names)});
    }

    // The symbol a name means here; -1 for a built-in or nothing.
    int64_t resolve(std::string_view name) {
        for (uint32_t at = current_;;) {
            const bool global = std::any_of(regions_.begin(), regions_.end(), [&](const Region& region) {
                return region.scope == at && region.names.globals.contains(name);
            });
            if (global) return static_cast<int64_t>(symbol_in(0, name));
            // The names of a class body are no names in its methods.
            const ScopeRange& scope = found_.scopes[at];
            const auto found = scope.names.find(name);
            if (found != scope.names.end() && (at == current_ || scope.kind != ScopeKind::kClass)) return found->second;
            if (at == 0) return -1;
            at = scope.parent;
        }
    }

    Symbol* occur(std::string_view name, Span span) {
        if (name.empty()) return nullptr;
        scope().used.emplace(name);
        const int64_t index = resolve(name);
        if (index < 0) return nullptr;
        Symbol& symbol = found_.symbols[static_cast<size_t>(index)];
        symbol.exact = symbol.exact && text_.substr(span.begin, span.end - span.begin) == name;
        symbol.occurrences.push_back(span);
        return &symbol;
    }

    // Where a name of the tree stands in the text: at its own place, or as a word of its own from `from` on.
    Span place_of(std::string_view name, Span within) const {
        if (name.data() >= text_.data() && name.data() + name.size() <= text_.data() + text_.size()) {
            const auto begin = static_cast<uint32_t>(name.data() - text_.data());
            return {begin, begin + static_cast<uint32_t>(name.size())};
        }
        return word_in(name, within);
    }

    Span word_in(std::string_view name, Span within) const {
        for (size_t at = within.begin; (at = text_.find(name, at)) < within.end; ++at) {
            const size_t end = at + name.size();
            const bool whole =
                (at == 0 || !is_name_byte(text_[at - 1])) && (end >= text_.size() || !is_name_byte(text_[end]));
            if (whole) return {static_cast<uint32_t>(at), static_cast<uint32_t>(end)};
        }
        return {within.begin, within.begin};
    }

    uint32_t column_of(uint32_t offset) const {
        const size_t newline = offset == 0 ? std::string_view::npos : text_.rfind('\n', offset - 1);
        return offset - static_cast<uint32_t>(newline == std::string_view::npos ? 0 : newline + 1);
    }

    uint32_t open(ScopeKind kind, Span span) {
        ScopeRange inner;
        inner.kind = kind;
        inner.parent = current_;
        inner.span = span;
        inner.column = column_of(span.begin);
        found_.scopes.push_back(std::move(inner));
        return static_cast<uint32_t>(found_.scopes.size() - 1);
    }

    template <typename Work>
    void inside(uint32_t scope, Work&& work) {
        const uint32_t before = std::exchange(current_, scope);
        work();
        current_ = before;
    }

    // --- expressions

    void expression(const Expr& e) {
        switch (e.kind) {
            case ExprKind::kName: occur(as<NameExpr>(e).name, e.span); break;
            case ExprKind::kComprehension: comprehension(as<ComprehensionExpr>(e)); break;
            case ExprKind::kLambda: {
                const auto& lambda = as<LambdaExpr>(e);
                for (const Param& p : lambda.params)
                    if (p.default_value != nullptr) expression(*p.default_value);
                const uint32_t scope = open(ScopeKind::kFunction, e.span);
                bind_all(scope, check::analyse_lambda(lambda));
                inside(scope, [&] {
                    parameters(lambda.params, nullptr);
                    expression(*lambda.body);
                });
                regions_.pop_back();
                break;
            }
            case ExprKind::kCall: {
                const auto& call = as<CallExpr>(e);
                for (const KeywordArg& k : call.keywords) {
                    if (k.name.empty()) continue;
                    KeywordUse use{std::string(k.name), place_of(k.name, k.span), -1, {}};
                    if (call.callee->kind == ExprKind::kName) use.callee = resolve(as<NameExpr>(*call.callee).name);
                    if (call.callee->kind == ExprKind::kAttribute)
                        use.member = as<AttributeExpr>(*call.callee).name_span;
                    found_.keywords.push_back(std::move(use));
                }
                visit_children(e, [&](const Expr& child) { expression(child); });
                break;
            }
            default: visit_children(e, [&](const Expr& child) { expression(child); }); break;
        }
    }

    void comprehension(const ComprehensionExpr& c) {
        if (!c.clauses.empty()) expression(*c.clauses.front().iterable);
        const uint32_t scope = open(ScopeKind::kComprehension, c.span);
        for (const ComprehensionClause& clause : c.clauses) bind_targets(scope, *clause.target);
        inside(scope, [&] {
            for (const ComprehensionClause& clause : c.clauses) {
                if (&clause != &c.clauses.front()) expression(*clause.iterable);
                expression(*clause.target);
                for (const Expr* condition : clause.conditions) expression(*condition);
            }
            expression(*c.element);
            if (c.value != nullptr) expression(*c.value);
        });
    }

    void bind_targets(uint32_t scope, const Expr& target) {
        if (target.kind == ExprKind::kName) {
            symbol_in(scope, as<NameExpr>(target).name);
        } else if (target.kind == ExprKind::kTuple || target.kind == ExprKind::kList ||
                   target.kind == ExprKind::kStarred) {
            visit_children(target, [&](const Expr& child) { bind_targets(scope, child); });
        }
    }

    // An annotation may be written as a text: names in it count.
    void annotation(const Expr& e) {
        if (e.kind != ExprKind::kStr) {
            expression_of_annotation(e);
            return;
        }
        const std::string_view value = as<StrExpr>(e).value;
        const std::string_view written = text_.substr(e.span.begin, e.span.end - e.span.begin);
        const size_t begin = written.find(value);
        if (begin == std::string_view::npos) return;
        for (size_t at = 0; at < value.size();) {
            if (!is_name_byte(value[at])) {
                ++at;
                continue;
            }
            size_t end = at;
            while (end < value.size() && is_name_byte(value[end])) ++end;
            const auto from = static_cast<uint32_t>(e.span.begin + begin + at);
            if (at == 0 || value[at - 1] != '.') {
                occur(value.substr(at, end - at), {from, from + static_cast<uint32_t>(end - at)});
            }
            at = end;
        }
    }

    void expression_of_annotation(const Expr& e) {
        if (e.kind == ExprKind::kName) {
            occur(as<NameExpr>(e).name, e.span);
        } else {
            visit_children(e, [&](const Expr& child) { annotation(child); });
        }
    }

    // --- statements

    void parameters(std::span<const Param> params, const FunctionStmt* function) {
        for (const Param& p : params) {
            if (Symbol* symbol = occur(p.name, place_of(p.name, p.span))) {
                symbol->kind = SymbolKind::kParameter;
                symbol->function = function;
            }
        }
    }

    void type_parameters(uint32_t scope, std::span<const std::string_view> names, Span within) {
        for (const std::string_view name : names) {
            symbol_in(scope, name);
            inside(scope, [&] { occur(name, place_of(name, within)); });
        }
    }

    void function(const FunctionStmt& f, uint32_t end, std::vector<OutlineItem>& outline) {
        for (const Expr* decorator : f.decorators) expression(*decorator);
        for (const Param& p : f.params)
            if (p.default_value != nullptr) expression(*p.default_value);
        const bool method = scope().kind == ScopeKind::kClass;
        if (Symbol* symbol = occur(f.name, f.name_span)) {
            symbol->kind = method ? SymbolKind::kMethod : SymbolKind::kFunction;
            symbol->function = &f;
            symbol->owner = class_stmt_;
        }
        outline.push_back(
            {std::string(f.name), method ? SymbolKind::kMethod : SymbolKind::kFunction, f.span, f.name_span, {}});
        const uint32_t scope = open(ScopeKind::kFunction, {f.span.begin, end});
        bind_all(scope, check::analyse_scope(f.params, f.body));
        type_parameters(scope, f.type_params, f.span);
        inside(scope, [&] {
            for (const Param& p : f.params)
                if (p.annotation != nullptr) annotation(*p.annotation);
            if (f.returns != nullptr) annotation(*f.returns);
            parameters(f.params, &f);
            std::vector<OutlineItem> inner;
            statements(f.body, inner);
            // Local variables are no part of an outline.
            std::erase_if(inner, [](const OutlineItem& i) { return i.kind == SymbolKind::kVariable; });
            outline.back().children = std::move(inner);
        });
        regions_.pop_back();
    }

    void class_statement(const ClassStmt& c, uint32_t end, std::vector<OutlineItem>& outline) {
        for (const Expr* decorator : c.decorators) expression(*decorator);
        if (Symbol* symbol = occur(c.name, c.name_span)) {
            symbol->kind = SymbolKind::kClass;
            symbol->owner = &c;
        }
        outline.push_back({std::string(c.name), SymbolKind::kClass, c.span, c.name_span, {}});
        const uint32_t scope = open(ScopeKind::kClass, {c.span.begin, end});
        bind_all(scope, check::analyse_scope({}, c.body));
        type_parameters(scope, c.type_params, c.span);
        for (const Expr* base : c.bases) expression(*base);
        for (const KeywordArg& k : c.keywords) expression(*k.value);
        const ClassStmt* before = std::exchange(class_stmt_, &c);
        inside(scope, [&] { statements(c.body, outline.back().children); });
        class_stmt_ = before;
        regions_.pop_back();
    }

    void import(std::string_view bound, Span place, bool module, bool alias) {
        if (Symbol* symbol = occur(bound, place)) {
            symbol->kind = module ? SymbolKind::kModule : SymbolKind::kImported;
            symbol->has_alias = alias;
        }
    }

    void pattern(const Pattern& p) {
        if (!p.name.empty() && (p.kind == PatternKind::kCapture || p.kind == PatternKind::kAs ||
                                p.kind == PatternKind::kStar || p.kind == PatternKind::kMapping)) {
            occur(p.name, place_of(p.name, p.span));
        }
        if (p.value != nullptr) expression(*p.value);
        for (const Expr* key : p.keys) expression(*key);
        for (const Pattern* child : p.children) pattern(*child);
    }

    void outline_targets(const Expr& target, const Stmt& s, std::vector<OutlineItem>& outline) {
        if (target.kind == ExprKind::kName) {
            const auto& name = as<NameExpr>(target);
            const bool known =
                std::any_of(outline.begin(), outline.end(), [&](const OutlineItem& i) { return i.name == name.name; });
            const SymbolKind kind = scope().kind == ScopeKind::kClass ? SymbolKind::kField : SymbolKind::kVariable;
            if (!known) outline.push_back({std::string(name.name), kind, s.span, name.span, {}});
        } else if (target.kind == ExprKind::kTuple || target.kind == ExprKind::kList ||
                   target.kind == ExprKind::kStarred) {
            visit_children(target, [&](const Expr& child) { outline_targets(child, s, outline); });
        }
    }

    void statements(Body body, std::vector<OutlineItem>& outline) {
        for (size_t i = 0; i < body.size(); ++i) {
            // What is typed below a block belongs to it until something stands further out.
            const uint32_t end = i + 1 < body.size() ? body[i + 1]->span.begin
                                 : ends_.empty()     ? scope().span.end
                                                     : ends_.back();
            ends_.push_back(end);
            statement(*body[i], end, outline);
            ends_.pop_back();
        }
    }

    void statement(const Stmt& s, uint32_t end, std::vector<OutlineItem>& outline) {
        switch (s.kind) {
            case StmtKind::kFunction: function(as<FunctionStmt>(s), end, outline); return;
            case StmtKind::kClass: class_statement(as<ClassStmt>(s), end, outline); return;
            case StmtKind::kImport:
            case StmtKind::kRimport:
                for (const ImportName& n : as<ImportStmt>(s).names) {
                    const std::string_view bound = n.alias.empty() ? n.path.substr(0, n.path.find('.')) : n.alias;
                    import(bound, place_of(bound, n.span), true, !n.alias.empty());
                }
                return;
            case StmtKind::kFromImport:
            case StmtKind::kFromRimport:
                for (const ImportName& n : as<FromImportStmt>(s).names) {
                    const std::string_view bound = n.alias.empty() ? n.path : n.alias;
                    if (bound != "*") import(bound, place_of(bound, n.span), false, !n.alias.empty());
                }
                return;
            case StmtKind::kGlobal:
            case StmtKind::kNonlocal:
                for (const std::string_view name : as<NamesStmt>(s).names) occur(name, place_of(name, s.span));
                return;
            case StmtKind::kAnnAssign: {
                const auto& a = as<AnnAssignStmt>(s);
                expression(*a.target);
                if (a.annotation != nullptr) annotation(*a.annotation);
                if (a.value != nullptr) expression(*a.value);
                outline_targets(*a.target, s, outline);
                return;
            }
            case StmtKind::kAssign:
                for (const Expr* target : as<AssignStmt>(s).targets) outline_targets(*target, s, outline);
                break;
            case StmtKind::kTypeAlias: {
                const auto& t = as<TypeAliasStmt>(s);
                occur(t.name, place_of(t.name, s.span));
                break;
            }
            case StmtKind::kTry: {
                const auto& t = as<TryStmt>(s);
                statements(t.body, outline);
                for (const ExceptHandler& h : t.handlers) {
                    if (h.type != nullptr) expression(*h.type);
                    if (!h.name.empty()) occur(h.name, h.name_span);
                    statements(h.body, outline);
                }
                statements(t.else_body, outline);
                statements(t.finally_body, outline);
                return;
            }
            case StmtKind::kMatch: {
                const auto& m = as<MatchStmt>(s);
                expression(*m.subject);
                for (const MatchCase& c : m.cases) {
                    pattern(*c.pattern);
                    if (c.guard != nullptr) expression(*c.guard);
                    statements(c.body, outline);
                }
                return;
            }
            default: break;
        }
        visit_children(s, [&](const Expr& e) { expression(e); }, [&](Body inner) { statements(inner, outline); });
    }

    std::string_view text_;
    Bindings found_;
    std::vector<Region> regions_;
    std::vector<uint32_t> ends_;  // where the statements at hand end, and what is typed behind them
    uint32_t current_ = 0;
    const ClassStmt* class_stmt_ = nullptr;
};

}  // namespace

const Symbol* Bindings::at(uint32_t offset, Span* occurrence) const {
    for (const Symbol& symbol : symbols) {
        for (const Span& span : symbol.occurrences) {
            if (span.begin <= offset && offset <= span.end && span.begin < span.end) {
                if (occurrence != nullptr) *occurrence = span;
                return &symbol;
            }
        }
    }
    return nullptr;
}

uint32_t Bindings::scope_at(std::string_view text, uint32_t offset) const {
    const size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
    const size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    // A line without text is where the cursor is; another where its text begins.
    const size_t first = std::min(text.find_first_not_of(" \t", line), text.size());
    const auto column = static_cast<uint32_t>(std::min<size_t>(first, std::max<size_t>(offset, line)) - line);
    uint32_t best = 0;
    for (uint32_t i = 1; i < scopes.size(); ++i) {
        const ScopeRange& scope = scopes[i];
        if (offset < scope.span.begin || offset > scope.span.end) continue;
        const bool on_its_line = scope.span.begin >= line;  // the header, a lambda, a comprehension
        if (on_its_line || column > scope.column || scope.kind == ScopeKind::kComprehension) best = i;
    }
    return best;
}

std::vector<const Symbol*> Bindings::visible_at(std::string_view text, uint32_t offset) const {
    std::vector<const Symbol*> visible;
    std::set<std::string_view> names;
    const uint32_t here = scope_at(text, offset);
    for (uint32_t at = here;; at = scopes[at].parent) {
        const ScopeRange& scope = scopes[at];
        if (at == here || scope.kind != ScopeKind::kClass) {
            for (const auto& [name, symbol] : scope.names)
                if (names.insert(name).second) visible.push_back(&symbols[symbol]);
        }
        if (at == 0) return visible;
    }
}

Bindings find_bindings(const Module& module) {
    return Binder(module).take();
}

}  // namespace kayton::query
