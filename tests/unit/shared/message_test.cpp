#include "shared/message.h"

#include <gtest/gtest.h>

#include <string>

namespace kayton {
namespace {

template <typename Message>
Message from_worker(const WorkerMessage& message) {
    const EncodedMessage encoded = encode(message);
    const auto decoded = decode_from_worker(static_cast<uint32_t>(encoded.type), encoded.payload);
    EXPECT_TRUE(decoded.has_value());
    return std::get<Message>(*decoded);
}

template <typename Message>
Message from_supervisor(const SupervisorMessage& message) {
    const EncodedMessage encoded = encode(message);
    const auto decoded = decode_from_supervisor(static_cast<uint32_t>(encoded.type), encoded.payload);
    EXPECT_TRUE(decoded.has_value());
    return std::get<Message>(*decoded);
}

Violation refusal(FrameType type, const std::string& payload) {
    const auto decoded = decode_from_worker(static_cast<uint32_t>(type), as_bytes(payload));
    EXPECT_FALSE(decoded.has_value());
    return decoded ? Violation::kDoorbellClosed : decoded.error();
}

TEST(Message, HelloComesBackWhole) {
    Hello hello;
    hello.pid = 4711;
    hello.code_base = 0x7fff'0000'1000;
    hello.data_base = 0x5555'0000'2000;
    for (int index = 0; index < 1000; ++index) {
        hello.symbols.emplace_back("kt_function_" + std::to_string(index), uint64_t{1} << 46 | index);
    }
    hello.missing_layers = {"landlock"};
    const auto back = from_worker<Hello>(hello);
    EXPECT_EQ(back.version, kProtocolVersion);
    EXPECT_EQ(back.pid, hello.pid);
    EXPECT_EQ(back.code_base, hello.code_base);
    EXPECT_EQ(back.data_base, hello.data_base);
    EXPECT_EQ(back.symbols, hello.symbols);
    EXPECT_EQ(back.missing_layers, hello.missing_layers);
}

TEST(Message, OthersComeBackWhole) {
    const auto finished = from_worker<Finished>(Finished{3, -1, "ValueError", "h\u00e9", "Traceback\n", "1 object"});
    EXPECT_EQ(finished.run, 3U);
    EXPECT_EQ(finished.status, -1);
    EXPECT_EQ(finished.exception_class, "ValueError");
    EXPECT_EQ(finished.message, "h\u00e9");
    EXPECT_EQ(finished.traceback, "Traceback\n");
    EXPECT_EQ(finished.leaks, "1 object");
    const std::string any("\0\xff\x80", 3);
    EXPECT_EQ(from_worker<Output>(Output{true, any}).bytes, any);
    EXPECT_TRUE(from_worker<Output>(Output{true, any}).error);
    EXPECT_EQ(from_worker<InputRequest>(InputRequest{9, "? "}).prompt, "? ");
    EXPECT_EQ(from_worker<CheckpointMade>(CheckpointMade{5, 11}).id, 5U);
    EXPECT_EQ(from_worker<CheckpointMade>(CheckpointMade{5, 11}).error, 11);
    EXPECT_EQ(from_worker<Resumed>(Resumed{6}).id, 6U);
    EXPECT_EQ(from_supervisor<Checkpoint>(Checkpoint{7, false}).id, 7U);
    EXPECT_FALSE(from_supervisor<Checkpoint>(Checkpoint{7, false}).whole);
    EXPECT_EQ(from_worker<Values>(Values{any}).bytes, any);
    EXPECT_EQ(from_worker<ValuesSaved>(ValuesSaved{{{"a function", 3}}}).lost.at(0).second, 3U);
    EXPECT_TRUE(from_worker<ValuesRestored>(ValuesRestored{true}).good);
    EXPECT_EQ(from_supervisor<SaveValues>(SaveValues{9, {{"list[int]", 77}}}).globals.at(0).first, "list[int]");
    EXPECT_EQ(from_supervisor<SavedValuesPiece>(SavedValuesPiece{any}).bytes, any);
    EXPECT_EQ(from_supervisor<RestoreValues>(RestoreValues{{{"int", 5}}}).globals.at(0).second, 5U);

    kayton::Setup setup;
    setup.environment_root = "/home/me/env";
    setup.bridge = "/home/me/env/bridge.so";
    setup.output_is_terminal = true;
    setup.one_program = true;
    setup.leak_check = true;
    setup.sandbox = {{"/usr", "/lib"}, {"/work"}, {"/bin/echo"}, "/tmp/x", 99, 7, true, 8, NetAccess::kHosts, true, false};
    const auto back = from_supervisor<kayton::Setup>(setup);
    EXPECT_EQ(back.environment_root, setup.environment_root);
    EXPECT_EQ(back.bridge, setup.bridge);
    EXPECT_TRUE(back.output_is_terminal);
    EXPECT_TRUE(back.one_program);
    EXPECT_TRUE(back.leak_check);
    EXPECT_EQ(back.sandbox.read_only, setup.sandbox.read_only);
    EXPECT_EQ(back.sandbox.read_write, setup.sandbox.read_write);
    EXPECT_EQ(back.sandbox.temporary, "/tmp/x");
    EXPECT_EQ(back.sandbox.max_open_files, 99U);
    EXPECT_EQ(back.sandbox.max_memory, 7U);
    EXPECT_EQ(back.sandbox.max_cpu_seconds, 8U);
    EXPECT_EQ(back.sandbox.net, NetAccess::kHosts);
    EXPECT_TRUE(back.sandbox.restrict_files);
    EXPECT_FALSE(back.sandbox.restrict_calls);
    const auto run = from_supervisor<kayton::Run>(kayton::Run{2, 0x1234, {"prog.kay", "", "--x"}});
    EXPECT_EQ(run.entry, 0x1234U);
    EXPECT_EQ(run.argv, (std::vector<std::string>{"prog.kay", "", "--x"}));
    EXPECT_FALSE(run.only_startup);
    EXPECT_TRUE(from_supervisor<kayton::Run>(kayton::Run{3, 1, {}, true}).only_startup);
    EXPECT_FALSE(from_supervisor<Source>(Source{"a", "b", false}).last);
    EXPECT_TRUE(from_supervisor<InputReply>(InputReply{1, true, false, ""}).end_of_file);
}

TEST(Message, RefusesWhatIsNotTheMessage) {
    EXPECT_EQ(refusal(FrameType::kFinished, ""), Violation::kMalformed);
    EXPECT_EQ(refusal(FrameType::kFinished, "\x05"), Violation::kMalformed);                   // no array
    EXPECT_EQ(refusal(FrameType::kFinished, "\x92\x01\x02"), Violation::kMalformed);           // too few members
    EXPECT_EQ(refusal(FrameType::kInputRequest, "\x93\x01\xa1x\x01"), Violation::kMalformed);  // too many
    EXPECT_EQ(refusal(FrameType::kInputRequest, "\x92\xff\xa1x"), Violation::kMalformed);      // id -1
    EXPECT_EQ(refusal(FrameType::kInputRequest, "\x92\x01\xc4\x01x"), Violation::kMalformed);  // bytes, not text
    EXPECT_EQ(refusal(FrameType::kInputRequest, "\x92\x01"), Violation::kMalformed);           // cut
    EXPECT_EQ(refusal(FrameType::kInputRequest, "\x92\x01\xd4\x01x"), Violation::kMalformed);  // an extension type
    EXPECT_EQ(refusal(FrameType::kInputRequest, "\x92\x01\xa1x\xc0"), Violation::kTrailingBytes);
    EXPECT_EQ(refusal(FrameType::kInputRequest, "\x92\x01\xa1\xff"), Violation::kInvalidUtf8);
    EXPECT_EQ(refusal(static_cast<FrameType>(0), "\x90"), Violation::kUnknownType);
    EXPECT_EQ(refusal(FrameType::kRun, "\x90"), Violation::kUnknownType);  // the other direction
}

TEST(Message, RefusesWhatWouldTakeTooMuch) {
    EXPECT_EQ(refusal(FrameType::kFinished, std::string(64, '\x91') + '\xc0'), Violation::kMalformed);
    EXPECT_EQ(refusal(FrameType::kFinished, std::string(65, '\x91') + '\xc0'), Violation::kTooDeep);
    EXPECT_EQ(refusal(FrameType::kFinished, std::string("\xdd\x10\x00\x00\x00", 5)), Violation::kOverBudget);
    EXPECT_EQ(refusal(FrameType::kFinished, std::string("\xdf\x10\x00\x00\x00", 5)), Violation::kOverBudget);
    std::string integers("\xdd\x00\x80\x00\x00", 5);
    integers.append(size_t{8} << 20, '\x01');
    EXPECT_EQ(refusal(FrameType::kFinished, integers), Violation::kOverBudget);
}

}  // namespace
}  // namespace kayton
