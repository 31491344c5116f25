// What kik makes of cargo's output: progress, resolution errors, build errors, metadata; and names that were meant.
#include <gtest/gtest.h>

#include "kik/cargo/cargo_lock.h"
#include "kik/cargo/semver.h"
#include "kik/cargo/build.h"
#include "kik/cargo/near_names.h"
#include "kik/cargo/resolve.h"
#include "kik/cargo/rustdoc.h"
#include "kik/report/progress.h"

namespace kayton::kik {
namespace {

struct Words : testing::Test {
    Error resolve_failure(const std::string& output, bool offline = false) {
        options_.offline = offline;
        plan_.spec.package = "reqest";
        plan_.spec.version = "=99";
        CommandResult result;
        result.exit_status = 101;
        result.err = output;
        return resolve_error(result, plan_, BuildPlace{toolchain_, console_, {}, {}, {}, {}, {}, {}});
    }

    Options options_;
    Console console_{options_};
    Toolchain toolchain_;
    WrapperPlan plan_;
};

TEST(CargoProgress, ReadsTheBar) {
    uint64_t done = 0, total = 0;
    std::string name;
    ASSERT_TRUE(parse_cargo_progress("    Building [=====>      ] 3/120: regex, serde(build)", done, total, name));
    EXPECT_EQ(done, 3u);
    EXPECT_EQ(total, 120u);
    EXPECT_EQ(name, "regex, serde(build)");
    EXPECT_FALSE(parse_cargo_progress("   Compiling regex v1.0.0", done, total, name));
    EXPECT_FALSE(parse_cargo_progress("warning: [x] y", done, total, name));
    EXPECT_FALSE(parse_cargo_progress("[] 1/0: x", done, total, name));
}

TEST_F(Words, AMissingCrateComesWithANearName) {
    const Error error =
        resolve_failure("error: no matching package named `reqest` found\nlocation searched: registry index\n");
    EXPECT_EQ(error.kind, ErrorKind::kNotFound);
    EXPECT_EQ(error.message, "crate `reqest` was not found in the registry");
    EXPECT_NE(error.remedy.find("`reqwest`"), std::string::npos);
}

TEST_F(Words, CargosOwnSuggestionComesFirst) {
    const Error error = resolve_failure(
        "error: no matching package found\nsearched package name: `serde-json`\n"
        "perhaps you meant:      serde_json\nlocation searched: registry index\n");
    EXPECT_EQ(error.remedy, "a crate with a similar name exists: `serde_json`");
}

TEST_F(Words, VersionFeatureNetworkAndOfflineAreTold) {
    const Error version = resolve_failure(
        "error: failed to select a version for the requirement `reqest = \"=99\"`\n"
        "candidate versions found which didn't match: 1.0.28, 1.0.27, ...\n");
    EXPECT_EQ(version.kind, ErrorKind::kNotFound);
    EXPECT_NE(version.remedy.find("1.0.28"), std::string::npos);
    const Error feature = resolve_failure(
        "package `w` depends on `reqest` with feature `nope` but `reqest` does not have that feature.\n");
    EXPECT_NE(feature.message.find("no feature `nope`"), std::string::npos);
    const Error network = resolve_failure(
        "warning: spurious network error (3 tries remaining): [6] Could not resolve host\n"
        "error: failed to get `reqest` as a dependency\n");
    EXPECT_EQ(network.kind, ErrorKind::kSystem);
    EXPECT_NE(network.message.find("network"), std::string::npos);
    EXPECT_NE(network.remedy.find("--offline"), std::string::npos);
    const Error stored = resolve_failure(
        "error: no matching package named `reqest` found\nAs a reminder, you're using offline mode (--offline)\n",
        true);
    EXPECT_NE(stored.remedy.find("without --offline"), std::string::npos);
}

TEST(BuildError, NamesThePackageTheCauseAndTheRemedy) {
    CommandResult result;
    result.exit_status = 101;
    result.err =
        "   Compiling openssl-sys v0.9.80\nerror: failed to run custom build command for `openssl-sys v0.9.80`\n\n"
        "Caused by:\n  --- stderr\n  thread 'main' panicked at build/main.rs:1:1:\n\n  Could not find OpenSSL\n";
    const Error error = build_error(result, "`openssl` 0.10", "/tmp/openssl.log");
    EXPECT_EQ(error.message,
              "could not build `openssl-sys` 0.9.80 (exit status 101)\n  Caused by: Could not find OpenSSL\n  log: "
              "/tmp/openssl.log");
    EXPECT_NE(error.remedy.find("libssl-dev"), std::string::npos);
}

TEST(BuildError, NamesTheCLibraryOrTheRustThatIsMissing) {
    const auto remedy = [](const std::string& text) {
        CommandResult result;
        result.exit_status = 101;
        result.err = text;
        return build_error(result, "`alsa` 0.9", {}).remedy;
    };
    EXPECT_NE(remedy("  The system library `alsa` required by crate `alsa-sys` was not found.\n").find("C library `alsa`"),
              std::string::npos);
    EXPECT_NE(remedy("error: linking with `cc` failed\n  rust-lld: error: unable to find library -lSDL2\n").find("`sdl2`"),
              std::string::npos);
    EXPECT_NE(remedy("error[E0554]: `#![feature]` may not be used on the stable release channel\n").find("nightly"),
              std::string::npos);
    EXPECT_EQ(remedy("error: mismatched types\n"), "");
}

TEST_F(Words, ConflictingLinksAndANewerRustAreTold) {
    const Error links = resolve_failure(
        "error: failed to select a version for `libsqlite3-sys`.\n"
        "package `libsqlite3-sys` links to the native library `sqlite3`, but it conflicts with a previous package\n");
    EXPECT_NE(links.message.find("link the C library `sqlite3`"), std::string::npos);
    EXPECT_FALSE(links.remedy.empty());
    const Error newer = resolve_failure("error: package `reqest v2.0.0` cannot be built because it requires rustc 1.99 or newer\n");
    EXPECT_EQ(newer.message, "`reqest` needs Rust 1.99 or newer");
    EXPECT_NE(newer.remedy.find("newer Rust toolchain"), std::string::npos);
}

TEST(BuildError, AFullDiskIsNotTheCratesFault) {
    CommandResult result;
    result.exit_status = 101;
    result.err = "error: failed to write `/x`: No space left on device (os error 28)\n";
    const Error error = build_error(result, "`regex` 1.0", {});
    EXPECT_EQ(error.kind, ErrorKind::kSystem);
    EXPECT_NE(error.message.find("disk is full"), std::string::npos);
}

TEST(NearNames, CountsEdits) {
    EXPECT_EQ(edit_distance("reqest", "reqwest"), 1u);
    EXPECT_EQ(edit_distance("serde-json", "serde_json"), 0u);
    EXPECT_EQ(edit_distance("ragex", "regex"), 1u);
    EXPECT_EQ(edit_distance("ab", "ba"), 1u);
    EXPECT_EQ(closest("rgex", {"regex", "rayon", "log"}), std::vector<std::string>{"regex"});
    EXPECT_TRUE(closest("completely-else", {"regex", "rayon"}).empty());
}

TEST(CargoMetadata, FindsTheCrateAndItsGraph) {
    const std::string json = R"({"packages": [
        {"id": "w", "name": "kayton_plugin_a_b", "version": "0.0.0", "source": null, "manifest_path": "/w/Cargo.toml",
         "targets": [{"kind": ["dylib"], "name": "kayton_plugin_a_b"}]},
        {"id": "a", "name": "a-b", "version": "1.2.3", "source": "registry", "manifest_path": "/a/Cargo.toml",
         "targets": [{"kind": ["lib"], "name": "a-b"}, {"kind": ["test"], "name": "t"}]},
        {"id": "m", "name": "m", "version": "0.1.0", "source": "registry", "manifest_path": "/m/Cargo.toml",
         "targets": [{"kind": ["proc-macro"], "name": "m"}]},
        {"id": "dev", "name": "dev", "version": "9.0.0", "source": "registry", "manifest_path": "/d/Cargo.toml",
         "targets": [{"kind": ["lib"], "name": "dev"}]}],
      "resolve": {"root": "w", "nodes": [
        {"id": "w", "dependencies": ["a"], "features": [], "deps": [{"name": "a_b", "pkg": "a", "dep_kinds": [{"kind": null}]}]},
        {"id": "a", "dependencies": ["m", "dev"], "features": ["std"], "deps": [
          {"name": "m", "pkg": "m", "dep_kinds": [{"kind": null}]}, {"name": "dev", "pkg": "dev", "dep_kinds": [{"kind": "dev"}]}]},
        {"id": "m", "dependencies": [], "features": [], "deps": []},
        {"id": "dev", "dependencies": [], "features": [], "deps": []}]}})";
    WrapperPlan plan;
    plan.spec.package = "a-b";
    const Result<Resolution> resolution = parse_metadata(json, plan);
    ASSERT_TRUE(resolution) << resolution.error().message;
    EXPECT_EQ(resolution->root.crate, "a_b");
    EXPECT_EQ(resolution->root.version, "1.2.3");
    EXPECT_EQ(resolution->root.features, std::vector<std::string>{"std"});
    EXPECT_EQ(resolution->packages.size(), 2u);
    EXPECT_TRUE(resolution->find("m")->macro);
    EXPECT_EQ(resolution->find("dev"), nullptr);
    EXPECT_FALSE(parse_metadata("{}", plan));
}

