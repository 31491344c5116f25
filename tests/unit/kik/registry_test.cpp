#include "kik/environment/registry.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/environment/seal_folder.h"
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
        InstalledPlugin fresh = plugin(crate, version);
        fresh.folder = stage(registry, crate, version, content);
        return registry.install({fresh}, "rinstall " + crate, observe);
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
            EXPECT_EQ(contents_of(installed.folder), installed.contents);
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
    ASSERT_TRUE(registry.uninstall({"regex"}, "uninstall regex"));
    EXPECT_EQ(state_after_repair(), "aho 0.1.0 four;");
    EXPECT_FALSE(fs::exists(place_.root / "libs" / "regex"));
    const Result<void> again = registry.uninstall({"regex"}, "uninstall regex");
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
            ASSERT_TRUE(registry.uninstall({"regex"}, "uninstall regex"));
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
            (void)registry.uninstall({"regex"}, "uninstall regex", observe);
        })) << point;
        EXPECT_EQ(state_after_repair(), std::string_view(point) == "marked" ? "regex 1.0.0 old;" : "") << point;
    }
}

TEST_F(RegistryWrite, BringsBackAnyOfTheLastTwentyStates) {
    for (int i = 0; i < 25; ++i) ASSERT_TRUE(install("regex", "1.0.0", "build " + std::to_string(i)));
    Registry registry(place_.name, place_.root);
    const auto states = registry.history();
    ASSERT_TRUE(states) << states.error().message;
    EXPECT_EQ(states->size(), kKeptStates + 1);
    EXPECT_EQ(states->front().generation, 25);
    EXPECT_EQ(states->back().generation, 5);
    ASSERT_TRUE(registry.roll_back(5, "rollback 5"));
    EXPECT_EQ(state_after_repair(), "regex 1.0.0 build 4;");
    ASSERT_TRUE(registry.roll_back(25, "rollback 25"));
    EXPECT_EQ(state_after_repair(), "regex 1.0.0 build 24;");
    EXPECT_EQ(registry.roll_back(4, "rollback 4").error().kind, ErrorKind::kNotFound);
    EXPECT_EQ(registry.roll_back(99, "rollback 99").error().kind, ErrorKind::kNotFound);
    // Nothing is kept that no state needs.
    size_t kept = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(place_.root / "metadata" / "kept")) ++kept;
    EXPECT_LE(kept, kKeptStates);
}

TEST_F(RegistryWrite, AKilledRollbackLeavesOldOrNew) {
    for (const char* point : {"staged", "marked", "moved", "registered", "done"}) {
        ASSERT_TRUE(install("regex", "1.0.0", "old"));
        ASSERT_TRUE(install("semver", "1.0.0", "other"));
        Registry registry(place_.name, place_.root);
        const int64_t before = registry.read()->generation;
        ASSERT_TRUE(install("regex", "2.0.0", "new"));
        ASSERT_TRUE(registry.uninstall({"semver"}, "uninstall semver"));
        ASSERT_TRUE(killed_at(point, [&](const CommitObserver& observe) {
            (void)registry.roll_back(before, "rollback", observe);
        })) << point;
        const bool committed = std::string_view(point) == "registered" || std::string_view(point) == "done";
        EXPECT_EQ(state_after_repair(), committed ? "regex 1.0.0 old;semver 1.0.0 other;" : "regex 2.0.0 new;") << point;
        // What was not brought back can still be.
        ASSERT_TRUE(registry.roll_back(before, "rollback"));
        EXPECT_EQ(state_after_repair(), "regex 1.0.0 old;semver 1.0.0 other;") << point;
    }
}

TEST_F(RegistryWrite, SeveralCratesComeInTogetherOrNotAtAll) {
    for (const char* point : {"staged", "marked", "moved", "registered", "done"}) {
        ASSERT_TRUE(install("a", "1.0.0", "old"));
        ASSERT_TRUE(killed_at(point, [&](const CommitObserver& observe) {
            Registry registry(place_.name, place_.root);
            InstalledPlugin a = plugin("a", "1.0.0"), b = plugin("b", "1.0.0");
            a.folder = stage(registry, "a", "1.0.0", "new");
            b.folder = stage(registry, "b", "1.0.0", "new");
            (void)registry.install({a, b}, "rinstall a b", observe);
        })) << point;
        const bool committed = std::string_view(point) == "registered" || std::string_view(point) == "done";
        EXPECT_EQ(state_after_repair(), committed ? "a 1.0.0 new;b 1.0.0 new;" : "a 1.0.0 old;") << point;
        if (committed) {
            ASSERT_TRUE(Registry(place_.name, place_.root).uninstall({"b"}, "uninstall b"));
        }
    }
}

TEST_F(RegistryWrite, IsRebuiltFromWhatLiesInLibs) {
    ASSERT_TRUE(install("regex", "1.0.0", "old"));
    const fs::path folder = place_.root / "libs/regex/1.0.0" / kTarget;
    write(folder / "manifest.json", R"({"format": 1, "crate": "regex", "version": "1.0.0", "abi_version": 1})");
    ASSERT_TRUE(seal_folder(folder));
    fs::remove(place_.root / "metadata" / "registry.json");
    Registry registry(place_.name, place_.root);
    EXPECT_FALSE(registry.read()) << "an environment without its registry is not an empty one";
    const auto rebuilt = registry.rebuild();
    ASSERT_TRUE(rebuilt) << rebuilt.error().message;
    ASSERT_EQ(rebuilt->plugins.size(), 1U);
    EXPECT_EQ(rebuilt->plugins[0].crate, "regex");
    EXPECT_GT(rebuilt->generation, 1);
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
          R"({"generation": -1, "placed": [], "obsolete": [{"from": "../../precious", "to": ""}]})");
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
