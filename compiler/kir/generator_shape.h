// What decides whether a generator's code can stand in the place of the loop that goes over it.
// Plain data; pure functions; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/types/typed_program.h"

namespace kayton::kir {

struct GeneratorShape {
    // It yields outside of every try (else what the loop's body raises would reach its handlers), is sent nothing, and
    // shares no variable with a closure.
    bool simple = false;
    uint32_t yields = 0;            // places
    std::vector<bool> looped_once;  // by parameter: it is read once, by a loop over it that is in no other loop
};

[[nodiscard]] GeneratorShape shape_of(const typed::Function& generator);

// What a loop over an iterator goes over, without the conversions around it.
[[nodiscard]] const typed::Expr* looped_over(const typed::Iter& iter);

// How many expressions there are under a block.
[[nodiscard]] uint32_t size_of(typed::Block block);

}  // namespace kayton::kir
