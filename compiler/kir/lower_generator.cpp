// Generators: a function whose call makes a KtGenerator and stops there; each resumption runs it to the next yield. Its
// locals and temporaries live on across yields by themselves (LLVM moves them to the frame), so a yield is an
// expression like any other. Closing resumes it on the error edge of the yield it stands at, so the cleanup stack is
// undone as by an exception.
#include <algorithm>

#include "compiler/kir/lowering.h"
#include "shared/object_layout.h"

namespace kayton::kir {

void FunctionLowering::begin_generator() {
    ValueId size = b_.coro_size();
    generator_ = b_.call_runtime(RuntimeFn::kt_generator_new, Repr::kPointer,
                                 {type_info(frame_->source->result), size, b_.data(program_.frame_info(*frame_->source, frame_->source->display_name))});
    ValueId coroutine = b_.coro_begin(b_.offset(generator_, offsetof(KtGenerator, frame)));
    b_.store(generator_, offsetof(KtGenerator, coroutine), coroutine, Memory::kAny);
    b_.store(out_, 0, generator_, Memory::kStack);
}

void FunctionLowering::trace_parts(const Type* type, const std::vector<ValueId>& parts) {
    const Layout& shape = layout(type);
    for (size_t i = 0; i < shape.parts.size(); ++i) {
        PartKind kind = shape.parts[i].kind;
        if (kind == PartKind::kPointer || kind == PartKind::kNullable) {
            b_.call_runtime(RuntimeFn::kt_trace_held, Repr::kVoid, {parts[i]});
        } else if (kind == PartKind::kValueType) {
            b_.call_runtime(RuntimeFn::kt_trace_held_value, Repr::kVoid, {parts[i], parts[i + 1]});
        }
    }
}

void FunctionLowering::trace_locals(const Frame& frame) {
    for (const LocalPlace& place : frame.locals) {
        if (!place.counted) continue;
        if (place.cell != kNone) {
            b_.call_runtime(RuntimeFn::kt_trace_held, Repr::kVoid, {place.cell});
            continue;
        }
        std::vector<ValueId> parts;
        for (SlotId slot : place.slots) parts.push_back(b_.load_slot(slot));
        trace_parts(place.type, parts);
    }
}

// Names every reference that the frame owns where it stands, for the collector of cycles: locals, cells, temporaries.
void FunctionLowering::trace_frame() {
    trace_locals(*frame_);
    for (const Cleanup& cleanup : cleanups_) {
        if (cleanup.kind == CleanupKind::kRelease) trace_parts(cleanup.type, cleanup.parts);
        if (cleanup.kind == CleanupKind::kInlined) trace_locals(*cleanup.frame);
        if (cleanup.kind == CleanupKind::kHandling) {
            b_.call_runtime(RuntimeFn::kt_trace_held, Repr::kVoid, {cleanup.parts[0]});
        }
    }
}

// After a suspension: goes on, or to the error edge; or it stands at the suspension `again`, `handled` exceptions being
// its own. A guarded yield is closed by an exception; others are undone.
void FunctionLowering::check_resumed(BlockId again, Span span, bool guarded, int64_t handled) {
    ValueId action = b_.load(Repr::kInt32, generator_, offsetof(KtGenerator, action), Memory::kAny);
    BlockId on = b_.new_block();
    BlockId stopped = b_.new_block(true);
    b_.branch(b_.binary(Opcode::kEq, Repr::kBool, action, b_.constant(Repr::kInt32, kResumeNext)), on, stopped, 1);
    b_.move_to(stopped);
    BlockId trace = b_.new_block(true);
    BlockId leave = b_.new_block(true);
    b_.branch(b_.binary(Opcode::kEq, Repr::kBool, action, b_.constant(Repr::kInt32, kResumeTrace)), trace, leave, 0);
    b_.move_to(trace);
    for (int64_t i = 0; i < handled; ++i) b_.call_runtime(RuntimeFn::kt_handling_pop, Repr::kVoid, {});
    trace_frame();
    b_.jump(again);
    b_.move_to(leave);
    if (!guarded) {
        ValueId drop = b_.binary(Opcode::kEq, Repr::kBool, action, b_.constant(Repr::kInt32, kResumeDrop));
        b_.check(drop, error_target());
    }
    b_.jump(raising(span));
    b_.move_to(on);
}

void FunctionLowering::end_generator(ValueId status) {
    b_.store(generator_, offsetof(KtGenerator, status), status, Memory::kAny);
    b_.coro_end();
}

void FunctionLowering::store_generator_result(const std::vector<ValueId>& parts) {
    if (parts.empty()) return;
    ValueId place = b_.load(Repr::kPointer, generator_, offsetof(KtGenerator, result), Memory::kAny);
    store_parts(frame_->source->result->args[2], parts, place, 0, Memory::kAny);
    b_.store(generator_, offsetof(KtGenerator, has_result), b_.constant(Repr::kInt32, 1), Memory::kAny);
}

Rvalue FunctionLowering::lower_yield(const typed::Expr* expr) {
    if (frame_->on_yield) {
        size_t depth = mark();
        Rvalue value = convert(lower_expr(expr->args[0]), frame_->source->result->args[0]);
        own(value);
        frame_->on_yield(std::move(value));
        close(depth);
        return unit(expr->type);
    }
    const Type* element = frame_->source->result->args[0];
    const Type* sent_type = expr->type;
    std::vector<ValueId> parts;
    {
        size_t depth = mark();
        Rvalue value = convert(lower_expr(expr->args[0]), element);
        parts = take(value);
        close(depth);
    }
    ValueId out = b_.load(Repr::kPointer, generator_, offsetof(KtGenerator, out), Memory::kAny);
    if (parts.empty()) b_.store(out, 0, b_.boolean(false), Memory::kAny);
    store_parts(element, parts, out, 0, Memory::kAny);
    if (expr->args.size() > 1) {
        size_t depth = mark();
        Rvalue delegate = lower_expr(expr->args[1]);
        b_.store(generator_, offsetof(KtGenerator, delegate), scalar(delegate), Memory::kAny);
        close(depth);
    }
    bool guarded = std::any_of(cleanups_.begin(), cleanups_.end(), [](const Cleanup& c) {
        return c.kind == CleanupKind::kHandler || c.kind == CleanupKind::kFinally;
    });
    b_.store(generator_, offsetof(KtGenerator, guarded), b_.constant(Repr::kInt32, guarded ? 1 : 0), Memory::kAny);
    b_.store(generator_, offsetof(KtGenerator, status), b_.constant(Repr::kInt32, KT_OK), Memory::kAny);

    // The exceptions this function is handling are its own: whoever resumes it handles others.
    std::vector<ValueId> handled;
    for (const Cleanup& cleanup : cleanups_) {
        if (cleanup.kind == CleanupKind::kHandling) handled.push_back(cleanup.parts[0]);
    }
    for (size_t i = 0; i < handled.size(); ++i) b_.call_runtime(RuntimeFn::kt_handling_pop, Repr::kVoid, {});
    BlockId standing = b_.new_block();
    BlockId resumed = b_.new_block();
    b_.jump(standing);
    b_.move_to(standing);
    b_.suspend(resumed);
    b_.move_to(resumed);
    for (ValueId exception : handled) b_.call_runtime(RuntimeFn::kt_handling_push, Repr::kVoid, {exception});
    check_resumed(standing, expr->span, guarded, static_cast<int64_t>(handled.size()));

    if (types::storage_of(sent_type) == Storage::kUnit) return unit(sent_type);
    ValueId sent = b_.load(Repr::kPointer, generator_, offsetof(KtGenerator, sent), Memory::kAny);
    ValueId nothing = b_.binary(Opcode::kEq, Repr::kBool, sent, b_.null());
    const Layout& shape = layout(sent_type);
    std::vector<SlotId> slots;
    for (const Part& part : shape.parts) slots.push_back(b_.new_slot(part.repr, "sent"));
    BlockId given = b_.new_block();
    BlockId done = b_.new_block();
    if (types::is_union_with_none(sent_type) || sent_type->kind == TypeKind::kDynamic) {
        BlockId none = b_.new_block();
        b_.branch(nothing, none, given);
        b_.move_to(none);
        std::vector<ValueId> absent = zero_parts(sent_type);
        if (absent.size() == 2) absent[0] = b_.data(program_.runtime_symbol("kt_type_none"));
        for (size_t i = 0; i < slots.size(); ++i) b_.store_slot(slots[i], absent[i]);
        b_.jump(done);
    } else {
        b_.check(nothing, failing(expr->span, [&] {
                     raise_class("TypeError", "the generator needs a value here: resume it with send()");
                 }));
        b_.jump(given);
    }
    b_.move_to(given);
    std::vector<ValueId> values = load_parts(sent_type, sent, 0, Memory::kAny);
    retain_parts(sent_type, values);
    for (size_t i = 0; i < slots.size(); ++i) b_.store_slot(slots[i], values[i]);
    b_.jump(done);
    b_.move_to(done);
    values.clear();
    for (SlotId slot : slots) values.push_back(b_.load_slot(slot));
    return temporary(sent_type, std::move(values));
}

}  // namespace kayton::kir
