// Model of rustdoc's JSON: one RustdocCrate a file, and the World of all crates in a folder, joined by canonical path
// (ids are per file). The JSON documents are kept as they are and read in place.
// The World owns its crates; pointers into them live as long as it does. One thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "shared/result.h"

namespace kayton::bindgen {

using Json = nlohmann::json;
using Path = std::vector<std::string>;  // {"regex", "regex", "string", "Regex"}

[[nodiscard]] std::string join(const Path& path, std::string_view separator);
[[nodiscard]] bool is_std(const Path& path);  // core, alloc, std

class World;

class RustdocCrate {
  public:
    [[nodiscard]] static Result<std::unique_ptr<RustdocCrate>> load(const std::filesystem::path& file);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] int root() const { return root_; }
    [[nodiscard]] const Json* item(int id) const;         // null: not described in this file
    [[nodiscard]] const Json* summary(int id) const;      // entry of "paths": canonical path and kind
    [[nodiscard]] const Path& canonical(int id) const;    // empty when unknown
    [[nodiscard]] int find(const Path& canonical) const;  // id of an item of this crate, or -1

    // All items of a kind ("impl", "function"), also those that no other item lists, in order of their ids.
    [[nodiscard]] std::vector<const Json*> all(std::string_view kind) const;
    // How often a word stands in the crate's documentation: what its authors show most, people use most.
    [[nodiscard]] size_t mentions(const std::string& word) const;
    // Public paths of the crate's own items, shortest first found: id -> {"regex", "bytes", "Regex"}.
    [[nodiscard]] const std::map<int, Path>& public_paths() const { return public_paths_; }

  private:
    Json document_;
    std::string name_;
    int root_ = 0;
    std::unordered_map<int, const Json*> items_;
    std::unordered_map<int, const Json*> summaries_;
    std::unordered_map<int, Path> canonical_;
    std::map<Path, int> by_path_;
    std::map<int, Path> public_paths_;
    mutable std::unordered_map<std::string, size_t> words_;  // counted at the first question
    friend class World;
};

// An item and the crate whose file describes it.
struct ItemRef {
    const RustdocCrate* crate = nullptr;
    int id = -1;
    [[nodiscard]] explicit operator bool() const { return crate != nullptr; }
    [[nodiscard]] const Json& json() const { return *crate->item(id); }
    bool operator<(const ItemRef& other) const { return std::pair(crate, id) < std::pair(other.crate, other.id); }
    bool operator==(const ItemRef& other) const = default;
};

class World {
  public:
    explicit World(std::filesystem::path folder) : folder_(std::move(folder)) {}
    // Null when the folder has no file for the crate; an unreadable or foreign file is an error kept in `failure`.
    const RustdocCrate* crate(const std::string& name);
    [[nodiscard]] ItemRef find(const Path& canonical);
    // What `id`, seen from `crate`, refers to: the crate's own item, or the item in the crate that defines it.
    [[nodiscard]] ItemRef resolve(const RustdocCrate& crate, int id);
    // Every public name reachable from the root of `crate`, through re-exports of other crates too.
    [[nodiscard]] std::map<ItemRef, Path> public_names(const RustdocCrate& crate);
    // Further public names of the same items, after public_names().
    [[nodiscard]] std::vector<std::pair<Path, ItemRef>> other_paths(const RustdocCrate& crate) const;
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  private:
    std::filesystem::path folder_;
    std::map<std::string, std::unique_ptr<RustdocCrate>> crates_;
    std::optional<Error> failure_;
    std::map<const RustdocCrate*, std::vector<std::pair<Path, ItemRef>>> other_paths_;
};

[[nodiscard]] const std::string& item_kind(const Json& item);  // "struct", "function", "impl", ...
[[nodiscard]] const Json& item_body(const Json& item);         // inner of that kind
[[nodiscard]] std::string item_name(const Json& item);
[[nodiscard]] std::string first_paragraph(const Json& item);
[[nodiscard]] bool has_attribute(const Json& item, std::string_view word);

}  // namespace kayton::bindgen
