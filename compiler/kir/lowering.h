// Lowers one typed function to KIR. Values are borrowed or owned (+1): an owned one is a temporary on the cleanup stack
// until something takes it or its statement ends. Every error edge leads to a chain of blocks that undoes the stack as
// it stood at that edge, then to the nearest handler or the function's error exit.
// Split by subject: lower_function, ownership, lower_expr, lower_ops, lower_call, lower_fast, lower_text, lower_convert, lower_stmt, lower_try,
// lower_iter, lower_generator, inline_generator. Lives while one function is lowered; one thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/kir/builder.h"
#include "compiler/kir/ir.h"
#include "compiler/kir/layout.h"
#include "compiler/kir/program_lowering.h"

namespace kayton::kir {

using types::Type;
using types::TypeKind;
using types::Storage;
using typed::RuntimeFn;

struct Rvalue {
    const Type* type = nullptr;
    std::vector<ValueId> parts;
    bool owned = false;
    uint8_t hazards = 0;  // of a borrowed value: Effects that end it
    uint32_t temp = 0;    // of an owned one: its entry on the cleanup stack, 0 none
};

class FunctionLowering {
  public:
    FunctionLowering(ProgramLowering& program, const typed::Function& source, Function& target);
    void lower();

  private:
    // --- cleanup stack (ownership.cpp)
    enum class CleanupKind : uint8_t { kRelease, kHandler, kFinally, kHandling, kInlined };
    struct Frame;
    struct Cleanup {
        CleanupKind kind;
        uint32_t id = 0;
        const Type* type = nullptr;     // kRelease
        std::vector<ValueId> parts{};   // kRelease; kHandling: the exception
        BlockId target = kNone;         // kHandler
        const typed::Stmt* stmt = nullptr;  // kFinally
        int64_t local = -1;             // kHandling: unbound at the end
        Frame* frame = nullptr;         // the code that it belongs to; kInlined: whose locals are released
        BlockId error_block = kNone;    // made when first needed
    };
    uint32_t push(Cleanup cleanup);
    void remove(uint32_t id);
    BlockId error_target();             // where an error goes with the stack as it is
    BlockId error_target(size_t depth);
    void run_cleanup(const Cleanup& cleanup);  // the code for leaving one entry without an exception
    // Code for leaving all entries above; the stack itself stays. `carried` is released if a finally block on the way
    // ends otherwise.
    void leave_to(size_t depth, const Cleanup* carried = nullptr);
    size_t mark() const { return cleanups_.size(); }
    void close(size_t depth);           // ends temporaries above: releases and pops
    void close_keeping(size_t depth, Rvalue& value);  // the same, but `value` outlives them

    Rvalue temporary(const Type* type, std::vector<ValueId> parts);  // owned
    Rvalue borrowed(const Type* type, std::vector<ValueId> parts, uint8_t hazards) const;
    void own(Rvalue& value);             // retains a borrowed value, as a temporary
    std::vector<ValueId> take(Rvalue& value);  // +1 for the taker, no longer a temporary
    void retain_parts(const Type* type, const std::vector<ValueId>& parts);
    void release_parts(const Type* type, const std::vector<ValueId>& parts, bool maybe_absent = false);

    // --- memory and types
    const Layout& layout(const Type* type) { return program_.layout(type); }
    std::vector<ValueId> load_parts(const Type* type, ValueId address, int64_t offset, Memory memory);
    void store_parts(const Type* type, const std::vector<ValueId>& parts, ValueId address, int64_t offset, Memory memory);
    std::vector<ValueId> zero_parts(const Type* type);
    ValueId type_info(const Type* type);
    ValueId type_info(const std::string& signature);
    ValueId in_memory(const Rvalue& value);  // the value's address: an area of the frame, free again after release_areas
    ValueId out_area(const Type* type);      // where a call writes its result
    struct Area {
        SlotId slot;
        uint32_t size;
    };
    std::vector<Area> free_areas_, used_areas_;
    ValueId take_area(uint32_t size);
    void release_areas(size_t depth);

    // --- errors
    BlockId raising(Span span);          // traceback entry, then error_target(): the edge of a call
    BlockId failing(Span span, const std::function<void()>& raise);  // the same, raising first
    void add_frame(DataId frame, Span span);  // a line of the traceback
    void raise_class(const char* exception, std::string_view message);

