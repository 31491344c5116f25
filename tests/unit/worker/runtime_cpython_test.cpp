// Every case of cpython_cases.json: the runtime gives CPython 3.11's result or error.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/unit/worker/runtime_values.h"

namespace kayton::testing {
namespace {

using Json = nlohmann::json;

// Values of the cases as Dynamic values that live until the end of the case.
class Values {
  public:
    ~Values() {
        for (const KtValue& value : made_) value_release(&kt_type_dynamic, &value);
    }
    KtValue make(const Json& json) {
        const KtValue value = build(json);
        made_.push_back(value);
        return value;
    }
    KtList* dynamics(const Json& items) { return reinterpret_cast<KtList*>(make(Json::array({"l", items})).payload); }
    KtList* typed_list(const Json& items, const KtTypeInfo* element) {
        KtList* list = kt_list_new(list_of(element), 0);
        for (const auto& item : items) {
            const KtValue value = build(item);
            kt_list_append(list, payload_address(value));
            value_release(&kt_type_dynamic, &value);
        }
        made_.push_back({list->base.type, reinterpret_cast<uint64_t>(list)});
        return list;
    }

  private:
    static std::string unhex(const std::string& digits) {
        std::string bytes;
        for (size_t i = 0; i < digits.size(); i += 2)
            bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
        return bytes;
    }
    static KtValue build(const Json& json) {
        const std::string kind = json[0];
        if (kind == "n") return {&kt_type_none, 0};
        if (kind == "b") return {&kt_type_bool, json[1].get<bool>() ? 1u : 0u};
        if (kind == "i") return {&kt_type_int, static_cast<uint64_t>(json[1].get<int64_t>())};
        if (kind == "f") {
            const double value = std::strtod(json[1].get<std::string>().c_str(), nullptr);
            return make_value(&kt_type_float, &value);
        }
        if (kind == "s") return {&kt_type_str, reinterpret_cast<uint64_t>(str_new(json[1].get<std::string>()))};
        if (kind == "y") return {&kt_type_bytes, reinterpret_cast<uint64_t>(bytes_new(unhex(json[1])))};
        if (kind == "l") {
            KtList* list = kt_list_new(type_list_dynamic(), 0);
            for (const auto& item : json[1]) {
                const KtValue value = build(item);
                kt_list_append(list, &value);
                value_release(&kt_type_dynamic, &value);
            }
            return {list->base.type, reinterpret_cast<uint64_t>(list)};
        }
        if (kind == "t") {
            std::vector<const KtTypeInfo*> members(json[1].size(), &kt_type_dynamic);
            std::vector<KtValue> values;
            for (const auto& item : json[1]) values.push_back(build(item));
            values.push_back({});
            const KtTypeInfo* type = tuple_of(members.data(), static_cast<uint32_t>(members.size()));
            const KtValue tuple = make_value(type, values.data());
            for (const KtValue& value : values) value_release(&kt_type_dynamic, &value);
            return tuple;
        }
        KtDict* dict = kt_dict_new(dict_of(&kt_type_dynamic, &kt_type_dynamic));
        for (const auto& item : json[1]) {
            const KtValue key = build(item[0]);
            const KtValue value = build(item[1]);
            EXPECT_EQ(kt_dict_set(dict, &key, &value), KT_OK);
            value_release(&kt_type_dynamic, &key);
            value_release(&kt_type_dynamic, &value);
        }
        return {dict->base.type, reinterpret_cast<uint64_t>(dict)};
    }
    std::vector<KtValue> made_;
};

// One case's arguments, and its answer as the case would write it.
struct Call {
    const Json& args;
    Values values;

