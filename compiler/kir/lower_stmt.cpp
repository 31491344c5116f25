// Statements but loops over iterables and try.
#include "compiler/kir/lowering.h"
#include "shared/object_layout.h"

namespace kayton::kir {

using typed::Expr;
using typed::ExprKind;
using typed::Stmt;
using typed::StmtKind;

void FunctionLowering::lower_block(typed::Block block) {
    for (const Stmt* stmt : block) {
        if (!b_.open()) return;
        lower_stmt(stmt);
    }
}

void FunctionLowering::lower_stmt(const Stmt* stmt) {
    Span before = b_.span;
    b_.span = stmt->span;
    size_t depth = mark();
    switch (stmt->kind) {
        case StmtKind::kExpr: lower_expr(stmt->a); break;
        case StmtKind::kAssign: lower_assign(stmt); break;
        case StmtKind::kAssignGlobal: lower_assign_global(stmt); break;
        case StmtKind::kUnbind: lower_unbind(stmt); break;
        case StmtKind::kUnbindGlobal: lower_unbind_global(stmt); break;
        case StmtKind::kSetItem: lower_set_item(stmt); break;
        case StmtKind::kSetField: lower_set_field(stmt); break;
        case StmtKind::kIf: lower_if(stmt); break;
        case StmtKind::kWhile: lower_while(stmt); break;
        case StmtKind::kFor: lower_for(stmt); break;
        case StmtKind::kBreak:
        case StmtKind::kContinue: {
            Loop loop = frame_->loops.back();
            const bool ends = stmt->kind == StmtKind::kBreak;
            leave_to(ends ? loop.break_depth : loop.depth);
            b_.jump(ends ? loop.break_to : loop.continue_to);
            break;
        }
        case StmtKind::kReturn: lower_return(stmt); break;
        case StmtKind::kRaise: lower_raise(stmt); break;
        case StmtKind::kReraise: {
            ValueId current = b_.call_runtime(RuntimeFn::kt_handling_current, Repr::kPointer, {});
            ValueId nothing = b_.binary(Opcode::kEq, Repr::kBool, current, b_.null());
            b_.check(nothing, failing(stmt->span, [&] { raise_class("RuntimeError", "No active exception to reraise"); }));
            b_.call_runtime(RuntimeFn::kt_exception_restore, Repr::kVoid, {current});
            b_.release(current, false);
            b_.jump(error_target());
            break;
        }
        case StmtKind::kTry: lower_try(stmt); break;
        case StmtKind::kBlock: lower_block(stmt->body); break;
    }
    close(depth);
    finalizer_point(stmt->span);
    b_.span = before;
}

// What went away is finalized here, where nothing is borrowed, and not where its last reference went.
void FunctionLowering::finalizer_point(Span span) {
    if (program_.has_finalizers() && b_.open()) safe_point(span);
}

// --- assignments

bool FunctionLowering::lower_str_append(const Stmt* stmt) {
    const Expr* concat = stmt->a;
    if (concat->kind != ExprKind::kRuntime || concat->args.size() != 2) return false;
    if (concat->runtime != RuntimeFn::kt_str_concat && concat->runtime != RuntimeFn::kt_str_append) return false;
    const Expr* first = concat->args[0];
    bool global = stmt->kind == StmtKind::kAssignGlobal;
    if (first->kind != (global ? ExprKind::kGlobal : ExprKind::kLocal) || first->index != stmt->index) return false;
    if (first->type->kind != TypeKind::kStr) return false;
    if (!global && (frame_->locals[stmt->index].cell != kNone || !frame_->locals[stmt->index].counted)) return false;

    // s = s + t: the old text is handed over, so it can grow in place when nothing else holds it.
    if (first->int_value == 1) lower_expr(first);
    Rvalue tail = lower_expr(concat->args[1]);
    if (tail.hazards != 0) own(tail);
    SlotId out = b_.new_slot(Repr::kPointer, "appended");
    b_.span = concat->span;
    BlockId edge = raising(concat->span);
    if (global) {
        ValueId address = b_.data(program_.global(stmt->index));
        ValueId old = b_.load(Repr::kPointer, address, 0, Memory::kGlobal);
        b_.store(address, 0, b_.null(), Memory::kGlobal);
        b_.call_runtime(RuntimeFn::kt_str_append, Repr::kVoid, {old, scalar(tail), b_.slot_address(out)}, edge);
        b_.store(address, 0, b_.load_slot(out), Memory::kGlobal);
        return true;
    }
    ValueId old = read_local(stmt->index)[0];
    write_local(stmt->index, {b_.null()});
    b_.call_runtime(RuntimeFn::kt_str_append, Repr::kVoid, {old, scalar(tail), b_.slot_address(out)}, edge);
    write_local(stmt->index, {b_.load_slot(out)});
    return true;
}

void FunctionLowering::lower_assign(const Stmt* stmt) {
    if (lower_str_append(stmt)) return;
    assign_local(stmt->index, lower_expr(stmt->a));
}

void FunctionLowering::assign_local(uint32_t index, Rvalue value) {
    LocalPlace& place = frame_->locals[index];
    value = convert(std::move(value), place.type);
    if (place.borrows) {
        if (value.owned) program_.unsupported("a local that borrows a new value", frame_->source->file, b_.span);
        write_local(index, value.parts);
        set_bound(index, true);
        return;
    }
    std::vector<ValueId> parts = take(value);
    if (types::holds_references(place.type)) {
        std::vector<ValueId> old = read_local(index);
        write_local(index, parts);
        release_parts(place.type, old, true);
    } else {
        write_local(index, parts);
    }
    set_bound(index, true);
}

void FunctionLowering::unbind(uint32_t index) {
    LocalPlace& place = frame_->locals[index];
    if (types::holds_references(place.type) && !place.borrows) {
        std::vector<ValueId> old = read_local(index);
        write_local(index, zero_parts(place.type));
        release_parts(place.type, old, true);
    }
    set_bound(index, false);
}

void FunctionLowering::lower_assign_global(const Stmt* stmt) {
    if (lower_str_append(stmt)) return;
    const typed::Global& global = program_.program().globals[stmt->index];
    Rvalue value = convert(lower_expr(stmt->a), global.type);
    std::vector<ValueId> parts = take(value);
    ValueId address = b_.data(program_.global(stmt->index));
    const Layout& shape = layout(global.type);
    if (shape.parts.empty() || shape.parts[0].kind != PartKind::kPointer) {
        b_.store(address, shape.size, b_.boolean(true), Memory::kGlobal);
    }
    if (!types::holds_references(global.type)) {
        store_parts(global.type, parts, address, 0, Memory::kGlobal);
        return;
    }
    std::vector<ValueId> old = load_parts(global.type, address, 0, Memory::kGlobal);
    store_parts(global.type, parts, address, 0, Memory::kGlobal);
    release_parts(global.type, old, true);
}

void FunctionLowering::lower_unbind(const Stmt* stmt) {
    if (stmt->int_value == 1) {
        Expr name{};
        name.kind = ExprKind::kLocal;
        name.index = stmt->index;
        name.type = frame_->source->locals[stmt->index].type;
        name.span = stmt->span;
        name.int_value = 1;
        lower_local(&name);
    }
    unbind(stmt->index);
}

// As before its first assignment: zeroed, and not bound.
void FunctionLowering::lower_unbind_global(const Stmt* stmt) {
    if (stmt->a->int_value == 1) lower_global(stmt->a);
    const Type* type = program_.program().globals[stmt->a->index].type;
    ValueId address = b_.data(program_.global(stmt->a->index));
    const Layout& shape = layout(type);
    if (shape.parts.empty() || shape.parts[0].kind != PartKind::kPointer) {
        b_.store(address, shape.size, b_.boolean(false), Memory::kGlobal);
    }
    if (!types::holds_references(type)) return;
    std::vector<ValueId> old = load_parts(type, address, 0, Memory::kGlobal);
    store_parts(type, zero_parts(type), address, 0, Memory::kGlobal);
    release_parts(type, old, true);
}

void FunctionLowering::lower_set_item(const Stmt* stmt) {
    // Python evaluates the value first.
    Expr* order[] = {stmt->c, stmt->a, stmt->b};
    std::vector<Rvalue> args = lower_operands(order, 0);
    const Type* element = args[1].type->args[0];
    ValueId list = scalar(args[1]);
    ValueId index = checked_index(list, scalar(args[2]), "list assignment", stmt->span);
    Rvalue value = convert(std::move(args[0]), element);
    std::vector<ValueId> parts = take(value);
    ValueId data = b_.load(Repr::kPointer, list, offsetof(KtList, data), Memory::kListData);
    ValueId at = b_.element(data, index, layout(element).size);
    if (!types::holds_references(element)) {
        store_parts(element, parts, at, 0, Memory::kElementInt);
        return;
    }
    std::vector<ValueId> old = load_parts(element, at, 0, Memory::kElementInt);
    store_parts(element, parts, at, 0, Memory::kElementInt);
    release_parts(element, old);
}

void FunctionLowering::lower_set_field(const Stmt* stmt) {
    Expr* order[] = {stmt->b, stmt->a};
    std::vector<Rvalue> args = lower_operands(order, 0);
    const Type* field = args[0].type;
    uint32_t at = class_field_offset(args[1].type, stmt->index, &field);
    Rvalue value = convert(std::move(args[0]), field);
    std::vector<ValueId> parts = take(value);
    ValueId object = scalar(args[1]);
    if (!types::holds_references(field)) {
        store_parts(field, parts, object, at, Memory::kField);
        return;
    }
    std::vector<ValueId> old = load_parts(field, object, at, Memory::kField);
    store_parts(field, parts, object, at, Memory::kField);
    release_parts(field, old, true);
}

// --- control flow

void FunctionLowering::lower_if(const Stmt* stmt) {
    BlockId then = b_.new_block();
    BlockId done = b_.new_block();
    BlockId otherwise = stmt->else_body.empty() ? done : b_.new_block();
    lower_condition(stmt->a, then, otherwise);
    b_.move_to(then);
    lower_block(stmt->body);
    bool reached = b_.open() || otherwise == done;
    b_.jump(done);
    if (otherwise != done) {
        b_.move_to(otherwise);
        lower_block(stmt->else_body);
        reached = reached || b_.open();
        b_.jump(done);
    }
    b_.move_to(done);
    if (!reached) b_.unreachable();
}

void FunctionLowering::lower_while(const Stmt* stmt) {
    BlockId header = b_.new_block();
    BlockId body = b_.new_block();
    BlockId latch = b_.new_block();
    BlockId done = b_.new_block();
    BlockId otherwise = stmt->else_body.empty() ? done : b_.new_block();
    b_.jump(header);
    b_.move_to(header);
    lower_condition(stmt->a, body, otherwise);
    b_.move_to(body);
    frame_->loops.push_back({mark(), done, latch, mark()});
    lower_block(stmt->body);
    frame_->loops.pop_back();
    b_.jump(latch);
    b_.move_to(latch);
    safe_point(stmt->span);
    b_.jump(header);
    if (otherwise != done) {
        b_.move_to(otherwise);
        lower_block(stmt->else_body);
        b_.jump(done);
    }
    b_.move_to(done);
}

void FunctionLowering::lower_return(const Stmt* stmt) {
    const Type* type = frame_->source->is_generator ? frame_->source->result->args[2] : frame_->source->result;
    Rvalue value = unit(type);
    if (stmt->a != nullptr) value = convert(lower_expr(stmt->a), type);
    if (frame_->caller != nullptr) {  // the loop over it does not ask what the generator returns
        leave_to(frame_->depth);
        b_.jump(frame_->end);
        return;
    }
    Cleanup carried{CleanupKind::kRelease, 0, type, take(value)};
    leave_to(0, types::holds_references(type) ? &carried : nullptr);
    if (!b_.open()) return;
    if (frame_->source->is_generator) {
        store_generator_result(carried.parts);
    } else {
        store_parts(type, carried.parts, out_, 0, Memory::kStack);
    }
    if (good_exit_ == kNone) good_exit_ = b_.new_block();
    b_.jump(good_exit_);
}

void FunctionLowering::lower_raise(const Stmt* stmt) {
    Expr* order[] = {stmt->a, stmt->b};
    std::vector<Rvalue> args = lower_operands(std::span<Expr* const>(order, stmt->b != nullptr ? 2 : 1), 0);
    if (stmt->b == nullptr && stmt->int_value == 1) {
        b_.call_runtime(RuntimeFn::kt_raise_suppressed, Repr::kVoid, {scalar(args[0])});
    } else {
        ValueId cause = stmt->b == nullptr || args[1].parts.empty() ? b_.null() : scalar(args[1]);
        b_.call_runtime(RuntimeFn::kt_raise, Repr::kVoid, {scalar(args[0]), cause});
    }
    b_.jump(raising(stmt->span));
}

void FunctionLowering::safe_point(Span span) {
    ValueId flag = b_.load(Repr::kInt32, b_.data(program_.runtime_symbol("kt_interrupt_flag")), 0, Memory::kFlag);
    BlockId interrupted = b_.new_block(true);
    BlockId on = b_.new_block();
    b_.branch(b_.binary(Opcode::kNe, Repr::kBool, flag, b_.constant(Repr::kInt32, 0)), interrupted, on, 2);
    b_.move_to(interrupted);
    b_.call_runtime(RuntimeFn::kt_safepoint, Repr::kVoid, {}, raising(span));
    b_.jump(on);
    b_.move_to(on);
}

}  // namespace kayton::kir
