#include "compiler/kir/borrowing.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "compiler/kir/program_lowering.h"
#include "compiler/kir/walk.h"

namespace kayton::kir {

using typed::Block;
using typed::Expr;
using typed::ExprKind;
using typed::Iter;
using typed::IterKind;
using typed::Stmt;
using typed::StmtKind;
using types::Type;
using types::TypeKind;

namespace {

constexpr Place kListElements{nullptr, 0};
constexpr Place kTableEntries{nullptr, 1};

const Type* root_class(const Type* type) {
    type = types::prune(type);
    while (type->base != nullptr) type = types::prune(type->base);
    return type;
}

Place field_place(const Expr* object, uint32_t index) { return {root_class(object->type), index}; }
Place global_place(uint32_t index) { return {&kListElements, index}; }

// Runtime functions that only add to containers, read their size or make objects: they overwrite nothing, whatever the
// types.
bool only_adds(typed::RuntimeFn fn) {
    using RT = typed::RuntimeFn;
    static constexpr std::array kAdding{RT::kt_list_append, RT::kt_list_new,  RT::kt_list_grow,  RT::kt_list_extend,
                                        RT::kt_list_copy,   RT::kt_list_slice, RT::kt_list_concat, RT::kt_list_repeat,
                                        RT::kt_dict_new,    RT::kt_dict_len,  RT::kt_dict_copy,  RT::kt_dict_keys,
                                        RT::kt_dict_values, RT::kt_dict_items, RT::kt_set_new,   RT::kt_set_copy,
                                        RT::kt_set_to_list, RT::kt_id,        RT::kt_isinstance, RT::kt_type_name,
                                        RT::kt_box_new,     RT::kt_object_new, RT::kt_cell_new,  RT::kt_raise,
                                        RT::kt_list_from_str};
    return std::find(kAdding.begin(), kAdding.end(), fn) != kAdding.end();
}

// Functions that look into a container and leave it as it is, where no code of the program compares or hashes.
bool only_reads(std::string_view name) {
    return name == "kt_dict_find" || name == "kt_dict_get" || name == "kt_dict_get_or" || name == "kt_dict_contains" ||
           name == "kt_set_contains" || name == "kt_list_contains" || name == "kt_list_find" || name == "kt_list_count" ||
           name == "kt_list_get" || name == "kt_dict_next" || name == "kt_dict_check_size" || name == "kt_str_join";
}

// Visits the code under a block or a statement, and collects what it may overwrite and which locals it assigns.
class Collector {
  public:
    explicit Collector(const Changes* known) : known_(known) {}
    PlaceSet changed;
    std::set<uint32_t> assigned;
    std::set<const typed::Function*> callees;

    void operator()(const Stmt& s) {
        note(s);
        switch (s.kind) {
            case StmtKind::kAssignGlobal: changed.places.insert(global_place(s.index)); break;
            case StmtKind::kUnbindGlobal: changed.places.insert(global_place(s.a->index)); break;
            case StmtKind::kSetItem:
                if (types::holds_references(s.c->type)) changed.places.insert(kListElements);
                break;
            case StmtKind::kSetField:
                if (types::holds_references(s.b->type)) changed.places.insert(field_place(s.a, s.index));
                break;
            default: break;
        }
    }
    void operator()(const Expr* e) {
        switch (e->kind) {
            case ExprKind::kCall:
                callees.insert(e->callee);
                if (known_ != nullptr) changed.add(known_->of(e->callee));
                break;
            case ExprKind::kCallPlugin:
            case ExprKind::kCallClosure:
            case ExprKind::kYield: changed.everything = true; break;
            case ExprKind::kRuntime:
                if (only_adds(e->runtime)) break;
                [[fallthrough]];
            case ExprKind::kDict:
            case ExprKind::kSet:
            case ExprKind::kDictGet: through_runtime(e); break;
            // What a nameless local holds moves out of it.
            case ExprKind::kSeq:
                if (e->args[0]->kind == ExprKind::kLocal) assigned.insert(e->args[0]->index);
                break;
            default: break;
        }
    }
    void operator()(const Iter& i) {
        note(i);
        if (i.kind == IterKind::kIterator || i.kind == IterKind::kHandle) changed.everything = true;
    }

  private:
    template <typename Node>
    void note(const Node& node) {
        assigned_locals(node, [&](uint32_t local) { assigned.insert(local); });
    }
    void through_runtime(const Expr* e) {
        const uint8_t effects =
            e->kind == ExprKind::kRuntime ? runtime_effects(e->runtime, *e) : display_effects(*e);
        if ((effects & kCode) != 0) {
            changed.everything = true;
        } else if ((effects & kContainers) != 0 && !only_reads(typed::runtime_info(e->runtime).name)) {
            changed.places.insert(kListElements);
            changed.places.insert(kTableEntries);
        }
    }

