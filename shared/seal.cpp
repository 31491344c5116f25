#include "shared/seal.h"

#include <nlohmann/json.hpp>
#include <system_error>

#include "shared/sha256.h"
#include "shared/text_file.h"

namespace kayton {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Result<Json> read_files(const fs::path& folder) {
    const fs::path file = folder / kSealFile;
    const Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    const Json json = Json::parse(*text, nullptr, false);
    if (!json.is_object() || !json.contains("files") || !json["files"].is_object()) {
        return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt");
    }
    return json["files"];
}

// Whether the file is still the one whose entry this is.
Result<bool> same(const fs::path& file, const Json& entry, std::string& found) {
    std::error_code error;
    const uintmax_t size = fs::file_size(file, error);
    if (error) return false;
    if (size != entry.value("size", uintmax_t{0})) {
        found = std::to_string(size) + " bytes instead of " + std::to_string(entry.value("size", uintmax_t{0}));
        return false;
    }
    const Result<std::string> sum = sha256_of_file(file);
    if (!sum) return tl::unexpected<Error>(sum.error());
    const std::string wanted = entry.value("sha256", "");
    found = "SHA-256 " + sum->substr(0, 12) + "… instead of " + wanted.substr(0, 12) + "…";
    return *sum == wanted;
}

}  // namespace

Result<void> check_sealed(const fs::path& folder, std::string_view file) {
    const Result<Json> files = read_files(folder);
    if (!files) {
        if (files.error().kind == ErrorKind::kNotFound) return {};
        return tl::unexpected<Error>(files.error());
    }
    const auto entry = files->find(std::string(file));
    if (entry == files->end() || !entry->is_object()) {
        return fail(ErrorKind::kInput, "`" + (folder / kSealFile).string() + "` does not name " + std::string(file));
    }
    std::string found;
    const Result<bool> unchanged = same(folder / file, *entry, found);
    if (!unchanged) return tl::unexpected<Error>(unchanged.error());
    if (*unchanged) return {};
    return fail(ErrorKind::kInput, "`" + (folder / file).string() + "` was changed on disk after it was installed" +
                                       (found.empty() ? "" : " (" + found + ")"));
}

Result<SealReport> check_seal(const fs::path& folder) {
    const Result<Json> files = read_files(folder);
    if (!files) return tl::unexpected<Error>(files.error());
    SealReport report;
    for (const auto& [name, entry] : files->items()) {
        std::error_code error;
        if (!fs::exists(folder / name, error)) {
            report.missing.push_back(name);
            continue;
        }
        std::string found;
        const Result<bool> unchanged = same(folder / name, entry, found);
        if (!unchanged) return tl::unexpected<Error>(unchanged.error());
        if (!*unchanged) report.changed.push_back(name);
    }
    return report;
}

}  // namespace kayton
