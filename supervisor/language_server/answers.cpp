#include "supervisor/language_server/answers.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "compiler/query/cursor.h"
#include "compiler/syntax/parser.h"

namespace kayton::language_server {

using query::Symbol;
using query::SymbolKind;

namespace {

// Kinds of the protocol's SymbolKind and CompletionItemKind.
int symbol_kind(SymbolKind kind) {
    switch (kind) {
        case SymbolKind::kModule: return 2;
        case SymbolKind::kClass: return 5;
        case SymbolKind::kMethod: return 6;
        case SymbolKind::kField: return 8;
        case SymbolKind::kFunction: return 12;
        default: return 13;
    }
}

int completion_kind(const std::string& kind) {
    static const std::map<std::string, int, std::less<>> kKinds{
        {"method", 2}, {"function", 3}, {"field", 5}, {"instance", 6}, {"class", 7}, {"module", 9}, {"keyword", 14}};
    const auto known = kKinds.find(kind);
    return known == kKinds.end() ? 6 : known->second;
}

const char* word_for(SymbolKind kind) {
    switch (kind) {
        case SymbolKind::kParameter: return "parameter";
        case SymbolKind::kFunction: return "function";
        case SymbolKind::kMethod: return "method";
        case SymbolKind::kClass: return "class";
        case SymbolKind::kField: return "class attribute";
        case SymbolKind::kModule: return "module";
        default: return "variable";
    }
}

Json outline_json(const std::vector<query::OutlineItem>& items, const Positions& positions) {
    Json list = Json::array();
    for (const query::OutlineItem& item : items) {
        list.push_back({{"name", item.name},
                        {"kind", symbol_kind(item.kind)},
                        {"range", positions.range(item.whole)},
                        {"selectionRange", positions.range(item.name_span)},
                        {"children", outline_json(item.children, positions)}});
    }
    return list;
}

// A place in another file, read from disk.
Json location_in(const std::string& file, Span place) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    const std::string content = text.str();
    return {{"uri", uri_of_path(file)}, {"range", Positions(content).range(place)}};
}

tl::unexpected<Error> refuse(std::string message, std::string help = {}) {
    return fail(ErrorKind::kInput, std::move(message), std::move(help));
}

bool is_identifier(const std::string& name) {
    if (name.empty() || (name.front() >= '0' && name.front() <= '9') ||
        !std::all_of(name.begin(), name.end(), query::is_name_byte)) {
        return false;
    }
    // Keywords, and characters that are no letters: the parser knows.
    const SourceFile source("<name>", name + " = 1\n");
    syntax::AstArena arena;
    DiagnosticEngine diagnostics;
    const syntax::Module module = syntax::parse_module(source, arena, diagnostics);
    return !diagnostics.has_errors() && module.body.size() == 1 && module.body[0]->kind == syntax::StmtKind::kAssign;
}

// The symbol at a place, if it can be renamed.
Result<const Symbol*> renamable(const ParsedDocument& document, const Names& names, size_t offset, Span& place) {
    const Symbol* symbol = document.bindings().at(static_cast<uint32_t>(offset), &place);
    if (symbol == nullptr) {
        if (const KnownName* known = name_at(names, offset)) {
            if (known->info.kind == "method" || known->info.kind == "field") {
                return refuse("`" + known->info.name +
                              "` is an attribute: objects of other files may have it too, so "
                              "that it cannot be renamed in one file");
            }
            return refuse("`" + known->info.name + "` is not defined in this file");
        }
        return refuse("there is no name here that could be renamed");
    }
    if (symbol->kind == SymbolKind::kMethod || symbol->kind == SymbolKind::kField) {
        return refuse("`" + symbol->name +
                      "` is an attribute of a class: objects of other files may have it too, so "
                      "that it cannot be renamed in one file");
    }
    if ((symbol->kind == SymbolKind::kModule || symbol->kind == SymbolKind::kImported) && !symbol->has_alias) {
        return refuse("`" + symbol->name + "` is imported under its own name",
                      "rename it where it is defined, or import "
                      "it `as` another name");
    }
    if (!symbol->exact) {
        return refuse("`" + symbol->name + "` is written in several ways in this file");
    }
    return symbol;
}

// Would the new name mean something else at one of its places, or hide something that is used?
Result<void> check_free(const query::Bindings& bindings, const Symbol& symbol, const std::string& new_name) {
    std::set<uint32_t> scopes;  // from the symbol's own inwards
    for (uint32_t i = 0; i < bindings.scopes.size(); ++i) {
        uint32_t at = i;
        while (at != symbol.scope && at != 0) {
            at = bindings.scopes[at].parent;
        }
        if (at == symbol.scope) {
            scopes.insert(i);
        }
    }
    for (const uint32_t i : scopes) {
        const query::ScopeRange& scope = bindings.scopes[i];
        if (scope.names.contains(new_name) && (i == symbol.scope || scope.used.contains(symbol.name))) {
            return refuse("there is a " + std::string(word_for(bindings.symbols[scope.names.at(new_name)].kind)) +
                          " `" + new_name + "` already");
        }
        if (!scope.names.contains(new_name) && scope.used.contains(new_name)) {
            return refuse("`" + new_name + "` has another meaning in the scope of `" + symbol.name + "`");
        }
    }
    return {};
}

// Calls that name a parameter: `area(width=2)`.
Result<std::vector<Span>> keyword_places(const ParsedDocument& document, const Names& names, const Symbol& parameter) {
    std::vector<Span> places;
    if (parameter.function == nullptr) {
        return places;
    }
    const query::Bindings& bindings = document.bindings();
    const syntax::FunctionStmt& function = *parameter.function;
    for (const query::KeywordUse& use : bindings.keywords) {
        if (use.name != parameter.name) {
            continue;
        }
        const auto ours = [&](Span definition, const std::string& file) {
            return file == document.path() && definition.begin == function.name_span.begin;
        };
        if (use.callee >= 0) {
            const Symbol& callee = bindings.symbols[static_cast<size_t>(use.callee)];
            const bool made_by_it = callee.kind == SymbolKind::kClass && function.name == "__init__" &&
                                    callee.owner != nullptr && callee.owner->span.begin <= function.span.begin &&
                                    function.span.end <= callee.owner->span.end;
            if (callee.function == &function || made_by_it) {
                places.push_back(use.span);
            } else if (callee.kind == SymbolKind::kVariable || callee.kind == SymbolKind::kParameter) {
                return refuse("`" + callee.name + "(" + use.name + "=…)` may call `" + std::string(function.name) +
                              "`: the parameter cannot be renamed safely");
            }
        } else if (use.member.end > use.member.begin) {
            const KnownName* member = name_at(names, use.member.begin);
            if (member == nullptr || member->info.file.empty()) {
                return refuse(
                    "a call names the parameter, and what it calls is not known: the parameter cannot be "
                    "renamed safely");
            }
            if (ours(member->info.place, member->info.file)) {
                places.push_back(use.span);
            }
        }
    }
    return places;
}

}  // namespace

