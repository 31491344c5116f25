// What programs may do with values of the standard library that crates hand out: std has no rustdoc JSON on a stable
// toolchain, so the methods, traits and iterator items that matter are listed here, in Rust's own notation.
// Constant tables; any thread.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "kik/bindgen/types.h"

namespace kayton::bindgen {

struct StdMethod {
    std::string name;
    bool has_self = true;       // &self; else an associated function
    std::vector<TyRef> params;  // without self
    TyRef result;
};

struct StdType {
    std::string rust;              // "std::fs::Metadata"
    std::set<std::string> traits;  // Display, Debug, PartialEq, Ord, Hash
    std::vector<StdMethod> methods;
};

// Null when nothing is listed for the type.
[[nodiscard]] const StdType* std_type(const Ty& type);
// What an iterator of the standard library gives, or null when the type is none (or is not listed).
[[nodiscard]] TyRef std_iterator_item(const Ty& type);

}  // namespace kayton::bindgen
