#include "kik/environment/seal_folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "kik/environment/durable_file.h"
#include "shared/seal.h"
#include "shared/sha256.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_to_seal(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (const char* name : {"plugin.so", "manifest.json", "Cargo.toml", "Cargo.lock"}) {
        if (fs::is_regular_file(folder / name, error)) files.emplace_back(name);
    }
    for (const char* name : {"src", "sdk", "source", ".cargo"}) {
        fs::recursive_directory_iterator entries(folder / name, error);
        for (const fs::recursive_directory_iterator end; !error && entries != end; entries.increment(error)) {
            if (entries->is_regular_file(error)) files.push_back(entries->path().lexically_relative(folder));
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

Result<std::string> seal_folder(const fs::path& folder) {
    nlohmann::ordered_json json;
    json["format"] = 1;
    json["files"] = nlohmann::ordered_json::object();
    for (const fs::path& name : files_to_seal(folder)) {
        const Result<std::string> sum = sha256_of_file(folder / name);
        if (!sum) return tl::unexpected<Error>(sum.error());
        std::error_code error;
        json["files"][name.string()] = {{"size", fs::file_size(folder / name, error)}, {"sha256", *sum}};
    }
    for (const char* name : {"plugin.so", "manifest.json"}) {
        if (Result<void> synced = sync_file(folder / name); !synced) return tl::unexpected<Error>(synced.error());
    }
    const std::string text = json.dump(1) + "\n";
    if (Result<void> written = write_durably(folder / kSealFile, text); !written) {
        return tl::unexpected<Error>(written.error());
    }
    return sha256(text);
}

std::string contents_of(const fs::path& folder) {
    return sha256_of_file(folder / kSealFile).value_or("");
}

}  // namespace kayton::kik
