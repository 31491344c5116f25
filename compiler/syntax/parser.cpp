#include "compiler/syntax/parser.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "compiler/syntax/parser_impl.h"
#include "compiler/syntax/unicode.h"

namespace kayton::syntax {

namespace {

constexpr size_t kMaxShown = 24;  // bytes of a token shown in a message

bool starts_only_statements(TokenKind kind) {
    switch (kind) {
        case TokenKind::kAssert:
        case TokenKind::kBreak:
        case TokenKind::kClass:
        case TokenKind::kContinue:
        case TokenKind::kDef:
        case TokenKind::kDel:
        case TokenKind::kElif:
        case TokenKind::kExcept:
        case TokenKind::kFinally:
        case TokenKind::kGlobal:
        case TokenKind::kImport:
        case TokenKind::kNonlocal:
        case TokenKind::kPass:
        case TokenKind::kRaise:
        case TokenKind::kReturn:
        case TokenKind::kTry:
        case TokenKind::kWhile:
        case TokenKind::kWith: return true;
        default: return false;
    }
}

}  // namespace

std::string quoted(std::string_view text) {
    std::string result(1, '\'');
    result.append(text).push_back('\'');
    return result;
}

Parser::Parser(const SourceFile& file, AstArena& arena, DiagnosticEngine& diagnostics)
    : file_(file),
      text_(file.text()),
      arena_(arena),
      diagnostics_(diagnostics),
      errors_before_(diagnostics.error_count()),
      lexer_(file, diagnostics) {
    current_ = lexer_.next();
}

void Parser::advance() {
    prev_end_ = current_.end;
    if (next_ahead_ < ahead_.size()) {
        current_ = ahead_[next_ahead_++];
        if (next_ahead_ == ahead_.size()) {
            ahead_.clear();
            next_ahead_ = 0;
        }
    } else {
        current_ = lexer_.next();
    }
}

bool Parser::accept(TokenKind k) {
    if (current_.kind != k) return false;
    advance();
    return true;
}

bool Parser::expect(TokenKind k, std::string_view where) {
    if (accept(k)) return true;
    std::string expected(token_text(k));
    if (!where.empty()) expected.append(" ").append(where);
    unexpected(std::move(expected));
    return false;
}

const Token& Parser::peek(size_t distance) {
    while (ahead_.size() - next_ahead_ < distance) ahead_.push_back(lexer_.next());
    return ahead_[next_ahead_ + distance - 1];
}

size_t Parser::distance_of_closing(size_t distance) {
    size_t depth = 0;
    for (;; ++distance) {
        switch (distance == 0 ? kind() : peek(distance).kind) {
            case TokenKind::kLeftParen:
            case TokenKind::kLeftBracket:
            case TokenKind::kLeftBrace: ++depth; break;
            case TokenKind::kRightParen:
            case TokenKind::kRightBracket:
            case TokenKind::kRightBrace:
                if (--depth == 0) return distance;
                break;
            case TokenKind::kNewline:
            case TokenKind::kEndOfFile:
            case TokenKind::kError: return 0;
            default: break;
        }
    }
}

std::string Parser::describe_current() const {
    switch (kind()) {
        case TokenKind::kName:
        case TokenKind::kInt:
        case TokenKind::kFloat:
        case TokenKind::kImaginary: {
            std::string_view shown = text_of(current_);
            if (shown.size() <= kMaxShown) return quoted(shown);
            return kind() == TokenKind::kName ? "a name" : "a number";
        }
        case TokenKind::kString: return "a string";
        case TokenKind::kFStringStart: return "an f-string";
        case TokenKind::kDedent: return "the end of the block";
        case TokenKind::kNewline: return "the end of the line";
        case TokenKind::kEndOfFile: return "the end of the file";
        default: return std::string(token_text(kind()));
    }
}

uint32_t Parser::column_of(uint32_t offset) const {
    return offset - file_.line_begin(file_.line_of(offset));
}

// The line of the current token was swallowed by a bracket that is never closed: reads it as a line of its own. False
// where tokens past it have shaped blocks already.
bool Parser::reopen_line() {
    for (size_t i = next_ahead_; i < ahead_.size(); ++i) {
        TokenKind k = ahead_[i].kind;
        if (k == TokenKind::kNewline || k == TokenKind::kIndent || k == TokenKind::kDedent) return false;
    }
    ahead_.clear();
    next_ahead_ = 0;
    lexer_.restart_line(current_.begin);
    current_ = lexer_.next();
    return true;
}

void Parser::unexpected(std::string expected, std::string help) {
    if (silent() || at(TokenKind::kError)) {
        panicking_ = true;
        return;
    }
    if (!open_brackets_.empty()) {
        const bool ended = at(TokenKind::kNewline) || at(TokenKind::kEndOfFile);
        const bool new_line = (current_.flags & kFirstOnLine) != 0 && text_[open_brackets_.back().begin] != '"' &&
                              (starts_only_statements(kind()) || starts_expression(kind())) &&
                              column_of(current_.begin) <= column_of(statement_begin_);
        if (ended || new_line) {
            Span open = open_brackets_.back();
            if (ended && diagnostics_.error_count() == errors_before_) incomplete_ = true;
            Diagnostic& diagnostic = complain(
                DiagCode::kUnclosedBracket, open, quoted(text_of(Span{open.begin, open.begin + 1})) + " is not closed",
                ended ? "opened here, and not closed before the end of the file" : "opened here");
            if (!ended) {
                diagnostic.secondary.push_back({&file_, current_.span(), "expected " + expected + " before this"});
                reopen_line();
            }
            panicking_ = true;
            return;
        }
    }
    Span span = current_.span();
    if (at(TokenKind::kNewline) || at(TokenKind::kEndOfFile) || at(TokenKind::kDedent)) {
        span = {prev_end_, std::min<uint32_t>(prev_end_ + 1, static_cast<uint32_t>(text_.size()))};
    }
    syntax_error(DiagCode::kSyntax, span, "expected " + expected + ", found " + describe_current(), {},
                 std::move(help));
}

void Parser::syntax_error(DiagCode code, Span span, std::string message, std::string label, std::string help) {
    if (!silent() && !at(TokenKind::kError)) {
        complain(code, span, std::move(message), std::move(label), std::move(help));
    }
    panicking_ = true;
}

Diagnostic& Parser::complain(DiagCode code, Span span, std::string message, std::string label, std::string help) {
    static thread_local Diagnostic unheard;
    if (silent()) {
        unheard = {};
        return unheard;
    }
    return diagnostics_.report(code, file_, span, std::move(message), std::move(label), std::move(help));
}

void Parser::skip_to_end_of_line() {
    panicking_ = false;
    for (;;) {
        switch (kind()) {
            case TokenKind::kNewline:
            case TokenKind::kIndent:
            case TokenKind::kDedent:
            case TokenKind::kEndOfFile: return;
            default: break;
        }
        // A first token inside a logical line means an open bracket: what begins a statement shows it was left open.
        if ((current_.flags & kFirstOnLine) != 0 && current_.begin != statement_begin_ &&
            column_of(current_.begin) <= column_of(statement_begin_) &&
            (starts_only_statements(kind()) || (at(TokenKind::kName) && peek(1).kind == TokenKind::kEqual)) &&
            reopen_line()) {
            return;
        }
        advance();
    }
}

uint32_t Parser::too_high(Span span) {
    if (!silent()) {
        complain(
            DiagCode::kNestingTooDeep, Span{span.begin, std::min(span.end, span.begin + 1)},
            "expression is nested too deeply",
            "starts here, and has more than " + std::to_string(kMaxExpressionHeight) + " operations in one another",
            "split it: name its parts, or build the value in a loop");
    }
    panicking_ = true;
    return 1;
}

uint32_t Parser::height_of(Exprs items) {
    uint32_t height = 0;
    for (const Expr* item : items) height = std::max<uint32_t>(height, item->height);
    return height;
}

bool Parser::Recursion::too_deep() {
    if (parser_.recursion_ <= kMaxRecursion) return false;
    if (!parser_.silent()) {
        parser_.complain(DiagCode::kNestingTooDeep, parser_.current_.span(), "expression is nested too deeply",
                         "more than " + std::to_string(kMaxRecursion) + " expressions in one another",
                         "split it: name its parts");
    }
    parser_.panicking_ = true;
    return true;
}

void Parser::close(TokenKind closer, std::string_view what) {
    if (accept(closer)) return;
    std::string expected(token_text(closer));
    if (!what.empty()) expected.insert(0, std::string(what) + " or ");
    unexpected(std::move(expected));
}

Module Parser::parse() {
    ScratchList<Stmt*> body(stmt_stack_);
    parse_statements_until(TokenKind::kEndOfFile);
    if (lexer_.ended_within_token() && diagnostics_.error_count() == errors_before_ + 1) incomplete_ = true;
    return {&file_, arena_.copy(body.items())};
}

namespace {

// Errors of the text as a whole; false where it cannot be parsed at all.
bool check_text(const SourceFile& file, DiagnosticEngine& diagnostics) {
    std::string_view text = file.text();
    if (auto invalid = find_invalid_utf8(text)) {
        auto at = static_cast<uint32_t>(*invalid);
        char byte[8];
        std::snprintf(byte, sizeof byte, "0x%02x", static_cast<unsigned char>(text[at]));
        diagnostics.report(DiagCode::kNotUtf8, file, Span{at, at + 1}, "the file is not UTF-8",
                           std::string("byte ") + byte + " does not belong to a UTF-8 character",
                           "save the file as UTF-8");
        return false;
    }
    if (const void* null = std::memchr(text.data(), '\0', text.size())) {
        auto at = static_cast<uint32_t>(static_cast<const char*>(null) - text.data());
        diagnostics.report(DiagCode::kInvalidCharacter, file, Span{at, at + 1}, "a null byte cannot stand in a program",
                           "byte " + std::to_string(at) + " of the file");
        return false;
    }
    return true;
}

}  // namespace

Module parse_module(const SourceFile& file, AstArena& arena, DiagnosticEngine& diagnostics) {
    if (!check_text(file, diagnostics)) return {&file, {}};
    return Parser(file, arena, diagnostics).parse();
}

Completeness completeness(const std::string& text) {
    SourceFile file("<input>", text);
    AstArena arena;
    DiagnosticEngine diagnostics;
    if (!check_text(file, diagnostics)) return Completeness::kInvalid;
    Parser parser(file, arena, diagnostics);
    (void)parser.parse();
    if (parser.incomplete()) return Completeness::kIncomplete;
    if (diagnostics.has_errors()) return Completeness::kInvalid;
    // As at Python's prompt, a block ends with a blank line.
    const size_t last_line_end = text.find('\n', std::min(text.find_last_not_of(" \t\r\n"), text.size()));
    const bool blank_last_line =
        last_line_end != std::string::npos && text.find('\n', last_line_end + 1) != std::string::npos;
    if (parser.blocks_open_at_end() > 0 && !blank_last_line) return Completeness::kIncomplete;
    return Completeness::kComplete;
}

}  // namespace kayton::syntax
