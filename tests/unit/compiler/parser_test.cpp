// What the parser makes of correct programs, as s-expressions.
#include "compiler/syntax/parser.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "compiler/syntax/ast_printer.h"

namespace kayton::syntax {
namespace {

std::string parsed(const std::string& text) {
    SourceFile file("test.kay", text);
    AstArena arena;
    DiagnosticEngine diagnostics;
    Module module = parse_module(file, arena, diagnostics);
    EXPECT_EQ(render_text(diagnostics.all(), false), "") << text;
    std::string printed = print_module(module);
    if (!printed.empty()) printed.pop_back();
    return printed;
}

struct Case {
    const char* source;
    const char* tree;
};

void expect_trees(std::initializer_list<Case> cases) {
    for (const Case& one : cases) EXPECT_EQ(parsed(one.source), one.tree) << one.source;
}

TEST(ParseExpression, FollowsPrecedence) {
    expect_trees({
        {"1 + 2 * 3 - 4", "(- (+ 1 (* 2 3)) 4)"},
        {"-a ** -b ** c", "(- (** a (- (** b c))))"},
        {"a or b and not c == d", "(or a (and b (not (compare c == d))))"},
        {"a | b ^ c & d << e + f", "(| a (^ b (& c (<< d (+ e f)))))"},
        {"a < b <= c != d", "(compare a < b <= c != d)"},
        {"a not in b is not c in d is e", "(compare a not-in b is-not c in d is e)"},
        {"a if b else c if d else e", "(if-else b a (if-else d c e))"},
        {"(a, b) // c % d @ e", "(@ (% (// (tuple a b) c) d) e)"},
        {"not not a", "(not (not a))"},
        {"~+-a", "(~ (+ (- a)))"},
        {"a and b and c or d", "(or (and a b c) d)"},
        {"lambda x, *a, y=1, **k: x if y else a", "(lambda (x *a kw:y=1 **k) (if-else y x a))"},
        {"(y := f(x)) + y", "(+ (:= y (call f x)) y)"},
    });
}

TEST(ParseExpression, ReadsRangesBelowBitOperators) {
    expect_trees({
        {"0..n + 1", "(.. 0 (+ n 1))"},
        {"x in 0..=10", "(compare x in (..= 0 10))"},
        {"a | b..c & d", "(.. (| a b) (& c d))"},
        {"f(1..2, x)", "(call f (.. 1 2) x)"},
        {"a[1..]", "([] a (.. 1 -))"},
        {"a[..n]", "([] a (.. - n))"},
        {"a[..]", "([] a (.. - -))"},
        {"a[1.., ..=2]", "([] a (tuple (.. 1 -) (..= - 2)))"},
        {"(0..3).step", "(. (.. 0 3) step)"},
        {"for i in 0..n:\n    pass", "(for i (.. 0 n)\n  (pass))"},
        {"[i for i in 0..3 if i]", "(list-of i (for i (.. 0 3) if i))"},
    });
}

TEST(ParseExpression, ReadsCallsSubscriptsAndAttributes) {
    expect_trees({
        {"f(a, *b, c=1, **d)", "(call f a (* b) (c= 1) (** d))"},
        {"f(x for x in y)", "(call f (generate x (for x y)))"},
        {"f(a)(b)[c].d", "(. ([] (call (call f a) b) c) d)"},
        {"a[1:2, ::3, ..., b:]", "([] a (tuple (slice 1 2 -) (slice - - 3) ... (slice b - -)))"},
        {"a[*b, c]", "([] a (tuple (* b) c))"},
        {"a[x := 1]", "([] a (:= x 1))"},
        {"T.from(x).None.match.is(y)", "(call (. (. (. (call (. T from) x) None) match) is) y)"},
        {"print(*xs, sep='')", "(call print (* xs) (sep= \"\"))"},
        {"f(a,)", "(call f a)"},
        {"f(a := 1)", "(call f (:= a 1))"},
    });
}

TEST(ParseExpression, ReadsDisplaysAndComprehensions) {
    expect_trees({
        {"()", "(tuple)"},
        {"(a,)", "(tuple a)"},
        {"(a)", "a"},
        {"*a, b", "(tuple (* a) b)"},
        {"[1, *a,]", "(list 1 (* a))"},
        {"{}", "(dict)"},
        {"{a: 1, **b}", "(dict (a 1) (** b))"},
        {"{a, *b}", "(set a (* b))"},
        {"[x for x, *y in z if x if y for w in x]", "(list-of x (for (tuple x (* y)) z if x y) (for w x))"},
        {"{k: v for k, v in d}", "(dict-of k v (for (tuple k v) d))"},
        {"{x for x in y}", "(set-of x (for x y))"},
        {"(x for x in y)", "(generate x (for x y))"},
    });
}

TEST(ParseLiteral, ReadsNumbers) {
    expect_trees({
        {"0x_ff", "255"},
        {"1_000", "1000"},
        {"0b101", "5"},
        {"0o17", "15"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "(- 9223372036854775808)"},
        {"0x8000", "32768"},
        {"1.5e3", "1500f"},
        {"1_0.5", "10.5f"},
        {"1e999", "inff"},
        {".5", "0.5f"},
    });
}

TEST(ParseLiteral, DecodesStrings) {
    expect_trees({
        {R"('a' "b" r'\n')", R"("ab\\n")"},
        {R"("\x41\u00e9\101\t\
")",
         "\"A\xC3\xA9"
         "A\\x09\""},
        {R"("\d")", R"("\\d")"},
        {R"("\N{DEGREE SIGN}\N{greek small letter pi}")", "\"\xC2\xB0\xCF\x80\""},
        {R"(b'a\x00\'' b"\u00e9")", R"(b"a\x00'\\u00e9")"},
        {"'''a\nb'''", "\"a\\x0ab\""},
        {"'''a\r\nb'''", "\"a\\x0ab\""},
        {"u'x'", "\"x\""},
    });
}

TEST(ParseFString, ReadsPartsConversionsAndSpecs) {
    expect_trees({
        {"f'a{b}c' 'd' f'{e}'", R"((f "a" {b} "cd" {e}))"},
        {"f'{{x}}'", R"((f "{x}"))"},
        {"f''", "(f)"},
        {"f'{x!r:>{w}.2f}'", R"((f {x !r :(f ">" {w} ".2f")}))"},
        {"f'{x = }'", R"((f {"x = " x !r}))"},
        {"f'{x=!s}{y=:>3}'", R"((f {"x=" x !s} {"y=" y :(f ">3")}))"},
        {"f'{a, b}'", "(f {(tuple a b)})"},
        {"f'{d[\"k\"]:%H:%M}'", R"((f {([] d "k") :(f "%H:%M")}))"},
        {"f'''{\n  x\n}'''", "(f {x})"},
        {"f'{(lambda x: 1)}'", "(f {(lambda (x) 1)})"},
        {"f'\\N{BULLET}{x}\\x41'", "(f \"\xE2\x80\xA2\" {x} \"A\")"},
        {"rf'\\d{x}'", R"((f "\\d" {x}))"},
        {"f'{f\"{x}\"}'", "(f {(f {x})})"},
        {"f'{x:{{}}}'", "(f {x :(f {(dict)})})"},
    });
}

TEST(ParseStatement, ReadsAssignments) {
    expect_trees({
        {"a = b, *c = d", "(assign a (tuple b (* c)) d)"},
        {"[a, (b, c)] = x", "(assign (list a (tuple b c)) x)"},
        {"x[0].y **= 2; z //= 3", "(**= (. ([] x 0) y) 2)\n(//= z 3)"},
        {"x: int", "(annotate x int -)"},
        {"x.y: list[int] = []", "(annotate (. x y) ([] list int) (list))"},
        {"x = yield_ = 1", "(assign x yield_ 1)"},
        {"let n: int = 12", "(let n int 12)"},
        {"let n = 12", "(let n - 12)"},
        {"let n: int", "(let n int -)"},
        {"let a, b = 1, 2", "(assign (tuple a b) (tuple 1 2))"},
    });
}

TEST(ParseStatement, SoftKeywordsStayNames) {
    expect_trees({
        {"let = 1", "(assign let 1)"},
        {"let(x)", "(call let x)"},
        {"fn = lambda: 1", "(assign fn (lambda () 1))"},
        {"fn(x)", "(call fn x)"},
        {"rimport = fn + let", "(assign rimport (+ fn let))"},
        {"match = type = case = _ = 1", "(assign match type case _ 1)"},
        {"match(x)", "(call match x)"},
        {"match[0] = 1", "(assign ([] match 0) 1)"},
        {"match - x", "(- match x)"},
        {"match.x", "(. match x)"},
        {"type(x)", "(call type x)"},
        {"print(match)", "(call print match)"},
        {"match: int = 1", "(annotate match int 1)"},
        {"let: int = 1", "(annotate let int 1)"},
        {"match not in x", "(compare match not-in x)"},
    });
}

TEST(ParseStatement, ReadsImports) {
    expect_trees({
        {"import a.b as c, d", "(import a.b=c d)"},
        {"from . import a", "(from-import . a)"},
        {"from ...a.b import (c as d, e,)", "(from-import ...a.b c=d e)"},
        {"from a import *", "(from-import a *)"},
        {"rimport regex", "(rimport regex)"},
        {"rimport serde_json as json", "(rimport serde_json=json)"},
        {"from reqwest rimport Client, StatusCode as S", "(from-rimport reqwest Client StatusCode=S)"},
        {"from regex.bytes rimport Regex", "(from-rimport regex.bytes Regex)"},
        {"from rimport import a", "(from-import rimport a)"},
        {"import a . b", "(import a.b)"},
    });
}

TEST(ParseStatement, ReadsSimpleStatements) {
    expect_trees({
        {"del a, (b, c), d[0]", "(del a (tuple b c) ([] d 0))"},
        {"assert x, 'm'", "(assert x \"m\")"},
        {"raise X from e", "(raise X from e)"},
        {"global a, b", "(global a b)"},
        {"type X = int | str", "(type X (| int str))"},
        {"type P[T, U] = tuple[T, U]", "(type P [ T U ] ([] tuple (tuple T U)))"},
        {"pass; pass;", "(pass)\n(pass)"},
    });
}

TEST(ParseStatement, ReadsBlocks) {
    expect_trees({
        {"if a:\n  b\nelif c: d\nelse:\n  e", "(if a\n  b\nelif c\n  d\nelse\n  e)"},
        {"while a:\n  break\nelse:\n  b", "(while a\n  (break)\nelse\n  b)"},
        {"for a, *b in c, d:\n  continue", "(for (tuple a (* b)) (tuple c d)\n  (continue))"},
        {"try:\n  a\nexcept (B, C) as e:\n  raise\nexcept:\n  b\nelse:\n  c\nfinally:\n  d",
         "(try\n  a\nexcept (tuple B C) as e\n  (raise)\nexcept\n  b\nelse\n  c\nfinally\n  d)"},
        {"with a as b, c as (d, e):\n  f", "(with (a b) (c (tuple d e))\n  f)"},
        {"with (a as b, c,):\n  f", "(with (a b) (c -)\n  f)"},
        {"with (a, b):\n  f", "(with (a -) (b -)\n  f)"},
        {"with (a, b) as c:\n  f", "(with ((tuple a b) c)\n  f)"},
        {"with (a):\n  f", "(with (a -)\n  f)"},
        {"with (a).b() as c:\n  f", "(with ((call (. a b)) c)\n  f)"},
    });
}

TEST(ParseStatement, ReadsDefinitions) {
    expect_trees({
        {"def f(a, b: int = 1, /, c=2, *args: int, d, e=3, **kw) -> int:\n  return a",
         "(def f (/a /b:int=1 c=2 *args:int kw:d kw:e=3 **kw) -> int\n  (return a))"},
        {"fn area(r: float):\n  3.5 * r", "(fn area (r:float)\n  (* 3.5f r))"},
        {"def g(*, k): yield k", "(def g generator (kw:k)\n  (yield k))"},
        {"def g():\n  def h():\n    yield\n  return h",
         "(def g ()\n  (def h generator ()\n    (yield))\n  (return h))"},
        {"@a\n@b(1)\ndef f(): pass", "(def f () @a @(call b 1)\n  (pass))"},
        {"async def f():\n  async with a: await b", "(async-def f ()\n  (with (a -)\n    (await b)))"},
        {"class C(A, metaclass=M):\n  x: int = 1", "(class C A (metaclass= M)\n  (annotate x int 1))"},
        {"class Stack[T]:\n  pass", "(class Stack [ T ]\n  (pass))"},
        {"def first[T](xs: list[T]) -> T:\n  return xs[0]",
         "(def first [ T ] (xs:([] list T)) -> T\n  (return ([] xs 0)))"},
    });
}

TEST(ParseStatement, ReadsMatch) {
    expect_trees({
        {"match x:\n  case 1 | -2.5 | 'a' | None | True: a\n  case _: b",
         "(match x\n  case (or 1 (- 2.5f) \"a\" None True)\n    a\n  case _\n    b)"},
        {"match x, y:\n  case a, *rest: a\n  case (b, [c]) if c: b\n  case (d): d",
         "(match (tuple x y)\n  case (seq a *rest)\n    a\n  case (seq b (seq c)) if c\n    b\n  case d\n    d)"},
        {"match x:\n  case {'k': v, a.b: 1, **rest}: v", "(match x\n  case (map \"k\"=v (. a b)=1 **rest)\n    v)"},
        {"match x:\n  case Point(0, y=b) as p: b", "(match x\n  case (as p (class Point 0 y=b))\n    b)"},
        {"match x:\n  case m.Color.RED: b", "(match x\n  case (. (. m Color) RED)\n    b)"},
        {"match (x):\n  case []: b", "(match x\n  case (seq)\n    b)"},
        {"match -x:\n  case match: b", "(match (- x)\n  case match\n    b)"},
    });
}

TEST(ParseModule, SpansCoverTheSource) {
    const std::string text = "x = foo(a, b)[1] + (2 * y)\n";
    SourceFile file("test.kay", text);
    AstArena arena;
    DiagnosticEngine diagnostics;
    Module module = parse_module(file, arena, diagnostics);
    ASSERT_EQ(module.body.size(), 1U);
    auto text_of = [&](Span span) { return text.substr(span.begin, span.end - span.begin); };
    EXPECT_EQ(text_of(module.body[0]->span), "x = foo(a, b)[1] + (2 * y)");
    const auto& sum = as<BinaryExpr>(*as<AssignStmt>(*module.body[0]).value);
    EXPECT_EQ(text_of(sum.left->span), "foo(a, b)[1]");
    EXPECT_EQ(text_of(sum.op_span), "+");
    EXPECT_EQ(text_of(sum.right->span), "2 * y");
    EXPECT_EQ(sum.height, 4);
}

TEST(ParseModule, LongFlatProgramsAreNotDeep) {
    std::string elifs = "if x == 0:\n  pass\n";
    for (int i = 0; i < 9000; ++i) elifs += "elif x == 1:\n  pass\n";
    std::string items = "x = [";
    for (int i = 0; i < 100000; ++i) items += "1, ";
    std::string sum = "x = 1";
    for (int i = 0; i < 1900; ++i) sum += " + 1";
    std::string both = "x = a";
    for (int i = 0; i < 100000; ++i) both += " and a";
    for (const std::string& text : {elifs, items + "]\n", sum, both}) {
        SourceFile file("test.kay", text);
        AstArena arena;
        DiagnosticEngine diagnostics;
        (void)parse_module(file, arena, diagnostics);
        EXPECT_EQ(diagnostics.error_count(), 0U) << text.substr(0, 40);
    }
}

TEST(Completeness, AsksForMoreLines) {
    for (const char* text :
         {"if x:", "if x:\n", "def f():\n    return 1", "f(1,", "x = [1,\n2", "'''abc", "x = 1 + \\\n", "@decorator\n",
          "class C:\n    x = 1\n", "f'''{x", "while x:\n    a\n    b", "try:\n  x\n", "match x:\n", "def f():\n    try:\n        x\n",
          "class C:\n    def f(self):\n        try:\n            x", "def f():\n    match x:\n",
          "class C:\n    @decorator\n"}) {
        EXPECT_EQ(completeness(text), Completeness::kIncomplete) << text;
    }
    for (const char* text : {"", "x = 1", "f(1)\n", "if x:\n    y\n\n", "def f():\n    return 1\n\n", "if x: y",
                             "# note", "x = '''a\nb'''"}) {
        EXPECT_EQ(completeness(text), Completeness::kComplete) << text;
    }
    for (const char* text : {"x = = 1", "f)", "'abc", "if x:\ny = 1\n", "x y(", "012", "return 1\nif x:"}) {
        EXPECT_EQ(completeness(text), Completeness::kInvalid) << text;
    }
}

class LoadSource : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::path(testing::TempDir()) / "kayton_load_source";
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path file(const std::string& content) {
        std::ofstream(folder_ / "a.kay", std::ios::binary) << content;
        return folder_ / "a.kay";
    }
    std::filesystem::path folder_;
};

TEST_F(LoadSource, NormalisesLineEndsAndDropsTheByteOrderMark) {
    EXPECT_EQ(load_source(file("\xEF\xBB\xBF"
                               "a\r\nb\rc\n"))
                  .value(),
              "a\nb\nc\n");
    EXPECT_EQ(load_source(file("")).value(), "");
}

TEST_F(LoadSource, SaysWhyItFails) {
    auto message = [](const Result<std::string>& result) {
        EXPECT_FALSE(result.has_value());
        if (result) return std::string();
        EXPECT_EQ(result.error().kind, ErrorKind::kInput);
        return result.error().message;
    };
    EXPECT_NE(message(load_source(folder_ / "absent.kay")).find("no such file"), std::string::npos);
    EXPECT_NE(message(load_source(folder_)).find("is a directory"), std::string::npos);
    std::string not_utf8 = message(load_source(file("x = 1\ny = 'caf\xE9'\n")));
    EXPECT_NE(not_utf8.find("not UTF-8"), std::string::npos);
    EXPECT_NE(not_utf8.find("line 2"), std::string::npos);
    std::filesystem::resize_file(file("x"), uintmax_t{1} << 30);
    EXPECT_NE(message(load_source(folder_ / "a.kay")).find("too large"), std::string::npos);
}

}  // namespace
}  // namespace kayton::syntax
