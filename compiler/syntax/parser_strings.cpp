// String literals: prefixes, escapes, joining of neighbours, and f-strings with their expressions and format specs.
#include <algorithm>
#include <string>
#include <utility>

#include "compiler/syntax/parser_impl.h"
#include "compiler/syntax/unicode.h"

namespace kayton::syntax {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = static_cast<char>(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

Expr* Parser::parse_strings() {
    const Token first = current_;
    const bool bytes = at(TokenKind::kString) && (first.flags & kBytesString) != 0;
    auto content = [this](const Token& token) {
        uint32_t begin = token.begin;
        while (text_[begin] != '\'' && text_[begin] != '"') ++begin;
        const uint32_t quotes = (token.flags & kTripleString) != 0 ? 3 : 1;
        return Span{begin + quotes, token.end - quotes};
    };
    auto is_string = [this] { return at(TokenKind::kString) || at(TokenKind::kFStringStart); };

    // The common case, one literal to be taken as it stands, copies nothing.
    if (at(TokenKind::kString) && !bytes && ((first.flags & kHasEscapes) == 0 || (first.flags & kRawString) != 0)) {
        std::string_view text = text_of(content(first));
        advance();
        if (!is_string() && text.find('\r') == std::string_view::npos) {
            return make<StrExpr>(ExprKind::kStr, first.span(), 0, text);
        }
        std::string joined;
        decode_text(content(first), first.flags, false, joined);
        return parse_joined_strings(first, std::move(joined));
    }
    if (at(TokenKind::kString)) {
        std::string joined;
        decode_text(content(first), first.flags, false, joined);
        advance();
        return parse_joined_strings(first, std::move(joined));
    }
    return parse_joined_strings(first, {});
}

// REQUIRES: `text` is the decoded first literal, already read; or empty, with an f-string to come.
Expr* Parser::parse_joined_strings(const Token& first, std::string text) {
    const bool bytes = first.kind == TokenKind::kString && (first.flags & kBytesString) != 0;
    std::vector<FStringPart> parts;
    bool formatted = false;
    uint32_t text_begin = first.begin;
    uint32_t below = 0;
    while (!panicking_ && (at(TokenKind::kString) || at(TokenKind::kFStringStart))) {
        const Token token = current_;
        const bool is_bytes = at(TokenKind::kString) && (token.flags & kBytesString) != 0;
        if (is_bytes != bytes) {
            Diagnostic& diagnostic =
                complain(DiagCode::kSyntax, token.span(), "str and bytes literals cannot be joined",
                         is_bytes ? "this is bytes" : "this is a str", "put an operator or a comma between");
            diagnostic.secondary.push_back({&file_, first.span(), bytes ? "this is bytes" : "this is a str"});
        }
        if (at(TokenKind::kFStringStart)) {
            formatted = true;
            below = std::max(below, parse_fstring_into(parts, text, text_begin));
            continue;
        }
        uint32_t begin = token.begin;
        while (text_[begin] != '\'' && text_[begin] != '"') ++begin;
        const uint32_t quotes = (token.flags & kTripleString) != 0 ? 3 : 1;
        if (text.empty()) text_begin = token.begin;
        decode_text({begin + quotes, token.end - quotes}, token.flags, false, text);
        advance();
    }
    const Span span = since(first.begin);
    if (!formatted) {
        std::string_view value = arena_.copy(std::string_view(text));
        if (bytes) return make<BytesExpr>(ExprKind::kBytes, span, 0, value);
        return make<StrExpr>(ExprKind::kStr, span, 0, value);
    }
    flush_text(parts, text, {text_begin, prev_end_});
    return make<FStringExpr>(ExprKind::kFString, span, below, std::span<const FStringPart>(arena_.copy(parts)));
}

void Parser::flush_text(std::vector<FStringPart>& parts, std::string& text, Span span) {
    if (text.empty()) return;
    parts.push_back({arena_.copy(std::string_view(text)), nullptr, 0, {}, nullptr, span});
    text.clear();
}

// Returns the height of the highest expression inside.
uint32_t Parser::parse_fstring_into(std::vector<FStringPart>& parts, std::string& text, uint32_t& text_begin) {
    uint32_t below = 0;
    Inside string(*this);
    const bool outer_subscript = std::exchange(subscript_, false);
    while (!panicking_ && !at(TokenKind::kFStringEnd)) {
        if (at(TokenKind::kFStringMiddle)) {
            if (text.empty()) text_begin = current_.begin;
            decode_text(current_.span(), current_.flags, true, text);
            advance();
        } else if (at(TokenKind::kLeftBrace)) {
            flush_text(parts, text, {text_begin, current_.begin});
            parts.push_back(parse_replacement());
            const FStringPart& part = parts.back();
            below = std::max<uint32_t>({below, part.value->height, part.spec == nullptr ? 0U : part.spec->height});
        } else {
            unexpected("the end of the f-string");
        }
    }
    subscript_ = outer_subscript;
    if (!panicking_) advance();
    return below;
}

// {value}, {value!r}, {value:spec}, {value=}
FStringPart Parser::parse_replacement() {
    const uint32_t begin = current_.begin;
    FStringPart part{};
    Inside braces(*this);
    if (at(TokenKind::kRightBrace) || at(TokenKind::kColon) || at(TokenKind::kExclamation) || at(TokenKind::kEqual)) {
        syntax_error(DiagCode::kFStringSyntax, Span{begin, current_.end}, "an expression is missing in this f-string",
                     {}, "write '{{' for a brace itself");
        part.value = error_expr(since(begin));
        return part;
    }
    part.value = at(TokenKind::kYield) ? parse_yield() : parse_star_expressions(" in an f-string");
    if (!panicking_ && at(TokenKind::kEqual)) {
        advance();
        part.debug_text = text_.substr(begin + 1, current_.begin - begin - 1);
        if (!at(TokenKind::kColon)) part.conversion = 'r';
    }
    if (!panicking_ && at(TokenKind::kExclamation)) {
        advance();
        std::string_view name = text_of(current_);
        if (at(TokenKind::kName) && current_.begin == prev_end_ && (name == "r" || name == "s" || name == "a")) {
            part.conversion = name[0];
            advance();
        } else {
            syntax_error(DiagCode::kFStringSyntax, current_.span(), "unknown conversion in an f-string",
                         "must be r, s or a, right after '!'");
        }
    }
    if (!panicking_ && at(TokenKind::kColon)) {
        part.spec = parse_format_spec();
    }
    if (!panicking_ && !at(TokenKind::kRightBrace)) {
        if (at(TokenKind::kError)) {
            panicking_ = true;
        } else {
            const bool is_lambda = part.value->kind == ExprKind::kLambda;
            syntax_error(DiagCode::kFStringSyntax, current_.span(),
                         "expected '}' in this f-string, found " + describe_current(), {},
                         is_lambda ? "put parentheses around the lambda" : "");
        }
    }
    if (!panicking_) advance();
    part.span = since(begin);
    return part;
}

// REQUIRES: at the ':' that starts the spec.
FStringExpr* Parser::parse_format_spec() {
    const uint32_t begin = current_.end;
    std::vector<FStringPart> parts;
    std::string text;
    uint32_t text_begin = begin;
    uint32_t below = 0;
    advance();
    while (!panicking_) {
        if (at(TokenKind::kFStringMiddle)) {
            if (text.empty()) text_begin = current_.begin;
            decode_text(current_.span(), current_.flags, false, text);
            advance();
        } else if (at(TokenKind::kLeftBrace)) {
            flush_text(parts, text, {text_begin, current_.begin});
            parts.push_back(parse_replacement());
            const FStringPart& part = parts.back();
            below = std::max<uint32_t>({below, part.value->height, part.spec == nullptr ? 0U : part.spec->height});
        } else {
            break;
        }
    }
    flush_text(parts, text, {text_begin, prev_end_});
    return make<FStringExpr>(ExprKind::kFString, since(begin), below, std::span<const FStringPart>(arena_.copy(parts)));
}

// Appends what the source range means. `doubled_braces`: {{ and }} stand for one brace.
void Parser::decode_text(Span span, uint8_t flags, bool doubled_braces, std::string& out) {
    const bool raw = (flags & kRawString) != 0;
    const bool bytes = (flags & kBytesString) != 0;
    out.reserve(out.size() + span.end - span.begin);
    for (uint32_t i = span.begin; i < span.end;) {
        const char c = text_[i];
        if (c == '\\' && !raw) {
            i = decode_escape(i, span.end, bytes, out);
            continue;
        }
        if (c == '\r') {  // a line's end is '\n', whatever the file has
            out.push_back('\n');
            i += i + 1 < span.end && text_[i + 1] == '\n' ? 2 : 1;
            continue;
        }
        if (bytes && static_cast<unsigned char>(c) >= 0x80) {
            Utf8Char decoded = decode_utf8(text_.data() + i, span.end - i);
            complain(DiagCode::kInvalidLiteral, {i, i + decoded.length}, "a bytes literal holds only ASCII characters",
                     {}, "write the bytes as \\x escapes, or \"...\".encode()");
            i += decoded.length;
            continue;
        }
        out.push_back(c);
        i += doubled_braces && (c == '{' || c == '}') ? 2 : 1;
    }
}

// REQUIRES: a backslash at `at`. Returns the offset after the escape.
uint32_t Parser::decode_escape(uint32_t at_byte, uint32_t end, bool bytes, std::string& out) {
    if (at_byte + 1 >= end) {
        out.push_back('\\');
        return at_byte + 1;
    }
    const char c = text_[at_byte + 1];
    const uint32_t after = at_byte + 2;
    switch (c) {
        case '\n': return after;
        case '\r': return after < end && text_[after] == '\n' ? after + 1 : after;
        case '\\':
        case '\'':
        case '"': out.push_back(c); return after;
        case 'a': out.push_back('\a'); return after;
        case 'b': out.push_back('\b'); return after;
        case 'f': out.push_back('\f'); return after;
        case 'n': out.push_back('\n'); return after;
        case 'r': out.push_back('\r'); return after;
        case 't': out.push_back('\t'); return after;
        case 'v': out.push_back('\v'); return after;
        case '0':
        case '1':
        case '2':
        case '3':
        case '4':
        case '5':
        case '6':
        case '7': {
            uint32_t value = 0;
            uint32_t i = at_byte + 1;
            for (; i < end && i < at_byte + 4 && text_[i] >= '0' && text_[i] <= '7'; ++i) {
                value = value * 8 + static_cast<uint32_t>(text_[i] - '0');
            }
            if (bytes) {
                out.push_back(static_cast<char>(value & 0xFF));
            } else {
                append_utf8(out, value);
            }
            return i;
        }
        case 'x':
        case 'u':
        case 'U': {
            if (bytes && c != 'x') break;
            const uint32_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
            uint32_t value = 0;
            uint32_t i = after;
            for (; i < end && i < after + digits && hex_value(text_[i]) >= 0; ++i) {
                value = value * 16 + static_cast<uint32_t>(hex_value(text_[i]));
            }
            if (i < after + digits) {
                complain(DiagCode::kInvalidLiteral, {at_byte, i}, std::string("\\") + c + " escape is too short",
                         "needs " + std::to_string(digits) + " hexadecimal digits");
            } else if (value > 0x10FFFF) {
                complain(DiagCode::kInvalidLiteral, {at_byte, i}, "there is no such Unicode character",
                         "the last one is \\U0010ffff");
            } else if (value >= 0xD800 && value <= 0xDFFF) {
                complain(DiagCode::kInvalidLiteral, {at_byte, i}, "a surrogate is not a character",
                         "half of a UTF-16 pair", "write the character itself, or its \\U escape");
            } else if (bytes) {
                out.push_back(static_cast<char>(value));
            } else {
                append_utf8(out, value);
            }
            return i;
        }
        case 'N': {
            if (bytes) break;
            size_t close_at = text_.substr(0, end).find('}', after);
            if (after >= end || text_[after] != '{' || close_at == std::string_view::npos) {
                complain(DiagCode::kInvalidLiteral, {at_byte, after}, "\\N needs a character's name in braces", {},
                         "write \\N{DEGREE SIGN}, for example");
                return after;
            }
            const auto name_end = static_cast<uint32_t>(close_at);
            std::string_view name = text_.substr(after + 1, name_end - after - 1);
            if (auto code_point = character_by_name(name)) {
                append_utf8(out, *code_point);
            } else {
                complain(DiagCode::kInvalidLiteral, {at_byte, name_end + 1}, "this character name is not known",
                         "only common names are", "write the character itself, or its number as \\uXXXX");
            }
            return name_end + 1;
        }
        default: break;
    }
    // As in Python, an escape that means nothing keeps its backslash.
    out.push_back('\\');
    return at_byte + 1;
}

}  // namespace kayton::syntax
