// What the parser says of wrong programs: every error once, where it is, and none that follows from another.
#include <gtest/gtest.h>

#include <string>

#include "compiler/syntax/parser.h"

namespace kayton::syntax {
namespace {

// "E0001@2:5 E0010@3:1": codes and places in source order.
std::string errors(const std::string& text) {
    SourceFile file("test.kay", text);
    AstArena arena;
    DiagnosticEngine diagnostics;
    (void)parse_module(file, arena, diagnostics);
    std::string result;
    for (const Diagnostic& diagnostic : in_source_order(diagnostics.all())) {
        if (!result.empty()) result += ' ';
        const LineColumn at = file.position(diagnostic.primary.span.begin);
        result += std::string(diag_info(diagnostic.code).code) + "@" + std::to_string(at.line) + ":" +
                  std::to_string(at.column);
    }
    return result;
}

std::string rendered(const std::string& text) {
    SourceFile file("test.kay", text);
    AstArena arena;
    DiagnosticEngine diagnostics;
    (void)parse_module(file, arena, diagnostics);
    return render_text(diagnostics.all(), false);
}

struct Case {
    const char* source;
    const char* errors;
};

void expect_errors(std::initializer_list<Case> cases) {
    for (const Case& one : cases) EXPECT_EQ(errors(one.source), one.errors) << one.source;
}

TEST(ParseErrors, AllOfAFileInOneGo) {
    expect_errors({
        {"x = = 1\ny = 2\nz = )\nf(1, 2\nw = 3\n", "E0001@1:5 E0001@3:5 E0004@4:2"},
        {"def f(a b):\n    x = 1 +\n    y = 2\nz = 3 4\n", "E0001@1:9 E0001@2:12 E0001@4:7"},
        {"def f(:\n    x = 1\n    return\ny = 3 4\n", "E0001@1:7 E0001@4:7"},
        {"class C\n    def f(self):\n        return +\n", "E0001@1:8 E0001@3:17"},
        {"for x on y:\n    break\n    z = = 1\n", "E0001@1:7 E0001@3:9"},
    });
}

TEST(ParseErrors, OneMistakeGivesOneError) {
    expect_errors({
        {"x = (1 + 2\ny = 3\ndef f():\n    return 1\n", "E0004@1:5"},
        {"x = (1 + 2\n", "E0004@1:5"},
        {"x = {1: 2, 3\ny = 1\n", "E0004@1:5"},
        {"foo(a,\ndef g():\n    pass\n", "E0004@1:4"},
        {"x = [1, 2)\ny = 1\n", "E0001@1:10"},
        {"f('abc)\nx = 1\n)\n", "E0003@1:3"},
        {"x = 5 $ 3 ? y\n", "E0005@1:7"},
        {"x = 12abc + 3\n", "E0006@1:5"},
        {"function foo():\n    pass\n", "E0001@1:1"},
        {"x y:\n    z\n    return\nw\n", "E0001@1:3"},
        {"print(f'{x', 1)\ny = 1\n", "E0009@1:9"},
        {"else:\n    x\n", "E0001@1:1"},
    });
}

TEST(ParseErrors, Indentation) {
    expect_errors({
        {"x = 1\n    y = 2\n    z = 3\nw = 4\n", "E0002@2:1"},
        {"if x:\ny = 1\n", "E0002@2:1"},
        {"if x:\n        y\n    z\nw\n", "E0002@3:1"},
        {"if x:\n\ty\n        z\n", "E0002@3:1"},
        {"def f():\n\nx = 1\n", "E0002@3:1"},
    });
}

TEST(ParseErrors, AssignmentTargets) {
    for (const char* text : {"f() = 1",
                             "1 = x",
                             "a + b = c",
                             "None = 1",
                             "(a, 1) = x",
                             "x = y() = 1",
                             "[a, *b, *c] = d",
                             "*a = b",
                             "f() += 1",
                             "(a, b) += 1",
                             "for f() in x: pass",
                             "del f()",
                             "del *a",
                             "with a as 1: pass",
                             "(a, b): int",
                             "[x for 1 in y]",
                             "a, b: int = 1",
                             "f(a.b=1)",
                             "f(True=1)",
                             "(a.b := 1)",
                             "lambda: 1 = 2",
                             "-a = 1",
                             "{a: b} = c",
                             "a if b else c = d",
                             "'x' = 1"}) {
        EXPECT_EQ(errors(text).substr(0, 5), "E0010") << text;
        EXPECT_EQ(errors(text).find(' '), std::string::npos) << text;
    }
}

TEST(ParseErrors, StatementsOutsideOfTheirPlace) {
    expect_errors({
        {"return 1\n", "E0011@1:1"},
        {"class C:\n    return\n", "E0011@2:5"},
        {"break\nif x:\n    continue\n", "E0011@1:1 E0011@3:5"},
        {"for x in y:\n    def f():\n        break\n", "E0011@3:9"},
        {"while x: pass\nelse: break\n", "E0011@2:7"},
        {"yield 1\n", "E0011@1:1"},
        {"nonlocal x\n", "E0011@1:1"},
        {"def f():\n    from a import *\n", "E0011@2:19"},
        {"def f():\n    rimport a\n    from b rimport C\n", "E0011@2:5 E0011@3:12"},
        {"def f():\n    return [(yield x) for x in y]\n", "E0011@2:12"},
    });
}

TEST(ParseErrors, ParametersAndArguments) {
    for (const char* text :
         {"def f(a, a): pass", "def f(a=1, b): pass", "def f(*): pass", "def f(*, **k): pass", "def f(**k, a): pass",
          "def f(a, /, b, /): pass", "def f(*a, *b): pass", "lambda a, a: 1", "f(a=1, b)", "f(**a, b)", "f(**a, *b)",
          "f(a=1, a=2)", "f(x for x in y, 1)", "f(1, x for x in y)", "def f(1): pass", "def f((a, b)): pass",
          "def f(*a=1): pass", "class C(a=1, a=2): pass", "def f(/, a): pass"}) {
        EXPECT_EQ(errors(text).substr(0, 5), "E0001") << text;
        EXPECT_EQ(errors(text).find(' '), std::string::npos) << text << ": " << errors(text);
    }
}

TEST(ParseErrors, Patterns) {
    expect_errors({
        {"match x:\n  case a: pass\n  case b: pass\n", "E0001@2:8"},
        {"match x:\n  case _: pass\n  case _: pass\n  case _: pass\n", "E0001@2:8"},
        {"match x:\n  case [a, a]: pass\n", "E0001@2:12"},
        {"match x:\n  case 1 | a: pass\n", "E0001@2:12"},
        {"match x:\n  case a | 1: pass\n", "E0001@2:8 E0001@2:12"},
        {"match x:\n  case [*a, *b]: pass\n", "E0001@2:13"},
        {"match x:\n  case f'a': pass\n", "E0001@2:8"},
        {"match x:\n  case {a: 1}: pass\n", "E0001@2:9"},
        {"match x:\n  case C(a=1, 2): pass\n", "E0001@2:15"},
        {"match x:\n  case C(a=1, a=2): pass\n", "E0001@2:15"},
        {"match x:\n  y = 1\n  case 1: pass\n", "E0001@2:3"},
    });
}

TEST(ParseErrors, WhatIsNotPartOfKayton) {
    expect_errors({
        {"match x:\n  case 1+2j: pass\n", "E0100@2:10"},
        {"try:\n    x\nexcept* E:\n    y\n", "E0100@3:1"},
        {"async for x in y: pass\n", "E0100@1:1"},
        {"x = lambda: (yield)\n", "E0100@1:14"},
        {"class C[T: int]:\n    pass\n", "E0100@1:10"},
    });
}

TEST(ParseErrors, Literals) {
    expect_errors({
        {"x = 9223372036854775808\n", "E0006@1:5"},
        {"x = -9223372036854775808\n", ""},
        {"x = 1 -9223372036854775808\n", "E0006@1:8"},
        {"x = -9223372036854775808 ** 2\n", "E0006@1:6"},
        {"x = 99999999999999999999999\n", "E0006@1:5"},
        {"x = '\\ud800'\n", "E0006@1:6"},
        {"x = '\\xZ' '\\N{NO SUCH THING}'\n", "E0006@1:6 E0006@1:12"},
        {"x = b'\xC3\xA9'\n", "E0006@1:7"},
        {"x = 'a' b'b'\n", "E0001@1:9"},
        {"x = f'{}' f'{a!z}'\n", "E0009@1:7"},
        {"x = f'{lambda x: 1}'\n", "E0009@1:8"},
    });
    EXPECT_EQ(errors(std::string("x = 1\0", 6)), "E0005@1:6");
    EXPECT_EQ(errors("x = 1\ny = \xFF"), "E0008@2:5");
}

TEST(ParseErrors, Ranges) {
    expect_errors({
        {"x = 1..\n", "E0001@1:6"},
        {"x = ..3\n", "E0001@1:5"},
        {"x = 1..2..3\n", "E0001@1:9"},
        {"x = a[1..=]\n", "E0001@1:8"},
        {"x = a[f(1..)]\n", "E0001@1:10"},
    });
}

TEST(ParseErrors, HelpForCommonSlips) {
    EXPECT_NE(rendered("if x = 3:\n    y\n").find("help: to compare, write '=='"), std::string::npos);
    EXPECT_NE(rendered("if x:\n    y\nelse if z:\n    w\n").find("write 'elif'"), std::string::npos);
    EXPECT_NE(rendered("print 'x'\n").find("print(...)"), std::string::npos);
    EXPECT_NE(rendered("i++\n").find("+= 1"), std::string::npos);
    EXPECT_NE(rendered("x = a && b\n").find("'and'"), std::string::npos);
    EXPECT_NE(rendered("x = a || b\n").find("'or'"), std::string::npos);
    EXPECT_NE(rendered("x = !a\n").find("'not'"), std::string::npos);
    EXPECT_NE(rendered("whlie x:\n    y\n").find("did you mean 'while'"), std::string::npos);
    EXPECT_NE(rendered("x = 012\n").find("0o12"), std::string::npos);
    EXPECT_NE(rendered("try: x\nexcept A, B: y\n").find("except (A, B):"), std::string::npos);
    EXPECT_NE(rendered("x := 1\n").find("(name := value)"), std::string::npos);
}

TEST(ParseErrors, ShowsBothEndsOfAMistake) {
    EXPECT_EQ(rendered("x = (1 + 2\ny = 3\n"),
              "error[E0004]: '(' is not closed\n"
              " --> test.kay:1:5\n"
              "  |\n"
              "1 | x = (1 + 2\n"
              "  |     ^ opened here\n"
              "2 | y = 3\n"
              "  | - expected ',' or ')' before this\n");
}

std::string repeated(const std::string& before, const std::string& piece, size_t count, const std::string& after = {}) {
    std::string text = before;
    for (size_t i = 0; i < count; ++i) text += piece;
    return text + after;
}

TEST(ParseErrors, NestingHasALimitAndNoCrash) {
    constexpr size_t kMany = 100'000;
    for (const std::string& text :
         {std::string(10'000'000, '('), repeated("", "([{", kMany), repeated("x = ", "-", kMany, "1\n"),
          repeated("x = ", "not ", kMany, "1\n"), repeated("x", ".a", kMany), repeated("x", "()", kMany),
          repeated("x", "[0]", kMany), repeated("x = ", "1+", kMany, "1\n"), repeated("x = ", "1**", kMany, "1\n"),
          repeated("x = ", "1 if a else ", kMany, "1\n"), repeated("x = ", "lambda: ", kMany, "1\n"),
          repeated("f\"", "{f\"", kMany), repeated("x = f\"{x:", "{x:", kMany),
          repeated("match x:\n case ", "[", kMany), repeated("if x:\n pass\n", "elif x:\n pass\n", kMany),
          repeated("x = ", "(y := ", kMany)}) {
        const std::string found = errors(text);
        EXPECT_EQ(found.substr(0, 5), "E0007") << text.substr(0, 20);
        EXPECT_EQ(found.find(' '), std::string::npos) << text.substr(0, 20) << found.substr(0, 100);
    }
    std::string blocks;
    for (size_t i = 0; i < kMany; ++i) blocks += std::string(std::min<size_t>(i, 500), ' ') + "if x:\n";
    EXPECT_EQ(errors(blocks), "E0007@101:101");
}

TEST(ParseErrors, StopsAfterManyErrors) {
    std::string found = errors(repeated("", "x = = $\n1__0\n", 100'000));
    EXPECT_LT(found.size(), 2000U);
}

}  // namespace
}  // namespace kayton::syntax
