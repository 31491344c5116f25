#include "compiler/check/builtin_names.h"

#include <algorithm>

namespace kayton::check {

namespace {

constexpr std::string_view kNames[] = {
    "abs",   "all",   "any",  "ascii", "bin",    "bool",  "bytes", "callable",   "chr",  "dict", "divmod", "enumerate", "filter", "float",
    "format", "frozenset", "hash", "hex",   "id",   "input", "int",   "isinstance", "iter", "len",  "list",   "map",       "max",    "min",
    "next",  "object", "oct",  "open",  "ord",    "pow",   "print", "range",      "repr", "reversed", "round", "set",   "sorted", "str",
    "sum",   "tuple", "type", "zip",   "Exception", "exit", "quit", "getattr", "hasattr", "setattr", "issubclass", "vars",
    "display", "update_display", "clear_output",
};

}  // namespace

bool is_builtin_name(std::string_view name) {
    if (name == "Exception") return false;  // an exception class, found among the types
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

std::vector<std::string> builtin_names() { return {std::begin(kNames), std::end(kNames)}; }

}  // namespace kayton::check
