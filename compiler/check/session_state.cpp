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
    for (auto& [name, global] : globals_) {
        if (global.declared == nullptr) continue;
        const auto earlier = before_last_->globals.find(name);
        if (earlier != before_last_->globals.end() && earlier->second.symbol == global.symbol) continue;
        if (earlier != before_last_->globals.end() && earlier->second.declared != nullptr) {
            global = earlier->second;
            const auto undecided = before_last_->undecided.find(name);
            if (undecided != before_last_->undecided.end()) undecided_.insert(*undecided);
        } else {
            global.maybe_unset = true;
        }
    }
    committed_globals_ = globals_;
}

}  // namespace kayton::check
