// The binding generator on a small crate: tests/unit/kik/bindgen_fixture/tiny.rs.
#include "kik/bindgen/bindgen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "kik/bindgen/asked_instances.h"

namespace kayton::bindgen {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

BindgenRequest tiny_request() {
    BindgenRequest request;
    request.json_folder = fs::path(KAYTON_SOURCE_DIR) / "tests/unit/kik/bindgen_fixture";
    request.crate = "tiny";
    request.version = "0.1.0";
    return request;
}

const Bindings& tiny() {
    static const Bindings bindings = [] {
        auto made = generate(tiny_request());
        if (!made) throw std::runtime_error(made.error().message);
        return *made;
    }();
    return bindings;
}

const ManifestFunction* function(const Manifest& manifest, const std::string& stable) {
    for (const ManifestFunction& f : manifest.functions)
        if (f.stable == stable) return &f;
    return nullptr;
}

std::string reason(const Manifest& manifest, const std::string& item) {
    for (const ManifestSkipped& skipped : manifest.skipped)
        if (skipped.item == item) return skipped.reason;
    return "(not skipped)";
}

int line_of(const Bindings& bindings, const std::string& thunk) {
    for (const auto& [line, id] : bindings.thunk_at_line)
        if (id == thunk) return line;
    return -1;
}

std::string text_at(const Bindings& bindings, const std::string& thunk) {
    std::istringstream stream(bindings.lib_rs);
    std::string line;
    for (int i = line_of(bindings, thunk); i > 0; --i) std::getline(stream, line);
    return line;
}

// A folder for one test.
class Scratch {
  public:
    Scratch() : path_(fs::temp_directory_path() / ("bindgen_test_" + std::to_string(::getpid()))) {
        fs::remove_all(path_);
        fs::create_directories(path_);
    }
    ~Scratch() { fs::remove_all(path_); }
    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

std::string compiler_error(int line, const std::string& message) {
    return R"({"reason":"compiler-message","message":{"level":"error","code":{"code":"E0277"},"message":")" + message +
           R"(","rendered":")" + message + R"(","spans":[{"file_name":"src/lib.rs","line_start":)" +
           std::to_string(line) + "}]}}\n";
}

TEST(Bindgen, MapsPlainFunctionsByTheirPublicNames) {
    const ManifestFunction* half = function(tiny().manifest, "tiny.halve");
    ASSERT_NE(half, nullptr);
    EXPECT_EQ(half->signature, "(float) -> float");
    EXPECT_EQ(half->owner, "");
    const ManifestFunction* sum = function(tiny().manifest, "tiny.deep.sum");
    ASSERT_NE(sum, nullptr);
    EXPECT_EQ(sum->signature, "(list[int]) -> int");
}

TEST(Bindgen, NamesErrorsAfterTheRustType) {
    const ManifestFunction* make = function(tiny().manifest, "tiny.Finder.new");
    ASSERT_NE(make, nullptr);
    EXPECT_EQ(make->raises, "tiny.Error");
    EXPECT_EQ(make->result, "tiny.Finder");
    EXPECT_EQ(make->doc, "Makes a finder.");
    EXPECT_EQ(make->rust, "fn new(needle: &str) -> Result<Finder, Error>");
    const auto error = std::find_if(tiny().manifest.types.begin(), tiny().manifest.types.end(),
                                    [](const ManifestType& type) { return type.name == "tiny.Error"; });
    ASSERT_NE(error, tiny().manifest.types.end());
    EXPECT_EQ(error->kind, "error");
}

TEST(Bindgen, MethodsOfErrorTypesAreMethodsOfTheException) {
    const ManifestFunction* detail = function(tiny().manifest, "tiny.Error.detail");
    ASSERT_NE(detail, nullptr);
    EXPECT_EQ(detail->signature, "(tiny.Error) -> str");
    EXPECT_THAT(text_at(tiny(), "tiny.Error.detail"), HasSubstr("href::<tiny::Error>(error_value(a0)?)?"));
    // The raised exception carries the value, whose handle type is the wrapper's own business.
    EXPECT_THAT(text_at(tiny(), "tiny.Finder.new"), HasSubstr("err_value!(\"tiny.Error\", &T["));
    for (const ManifestType& type : tiny().manifest.types) EXPECT_NE(type.name, "tiny.Error.value");
}

TEST(Bindgen, LinksResultsToWhatTheyBorrowFrom) {
    // fn find<'h>(&self, haystack: &'h str) -> Option<Hit<'h>>: the text, not the finder.
    const ManifestFunction* find = function(tiny().manifest, "tiny.Finder.find");
    ASSERT_NE(find, nullptr);
    EXPECT_EQ(find->result, "tiny.Hit | None");
    EXPECT_THAT(find->borrows, ElementsAre(1));
    EXPECT_THAT(text_at(tiny(), "tiny.Finder.find"), HasSubstr("&[keep(a1, 1)]"));
    // fn hits<'f, 'h>(&'f self, haystack: &'h str) -> Hits<'f, 'h>: both, each in its slot.
    EXPECT_THAT(text_at(tiny(), "tiny.Finder.hits"), HasSubstr("&[shared(a0, 1), keep(a1, 2)]"));
    // Items of the iterator point into the text only: the second slot of Hits.
    EXPECT_THAT(text_at(tiny(), "tiny.Hits.__next__"), HasSubstr("&[inherit(a0, 2, 1)]"));
    // A str result is copied and borrows nothing.
    EXPECT_TRUE(function(tiny().manifest, "tiny.Hit.as_str")->borrows.empty());
}

TEST(Bindgen, KeepsArgumentsThatTheReceiverStores) {
    EXPECT_THAT(text_at(tiny(), "tiny.Bag.add"), HasSubstr("attach(a0, &[keep(a1, 1)])"));
}

TEST(Bindgen, RefusesOneHandleTwiceInACallThatChangesIt) {
    EXPECT_THAT(text_at(tiny(), "tiny.Finder.merge"), HasSubstr("distinct(a0, a1)?"));
}

TEST(Bindgen, IteratorsOfResultsRaiseAtTheItem) {
    const ManifestFunction* next = function(tiny().manifest, "tiny.Hits.__next__");
    ASSERT_NE(next, nullptr);
    EXPECT_TRUE(next->iterator);
    EXPECT_EQ(next->raises, "tiny.Error");
    EXPECT_EQ(next->result, "tiny.Hit");
    EXPECT_NE(function(tiny().manifest, "tiny.Hits.__iter__"), nullptr);
}

TEST(Bindgen, ReceiversKeepTheirMode) {
    const Manifest& m = tiny().manifest;
    EXPECT_EQ(function(m, "tiny.Finder.find")->receiver, ReceiverMode::kShared);
    EXPECT_EQ(function(m, "tiny.Finder.limit")->receiver, ReceiverMode::kExclusive);
    EXPECT_TRUE(function(m, "tiny.Finder.limit")->returns_self);
    EXPECT_EQ(function(m, "tiny.Finder.into_needle")->receiver, ReceiverMode::kOwned);
    EXPECT_EQ(function(m, "tiny.Finder.new")->receiver, ReceiverMode::kNone);
}

TEST(Bindgen, ProtocolTraitsBecomeOperationsOfTheType) {
    const Manifest& m = tiny().manifest;
    for (const char* name : {"__eq__", "__cmp__", "__hash__", "__repr__", "clone"})
        EXPECT_NE(function(m, std::string("tiny.Point.") + name), nullptr) << name;
    EXPECT_EQ(function(m, "tiny.Bag.__getitem__")->signature, "(tiny.Bag, int) -> str");
    EXPECT_EQ(function(m, "tiny.Finder.__len__")->result, "int");
    // On a line of its own, so that what rustc says of it is not said of the type.
    EXPECT_THAT(tiny().lib_rs, HasSubstr("TypeSlot::handle::<tiny::Point>(\"tiny.Point\", KtTypeOps {\n        clone: op_clone("));
    EXPECT_THAT(tiny().lib_rs, HasSubstr("\n        compare: op_compare("));
}

TEST(Bindgen, FieldsVariantsAndConstants) {
    const Manifest& m = tiny().manifest;
    EXPECT_TRUE(function(m, "tiny.Point.x")->field);
    EXPECT_EQ(function(m, "tiny.Point")->signature, "(int, int) -> tiny.Point");
    EXPECT_EQ(function(m, "tiny.Point")->params[1].name, "y");
    EXPECT_TRUE(function(m, "tiny.Case.Upper")->constant);
    EXPECT_EQ(function(m, "tiny.Case.Custom")->signature, "(int) -> tiny.Case");
    EXPECT_TRUE(function(m, "tiny.Finder.EMPTY")->constant);
    EXPECT_TRUE(function(m, "tiny.LIMIT")->constant);
}

TEST(Bindgen, AliasesNameInstancesOfGenericTypes) {
    EXPECT_EQ(function(tiny().manifest, "tiny.IntPair.swap")->signature, "(tiny.IntPair) -> tiny.IntPair");
    EXPECT_EQ(function(tiny().manifest, "tiny.IntPair")->signature, "(int, int) -> tiny.IntPair");
}

TEST(Bindgen, ConversionBoundsBecomeOverloads) {
    const Manifest& m = tiny().manifest;
    ASSERT_NE(function(m, "tiny.Finder.feed#2"), nullptr);
    EXPECT_EQ(function(m, "tiny.Finder.feed")->params[1].type, "bytes");
    EXPECT_EQ(function(m, "tiny.Finder.feed#2")->params[1].type, "str");
    EXPECT_EQ(function(m, "tiny.Finder.feed#2")->name, "tiny.Finder.feed");
}

TEST(Bindgen, WhatAFunctionFillsIsItsResult) {
    EXPECT_EQ(function(tiny().manifest, "tiny.Finder.describe")->signature, "(tiny.Finder) -> str");
}

TEST(Bindgen, MethodsOfTheCratesTraitsAreMethodsOfItsTypes) {
    EXPECT_EQ(function(tiny().manifest, "tiny.Finder.shout")->signature, "(tiny.Finder) -> str");
}

TEST(Bindgen, SaysWhyAnItemIsLeftOut) {
    const Manifest& m = tiny().manifest;
    EXPECT_EQ(reason(m, "tiny.Finder.dangerous"), "unsafe fn");
    EXPECT_THAT(reason(m, "tiny.Finder.forever"), HasSubstr("'static"));
    EXPECT_EQ(m.own_functions - m.own_importable, 2);
}

TEST(Bindgen, FunctionsOfTheProgramBecomeClosures) {
    const Manifest& m = tiny().manifest;
    ASSERT_NE(function(m, "tiny.Finder.each"), nullptr);
    EXPECT_EQ(function(m, "tiny.Finder.each")->params[1].type, "Callable[[str], None]");
    // What the call looks at stays borrowed while the function runs.
    EXPECT_THAT(text_at(tiny(), "tiny.Finder.each"), HasSubstr("busy(a0, 1, "));
    EXPECT_THAT(text_at(tiny(), "tiny.Finder.each"), HasSubstr("as Box<dyn Fn(&str) -> ()>"));
}

TEST(Bindgen, ParametersThatOnlyHoldValuesAreDynamic) {
    const Manifest& m = tiny().manifest;
    ASSERT_NE(function(m, "tiny.Pair.swap"), nullptr);
    EXPECT_EQ(function(m, "tiny.Pair.swap")->signature, "(tiny.Pair[$0]) -> tiny.Pair[$0]");
    EXPECT_EQ(function(m, "tiny.Pair")->signature, "($0, $0) -> tiny.Pair[$0]");
    EXPECT_EQ(function(m, "tiny.Pair.left")->result, "$0");
    for (const ManifestType& type : m.types) {
        if (type.name == "tiny.Pair") {
            EXPECT_THAT(type.args, ElementsAre("$T"));
        }
    }
}

TEST(Bindgen, EveryFunctionIsRegisteredUnderItsSignatureId) {
    for (const ManifestFunction& f : tiny().manifest.functions) {
        char id[32];
        std::snprintf(id, sizeof id, "0x%016llx", static_cast<unsigned long long>(signature_id(f.signature)));
        EXPECT_THAT(tiny().lib_rs, HasSubstr("Thunk(\"" + f.stable + "\", ")) << f.stable;
        EXPECT_THAT(tiny().lib_rs, HasSubstr(id)) << f.stable;
    }
}

TEST(Bindgen, GivesTheSameTextEachTime) {
    const auto again = generate(tiny_request());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->lib_rs, tiny().lib_rs);
    EXPECT_EQ(manifest_to_json(again->manifest), manifest_to_json(tiny().manifest));
}

TEST(BindgenPrune, LeavesOutWhatRustcRejectsWithItsReason) {
    int rounds = 0;
    const auto bindings = generate_and_prune(tiny_request(), [&](const Bindings& b) -> Result<std::string> {
        ++rounds;
        const int line = line_of(b, "tiny.Finder.hits");
        return line < 0 ? std::string() : compiler_error(line, "the trait bound is not satisfied");
    });
    ASSERT_TRUE(bindings);
    EXPECT_EQ(rounds, 2);
    EXPECT_EQ(function(bindings->manifest, "tiny.Finder.hits"), nullptr);
    EXPECT_EQ(reason(bindings->manifest, "tiny.Finder.hits"), "rustc: E0277 the trait bound is not satisfied");
    EXPECT_NE(function(bindings->manifest, "tiny.Finder.find"), nullptr);
}

TEST(BindgenPrune, ARejectedTypeTakesItsFunctionsWithIt) {
    const auto bindings = generate_and_prune(tiny_request(), [&](const Bindings& b) -> Result<std::string> {
        const int line = line_of(b, "type tiny.Hit");
        return line < 0 ? std::string() : compiler_error(line, "no such type");
    });
    ASSERT_TRUE(bindings);
    EXPECT_EQ(function(bindings->manifest, "tiny.Finder.find"), nullptr);
    EXPECT_THAT(reason(bindings->manifest, "tiny.Finder.find"), HasSubstr("no such type"));
}

TEST(BindgenPrune, AnErrorOutsideEveryThunkIsFatal) {
    const auto bindings = generate_and_prune(tiny_request(), [](const Bindings&) -> Result<std::string> {
        return compiler_error(1, "can't find crate for `tiny`");
    });
    ASSERT_FALSE(bindings);
    EXPECT_THAT(bindings.error().message, HasSubstr("can't find crate for `tiny`"));
}

TEST(BindgenPrune, AFailedCheckIsPassedOn) {
    const auto bindings = generate_and_prune(
        tiny_request(), [](const Bindings&) -> Result<std::string> { return fail(ErrorKind::kSystem, "no cargo"); });
    ASSERT_FALSE(bindings);
    EXPECT_EQ(bindings.error().message, "no cargo");
}

// growing.rs: without limits its types would breed for ever.
TEST(BindgenGrowth, StopsAtTheInstancesMetFirst) {
    BindgenRequest request = tiny_request();
    request.crate = "growing";
    const auto bindings = generate(request);
    ASSERT_TRUE(bindings) << bindings.error().message;
    std::map<std::string, int> instances;
    for (const ManifestType& type : bindings->manifest.types) ++instances[type.name.substr(0, type.name.find('_'))];
    EXPECT_EQ(instances["growing.Around"], 8);
    EXPECT_EQ(instances["growing.Beside"], 8);
    EXPECT_NE(function(bindings->manifest, "growing.Seed.around"), nullptr);
    EXPECT_NE(function(bindings->manifest, "growing.Around_u8.list"), nullptr);
    EXPECT_EQ(function(bindings->manifest, "growing.Around_u8.again"), nullptr);
    EXPECT_LT(bindings->lib_rs.size(), 100'000U);
}

// choices.rs
const Bindings& choices() {
    static const Bindings bindings = [] {
        BindgenRequest request = tiny_request();
        request.crate = "choices";
        auto made = generate(request);
        if (!made) throw std::runtime_error(made.error().message);
        return *made;
    }();
    return bindings;
}

TEST(BindgenChoices, AParameterWithADefaultElsewhereTakesIt) {
    ASSERT_NE(function(choices().manifest, "choices.shelf"), nullptr);
    EXPECT_EQ(function(choices().manifest, "choices.shelf")->signature, "(int) -> choices.Shelf");
    EXPECT_EQ(function(choices().manifest, "choices.shelf#2"), nullptr);
    EXPECT_THAT(text_at(choices(), "choices.shelf"), HasSubstr("int::<u32>(a0)?"));
}

TEST(BindgenChoices, PlainInstancesComeBeforeThoseThatWrapThem) {
    std::vector<std::string> types;
    for (const ManifestFunction& f : choices().manifest.functions)
        if (f.name == "choices.count") types.push_back(f.params[0].type);
    ASSERT_EQ(types.size(), 4U);
    EXPECT_EQ(types.back(), "choices.Around_Plain_i64");
}

TEST(BindgenChoices, TuplesOfAnythingAreTriedWithNumbers) {
    ASSERT_NE(function(choices().manifest, "choices.pairs"), nullptr);
    EXPECT_EQ(function(choices().manifest, "choices.pairs")->params[0].type, "list[tuple[int, int]]");
}

TEST(BindgenChoices, TheEmptyTupleImplementsTraitsToo) {
    std::vector<std::string> types;
    for (const ManifestFunction& f : choices().manifest.functions)
        if (f.name == "choices.run") types.push_back(f.params[0].type);
    EXPECT_THAT(types, ::testing::UnorderedElementsAre("int", "None"));
}

TEST(BindgenChoices, MethodsThatChangeTheTargetNeedDerefMut) {
    const Manifest& m = choices().manifest;
    EXPECT_NE(function(m, "choices.Guard.look"), nullptr);
    ASSERT_NE(function(m, "choices.Guard.change"), nullptr);
    EXPECT_EQ(function(m, "choices.Guard.change")->receiver, ReceiverMode::kExclusive);
    EXPECT_THAT(text_at(choices(), "choices.Guard.change"), HasSubstr("&mut **"));
    EXPECT_NE(function(m, "choices.Fixed.look"), nullptr);
    EXPECT_EQ(function(m, "choices.Fixed.change"), nullptr);
}

TEST(BindgenChoices, WhatTheDocumentationShowsMostIsBoundFirst) {
    const auto place = [](const char* alias) {
        const auto& types = choices().manifest.types;
        return std::find_if(types.begin(), types.end(), [&](const ManifestType& type) {
                   return std::find(type.names.begin(), type.names.end(), alias) != type.names.end();
               }) - types.begin();
    };
    EXPECT_LT(place("choices.Grid"), place("choices.Ark"));
}

TEST(BindgenChoices, WhatAConversionBorrowsTheResultKeeps) {
    std::vector<std::string> ids;
    for (const ManifestFunction& f : choices().manifest.functions)
        if (f.name == "choices.search" && f.params[0].type == "str") ids.push_back(f.stable);
    ASSERT_EQ(ids.size(), 1U);
    EXPECT_THAT(text_at(choices(), ids[0]), HasSubstr("&[keep(a0, 1)]"));
}

TEST(BindgenChoices, MapsAreDicts) {
    EXPECT_EQ(function(choices().manifest, "choices.counts")->signature, "(list[str]) -> dict[str, int]");
    EXPECT_EQ(function(choices().manifest, "choices.total")->signature, "(dict[str, float]) -> float");
}

TEST(BindgenPrune, EndsWhereEachRejectionMakesRoomForAnother) {
    // Of the alternatives with one signature rustc takes none: each round finds the next.
    BindgenRequest request = tiny_request();
    request.crate = "choices";
    int rounds = 0;
    const auto bindings = generate_and_prune(request, [&](const Bindings& b) -> Result<std::string> {
        ++rounds;
        for (const ManifestFunction& f : b.manifest.functions)
            if (f.name == "choices.pairs") return compiler_error(line_of(b, f.stable), "not this one");
        return std::string();
    });
    ASSERT_TRUE(bindings) << bindings.error().message;
    EXPECT_LE(rounds, 7);
    EXPECT_THAT(reason(bindings->manifest, "choices.pairs"), HasSubstr("not this one"));
}

TEST(BindgenInput, ACrateWithoutJsonIsNotFound) {
    BindgenRequest request = tiny_request();
    request.crate = "absent";
    const auto bindings = generate(request);
    ASSERT_FALSE(bindings);
    EXPECT_EQ(bindings.error().kind, ErrorKind::kNotFound);
}

TEST(BindgenInput, RefusesOtherFormatsAndBrokenFiles) {
    const Scratch scratch;
    BindgenRequest request = tiny_request();
    request.json_folder = scratch.path();
    std::ofstream(scratch.path() / "tiny.json") << R"({"format_version":1,"index":{},"paths":{},"root":0})";
    auto bindings = generate(request);
    ASSERT_FALSE(bindings);
    EXPECT_THAT(bindings.error().message, HasSubstr("format 1 is not supported"));
    for (const char* text : {"", "{", "[]", "{\"format_version\":57}"}) {
        std::ofstream(scratch.path() / "tiny.json") << text;
        bindings = generate(request);
        ASSERT_FALSE(bindings) << text;
        EXPECT_THAT(bindings.error().message, HasSubstr("is not a rustdoc JSON file")) << text;
    }
    std::ofstream(scratch.path() / "tiny.json") << R"({"format_version":57,"index":{"x":{}},"paths":{},"root":0})";
    EXPECT_FALSE(generate(request));
}

TEST(Bindgen, MakesInstancesThatWereAskedFor) {
    BindgenRequest request = tiny_request();
    request.crate = "choices";
    const auto before = generate(request);
    ASSERT_TRUE(before) << before.error().message;
    const auto names = [](const Bindings& bindings) {
        std::vector<std::string> out;
        for (const ManifestType& type : bindings.manifest.types) out.push_back(type.name);
        return out;
    };
    EXPECT_THAT(names(*before), Not(Contains("choices.Plain_bool")));
    request.instances = {"Plain[bool]", "choices.count[Plain[bool]]", "shelf[str]", "Nothing[int]", "Plain[int, int]", "shelf[u8]"};
    const auto made = generate(request);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_THAT(names(*made), Contains("choices.Plain_bool"));
    std::vector<std::string> before_counts, counts;
    for (const ManifestFunction& f : before->manifest.functions)
        if (f.name == "choices.count") before_counts.push_back(f.signature);
    for (const ManifestFunction& f : made->manifest.functions)
        if (f.name == "choices.count") counts.push_back(f.signature);
    // Behind those that were there.
    ASSERT_EQ(counts.size(), before_counts.size() + 1);
    EXPECT_TRUE(std::equal(before_counts.begin(), before_counts.end(), counts.begin()));
    EXPECT_EQ(counts.back(), "(choices.Plain_bool) -> int");
    std::set<std::string> missing;
    for (const auto& [instance, why] : made->missing) missing.insert(instance + ": " + why);
    EXPECT_THAT(missing, ElementsAre("Nothing[int]: `choices` has no generic item of that name",
                                     "Plain[int, int]: `Plain` has only 1 parameters",
                                     "shelf[str]: the types do not meet its conditions"));
}

TEST(Bindgen, SaysWhyAnInstanceThatWasAskedForCannotBeMade) {
    BindgenRequest request = tiny_request();
    request.crate = "choices";
    request.instances = {"Plain[bool]", "nothing[int]"};
    const auto made = generate_and_prune(request, [](const Bindings&) -> Result<std::string> { return std::string(); });
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().message, "`nothing[int]` of `choices` cannot be made: `choices` has no generic item of that name");
}

TEST(AskedInstances, AreReadAsTypesAreWritten) {
    const auto text = [](const std::string& words) {
        const auto parsed = parse_asked_instance(words);
        return parsed ? parsed->text() : "error: " + parsed.error().message;
    };
    EXPECT_EQ(text(" algo.dijkstra[ Graph[str,float] ]"), "algo.dijkstra[Graph[str, float]]");
    EXPECT_EQ(text("f[dict[str, list[int] | None], u8]"), "f[dict[str, list[int] | None], u8]");
    EXPECT_THAT(text("f"), HasSubstr("at its end there should be types in brackets"));
    EXPECT_THAT(text("f[]"), HasSubstr("at `]` there should be a name"));
    EXPECT_THAT(text("f[int"), HasSubstr("at its end there should be `]`"));
    EXPECT_THAT(text("f[int] x"), HasSubstr("at `x` there should be nothing more"));
    EXPECT_THAT(text("f[int | str]"), HasSubstr("there should be `None`"));
    EXPECT_THAT(text("f[3]"), HasSubstr("there should be a name"));
    EXPECT_THAT(text(""), HasSubstr("there should be a name"));
    EXPECT_THAT(text(std::string(100, 'f') + std::string(20000, '[')), HasSubstr("there should be a name"));
    std::string deep = "f";
    for (int i = 0; i < 1000; ++i) deep += "[a";
    EXPECT_THAT(text(deep), HasSubstr("fewer brackets"));
}

}  // namespace
}  // namespace kayton::bindgen
