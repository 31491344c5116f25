#include "supervisor/sandbox/refusal.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

#include "shared/shell_word.h"

namespace kayton {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostNames = 8;
constexpr std::string_view kProgram = "cannot run '";  // worker/vm/refusals.h

// "[Errno 13] Permission denied: '/etc/shadow'": what stands in quotes. A crate's message may quote more than the file.
std::vector<std::string_view> quoted(std::string_view message) {
    std::vector<std::string_view> names;
    for (size_t begin = 0; (begin = message.find_first_of("'\"", begin)) != std::string_view::npos;) {
        const size_t end = message.find(message[begin], begin + 1);
        if (end == std::string_view::npos) {
            break;
        }
        const std::string_view name = message.substr(begin + 1, end - begin - 1);
        // An escape would have to be undone, and a control character belongs on no terminal; such names are rare.
        const bool plain = std::none_of(name.begin(), name.end(),
                                        [](unsigned char byte) { return byte < 0x20 || byte == 0x7f || byte == '\\'; });
        if (plain && !name.empty() && names.size() < kMostNames) {
            names.push_back(name);
        }
        begin = end + 1;
    }
    return names;
}

bool holds(const fs::path& folder, const fs::path& file) {
    if (folder.empty()) {
        return false;
    }
    std::error_code error;
    const fs::path real = fs::weakly_canonical(folder, error);
    return std::mismatch(real.begin(), real.end(), file.begin(), file.end()).first == real.end();
}

bool any_holds(const std::vector<std::string>& folders, const fs::path& file) {
    return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) { return holds(folder, file); });
}

std::string kept_by(const std::string& kind, const std::string& value) {
    return " (permission " + kind + "; kik allow " + kind + (value.empty() ? "" : " " + shell_word(value)) +
           " gives it to the environment)";
}

bool may(const fs::path& file, int mode) {
    return ::access(file.c_str(), mode) == 0;
}

std::string explain_file(std::string_view name, const SandboxPolicy& policy, const fs::path& working_folder) {
    std::error_code error;
    const fs::path file = fs::weakly_canonical(working_folder / name, error);
    if (error || any_holds(policy.read_write, file) || holds(policy.temporary, file)) {
        return {};
    }
    const bool exists = may(file, F_OK);
    const fs::path writable = exists ? file : file.parent_path();
    const std::string write = may(writable, W_OK) ? "--allow-write=" + shell_word(writable.string()) : std::string();
    const bool refuses_reading = exists && may(file, R_OK) && !any_holds(policy.read_only, file);
    if (refuses_reading) {
        return "the sandbox keeps the program from " + printable(file.string()) +
               "; kayton run --allow-read=" + shell_word(file.string()) + " lets it read there" +
               (write.empty() ? "" : ", " + write + " also write") + kept_by("read", file.string());
    }
    return write.empty() ? std::string()
                         : refusal_text("writing to " + writable.string(), write, "write", writable.string());
}

}  // namespace

std::string refusal_text(const std::string& what, const std::string& option, const std::string& kind,
                         const std::string& value) {
    return "the sandbox keeps the program from " + printable(what) + "; kayton run " + option + " lets it" +
           kept_by(kind, value);
}

bool may_be_refusal(std::string_view exception_class, std::string_view message) {
    // A crate's own error, or a panic over one, says it in its text.
    return exception_class == "PermissionError" || message.find("PermissionDenied") != std::string_view::npos ||
           message.find("ermission denied") != std::string_view::npos ||
           message.find("Operation not permitted") != std::string_view::npos;
}

std::string explain_refusal(std::string_view message, const SandboxPolicy& policy, const fs::path& working_folder) {
    if (const size_t at = message.rfind(kProgram); at != std::string_view::npos && policy.restrict_calls) {
        const auto names = quoted(message.substr(at));
        const std::string name = names.empty() ? std::string("PROGRAM") : std::string(names.front());
        return refusal_text("running " + name, "--allow-run=" + shell_word(name), "run", name);
    }
    if (policy.restrict_files) {
        for (const std::string_view name : quoted(message)) {
            if (std::string help = explain_file(name, policy, working_folder); !help.empty()) {
                return help;
            }
        }
    }
    return {};
}

}  // namespace kayton
