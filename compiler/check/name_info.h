// What a name or a member is, for completion and inspection. Plain values, any thread.
#pragma once

#include <string>

#include "compiler/source/source.h"

namespace kayton {

struct NameInfo {
    std::string name;
    std::string kind;       // "function", "method", "field", "instance", "class", "module", "keyword"
    std::string signature;  // "upper() -> str", "x: int"; one line
    std::string doc;        // may be empty
    std::string file{};     // where it is defined: empty where there is no such file ("<math>": a module of Kayton's own)
    Span place{};           // of its name there
};

// A name in a program's text and what it stands for.
struct KnownName {
    Span span;
    NameInfo info;
};

}  // namespace kayton
