// The collector of cycles: objects that only they themselves keep alive. By trial deletion over the slabs: from every
// count the references that lie in other such objects are taken off; what is left above zero is held from outside, and
// keeps what it leads to. Runs at safe points once the slabs have grown by a share, at gc.collect(), and at a program's
// end. Objects of types that cannot lead back to themselves never come near it.
// Used by the VM's one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shared/kayton_api.h"

namespace kayton {

// Frees what is unreachable, finalizers first, and says how many objects that were. 0 while it may not run: inside of
// itself or of a destruction.
int64_t collect_cycles();

// Asked when the heap grows: requests a collection at the next safe point when it is due.
void consider_collection();
// A block that is no object and large: it counts towards the next collection.
void note_large_block(size_t size);

void enable_collection(bool enabled);
[[nodiscard]] bool collection_enabled();
[[nodiscard]] int64_t objects_since_collection();

// An object whose last reference went lives on until the next safe point, if its class has a __del__ that has not run.
// False: it may be destroyed.
[[nodiscard]] bool defer_destruction(KtObject* object);
// Runs the finalizers of those, each of which then goes unless it was brought back.
void run_finalizers();
// Runs the finalizers of every object that has one, those first that the values lead to, in their order.
struct HeldValue {
    const KtTypeInfo* type;
    const void* value;
};
void finalize_all(std::span<const HeldValue> held);

}  // namespace kayton
