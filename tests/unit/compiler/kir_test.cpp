// Lowering, seen as KIR text: where counts are kept, where errors go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "compiler/kir/program_lowering.h"
#include "tests/unit/compiler/typed_builder.h"

namespace kayton {
namespace {

using test::TypedBuilder;
using testing::HasSubstr;
using testing::Not;
using typed::RuntimeFn;
using types::Type;

std::string kir_of(TypedBuilder& b, typed::Function* function) {
    Environment environment;
    function->exported = true;
    auto module = kir::ProgramLowering(b.program, environment, "m1").lower();
    if (!module) return "failed: " + module.error().message;
    for (const kir::Function& lowered : module->functions) {
        if (lowered.symbol == function->symbol) return kir::to_text(lowered, *module);
    }
    return "no such function";
}

size_t count(const std::string& text, const std::string& word) {
    size_t found = 0;
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
    return found;
}

TEST(Lowering, AddsWithAnOverflowEdgeThatNamesTheExpression) {
    TypedBuilder b;
    auto* f = b.function("f", {b.t.integer, b.t.integer}, b.t.integer);
    b.set_body(f, {b.ret(b.add(b.get(f, 0), b.get(f, 1)))});
    std::string text = kir_of(b, f);
    EXPECT_THAT(text, HasSubstr("add.checked.i64 %0, %1 !b"));
    EXPECT_THAT(text, HasSubstr("text \"a + b\""));
    EXPECT_THAT(text, HasSubstr("kt_raise_overflow"));
    EXPECT_THAT(text, HasSubstr("kt_traceback_add"));
}

TEST(Lowering, BorrowsParametersThatAreNotAssigned) {
    TypedBuilder b;
    auto* f = b.function("f", {b.t.str}, b.t.integer);
    b.set_body(f, {b.ret(b.make(typed::ExprKind::kLen, b.t.integer, {b.get(f, 0)}))});
    std::string text = kir_of(b, f);
    EXPECT_THAT(text, Not(HasSubstr("retain")));
    EXPECT_THAT(text, Not(HasSubstr("release")));
}

TEST(Lowering, RetainsAParameterThatIsReassigned) {
    TypedBuilder b;
    auto* f = b.function("f", {b.t.str}, b.t.str);
    b.set_body(f, {b.set(0, b.runtime(RuntimeFn::kt_str_upper, b.t.str, {b.get(f, 0)})), b.ret(b.get(f, 0))});
    std::string text = kir_of(b, f);
    EXPECT_THAT(text, HasSubstr("retain"));
    EXPECT_THAT(text, HasSubstr("release"));
}

// xs[0] held in a local, its length asked for after `between`.
std::string held_element(const std::function<typed::Stmt*(TypedBuilder&, typed::Function*)>& between) {
    TypedBuilder b;
    const Type* texts = b.t.list(b.t.str);
    auto* f = b.function("f", {texts, b.t.str}, b.t.integer);
    const uint32_t held = b.local(f, "held", b.t.str);
    auto* element = b.make(typed::ExprKind::kListGet, b.t.str, {b.get(f, 0), b.integer(0)});
    b.set_body(f, {b.set(held, element), between(b, f),
                   b.ret(b.make(typed::ExprKind::kLen, b.t.integer, {b.get(f, held)}))});
    return kir_of(b, f);
}

TEST(Lowering, ALocalThatAListKeepsCountsNothing) {
    const std::string text = held_element([](TypedBuilder& b, typed::Function* f) {
        return b.expr(b.runtime(RuntimeFn::kt_str_eq, b.t.boolean, {b.get(f, 1), b.get(f, 2)}));
    });
    EXPECT_THAT(text, Not(HasSubstr("retain")));
    EXPECT_THAT(text, Not(HasSubstr("release")));
}

TEST(Lowering, ALocalCountsWhereTheListMayLetGo) {
    const std::string text = held_element([](TypedBuilder& b, typed::Function* f) {
        return b.expr(b.runtime(RuntimeFn::kt_list_clear, b.t.none, {b.get(f, 0)}));
    });
    EXPECT_THAT(text, HasSubstr("retain"));
    EXPECT_THAT(text, HasSubstr("release"));
}

TEST(Lowering, MovesATemporaryIntoItsLocalWithoutCounting) {
    TypedBuilder b;
    auto* f = b.function("f", {}, b.t.none);
    uint32_t s = b.local(f, "s", b.t.str);
    b.set_body(f, {b.set(s, b.runtime(RuntimeFn::kt_int_str, b.t.str, {b.integer(5)}))});
    EXPECT_EQ(count(kir_of(b, f), " retain"), 0U);
}

TEST(Lowering, ReleasesATemporaryOnTheErrorEdgeOfALaterOperand) {
    TypedBuilder b;
    auto* g = b.function("g", {}, b.t.integer);
    b.set_body(g, {b.ret(b.integer(1))});
    auto* f = b.function("f", {}, b.t.str);
    b.set_body(f, {b.ret(b.runtime(RuntimeFn::kt_str_repeat, b.t.str,
                                   {b.runtime(RuntimeFn::kt_int_str, b.t.str, {b.integer(5)}), b.call(g, {})}))});
    std::string text = kir_of(b, f);
    size_t call = text.find("call g.");
    ASSERT_NE(call, std::string::npos) << text;
    EXPECT_GE(count(text, "release"), 2U) << text;
}

TEST(Lowering, KeepsAnElementAliveOverACallThatMayChangeItsList) {
    TypedBuilder b;
    const Type* strings = b.t.list(b.t.str);
    auto* g = b.function("g", {}, b.t.integer);
    b.set_body(g, {b.ret(b.integer(1))});
    auto* f = b.function("f", {strings}, b.t.str);
    auto* element = b.make(typed::ExprKind::kListGet, b.t.str, {b.get(f, 0), b.integer(0)});
    b.set_body(f, {b.ret(b.runtime(RuntimeFn::kt_str_repeat, b.t.str, {element, b.call(g, {})}))});
    EXPECT_THAT(kir_of(b, f), HasSubstr("retain"));
}

TEST(Lowering, InnermostRangeLoopHasNoSafePoint) {
    TypedBuilder b;
    auto* f = b.function("f", {b.t.integer}, b.t.integer);
    uint32_t i = b.local(f, "i", b.t.integer);
    uint32_t total = b.local(f, "total", b.t.integer);
    b.set_body(f, {b.set(total, b.integer(0)),
                   b.loop_range(i, b.integer(0), b.get(f, 0), b.integer(1),
                                {b.set(total, b.add(b.get(f, total), b.get(f, i)))}),
                   b.ret(b.get(f, total))});
    EXPECT_THAT(kir_of(b, f), Not(HasSubstr("kt_interrupt_flag")));
}

TEST(Lowering, WhileLoopPollsTheInterruptFlag) {
    TypedBuilder b;
    auto* f = b.function("f", {}, b.t.none);
    b.set_body(f, {b.loop_while(b.boolean(true), {})});
    EXPECT_THAT(kir_of(b, f), HasSubstr("kt_interrupt_flag"));
}

TEST(Lowering, RecursiveFunctionChecksTheStack) {
    TypedBuilder b;
    auto* f = b.function("f", {}, b.t.none);
    b.set_body(f, {b.expr(b.call(f, {}))});
    EXPECT_THAT(kir_of(b, f), HasSubstr("kt_stack_limit"));
}

TEST(Lowering, SaysWhatItCannotLower) {
    TypedBuilder b;
    auto* f = b.function("f", {}, b.t.none);
    auto* object = b.make(typed::ExprKind::kNew, b.t.class_type("Point", nullptr, nullptr), {});
    object->type_arg = object->type;
    b.set_body(f, {b.expr(b.make(typed::ExprKind::kField, b.t.integer, {object}))});
    EXPECT_THAT(kir_of(b, f), HasSubstr("failed: the code generator does not know a field of Point"));
}

}  // namespace
}  // namespace kayton
