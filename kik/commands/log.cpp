#include <memory>

#include "kik/cargo/near_names.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

Result<void> log(Session& session, const std::string& crate) {
    const Result<Environment> environment = opened_environment();
    if (!environment) return tl::unexpected<Error>(environment.error());
    const std::filesystem::path folder = environment->root / "metadata" / "logs";
    std::string dashed = crate, underscored = crate;
    for (char& c : dashed) c = c == '_' ? '-' : c;
    for (char& c : underscored) c = c == '-' ? '_' : c;
    for (const std::string& name : {crate, dashed, underscored}) {
        const Result<std::string> text =
            name.find('/') == std::string::npos ? read_text_file(folder / (name + ".log")) : Result<std::string>(fail(ErrorKind::kNotFound, ""));
        if (text) {
            session.console.data(*text);
            return {};
        }
    }
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) names.push_back(entry.path().stem());
    const std::vector<std::string> near = closest(crate, names);
    return fail(ErrorKind::kNotFound, "`" + environment->name + "` has no log of `" + crate + "`",
                near.empty() ? "it is written by `kik rinstall " + crate + "`" : "Run: kik log " + near.front());
}

}  // namespace

void add_log(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("log", "Print what cargo said when a crate was last installed");
    auto crate = std::make_shared<std::string>();
    command->add_option("crate", *crate, "The crate, installed or not")->required();
    examples(command, {{"kik log openssl", "why it could not be built"}});
    command->callback([&session, crate] { session.action = [&session, crate] { return log(session, *crate); }; });
}

}  // namespace kayton::kik
