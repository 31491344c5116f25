// Texts of one ASCII character, which most programs take texts apart into: they are compared, tested and read where they
// stand, as bytes. The runtime's functions do the rest.
#include <array>
#include <bit>

#include "compiler/kir/lowering.h"
#include "shared/object_layout.h"

namespace kayton::kir {

using typed::Expr;
using typed::ExprKind;

namespace {

// The ASCII characters of a set, a bit each.
using AsciiSet = std::array<uint64_t, 2>;

template <typename Belongs>
constexpr AsciiSet ascii_set(const Belongs& belongs) {
    AsciiSet set{};
    for (int c = 0; c < 128; ++c) {
        if (belongs(c)) set[static_cast<size_t>(c / 64)] |= uint64_t{1} << c % 64;
    }
    return set;
}

constexpr bool is_upper(int c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(int c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(int c) { return c >= '0' && c <= '9'; }

// What str.isX() says of one ASCII character; nothing: another function.
std::optional<AsciiSet> tested_by(RuntimeFn fn) {
    switch (fn) {
        case RuntimeFn::kt_str_isalpha: return ascii_set([](int c) { return is_upper(c) || is_lower(c); });
        case RuntimeFn::kt_str_isalnum: return ascii_set([](int c) { return is_upper(c) || is_lower(c) || is_digit(c); });
        case RuntimeFn::kt_str_isdigit:
        case RuntimeFn::kt_str_isdecimal:
        case RuntimeFn::kt_str_isnumeric: return ascii_set(is_digit);
        case RuntimeFn::kt_str_isupper: return ascii_set(is_upper);
        case RuntimeFn::kt_str_islower: return ascii_set(is_lower);
        case RuntimeFn::kt_str_isspace:
            return ascii_set([](int c) { return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f); });
        default: return std::nullopt;
    }
}

// Is its value there at once, without anything that could fail first?
bool is_plain(const Expr* expr) {
    switch (expr->kind) {
        case ExprKind::kInt:
        case ExprKind::kStr: return true;
        case ExprKind::kLocal:
        case ExprKind::kGlobal: return expr->int_value == 0;
        case ExprKind::kField: return is_plain(expr->args[0]);
        case ExprKind::kOp:
            return (expr->op == typed::Op::kIntAdd || expr->op == typed::Op::kIntSub) && is_plain(expr->args[0]) &&
                   is_plain(expr->args[1]);
        default: return false;
    }
}

bool is_ascii_literal(const Expr* expr) {
    return expr->kind == ExprKind::kStr && expr->text.size() == 1 && static_cast<unsigned char>(expr->text[0]) < 0x80;
}

bool is_character_of(const Expr* expr) {
    return expr->kind == ExprKind::kRuntime && expr->runtime == RuntimeFn::kt_str_index && is_plain(expr->args[0]) &&
           is_plain(expr->args[1]);
}

}  // namespace

ValueId FunctionLowering::byte_of(ValueId text, ValueId at) {
    return b_.load_byte(at == kNone ? text : b_.element(text, at, 1), offsetof(KtStr, data));
}

ValueId FunctionLowering::is_one_byte(ValueId text) {
    ValueId bytes = b_.load(Repr::kInt64, text, offsetof(KtStr, byte_len), Memory::kLength);
    return b_.binary(Opcode::kEq, Repr::kBool, bytes, b_.integer(1));
}

// The string of one ASCII character: one of the runtime's, with a count for the taker.
ValueId FunctionLowering::ascii_text(ValueId byte) {
    ValueId text = b_.element(b_.data(program_.runtime_symbol("kt_ascii_chars")), byte, sizeof(KtAsciiChar));
    b_.retain(text, false);
    return text;
}

// Where text[index] lies: `at`, unless `rare` (the text is not ASCII, or there is no such character).
FunctionLowering::CharPlace FunctionLowering::char_place(ValueId text, ValueId index) {
    ValueId bytes = b_.load(Repr::kInt64, text, offsetof(KtStr, byte_len), Memory::kLength);
    ValueId length = b_.load(Repr::kInt64, text, offsetof(KtStr, length), Memory::kLength);
    if (b_.repr_of(index) == Repr::kBool) index = b_.unary(Opcode::kBoolToInt, Repr::kInt64, index);
    ValueId at = from_end(index, length);
    ValueId outside = b_.binary(Opcode::kUGe, Repr::kBool, at, length);
    ValueId wide = b_.binary(Opcode::kNe, Repr::kBool, bytes, length);
    return {at, b_.binary(Opcode::kBoolOr, Repr::kBool, wide, outside)};
}

Rvalue FunctionLowering::lower_str_index(const Expr* expr) {
    std::vector<Rvalue> operands = lower_operands(expr->args, 0);
    ValueId text = scalar(operands[0]);
    ValueId index = scalar(operands[1]);
    const CharPlace place = char_place(text, index);
    return temporary(expr->type, {unless(place.rare, expr, Repr::kPointer, {text, index},
                                         [&] { return ascii_text(byte_of(text, place.at)); })});
}

// ord(text) and ord(text[i]).
Rvalue FunctionLowering::lower_ord(const Expr* expr) {
    const Expr* of = expr->args[0];
    if (!is_character_of(of)) {
        ValueId text = scalar(lower_operands(expr->args, 0)[0]);
        return plain(expr->type, unless(b_.unary(Opcode::kNot, Repr::kBool, is_one_byte(text)), expr, Repr::kInt64, {text},
                                        [&] { return byte_of(text); }));
    }
    std::vector<Rvalue> operands = lower_operands(of->args, 0);
    ValueId text = scalar(operands[0]);
    ValueId index = scalar(operands[1]);
    const CharPlace place = char_place(text, index);
    const auto called = [&] {
        const size_t depth = mark();
        ValueId character = index_text(text, index, of);
        ValueId code = call_fallible(RuntimeFn::kt_ord, Repr::kInt64, {character}, expr->span);
        close(depth);
        return code;
    };
    return plain(expr->type, either(place.rare, Repr::kInt64, called, [&] { return byte_of(text, place.at); }));
}

// The character as an object, to be released with the temporaries.
ValueId FunctionLowering::index_text(ValueId text, ValueId index, const Expr* expr) {
    ValueId character = call_fallible(RuntimeFn::kt_str_index, Repr::kPointer, {text, index}, expr->span);
    (void)temporary(expr->type, {character});
    return character;
}

// Most texts that differ differ in length, and many have one character.
Rvalue FunctionLowering::lower_str_eq(const Expr* expr) {
    if (is_character_of(expr->args[0]) || is_character_of(expr->args[1])) {
        if (std::optional<Rvalue> result = lower_character_eq(expr)) return std::move(*result);
    }
    std::vector<Rvalue> operands = lower_operands(expr->args, 0);
    ValueId texts[] = {scalar(operands[0]), scalar(operands[1])};
    ValueId lengths[2];
    for (size_t i = 0; i < 2; ++i) {
        const Expr* arg = expr->args[i];
        lengths[i] = arg->kind == ExprKind::kStr ? b_.integer(static_cast<int64_t>(arg->text.size()))
                                                 : b_.load(Repr::kInt64, texts[i], offsetof(KtStr, byte_len), Memory::kLength);
    }
    SlotId result = b_.new_slot(Repr::kBool, "equal");
    BlockId compare = b_.new_block();
    BlockId character = b_.new_block();
    BlockId longer = b_.new_block();
    BlockId done = b_.new_block();
    b_.store_slot(result, b_.boolean(false));
    b_.branch(b_.binary(Opcode::kEq, Repr::kBool, lengths[0], lengths[1]), compare, done);
    b_.move_to(compare);
    b_.branch(b_.binary(Opcode::kEq, Repr::kBool, lengths[expr->args[0]->kind == ExprKind::kStr ? 0 : 1], b_.integer(1)), character, longer);
    b_.move_to(character);
    ValueId bytes[2];
    for (size_t i = 0; i < 2; ++i) bytes[i] = is_ascii_literal(expr->args[i]) ? b_.integer(expr->args[i]->text[0]) : byte_of(texts[i]);
    b_.store_slot(result, b_.binary(Opcode::kEq, Repr::kBool, bytes[0], bytes[1]));
    b_.jump(done);
    b_.move_to(longer);
    b_.store_slot(result, b_.call_runtime(RuntimeFn::kt_str_eq, Repr::kBool, texts));
    b_.jump(done);
    b_.move_to(done);
    return plain(expr->type, b_.load_slot(result));
}

// text[i] == text[j], text[i] == "x", text[i] == other: without the objects. Nothing: the operands ask for order, or the
// other side never is one ASCII character.
std::optional<Rvalue> FunctionLowering::lower_character_eq(const Expr* expr) {
    std::vector<Expr*> parts;
    for (Expr* arg : expr->args) {
        if (is_character_of(arg)) {
            parts.insert(parts.end(), arg->args.begin(), arg->args.end());
        } else if (arg->kind == ExprKind::kStr ? is_ascii_literal(arg) : is_plain(arg)) {
            parts.push_back(arg);
        } else {
            return std::nullopt;
        }
    }
    std::vector<Rvalue> operands = lower_operands(parts, 0);
    struct Side {
        const Expr* expr;
        ValueId text, index = kNone, at = kNone;
    };
    std::vector<Side> sides;
    ValueId rare = b_.boolean(false);
    size_t next = 0;
    for (const Expr* arg : expr->args) {
        Side side{arg, scalar(operands[next++])};
        if (is_character_of(arg)) {
            side.index = scalar(operands[next++]);
            const CharPlace place = char_place(side.text, side.index);
            side.at = place.at;
            rare = b_.binary(Opcode::kBoolOr, Repr::kBool, rare, place.rare);
        } else if (!is_ascii_literal(arg)) {
            rare = b_.binary(Opcode::kBoolOr, Repr::kBool, rare, b_.unary(Opcode::kNot, Repr::kBool, is_one_byte(side.text)));
        }
        sides.push_back(side);
    }
    const auto called = [&] {
        const size_t depth = mark();
        std::vector<ValueId> texts;
        for (const Side& side : sides) {
            texts.push_back(side.index == kNone ? side.text : index_text(side.text, side.index, side.expr));
        }
        ValueId equal = b_.call_runtime(RuntimeFn::kt_str_eq, Repr::kBool, texts);
        close(depth);
        return equal;
    };
    const auto usual = [&] {
        const auto byte = [&](const Side& side) {
            return is_ascii_literal(side.expr) ? b_.integer(side.expr->text[0]) : byte_of(side.text, side.at);
        };
        ValueId first = byte(sides[0]);
        return b_.binary(Opcode::kEq, Repr::kBool, first, byte(sides[1]));
    };
    return plain(expr->type, either(rare, Repr::kBool, called, usual));
}

// `character in "literal"` and character.isX(), by the bits of a set.
std::optional<Rvalue> FunctionLowering::lower_character_test(const Expr* expr) {
    std::optional<AsciiSet> set = tested_by(expr->runtime);
    if (expr->runtime == RuntimeFn::kt_str_contains && expr->args[0]->kind == ExprKind::kStr) {
        const std::string_view text = expr->args[0]->text;
        set = ascii_set([&](int c) { return text.find(static_cast<char>(c)) != text.npos; });
    }
    if (!set) return std::nullopt;
    std::vector<Rvalue> operands = lower_operands(expr->args, 0);
    std::vector<ValueId> args;
    for (const Rvalue& operand : operands) args.push_back(scalar(operand));
    ValueId text = args.back();
    const auto usual = [&] {
        ValueId byte = byte_of(text);
        ValueId low = b_.binary(Opcode::kLt, Repr::kBool, byte, b_.integer(64));
        ValueId bits = b_.select(Repr::kInt64, low, b_.integer(std::bit_cast<int64_t>((*set)[0])),
                                 b_.integer(std::bit_cast<int64_t>((*set)[1])));
        ValueId shift = b_.binary(Opcode::kAnd, Repr::kInt64, byte, b_.integer(63));
        ValueId bit = b_.binary(Opcode::kAnd, Repr::kInt64, b_.binary(Opcode::kAShr, Repr::kInt64, bits, shift), b_.integer(1));
        return b_.binary(Opcode::kNe, Repr::kBool, bit, b_.integer(0));
    };
    return plain(expr->type, unless(b_.unary(Opcode::kNot, Repr::kBool, is_one_byte(text)), expr, Repr::kBool, args, usual));
}

}  // namespace kayton::kir
