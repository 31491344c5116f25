// kik pack and kik unpack.
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/archive/pack.h"
#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/environment/whole.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

struct PackRequest {
    std::string name, output;
    PackOptions options;
};

Result<void> pack(Session& session, const PackRequest& request) {
    const Result<EnvironmentPlace> place = request.name.empty() ? active_place(session.say()) : find_environment(request.name);
    if (!place) return tl::unexpected<Error>(place.error());
    if (!is_environment(place->root)) {
        return fail(ErrorKind::kNotFound, "the environment `" + place->name + "` does not exist", "Run: kik list --all");
    }
    const fs::path file = request.output.empty() ? place->name + ".kpack" : request.output;
    if (session.options.dry_run) {
        session.console.say("Would pack `" + place->name + "` into " + file.string());
        return {};
    }
    return with_registry(session, *place, [&](Registry&) -> Result<void> {
        if (Result<void> packed = pack_environment(*place, file, request.options); !packed) return packed;
        std::error_code error;
        const uint64_t size = fs::file_size(file, error);
        if (session.options.json) {
            session.console.data(nlohmann::ordered_json{{"file", file.string()}, {"bytes", size}}.dump(2) + "\n");
        }
        session.console.say(fmt::format("Packed `{}` into {} ({})", place->name, file.string(), size_text(size)));
        session.console.hint("use it elsewhere with `kik unpack " + file.filename().string() + "`" +
                             (request.options.kayton ? ", or unpack it with tar and run `./use kayton run PROGRAM`" : ""));
        return {};
    });
}

struct UnpackRequest {
    std::string file, name;
};

// The name a file was packed under is inside it; what it is called is the next best until then.
Result<void> unpack(Session& session, const UnpackRequest& request) {
    std::string name = request.name.empty() ? fs::path(request.file).stem().string() : request.name;
    const Result<EnvironmentPlace> place = name == "local" ? new_local_place() : find_environment(name);
    if (!place) return tl::unexpected<Error>(place.error());
    std::error_code error;
    if (!fs::exists(request.file, error)) {
        return fail(ErrorKind::kNotFound, "there is no file `" + request.file + "`");
    }
    if (session.options.dry_run) {
        session.console.say("Would unpack " + request.file + " into `" + name + "`");
        return {};
    }
    const Result<Lock> held = lock_environment(*place, session.command, session.say());
    if (!held) return tl::unexpected<Error>(held.error());
    if (fs::exists(fs::symlink_status(place->root, error))) {
        return fail(ErrorKind::kInput, "the environment `" + name + "` exists already in `" + place->root.string() + "`",
                    "Run: kik unpack " + request.file + " -n ANOTHER_NAME");
    }
    size_t crates = 0;
    const Result<void> made = build_environment(*place, [&](const fs::path& staging) -> Result<void> {
        const Result<PackRecord> record = unpack_environment(request.file, staging, name);
        if (!record) return tl::unexpected<Error>(record.error());
        const Result<Environment> environment = open_environment(name, staging);
        if (!environment) return tl::unexpected<Error>(environment.error());
        crates = environment->plugins.size();
        return {};
    });
    if (!made) return made;
    if (session.options.json) {
        const nlohmann::ordered_json json{{"name", name}, {"path", place->root.string()}, {"crates", crates}};
        session.console.data(json.dump(2) + "\n");
    }
    session.console.say(fmt::format("Unpacked {} into `{}` in {}", counted(crates, "crate"), name,
                                    short_path(place->root.string())));
    session.console.hint("use it with `kik activate " + name + "`, or once with `kik run -e " + name + " -- COMMAND`");
    return {};
}

}  // namespace

void add_pack(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("pack", "Put a whole environment into one file that runs without Rust and network");
    auto request = std::make_shared<PackRequest>();
    command->add_option("name", request->name, "The environment; without it the active one");
    command->add_option("-o,--output", request->output, "The file (NAME.kpack)");
    command->add_flag("--include-kayton", request->options.kayton, "With the programs and the libraries they need");
    command->add_flag("--sources", request->options.sources, "With the vendored sources of all crates");
    examples(command, {{"kik pack demo -o demo.kpack", "crates and Rust's standard library"},
                       {"kik pack demo --include-kayton", "for a machine without Kayton"}});
    command->callback([&session, request] { session.action = [&session, request] { return pack(session, *request); }; });
}

void add_unpack(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("unpack", "Make an environment from a packed one");
    auto request = std::make_shared<UnpackRequest>();
    command->add_option("file", request->file, "What `kik pack` wrote")->required();
    command->add_option("-n,--name", request->name, "The new environment's name; without it the file's");
    examples(command, {{"kik unpack demo.kpack", "as `demo`"}, {"kik unpack demo.kpack -n work", "under another name"}});
    command->callback([&session, request] { session.action = [&session, request] { return unpack(session, *request); }; });
}

}  // namespace kayton::kik