    // --- expressions
    Rvalue lower_expr(const typed::Expr* expr);
    std::vector<Rvalue> lower_operands(std::span<typed::Expr* const> exprs, uint8_t final_effects);
    void lower_condition(const typed::Expr* expr, BlockId if_true, BlockId if_false);
    ValueId scalar(const Rvalue& value) const { return value.parts.at(0); }
    Rvalue unit(const Type* type) const { return {type, {}, false, 0, 0}; }
    Rvalue plain(const Type* type, ValueId value) const { return {type, {value}, false, 0, 0}; }
    Rvalue lower_op(const typed::Expr* expr);
    Rvalue lower_int_division(const typed::Expr* expr, ValueId a, ValueId b);
    Rvalue lower_shift(const typed::Expr* expr, ValueId a, ValueId b);
    ValueId same(const Rvalue& a, const Rvalue& b);
    Rvalue lower_if_expr(const typed::Expr* expr);
    Rvalue lower_bool_expr(const typed::Expr* expr);
    Rvalue lower_local(const typed::Expr* expr);
    Rvalue lower_global(const typed::Expr* expr);
    Rvalue lower_tuple(const typed::Expr* expr);
    Rvalue lower_tuple_get(const typed::Expr* expr);
    Rvalue lower_list(const typed::Expr* expr);
    Rvalue lower_dict(const typed::Expr* expr);
    Rvalue lower_list_get(const typed::Expr* expr);
    Rvalue lower_dict_get(const typed::Expr* expr);
    Rvalue lower_len(const typed::Expr* expr);
    Rvalue lower_range(const typed::Expr* expr);
    Rvalue lower_field(const typed::Expr* expr);
    Rvalue lower_str_join(const typed::Expr* expr);
    ValueId from_end(ValueId index, ValueId length);  // an index that counts from the end, when it is negative
    ValueId checked_index(ValueId list, ValueId index, const char* what, Span span);
    ValueId range_length(ValueId start, ValueId stop, ValueId step);
    uint32_t class_field_offset(const Type* type, uint32_t index, const Type** field_type);

    // --- calls
    Rvalue lower_call(const typed::Expr* expr);
    Rvalue lower_plugin_call(const typed::Expr* expr);
    Rvalue lower_closure_call(const typed::Expr* expr);
    Rvalue lower_runtime(const typed::Expr* expr);
    std::optional<Rvalue> lower_fast(const typed::Expr* expr);  // nothing: call the function (lower_fast.cpp)
    std::optional<Rvalue> lower_append(const typed::Expr* expr);
    ValueId either(ValueId rare, Repr repr, const std::function<ValueId()>& unusual, const std::function<ValueId()>& usual);
    ValueId call_fallible(RuntimeFn fn, Repr repr, std::vector<ValueId> args, Span span);
    ValueId unless(ValueId rare, const typed::Expr* expr, Repr repr, const std::vector<ValueId>& args,
                   const std::function<ValueId()>& usual);
    // lower_text.cpp
    struct CharPlace {
        ValueId at, rare;
    };
    Rvalue lower_str_eq(const typed::Expr* expr);
    Rvalue lower_str_index(const typed::Expr* expr);
    Rvalue lower_ord(const typed::Expr* expr);
    std::optional<Rvalue> lower_character_eq(const typed::Expr* expr);
    std::optional<Rvalue> lower_character_test(const typed::Expr* expr);
    CharPlace char_place(ValueId text, ValueId index);
    ValueId byte_of(ValueId text, ValueId at = kNone);
    ValueId is_one_byte(ValueId text);
    ValueId ascii_text(ValueId byte);
    ValueId index_text(ValueId text, ValueId index, const typed::Expr* expr);
    Rvalue lower_make_closure(const typed::Expr* expr);
    void add_arguments(const std::vector<Rvalue>& values, std::vector<ValueId>& args);
    Rvalue call_result(const Type* type, ValueId out);
    // Status KT_STOP -> StopIteration; other failures to the edge.
    void check_status_or_stop(ValueId status, Span span);

    // --- conversions
    Rvalue convert(Rvalue value, const Type* to);
    Rvalue to_value(Rvalue value, const Type* to);
    Rvalue narrow(Rvalue value, const Type* to);
    ValueId type_test(const Rvalue& value, const Type* type);  // null type: is None
    ValueId runtime_type(const Rvalue& value);                 // KtTypeInfo* of a pointer's object
    Rvalue with(const Rvalue& from, const Type* type, std::vector<ValueId> parts);  // same ownership

