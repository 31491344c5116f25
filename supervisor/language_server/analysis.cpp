#include "supervisor/language_server/analysis.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "compiler/check/builtin_names.h"
#include "compiler/compile.h"
#include "compiler/query/cursor.h"
#include "compiler/stdlib/stdlib.h"
#include "compiler/syntax/parser.h"
#include "compiler/syntax/visit.h"

namespace kayton::language_server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCursorName = "kayton_cursor";  // stands for a name that is not written yet

Json json_of(const NameInfo& info) {
    return {{"name", info.name}, {"kind", info.kind},         {"signature", info.signature}, {"doc", info.doc},
            {"file", info.file}, {"begin", info.place.begin}, {"end", info.place.end}};
}

NameInfo name_info_of(const Json& json) {
    return {json.at("name"), json.at("kind"), json.at("signature"),
            json.at("doc"),  json.at("file"), {json.at("begin"), json.at("end")}};
}

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string members_text(const std::vector<NameInfo>& members) {
    Json list = Json::array();
    for (const NameInfo& member : members) {
        list.push_back(json_of(member));
    }
    return text_of(list);
}

// Diagnostics in the protocol's form, by file.
class Report {
  public:
    explicit Report(const SourceFile& source) : source_(source) { found_[uri_of_path(source.name())] = Json::array(); }

    void add(const Diagnostic& diagnostic) {
        const DiagInfo& info = diag_info(diagnostic.code);
        const SourceFile& file = diagnostic.primary.file == nullptr ? source_ : *diagnostic.primary.file;
        std::string message = diagnostic.message;
        if (!diagnostic.primary.text.empty()) {
            message += "\n" + diagnostic.primary.text;
        }
        if (!diagnostic.help.empty()) {
            message += "\nhelp: " + diagnostic.help;
        }
        Json related = Json::array();
        for (const Label& label : diagnostic.secondary) {
            const SourceFile& where = label.file == nullptr ? source_ : *label.file;
            const Json place{{"uri", uri_of_path(where.name())}, {"range", positions(where).range(label.span)}};
            related.push_back({{"location", place}, {"message", label.text}});
        }
        found_[uri_of_path(file.name())].push_back({{"range", positions(file).range(diagnostic.primary.span)},
                                                    {"severity", diagnostic.severity() == Severity::kError ? 1 : 2},
                                                    {"code", info.code},
                                                    {"source", "kayton"},
                                                    {"message", message},
                                                    {"relatedInformation", related}});
    }

    // A crate that is missing or does not fit: shown where it is asked for.
    void add(const Error& error, const syntax::Module& module) {
        Span place{};
        find_request(module.body, error.message, place);
        add_error(error, place);
    }
    void add_error(const Error& error, Span place) {
        const std::string message = error.message + (error.remedy.empty() ? "" : "\nhelp: " + error.remedy);
        found_[uri_of_path(source_.name())].push_back(
            {{"range", positions(source_).range(place)}, {"severity", 1}, {"source", "kayton"}, {"message", message}});
    }

    [[nodiscard]] const std::map<std::string, Json>& found() const { return found_; }

  private:
    const Positions& positions(const SourceFile& file) {
        auto& known = positions_[&file];
        if (known == nullptr) {
            known = std::make_unique<Positions>(file.text());
        }
        return *known;
    }

    static void find_request(syntax::Body body, const std::string& message, Span& place) {
        const auto asks_for = [&](std::string_view path) {
            return message.find("'" + std::string(path.substr(0, path.find('.'))) + "'") != std::string::npos;
        };
        for (const syntax::Stmt* s : body) {
            bool here = false;
            if (s->kind == syntax::StmtKind::kRimport) {
                for (const syntax::ImportName& name : syntax::as<syntax::ImportStmt>(*s).names) {
                    here = here || asks_for(name.path);
                }
            } else if (s->kind == syntax::StmtKind::kFromRimport) {
                here = asks_for(syntax::as<syntax::FromImportStmt>(*s).module);
            }
            if (here && place.end == 0) {
                place = s->span;
            }
            syntax::visit_children(
                *s, [](const syntax::Expr&) {}, [&](syntax::Body inner) { find_request(inner, message, place); });
        }
    }

    const SourceFile& source_;
    std::map<std::string, Json> found_;
    std::map<const SourceFile*, std::unique_ptr<Positions>> positions_;
};

// The members of the expression before the dot, in a text that has been completed so that it can be parsed.
std::vector<NameInfo> members_in(const Environment& environment, const std::string& path, std::string text,
                                 Span object) {
    const SourceFile source(path, std::move(text));
    Compiler compiler(environment);
    return compiler.members_at(source, object);
}

// `indentation object.cursor` in place of the line that holds the cursor: what else stands there is half written.
std::pair<std::string, Span> line_replaced(const std::string& text, const query::Cursor& cursor) {
    const size_t newline = cursor.object == 0 ? std::string::npos : text.rfind('\n', cursor.object - 1);
    const size_t line = newline == std::string::npos ? 0 : newline + 1;
    const size_t end = std::min(text.find('\n', cursor.begin), text.size());
    const std::string indent = text.substr(line, std::min(text.find_first_not_of(" \t", line), cursor.object) - line);
    // A line that opens a block goes on doing so.
    const size_t last = text.find_last_not_of(" \t\r", end == 0 ? 0 : end - 1);
    const bool opens = last != std::string::npos && last >= cursor.begin && text[last] == ':';
    const std::string before = indent + (opens ? "if " : "");
    const std::string object = text.substr(cursor.object, cursor.dot - cursor.object);
    const std::string fresh = before + object + "." + kCursorName + (opens ? ":" : "");
    const auto begin = static_cast<uint32_t>(line + before.size());
    return {text.substr(0, line) + fresh + text.substr(end), {begin, begin + static_cast<uint32_t>(object.size())}};
}

}  // namespace

