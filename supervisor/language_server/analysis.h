// What the compiler says of an open document: its errors and what its names stand for, and the members of an expression
// that is being written. The work is done in a Job and comes back as text, so that no text an editor sends can end or
// stop the server.
// Pure functions; the ones that compile are for a Job.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/check/name_info.h"
#include "shared/result.h"
#include "supervisor/language_server/document.h"
#include "supervisor/language_server/job.h"

namespace kayton::language_server {

struct Analysis {
    std::map<std::string, Json> diagnostics;  // the protocol's, by URI: the document's own, and of modules it imports
    std::vector<KnownName> names;             // in the order of the text
};

// What a copy of the process does, and what its lines mean. Of an analysis that did not come to its end there are the
// diagnostics alone.
void analyse(const Document& document, const Job::Say& say);
[[nodiscard]] Result<Analysis> read_analysis(const std::vector<std::string>& lines);
[[nodiscard]] std::string find_members(const Document& document, size_t offset);
[[nodiscard]] std::string find_module_members(const Document& document, const std::string& module, bool crate);
[[nodiscard]] Result<std::vector<NameInfo>> read_members(const std::string& text);

// The modules and packages that `import prefix…` may go on with, or with `crates` those of `rimport`.
[[nodiscard]] std::vector<NameInfo> importable(const Document& document, const std::string& prefix, bool crates);

}  // namespace kayton::language_server
