#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/project/lock_file.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

using Json = nlohmann::ordered_json;

struct Request {
    std::string package;
    bool inverse = false;
};

// Draws a tree once; what was drawn before is marked with (*) and not opened again.
class Drawing {
  public:
    explicit Drawing(const std::vector<LockedPackage>& packages, bool inverse) : packages_(packages), inverse_(inverse) {}

    Json draw(const LockedPackage& package, std::string& text, const std::string& indent = "") {
        Json node{{"name", package.name}, {"version", package.version}, {"dependencies", Json::array()}};
        const bool again = !seen_.insert(package.name + " " + package.version).second;
        std::vector<const LockedPackage*> below = neighbours(package);
        text += fmt::format("{} {}{}\n", package.name, package.version, again && !below.empty() ? " (*)" : "");
        if (again) return node;
        for (size_t i = 0; i < below.size(); ++i) {
            const bool last = i + 1 == below.size();
            text += indent + (last ? "└── " : "├── ");
            node["dependencies"].push_back(draw(*below[i], text, indent + (last ? "    " : "│   ")));
        }
        return node;
    }

  private:
    std::vector<const LockedPackage*> neighbours(const LockedPackage& package) const {
        std::vector<const LockedPackage*> found;
        if (!inverse_) {
            for (const std::string& words : package.dependencies) {
                const LockedPackage* other = find_locked(packages_, words);
                if (other != nullptr && !is_kayton_package(other->name)) found.push_back(other);
            }
            return found;
        }
        for (const LockedPackage& other : packages_) {
            const bool needs = std::any_of(other.dependencies.begin(), other.dependencies.end(), [&](const auto& words) {
                return find_locked(packages_, words) == &package;
            });
            if (needs && !is_kayton_package(other.name)) found.push_back(&other);
        }
        return found;
    }

    const std::vector<LockedPackage>& packages_;
    bool inverse_;
    std::set<std::string> seen_;
};

Result<void> tree(Session& session, const Request& request) {
    const Result<Environment> environment = opened_environment();
    if (!environment) return tl::unexpected<Error>(environment.error());
    if (request.inverse && request.package.empty()) {
        return fail(ErrorKind::kUsage, "-i needs a package", "Write it like kik tree -i memchr");
    }
    std::string text;
    Json json = Json::array();
    for (const InstalledPlugin& plugin : environment->plugins) {
        const Result<std::string> lock = read_text_file(plugin.folder / "Cargo.lock");
        if (!lock) return tl::unexpected<Error>(lock.error());
        const std::vector<LockedPackage> packages = packages_of(*lock);
        const bool whole = request.package.empty() || (!request.inverse && (plugin.package == request.package || plugin.crate == request.package));
        for (const LockedPackage& package : packages) {
            const bool root = package.name == plugin.package && package.version == plugin.version;
            const bool wanted = whole ? root : request.inverse && package.name == request.package;
            if (!wanted) continue;
            json.push_back(Drawing(packages, request.inverse).draw(package, text));
            if (request.inverse) text += fmt::format("  in the plugin {} {}\n", plugin.crate, plugin.version);
        }
    }
    if (json.empty() && !request.package.empty()) {
        return fail(ErrorKind::kNotFound,
                    fmt::format("nothing in `{}` is or needs `{}`", environment->name, request.package),
                    request.inverse ? "Run: kik tree" : "Run: kik tree -i " + request.package);
    }
    session.console.data(session.options.json ? json.dump(2) + "\n" : text);
    return {};
}

}  // namespace

void add_tree(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("tree", "Show what the installed crates are made of");
    auto request = std::make_shared<Request>();
    command->add_option("crate", request->package, "Only this one; with -i any package in the tree");
    command->add_flag("-i,--invert", request->inverse, "Show what needs the package instead");
    examples(command, {{"kik tree", "every installed crate with all it needs"},
                       {"kik tree regex", "one of them"},
                       {"kik tree -i memchr", "who needs memchr"}});
    command->callback([&session, request] { session.action = [&session, request] { return tree(session, *request); }; });
}

}  // namespace kayton::kik
