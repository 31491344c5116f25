// KIR as text.
#include <cstdio>

#include "compiler/kir/ir.h"

namespace kayton::kir {

namespace {

constexpr const char* kOpcodes[] = {
    "param", "const", "const", "data", "function", "runtime", "slot", "frame", "load", "load_byte", "store", "offset",
    "add", "sub", "mul", "and", "or", "xor", "shl", "ashr", "sdiv", "srem", "udiv",
    "add.checked", "sub.checked", "mul.checked",
    "eq", "ne", "lt", "le", "gt", "ge", "ult", "uge",
    "fadd", "fsub", "fmul", "fdiv", "fneg", "fsqrt", "fabs", "ffloor", "fceil", "floattoint", "feq", "fne", "flt", "fle", "fgt", "fge",
    "bool.and", "bool.or", "bool.xor", "not", "select",
    "int_to_float", "bool_to_int", "int32_to_int", "pointer_to_int", "int_to_pointer", "float_bits", "bits_to_float",
    "retain", "release", "retain_value", "release_value",
    "call", "call", "call_indirect", "check", "coro_size", "coro_begin", "suspend", "coro_end", "jump", "branch", "return", "unreachable",
};
static_assert(sizeof(kOpcodes) / sizeof(kOpcodes[0]) == static_cast<size_t>(Opcode::kUnreachable) + 1);

const char* repr_name(Repr repr) {
    switch (repr) {
        case Repr::kVoid: return "void";
        case Repr::kBool: return "bool";
        case Repr::kInt32: return "i32";
        case Repr::kInt64: return "i64";
        case Repr::kFloat64: return "f64";
        case Repr::kPointer: return "ptr";
    }
    return "?";
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string data_name(const Data& data) {
    switch (data.kind) {
        case DataKind::kStr: return std::string("str ").append(quoted(data.text));
        case DataKind::kBytes: return std::string("bytes ").append(quoted(data.text));
        case DataKind::kCString: return std::string("text ").append(quoted(data.text));
        case DataKind::kFrameInfo: return std::string("frame ").append(data.text);
        case DataKind::kRuntimeSymbol: return data.text;
        case DataKind::kTypeSlot: return std::string("type ").append(data.text);
        case DataKind::kFunctionSlot: return std::string("plugin ").append(data.text);
        case DataKind::kGlobal: return std::string("global ").append(data.text);
        case DataKind::kStartupTable: return "startup";
    }
    return "?";
}

std::string value_name(ValueId value) { return std::string("%").append(std::to_string(value)); }
std::string block_name(BlockId block) { return std::string("b").append(std::to_string(block)); }

void print(const Inst& inst, const Function& function, const Module& module, std::string& out) {
    out += "    ";
    if (inst.result != kNone) out.append(value_name(inst.result)).append(" = ");
    out += kOpcodes[static_cast<size_t>(inst.op)];
    if (inst.result != kNone && inst.op != Opcode::kDataAddr) out.append(".").append(repr_name(inst.repr));
    if (inst.nullable) out += "?";
    switch (inst.op) {
        case Opcode::kConstFloat: {
            char text[40];
            std::snprintf(text, sizeof text, " %.17g", inst.number);
            out += text;
            break;
        }
        case Opcode::kDataAddr: out.append(" ").append(data_name(module.data[static_cast<size_t>(inst.imm)])); break;
        case Opcode::kFunctionAddr:
        case Opcode::kCall: out.append(" ").append(module.functions[static_cast<size_t>(inst.imm)].symbol); break;
        case Opcode::kCallRuntime:
        case Opcode::kRuntimeAddr: out.append(" ").append(typed::runtime_info(inst.runtime).name); break;
        case Opcode::kSlotAddr:
            out.append(" $").append(std::to_string(inst.imm)).append(":");
            out.append(function.slots[static_cast<size_t>(inst.imm)].name);
            break;
        default: break;
    }
    bool first = true;
    auto operand = [&](const std::string& text) {
        out.append(first ? " " : ", ").append(text);
        first = false;
    };
    for (ValueId value : {inst.a, inst.b, inst.c}) {
        if (value != kNone) operand(value_name(value));
    }
    if (inst.op == Opcode::kCall || inst.op == Opcode::kCallRuntime || inst.op == Opcode::kCallIndirect) {
        out += "(";
        for (uint32_t i = 0; i < inst.args_count; ++i) {
            out.append(i == 0 ? "" : ", ").append(value_name(function.args[inst.args_begin + i]));
        }
        out += ")";
    }
    switch (inst.op) {
        case Opcode::kParam:
        case Opcode::kConst:
        case Opcode::kLoad:
        case Opcode::kLoadByte:
        case Opcode::kStore:
        case Opcode::kOffset: operand(std::to_string(inst.imm)); break;
        default: break;
    }
    if (inst.op == Opcode::kJump || inst.op == Opcode::kBranch) {
        operand(block_name(inst.edge));
        if (inst.other != kNone) operand(block_name(inst.other));
    } else if (inst.edge != kNone) {
        out.append(" !").append(block_name(inst.edge));
    }
    out += "\n";
}

}  // namespace

std::string to_text(const Function& function, const Module& module) {
    std::string out = "function ";
    out.append(function.symbol).append("(");
    for (size_t i = 0; i < function.params.size(); ++i) {
        out.append(i == 0 ? "" : ", ").append(repr_name(function.params[i]));
    }
    out.append("): ").append(repr_name(function.result));
    if (function.external) return out.append(" external\n");
    out += "\n";
    for (size_t i = 0; i < function.blocks.size(); ++i) {
        out.append(block_name(static_cast<BlockId>(i))).append(function.blocks[i].cold ? ": cold\n" : ":\n");
        for (const Inst& inst : function.blocks[i].insts) print(inst, function, module, out);
    }
    return out;
}

std::string to_text(const Module& module) {
    std::string out = "module ";
    out.append(module.name).append("\n");
    for (const Function& function : module.functions) out += to_text(function, module);
    return out;
}

}  // namespace kayton::kir