TEST(Rustdoc, OnlyWhatTheApiRefersToIsNamed) {
    const std::string json =
        R"({"external_crates": {"1": {"name": "core"}, "2": {"name": "url"}, "3": {"name": "hidden"}, "4": {"name": "digest"}},
      "paths": {"10": {"crate_id": 2, "path": ["url", "Url"]}, "11": {"crate_id": 3, "path": ["hidden", "X"]},
                "12": {"crate_id": 0, "path": ["me", "Y"]}},
      "index": {"1": {"crate_id": 0, "inner": {"function": {"sig": {"output": {"resolved_path": {"path": "Url", "id": 10}}}}}},
                "2": {"crate_id": 3, "inner": {"function": {"sig": {"output": {"resolved_path": {"path": "X", "id": 11}}}}}},
                "3": {"crate_id": 0, "inner": {"use": {"source": "digest", "name": "digest", "id": null}}}}})";
    const Result<NamedCrates> named = named_crates(json);
    ASSERT_TRUE(named) << named.error().message;
    EXPECT_EQ(named->all, (std::set<std::string>{"url", "digest"}));
    EXPECT_EQ(named->reexported, std::set<std::string>{"digest"});
}

TEST(WrapperToml, AsksForWhatWasAskedForAndQuotes) {
    WrapperPlan plan;
    plan.crate = "serde_json";
    plan.spec.package = "serde_json";
    plan.spec.features = {"std"};
    plan.spec.version = "1.0.1";
    plan.spec.exact = true;
    plan.version = "1.0.1";
    plan.extra_packages["serde"] = {"serde", "1.0.5", "registry+https://example.com/default"};
    plan.extra_packages["own"] = {"own", "2.0.0", "sparse+https://example.com/index/"};
    plan.extra_packages["ours"] = {"ours", "3.0.0", "git+https://example.com/ours.git?tag=v3#abc"};
    const std::string toml = wrapper_toml(plan, "/sdk", "");
    EXPECT_NE(toml.find("serde_json = { version = \"=1.0.1\", features = [\"std\"] }"), std::string::npos) << toml;
    EXPECT_NE(toml.find("serde = { version = \"=1.0.5\", default-features = false }"), std::string::npos) << toml;
    EXPECT_NE(toml.find("kayton_bind = { path = \"/sdk/kayton_bind\" }"), std::string::npos) << toml;
    // A profile for all packages would go for build scripts and procedural macros too.
    EXPECT_NE(toml.find("[profile.release.package.kayton_plugin_serde_json]\nopt-level = 1"), std::string::npos) << toml;
    EXPECT_EQ(toml.find("package.\"*\""), std::string::npos) << toml;
    plan.spec.source = "git+https://host/x.git?rev=abc";
    plan.spec.default_features = false;
    EXPECT_NE(wrapper_toml(plan, "sdk", "")
                  .find("serde_json = { git = \"https://host/x.git\", rev = \"abc\", features = [\"std\"], default-features "
                        "= false }"),
              std::string::npos)
        << wrapper_toml(plan, "sdk", "");
    EXPECT_NE(wrapper_toml(plan, "/sdk", "/a \"b\"").find("path = \"/a \\\"b\\\"\""), std::string::npos);
    // What comes from elsewhere is the very package that another crate asked for.
    const std::string extra = wrapper_toml(plan, "sdk", "");
    EXPECT_NE(extra.find("own = { version = \"=2.0.0\", registry-index = \"sparse+https://example.com/index/\","), std::string::npos) << extra;
    EXPECT_NE(extra.find("ours = { version = \"=3.0.0\", git = \"https://example.com/ours.git\", tag = \"v3\","), std::string::npos) << extra;
}

