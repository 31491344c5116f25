// The match statement and its patterns.
#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "compiler/syntax/parser_impl.h"

namespace kayton::syntax {

// `match` is a keyword only where the line ends with ':' and a `case` follows, or where no name could stand.
bool Parser::at_match_statement() {
    switch (peek(1).kind) {
        case TokenKind::kInt:
        case TokenKind::kFloat:
        case TokenKind::kImaginary:
        case TokenKind::kString:
        case TokenKind::kFStringStart:
        case TokenKind::kLeftBrace:
        case TokenKind::kTilde:
        case TokenKind::kFalse:
        case TokenKind::kNone:
        case TokenKind::kTrue:
        case TokenKind::kLambda:
        case TokenKind::kAwait: return true;
        case TokenKind::kName: return true;
        case TokenKind::kLeftParen:
        case TokenKind::kLeftBracket:
        case TokenKind::kMinus:
        case TokenKind::kPlus:
        case TokenKind::kStar:
        case TokenKind::kNot: break;
        default: return false;
    }
    size_t distance = 1;
    while (peek(distance).kind != TokenKind::kNewline && peek(distance).kind != TokenKind::kEndOfFile &&
           peek(distance).kind != TokenKind::kError) {
        ++distance;
    }
    return peek(distance).kind == TokenKind::kNewline && peek(distance - 1).kind == TokenKind::kColon &&
           peek(distance + 1).kind == TokenKind::kIndent && peek(distance + 2).soft == SoftKeyword::kCase;
}

Stmt* Parser::parse_match() {
    const Span header = current_.span();
    advance();
    const uint32_t subject_begin = current_.begin;
    Expr* subject = parse_star_or_named();
    if (!panicking_ && at(TokenKind::kComma)) {
        ScratchList<Expr*> items(expr_stack_);
        items.add(subject);
        while (!panicking_ && accept(TokenKind::kComma)) {
            if (!starts_expression(kind())) break;
            items.add(parse_star_or_named());
        }
        subject = make<SequenceExpr>(ExprKind::kTuple, since(subject_begin), height_of(items.items()),
                                     Exprs(arena_.copy(items.items())));
    } else if (!panicking_ && subject->kind == ExprKind::kStarred) {
        syntax_error(DiagCode::kSyntax, subject->span, "a starred expression cannot stand alone after 'match'");
    }
    if (!panicking_) expect(TokenKind::kColon, "after the subject of 'match'");
    const bool header_failed = panicking_;
    if (!panicking_ && !at(TokenKind::kNewline)) unexpected("the end of the line and indented 'case' blocks");
    if (panicking_) skip_to_end_of_line();
    accept(TokenKind::kNewline);
    std::vector<MatchCase> cases;
    if (!at(TokenKind::kIndent)) {
        if (!header_failed) {
            if (at_end_of_text() && !silent()) incomplete_ = diagnostics_.error_count() == errors_before_;
            Diagnostic& diagnostic =
                complain(DiagCode::kIndentation, at(TokenKind::kEndOfFile) ? header : current_.span(),
                         "expected indented 'case' blocks after 'match'");
            if (!at(TokenKind::kEndOfFile)) diagnostic.secondary.push_back({&file_, header, "begins here"});
        }
        return error_stmt(header);
    }
    advance();
    const MatchCase* irrefutable = nullptr;
    bool irrefutable_seen = false;
    MatchCase irrefutable_copy{};
    while (!at(TokenKind::kDedent) && !at(TokenKind::kEndOfFile)) {
        if (accept(TokenKind::kNewline)) continue;
        statement_begin_ = current_.begin;
        if (!at_soft(SoftKeyword::kCase)) {
            if (at(TokenKind::kIndent)) {
                complain(DiagCode::kIndentation, current_.span(), "this line is indented, but no block starts here");
                parse_orphan_block();
                continue;
            }
            unexpected("'case'", "only 'case' blocks can stand directly in a 'match'");
            skip_to_end_of_line();
            accept(TokenKind::kNewline);
            if (at(TokenKind::kIndent)) parse_orphan_block();
            continue;
        }
        MatchCase match_case{};
        const Span keyword = current_.span();
        advance();
        match_case.pattern = parse_case_patterns();
        if (!panicking_) check_pattern(*match_case.pattern);
        if (!panicking_ && accept(TokenKind::kIf)) match_case.guard = parse_named();
        if (irrefutable != nullptr && !panicking_) {
            Diagnostic& diagnostic = complain(DiagCode::kSyntax, irrefutable_copy.pattern->span,
                                              "this pattern matches everything: the cases after it are never reached",
                                              {}, "move it to the end");
            diagnostic.secondary.push_back({&file_, keyword, "never reached"});
            irrefutable = nullptr;
        }
        match_case.body = parse_block("'case' and its pattern", keyword);
        match_case.span = since(keyword.begin);
        cases.push_back(match_case);
        const Pattern* pattern = match_case.pattern;
        if (match_case.guard == nullptr && is_irrefutable(*pattern) && !irrefutable_seen) {
            irrefutable_seen = true;
            irrefutable_copy = match_case;
            irrefutable = &irrefutable_copy;
        }
    }
    accept(TokenKind::kDedent);
    return make_stmt<MatchStmt>(StmtKind::kMatch, since(header.begin), subject,
                                std::span<const MatchCase>(arena_.copy(cases)));
}

Pattern* Parser::make_pattern(PatternKind pattern_kind, Span span) {
    return arena_.make<Pattern>(pattern_kind, span, std::string_view{}, nullptr, std::span<Pattern* const>{},
                                std::span<Expr* const>{}, std::span<const std::string_view>{});
}

// a, *rest — a sequence without brackets — or one pattern.
Pattern* Parser::parse_case_patterns() {
    const uint32_t begin = current_.begin;
    Pattern* first = at(TokenKind::kStar) ? parse_star_pattern() : parse_as_pattern();
    if (!at(TokenKind::kComma) || panicking_) {
        if (first->kind == PatternKind::kStar) {
            syntax_error(DiagCode::kSyntax, first->span, "a starred pattern must be part of a sequence", {},
                         "put a comma after it");
        }
        return first;
    }
    std::vector<Pattern*> items{first};
    while (!panicking_ && accept(TokenKind::kComma)) {
        if (at(TokenKind::kColon) || at(TokenKind::kIf)) break;
        items.push_back(at(TokenKind::kStar) ? parse_star_pattern() : parse_as_pattern());
    }
    Pattern* sequence = make_pattern(PatternKind::kSequence, since(begin));
    sequence->children = arena_.copy(items);
    return sequence;
}

Pattern* Parser::parse_star_pattern() {
    const uint32_t begin = current_.begin;
    advance();
    Pattern* star = make_pattern(PatternKind::kStar, since(begin));
    if (!at(TokenKind::kName)) {
        unexpected("a name after '*'");
        return star;
    }
    if (!at_soft(SoftKeyword::kUnderscore)) star->name = text_of(current_);
    advance();
    star->span = since(begin);
    return star;
}

Pattern* Parser::parse_as_pattern() {
    const uint32_t begin = current_.begin;
    Pattern* pattern = parse_or_pattern();
    if (panicking_ || !accept(TokenKind::kAs)) return pattern;
    if (!at(TokenKind::kName) || at_soft(SoftKeyword::kUnderscore)) {
        if (at(TokenKind::kName)) {
            syntax_error(DiagCode::kBadTarget, current_.span(), "'_' cannot be the name of 'as'");
        } else {
            unexpected("a name after 'as'");
        }
        return pattern;
    }
    Pattern* result = make_pattern(PatternKind::kAs, {});
    result->name = text_of(current_);
    advance();
    result->span = since(begin);
    result->children = arena_.copy(std::vector<Pattern*>{pattern});
    return result;
}

Pattern* Parser::parse_or_pattern() {
    const uint32_t begin = current_.begin;
    Pattern* first = parse_closed_pattern();
    if (!at(TokenKind::kPipe) || panicking_) return first;
    std::vector<Pattern*> alternatives{first};
    while (!panicking_ && accept(TokenKind::kPipe)) alternatives.push_back(parse_closed_pattern());
    Pattern* result = make_pattern(PatternKind::kOr, since(begin));
    result->children = arena_.copy(alternatives);
    return result;
}

Pattern* Parser::parse_closed_pattern() {
    switch (kind()) {
        case TokenKind::kName: return parse_name_pattern();
        case TokenKind::kLeftParen: return parse_group_or_sequence(TokenKind::kRightParen);
        case TokenKind::kLeftBracket: return parse_group_or_sequence(TokenKind::kRightBracket);
        case TokenKind::kLeftBrace: return parse_mapping_pattern();
        case TokenKind::kInt:
        case TokenKind::kFloat:
        case TokenKind::kImaginary:
        case TokenKind::kMinus:
        case TokenKind::kString:
        case TokenKind::kFStringStart:
        case TokenKind::kTrue:
        case TokenKind::kFalse:
        case TokenKind::kNone: return parse_literal_pattern();
        default: {
            Pattern* wrong = make_pattern(PatternKind::kWildcard, current_.span());
            unexpected("a pattern");
            return wrong;
        }
    }
}

Pattern* Parser::parse_literal_pattern() {
    const uint32_t begin = current_.begin;
    Expr* value = nullptr;
    if (at(TokenKind::kMinus)) {
        advance();
        if (!at(TokenKind::kInt) && !at(TokenKind::kFloat) && !at(TokenKind::kImaginary)) {
            unexpected("a number after '-' in a pattern");
            return make_pattern(PatternKind::kWildcard, since(begin));
        }
        Expr* number = parse_number(true);
        value = make<UnaryExpr>(ExprKind::kUnary, since(begin), number->height, UnaryOp::kMinus, number);
    } else {
        value = parse_atom(false);
    }
    if (!panicking_ && (at(TokenKind::kPlus) || at(TokenKind::kMinus)) &&
        (value->kind == ExprKind::kInt || value->kind == ExprKind::kFloat || value->kind == ExprKind::kUnary)) {
        advance();
        if (at(TokenKind::kImaginary)) {
            complain(DiagCode::kUnsupported, current_.span(), "a complex number cannot be a pattern");
            (void)parse_number(false);
        } else {
            unexpected("':' after the pattern");
        }
    }
    if (value->kind == ExprKind::kFString) {
        complain(DiagCode::kSyntax, value->span, "an f-string cannot be a pattern", {},
                 "compare in a guard: case x if x == f\"...\"");
    }
    Pattern* pattern = make_pattern(PatternKind::kLiteral, since(begin));
    pattern->value = value;
    return pattern;
}

// _, a capture, a dotted value, or a class.
Pattern* Parser::parse_name_pattern() {
    const Token first = current_;
    advance();
    if (!at(TokenKind::kDot) && !at(TokenKind::kLeftParen)) {
        const bool wildcard = first.soft == SoftKeyword::kUnderscore;
        Pattern* pattern = make_pattern(wildcard ? PatternKind::kWildcard : PatternKind::kCapture, first.span());
        if (!wildcard) pattern->name = text_of(first);
        return pattern;
    }
    Expr* value = make<NameExpr>(ExprKind::kName, first.span(), 0, text_of(first));
    while (!panicking_ && accept(TokenKind::kDot)) {
        if (!at(TokenKind::kName) && !is_keyword(kind())) {
            unexpected("a name after '.'");
            break;
        }
        const Token name = current_;
        advance();
        value = make<AttributeExpr>(ExprKind::kAttribute, since(first.begin), value->height, value, text_of(name),
                                    name.span());
    }
    if (at(TokenKind::kLeftParen) && !panicking_) return parse_class_pattern(first.begin, value);
    Pattern* pattern = make_pattern(PatternKind::kValue, since(first.begin));
    pattern->value = value;
    return pattern;
}

Pattern* Parser::parse_class_pattern(uint32_t begin, Expr* callee) {
    std::vector<Pattern*> children;
    std::vector<std::string_view> names;
    {
        Inside parens(*this);
        while (!panicking_ && !at(TokenKind::kRightParen)) {
            const Span start = current_.span();
            if (at(TokenKind::kName) && peek(1).kind == TokenKind::kEqual) {
                std::string_view name = text_of(current_);
                if (std::find(names.begin(), names.end(), name) != names.end()) {
                    complain(DiagCode::kSyntax, start, "attribute " + quoted(name) + " is repeated in this pattern");
                }
                names.push_back(name);
                advance();
                advance();
            } else if (!names.empty()) {
                complain(DiagCode::kSyntax, start, "a positional pattern cannot follow a keyword pattern");
            }
            children.push_back(parse_as_pattern());
            if (panicking_ || !accept(TokenKind::kComma)) break;
        }
        close(TokenKind::kRightParen, "','");
    }
    Pattern* pattern = make_pattern(PatternKind::kClass, since(begin));
    pattern->value = callee;
    pattern->children = arena_.copy(children);
    pattern->keyword_names = arena_.copy(names);
    return pattern;
}

// (pattern), (), (a, b), [a, b]
Pattern* Parser::parse_group_or_sequence(TokenKind closer) {
    const uint32_t begin = current_.begin;
    std::vector<Pattern*> items;
    bool is_sequence = closer == TokenKind::kRightBracket;
    {
        Inside brackets(*this);
        if (at(closer)) is_sequence = true;
        while (!panicking_ && !at(closer)) {
            if (at(TokenKind::kStar)) {
                items.push_back(parse_star_pattern());
                if (!is_sequence && !at(TokenKind::kComma)) {
                    syntax_error(DiagCode::kSyntax, items.back()->span, "a starred pattern must be part of a sequence",
                                 {}, "put a comma after it");
                }
            } else {
                items.push_back(parse_as_pattern());
            }
            if (panicking_ || !accept(TokenKind::kComma)) break;
            is_sequence = true;
        }
        close(closer, "','");
    }
    if (!is_sequence && items.size() == 1) return items[0];
    Pattern* sequence = make_pattern(PatternKind::kSequence, since(begin));
    sequence->children = arena_.copy(items);
    return sequence;
}

Pattern* Parser::parse_mapping_pattern() {
    const uint32_t begin = current_.begin;
    std::vector<Expr*> keys;
    std::vector<Pattern*> values;
    std::string_view rest;
    {
        Inside braces(*this);
        while (!panicking_ && !at(TokenKind::kRightBrace)) {
            if (!rest.empty()) {
                complain(DiagCode::kSyntax, current_.span(),
                         "'**" + std::string(rest) + "' must be the last in a mapping pattern");
                rest = {};
            }
            if (accept(TokenKind::kDoubleStar)) {
                if (!at(TokenKind::kName) || at_soft(SoftKeyword::kUnderscore)) {
                    unexpected("a name after '**'");
                    break;
                }
                rest = text_of(current_);
                advance();
            } else {
                Pattern* key = parse_closed_pattern();
                if (panicking_) break;
                if (key->kind != PatternKind::kLiteral && key->kind != PatternKind::kValue) {
                    syntax_error(DiagCode::kSyntax, key->span,
                                 "the key of a mapping pattern must be a literal or a dotted name");
                    break;
                }
                keys.push_back(key->value);
                if (!expect(TokenKind::kColon, "after the key of a mapping pattern")) break;
                values.push_back(parse_as_pattern());
            }
            if (panicking_ || !accept(TokenKind::kComma)) break;
        }
        close(TokenKind::kRightBrace, "','");
    }
    Pattern* pattern = make_pattern(PatternKind::kMapping, since(begin));
    pattern->name = rest;
    pattern->keys = arena_.copy(keys);
    pattern->children = arena_.copy(values);
    return pattern;
}

bool Parser::is_irrefutable(const Pattern& pattern) {
    switch (pattern.kind) {
        case PatternKind::kWildcard:
        case PatternKind::kCapture: return true;
        case PatternKind::kAs: return is_irrefutable(*pattern.children[0]);
        case PatternKind::kOr: return !pattern.children.empty() && is_irrefutable(*pattern.children.back());
        default: return false;
    }
}

void Parser::collect_bindings(const Pattern& pattern, Bindings& bindings) {
    if (pattern.kind == PatternKind::kOr) {
        // Every alternative binds the same names: the first speaks for all, and the others are compared with it.
        Bindings first;
        for (size_t i = 0; i < pattern.children.size(); ++i) {
            const Pattern& child = *pattern.children[i];
            if (i + 1 < pattern.children.size() && is_irrefutable(child)) {
                complain(DiagCode::kSyntax, child.span,
                         "this alternative matches everything: those after it are never tried");
            }
            Bindings own;
            collect_bindings(child, own);
            std::sort(own.begin(), own.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
            if (i == 0) {
                first = std::move(own);
            } else if (!std::equal(first.begin(), first.end(), own.begin(), own.end(),
                                   [](const auto& a, const auto& b) { return a.first == b.first; })) {
                Diagnostic& diagnostic =
                    complain(DiagCode::kSyntax, child.span, "the alternatives of a pattern must bind the same names");
                diagnostic.secondary.push_back({&file_, pattern.children[0]->span, "binds other names"});
            }
        }
        bindings.insert(bindings.end(), first.begin(), first.end());
        return;
    }
    for (const Pattern* child : pattern.children) collect_bindings(*child, bindings);
    if (!pattern.name.empty()) bindings.emplace_back(pattern.name, pattern.span);
}

// Names bound twice, alternatives that differ, two stars in a sequence.
void Parser::check_pattern(const Pattern& pattern) {
    Bindings bindings;
    collect_bindings(pattern, bindings);
    std::unordered_map<std::string_view, Span> seen;
    for (const auto& [name, span] : bindings) {
        auto [earlier, added] = seen.emplace(name, span);
        if (added) continue;
        Diagnostic& diagnostic = complain(DiagCode::kSyntax, span, quoted(name) + " is bound twice in this pattern");
        diagnostic.secondary.push_back({&file_, earlier->second, "the first time"});
    }
    check_stars(pattern);
}

void Parser::check_stars(const Pattern& pattern) {
    const Pattern* star = nullptr;
    for (const Pattern* child : pattern.children) {
        if (child->kind == PatternKind::kStar) {
            if (star != nullptr) {
                Diagnostic& diagnostic =
                    complain(DiagCode::kSyntax, child->span, "only one pattern of a sequence can be starred");
                diagnostic.secondary.push_back({&file_, star->span, "the first one"});
            }
            star = child;
        }
        check_stars(*child);
    }
}

}  // namespace kayton::syntax
