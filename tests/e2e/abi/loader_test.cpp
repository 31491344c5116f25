// Loads real plugins through the real bridge into a VM, and calls what they registered; and refuses damaged ones.
// KAYTON_ABI_FOLDER is what build_plugins.py made.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "shared/manifest.h"
#include "worker/plugins/plugin_loader.h"
#include "worker/plugins/startup.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/leak_check.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/str.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/vm_state.h"

namespace kayton {
namespace {

const std::filesystem::path kFolder = KAYTON_ABI_FOLDER;

std::filesystem::path plugin_file(const std::string& name) {
    std::string target;
    std::ifstream(kFolder / "target_triple") >> target;
    return kFolder / "env" / "libs" / name / "0.1.0" / target / "plugin.so";
}

// One VM a process, as in a worker: plugins keep the context they were registered with.
struct Host {
    Vm vm;
    PluginLoader loader{vm, kFolder / "env" / "toolchain" / "lib" / "libkayton_bridge.so"};
};

Host& host() {
    static Host instance;
    return instance;
}

std::string take_exception() {
    Ref<KtException> exception(kt_exception_take());
    if (!exception) return "no exception";
    return std::string(exception->base.type->name) + ": " + exception_text(exception.get());
}

// A function of plugin_hello, fetched by name and signature as start-up code does.
template <typename... Args>
auto fetch(const char* name, const char* signature) {
    using Thunk = int32_t (*)(Args...);
    const auto loaded = host().loader.load("plugin_hello", plugin_file("plugin_hello"));
    EXPECT_TRUE(loaded) << loaded.error().message;
    const void* slot = nullptr;
    const auto fetched = host().loader.fetch({name, signature_id(signature), &slot});
    EXPECT_TRUE(fetched) << fetched.error().message;
    return reinterpret_cast<Thunk>(const_cast<void*>(slot));
}

std::string refusal(const std::string& name) {
    const auto loaded = host().loader.load(name, plugin_file(name));
    return loaded ? "loaded" : loaded.error().class_name + ": " + loaded.error().message;
}

TEST(Plugin, FunctionsAreCalledThroughTheirThunks) {
    const auto add = fetch<int64_t, int64_t, int64_t*>("plugin_hello.add", "(int, int) -> int");
    int64_t sum = 0;
    ASSERT_EQ(add(40, 2, &sum), KT_OK);
    EXPECT_EQ(sum, 42);

    const auto greet = fetch<KtStr*, KtStr**>("plugin_hello.greet", "(str) -> str");
    const Ref<KtStr> name(str_new("Jürgen"));
    Ref<KtStr> text;
    ASSERT_EQ(greet(name.get(), text.out()), KT_OK);
    EXPECT_EQ(view(text.get()), "Hello, Jürgen!");
    EXPECT_EQ(text->length, 14);
}

TEST(Plugin, ErrorsBecomeTheModulesError) {
    const auto divide = fetch<double, double, double*>("plugin_hello.divide", "(float, float) -> float");
    double quotient = 0;
    ASSERT_EQ(divide(1, 4, &quotient), KT_OK);
    EXPECT_EQ(quotient, 0.25);
    ASSERT_EQ(divide(1, 0, &quotient), KT_ERROR);
    EXPECT_EQ(take_exception(), "plugin_hello.Error: cannot divide 1 by zero");
    const KtTypeInfo* error = intern_type("plugin_hello.Error");
    ASSERT_NE(error, nullptr);
    EXPECT_TRUE(is_subclass(error, exception_type(Exc::Exception)));
}

TEST(Plugin, APanicIsAnExceptionWithItsPlace) {
    const auto panic_now = fetch<uint8_t*>("plugin_hello.panic_now", "() -> None");
    uint8_t none = 0;
    testing::internal::CaptureStderr();
    ASSERT_EQ(panic_now(&none), KT_PANIC);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "the exception says it, nothing is printed";
    const std::string said = take_exception();
    EXPECT_NE(said.find("RustPanic: this plugin panics on purpose (at src/hostile.rs:"), std::string::npos) << said;
}

TEST(Plugin, SlicesOptionsAndTuples) {
    const auto position = fetch<KtList*, int64_t, KtValue*>("plugin_hello.position", "(list[int], int) -> int | None");
    Ref<KtList> numbers(kt_list_new(type_list_int(), 3));
    for (int64_t number : {7, 8, 9}) kt_list_append(numbers.get(), &number);
    KtValue found{};
    ASSERT_EQ(position(numbers.get(), 9, &found), KT_OK);
    EXPECT_EQ(found.type, &kt_type_int);
    EXPECT_EQ(found.payload, 2u);
    ASSERT_EQ(position(numbers.get(), 1, &found), KT_OK);
    EXPECT_EQ(found.type, &kt_type_none);

    const auto measure = fetch<KtList*, KtList**>("plugin_hello.measure", "(list[str]) -> list[tuple[str, int]]");
    Ref<KtList> words(kt_list_new(type_list_str(), 1));
    const Ref<KtStr> word(str_new("größe"));
    KtStr* item = word.get();
    kt_list_append(words.get(), &item);
    Ref<KtList> measured;
    ASSERT_EQ(measure(words.get(), measured.out()), KT_OK);
    const KtList* list = measured.get();
    Ref<KtStr> shown;
    ASSERT_EQ(kt_repr(list->base.type, &list, shown.out()), KT_OK);
    EXPECT_EQ(view(shown.get()), "[('größe', 7)]");
}

TEST(Plugin, HandlesAreBorrowedMovedAndShown) {
    const auto make = fetch<int64_t, KtHandle**>("plugin_hello.Counter.new", "(int) -> plugin_hello.Counter");
    const auto advance = fetch<KtHandle*, int64_t*>("plugin_hello.Counter.advance", "(plugin_hello.Counter) -> int");
    const auto absorb = fetch<KtHandle*, KtHandle*, uint8_t*>("plugin_hello.Counter.absorb",
                                                              "(plugin_hello.Counter, plugin_hello.Counter) -> None");
    const auto with_step = fetch<KtHandle*, int64_t, KtHandle**>("plugin_hello.Counter.with_step",
                                                                 "(plugin_hello.Counter, int) -> plugin_hello.Counter");
    const auto value = fetch<KtHandle*, int64_t*>("plugin_hello.Counter.value", "(plugin_hello.Counter) -> int");
    Ref<KtHandle> counter;
    Ref<KtHandle> other;
    ASSERT_EQ(make(5, counter.out()), KT_OK);
    ASSERT_EQ(make(7, other.out()), KT_OK);
    int64_t at = 0;
    ASSERT_EQ(advance(counter.get(), &at), KT_OK);
    EXPECT_EQ(at, 5);
    Ref<KtHandle> same_one;
    ASSERT_EQ(with_step(counter.get(), 100, same_one.out()), KT_OK);
    EXPECT_EQ(same_one.get(), counter.get());
    EXPECT_EQ(counter->base.refcount, 2);
    ASSERT_EQ(advance(other.get(), &at), KT_OK);

    uint8_t none = 0;
    ASSERT_EQ(absorb(counter.get(), counter.get(), &none), KT_ERROR);
    EXPECT_EQ(take_exception(), "BorrowError: this plugin_hello.Counter is mutably borrowed");
    ASSERT_EQ(absorb(counter.get(), other.get(), &none), KT_OK);
    ASSERT_EQ(value(counter.get(), &at), KT_OK);
    EXPECT_EQ(at, 12);
    ASSERT_EQ(advance(other.get(), &at), KT_ERROR);
    EXPECT_EQ(take_exception(), "UseAfterMoveError: this plugin_hello.Counter was moved into Counter.absorb");
    EXPECT_EQ(counter->borrow, 0);

    const KtHandle* shown = counter.get();
    Ref<KtStr> text;
    ASSERT_EQ(kt_str(shown->base.type, &shown, text.out()), KT_OK);
    EXPECT_EQ(view(text.get()), "at 12");
    Ref<KtStr> debug;
    ASSERT_EQ(kt_repr(shown->base.type, &shown, debug.out()), KT_OK);
    EXPECT_EQ(view(debug.get()), "Counter { value: 12, step: 100 }");
}

TEST(Plugin, IteratorsStopAndEnumsCompare) {
    const auto make = fetch<int64_t, KtHandle**>("plugin_hello.Countdown.new", "(int) -> plugin_hello.Countdown");
    const auto next = fetch<KtHandle*, int64_t*>("plugin_hello.Countdown.__next__", "(plugin_hello.Countdown) -> int");
    Ref<KtHandle> countdown;
    ASSERT_EQ(make(2, countdown.out()), KT_OK);
    int64_t item = 0;
    EXPECT_EQ(next(countdown.get(), &item), KT_OK);
    EXPECT_EQ(item, 2);
    EXPECT_EQ(next(countdown.get(), &item), KT_OK);
    EXPECT_EQ(next(countdown.get(), &item), KT_STOP);
    EXPECT_EQ(item, 1);

    const auto red = fetch<KtHandle**>("plugin_hello.Color.Red", "() -> plugin_hello.Color");
    const auto blue = fetch<KtHandle**>("plugin_hello.Color.Blue", "() -> plugin_hello.Color");
    const auto pigment = fetch<KtHandle*, KtStr**>("plugin_hello.pigment", "(plugin_hello.Color) -> str");
    Ref<KtHandle> first;
    Ref<KtHandle> second;
    Ref<KtHandle> other;
    ASSERT_EQ(red(first.out()), KT_OK);
    ASSERT_EQ(red(second.out()), KT_OK);
    ASSERT_EQ(blue(other.out()), KT_OK);
    const KtTypeInfo* color = first->base.type;
    const KtHandle *a = first.get(), *b = second.get(), *c = other.get();
    uint8_t equal = 0;
    ASSERT_EQ(kt_eq(color, &a, &b, &equal), KT_OK);
    EXPECT_TRUE(equal);
    ASSERT_EQ(kt_eq(color, &a, &c, &equal), KT_OK);
    EXPECT_FALSE(equal);
    Ref<KtStr> text;
    ASSERT_EQ(pigment(other.get(), text.out()), KT_OK);
    EXPECT_EQ(view(text.get()), "cobalt");
}

TEST(Plugin, NothingIsLeftBehind) {
    vm.leak_check = true;
    const int64_t before = live_objects();
    const auto make = fetch<int64_t, KtHandle**>("plugin_hello.Counter.new", "(int) -> plugin_hello.Counter");
    const auto finish = fetch<KtHandle*, int64_t*>("plugin_hello.Counter.finish", "(plugin_hello.Counter) -> int");
    for (int i = 0; i < 1000; ++i) {
        Ref<KtHandle> counter;
        ASSERT_EQ(make(1, counter.out()), KT_OK);
        int64_t last = 0;
        if (i % 2 == 0) {
            ASSERT_EQ(finish(counter.get(), &last), KT_OK);
        }
    }
    EXPECT_EQ(live_objects(), before);
}

TEST(Plugin, ACallCostsNanoseconds) {
    const auto add = fetch<int64_t, int64_t, int64_t*>("plugin_hello.add", "(int, int) -> int");
    constexpr int kCalls = 1000000;
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
        const auto start = std::chrono::steady_clock::now();
        int64_t sum = 0;
        for (int i = 0; i < kCalls; ++i) ASSERT_EQ(add(sum, i, &sum), KT_OK);
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() / kCalls);
    }
    std::printf("a call: %.2f ns\n", best);
    EXPECT_LT(best, 20.0);
}

