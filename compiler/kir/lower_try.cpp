// try/except/else/finally. A finally block is lowered once for every way out of its body: the normal one, each return,
// break or continue (leave_to), and the error edge (error_target).
#include "compiler/kir/lowering.h"

namespace kayton::kir {

using typed::Stmt;

void FunctionLowering::lower_try(const Stmt* stmt) {
    BlockId after = b_.new_block();
    bool finally = !stmt->finally_body.empty();
    bool reached = false;
    if (finally) {
        Cleanup entry{CleanupKind::kFinally};
        entry.stmt = stmt;
        push(std::move(entry));
    }
    BlockId handler = kNone;
    if (!stmt->handlers.empty()) {
        handler = b_.new_block(true);
        Cleanup entry{CleanupKind::kHandler};
        entry.target = handler;
        push(std::move(entry));
    }
    lower_block(stmt->body);
    if (handler != kNone) cleanups_.pop_back();
    lower_block(stmt->else_body);
    reached = b_.open();
    b_.jump(after);
    if (handler != kNone) {
        b_.move_to(handler);
        size_t before = target_.blocks.size();
        lower_handlers(stmt, after);
        for (size_t i = before; i < target_.blocks.size() && !reached; ++i) {
            const auto& insts = target_.blocks[i].insts;
            reached = !insts.empty() && insts.back().op == Opcode::kJump && insts.back().edge == after;
        }
    }
    if (finally) cleanups_.pop_back();
    b_.move_to(after);
    if (!reached) {
        b_.unreachable();
        return;
    }
    if (finally) lower_block(stmt->finally_body);
}

void FunctionLowering::lower_handlers(const Stmt* stmt, BlockId done) {
    ValueId exception = b_.call_runtime(RuntimeFn::kt_exception_take, Repr::kPointer, {});
    bool catches_all = false;
    for (const typed::Handler& handler : stmt->handlers) {
        BlockId body = b_.new_block();
        BlockId next = b_.new_block();
        for (const Type* type : handler.types) {
            BlockId other = type == handler.types.back() ? next : b_.new_block();
            ValueId matches = b_.call_runtime(RuntimeFn::kt_exception_matches, Repr::kBool, {exception, type_info(type)});
            b_.branch(matches, body, other);
            b_.move_to(other);
        }
        if (handler.types.empty()) {
            b_.jump(body);
            catches_all = true;
        }
        b_.move_to(body);
        b_.span = handler.span;
        b_.call_runtime(RuntimeFn::kt_handling_push, Repr::kVoid, {exception});
        Cleanup entry{CleanupKind::kHandling};
        entry.parts = {exception};
        entry.local = handler.local;
        push(entry);
        if (handler.local >= 0) {
            auto index = static_cast<uint32_t>(handler.local);
            const Type* type = handler.types.empty() ? frame_->locals[index].type : handler.types.front();
            assign_local(index, borrowed(type, {exception}, kTemporary));
        }
        lower_block(handler.body);
        if (b_.open()) run_cleanup(cleanups_.back());
        cleanups_.pop_back();
        b_.jump(done);
        b_.move_to(next);
        if (catches_all) break;
    }
    if (catches_all) {
        b_.unreachable();
        return;
    }
    b_.call_runtime(RuntimeFn::kt_exception_restore, Repr::kVoid, {exception});
    b_.release(exception, false);
    b_.jump(error_target());
}

}  // namespace kayton::kir
