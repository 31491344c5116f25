// The lexer's numbers, strings and f-strings.
#include <cstring>
#include <string>
#include <string_view>

#include "compiler/syntax/lexer.h"
#include "compiler/syntax/unicode.h"

namespace kayton::syntax {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_newline(char c) {
    return c == '\n' || c == '\r';
}
char lower(char c) {
    return static_cast<char>(c | 0x20);
}

}  // namespace

// Digits with single underscores between; false where the underscores are wrong.
bool Lexer::lex_digits() {
    for (;;) {
        while (is_digit(at(position_))) ++position_;
        if (at(position_) != '_') return true;
        if (!is_digit(at(position_ + 1))) return false;
        ++position_;
    }
}

Token Lexer::end_number(uint32_t begin, TokenKind kind, const char* what) {
    if (!starts_identifier(position_)) return make(kind, begin);
    // As CPython: `1if x else 2` is read as `1 if x else 2`.
    std::string_view rest(data_ + position_, end_ - position_);
    for (std::string_view keyword : {"and", "else", "for", "if", "in", "is", "not", "or"}) {
        if (rest.substr(0, keyword.size()) == keyword) return make(kind, begin);
    }
    uint32_t wrong = position_;
    position_ = skip_identifier(position_);
    report(DiagCode::kInvalidLiteral, begin, position_, std::string("invalid ") + what + " literal", {},
           at(wrong) == '_' ? "an underscore may only stand between two digits"
                            : "a name cannot start with a digit; put an operator or a space between");
    return make(TokenKind::kError, begin, kErrorOperand);
}

Token Lexer::lex_radix_number(uint32_t begin) {
    const char letter = lower(data_[begin + 1]);
    const char* what = letter == 'x' ? "hexadecimal" : letter == 'o' ? "octal" : "binary";
    auto is_own_digit = [letter](char c) {
        if (letter == 'x') return (kCharClass[static_cast<unsigned char>(c)] & kHexDigit) != 0;
        return c >= '0' && c <= (letter == 'o' ? '7' : '1');
    };
    position_ = begin + 2;
    bool any = false;
    for (;;) {
        if (at(position_) == '_') {
            if (!is_own_digit(at(position_ + 1))) break;
            ++position_;
        }
        if (!is_own_digit(at(position_))) break;
        any = true;
        while (is_own_digit(at(position_))) ++position_;
    }
    if (is_digit(at(position_))) {
        uint32_t wrong = position_;
        position_ = skip_identifier(position_);
        report(DiagCode::kInvalidLiteral, wrong, wrong + 1,
               std::string("digit '") + data_[wrong] + "' cannot stand in " + (letter == 'o' ? "an " : "a ") + what +
                   " literal");
        return make(TokenKind::kError, begin, kErrorOperand);
    }
    if (!any) {
        position_ = skip_identifier(position_);
        report(DiagCode::kInvalidLiteral, begin, position_, std::string("invalid ") + what + " literal",
               "digits are missing");
        return make(TokenKind::kError, begin, kErrorOperand);
    }
    return end_number(begin, TokenKind::kInt, what);
}

