#include "supervisor/report/crash_report.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <optional>
#include <vector>

#include "supervisor/report/elf_symbols.h"

namespace kayton {

// Named in the tests below; must stay a function of its own.
__attribute__((noinline)) int function_to_be_found(int value) {
    return value * 3 + 1;
}

namespace {

constexpr uint64_t kCode = 0x5555'0000'0000;

class CrashReport : public testing::Test {
  protected:
    void SetUp() override {
        arena_.emplace(*CodeArena::create(1 << 20, 1 << 20));
        ASSERT_TRUE(arena_->attach(kCode, kCode + (1 << 20)).has_value());
        const auto block = arena_->allocate_code(256);
        std::memset(block->local, 0xE8, 256);  // every address follows a call
        code_.add({block->remote, 256, "provoke", "prog.kay", {{block->remote, 3}, {block->remote + 100, 5}}});
        end_.reason = EndReason::kSignal;
        end_.process = {true, SIGSEGV};
        end_.crash = std::make_unique<CrashPage>();
        page_ = end_.crash.get();
        page_->signal = SIGSEGV;
        page_->code = SEGV_MAPERR;
        page_->is_write = 1;
        page_->on_main_thread = 1;
        page_->sp = 0x7fff'0000'0000;
        page_->pc = 0x1234;
        page_->frames[0] = page_->pc;
        page_->frame_count = 1;
    }
    std::string report() { return read_end(end_, {}, *arena_, code_).summary; }

