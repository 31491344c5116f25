// Tokens: what the lexer hands to the parser. A token is a kind and a byte range of the source; values (numbers,
// strings) are decoded by the parser from that range. Plain values, safe in any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "compiler/source/source.h"

namespace kayton::syntax {

// KT_TOKEN(kind, text shown in messages)
#define KT_TOKENS(KT_TOKEN)                   \
    KT_TOKEN(kEndOfFile, "end of file")       \
    KT_TOKEN(kNewline, "end of line")         \
    KT_TOKEN(kIndent, "indent")               \
    KT_TOKEN(kDedent, "dedent")               \
    KT_TOKEN(kError, "error")                 \
    KT_TOKEN(kName, "name")                   \
    KT_TOKEN(kInt, "number")                  \
    KT_TOKEN(kFloat, "number")                \
    KT_TOKEN(kImaginary, "number")            \
    KT_TOKEN(kString, "string")               \
    KT_TOKEN(kFStringStart, "f-string")       \
    KT_TOKEN(kFStringMiddle, "f-string text") \
    KT_TOKEN(kFStringEnd, "end of f-string")  \
    KT_TOKEN(kLeftParen, "'('")               \
    KT_TOKEN(kRightParen, "')'")              \
    KT_TOKEN(kLeftBracket, "'['")             \
    KT_TOKEN(kRightBracket, "']'")            \
    KT_TOKEN(kLeftBrace, "'{'")               \
    KT_TOKEN(kRightBrace, "'}'")              \
    KT_TOKEN(kComma, "','")                   \
    KT_TOKEN(kColon, "':'")                   \
    KT_TOKEN(kSemicolon, "';'")               \
    KT_TOKEN(kDot, "'.'")                     \
    KT_TOKEN(kDotDot, "'..'")                 \
    KT_TOKEN(kDotDotEqual, "'..='")           \
    KT_TOKEN(kEllipsis, "'...'")              \
    KT_TOKEN(kArrow, "'->'")                  \
    KT_TOKEN(kAt, "'@'")                      \
    KT_TOKEN(kExclamation, "'!'")             \
    KT_TOKEN(kEqual, "'='")                   \
    KT_TOKEN(kColonEqual, "':='")             \
    KT_TOKEN(kPlus, "'+'")                    \
    KT_TOKEN(kMinus, "'-'")                   \
    KT_TOKEN(kStar, "'*'")                    \
    KT_TOKEN(kSlash, "'/'")                   \
    KT_TOKEN(kDoubleSlash, "'//'")            \
    KT_TOKEN(kPercent, "'%'")                 \
    KT_TOKEN(kDoubleStar, "'**'")             \
    KT_TOKEN(kLeftShift, "'<<'")              \
    KT_TOKEN(kRightShift, "'>>'")             \
    KT_TOKEN(kAmpersand, "'&'")               \
    KT_TOKEN(kPipe, "'|'")                    \
    KT_TOKEN(kCaret, "'^'")                   \
    KT_TOKEN(kTilde, "'~'")                   \
    KT_TOKEN(kPlusEqual, "'+='")              \
    KT_TOKEN(kMinusEqual, "'-='")             \
    KT_TOKEN(kStarEqual, "'*='")              \
    KT_TOKEN(kSlashEqual, "'/='")             \
    KT_TOKEN(kDoubleSlashEqual, "'//='")      \
    KT_TOKEN(kPercentEqual, "'%='")           \
    KT_TOKEN(kAtEqual, "'@='")                \
    KT_TOKEN(kDoubleStarEqual, "'**='")       \
    KT_TOKEN(kLeftShiftEqual, "'<<='")        \
    KT_TOKEN(kRightShiftEqual, "'>>='")       \
    KT_TOKEN(kAmpersandEqual, "'&='")         \
    KT_TOKEN(kPipeEqual, "'|='")              \
    KT_TOKEN(kCaretEqual, "'^='")             \
    KT_TOKEN(kEqualEqual, "'=='")             \
    KT_TOKEN(kNotEqual, "'!='")               \
    KT_TOKEN(kLess, "'<'")                    \
    KT_TOKEN(kLessEqual, "'<='")              \
    KT_TOKEN(kGreater, "'>'")                 \
    KT_TOKEN(kGreaterEqual, "'>='")

// KT_KEYWORD(kind, spelling). Reserved: never a name, except after a dot.
#define KT_KEYWORDS(KT_KEYWORD)       \
    KT_KEYWORD(kFalse, "False")       \
    KT_KEYWORD(kNone, "None")         \
    KT_KEYWORD(kTrue, "True")         \
    KT_KEYWORD(kAnd, "and")           \
    KT_KEYWORD(kAs, "as")             \
    KT_KEYWORD(kAssert, "assert")     \
    KT_KEYWORD(kAsync, "async")       \
    KT_KEYWORD(kAwait, "await")       \
    KT_KEYWORD(kBreak, "break")       \
    KT_KEYWORD(kClass, "class")       \
    KT_KEYWORD(kContinue, "continue") \
    KT_KEYWORD(kDef, "def")           \
    KT_KEYWORD(kDel, "del")           \
    KT_KEYWORD(kElif, "elif")         \
    KT_KEYWORD(kElse, "else")         \
    KT_KEYWORD(kExcept, "except")     \
    KT_KEYWORD(kFinally, "finally")   \
    KT_KEYWORD(kFor, "for")           \
    KT_KEYWORD(kFrom, "from")         \
    KT_KEYWORD(kGlobal, "global")     \
    KT_KEYWORD(kIf, "if")             \
    KT_KEYWORD(kImport, "import")     \
    KT_KEYWORD(kIn, "in")             \
    KT_KEYWORD(kIs, "is")             \
    KT_KEYWORD(kLambda, "lambda")     \
    KT_KEYWORD(kNonlocal, "nonlocal") \
    KT_KEYWORD(kNot, "not")           \
    KT_KEYWORD(kOr, "or")             \
    KT_KEYWORD(kPass, "pass")         \
    KT_KEYWORD(kRaise, "raise")       \
    KT_KEYWORD(kReturn, "return")     \
    KT_KEYWORD(kTry, "try")           \
    KT_KEYWORD(kWhile, "while")       \
    KT_KEYWORD(kWith, "with")         \
    KT_KEYWORD(kYield, "yield")

enum class TokenKind : uint8_t {
#define KT_TOKEN(kind, text) kind,
    KT_TOKENS(KT_TOKEN)
#undef KT_TOKEN
#define KT_KEYWORD(kind, text) kind,
        KT_KEYWORDS(KT_KEYWORD)
#undef KT_KEYWORD
};

// Names that are keywords only where what follows says so.
enum class SoftKeyword : uint8_t { kNone, kUnderscore, kCase, kFn, kLet, kMatch, kRimport, kType };

inline constexpr uint8_t kFirstOnLine = 1;    // nothing but blanks stand before it on its line
inline constexpr uint8_t kRawString = 2;      // r"..."
inline constexpr uint8_t kBytesString = 4;    // b"..."
inline constexpr uint8_t kTripleString = 8;   // """..."""
inline constexpr uint8_t kHasEscapes = 16;    // a backslash stands in the string
inline constexpr uint8_t kErrorOperand = 32;  // a malformed literal: kError that stands for a value

struct Token {
    uint32_t begin = 0;
    uint32_t end = 0;
    TokenKind kind = TokenKind::kEndOfFile;
    SoftKeyword soft = SoftKeyword::kNone;
    uint8_t flags = 0;

    [[nodiscard]] Span span() const { return {begin, end}; }
};

[[nodiscard]] inline bool is_keyword(TokenKind kind) {
    return kind >= TokenKind::kFalse;
}

// For messages: "'('", "name", "'while'".
[[nodiscard]] std::string_view token_text(TokenKind kind);

}  // namespace kayton::syntax