    const Changes* known_;
};

// Where a piece of code stands: a block, and the statement in it.
struct Position {
    uint32_t block;
    int32_t index;  // -1: what holds from the block's beginning
};

class BorrowFinder {
  public:
    BorrowFinder(const typed::Function& function, const Changes& changes)
        : function_(function), changes_(changes), locals_(function.locals.size()) {
        for (uint32_t captured : function.captures) locals_[captured].shared = true;
        for (size_t i = 0; i < locals_.size(); ++i) locals_[i].shared = locals_[i].shared || function.locals[i].in_cell;
        // A generator outlives what its caller lends it.
        if (function.is_generator) {
            for (uint32_t i = 0; i < function.param_count; ++i) locals_[i].excluded = true;
        }
    }

    std::vector<bool> find() {
        enter_block(function_.body, {0, 0}, 0);
        for (uint32_t i = 0; i < locals_.size(); ++i) consider(i);
        // A local whose way leads through another rests on that one: what is found not to borrow may end others.
        for (bool changed = true; changed;) {
            changed = false;
            for (uint32_t i = 0; i < locals_.size(); ++i) {
                if (!locals_[i].borrows || holds(i)) continue;
                locals_[i].borrows = false;
                changed = true;
            }
        }
        std::vector<bool> result;
        for (const Local& local : locals_) result.push_back(local.borrows);
        return result;
    }

  private:
    // The way to what a local holds: what was read, and the locals that it begins at.
    struct Way {
        PlaceSet places;
        std::set<uint32_t> roots;
    };
    struct Local {
        std::vector<Position> uses;  // assignments too
        std::vector<const Expr*> values;
        Way way;
        bool shared = false;         // with a closure
        bool excluded = false;       // given something else than a value read out of something
        bool borrows = false;
        PlaceSet changed;            // between its first assignment and its last use
        std::set<uint32_t> assigned;
        std::vector<const Stmt*> held_by;  // loops whose source its way may begin at
        Position first{}, last{};
    };
    struct BlockInfo {
        Block statements;
        Position parent;
        uint32_t depth = 0;
    };

    // --- where every local is used

    uint32_t enter_block(Block statements, Position parent, uint32_t depth) {
        auto id = static_cast<uint32_t>(blocks_.size());
        blocks_.push_back({statements, parent, depth});
        for (size_t i = 0; i < statements.size(); ++i) enter_stmt(*statements[i], {id, static_cast<int32_t>(i)}, depth);
        return id;
    }
    void enter_stmt(const Stmt& s, Position at, uint32_t depth) {
        assigned_locals(s, [&](uint32_t local) { use(local, at); });
        if (s.kind == StmtKind::kAssign) locals_[s.index].values.push_back(s.a);
        for (const Expr* part : {s.a, s.b, s.c}) enter_expr(part, at, depth);
        if (!s.body.empty() || s.iter != nullptr) {
            uint32_t body = enter_block(s.body, at, depth + 1);
            if (s.iter != nullptr) enter_iter(*s.iter, at, {body, -1}, depth, true);
        }
        if (!s.else_body.empty()) enter_block(s.else_body, at, depth + 1);
        if (!s.finally_body.empty()) enter_block(s.finally_body, at, depth + 1);
        for (const typed::Handler& handler : s.handlers) {
            if (handler.local >= 0) locals_[static_cast<size_t>(handler.local)].excluded = true;
            enter_block(handler.body, at, depth + 1);
        }
    }
    void enter_expr(const Expr* e, Position at, uint32_t depth) {
        if (e == nullptr) return;
        if (e->kind == ExprKind::kLocal) use(e->index, at);
        if (e->kind == ExprKind::kSeq) {
            // What it gives may be used until the statement around it ends, unless it is a number.
            uint32_t block = enter_block(e->block, at, depth + 1);
            const bool plain = !types::holds_references(e->type);
            const Position end{block, static_cast<int32_t>(e->block.size())};
            enter_expr(e->args[0], plain ? end : at, plain ? depth + 1 : depth);
            if (e->args[0]->kind == ExprKind::kLocal && !plain) locals_[e->args[0]->index].excluded = true;
            return;
        }
        for (const Expr* arg : e->args) enter_expr(arg, at, depth);
        if (!e->block.empty()) enter_block(e->block, at, depth + 1);
    }
    void enter_iter(const Iter& i, Position at, Position body, uint32_t depth, bool alone) {
        for (const Expr* arg : i.args) enter_expr(arg, i.kind == IterKind::kStep ? body : at, depth);
        for (const Iter* child : i.children) enter_iter(*child, at, body, depth, alone && i.kind == IterKind::kEnumerate);
        assigned_locals(i, [&](uint32_t local) { bind(i, local, body, alone); });
    }
    void bind(const Iter& i, uint32_t index, Position body, bool alone) {
        Local& local = locals_[index];
        use(index, body);
        const bool list = i.kind == IterKind::kList || i.kind == IterKind::kReversedList;
        const bool table = i.kind == IterKind::kDictKeys || i.kind == IterKind::kDictValues ||
                           i.kind == IterKind::kDictItems || i.kind == IterKind::kSet;
        if (!alone || (!list && !table) || !same_form(element_type(i, index), function_.locals[index].type)) {
            local.excluded = true;
            return;
        }
        local.way.places.places.insert(list ? kListElements : kTableEntries);
        if (add_way(i.args[0], local.way)) return;
        // The loop itself keeps what it goes over, as long as it runs.
        local.held_by.push_back(blocks_[blocks_[body.block].parent.block].statements[static_cast<size_t>(blocks_[body.block].parent.index)]);
    }
    static const Type* element_type(const Iter& i, uint32_t index) {
        const Type* source = i.args[0]->type;
        const bool value = i.kind == IterKind::kDictValues || (i.kind == IterKind::kDictItems && index == i.local2);
        return source->args[value ? 1 : 0];
    }
    void use(uint32_t index, Position at) { locals_[index].uses.push_back(at); }

