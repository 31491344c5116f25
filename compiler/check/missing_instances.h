// The command that makes an instance of a crate's generic item which a program needs and the plugin does not have:
// `kik instantiate petgraph 'dijkstra[Graph[str, float]]'`. Pure functions of the manifest and of types; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "compiler/types/type.h"
#include "shared/manifest.h"

namespace kayton::check {

struct MissingInstance {
    std::string command;        // empty: no instance would help, or it cannot be told which
    std::vector<bool> decides;  // of each argument: its type is one of the instance's
};

// For a call of `f`, one of the `overloads` that do not fit, with arguments of these types (NULL: not known).
[[nodiscard]] MissingInstance missing_instance(const Manifest& manifest, const ManifestFunction& f,
                                               std::span<const ManifestFunction* const> overloads,
                                               std::span<const types::Type* const> args);
// For a generic type written with these arguments.
[[nodiscard]] std::string missing_instance(const Manifest& manifest, const std::string& type,
                                           std::span<const types::Type* const> args);

}  // namespace kayton::check
