// Instances that a person asked for by name: `kik instantiate petgraph 'dijkstra[Graph[str, float]]'`. Here is how such
// words are read; what they come to is the generator's (walk_asked.cpp). Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "shared/result.h"

namespace kayton::bindgen {

// A type in a program's words, "dict[str, list[float]] | None", or a number of Rust's: "u8", "f32".
struct AskedType {
    std::string name;  // dotted; of a tuple "tuple"
    std::vector<AskedType> args;
    bool optional = false;
    [[nodiscard]] std::string text() const;
};

// "algo.dijkstra[Graph[str, float]]": a generic function, method or type, and what its parameters are, the first first.
// The error says what is wrong at which place.
[[nodiscard]] Result<AskedType> parse_asked_instance(const std::string& words);

}  // namespace kayton::bindgen
