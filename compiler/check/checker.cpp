#include "compiler/check/checker.h"

#include <algorithm>

#include "compiler/stdlib/stdlib.h"
#include "shared/kayton_api.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

constexpr int kMaxPasses = 40;

void find_rimports(Body body, std::vector<std::string>& crates) {
    auto add = [&](std::string_view path) {
        std::string crate(path.substr(0, path.find('.')));
        if (std::find(crates.begin(), crates.end(), crate) == crates.end()) crates.push_back(crate);
    };
    for (const Stmt* s : body) {
        switch (s->kind) {
            case StmtKind::kRimport:
                for (const ImportName& n : as<ImportStmt>(*s).names) add(n.path);
                break;
            case StmtKind::kFromRimport: add(as<FromImportStmt>(*s).module); break;
            case StmtKind::kIf:
                find_rimports(as<IfStmt>(*s).body, crates);
                find_rimports(as<IfStmt>(*s).else_body, crates);
                break;
            case StmtKind::kTry:
                find_rimports(as<TryStmt>(*s).body, crates);
                break;
            case StmtKind::kFunction: find_rimports(as<FunctionStmt>(*s).body, crates); break;
            default: break;
        }
    }
}

bool is_shipped(const SourceFile& file) {
    const std::string& name = file.name();
    return name.size() > 2 && name.front() == '<' && stdlib_source(name.substr(1, name.size() - 2)) != nullptr;
}

// What is wrong inside a shipped module follows from what is wrong in the program that uses it.
void drop_consequences(DiagnosticEngine& diagnostics, size_t mark) {
    const std::vector<Diagnostic> said(diagnostics.all().begin() + static_cast<std::ptrdiff_t>(mark), diagnostics.all().end());
    auto follows = [](const Diagnostic& d) { return d.secondary.empty() && is_shipped(*d.primary.file); };
    if (std::none_of(said.begin(), said.end(), follows) || std::all_of(said.begin(), said.end(), follows)) return;
    diagnostics.rewind(mark);
    for (const Diagnostic& d : said)
        if (!follows(d)) diagnostics.report(d.code, *d.primary.file, d.primary.span, d.message) = d;
}

}  // namespace

Checker::Checker(Environment environment, DiagnosticEngine& diagnostics)
    : environment_(std::move(environment)), diagnostics_(diagnostics) {}

Checker::~Checker() = default;

const SourceFile& Checker::file() const { return *state_->instance->decl->file; }

Diagnostic& Checker::report(DiagCode code, Span span, std::string message, std::string label, std::string help) {
    return diagnostics_.report(code, file(), span, std::move(message), std::move(label), std::move(help));
}

Diagnostic& Checker::report_limit(DiagCode code, Span span, std::string message, std::string label, std::string help) {
    Diagnostic& d = report(code, span, std::move(message), std::move(label), std::move(help));
    d.only_here = true;
    return d;
}

void Checker::report_endless(const Stmt& s) {
    const auto& said = diagnostics_.all();
    if (std::any_of(said.begin(), said.end(), [](const Diagnostic& d) { return d.code == DiagCode::kRecursiveType; })) return;
    report(DiagCode::kRecursiveType, s.span, "a type here grows without end", "each step puts it into itself",
           "annotate the function or variable that it comes from");
}

bool Checker::scan_rimports(const Module& module) {
    std::vector<std::string> crates;
    find_rimports(module.body, crates);
    for (const std::string& crate : crates) load_manifest(crate);
    return import_errors_.empty();
}

const Manifest* Checker::load_manifest(const std::string& crate) {
    auto known = manifests_.find(crate);
    if (known != manifests_.end()) return known->second.get();
    const InstalledPlugin* plugin = environment_.find(crate);
    if (plugin == nullptr) {
        import_errors_.push_back({ErrorKind::kImport,
                                  "ImportError: Library '" + crate + "' is not installed in the active Kayton environment '" + environment_.name +
                                      "'. Run: kik rinstall " + crate,
                                  ""});
        return nullptr;
    }
    if (plugin->abi_version != KAYTON_PLUGIN_ABI_VERSION) {
        import_errors_.push_back({ErrorKind::kPluginAbi,
                                  "PluginABIError: '" + crate + "' built with ABI v" + std::to_string(plugin->abi_version) + " but host expects v" +
                                      std::to_string(KAYTON_PLUGIN_ABI_VERSION) + ". Reinstall plugin or switch environment.",
                                  ""});
        return nullptr;
    }
    Result<Manifest> manifest = read_manifest(plugin->manifest());
    if (!manifest) {
        import_errors_.push_back({ErrorKind::kImport, "ImportError: " + manifest.error().message, manifest.error().remedy});
        return nullptr;
    }
    return (manifests_[crate] = std::make_unique<Manifest>(std::move(*manifest))).get();
}