TEST(Plugin, TheManifestSaysWhatWasRegistered) {
    ASSERT_TRUE(host().loader.load("plugin_hello", plugin_file("plugin_hello")));
    const auto json = host().loader.manifest("plugin_hello");
    ASSERT_TRUE(json) << json.error().message;
    const auto manifest = parse_manifest(*json, "plugin_hello");
    ASSERT_TRUE(manifest) << manifest.error().message;
    EXPECT_EQ(manifest->crate, "plugin_hello");
    EXPECT_EQ(manifest->abi_version, KAYTON_PLUGIN_ABI_VERSION);
    EXPECT_GE(manifest->functions.size(), 25u);
    for (const ManifestFunction& function : manifest->functions) {
        const void* slot = nullptr;
        const auto fetched = host().loader.fetch({function.stable.c_str(), signature_id(function.signature), &slot});
        EXPECT_TRUE(fetched) << fetched.error().message;
        const bool method = function.receiver != ReceiverMode::kNone;
        EXPECT_EQ(method, !function.params.empty() && function.params.front().name == "self") << function.name;
    }
    for (const ManifestType& type : manifest->types) EXPECT_NE(intern_type(type.name), nullptr) << type.name;
}

TEST(Refusal, OtherAbi) {
    EXPECT_EQ(refusal("abi_three"), "PluginABIError: 'abi_three' built with ABI v3 but host expects v" +
                                        std::to_string(KAYTON_PLUGIN_ABI_VERSION) +
                                        ". Reinstall plugin or switch environment.");
}

