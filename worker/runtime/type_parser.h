// Reads Kayton's type syntax. Part of the type registry. Used by the VM's one thread.
#pragma once

#include <string_view>
#include <vector>

#include "shared/kayton_api.h"

namespace kayton {

// NULL when the signature is not well formed or names an unknown type.
[[nodiscard]] const KtTypeInfo* parse_type(std::string_view signature);

// The registry's part: the one info of a kind over its arguments, and of a name.
// `flavour`: "" or the name of a container that lies in memory like the plain one ("tuple", "deque", "Counter" …).
[[nodiscard]] const KtTypeInfo* composite_type(uint32_t kind, std::vector<const KtTypeInfo*> args,
                                               std::string_view flavour = {});
[[nodiscard]] const KtTypeInfo* named_type(std::string_view name);

}  // namespace kayton
