#include "supervisor/sandbox/header_request.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "shared/shell_word.h"

namespace kayton {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "# kayton: needs ";

bool holds(const std::vector<fs::path>& folders, const fs::path& file) {
    return std::any_of(folders.begin(), folders.end(), [&](const fs::path& folder) {
        const fs::path whole = folder.lexically_normal();
        return std::mismatch(whole.begin(), whole.end(), file.begin(), file.end()).first == whole.end();
    });
}

}  // namespace

Result<Permissions> read_header_request(std::string_view text, const fs::path& program) {
    Permissions request;
    std::istringstream lines{std::string(text.substr(0, std::min<size_t>(text.size(), 16 * 1024)))};
    for (std::string line; std::getline(lines, line) && (line.empty() || line.front() == '#');) {
        if (!line.starts_with(kMark)) {
            continue;
        }
        // It is shown to the person who decides: nothing in it may move the cursor.
        if (std::any_of(line.begin(), line.end(), [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; })) {
            return fail(ErrorKind::kInput, program.string() + ": control characters in its header");
        }
        std::istringstream words(line.substr(kMark.size()));
        for (std::string word; words >> word;) {
            const size_t equals = word.find('=');
            const std::string kind = word.substr(0, equals);
            std::string value = equals == std::string::npos ? std::string() : word.substr(equals + 1);
            std::vector<std::string>* list = request.of(kind);
            const bool good_net = kind != "net" || value.empty() || parse_net_grant(value).has_value();
            if (list == nullptr || (value.empty() && kind != "net") || !good_net) {
                return fail(ErrorKind::kInput, program.string() + ": `" + word + "` in its header is no permission",
                            "write them as net=HOST:PORT, read=PATH, write=PATH, env=NAME or run=PROGRAM");
            }
            if (kind == "read" || kind == "write") {
                value = (fs::absolute(program).parent_path() / value).lexically_normal().string();
            }
            list->push_back(value.empty() ? kNetEverywhere : std::move(value));
        }
    }
    return request;
}

std::vector<std::string> not_granted(const Permissions& request, const SandboxGrants& grants,
                                     const fs::path& working_folder) {
    std::vector<std::string> missing;
    if (grants.level == SandboxLevel::kOff) {
        return missing;
    }
    std::vector<fs::path> writable = grants.write;
    writable.push_back(working_folder);
    for (const std::string& path : request.write) {
        if (!holds(writable, path)) {
            missing.push_back("--allow-write=" + shell_word(path));
        }
    }
    for (const std::string& path : request.read) {
        if (!holds(writable, path) && !holds(grants.read, path)) {
            missing.push_back("--allow-read=" + shell_word(path));
        }
    }
    for (const std::string& place : request.net) {
        const auto wanted = parse_net_grant(place);
        const bool held =
            grants.net_everywhere ||
            (place != kNetEverywhere && std::any_of(grants.net.begin(), grants.net.end(), [&](const NetGrant& one) {
                 return one.host == wanted->host && (one.port == 0 || one.port == wanted->port);
             }));
        if (!held) {
            missing.push_back(place == kNetEverywhere ? "--allow-net" : "--allow-net=" + shell_word(place));
        }
    }
    for (const std::string& name : request.env) {
        if (std::find(grants.env.begin(), grants.env.end(), name) == grants.env.end()) {
            missing.push_back("--allow-env=" + shell_word(name));
        }
    }
    for (const std::string& name : request.run) {
        if (std::find(grants.run.begin(), grants.run.end(), name) == grants.run.end()) {
            missing.push_back("--allow-run=" + shell_word(name));
        }
    }
    return missing;
}

void grant(const Permissions& request, SandboxGrants& grants) {
    grants.read.insert(grants.read.end(), request.read.begin(), request.read.end());
    grants.write.insert(grants.write.end(), request.write.begin(), request.write.end());
    grants.env.insert(grants.env.end(), request.env.begin(), request.env.end());
    grants.run.insert(grants.run.end(), request.run.begin(), request.run.end());
    for (const std::string& place : request.net) {
        if (place == kNetEverywhere) {
            grants.net_everywhere = true;
        } else if (auto one = parse_net_grant(place)) {
            grants.net.push_back(std::move(*one));
        }
    }
}

}  // namespace kayton
