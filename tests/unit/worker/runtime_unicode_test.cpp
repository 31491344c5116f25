// All code points against CPython 3.11: the FNV-1a hash of a property's answers from U+0000 to U+10FFFF without the
// surrogates, as Python's str methods give them.
#include "worker/runtime/unicode.h"

#include <gtest/gtest.h>

namespace kayton {
namespace {

template <typename Each>
uint64_t hash_of_all(Each each) {
    uint64_t hash = 0xcbf29ce484222325u;
    const auto add = [&hash](uint64_t value) { hash = (hash ^ value) * 0x100000001b3u; };
    for (char32_t c = 0; c < 0x110000; ++c) {
        if (c >= 0xD800 && c < 0xE000) continue;
        each(c, add);
    }
    return hash;
}

TEST(Unicode, PropertiesAreCPythons) {
    const struct {
        const char* name;
        bool (*property)(char32_t);
        uint64_t hash;
    } properties[] = {
        {"is_alpha", is_alpha, 0x4ed4e0fed479eab9u},
        {"is_decimal", is_decimal, 0xa391a4f4115f88e9u},
        {"is_digit", is_digit, 0xcc9c4363d4a5da5u},
        {"is_numeric", is_numeric, 0xf9edf4ab6aa9f8d1u},
        {"is_space", is_space, 0x7bb07f364b66b908u},
        {"is_lower", is_lower, 0xe5a49ef797d1560u},
        {"is_upper", is_upper, 0x2be58002d0ed51a4u},
        {"is_printable", is_printable, 0x149ea8f30823f59u},
        {"is_identifier_start", is_identifier_start, 0xb1c1cc11d0936f0eu},
        {"is_identifier_part", is_identifier_part, 0xf6f53b156bb9868au},
        {"is_cased", is_cased, 0xd24d3a0b3cb66114u},
    };
    for (const auto& [name, property, hash] : properties)
        EXPECT_EQ(hash_of_all([property = property](char32_t c, auto add) { add(property(c)); }), hash) << name;
    EXPECT_EQ(hash_of_all([](char32_t c, auto add) {
                  add(decimal_value(c) < 0 ? 15 : static_cast<uint64_t>(decimal_value(c)));
              }),
              0x7a2614c88a1b5a81u);
}

TEST(Unicode, CaseMappingsAreCPythons) {
    const struct {
        const char* name;
        int (*mapping)(char32_t, char32_t*);
        uint64_t hash;
    } mappings[] = {
        {"to_upper", to_upper, 0x10b51b4eac7744a4u},
        {"to_lower", to_lower, 0xce354a6bfdd44e2eu},
        {"to_title", to_title, 0x9c8781eeb74886cu},
        {"to_folded", to_folded, 0x93a5806685d32617u},
    };
    for (const auto& [name, mapping, hash] : mappings) {
        const uint64_t got = hash_of_all([mapping = mapping](char32_t c, auto add) {
            char32_t mapped[3];
            const int count = mapping(c, mapped);
            for (int i = 0; i < count; ++i) add(mapped[i]);
        });
        EXPECT_EQ(got, hash) << name;
    }
}

}  // namespace
}  // namespace kayton
