// The typed program: what the checker hands to KIR lowering. Every generic function has become instances, every name a
// local, global, function or plugin function, every operation one of the kinds below with all conversions written out,
// every sugar (comprehensions, with, unpacking, chained comparison, any/all/sum/sorted with a key …) plain statements.
// Types hold no variables. Evaluation order is the order of `args`.
// Nodes live in a TypedArena owned by the TypedProgram; built and read by one thread.
//
// Values follow Python's reference semantics: reading a local, field or element gives a value that the reader shares.
// Ownership (retain/release) is lowering's business and appears nowhere here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/source/source.h"
#include "compiler/syntax/ast.h"
#include "compiler/types/type.h"
#include "shared/manifest.h"

namespace kayton::typed {

using types::Type;
using TypedArena = syntax::AstArena;

struct Function;
struct Stmt;
using Block = std::span<Stmt* const>;

// Operators on unboxed scalars. Operands already have equal types.
enum class Op : uint8_t {
    kNoOp,
    kIntAdd, kIntSub, kIntMul,                                     // checked: OverflowError, `text` is "a + b"
    kIntAnd, kIntOr, kIntXor, kIntNeg, kIntInvert,                 // neg checked
    kIntFloorDiv, kIntMod,                                         // checked: ZeroDivisionError, overflow
    kIntLShift, kIntRShift,                                        // checked
    kIntEq, kIntNe, kIntLt, kIntLe, kIntGt, kIntGe,
    kFloatAdd, kFloatSub, kFloatMul, kFloatDiv, kFloatNeg,         // div checked: ZeroDivisionError
    kFloatEq, kFloatNe, kFloatLt, kFloatLe, kFloatGt, kFloatGe,
    kBoolEq, kBoolNe, kBoolAnd, kBoolOr, kBoolXor, kNot,           // no short circuit
    kSame, kNotSame,                                               // `is` on pointers and nullables
};

enum class ExprKind : uint8_t {
    kNone, kBool, kInt, kFloat, kStr, kBytes,  // constants: int_value, float_value, text
    kLocal,     // index into function.locals; int_value 1: may be unbound, check (UnboundLocalError)
    kGlobal,    // index into program.globals; int_value 1: may be unbound, check (NameError)
    kOp,        // op, args (one or two)
    kAnd, kOr,  // two bools, short circuit
    kIf,        // args: condition, then, else; all of the result's type
    kConvert,   // args[0] to `type`, cannot fail: bool->int, bool/int->float, member->union, union->wider union,
                //   pointer->nullable, anything->Dynamic, Never->anything, subclass->class, function->Callable
    kNarrow,    // args[0] to `type`, known by a test before: union->member or smaller union, nullable->pointer, class->subclass
    kNarrowChecked,  // the same, checked at run time: TypeError with `text` as message; int_value 1: AttributeError
    kTypeTest,  // bool: the union or Dynamic args[0] holds `type_arg` (a subclass of it, for classes); `type_arg` none: is None;
                // int_value 1: args[0] is an object of exactly the class `type_arg`
    kCall,      // callee, args
    kCallPlugin,   // index into program.plugin_functions, args
    kCallClosure,  // args[0] the Callable, then the arguments
    kRuntime,   // runtime: args one for each parameter letter (see runtime.def); '*' parameters get values, 't' get kTypeInfo
    kTuple, kTupleGet,      // args; args[0] + index
    kList, kDict, kSet,     // args: elements; key, value, key, value …
    kListGet,   // args: list, int; bounds checked, negative from the end. type: the element
    kLen,       // args[0]: str, bytes, list, dict, set, range, or a tuple
    kDictGet,   // args: dict, key -> V | None (dict.get)
    kRange,     // args: start, stop, step (step checked: ValueError)
    kRangeField,  // args[0]; index 0 start, 1 stop, 2 step
    kNew,       // type_arg: a zeroed instance of a class
    kField,     // args[0], index of the field
    kMakeClosure,  // callee; its captures are taken from the current function (Function::captures)
    kSeq,       // block, then args[0] is the value
    kYield,     // in generators. args[0]: the value, of the element type; args[1], when there: the iterator that a
                //   `yield from` goes over. type: what is sent, or None
    kStrJoin,   // args: str pieces, concatenated
    kTypeInfo,  // type_arg as a const KtTypeInfo*; only as an argument of kRuntime
    kCString,   // text as a NUL-terminated pointer; only as an argument of kRuntime
    kNull,      // NULL; only as an argument of kRuntime
};

// RuntimeFn::kt_list_append … one for each line of shared/runtime.def.
enum class RuntimeFn : uint16_t {
#define KT_RUNTIME(name, signature) name,
#include "shared/runtime.def"
#undef KT_RUNTIME
};
struct RuntimeInfo {
    const char* name;
    const char* signature;
};
[[nodiscard]] const RuntimeInfo& runtime_info(RuntimeFn fn);

struct Expr {
    ExprKind kind;
    Op op = Op::kNoOp;
    RuntimeFn runtime{};
    uint32_t index = 0;
    const Type* type = nullptr;  // never null
    Span span;
    int64_t int_value = 0;
    double float_value = 0;
    std::string_view text;
    const Type* type_arg = nullptr;
    Function* callee = nullptr;
    std::span<Expr* const> args;
    Block block;
};

// What a `for` goes over. Leaves bind `local`; a source is evaluated once, before the loop.
enum class IterKind : uint8_t {
    kRange,       // args: start, stop, step; local: int
    kList,        // args[0]; the length is read again at each step, as in Python
    kStr, kBytes,  // args[0]; local: str of one character, int
    kDictKeys, kDictValues, kDictItems,  // args[0]; local (and local2: the value, for items); size change raises RuntimeError
    kSet,         // args[0]
    kFile,        // args[0], text or binary; local: the line
    kHandle,      // args[0], a crate iterator; index: its __next__ in program.plugin_functions (KT_STOP ends)
    kIterator,    // args[0], a boxed iterator
    kEnumerate,   // args[0]: start; local: the count; children[0]
    kZip,         // children: ends with the shortest, in Python's order of asking
    kReversedList, kReversedRange,  // args as kList, kRange
    kStep,        // args[0]: a bool that is evaluated at each turn: binds local, or is false at the end
};
struct Iter {
    IterKind kind;
    uint32_t index = 0;
    uint32_t local = 0;
    uint32_t local2 = 0;
    std::span<Expr* const> args;
    std::span<Iter* const> children;
    Span span;
};

enum class StmtKind : uint8_t {
    kExpr,       // a
    kAssign,     // local index = a (types equal)
    kAssignGlobal,
    kUnbind,     // del of a local: index; int_value 1: check that it is bound
    kUnbindGlobal,  // del of a global: a is its kGlobal, which is checked as that says
    kSetItem,    // list a, int b, value c: bounds checked
    kSetField,   // object a, index, value b
    kIf,         // a; body, else_body
    kWhile,      // a; body, else_body (run when the condition ends the loop)
    kFor,        // iter; body, else_body
    kBreak, kContinue,
    kReturn,     // a (of the function's result type)
    kRaise,      // a: the exception object; b: its cause or null; int_value 1: from None
    kReraise,    // bare raise
    kTry,        // body, handlers, else_body, finally_body
    kBlock,      // body: no scope of its own
};
struct Handler {
    std::span<const Type* const> types;  // exception classes; empty: everything
    int64_t local = -1;                  // bound to the exception, unbound again at the end; -1: none
    Block body;
    Span span;
};
struct Stmt {
    StmtKind kind;
    Span span;
    uint32_t index = 0;
    int64_t int_value = 0;
    Expr* a = nullptr;
    Expr* b = nullptr;
    Expr* c = nullptr;
    Iter* iter = nullptr;
    Block body, else_body, finally_body;
    std::span<const Handler> handlers;
};

struct Local {
    std::string name;  // empty: a temporary
    const Type* type = nullptr;
    bool in_cell = false;       // shared with a closure: lives in a KtCell
    bool maybe_unbound = false;  // keeps a flag whether it is bound
};

// Code of another function that stands in place of its call: a comprehension, a lambda. Errors whose place lies within
// `body`, and not within `outside`, have a frame of its own in tracebacks, called at `call`.
struct InlinedCode {
    const char* name;  // "<listcomp>"
    Span body;
    Span outside;
    Span call;
};

// One instance of a function, method, lambda or the module body.
struct Function {
    std::string symbol;        // unique in the program: "area.1"
    std::string display_name;  // in tracebacks: "area", "<module>", "<lambda>"
    const SourceFile* file = nullptr;
    Span span;
    std::vector<Local> locals;     // parameters first
    uint32_t param_count = 0;
    std::vector<InlinedCode> inlined;
    std::vector<uint32_t> captures;        // locals of this function that come from the enclosing one, by cell
    std::vector<uint32_t> captured_from;   // the same in the enclosing function's locals
    bool is_closure = false;       // called with its KtClosure first
    bool is_generator = false;     // a call makes a generator; `return` gives result->args[2]
    const Type* result = nullptr;  // kNever: does not return normally
    Block body;
    bool external = false;         // compiled by an earlier cell: only called
    bool exported = false;         // later cells may call it: its symbol must be unique in the session
};

struct Global {
    std::string name;
    std::string symbol;  // "kt.g.total.2": unique in the session
    const Type* type = nullptr;
    bool external = false;  // storage made by an earlier cell
};

struct PluginFunction {
    const Manifest* manifest = nullptr;
    const ManifestFunction* function = nullptr;
    std::vector<const Type*> params;
    const Type* result = nullptr;
};

struct Class {
    const Type* type = nullptr;
    std::vector<std::string> field_names;      // all, inherited first
    std::vector<const Type*> field_types;
    // What the runtime calls for str(), ==, sorting …: one for each entry of KtTypeOps, in its order; null: none.
    std::vector<Function*> protocols;
    Function* finalizer = nullptr;  // __del__
    bool external = false;  // defined by an earlier cell
};

struct TypedProgram {
    std::unique_ptr<TypedArena> arena;
    std::vector<std::unique_ptr<Function>> functions;  // [0] is the module body, without parameters, result None
    std::vector<Global> globals;
    std::vector<PluginFunction> plugin_functions;
    std::vector<const Manifest*> plugins;  // in the order of their rimports, each once
    std::vector<Class> classes;
};

}  // namespace kayton::typed