typed::TypedProgram Checker::check(const Module& module, bool cell, bool check_all) {
    import_errors_.clear();
    cell_ = cell;
    ++cell_number_;
    auto decl = std::make_unique<FunctionDecl>();
    decl->name = "<module>";
    decl->file = module.file;
    decl->body = module.body;
    decl->is_module = true;
    decl->unit = &main_;
    decl->scope = analyse_scope({}, module.body);
    if (cell && !undecided_.empty()) {
        decl->body = with_undecided(module.body, decl->scope);
        decl->scope = analyse_scope({}, decl->body);
    }
    module_ = decl.get();
    main_.body = module_;
    modules_.push_back(std::move(decl));
    if (!scan_rimports(module) && !noting_) return {};  // an editor knows the rest of a program whose crate is missing

    shown_ = nullptr;
    if (cell && !module.body.empty() && module.body.back()->kind == StmtKind::kExpr) shown_ = module.body.back();
    auto instance = std::make_unique<Instance>();
    instance->decl = module_;
    instance->result = types_.never;
    module_->instances.push_back(std::move(instance));

    const size_t mark = diagnostics_.all().size();
    deferring_ = false;
    for (int i = 0;; ++i) {
        diagnostics_.rewind(mark);
        run_pass(*module_, check_all);
        const bool endless = std::any_of(diagnostics_.all().begin() + static_cast<std::ptrdiff_t>(mark), diagnostics_.all().end(),
                                         [](const Diagnostic& d) { return d.code == DiagCode::kRecursiveType; });
        if ((!changed_ && !settle_generators()) || endless) {
            if (endless || deferring_ || !deferrable_ || !diagnostics_.has_errors()) break;
            deferring_ = true;  // the types stand: once more, with what the run may raise in place of errors
            continue;
        }
        if (i == kMaxPasses) {
            if (!diagnostics_.has_errors())
                diagnostics_.report(DiagCode::kRecursiveType, *module.file, {0, 0}, "the types of this program grow without end", "",
                                    "annotate the functions that call each other");
            break;
        }
    }
    for (Diagnostic& d : raised_) diagnostics_.warn(std::move(d));
    raised_.clear();
    if (diagnostics_.has_errors()) {
        drop_consequences(diagnostics_, mark);
        globals_ = committed_globals_;
        asked_.reset();
        return {};
    }
    if (asking_ || noting_) return {};
    close_types();
    merge_equal_instances();
    commit();
    return std::move(program_);
}

void Checker::run_pass(FunctionDecl& module, bool check_all) {
    ++pass_;
    changed_ = false;
    deferrable_ = false;
    raised_.clear();
    depth_ = 0;
    checked_.clear();
    exprs_.clear();
    notes_.clear();
    mapped_.clear();
    used_names_.clear();
    deleted_names_.clear();
    program_ = typed::TypedProgram{};
    program_.arena = std::make_unique<typed::TypedArena>();
    for (auto& [name, global] : globals_)
        if (!global.external) global.entity = Entity{};
    declared_classes_.clear();
    for (auto& [node, known] : classes_)
        if (known->pending) declared_classes_.push_back(known.get());
    std::sort(declared_classes_.begin(), declared_classes_.end(), [](const auto* a, const auto* b) { return a->number < b->number; });
    for (types::ClassInfo* c : declared_classes_) c->declared_in = pass_;
    check_instance(*module.instances.front());
    // Types that an earlier pass found may name classes of a module that this one no longer comes by.
    for (const auto& [name, unit] : units_)
        if (!unit->committed && unit->body != nullptr && !unit->body->instances.empty() && unit->body->instances.front()->checked_in != pass_)
            check_instance(*unit->body->instances.front());
    protocol_instances();
    if (check_all) check_uncalled();
}

// Functions that nothing called, where annotations tell what they take.
void Checker::check_uncalled() {
    FunctionState state;
    state.instance = module_->instances.front().get();
    state.function = state.instance->function;
    std::vector<TStmt*> unused;
    state.out = &unused;
    state.env.vars.resize(module_->scope.names.size());
    for (const auto& [name, slot] : module_->scope.slots) {  // annotations name classes and imports
        const auto global = globals_.find(name);
        if (global == globals_.end() || global->second.entity.kind == EntityKind::kNothing) continue;
        state.env.vars[slot].bound = Bound::kYes;
        state.env.vars[slot].entity = std::make_shared<Entity>(global->second.entity);
    }
    state_ = &state;
    std::vector<FunctionDecl*> uncalled;
    for (auto& [node, decl] : functions_)
        if (decl->lambda_body == nullptr && std::none_of(decl->instances.begin(), decl->instances.end(),
                                                         [&](const auto& i) { return i->checked_in == pass_; }))
            uncalled.push_back(decl.get());
    std::sort(uncalled.begin(), uncalled.end(), [](const FunctionDecl* a, const FunctionDecl* b) { return a->span.begin < b->span.begin; });
    for (FunctionDecl* decl : uncalled) {
        if (decl->file != module_->file || (decl->owner != nullptr && !guessing_)) continue;
        std::vector<const Type*> args;
        for (const Param& p : decl->params) {
            if (guessing_ && p.annotation == nullptr) {
                const bool self = decl->owner != nullptr && args.empty();
                args.push_back(self ? decl->owner->type : types_.dynamic);
                continue;
            }
            if (p.annotation == nullptr || p.kind == ParamKind::kVarArgs || p.kind == ParamKind::kVarKeywords) break;
            const Type* t = annotation(*p.annotation);
            if (t == nullptr || (prune(t)->kind == TypeKind::kDynamic && !guessing_)) break;
            args.push_back(t);
        }
        if (args.size() == decl->params.size()) instantiate(*decl, args, decl->span, nullptr);
    }
    state_ = nullptr;
}

