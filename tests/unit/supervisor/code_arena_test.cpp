#include "supervisor/link/code_arena.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace kayton {
namespace {

constexpr uint64_t kCode = 0x5555'0000'0000;

TEST(CodeArena, RefusesImpossibleAddresses) {
    auto arena = CodeArena::create(size_t{1} << 20, size_t{1} << 20);
    ASSERT_TRUE(arena.has_value());
    EXPECT_FALSE(arena->attach(0, kCode).has_value());
    EXPECT_FALSE(arena->attach(kCode + 1, kCode + (1 << 20)).has_value());
    EXPECT_FALSE(arena->attach(kCode, kCode + 4096).has_value()) << "the regions overlap";
    EXPECT_FALSE(arena->attach(kCode, kCode + (uint64_t{3} << 30)).has_value()) << "out of reach";
    EXPECT_FALSE(arena->attach(uint64_t{1} << 47, kCode).has_value());
    EXPECT_FALSE(arena->attached());
    EXPECT_TRUE(arena->attach(kCode, kCode + (1 << 20)).has_value());
    EXPECT_FALSE(arena->attach(kCode, kCode + (1 << 20)).has_value()) << "once only";
}

TEST(CodeArena, GivesDataPagesOfTheirOwn) {
    auto arena = CodeArena::create(8192, 4 * 4096);
    ASSERT_TRUE(arena.has_value());
    ASSERT_TRUE(arena->attach(kCode, kCode + 8192).has_value());
    const auto first = arena->allocate_data(10);
    const auto second = arena->allocate_data(10);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(second->remote - first->remote, CodeArena::kPageSize);
    EXPECT_EQ(second->local - first->local, static_cast<ptrdiff_t>(CodeArena::kPageSize));
    const auto code = arena->allocate_code(10, 16);
    const auto next = arena->allocate_code(10, 16);
    ASSERT_TRUE(code && next);
    EXPECT_EQ(next->remote - code->remote, 16U);
    EXPECT_TRUE(arena->holds_code(next->remote + 9));
    EXPECT_FALSE(arena->holds_code(next->remote + 10));
    EXPECT_EQ(arena->local_code(next->remote), next->local);
}

TEST(CodeArena, SaysWhenItIsFull) {
    auto arena = CodeArena::create(4096, 4096);
    ASSERT_TRUE(arena.has_value());
    ASSERT_TRUE(arena->attach(kCode, kCode + 4096).has_value());
    EXPECT_TRUE(arena->allocate_code(4096).has_value());
    const auto full = arena->allocate_code(1);
    ASSERT_FALSE(full.has_value());
    EXPECT_NE(full.error().message.find("full"), std::string::npos);
    EXPECT_FALSE(arena->allocate_data(4097).has_value());
    EXPECT_FALSE(arena->allocate_data(SIZE_MAX - 10).has_value());
}

// What the supervisor writes later is seen in pages the worker has not written to, and never undoes the worker's.
TEST(CodeArena, DataIsPrivateToTheWorkerPageByPage) {
    auto arena = CodeArena::create(4096, 2 * 4096);
    ASSERT_TRUE(arena.has_value());
    const auto data = Mapping::map(arena->descriptor(), 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, 4096);
    ASSERT_TRUE(data.has_value());
    ASSERT_TRUE(arena->attach(kCode, kCode + 4096).has_value());
    const auto first = arena->allocate_data(8);
    first->local[0] = std::byte{1};
    EXPECT_EQ(data->data()[0], std::byte{1});
    data->data()[0] = std::byte{2};
    const auto second = arena->allocate_data(8);
    second->local[0] = std::byte{3};
    EXPECT_EQ(data->data()[4096], std::byte{3});
    EXPECT_EQ(data->data()[0], std::byte{2});
    EXPECT_EQ(first->local[0], std::byte{1});
}

}  // namespace
}  // namespace kayton
