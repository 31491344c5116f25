// Expressions, from the loosest operator to the tightest.
#include <algorithm>
#include <string>
#include <utility>

#include "compiler/syntax/parser_impl.h"

namespace kayton::syntax {

namespace {

struct BinaryToken {
    int level;  // 0: not a binary operator
    BinaryOp op;
};

constexpr int kLowestBinary = 1;

BinaryToken binary_operator(TokenKind kind) {
    switch (kind) {
        case TokenKind::kPipe: return {1, BinaryOp::kBitOr};
        case TokenKind::kCaret: return {2, BinaryOp::kBitXor};
        case TokenKind::kAmpersand: return {3, BinaryOp::kBitAnd};
        case TokenKind::kLeftShift: return {4, BinaryOp::kLShift};
        case TokenKind::kRightShift: return {4, BinaryOp::kRShift};
        case TokenKind::kPlus: return {5, BinaryOp::kAdd};
        case TokenKind::kMinus: return {5, BinaryOp::kSub};
        case TokenKind::kStar: return {6, BinaryOp::kMul};
        case TokenKind::kSlash: return {6, BinaryOp::kDiv};
        case TokenKind::kDoubleSlash: return {6, BinaryOp::kFloorDiv};
        case TokenKind::kPercent: return {6, BinaryOp::kMod};
        case TokenKind::kAt: return {6, BinaryOp::kMatMul};
        default: return {0, BinaryOp::kAdd};
    }
}

uint32_t height(const Expr* e) {
    return e == nullptr ? 0 : e->height;
}

}  // namespace

bool starts_expression(TokenKind kind) {
    switch (kind) {
        case TokenKind::kName:
        case TokenKind::kInt:
        case TokenKind::kFloat:
        case TokenKind::kImaginary:
        case TokenKind::kString:
        case TokenKind::kFStringStart:
        case TokenKind::kLeftParen:
        case TokenKind::kLeftBracket:
        case TokenKind::kLeftBrace:
        case TokenKind::kEllipsis:
        case TokenKind::kPlus:
        case TokenKind::kMinus:
        case TokenKind::kTilde:
        case TokenKind::kStar:
        case TokenKind::kFalse:
        case TokenKind::kNone:
        case TokenKind::kTrue:
        case TokenKind::kNot:
        case TokenKind::kLambda:
        case TokenKind::kAwait: return true;
        default: return false;
    }
}

// a, *b, c — as on the right of an assignment. One item without a comma is itself.
Expr* Parser::parse_star_expressions(std::string_view where) {
    const uint32_t begin = current_.begin;
    Expr* first = parse_star_or_expression();
    if (!at(TokenKind::kComma) || panicking_) {
        if (first->kind == ExprKind::kStarred) {
            syntax_error(DiagCode::kSyntax, first->span, "a starred expression cannot stand alone" + std::string(where),
                         {}, "put a comma after it for a tuple, or brackets around it for a list");
        }
        return first;
    }
    ScratchList<Expr*> items(expr_stack_);
    items.add(first);
    while (!panicking_ && accept(TokenKind::kComma)) {
        if (!starts_expression(kind())) break;
        items.add(parse_star_or_expression());
    }
    return make<SequenceExpr>(ExprKind::kTuple, since(begin), height_of(items.items()),
                              Exprs(arena_.copy(items.items())));
}

Expr* Parser::parse_star_or_expression() {
    if (!at(TokenKind::kStar)) return parse_expression();
    const uint32_t begin = current_.begin;
    advance();
    Expr* value = parse_range();
    return make<StarredExpr>(ExprKind::kStarred, since(begin), height(value), value);
}

Expr* Parser::parse_star_or_named() {
    return at(TokenKind::kStar) ? parse_star_or_expression() : parse_named();
}

Expr* Parser::parse_named() {
    const uint32_t begin = current_.begin;
    Expr* e = parse_expression();
    if (!at(TokenKind::kColonEqual) || panicking_) return e;
    if (e->kind != ExprKind::kName || e->span.begin != begin) {
        syntax_error(DiagCode::kBadTarget, e->span, "':=' cannot assign to " + name_of_kind(e),
                     "only a plain name can stand here");
        return e;
    }
    advance();
    Expr* value = parse_expression();
    return make<NamedExpr>(ExprKind::kNamedExpr, since(begin), std::max(height(e), height(value)),
                           static_cast<NameExpr*>(e), value);
}

Expr* Parser::parse_expression() {
    if (at(TokenKind::kLambda)) return parse_lambda();
    Expr* e = parse_disjunction();
    if (!at(TokenKind::kIf) || panicking_) return e;
    Recursion recursion(*this);
    if (recursion.too_deep()) return error_expr(e->span);
    const uint32_t begin = e->span.begin;
    advance();
    Expr* condition = parse_disjunction();
    if (!accept(TokenKind::kElse)) {
        if (!panicking_) {
            unexpected("'else' and a value for when the condition is false");
        }
        return error_expr(since(begin));
    }
    Expr* otherwise = parse_expression();
    return make<ConditionalExpr>(ExprKind::kConditional, since(begin),
                                 std::max({height(e), height(condition), height(otherwise)}), condition, e, otherwise);
}

Expr* Parser::parse_disjunction() {
    Expr* first = parse_conjunction();
    if (!at(TokenKind::kOr) || panicking_) return first;
    ScratchList<Expr*> operands(expr_stack_);
    operands.add(first);
    while (!panicking_ && accept(TokenKind::kOr)) operands.add(parse_conjunction());
    return make<BoolOpExpr>(ExprKind::kBoolOp, since(first), height_of(operands.items()), false,
                            Exprs(arena_.copy(operands.items())));
}

Expr* Parser::parse_conjunction() {
    Expr* first = parse_inversion();
    if (!at(TokenKind::kAnd) || panicking_) return first;
    ScratchList<Expr*> operands(expr_stack_);
    operands.add(first);
    while (!panicking_ && accept(TokenKind::kAnd)) operands.add(parse_inversion());
    return make<BoolOpExpr>(ExprKind::kBoolOp, since(first), height_of(operands.items()), true,
                            Exprs(arena_.copy(operands.items())));
}

Expr* Parser::parse_inversion() {
    if (!at(TokenKind::kNot)) return parse_comparison();
    ScratchList<Token> nots(unary_stack_);
    while (at(TokenKind::kNot)) {
        nots.add(current_);
        advance();
    }
    Expr* e = parse_comparison();
    for (size_t i = nots.size(); i-- > 0 && !panicking_;) {
        e = make<UnaryExpr>(ExprKind::kUnary, since(nots[i].begin), height(e), UnaryOp::kNot, e);
    }
    return e;
}

Expr* Parser::parse_comparison() {
    Expr* first = parse_range();
    ScratchList<Expr*> rest(expr_stack_);
    std::vector<CompareOp> more;
    CompareOp op = CompareOp::kEq;
    CompareOp first_op = op;
    while (!panicking_) {
        switch (kind()) {
            case TokenKind::kEqualEqual: op = CompareOp::kEq; break;
            case TokenKind::kNotEqual: op = CompareOp::kNe; break;
            case TokenKind::kLess: op = CompareOp::kLt; break;
            case TokenKind::kLessEqual: op = CompareOp::kLe; break;
            case TokenKind::kGreater: op = CompareOp::kGt; break;
            case TokenKind::kGreaterEqual: op = CompareOp::kGe; break;
            case TokenKind::kIn: op = CompareOp::kIn; break;
            case TokenKind::kIs: op = peek(1).kind == TokenKind::kNot ? CompareOp::kIsNot : CompareOp::kIs; break;
            case TokenKind::kNot:
                if (peek(1).kind == TokenKind::kIn) {
                    op = CompareOp::kNotIn;
                    break;
                }
                [[fallthrough]];
            default: goto done;
        }
        if (op == CompareOp::kIsNot || op == CompareOp::kNotIn) advance();
        advance();
        if (rest.empty()) {
            first_op = op;
        } else {
            more.push_back(op);
        }
        rest.add(parse_range());
    }
done:
    if (rest.empty()) return first;
    more.insert(more.begin(), first_op);
    return make<CompareExpr>(ExprKind::kCompare, since(first), std::max(height(first), height_of(rest.items())), first,
                             std::span<const CompareOp>(arena_.copy(more)), Exprs(arena_.copy(rest.items())));
}

// 0..n, 0..=n; in a subscript also a.., ..b and ..
Expr* Parser::parse_range() {
    auto at_dots = [this] { return at(TokenKind::kDotDot) || at(TokenKind::kDotDotEqual); };
    const uint32_t begin = current_.begin;
    const bool may_be_open = subscript_;
    Expr* start = nullptr;
    if (!at_dots() || !may_be_open) {
        start = parse_binary(kLowestBinary);
        if (!at_dots() || panicking_) return start;
    }
    const bool inclusive = at(TokenKind::kDotDotEqual);
    const Span dots = current_.span();
    advance();
    Expr* stop = nullptr;
    if (starts_expression(kind()) && !at(TokenKind::kStar) && !at(TokenKind::kNot) && !at(TokenKind::kLambda)) {
        stop = parse_binary(kLowestBinary);
        if (at_dots()) {
            syntax_error(DiagCode::kSyntax, current_.span(), "a range has one start and one end", "a second range", {});
        }
    } else if (!may_be_open || inclusive) {
        syntax_error(DiagCode::kSyntax, dots, "this range has no end", "a number must follow",
                     inclusive ? "" : "a range without an end is possible only in a crate's slice: x[a..]");
        return error_expr(since(begin));
    }
    return make<RangeExpr>(ExprKind::kRange, since(begin), std::max(height(start), height(stop)), start, stop,
                           inclusive);
}

Expr* Parser::parse_binary(int lowest) {
    Expr* left = parse_unary();
    for (;;) {
        const BinaryToken token = binary_operator(kind());
        if (token.level < lowest || panicking_) return left;
        const Span op_span = current_.span();
        advance();
        Expr* right = parse_binary(token.level + 1);
        left = make<BinaryExpr>(ExprKind::kBinary, since(left), std::max(height(left), height(right)), token.op, left,
                                right, op_span);
    }
}

Expr* Parser::parse_unary() {
    auto at_sign = [this] { return at(TokenKind::kMinus) || at(TokenKind::kPlus) || at(TokenKind::kTilde); };
    if (!at_sign()) return parse_power(false);
    ScratchList<Token> signs(unary_stack_);
    while (at_sign()) {
        signs.add(current_);
        advance();
    }
    Expr* e = parse_power(signs[signs.size() - 1].kind == TokenKind::kMinus);
    for (size_t i = signs.size(); i-- > 0 && !panicking_;) {
        UnaryOp op = signs[i].kind == TokenKind::kMinus  ? UnaryOp::kMinus
                     : signs[i].kind == TokenKind::kPlus ? UnaryOp::kPlus
                                                         : UnaryOp::kInvert;
        e = make<UnaryExpr>(ExprKind::kUnary, since(signs[i].begin), height(e), op, e);
    }
    return e;
}

Expr* Parser::parse_power(bool negated) {
    Expr* base = nullptr;
    const uint32_t begin = current_.begin;
    if (accept(TokenKind::kAwait)) {
        Expr* value = parse_postfix(false);
        base = make<YieldExpr>(ExprKind::kAwait, since(begin), height(value), value);
    } else {
        base = parse_postfix(negated);
    }
    if (!at(TokenKind::kDoubleStar) || panicking_) return base;
    Recursion recursion(*this);
    if (recursion.too_deep()) return error_expr(base->span);
    const Span op_span = current_.span();
    advance();
    Expr* exponent = parse_unary();
    return make<BinaryExpr>(ExprKind::kBinary, since(base), std::max(height(base), height(exponent)), BinaryOp::kPow,
                            base, exponent, op_span);
}

Expr* Parser::parse_postfix(bool negated) {
    const uint32_t begin = current_.begin;
    Expr* e = parse_atom(negated);
    for (;;) {
        if (panicking_) return e;
        switch (kind()) {
            case TokenKind::kDot: {
                advance();
                // After a dot a keyword is a name: T.from(x), flags.is(y).
                if (!at(TokenKind::kName) && !is_keyword(kind())) {
                    unexpected("a name after '.'");
                    return e;
                }
                const Span name_span = current_.span();
                std::string_view name = text_of(current_);
                advance();
                e = make<AttributeExpr>(ExprKind::kAttribute, since(begin), height(e), e, name, name_span);
                continue;
            }
            case TokenKind::kLeftParen: e = parse_call(e); continue;
            case TokenKind::kLeftBracket: e = parse_subscript(e); continue;
            default: return e;
        }
    }
}

Expr* Parser::parse_call(Expr* callee) {
    ScratchList<Expr*> args(expr_stack_);
    std::vector<KeywordArg> keywords;
    uint32_t below = height(callee);
    bool unpacked_mapping = false;
    const bool outer_subscript = std::exchange(subscript_, false);
    {
        Inside parens(*this);
        while (!panicking_ && !at(TokenKind::kRightParen)) {
            const uint32_t begin = current_.begin;
            if (accept(TokenKind::kDoubleStar)) {
                Expr* value = parse_expression();
                below = std::max(below, height(value));
                keywords.push_back({{}, value, since(begin)});
                unpacked_mapping = true;
            } else if (at(TokenKind::kStar)) {
                advance();
                Expr* value = parse_expression();
                if (unpacked_mapping) {
                    complain(DiagCode::kSyntax, since(begin), "'*' cannot follow '**' in a call", {},
                             "put the positional arguments first");
                }
                args.add(make<StarredExpr>(ExprKind::kStarred, since(begin), height(value), value));
            } else if (at(TokenKind::kName) && peek(1).kind == TokenKind::kEqual) {
                std::string_view name = text_of(current_);
                advance();
                advance();
                Expr* value = parse_expression();
                below = std::max(below, height(value));
                keywords.push_back({name, value, since(begin)});
            } else {
                const uint32_t yields = scope_->yields;
                Expr* value = parse_named();
                if (panicking_) break;
                if (at_comprehension()) {
                    value = parse_comprehension(ComprehensionKind::kGenerator, begin, value, nullptr, yields);
                    if (!panicking_ && (!args.empty() || !keywords.empty() || at(TokenKind::kComma))) {
                        if (!(args.empty() && keywords.empty() && peek(1).kind == TokenKind::kRightParen)) {
                            complain(DiagCode::kSyntax, value->span,
                                     "a generator beside other arguments needs parentheses", {},
                                     "write (" + std::string(text_of(value->span).substr(0, 40)) +
                                         (text_of(value->span).size() > 40 ? "...)" : ")"));
                        } else {
                            complain(DiagCode::kSyntax, value->span, "a generator before a comma needs parentheses");
                        }
                    }
                } else if (at(TokenKind::kEqual)) {
                    bool is_literal = value->kind == ExprKind::kBool || value->kind == ExprKind::kNone;
                    syntax_error(DiagCode::kBadTarget, value->span,
                                 is_literal ? "cannot assign to " + std::string(text_of(value->span))
                                            : "the name of a keyword argument must be a plain name",
                                 "stands before '='", "to compare, write '=='");
                    break;
                } else if (!keywords.empty()) {
                    Diagnostic& diagnostic =
                        complain(DiagCode::kSyntax, value->span,
                                 unpacked_mapping ? "a positional argument cannot follow '**' in a call"
                                                  : "a positional argument cannot follow a keyword argument",
                                 {}, "put it first, or give it a name");
                    diagnostic.secondary.push_back({&file_, keywords.back().span, "keyword argument"});
                }
                args.add(value);
            }
            if (!accept(TokenKind::kComma)) break;
        }
        close(TokenKind::kRightParen, "','");
    }
    subscript_ = outer_subscript;
    check_keywords(keywords);
    below = std::max(below, height_of(args.items()));
    return make<CallExpr>(ExprKind::kCall, since(callee), below, callee, Exprs(arena_.copy(args.items())),
                          std::span<const KeywordArg>(arena_.copy(keywords)));
}

void Parser::check_keywords(const std::vector<KeywordArg>& keywords) {
    if (keywords.size() < 2) return;
    std::vector<const KeywordArg*> sorted;
    for (const KeywordArg& keyword : keywords) {
        if (!keyword.name.empty()) sorted.push_back(&keyword);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const KeywordArg* a, const KeywordArg* b) { return a->name < b->name; });
    for (size_t i = 1; i < sorted.size(); ++i) {
        if (sorted[i]->name != sorted[i - 1]->name) continue;
        Diagnostic& diagnostic = complain(DiagCode::kSyntax, sorted[i]->span,
                                          "keyword argument " + quoted(sorted[i]->name) + " is repeated");
        diagnostic.secondary.push_back({&file_, sorted[i - 1]->span, "given here first"});
    }
}

