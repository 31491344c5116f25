#include "kik/cargo/spec.h"

#include <gtest/gtest.h>

namespace kayton::kik {
namespace {

TEST(CrateSpec, PlainName) {
    const Result<CrateSpec> spec = parse_crate_spec("serde_json");
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->package, "serde_json");
    EXPECT_EQ(spec->requirement(), "*");
    EXPECT_TRUE(spec->features.empty());
}

TEST(CrateSpec, ExactVersionAndFeatures) {
    const Result<CrateSpec> spec = parse_crate_spec("regex==1.11.1[unicode, perf-dfa]");
    ASSERT_TRUE(spec) << spec.error().message;
    EXPECT_EQ(spec->package, "regex");
    EXPECT_EQ(spec->requirement(), "=1.11.1");
    EXPECT_EQ(spec->features, (std::vector<std::string>{"unicode", "perf-dfa"}));
}

TEST(CrateSpec, ShortVersionMeansThatSeries) {
    EXPECT_EQ(parse_crate_spec("regex==1.11")->requirement(), "=1.11");
}

TEST(CrateSpec, PrereleaseIsExact) {
    EXPECT_EQ(parse_crate_spec("x==0.1.0-rc.1")->requirement(), "=0.1.0-rc.1");
}

TEST(CrateSpec, CargosOwnSpelling) {
    EXPECT_EQ(parse_crate_spec("regex@^1.5")->requirement(), "^1.5");
}

TEST(CrateSpec, RefusesWhatIsNoCrate) {
    for (const char* text : {"", "==1.0", "bad name!", "regex==", "regex==x", "regex[", "regex[]", "regex[a b!]",
                             "../regex", "1x", "regex==1.0\"; evil", "regex[a]b"}) {
        const Result<CrateSpec> spec = parse_crate_spec(text);
        ASSERT_FALSE(spec) << text;
        EXPECT_EQ(spec.error().kind, ErrorKind::kInput) << text;
        EXPECT_FALSE(spec.error().message.empty()) << text;
    }
}

TEST(CrateSpec, FeatureListsDropRepeats) {
    EXPECT_EQ(*parse_features("a,b a,,c"), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_TRUE(parse_features("")->empty());
    EXPECT_TRUE(parse_features("serde/derive,dep:x"));
}

}  // namespace
}  // namespace kayton::kik
