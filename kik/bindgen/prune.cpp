// The door: generate, and the loop that lets rustc have the last word.
#include <fmt/format.h>

#include <sstream>

#include "kik/bindgen/bindgen.h"
#include "kik/bindgen/generator.h"

namespace kayton::bindgen {

namespace {

constexpr int kMostRounds = 16;
// What is rejected makes room for alternatives; from this round on things are only removed, so that the end is near.
constexpr int kLastNewRound = 2;

// Lines of src/lib.rs that a message points to, through macro expansions.
void collect_lines(const Json& span, std::vector<int>& lines) {
    if (!span.is_object()) return;
    const std::string file = span.value("file_name", "");
    if (file.ends_with("src/lib.rs") || file == "lib.rs") lines.push_back(span.value("line_start", 0));
    if (span.contains("expansion") && span["expansion"].is_object())
        collect_lines(span["expansion"].value("span", Json()), lines);
}

struct Verdict {
    std::map<std::string, std::string> rejected;  // thunk -> reason
    std::string elsewhere;                        // an error outside every thunk
};

Verdict read_messages(const std::string& output, const Bindings& bindings) {
    Verdict verdict;
    std::istringstream stream(output);
    for (std::string line; std::getline(stream, line);) {
        const Json record = Json::parse(line, nullptr, false);
        if (!record.is_object() || record.value("reason", "") != "compiler-message") continue;
        const Json& message = record["message"];
        if (message.value("level", "") != "error") continue;
        const std::string text = message.value("message", "");
        std::vector<int> lines;
        for (const Json& span : message["spans"]) collect_lines(span, lines);
        bool found = false;
        for (const int number : lines) {
            const auto thunk = bindings.thunk_at_line.find(number);
            if (thunk == bindings.thunk_at_line.end()) continue;
            const std::string code = message["code"].is_object() ? message["code"].value("code", "") + " " : "";
            verdict.rejected.emplace(thunk->second, "rustc: " + code + text);
            found = true;
            break;
        }
        if (!found && !message["spans"].empty() && verdict.elsewhere.empty())
            verdict.elsewhere = message.value("rendered", text);
    }
    return verdict;
}

}  // namespace

namespace {

Result<Bindings> generate_in(World& world, const BindgenRequest& request) {
    try {
        const RustdocCrate* main = world.crate(request.crate);
        if (main == nullptr) {
            if (world.failure()) return tl::unexpected(*world.failure());
            return fail(ErrorKind::kNotFound,
                        fmt::format("{}: no rustdoc JSON of crate '{}'", request.json_folder.string(), request.crate));
        }
        Generator generator(request, world, *main);
        Bindings bindings = generator.run();
        if (world.failure()) return tl::unexpected(*world.failure());
        return bindings;
    } catch (const std::exception& broken) {
        // The JSON library, and conversions of what it holds, report surprises by exceptions.
        return fail(ErrorKind::kInternal,
                    fmt::format("the rustdoc JSON of '{}' is not as expected: {}", request.crate, broken.what()));
    }
}

}  // namespace

Result<Bindings> generate(const BindgenRequest& request) {
    World world(request.json_folder);
    return generate_in(world, request);
}

Result<Bindings> generate_and_prune(BindgenRequest request, const CheckCallback& check) {
    World world(request.json_folder);
    for (int round = 0; round < kMostRounds; ++round) {
        auto bindings = generate_in(world, request);
        if (!bindings) return bindings;
        const auto output = check(*bindings);
        if (!output) return tl::unexpected(output.error());
        const Verdict verdict = read_messages(*output, *bindings);
        if (verdict.rejected.empty()) {
            if (!verdict.elsewhere.empty())
                return fail(ErrorKind::kInternal,
                            fmt::format("the bindings of '{}' do not compile:\n{}", request.crate, verdict.elsewhere));
            for (const auto& [instance, reason] : bindings->missing)
                return fail(ErrorKind::kInput, fmt::format("`{}` of `{}` cannot be made: {}", instance, request.crate, reason));
            return bindings;
        }
        for (const auto& [thunk, reason] : verdict.rejected)
            (round < kLastNewRound ? request.left_out : request.removed).emplace(thunk, reason);
    }
    return fail(ErrorKind::kInternal,
                fmt::format("the bindings of '{}' still do not compile after {} rounds", request.crate, kMostRounds));
}

}  // namespace kayton::bindgen
