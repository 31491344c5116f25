// Breaks what the supervisor and kik read from outside at random: crash records, kept crash reports, manifests.
// Whatever comes, reading ends, gives a value or an error, and touches nothing out of bounds.
//   reader_mutation [SEED [SECONDS]]
// The same seed makes the same inputs. Meant to be run under the asan preset too.
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "shared/manifest.h"
#include "supervisor/report/crash_report.h"
#include "supervisor/report/crash_store.h"

namespace {

using namespace kayton;
using Random = std::mt19937_64;

constexpr uint64_t kCode = 0x5555'0000'0000;
constexpr size_t kArena = size_t{1} << 20;

unsigned long long current_seed = 0;
unsigned long long current_round = 0;
const char* current_target = "";

extern "C" void on_fatal_signal(int signal) {
    std::fprintf(stderr, "seed %llu, round %llu, %s: %s\n", current_seed, current_round, current_target,
                 signal == SIGALRM ? "took too long" : "crashed");
    ::_exit(1);
}

void mutate(Random& random, std::string& text) {
    const size_t changes = 1 + random() % 8;
    for (size_t change = 0; change < changes && !text.empty(); ++change) {
        const size_t at = random() % text.size();
        switch (random() % 16) {
            case 0: text.resize(at); break;
            case 1:
            case 2: text.erase(at, 1 + random() % 16); break;
            case 3:
            case 4: text.insert(at, text.substr(random() % text.size(), random() % 64)); break;
            case 5:
            case 6: text.insert(at, 1, "{}[],:\"0-e\\"[random() % 11]); break;
            default: text[at] = static_cast<char>(random() % 2 == 0 ? random() : random() % 95 + 32); break;
        }
    }
}

// A record as a worker may leave it, pointing into the arena and into this very program, which plays the plugin.
class CrashRecords {
  public:
    CrashRecords() : arena_(*CodeArena::create(kArena, kArena)), folder_(make_folder()) {
        if (!arena_.attach(kCode, kCode + kArena)) {
            std::exit(1);
        }
        const auto block = arena_.allocate_code(4096);
        std::memset(block->local, 0xE8, 4096);
        code_.add({block->remote, 4096, "provoke", "prog.kay", {{block->remote, 3}, {block->remote + 100, 5}}});
        std::filesystem::create_symlink("/proc/self/exe", folder_ / "plugin.so");
        InstalledPlugin plugin;
        plugin.crate = plugin.package = "fuzz";
        plugin.version = "1.0.0";
        plugin.target = "target";
        plugin.abi_version = 1;
        plugin.folder = folder_;
        plugins_ = {plugin};
        std::ifstream maps("/proc/self/maps");
        for (std::string line; std::getline(maps, line);) {
            if (line.find(" r-xp ") != std::string::npos && line.find('/') != std::string::npos) {
                maps_ += line + "\n";
            }
        }
    }
    CrashRecords(const CrashRecords&) = delete;
    CrashRecords& operator=(const CrashRecords&) = delete;
    ~CrashRecords() { std::filesystem::remove_all(folder_); }

    // True when the report names a Kayton line: not every record is pure nonsense.
    bool read(Random& random) {
        WorkerEnd end;
        end.reason = random() % 4 == 0 ? EndReason::kExited : EndReason::kSignal;
        end.process = {end.reason == EndReason::kSignal, SIGSEGV};
        end.crash = std::make_unique<CrashPage>();
        CrashPage& page = *end.crash;
        page.signal = end.reason == EndReason::kSignal ? SIGSEGV : 0;
        page.code = static_cast<int32_t>(random() % 4) - 2;
        page.is_write = static_cast<int32_t>(random() % 3) - 1;
        page.on_main_thread = static_cast<int32_t>(random() % 2);
        page.address = address(random);
        page.pc = address(random);
        page.sp = address(random);
        page.frame_count = fill(random, page.frames, kCrashMaxFrames);
        page.code_word_count = fill(random, page.code_words, kCrashMaxCodeWords);
        page.stack_words = fill(random, page.stack, kCrashStackWords / 16);
        std::string maps = maps_;
        if (random() % 2 == 0) {
            mutate(random, maps);
        }
        page.maps_size = static_cast<uint32_t>(std::min<size_t>(maps.size(), kCrashMapsCapacity));
        std::memcpy(page.maps, maps.data(), page.maps_size);
        const CrashReport report = read_end(end, plugins_, arena_, code_);
        StoredCrash stored;
        stored.report = report;
        (void)render_crash(stored);
        (void)to_json(stored);
        return !report.kayton.empty();
    }