TEST(Refusal, OtherCompilerOrTarget) {
    EXPECT_NE(refusal("other_rustc").find("PluginABIError: Library 'other_rustc': "), std::string::npos);
    EXPECT_NE(refusal("other_rustc").find("built by rustc 0123456789abcdef"), std::string::npos);
    EXPECT_NE(refusal("other_target").find("was built for riscv64gc-unknown-linux-gnu"), std::string::npos);
}

TEST(Refusal, DamagedFilesAreNamedAndNeverMapped) {
    const std::map<std::string, std::string> expected = {
        {"truncated_1", "truncated"},   {"truncated_10", "truncated"}, {"truncated_50", "truncated"},
        {"truncated_90", "truncated"},  {"truncated_99", "truncated"}, {"only_magic", "truncated"},
        {"empty", "it is empty"},       {"text", "not an ELF file"},   {"bad_magic", "its build record"},
        {"foreign", "does not export"}, {"absent", "cannot read"},     {"no_entry_points", "kayton_plugin_abi_version"},
    };
    for (const auto& [name, words] : expected) {
        const std::string said = refusal(name);
        EXPECT_EQ(said.rfind("ImportError: Library '" + name + "' cannot be loaded: ", 0), 0u) << said;
        EXPECT_NE(said.find(words), std::string::npos) << said;
        EXPECT_NE(said.find("Run: kik rinstall " + name), std::string::npos) << said;
    }
}

