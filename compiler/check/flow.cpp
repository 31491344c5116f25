// Names and flow: what a name stands for at this point, assignment, narrowing, and how branches meet.
#include <algorithm>

#include "compiler/check/builtin_names.h"
#include "compiler/check/checker.h"

namespace kayton::check {

using typed::ExprKind;
using typed::StmtKind;

VarState* Checker::find_overlay(std::string_view name) {
    for (auto it = state_->overlays.rbegin(); it != state_->overlays.rend(); ++it) {
        auto found = it->find(name);
        if (found != it->end()) return &found->second;
    }
    return nullptr;
}

bool Checker::is_module_global(std::string_view name) const {
    const Unit* unit = state_->instance->decl->unit;
    const Scope& scope = unit->body->scope;
    return scope.binds(name) && (cell_ || unit != &main_ || scope.nested_used.contains(name) || scope.nested_globals.contains(name));
}

VarState* Checker::find_var(std::string_view name) {
    if (VarState* overlay = find_overlay(name)) return overlay;
    const Scope& scope = state_->instance->decl->scope;
    auto slot = scope.slots.find(name);
    if (slot != scope.slots.end()) return &state_->env.vars[slot->second];
    return nullptr;
}

// A name of the enclosing function that this one shares by cell; the local that holds it here.
uint32_t Checker::capture(std::string_view name, Span span) {
    auto known = state_->captured.find(name);
    if (known != state_->captured.end()) return known->second;
    Instance* outer = state_->instance->decl->parent_instance;
    if (outer->captured.insert(name).second) changed_ = true;
    auto pinned = outer->pinned.find(name);
    const Type* type = pinned != outer->pinned.end() ? pinned->second : types_.never;
    uint32_t local = temp(type, std::string(name));
    state_->function->locals[local].in_cell = true;
    uint32_t from = 0;
    auto in_outer = outer->pinned_locals.find(name);
    if (in_outer != outer->pinned_locals.end()) {
        from = in_outer->second;
    } else if (pinned != outer->pinned.end() && outer->in_progress) {
        // Called before the outer function has assigned it: the cell is there, with nothing in it yet.
        typed::Local cell;
        cell.name = std::string(name);
        cell.type = type;
        cell.in_cell = true;
        from = static_cast<uint32_t>(outer->function->locals.size());
        outer->function->locals.push_back(std::move(cell));
        outer->pinned_locals.emplace(name, from);
        state_->late_cells.insert(local);
    } else {
        changed_ = true;  // the outer function will have it in the next pass
    }
    state_->function->captures.push_back(local);
    state_->function->captured_from.push_back(from);
    state_->function->is_closure = true;
    state_->captured.emplace(name, local);
    auto& shared = state_->instance->shared;
    if (std::find(shared.begin(), shared.end(), name) == shared.end()) {
        shared.push_back(name);
        changed_ = true;
    }
    (void)span;
    return local;
}

// A closure made outside the function that its variables belong to: the function at hand shares them too, and hands them
// on. False where one of them means something else here.
bool Checker::take_cells(FunctionDecl& decl, Instance& instance, TExpr* closure, Span span) {
    if (decl.parent_instance == state_->instance || &instance == state_->instance) return true;
    Args cells;
    for (std::string_view name : std::vector<std::string_view>(instance.shared)) {
        if (state_->instance->decl->scope.binds(name)) return false;
        if (state_->instance->decl->parent_instance == nullptr) return false;
        if (state_->instance->decl->parent_instance != decl.parent_instance && !capture_through(name, span)) return false;
        TExpr* cell = make(ExprKind::kLocal, types_.none, span);
        cell->index = capture(name, span);
        cells.push_back(cell);
    }
    closure->args = keep(cells);
    closure->int_value = 1;
    return true;
}

// A name of a function further out: the function around this one shares it too, and hands it on. False where that one is
// not being checked.
bool Checker::capture_through(std::string_view name, Span span) {
    Instance* parent = state_->instance->decl->parent_instance;
    FunctionState* around = state_->outer;
    while (around != nullptr && around->instance != parent) around = around->outer;
    if (around == nullptr) return false;
    FunctionState* here = state_;
    state_ = around;
    Entity shared = lookup(name, span);
    state_ = here;
    if (shared.kind != EntityKind::kValue || shared.value->kind != ExprKind::kLocal) return false;
    parent->pinned[name] = shared.value->type;
    parent->pinned_locals[name] = shared.value->index;
    if (around->late_cells.contains(shared.value->index)) state_->late_cells.insert(capture(name, span));
    return true;
}

Entity Checker::lookup(std::string_view name, Span span) {
    Entity result;
    if (name.starts_with('%')) {  // what a function value was made with
        auto bound = state_->captured.find(name);
        if (bound != state_->captured.end()) {
            result.kind = EntityKind::kValue;
            result.value = read_local(bound->second, span);
            return result;
        }
    }
    if (name.size() > 1 && name.front() == '%' && is_builtin_name(name.substr(1))) {  // in trees of the checker's own making
        result.kind = EntityKind::kBuiltin;
        result.name = name.substr(1);
        return result;
    }
    const bool at_module = state_->instance->decl->is_module;
    VarState* var = find_var(name);
    const bool declared_global = state_->instance->decl->scope.globals.contains(name);
    if (var != nullptr && !declared_global) {
        if (var->entity) return *var->entity;
        if (var->bound != Bound::kNo && var->flow != nullptr && types::prune(var->flow)->kind == TypeKind::kTypeObject) {
            result.kind = EntityKind::kType;
            result.type = types::prune(var->flow)->args[0];
            return result;
        }
        if (var->bound != Bound::kNo && var->flow != nullptr && types::prune(var->flow)->kind == TypeKind::kFunctionRef)
            return function_refs_.find(types::prune(var->flow)->name)->second;
        const bool deleted = var->bound == Bound::kNo && var->global;  // in this cell
        if (deleted && is_builtin_name(name)) {
            result.kind = EntityKind::kBuiltin;
            result.name = name;
            return result;
        }
        if (var->bound == Bound::kNo && at_module && !deleted) {
            // Not assigned on this path: a built-in of the same name, an earlier cell's global, or an error.
            // Another type of it in this cell makes a new global; what it was before is still there to be read.
            auto earlier = globals_.find(global_key(name));
            bool known = earlier != globals_.end() && earlier->second.external;
            if (!known && cell_) {
                earlier = committed_globals_.find(global_key(name));
                known = earlier != committed_globals_.end() && earlier->second.external;
            }
            if (known) {
                used_names_.emplace(name);
                if (earlier->second.entity.kind != EntityKind::kNothing) return earlier->second.entity;
                result.kind = EntityKind::kValue;
                result.value = read_global(earlier->second, name, span);
                return result;
            }
            if (is_builtin_name(name)) {
                result.kind = EntityKind::kBuiltin;
                result.name = name;
                return result;
            }
        }
        result.kind = EntityKind::kValue;
        result.value = read_var(*var, name, span);
        return result;
    }
    // Enclosing functions.
    if (!declared_global) {
        const FunctionDecl* decl = state_->instance->decl;
        for (Instance* outer = decl->parent_instance; outer != nullptr; outer = outer->decl->parent_instance) {
            if (outer->decl->is_module) break;
            if (!outer->decl->scope.binds(name)) continue;
            auto entity = outer->entities.find(name);
            if (entity != outer->entities.end()) return entity->second;
            if (!outer->decl->scope.rebound.contains(name))
                for (size_t i = 0; i < outer->args.size() && i < outer->decl->params.size(); ++i)
                    if (outer->decl->params[i].name == name && types::prune(outer->args[i])->kind == TypeKind::kFunctionRef)
                        return function_refs_.find(types::prune(outer->args[i])->name)->second;
            if (outer != decl->parent_instance && !capture_through(name, span)) {
                report(DiagCode::kUnsupported, span, "`" + std::string(name) + "` belongs to a function two levels up",
                       "captured through another function", "pass it as an argument");
                result.kind = EntityKind::kValue;
                result.value = never(span);
                return result;
            }
            uint32_t local = capture(name, span);
            result.kind = EntityKind::kValue;
            result.value = read_local(local, span);
            result.value->int_value = state_->late_cells.contains(local) ? 1 : 0;
            return result;
        }
    }
    auto global = globals_.find(global_key(name));
    if (global != globals_.end()) {
        if (global->second.external && !module_->scope.binds(name)) used_names_.emplace(name);
        if (global->second.entity.kind != EntityKind::kNothing) return global->second.entity;
        result.kind = EntityKind::kValue;
        result.value = read_global(global->second, name, span);
        return result;
    }
    Unit* unit = state_->instance->decl->unit;
    if (unit->body->scope.binds(name) && !at_module) {  // assigned later at module level
        globals_[global_key(name)];
        changed_ = true;
        result.kind = EntityKind::kValue;
        result.value = undefined_name(name, span);
        return result;
    }
    for (Unit* star : unit->stars) {
        if (name.starts_with("__") && name.ends_with("__")) break;  // each module's own
        result = unit_member(*star, name, span);
        if (result.kind != EntityKind::kNothing) return result;
    }
    if (is_builtin_name(name)) {
        result.kind = EntityKind::kBuiltin;
        result.name = name;
        return result;
    }
    if (name == "NotImplemented")
        if (Unit* builtins = import_unit("_bases", span)) return unit_member(*builtins, name, span);
    if (name == "__name__") {
        result.kind = EntityKind::kValue;
        result.value = constant_str(unit->name, span);
        return result;
    }
    if (name == "__doc__" && !cell_) {
        result.kind = EntityKind::kValue;
        result.value = docstring(unit->body->body, span);
        return result;
    }
    if (name == "__file__" && !cell_) {
        Unit* program = import_unit("_program", span);
        const Entity function = program != nullptr ? unit_member(*program, unit == &main_ ? "main_file" : "file", span) : Entity{};
        result.kind = EntityKind::kValue;
        result.value = never(span);
        if (function.kind == EntityKind::kFunction)
            result.value = call_values(*function.function, unit == &main_ ? Args{} : Args{constant_str(unit->body->file->name(), span)}, span);
        return result;
    }
    if (const Type* exception = types_.find_exception(name)) {
        result.kind = EntityKind::kType;
        result.type = exception;
        return result;
    }
    if (name == "__kayton_asdict" || name == "__kayton_astuple" || name == "__kayton_shallow") {  // in the methods of data classes
        result.kind = EntityKind::kBuiltin;
        result.name = name;
        return result;
    }
    if (name == "slice") {
        if (types::ClassInfo* slice = slice_class(span)) {
            result.kind = EntityKind::kType;
            result.type = slice->type;
            return result;
        }
    }
    if (name == "progress") {
        if (Unit* written = import_unit("_progress", span)) {
            result = unit_member(*written, name, span);
            if (result.kind != EntityKind::kNothing) return result;
        }
    }
    if (name == "bytearray" || name == "complex" || name == "memoryview") {  // built-in classes that are written in Kayton
        if (Unit* written = import_unit(name == "memoryview" ? "_memory_view" : "_builtin_types", span)) {
            result = unit_member(*written, name, span);
            if (result.kind != EntityKind::kNothing) return result;
        }
    }
    std::vector<std::string> candidates = builtin_names();
    for (auto n : state_->instance->decl->scope.names) candidates.emplace_back(n);
    for (const auto& [n, g] : globals_) candidates.push_back(n);
    std::string near = nearest_name(name, candidates);
    report(DiagCode::kUndefinedName, span, "name '" + std::string(name) + "' is not defined", "not found in this scope",
           near.empty() ? "" : "did you mean `" + near + "`?");
    result.kind = EntityKind::kValue;
    result.value = never(span);
    return result;
}

TExpr* Checker::read_var(VarState& var, std::string_view name, Span span) {
    if (var.bound == Bound::kNo) {
        state_->unbound_reads.insert(name);
        report(DiagCode::kPossiblyUnbound, span, "`" + std::string(name) + "` is used before it is assigned",
               "nothing was assigned on this path", "assign it first");
        return never(span);
    }
    if (var.global) {
        GlobalName& global = globals_[global_key(name)];
        if (global.external && var.bound == Bound::kMaybe) used_names_.emplace(name);
        TExpr* e = read_global(global, name, span);
        // Assigned here, whatever an earlier cell did; but a function that is called meanwhile may delete it.
        const bool surely = var.bound == Bound::kYes && !cell_ && !state_->instance->decl->unit->body->scope.nested_globals.contains(name);
        e->int_value = surely ? 0 : 1;
        if (var.flow != nullptr && resolved(var.flow) != resolved(e->type) && accepts(e->type, var.flow)) {
            TExpr* narrowed = make(ExprKind::kNarrowChecked, var.flow, span, {e});
            narrowed->text = "value changed its type in a function called meanwhile";
            return narrowed;
        }
        return e;
    }
    if (var.local < 0) return never(span);
    TExpr* e = read_local(static_cast<uint32_t>(var.local), span);
    if (var.bound == Bound::kMaybe) {
        e->int_value = 1;
        state_->function->locals[static_cast<uint32_t>(var.local)].maybe_unbound = true;
    }
    return narrow(e, var.flow);
}

uint32_t Checker::global_index(GlobalName& global, std::string_view name) {
    if (global.listed_in != pass_) {
        global.listed_in = pass_;
        if (global.symbol.empty()) global.symbol = "kt.g." + std::string(name) + "." + std::to_string(cell_number_);
        global.index = static_cast<uint32_t>(program_.globals.size());
        typed::Global g;
        g.name = std::string(name);
        g.symbol = global.symbol;
        g.external = global.external;
        program_.globals.push_back(std::move(g));
    }
    program_.globals[global.index].type = global.declared != nullptr ? global.declared : types_.never;
    return global.index;
}

// No assignment of the name gives it a value: none of them is reached, or what they assign is not known yet.
TExpr* Checker::undefined_name(std::string_view name, Span span) {
    BlockScope scope(*this);
    return scope.finish(raise_stmt(types_.find_exception("NameError"), "name '" + std::string(name) + "' is not defined", span));
}

TExpr* Checker::read_global(GlobalName& global, std::string_view name, Span span) {
    if (global.declared == nullptr) return undefined_name(name, span);
    TExpr* e = make(ExprKind::kGlobal, global.declared, span);
    e->index = global_index(global, name);
    e->int_value = 1;  // a cell that did not end well may not have assigned it, or a `del` has been
    return e;
}

void Checker::assign_global(std::string_view name, TExpr* value, Span span) {
    GlobalName& global = globals_[global_key(name)];
    if (global.external && global.entity.kind == EntityKind::kNothing && global.declared != nullptr &&
        resolved(value->type) == resolved(global.declared)) {  // the same variable, for functions of earlier cells too
        TStmt* s = stmt(StmtKind::kAssignGlobal, span);
        s->index = global_index(global, name);
        s->a = value;
        emit(s);
        return;
    }
    if (global.external) {  // a new version of the name, in this cell
        global = GlobalName{};
    }
    global.entity = Entity{};
    global.span = span;
    if (value->type->kind == TypeKind::kNever && global.declared == nullptr) {
        emit_expr(value);
        return;
    }
    const Type* joined = global.declared == nullptr ? value->type : join_types(global.declared, value->type);
    if (global.declared == nullptr || resolved(joined) != resolved(global.declared)) {
        global.declared = joined;
        changed_ = true;
    }
    TStmt* s = stmt(StmtKind::kAssignGlobal, span);
    s->index = global_index(global, name);
    s->a = convert(value, global.declared);
    emit(s);
}

void Checker::pin(std::string_view name, const Type* type) {
    auto [it, inserted] = state_->instance->pinned.emplace(name, type);
    if (inserted) {
        changed_ = true;
        return;
    }
    const Type* joined = join_types(it->second, type);
    if (resolved(joined) != resolved(it->second)) {
        it->second = joined;
        changed_ = true;
    }
}

void Checker::assign_name(std::string_view name, TExpr* value, Span span) {
    FunctionDecl& decl = *state_->instance->decl;
    if (noting_) note(span, value->type);
    forget_paths_from(name);
    if (find_overlay(name) != nullptr) {
        set_overlay(name, value);
        return;
    }
    if (decl.scope.globals.contains(name) && !decl.is_module) {
        assign_global(name, value, span);
        return;
    }
    if (decl.scope.nonlocals.contains(name) && decl.parent_instance == nullptr && decl.unit->body->scope.binds(name)) {
        assign_global(name, value, span);
        return;
    }
    if (decl.scope.nonlocals.contains(name)) {
        Instance* outer = decl.parent_instance;
        if (outer == nullptr || outer->decl->is_module || !outer->decl->scope.binds(name)) {
            report(DiagCode::kUndefinedName, span, "no binding for nonlocal '" + std::string(name) + "' found");
            return;
        }
        uint32_t local = capture(name, span);
        FunctionState* saved = state_;
        auto [it, inserted] = outer->pinned.emplace(name, value->type);
        const Type* joined = inserted ? value->type : join_types(it->second, value->type);
        if (inserted || resolved(joined) != resolved(it->second)) {
            it->second = joined;
            changed_ = true;
        }
        state_ = saved;
        state_->function->locals[local].type = it->second;
        assign_local(local, value);
        return;
    }
    auto slot = decl.scope.slots.find(name);
    if (slot == decl.scope.slots.end()) {
        report(DiagCode::kBadTarget, span, "cannot assign to `" + std::string(name) + "` here");
        return;
    }
    VarState& var = state_->env.vars[slot->second];
    var.entity = nullptr;
    state_->instance->entities.erase(name);
    if (decl.is_module && is_module_global(name)) {
        assign_global(name, value, span);
        var.global = true;
        var.declared = globals_[global_key(name)].declared;
        var.flow = value->type;
        var.bound = Bound::kYes;
    } else {
        if (state_->instance->captured.contains(name)) pin(name, value->type);
        auto pinned = state_->instance->pinned.find(name);
        if (pinned != state_->instance->pinned.end()) {
            pin(name, value->type);
            auto [local, fresh] = state_->instance->pinned_locals.emplace(name, 0);
            if (fresh) local->second = temp(pinned->second, std::string(name));
            state_->function->locals[local->second].type = pinned->second;
            if (state_->instance->captured.contains(name)) state_->function->locals[local->second].in_cell = true;
            var.local = static_cast<int32_t>(local->second);
            var.declared = pinned->second;
            // A cell may be changed by the functions that share it: no narrowing.
            var.flow = state_->instance->captured.contains(name) ? pinned->second : value->type;
            assign_local(local->second, value);
        } else if (var.local >= 0 && !var.global && resolved(var.declared) == resolved(value->type)) {
            var.flow = value->type;
            assign_local(static_cast<uint32_t>(var.local), value);
        } else {
            uint32_t local = temp(value->type, std::string(name));
            var.local = static_cast<int32_t>(local);
            var.declared = value->type;
            var.flow = value->type;
            assign_local(local, value);
        }
        var.bound = Bound::kYes;
    }
    for (auto* log : state_->assignment_logs) log->emplace_back(slot->second, var);
}

void Checker::bind_entity(std::string_view name, Entity entity, Span span) {
    FunctionDecl& decl = *state_->instance->decl;
    if (noting_) note(span, entity);
    if (decl.is_module || decl.scope.globals.contains(name)) {
        GlobalName& global = globals_[global_key(name)];
        if (global.external) global = GlobalName{};
        global.entity = entity;
        global.span = span;
    } else {
        state_->instance->entities[name] = entity;
    }
    auto slot = decl.scope.slots.find(name);
    if (slot != decl.scope.slots.end()) {
        VarState& var = state_->env.vars[slot->second];
        var = VarState{};
        var.bound = Bound::kYes;
        var.entity = std::make_shared<Entity>(std::move(entity));
    }
}

Env Checker::join(const Env& a, const Env& b) {
    if (!a.reachable) return b;
    if (!b.reachable) return a;
    Env result = a;
    for (auto fact = result.paths.begin(); fact != result.paths.end();) {
        auto other = b.paths.find(fact->first);
        if (other == b.paths.end()) {
            fact = result.paths.erase(fact);
            continue;
        }
        fact->second = join_types(fact->second, other->second);
        ++fact;
    }
    const auto& names = state_->instance->decl->scope.names;
    for (size_t i = 0; i < result.vars.size(); ++i) {
        VarState& out = result.vars[i];
        const VarState& other = b.vars[i];
        if (other.bound == Bound::kNo) {
            if (out.bound == Bound::kYes) out.bound = Bound::kMaybe;
            continue;
        }
        if (out.bound == Bound::kNo) {
            out = other;
            if (out.bound == Bound::kYes) out.bound = Bound::kMaybe;
            continue;
        }
        if (other.bound == Bound::kMaybe) out.bound = Bound::kMaybe;
        if (out.entity || other.entity) {
            if (!out.entity || !other.entity) {
                if (!out.entity) out.entity = other.entity;
            }
            continue;
        }
        if (out.flow == nullptr || other.flow == nullptr) {
            if (out.flow == nullptr) out = other;
            out.bound = Bound::kMaybe;
            continue;
        }
        const Type* joined = join_types(out.flow, other.flow);
        if (out.local != other.local || out.global != other.global) pin(names[i], joined);
        if (!out.global && (out.declared == nullptr || !accepts(out.declared, joined))) pin(names[i], joined);
        out.flow = joined;
    }
    return result;
}

OverlayScope::OverlayScope(Checker& checker) : checker_(checker) { checker_.state_->overlays.emplace_back(); }

OverlayScope::~OverlayScope() { checker_.state_->overlays.pop_back(); }

void OverlayScope::bind(std::string_view name, TExpr* value) {
    checker_.state_->overlays.back()[name] = VarState{};
    checker_.set_overlay(name, value);
}

void Checker::set_overlay(std::string_view name, TExpr* value) {
    VarState& var = *find_overlay(name);
    uint32_t local = temp(value->type, std::string(name));
    assign_local(local, value);
    var.local = static_cast<int32_t>(local);
    var.declared = value->type;
    var.flow = value->type;
    var.bound = Bound::kYes;
}

void Checker::apply(const std::vector<Narrowing>& narrowings) {
    for (const Narrowing& n : narrowings) {
        if (n.name.find('.') != std::string_view::npos) {
            if (types::prune(n.type)->kind != TypeKind::kNone && types::prune(n.type)->kind != TypeKind::kNever)
                state_->env.paths[n.name] = n.type;
            continue;
        }
        VarState* var = find_var(n.name);
        if (var == nullptr || var->entity || var->bound == Bound::kNo) continue;
        if (!var->global && state_->instance->captured.contains(n.name)) continue;
        // A test that cannot come out this way: the branch is never taken.
        if (types::prune(n.type)->kind == TypeKind::kNever && types::prune(var->flow)->kind != TypeKind::kNever)
            state_->env.reachable = false;
        var->flow = n.type;
    }
}

NarrowScope::NarrowScope(Checker& checker, const std::vector<Narrowing>& narrowings) : checker_(checker) {
    for (const Narrowing& n : narrowings) {
        if (n.name.find('.') != std::string_view::npos) {
            auto& paths = checker_.state_->env.paths;
            auto known = paths.find(n.name);
            saved_.emplace_back(n.name, known == paths.end() ? nullptr : known->second);
            if (types::prune(n.type)->kind != TypeKind::kNone && types::prune(n.type)->kind != TypeKind::kNever) paths[n.name] = n.type;
            continue;
        }
        VarState* var = checker_.find_var(n.name);
        if (var == nullptr || var->entity || var->bound == Bound::kNo) continue;
        if (!var->global && checker_.state_->instance->captured.contains(n.name)) continue;
        saved_.emplace_back(n.name, var->flow);
        var->flow = n.type;
    }
}

NarrowScope::~NarrowScope() {
    for (auto it = saved_.rbegin(); it != saved_.rend(); ++it) {
        if (it->first.find('.') != std::string_view::npos) {
            auto& paths = checker_.state_->env.paths;
            if (it->second == nullptr) {
                paths.erase(it->first);
            } else {
                paths[it->first] = it->second;
            }
            continue;
        }
        if (VarState* var = checker_.find_var(it->first)) var->flow = it->second;
    }
}

}  // namespace kayton::check
