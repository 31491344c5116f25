// Typed programs, compiled at both levels and run against the real runtime. Nothing may be left alive.
#include <gtest/gtest.h>

#include "tests/unit/compiler/native_program.h"

namespace kayton {
namespace {

using test::Expr;
using test::Outcome;
using test::TypedBuilder;
using typed::ExprKind;
using typed::IterKind;
using typed::Op;
using typed::RuntimeFn;
using typed::StmtKind;
using types::Type;

class Codegen : public testing::TestWithParam<OptLevel> {
  protected:
    TypedBuilder b;
    types::TypeContext& t = b.t;

    // Runs statements as the module body.
    void expect(const test::Stmts& stmts, const std::string& output, const std::string& exception = "") {
        b.set_body(b.body, stmts);
        expect_body(output, exception);
    }
    void expect_body(const std::string& output, const std::string& exception = "") {
        Outcome outcome = test::run(b, GetParam());
        EXPECT_EQ(outcome.output, output);
        EXPECT_EQ(outcome.exception, exception);
        EXPECT_EQ(outcome.status, exception.empty() ? 0 : 1);
        EXPECT_EQ(outcome.leaked, 0);
    }
    uint32_t local(const std::string& name, const Type* type) { return b.local(b.body, name, type); }
    Expr* get(uint32_t index) { return b.get(b.body, index); }
    Expr* int_str(Expr* value) { return b.runtime(RuntimeFn::kt_int_str, t.str, {value}); }
    Expr* concat(Expr* x, Expr* y) { return b.runtime(RuntimeFn::kt_str_concat, t.str, {x, y}); }
};
INSTANTIATE_TEST_SUITE_P(Levels, Codegen, testing::Values(OptLevel::kO0, OptLevel::kO2),
                         [](const auto& level) { return level.param == OptLevel::kO0 ? "O0" : "O2"; });

TEST_P(Codegen, PrintsHello) { expect({b.print(b.str("hello"))}, "hello\n"); }

TEST_P(Codegen, ComputesFibonacciByRecursion) {
    auto* fib = b.function("fib", {t.integer}, t.integer);
    b.set_body(fib, {b.cond(b.less(b.get(fib, 0), b.integer(2)), {b.ret(b.get(fib, 0))}),
                     b.ret(b.add(b.call(fib, {b.sub(b.get(fib, 0), b.integer(1))}),
                                 b.call(fib, {b.sub(b.get(fib, 0), b.integer(2))})))});
    expect({b.print(b.call(fib, {b.integer(20)}))}, "6765\n");
}

TEST_P(Codegen, RaisesOverflowWithTheExpressionsText) {
    uint32_t x = local("x", t.integer);
    expect({b.set(x, b.integer(INT64_MAX)), b.print(b.mul(get(x), b.integer(3)))}, "",
           "OverflowError: integer overflow in a * b");
}

TEST_P(Codegen, EndlessRecursionRaisesRecursionError) {
    auto* f = b.function("f", {t.integer}, t.integer);
    b.set_body(f, {b.ret(b.add(b.call(f, {b.add(b.get(f, 0), b.integer(1))}), b.integer(1)))});
    expect({b.print(b.call(f, {b.integer(0)}))}, "", "RecursionError: maximum recursion depth exceeded");
}

TEST_P(Codegen, DividesAndShiftsAsPython) {
    test::Stmts stmts;
    uint32_t x = local("x", t.integer);
    uint32_t y = local("y", t.integer);
    std::string expected;
    auto check = [&](int64_t a, int64_t c, int64_t quotient, int64_t remainder) {
        stmts.push_back(b.set(x, b.integer(a)));
        stmts.push_back(b.set(y, b.integer(c)));
        for (Expr* divisor : {get(y), b.integer(c)}) {
            stmts.push_back(b.print(b.op(Op::kIntFloorDiv, t.integer, {get(x), divisor}, "a // b")));
            stmts.push_back(b.print(b.op(Op::kIntMod, t.integer, {get(x), divisor}, "a % b")));
            expected += std::to_string(quotient) + "\n" + std::to_string(remainder) + "\n";
        }
    };
    check(7, 2, 3, 1);
    check(-7, 2, -4, 1);
    check(7, -2, -4, -1);
    check(-7, -2, 3, -1);
    check(-7, 3, -3, 2);
    check(6, 3, 2, 0);
    check(-8, 8, -1, 0);
    check(5, -1, -5, 0);
    stmts.push_back(b.print(b.op(Op::kIntLShift, t.integer, {get(x), b.integer(4)}, "a << b")));
    stmts.push_back(b.print(b.op(Op::kIntRShift, t.integer, {get(x), b.integer(1)}, "a >> b")));
    expected += "80\n2\n";
    expect(stmts, expected);
}

TEST_P(Codegen, DivisionByZeroRaises) {
    uint32_t x = local("x", t.integer);
    expect({b.set(x, b.integer(0)), b.print(b.op(Op::kIntMod, t.integer, {b.integer(1), get(x)}, "a % b"))}, "",
           "ZeroDivisionError: integer modulo by zero");
}

TEST_P(Codegen, FloatDivisionByZeroRaises) {
    uint32_t x = local("x", t.floating);
    expect({b.set(x, b.floating(0)), b.print(b.op(Op::kFloatDiv, t.floating, {b.floating(1), get(x)}))}, "",
           "ZeroDivisionError: float division by zero");
}

TEST_P(Codegen, RangeLoopsCountInEveryDirection) {
    uint32_t i = local("i", t.integer);
    uint32_t step = local("step", t.integer);
    test::Stmts stmts;
    stmts.push_back(b.loop_range(i, b.integer(0), b.integer(3), b.integer(1), {b.print(get(i))}));
    stmts.push_back(b.loop_range(i, b.integer(5), b.integer(0), b.integer(-2), {b.print(get(i))}));
    stmts.push_back(b.set(step, b.integer(4)));
    stmts.push_back(b.loop_range(i, b.integer(1), b.integer(10), get(step), {b.print(get(i))}));
    stmts.push_back(b.loop_range(i, b.integer(INT64_MAX - 1), b.integer(INT64_MAX), b.integer(2), {b.print(get(i))}));
    stmts.push_back(b.loop(b.iter(IterKind::kReversedRange, i, {b.integer(0), b.integer(5), b.integer(2)}), {b.print(get(i))}));
    expect(stmts, "0\n1\n2\n5\n3\n1\n1\n5\n9\n9223372036854775806\n4\n2\n0\n");
}

TEST_P(Codegen, WhileBreakContinueAndElse) {
    uint32_t i = local("i", t.integer);
    auto* odd = b.op(Op::kIntEq, t.boolean, {b.op(Op::kIntMod, t.integer, {get(i), b.integer(2)}), b.integer(1)});
    auto* loop = b.loop_while(b.less(get(i), b.integer(6)), {
        b.set(i, b.add(get(i), b.integer(1))),
        b.cond(odd, {b.stmt(StmtKind::kContinue)}),
        b.print(get(i)),
    });
    loop->else_body = b.block({b.print(b.str("end"))});
    auto* broken = b.loop_range(i, b.integer(0), b.integer(9), b.integer(1),
                                {b.cond(b.op(Op::kIntEq, t.boolean, {get(i), b.integer(2)}), {b.stmt(StmtKind::kBreak)})});
    broken->else_body = b.block({b.print(b.str("not reached"))});
    expect({b.set(i, b.integer(0)), loop, broken, b.print(get(i))}, "2\n4\n6\nend\n2\n");
}

TEST_P(Codegen, ListsOfStringsAreCountedRight) {
    const Type* strings = t.list(t.str);
    uint32_t xs = local("xs", strings);
    uint32_t s = local("s", t.str);
    auto element = [&](int64_t i) { return b.make(ExprKind::kListGet, t.str, {get(xs), b.integer(i)}); };
    expect({b.set(xs, b.make(ExprKind::kList, strings, {int_str(b.integer(10)), b.str("b"), int_str(b.integer(30))})),
            b.print(element(-1)), b.set(s, element(0)),
            b.stmt(StmtKind::kSetItem, get(xs), b.integer(1), concat(get(s), b.str("!"))), b.print(get(xs)),
            b.loop(b.iter(IterKind::kList, s, {get(xs)}), {b.print(get(s))}),
            b.loop(b.iter(IterKind::kReversedList, s, {get(xs)}), {b.print(get(s))}), b.print(element(3))},
           "30\n['10', '10!', '30']\n10\n10!\n30\n30\n10!\n10\n", "IndexError: list index out of range");
}

TEST_P(Codegen, DictItemsAndGet) {
    const Type* dict = t.dict(t.str, t.integer);
    uint32_t d = local("d", dict);
    uint32_t k = local("k", t.str);
    uint32_t v = local("v", t.integer);
    auto* items = b.iter(IterKind::kDictItems, k, {get(d)});
    items->local2 = v;
    const Type* maybe = t.optional(t.integer);
    auto find = [&](const char* key) { return b.make(ExprKind::kDictGet, maybe, {get(d), b.str(key)}); };
    expect({b.set(d, b.make(ExprKind::kDict, dict, {int_str(b.integer(1)), b.integer(11), b.str("b"), b.integer(22)})),
            b.loop(items, {b.print(get(k)), b.print(get(v))}), b.print(find("b")), b.print(find("zz")),
            b.print(b.make(ExprKind::kLen, t.integer, {get(d)}))},
           "1\n11\nb\n22\n22\nNone\n2\n");
}

TEST_P(Codegen, EnumerateOverZip) {
    uint32_t n = local("n", t.integer);
    uint32_t x = local("x", t.str);
    uint32_t y = local("y", t.integer);
    auto* zip = b.iter(IterKind::kZip, 0, {},
                       {b.iter(IterKind::kStr, x, {b.str("añc")}),
                        b.iter(IterKind::kRange, y, {b.integer(5), b.integer(7), b.integer(1)})});
    expect({b.loop(b.iter(IterKind::kEnumerate, n, {b.integer(1)}, {zip}), {b.print(get(n)), b.print(get(x)), b.print(get(y))})},
           "1\na\n5\n2\nñ\n6\n");
}

TEST_P(Codegen, TuplesPassByPointerAndComeBack) {
    const Type* pair_args[] = {t.integer, t.str};
    const Type* pair = t.tuple(pair_args);
    const Type* swapped_args[] = {t.str, t.integer};
    const Type* swapped = t.tuple(swapped_args);
    auto* f = b.function("swap", {pair}, swapped);
    b.set_body(f, {b.ret(b.make(ExprKind::kTuple, swapped,
                                {b.indexed(ExprKind::kTupleGet, t.str, b.get(f, 0), 1),
                                 b.indexed(ExprKind::kTupleGet, t.integer, b.get(f, 0), 0)}))});
    uint32_t p = local("p", swapped);
    expect({b.set(p, b.call(f, {b.make(ExprKind::kTuple, pair, {b.integer(4), int_str(b.integer(5))})})), b.print(get(p)),
            b.print(b.indexed(ExprKind::kTupleGet, t.str, get(p), 0))},
           "('5', 4)\n5\n");
}

TEST_P(Codegen, UnionsHoldAndNarrow) {
    const Type* both = t.unite(t.integer, t.str);
    const Type* pair_args[] = {t.integer, t.str};
    const Type* pair = t.tuple(pair_args);
    uint32_t u = local("u", both);
    uint32_t d = local("d", t.dynamic);
    auto* test = b.make(ExprKind::kTypeTest, t.boolean, {get(u)});
    test->type_arg = t.str;
    auto show = [&] {
        return b.cond(test, {b.print(concat(b.make(ExprKind::kNarrow, t.str, {get(u)}), b.str("!")))},
                      {b.print(b.add(b.make(ExprKind::kNarrow, t.integer, {get(u)}), b.integer(1)))});
    };
    auto* checked = b.make(ExprKind::kNarrowChecked, t.integer, {get(d)});
    checked->text = "not an int";
    expect({b.set(u, b.convert(b.integer(41), both)), show(), b.set(u, b.convert(int_str(b.integer(7)), both)), show(),
            b.set(d, b.convert(b.make(ExprKind::kTuple, pair, {b.integer(1), int_str(b.integer(2))}), t.dynamic)),
            b.print(get(d)), b.set(d, b.convert(get(u), t.dynamic)), b.print(get(d)), b.print(checked)},
           "42\n7!\n(1, '2')\n7\n", "TypeError: not an int");
}

TEST_P(Codegen, ConditionalExpressionsAndShortCircuit) {
    uint32_t i = local("i", t.integer);
    auto* bad = b.less(b.op(Op::kIntFloorDiv, t.integer, {b.integer(1), get(i)}), b.integer(3));
    auto* guard = b.make(ExprKind::kAnd, t.boolean, {b.op(Op::kIntNe, t.boolean, {get(i), b.integer(0)}), bad});
    expect({b.set(i, b.integer(0)), b.print(guard),
            b.print(b.make(ExprKind::kIf, t.str, {guard, int_str(get(i)), b.str("zero")}))},
           "False\nzero\n");
}

TEST_P(Codegen, CatchesByClassAndRestoresTheRest) {
    const Type* value_error = t.find_exception("ValueError");
    const Type* key_error = t.find_exception("KeyError");
    uint32_t e = local("e", value_error);
    auto* f = b.function("f", {t.integer}, t.none);
    b.set_body(f, {b.cond(b.less(b.get(f, 0), b.integer(1)), {b.raise("ValueError", "low")}), b.raise("KeyError", "k")});
    auto* caught = b.attempt({b.expr(b.call(f, {b.integer(0)})), b.print(b.str("no"))},
                             {b.handler({key_error}, -1, {b.print(b.str("wrong"))}),
                              b.handler({value_error}, e, {b.print(get(e))})});
    auto* passed = b.attempt({b.expr(b.call(f, {b.integer(5)}))}, {b.handler({value_error}, -1, {})});
    expect({caught, b.print(b.str("after")), passed}, "low\nafter\n", "KeyError: 'k'");
}

TEST_P(Codegen, FinallyRunsOnEveryWayOut) {
    auto* f = b.function("f", {t.integer}, t.str);
    uint32_t i = b.local(f, "i", t.integer);
    auto equals = [&](int64_t value) { return b.op(Op::kIntEq, t.boolean, {b.get(f, 0), b.integer(value)}); };
    auto* attempt = b.attempt(
        {b.cond(equals(0), {b.ret(int_str(b.integer(100)))}), b.cond(equals(1), {b.stmt(StmtKind::kBreak)}),
         b.cond(equals(2), {b.stmt(StmtKind::kContinue)}), b.cond(equals(3), {b.raise("ValueError", "three")})},
        {}, {}, {b.print(b.str("finally"))});
    b.set_body(f, {b.loop_range(i, b.integer(0), b.integer(2), b.integer(1), {attempt, b.print(b.get(f, i))}),
                   b.ret(b.str("end"))});
    expect({b.print(b.call(f, {b.integer(0)})), b.print(b.call(f, {b.integer(1)})), b.print(b.call(f, {b.integer(2)})),
            b.print(b.call(f, {b.integer(4)})), b.print(b.call(f, {b.integer(3)}))},
           "finally\n100\nfinally\nend\nfinally\nfinally\nend\nfinally\n0\nfinally\n1\nend\nfinally\n", "ValueError: three");
}

TEST_P(Codegen, ReturnInFinallyDropsTheException) {
    auto* f = b.function("f", {}, t.str);
    b.set_body(f, {b.attempt({b.raise("ValueError", "lost")}, {}, {}, {b.ret(int_str(b.integer(3)))})});
    auto* g = b.function("g", {}, t.str);
    b.set_body(g, {b.attempt({b.ret(int_str(b.integer(1)))}, {}, {}, {b.ret(int_str(b.integer(2)))})});
    expect({b.print(b.call(f, {})), b.print(b.call(g, {}))}, "3\n2\n");
}

TEST_P(Codegen, ReraisesFromAHandlerInsideFinally) {
    auto* raise_again = b.stmt(StmtKind::kReraise);
    auto* inner = b.attempt({b.raise("ValueError", "v")}, {b.handler({}, -1, {b.print(b.str("seen")), raise_again})}, {},
                            {b.print(b.str("finally"))});
    expect({inner}, "seen\nfinally\n", "ValueError: v");
}

TEST_P(Codegen, ClosuresShareTheirVariables) {
    // counter = 0; def bump(n): nonlocal counter; counter += n; return counter
    auto* bump = b.function("bump", {t.integer}, t.integer);
    const Type* params[] = {t.integer};
    const Type* callable = t.function(params, t.integer);
    uint32_t counter = local("counter", t.integer);
    b.body->locals[counter].in_cell = true;
    uint32_t f = local("f", callable);
    bump->is_closure = true;
    bump->locals.push_back({"counter", t.integer, true});
    bump->captures = {1};
    bump->captured_from = {counter};
    b.set_body(bump, {b.set(1, b.add(b.get(bump, 1), b.get(bump, 0))), b.ret(b.get(bump, 1))});
    auto* twice = b.function("twice", {t.integer}, t.integer);
    b.set_body(twice, {b.ret(b.mul(b.get(twice, 0), b.integer(2)))});
    auto closure = [&](typed::Function* of) {
        auto* made = b.make(ExprKind::kMakeClosure, callable);
        made->callee = of;
        return made;
    };
    auto call = [&](int64_t n) { return b.make(ExprKind::kCallClosure, t.integer, {get(f), b.integer(n)}); };
    expect({b.set(counter, b.integer(1)), b.set(f, closure(bump)), b.print(call(2)), b.print(call(3)),
            b.print(get(counter)), b.set(f, closure(twice)), b.print(call(21))},
           "3\n6\n6\n42\n");
}

TEST_P(Codegen, UnboundLocalRaises) {
    uint32_t x = local("x", t.str);
    b.body->locals[x].maybe_unbound = true;
    auto* read = get(x);
    read->int_value = 1;
    auto* del = b.stmt(StmtKind::kUnbind);
    del->index = x;
    expect({b.set(x, int_str(b.integer(1))), b.print(read), del, b.print(read)}, "1\n",
           "UnboundLocalError: cannot access local variable 'x' where it is not associated with a value");
}

TEST_P(Codegen, AppendsToAStringInPlaceOnlyWhenUnshared) {
    uint32_t s = local("s", t.str);
    uint32_t other = local("other", t.str);
    uint32_t i = local("i", t.integer);
    expect({b.set(s, int_str(b.integer(1))), b.set(other, get(s)), b.set(s, concat(get(s), b.str("a"))),
            b.set(s, concat(get(s), get(s))),
            b.loop_range(i, b.integer(0), b.integer(5), b.integer(1), {b.set(s, concat(get(s), int_str(get(i))))}),
            b.print(get(other)), b.print(get(s))},
           "1\n1a1a01234\n");
}

TEST_P(Codegen, JoinsPieces) {
    expect({b.print(b.make(ExprKind::kStrJoin, t.str, {b.str("a"), int_str(b.integer(5)), b.str("é")}))}, "a5é\n");
}

TEST_P(Codegen, ErrorsReleaseWhatIsLive) {
    const Type* strings = t.list(t.str);
    auto* fails = b.function("fails", {}, t.str);
    b.set_body(fails, {b.raise("ValueError", "x")});
    uint32_t s = local("s", t.str);
    expect({b.set(s, int_str(b.integer(1))),
            b.print(b.make(ExprKind::kList, strings, {int_str(b.integer(2)), concat(int_str(b.integer(3)), get(s)), b.call(fails, {})}))},
           "", "ValueError: x");
}

TEST(CodegenCells, LaterModulesUseGlobalsAndFunctionsOfEarlierOnes) {
    test::NativeSession session;
    TypedBuilder first;
    uint32_t total = first.global("total", first.t.integer);
    auto* bump = first.function("bump", {first.t.integer}, first.t.integer);
    bump->exported = true;
    first.set_body(bump, {first.set_global(total, first.add(first.get_global(total), first.get(bump, 0))),
                          first.ret(first.get_global(total))});
    first.set_body(first.body, {first.set_global(total, first.integer(40))});
    EXPECT_EQ(session.run(first.program, "m1", OptLevel::kO0).exception, "");

    TypedBuilder second;
    uint32_t same = second.global("total", second.t.integer);
    second.program.globals[same].external = true;
    auto* external = second.function("bump", {second.t.integer}, second.t.integer);
    external->symbol = bump->symbol;
    external->external = true;
    second.set_body(second.body, {second.print(second.call(external, {second.integer(2)})), second.print(second.get_global(same))});
    test::Outcome outcome = session.run(second.program, "m2", OptLevel::kO0);
    EXPECT_EQ(outcome.exception, "");
    EXPECT_EQ(outcome.output, "42\n42\n");
}

}  // namespace
}  // namespace kayton