    std::optional<CodeArena> arena_;
    CodeTable code_;
    WorkerEnd end_;
    CrashPage* page_ = nullptr;
};

TEST_F(CrashReport, NamesSignalAccessAndLine) {
    page_->code_words[0] = kCode + 120;
    page_->code_word_count = 1;
    EXPECT_EQ(report(),
              "the worker was killed by SIGSEGV (segmentation fault): write through a null pointer (address 0x0), "
              "called from line 5 "
              "of prog.kay");
    page_->is_write = 0;
    page_->address = 0x10;
    page_->code_word_count = 0;
    page_->frames[1] = kCode + 50;
    page_->frame_count = 2;
    EXPECT_EQ(report(),
              "the worker was killed by SIGSEGV (segmentation fault): read through a null pointer (address 0x10), "
              "called from line 3 "
              "of prog.kay");
}

TEST_F(CrashReport, KnowsKaytonCodeOverflowAndJumps) {
    page_->address = page_->sp - 64;
    EXPECT_NE(report().find("stack overflow"), std::string::npos);
    page_->address = page_->pc = 0xdead'0000;
    EXPECT_NE(report().find("jump to address 0xdead0000"), std::string::npos);
    page_->pc = kCode + 10;
    page_->address = 0;
    EXPECT_NE(report().find("in the program itself, at line 3 of prog.kay"), std::string::npos);
}

TEST_F(CrashReport, BelievesTheKernelBeforeTheRecord) {
    end_.process.value = SIGKILL;
    EXPECT_EQ(report(), "the worker was killed by SIGKILL (killed): not by kayton; the system does that when memory is short, or a "
              "worker is deaf to --max-cpu");
    end_.reason = EndReason::kExited;
    end_.process = {false, 0};
    EXPECT_EQ(report(), "the worker ended by itself with exit status 0");
    page_->signal = 0;
    page_->code_words[0] = kCode + 120;
    page_->code_word_count = 1;
    EXPECT_EQ(report(),
              "the worker ended by itself with exit status 0: exit() was called, called from line 5 of prog.kay");
}

TEST_F(CrashReport, SurvivesARecordFullOfNonsense) {
    std::memset(page_->frames, 0xff, sizeof page_->frames);
    std::memset(page_->code_words, 0x55, sizeof page_->code_words);
    std::memset(page_->stack, 0xaa, sizeof page_->stack);
    std::memset(page_->maps, '-', sizeof page_->maps);
    page_->frame_count = kCrashMaxFrames;
    page_->code_word_count = kCrashMaxCodeWords;
    page_->stack_words = kCrashStackWords;
    page_->maps_size = kCrashMapsCapacity;
    EXPECT_NE(report().find("SIGSEGV"), std::string::npos);
    const char line[] = "ffffffffffffffff-0 r-xp zz /x\n1-2 r-xp\n-  /\n12-34 r-xp 00000000 00:00 0 /y";
    std::memcpy(page_->maps, line, sizeof line);
    page_->maps_size = sizeof line;
    EXPECT_NE(report().find("SIGSEGV"), std::string::npos);
}

TEST(ElfSymbols, NamesAFunctionOfThisProgram) {
    Dl_info info{};
    const auto address = reinterpret_cast<uint64_t>(&function_to_be_found);
    ASSERT_NE(::dladdr(reinterpret_cast<void*>(address), &info), 0);
    // The file offset of a function equals its distance from the load address in a program linked as usual; what the
    // symbol tables say is checked against it.
    const ElfSymbols symbols("/proc/self/exe");
    std::string found;
    for (uint64_t slack = 0; slack <= 0x4000 && found.find("function_to_be_found") == std::string::npos;
         slack += 0x1000) {
        found = symbols.function_at(address - reinterpret_cast<uint64_t>(info.dli_fbase) - slack);
    }
    EXPECT_EQ(found, "kayton::function_to_be_found(int)");
    EXPECT_EQ(function_to_be_found(1), 4);
}

TEST(ElfSymbols, HasNoneInOtherFiles) {
    for (const char* file : {"/etc/passwd", "/nonexistent", "/tmp", "/dev/zero"}) {
        const ElfSymbols symbols(file);
        EXPECT_EQ(symbols.function_at(0x1000), "") << file;
        EXPECT_FALSE(symbols.follows_call(1 << 30)) << file;
    }
}

TEST(EndsWithCall, KnowsTheFormsOfACall) {
    const auto ends = [](std::initializer_list<unsigned char> bytes) {
        const std::vector<unsigned char> code(bytes);
        return ends_with_call(code.data() + code.size(), code.size());
    };
    EXPECT_TRUE(ends({0xE8, 1, 2, 3, 4}));        // call rel32
    EXPECT_TRUE(ends({0xFF, 0xD0}));              // call rax
    EXPECT_TRUE(ends({0xFF, 0x15, 1, 2, 3, 4}));  // call [rip + disp32]
    EXPECT_TRUE(ends({0xFF, 0x50, 0x18}));        // call [rax + 24]
    EXPECT_FALSE(ends({0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}));
    EXPECT_FALSE(ends({}));
    EXPECT_FALSE(ends({0xE8}));
}

TEST(ElfSymbols, NamesAreReadable) {
    EXPECT_EQ(readable_function("_ZN12plugin_hello5crash17h0123456789abcdefE"), "plugin_hello::crash");
    EXPECT_EQ(readable_function("_RNvCs1234_5hello5crash"), "hello::crash");
    EXPECT_EQ(readable_function("_ZSt4moveIRiEONSt16remove_referenceIT_E4typeEOS2_"),
              "std::remove_reference<int&>::type&& std::move<int&>(int&)");
    EXPECT_EQ(readable_function("kt_release"), "kt_release");
}

// Each part twice the one before: written out, it would fill all memory.
TEST(ElfSymbols, NamesThatStandForEndlessTextAreLeftAsTheyAre) {
    std::string name = "_Z1f1BIiiE";
    static constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t level = 0; level + 1 < kDigits.size(); ++level) {
        const std::string before = std::string("S") + kDigits[level] + "_";
        name += "S_I" + before + before + "E";
    }
    EXPECT_EQ(readable_function(name), name);
    EXPECT_LE(readable_function(std::string(1 << 20, 'x')).size(), size_t{1024});
}

TEST(ElfSymbols, NamesHoldNothingThatATerminalObeys) {
    EXPECT_EQ(readable_function("evil\x1b]0;owned\x07"), "evil?]0;owned?");
    EXPECT_EQ(readable_function("_ZN4ev\x1b" "i5crashE"), "ev?i::crash");
}

}  // namespace
}  // namespace kayton
