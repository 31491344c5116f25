// Borrowed and owned values, the cleanup stack and its error edges, frame areas.
#include <algorithm>
#include <utility>

#include "compiler/kir/lowering.h"

namespace kayton::kir {

// --- cleanup stack

uint32_t FunctionLowering::push(Cleanup cleanup) {
    cleanup.id = next_cleanup_++;
    if (cleanup.frame == nullptr) cleanup.frame = frame_;
    cleanups_.push_back(std::move(cleanup));
    return cleanups_.back().id;
}

void FunctionLowering::remove(uint32_t id) {
    auto at = std::find_if(cleanups_.begin(), cleanups_.end(), [&](const Cleanup& c) { return c.id == id; });
    if (at == cleanups_.end()) return;
    at = cleanups_.erase(at);
    // What lies above led its errors through the entry that went.
    for (; at != cleanups_.end(); ++at) {
        if (at->kind != CleanupKind::kHandler) at->error_block = kNone;
    }
}

BlockId FunctionLowering::error_target() { return error_target(cleanups_.size()); }

BlockId FunctionLowering::error_target(size_t depth) {
    if (depth == 0) {
        if (error_exit_ == kNone) error_exit_ = b_.new_block(true);
        return error_exit_;
    }
    {
        const Cleanup& top = cleanups_[depth - 1];
        if (top.kind == CleanupKind::kHandler) return top.target;
        if (top.error_block != kNone) return top.error_block;
    }
    BlockId here = b_.block();
    BlockId block = b_.new_block(true);
    cleanups_[depth - 1].error_block = block;
    b_.move_to(block);
    Cleanup entry = cleanups_[depth - 1];
    Frame* standing = std::exchange(frame_, entry.frame);
    if (entry.kind == CleanupKind::kFinally) {
        // The finally block runs with the exception set aside, and as the context of what it raises itself.
        std::vector<Cleanup> saved(cleanups_.begin() + static_cast<ptrdiff_t>(depth) - 1, cleanups_.end());
        std::vector<Loop> saved_loops = frame_->loops;
        while (!frame_->loops.empty() && frame_->loops.back().depth >= depth) frame_->loops.pop_back();
        cleanups_.resize(depth - 1);
        ValueId exception = b_.call_runtime(RuntimeFn::kt_exception_take, Repr::kPointer, {});
        b_.call_runtime(RuntimeFn::kt_handling_push, Repr::kVoid, {exception});
        push({CleanupKind::kHandling, 0, nullptr, {exception}});
        lower_block(entry.stmt->finally_body);
        if (b_.open()) {
            b_.call_runtime(RuntimeFn::kt_handling_pop, Repr::kVoid, {});
            b_.call_runtime(RuntimeFn::kt_exception_restore, Repr::kVoid, {exception});
            b_.release(exception, false);
            cleanups_.pop_back();
            b_.jump(error_target());
        } else {
            cleanups_.pop_back();
        }
        cleanups_.insert(cleanups_.end(), saved.begin(), saved.end());
        frame_->loops = std::move(saved_loops);
    } else {
        run_cleanup(entry);
        b_.jump(error_target(depth - 1));
    }
    frame_ = standing;
    b_.move_to(here);
    return block;
}

void FunctionLowering::run_cleanup(const Cleanup& cleanup) {
    switch (cleanup.kind) {
        case CleanupKind::kRelease: release_parts(cleanup.type, cleanup.parts); break;
        case CleanupKind::kHandler: break;
        case CleanupKind::kInlined: release_locals(*cleanup.frame); break;
        case CleanupKind::kFinally: lower_block(cleanup.stmt->finally_body); break;
        case CleanupKind::kHandling:
            b_.call_runtime(RuntimeFn::kt_handling_pop, Repr::kVoid, {});
            if (cleanup.local >= 0) unbind(static_cast<uint32_t>(cleanup.local));
            b_.release(cleanup.parts[0], false);
            break;
    }
}

void FunctionLowering::leave_to(size_t depth, const Cleanup* carried) {
    if (cleanups_.size() == depth) return;
    std::vector<Cleanup> saved = cleanups_;
    std::vector<Loop> saved_loops = frame_->loops;
    while (cleanups_.size() > depth && b_.open()) {
        Cleanup entry = cleanups_.back();
        cleanups_.pop_back();
        while (!frame_->loops.empty() && frame_->loops.back().depth > cleanups_.size()) frame_->loops.pop_back();
        bool carry = carried != nullptr && entry.kind == CleanupKind::kFinally;
        if (carry) push(*carried);
        run_cleanup(entry);
        if (carry) cleanups_.pop_back();
    }
    // Error blocks made meanwhile stay known for the entries that are still there.
    for (size_t i = 0; i < saved.size() && i < cleanups_.size(); ++i) {
        if (saved[i].id == cleanups_[i].id) saved[i].error_block = cleanups_[i].error_block;
    }
    cleanups_ = std::move(saved);
    frame_->loops = std::move(saved_loops);
}

void FunctionLowering::close(size_t depth) {
    while (cleanups_.size() > depth) {
        if (b_.open()) run_cleanup(cleanups_.back());
        cleanups_.pop_back();
    }
}

void FunctionLowering::close_keeping(size_t depth, Rvalue& value) {
    bool ours = value.owned && std::any_of(cleanups_.begin() + static_cast<ptrdiff_t>(depth), cleanups_.end(),
                                           [&](const Cleanup& c) { return c.id == value.temp; });
    if (cleanups_.size() == depth + (ours ? 1U : 0U)) return;
    if (!value.owned && value.hazards != 0) own(value);
    if (!value.owned) {
        close(depth);
        return;
    }
    std::vector<ValueId> parts = take(value);
    close(depth);
    value = temporary(value.type, std::move(parts));
}

// --- values

Rvalue FunctionLowering::temporary(const Type* type, std::vector<ValueId> parts) {
    Rvalue value{type, std::move(parts), false, 0, 0};
    if (types::holds_references(type)) {
        value.owned = true;
        value.temp = push({CleanupKind::kRelease, 0, type, value.parts});
    }
    return value;
}

Rvalue FunctionLowering::borrowed(const Type* type, std::vector<ValueId> parts, uint8_t hazards) const {
    if (!types::holds_references(type)) hazards = 0;
    return {type, std::move(parts), false, hazards, 0};
}

void FunctionLowering::own(Rvalue& value) {
    if (value.owned || !types::holds_references(value.type)) return;
    retain_parts(value.type, value.parts);
    value = temporary(value.type, std::move(value.parts));
}

std::vector<ValueId> FunctionLowering::take(Rvalue& value) {
    if (value.owned) {
        remove(value.temp);
        value.owned = false;
        value.temp = 0;
    } else {
        retain_parts(value.type, value.parts);
    }
    return value.parts;
}

void FunctionLowering::retain_parts(const Type* type, const std::vector<ValueId>& parts) {
    const Layout& shape = layout(type);
    for (size_t i = 0; i < shape.parts.size(); ++i) {
        switch (shape.parts[i].kind) {
            case PartKind::kPointer: b_.retain(parts[i], false); break;
            case PartKind::kNullable: b_.retain(parts[i], true); break;
            case PartKind::kValueType: b_.retain_value(parts[i], parts[i + 1]); break;
            case PartKind::kPlain:
            case PartKind::kValuePayload: break;
        }
    }
}

void FunctionLowering::release_parts(const Type* type, const std::vector<ValueId>& parts, bool maybe_absent) {
    const Layout& shape = layout(type);
    for (size_t i = 0; i < shape.parts.size(); ++i) {
        switch (shape.parts[i].kind) {
            case PartKind::kPointer: b_.release(parts[i], maybe_absent); break;
            case PartKind::kNullable: b_.release(parts[i], true); break;
            case PartKind::kValueType: b_.release_value(parts[i], parts[i + 1]); break;
            case PartKind::kPlain:
            case PartKind::kValuePayload: break;
        }
    }
}

// --- memory

std::vector<ValueId> FunctionLowering::load_parts(const Type* type, ValueId address, int64_t offset, Memory memory) {
    std::vector<ValueId> parts;
    const Layout& shape = layout(type);
    parts.reserve(shape.parts.size());
    for (const Part& part : shape.parts) {
        Memory where = memory == Memory::kElementInt ? element_memory(part.repr) : memory;
        if (part.object_size != 0) {
            // What was never assigned is null, whatever its type.
            const bool unset = memory == Memory::kField || memory == Memory::kGlobal || memory == Memory::kCell;
            const bool nullable = unset || part.kind == PartKind::kNullable;
            parts.push_back(b_.load_object(address, offset + part.offset, where, part.object_size, nullable));
        } else {
            parts.push_back(b_.load(part.repr, address, offset + part.offset, where));
        }
    }
    return parts;
}

void FunctionLowering::store_parts(const Type* type, const std::vector<ValueId>& parts, ValueId address, int64_t offset,
                                   Memory memory) {
    const Layout& shape = layout(type);
    for (size_t i = 0; i < shape.parts.size(); ++i) {
        Memory where = memory == Memory::kElementInt ? element_memory(shape.parts[i].repr) : memory;
        b_.store(address, offset + shape.parts[i].offset, parts[i], where);
    }
}

std::vector<ValueId> FunctionLowering::zero_parts(const Type* type) {
    std::vector<ValueId> parts;
    for (const Part& part : layout(type).parts) {
        parts.push_back(part.repr == Repr::kFloat64 ? b_.floating(0) : b_.constant(part.repr, 0));
    }
    return parts;
}

ValueId FunctionLowering::type_info(const Type* type) {
    if (const char* symbol = ProgramLowering::type_symbol(type)) return b_.data(program_.runtime_symbol(symbol));
    return type_info(types::signature_of(type));
}

ValueId FunctionLowering::type_info(const std::string& signature) {
    return b_.load(Repr::kPointer, b_.data(program_.type_slot(signature)), 0, Memory::kModuleSlot);
}

ValueId FunctionLowering::take_area(uint32_t size) {
    size = std::max<uint32_t>(8, (size + 7) / 8 * 8);
    auto found = std::find_if(free_areas_.begin(), free_areas_.end(), [&](const Area& a) { return a.size == size; });
    Area area;
    if (found != free_areas_.end()) {
        area = *found;
        free_areas_.erase(found);
    } else {
        area = {b_.new_area(size, 8, "area"), size};
    }
    used_areas_.push_back(area);
    return b_.slot_address(area.slot);
}

void FunctionLowering::release_areas(size_t depth) {
    while (used_areas_.size() > depth) {
        free_areas_.push_back(used_areas_.back());
        used_areas_.pop_back();
    }
}

ValueId FunctionLowering::in_memory(const Rvalue& value) {
    ValueId address = take_area(layout(value.type).size);
    if (value.parts.empty()) b_.store(address, 0, b_.boolean(false), Memory::kStack);
    store_parts(value.type, value.parts, address, 0, Memory::kStack);
    return address;
}

ValueId FunctionLowering::out_area(const Type* type) {
    const Layout& shape = layout(type);
    if (shape.parts.size() == 1) return b_.slot_address(b_.new_slot(shape.parts[0].repr, "out"));
    return b_.slot_address(b_.new_area(shape.size, 8, "out"));
}

// --- errors

BlockId FunctionLowering::raising(Span span) {
    return failing(span, nullptr);
}

BlockId FunctionLowering::failing(Span span, const std::function<void()>& raise) {
    BlockId target = error_target();
    BlockId here = b_.block();
    Span before = b_.span;
    BlockId block = b_.new_block(true);
    b_.move_to(block);
    b_.span = span;
    if (raise) raise();
    // Code that stands in place of a call: frames from the innermost out.
    std::vector<const typed::InlinedCode*> frames;
    const auto within = [](Span inner, Span outer) { return inner.begin >= outer.begin && inner.end <= outer.end && outer.begin < outer.end; };
    for (const typed::InlinedCode& code : frame_->source->inlined) {
        const bool whole = span.begin == code.body.begin && span.end == code.body.end;
        const bool calls = within(code.call, code.body);  // a comprehension is its own call
        if (within(span, code.body) && !(calls && whole) && !within(span, code.outside)) frames.push_back(&code);
    }
    std::sort(frames.begin(), frames.end(), [](const auto* a, const auto* b) { return a->body.end - a->body.begin < b->body.end - b->body.begin; });
    for (const typed::InlinedCode* frame : frames) {
        add_frame(program_.frame_info(*frame_->source, frame->name), span);
        span = frame->call;
    }
    add_frame(program_.frame_info(*frame_->source, frame_->source->display_name), span);
    for (const Frame* at = frame_; at->caller != nullptr; at = at->caller) {
        b_.call(program_.generator_guard(), {}, kNone);
        add_frame(program_.frame_info(*at->caller->source, at->caller->source->display_name), at->call);
    }
    b_.jump(target);
    b_.move_to(here);
    b_.span = before;
    return block;
}

void FunctionLowering::add_frame(DataId frame, Span span) {
    const SourceFile* file = frame_->source->file;
    int64_t packed = 0;
    if (file != nullptr) {
        LineColumn begin = file->position(span.begin);
        LineColumn end = file->position(span.end);
        if (end.line != begin.line) {
            // Only the first line is underlined.
            uint32_t line_end = file->line_begin(begin.line) + static_cast<uint32_t>(file->line_text(begin.line).size());
            end = file->position(line_end);
        }
        packed = static_cast<int64_t>(begin.line) << 32 | static_cast<int64_t>(std::min(begin.column, 0xffffU)) << 16 |
                 std::min(end.column, 0xffffU);
    }
    b_.call_runtime(RuntimeFn::kt_traceback_add, Repr::kVoid, {b_.data(frame), b_.integer(packed)});
}

void FunctionLowering::raise_class(const char* exception, std::string_view message) {
    b_.call_runtime(RuntimeFn::kt_raise_message, Repr::kVoid,
                    {type_info(std::string(exception)), b_.data(program_.c_string(message))});
}

}  // namespace kayton::kir