    // --- values

    // Does the value of one type become one of the other without a new object or count?
    static bool same_form(const Type* from, const Type* to) {
        if (from == to) return true;
        auto pointer = [](const Type* type) {
            const types::Storage storage = types::storage_of(type);
            return storage == types::Storage::kPointer || storage == types::Storage::kNullable;
        };
        return pointer(from) && pointer(to);
    }

    // Adds how the value is reached; false: it is not read out of something that stays.
    bool add_way(const Expr* e, Way& way) const {
        switch (e->kind) {
            case ExprKind::kNone:
            case ExprKind::kStr:
            case ExprKind::kBytes: return true;  // immortal
            case ExprKind::kLocal:
                if (locals_[e->index].shared) return false;
                way.roots.insert(e->index);
                return true;
            case ExprKind::kGlobal: way.places.places.insert(global_place(e->index)); return true;
            case ExprKind::kField:
                way.places.places.insert(field_place(e->args[0], e->index));
                return add_way(e->args[0], way);
            case ExprKind::kListGet: way.places.places.insert(kListElements); return add_way(e->args[0], way);
            case ExprKind::kTupleGet: return add_way(e->args[0], way);
            case ExprKind::kConvert:
            case ExprKind::kNarrow:
            case ExprKind::kNarrowChecked: return same_form(e->args[0]->type, e->type) && add_way(e->args[0], way);
            default: return false;
        }
    }

    // --- one local

    static bool of_a_crate(const Type* type) {
        type = types::prune(type);
        return type->kind == TypeKind::kHandle || std::any_of(type->args.begin(), type->args.end(), of_a_crate);
    }

    void consider(uint32_t index) {
        const typed::Local& declared = function_.locals[index];
        Local& local = locals_[index];
        // When a crate's value is let go of decides what may be borrowed from it: those keep their counts.
        if (local.excluded || local.uses.empty() || local.shared || !types::holds_references(declared.type) ||
            of_a_crate(declared.type)) {
            return;
        }
        for (const Expr* value : local.values) {
            if (!same_form(value->type, declared.type) || !add_way(value, local.way)) return;
        }
        if (!find_region(index, local)) return;
        local.way.roots.erase(index);
        local.borrows = true;
    }

    Position lifted(Position at, uint32_t block) const {
        while (at.block != block) at = blocks_[at.block].parent;
        return at;
    }
    uint32_t common_block(uint32_t a, uint32_t b) const {
        while (a != b) {
            if (blocks_[a].depth >= blocks_[b].depth && a != 0) {
                a = blocks_[a].parent.block;
            } else {
                b = blocks_[b].parent.block;
            }
        }
        return a;
    }

