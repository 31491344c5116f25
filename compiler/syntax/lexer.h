// Turns the text of one file into tokens, one at a time: INDENT and DEDENT from Python's indentation rules, lines
// joined inside brackets, f-strings as start, text and end tokens with the tokens of their expressions between. Reports
// malformed tokens itself and hands out kError, at which the parser is silent. Memory is bounded by the nesting, not by
// the length of the text. REQUIRES: the text is UTF-8. One lexer a thread; `file` must outlive it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/source/source.h"
#include "compiler/syntax/token.h"

namespace kayton::syntax {

// CPython's own limits (MAXLEVEL and MAXINDENT of its tokenizer).
inline constexpr size_t kMaxOpenBrackets = 200;
inline constexpr size_t kMaxIndentation = 100;
// A file with more errors is not a program: the rest is not read.
inline constexpr size_t kMaxErrors = 100;

class Lexer {
  public:
    Lexer(const SourceFile& file, DiagnosticEngine& diagnostics);

    Token next();

    // The brackets open at `offset` were forgotten: gives an end of line, then goes on at the line that holds `offset`.
    // REQUIRES: no token after `offset` made or ended a block.
    void restart_line(uint32_t offset);
    // Nesting passed its limit: only the end of the file follows, and nothing more should be reported.
    void stop();
    [[nodiscard]] bool stopped() const { return stopped_; }

    // The text ended within a triple-quoted string or after a backslash: another line may complete it.
    [[nodiscard]] bool ended_within_token() const { return ended_within_token_; }
    // Blocks that were open at the last line of the text.
    [[nodiscard]] size_t blocks_open_at_end() const { return blocks_open_at_end_; }

  private:
    struct Bracket {
        char open;
        uint32_t offset;
    };
    struct Indentation {
        uint32_t column;      // tabs go to the next multiple of 8
        uint32_t alt_column;  // tabs count 1: both must agree, else the text reads differently in different editors
    };
    enum class Mode : uint8_t { kText, kExpression, kSpec };
    struct FStringMode {
        Mode mode;
        char quote;
        bool triple;
        bool raw;
        uint32_t offset;  // of the quote, or of the expression's '{'
        size_t brackets;  // open when it began
    };

    Token make(TokenKind kind, uint32_t begin, uint8_t flags = 0) const;
    void begin_line();
    void set_indentation(uint32_t column, uint32_t alt_column, uint32_t offset);
    Token end_of_text();
    Token lex_token();
    Token lex_name(uint32_t begin);
    Token lex_operator(uint32_t begin);
    Token lex_open_bracket(uint32_t begin, TokenKind kind);
    Token lex_close_bracket(uint32_t begin, TokenKind kind);
    Token lex_unknown(uint32_t begin);
    // lexer_literals.cpp
    Token lex_number(uint32_t begin);
    Token lex_radix_number(uint32_t begin);
    bool lex_digits();
    Token end_number(uint32_t begin, TokenKind kind, const char* what);
    Token lex_string(uint32_t begin, uint32_t quote_at, uint8_t flags, bool formatted);
    Token unterminated_string(uint32_t begin, uint32_t quote_at, bool triple);
    Token lex_fstring_text();
    Token abandon_fstring(uint32_t error_begin, uint32_t error_end, const char* message, const char* label,
                          const char* help);

    [[nodiscard]] char at(uint32_t offset) const { return offset < end_ ? data_[offset] : '\0'; }
    [[nodiscard]] bool starts_identifier(uint32_t offset) const;
    [[nodiscard]] uint32_t skip_identifier(uint32_t offset) const;
    [[nodiscard]] bool in_single_line_fstring() const;
    void report(DiagCode code, uint32_t begin, uint32_t end, std::string message, std::string label = {},
                std::string help = {});

    const SourceFile& file_;
    DiagnosticEngine& diagnostics_;
    const char* data_;
    uint32_t end_;
    size_t error_limit_;
    uint32_t position_ = 0;
    std::vector<Indentation> indentation_{{0, 0}};
    std::vector<Bracket> brackets_;
    std::vector<FStringMode> modes_;
    uint32_t pending_dedents_ = 0;
    uint32_t forgiven_closers_ = 0;  // closing brackets whose opening ones were dropped by an error
    size_t blocks_open_at_end_ = 0;
    uint8_t next_flags_ = 0;
    bool pending_indent_ = false;
    bool pending_newline_ = false;
    bool at_line_start_ = true;
    bool line_has_token_ = false;
    bool line_has_error_ = false;  // one unknown character is reported a line
    bool tabs_reported_ = false;
    bool stopped_ = false;
    bool ended_within_token_ = false;
};

}  // namespace kayton::syntax
