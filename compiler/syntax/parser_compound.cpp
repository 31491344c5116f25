// Blocks, and the statements that hold them: if, while, for, try, with.
#include <algorithm>
#include <string>
#include <utility>

#include "compiler/syntax/parser_impl.h"

namespace kayton::syntax {

// ':' and the block: either indented lines or simple statements on the same line. `what` is named when it is missing:
// "'if'". A header that is already in error is forgiven, so that its block is read all the same.
Body Parser::parse_block(std::string_view what, Span header) {
    const bool header_failed = panicking_;
    if (!header_failed && !accept(TokenKind::kColon)) {
        std::string help;
        if (at(TokenKind::kEqual)) help = "to compare, write '=='";
        if (at(TokenKind::kLeftBrace)) help = "a block starts with ':' and is indented";
        if (at(TokenKind::kIf) && what == "'else'") help = "after an 'if', write 'elif'";
        unexpected("':' after " + std::string(what), std::move(help));
    }
    const bool colon_missing = panicking_;
    if (panicking_) skip_to_end_of_line();
    ScratchList<Stmt*> body(stmt_stack_);
    if (!at(TokenKind::kNewline)) {
        if (!colon_missing) {
            parse_simple_line();
            if (panicking_) skip_to_end_of_line();
            orphan_expected_ = false;
        }
        accept(TokenKind::kNewline);
        return arena_.copy(body.items());
    }
    advance();
    if (!at(TokenKind::kIndent)) {
        if (colon_missing) return {};
        if (!silent()) {
            if (at_end_of_text()) {
                incomplete_ = diagnostics_.error_count() == errors_before_;
            }
            const Span place = at(TokenKind::kEndOfFile) || at(TokenKind::kDedent)
                                   ? Span{prev_end_ > 0 ? prev_end_ - 1 : 0, prev_end_}
                                   : current_.span();
            Diagnostic& diagnostic = complain(DiagCode::kIndentation, at(TokenKind::kError) ? header : place,
                                              "expected an indented block after " + std::string(what), {},
                                              "indent the lines of the block by four spaces, or write 'pass' for none");
            diagnostic.secondary.push_back({&file_, header, "begins here"});
        }
        return {};
    }
    advance();
    parse_statements_until(TokenKind::kDedent);
    accept(TokenKind::kDedent);
    return arena_.copy(body.items());
}

Body Parser::parse_loop_body(std::string_view what, Span header) {
    ++scope_->loops;
    Body body = parse_block(what, header);
    --scope_->loops;
    return body;
}

Body Parser::parse_optional_else(std::string_view what) {
    if (!at(TokenKind::kElse)) return {};
    const Span header = current_.span();
    statement_begin_ = header.begin;
    advance();
    return parse_block(what, header);
}

Stmt* Parser::parse_if() {
    struct Branch {
        Span header;
        Expr* condition;
        Body body;
    };
    std::vector<Branch> branches;
    do {
        Branch branch{};
        branch.header = current_.span();
        statement_begin_ = current_.begin;
        const char* what = branches.empty() ? "'if' and its condition" : "'elif' and its condition";
        if (branches.size() == kMaxElifs) {
            complain(DiagCode::kNestingTooDeep, branch.header, "too many branches in one 'if'",
                     "branch number " + std::to_string(kMaxElifs + 1), "use a dict, or split it over functions");
            lexer_.stop();
        }
        advance();
        branch.condition = parse_named();
        branch.body = parse_block(what, branch.header);
        branches.push_back(branch);
    } while (at(TokenKind::kElif));
    Body otherwise;
    if (at(TokenKind::kElse)) {
        const Span header = current_.span();
        statement_begin_ = header.begin;
        advance();
        if (at(TokenKind::kIf)) {
            syntax_error(DiagCode::kSyntax, Span{header.begin, current_.end}, "'else if' is one word here", {},
                         "write 'elif'");
        }
        otherwise = parse_block("'else'", header);
    }
    Stmt* statement = nullptr;
    for (size_t i = branches.size(); i-- > 0;) {
        const Branch& branch = branches[i];
        statement =
            make_stmt<IfStmt>(StmtKind::kIf, since(branch.header.begin), branch.condition, branch.body, otherwise);
        otherwise = arena_.copy(std::vector<Stmt*>{statement});
    }
    return statement;
}

Stmt* Parser::parse_while() {
    const Span header = current_.span();
    advance();
    Expr* condition = parse_named();
    Body body = parse_loop_body("'while' and its condition", header);
    Body otherwise = parse_optional_else("'else'");
    return make_stmt<WhileStmt>(StmtKind::kWhile, since(header.begin), condition, body, otherwise);
}

Stmt* Parser::parse_for(uint32_t begin) {
    const Span header = current_.span();
    advance();
    Expr* target = parse_target_list();
    Expr* iterable = nullptr;
    if (!panicking_ && expect(TokenKind::kIn, "after the target of 'for'")) {
        iterable = parse_star_expressions(" here");
    } else {
        iterable = error_expr(header);
    }
    Body body = parse_loop_body("'for' and its iterable", header);
    Body otherwise = parse_optional_else("'else'");
    return make_stmt<ForStmt>(StmtKind::kFor, since(begin), target, iterable, body, otherwise);
}

Stmt* Parser::parse_try() {
    const Span header = current_.span();
    advance();
    Body body = parse_block("'try'", header);
    const bool body_failed = body.empty();
    std::vector<ExceptHandler> handlers;
    const ExceptHandler* bare = nullptr;
    Span bare_span;
    while (at(TokenKind::kExcept)) {
        ExceptHandler handler{};
        const Span keyword = current_.span();
        statement_begin_ = keyword.begin;
        advance();
        if (at(TokenKind::kStar)) {
            complain(DiagCode::kUnsupported, Span{keyword.begin, current_.end}, "'except*' is not part of Kayton", {},
                     "write 'except'");
            advance();
        }
        if (bare != nullptr) {
            complain(DiagCode::kSyntax, bare_span, "'except:' catches everything and must be the last", {},
                     "move it behind the others, or name the exceptions it is for");
            bare = nullptr;
        }
        if (at(TokenKind::kColon)) {
            bare_span = keyword;
            bare = &handler;
        } else {
            const uint32_t type_begin = current_.begin;
            handler.type = parse_expression();
            if (!panicking_ && at(TokenKind::kComma)) {
                while (!panicking_ && accept(TokenKind::kComma)) (void)parse_expression();
                syntax_error(DiagCode::kSyntax, since(type_begin), "several exception types need parentheses", {},
                             "write except (" + std::string(text_of(since(type_begin))) + "):");
            }
            if (!panicking_ && accept(TokenKind::kAs)) {
                if (at(TokenKind::kName)) {
                    handler.name = text_of(current_);
                    handler.name_span = current_.span();
                    advance();
                } else {
                    unexpected("a name after 'as'");
                }
            }
        }
        handler.body = parse_block("'except'", keyword);
        handler.span = since(keyword.begin);
        handlers.push_back(handler);
    }
    Body otherwise;
    if (at(TokenKind::kElse) && !handlers.empty()) otherwise = parse_optional_else("'else'");
    Body finally_body;
    if (at(TokenKind::kFinally)) {
        const Span keyword = current_.span();
        statement_begin_ = keyword.begin;
        advance();
        finally_body = parse_block("'finally'", keyword);
    } else if (handlers.empty() && !silent() && !body_failed) {
        if (at_end_of_text()) incomplete_ = diagnostics_.error_count() == errors_before_;
        complain(DiagCode::kSyntax, header, "'try' has neither 'except' nor 'finally'", {}, "add one after its block");
    }
    return make_stmt<TryStmt>(StmtKind::kTry, since(header.begin), body,
                              std::span<const ExceptHandler>(arena_.copy(handlers)), otherwise, finally_body);
}

Stmt* Parser::parse_with(uint32_t begin) {
    const Span header = current_.span();
    advance();
    std::vector<WithItem> items;
    if (!at(TokenKind::kLeftParen) || !parse_with_items(items)) {
        do {
            parse_with_item(items);
        } while (!panicking_ && accept(TokenKind::kComma));
    }
    Body body = parse_block("'with' and its contexts", header);
    return make_stmt<WithStmt>(StmtKind::kWith, since(begin), std::span<const WithItem>(arena_.copy(items)), body);
}

// with (a as b, c): the parentheses hold items, not an expression. False, with nothing consumed, where they do not.
bool Parser::parse_with_items(std::vector<WithItem>& items) {
    const size_t closing = distance_of_closing(0);
    if (closing == 0 || peek(closing + 1).kind != TokenKind::kColon) return false;
    size_t depth = 0;
    bool has_as = false;
    for (size_t i = 1; i < closing && !has_as; ++i) {
        switch (peek(i).kind) {
            case TokenKind::kLeftParen:
            case TokenKind::kLeftBracket:
            case TokenKind::kLeftBrace: ++depth; break;
            case TokenKind::kRightParen:
            case TokenKind::kRightBracket:
            case TokenKind::kRightBrace: --depth; break;
            case TokenKind::kAs: has_as = depth == 0; break;
            default: break;
        }
    }
    if (!has_as) {
        // with (a, b): two contexts, while (a, *b) and (a := b, c) can only be a tuple.
        const uint32_t begin = current_.begin;
        Expr* e = parse_expression();
        bool is_items = e->kind == ExprKind::kTuple && e->span.begin == begin && at(TokenKind::kColon) &&
                        !as<SequenceExpr>(*e).items.empty();
        if (is_items) {
            for (const Expr* item : as<SequenceExpr>(*e).items) {
                if (item->kind == ExprKind::kStarred || item->kind == ExprKind::kNamedExpr) is_items = false;
            }
        }
        if (is_items) {
            for (Expr* item : as<SequenceExpr>(*e).items) items.push_back({item, nullptr});
        } else {
            items.push_back({e, nullptr});
        }
        return true;
    }
    Inside parens(*this);
    while (!panicking_ && !at(TokenKind::kRightParen)) {
        parse_with_item(items);
        if (panicking_ || !accept(TokenKind::kComma)) break;
    }
    close(TokenKind::kRightParen, "','");
    return true;
}

void Parser::parse_with_item(std::vector<WithItem>& items) {
    WithItem item{parse_expression(), nullptr};
    if (!panicking_ && accept(TokenKind::kAs)) {
        const uint32_t begin = current_.begin;
        if (accept(TokenKind::kStar)) {
            Expr* value = parse_postfix(false);
            item.target = make<StarredExpr>(ExprKind::kStarred, since(begin), value->height, value);
        } else {
            item.target = parse_postfix(false);
        }
        if (!panicking_) check_target(item.target, TargetUse::kWith);
    }
    items.push_back(item);
}

Stmt* Parser::parse_async() {
    const Span keyword = current_.span();
    advance();
    switch (kind()) {
        case TokenKind::kDef: return parse_function(keyword.begin, {}, true);
        case TokenKind::kFor:
        case TokenKind::kWith:
            // Inside an async function the whole function is reported.
            if (!scope_->is_async) {
                complain(DiagCode::kUnsupported, Span{keyword.begin, current_.end}, "'async' is not part of Kayton", {},
                         "asynchronous functions of crates are called and waited for as any other");
            }
            return at(TokenKind::kFor) ? parse_for(keyword.begin) : parse_with(keyword.begin);
        default:
            unexpected("'def', 'for' or 'with' after 'async'");
            orphan_expected_ = true;
            return error_stmt(keyword);
    }
}

// elif, else, except, finally without the statement they belong to.
Stmt* Parser::parse_orphan_clause() {
    const Span header = current_.span();
    const std::string word = describe_current();
    std::string help;
    if (at(TokenKind::kElse) || at(TokenKind::kElif)) help = "indent it as far as its 'if'";
    if (at(TokenKind::kExcept) || at(TokenKind::kFinally)) help = "indent it as far as its 'try'";
    complain(DiagCode::kSyntax, header, word + " has no statement before it that it belongs to", {}, std::move(help));
    panicking_ = true;
    (void)parse_block(word, header);
    return error_stmt(header);
}

}  // namespace kayton::syntax
