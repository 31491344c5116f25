// Answers about a document: what stands at a place, where it is defined, the outline, a rename. From the bindings of
// its text and what the compiler has found out of its names. Plain functions, one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/query/bindings.h"
#include "compiler/syntax/ast.h"
#include "shared/result.h"
#include "supervisor/language_server/document.h"

namespace kayton::language_server {

// One version of a document, parsed. Neither copied nor moved: bindings refer to the tree.
class ParsedDocument {
  public:
    explicit ParsedDocument(const Document& document);
    ParsedDocument(const ParsedDocument&) = delete;
    ParsedDocument& operator=(const ParsedDocument&) = delete;

    [[nodiscard]] std::string_view text() const { return source_.text(); }
    [[nodiscard]] const Positions& positions() const { return positions_; }
    [[nodiscard]] const query::Bindings& bindings() const { return bindings_; }
    [[nodiscard]] const std::string& path() const { return source_.name(); }

  private:
    SourceFile source_;
    Positions positions_;
    syntax::AstArena arena_;
    query::Bindings bindings_;
};

using Names = std::vector<KnownName>;

// The known name that touches the offset; null for none.
[[nodiscard]] const KnownName* name_at(const Names& names, size_t offset);

// null where nothing is known.
[[nodiscard]] Json hover(const ParsedDocument& document, const Names& names, size_t offset);
[[nodiscard]] Json definition(const ParsedDocument& document, const Names& names, size_t offset);
[[nodiscard]] Json references(const ParsedDocument& document, size_t offset, bool with_definition);
[[nodiscard]] Json document_symbols(const ParsedDocument& document);
// The range of what can be renamed; an error says why nothing can.
[[nodiscard]] Result<Json> prepare_rename(const ParsedDocument& document, const Names& names, size_t offset);
[[nodiscard]] Result<Json> rename(const ParsedDocument& document, const Names& names, const std::string& uri,
                                  size_t offset, const std::string& new_name);
// What a name without a dot may be, here.
[[nodiscard]] std::vector<NameInfo> visible_names(const ParsedDocument& document, const Names& names, size_t offset);
[[nodiscard]] Json completion_items(const std::vector<NameInfo>& names, const std::string& prefix);

}  // namespace kayton::language_server
