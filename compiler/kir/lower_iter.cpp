// for loops: each kind of iteration gives the code that advances it; enumerate and zip put others together.

#include "compiler/kir/lowering.h"
#include "compiler/kir/walk.h"
#include "shared/object_layout.h"

namespace kayton::kir {

using typed::Expr;
using typed::Iter;
using typed::IterKind;
using typed::Stmt;

namespace {

// Is there a call or a loop, which may take long or make what is to be collected?
struct WorkFinder {
    bool found = false;

    void operator()(const Stmt& stmt) {
        found = found || stmt.kind == typed::StmtKind::kFor || stmt.kind == typed::StmtKind::kWhile;
    }
    void operator()(const Expr* expr) {
        using typed::ExprKind;
        found = found || expr->kind == ExprKind::kCall || expr->kind == ExprKind::kCallPlugin ||
                expr->kind == ExprKind::kCallClosure || expr->kind == ExprKind::kRuntime || expr->kind == ExprKind::kYield;
    }
};

bool calls_or_loops(typed::Block block) {
    WorkFinder finder;
    walk_block(block, finder);
    return finder.found;
}

}  // namespace

void FunctionLowering::lower_for(const Stmt* stmt) {
    if (lower_for_inlined(stmt)) return;
    size_t depth = mark();
    Advance advance = start_iter(stmt->iter);
    BlockId header = b_.new_block();
    BlockId latch = b_.new_block();
    BlockId done = b_.new_block();
    BlockId end = stmt->else_body.empty() ? done : b_.new_block();
    b_.jump(header);
    b_.move_to(header);
    std::vector<Binding> bindings;
    advance(end, bindings);
    for (Binding& binding : bindings) assign_local(binding.local, std::move(binding.value));
    frame_->loops.push_back({mark(), done, latch, mark()});
    lower_block(stmt->body);
    frame_->loops.pop_back();
    b_.jump(latch);
    b_.move_to(latch);
    // An innermost counted loop that calls nothing ends by itself soon enough, and makes nothing to collect.
    const IterKind kind = stmt->iter->kind;
    const bool counted = kind == IterKind::kRange || kind == IterKind::kReversedRange || kind == IterKind::kStr ||
                         kind == IterKind::kBytes || kind == IterKind::kList || kind == IterKind::kReversedList;
    if (!counted || calls_or_loops(stmt->body)) safe_point(stmt->span);
    b_.jump(header);
    if (end != done) {
        b_.move_to(end);
        lower_block(stmt->else_body);
        b_.jump(done);
    }
    b_.move_to(done);
    close(depth);
}

ValueId FunctionLowering::loop_source(const Expr* source) {
    size_t depth = mark();
    Rvalue value = lower_expr(source);
    bool stable = !value.owned && value.hazards == 0;  // a literal, or a parameter that is never assigned
    const Type* type = value.type;
    std::vector<ValueId> parts = stable ? value.parts : take(value);
    close(depth);
    if (!stable) push({CleanupKind::kRelease, 0, type, parts});
    return parts[0];
}

FunctionLowering::Advance FunctionLowering::start_iter(const Iter* iter) {
    switch (iter->kind) {
        case IterKind::kRange:
        case IterKind::kReversedRange: return start_range(iter);
        case IterKind::kList:
        case IterKind::kReversedList: return start_list(iter);
        case IterKind::kStr:
        case IterKind::kBytes: return start_text(iter);
        case IterKind::kDictKeys:
        case IterKind::kDictValues:
        case IterKind::kDictItems:
        case IterKind::kSet: return start_table(iter);
        case IterKind::kFile:
        case IterKind::kHandle:
        case IterKind::kIterator: return start_calls(iter);
        case IterKind::kEnumerate: return start_enumerate(iter);
        case IterKind::kZip: return start_zip(iter);
        case IterKind::kStep: return start_step(iter);
    }
    return {};
}

FunctionLowering::Advance FunctionLowering::start_range(const Iter* iter) {
    size_t depth = mark();
    std::vector<Rvalue> args = lower_operands(iter->args, 0);
    close(depth);
    ValueId start = scalar(args[0]);
    ValueId stop = scalar(args[1]);
    ValueId step = scalar(args[2]);
    const Type* integer = args[0].type;
    int64_t known = 0;
    bool constant = b_.is_constant(step, known);
    if (!constant || known == 0) {
        ValueId zero = b_.binary(Opcode::kEq, Repr::kBool, step, b_.integer(0));
        b_.check(zero, failing(iter->span, [&] { raise_class("ValueError", "range() arg 3 must not be zero"); }));
    }
    bool reversed = iter->kind == IterKind::kReversedRange;
    SlotId counter = b_.new_slot(Repr::kInt64, "i");
    uint32_t local = iter->local;
    if (constant && (known == 1 || known == -1) && !reversed) {
        b_.store_slot(counter, start);
        return [=, this](BlockId end, std::vector<Binding>& bindings) {
            ValueId value = b_.load_slot(counter);
            BlockId go = b_.new_block();
            b_.branch(b_.binary(known == 1 ? Opcode::kLt : Opcode::kGt, Repr::kBool, value, stop), go, end);
            b_.move_to(go);
            b_.store_slot(counter, b_.binary(Opcode::kAdd, Repr::kInt64, value, b_.integer(known)));
            bindings.push_back({local, plain(integer, value)});
        };
    }
    // Any other step: by the number of values, so that nothing overflows at the end.
    ValueId count = range_length(start, stop, step);
    if (reversed) {
        ValueId last = b_.binary(Opcode::kSub, Repr::kInt64, count, b_.integer(1));
        start = b_.binary(Opcode::kAdd, Repr::kInt64, start, b_.binary(Opcode::kMul, Repr::kInt64, last, step));
        step = b_.binary(Opcode::kSub, Repr::kInt64, b_.integer(0), step);
    }
    b_.store_slot(counter, b_.integer(0));
    return [=, this](BlockId end, std::vector<Binding>& bindings) {
        ValueId at = b_.load_slot(counter);
        BlockId go = b_.new_block();
        b_.branch(b_.binary(Opcode::kULt, Repr::kBool, at, count), go, end);
        b_.move_to(go);
        b_.store_slot(counter, b_.binary(Opcode::kAdd, Repr::kInt64, at, b_.integer(1)));
        ValueId value = b_.binary(Opcode::kAdd, Repr::kInt64, start, b_.binary(Opcode::kMul, Repr::kInt64, at, step));
        bindings.push_back({local, plain(integer, value)});
    };
}

FunctionLowering::Advance FunctionLowering::start_list(const Iter* iter) {
    ValueId list = loop_source(iter->args[0]);
    const Type* element = iter->args[0]->type->args[0];
    bool reversed = iter->kind == IterKind::kReversedList;
    SlotId index = b_.new_slot(Repr::kInt64, "at");
    ValueId first = b_.integer(0);
    if (reversed) {
        ValueId length = b_.load(Repr::kInt64, list, offsetof(KtList, length), Memory::kLength);
        first = b_.binary(Opcode::kSub, Repr::kInt64, length, b_.integer(1));
    }
    b_.store_slot(index, first);
    uint32_t local = iter->local;
    return [=, this](BlockId end, std::vector<Binding>& bindings) {
        ValueId at = b_.load_slot(index);
        ValueId length = b_.load(Repr::kInt64, list, offsetof(KtList, length), Memory::kLength);
        BlockId go = b_.new_block();
        b_.branch(b_.binary(Opcode::kULt, Repr::kBool, at, length), go, end);
        b_.move_to(go);
        b_.store_slot(index, b_.binary(Opcode::kAdd, Repr::kInt64, at, b_.integer(reversed ? -1 : 1)));
        ValueId data = b_.load(Repr::kPointer, list, offsetof(KtList, data), Memory::kListData);
        ValueId place = b_.element(data, at, layout(element).size);
        bindings.push_back({local, borrowed(element, load_parts(element, place, 0, Memory::kElementInt), kContainers)});
    };
}

FunctionLowering::Advance FunctionLowering::start_text(const Iter* iter) {
    ValueId source = loop_source(iter->args[0]);
    SlotId position = b_.new_slot(Repr::kInt64, "at");
    b_.store_slot(position, b_.integer(0));
    uint32_t local = iter->local;
    const Type* type = frame_->source->locals[local].type;
    if (iter->kind == IterKind::kStr) {
        const Type* text = iter->args[0]->type;
        return [=, this](BlockId end, std::vector<Binding>& bindings) {
            ValueId at = b_.load_slot(position);
            ValueId bytes = b_.load(Repr::kInt64, source, offsetof(KtStr, byte_len), Memory::kLength);
            BlockId go = b_.new_block();
            b_.branch(b_.binary(Opcode::kLt, Repr::kBool, at, bytes), go, end);
            b_.move_to(go);
            ValueId byte = byte_of(source, at);
            ValueId wide = b_.binary(Opcode::kGe, Repr::kBool, byte, b_.integer(0x80));
            const auto call = [&] {
                SlotId offset = b_.new_slot(Repr::kInt64, "offset");  // of its own: `position` stays in a register
                b_.store_slot(offset, at);
                ValueId found = b_.call_runtime(RuntimeFn::kt_str_next, Repr::kPointer, {source, b_.slot_address(offset)});
                b_.store_slot(position, b_.load_slot(offset));
                return found;
            };
            ValueId next = either(wide, Repr::kPointer, call, [&] {
                b_.store_slot(position, b_.binary(Opcode::kAdd, Repr::kInt64, at, b_.integer(1)));
                return ascii_text(byte);
            });
            bindings.push_back({local, temporary(text, {next})});
        };
    }
    return [=, this](BlockId end, std::vector<Binding>& bindings) {
        ValueId at = b_.load_slot(position);
        ValueId length = b_.load(Repr::kInt64, source, offsetof(KtBytes, length), Memory::kLength);
        BlockId go = b_.new_block();
        b_.branch(b_.binary(Opcode::kULt, Repr::kBool, at, length), go, end);
        b_.move_to(go);
        b_.store_slot(position, b_.binary(Opcode::kAdd, Repr::kInt64, at, b_.integer(1)));
        bindings.push_back({local, plain(type, b_.load_byte(b_.element(source, at, 1), offsetof(KtBytes, data)))});
    };
}

FunctionLowering::Advance FunctionLowering::start_table(const Iter* iter) {
    ValueId table = loop_source(iter->args[0]);
    const Type* type = iter->args[0]->type;
    ValueId size = b_.call_runtime(RuntimeFn::kt_dict_len, Repr::kInt64, {table});
    SlotId position = b_.new_slot(Repr::kInt64, "at");
    SlotId key = b_.new_slot(Repr::kPointer, "key");
    SlotId value = b_.new_slot(Repr::kPointer, "value");
    b_.store_slot(position, b_.integer(0));
    return [=, this](BlockId end, std::vector<Binding>& bindings) {
        b_.call_runtime(RuntimeFn::kt_dict_check_size, Repr::kVoid, {table, size}, raising(iter->span));
        ValueId more = b_.call_runtime(
            RuntimeFn::kt_dict_next, Repr::kInt32,
            {table, b_.slot_address(position), b_.slot_address(key), b_.slot_address(value)});
        BlockId go = b_.new_block();
        b_.branch(b_.binary(Opcode::kEq, Repr::kBool, more, b_.constant(Repr::kInt32, 0)), end, go);
        b_.move_to(go);
        auto bind = [&](uint32_t local, const Type* element, SlotId at) {
            bindings.push_back({local, borrowed(element, load_parts(element, b_.load_slot(at), 0, Memory::kAny), kContainers)});
        };
        if (iter->kind != IterKind::kDictValues) bind(iter->local, type->args[0], key);
        if (iter->kind == IterKind::kDictValues) bind(iter->local, type->args[1], value);
        if (iter->kind == IterKind::kDictItems) bind(iter->local2, type->args[1], value);
    };
}

FunctionLowering::Advance FunctionLowering::start_calls(const Iter* iter) {
    ValueId source = loop_source(iter->args[0]);
    const Type* type = iter->args[0]->type;
    const Type* element = frame_->source->locals[iter->local].type;
    if (iter->kind == IterKind::kHandle) element = program_.program().plugin_functions[iter->index].result;
    if (iter->kind == IterKind::kIterator) element = type->args[0];
    ValueId out = out_area(element);
    return [=, this](BlockId end, std::vector<Binding>& bindings) {
        ValueId status;
        if (iter->kind == IterKind::kHandle) {
            ValueId code = b_.load(Repr::kPointer, b_.data(program_.plugin_slot(iter->index)), 0, Memory::kModuleSlot);
            ValueId args[] = {source, out};
            status = b_.call_indirect(code, args, kNone);
        } else {
            RuntimeFn fn = iter->kind == IterKind::kIterator           ? RuntimeFn::kt_iterator_next
                           : type->kind == TypeKind::kBinaryFile ? RuntimeFn::kt_file_next_bytes
                                                                 : RuntimeFn::kt_file_next;
            status = b_.call_runtime(fn, Repr::kInt32, {source, out});
        }
        BlockId go = b_.new_block();
        b_.branch(b_.binary(Opcode::kEq, Repr::kBool, status, b_.constant(Repr::kInt32, KT_STOP)), end, go);
        b_.move_to(go);
        b_.check(b_.binary(Opcode::kNe, Repr::kBool, status, b_.constant(Repr::kInt32, 0)), raising(iter->span));
        bindings.push_back({iter->local, temporary(element, load_parts(element, out, 0, Memory::kStack))});
    };
}

FunctionLowering::Advance FunctionLowering::start_enumerate(const Iter* iter) {
    SlotId counter = b_.new_slot(Repr::kInt64, "count");
    size_t depth = mark();
    ValueId first = iter->args.empty() ? b_.integer(0) : scalar(lower_expr(iter->args[0]));
    close(depth);
    b_.store_slot(counter, first);
    Advance inner = start_iter(iter->children[0]);
    uint32_t local = iter->local;
    const Type* type = frame_->source->locals[local].type;
    return [=, this](BlockId end, std::vector<Binding>& bindings) {
        inner(end, bindings);
        ValueId count = b_.load_slot(counter);
        b_.store_slot(counter, b_.binary(Opcode::kAdd, Repr::kInt64, count, b_.integer(1)));
        bindings.push_back({local, plain(type, count)});
    };
}

FunctionLowering::Advance FunctionLowering::start_step(const Iter* iter) {
    return [iter, this](BlockId end, std::vector<Binding>&) {
        BlockId next = b_.new_block();
        lower_condition(iter->args[0], next, end);
        b_.move_to(next);
    };
}

FunctionLowering::Advance FunctionLowering::start_zip(const Iter* iter) {
    std::vector<Advance> children;
    for (const Iter* child : iter->children) children.push_back(start_iter(child));
    return [children, this](BlockId end, std::vector<Binding>& bindings) {
        for (const Advance& child : children) {
            // What the earlier ones gave must outlive the code that a later one may run, and is dropped where that ends.
            std::vector<Rvalue> held;
            for (Binding& binding : bindings) {
                if (binding.value.hazards != 0) own(binding.value);
                if (binding.value.owned) held.push_back(binding.value);
            }
            BlockId child_end = held.empty() ? end : b_.new_block();
            child(child_end, bindings);
            if (held.empty()) continue;
            BlockId here = b_.block();
            b_.move_to(child_end);
            for (const Rvalue& value : held) release_parts(value.type, value.parts);
            b_.jump(end);
            b_.move_to(here);
        }
    };
}

}  // namespace kayton::kir
