// KIR: typed basic blocks between the typed program and LLVM. Values are scalars in virtual registers, defined once;
// what merges or changes lives in stack slots (LLVM promotes them). Aggregates are taken apart into their scalars, and
// stand in memory only where an ABI or a container wants them. Reference counts and error edges are explicit: a call or
// check with an `edge` goes there when it fails.
// Plain data owned by a Module; built and read by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/source/source.h"
#include "compiler/types/typed_program.h"

namespace kayton::kir {

enum class Repr : uint8_t { kVoid, kBool, kInt32, kInt64, kFloat64, kPointer };

using ValueId = uint32_t;
using BlockId = uint32_t;
using SlotId = uint32_t;
using DataId = uint32_t;
constexpr uint32_t kNone = UINT32_MAX;

enum class Opcode : uint8_t {
    kParam,         // imm: position
    kConst,         // imm; of any repr but float (a pointer: null)
    kConstFloat,    // number
    kDataAddr,      // imm: DataId
    kFunctionAddr,  // imm: position in Module::functions
    kRuntimeAddr,   // runtime
    kSlotAddr,      // imm: SlotId
    kFrameAddr,     // the address of this function's frame
    kLoad,          // repr at a + imm
    kLoadByte,      // the byte at a + imm as an int64
    kStore,         // b at a + imm
    kOffset,        // a + b * imm (b absent: a + imm)
    // int64, wrapping unless checked
    kAdd, kSub, kMul, kAnd, kOr, kXor, kShl, kAShr, kSDiv, kSRem, kUDiv,
    kAddChecked, kSubChecked, kMulChecked,  // edge: overflow
    kEq, kNe, kLt, kLe, kGt, kGe, kULt, kUGe,  // of two equal reprs (Eq, Ne also of bools, pointers and int32): bool
    kFAdd, kFSub, kFMul, kFDiv, kFNeg, kFSqrt, kFAbs, kFFloor, kFCeil, kFloatToInt,  // the last: in range
    kFEq, kFNe, kFLt, kFLe, kFGt, kFGe,
    kBoolAnd, kBoolOr, kBoolXor, kNot,
    kSelect,        // a ? b : c
    kIntToFloat, kBoolToInt, kInt32ToInt, kPointerToInt, kIntToPointer, kFloatBits, kBitsToFloat,
    // reference counts
    kRetain,        // a; nullable: may be null
    kRelease,
    kRetainValue,   // KtValue: a its type (null: nothing there), b its payload
    kReleaseValue,
    // calls: args; result directly (repr), or a status that goes to `edge` when it is not 0
    kCall,          // imm: position in Module::functions
    kCallRuntime,   // runtime
    kCallIndirect,  // a: the code
    kCheck,         // a: true goes to edge
    // generators (coroutines): the frame lies in memory that the function asks for
    kCoroSize,      // bytes of the frame
    kCoroBegin,     // a: the frame's memory; the result is the same address
    // ends of a block
    kSuspend,       // edge: where it goes on
    kCoroEnd,       // never goes on
    kJump,          // edge
    kBranch,        // a ? edge : other; likely: which of them (1 edge, 2 other, 0 neither)
    kReturn,        // a, or nothing
    kUnreachable,
};

// What memory an access touches: distinct classes do not overlap (but kAny with all).
enum class Memory : uint8_t {
    kAny, kStack, kRefcount, kObjectType, kLength, kCapacity, kListData,
    kElementInt, kElementFloat, kElementPointer, kElementBool,
    kField, kCell, kGlobal, kModuleSlot, kFlag,
};

struct Inst {
    Opcode op{};
    Repr repr = Repr::kVoid;
    Memory memory = Memory::kAny;
    bool nullable = false;
    uint16_t object_size = 0;  // kLoad of an object: bytes that can be read of it (nullable: unless it is null)
    uint8_t likely = 0;
    typed::RuntimeFn runtime{};
    ValueId result = kNone;
    ValueId a = kNone, b = kNone, c = kNone;
    BlockId edge = kNone, other = kNone;
    uint32_t args_begin = 0, args_count = 0;  // in Function::args
    int64_t imm = 0;
    double number = 0;
    Span span;
};

struct Block {
    std::vector<Inst> insts;
    bool cold = false;
};

// A place in the frame. `repr` is not kVoid for a scalar that no address is taken of but by loads and stores.
struct Slot {
    Repr repr = Repr::kVoid;
    uint32_t size = 8;
    uint32_t align = 8;
    std::string name;
};

// A scalar of what a function gives, `offset` bytes from where its last parameter points.
struct ResultPart {
    Repr repr;
    uint32_t offset;
};

struct Function {
    std::string symbol;
    std::string display_name;
    const SourceFile* file = nullptr;
    Span span;
    std::vector<Repr> params;
    std::vector<uint16_t> param_objects;  // by parameter, when not empty: the object_size of what is never null, else 0
    Repr result = Repr::kInt32;
    std::vector<ResultPart> result_parts;  // of a Kayton function
    bool external = false;     // declared only
    bool exported = false;     // other modules may name it
    bool runs_once = false;    // the module body and the entry
    bool coroutine = false;
    std::vector<Slot> slots;
    std::vector<Block> blocks;  // [0] is the entry
    std::vector<ValueId> args;
    std::vector<Repr> values;   // repr of each value
};

enum class DataKind : uint8_t {
    kStr, kBytes,      // immortal objects; text
    kCString,          // text
    kFrameInfo,        // text: function; second: file
    kRuntimeSymbol,    // a data symbol of the worker
    kTypeSlot,         // filled at start-up; text: signature
    kFunctionSlot,     // filled at start-up; text: stable name, number: signature id
    kGlobal,           // text: symbol; second: signature of the type, empty when it holds no references; zeroed; size,
                       // align; external: declared only
    kStartupTable,     // KtStartupTable of the module
};
struct Data {
    DataKind kind;
    std::string text{}, second{};
    uint64_t number = 0;
    uint32_t size = 0, align = 0;
    bool external = false;
};

// A user class of the module (KtClassNeed). `ops`: KtTypeOps after drop, as positions in Module::functions or kNone.
struct ClassNeed {
    std::string name, base;
    std::vector<std::string> field_names, field_signatures;
    std::vector<uint32_t> ops;
    DataId slot = kNone;
    uint32_t finalizer = kNone;  // position in Module::functions
};

struct PluginNeed {
    std::string name, path;
};

struct Module {
    std::string name;
    std::string entry;  // symbol
    std::vector<Function> functions;
    std::vector<Data> data;
    std::vector<PluginNeed> plugins;
    std::vector<ClassNeed> classes;
    uint32_t body = 0;  // position of the module body
};

// The module as text, for tests and `KAYTON_DUMP`: one instruction a line.
[[nodiscard]] std::string to_text(const Module& module);
[[nodiscard]] std::string to_text(const Function& function, const Module& module);

}  // namespace kayton::kir