    // The statements from the first assignment, which every use comes after, to the last use.
    bool find_region(uint32_t index, Local& local) {
        const bool param = index < function_.param_count;
        uint32_t block = local.uses[0].block;
        for (Position at : local.uses) block = common_block(block, at.block);
        if (param) block = 0;
        int32_t first = INT32_MAX, last = -1;
        for (Position at : local.uses) {
            int32_t here = lifted(at, block).index;
            first = std::min(first, here);
            last = std::max(last, here);
        }
        if (param) first = -1;
        const Block statements = blocks_[block].statements;
        if (first >= 0) {
            if (static_cast<size_t>(first) >= statements.size()) return false;
            const Stmt& assignment = *statements[static_cast<size_t>(first)];
            if (assignment.kind != StmtKind::kAssign || assignment.index != index || reads(assignment.a, index)) return false;
        }
        Collector collector(&changes_);
        const auto end = std::min(static_cast<size_t>(last) + 1, statements.size());
        for (auto i = static_cast<size_t>(first + 1); i < end; ++i) walk_stmt(*statements[i], collector);
        local.changed = std::move(collector.changed);
        local.assigned = std::move(collector.assigned);
        local.first = {block, first};
        local.last = {block, last};
        return true;
    }

    static bool reads(const Expr* e, uint32_t index) {
        bool found = false;
        walk_expr(e, [&](const Expr* part) { found = found || (part->kind == ExprKind::kLocal && part->index == index); });
        return found;
    }

    // --- whether it holds

    bool holds(uint32_t index) const {
        const Local& local = locals_[index];
        Way way = local.way;
        std::vector<const Stmt*> held_by = local.held_by;
        std::set<uint32_t> seen = way.roots;
        std::vector<uint32_t> open(way.roots.begin(), way.roots.end());
        while (!open.empty()) {
            const uint32_t root = open.back();
            open.pop_back();
            if (root == index) continue;
            const Local& other = locals_[root];
            if (other.borrows) {
                way.places.add(other.way.places);
                held_by.insert(held_by.end(), other.held_by.begin(), other.held_by.end());
                for (uint32_t next : other.way.roots) {
                    if (seen.insert(next).second) open.push_back(next);
                }
            } else if (local.assigned.contains(root)) {
                return false;
            }
        }
        for (const Stmt* loop : held_by) {
            if (!lies_in(local.first.block, loop)) return false;
        }
        return !way.places.meets(local.changed);
    }

    bool lies_in(uint32_t block, const Stmt* stmt) const {
        while (block != 0) {
            const Position parent = blocks_[block].parent;
            const Block statements = blocks_[parent.block].statements;
            if (static_cast<size_t>(parent.index) < statements.size() &&
                statements[static_cast<size_t>(parent.index)] == stmt) {
                return true;
            }
            block = parent.block;
        }
        return false;
    }

    const typed::Function& function_;
    const Changes& changes_;
    std::vector<Local> locals_;
    std::vector<BlockInfo> blocks_;
};

}  // namespace

// --- PlaceSet

bool PlaceSet::add(const PlaceSet& other) {
    const size_t before = places.size();
    const bool all = everything;
    everything = everything || other.everything;
    places.insert(other.places.begin(), other.places.end());
    return places.size() != before || everything != all;
}

bool PlaceSet::meets(const PlaceSet& other) const {
    if (places.empty()) return false;
    if (other.everything) return true;
    return std::any_of(places.begin(), places.end(), [&](const Place& place) { return other.places.contains(place); });
}

// --- Changes

Changes::Changes(const typed::TypedProgram& program) {
    everything_.everything = true;
    std::unordered_map<const typed::Function*, std::vector<const typed::Function*>> callers;
    std::vector<const typed::Function*> work;
    for (const auto& function : program.functions) {
        PlaceSet& own = changed_[function.get()];
        if (function->external || function->is_generator) {
            own.everything = true;
            continue;
        }
        Collector collector(nullptr);
        walk_block(function->body, collector);
        own = std::move(collector.changed);
        // A captured variable is a place too, which nothing here tells apart.
        for (uint32_t local : collector.assigned) {
            if (function->locals[local].in_cell) own.everything = true;
        }
        for (const typed::Function* callee : collector.callees) callers[callee].push_back(function.get());
        work.push_back(function.get());
    }
    for (const auto& function : program.functions) {
        if (changed_[function.get()].everything) work.push_back(function.get());
    }
    while (!work.empty()) {
        const typed::Function* callee = work.back();
        work.pop_back();
        const PlaceSet& of_callee = changed_[callee];
        for (const typed::Function* caller : callers[callee]) {
            if (changed_[caller].add(of_callee)) work.push_back(caller);
        }
    }
}

const PlaceSet& Changes::of(const typed::Function* function) const {
    auto found = changed_.find(function);
    return found == changed_.end() ? everything_ : found->second;
}

std::vector<bool> borrowing_locals(const typed::Function& function, const Changes& changes) {
    return BorrowFinder(function, changes).find();
}

}  // namespace kayton::kir
