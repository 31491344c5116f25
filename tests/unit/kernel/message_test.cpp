#include "kernel/wire/message.h"

#include <gtest/gtest.h>

#include "kernel/messages/complete.h"
#include "kernel/messages/magics.h"

namespace kayton::kernel {
namespace {

MessageCodec codec(const std::string& key) {
    return MessageCodec(*Signer::create(key, "hmac-sha256"));
}

// A request as a client would send it, whose codec has the same key.
Frames request_frames(MessageCodec& client, const std::string& content) {
    OutgoingMessage message;
    message.identities = {"client"};
    message.type = "execute_request";
    message.content = content;
    return client.encode(message);
}

TEST(MessageCodec, ReadsWhatItsPeerSigned) {
    MessageCodec client = codec("key");
    MessageCodec kernel = codec("key");
    const auto request = kernel.decode(request_frames(client, R"({"code":"1"})"));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->type, "execute_request");
    EXPECT_EQ(text_of(request->content, "code"), "1");
    EXPECT_EQ(request->parent->identities, Frames{"client"});
    EXPECT_EQ(request->parent->session, client.session());
}

TEST(MessageCodec, RefusesAnotherKeyAndASecondTime) {
    MessageCodec client = codec("key");
    MessageCodec kernel = codec("key");
    MessageCodec stranger = codec("other");
    EXPECT_FALSE(kernel.decode(request_frames(stranger, "{}")));
    const Frames frames = request_frames(client, "{}");
    EXPECT_TRUE(kernel.decode(frames));
    EXPECT_FALSE(kernel.decode(frames));
}

// RFC 4231, test case 2, over parts.
TEST(Signer, GivesTheDigitsOfTheStandard) {
    const Signer signer = *Signer::create("Jefe", "hmac-sha256");
    EXPECT_EQ(signer.sign({"what do ya", " want ", "for ", "nothing?"}),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_FALSE(Signer::create("key", "hmac-md5"));
}

TEST(MessageCodec, CountsDepthOutsideOfTexts) {
    MessageCodec client = codec("key");
    MessageCodec kernel = codec("key");
    const std::string brackets(2 * kMaxJsonDepth, '[');
    EXPECT_TRUE(kernel.decode(request_frames(client, R"({"code":")" + brackets + R"(\""})")));
    EXPECT_FALSE(kernel.decode(request_frames(client, R"({"code":)" + brackets + std::string(2 * kMaxJsonDepth, ']') + "}")));
}

TEST(Offsets, CountCharactersAndBytes) {
    const std::string text = "aé€😀b";
    EXPECT_EQ(byte_offset(text, 0), 0U);
    EXPECT_EQ(byte_offset(text, 2), 3U);
    EXPECT_EQ(byte_offset(text, 4), 10U);
    EXPECT_EQ(byte_offset(text, 99), text.size());
    EXPECT_EQ(byte_offset(text, -1), 0U);
    EXPECT_EQ(character_offset(text, 3), 2);
    EXPECT_EQ(character_offset(text, text.size()), 5);
}

TEST(Magics, AreFoundByTheirText) {
    EXPECT_FALSE(find_magic("x = 5 % 3"));
    EXPECT_FALSE(find_magic("'what?'"));
    EXPECT_FALSE(find_magic("1?"));
    const auto line = find_magic("  %time  f(x)\nprint(1)");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->name, "time");
    EXPECT_EQ(line->argument, "f(x)");
    EXPECT_EQ(line->body, "\nprint(1)");
    EXPECT_FALSE(line->whole_cell);
    EXPECT_TRUE(find_magic("%%time\nf()")->whole_cell);
    for (const char* question : {"a.b?", "?a.b", "a.b??"}) {
        ASSERT_TRUE(find_magic(question)) << question;
        EXPECT_EQ(find_magic(question)->argument, "a.b");
    }
    EXPECT_EQ(nearest_magic("timit", false), "%timeit");
    EXPECT_EQ(nearest_magic("quite_another", false), "");
}

}  // namespace
}  // namespace kayton::kernel
