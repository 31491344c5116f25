// Imported modules: where `import name` finds its source, and what its names stand for. A module is a unit with global
// names of its own; its body runs once, where it is first imported.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "compiler/check/checker.h"
#include "compiler/check/native_table.h"
#include "compiler/stdlib/stdlib.h"
#include "compiler/syntax/parser.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;
namespace fs = std::filesystem;

namespace {

std::string as_path(std::string_view dotted) {
    std::string path(dotted);
    std::replace(path.begin(), path.end(), '.', '/');
    return path;
}

std::vector<fs::path> search_path(const SourceFile& importer) {
    std::vector<fs::path> folders = {fs::path(importer.name()).parent_path()};
    if (const char* list = std::getenv("KAYTONPATH")) {
        std::string_view rest = list;
        while (!rest.empty()) {
            const size_t end = std::min(rest.find(':'), rest.size());
            if (end > 0) folders.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return folders;
}

}  // namespace

std::string Checker::global_key(std::string_view name) const {
    // Names with '#' are the checker's own and unique.
    if (state_ == nullptr || name.find('#') != std::string_view::npos) return std::string(name);
    const Unit* unit = state_->instance->decl->unit;
    return unit->prefix + std::string(name);
}

// The file of a module, or nothing. A package is its __init__.kay.
std::optional<fs::path> Checker::find_source(const std::string& dotted) const {
    for (const fs::path& folder : search_path(*module_->file)) {
        const fs::path base = folder / as_path(dotted);
        std::error_code ignored;
        for (const fs::path& candidate : {fs::path(base.string() + ".kay"), base / "__init__.kay"}) {
            if (fs::is_regular_file(candidate, ignored)) return candidate;
            sought_in_vain_.push_back(candidate.string());
        }
    }
    return std::nullopt;
}

// Null when there is no such module, or after an error in its text.
Unit* Checker::load_unit(const std::string& dotted, Span span) {
    auto known = units_.find(dotted);
    if (known != units_.end()) return known->second.get();
    std::string text, name;
    bool is_package = false;
    if (std::optional<fs::path> path = find_source(dotted)) {
        Result<std::string> source = load_source(*path);
        if (!source) {
            report(DiagCode::kUnknownModule, span, source.error().message, "imported here", source.error().remedy);
            return nullptr;
        }
        text = std::move(*source);
        name = path->string();
        is_package = path->filename() == "__init__.kay";
    } else if (const char* shipped = stdlib_source(dotted)) {
        text = shipped;
        name = "<" + dotted + ">";
    } else {
        return nullptr;
    }
    auto unit = std::make_unique<Unit>();
    unit->name = dotted;
    unit->prefix = dotted + ":";
    unit->is_package = is_package;
    imported_.emplace_back(name, text);
    synthetic_files_.push_back(std::make_unique<SourceFile>(name, text));
    unit->tree = parse_module(*synthetic_files_.back(), synthetic_, diagnostics_);
    auto decl = std::make_unique<FunctionDecl>();
    decl->name = "<module>";
    decl->file = synthetic_files_.back().get();
    decl->body = unit->tree.body;
    decl->is_module = true;
    decl->scope = analyse_scope({}, unit->tree.body);
    decl->unit = unit.get();
    unit->body = decl.get();
    auto instance = std::make_unique<Instance>();
    instance->decl = decl.get();
    instance->result = types_.never;
    instance->number = next_instance_++;
    decl->instances.push_back(std::move(instance));
    modules_.push_back(std::move(decl));
    return (units_[dotted] = std::move(unit)).get();
}

// Checks the module's body in this pass and emits its run, unless an earlier import has run it.
void Checker::run_unit(Unit& unit, Span span) {
    if (unit.committed) return;
    Instance& instance = *unit.body->instances.front();
    check_instance(instance);
    GlobalName& done = globals_["import#" + unit.name];
    if (done.declared == nullptr) done.declared = types_.boolean;
    const std::string name = "import#" + unit.name;
    TExpr* ran = make(TK::kGlobal, types_.boolean, span);
    ran->index = global_index(done, name);
    emit_if(negate(ran), span, [&] {
        TStmt* mark = stmt(SK::kAssignGlobal, span);
        mark->index = global_index(done, name);
        mark->a = constant_bool(true, span);
        emit(mark);
        TExpr* run = make(TK::kCall, types_.none, span);
        run->callee = instance.function;
        emit_expr(run);
    });
}

// Imports every package on the way to a.b.c; the last unit, or null after an error.
Unit* Checker::import_unit(const std::string& dotted, Span span) {
    Unit* unit = nullptr;
    for (size_t at = 0; at != std::string::npos;) {
        at = dotted.find('.', at == 0 ? 0 : at + 1);
        const std::string part = dotted.substr(0, at);
        unit = load_unit(part, span);
        if (unit == nullptr) {
            if (at != std::string::npos && !find_source(part)) continue;  // a folder without __init__.kay
            return nullptr;
        }
        run_unit(*unit, span);
    }
    return unit;
}

// The module that `from . import x` starts from.
std::string Checker::relative_name(int level, std::string_view module) const {
    const Unit* unit = state_->instance->decl->unit;
    std::string base = unit->name == "__main__" ? "" : unit->name;
    if (!unit->is_package) base = base.substr(0, base.rfind('.') == std::string::npos ? 0 : base.rfind('.'));
    for (int i = 1; i < level; ++i) base = base.substr(0, base.rfind('.') == std::string::npos ? 0 : base.rfind('.'));
    if (module.empty()) return base;
    return base.empty() ? std::string(module) : base + "." + std::string(module);
}

// A value is bound as it is at the import; anything else is what it is at compile time.
void Checker::bind_import(std::string_view name, Entity member, Span span) {
    if (member.kind == EntityKind::kValue) {
        assign_name(name, member.value != nullptr ? member.value : never(span), span);
    } else {
        bind_entity(name, member, span);
    }
}

// `module.name`, of a module with source. kNothing: it has no such name (not reported).
Entity Checker::unit_member(Unit& unit, std::string_view name, Span span) {
    Entity result;
    auto global = globals_.find(unit.prefix + std::string(name));
    if (global != globals_.end() && (global->second.declared != nullptr || global->second.entity.kind != EntityKind::kNothing)) {
        if (global->second.entity.kind != EntityKind::kNothing) return global->second.entity;
        result.kind = EntityKind::kValue;
        result.value = read_global(global->second, global->first, span);
        return result;
    }
    const std::string submodule = unit.name + "." + std::string(name);
    if (units_.contains(submodule) || find_source(submodule) || stdlib_source(submodule) != nullptr) {
        if (Unit* inner = import_unit(submodule, span)) {
            result.kind = EntityKind::kModule;
            result.name = inner->name;
            return result;
        }
    }
    if (unit.name == "functools" && name == "partial") {
        result.kind = EntityKind::kBuiltin;
        result.name = "functools.partial";
        return result;
    }
    if (name == "__name__" || name == "__file__") {
        result.kind = EntityKind::kValue;
        result.value = constant_str(name == "__name__" ? std::string_view(unit.name) : std::string_view(unit.body->file->name()), span);
        return result;
    }
    if (unit.body->scope.binds(name)) {  // not reached yet
        changed_ = changed_ || unit.body->instances.front()->in_progress;
        result.kind = EntityKind::kValue;
        result.value = never(span);
        return result;
    }
    for (Unit* star : unit.stars) {
        result = unit_member(*star, name, span);
        if (result.kind != EntityKind::kNothing) return result;
    }
    return unit.body->file->name().starts_with('<') ? native_member(unit.name, name) : Entity{};
}

}  // namespace kayton::check
