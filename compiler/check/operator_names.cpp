#include "compiler/check/operator_names.h"

namespace kayton::check {

using namespace syntax;

const char* symbol(BinaryOp op) {
    switch (op) {
        case BinaryOp::kAdd: return "+";
        case BinaryOp::kSub: return "-";
        case BinaryOp::kMul: return "*";
        case BinaryOp::kDiv: return "/";
        case BinaryOp::kFloorDiv: return "//";
        case BinaryOp::kMod: return "%";
        case BinaryOp::kPow: return "** or pow()";
        case BinaryOp::kMatMul: return "@";
        case BinaryOp::kLShift: return "<<";
        case BinaryOp::kRShift: return ">>";
        case BinaryOp::kBitAnd: return "&";
        case BinaryOp::kBitOr: return "|";
        case BinaryOp::kBitXor: return "^";
    }
    return "?";
}

const char* symbol(CompareOp op) {
    switch (op) {
        case CompareOp::kLt: return "<";
        case CompareOp::kLe: return "<=";
        case CompareOp::kGt: return ">";
        default: return ">=";
    }
}

const char* dunder(BinaryOp op) {
    switch (op) {
        case BinaryOp::kAdd: return "__add__";
        case BinaryOp::kSub: return "__sub__";
        case BinaryOp::kMul: return "__mul__";
        case BinaryOp::kDiv: return "__truediv__";
        case BinaryOp::kFloorDiv: return "__floordiv__";
        case BinaryOp::kMod: return "__mod__";
        case BinaryOp::kPow: return "__pow__";
        case BinaryOp::kMatMul: return "__matmul__";
        case BinaryOp::kLShift: return "__lshift__";
        case BinaryOp::kRShift: return "__rshift__";
        case BinaryOp::kBitAnd: return "__and__";
        case BinaryOp::kBitOr: return "__or__";
        case BinaryOp::kBitXor: return "__xor__";
    }
    return "";
}

}  // namespace kayton::check