Expr* Parser::parse_subscript(Expr* object) {
    const bool outer_subscript = std::exchange(subscript_, true);
    Expr* index = nullptr;
    {
        Inside brackets(*this);
        const uint32_t begin = current_.begin;
        if (at(TokenKind::kRightBracket)) {
            unexpected("an index or a slice");
            index = error_expr(since(begin));
        } else {
            index = parse_slice();
        }
        if (!panicking_ && (at(TokenKind::kComma) || index->kind == ExprKind::kStarred)) {
            ScratchList<Expr*> items(expr_stack_);
            items.add(index);
            while (!panicking_ && accept(TokenKind::kComma)) {
                if (at(TokenKind::kRightBracket)) break;
                items.add(parse_slice());
            }
            index = make<SequenceExpr>(ExprKind::kTuple, since(begin), height_of(items.items()),
                                       Exprs(arena_.copy(items.items())));
        }
        close(TokenKind::kRightBracket, {});
    }
    subscript_ = outer_subscript;
    return make<SubscriptExpr>(ExprKind::kSubscript, since(object), std::max(height(object), height(index)), object,
                               index);
}

Expr* Parser::parse_slice() {
    const uint32_t begin = current_.begin;
    Expr* start = nullptr;
    if (!at(TokenKind::kColon)) {
        start = parse_star_or_named();
        if (!at(TokenKind::kColon) || panicking_ || start->kind == ExprKind::kStarred) return start;
    }
    auto ends = [this] { return at(TokenKind::kColon) || at(TokenKind::kComma) || at(TokenKind::kRightBracket); };
    Expr* stop = nullptr;
    Expr* step = nullptr;
    advance();
    if (!ends()) stop = parse_expression();
    if (!panicking_ && accept(TokenKind::kColon) && !ends()) step = parse_expression();
    return make<SliceExpr>(ExprKind::kSlice, since(begin), std::max({height(start), height(stop), height(step)}), start,
                           stop, step);
}

