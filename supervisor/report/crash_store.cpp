#include "supervisor/report/crash_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "shared/text_file.h"
#include "shared/unique_fd.h"

namespace kayton {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

tl::unexpected<Error> failure(const std::filesystem::path& file) {
    return fail(ErrorKind::kSystem, "cannot write " + file.string() + ": " + std::strerror(errno));
}

// The time in UTC, for people and, to the microsecond, for names that sort by it.
struct Stamp {
    std::string readable;
    std::string sortable;
};
Stamp stamp_of_now() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    tm parts{};
    ::gmtime_r(&now.tv_sec, &parts);
    std::array<char, 32> readable{};
    std::array<char, 32> sortable{};
    (void)std::strftime(readable.data(), readable.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    (void)std::strftime(sortable.data(), sortable.size(), "%Y%m%dT%H%M%S", &parts);
    return {readable.data(), fmt::format("{}.{:06}", sortable.data(), now.tv_nsec / 1000)};
}

std::string native_in_words(const NativePlace& place) {
    const std::string where = place.crate.empty() ? place.library : place.crate + " " + place.version;
    return fmt::format("{:<24}  {}", where, place.function.empty() ? "?" : place.function);
}

}  // namespace

Result<void> keep_crash(const std::filesystem::path& folder, StoredCrash crash) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return fail(ErrorKind::kSystem, "cannot make " + folder.string() + ": " + error.message());
    }
    const Stamp stamp = stamp_of_now();
    crash.time = stamp.readable;
    const std::string name = fmt::format("{}-{}", stamp.sortable, ::getpid());
    const std::filesystem::path draft = folder / ("." + name);
    {
        const UniqueFd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        const std::string text = to_json(crash) + "\n";
        if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            auto failed = failure(draft);
            ::unlink(draft.c_str());
            return failed;
        }
    }
    if (::rename(draft.c_str(), (folder / (name + ".json")).c_str()) != 0) {
        auto failed = failure(folder / (name + ".json"));
        ::unlink(draft.c_str());
        return failed;
    }
    const auto files = kept_crashes(folder);
    for (size_t index = kKeptCrashes; index < files.size(); ++index) {
        std::filesystem::remove(files[index], error);
    }
    return {};
}

std::vector<std::filesystem::path> kept_crashes(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() == ".json") {
            files.push_back(entry->path());
        }
    }
    std::sort(files.rbegin(), files.rend());
    return files;
}

std::string to_json(const StoredCrash& crash) {
    const CrashReport& report = crash.report;
    json kayton = json::array();
    for (const KaytonFrame& frame : report.kayton) {
        kayton.push_back({{"file", frame.place.file},
                          {"line", frame.place.line},
                          {"function", frame.place.function},
                          {"text", frame.text}});
    }
    json native = json::array();
    for (const NativePlace& place : report.native) {
        native.push_back({{"crate", place.crate},
                          {"version", place.version},
                          {"function", place.function},
                          {"library", place.library}});
    }
    const json all{{"format", kFormat},
                   {"time", crash.time},
                   {"command", crash.command},
                   {"folder", crash.folder},
                   {"environment", crash.environment},
                   {"memory_limit", crash.memory_limit},
                   {"summary", report.summary},
                   {"cause", report.cause},
                   {"meaning", report.meaning},
                   {"crate", report.crate},
                   {"version", report.version},
                   {"function", report.function},
                   {"kayton_frames", kayton},
                   {"native_frames", native}};
    // Names in a crate's symbols may be any bytes.
    return all.dump(2, ' ', false, json::error_handler_t::replace);
}

Result<StoredCrash> read_crash(const std::filesystem::path& file) {
    auto text = read_text_file(file);
    if (!text) {
        return tl::unexpected(std::move(text.error()));
    }
    const json all = json::parse(*text, nullptr, false);
    if (!all.is_object() || all.value("format", 0) != kFormat) {
        return fail(ErrorKind::kInput, file.string() + " is not a crash report of this version", "remove it");
    }
    try {
        StoredCrash crash;
        CrashReport& report = crash.report;
        for (const auto& [name, field] : {std::pair<const char*, std::string*>{"time", &crash.time},
                                          {"command", &crash.command},
                                          {"folder", &crash.folder},
                                          {"environment", &crash.environment},
                                          {"summary", &report.summary},
                                          {"cause", &report.cause},
                                          {"meaning", &report.meaning},
                                          {"crate", &report.crate},
                                          {"version", &report.version},
                                          {"function", &report.function}}) {
            *field = all.value(name, std::string());
        }
        crash.memory_limit = all.value("memory_limit", uint64_t{0});
        for (const json& frame : all.value("kayton_frames", json::array())) {
            report.kayton.push_back(
                {{frame.at("function"), frame.at("file"), frame.at("line").get<uint32_t>()}, frame.at("text")});
        }
        for (const json& place : all.value("native_frames", json::array())) {
            report.native.push_back(
                {place.at("crate"), place.at("version"), place.at("function"), place.at("library")});
        }
        return crash;
    } catch (const json::exception&) {
        return fail(ErrorKind::kInput, file.string() + " is a damaged crash report", "remove it");
    }
}

std::string render_crash(const StoredCrash& crash) {
    const CrashReport& report = crash.report;
    std::string text = fmt::format("{}  {}\nin {}, environment '{}'\n\n{}\n", crash.time, crash.command, crash.folder,
                                   crash.environment, report.cause);
    if (!report.meaning.empty()) {
        text += "  what       " + report.meaning + "\n";
    }
    if (!report.crate.empty()) {
        text += fmt::format("  crate      {} {}\n", report.crate, report.version);
    }
    if (!report.function.empty()) {
        text += "  function   " + report.function + "\n";
    }
    if (crash.memory_limit != 0) {
        text += fmt::format("  memory     at most {} MB (--max-memory)\n", crash.memory_limit / 1'000'000);
    }
    if (!report.kayton.empty()) {
        text += "\nKayton frames, innermost first\n";
    }
    for (const KaytonFrame& frame : report.kayton) {
        text += fmt::format("  {}:{} in {}\n", frame.place.file, frame.place.line, frame.place.function);
        if (!frame.text.empty()) {
            text += "      " + frame.text + "\n";
        }
    }
    if (!report.native.empty()) {
        text += "\nNative frames, innermost first, as the stack shows them\n";
    }
    for (const NativePlace& place : report.native) {
        text += "  " + native_in_words(place) + "\n";
    }
    return text;
}

}  // namespace kayton
