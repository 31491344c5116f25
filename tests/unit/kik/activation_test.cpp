// The activation scripts, run by the shells that are on this machine.
#include "kik/shell/activation.h"

#include <gtest/gtest.h>

#include "kik/cargo/command.h"
#include "tests/unit/kik/home_fixture.h"

namespace kayton::kik {
namespace {

class Activation : public HomeFixture, public testing::WithParamInterface<const char*> {
  protected:
    void SetUp() override {
        HomeFixture::SetUp();
        if (std::string(GetParam()) != "bash") {
            Command command;
            command.argv = {GetParam(), "-c", "true"};
            if (!run(command)) GTEST_SKIP() << GetParam() << " is not installed";
        }
    }
    std::string output_of(const std::string& script) {
        Command command;
        command.argv = {GetParam(), "-c", script};
        command.variables = {{"PATH", "/usr/bin:/bin"}};
        command.without = {"PS1", "KAYTON_ACTIVE_ENV"};
        const Result<CommandResult> result = run(command);
        EXPECT_TRUE(result);
        EXPECT_EQ(result->err, "");
        return result->out;
    }
    [[nodiscard]] Shell shell() const { return *parse_shell(GetParam()); }
};

TEST_P(Activation, SetsAndRestores) {
    const std::string bin = "/home/o'brien/a b$(x)/bin";
    const std::string show = "echo \"$KAYTON_ACTIVE_ENV|$PATH\"\n";
    const std::string before = "|/usr/bin:/bin\n";
    EXPECT_EQ(output_of(show + activation_script(shell(), "demo", bin) + show +
                        activation_script(shell(), "other", "/o/bin") + show + deactivation_script(shell()) + show +
                        deactivation_script(shell()) + show),
              before + "demo|" + bin + ":/usr/bin:/bin\nother|/o/bin:/usr/bin:/bin\n" + before + before);
}

TEST_P(Activation, KeepsWhatWasAddedToPathMeanwhile) {
    const bool fish = shell() == Shell::kFish;
    EXPECT_EQ(output_of(activation_script(shell(), "demo", "/d/bin") + (fish ? "set -gx PATH /new $PATH\n" : "PATH=/new:$PATH\n") +
                        deactivation_script(shell()) + (fish ? "string join : $PATH" : "echo $PATH")),
              "/new:/usr/bin:/bin\n");
}

TEST_P(Activation, ShowsTheNameInAPromptThatIsNotExported) {
    const bool fish = shell() == Shell::kFish;
    const std::string before = fish ? "function fish_prompt; echo -n '$ '; end\n" : "set -eu\nPS1='$ '\n";
    const std::string show = fish ? "echo (fish_prompt)'|'\n" : "echo \"$PS1|\"\n";
    EXPECT_EQ(output_of(before + activation_script(shell(), "demo", "/d/bin") + show + deactivation_script(shell()) + show),
              "(demo) $ |\n$ |\n");
}

TEST_P(Activation, TheIntegrationHandsOnOtherCommandsAndFailures) {
    const auto fake = home_ / "it's kik";
    const std::string code = shell() == Shell::kFish ? "set -gx SEEN yes" : "export SEEN=yes";
    write(fake, "#!/bin/sh\ncase \"$1\" in activate) [ \"$2\" = demo ] || exit 1; echo '" + code +
                    ";';; *) echo \"ran "
                    "$*\";; esac\n");
    std::filesystem::permissions(fake, std::filesystem::perms::owner_all);
    const std::string fish = shell() == Shell::kFish ? "; or echo failed" : " || echo failed";
    EXPECT_EQ(output_of(shell_init_script(shell(), fake) +
                        "kik list --json\nkik activate demo\necho $SEEN\nkik activate nope" + fish),
              "ran list --json\nyes\nfailed\n");
}

INSTANTIATE_TEST_SUITE_P(Shells, Activation, testing::Values("bash", "zsh", "fish"));

TEST(ShellNames, AreFoundInPaths) {
    EXPECT_EQ(parse_shell("/usr/bin/zsh"), Shell::kZsh);
    EXPECT_EQ(parse_shell("fish"), Shell::kFish);
    EXPECT_FALSE(parse_shell("cmd.exe"));
}

}  // namespace
}  // namespace kayton::kik
