#include "compiler/diagnostics/diagnostics.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace kayton {
namespace {

Span find(const SourceFile& file, std::string_view text) {
    auto at = static_cast<uint32_t>(file.text().find(text));
    return {at, at + static_cast<uint32_t>(text.size())};
}

TEST(Diagnostics, EveryCodeIsRegisteredOnce) {
    std::set<std::string> codes;
    size_t count = 0;
#define KT_DIAGNOSTIC(id, number, level, about)         \
    ++count;                                            \
    codes.insert(number);                               \
    EXPECT_STREQ(diag_info(DiagCode::id).code, number); \
    EXPECT_GT(std::string_view(diag_info(DiagCode::id).summary).size(), 5U);
#include "compiler/diagnostics/diagnostics.def"
#undef KT_DIAGNOSTIC
    EXPECT_EQ(codes.size(), count);
}

TEST(DiagnosticEngine, ReportsTheSamePlaceOnce) {
    SourceFile file("a.kay", "x = y\n");
    DiagnosticEngine engine;
    engine.report(DiagCode::kUndefinedName, file, {4, 5}, "first");
    engine.report(DiagCode::kUndefinedName, file, {4, 5}, "second").help = "goes nowhere";
    engine.report(DiagCode::kTypeMismatch, file, {4, 5}, "another code");
    ASSERT_EQ(engine.all().size(), 2U);
    EXPECT_EQ(engine.error_count(), 2U);
    EXPECT_EQ(engine.all()[0].message, "first");
    EXPECT_EQ(engine.all()[0].help, "");
}

TEST(DiagnosticEngine, RewindForgetsAndAllowsAgain) {
    SourceFile file("a.kay", "x = y\n");
    DiagnosticEngine engine;
    engine.report(DiagCode::kUndefinedName, file, {0, 1}, "kept");
    const size_t mark = engine.all().size();
    engine.report(DiagCode::kUndefinedName, file, {4, 5}, "forgotten");
    engine.rewind(mark);
    EXPECT_EQ(engine.error_count(), 1U);
    engine.report(DiagCode::kUndefinedName, file, {4, 5}, "again");
    ASSERT_EQ(engine.all().size(), 2U);
    EXPECT_EQ(engine.all()[1].message, "again");
    engine.clear();
    EXPECT_FALSE(engine.has_errors());
}

TEST(RenderText, ShowsLabelsOnOtherLinesAndHelp) {
    SourceFile file("<cell 4>", "# list\nxs = [1, 2, 3]\n    xs.append(\"four\")\n");
    DiagnosticEngine engine;
    auto& diagnostic = engine.report(DiagCode::kTypeMismatch, file, find(file, "\"four\""),
                                     "list of int cannot take a str", "this is a str", "convert with int(\"four\")");
    diagnostic.secondary.push_back({&file, find(file, "[1, 2, 3]"), "xs is list[int]"});
    EXPECT_EQ(render_text(engine.all(), false),
              "error[E0308]: list of int cannot take a str\n"
              " --> <cell 4>:3:15\n"
              "  |\n"
              "2 | xs = [1, 2, 3]\n"
              "  |      --------- xs is list[int]\n"
              "3 |     xs.append(\"four\")\n"
              "  |               ^^^^^^ this is a str\n"
              "  = help: convert with int(\"four\")\n");
}

TEST(RenderText, PutsSeveralLabelsOfALineBelowEachOther) {
    SourceFile file("a.kay", "foo(a, b, c)\n");
    DiagnosticEngine engine;
    auto& diagnostic = engine.report(DiagCode::kBadArguments, file, {7, 8}, "message", "primary");
    diagnostic.secondary.push_back({&file, {0, 3}, "callee"});
    diagnostic.secondary.push_back({&file, {10, 11}, "last"});
    EXPECT_EQ(render_text(engine.all(), false),
              "error[E0061]: message\n"
              " --> a.kay:1:8\n"
              "  |\n"
              "1 | foo(a, b, c)\n"
              "  | ---    ^  - last\n"
              "  | |      |\n"
              "  | |      primary\n"
              "  | |\n"
              "  | callee\n");
}

TEST(RenderText, LeavesOutDistantLinesAndWidensTheGutter) {
    std::string text = "first = 1\n";
    for (int i = 0; i < 10; ++i) text += "\n";
    text += "second = first\n";
    SourceFile file("a.kay", text);
    DiagnosticEngine engine;
    auto& diagnostic = engine.report(DiagCode::kUndefinedName, file, find(file, "second"), "message");
    diagnostic.secondary.push_back({&file, find(file, "first"), "here"});
    EXPECT_EQ(render_text(engine.all(), false),
              "error[E0425]: message\n"
              "  --> a.kay:12:1\n"
              "   |\n"
              " 1 | first = 1\n"
              "   | ----- here\n"
              "...\n"
              "12 | second = first\n"
              "   | ^^^^^^\n");
}

TEST(RenderText, CountsWideCharactersAndTabs) {
    SourceFile file("a.kay", "\tx = \"\xE6\x97\xA5\xE6\x9C\xAC\" + y\n");
    DiagnosticEngine engine;
    engine.report(DiagCode::kUndefinedName, file, find(file, "y\n"), "message", "here");
    EXPECT_EQ(render_text(engine.all(), false),
              "error[E0425]: message\n"
              " --> a.kay:1:13\n"
              "  |\n"
              "1 |     x = \"\xE6\x97\xA5\xE6\x9C\xAC\" + y\n"
              "  |                  ^ here\n");
}

TEST(RenderText, CutsLongLinesAroundTheSpan) {
    std::string text = "x = " + std::string(5000, 'a') + " + bad + " + std::string(5000, 'b') + "\n";
    SourceFile file("a.kay", text);
    DiagnosticEngine engine;
    engine.report(DiagCode::kUndefinedName, file, find(file, "bad"), "message", "here");
    std::string shown = render_text(engine.all(), false);
    size_t line_start = shown.find("1 | ");
    std::string line = shown.substr(line_start, shown.find('\n', line_start) - line_start);
    EXPECT_LE(line.size(), 210U);
    EXPECT_NE(line.find("...aaa"), std::string::npos);
    EXPECT_TRUE(line.ends_with("bbb..."));
    std::string carets = shown.substr(shown.find('\n', line_start) + 1);
    EXPECT_EQ(carets.find('^'), line.find("bad"));
}

TEST(RenderText, NamesASecondFile) {
    SourceFile file("a.kay", "import b\n");
    SourceFile other("b.kay", "x = 1\n");
    DiagnosticEngine engine;
    auto& diagnostic = engine.report(DiagCode::kUnknownMember, file, {7, 8}, "message");
    diagnostic.secondary.push_back({&other, {0, 1}, "only this"});
    EXPECT_EQ(render_text(engine.all(), false),
              "error[E0433]: message\n"
              " --> a.kay:1:8\n"
              "  |\n"
              "1 | import b\n"
              "  |        ^\n"
              " ::: b.kay:1:1\n"
              "  |\n"
              "1 | x = 1\n"
              "  | - only this\n");
}

TEST(RenderText, SortsByPlace) {
    SourceFile file("a.kay", "a\nb\n");
    DiagnosticEngine engine;
    engine.report(DiagCode::kUndefinedName, file, {2, 3}, "second");
    engine.report(DiagCode::kUndefinedName, file, {0, 1}, "first");
    std::string shown = render_text(engine.all(), false);
    EXPECT_LT(shown.find("first"), shown.find("second"));
}

TEST(RenderText, SpansAtTheEndOfTheFileAndOverSeveralLinesAreShown) {
    SourceFile file("a.kay", "x = (1,\n     2)\n");
    DiagnosticEngine engine;
    engine.report(DiagCode::kSyntax, file, {4, 14}, "several lines", "tuple");
    engine.report(DiagCode::kSyntax, file, {16, 99}, "at the end");
    EXPECT_EQ(render_text(engine.all(), false),
              "error[E0001]: several lines\n"
              " --> a.kay:1:5\n"
              "  |\n"
              "1 | x = (1,\n"
              "  |     ^^^ tuple\n"
              "\n"
              "error[E0001]: at the end\n"
              " --> a.kay:3:1\n"
              "  |\n"
              "3 |\n"
              "  | ^\n");
}

TEST(RenderText, ColoursAreBalancedAndLeaveTheTextAlone) {
    SourceFile file("a.kay", "foo(a, b)\n");
    DiagnosticEngine engine;
    auto& diagnostic = engine.report(DiagCode::kBadArguments, file, {7, 8}, "message", "primary", "do this");
    diagnostic.secondary.push_back({&file, {0, 3}, "callee"});
    std::string colored = render_text(engine.all(), true);
    EXPECT_NE(colored.find("\033[1;31m"), std::string::npos);
    std::string stripped;
    for (size_t i = 0; i < colored.size(); ++i) {
        if (colored[i] == '\033') {
            while (colored[i] != 'm') ++i;
        } else {
            stripped += colored[i];
        }
    }
    EXPECT_EQ(stripped, render_text(engine.all(), false));
}

TEST(RenderJson, HoldsEveryField) {
    SourceFile file("<cell 4>", "xs = [1]\nxs.append(\"f\")\n");
    DiagnosticEngine engine;
    auto& diagnostic = engine.report(DiagCode::kTypeMismatch, file, find(file, "\"f\""), "no \"str\"", "this", "help");
    diagnostic.secondary.push_back({&file, find(file, "[1]"), "list[int]"});
    auto json = nlohmann::json::parse(render_json(engine.all()));
    ASSERT_EQ(json.size(), 1U);
    EXPECT_EQ(json[0]["code"], "E0308");
    EXPECT_EQ(json[0]["severity"], "error");
    EXPECT_EQ(json[0]["message"], "no \"str\"");
    EXPECT_EQ(json[0]["file"], "<cell 4>");
    EXPECT_EQ(json[0]["line"], 2);
    EXPECT_EQ(json[0]["column"], 11);
    EXPECT_EQ(json[0]["end_line"], 2);
    EXPECT_EQ(json[0]["end_column"], 14);
    EXPECT_EQ(json[0]["label"], "this");
    EXPECT_EQ(json[0]["help"], "help");
    ASSERT_EQ(json[0]["secondary"].size(), 1U);
    EXPECT_EQ(json[0]["secondary"][0]["line"], 1);
    EXPECT_EQ(json[0]["secondary"][0]["label"], "list[int]");
    EXPECT_EQ(render_json({}), "[]\n");
}

TEST(NearestName, FindsSlipsAndNothingElse) {
    const std::vector<std::string> names = {"append", "extend", "insert", "pop"};
    EXPECT_EQ(nearest_name("apend", names), "append");
    EXPECT_EQ(nearest_name("isnert", names), "insert");
    EXPECT_EQ(nearest_name("extends", names), "extend");
    EXPECT_EQ(nearest_name("push_back", names), "");
    EXPECT_EQ(nearest_name("x", names), "");
}

}  // namespace
}  // namespace kayton