    // --- statements
    void lower_block(typed::Block block);
    void lower_stmt(const typed::Stmt* stmt);
    void lower_assign(const typed::Stmt* stmt);
    bool lower_str_append(const typed::Stmt* stmt);
    void assign_local(uint32_t index, Rvalue value);
    void unbind(uint32_t index);
    void lower_assign_global(const typed::Stmt* stmt);
    void lower_unbind(const typed::Stmt* stmt);
    void lower_unbind_global(const typed::Stmt* stmt);
    void lower_set_item(const typed::Stmt* stmt);
    void lower_set_field(const typed::Stmt* stmt);
    void lower_if(const typed::Stmt* stmt);
    void lower_while(const typed::Stmt* stmt);
    void lower_return(const typed::Stmt* stmt);
    void lower_raise(const typed::Stmt* stmt);
    void lower_try(const typed::Stmt* stmt);
    void lower_handlers(const typed::Stmt* stmt, BlockId done);
    void safe_point(Span span);
    void finalizer_point(Span span);

    // --- loops
    struct Loop {
        size_t depth;
        BlockId break_to, continue_to;
        size_t break_depth;  // less than `depth` where the loop's body stands inside what it goes over
    };
    // One leaf of the iteration: `advance` emits the code that gets the next element or goes to `end`, and gives what
    // to bind.
    struct Binding {
        uint32_t local;
        Rvalue value;
    };
    using Advance = std::function<void(BlockId end, std::vector<Binding>& bindings)>;
    void lower_for(const typed::Stmt* stmt);
    Advance start_iter(const typed::Iter* iter);
    Advance start_range(const typed::Iter* iter);
    Advance start_list(const typed::Iter* iter);
    Advance start_text(const typed::Iter* iter);
    Advance start_table(const typed::Iter* iter);
    Advance start_calls(const typed::Iter* iter);
    Advance start_enumerate(const typed::Iter* iter);
    Advance start_zip(const typed::Iter* iter);
    Advance start_step(const typed::Iter* iter);
    ValueId loop_source(const typed::Expr* source);  // kept alive until the loop's end

    // --- generators in the place of their loop (inline_generator.cpp)
    struct Deferred;  // a generator that was called and has not begun
    bool lower_for_inlined(const typed::Stmt* stmt);
    bool can_inline(const typed::Function& callee) const;
    std::shared_ptr<Deferred> defer(const typed::Expr* call);
    void prepare_locals(Frame& frame, const Deferred& generator);

    // --- generators (lower_generator.cpp)
    void begin_generator();
    void check_resumed(BlockId again, Span span, bool guarded, int64_t handled);
    void trace_frame();
    void trace_locals(const Frame& frame);
    void trace_parts(const Type* type, const std::vector<ValueId>& parts);
    void end_generator(ValueId status);
    void store_generator_result(const std::vector<ValueId>& parts);
    Rvalue lower_yield(const typed::Expr* expr);
    ValueId generator_ = kNone;

    // --- frame
    struct LocalPlace {
        const Type* type = nullptr;
        bool fixed = false;              // a parameter that is never assigned: `parts`
        std::vector<ValueId> parts;
        std::vector<SlotId> slots;       // a scalar each
        ValueId cell = kNone;            // KtCell*
        SlotId bound = kNone;            // flag
        bool counted = false;            // released at the function's end
        bool borrows = false;            // counts no reference though it holds one
        std::shared_ptr<Deferred> deferred{};  // a parameter of inlined code that its one loop goes over
    };
    // The code that is lowered where we stand: the function itself, or a generator that stands in the place of a loop.
    struct Frame {
        const typed::Function* source = nullptr;
        std::vector<LocalPlace> locals;
        std::vector<bool> assigned;
        std::vector<bool> borrows;
        std::vector<Loop> loops;
        // of a generator:
        Frame* caller = nullptr;
        Span call;                // in the caller's code
        size_t depth = 0;         // of the cleanup stack, its own entries above
        BlockId end = kNone;      // where it is at its end
        uint32_t copies = 1;      // how often code at a yield of it is lowered
        std::function<void(Rvalue value)> on_yield{};
    };
    void lower_prologue();
    void make_place(uint32_t index, const std::vector<ValueId>* param);
    void release_locals(const Frame& frame);
    void lower_exits();
    ValueId count_calls(int64_t by);
    BlockId uncount_and_leave(BlockId to);
    void find_assigned();
    std::vector<ValueId> read_local(uint32_t index);
    void write_local(uint32_t index, const std::vector<ValueId>& parts);
    void set_bound(uint32_t index, bool bound);
    uint8_t local_hazards(uint32_t index) const;

    ProgramLowering& program_;
    Function& target_;
    Builder b_;
    std::deque<Frame> frames_;
    Frame* frame_ = nullptr;
    std::vector<Cleanup> cleanups_;
    uint32_t next_cleanup_ = 1;
    ValueId out_ = kNone;      // where the result goes
    BlockId error_exit_ = kNone, good_exit_ = kNone;
    SlotId out_area_ = kNone;
    bool calls_kayton_ = false;
};

}  // namespace kayton::kir
