// A function's frame: parameters, locals, cells, the stack check, and its two exits.
#include <algorithm>

#include "compiler/kir/lowering.h"
#include "compiler/kir/walk.h"
#include "shared/object_layout.h"

namespace kayton::kir {

namespace {

constexpr int64_t kCellValue = sizeof(KtCell);

}  // namespace

FunctionLowering::FunctionLowering(ProgramLowering& program, const typed::Function& source, Function& target)
    : program_(program), target_(target), b_(target) {
    frames_.emplace_back();
    frame_ = &frames_.front();
    frame_->source = &source;
}

void FunctionLowering::lower() {
    b_.move_to(b_.new_block());
    b_.span = frame_->source->span;
    find_assigned();
    frame_->borrows = program_.borrowing_locals(*frame_->source);
    // A generator outlives what its caller lends it.
    if (frame_->source->is_generator) std::fill_n(frame_->assigned.begin(), frame_->source->param_count, true);
    lower_prologue();
    lower_block(frame_->source->body);
    if (b_.open()) {
        if (types::storage_of(frame_->source->result) == Storage::kUnit && frame_->source->result->kind != TypeKind::kNever) {
            lower_exits();
            return;
        }
        b_.unreachable();
    }
    lower_exits();
}

void FunctionLowering::lower_prologue() {
    uint32_t position = 0;
    ValueId closure = kNone;
    if (frame_->source->is_closure) closure = b_.param(position++);
    std::vector<std::vector<ValueId>> params(frame_->source->param_count);
    for (uint32_t i = 0; i < frame_->source->param_count; ++i) {
        const Type* type = frame_->source->locals[i].type;
        ValueId value = b_.param(position++);
        if (passed_by_pointer(type)) {
            params[i] = load_parts(type, value, 0, Memory::kStack);
        } else if (!layout(type).parts.empty()) {
            params[i] = {value};
        }
    }
    out_ = b_.param(position);

    if (frame_->source->is_generator) {
        begin_generator();
    } else if (calls_kayton_ || program_.counts_calls()) {
        ValueId limit = b_.load(Repr::kPointer, b_.data(program_.runtime_symbol("kt_stack_limit")), 0, Memory::kFlag);
        ValueId low = b_.binary(Opcode::kULt, Repr::kBool, b_.frame_address(), limit);
        // Nothing of the frame is set up yet: this error leaves at once.
        BlockId overflow = b_.new_block(true);
        b_.check(low, overflow);
        BlockId here = b_.block();
        b_.move_to(overflow);
        b_.call_runtime(RuntimeFn::kt_raise_recursion, Repr::kVoid, {});
        b_.return_value(b_.constant(Repr::kInt32, 1));
        b_.move_to(here);
        if (program_.counts_calls()) {
            ValueId left = count_calls(-1);
            b_.check(b_.binary(Opcode::kLt, Repr::kBool, left, b_.integer(0)), uncount_and_leave(overflow));
        }
    }

    frame_->locals.resize(frame_->source->locals.size());
    for (uint32_t i = 0; i < frame_->source->locals.size(); ++i) {
        const typed::Local& local = frame_->source->locals[i];
        LocalPlace& place = frame_->locals[i];
        place.type = local.type;
        bool param = i < frame_->source->param_count;
        if (local.in_cell) continue;
        if (param && !frame_->assigned[i]) {
            place.fixed = true;
            place.parts = params[i];
            continue;
        }
        make_place(i, param ? &params[i] : nullptr);
    }
    for (uint32_t k = 0; k < frame_->source->captures.size(); ++k) {
        LocalPlace& place = frame_->locals[frame_->source->captures[k]];
        place.cell = b_.load(Repr::kPointer, closure, static_cast<int64_t>(sizeof(KtClosure)) + 8 * k, Memory::kCell);
        place.fixed = true;  // the closure keeps the cell
        if (frame_->source->is_generator) {
            b_.retain(place.cell, false);
            place.counted = true;
        }
    }
    for (uint32_t i = 0; i < frame_->source->locals.size(); ++i) {
        LocalPlace& place = frame_->locals[i];
        if (!frame_->source->locals[i].in_cell || place.cell != kNone) continue;
        place.cell = b_.call_runtime(RuntimeFn::kt_cell_new, Repr::kPointer, {type_info(place.type)});
        place.counted = true;
        if (i < frame_->source->param_count) {
            retain_parts(place.type, params[i]);
            store_parts(place.type, params[i], place.cell, kCellValue, Memory::kCell);
        }
    }
    if (frame_->source->is_generator) {
        BlockId standing = b_.new_block();
        BlockId started = b_.new_block();
        b_.jump(standing);
        b_.move_to(standing);
        b_.suspend(started);
        b_.move_to(started);
        check_resumed(standing, frame_->source->span, false, 0);
    } else if (program_.is_recursive(frame_->source)) {
        safe_point(frame_->source->span);
    }
}

// Slots for a local that is neither in a cell nor fixed; `param`: what it holds at first.
void FunctionLowering::make_place(uint32_t index, const std::vector<ValueId>* param) {
    const typed::Local& local = frame_->source->locals[index];
    LocalPlace& place = frame_->locals[index];
    for (const Part& part : layout(local.type).parts) place.slots.push_back(b_.new_slot(part.repr, local.name));
    place.borrows = frame_->borrows[index];
    place.counted = types::holds_references(local.type) && !place.borrows;
    if (param != nullptr) {
        if (place.counted) retain_parts(local.type, *param);
        write_local(index, *param);
    } else if (place.counted) {
        write_local(index, zero_parts(local.type));
    }
    if (local.maybe_unbound) {
        place.bound = b_.new_slot(Repr::kBool, local.name + ".bound");
        b_.store_slot(place.bound, b_.boolean(param != nullptr));
    }
}

void FunctionLowering::release_locals(const Frame& frame) {
    for (const LocalPlace& place : frame.locals) {
        if (!place.counted) continue;
        if (place.cell != kNone) {
            b_.release(place.cell, false);
            continue;
        }
        std::vector<ValueId> parts;
        for (SlotId slot : place.slots) parts.push_back(b_.load_slot(slot));
        release_parts(place.type, parts, true);
    }
}

// Changes how many more calls may be open, and gives that number.
ValueId FunctionLowering::count_calls(int64_t by) {
    ValueId place = b_.data(program_.runtime_symbol("kt_recursion_left"));
    ValueId left = b_.binary(Opcode::kAdd, Repr::kInt64, b_.load(Repr::kInt64, place, 0, Memory::kFlag), b_.integer(by));
    b_.store(place, 0, left, Memory::kFlag);
    return left;
}

BlockId FunctionLowering::uncount_and_leave(BlockId to) {
    BlockId here = b_.block();
    BlockId block = b_.new_block(true);
    b_.move_to(block);
    count_calls(1);
    b_.jump(to);
    b_.move_to(here);
    return block;
}

void FunctionLowering::lower_exits() {
    bool counted = false;
    for (const LocalPlace& place : frame_->locals) counted = counted || place.counted;
    if (b_.open()) {
        if (good_exit_ == kNone) good_exit_ = b_.new_block();
        b_.jump(good_exit_);
    }
    b_.span = frame_->source->span;
    BlockId epilogue = kNone;
    SlotId status = kNone;
    if (counted) {
        epilogue = b_.new_block();
        status = b_.new_slot(Repr::kInt32, "status");
    }
    auto leave = [&](BlockId exit, int64_t code) {
        if (exit == kNone) return;
        b_.move_to(exit);
        if (!counted) {
            if (frame_->source->is_generator) {
                end_generator(b_.constant(Repr::kInt32, code));
            } else {
                if (program_.counts_calls()) count_calls(1);
                b_.return_value(b_.constant(Repr::kInt32, code));
            }
            return;
        }
        b_.store_slot(status, b_.constant(Repr::kInt32, code));
        b_.jump(epilogue);
    };
    leave(good_exit_, frame_->source->is_generator ? KT_STOP : KT_OK);
    leave(error_exit_, KT_ERROR);
    if (!counted) return;
    b_.move_to(epilogue);
    release_locals(*frame_);
    if (frame_->source->is_generator) {
        end_generator(b_.load_slot(status));
    } else {
        if (program_.counts_calls()) count_calls(1);
        b_.return_value(b_.load_slot(status));
    }
}

// --- locals

std::vector<ValueId> FunctionLowering::read_local(uint32_t index) {
    LocalPlace& place = frame_->locals[index];
    if (place.cell != kNone) return load_parts(place.type, place.cell, kCellValue, Memory::kCell);
    if (place.fixed) return place.parts;
    std::vector<ValueId> parts;
    for (SlotId slot : place.slots) parts.push_back(b_.load_slot(slot));
    return parts;
}

void FunctionLowering::write_local(uint32_t index, const std::vector<ValueId>& parts) {
    LocalPlace& place = frame_->locals[index];
    if (place.cell != kNone) {
        store_parts(place.type, parts, place.cell, kCellValue, Memory::kCell);
        return;
    }
    for (size_t i = 0; i < place.slots.size(); ++i) b_.store_slot(place.slots[i], parts[i]);
}

void FunctionLowering::set_bound(uint32_t index, bool bound) {
    if (frame_->locals[index].bound != kNone) b_.store_slot(frame_->locals[index].bound, b_.boolean(bound));
}

uint8_t FunctionLowering::local_hazards(uint32_t index) const {
    const LocalPlace& place = frame_->locals[index];
    if (place.cell != kNone) return kCode | kLocals;
    return place.fixed ? 0 : static_cast<uint8_t>(kLocals);
}

// --- which locals the body assigns

namespace {

struct AssignedFinder {
    std::vector<bool>& assigned;
    bool& calls_kayton;

    void operator()(const typed::Stmt& stmt) { note(stmt); }
    void operator()(const typed::Iter& iter) { note(iter); }
    void operator()(const typed::Expr* expr) {
        using typed::ExprKind;
        if (expr->kind == ExprKind::kCall || expr->kind == ExprKind::kCallClosure) calls_kayton = true;
    }

  private:
    template <typename Node>
    void note(const Node& node) {
        assigned_locals(node, [&](uint32_t local) { assigned[local] = true; });
    }
};

}  // namespace

void FunctionLowering::find_assigned() {
    frame_->assigned.assign(frame_->source->locals.size(), false);
    walk_block(frame_->source->body, AssignedFinder{frame_->assigned, calls_kayton_});
}

}  // namespace kayton::kir