    [[nodiscard]] size_t count() const { return args.size(); }
    [[nodiscard]] bool is(size_t i, const char* kind) const { return i < args.size() && args[i][0] == kind; }
    KtValue any(size_t i) { return values.make(args[i]); }
    KtStr* s(size_t i) { return is(i, "s") ? reinterpret_cast<KtStr*>(any(i).payload) : nullptr; }
    KtBytes* y(size_t i) { return is(i, "y") ? reinterpret_cast<KtBytes*>(any(i).payload) : nullptr; }
    [[nodiscard]] int64_t i(size_t k, int64_t absent = kAbsent) const {
        return is(k, "i") ? args[k][1].get<int64_t>() : absent;
    }
    [[nodiscard]] bool b(size_t k) const { return is(k, "b") && args[k][1].get<bool>(); }
    double f(size_t k) {
        if (is(k, "i")) return static_cast<double>(i(k));
        return *static_cast<const double*>(payload_address(any(k)));
    }
};

std::string float_text(double value) {
    if (std::isnan(value)) return "nan";
    return taken(kt_float_hex(value));
}

std::string answer(const KtTypeInfo* type, const void* value) {
    if (type->kind == KT_KIND_FLOAT) return "float " + float_text(*static_cast<const double*>(value));
    return shown(type, value);
}

// What the case expects, in the same form.
std::string expected(const Json& entry) {
    if (entry.contains("error")) return entry["error"];
    Values values;
    const KtValue value = values.make(entry["result"]);
    return answer(value.type, payload_address(value));
}

std::string give(KtStr* text) {
    const Ref<KtStr> owned(text);
    KtStr* pointer = owned.get();
    return answer(&kt_type_str, &pointer);
}
std::string give(KtBytes* bytes) {
    const Ref<KtBytes> owned(bytes);
    KtBytes* pointer = owned.get();
    return answer(&kt_type_bytes, &pointer);
}
std::string give(KtList* list) {
    const Ref<KtList> owned(list);
    return shown(owned.get());
}
std::string give(int64_t value) {
    return answer(&kt_type_int, &value);
}
std::string give(double value) {
    return answer(&kt_type_float, &value);
}
std::string give_bool(uint8_t value) {
    return answer(&kt_type_bool, &value);
}
std::string give_triple(KtStr* const* parts) {
    const std::string text = answer(type_str_triple(), parts);
    kt_value_release(type_str_triple(), parts);
    return text;
}

template <typename Out, typename Function, typename... Args>
std::string status(Function function, Args... args) {
    Out out = {};
    if (function(args..., &out) != KT_OK) return taken();
    return give(out);
}
template <typename Function, typename... Args>
std::string status_bool(Function function, Args... args) {
    uint8_t out = 0;
    if (function(args..., &out) != KT_OK) return taken();
    return give_bool(out);
}

using Operation = std::function<std::string(Call&)>;

void add_str_operations(std::map<std::string, Operation>& all) {
    const std::pair<const char*, KtStr* (*)(KtStr*)> mappings[] = {
        {"upper", kt_str_upper},           {"lower", kt_str_lower},       {"title", kt_str_title},
        {"capitalize", kt_str_capitalize}, {"swapcase", kt_str_swapcase}, {"casefold", kt_str_casefold}};
    for (const auto& [name, function] : mappings)
        all[std::string("str.") + name] = [function = function](Call& c) { return give(function(c.s(0))); };
    const std::pair<const char*, KtStr* (*)(KtStr*, KtStr*)> strips[] = {{"strip", kt_str_strip},
                                                                         {"lstrip", kt_str_lstrip},
                                                                         {"rstrip", kt_str_rstrip},
                                                                         {"removeprefix", kt_str_removeprefix},
                                                                         {"removesuffix", kt_str_removesuffix}};
    for (const auto& [name, function] : strips)
        all[std::string("str.") + name] = [function = function](Call& c) { return give(function(c.s(0), c.s(1))); };
    const std::pair<const char*, uint8_t (*)(KtStr*)> tests[] = {
        {"isalpha", kt_str_isalpha},           {"isdigit", kt_str_isdigit},         {"isdecimal", kt_str_isdecimal},
        {"isnumeric", kt_str_isnumeric},       {"isalnum", kt_str_isalnum},         {"isspace", kt_str_isspace},
        {"isupper", kt_str_isupper},           {"islower", kt_str_islower},         {"istitle", kt_str_istitle},
        {"isidentifier", kt_str_isidentifier}, {"isprintable", kt_str_isprintable}, {"isascii", kt_str_isascii}};
    for (const auto& [name, function] : tests)
        all[std::string("str.") + name] = [function = function](Call& c) { return give_bool(function(c.s(0))); };
    all["str.split"] = [](Call& c) { return status<KtList*>(kt_str_split, c.s(0), c.s(1), c.i(2, -1)); };
    all["str.rsplit"] = [](Call& c) { return status<KtList*>(kt_str_rsplit, c.s(0), c.s(1), c.i(2, -1)); };
    all["str.splitlines"] = [](Call& c) { return give(kt_str_splitlines(c.s(0), c.b(1))); };
    all["str.expandtabs"] = [](Call& c) { return give(kt_str_expandtabs(c.s(0), c.i(1, 8))); };
    all["str.encode"] = [](Call& c) { return status<KtBytes*>(kt_str_encode, c.s(0), c.s(1), c.s(2)); };
    all["list"] = [](Call& c) { return give(kt_list_from_str(c.s(0))); };
    const auto triple = [](int32_t (*function)(KtStr*, KtStr*, void*)) {
        return [function](Call& c) {
            KtStr* parts[3];
            return function(c.s(0), c.s(1), parts) == KT_OK ? give_triple(parts) : taken();
        };
    };
    all["str.partition"] = triple(kt_str_partition);
    all["str.rpartition"] = triple(kt_str_rpartition);
    all["str.replace"] = [](Call& c) { return status<KtStr*>(kt_str_replace, c.s(0), c.s(1), c.s(2), c.i(3, -1)); };
    all["str.count"] = [](Call& c) { return give(kt_str_count(c.s(0), c.s(1), c.i(2), c.i(3))); };
    all["str.find"] = [](Call& c) { return give(kt_str_find(c.s(0), c.s(1), c.i(2), c.i(3))); };
    all["str.rfind"] = [](Call& c) { return give(kt_str_rfind(c.s(0), c.s(1), c.i(2), c.i(3))); };
    all["str.index"] = [](Call& c) { return status<int64_t>(kt_str_find_index, c.s(0), c.s(1), c.i(2), c.i(3)); };
    all["str.startswith"] = [](Call& c) { return give_bool(kt_str_startswith(c.s(0), c.s(1), c.i(2), c.i(3))); };
    all["str.endswith"] = [](Call& c) { return give_bool(kt_str_endswith(c.s(0), c.s(1), c.i(2), c.i(3))); };
    all["str.center"] = [](Call& c) { return status<KtStr*>(kt_str_center, c.s(0), c.i(1), c.s(2)); };
    all["str.ljust"] = [](Call& c) { return status<KtStr*>(kt_str_ljust, c.s(0), c.i(1), c.s(2)); };
    all["str.rjust"] = [](Call& c) { return status<KtStr*>(kt_str_rjust, c.s(0), c.i(1), c.s(2)); };
    all["str.zfill"] = [](Call& c) { return give(kt_str_zfill(c.s(0), c.i(1))); };
    all["index"] = [](Call& c) { return status<KtStr*>(kt_str_index, c.s(0), c.i(1)); };
    all["str.format"] = [](Call& c) {
        return status<KtStr*>(kt_str_format, c.s(0), c.values.dynamics(c.args[1][1]), nullptr);
    };
    all["str.format_map"] = [](Call& c) {
        const Ref<KtDict> named(kt_dict_new(type_dict_str_dynamic()));
        for (const auto& item : c.args[1][1]) {
            auto* key = reinterpret_cast<KtStr*>(c.values.make(item[0]).payload);
            const KtValue value = c.values.make(item[1]);
            EXPECT_EQ(kt_dict_set(named.get(), &key, &value), KT_OK);
        }
        return status<KtStr*>(kt_str_format, c.s(0), nullptr, named.get());
    };
    all["percent"] = [](Call& c) { return status<KtStr*>(kt_str_percent, c.s(0), c.values.dynamics(c.args[1][1])); };
    all["percent_map"] = [](Call& c) {
        return status<KtStr*>(kt_str_percent, c.s(0), c.values.dynamics(Json::array({c.args[1]})));
    };
}

void add_bytes_operations(std::map<std::string, Operation>& all) {
    all["bytes.decode"] = [](Call& c) { return status<KtStr*>(kt_bytes_decode, c.y(0), c.s(1), c.s(2)); };
    all["bytes.hex"] = [](Call& c) { return give(kt_bytes_hex(c.y(0))); };
    all["bytes.split"] = [](Call& c) { return status<KtList*>(kt_bytes_split, c.y(0), c.y(1), c.i(2, -1)); };
    all["bytes.strip"] = [](Call& c) { return give(kt_bytes_strip(c.y(0), nullptr)); };
    all["bytes.replace"] = [](Call& c) {
        return status<KtBytes*>(kt_bytes_replace, c.y(0), c.y(1), c.y(2), int64_t{-1});
    };
    all["bytes.upper"] = [](Call& c) { return give(kt_bytes_upper(c.y(0))); };
    all["bytes.find"] = [](Call& c) { return give(kt_bytes_find(c.y(0), c.y(1), c.i(2), c.i(3))); };
    all["bytes.count"] = [](Call& c) { return give(kt_bytes_count(c.y(0), c.y(1), c.i(2), c.i(3))); };
    all["bytes.fromhex"] = [](Call& c) { return status<KtBytes*>(kt_bytes_from_hex, c.s(0)); };
    all["to_bytes"] = [](Call& c) { return status<KtBytes*>(kt_int_to_bytes, c.i(0), c.i(1), c.s(2), c.b(3)); };
    all["from_bytes"] = [](Call& c) { return status<int64_t>(kt_int_from_bytes, c.y(0), c.s(1), c.b(2)); };
}

void add_list_operations(std::map<std::string, Operation>& all) {
    all["slice"] = [](Call& c) {
        if (c.is(0, "s")) return status<KtStr*>(kt_str_slice, c.s(0), c.i(1), c.i(2), c.i(3));
        return status<KtList*>(kt_list_slice, c.values.typed_list(c.args[0][1], &kt_type_int), c.i(1), c.i(2), c.i(3));
    };
    all["set_slice"] = [](Call& c) {
        KtList* list = c.values.typed_list(c.args[0][1], &kt_type_int);
        KtList* more = c.values.typed_list(c.args[4][1], &kt_type_int);
        return kt_list_set_slice(list, c.i(1), c.i(2), c.i(3), more) == KT_OK ? shown(list) : taken();
    };
    all["del_slice"] = [](Call& c) {
        KtList* list = c.values.typed_list(c.args[0][1], &kt_type_int);
        return kt_list_del_slice(list, c.i(1), c.i(2), c.i(3)) == KT_OK ? shown(list) : taken();
    };
    const auto sorted = [](bool reverse) {
        return [reverse](Call& c) {
            // Of their own type where all elements share one: the specialised sorts.
            const Json& items = c.args[0][1];
            bool same_kind = true;
            for (const auto& item : items) same_kind = same_kind && item[0] == items[0][0];
            const KtTypeInfo* element = &kt_type_dynamic;
            if (same_kind && items[0][0] == "i") element = &kt_type_int;
            if (same_kind && items[0][0] == "f") element = &kt_type_float;
            if (same_kind && items[0][0] == "s") element = &kt_type_str;
            KtList* list = element == &kt_type_dynamic ? c.values.dynamics(items) : c.values.typed_list(items, element);
            return kt_list_sort(list, reverse) == KT_OK ? shown(list) : taken();
        };
    };
    all["sorted"] = sorted(false);
    all["sorted_reverse"] = sorted(true);
    const auto by_first = [](bool reverse) {
        return [reverse](Call& c) {
            KtList* list = c.values.dynamics(c.args[0][1]);
            Json keys = Json::array();
            for (const auto& item : c.args[0][1]) keys.push_back(item[1][0]);
            return kt_list_sort_by(list, c.values.typed_list(keys, &kt_type_int), reverse) == KT_OK ? shown(list)
                                                                                                    : taken();
        };
    };
    all["sorted_by_first"] = by_first(false);
    all["sorted_by_first_reverse"] = by_first(true);
}

void add_number_operations(std::map<std::string, Operation>& all) {
    const auto arithmetic = [](auto on_ints, auto on_floats) {
        return [=](Call& c) {
            if (c.is(0, "i") && c.is(1, "i")) return status<int64_t>(on_ints, c.i(0), c.i(1));
            return status<double>(on_floats, c.f(0), c.f(1));
        };
    };
    all["//"] = arithmetic(kt_int_floordiv, kt_float_floordiv);
    all["%"] = arithmetic(kt_int_mod, kt_float_mod);
    all["**"] = arithmetic(kt_int_pow, kt_float_pow);
    all["/"] = [](Call& c) {
        if (c.is(0, "i") && c.is(1, "i")) return status<double>(kt_int_truediv, c.i(0), c.i(1));
        return status<double>(kt_float_div, c.f(0), c.f(1));
    };
    all["<<"] = [](Call& c) { return status<int64_t>(kt_int_lshift, c.i(0), c.i(1)); };
    all[">>"] = [](Call& c) { return status<int64_t>(kt_int_rshift, c.i(0), c.i(1)); };
    all["powmod"] = [](Call& c) { return status<int64_t>(kt_int_pow_mod, c.i(0), c.i(1), c.i(2)); };
    all["compare"] = [](Call& c) { return give(kt_int_float_compare(c.i(0), c.f(1))); };
    all["bin"] = [](Call& c) { return give(kt_int_bin(c.i(0))); };
    all["oct"] = [](Call& c) { return give(kt_int_oct(c.i(0))); };
    all["hex"] = [](Call& c) { return give(kt_int_hex(c.i(0))); };
    all["bit_length"] = [](Call& c) { return give(kt_int_bit_length(c.i(0))); };
    all["bit_count"] = [](Call& c) { return give(kt_int_bit_count(c.i(0))); };
    all["float.hex"] = [](Call& c) { return give(kt_float_hex(c.f(0))); };
    all["hash"] = [](Call& c) { return give(c.is(0, "i") ? kt_int_hash(c.i(0)) : kt_float_hash(c.f(0))); };
    all["round"] = [](Call& c) {
        if (c.is(0, "i")) return status<int64_t>(kt_int_round, c.i(0), c.i(1));
        if (c.count() == 1) return status<int64_t>(kt_float_round, c.f(0));
        return status<double>(kt_float_round_digits, c.f(0), c.i(1));
    };
    all["int"] = [](Call& c) {
        if (c.is(0, "f")) return status<int64_t>(kt_int_from_float, c.f(0));
        return status<int64_t>(kt_int_from_str, c.s(0), c.i(1));
    };
    all["float"] = [](Call& c) { return status<double>(kt_float_from_str, c.s(0)); };
    const std::pair<const char*, int32_t (*)(double, double*)> functions[] = {
        {"sqrt", kt_math_sqrt},   {"exp", kt_math_exp},     {"log", kt_math_log},   {"log2", kt_math_log2},
        {"log10", kt_math_log10}, {"log1p", kt_math_log1p}, {"sin", kt_math_sin},   {"cos", kt_math_cos},
        {"tan", kt_math_tan},     {"asin", kt_math_asin},   {"acos", kt_math_acos}, {"atan", kt_math_atan},
        {"sinh", kt_math_sinh},   {"cosh", kt_math_cosh},   {"tanh", kt_math_tanh}};
    for (const auto& [name, function] : functions)
        all[std::string("math.") + name] = [function = function](Call& c) { return status<double>(function, c.f(0)); };
    const std::pair<const char*, int32_t (*)(double, int64_t*)> whole[] = {
        {"floor", kt_math_floor}, {"ceil", kt_math_ceil}, {"trunc", kt_math_trunc}};
    for (const auto& [name, function] : whole)
        all[std::string("math.") + name] = [function = function](Call& c) { return status<int64_t>(function, c.f(0)); };
    all["math.factorial"] = [](Call& c) { return status<int64_t>(kt_math_factorial, c.i(0)); };
    all["math.isqrt"] = [](Call& c) { return status<int64_t>(kt_math_isqrt, c.i(0)); };
    all["math.comb"] = [](Call& c) { return status<int64_t>(kt_math_comb, c.i(0), c.i(1)); };
}

void add_value_operations(std::map<std::string, Operation>& all) {
    all["repr"] = [](Call& c) {
        const KtValue value = c.any(0);
        return status<KtStr*>(kt_repr, &kt_type_dynamic, &value);
    };
    all["str"] = [](Call& c) {
        const KtValue value = c.any(0);
        return status<KtStr*>(kt_str, &kt_type_dynamic, &value);
    };
    all["ascii"] = [](Call& c) {
        const KtValue value = c.any(0);
        return status<KtStr*>(kt_ascii, &kt_type_dynamic, &value);
    };
    all["bool"] = [](Call& c) {
        const KtValue value = c.any(0);
        return status_bool(kt_truth, &kt_type_dynamic, &value);
    };
    all["format"] = [](Call& c) {
        const KtValue value = c.any(0);
        return status<KtStr*>(kt_format, &kt_type_dynamic, &value, c.s(1));
    };
    all["=="] = [](Call& c) {
        const KtValue a = c.any(0);
        const KtValue b = c.any(1);
        return status_bool(kt_eq, &kt_type_dynamic, &a, &b);
    };
    all["<"] = [](Call& c) {
        const KtValue a = c.any(0);
        const KtValue b = c.any(1);
        return status_bool(kt_compare, &kt_type_dynamic, &a, &b, int64_t{0});
    };
}

TEST(Runtime, AnswersAsCPython) {
    std::ifstream file(KAYTON_SOURCE_DIR "/tests/unit/worker/cpython_cases.json");
    ASSERT_TRUE(file) << "tests/unit/worker/cpython_cases.json is not there";
    const Json cases = Json::parse(file);
    ASSERT_GT(cases.size(), 10000u);
    std::map<std::string, Operation> operations;
    add_str_operations(operations);
    add_bytes_operations(operations);
    add_list_operations(operations);
    add_number_operations(operations);
    add_value_operations(operations);
    for (const auto& entry : cases) {
        const auto operation = operations.find(entry["op"].get<std::string>());
        ASSERT_NE(operation, operations.end()) << entry["op"];
        Call call{entry["args"], {}};
        const std::string got = operation->second(call);
        std::string wanted = expected(entry);
        // A result past 64 bits is no case; a NaN's sign does not show.
        EXPECT_EQ(got, wanted) << entry.dump();
        EXPECT_EQ(vm.pending, nullptr);
    }
}

}  // namespace
}  // namespace kayton::testing
