// Parses one file or cell. Hand-written descent with a Pratt table; resynchronises at a newline or dedent, so that one
// run gives every syntax error of the file. Never throws, never recurses past a fixed depth (kNestingTooDeep).
// The module's nodes live in `arena`; `file` must outlive them. Any thread, one arena a thread.
#pragma once

#include <filesystem>
#include <string>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/syntax/ast.h"
#include "shared/result.h"

namespace kayton::syntax {

[[nodiscard]] Module parse_module(const SourceFile& file, AstArena& arena, DiagnosticEngine& diagnostics);

enum class Completeness { kComplete, kIncomplete, kInvalid };
// For prompts: does `text` need more lines (an open bracket, block or string)?
[[nodiscard]] Completeness completeness(const std::string& text);

// Reads a program from disk: absent, a directory, unreadable, not UTF-8 (with line and byte): an error, kind kInput.
// A leading byte order mark is dropped; "\r\n" and "\r" become "\n".
[[nodiscard]] Result<std::string> load_source(const std::filesystem::path& path);
// The same but for the encoding, which parse_module reports at its place.
[[nodiscard]] Result<std::string> read_source(const std::filesystem::path& path);

}  // namespace kayton::syntax
