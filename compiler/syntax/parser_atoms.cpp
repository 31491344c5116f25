// The smallest expressions: names, numbers, displays, comprehensions.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>

#include "compiler/syntax/parser_impl.h"

namespace kayton::syntax {

namespace {

constexpr uint64_t kTwoTo63 = uint64_t{1} << 63;

std::string without_underscores(std::string_view text) {
    std::string digits(text);
    std::erase(digits, '_');
    return digits;
}

}  // namespace

Expr* Parser::parse_atom(bool negated) {
    const Span span = current_.span();
    switch (kind()) {
        case TokenKind::kName: {
            auto* name = make<NameExpr>(ExprKind::kName, span, 0, text_of(span));
            advance();
            return name;
        }
        case TokenKind::kInt:
        case TokenKind::kFloat:
        case TokenKind::kImaginary: return parse_number(negated);
        case TokenKind::kString:
        case TokenKind::kFStringStart: return parse_strings();
        case TokenKind::kTrue:
        case TokenKind::kFalse: {
            auto* value = make<BoolExpr>(ExprKind::kBool, span, 0, at(TokenKind::kTrue));
            advance();
            return value;
        }
        case TokenKind::kNone: advance(); return make<Expr>(ExprKind::kNone, span, 0);
        case TokenKind::kEllipsis: advance(); return make<Expr>(ExprKind::kEllipsis, span, 0);
        case TokenKind::kLeftParen: return parse_paren();
        case TokenKind::kLeftBracket: return parse_list();
        case TokenKind::kLeftBrace: return parse_brace();
        case TokenKind::kError:
            if ((current_.flags & kErrorOperand) != 0) {
                advance();
                return error_expr(span);
            }
            panicking_ = true;
            return error_expr(span);
        default: return missing_expression();
    }
}

Expr* Parser::parse_number(bool negated) {
    const Span span = current_.span();
    const TokenKind number_kind = kind();
    std::string_view text = text_of(span);
    advance();
    if (number_kind == TokenKind::kImaginary) {
        const std::string digits = without_underscores(text.substr(0, text.size() - 1));
        const std::vector<Expr*> parts = {make<FloatExpr>(ExprKind::kFloat, span, 0, 0.0),
                                          make<FloatExpr>(ExprKind::kFloat, span, 0, std::strtod(digits.c_str(), nullptr))};
        auto* name = make<NameExpr>(ExprKind::kName, span, 0, "complex");
        return make<CallExpr>(ExprKind::kCall, span, 1, name, Exprs(arena_.copy(parts)), std::span<const KeywordArg>{});
    }
    if (number_kind == TokenKind::kFloat) {
        std::string digits = without_underscores(text);
        double value = 0;
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        // Too large is inf and too small is 0, as in Python; from_chars says only that one of them happened.
        if (error == std::errc::result_out_of_range) value = std::strtod(digits.c_str(), nullptr);
        return make<FloatExpr>(ExprKind::kFloat, span, 0, value);
    }
    int base = 10;
    size_t start = 0;
    if (text.size() > 2 && text[0] == '0') {
        const char letter = static_cast<char>(text[1] | 0x20);
        base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
        if (base != 10) start = 2;
    }
    uint64_t value = 0;
    bool too_large = false;
    for (char c : text.substr(start)) {
        if (c == '_') continue;
        const auto digit = static_cast<uint64_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        if (__builtin_mul_overflow(value, static_cast<uint64_t>(base), &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            too_large = true;
        }
    }
    const bool is_power = at(TokenKind::kDoubleStar) || at(TokenKind::kDot) || at(TokenKind::kLeftBracket);
    const bool smallest = value == kTwoTo63 && negated && !is_power;
    if (too_large || (value >= kTwoTo63 && !smallest)) {
        complain(DiagCode::kInvalidLiteral, span, "integer literal is out of range",
                 "an int has 64 bits: at most 9223372036854775807");
        return error_expr(span);
    }
    return make<IntExpr>(ExprKind::kInt, span, 0, value, smallest);
}

bool Parser::at_comprehension() {
    return at(TokenKind::kFor) || (at(TokenKind::kAsync) && peek(1).kind == TokenKind::kFor);
}

// (), (a), (a, b), (x for x in y), (yield x), (a := b)
Expr* Parser::parse_paren() {
    const uint32_t begin = current_.begin;
    const bool outer_subscript = std::exchange(subscript_, false);
    Expr* result = nullptr;
    {
        Inside parens(*this);
        ScratchList<Expr*> items(expr_stack_);
        bool is_tuple = at(TokenKind::kRightParen);
        const uint32_t yields = scope_->yields;
        if (at(TokenKind::kYield)) {
            result = parse_yield();
        } else if (!is_tuple) {
            result = parse_star_or_named();
            if (!panicking_ && at_comprehension()) {
                result = parse_comprehension(ComprehensionKind::kGenerator, begin, result, nullptr, yields);
                close(TokenKind::kRightParen, {});
                result->span = since(begin);
                subscript_ = outer_subscript;
                return result;
            }
            if (!panicking_ && at(TokenKind::kComma)) {
                is_tuple = true;
                items.add(result);
                while (!panicking_ && accept(TokenKind::kComma)) {
                    if (at(TokenKind::kRightParen)) break;
                    items.add(parse_star_or_named());
                }
            } else if (!panicking_ && result->kind == ExprKind::kStarred && at(TokenKind::kRightParen)) {
                complain(DiagCode::kSyntax, result->span, "a starred expression cannot stand alone in parentheses", {},
                         "put a comma after it for a tuple");
            }
        }
        close(TokenKind::kRightParen, "','");
        if (is_tuple) {
            result = make<SequenceExpr>(ExprKind::kTuple, since(begin), height_of(items.items()),
                                        Exprs(arena_.copy(items.items())));
        }
    }
    subscript_ = outer_subscript;
    return result;
}

Expr* Parser::parse_list() {
    const uint32_t begin = current_.begin;
    const bool outer_subscript = std::exchange(subscript_, false);
    Expr* result = nullptr;
    {
        Inside brackets(*this);
        ScratchList<Expr*> items(expr_stack_);
        while (!panicking_ && !at(TokenKind::kRightBracket)) {
            const uint32_t yields = scope_->yields;
            Expr* item = parse_star_or_named();
            if (!panicking_ && items.empty() && at_comprehension()) {
                result = parse_comprehension(ComprehensionKind::kList, begin, item, nullptr, yields);
                break;
            }
            items.add(item);
            if (!accept(TokenKind::kComma)) break;
        }
        close(TokenKind::kRightBracket, result == nullptr ? "','" : "");
        if (result == nullptr) {
            result = make<SequenceExpr>(ExprKind::kList, since(begin), height_of(items.items()),
                                        Exprs(arena_.copy(items.items())));
        } else {
            result->span = since(begin);
        }
    }
    subscript_ = outer_subscript;
    return result;
}

// A set, a dict or a comprehension of either.
Expr* Parser::parse_brace() {
    const uint32_t begin = current_.begin;
    const bool outer_subscript = std::exchange(subscript_, false);
    Expr* result = nullptr;
    {
        Inside braces(*this);
        const uint32_t yields = scope_->yields;
        if (at(TokenKind::kRightBrace) || at(TokenKind::kDoubleStar)) {
            result = parse_dict(begin, nullptr);
        } else {
            Expr* first = parse_star_or_named();
            if (!panicking_ && at(TokenKind::kColon) && first->kind != ExprKind::kStarred) {
                result = parse_dict(begin, first);
            } else if (!panicking_ && at_comprehension()) {
                result = parse_comprehension(ComprehensionKind::kSet, begin, first, nullptr, yields);
                close(TokenKind::kRightBrace, {});
            } else {
                ScratchList<Expr*> items(expr_stack_);
                items.add(first);
                while (!panicking_ && accept(TokenKind::kComma)) {
                    if (at(TokenKind::kRightBrace)) break;
                    items.add(parse_star_or_named());
                }
                close(TokenKind::kRightBrace, items.size() == 1 ? "':', ','" : "','");
                result = make<SequenceExpr>(ExprKind::kSet, since(begin), height_of(items.items()),
                                            Exprs(arena_.copy(items.items())));
            }
        }
        result->span = since(begin);
    }
    subscript_ = outer_subscript;
    return result;
}

// REQUIRES: the current token is the ':' after `first_key`, or, where that is null, the first token after '{'.
Expr* Parser::parse_dict(uint32_t begin, Expr* first_key) {
    std::vector<DictItem> items;
    uint32_t below = 0;
    Expr* key = first_key;
    while (!panicking_ && (key != nullptr || !at(TokenKind::kRightBrace))) {
        Expr* value = nullptr;
        if (key == nullptr && accept(TokenKind::kDoubleStar)) {
            value = parse_range();
        } else {
            const uint32_t yields = scope_->yields;
            if (key == nullptr) key = parse_expression();
            if (panicking_ || !expect(TokenKind::kColon, "and the key's value")) break;
            value = parse_expression();
            if (!panicking_ && items.empty() && at_comprehension()) {
                Expr* result = parse_comprehension(ComprehensionKind::kDict, begin, key, value, yields);
                close(TokenKind::kRightBrace, {});
                return result;
            }
        }
        below = std::max<uint32_t>({below, key == nullptr ? 0U : key->height, value->height});
        items.push_back({key, value});
        key = nullptr;
        if (!accept(TokenKind::kComma)) break;
    }
    close(TokenKind::kRightBrace, "','");
    return make<DictExpr>(ExprKind::kDict, since(begin), below, std::span<const DictItem>(arena_.copy(items)));
}

// REQUIRES: at_comprehension(). The caller closes the bracket and sets the span.
Expr* Parser::parse_comprehension(ComprehensionKind comprehension, uint32_t begin, Expr* element, Expr* value,
                                  uint32_t yields_before) {
    uint32_t below = std::max<uint32_t>(element->height, value == nullptr ? 0 : value->height);
    const Expr* starred = element->kind == ExprKind::kStarred ? element : nullptr;
    if (starred != nullptr) {
        complain(DiagCode::kSyntax, starred->span, "'*' cannot unpack in a comprehension", {},
                 "add a second for: [x for part in parts for x in part]");
    }
    std::vector<ComprehensionClause> clauses;
    while (!panicking_ && at_comprehension()) {
        if (at(TokenKind::kAsync)) {
            if (!scope_->is_async) {
                complain(DiagCode::kUnsupported, current_.span(), "asynchronous comprehensions are not part of Kayton");
            }
            advance();
        }
        advance();
        ComprehensionClause clause{};
        clause.target = parse_target_list();
        if (!panicking_) expect(TokenKind::kIn, "after the target of the comprehension");
        if (panicking_) {
            clause.iterable = error_expr(since(begin));
            clauses.push_back(clause);
            break;
        }
        const uint32_t before_iterable = scope_->yields;
        clause.iterable = parse_disjunction();
        // The first iterable is evaluated outside of the comprehension: it may yield.
        if (clauses.empty()) yields_before += scope_->yields - before_iterable;
        below = std::max<uint32_t>({below, clause.target->height, clause.iterable->height});
        ScratchList<Expr*> conditions(expr_stack_);
        while (!panicking_ && accept(TokenKind::kIf)) {
            const uint32_t condition_begin = current_.begin;
            Expr* condition = at(TokenKind::kLambda) ? parse_lambda() : parse_disjunction();
            if (at(TokenKind::kColonEqual) && condition->kind == ExprKind::kName &&
                condition->span.begin == condition_begin) {
                advance();
                Expr* assigned = parse_disjunction();
                condition = make<NamedExpr>(ExprKind::kNamedExpr, since(condition_begin), assigned->height,
                                            static_cast<NameExpr*>(condition), assigned);
            }
            conditions.add(condition);
        }
        if (!panicking_ && at(TokenKind::kElse)) {
            syntax_error(DiagCode::kSyntax, current_.span(), "'else' cannot follow the 'if' of a comprehension", {},
                         "put the choice first: [a if c else b for x in y]");
        }
        below = std::max(below, height_of(conditions.items()));
        clause.conditions = arena_.copy(conditions.items());
        clauses.push_back(clause);
    }
    if (scope_->yields != yields_before) {
        complain(DiagCode::kMisplacedStatement, since(begin), "'yield' cannot stand inside a comprehension");
    }
    return make<ComprehensionExpr>(ExprKind::kComprehension, since(begin), below, comprehension, element, value,
                                   std::span<const ComprehensionClause>(arena_.copy(clauses)));
}

}  // namespace kayton::syntax
