#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/worker/runtime_values.h"

namespace kayton::testing {
namespace {

TEST(TypeRegistry, GivesOneInfoForASignature) {
    EXPECT_EQ(intern_type("int"), &kt_type_int);
    EXPECT_EQ(intern_type("list[int]"), type_list_int());
    EXPECT_EQ(intern_type(" dict[ str ,list[int] ] "), intern_type("dict[str, list[int]]"));
    EXPECT_STREQ(intern_type("dict[str,list[int]]")->name, "dict[str, list[int]]");
    EXPECT_EQ(intern_type("Callable[[int, str], bool]")->kind, uint32_t{KT_KIND_FUNCTION});
    EXPECT_STREQ(intern_type("tuple[()]")->name, "tuple[()]");
    EXPECT_EQ(intern_type("ValueError"), exception_type(Exc::ValueError));
}

TEST(TypeRegistry, RefusesWhatIsNoType) {
    for (const char* bad :
         {"", "lst[int]", "list[", "list[int", "list[int]]", "dict[int]", "int |", "Callable[int]", "tuple[]"})
        EXPECT_EQ(intern_type(bad), nullptr) << bad;
    EXPECT_EQ(intern_type(std::string(100000, '(')), nullptr);
}

TEST(TypeRegistry, MakesOptionalsOfPointersAndUnionsOfTheRest) {
    EXPECT_EQ(intern_type("str | None")->kind, uint32_t{KT_KIND_OPTIONAL});
    EXPECT_EQ(intern_type("None | str"), intern_type("str | None"));
    EXPECT_EQ(intern_type("str | None")->size, 8u);
    EXPECT_EQ(intern_type("int | None")->kind, uint32_t{KT_KIND_UNION});
    EXPECT_EQ(intern_type("int | None")->size, 16u);
    EXPECT_EQ(intern_type("int | float")->has_refs, 0u);
    EXPECT_EQ(intern_type("int | str")->has_refs, 1u);
    EXPECT_EQ(intern_type("int | Dynamic"), &kt_type_dynamic);
    EXPECT_EQ(intern_type("int | int"), &kt_type_int);
}

TEST(TypeRegistry, LaysTuplesOutAsCStructs) {
    const KtTypeInfo* type = intern_type("tuple[bool, int, bool, str | None]");
    EXPECT_EQ(type->offsets[1], 8u);
    EXPECT_EQ(type->offsets[2], 16u);
    EXPECT_EQ(type->offsets[3], 24u);
    EXPECT_EQ(type->size, 32u);
    EXPECT_EQ(type->has_refs, 1u);
}

TEST(TypeRegistry, DefinesClassesThatNameOneAnother) {
    const char* node_fields[] = {"value", "next"};
    const char* node_types[] = {"int", "Node | None"};
    const char* leaf_fields[] = {"tag"};
    const char* leaf_types[] = {"str"};
    const KtTypeInfo* node = nullptr;
    const KtTypeInfo* leaf = nullptr;
    const KtClassNeed needs[] = {{"Node", nullptr, 2, node_fields, node_types, nullptr, &node},
                                 {"Leaf", "Node", 1, leaf_fields, leaf_types, nullptr, &leaf}};
    ASSERT_EQ(define_classes(needs, 2), KT_OK);
    EXPECT_EQ(node->object_size, 32u);
    EXPECT_EQ(leaf->object_size, 40u);
    EXPECT_EQ(leaf->args_count, 3u);
    EXPECT_STREQ(leaf->field_names[2], "tag");
    EXPECT_EQ(node->args[1]->args[0], node);
    // A chain of 200,000 instances is released without recursion.
    KtObject* head = nullptr;
    for (int i = 0; i < 200000; ++i) {
        auto* object = static_cast<KtObject*>(kt_object_new(node));
        *reinterpret_cast<KtObject**>(reinterpret_cast<char*>(object) + node->offsets[1]) = head;
        head = object;
    }
    EXPECT_EQ(kt_isinstance(head, node), 1);
    EXPECT_EQ(kt_isinstance(head, leaf), 0);
    release(head);
    const char* bad_types[] = {"Nowhere"};
    const KtClassNeed bad = {"Bad", nullptr, 1, leaf_fields, bad_types, nullptr, nullptr};
    EXPECT_EQ(define_classes(&bad, 1), KT_ERROR);
    EXPECT_EQ(taken(), "SystemError: type 'Nowhere' of field Bad.tag is not known to this worker");
}

TEST(Memory, ReleasesDeeplyNestedLists) {
    const KtTypeInfo* type = type_list_dynamic();
    KtList* outer = kt_list_new(type, 0);
    for (int i = 0; i < 100000; ++i) {
        KtList* next = kt_list_new(type, 1);
        const KtValue value = {type, reinterpret_cast<uint64_t>(outer)};
        kt_list_append(next, &value);
        release(outer);
        outer = next;
    }
    release(outer);
}

TEST(Dict, KeepsInsertionOrderOverDeletions) {
    const KtTypeInfo* type = intern_type("dict[str, int]");
    const Ref<KtDict> dict(kt_dict_new(type));
    for (int64_t i = 0; i < 1000; ++i) {
        const Text key(fmt::format("k{}", i));
        ASSERT_EQ(kt_dict_set(dict.get(), key.at(), &i), KT_OK);
    }
    for (int64_t i = 0; i < 1000; ++i) {
        if (i % 100 == 7) continue;
        ASSERT_EQ(kt_dict_del(dict.get(), Text(fmt::format("k{}", i)).at()), KT_OK);
    }
    EXPECT_EQ(shown(dict.get()),
              "{'k7': 7, 'k107': 107, 'k207': 207, 'k307': 307, 'k407': 407, 'k507': 507, 'k607': 607, 'k707': 707, "
              "'k807': 807, 'k907': 907}");
    const int64_t again = 1;
    ASSERT_EQ(kt_dict_set(dict.get(), Text("k7").at(), &again), KT_OK);
    ASSERT_EQ(kt_dict_set(dict.get(), Text("new").at(), &again), KT_OK);
    EXPECT_EQ(kt_dict_len(dict.get()), 11);
    EXPECT_EQ(kt_dict_del(dict.get(), Text("absent").at()), KT_ERROR);
    EXPECT_EQ(taken(), "KeyError: 'absent'");
    EXPECT_EQ(kt_dict_check_size(dict.get(), 10), KT_ERROR);
    EXPECT_EQ(taken(), "RuntimeError: dictionary changed size during iteration");
}

TEST(Dict, CountsThroughSlotsWhileItGrows) {
    const Ref<KtDict> dict(kt_dict_new(intern_type("dict[int, int]")));
    for (int64_t i = 0; i < 100000; ++i) {
        const int64_t key = i * 7919 % 5003 - 2500;
        void* slot = nullptr;
        ASSERT_EQ(kt_dict_slot(dict.get(), &key, &slot), KT_OK);
        ++*static_cast<int64_t*>(slot);
    }
    EXPECT_EQ(kt_dict_len(dict.get()), 5003);
    int64_t position = 0;
    int64_t sum = 0;
    void* key;
    void* value;
    while (kt_dict_next(dict.get(), &position, &key, &value)) sum += *static_cast<int64_t*>(value);
    EXPECT_EQ(sum, 100000);
}

TEST(Dict, TakesEqualNumbersOfAnyTypeAsOneKey) {
    const Ref<KtDict> dict(kt_dict_new(intern_type("dict[Dynamic, str]")));
    const int64_t one = 1;
    const double real = 1.0;
    const uint8_t truth = 1;
    const KtValue keys[] = {make_value(&kt_type_int, &one), make_value(&kt_type_float, &real),
                            make_value(&kt_type_bool, &truth)};
    for (const KtValue& key : keys) ASSERT_EQ(kt_dict_set(dict.get(), &key, Text("x").at()), KT_OK);
    EXPECT_EQ(shown(dict.get()), "{1: 'x'}");
    KtList* list = ints({1});
    const KtValue unhashable = {list->base.type, reinterpret_cast<uint64_t>(list)};
    EXPECT_EQ(kt_dict_set(dict.get(), &unhashable, Text("x").at()), KT_ERROR);
    EXPECT_EQ(taken(), "TypeError: unhashable type: 'list'");
    release(list);
}

TEST(Dict, TakesTheLastAndTheFirstItemsOffInConstantTime) {
    const Ref<KtDict> set(kt_set_new(intern_type("set[int]")));
    for (int64_t i = 0; i < 200000; ++i) ASSERT_EQ(kt_set_add(set.get(), &i), KT_OK);
    for (int64_t i = 0; i < 200000; ++i) {
        int64_t value = -1;
        ASSERT_EQ(kt_set_pop(set.get(), &value), KT_OK);
        ASSERT_EQ(value, i);
    }
    int64_t value;
    EXPECT_EQ(kt_set_pop(set.get(), &value), KT_ERROR);
    EXPECT_EQ(taken(), "KeyError: 'pop from an empty set'");
}

TEST(Set, CombinesAsPythonDoes) {
    const KtTypeInfo* type = intern_type("set[int]");
    const Ref<KtDict> a(kt_set_new(type));
    const Ref<KtDict> b(kt_set_new(type));
    for (int64_t i = 0; i < 6; ++i) ASSERT_EQ(kt_set_add(i < 4 ? a.get() : b.get(), &i), KT_OK);
    const int64_t shared = 2;
    ASSERT_EQ(kt_set_add(b.get(), &shared), KT_OK);
    Ref<KtDict> result;
    ASSERT_EQ(kt_set_union(a.get(), b.get(), result.out()), KT_OK);
    EXPECT_EQ(shown(result.get()), "{0, 1, 2, 3, 4, 5}");
    result = Ref<KtDict>();
    ASSERT_EQ(kt_set_intersection(a.get(), b.get(), result.out()), KT_OK);
    EXPECT_EQ(shown(result.get()), "{2}");
    result = Ref<KtDict>();
    ASSERT_EQ(kt_set_symmetric_difference(a.get(), b.get(), result.out()), KT_OK);
    EXPECT_EQ(shown(result.get()), "{0, 1, 3, 4, 5}");
    uint8_t less = 1;
    KtDict* left = a.get();
    KtDict* right = result.get();
    ASSERT_EQ(kt_compare(type, &left, &right, 0, &less), KT_OK);
    EXPECT_EQ(less, 0);
}

TEST(List, RaisesAsCPython) {
    const Ref<KtList> list(ints({1, 2}));
    int64_t value;
    EXPECT_EQ(kt_list_get(list.get(), 5, &value), KT_ERROR);
    EXPECT_EQ(taken(), "IndexError: list index out of range");
    EXPECT_EQ(kt_list_set(list.get(), -3, &value), KT_ERROR);
    EXPECT_EQ(taken(), "IndexError: list assignment index out of range");
    value = 5;
    EXPECT_EQ(kt_list_find(list.get(), &value, kAbsent, kAbsent, &value), KT_ERROR);
    EXPECT_EQ(taken(), "ValueError: 5 is not in list");
    EXPECT_EQ(kt_list_remove(list.get(), &value), KT_ERROR);
    EXPECT_EQ(taken(), "ValueError: list.remove(x): x not in list");
    const Ref<KtList> empty(ints({}));
    EXPECT_EQ(kt_list_pop(empty.get(), -1, &value), KT_ERROR);
    EXPECT_EQ(taken(), "IndexError: pop from empty list");
}

TEST(List, ShowsItselfInsideItself) {
    KtList* list = kt_list_new(type_list_dynamic(), 1);
    const KtValue self = {list->base.type, reinterpret_cast<uint64_t>(list)};
    kt_list_append(list, &self);
    EXPECT_EQ(shown(list), "[[...]]");
    kt_list_clear(list);
    release(list);
}

TEST(List, SortsWithoutHarmUnderContradictions) {
    const KtTypeInfo* type = intern_type("list[float]");
    const Ref<KtList> list(kt_list_new(type, 0));
    for (int i = 0; i < 500; ++i) {
        const double value = i % 3 == 0 ? NAN : (i * 7919) % 101;
        kt_list_append(list.get(), &value);
    }
    EXPECT_EQ(kt_list_sort(list.get(), 0), KT_OK);
    EXPECT_EQ(list->length, 500);
}

TEST(Str, AppendsInPlaceWhileUnshared) {
    KtStr* text = str_new("ab");
    const Text more("é");
    for (int i = 0; i < 100000; ++i) ASSERT_EQ(kt_str_append(text, more, &text), KT_OK);
    EXPECT_EQ(text->length, 100002);
    EXPECT_EQ(text->byte_len, 200002);
    KtStr* shared = same(text);
    ASSERT_EQ(kt_str_append(text, more, &text), KT_OK);
    EXPECT_NE(text, shared);
    EXPECT_EQ(shared->length, 100002);
    release(shared);
    release(text);
}

TEST(Str, IndexesByCodePointInBothDirections) {
    const Text text("aé日😀b");
    const char* wanted[] = {"a", "é", "日", "😀", "b"};
    for (int64_t i = -5; i < 5; ++i) {
        KtStr* one = nullptr;
        ASSERT_EQ(kt_str_index(text, i, &one), KT_OK);
        EXPECT_EQ(taken(one), wanted[(i + 5) % 5]);
    }
}

}  // namespace
}  // namespace kayton::testing
