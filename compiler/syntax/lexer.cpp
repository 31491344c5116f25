#include "compiler/syntax/lexer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "compiler/syntax/keywords.h"
#include "compiler/syntax/unicode.h"

namespace kayton::syntax {

namespace {

constexpr uint32_t kTabWidth = 8;

bool is_newline(char c) {
    return c == '\n' || c == '\r';
}

// What a person most likely meant by a character that no token starts with.
std::string advice_for(int32_t code_point) {
    switch (code_point) {
        case 0x2018:
        case 0x2019:
        case 0x201C:
        case 0x201D:
        case 0xAB:
        case 0xBB: return "use a straight quote: ' or \"";
        case 0x2013:
        case 0x2014:
        case 0x2212: return "use a plain minus: -";
        case 0xD7: return "use * to multiply";
        case 0xF7: return "use / to divide";
        case 0xA0:
        case 0x2003:
        case 0x202F:
        case 0x3000: return "use a plain space";
        case 0xFF08:
        case 0xFF09: return "use plain parentheses: ( )";
        case 0xFF0C: return "use a plain comma: ,";
        case 0xFF1A: return "use a plain colon: :";
        case 0x2264: return "use <=";
        case 0x2265: return "use >=";
        case 0x2260: return "use !=";
        case 0x2192: return "use ->";
        case 0x200B:
        case 0xFEFF: return "delete this invisible character";
        case '$':
        case '?':
        case '`': return "delete it";
        default: return {};
    }
}

char closing_of(char open) {
    return open == '(' ? ')' : open == '[' ? ']' : '}';
}

}  // namespace

Lexer::Lexer(const SourceFile& file, DiagnosticEngine& diagnostics)
    : file_(file),
      diagnostics_(diagnostics),
      data_(file.text().data()),
      end_(static_cast<uint32_t>(file.text().size())),
      error_limit_(diagnostics.error_count() + kMaxErrors) {}

void Lexer::report(DiagCode code, uint32_t begin, uint32_t end, std::string message, std::string label,
                   std::string help) {
    diagnostics_.report(code, file_, Span{begin, end}, std::move(message), std::move(label), std::move(help));
}

Token Lexer::make(TokenKind kind, uint32_t begin, uint8_t flags) const {
    Token token;
    token.begin = begin;
    token.end = position_;
    token.kind = kind;
    token.flags = static_cast<uint8_t>(flags | next_flags_);
    return token;
}

void Lexer::stop() {
    stopped_ = true;
    position_ = end_;
    brackets_.clear();
    modes_.clear();
    pending_indent_ = false;
    pending_dedents_ = 0;
    pending_newline_ = false;
}

void Lexer::restart_line(uint32_t offset) {
    forgiven_closers_ += static_cast<uint32_t>(brackets_.size());
    brackets_.clear();
    modes_.clear();
    position_ = file_.line_begin(file_.line_of(offset));
    pending_newline_ = true;
}

Token Lexer::next() {
    next_flags_ = 0;
    if (diagnostics_.error_count() >= error_limit_ && !stopped_) {
        report(DiagCode::kSyntax, position_, position_, "too many errors: the rest of the file is not read");
        stop();
    }
    if (pending_newline_) {
        pending_newline_ = false;
        at_line_start_ = true;
        line_has_token_ = false;
        return make(TokenKind::kNewline, position_);
    }
    if (at_line_start_) begin_line();
    if (pending_dedents_ > 0) {
        --pending_dedents_;
        return make(TokenKind::kDedent, position_);
    }
    if (pending_indent_) {
        pending_indent_ = false;
        return make(TokenKind::kIndent, position_);
    }
    Token token = lex_token();
    if (token.kind != TokenKind::kNewline && token.kind != TokenKind::kEndOfFile && token.kind != TokenKind::kDedent) {
        line_has_token_ = true;
    }
    return token;
}

// Skips blank lines, measures the indentation of the first other one, and sets the pending INDENT or DEDENTs.
void Lexer::begin_line() {
    at_line_start_ = false;
    line_has_error_ = false;
    next_flags_ = kFirstOnLine;
    for (;;) {
        uint32_t column = 0;
        uint32_t alt_column = 0;
        for (;; ++position_) {
            char c = at(position_);
            if (c == ' ') {
                ++column;
                ++alt_column;
            } else if (c == '\t') {
                column = (column / kTabWidth + 1) * kTabWidth;
                ++alt_column;
            } else if (c == '\f') {
                column = 0;
                alt_column = 0;
            } else {
                break;
            }
        }
        if (position_ >= end_) return;  // a blank last line says nothing about blocks
        char c = data_[position_];
        if (c == '#') {
            const void* newline = std::memchr(data_ + position_, '\n', end_ - position_);
            position_ = newline == nullptr ? end_ : static_cast<uint32_t>(static_cast<const char*>(newline) - data_);
            c = at(position_);
        }
        if (is_newline(c)) {
            ++position_;
            continue;
        }
        if (position_ < end_) set_indentation(column, alt_column, position_);
        return;
    }
}

void Lexer::set_indentation(uint32_t column, uint32_t alt_column, uint32_t offset) {
    auto report_tabs = [&] {
        if (tabs_reported_) return;
        tabs_reported_ = true;
        uint32_t line_begin = file_.line_begin(file_.line_of(offset));
        report(DiagCode::kIndentation, line_begin, offset, "tabs and spaces are mixed in this indentation",
               "means another depth where a tab is not 8 columns wide",
               "indent every line of the file with spaces only");
    };
    const Indentation top = indentation_.back();
    if (column == top.column) {
        if (alt_column != top.alt_column) report_tabs();
        return;
    }
    if (column > top.column) {
        if (alt_column <= top.alt_column) report_tabs();
        if (indentation_.size() >= kMaxIndentation) {
            report(DiagCode::kNestingTooDeep, offset, std::min(offset + 1, end_), "blocks are nested too deeply",
                   "block number " + std::to_string(indentation_.size()) + " inside the others",
                   "at most " + std::to_string(kMaxIndentation - 1) +
                       " are possible; move the inner ones into a function of their own");
            stop();
            return;
        }
        indentation_.push_back({column, alt_column});
        pending_indent_ = true;
        return;
    }
    size_t level = indentation_.size() - 1;
    while (level > 0 && indentation_[level].column > column) --level;
    if (indentation_[level].column == column) {
        if (alt_column != indentation_[level].alt_column) report_tabs();
        pending_dedents_ = static_cast<uint32_t>(indentation_.size() - 1 - level);
        indentation_.resize(level + 1);
        return;
    }
    // Between two levels: read it as the inner one, now at this column, so that the lines after it are not errors too.
    uint32_t line_begin = file_.line_begin(file_.line_of(offset));
    report(DiagCode::kIndentation, line_begin, offset, "this indentation matches no outer block",
           "column " + std::to_string(column + 1) + " is between blocks at columns " +
               std::to_string(indentation_[level].column + 1) + " and " +
               std::to_string(indentation_[level + 1].column + 1),
           "indent the line as far as the block it belongs to");
    pending_dedents_ = static_cast<uint32_t>(indentation_.size() - 1 - (level + 1));
    indentation_.resize(level + 2);
    indentation_.back() = {column, alt_column};
}

Token Lexer::end_of_text() {
    position_ = end_;
    if (line_has_token_) {
        line_has_token_ = false;
        blocks_open_at_end_ = indentation_.size() - 1;
        return make(TokenKind::kNewline, end_);
    }
    brackets_.clear();
    if (indentation_.size() > 1) {
        if (blocks_open_at_end_ == 0) blocks_open_at_end_ = indentation_.size() - 1;
        indentation_.pop_back();
        return make(TokenKind::kDedent, end_);
    }
    return make(TokenKind::kEndOfFile, end_);
}

bool Lexer::starts_identifier(uint32_t offset) const {
    auto c = static_cast<unsigned char>(at(offset));
    if (c < 0x80) return (kCharClass[c] & kIdentifierStart) != 0;
    return is_identifier_start(decode_utf8(data_ + offset, end_ - offset).code_point);
}

uint32_t Lexer::skip_identifier(uint32_t offset) const {
    for (;;) {
        auto c = static_cast<unsigned char>(data_[offset]);
        if ((kCharClass[c] & kIdentifierContinue) != 0) {
            ++offset;
            continue;
        }
        if (c < 0x80 || offset >= end_) return offset;
        Utf8Char decoded = decode_utf8(data_ + offset, end_ - offset);
        if (!is_identifier_continue(decoded.code_point)) return offset;
        offset += decoded.length;
    }
}

bool Lexer::in_single_line_fstring() const {
    return std::any_of(modes_.begin(), modes_.end(), [](const FStringMode& mode) { return !mode.triple; });
}

Token Lexer::lex_token() {
    for (;;) {
        if (!modes_.empty() && modes_.back().mode != Mode::kExpression) return lex_fstring_text();
        const uint32_t begin = position_;
        const char c = data_[begin];
        const uint8_t char_class = kCharClass[static_cast<unsigned char>(c)];
        if ((char_class & kIdentifierStart) != 0) return lex_name(begin);
        if ((char_class & kDigit) != 0) return lex_number(begin);
        switch (c) {
            case ' ':
            case '\t':
            case '\f': ++position_; continue;
            case '#': {
                if (in_single_line_fstring()) {
                    return abandon_fstring(begin, begin + 1, "'#' cannot stand in an f-string's expression",
                                           "would hide the end of the string", "move the comment out of the string");
                }
                const void* newline = std::memchr(data_ + begin, '\n', end_ - begin);
                position_ =
                    newline == nullptr ? end_ : static_cast<uint32_t>(static_cast<const char*>(newline) - data_);
                continue;
            }
            case '\r':
                if (at(begin + 1) == '\n') {
                    ++position_;
                    continue;
                }
                [[fallthrough]];
            case '\n':
                if (!brackets_.empty() || !modes_.empty()) {
                    if (!modes_.empty() && in_single_line_fstring()) {
                        uint32_t brace = modes_.back().offset;
                        return abandon_fstring(brace, brace + 1, "'{' is not closed in this f-string",
                                               "no '}' follows on this line", {});
                    }
                    ++position_;
                    next_flags_ = kFirstOnLine;
                    continue;
                }
                ++position_;
                at_line_start_ = true;
                line_has_token_ = false;
                return make(TokenKind::kNewline, begin);
            case '\\': {
                uint32_t after = begin + 1;
                if (at(after) == '\r' && at(after + 1) == '\n') ++after;
                if (after < end_ && is_newline(data_[after])) {
                    position_ = after + 1;
                    if (position_ < end_) continue;
                    ended_within_token_ = true;
                    report(DiagCode::kSyntax, begin, begin + 1, "the file ends after a '\\' that joins lines",
                           "nothing follows", "delete it");
                    return make(TokenKind::kError, begin);
                }
                position_ = after;
                report(DiagCode::kInvalidCharacter, begin, begin + 1, "'\\' joins two lines and must end its line",
                       after < end_ ? "something follows" : "the file ends here", "delete it, or end the line here");
                if (after >= end_) ended_within_token_ = true;
                return make(TokenKind::kError, begin);
            }
            case '\'':
            case '"': return lex_string(begin, begin, 0, false);
            case '\0':
                if (begin >= end_) {
                    if (modes_.empty()) return end_of_text();
                    uint32_t brace = modes_.back().offset;
                    ended_within_token_ = true;
                    return abandon_fstring(brace, brace + 1, "'{' is not closed in this f-string",
                                           "the file ends before its '}'", {});
                }
                return lex_unknown(begin);
            default: return lex_operator(begin);
        }
    }
}

Token Lexer::lex_name(uint32_t begin) {
    position_ = skip_identifier(begin + 1);
    const uint32_t length = position_ - begin;
    const char after = data_[position_];
    if (length <= 2 && (after == '"' || after == '\'')) {
        uint8_t flags = 0;
        bool formatted = false;
        bool plain = false;  // u"..."
        bool is_prefix = true;
        for (uint32_t i = begin; i < position_; ++i) {
            char letter = static_cast<char>(data_[i] | 0x20);
            if (letter == 'r' && (flags & kRawString) == 0) {
                flags |= kRawString;
            } else if (letter == 'b' && (flags & kBytesString) == 0) {
                flags |= kBytesString;
            } else if (letter == 'f' && !formatted) {
                formatted = true;
            } else if (letter == 'u') {
                plain = true;
            } else {
                is_prefix = false;
            }
        }
        if (((flags & kBytesString) != 0 && formatted) || (plain && length > 1)) is_prefix = false;
        if (is_prefix) return lex_string(begin, position_, flags, formatted);
    }
    Token token = make(TokenKind::kName, begin);
    if (length <= kMaxKeywordLength) {
        if (const Keyword* keyword = find_keyword({data_ + begin, length})) {
            token.kind = keyword->kind;
            token.soft = keyword->soft;
        }
    }
    return token;
}

Token Lexer::lex_open_bracket(uint32_t begin, TokenKind kind) {
    position_ = begin + 1;
    if (brackets_.size() + modes_.size() >= kMaxOpenBrackets) {
        report(DiagCode::kNestingTooDeep, begin, begin + 1, "brackets are nested too deeply",
               "bracket number " + std::to_string(kMaxOpenBrackets + 1) + " that is still open",
               "at most " + std::to_string(kMaxOpenBrackets) + " are possible; name parts of the expression");
        stop();
        return make(TokenKind::kError, begin);
    }
    brackets_.push_back({data_[begin], begin});
    return make(kind, begin);
}

Token Lexer::lex_close_bracket(uint32_t begin, TokenKind kind) {
    position_ = begin + 1;
    const char close = data_[begin];
    const size_t base = modes_.empty() ? 0 : modes_.back().brackets;
    if (brackets_.size() > base) {
        const Bracket top = brackets_.back();
        if (closing_of(top.open) == close) {
            brackets_.pop_back();
            return make(kind, begin);
        }
        size_t match = brackets_.size();
        while (match > base && closing_of(brackets_[match - 1].open) != close) --match;
        if (match > base) {
            auto& diagnostic = diagnostics_.report(
                DiagCode::kUnclosedBracket, file_, Span{top.offset, top.offset + 1},
                std::string("'") + top.open + "' is not closed", "opened here",
                std::string("close it with '") + closing_of(top.open) + "' before this '" + close + "'");
            diagnostic.secondary.push_back({&file_, Span{begin, begin + 1},
                                            std::string("closes the '") + brackets_[match - 1].open + "' before it"});
            brackets_.resize(match - 1);
        } else {
            auto& diagnostic = diagnostics_.report(DiagCode::kSyntax, file_, Span{begin, begin + 1},
                                                   std::string("'") + close + "' does not match '" + top.open + "'",
                                                   std::string("'") + closing_of(top.open) + "' was expected");
            diagnostic.secondary.push_back({&file_, Span{top.offset, top.offset + 1}, "opened here"});
            brackets_.pop_back();
        }
        return make(TokenKind::kError, begin);
    }
    if (!modes_.empty() && close == '}') {
        modes_.pop_back();
        return make(kind, begin);
    }
    if (forgiven_closers_ > 0) {
        --forgiven_closers_;
    } else {
        report(DiagCode::kSyntax, begin, begin + 1, std::string("'") + close + "' closes nothing",
               "no bracket is open here");
    }
    return make(TokenKind::kError, begin);
}

Token Lexer::lex_operator(uint32_t begin) {
    const char second = at(begin + 1);
    const char third = second == '\0' ? '\0' : at(begin + 2);
    auto token = [&](TokenKind kind, uint32_t length) {
        position_ = begin + length;
        return make(kind, begin);
    };
    auto with_equal = [&](TokenKind plain, TokenKind assigned) {
        return second == '=' ? token(assigned, 2) : token(plain, 1);
    };
    // c, c=, cc, cc=
    auto doubled = [&](TokenKind one, TokenKind one_equal, TokenKind two, TokenKind two_equal) {
        if (second == data_[begin]) return third == '=' ? token(two_equal, 3) : token(two, 2);
        return second == '=' ? token(one_equal, 2) : token(one, 1);
    };
    const bool at_fstring_level =
        !modes_.empty() && modes_.back().mode == Mode::kExpression && brackets_.size() == modes_.back().brackets;
    switch (data_[begin]) {
        case '(': return lex_open_bracket(begin, TokenKind::kLeftParen);
        case '[': return lex_open_bracket(begin, TokenKind::kLeftBracket);
        case '{': return lex_open_bracket(begin, TokenKind::kLeftBrace);
        case ')': return lex_close_bracket(begin, TokenKind::kRightParen);
        case ']': return lex_close_bracket(begin, TokenKind::kRightBracket);
        case '}': return lex_close_bracket(begin, TokenKind::kRightBrace);
        case ',': return token(TokenKind::kComma, 1);
        case ';': return token(TokenKind::kSemicolon, 1);
        case '~': return token(TokenKind::kTilde, 1);
        case ':':
            if (at_fstring_level) {
                FStringMode mode = modes_.back();
                mode.mode = Mode::kSpec;
                modes_.push_back(mode);
                return token(TokenKind::kColon, 1);
            }
            return with_equal(TokenKind::kColon, TokenKind::kColonEqual);
        case '.':
            if (second == '.') {
                if (third == '.') return token(TokenKind::kEllipsis, 3);
                return third == '=' ? token(TokenKind::kDotDotEqual, 3) : token(TokenKind::kDotDot, 2);
            }
            if (second >= '0' && second <= '9') return lex_number(begin);
            return token(TokenKind::kDot, 1);
        case '@': return with_equal(TokenKind::kAt, TokenKind::kAtEqual);
        case '!': return with_equal(TokenKind::kExclamation, TokenKind::kNotEqual);
        case '=': return with_equal(TokenKind::kEqual, TokenKind::kEqualEqual);
        case '+': return with_equal(TokenKind::kPlus, TokenKind::kPlusEqual);
        case '%': return with_equal(TokenKind::kPercent, TokenKind::kPercentEqual);
        case '&': return with_equal(TokenKind::kAmpersand, TokenKind::kAmpersandEqual);
        case '|': return with_equal(TokenKind::kPipe, TokenKind::kPipeEqual);
        case '^': return with_equal(TokenKind::kCaret, TokenKind::kCaretEqual);
        case '-':
            if (second == '>') return token(TokenKind::kArrow, 2);
            return with_equal(TokenKind::kMinus, TokenKind::kMinusEqual);
        case '*':
            return doubled(TokenKind::kStar, TokenKind::kStarEqual, TokenKind::kDoubleStar,
                           TokenKind::kDoubleStarEqual);
        case '/':
            return doubled(TokenKind::kSlash, TokenKind::kSlashEqual, TokenKind::kDoubleSlash,
                           TokenKind::kDoubleSlashEqual);
        case '<':
            return doubled(TokenKind::kLess, TokenKind::kLessEqual, TokenKind::kLeftShift, TokenKind::kLeftShiftEqual);
        case '>':
            return doubled(TokenKind::kGreater, TokenKind::kGreaterEqual, TokenKind::kRightShift,
                           TokenKind::kRightShiftEqual);
        default:
            if (starts_identifier(begin)) {
                position_ = skip_identifier(begin);
                return make(TokenKind::kName, begin);
            }
            return lex_unknown(begin);
    }
}

Token Lexer::lex_unknown(uint32_t begin) {
    Utf8Char decoded = decode_utf8(data_ + begin, end_ - begin);
    position_ = begin + decoded.length;
    if (!line_has_error_) {
        line_has_error_ = true;
        std::string shown = describe_code_point(decoded.code_point);
        report(DiagCode::kInvalidCharacter, begin, position_, "character " + shown + " cannot stand here", {},
               advice_for(decoded.code_point));
    }
    return make(TokenKind::kError, begin);
}

}  // namespace kayton::syntax
