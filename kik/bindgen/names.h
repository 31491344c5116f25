// How items are called: in the wrapper's Rust ("regex::bytes::Match") and in Kayton ("regex.bytes.Match"). Public paths
// follow re-exports; what has none cannot be named and is reported so.
// Owned by the generator; one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

#include "kik/bindgen/types.h"

namespace kayton::bindgen {

// Why an item cannot be bound; thrown and caught inside this folder only.
struct Unmapped {
    std::string reason;
};

class Names {
  public:
    Names(World& world, const RustdocCrate& main, const std::map<ItemRef, Path>& public_names,
          const std::map<std::string, AliasUse>& aliases)
        : world_(world), main_(main), public_names_(public_names), aliases_(aliases) {}

    // "regex::Regex"; throws Unmapped for what has no public name.
    [[nodiscard]] std::string rust_path(const Path& canonical);
    // The whole type, with elided lifetimes: "regex::Match", "url::Host<&str>".
    [[nodiscard]] std::string rust_type(const Ty& ty);
    [[nodiscard]] std::string rust_trait(const Bound& bound);
    // "regex.Match", "url.Host_str": unique for each concrete type.
    [[nodiscard]] std::string kayton_type(const Ty& ty);
    // The main crate's public name of an item, or empty.
    [[nodiscard]] Path public_path(const ItemRef& item) const;

    [[nodiscard]] const std::set<std::string>& extra_dependencies() const { return extra_dependencies_; }
    [[nodiscard]] const std::string& crate_name() const { return main_.name(); }

  private:
    // Whether a definition's parameter, counted without lifetimes, has a default.
    [[nodiscard]] bool has_default(const Path& path, size_t place);
    World& world_;
    const RustdocCrate& main_;
    const std::map<ItemRef, Path>& public_names_;
    const std::map<std::string, AliasUse>& aliases_;
    std::set<std::string> extra_dependencies_;
};

// Public path of a type or trait of the standard library, whose canonical path may run through private modules.
[[nodiscard]] std::string std_rust_path(const Path& canonical);

}  // namespace kayton::bindgen