void analyse(const Document& document, const Job::Say& say) {
    const SourceFile source(document.path, document.text);
    Report report(source);
    const auto environment = active_environment();
    if (!environment) {
        report.add_error(environment.error(), {0, 0});
        say(text_of(report.found()));
        return;
    }
    Compiler compiler(*environment);
    CompileOptions options;
    options.check_only = true;
    const CompileOutcome outcome = compiler.compile(source, options);
    for (const Diagnostic& diagnostic : in_source_order(outcome.diagnostics)) {
        report.add(diagnostic);
    }
    if (!outcome.import_errors.empty()) {
        syntax::AstArena arena;
        DiagnosticEngine unused;
        const syntax::Module module = syntax::parse_module(source, arena, unused);
        for (const Error& error : outcome.import_errors) {
            report.add(error, module);
        }
    }
    say(text_of(report.found()));
    Json names = Json::array();
    Compiler inspecting(*environment);
    for (const KnownName& known : inspecting.known_names(source)) {
        Json name = json_of(known.info);
        name["at"] = {known.span.begin, known.span.end};
        names.push_back(std::move(name));
    }
    say(text_of(names));
}

Result<Analysis> read_analysis(const std::vector<std::string>& lines) {
    try {
        Analysis analysis;
        analysis.diagnostics = Json::parse(lines.at(0)).get<std::map<std::string, Json>>();
        const Json names = lines.size() > 1 ? Json::parse(lines[1]) : Json::array();
        for (const Json& name : names) {
            analysis.names.push_back({{name.at("at").at(0), name.at("at").at(1)}, name_info_of(name)});
        }
        return analysis;
    } catch (const std::exception& error) {
        return fail(ErrorKind::kInternal, std::string("the analysis gave no answer: ") + error.what());
    }
}

std::string find_members(const Document& document, size_t offset) {
    const auto environment = active_environment();
    const query::Cursor cursor = query::cursor_at(document.text, offset, false);
    if (!environment || cursor.dot == std::string::npos || cursor.object == cursor.dot) {
        return "[]";
    }
    std::string text = document.text;
    if (cursor.begin == cursor.end) {
        text.insert(cursor.begin, kCursorName);
    }
    const Span object{static_cast<uint32_t>(cursor.object), static_cast<uint32_t>(cursor.dot)};
    std::vector<NameInfo> members = members_in(*environment, document.path, std::move(text), object);
    if (members.empty()) {
        auto [fresh, place] = line_replaced(document.text, cursor);
        members = members_in(*environment, document.path, std::move(fresh), place);
    }
    return members_text(members);
}

std::string find_module_members(const Document& document, const std::string& module, bool crate) {
    const auto environment = active_environment();
    if (!environment) {
        return "[]";
    }
    const std::string begin = std::string(crate ? "rimport " : "import ") + module + " as m\n";
    const auto at = static_cast<uint32_t>(begin.size());
    return members_text(members_in(*environment, document.path, begin + "m." + kCursorName + "\n", {at, at + 1}));
}

Result<std::vector<NameInfo>> read_members(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    try {
        std::vector<NameInfo> members;
        for (const Json& member : json) {
            members.push_back(name_info_of(member));
        }
        return members;
    } catch (const Json::exception& error) {
        return fail(ErrorKind::kInternal, std::string("the completion gave no answer: ") + error.what());
    }
}

std::vector<NameInfo> importable(const Document& document, const std::string& prefix, bool crates) {
    std::set<std::string> found;
    const auto add = [&](std::string_view name) {
        if (name.starts_with(prefix) && !name.starts_with("_")) {
            found.insert(std::string(name));
        }
    };
    if (crates) {
        if (const auto environment = active_environment()) {
            for (const InstalledPlugin& plugin : environment->plugins) {
                add(plugin.crate);
            }
        }
    } else {
        for (const std::string_view name : stdlib_source_names()) {
            add(name);
        }
        for (const std::string_view name : check::native_modules()) {
            add(name);
        }
        const std::string folder_name =
            prefix.substr(0, prefix.rfind('.') == std::string::npos ? 0 : prefix.rfind('.') + 1);
        std::string relative = folder_name;
        std::replace(relative.begin(), relative.end(), '.', '/');
        std::error_code error;
        fs::directory_iterator entry(fs::path(document.path).parent_path() / relative, error);
        for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
            std::error_code ignored;
            const fs::path& path = entry->path();
            if (path.extension() == ".kay" && path.filename() != "__init__.kay" && path != fs::path(document.path)) {
                add(folder_name + path.stem().string());
            } else if (entry->is_directory(ignored) && fs::exists(path / "__init__.kay", ignored)) {
                add(folder_name + path.filename().string());
            }
        }
    }
    std::vector<NameInfo> modules;
    for (const std::string& name : found) {
        modules.push_back({name, "module", (crates ? "crate " : "module ") + name, "", "", {}});
    }
    return modules;
}

}  // namespace kayton::language_server
