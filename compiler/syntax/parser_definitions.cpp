// Functions, classes, their parameters, and imports.
#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "compiler/syntax/parser_impl.h"

namespace kayton::syntax {

Stmt* Parser::parse_decorated() {
    const uint32_t begin = current_.begin;
    ScratchList<Expr*> decorators(expr_stack_);
    while (at(TokenKind::kAt)) {
        statement_begin_ = current_.begin;
        advance();
        decorators.add(parse_named());
        if (!panicking_ && !at(TokenKind::kNewline)) unexpected("the end of the line after the decorator");
        if (panicking_) skip_to_end_of_line();
        accept(TokenKind::kNewline);
    }
    const Exprs list = arena_.copy(decorators.items());
    statement_begin_ = current_.begin;
    if (at(TokenKind::kDef)) return parse_function(begin, list, false);
    if (at(TokenKind::kClass)) return parse_class(begin, list);
    if (at_soft(SoftKeyword::kFn) && peek(1).kind == TokenKind::kName) return parse_function(begin, list, false);
    if (at(TokenKind::kAsync) && peek(1).kind == TokenKind::kDef) {
        advance();
        return parse_function(begin, list, true);
    }
    if (at_end_of_text() && !silent()) incomplete_ = diagnostics_.error_count() == errors_before_;
    const Span decorator{begin, prev_end_};
    unexpected("a function or a class after the decorator");
    return error_stmt(decorator);
}

std::string_view Parser::parse_definition_name(std::string_view what, Span& span) {
    span = current_.span();
    if (at(TokenKind::kName)) {
        std::string_view name = text_of(current_);
        advance();
        return name;
    }
    if (is_keyword(kind()) && !silent()) {
        syntax_error(DiagCode::kSyntax, span,
                     describe_current() + " is a keyword and cannot name " + std::string(what));
    } else {
        unexpected("the name of " + std::string(what));
    }
    return {};
}

// REQUIRES: at `def` or `fn`.
Stmt* Parser::parse_function(uint32_t begin, Exprs decorators, bool is_async) {
    const Span header = current_.span();
    const bool is_fn = at(TokenKind::kName);
    const bool in_class = scope_->kind == ScopeKind::kClass;
    advance();
    Span name_span;
    std::string_view name = parse_definition_name(in_class ? "a method" : "a function", name_span);
    std::span<const std::string_view> type_params;
    std::span<const Param> params;
    Expr* returns = nullptr;
    if (!panicking_) type_params = parse_type_params();
    if (!panicking_) {
        if (at(TokenKind::kLeftParen)) {
            Inside parens(*this);
            params = parse_params(TokenKind::kRightParen, true);
            close(TokenKind::kRightParen, "','");
        } else {
            unexpected("'(' after the function's name", at(TokenKind::kColon) ? "write () for no parameters" : "");
        }
    }
    if (!panicking_ && accept(TokenKind::kArrow)) returns = parse_expression();
    InScope scope(*this, ScopeKind::kFunction, is_async);
    Body body = parse_block(is_fn ? "'fn'" : "'def'", header);
    return make_stmt<FunctionStmt>(StmtKind::kFunction, since(begin), name, name_span, params, returns, body,
                                   decorators, type_params, is_fn, is_async, scope.scope().yields > 0);
}

// The parameters up to `closer`, which stays current.
std::span<const Param> Parser::parse_params(TokenKind closer, bool annotated) {
    std::vector<Param> params;
    ParamKind param_kind = ParamKind::kNormal;
    bool seen_slash = false;
    bool seen_star = false;
    bool star_needs_name = false;
    Span star_span;
    const Param* var_keywords = nullptr;
    Param var_keywords_copy{};
    while (!panicking_ && !at(closer)) {
        const Span start = current_.span();
        if (var_keywords != nullptr) {
            complain(DiagCode::kSyntax, start,
                     "no parameter can follow '**" + std::string(var_keywords_copy.name) + "'");
            var_keywords = nullptr;
        }
        Param param{};
        if (accept(TokenKind::kSlash)) {
            if (seen_slash || seen_star) {
                complain(DiagCode::kSyntax, start, seen_star ? "'/' must stand before '*'" : "'/' can stand only once");
            } else if (params.empty()) {
                complain(DiagCode::kSyntax, start, "'/' needs a parameter before it");
            }
            seen_slash = true;
            for (Param& earlier : params) {
                if (earlier.kind == ParamKind::kNormal) earlier.kind = ParamKind::kPositionalOnly;
            }
            if (!accept(TokenKind::kComma)) break;
            continue;
        }
        if (accept(TokenKind::kStar)) {
            if (seen_star) complain(DiagCode::kSyntax, start, "'*' can stand only once among the parameters");
            seen_star = true;
            param_kind = ParamKind::kKeywordOnly;
            if (at(TokenKind::kComma) || at(closer)) {
                star_needs_name = true;
                star_span = start;
                if (!accept(TokenKind::kComma)) break;
                continue;
            }
            param.kind = ParamKind::kVarArgs;
        } else if (accept(TokenKind::kDoubleStar)) {
            param.kind = ParamKind::kVarKeywords;
            if (star_needs_name) complain(DiagCode::kSyntax, star_span, "a named parameter must follow '*'");
            star_needs_name = false;
        } else {
            param.kind = param_kind;
            star_needs_name = false;
        }
        if (!at(TokenKind::kName)) {
            if (at(TokenKind::kLeftParen)) {
                syntax_error(DiagCode::kSyntax, current_.span(), "a parameter cannot be unpacked here", {},
                             "give it a name, and unpack it in the body");
            } else if (is_keyword(kind()) && !silent()) {
                syntax_error(DiagCode::kSyntax, current_.span(),
                             describe_current() + " is a keyword and cannot name a parameter");
            } else {
                unexpected("a parameter's name");
            }
            break;
        }
        param.name = text_of(current_);
        param.span = {start.begin, current_.end};
        advance();
        if (annotated && accept(TokenKind::kColon)) {
            param.annotation = param.kind == ParamKind::kVarArgs ? parse_star_or_expression() : parse_expression();
        }
        if (!panicking_ && at(TokenKind::kEqual)) {
            if (param.kind == ParamKind::kVarArgs || param.kind == ParamKind::kVarKeywords) {
                complain(DiagCode::kSyntax, current_.span(),
                         std::string(param.kind == ParamKind::kVarArgs ? "'*" : "'**") + std::string(param.name) +
                             "' cannot have a default");
            }
            advance();
            param.default_value = parse_expression();
        }
        params.push_back(param);
        if (param.kind == ParamKind::kVarKeywords) {
            var_keywords_copy = param;
            var_keywords = &var_keywords_copy;
        }
        if (panicking_ || !accept(TokenKind::kComma)) break;
    }
    if (star_needs_name) complain(DiagCode::kSyntax, star_span, "a named parameter must follow '*'");
    check_params(params);
    return arena_.copy(params);
}

void Parser::check_params(const std::vector<Param>& params) {
    if (params.size() < 2) return;
    std::unordered_map<std::string_view, Span> seen;
    const Param* with_default = nullptr;
    for (const Param& param : params) {
        auto [earlier, added] = seen.emplace(param.name, param.span);
        if (!added) {
            Diagnostic& diagnostic =
                complain(DiagCode::kSyntax, param.span, "two parameters are named " + quoted(param.name));
            diagnostic.secondary.push_back({&file_, earlier->second, "the first one"});
        }
        if (param.kind != ParamKind::kNormal && param.kind != ParamKind::kPositionalOnly) continue;
        if (param.default_value != nullptr) {
            with_default = &param;
        } else if (with_default != nullptr) {
            Diagnostic& diagnostic =
                complain(DiagCode::kSyntax, param.span,
                         "parameter " + quoted(param.name) + " needs a default, as one before it has one", {},
                         "give it a default, or put it first");
            diagnostic.secondary.push_back({&file_, with_default->span, "has a default"});
        }
    }
}

// [T, U]; nothing where there is no '['.
std::span<const std::string_view> Parser::parse_type_params() {
    if (!at(TokenKind::kLeftBracket)) return {};
    std::vector<std::string_view> names;
    Inside brackets(*this);
    if (at(TokenKind::kRightBracket)) unexpected("the name of a type parameter");
    while (!panicking_ && !at(TokenKind::kRightBracket)) {
        if (at(TokenKind::kStar) || at(TokenKind::kDoubleStar)) {
            complain(DiagCode::kUnsupported, current_.span(), "variadic type parameters are not part of Kayton");
            advance();
        }
        if (!at(TokenKind::kName)) {
            unexpected("the name of a type parameter");
            break;
        }
        std::string_view name = text_of(current_);
        if (std::find(names.begin(), names.end(), name) != names.end()) {
            complain(DiagCode::kSyntax, current_.span(), "two type parameters are named " + quoted(name));
        }
        names.push_back(name);
        advance();
        if (at(TokenKind::kColon) || at(TokenKind::kEqual)) {
            const uint32_t begin = current_.begin;
            const bool is_bound = at(TokenKind::kColon);
            advance();
            (void)parse_expression();
            if (!panicking_) {
                complain(DiagCode::kUnsupported, since(begin),
                         is_bound ? "bounds of type parameters are not part of Kayton"
                                  : "defaults of type parameters are not part of Kayton",
                         {}, "leave it out: each use is checked with its own types");
            }
        }
        if (panicking_ || !accept(TokenKind::kComma)) break;
    }
    close(TokenKind::kRightBracket, "','");
    return arena_.copy(names);
}

Stmt* Parser::parse_class(uint32_t begin, Exprs decorators) {
    const Span header = current_.span();
    advance();
    Span name_span;
    std::string_view name = parse_definition_name("a class", name_span);
    std::span<const std::string_view> type_params;
    Exprs bases;
    std::span<const KeywordArg> keywords;
    if (!panicking_) type_params = parse_type_params();
    if (!panicking_ && at(TokenKind::kLeftParen)) {
        // The grammar of a call, which also checks it.
        Expr* arguments = parse_call(make<NameExpr>(ExprKind::kName, name_span, 0, name));
        if (arguments->kind == ExprKind::kCall) {
            bases = as<CallExpr>(*arguments).args;
            keywords = as<CallExpr>(*arguments).keywords;
        }
    }
    InScope scope(*this, ScopeKind::kClass);
    Body body = parse_block("'class'", header);
    return make_stmt<ClassStmt>(StmtKind::kClass, since(begin), name, name_span, bases, keywords, body, decorators,
                                type_params);
}

// a.b.c: a slice of the source where no blanks are inside.
std::string_view Parser::parse_dotted_name(Span& span) {
    span = current_.span();
    if (!at(TokenKind::kName)) {
        if (is_keyword(kind()) && !silent()) {
            syntax_error(DiagCode::kSyntax, span, describe_current() + " is a keyword and cannot name a module");
        } else {
            unexpected("the name of a module");
        }
        return {};
    }
    advance();
    bool has_blanks = false;
    while (at(TokenKind::kDot)) {
        has_blanks = has_blanks || current_.begin != prev_end_;
        advance();
        if (!at(TokenKind::kName) && !is_keyword(kind())) {
            unexpected("a name after '.'");
            break;
        }
        has_blanks = has_blanks || current_.begin != prev_end_;
        advance();
    }
    span.end = prev_end_;
    if (!has_blanks) return text_of(span);
    std::string path;
    for (char c : text_of(span)) {
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\\') path.push_back(c);
    }
    return arena_.copy(std::string_view(path));
}

// as name; empty where there is no `as`.
std::string_view Parser::parse_import_alias() {
    if (panicking_ || !accept(TokenKind::kAs)) return {};
    if (!at(TokenKind::kName)) {
        unexpected("a name after 'as'");
        return {};
    }
    std::string_view alias = text_of(current_);
    advance();
    return alias;
}

// import a.b as c, d; rimport a, b as c
Stmt* Parser::parse_import(StmtKind stmt_kind) {
    const Span keyword = current_.span();
    if (stmt_kind == StmtKind::kRimport) check_rimport_place(keyword);
    advance();
    std::vector<ImportName> names;
    do {
        ImportName name{};
        name.path = parse_dotted_name(name.span);
        name.alias = parse_import_alias();
        name.span.end = std::max(name.span.end, panicking_ ? name.span.end : prev_end_);
        names.push_back(name);
    } while (!panicking_ && accept(TokenKind::kComma));
    return make_stmt<ImportStmt>(stmt_kind, since(keyword.begin), std::span<const ImportName>(arena_.copy(names)));
}

void Parser::check_rimport_place(Span keyword) {
    if (scope_->kind == ScopeKind::kModule || scope_->kind == ScopeKind::kUnknown) return;
    complain(DiagCode::kMisplacedStatement, keyword, "'rimport' can stand only at the top level",
             scope_->kind == ScopeKind::kClass ? "inside a class here" : "inside a function here",
             "move it to the top of the file");
}

// from a.b import c as d, e; from . import f; from crate rimport Item
Stmt* Parser::parse_from_import() {
    const uint32_t begin = current_.begin;
    advance();
    FromImportStmt statement{};
    statement.module_span = current_.span();
    for (;; advance()) {
        if (at(TokenKind::kDot)) {
            statement.level += 1;
        } else if (at(TokenKind::kDotDot)) {
            statement.level += 2;
        } else if (at(TokenKind::kEllipsis)) {
            statement.level += 3;
        } else {
            break;
        }
    }
    const bool at_rimport = at_soft(SoftKeyword::kRimport) && peek(1).kind == TokenKind::kName;
    if (statement.level == 0 || (!at(TokenKind::kImport) && !at_rimport)) {
        statement.module = parse_dotted_name(statement.module_span);
    }
    if (panicking_) return error_stmt(since(begin));
    StmtKind stmt_kind = StmtKind::kFromImport;
    if (at_soft(SoftKeyword::kRimport)) {
        stmt_kind = StmtKind::kFromRimport;
        check_rimport_place(current_.span());
        if (statement.level > 0) {
            complain(DiagCode::kSyntax, statement.module_span, "a crate's path does not start with a dot");
        }
        advance();
    } else if (!accept(TokenKind::kImport)) {
        unexpected("'import' or 'rimport'");
        return error_stmt(since(begin));
    }
    std::vector<ImportName> names;
    auto parse_name = [&] {
        ImportName name{};
        name.span = current_.span();
        if (!at(TokenKind::kName)) {
            unexpected("a name to import");
            return;
        }
        name.path = text_of(current_);
        advance();
        name.alias = parse_import_alias();
        if (!panicking_) name.span.end = prev_end_;
        names.push_back(name);
    };
    if (at(TokenKind::kStar)) {
        if (scope_->kind != ScopeKind::kModule && scope_->kind != ScopeKind::kUnknown) {
            complain(DiagCode::kMisplacedStatement, current_.span(), "'*' can be imported only at the top level");
        }
        names.push_back({text_of(current_), {}, current_.span()});
        advance();
    } else if (at(TokenKind::kLeftParen)) {
        Inside parens(*this);
        do {
            if (at(TokenKind::kRightParen) && !names.empty()) break;
            parse_name();
        } while (!panicking_ && accept(TokenKind::kComma));
        close(TokenKind::kRightParen, "','");
    } else {
        do {
            if (at(TokenKind::kNewline) && !names.empty()) {
                syntax_error(DiagCode::kSyntax, Span{prev_end_ - 1, prev_end_}, "a name must follow this comma", {},
                             "put the names in parentheses to go on in the next line");
                break;
            }
            parse_name();
        } while (!panicking_ && accept(TokenKind::kComma));
    }
    return make_stmt<FromImportStmt>(stmt_kind, since(begin), statement.module, statement.module_span, statement.level,
                                     std::span<const ImportName>(arena_.copy(names)));
}

}  // namespace kayton::syntax
