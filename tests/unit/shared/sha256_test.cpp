#include "shared/sha256.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "shared/seal.h"

namespace kayton {
namespace {

// FIPS 180-4's examples, and lengths around the block's border.
TEST(Sha256, GivesThePublishedSums) {
    EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, TakesAnyCut) {
    std::string text;
    for (int i = 0; i < 300; ++i) text.push_back(static_cast<char>(i * 7));
    for (size_t length = 0; length <= text.size(); length += 13) {
        for (size_t cut = 0; cut <= length; cut += 11) {
            Sha256 hash;
            hash.add(text.substr(0, cut)).add(text.substr(cut, length - cut));
            ASSERT_EQ(hash.finish(), sha256(text.substr(0, length))) << length << " cut at " << cut;
        }
    }
}

TEST(Seal, TellsWhatWasChanged) {
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("kayton-seal-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "plugin.so") << "abc";
    EXPECT_TRUE(check_sealed(folder, "plugin.so")) << "a folder without a seal is not judged";
    std::ofstream(folder / kSealFile) << R"({"files": {"plugin.so": {"size": 3, "sha256": ")" << sha256("abc")
                                      << R"("}, "gone": {"size": 1, "sha256": "x"}}})";
    EXPECT_TRUE(check_sealed(folder, "plugin.so"));
    std::ofstream(folder / "plugin.so") << "abd";
    const auto changed = check_sealed(folder, "plugin.so");
    ASSERT_FALSE(changed);
    EXPECT_NE(changed.error().message.find("was changed on disk"), std::string::npos) << changed.error().message;
    const auto report = check_seal(folder);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->changed, std::vector<std::string>{"plugin.so"});
    EXPECT_EQ(report->missing, std::vector<std::string>{"gone"});
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace kayton