ParsedDocument::ParsedDocument(const Document& document)
    : source_(document.path, document.text), positions_(source_.text()) {
    DiagnosticEngine unused;
    bindings_ = query::find_bindings(syntax::parse_module(source_, arena_, unused));
}

const KnownName* name_at(const Names& names, size_t offset) {
    // The last that begins at or before the place; of two that touch it, the one that begins there.
    auto after = std::upper_bound(names.begin(), names.end(), offset,
                                  [](size_t at, const KnownName& name) { return at < name.span.begin; });
    while (after != names.begin()) {
        --after;
        if (offset <= after->span.end) {
            return &*after;
        }
        if (after->span.begin + 1000 < offset) {
            break;
        }
    }
    return nullptr;
}

Json hover(const ParsedDocument& document, const Names& names, size_t offset) {
    const KnownName* known = name_at(names, offset);
    Span place{};
    const Symbol* symbol = document.bindings().at(static_cast<uint32_t>(offset), &place);
    if (known == nullptr && symbol == nullptr) {
        return nullptr;
    }
    std::string text;
    if (known != nullptr) {
        const std::string& kind = known->info.kind;
        const bool defined = kind == "function" || kind == "method";
        text = "```kayton\n" + std::string(defined ? "def " : "") + known->info.signature + "\n```";
        if (!known->info.doc.empty()) {
            text += "\n\n" + known->info.doc;
        }
        place = known->span;
    } else {
        text = "```kayton\n" + symbol->name + "\n```\n\n" + word_for(symbol->kind) +
               "; nothing uses it so that its type shows";
    }
    return {{"contents", {{"kind", "markdown"}, {"value", text}}}, {"range", document.positions().range(place)}};
}

