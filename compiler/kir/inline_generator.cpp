// `for x in numbers(n):` where numbers is a generator function: its code stands in the place of the loop, and the loop's
// body in the place of each of its yields. No object, no suspension, and what both compute can be optimised together. A
// generator that is handed to another as the parameter of its one loop is called at once and begins in that loop, so a
// whole pipeline becomes one nest of loops.
#include <algorithm>

#include "compiler/kir/lowering.h"

namespace kayton::kir {

using typed::Expr;
using typed::ExprKind;
using typed::Iter;
using typed::IterKind;
using typed::Stmt;

namespace {

// A yield in a loop's place repeats the loop's body: as often as this at most, and so many expressions in all.
constexpr uint32_t kMostCopies = 8;
constexpr uint32_t kMostRepeated = 3000;

}  // namespace

// A generator that was called: its arguments, which entries of the cleanup stack hold.
struct FunctionLowering::Deferred {
    const typed::Function* callee = nullptr;
    std::vector<std::vector<ValueId>> params;
    std::vector<std::shared_ptr<Deferred>> deferred;  // by parameter: a generator itself
};

bool FunctionLowering::can_inline(const typed::Function& callee) const {
    if (!callee.is_generator || callee.file != frame_->source->file) return false;
    const GeneratorShape& shape = program_.generator_shape(callee);
    if (!shape.simple || frame_->copies * std::max(1U, shape.yields) > kMostCopies) return false;
    for (const Frame* at = frame_; at != nullptr; at = at->caller) {
        if (at->source == &callee) return false;
    }
    return true;
}

std::shared_ptr<FunctionLowering::Deferred> FunctionLowering::defer(const Expr* call) {
    auto generator = std::make_shared<Deferred>();
    const typed::Function& callee = *call->callee;
    generator->callee = &callee;
    const GeneratorShape& shape = program_.generator_shape(callee);
    for (uint32_t i = 0; i < callee.param_count; ++i) {
        const Expr* arg = call->args[i];
        while (arg->kind == ExprKind::kConvert) arg = arg->args[0];
        if (shape.looped_once[i] && arg->kind == ExprKind::kCall && arg->callee != &callee && can_inline(*arg->callee)) {
            generator->params.emplace_back();
            generator->deferred.push_back(defer(arg));
            continue;
        }
        Rvalue value = convert(lower_expr(call->args[i]), callee.locals[i].type);
        own(value);
        generator->params.push_back(value.parts);
        generator->deferred.emplace_back();
    }
    return generator;
}

void FunctionLowering::prepare_locals(Frame& frame, const Deferred& generator) {
    frame_ = &frame;
    find_assigned();
    frame.borrows = program_.borrowing_locals(*frame.source);
    frame.locals.resize(frame.source->locals.size());
    for (uint32_t i = 0; i < frame.locals.size(); ++i) {
        LocalPlace& place = frame.locals[i];
        place.type = frame.source->locals[i].type;
        const bool param = i < frame.source->param_count;
        if (param && (generator.deferred[i] != nullptr || !frame.assigned[i])) {
            place.fixed = true;
            place.parts = generator.params[i];
            place.deferred = generator.deferred[i];
            continue;
        }
        make_place(i, param ? &generator.params[i] : nullptr);
    }
    frame_ = frame.caller;
}

// False: the loop is one over another kind of iterator.
bool FunctionLowering::lower_for_inlined(const Stmt* stmt) {
    std::vector<const Iter*> counters;
    const Iter* iter = stmt->iter;
    for (; iter->kind == IterKind::kEnumerate; iter = iter->children[0]) counters.push_back(iter);
    if (iter->kind != IterKind::kIterator) return false;
    const Expr* source = looped_over(*iter);
    const bool deferred = source->kind == ExprKind::kLocal && frame_->locals[source->index].deferred != nullptr;
    if (!deferred) {
        if (source->kind != ExprKind::kCall || !can_inline(*source->callee)) return false;
        const uint32_t yields = program_.generator_shape(*source->callee).yields;
        if (yields > 1 && yields * size_of(stmt->body) > kMostRepeated) return false;
    }

    const size_t depth = mark();
    std::vector<SlotId> counts;
    for (const Iter* counter : counters) {
        counts.push_back(b_.new_slot(Repr::kInt64, "count"));
        b_.store_slot(counts.back(), counter->args.empty() ? b_.integer(0) : scalar(lower_expr(counter->args[0])));
    }
    const std::shared_ptr<Deferred> generator = deferred ? frame_->locals[source->index].deferred : defer(source);
    const BlockId done = b_.new_block();

    Frame& frame = frames_.emplace_back();
    frame.source = generator->callee;
    frame.caller = frame_;
    frame.call = iter->span;
    frame.end = b_.new_block();
    frame.copies = frame_->copies * std::max(1U, program_.generator_shape(*frame.source).yields);
    prepare_locals(frame, *generator);
    Cleanup entry{CleanupKind::kInlined};
    entry.frame = &frame;
    push(std::move(entry));
    frame.depth = mark();
    frame.on_yield = [&](Rvalue value) {
        frame_ = frame.caller;
        for (size_t i = 0; i < counters.size(); ++i) {
            const uint32_t local = counters[i]->local;
            ValueId count = b_.load_slot(counts[i]);
            b_.store_slot(counts[i], b_.binary(Opcode::kAdd, Repr::kInt64, count, b_.integer(1)));
            assign_local(local, plain(frame_->source->locals[local].type, count));
        }
        assign_local(iter->local, std::move(value));
        const BlockId next = b_.new_block();
        frame_->loops.push_back({mark(), done, next, depth});
        lower_block(stmt->body);
        frame_->loops.pop_back();
        b_.jump(next);
        b_.move_to(next);
        frame_ = &frame;
    };
    frame_ = &frame;
    lower_block(frame.source->body);
    frame_ = frame.caller;
    b_.jump(frame.end);
    b_.move_to(frame.end);
    close(depth);
    lower_block(stmt->else_body);
    b_.jump(done);
    b_.move_to(done);
    return true;
}

}  // namespace kayton::kir