TEST(Versions, FitAsCargoSays) {
    const auto fits = [](const char* requirement, const char* version) {
        return SemverRequirement::parse(requirement)->fits(*Semver::parse(version));
    };
    EXPECT_TRUE(fits("1.2", "1.9.0"));
    EXPECT_FALSE(fits("1.2", "2.0.0"));
    EXPECT_FALSE(fits("1.2", "1.1.9"));
    EXPECT_FALSE(fits("0.3.1", "0.4.0"));
    EXPECT_TRUE(fits("0.3.1", "0.3.9"));
    EXPECT_FALSE(fits("0.0.3", "0.0.4"));
    EXPECT_TRUE(fits("0", "0.9.0"));
    EXPECT_TRUE(fits("~1.2", "1.2.7"));
    EXPECT_FALSE(fits("~1.2", "1.3.0"));
    EXPECT_TRUE(fits("~1", "1.9.0"));
    EXPECT_TRUE(fits(">=1, <1.5", "1.4.9"));
    EXPECT_FALSE(fits(">=1, <1.5", "1.5.0"));
    EXPECT_TRUE(fits("=1.2", "1.2.9"));
    EXPECT_FALSE(fits("=1.2.3", "1.2.4"));
    EXPECT_TRUE(fits("1.*", "1.9.9"));
    EXPECT_TRUE(fits("*", "3.0.0"));
    EXPECT_TRUE(fits(">1.2", "1.3.0"));
    EXPECT_FALSE(fits(">1.2", "1.2.9"));
    EXPECT_TRUE(fits("<=1.2", "1.2.9"));
    EXPECT_FALSE(fits("*", "1.0.0-rc.1"));
    EXPECT_TRUE(fits("1.0.0-alpha", "1.0.0-rc.1"));
    EXPECT_FALSE(SemverRequirement::parse("one"));
    EXPECT_FALSE(Semver::parse("1.2"));
    EXPECT_LT(*Semver::parse("1.0.0-alpha.9"), *Semver::parse("1.0.0-alpha.10"));
    EXPECT_LT(*Semver::parse("1.0.0-rc.1"), *Semver::parse("1.0.0"));
}

TEST(CargoLock, IsReadAndWrittenAlike) {
    const std::string text = cargo_lock_text({{"memchr", "2.7.4", "registry+https://x", "abc", {}},
                                              {"regex", "1.11.1", "registry+https://x", "def", {"memchr"}}});
    const std::vector<LockedPackage> packages = parse_cargo_lock(text);
    ASSERT_EQ(packages.size(), 2U);
    EXPECT_EQ(packages[1].dependencies, std::vector<std::string>{"memchr"});
    EXPECT_EQ(find_locked(packages, "memchr 2.7.4")->checksum, "abc");
    EXPECT_EQ(find_locked(packages, "memchr 2.7.5"), nullptr);
    EXPECT_EQ(cargo_lock_text(packages), text);
}

}  // namespace
}  // namespace kayton::kik