TEST(Refusal, AFolderInPlaceOfAFile) {
    const auto loaded = host().loader.load("folder", kFolder);
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().message.find("directory"), std::string::npos) << loaded.error().message;
}

TEST(Refusal, PanicsOfEntryPointsAreErrors) {
    testing::internal::CaptureStderr();
    const std::string said = refusal("plugin_panics");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_NE(said.find("RustPanic: "), std::string::npos) << said;
    EXPECT_NE(said.find("no registration today (at src/lib.rs:"), std::string::npos) << said;
}

TEST(Refusal, AManifestThatPanics) {
    const auto bridge = Bridge::open(kFolder / "env" / "toolchain" / "lib" / "libkayton_bridge.so");
    ASSERT_TRUE(bridge) << bridge.error().message;
    const auto plugin = bridge->open_plugin(plugin_file("plugin_panics"));
    ASSERT_TRUE(plugin) << plugin.error().message;
    const auto manifest = bridge->manifest(*plugin);
    ASSERT_FALSE(manifest);
    EXPECT_EQ(manifest.error().message, "the plugin could not make its manifest");
}

TEST(Refusal, AnEnvironmentWithoutABridge) {
    Vm fresh;
    PluginLoader loader(fresh, kFolder / "nowhere.so");
    const auto loaded = loader.load("plugin_hello", plugin_file("plugin_hello"));
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().class_name, "ImportError");
    EXPECT_NE(loaded.error().message.find("nowhere.so"), std::string::npos) << loaded.error().message;
}

TEST(StartUp, FillsSlotsOrRaises) {
    set_plugin_loader(&host().loader);
    const std::string path = plugin_file("plugin_hello").string();
    const KtPluginNeed plugins[] = {{"plugin_hello", path.c_str()}};
    const void* add = nullptr;
    KtFunctionNeed functions[] = {{"plugin_hello.add", signature_id("(int, int) -> int"), &add}};
    const KtTypeInfo* type = nullptr;
    const KtTypeNeed types[] = {{"list[plugin_hello.Counter]", &type}};
    const KtStartupTable table{1, plugins, 0, nullptr, 1, types, 1, functions, 0, nullptr};
    ASSERT_EQ(kt_startup(&table), KT_OK) << take_exception();
    EXPECT_NE(add, nullptr);
    ASSERT_NE(type, nullptr);
    EXPECT_STREQ(type->name, "list[plugin_hello.Counter]");

    functions[0].signature_id += 1;
    EXPECT_EQ(kt_startup(&table), KT_ERROR);
    EXPECT_EQ(take_exception(),
              "PluginABIError: 'plugin_hello.add' has another signature in the plugin than in its manifest. "
              "Run: kik rinstall plugin_hello");
    functions[0] = {"plugin_hello.subtract", 0, &add};
    EXPECT_EQ(kt_startup(&table), KT_ERROR);
    EXPECT_EQ(take_exception(),
              "ImportError: Library 'plugin_hello' does not provide 'plugin_hello.subtract', which its manifest "
              "promises. Run: kik rinstall plugin_hello");
}

}  // namespace
}  // namespace kayton