  private:
    static std::filesystem::path make_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "kayton-fuzz-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            std::perror(name.c_str());
            std::exit(1);
        }
        return name;
    }
    static uint64_t address(Random& random) {
        switch (random() % 5) {
            case 0: return kCode + random() % (2 * kArena);
            case 1: return reinterpret_cast<uint64_t>(&on_fatal_signal) + random() % 65536;
            case 2: return random() % 8192;
            case 3: return UINT64_MAX - random() % 16;
            default: return random();
        }
    }
    static uint32_t fill(Random& random, uint64_t* words, uint32_t capacity) {
        const auto count = static_cast<uint32_t>(random() % (capacity + 1));
        for (uint32_t index = 0; index < count; ++index) {
            words[index] = address(random);
        }
        return count;
    }

    CodeArena arena_;
    CodeTable code_;
    std::filesystem::path folder_;
    std::vector<InstalledPlugin> plugins_;
    std::string maps_;
};

std::string sample_manifest() {
    Manifest manifest;
    manifest.crate = manifest.package = "foo";
    manifest.version = "1.2.0";
    manifest.abi_version = 1;
    manifest.features = {"std"};
    manifest.types = {{"foo.T", "foo::T", "enum", true, false, true, true, false, {"A", "B"}, {"A", "B", "C"}, {"foo.G"}, {"float"}, "doc"}};
    ManifestFunction function;
    function.name = function.stable = "foo.T.get";
    function.owner = "foo.T";
    function.receiver = ReceiverMode::kExclusive;
    function.params = {{"self", "foo.T"}, {"key", "str"}};
    function.result = "foo.T | None";
    function.borrows = {0};
    function.signature = "(foo.T, str) -> foo.T | None";
    manifest.functions = {function};
    manifest.skipped = {{"foo::from_reader", "R: Read"}};
    return manifest_to_json(manifest);
}

// A kept report, through the file as `kayton crash show` reads it.
class KeptReports {
  public:
    KeptReports() : file_(::memfd_create("report", MFD_CLOEXEC)) {
        StoredCrash crash;
        crash.command = "kayton run prog.kay";
        crash.report.kayton = {{{"f", "prog.kay", 3}, "f()"}};
        crash.report.native = {{"foo", "1.0", "foo::f", "libc.so.6"}};
        good_ = to_json(crash);
    }
    bool read(Random& random) {
        std::string text = good_;
        mutate(random, text);
        if (::ftruncate(file_, 0) != 0 || ::pwrite(file_, text.data(), text.size(), 0) < 0) {
            std::exit(1);
        }
        const auto crash = read_crash("/proc/self/fd/" + std::to_string(file_));
        if (crash) {
            (void)render_crash(*crash);
        }
        return crash.has_value();
    }

  private:
    int file_;
    std::string good_;
};

}  // namespace

int main(int argc, char** argv) {
    current_seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
    const double seconds = argc > 2 ? std::strtod(argv[2], nullptr) : 5.0;
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGALRM}) {
        std::signal(signal, on_fatal_signal);
    }
    Random random(current_seed);
    CrashRecords records;
    KeptReports reports;
    const std::string good_manifest = sample_manifest();
    unsigned long long good[3] = {};
    using Clock = std::chrono::steady_clock;
    const auto begun = Clock::now();
    while (std::chrono::duration<double>(Clock::now() - begun).count() < seconds) {
        ::alarm(30);
        current_target = "crash record";
        good[0] += records.read(random) ? 1 : 0;
        current_target = "kept report";
        good[1] += reports.read(random) ? 1 : 0;
        current_target = "manifest";
        std::string manifest = good_manifest;
        mutate(random, manifest);
        good[2] += parse_manifest(manifest, "fuzz") ? 1 : 0;
        ++current_round;
    }
    std::printf("%llu rounds; read as good: %llu crash records, %llu reports, %llu manifests\n", current_round, good[0],
                good[1], good[2]);
    // Inputs that are all refused, or all accepted, would test half of the readers.
    return current_round > 100 && good[0] > 0 && good[1] > 0 && good[2] > 0 && good[1] < current_round &&
                   good[2] < current_round
               ? 0
               : 1;
}
