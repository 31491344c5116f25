#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kik/cargo/near_names.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/jupyter/kernelspec.h"

namespace kayton::kik {
namespace {

using Json = nlohmann::ordered_json;

struct InstallWish {
    std::string name;
    std::string display_name;
    std::string prefix;
    bool user = false;
    bool sys_prefix = false;
};

Result<void> install(Session& session, const InstallWish& wish) {
    Result<EnvironmentPlace> environment = active_place(session.say());
    if (!environment) return tl::unexpected<Error>(environment.error());
    const std::string usual = environment->name == "base" ? "kayton" : "kayton-" + environment->name;
    const std::string name = wish.name.empty() ? usual : wish.name;
    if (!is_kernel_name(name)) {
        return fail(ErrorKind::kUsage, "`" + name + "` cannot be the name of a kernel",
                    "Use letters, digits, '-', '.' and '_'");
    }
    Result<std::filesystem::path> folder = jupyter_user_folder();
    if (!wish.prefix.empty()) folder = std::filesystem::absolute(wish.prefix) / "share" / "jupyter";
    if (wish.sys_prefix) {
        folder = python_prefix();
        if (folder) *folder = *folder / "share" / "jupyter";
    }
    if (!folder) return tl::unexpected<Error>(folder.error());
    const std::string display = !wish.display_name.empty() ? wish.display_name
                                : environment->name == "base" ? std::string("Kayton")
                                                              : "Kayton (" + environment->name + ")";
    const Result<Kernelspec> spec = install_kernelspec(*folder, name, display, *environment);
    if (!spec) return tl::unexpected<Error>(spec.error());
    if (session.options.json) {
        session.console.data(Json{{"name", spec->name}, {"path", spec->folder.string()}}.dump(2) + "\n");
        return {};
    }
    session.console.say("Installed kernel `" + name + "` for environment `" + environment->name + "` in " +
                        short_path(spec->folder.string()));
    session.console.hint("choose \"" + display + "\" in a notebook, or run `jupyter console --kernel=" + name + "`");
    return {};
}

Result<void> list(Session& session) {
    const std::vector<Kernelspec> specs = find_kernelspecs();
    if (session.options.json) {
        Json json = Json::array();
        for (const Kernelspec& spec : specs) {
            json.push_back({{"name", spec.name},
                            {"display_name", spec.display_name},
                            {"environment", spec.environment},
                            {"path", spec.folder.string()}});
        }
        session.console.data(json.dump(2) + "\n");
        return {};
    }
    size_t width = 0;
    for (const Kernelspec& spec : specs) width = std::max(width, spec.name.size());
    std::string text;
    for (const Kernelspec& spec : specs) {
        const bool gone = !spec.environment.empty() && !is_environment(spec.environment);
        text += fmt::format("{:<{}}  {}{}\n", spec.name, width, short_path(spec.environment),
                            gone ? "  the environment is gone: kik kernel uninstall " + spec.name : "");
    }
    session.console.data(text);
    if (specs.empty()) session.console.hint("no kernel yet; install one with `kik kernel install`");
    return {};
}

Result<void> uninstall(Session& session, const std::string& name) {
    std::vector<std::string> names;
    for (const Kernelspec& spec : find_kernelspecs()) {
        if (spec.name == name) {
            if (Result<void> removed = remove_kernelspec(spec); !removed) return removed;
            session.console.say("Removed kernel `" + name + "` from " + short_path(spec.folder.string()));
            return {};
        }
        names.push_back(spec.name);
    }
    const std::vector<std::string> near = closest(name, names);
    return fail(ErrorKind::kNotFound, "no kernel of Kayton is called `" + name + "`",
                near.empty() ? "See `kik kernel list`" : "Did you mean `" + near.front() + "`?");
}

}  // namespace

void add_kernel(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("kernel", "Tell Jupyter of the active environment");
    command->require_subcommand(1);
    examples(command, {{"kik kernel install", "the active environment, as `kayton-NAME`"},
                       {"kik kernel install -n work", "under a name of your own"},
                       {"kik kernel list", "what Jupyter finds"},
                       {"kik kernel uninstall work", "and away with it"}});

    CLI::App* add = command->add_subcommand("install", "Make the active environment a kernel for notebooks");
    auto wish = std::make_shared<InstallWish>();
    add->add_option("-n,--name", wish->name, "The kernel's name (kayton, or kayton-ENVIRONMENT)");
    add->add_option("--display-name", wish->display_name, "What notebooks call it");
    CLI::Option* user = add->add_flag("--user", wish->user, "For this person (as without an option)");
    CLI::Option* prefix = add->add_option("--prefix", wish->prefix, "Under PREFIX/share/jupyter");
    CLI::Option* sys_prefix =
        add->add_flag("--sys-prefix", wish->sys_prefix, "Into the Python environment that is active");
    prefix->excludes(user)->excludes(sys_prefix);
    sys_prefix->excludes(user);
    add->callback([&session, wish] { session.action = [&session, wish] { return install(session, *wish); }; });

    command->add_subcommand("list", "Show the kernels of Kayton that Jupyter finds")->callback([&session] {
        session.action = [&session] { return list(session); };
    });

    CLI::App* remove = command->add_subcommand("uninstall", "Take a kernel away from Jupyter");
    auto name = std::make_shared<std::string>();
    remove->add_option("name", *name, "The kernel's name")->required();
    remove->callback([&session, name] { session.action = [&session, name] { return uninstall(session, *name); }; });
}

}  // namespace kayton::kik
