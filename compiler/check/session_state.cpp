// What a session has defined, cell by cell: settled after each, and gone back to.
#include "compiler/check/session_state.h"

#include <algorithm>
#include <set>
#include <utility>

#include "compiler/check/checker.h"

namespace kayton::check {

std::shared_ptr<SessionState> Checker::take_state(std::map<std::string, GlobalName, std::less<>> globals) const {
    auto state = std::make_shared<SessionState>();
    state->globals = std::move(globals);
    state->undecided = undecided_;
    for (types::ClassInfo* c : known_classes_)
        if (c->committed || c->pending) state->classes.push_back({c, c->committed, c->pending, c->subclasses, c->mixed_into});
    state->mixed_exceptions = mixed_exceptions_;
    for (const auto& [name, unit] : units_)
        if (unit->committed) state->units.insert(unit.get());
    return state;
}

// What the module defined stays for later cells; its storage types are settled now.
void Checker::commit() {
    if (!cell_) return;
    before_last_ = take_state(std::exchange(committed_globals_, {}));
    undecided_ = find_undecided();
    for (auto& [name, global] : globals_) {
        if (global.declared != nullptr) {
            global.declared = types_.resolve(global.declared, true);
            global.external = true;
        } else if (global.entity.kind != EntityKind::kNothing) {
            global.external = true;
        }
        global.listed_in = -1;
    }
    for (const std::string& name : deleted_names_) globals_.erase(name);
    for (const syntax::Stmt* s : module_->body) {
        if (s->kind != syntax::StmtKind::kFunction && s->kind != syntax::StmtKind::kClass) continue;
        const std::string_view name = s->kind == syntax::StmtKind::kFunction ? syntax::as<syntax::FunctionStmt>(*s).name
                                                                            : syntax::as<syntax::ClassStmt>(*s).name;
        const auto global = globals_.find(name);
        if (global != globals_.end()) global->second.definition = module_->file->text().substr(s->span.begin, s->span.end - s->span.begin);
    }
    for (types::ClassInfo* c : declared_classes_) {
        known_classes_.insert(c);
        if (!referenced(*c)) {
            c->pending = true;
            continue;
        }
        c->pending = false;
        for (types::ClassField& field : c->fields) field.type = types_.resolve(field.type, true);
        c->committed = true;
    }
    for (auto& [name, unit] : units_)
        if (unit->body->instances.front()->checked_in == pass_) unit->committed = true;
    committed_globals_ = globals_;
}

void Checker::return_to(const SessionState& state, const std::vector<std::string>& lost) {
    committed_globals_ = state.globals;
    for (const std::string& name : lost) committed_globals_.erase(name);
    globals_ = committed_globals_;
    undecided_ = state.undecided;
    // A module's classes are the same ones when it is imported again; those of a cell do not come again.
    std::set<const SourceFile*> modules;
    for (const auto& [name, unit] : units_) modules.insert(unit->body->file);
    for (types::ClassInfo* c : known_classes_) {
        c->committed = c->pending = false;
        c->declared_in = -1;
        if (modules.contains(c->file)) continue;
        if (c->base != nullptr) std::erase(c->base->subclasses, c);
        for (types::ClassInfo* k : c->mro) std::erase(k->mixed_into, c);
    }
    for (const SessionState::Class& known : state.classes) {
        known.info->committed = known.committed;
        known.info->pending = known.pending;
        known.info->subclasses = known.subclasses;
        known.info->mixed_into = known.mixed_into;
    }
    mixed_exceptions_ = state.mixed_exceptions;
    for (auto& [name, unit] : units_) unit->committed = state.units.contains(unit.get());
    before_last_.reset();
}

void Checker::forget_last_cell(const std::vector<std::string>& lost) {
    if (const auto before = before_last_) return return_to(*before, lost);
    for (const std::string& name : lost) committed_globals_.erase(name);
    globals_ = committed_globals_;
}

void Checker::last_cell_failed() {
    if (!before_last_) return;
    for (const auto& [name, earlier] : before_last_->globals) {
        auto now = globals_.find(name);
        if (now == globals_.end()) {  // deleted, or not yet: that is seen where it is read
            globals_.emplace(name, earlier);
        } else if (now->second.declared != nullptr && earlier.declared != nullptr && now->second.symbol != earlier.symbol) {
            now->second = earlier;
        } else {
            continue;
        }
        const auto undecided = before_last_->undecided.find(name);
        if (undecided != before_last_->undecided.end()) undecided_.insert(*undecided);
    }
    committed_globals_ = globals_;
}

namespace {

bool own_of_compiler(std::string_view name) {  // or of an imported module
    return name.find_first_of("#:") != std::string_view::npos;
}

}  // namespace

std::vector<std::string> Checker::used_names() const {
    std::vector<std::string> names;
    for (const std::string& name : used_names_)
        if (!own_of_compiler(name) && before_last_ && before_last_->globals.contains(name)) names.push_back(name);
    return names;
}

std::vector<std::string> Checker::changed_names() const {
    std::vector<std::string> names;
    if (!before_last_) return names;
    std::set<std::string_view> bound(module_->scope.names.begin(), module_->scope.names.end());
    bound.insert(module_->scope.nested_globals.begin(), module_->scope.nested_globals.end());
    for (const std::string_view name : bound) {
        const auto old = before_last_->globals.find(name);
        if (old == before_last_->globals.end()) continue;
        const auto now = globals_.find(name);
        const bool same = now != globals_.end() && now->second.symbol == old->second.symbol &&
                          (now->second.declared != nullptr) == (old->second.declared != nullptr) &&
                          now->second.entity.kind == old->second.entity.kind &&
                          now->second.definition == old->second.definition;
        if (!same) names.emplace_back(name);
    }
    return names;
}

}  // namespace kayton::check