// The typed program holds no inference variables: what nothing decided is empty, and has no value.
void Checker::close_types() {
    for (TExpr* e : exprs_) {
        e->type = types_.resolve(e->type, true);
        if (e->type_arg != nullptr) e->type_arg = types_.resolve(e->type_arg, true);
    }
    for (auto& function : program_.functions) {
        function->result = types_.resolve(function->result, true);
        for (typed::Local& local : function->locals) local.type = types_.resolve(local.type, true);
    }
    for (typed::Global& global : program_.globals) global.type = types_.resolve(global.type, true);
    for (typed::Class& c : program_.classes)
        for (const Type*& field : c.field_types) field = types_.resolve(field, true);
}

// Instances that turned out to have the same parameter types are one function.
void Checker::merge_equal_instances() {
    std::map<std::pair<const FunctionDecl*, std::vector<const Type*>>, typed::Function*> first;
    std::map<typed::Function*, typed::Function*> same;
    for (Instance* instance : checked_) {
        if (instance->decl->is_module || instance->is_closure) continue;
        std::vector<const Type*> key;
        for (const Type* arg : instance->args) key.push_back(types_.resolve(arg, true));
        key.push_back(instance->function->result);
        auto [it, inserted] = first.emplace(std::make_pair(instance->decl, std::move(key)), instance->function);
        if (!inserted) same.emplace(instance->function, it->second);
    }
    if (same.empty()) return;
    for (TExpr* e : exprs_) {
        if (e->callee == nullptr) continue;
        auto merged = same.find(e->callee);
        if (merged != same.end()) e->callee = merged->second;
    }
    for (typed::Class& c : program_.classes) {
        for (typed::Function*& protocol : c.protocols) {
            auto merged = same.find(protocol);
            if (merged != same.end()) protocol = merged->second;
        }
        if (auto merged = same.find(c.finalizer); merged != same.end()) c.finalizer = merged->second;
    }
    std::erase_if(program_.functions, [&](const auto& f) { return same.contains(f.get()); });
}

namespace {

bool mentions(const types::Type* type, const types::ClassInfo& c) {
    if (type == nullptr) return false;
    type = prune(type);
    if (type->class_info == &c) return true;
    return std::any_of(type->args.begin(), type->args.end(), [&](const types::Type* arg) { return mentions(arg, c); });
}

}  // namespace

// Does the program of this pass need the class at run time? A cell that only declares it leaves its layout to the first
// that uses it: the fields' types are not known before.
bool Checker::referenced(const types::ClassInfo& c) const {
    if (!cell_ || c.committed || c.instantiated || c.caught || c.is_enum) return true;
    if (std::any_of(c.subclasses.begin(), c.subclasses.end(), [&](const types::ClassInfo* sub) { return sub->declared_in == pass_ && referenced(*sub); })) return true;
    for (const TExpr* e : exprs_)
        if (mentions(e->type, c) || mentions(e->type_arg, c)) return true;
    for (const auto& function : program_.functions) {
        if (mentions(function->result, c)) return true;
        for (const typed::Local& local : function->locals)
            if (mentions(local.type, c)) return true;
    }
    return std::any_of(globals_.begin(), globals_.end(), [&](const auto& entry) { return mentions(entry.second.declared, c); });
}

std::vector<std::array<std::string, 3>> Checker::values() const {
    std::vector<std::array<std::string, 3>> all;
    for (const auto& [name, global] : committed_globals_)
        if (global.declared != nullptr && !global.symbol.empty()) all.push_back({name, global.symbol, to_string(global.declared)});
    return all;
}

std::vector<std::pair<std::string, std::string>> Checker::names() const {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [name, global] : committed_globals_) {
        if (name.find_first_of("#:") != std::string::npos) continue;
        if (global.declared != nullptr) all.emplace_back(name, to_string(global.declared));
        else if (global.entity.kind == EntityKind::kFunction) all.emplace_back(name, "function");
        else if (global.entity.kind == EntityKind::kCrate || global.entity.kind == EntityKind::kModule) all.emplace_back(name, "module");
        else if (global.entity.kind != EntityKind::kNothing) all.emplace_back(name, "type");
    }
    return all;
}

}  // namespace kayton::check
