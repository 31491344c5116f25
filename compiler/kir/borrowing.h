// Locals that borrow: what they hold is kept alive by a container, a field or another local for as long as the local is
// used, so they count no reference. `for body in bodies: body.x += body.vx` touches no reference count.
//
// A local borrows when every value it is given is read out of something (an element, a field, another local), and
// nothing that runs between its first assignment and its last use may overwrite what leads there: no store to one of
// the fields or kinds of container that were read on the way, no assignment to the local that the way begins at. What a
// call may overwrite is the union of what its callees may (`Changes`).
//
// Changes: made once for a program, read while its functions are lowered; one thread.
#pragma once

#include <cstdint>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/types/typed_program.h"

namespace kayton::kir {

// A kind of place that holds references: the elements of lists, of dicts and sets, one field of a class and its
// subclasses, one global.
using Place = std::pair<const void*, uint32_t>;

struct PlaceSet {
    bool everything = false;
    std::set<Place> places;

    bool add(const PlaceSet& other);  // did it grow?
    [[nodiscard]] bool meets(const PlaceSet& other) const;
};

class Changes {
  public:
    explicit Changes(const typed::TypedProgram& program);
    // The places that a call of the function may overwrite.
    [[nodiscard]] const PlaceSet& of(const typed::Function* function) const;

  private:
    std::unordered_map<const typed::Function*, PlaceSet> changed_;
    PlaceSet everything_;
};

// For each local of the function: does it borrow?
[[nodiscard]] std::vector<bool> borrowing_locals(const typed::Function& function, const Changes& changes);

}  // namespace kayton::kir
