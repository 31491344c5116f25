#include "shared/environment.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace kayton {
namespace {

namespace fs = std::filesystem;

class EnvironmentDiscovery : public testing::Test {
  protected:
    void SetUp() override {
        root_ =
            fs::canonical(fs::temp_directory_path()) / ("kayton-env-" + std::to_string(::getpid()) + "-" +
                                                        testing::UnitTest::GetInstance()->current_test_info()->name());
        fs::create_directories(root_ / "work" / "deep");
        before_ = fs::current_path();
        fs::current_path(root_ / "work" / "deep");
        for (const char* name : {"KAYTON_HOME", "XDG_DATA_HOME", "KAYTON_ACTIVE_ENV"}) ::unsetenv(name);
        ::setenv("HOME", "/nobody", 1);
    }
    void TearDown() override {
        fs::current_path(before_);
        fs::remove_all(root_);
    }

    void write(const fs::path& file, const std::string& text) const {
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    void make(const fs::path& environment, const std::string& registry = R"({"format": 1, "plugins": []})") const {
        write(environment / "metadata" / "env.json", "{}");
        write(environment / "metadata" / "registry.json", registry);
    }

    fs::path root_, before_;
};

TEST_F(EnvironmentDiscovery, HomeFollowsTheVariablesInOrder) {
    EXPECT_EQ(*kayton_home(), "/nobody/.local/share/kayton");
    ::setenv("XDG_DATA_HOME", "relative", 1);
    EXPECT_EQ(*kayton_home(), "/nobody/.local/share/kayton");
    ::setenv("XDG_DATA_HOME", "/data", 1);
    EXPECT_EQ(*kayton_home(), "/data/kayton");
    ::setenv("KAYTON_HOME", "/own", 1);
    EXPECT_EQ(*kayton_home(), "/own");
    ::setenv("KAYTON_HOME", "", 1);
    EXPECT_EQ(*kayton_home(), "/data/kayton");
    ::unsetenv("XDG_DATA_HOME");
    ::unsetenv("HOME");
    // Without any of them, the home that the system knows of this user.
    if (const passwd* user = ::getpwuid(::geteuid()); user != nullptr) {
        EXPECT_EQ(*kayton_home(), std::filesystem::path(user->pw_dir) / ".local" / "share" / "kayton");
    } else {
        EXPECT_EQ(kayton_home().error().kind, ErrorKind::kNotFound);
    }
}

TEST_F(EnvironmentDiscovery, BaseNeedNotExist) {
    ::setenv("KAYTON_HOME", root_.c_str(), 1);
    const Result<Environment> base = active_environment();
    ASSERT_TRUE(base) << base.error().message;
    EXPECT_EQ(base->name, "base");
    EXPECT_EQ(base->root, root_ / "envs" / "base");
    EXPECT_TRUE(base->plugins.empty());
    EXPECT_EQ(base->bridge(), root_ / "envs/base/toolchain/lib/libkayton_bridge.so");
}

TEST_F(EnvironmentDiscovery, ANamedOneMustExist) {
    ::setenv("KAYTON_HOME", root_.c_str(), 1);
    ::setenv("KAYTON_ACTIVE_ENV", "k01", 1);
    const Result<Environment> missing = active_environment();
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
    EXPECT_EQ(missing.error().remedy, "Run: kik create k01");
    make(root_ / "envs" / "k01");
    EXPECT_EQ(active_environment()->name, "k01");
}

TEST_F(EnvironmentDiscovery, LocalIsTheNearestUpwards) {
    ::setenv("KAYTON_HOME", root_.c_str(), 1);
    ::setenv("KAYTON_ACTIVE_ENV", "local", 1);
    const Result<Environment> missing = active_environment();
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().remedy, "Run: kik create local");
    make(root_ / ".kayton");
    EXPECT_EQ(active_environment()->root, root_ / ".kayton");
    make(root_ / "work" / ".kayton");
    EXPECT_EQ(active_environment()->root, root_ / "work" / ".kayton");
}

TEST_F(EnvironmentDiscovery, RefusesNamesThatLeadElsewhere) {
    ::setenv("KAYTON_HOME", root_.c_str(), 1);
    for (const char* name : {"../x", "a/b", ".hidden", "-x", "a b", ".."}) {
        ::setenv("KAYTON_ACTIVE_ENV", name, 1);
        const Result<Environment> environment = active_environment();
        ASSERT_FALSE(environment) << name;
        EXPECT_EQ(environment.error().kind, ErrorKind::kInput) << name;
    }
}

TEST_F(EnvironmentDiscovery, ReadsTheRegistry) {
    make(root_ / "envs" / "k",
         R"({"format": 1, "generation": 4, "plugins": [{"crate": "serde_json", "package": "serde_json",
        "version": "1.0.1", "target": "x86_64-unknown-linux-gnu", "features": ["std"], "abi_version": 3}]})");
    const Result<Environment> environment = open_environment("k", root_ / "envs" / "k");
    ASSERT_TRUE(environment) << environment.error().message;
    const InstalledPlugin* plugin = environment->find("serde_json");
    ASSERT_NE(plugin, nullptr);
    EXPECT_EQ(plugin->abi_version, 3u);
    EXPECT_EQ(plugin->library(), root_ / "envs/k/libs/serde_json/1.0.1/x86_64-unknown-linux-gnu/plugin.so");
    EXPECT_EQ(environment->find("serde"), nullptr);
}

TEST_F(EnvironmentDiscovery, SaysWhatIsWrongWithARegistry) {
    const fs::path place = root_ / "envs" / "k";
    const std::pair<const char*, const char*> cases[] = {
        {"", "it is empty"},
        {"{\"format\": 1", "corrupt"},
        {"[]", "not an object"},
        {"{\"format\": 1}", "no list `plugins`"},
        {"{\"plugins\": []}", "no `format`"},
        {"{\"format\": 9, \"plugins\": []}", "format 9"},
        {R"({"format": 1, "plugins": [{"crate": "../x", "version": "1", "target": "t", "abi_version": 1}]})",
         "`crate`"},
        {R"({"format": 1, "plugins": [{"crate": "x", "version": "1", "target": "t"}]})", "`abi_version`"},
        {R"({"format": 1, "plugins": [{"crate": "x", "version": "1", "target": "t", "abi_version": 1, "features": 3}]})",
         "`features`"},
    };
    for (const auto& [text, reason] : cases) {
        make(place, text);
        const Result<Environment> environment = open_environment("k", place);
        ASSERT_FALSE(environment) << text;
        EXPECT_NE(environment.error().message.find(reason), std::string::npos) << environment.error().message;
        EXPECT_NE(environment.error().message.find("registry.json"), std::string::npos) << environment.error().message;
        EXPECT_FALSE(environment.error().remedy.empty());
    }
}

}  // namespace
}  // namespace kayton