Token Lexer::lex_number(uint32_t begin) {
    position_ = begin;
    TokenKind kind = TokenKind::kInt;
    bool well_formed = true;
    if (data_[begin] != '.') {
        char second = lower(at(begin + 1));
        if (data_[begin] == '0' && (second == 'x' || second == 'o' || second == 'b')) return lex_radix_number(begin);
        well_formed = lex_digits();
    }
    const uint32_t integer_end = position_;
    // `1..2` is a range: the first dot belongs to it.
    if (well_formed && at(position_) == '.' && at(position_ + 1) != '.') {
        kind = TokenKind::kFloat;
        ++position_;
        if (is_digit(at(position_))) well_formed = lex_digits();
    }
    if (well_formed && lower(at(position_)) == 'e') {
        uint32_t digits = position_ + 1;
        if (at(digits) == '+' || at(digits) == '-') ++digits;
        if (is_digit(at(digits))) {
            kind = TokenKind::kFloat;
            position_ = digits;
            well_formed = lex_digits();
        } else if (digits > position_ + 1) {
            position_ = digits;
            report(DiagCode::kInvalidLiteral, begin, digits, "invalid decimal literal",
                   "digits of the exponent are missing");
            return make(TokenKind::kError, begin, kErrorOperand);
        }
    }
    if (!well_formed) {
        position_ = skip_identifier(position_);
        report(DiagCode::kInvalidLiteral, begin, position_, "invalid decimal literal", {},
               "an underscore may only stand between two digits");
        return make(TokenKind::kError, begin, kErrorOperand);
    }
    if (lower(at(position_)) == 'j') {
        ++position_;
        return end_number(begin, TokenKind::kImaginary, "imaginary");
    }
    if (kind == TokenKind::kInt && data_[begin] == '0') {
        uint32_t nonzero = begin;
        while (nonzero < integer_end && (data_[nonzero] == '0' || data_[nonzero] == '_')) ++nonzero;
        if (nonzero < integer_end) {
            report(DiagCode::kInvalidLiteral, begin, position_, "a decimal number cannot start with zeros", {},
                   "write 0o" + std::string(data_ + nonzero, integer_end - nonzero) + " for octal, or drop the zeros");
            return make(TokenKind::kError, begin, kErrorOperand);
        }
    }
    return end_number(begin, kind, "decimal");
}

Token Lexer::lex_string(uint32_t begin, uint32_t quote_at, uint8_t flags, bool formatted) {
    const char quote = data_[quote_at];
    const bool triple = at(quote_at + 1) == quote && at(quote_at + 2) == quote;
    if (triple) flags |= kTripleString;
    if (formatted) {
        if (brackets_.size() + modes_.size() >= kMaxOpenBrackets) {
            position_ = quote_at + 1;
            report(DiagCode::kNestingTooDeep, begin, position_, "f-strings are nested too deeply", {},
                   "name parts of the expression");
            stop();
            return make(TokenKind::kError, begin);
        }
        position_ = quote_at + (triple ? 3 : 1);
        modes_.push_back({Mode::kText, quote, triple, (flags & kRawString) != 0, quote_at, brackets_.size()});
        return make(TokenKind::kFStringStart, begin, flags);
    }
    uint32_t at_byte = quote_at + (triple ? 3 : 1);
    for (;;) {
        const char c = data_[at_byte];
        if (c == quote) {
            if (!triple) {
                position_ = at_byte + 1;
                return make(TokenKind::kString, begin, flags);
            }
            if (at(at_byte + 1) == quote && at(at_byte + 2) == quote) {
                position_ = at_byte + 3;
                return make(TokenKind::kString, begin, flags);
            }
            ++at_byte;
        } else if (c == '\\') {
            flags |= kHasEscapes;
            if (at(at_byte + 1) == '\r' && at(at_byte + 2) == '\n') ++at_byte;
            at_byte += at_byte + 1 < end_ ? 2 : 1;
        } else if (at_byte >= end_ || (!triple && is_newline(c))) {
            position_ = at_byte;
            return unterminated_string(begin, quote_at, triple);
        } else {
            ++at_byte;
        }
    }
}

// REQUIRES: position_ stands where the string could not go on: the end of its line, or of the text.
Token Lexer::unterminated_string(uint32_t begin, uint32_t quote_at, bool triple) {
    if (!modes_.empty() && modes_.back().mode == Mode::kExpression && !triple && !modes_.back().triple &&
        modes_.back().quote == data_[quote_at]) {
        // f"{x" and the like: the quote was meant to end the f-string.
        uint32_t brace = modes_.back().offset;
        return abandon_fstring(brace, brace + 1, "'{' is not closed in this f-string", "no '}' before the string ends",
                               "write '{{' for a brace itself");
    }
    std::string closing(triple ? 3 : 1, data_[quote_at]);
    if (triple) {
        report(DiagCode::kUnterminatedString, begin, quote_at + 3, "triple-quoted string is not closed",
               "opened here, and no " + closing + " follows");
        ended_within_token_ = true;
    } else {
        report(DiagCode::kUnterminatedString, begin, position_, "string is not closed",
               "no " + closing + " before the end of the line", "close it with " + closing);
    }
    forgiven_closers_ += static_cast<uint32_t>(brackets_.size());
    brackets_.clear();
    modes_.clear();
    return make(TokenKind::kError, begin);
}

