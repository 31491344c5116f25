// Result<T>: how everything in Kayton that can fail says so. An Error is a value with a kind, a message and, where
// there is one, the remedy: the next command or change that helps. No exception crosses a module boundary.
// Owned by the caller; plain values, safe in any thread.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace kayton {

enum class ErrorKind {
    kInput,       // the person's program, file or command line: exit 1
    kUsage,       // a wrong command line: exit 2 of kayton, 1 of kik
    kNotFound,    // a file, crate or environment that is not there: exit 1
    kSystem,      // the operating system refused: exit 1
    kImport,      // ImportError: a crate that is not installed: exit 1
    kPluginAbi,   // PluginABIError: a plugin built for another ABI: exit 1
    kProtocol,    // a peer broke the channel's rules: its process is killed
    kInternal,    // our own fault: exit 2
};

struct Error {
    ErrorKind kind = ErrorKind::kInternal;
    std::string message;  // what failed and where, one or more lines, no trailing newline
    std::string remedy;   // what to do next; may be empty
};

template <typename T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string remedy = {}) {
    return tl::unexpected<Error>(Error{kind, std::move(message), std::move(remedy)});
}

}  // namespace kayton
