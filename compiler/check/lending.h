// Which types of crates keep others borrowed: those with lifetimes.
// A plain function over types and manifests; the checker's thread.
#pragma once

#include <functional>

#include "compiler/syntax/ast.h"
#include "compiler/types/type.h"
#include "shared/manifest.h"

namespace kayton::check {

// A block of the function at hand that is being checked, and the statement in it.
struct OpenBlock {
    syntax::Body statements;
    size_t at = 0;
};

// `manifest_of`: of a handle type, or null.
using ManifestLookup = std::function<const Manifest*(const types::Type*)>;
[[nodiscard]] bool lends(const types::Type* type, const ManifestLookup& manifest_of);

}  // namespace kayton::check
