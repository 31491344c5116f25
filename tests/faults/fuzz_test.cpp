// Fault 23: a million messages that went through a mill. None may crash, hang or grow; what decodes must be within the
// limits. The run is the same each time; under the asan preset it is checked for memory errors too.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

#include "shared/channel.h"
#include "shared/message.h"

namespace kayton {
namespace {

constexpr int kMessages = 1'000'000;

std::vector<EncodedMessage> seeds() {
    Hello hello;
    hello.pid = 42;
    hello.symbols = {{"kt_print_text", 0x1234'5678}, {"kt_flush", 0x55}};
    hello.missing_layers = {"landlock"};
    return {encode(WorkerMessage(hello)),
            encode(WorkerMessage(Output{true, "text"})),
            encode(WorkerMessage(Finished{7, 1, "ValueError", "message", "Traceback (most recent call last):\n", "leaks"})),
            encode(WorkerMessage(InputRequest{3, "name? "})),
            encode(WorkerMessage(CheckpointMade{5, 11})),
            encode(WorkerMessage(Resumed{6})),
            encode(WorkerMessage(Values{"bytes"})),
            encode(WorkerMessage(ValuesSaved{{{"a function", 3}, {"an open file", 4}}})),
            encode(WorkerMessage(ValuesRestored{true}))};
}

TEST(Fuzz, F23_MillionMutatedMessages) {
    std::mt19937_64 random(23);
    const std::vector<EncodedMessage> originals = seeds();
    // KAYTON_FUZZ_MESSAGES=10000000 and another KAYTON_FUZZ_SEED make it the long one.
    const char* wanted = std::getenv("KAYTON_FUZZ_MESSAGES");
    const int messages = wanted != nullptr ? std::atoi(wanted) : kMessages;
    if (const char* seed = std::getenv("KAYTON_FUZZ_SEED")) {
        random.seed(std::strtoull(seed, nullptr, 10));
    }
    int accepted = 0;
    int refused = 0;
    for (int count = 0; count < messages; ++count) {
        EncodedMessage message = originals[random() % originals.size()];
        const size_t changes = random() % 6;
        for (size_t change = 0; change < changes && !message.payload.empty(); ++change) {
            const size_t at = random() % message.payload.size();
            switch (random() % 4) {
                case 0: message.payload[at] = static_cast<std::byte>(random()); break;
                case 1:
                    message.payload.insert(message.payload.begin() + static_cast<ptrdiff_t>(at),
                                           static_cast<std::byte>(random()));
                    break;
                case 2: message.payload.erase(message.payload.begin() + static_cast<ptrdiff_t>(at)); break;
                default: message.payload.resize(at); break;
            }
        }
        const auto type = static_cast<uint32_t>(random() % 16 == 0 ? random() : static_cast<uint64_t>(message.type));
        decode_from_worker(type, message.payload) ? ++accepted : ++refused;
    }
    EXPECT_GT(accepted, messages / 10);
    EXPECT_GT(refused, messages / 10);
}

TEST(Fuzz, F23_RingWithRandomIndicesAndContents) {
    std::mt19937_64 random(5);
    constexpr size_t kSmall = 4096;
    std::vector<std::byte> data(kSmall);
    for (int round = 0; round < 20'000; ++round) {
        RingLines lines{};
        for (std::byte& byte : data) {
            byte = static_cast<std::byte>(random() % 3 == 0 ? random() : 0);
        }
        RingReader reader(&lines, data.data(), kSmall);
        uint64_t head = 0;
        for (int step = 0; step < 20; ++step) {
            head = random() % 8 == 0 ? random() : head + random() % 64 * 8;
            lines.head.store(head);
            FrameHeader header;
            Bytes payload;
            const auto read = reader.try_read(header, payload);
            if (!read) {
                break;
            }
            if (*read) {
                ASSERT_EQ(payload.size(), header.length);
                ASSERT_LE(payload.size(), kSmall);
            }
        }
    }
}

}  // namespace
}  // namespace kayton
