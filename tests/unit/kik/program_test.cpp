// The kik program itself, as a person types it; without the network and without a Rust toolchain.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kik/cargo/command.h"
#include "tests/unit/kik/home_fixture.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

class KikProgram : public HomeFixture {
  protected:
    CommandResult kik(std::vector<std::string> words, const std::string& active = {}, const fs::path& folder = {}) {
        Command command;
        command.argv = std::move(words);
        command.argv.insert(command.argv.begin(), KAYTON_BINARY_DIR "/kik");
        // No rustc is found there: environments do not need one until a crate is installed.
        command.variables = {
            {"PATH", "/nowhere"}, {"HOME", home_.string()}, {"CARGO_HOME", home_ / "cargo"}, {"NO_COLOR", "1"}};
        if (active.empty()) {
            command.without = {"KAYTON_ACTIVE_ENV"};
        } else {
            command.variables.emplace_back("KAYTON_ACTIVE_ENV", active);
        }
        command.folder = folder.empty() ? home_ : folder;
        const Result<CommandResult> result = run(command);
        EXPECT_TRUE(result) << result.error().message;
        return result ? *result : CommandResult{};
    }
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_F(KikProgram, MakesListsAndRemovesEnvironments) {
    CommandResult result = kik({"create", "demo"});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(has(result.err, "no Rust toolchain was found")) << result.err;
    result = kik({"create", "demo"});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_TRUE(has(result.err, "exists already")) << result.err;

    EXPECT_EQ(kik({"path"}, "demo").out, (home_ / "envs" / "demo").string() + "\n");
    const nlohmann::json list = nlohmann::json::parse(kik({"list", "--json"}, "demo").out);
    EXPECT_EQ(list["environment"], "demo");
    EXPECT_TRUE(list["crates"].empty());
    EXPECT_EQ(list["abi_version"], 1);
    EXPECT_TRUE(has(kik({"list", "--all"}, "demo").out, "* demo  "));

    result = kik({"remove", "demo"});
    EXPECT_EQ(result.exit_status, 1) << "it must ask, and nobody is there";
    EXPECT_TRUE(has(result.err, "kik remove -y demo")) << result.err;
    EXPECT_EQ(kik({"remove", "-y", "demo"}).exit_status, 0);
    EXPECT_FALSE(fs::exists(home_ / "envs" / "demo"));
    EXPECT_EQ(kik({"remove", "-y", "demo"}).exit_status, 1);
}

TEST_F(KikProgram, KeepsAProjectsOwnEnvironment) {
    fs::create_directories(home_ / "project" / "sub");
    EXPECT_EQ(kik({"create", "local"}, {}, home_ / "project").exit_status, 0);
    EXPECT_EQ(kik({"path"}, "local", home_ / "project" / "sub").out, (home_ / "project" / ".kayton").string() + "\n");
    EXPECT_EQ(kik({"remove", "-y", "local"}, {}, home_ / "project" / "sub").exit_status, 1) << "only where one stands";
    EXPECT_EQ(kik({"remove", "-y", "local"}, {}, home_ / "project").exit_status, 0);
    EXPECT_FALSE(fs::exists(home_ / "project" / ".kayton"));
}

TEST_F(KikProgram, RefusesToRemoveWhatIsNoEnvironment) {
    write(home_ / "envs" / "data" / "mine", "precious");
    const CommandResult result = kik({"remove", "-y", "data"});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_TRUE(has(result.err, "is not a Kayton environment (no `metadata/env.json`)")) << result.err;
    EXPECT_EQ(read(home_ / "envs" / "data" / "mine"), "precious");
}

TEST_F(KikProgram, SaysTheLineThatActivationNeeds) {
    EXPECT_EQ(kik({"create", "demo"}).exit_status, 0);
    CommandResult result = kik({"activate", "demo"});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(has(result.err, "shell-init")) << result.err;
    result = kik({"activate", "demo", "--shell", "bash"});
    EXPECT_EQ(result.exit_status, 0) << result.err;
    EXPECT_TRUE(has(result.out, "export KAYTON_ACTIVE_ENV='demo'")) << result.out;
    EXPECT_EQ(kik({"activate", "other", "--shell", "bash"}).exit_status, 1);
    EXPECT_EQ(kik({"shell-init", "tcsh"}).exit_status, 1);
}

TEST_F(KikProgram, WhatThePersonGotWrongEndsWithOne) {
    const CommandResult unknown = kik({"instal", "regex"});
    EXPECT_EQ(unknown.exit_status, 1);
    EXPECT_TRUE(has(unknown.err, "`instal` is not a command of kik")) << unknown.err;
    EXPECT_EQ(kik({"list", "--frobnicate"}).exit_status, 1);
    EXPECT_EQ(kik({"create"}).exit_status, 1);
    EXPECT_EQ(kik({"create", "../x"}).exit_status, 1);
    EXPECT_EQ(kik({"list"}, "nowhere").exit_status, 1);
    EXPECT_EQ(kik({"info", "regex"}).exit_status, 1);
    EXPECT_EQ(kik({"uninstall", "regex"}).exit_status, 1);
    EXPECT_EQ(kik({"--help"}).exit_status, 0);
    EXPECT_EQ(kik({}).out, kik({"--help"}).out);
    EXPECT_EQ(kik({"--version"}).exit_status, 0);
}

TEST_F(KikProgram, WithJsonAnErrorIsAnObjectOnStandardOutput) {
    const CommandResult result = kik({"info", "regex", "--json"});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_EQ(result.err, "");
    const nlohmann::json json = nlohmann::json::parse(result.out);
    EXPECT_EQ(json["error"]["kind"], "not found");
    EXPECT_EQ(json["error"]["remedy"], "Run: kik rinstall regex");
}

TEST_F(KikProgram, AnInstallationWithoutRustSaysHowToGetIt) {
    EXPECT_EQ(kik({"create", "demo"}).exit_status, 0);
    const CommandResult result = kik({"rinstall", "regex"}, "demo");
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_TRUE(has(result.err, "no Rust toolchain")) << result.err;
    EXPECT_TRUE(has(result.err, "rustc-web")) << result.err;
    EXPECT_TRUE(has(result.err, "`demo` was left unchanged")) << result.err;
}

TEST_F(KikProgram, InfoShowsWhatAManifestSays) {
    EXPECT_EQ(kik({"create", "demo"}).exit_status, 0);
    const fs::path folder = home_ / "envs/demo/libs/tiny/1.0.0/x86_64-unknown-linux-gnu";
    write(home_ / "envs/demo/metadata/registry.json",
          R"({"format": 1, "generation": 1, "plugins": [{"crate": "tiny", "version": "1.0.0",
              "target": "x86_64-unknown-linux-gnu", "abi_version": 1}]})");
    write(folder / "manifest.json", R"({"format": 1, "crate": "tiny", "version": "1.0.0", "abi_version": 1,
        "functions": [{"name": "tiny.add", "stable": "tiny.add", "result": "int", "signature": "(int, int) -> int",
                       "params": [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}], "raises": "tiny.Error"}],
        "skipped": [{"item": "tiny.sort_by", "reason": "takes a closure"}], "own_functions": 4, "own_importable": 3})");
    const std::string text = kik({"info", "tiny"}, "demo").out;
    EXPECT_TRUE(has(text, "tiny.add(a: int, b: int) -> int  raises tiny.Error")) << text;
    EXPECT_TRUE(has(text, "tiny.sort_by: takes a closure")) << text;
    const nlohmann::json json = nlohmann::json::parse(kik({"info", "tiny", "--json"}, "demo").out);
    EXPECT_EQ(json["functions"], 1);
    EXPECT_DOUBLE_EQ(json["coverage"], 0.75);
    EXPECT_EQ(json["skipped"][0]["reason"], "takes a closure");
    const CommandResult near = kik({"info", "tiny", "ad_d"}, "demo");
    EXPECT_EQ(near.exit_status, 1);
    EXPECT_TRUE(has(near.err, "did you mean `add`?")) << near.err;

    write(folder / "manifest.json", "{\"format\": 1");
    const CommandResult corrupt = kik({"info", "tiny"}, "demo");
    EXPECT_EQ(corrupt.exit_status, 1);
    EXPECT_TRUE(has(corrupt.err, "manifest.json")) << corrupt.err;
    EXPECT_TRUE(has(corrupt.err, "kik rinstall tiny")) << corrupt.err;
}

}  // namespace
}  // namespace kayton::kik
