#include "kik/environment/registry.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "tests/unit/kik/home_fixture.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTarget = "x86_64-unknown-linux-gnu";

class RegistryWrite : public HomeFixture {
  protected:
    void SetUp() override {
        HomeFixture::SetUp();
        place_ = {"demo", home_ / "envs" / "demo"};
        ASSERT_TRUE(create_environment(place_));
    }

    // Stages a plugin whose library holds `content`.
    fs::path stage(Registry& registry, const std::string& crate, const std::string& version,
                   const std::string& content) {
        const Result<fs::path> folder = registry.new_staging(crate, version);
        EXPECT_TRUE(folder) << folder.error().message;
        write(*folder / "plugin.so", content);
        write(*folder / "manifest.json", "{}");
        return *folder;
    }
    InstalledPlugin plugin(const std::string& crate, const std::string& version) const {
        InstalledPlugin result;
        result.crate = result.package = crate;
        result.version = version;
        result.target = kTarget;
        result.abi_version = 1;
        return result;
    }
    Result<void> install(const std::string& crate, const std::string& version, const std::string& content,
                         const CommitObserver& observe = {}) {
        Registry registry(place_.name, place_.root);
        if (Result<void> repaired = registry.repair(); !repaired) return repaired;
        return registry.install(stage(registry, crate, version, content), plugin(crate, version), observe);
    }

    // Runs `action` in a child that ends at `point`, as kill -9 would; whether it got there.
    template <typename Action>
    bool killed_at(std::string_view point, Action action) {
        const pid_t child = ::fork();
        if (child == 0) {
            action([point](std::string_view passed) {
                if (passed == point) ::_exit(99);
            });
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 99;
    }

    // What is registered, as "crate version content"; also checks that nothing else lies in libs/ and that repair
    // leaves no marker or staging.
    std::string state_after_repair() {
        Registry registry(place_.name, place_.root);
        const Result<void> repaired = registry.repair();
        EXPECT_TRUE(repaired) << repaired.error().message;
        EXPECT_FALSE(fs::exists(place_.root / "metadata" / "installing.json"));
        EXPECT_FALSE(fs::exists(place_.root / "metadata" / "staging"));
        std::string state;
        size_t libraries = 0;
        const Result<Environment> environment = open_environment(place_.name, place_.root);
        EXPECT_TRUE(environment) << environment.error().message;
        for (const InstalledPlugin& installed : environment->plugins) {
            state += installed.crate + " " + installed.version + " " + read(installed.library()) + ";";
            EXPECT_FALSE(fs::exists(installed.folder / ".new"));
        }
        for (const auto& entry : fs::recursive_directory_iterator(place_.root / "libs")) {
            libraries += entry.path().filename() == "plugin.so" ? 1 : 0;
        }
        EXPECT_EQ(libraries, environment->plugins.size()) << "a folder is left in libs/";
        return state;
    }

    EnvironmentPlace place_;
};

TEST_F(RegistryWrite, InstallsReplacesAndUninstalls) {
    ASSERT_TRUE(install("regex", "1.0.0", "one"));
    EXPECT_EQ(state_after_repair(), "regex 1.0.0 one;");
    ASSERT_TRUE(install("regex", "1.0.0", "two"));
    EXPECT_EQ(state_after_repair(), "regex 1.0.0 two;");
    ASSERT_TRUE(install("regex", "1.1.0", "three"));
    ASSERT_TRUE(install("aho", "0.1.0", "four"));
    EXPECT_EQ(state_after_repair(), "aho 0.1.0 four;regex 1.1.0 three;");
    Registry registry(place_.name, place_.root);
    ASSERT_TRUE(registry.uninstall("regex"));
    EXPECT_EQ(state_after_repair(), "aho 0.1.0 four;");
    EXPECT_FALSE(fs::exists(place_.root / "libs" / "regex"));
    const Result<void> again = registry.uninstall("regex");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::kNotFound);
}

TEST_F(RegistryWrite, AKilledFirstInstallationLeavesOldOrNew) {
    for (const char* point : {"staged", "marked", "moved", "registered", "done"}) {
        ASSERT_TRUE(killed_at(point, [&](const CommitObserver& observe) {
            (void)install("regex", "1.0.0", "new", observe);
        })) << point;
        const bool committed = std::string_view(point) == "registered" || std::string_view(point) == "done";
        EXPECT_EQ(state_after_repair(), committed ? "regex 1.0.0 new;" : "") << point;
        if (committed) {
            Registry registry(place_.name, place_.root);
            ASSERT_TRUE(registry.uninstall("regex"));
        }
    }
}