Expr* Parser::parse_lambda() {
    Recursion recursion(*this);
    const uint32_t begin = current_.begin;
    if (recursion.too_deep()) return error_expr(current_.span());
    const bool outer_subscript = std::exchange(subscript_, false);
    advance();
    std::span<const Param> params = parse_params(TokenKind::kColon, false);
    uint32_t below = 0;
    for (const Param& param : params) below = std::max(below, height(param.default_value));
    Expr* body = nullptr;
    if (expect(TokenKind::kColon, "before the body of the lambda")) {
        if (at(TokenKind::kFStringMiddle)) {  // its ':' began the format spec
            syntax_error(DiagCode::kFStringSyntax, since(begin), "a lambda in an f-string needs parentheses", {},
                         "write {(lambda ...)}");
        }
        InScope scope(*this, ScopeKind::kLambda, scope_->is_async);
        body = parse_expression();
    } else {
        body = error_expr(since(begin));
    }
    subscript_ = outer_subscript;
    return make<LambdaExpr>(ExprKind::kLambda, since(begin), std::max(below, height(body)), params, body);
}

Expr* Parser::parse_yield() {
    const uint32_t begin = current_.begin;
    const Span keyword = current_.span();
    advance();
    ++scope_->yields;
    if (scope_->kind == ScopeKind::kModule || scope_->kind == ScopeKind::kClass) {
        complain(DiagCode::kMisplacedStatement, keyword, "'yield' outside of a function", {},
                 "only a function can be a generator");
    } else if (scope_->kind == ScopeKind::kLambda) {
        complain(DiagCode::kUnsupported, keyword, "'yield' in a lambda is not part of Kayton", {},
                 "write the generator with def");
    }
    if (accept(TokenKind::kFrom)) {
        Expr* value = parse_expression();
        return make<YieldExpr>(ExprKind::kYieldFrom, since(begin), height(value), value);
    }
    Expr* value = starts_expression(kind()) ? parse_star_expressions(" after 'yield'") : nullptr;
    return make<YieldExpr>(ExprKind::kYield, since(begin), height(value), value);
}