// Gives up every f-string that is open, and the brackets inside; the rest of the line is skipped.
Token Lexer::abandon_fstring(uint32_t error_begin, uint32_t error_end, const char* message, const char* label,
                             const char* help) {
    report(DiagCode::kFStringSyntax, error_begin, error_end, message, label == nullptr ? "" : label,
           help == nullptr ? "" : help);
    forgiven_closers_ += static_cast<uint32_t>(brackets_.size());
    brackets_.clear();
    modes_.clear();
    const uint32_t begin = position_;
    while (position_ < end_ && !is_newline(data_[position_])) ++position_;
    return make(TokenKind::kError, begin);
}

// The next piece of the literal text, or of the format spec, of the innermost f-string.
Token Lexer::lex_fstring_text() {
    const FStringMode mode = modes_.back();
    const bool in_spec = mode.mode == Mode::kSpec;
    const uint32_t begin = position_;
    uint8_t flags = mode.raw ? kRawString : 0;
    uint32_t at_byte = begin;
    auto text_until = [&](uint32_t end) {
        position_ = end;
        return make(TokenKind::kFStringMiddle, begin, flags);
    };
    for (;;) {
        const char c = data_[at_byte];
        if (c == mode.quote) {
            const bool ends = !mode.triple || (at(at_byte + 1) == mode.quote && at(at_byte + 2) == mode.quote);
            if (!ends) {
                ++at_byte;
                continue;
            }
            if (in_spec) {
                position_ = at_byte;
                return abandon_fstring(mode.offset, mode.offset + 1, "'{' is not closed in this f-string",
                                       "no '}' before the string ends", nullptr);
            }
            if (at_byte > begin) return text_until(at_byte);
            position_ = at_byte + (mode.triple ? 3 : 1);
            modes_.pop_back();
            return make(TokenKind::kFStringEnd, begin);
        }
        if (c == '{') {
            if (!in_spec && at(at_byte + 1) == '{') {
                at_byte += 2;
                continue;
            }
            if (at_byte > begin) return text_until(at_byte);
            if (brackets_.size() + modes_.size() >= kMaxOpenBrackets) return lex_open_bracket(begin, TokenKind::kError);
            position_ = at_byte + 1;
            modes_.push_back({Mode::kExpression, mode.quote, mode.triple, mode.raw, at_byte, brackets_.size()});
            return make(TokenKind::kLeftBrace, begin);
        }
        if (c == '}') {
            if (in_spec) {
                if (at_byte > begin) return text_until(at_byte);
                position_ = at_byte + 1;
                modes_.pop_back();
                modes_.pop_back();
                return make(TokenKind::kRightBrace, begin);
            }
            if (at(at_byte + 1) == '}') {
                at_byte += 2;
                continue;
            }
            report(DiagCode::kFStringSyntax, at_byte, at_byte + 1, "'}' closes nothing in this f-string", {},
                   "write '}}' for a brace itself");
            ++at_byte;
            continue;
        }
        if (c == '\\') {
            flags |= kHasEscapes;
            const char next = at(at_byte + 1);
            if (next == '{' || next == '}') {
                ++at_byte;
            } else if (!mode.raw && next == 'N' && at(at_byte + 2) == '{') {
                at_byte += 3;
                while (at_byte < end_ && data_[at_byte] != '}' && data_[at_byte] != mode.quote &&
                       !is_newline(data_[at_byte])) {
                    ++at_byte;
                }
                if (at(at_byte) == '}') ++at_byte;
            } else {
                if (next == '\r' && at(at_byte + 2) == '\n') ++at_byte;
                at_byte += at_byte + 1 < end_ ? 2 : 1;
            }
            continue;
        }
        if (at_byte >= end_ || (!mode.triple && is_newline(c))) {
            position_ = at_byte;
            if (in_spec) {
                if (mode.triple) ended_within_token_ = true;
                return abandon_fstring(mode.offset, mode.offset + 1, "'{' is not closed in this f-string",
                                       "no '}' follows", nullptr);
            }
            const uint32_t quote_at = mode.offset;
            const bool triple = mode.triple;
            modes_.pop_back();
            return unterminated_string(quote_at, quote_at, triple);
        }
        ++at_byte;
    }
}

}  // namespace kayton::syntax
