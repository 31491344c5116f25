#include "compiler/syntax/lexer.h"

#include <gtest/gtest.h>

#include <string>

namespace kayton::syntax {
namespace {

struct Lexed {
    std::string tokens;
    std::string codes;
};

// Tokens by their text, and by their kind in <> where they have none; the codes of the errors.
Lexed lex(const std::string& text) {
    SourceFile file("test.kay", text);
    DiagnosticEngine diagnostics;
    Lexer lexer(file, diagnostics);
    Lexed result;
    for (;;) {
        Token token = lexer.next();
        if (token.kind == TokenKind::kEndOfFile) break;
        if (!result.tokens.empty()) result.tokens += ' ';
        switch (token.kind) {
            case TokenKind::kNewline: result.tokens += "<nl>"; break;
            case TokenKind::kIndent: result.tokens += "<in>"; break;
            case TokenKind::kDedent: result.tokens += "<out>"; break;
            case TokenKind::kError: result.tokens += "<error>"; break;
            default: result.tokens += text.substr(token.begin, token.end - token.begin);
        }
    }
    for (const Diagnostic& diagnostic : diagnostics.all()) {
        if (!result.codes.empty()) result.codes += ' ';
        result.codes += diag_info(diagnostic.code).code;
    }
    return result;
}

std::string tokens(const std::string& text) {
    Lexed result = lex(text);
    EXPECT_EQ(result.codes, "") << text;
    return result.tokens;
}

TEST(Lexer, MakesIndentsAndDedents) {
    EXPECT_EQ(tokens("if a:\n  b\n  if c:\n\n    # comment\n    d\ne"),
              "if a : <nl> <in> b <nl> if c : <nl> <in> d <nl> <out> <out> e <nl>");
    EXPECT_EQ(tokens("if a:\n\tb\n"), "if a : <nl> <in> b <nl> <out>");
    EXPECT_EQ(tokens(""), "");
    EXPECT_EQ(tokens("\n\n  # only a comment"), "");
}

TEST(Lexer, RejectsTabsThatReadDifferently) {
    EXPECT_EQ(lex("if a:\n\tb\n        c\n").codes, "E0002");
    EXPECT_EQ(lex("if a:\n        b\n\tc\n").codes, "E0002");
    EXPECT_EQ(lex("if a:\n        b\n\tc\n\td\n\te\n").codes, "E0002");  // once a file
    EXPECT_EQ(lex("if a:\n    b\nif c:\n\td\n").codes, "");
}

TEST(Lexer, ReadsAnIndentBetweenTwoLevelsAsTheInner) {
    Lexed result = lex("if a:\n        b\n    c\n    d\ne\n");
    EXPECT_EQ(result.codes, "E0002");
    EXPECT_EQ(result.tokens, "if a : <nl> <in> b <nl> c <nl> d <nl> <out> e <nl>");
}

TEST(Lexer, JoinsLinesInBracketsAndAfterBackslashes) {
    EXPECT_EQ(tokens("(a,\n    b)\nc"), "( a , b ) <nl> c <nl>");
    EXPECT_EQ(tokens("a + \\\n   b\n"), "a + b <nl>");
    EXPECT_EQ(tokens("[  # comment\n1\n\n]"), "[ 1 ] <nl>");
    EXPECT_EQ(lex("a \\ b\n").codes, "E0005");
}

TEST(Lexer, ReadsNumbers) {
    EXPECT_EQ(tokens("0 00 1_000 0x_ff 0XFF 0b1_0 0o17 1. .5 1.5e-3 1E5 2j 1_0.0_1"),
              "0 00 1_000 0x_ff 0XFF 0b1_0 0o17 1. .5 1.5e-3 1E5 2j 1_0.0_1 <nl>");
    EXPECT_EQ(tokens("1if x else 2"), "1 if x else 2 <nl>");
    EXPECT_EQ(tokens("0x1for x in y"), "0x1f or x in y <nl>");
    for (const char* wrong :
         {"012", "1__0", "1_", "0x", "0b12", "0o8", "0xg", "1e+", "12abc", "1_000_", "1.5x", "0_7"}) {
        EXPECT_EQ(lex(wrong).codes, "E0006") << wrong;
        EXPECT_EQ(lex(wrong).tokens, "<error> <nl>") << wrong;
    }
}

TEST(Lexer, TellsRangesFromFloats) {
    EXPECT_EQ(tokens("0..10"), "0 .. 10 <nl>");
    EXPECT_EQ(tokens("0..=n"), "0 ..= n <nl>");
    EXPECT_EQ(tokens("1. .real"), "1. . real <nl>");
    EXPECT_EQ(tokens("a[1..], x[...]"), "a [ 1 .. ] , x [ ... ] <nl>");
    EXPECT_EQ(tokens("1.5..2.5"), "1.5 .. 2.5 <nl>");
    EXPECT_EQ(tokens("from ... import a"), "from ... import a <nl>");
}

TEST(Lexer, ReadsStringsWithTheirPrefixes) {
    EXPECT_EQ(tokens(R"('a' "b" r'\'' b'x' Rb"y" bR'z' u'w')"), R"('a' "b" r'\'' b'x' Rb"y" bR'z' u'w' <nl>)");
    EXPECT_EQ(tokens("'''a\n'b'\n'''"), "'''a\n'b'\n''' <nl>");
    EXPECT_EQ(tokens(R"('it\'s' "\\")"), R"('it\'s' "\\" <nl>)");
    EXPECT_EQ(tokens("'a\\\nb'"), "'a\\\nb' <nl>");
    EXPECT_EQ(tokens("bu 'a'"), "bu 'a' <nl>");
    EXPECT_EQ(lex("x = 'abc\ny\n").codes, "E0003");
    EXPECT_EQ(lex("x = 'abc\ny\n").tokens, "x = <error> <nl> y <nl>");
    EXPECT_EQ(lex("x = '''abc\ny\n").codes, "E0003");
}

TEST(Lexer, AnUnclosedStringDropsTheBracketsAroundIt) {
    Lexed result = lex("f('abc)\nx\n)\ny\n");
    EXPECT_EQ(result.codes, "E0003");
    EXPECT_EQ(result.tokens, "f ( <error> <nl> x <nl> <error> <nl> y <nl>");
}

TEST(Lexer, CutsFStringsIntoParts) {
    EXPECT_EQ(tokens("f'a{b}c'"), "f' a { b } c ' <nl>");
    EXPECT_EQ(tokens("f'{a!r:>{w}.2f}'"), "f' { a ! r : > { w } .2f } ' <nl>");
    EXPECT_EQ(tokens("f'{{x}} {y}'"), "f' {{x}}  { y } ' <nl>");
    EXPECT_EQ(tokens("f'{a[1:2]}{ {1: 2}[1] }'"), "f' { a [ 1 : 2 ] } { { 1 : 2 } [ 1 ] } ' <nl>");
    EXPECT_EQ(tokens("f'{a!=b}'"), "f' { a != b } ' <nl>");
    EXPECT_EQ(tokens("f'''{\na\n}'''"), "f''' { a } ''' <nl>");
    EXPECT_EQ(tokens("f'{f\"{x}\"}'"), "f' { f\" { x } \" } ' <nl>");
    EXPECT_EQ(tokens("f'{x:%H:%M}'"), "f' { x : %H:%M } ' <nl>");
    EXPECT_EQ(tokens("rf'\\{x}'"), "rf' \\ { x } ' <nl>");
}

TEST(Lexer, FindsBrokenFStrings) {
    EXPECT_EQ(lex("f'{a'\nb\n").codes, "E0009");
    EXPECT_EQ(lex("f'{a\nb\n").codes, "E0009");
    EXPECT_EQ(lex("f'{a:>5'\nb\n").codes, "E0009");
    EXPECT_EQ(lex("f'a}b'\n").codes, "E0009");
    EXPECT_EQ(lex("f'{a # b}'\n").codes, "E0009");
    EXPECT_EQ(lex("f'abc\n").codes, "E0003");
    EXPECT_TRUE(lex("f'{a'\nb\n").tokens.ends_with("<nl> b <nl>"));
}

TEST(Lexer, MatchesBrackets) {
    EXPECT_EQ(lex("(1, 2]\nx\n").codes, "E0001");
    EXPECT_EQ(lex("f(a, [1, 2)\nx\n").codes, "E0004");
    EXPECT_TRUE(lex("f(a, [1, 2)\nx\n").tokens.ends_with("<nl> x <nl>"));
    EXPECT_EQ(lex("a)\n").codes, "E0001");
}

TEST(Lexer, ReadsUnicodeNames) {
    EXPECT_EQ(tokens("caf\xC3\xA9 \xE5\x90\x8D\xE5\x89\x8D x\xCC\x81"),
              "caf\xC3\xA9 \xE5\x90\x8D\xE5\x89\x8D x\xCC\x81 <nl>");
    EXPECT_EQ(lex("a \xE2\x80\x9Chi\xE2\x80\x9D\n").codes, "E0005");  // curly quotes: once a line
    EXPECT_EQ(lex("a $ b ? c\nd $\n").codes, "E0005 E0005");
}

TEST(Lexer, KeywordsAreReservedAndSoftOnesAreNames) {
    SourceFile file("test.kay", "while match let fn rimport type case _ whiles None");
    DiagnosticEngine diagnostics;
    Lexer lexer(file, diagnostics);
    EXPECT_EQ(lexer.next().kind, TokenKind::kWhile);
    for (SoftKeyword soft : {SoftKeyword::kMatch, SoftKeyword::kLet, SoftKeyword::kFn, SoftKeyword::kRimport,
                             SoftKeyword::kType, SoftKeyword::kCase, SoftKeyword::kUnderscore, SoftKeyword::kNone}) {
        Token token = lexer.next();
        EXPECT_EQ(token.kind, TokenKind::kName);
        EXPECT_EQ(token.soft, soft);
    }
    EXPECT_EQ(lexer.next().kind, TokenKind::kNone);
}

TEST(Lexer, StopsAtItsNestingLimits) {
    EXPECT_EQ(lex(std::string(1'000'000, '(')).codes, "E0007");
    EXPECT_EQ(lex(std::string(200, '(') + std::string(200, ')')).codes, "");
    EXPECT_EQ(lex(std::string(201, '(') + std::string(201, ')')).codes, "E0007");
    std::string blocks;
    for (size_t i = 0; i < 1000; ++i) blocks += std::string(i, ' ') + "if a:\n";
    EXPECT_EQ(lex(blocks).codes, "E0007");
}

TEST(Lexer, AcceptsEveryKindOfLineEnd) {
    EXPECT_EQ(tokens("a\r\nb\rc\n"), "a <nl> b <nl> c <nl>");
    EXPECT_EQ(tokens("if a:\r\n  b\r\n\r\nc\r\n"), "if a : <nl> <in> b <nl> <out> c <nl>");
}

}  // namespace
}  // namespace kayton::syntax
