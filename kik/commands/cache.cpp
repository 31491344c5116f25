#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/cargo/cache.h"
#include "kik/commands/command.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kParts[] = {"plugins", "target", "doc", "bridge", "std", "work", "logs", "requests"};

Result<fs::path> cache_root() {
    const Result<fs::path> home = kayton_home();
    if (!home) return home;
    return *home / "cache";
}

constexpr const char* kPrograms = "programs";  // beside the toolchains: what kayton run compiled

std::vector<fs::path> folders_in(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
        if (entry.is_directory(error) && entry.path().filename() != kPrograms) found.push_back(entry.path());
    }
    return found;
}

Result<void> dir(Session& session) {
    const Result<fs::path> root = cache_root();
    if (!root) return tl::unexpected<Error>(root.error());
    const Result<fs::path> shared = shared_cache_folder();
    if (!shared) return tl::unexpected<Error>(shared.error());
    Json json{{"path", root->string()}};
    if (!shared->empty()) {
        json["shared"] = shared->string();
        session.console.detail("Shared with other users: " + shared->string());
    }
    session.console.data(session.options.json ? json.dump(2) + "\n" : root->string() + "\n");
    return {};
}

Result<void> size(Session& session) {
    const Result<fs::path> root = cache_root();
    if (!root) return tl::unexpected<Error>(root.error());
    Json json{{"path", root->string()}, {"bytes", 0}, {"toolchains", Json::array()}};
    uint64_t whole = 0;
    std::string text;
    for (const fs::path& toolchain : folders_in(*root)) {
        Json entry{{"toolchain", toolchain.filename().string()}};
        for (const char* part : kParts) {
            const uint64_t bytes = tree_size(toolchain / part);
            whole += bytes;
            entry[part] = bytes;
            if (bytes > 0) {
                text += fmt::format("{:>11}  {}/{}\n", size_text(bytes), toolchain.filename().string(), part);
            }
        }
        json["toolchains"].push_back(std::move(entry));
    }
    const uint64_t programs = tree_size(*root / kPrograms);
    whole += programs;
    json[kPrograms] = programs;
    if (programs > 0) text += fmt::format("{:>11}  {}\n", size_text(programs), kPrograms);
    const Result<fs::path> shared = shared_cache_folder();
    if (!shared) return tl::unexpected<Error>(shared.error());
    if (!shared->empty()) {
        const uint64_t bytes = tree_size(*shared);
        json["shared"] = Json{{"path", shared->string()}, {"bytes", bytes}};
        text += fmt::format("{:>11}  shared with other users, in {}\n", size_text(bytes), shared->string());
    }
    json["bytes"] = whole;
    text += fmt::format("{:>11}  in all\n", size_text(whole));
    session.console.data(session.options.json ? json.dump(2) + "\n" : text);
    return {};
}

// Whether an environment has files of this folder: then they share them, and pruning would free nothing.
bool used_elsewhere(const fs::path& folder) {
    struct stat status{};
    return ::stat((folder / "plugin.so").c_str(), &status) == 0 && status.st_nlink > 1;
}

struct Prune {
    bool all = false;
};

Result<void> prune(Session& session, const Prune& request) {
    const Result<fs::path> root = cache_root();
    if (!root) return tl::unexpected<Error>(root.error());
    const Result<fs::path> home = kayton_home();
    if (!home) return tl::unexpected<Error>(home.error());
    uint64_t freed = 0;
    for (const fs::path& toolchain : folders_in(*root)) {
        // Whoever builds holds this lock.
        const Result<Lock> lock = Lock::take(*home / "locks" / ("cache-" + toolchain.filename().string() + ".lock"),
                                             "the build cache", session.command, session.say());
        if (!lock) return tl::unexpected<Error>(lock.error());
        std::vector<fs::path> gone{toolchain / "work", toolchain / "target", toolchain / "doc", toolchain / "logs", toolchain / "requests"};
        for (const fs::path& plugin : folders_in(toolchain / "plugins")) {
            if (request.all || !used_elsewhere(plugin)) gone.push_back(plugin);
        }
        if (request.all) gone.push_back(toolchain);
        for (const fs::path& folder : gone) {
            freed += tree_size(folder);
            if (session.options.dry_run) continue;
            if (Result<void> removed = remove_tree(folder); !removed) return removed;
        }
    }
    freed += tree_size(*root / kPrograms);
    if (!session.options.dry_run) {
        if (Result<void> removed = remove_tree(*root / kPrograms); !removed) return removed;
    }
    if (session.options.json) session.console.data(Json{{"freed", freed}}.dump(2) + "\n");
    session.console.say(fmt::format("{} {}", session.options.dry_run ? "Would free" : "Freed", size_text(freed)));
    return {};
}

}  // namespace

void add_cache(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("cache", "The cache of built crates, shared by all environments");
    command->require_subcommand(1);
    examples(command, {{"kik cache dir", "where it is"},
                       {"kik cache size", "how large, by what"},
                       {"kik cache prune", "remove what no environment uses"}});
    command->add_subcommand("dir", "Print its folder")->callback([&session] {
        session.action = [&session] { return dir(session); };
    });
    command->add_subcommand("size", "Show how much disk it takes")->callback([&session] {
        session.action = [&session] { return size(session); };
    });
    auto request = std::make_shared<Prune>();
    CLI::App* less = command->add_subcommand("prune", "Remove what no environment uses, and what builds left");
    less->add_flag("--all", request->all, "Everything: environments keep what they have");
    less->callback([&session, request] { session.action = [&session, request] { return prune(session, *request); }; });
}

}  // namespace kayton::kik