// The targets of `for` and of comprehensions: as an expression list, but `in` ends it.
Expr* Parser::parse_target_list() {
    const uint32_t begin = current_.begin;
    const bool outer_subscript = std::exchange(subscript_, false);
    ScratchList<Expr*> items(expr_stack_);
    bool is_tuple = false;
    do {
        if (!starts_expression(kind())) {
            if (items.empty()) missing_expression();
            break;
        }
        const uint32_t item_begin = current_.begin;
        if (accept(TokenKind::kStar)) {
            Expr* value = parse_binary(kLowestBinary);
            items.add(make<StarredExpr>(ExprKind::kStarred, since(item_begin), height(value), value));
        } else {
            items.add(parse_binary(kLowestBinary));
        }
        if (at(TokenKind::kComma)) is_tuple = true;
    } while (!panicking_ && accept(TokenKind::kComma));
    subscript_ = outer_subscript;
    if (items.empty()) return error_expr(since(begin));
    Expr* target = is_tuple ? make<SequenceExpr>(ExprKind::kTuple, since(begin), height_of(items.items()),
                                                 Exprs(arena_.copy(items.items())))
                            : items[0];
    if (!panicking_) check_target(target, TargetUse::kFor);
    return target;
}

Expr* Parser::missing_expression() {
    const Span span = current_.span();
    std::string help;
    switch (kind()) {
        case TokenKind::kAmpersand: help = "for a logical and, write 'and'"; break;
        case TokenKind::kPipe: help = "for a logical or, write 'or'"; break;
        case TokenKind::kExclamation: help = "for a logical not, write 'not'"; break;
        case TokenKind::kEqual: help = "to compare, write '=='"; break;
        case TokenKind::kGreater: help = "for 'not equal', write '!='"; break;
        case TokenKind::kNewline:
            if (prev_end_ >= 2 && (text_.substr(prev_end_ - 2, 2) == "++" || text_.substr(prev_end_ - 2, 2) == "--")) {
                help = std::string("to count up or down, write ") + text_[prev_end_ - 1] + "= 1";
            }
            break;
        default: break;
    }
    const bool begins_line = !open_brackets_.empty() && (current_.flags & kFirstOnLine) != 0;
    if (is_keyword(kind()) && !silent() && !begins_line) {
        syntax_error(DiagCode::kSyntax, span, "expected an expression, found the keyword " + describe_current(), {},
                     "keywords are names only after a dot");
    } else {
        unexpected("an expression", std::move(help));
    }
    return error_expr(span);
}

}  // namespace kayton::syntax
