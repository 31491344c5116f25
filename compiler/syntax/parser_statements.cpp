// Statement lists, blocks and simple statements.
#include <algorithm>
#include <string>
#include <utility>

#include "compiler/syntax/parser_impl.h"

namespace kayton::syntax {

namespace {

struct AugmentedToken {
    bool found;
    BinaryOp op;
};

AugmentedToken augmented_operator(TokenKind kind) {
    switch (kind) {
        case TokenKind::kPlusEqual: return {true, BinaryOp::kAdd};
        case TokenKind::kMinusEqual: return {true, BinaryOp::kSub};
        case TokenKind::kStarEqual: return {true, BinaryOp::kMul};
        case TokenKind::kSlashEqual: return {true, BinaryOp::kDiv};
        case TokenKind::kDoubleSlashEqual: return {true, BinaryOp::kFloorDiv};
        case TokenKind::kPercentEqual: return {true, BinaryOp::kMod};
        case TokenKind::kAtEqual: return {true, BinaryOp::kMatMul};
        case TokenKind::kDoubleStarEqual: return {true, BinaryOp::kPow};
        case TokenKind::kLeftShiftEqual: return {true, BinaryOp::kLShift};
        case TokenKind::kRightShiftEqual: return {true, BinaryOp::kRShift};
        case TokenKind::kAmpersandEqual: return {true, BinaryOp::kBitAnd};
        case TokenKind::kPipeEqual: return {true, BinaryOp::kBitOr};
        case TokenKind::kCaretEqual: return {true, BinaryOp::kBitXor};
        default: return {false, BinaryOp::kAdd};
    }
}

}  // namespace

// Adds to stmt_stack_; leaves the end token current.
void Parser::parse_statements_until(TokenKind end) {
    for (;;) {
        if (at(end) || at(TokenKind::kEndOfFile)) return;
        switch (kind()) {
            case TokenKind::kNewline: advance(); continue;
            case TokenKind::kDedent:  // only after an error
                advance();
                continue;
            case TokenKind::kIndent:
                complain(DiagCode::kIndentation, Span{file_.line_begin(file_.line_of(current_.begin)), current_.begin},
                         "this line is indented, but no block starts here", {},
                         "indent it as the line before, or end that line with ':'");
                parse_orphan_block();
                continue;
            default: break;
        }
        parse_statement();
        if (panicking_) skip_to_end_of_line();
        if (at(TokenKind::kNewline)) {
            advance();
            if (at(TokenKind::kIndent) && !lexer_.stopped() && orphan_expected_) parse_orphan_block();
        }
        orphan_expected_ = false;
    }
}

// A block whose header was not understood, or that has none: parsed for its errors only.
void Parser::parse_orphan_block() {
    orphan_expected_ = false;
    advance();
    InScope scope(*this, ScopeKind::kUnknown, true);
    ScratchList<Stmt*> dropped(stmt_stack_);
    parse_statements_until(TokenKind::kDedent);
    accept(TokenKind::kDedent);
}

void Parser::parse_statement() {
    statement_begin_ = current_.begin;
    const uint32_t begin = current_.begin;
    Stmt* statement = nullptr;
    switch (kind()) {
        case TokenKind::kIf: statement = parse_if(); break;
        case TokenKind::kWhile: statement = parse_while(); break;
        case TokenKind::kFor: statement = parse_for(begin); break;
        case TokenKind::kTry: statement = parse_try(); break;
        case TokenKind::kWith: statement = parse_with(begin); break;
        case TokenKind::kDef: statement = parse_function(begin, {}, false); break;
        case TokenKind::kClass: statement = parse_class(begin, {}); break;
        case TokenKind::kAsync: statement = parse_async(); break;
        case TokenKind::kAt: statement = parse_decorated(); break;
        case TokenKind::kElif:
        case TokenKind::kElse:
        case TokenKind::kExcept:
        case TokenKind::kFinally: statement = parse_orphan_clause(); break;
        case TokenKind::kName:
            if (at_soft(SoftKeyword::kFn) && peek(1).kind == TokenKind::kName) {
                statement = parse_function(begin, {}, false);
                break;
            }
            if (at_soft(SoftKeyword::kMatch) && at_match_statement()) {
                statement = parse_match();
                break;
            }
            [[fallthrough]];
        default: parse_simple_line(); return;
    }
    stmt_stack_.push_back(statement);
}

void Parser::parse_simple_line() {
    for (;;) {
        Stmt* statement = parse_simple_statement();
        stmt_stack_.push_back(statement);
        if (panicking_) {
            orphan_expected_ = true;
            return;
        }
        if (accept(TokenKind::kSemicolon)) {
            if (at(TokenKind::kNewline) || at(TokenKind::kEndOfFile)) return;
            continue;
        }
        if (at(TokenKind::kNewline) || at(TokenKind::kEndOfFile)) return;
        end_simple_statement(statement);
        orphan_expected_ = true;
        return;
    }
}

// The current token cannot follow `statement`: says so as helpfully as can be.
void Parser::end_simple_statement(const Stmt* statement) {
    if (statement->kind == StmtKind::kExpr && starts_expression(kind())) {
        const Expr* value = as<ExprStmt>(*statement).value;
        if (value->kind == ExprKind::kName) {
            std::string name(as<NameExpr>(*value).name);
            if (name == "print" || name == "exec") {
                syntax_error(DiagCode::kSyntax, value->span, quoted(name) + " is a function and needs parentheses", {},
                             "write " + name + "(...)");
                return;
            }
            static const std::vector<std::string> kStatementWords = {
                "while",  "import", "return",  "class",    "def",   "from", "global", "raise",
                "assert", "with",   "for",     "nonlocal", "yield", "del",  "if",     "elif",
                "else",   "try",    "rimport", "let",      "fn",    "match"};
            std::string near = nearest_name(name, kStatementWords);
            if (name == "function" || name == "func" || name == "fun") near = "def";
            if (name == "switch") near = "match";
            if (name == "var" || name == "const" || name == "auto") near = "let";
            if (!near.empty()) {
                syntax_error(DiagCode::kSyntax, value->span, quoted(name) + " starts no statement", {},
                             "did you mean " + quoted(near) + "?");
                return;
            }
        }
    }
    std::string help;
    if (at(TokenKind::kEqual)) help = "to compare, write '=='";
    if (at(TokenKind::kColonEqual)) help = "put parentheses around the assignment: (name := value)";
    if (at(TokenKind::kExclamation)) help = "write 'not' for a logical not";
    if (at(TokenKind::kIn) || at(TokenKind::kElse)) help.clear();
    if (at(TokenKind::kLeftBrace)) help = "a block starts with ':' and is indented";
    if (starts_expression(kind()) && help.empty()) help = "an operator or a comma may be missing before it";
    unexpected("the end of the statement", std::move(help));
}

Stmt* Parser::parse_simple_statement() {
    const Span span = current_.span();
    switch (kind()) {
        case TokenKind::kPass: advance(); return make_stmt<SimpleStmt>(StmtKind::kPass, span);
        case TokenKind::kBreak: return parse_jump(StmtKind::kBreak);
        case TokenKind::kContinue: return parse_jump(StmtKind::kContinue);
        case TokenKind::kReturn: return parse_return();
        case TokenKind::kRaise: return parse_raise();
        case TokenKind::kAssert: return parse_assert();
        case TokenKind::kDel: return parse_delete();
        case TokenKind::kGlobal: return parse_scope_names(StmtKind::kGlobal);
        case TokenKind::kNonlocal: return parse_scope_names(StmtKind::kNonlocal);
        case TokenKind::kImport: return parse_import(StmtKind::kImport);
        case TokenKind::kFrom: return parse_from_import();
        case TokenKind::kIf:
        case TokenKind::kWhile:
        case TokenKind::kFor:
        case TokenKind::kTry:
        case TokenKind::kWith:
        case TokenKind::kDef:
        case TokenKind::kClass:
        case TokenKind::kAsync:
        case TokenKind::kAt:
            syntax_error(DiagCode::kSyntax, span, "a " + describe_current() + " statement cannot stand here",
                         "must begin a line of its own");
            return error_stmt(span);
        case TokenKind::kName:
            if (current_.soft == SoftKeyword::kLet && peek(1).kind == TokenKind::kName) return parse_let();
            if (current_.soft == SoftKeyword::kRimport && peek(1).kind == TokenKind::kName) {
                return parse_import(StmtKind::kRimport);
            }
            if (current_.soft == SoftKeyword::kType && peek(1).kind == TokenKind::kName) return parse_type_alias();
            break;
        default: break;
    }
    return parse_expression_statement();
}

// yield, or an expression list: what may stand on the right of '='.
Expr* Parser::parse_right_side() {
    return at(TokenKind::kYield) ? parse_yield() : parse_star_expressions(" here");
}

Stmt* Parser::parse_expression_statement() {
    const uint32_t begin = current_.begin;
    const bool starred = at(TokenKind::kStar);
    Expr* first = nullptr;
    if (starred && !panicking_) {
        // `*a, = b` and `*a, b = c` are targets; `*a = b` is reported as a target rather than as a value.
        first = parse_star_or_expression();
        if (at(TokenKind::kComma) && !panicking_) {
            ScratchList<Expr*> items(expr_stack_);
            items.add(first);
            while (!panicking_ && accept(TokenKind::kComma)) {
                if (!starts_expression(kind())) break;
                items.add(parse_star_or_expression());
            }
            first = make<SequenceExpr>(ExprKind::kTuple, since(begin), height_of(items.items()),
                                       Exprs(arena_.copy(items.items())));
        } else if (!at(TokenKind::kEqual)) {
            syntax_error(DiagCode::kSyntax, first->span, "a starred expression cannot stand alone here", {},
                         "put a comma after it for a tuple, or brackets around it for a list");
        }
    } else {
        first = parse_right_side();
    }
    if (panicking_) return error_stmt(since(begin));
    if (at(TokenKind::kEqual)) return parse_assignment(begin, first);
    if (at(TokenKind::kColon)) {
        switch (first->kind) {
            case ExprKind::kName:
            case ExprKind::kAttribute:
            case ExprKind::kSubscript:
            case ExprKind::kTuple:
            case ExprKind::kList: return parse_annotated(begin, first);
            default: break;
        }
    }
    if (AugmentedToken augmented = augmented_operator(kind()); augmented.found) {
        const Span op_span = current_.span();
        check_augmented_target(first);
        advance();
        Expr* value = parse_right_side();
        return make_stmt<AugAssignStmt>(StmtKind::kAugAssign, since(begin), first, augmented.op, value, op_span);
    }
    return make_stmt<ExprStmt>(StmtKind::kExpr, since(begin), first);
}

Stmt* Parser::parse_assignment(uint32_t begin, Expr* first) {
    ScratchList<Expr*> targets(expr_stack_);
    Expr* value = first;
    while (!panicking_ && at(TokenKind::kEqual)) {
        check_target(value, TargetUse::kAssign);
        targets.add(value);
        advance();
        if (at(TokenKind::kStar)) {
            const uint32_t value_begin = current_.begin;
            value = parse_star_or_expression();
            ScratchList<Expr*> items(expr_stack_);
            items.add(value);
            const bool is_tuple = at(TokenKind::kComma);
            while (!panicking_ && accept(TokenKind::kComma)) {
                if (!starts_expression(kind())) break;
                items.add(parse_star_or_expression());
            }
            if (is_tuple) {
                value = make<SequenceExpr>(ExprKind::kTuple, since(value_begin), height_of(items.items()),
                                           Exprs(arena_.copy(items.items())));
            } else if (!at(TokenKind::kEqual)) {
                syntax_error(DiagCode::kSyntax, value->span, "a starred expression cannot stand alone here", {},
                             "put a comma after it for a tuple, or brackets around it for a list");
            }
        } else {
            value = parse_right_side();
        }
    }
    return make_stmt<AssignStmt>(StmtKind::kAssign, since(begin), Exprs(arena_.copy(targets.items())), value);
}

// target: annotation [= value]
Stmt* Parser::parse_annotated(uint32_t begin, Expr* target) {
    if (target->kind == ExprKind::kTuple || target->kind == ExprKind::kList) {
        syntax_error(DiagCode::kBadTarget, target->span,
                     "only a single target can have a type, not " + name_of_kind(target));
        return error_stmt(since(begin));
    }
    advance();
    Expr* annotation = parse_expression();
    Expr* value = nullptr;
    if (!panicking_ && accept(TokenKind::kEqual)) value = parse_right_side();
    return make_stmt<AnnAssignStmt>(StmtKind::kAnnAssign, since(begin), target, annotation, value, false);
}

// let name [: type] [= value]; let a, b = value
Stmt* Parser::parse_let() {
    const uint32_t begin = current_.begin;
    advance();
    const uint32_t target_begin = current_.begin;
    Expr* target = make<NameExpr>(ExprKind::kName, current_.span(), 0, text_of(current_));
    advance();
    if (at(TokenKind::kComma)) {
        ScratchList<Expr*> items(expr_stack_);
        items.add(target);
        while (!panicking_ && accept(TokenKind::kComma)) {
            if (!starts_expression(kind())) break;
            items.add(parse_star_or_expression());
        }
        target = make<SequenceExpr>(ExprKind::kTuple, since(target_begin), height_of(items.items()),
                                    Exprs(arena_.copy(items.items())));
        if (panicking_ || !expect(TokenKind::kEqual, "after the names of 'let'")) return error_stmt(since(begin));
        check_target(target, TargetUse::kAssign);
        Expr* value = parse_right_side();
        return make_stmt<AssignStmt>(StmtKind::kAssign, since(begin), Exprs(arena_.copy(std::vector<Expr*>{target})),
                                     value);
    }
    Expr* annotation = nullptr;
    if (accept(TokenKind::kColon)) annotation = parse_expression();
    Expr* value = nullptr;
    if (!panicking_ && accept(TokenKind::kEqual)) {
        value = parse_right_side();
    } else if (!panicking_ && annotation == nullptr) {
        unexpected("':' or '=' after the name of 'let'");
        return error_stmt(since(begin));
    }
    return make_stmt<AnnAssignStmt>(StmtKind::kAnnAssign, since(begin), target, annotation, value, true);
}

Stmt* Parser::parse_jump(StmtKind stmt_kind) {
    const Span span = current_.span();
    if (scope_->loops == 0 && scope_->kind != ScopeKind::kUnknown) {
        complain(DiagCode::kMisplacedStatement, span, describe_current() + " outside of a loop");
    }
    advance();
    return make_stmt<SimpleStmt>(stmt_kind, span);
}

Stmt* Parser::parse_return() {
    const Span span = current_.span();
    if (scope_->kind == ScopeKind::kModule || scope_->kind == ScopeKind::kClass) {
        complain(DiagCode::kMisplacedStatement, span, "'return' outside of a function");
    }
    advance();
    Expr* value = starts_expression(kind()) ? parse_star_expressions(" after 'return'") : nullptr;
    if (value == nullptr && !at(TokenKind::kNewline) && !at(TokenKind::kSemicolon) && !at(TokenKind::kEndOfFile)) {
        missing_expression();
    }
    return make_stmt<ReturnStmt>(StmtKind::kReturn, since(span.begin), value);
}

Stmt* Parser::parse_raise() {
    const uint32_t begin = current_.begin;
    advance();
    Expr* value = nullptr;
    Expr* cause = nullptr;
    if (!at(TokenKind::kNewline) && !at(TokenKind::kSemicolon) && !at(TokenKind::kEndOfFile)) {
        value = parse_expression();
        if (!panicking_ && accept(TokenKind::kFrom)) cause = parse_expression();
    }
    return make_stmt<RaiseStmt>(StmtKind::kRaise, since(begin), value, cause);
}

Stmt* Parser::parse_assert() {
    const uint32_t begin = current_.begin;
    advance();
    Expr* condition = parse_expression();
    Expr* message = nullptr;
    if (!panicking_ && accept(TokenKind::kComma)) message = parse_expression();
    return make_stmt<AssertStmt>(StmtKind::kAssert, since(begin), condition, message);
}

Stmt* Parser::parse_delete() {
    const uint32_t begin = current_.begin;
    advance();
    ScratchList<Expr*> targets(expr_stack_);
    do {
        if (!targets.empty() && !starts_expression(kind())) break;
        Expr* target = parse_star_or_expression();
        if (panicking_) break;
        check_target(target, TargetUse::kDelete);
        targets.add(target);
    } while (accept(TokenKind::kComma));
    return make_stmt<DeleteStmt>(StmtKind::kDelete, since(begin), Exprs(arena_.copy(targets.items())));
}

Stmt* Parser::parse_scope_names(StmtKind stmt_kind) {
    const Span span = current_.span();
    if (stmt_kind == StmtKind::kNonlocal && scope_->kind == ScopeKind::kModule) {
        complain(DiagCode::kMisplacedStatement, span, "'nonlocal' at the top level", "no function is around it");
    }
    advance();
    std::vector<std::string_view> names;
    do {
        if (!at(TokenKind::kName)) {
            unexpected("a name");
            break;
        }
        names.push_back(text_of(current_));
        advance();
    } while (accept(TokenKind::kComma));
    return make_stmt<NamesStmt>(stmt_kind, since(span.begin), std::span<const std::string_view>(arena_.copy(names)));
}

// type Name[T] = value
Stmt* Parser::parse_type_alias() {
    const uint32_t begin = current_.begin;
    advance();
    std::string_view name = text_of(current_);
    advance();
    std::span<const std::string_view> type_params = parse_type_params();
    if (panicking_ || !expect(TokenKind::kEqual, "after the name of the type")) return error_stmt(since(begin));
    Expr* value = parse_expression();
    return make_stmt<TypeAliasStmt>(StmtKind::kTypeAlias, since(begin), name, value, type_params);
}

}  // namespace kayton::syntax
