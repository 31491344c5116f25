// What a name or a member is, for completion and inspection. Plain values, any thread.
#pragma once

#include <string>

namespace kayton {

struct NameInfo {
    std::string name;
    std::string kind;       // "function", "method", "field", "instance", "class", "module", "keyword"
    std::string signature;  // "upper() -> str", "x: int"; one line
    std::string doc;        // may be empty
};

}  // namespace kayton
