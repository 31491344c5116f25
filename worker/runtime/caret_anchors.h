// Which part of a failing expression a traceback marks: the operator of a binary operation, the brackets of a
// subscript, as CPython 3.11 does. Pure function.
#pragma once

#include <cstdint>
#include <string_view>

namespace kayton {

struct CaretAnchors {
    bool found = false;
    int64_t start = 0;  // characters of the expression that get ^; the others get ~
    int64_t end = 0;
};
[[nodiscard]] CaretAnchors find_caret_anchors(std::string_view expression);

}  // namespace kayton
