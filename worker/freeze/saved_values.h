// Variables as bytes: what a checkpoint that cannot go on hands to the worker that takes its place. Numbers, text,
// containers and objects of the program's classes are saved, with what they share and their cycles; whoever holds
// anything else (a crate's value, a function, a file, an iterator) is lost as a whole, and the reason is given.
// The format has no version: both ends are the same program. Used by the VM's one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/bytes.h"
#include "shared/kayton_api.h"

namespace kayton {

// A module's global: where it lies and the type it is stored as. The byte behind the value says whether it is bound.
struct GlobalPlace {
    std::string signature;
    uint64_t address = 0;
};

struct SavedValues {
    Bytes bytes;
    std::vector<std::pair<std::string, uint64_t>> lost;  // why, and which by its position
};
// At most `limit` bytes: variables over that are lost.
[[nodiscard]] SavedValues save_values(const std::vector<GlobalPlace>& globals, size_t limit);

// Fills the globals of another process, given in the same order. False when the bytes are not what save_values made.
[[nodiscard]] bool restore_values(const std::vector<GlobalPlace>& globals, ByteView bytes);

}  // namespace kayton
