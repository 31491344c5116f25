#include "shared/manifest.h"

#include <gtest/gtest.h>

#include <unistd.h>
#include <filesystem>
#include <fstream>

namespace kayton {
namespace {

namespace fs = std::filesystem;

Manifest sample() {
    Manifest manifest;
    manifest.crate = "serde_json";
    manifest.package = "serde_json";
    manifest.version = "1.0.1";
    manifest.features = {"std", "preserve_order"};
    manifest.abi_version = 7;
    manifest.api_version = "0.1.0";
    manifest.target = "x86_64-unknown-linux-gnu";
    manifest.rustc = "1.95.0";
    manifest.rustc_commit = "59807616e1";
    ManifestType type;
    type.name = "serde_json.Value";
    type.rust = "serde_json::Value";
    type.kind = "enum";
    type.clone = type.send = true;
    type.variants = {"Null"};
    type.doc = "Any \"JSON\" value";
    manifest.types.push_back(type);
    ManifestFunction function;
    function.name = "serde_json.Value.get";
    function.stable = "serde_json.Value.get/1";
    function.owner = "serde_json.Value";
    function.receiver = ReceiverMode::kExclusive;
    function.iterator = true;
    function.params = {{"self", "serde_json.Value"}, {"key", "str"}};
    function.result = "serde_json.Value | None";
    function.raises = "serde_json.Error";
    function.borrows = {0};
    function.signature = "(serde_json.Value, str) -> serde_json.Value | None";
    function.rust = "fn get(&mut self, key: &str) -> Option<&Value>";
    manifest.functions.push_back(function);
    manifest.skipped.push_back({"serde_json::from_reader", "R: Read"});
    manifest.own_functions = 10;
    manifest.own_importable = 9;
    manifest.all_functions = 12;
    manifest.all_importable = 10;
    return manifest;
}

constexpr const char* kMinimal = R"({"format": 1, "crate": "c", "version": "1.0.0", "abi_version": 1})";

std::string message_of(const std::string& text) {
    const Result<Manifest> manifest = parse_manifest(text, "/envs/e/libs/regex/1.0/x/manifest.json");
    return manifest ? "parsed" : manifest.error().message;
}

TEST(Manifest, ReadsBackWhatItWrote) {
    const std::string text = manifest_to_json(sample());
    const Result<Manifest> manifest = parse_manifest(text, "here");
    ASSERT_TRUE(manifest) << manifest.error().message;
    EXPECT_EQ(manifest_to_json(*manifest), text);
    ASSERT_EQ(manifest->functions.size(), 1u);
    EXPECT_EQ(manifest->functions[0].receiver, ReceiverMode::kExclusive);
    EXPECT_TRUE(manifest->functions[0].iterator);
    EXPECT_FALSE(manifest->functions[0].constant);
    EXPECT_EQ(manifest->functions[0].borrows, std::vector<int>{0});
    EXPECT_EQ(manifest->functions[0].params[1].type, "str");
    EXPECT_EQ(manifest->types[0].variants, std::vector<std::string>{"Null"});
    EXPECT_EQ(manifest->features.size(), 2u);
    EXPECT_EQ(manifest->own_importable, 9);
}

TEST(Manifest, IgnoresUnknownMembersAndFillsDefaults) {
    const Result<Manifest> manifest = parse_manifest(
        R"({"format": 1, "crate": "c", "version": "1.0.0", "abi_version": 1, "later": {"x": [1]}})", "here");
    ASSERT_TRUE(manifest) << manifest.error().message;
    EXPECT_EQ(manifest->package, "c");
    EXPECT_TRUE(manifest->functions.empty());
}

TEST(Manifest, RefusesANewerFormatByNumber) {
    const Result<Manifest> manifest = parse_manifest(R"({"format": 2, "crate": 5})", "here");
    ASSERT_FALSE(manifest);
    EXPECT_NE(manifest.error().message.find("format 2"), std::string::npos) << manifest.error().message;
    EXPECT_NE(manifest.error().message.find("up to 1"), std::string::npos) << manifest.error().message;
}

TEST(Manifest, SaysFilePlaceAndReasonOfACorruptOne) {
    const std::string cut = std::string(kMinimal).substr(0, 30);
    EXPECT_NE(message_of(cut).find("/envs/e/libs/regex/1.0/x/manifest.json"), std::string::npos);
    EXPECT_NE(message_of("").find("it is empty"), std::string::npos);
    EXPECT_NE(message_of("[1]").find("not an object"), std::string::npos);
    EXPECT_NE(message_of(R"({"format": 1, "crate": 5, "version": "1", "abi_version": 1})").find("manifest.crate"),
              std::string::npos);
    EXPECT_NE(message_of(R"({"format": 1, "crate": "c", "version": "1", "abi_version": -1})").find("abi_version"),
              std::string::npos);
    const std::string bad_function =
        R"({"format": 1, "crate": "c", "version": "1", "abi_version": 1, "functions": [{"name": "f"}]})";
    EXPECT_NE(message_of(bad_function).find("functions[0] has no `stable`"), std::string::npos)
        << message_of(bad_function);
    const std::string bad_receiver = R"({"format": 1, "crate": "c", "version": "1", "abi_version": 1, "functions":
        [{"name": "f", "stable": "f", "result": "int", "signature": "() -> int", "receiver": "maybe"}]})";
    EXPECT_NE(message_of(bad_receiver).find("receiver"), std::string::npos);
    const std::string bad_borrow = R"({"format": 1, "crate": "c", "version": "1", "abi_version": 1, "functions":
        [{"name": "f", "stable": "f", "result": "int", "signature": "() -> int", "params": [], "borrows": [0]}]})";
    EXPECT_NE(message_of(bad_borrow).find("borrows"), std::string::npos);
    EXPECT_NE(message_of("{\"format\": 1, \"crate\": \"\xff\"}").find("corrupt"), std::string::npos);
}

TEST(Manifest, TheRemedyNamesTheCrateOfTheFolder) {
    const fs::path root = fs::temp_directory_path() / ("kayton-manifest-" + std::to_string(::getpid()));
    const fs::path file = root / "libs" / "regex" / "1.0.0" / "x" / "manifest.json";
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "{";
    const Result<Manifest> corrupt = read_manifest(file);
    fs::remove(file);
    const Result<Manifest> missing = read_manifest(file);
    fs::remove_all(root);
    ASSERT_FALSE(corrupt);
    EXPECT_EQ(corrupt.error().remedy, "Run: kik rinstall regex");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
    EXPECT_NE(missing.error().message.find("manifest.json"), std::string::npos);
}

TEST(Manifest, SurvivesDeepNesting) {
    EXPECT_NE(message_of(std::string(1000000, '[')).find("corrupt"), std::string::npos);
}

TEST(SignatureId, IsFnv1a) {
    EXPECT_EQ(signature_id(""), 0xcbf29ce484222325u);
    EXPECT_EQ(signature_id("a"), 0xaf63dc4c8601ec8cu);
    EXPECT_EQ(signature_id("foobar"), 0x85944171f73967e8u);
}

}  // namespace
}  // namespace kayton
