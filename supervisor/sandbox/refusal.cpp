#include "supervisor/sandbox/refusal.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <vector>

namespace kayton {
namespace {

namespace fs = std::filesystem;

// "[Errno 13] Permission denied: '/etc/shadow'": what stands in the quotes.
std::optional<fs::path> named_file(std::string_view message) {
    const size_t begin = message.find_first_of("'\"");
    if (begin == std::string_view::npos) {
        return std::nullopt;
    }
    const size_t end = message.find(message[begin], begin + 1);
    const std::string_view name = message.substr(begin + 1, end == std::string_view::npos ? 0 : end - begin - 1);
    // An escape would have to be undone; such names are rare.
    return name.empty() || name.find('\\') != std::string_view::npos ? std::nullopt : std::optional(fs::path(name));
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

bool may(const fs::path& file, int mode) {
    return ::access(file.c_str(), mode) == 0;
}

}  // namespace

std::string explain_refusal(std::string_view message, const SandboxPolicy& policy, const fs::path& working_folder) {
    const auto named = named_file(message);
    if (!policy.restrict_files || !named) {
        return {};
    }
    std::error_code error;
    const fs::path file = fs::weakly_canonical(working_folder / *named, error);
    if (error || any_holds(policy.read_write, file) || holds(policy.temporary, file)) {
        return {};
    }
    const bool exists = may(file, F_OK);
    const fs::path writable = exists ? file : file.parent_path();
    const std::string write = may(writable, W_OK) ? "--allow-write=" + writable.string() : std::string();
    const bool refuses_reading = exists && may(file, R_OK) && !any_holds(policy.read_only, file);
    if (refuses_reading) {
        return "the sandbox keeps the program from " + file.string() + "; kayton run --allow-read=" + file.string() +
               " lets it read there" + (write.empty() ? "" : ", " + write + " also write");
    }
    return write.empty() ? std::string()
                         : "the sandbox keeps the program from writing to " + writable.string() + "; kayton run " +
                               write + " lets it";
}

}  // namespace kayton