TEST_F(RegistryWrite, AKilledRebuildOfTheSameVersionLeavesOldOrNew) {
    for (const char* point : {"staged", "marked", "moved", "registered", "done"}) {
        ASSERT_TRUE(install("regex", "1.0.0", "old"));
        ASSERT_TRUE(killed_at(point, [&](const CommitObserver& observe) {
            (void)install("regex", "1.0.0", "new", observe);
        })) << point;
        const bool committed = std::string_view(point) == "registered" || std::string_view(point) == "done";
        EXPECT_EQ(state_after_repair(), committed ? "regex 1.0.0 new;" : "regex 1.0.0 old;") << point;
    }
}

TEST_F(RegistryWrite, AKilledUpgradeLeavesOldOrNew) {
    for (const char* point : {"staged", "marked", "moved", "registered", "done"}) {
        ASSERT_TRUE(install("regex", "1.0.0", "old"));
        ASSERT_TRUE(killed_at(point, [&](const CommitObserver& observe) {
            (void)install("regex", "2.0.0", "new", observe);
        })) << point;
        const bool committed = std::string_view(point) == "registered" || std::string_view(point) == "done";
        EXPECT_EQ(state_after_repair(), committed ? "regex 2.0.0 new;" : "regex 1.0.0 old;") << point;
    }
}

TEST_F(RegistryWrite, AKilledUninstallationLeavesOldOrNew) {
    for (const char* point : {"marked", "registered", "done"}) {
        ASSERT_TRUE(install("regex", "1.0.0", "old"));
        ASSERT_TRUE(killed_at(point, [&](const CommitObserver& observe) {
            Registry registry(place_.name, place_.root);
            (void)registry.uninstall("regex", observe);
        })) << point;
        EXPECT_EQ(state_after_repair(), std::string_view(point) == "marked" ? "regex 1.0.0 old;" : "") << point;
    }
}

TEST_F(RegistryWrite, SurvivesKillBetweenTempAndRename) {
    ASSERT_TRUE(install("regex", "1.0.0", "old"));
    const std::string before = read(place_.root / "metadata" / "registry.json");
    // What a kill between writing the temporary file and its rename leaves: a part of the new text beside the old.
    write(place_.root / "metadata" / "registry.json.new", before.substr(0, 20));
    EXPECT_EQ(state_after_repair(), "regex 1.0.0 old;");
    ASSERT_TRUE(install("semver", "1.0.0", "new"));
    EXPECT_EQ(state_after_repair(), "regex 1.0.0 old;semver 1.0.0 new;");
}

TEST_F(RegistryWrite, AMarkerThatLeadsOutsideIsRefused) {
    write(home_ / "precious" / "file", "x");
    write(place_.root / "metadata" / "installing.json",
          R"({"generation": -1, "staged": "", "place": "", "exchanged": false, "obsolete": ["../../precious"]})");
    Registry registry(place_.name, place_.root);
    const Result<void> repaired = registry.repair();
    ASSERT_FALSE(repaired);
    EXPECT_NE(repaired.error().message.find("installing.json"), std::string::npos);
    EXPECT_TRUE(fs::exists(home_ / "precious" / "file"));
}

TEST_F(RegistryWrite, ACorruptRegistryStopsAnInstallation) {
    ASSERT_TRUE(install("regex", "1.0.0", "old"));
    write(place_.root / "metadata" / "registry.json", "{");
    const Result<void> installed = install("semver", "1.0.0", "new");
    ASSERT_FALSE(installed);
    EXPECT_NE(installed.error().message.find("registry.json"), std::string::npos);
    EXPECT_TRUE(fs::exists(place_.root / "libs" / "regex" / "1.0.0"));
}

TEST_F(RegistryWrite, WriteDurablyReplacesTheWholeFile) {
    const fs::path file = home_ / "file";
    ASSERT_TRUE(write_durably(file, "long text"));
    ASSERT_TRUE(write_durably(file, "short"));
    EXPECT_EQ(read(file), "short");
    EXPECT_FALSE(fs::exists(home_ / "file.new"));
    const Result<void> nowhere = write_durably(home_ / "no" / "file", "x");
    ASSERT_FALSE(nowhere);
    EXPECT_NE(nowhere.error().message.find("no/file"), std::string::npos);
}

TEST_F(RegistryWrite, AFullDiskIsNamed) {
    const Error error = system_error("write", "/x/y", ENOSPC);
    EXPECT_NE(error.message.find("the disk is full"), std::string::npos);
    EXPECT_NE(error.remedy.find("KAYTON_HOME"), std::string::npos);
}

}  // namespace
}  // namespace kayton::kik