Json definition(const ParsedDocument& document, const Names& names, size_t offset) {
    const KnownName* known = name_at(names, offset);
    const Symbol* symbol = document.bindings().at(static_cast<uint32_t>(offset));
    const bool elsewhere = known != nullptr && !known->info.file.empty() && !known->info.file.starts_with("<");
    // A name that was imported is found where it comes from.
    if (elsewhere && (symbol == nullptr || known->info.file != document.path())) {
        if (known->info.file == document.path()) {
            return {{"uri", uri_of_path(document.path())}, {"range", document.positions().range(known->info.place)}};
        }
        return location_in(known->info.file, known->info.place);
    }
    if (symbol != nullptr) {
        return {{"uri", uri_of_path(document.path())}, {"range", document.positions().range(symbol->definition)}};
    }
    return nullptr;
}

Json references(const ParsedDocument& document, size_t offset, bool with_definition) {
    const Symbol* symbol = document.bindings().at(static_cast<uint32_t>(offset));
    Json list = Json::array();
    if (symbol != nullptr) {
        for (const Span& span : symbol->occurrences) {
            if (with_definition || span.begin != symbol->definition.begin) {
                list.push_back({{"uri", uri_of_path(document.path())}, {"range", document.positions().range(span)}});
            }
        }
    }
    return list;
}

Json document_symbols(const ParsedDocument& document) {
    return outline_json(document.bindings().outline, document.positions());
}

Result<Json> prepare_rename(const ParsedDocument& document, const Names& names, size_t offset) {
    Span place{};
    const auto symbol = renamable(document, names, offset, place);
    if (!symbol) {
        return tl::unexpected(symbol.error());
    }
    return Json{{"range", document.positions().range(place)}, {"placeholder", (*symbol)->name}};
}

Result<Json> rename(const ParsedDocument& document, const Names& names, const std::string& uri, size_t offset,
                    const std::string& new_name) {
    Span place{};
    const auto found = renamable(document, names, offset, place);
    if (!found) {
        return tl::unexpected(found.error());
    }
    const Symbol& symbol = **found;
    if (!is_identifier(new_name)) {
        return refuse("`" + new_name + "` cannot be a name");
    }
    if (new_name == symbol.name) {
        return Json{{"changes", {{uri, Json::array()}}}};
    }
    if (auto free = check_free(document.bindings(), symbol, new_name); !free) {
        return tl::unexpected(free.error());
    }
    std::vector<Span> places = symbol.occurrences;
    if (symbol.kind == SymbolKind::kParameter) {
        auto keywords = keyword_places(document, names, symbol);
        if (!keywords) {
            return tl::unexpected(keywords.error());
        }
        places.insert(places.end(), keywords->begin(), keywords->end());
    }
    std::sort(places.begin(), places.end(), [](Span a, Span b) { return a.begin < b.begin; });
    places.erase(std::unique(places.begin(), places.end(), [](Span a, Span b) { return a.begin == b.begin; }),
                 places.end());
    Json edits = Json::array();
    for (const Span& span : places) {
        edits.push_back({{"range", document.positions().range(span)}, {"newText", new_name}});
    }
    return Json{{"changes", {{uri, std::move(edits)}}}};
}

std::vector<NameInfo> visible_names(const ParsedDocument& document, const Names& names, size_t offset) {
    std::map<Span, const NameInfo*, decltype([](Span a, Span b) { return a.begin < b.begin; })> known;
    for (const KnownName& name : names) {
        known.emplace(name.span, &name.info);
    }
    std::vector<NameInfo> visible;
    for (const Symbol* symbol : document.bindings().visible_at(document.text(), static_cast<uint32_t>(offset))) {
        NameInfo info{symbol->name, "instance", symbol->name, "", "", {}};
        switch (symbol->kind) {
            case SymbolKind::kFunction:
            case SymbolKind::kMethod: info.kind = "function"; break;
            case SymbolKind::kClass: info.kind = "class"; break;
            case SymbolKind::kModule: info.kind = "module"; break;
            default: break;
        }
        for (const Span& span : symbol->occurrences) {
            const auto found = known.find(span);
            if (found != known.end() && found->second->name == symbol->name) {
                info = *found->second;
                break;
            }
        }
        visible.push_back(std::move(info));
    }
    return visible;
}

Json completion_items(const std::vector<NameInfo>& names, const std::string& prefix) {
    Json items = Json::array();
    std::set<std::string_view> seen;
    for (const NameInfo& info : names) {
        if (!info.name.starts_with(prefix) || (info.name.starts_with('_') && !prefix.starts_with('_')) ||
            !seen.insert(info.name).second) {
            continue;
        }
        Json item{{"label", info.name}, {"kind", completion_kind(info.kind)}};
        if (info.kind != "keyword") {
            item["detail"] = info.signature;
        }
        if (!info.doc.empty()) {
            item["documentation"] = {{"kind", "markdown"}, {"value", info.doc}};
        }
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace kayton::language_server
