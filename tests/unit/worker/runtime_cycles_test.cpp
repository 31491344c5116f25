#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/worker/runtime_values.h"
#include "worker/runtime/cycles.h"
#include "worker/runtime/leak_check.h"
#include "worker/runtime/slabs.h"
#include "worker/runtime/type_record.h"
#include "worker/runtime/vm_state.h"

namespace kayton::testing {
namespace {

// class Knot: kids: list[Knot]; value: Dynamic      class Plain: text: str
struct Classes {
    const KtTypeInfo* knot = nullptr;
    const KtTypeInfo* plain = nullptr;
    const KtTypeInfo* noisy = nullptr;
};
int finalized = 0;
KtObject* brought_back = nullptr;
bool bring_back = false;

int32_t finalize_noisy(void* object) {
    ++finalized;
    if (bring_back) {
        retain(object);
        brought_back = static_cast<KtObject*>(object);
    }
    return KT_OK;
}

const Classes& classes() {
    static const Classes made = [] {
        Classes result;
        static const char* knot_fields[] = {"kids", "value"};
        static const char* knot_types[] = {"list[Knot]", "Dynamic"};
        static const char* plain_fields[] = {"text"};
        static const char* plain_types[] = {"str"};
        static const char* noisy_fields[] = {"other"};
        static const char* noisy_types[] = {"Noisy | None"};
        const KtClassNeed needs[] = {
            {"Knot", nullptr, 2, knot_fields, knot_types, nullptr, &result.knot},
            {"Plain", nullptr, 1, plain_fields, plain_types, nullptr, &result.plain},
            {"Noisy", nullptr, 1, noisy_fields, noisy_types, nullptr, &result.noisy, finalize_noisy}};
        EXPECT_EQ(define_classes(needs, 3), KT_OK);
        return result;
    }();
    return made;
}

template <typename T>
T& field(KtObject* object, uint32_t index) {
    return *reinterpret_cast<T*>(reinterpret_cast<char*>(object) + object->type->offsets[index]);
}

KtObject* new_knot() {
    auto* knot = static_cast<KtObject*>(kt_object_new(classes().knot));
    field<KtList*>(knot, 0) = kt_list_new(intern_type("list[Knot]"), 0);
    field<KtValue>(knot, 1) = {&kt_type_none, 0};
    return knot;
}

void add_kid(KtObject* parent, KtObject* kid) {
    kt_list_append(field<KtList*>(parent, 0), &kid);
}

KtObject* new_noisy() {
    return static_cast<KtObject*>(kt_object_new(classes().noisy));
}

TEST(Cycles, OnlyTypesThatLeadBackToThemselvesAreLookedAt) {
    EXPECT_TRUE(is_cyclic(classes().knot));
    EXPECT_FALSE(is_cyclic(classes().plain));
    EXPECT_TRUE(is_cyclic(intern_type("list[Knot]")));
    EXPECT_FALSE(is_cyclic(intern_type("list[Plain]")));
    EXPECT_FALSE(is_cyclic(intern_type("dict[str, list[tuple[int, Plain]]]")));
    EXPECT_TRUE(is_cyclic(intern_type("dict[str, Dynamic]")));
    EXPECT_TRUE(is_cyclic(intern_type("list[Callable[[], int]]")));
    EXPECT_FALSE(is_cyclic(intern_type("set[str]")));
    KtObject* knot = new_knot();
    auto* plain = static_cast<KtObject*>(kt_object_new(classes().plain));
    EXPECT_TRUE(slabs::cyclic.contains(knot));
    EXPECT_FALSE(slabs::cyclic.contains(plain));
    release(knot);
    release(plain);
}

TEST(Cycles, WhatIsHeldFromOutsideStaysWithAllItLeadsTo) {
    collect_cycles();
    KtObject* root = new_knot();
    for (int i = 0; i < 10; ++i) {
        KtObject* kid = new_knot();
        add_kid(root, kid);
        add_kid(kid, root);
        release(kid);
    }
    EXPECT_EQ(collect_cycles(), 0);
    EXPECT_EQ(root->refcount, 11);
    EXPECT_EQ(field<KtList*>(root, 0)->length, 10);
    release(root);
    EXPECT_EQ(collect_cycles(), 22);  // eleven objects and their lists
    EXPECT_EQ(collect_cycles(), 0);
}

TEST(Cycles, AreFoundThroughBoxesAndValues) {
    collect_cycles();
    KtObject* knot = new_knot();
    const KtTypeInfo* pair = intern_type("tuple[int, Knot]");
    struct {
        int64_t number;
        KtObject* object;
    } const value = {7, knot};
    field<KtValue>(knot, 1) = make_value(pair, &value);
    release(knot);
    EXPECT_EQ(collect_cycles(), 3);  // the object, its list, the tuple's box
}

TEST(Cycles, LongChainsNeedNoStack) {
    collect_cycles();
    KtObject* first = new_knot();
    retain(first);
    KtObject* last = first;
    constexpr int kLength = 300'000;
    for (int i = 1; i < kLength; ++i) {
        KtObject* next = new_knot();
        add_kid(last, next);
        release(last);
        last = next;
    }
    add_kid(last, first);
    release(last);
    EXPECT_EQ(collect_cycles(), 0);
    release(first);
    EXPECT_EQ(collect_cycles(), 2 * kLength);
}

TEST(Cycles, CollectionsComeByThemselvesAsTheHeapGrows) {
    collect_cycles();
    kt_interrupt_flag = 0;
    size_t most = 0;
    for (int i = 0; i < 300'000; ++i) {
        KtObject* knot = new_knot();
        add_kid(knot, knot);
        release(knot);
        if (kt_interrupt_flag != 0) {
            ASSERT_EQ(kt_safepoint(), KT_OK);
        }
        most = std::max(most, slabs::cyclic.pages_used * slabs::kPageSize);
    }
    EXPECT_LT(most, size_t{16} << 20);
    enable_collection(false);
    for (int i = 0; i < 300'000; ++i) {
        KtObject* knot = new_knot();
        add_kid(knot, knot);
        release(knot);
    }
    EXPECT_EQ(kt_interrupt_flag, 0);
    enable_collection(true);
    EXPECT_GT(collect_cycles(), 500'000);
}

TEST(Finalizers, RunOnceAndMayBringTheObjectBack) {
    collect_cycles();
    kt_interrupt_flag = 0;
    finalized = 0;
    bring_back = false;
    release(new_noisy());
    EXPECT_EQ(finalized, 0);  // at the next safe point, not here
    ASSERT_NE(kt_interrupt_flag, 0);
    ASSERT_EQ(kt_safepoint(), KT_OK);
    EXPECT_EQ(finalized, 1);
    bring_back = true;
    release(new_noisy());
    ASSERT_EQ(kt_safepoint(), KT_OK);
    EXPECT_EQ(finalized, 2);
    ASSERT_NE(brought_back, nullptr);
    EXPECT_EQ(brought_back->refcount, 1);
    release(brought_back);
    EXPECT_EQ(kt_interrupt_flag, 0);
    EXPECT_EQ(finalized, 2);
}

TEST(Finalizers, OfACycleRunBeforeAnyOfItGoes) {
    collect_cycles();
    finalized = 0;
    bring_back = false;
    KtObject* a = new_noisy();
    KtObject* b = new_noisy();
    retain(b);
    field<KtObject*>(a, 0) = b;
    retain(a);
    field<KtObject*>(b, 0) = a;
    release(a);
    release(b);
    EXPECT_EQ(finalized, 0);
    EXPECT_EQ(collect_cycles(), 2);
    EXPECT_EQ(finalized, 2);
}

TEST(Slabs, PagesOfFreedObjectsServeOtherSizes) {
    collect_cycles();
    const size_t before = slabs::cyclic.pages_used;
    std::vector<void*> blocks;
    for (int round = 0; round < 3; ++round) {
        for (size_t size : {32u, 48u, 700u, 5000u, 20000u, 200000u}) {
            for (int i = 0; i < 200; ++i) {
                auto* object = static_cast<KtObject*>(slabs::cyclic.allocate(size));
                ASSERT_NE(object, nullptr);
                ASSERT_GE(slabs::size_of(object), size);
                ASSERT_EQ(reinterpret_cast<uintptr_t>(object) % 16, 0u);
                std::memset(static_cast<void*>(object), 0x5a, size);
                blocks.push_back(object);
            }
            for (void* block : blocks) slabs::cyclic.free(block);
            blocks.clear();
        }
    }
    EXPECT_LE(slabs::cyclic.pages_used, before + 6);  // one page of each size stays
    int live = 0;
    slabs::for_each(slabs::cyclic, [&](KtObject*) { ++live; });
    EXPECT_EQ(live, 0);
}

TEST(LeakCheck, NamesWhatIsLeft) {
    start_leak_check();
    KtObject* knot = new_knot();
    EXPECT_EQ(leak_report(), "2 objects are alive after the end: 1 of Knot, 1 of list[Knot]");
    release(knot);
    EXPECT_EQ(leak_report(), "");
    vm.leak_check = false;
}

}  // namespace
}  // namespace kayton::testing
