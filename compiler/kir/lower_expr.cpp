// Expressions: constants, names, containers, elements, fields. Operators, calls and conversions have files of their own.
#include <bit>

#include "compiler/kir/lowering.h"
#include "shared/object_layout.h"

namespace kayton::kir {

using typed::Expr;
using typed::ExprKind;

namespace {

constexpr int64_t kListLength = offsetof(KtList, length);
constexpr int64_t kListData = offsetof(KtList, data);

}  // namespace

Rvalue FunctionLowering::lower_expr(const Expr* expr) {
    Span before = b_.span;
    b_.span = expr->span;
    Rvalue result = unit(expr->type);
    switch (expr->kind) {
        case ExprKind::kNone:
            if (types::storage_of(expr->type) != Storage::kUnit) result = borrowed(expr->type, zero_parts(expr->type), 0);
            break;
        case ExprKind::kBool: result = plain(expr->type, b_.boolean(expr->int_value != 0)); break;
        case ExprKind::kInt: result = plain(expr->type, b_.integer(expr->int_value)); break;
        case ExprKind::kFloat: result = plain(expr->type, b_.floating(expr->float_value)); break;
        case ExprKind::kStr: result = plain(expr->type, b_.data(program_.str_literal(expr->text))); break;
        case ExprKind::kBytes: result = plain(expr->type, b_.data(program_.bytes_literal(expr->text))); break;
        case ExprKind::kLocal: result = lower_local(expr); break;
        case ExprKind::kGlobal: result = lower_global(expr); break;
        case ExprKind::kOp: result = lower_op(expr); break;
        case ExprKind::kAnd:
        case ExprKind::kOr: result = lower_bool_expr(expr); break;
        case ExprKind::kIf: result = lower_if_expr(expr); break;
        case ExprKind::kConvert: result = convert(lower_expr(expr->args[0]), expr->type); break;
        case ExprKind::kNarrow: result = narrow(lower_expr(expr->args[0]), expr->type); break;
        case ExprKind::kNarrowChecked: {
            Rvalue value = lower_expr(expr->args[0]);
            ValueId fits = type_test(value, expr->type);
            b_.check(b_.unary(Opcode::kNot, Repr::kBool, fits),
                     failing(expr->span, [&] {
                         raise_class(expr->int_value == 1 ? "AttributeError" : "TypeError", expr->text);
                     }));
            result = narrow(std::move(value), expr->type);
            break;
        }
        case ExprKind::kTypeTest: {
            Rvalue value = lower_expr(expr->args[0]);
            if (expr->int_value == 1) {
                ValueId type = b_.load(Repr::kPointer, scalar(value), offsetof(KtObject, type), Memory::kObjectType);
                result = plain(expr->type, b_.binary(Opcode::kEq, Repr::kBool, type, type_info(expr->type_arg)));
            } else {
                result = plain(expr->type, type_test(value, expr->type_arg));
            }
            break;
        }
        case ExprKind::kCall: result = lower_call(expr); break;
        case ExprKind::kCallPlugin: result = lower_plugin_call(expr); break;
        case ExprKind::kCallClosure: result = lower_closure_call(expr); break;
        case ExprKind::kRuntime: result = lower_runtime(expr); break;
        case ExprKind::kTuple: result = lower_tuple(expr); break;
        case ExprKind::kTupleGet: result = lower_tuple_get(expr); break;
        case ExprKind::kList: result = lower_list(expr); break;
        case ExprKind::kDict:
        case ExprKind::kSet: result = lower_dict(expr); break;
        case ExprKind::kListGet: result = lower_list_get(expr); break;
        case ExprKind::kLen: result = lower_len(expr); break;
        case ExprKind::kDictGet: result = lower_dict_get(expr); break;
        case ExprKind::kRange: result = lower_range(expr); break;
        case ExprKind::kRangeField: {
            Rvalue range = lower_expr(expr->args[0]);
            result = plain(expr->type, range.parts[expr->index]);
            break;
        }
        case ExprKind::kNew:
            result = temporary(expr->type, {b_.call_runtime(RuntimeFn::kt_object_new, Repr::kPointer,
                                                            {type_info(expr->type_arg)})});
            break;
        case ExprKind::kField: result = lower_field(expr); break;
        case ExprKind::kMakeClosure: result = lower_make_closure(expr); break;
        case ExprKind::kSeq: {
            lower_block(expr->block);
            const Expr* last = expr->args[0];
            result = lower_expr(last);
            // A nameless local is not read again: what it holds moves out.
            if (last->kind == ExprKind::kLocal && frame_->source->locals[last->index].name.empty() &&
                frame_->locals[last->index].counted && frame_->locals[last->index].cell == kNone && b_.open()) {
                write_local(last->index, zero_parts(last->type));
                result = temporary(last->type, result.parts);
            }
            break;
        }
        case ExprKind::kYield: result = lower_yield(expr); break;
        case ExprKind::kStrJoin: result = lower_str_join(expr); break;
        case ExprKind::kTypeInfo: result = plain(expr->type, type_info(expr->type_arg)); break;
        case ExprKind::kCString: result = plain(expr->type, b_.data(program_.c_string(expr->text))); break;
        case ExprKind::kNull: result = plain(expr->type, b_.null()); break;
    }
    // An element of a container that never holds one: what it is read as does not matter, and converts to anything.
    if (expr->type->kind == TypeKind::kNever && result.type->kind != TypeKind::kNever) result = unit(expr->type);
    b_.span = before;
    return result;
}

std::vector<Rvalue> FunctionLowering::lower_operands(std::span<Expr* const> exprs, uint8_t final_effects) {
    std::vector<uint8_t> later(exprs.size());
    uint8_t effects = final_effects;
    for (size_t i = exprs.size(); i-- > 0;) {
        later[i] = effects;
        effects |= program_.expr_effects(exprs[i]);
    }
    std::vector<Rvalue> values;
    values.reserve(exprs.size());
    for (size_t i = 0; i < exprs.size(); ++i) {
        Rvalue value = lower_expr(exprs[i]);
        if (!value.owned && (value.hazards & later[i]) != 0) own(value);
        values.push_back(std::move(value));
    }
    return values;
}

void FunctionLowering::lower_condition(const Expr* expr, BlockId if_true, BlockId if_false) {
    if (expr->kind == ExprKind::kAnd || expr->kind == ExprKind::kOr) {
        BlockId rest = b_.new_block();
        if (expr->kind == ExprKind::kAnd) {
            lower_condition(expr->args[0], rest, if_false);
        } else {
            lower_condition(expr->args[0], if_true, rest);
        }
        b_.move_to(rest);
        lower_condition(expr->args[1], if_true, if_false);
        return;
    }
    if (expr->kind == ExprKind::kOp && expr->op == typed::Op::kNot) {
        lower_condition(expr->args[0], if_false, if_true);
        return;
    }
    if (expr->kind == ExprKind::kBool) {
        b_.jump(expr->int_value != 0 ? if_true : if_false);
        return;
    }
    size_t depth = mark();
    ValueId value = scalar(lower_expr(expr));
    close(depth);
    b_.branch(value, if_true, if_false);
}

Rvalue FunctionLowering::lower_bool_expr(const Expr* expr) {
    SlotId merged = b_.new_slot(Repr::kBool, "bool");
    BlockId rest = b_.new_block();
    BlockId done = b_.new_block();
    size_t depth = mark();
    ValueId first = scalar(lower_expr(expr->args[0]));
    close(depth);
    b_.store_slot(merged, first);
    if (expr->kind == ExprKind::kAnd) {
        b_.branch(first, rest, done);
    } else {
        b_.branch(first, done, rest);
    }
    b_.move_to(rest);
    ValueId second = scalar(lower_expr(expr->args[1]));
    close(depth);
    b_.store_slot(merged, second);
    b_.jump(done);
    b_.move_to(done);
    return plain(expr->type, b_.load_slot(merged));
}

Rvalue FunctionLowering::lower_if_expr(const Expr* expr) {
    BlockId branches[] = {b_.new_block(), b_.new_block()};
    BlockId done = b_.new_block();
    lower_condition(expr->args[0], branches[0], branches[1]);
    std::vector<SlotId> merged;
    for (const Part& part : layout(expr->type).parts) merged.push_back(b_.new_slot(part.repr, "if"));
    for (size_t i = 0; i < 2; ++i) {
        b_.move_to(branches[i]);
        size_t depth = mark();
        Rvalue value = convert(lower_expr(expr->args[i + 1]), expr->type);
        std::vector<ValueId> parts = take(value);
        for (size_t k = 0; k < merged.size(); ++k) b_.store_slot(merged[k], parts[k]);
        close(depth);
        b_.jump(done);
    }
    b_.move_to(done);
    std::vector<ValueId> parts;
    for (SlotId slot : merged) parts.push_back(b_.load_slot(slot));
    return temporary(expr->type, std::move(parts));
}

Rvalue FunctionLowering::lower_local(const Expr* expr) {
    const LocalPlace& place = frame_->locals[expr->index];
    std::vector<ValueId> parts;
    if (expr->int_value == 1) {
        ValueId missing = kNone;
        if (place.bound != kNone) {
            missing = b_.unary(Opcode::kNot, Repr::kBool, b_.load_slot(place.bound));
        } else if (place.cell != kNone) {
            const Layout& shape = layout(place.type);
            if (!shape.parts.empty() && (shape.parts[0].kind == PartKind::kPointer || shape.parts[0].kind == PartKind::kValueType)) {
                parts = read_local(expr->index);
                missing = b_.binary(Opcode::kEq, Repr::kBool, parts[0], b_.null());
            }
        }
        if (missing != kNone) {
            DataId name = program_.c_string(frame_->source->locals[expr->index].name);
            b_.check(missing, failing(expr->span, [&] {
                         b_.call_runtime(RuntimeFn::kt_raise_unbound, Repr::kVoid, {b_.data(name)});
                     }));
        }
    }
    if (parts.empty()) parts = read_local(expr->index);
    return borrowed(place.type, std::move(parts), local_hazards(expr->index));
}

Rvalue FunctionLowering::lower_global(const Expr* expr) {
    const typed::Global& global = program_.program().globals[expr->index];
    ValueId address = b_.data(program_.global(expr->index));
    std::vector<ValueId> parts = load_parts(global.type, address, 0, Memory::kGlobal);
    if (expr->int_value == 1) {
        // Storage starts zeroed; what has no impossible zero is followed by a byte that says it is bound.
        const Layout& shape = layout(global.type);
        ValueId missing;
        if (!shape.parts.empty() && shape.parts[0].kind == PartKind::kPointer) {
            missing = b_.binary(Opcode::kEq, Repr::kBool, parts[0], b_.null());
        } else {
            missing = b_.unary(Opcode::kNot, Repr::kBool, b_.load(Repr::kBool, address, shape.size, Memory::kGlobal));
        }
        std::string message = "name '";
        message.append(global.name).append("' is not defined");
        b_.check(missing, failing(expr->span, [&] { raise_class("NameError", message); }));
    }
    return borrowed(global.type, std::move(parts), kCode | kLocals);
}

Rvalue FunctionLowering::lower_tuple(const Expr* expr) {
    std::vector<Rvalue> members = lower_operands(expr->args, 0);
    bool any_owned = false;
    uint8_t hazards = 0;
    for (const Rvalue& member : members) {
        any_owned = any_owned || member.owned;
        hazards |= member.hazards;
    }
    std::vector<ValueId> parts;
    for (size_t i = 0; i < members.size(); ++i) {
        if (members[i].type != expr->type->args[i]) members[i] = convert(std::move(members[i]), expr->type->args[i]);
        std::vector<ValueId> member = any_owned ? take(members[i]) : members[i].parts;
        parts.insert(parts.end(), member.begin(), member.end());
    }
    if (any_owned) return temporary(expr->type, std::move(parts));
    return borrowed(expr->type, std::move(parts), hazards);
}

Rvalue FunctionLowering::lower_tuple_get(const Expr* expr) {
    Rvalue tuple = lower_expr(expr->args[0]);
    const Type* member = tuple.type->args[expr->index];
    uint32_t first = member_place(tuple.type, expr->index).first_part;
    size_t count = layout(member).parts.size();
    std::vector<ValueId> parts(tuple.parts.begin() + first, tuple.parts.begin() + first + static_cast<ptrdiff_t>(count));
    return borrowed(member, std::move(parts), tuple.owned ? static_cast<uint8_t>(kTemporary) : tuple.hazards);
}

Rvalue FunctionLowering::lower_list(const Expr* expr) {
    const Type* element = expr->type->args[0];
    auto count = static_cast<int64_t>(expr->args.size());
    ValueId list = b_.call_runtime(RuntimeFn::kt_list_new, Repr::kPointer, {type_info(expr->type), b_.integer(count)});
    Rvalue result = temporary(expr->type, {list});
    if (count == 0) return result;
    ValueId data = b_.load(Repr::kPointer, list, kListData, Memory::kListData);
    const uint32_t size = layout(element).size;
    for (int64_t i = 0; i < count; ++i) {
        size_t depth = mark();
        Rvalue value = convert(lower_expr(expr->args[static_cast<size_t>(i)]), element);
        std::vector<ValueId> parts = take(value);
        if (parts.empty()) b_.store(data, i * size, b_.boolean(false), Memory::kElementBool);
        store_parts(element, parts, data, i * size, Memory::kElementInt);
        // An error in a later element releases the list with what it has.
        b_.store(list, kListLength, b_.integer(i + 1), Memory::kLength);
        close(depth);
    }
    return result;
}

Rvalue FunctionLowering::lower_dict(const Expr* expr) {
    bool set = expr->kind == ExprKind::kSet;
    ValueId table = b_.call_runtime(set ? RuntimeFn::kt_set_new : RuntimeFn::kt_dict_new, Repr::kPointer,
                                    {type_info(expr->type)});
    Rvalue result = temporary(expr->type, {table});
    size_t step = set ? 1 : 2;
    for (size_t i = 0; i + step <= expr->args.size(); i += step) {
        size_t depth = mark();
        size_t areas = used_areas_.size();
        std::vector<Rvalue> entry = lower_operands(expr->args.subspan(i, step), kCode | kContainers);
        for (size_t k = 0; k < step; ++k) entry[k] = convert(std::move(entry[k]), expr->type->args[k]);
        BlockId edge = raising(expr->args[i]->span);
        if (set) {
            b_.call_runtime(RuntimeFn::kt_set_add, Repr::kVoid, {table, in_memory(entry[0])}, edge);
        } else {
            ValueId key = in_memory(entry[0]);
            ValueId value = in_memory(entry[1]);
            b_.call_runtime(RuntimeFn::kt_dict_set, Repr::kVoid, {table, key, value}, edge);
        }
        release_areas(areas);
        close(depth);
    }
    return result;
}

ValueId FunctionLowering::from_end(ValueId index, ValueId length) {
    int64_t known = 0;
    if (b_.is_constant(index, known)) return known < 0 ? b_.binary(Opcode::kAdd, Repr::kInt64, length, index) : index;
    ValueId negative = b_.binary(Opcode::kLt, Repr::kBool, index, b_.integer(0));
    return b_.select(Repr::kInt64, negative, b_.binary(Opcode::kAdd, Repr::kInt64, index, length), index);
}

ValueId FunctionLowering::checked_index(ValueId list, ValueId index, const char* what, Span span) {
    ValueId length = b_.load(Repr::kInt64, list, kListLength, Memory::kLength);
    index = from_end(index, length);
    ValueId outside = b_.binary(Opcode::kUGe, Repr::kBool, index, length);
    b_.check(outside, failing(span, [&] {
                 b_.call_runtime(RuntimeFn::kt_raise_index, Repr::kVoid, {b_.data(program_.c_string(what))});
             }));
    return index;
}

Rvalue FunctionLowering::lower_list_get(const Expr* expr) {
    std::vector<Rvalue> args = lower_operands(expr->args, 0);
    const Type* element = args[0].type->args[0];
    ValueId list = scalar(args[0]);
    const std::string_view flavour = args[0].type->name.substr(0, args[0].type->name.find('#'));
    const char* what = flavour == "tuple" ? "tuple" : flavour == "deque" ? "deque" : "list";
    ValueId index = checked_index(list, scalar(args[1]), what, expr->span);
    ValueId data = b_.load(Repr::kPointer, list, kListData, Memory::kListData);
    ValueId at = b_.element(data, index, layout(element).size);
    uint8_t base = args[0].owned ? static_cast<uint8_t>(kTemporary) : args[0].hazards;
    return borrowed(element, load_parts(element, at, 0, Memory::kElementInt),
                    static_cast<uint8_t>(base | kContainers | kCode | kLocals));
}

Rvalue FunctionLowering::lower_dict_get(const Expr* expr) {
    size_t areas = used_areas_.size();
    std::vector<Rvalue> args = lower_operands(expr->args, kCode);
    const Type* value_type = args[0].type->args[1];
    args[1] = convert(std::move(args[1]), args[0].type->args[0]);
    ValueId key = in_memory(args[1]);
    SlotId out = b_.new_slot(Repr::kPointer, "found");
    b_.call_runtime(RuntimeFn::kt_dict_find, Repr::kVoid, {scalar(args[0]), key, b_.slot_address(out)},
                    raising(expr->span));
    release_areas(areas);
    ValueId found = b_.load_slot(out);
    BlockId present = b_.new_block();
    BlockId absent = b_.new_block();
    BlockId done = b_.new_block();
    std::vector<SlotId> merged;
    for (const Part& part : layout(expr->type).parts) merged.push_back(b_.new_slot(part.repr, "get"));
    b_.branch(b_.binary(Opcode::kEq, Repr::kBool, found, b_.null()), absent, present);
    auto join = [&](Rvalue value) {
        size_t depth = mark();
        value = convert(std::move(value), expr->type);
        std::vector<ValueId> parts = take(value);
        for (size_t k = 0; k < merged.size(); ++k) b_.store_slot(merged[k], parts[k]);
        close(depth);
        b_.jump(done);
    };
    b_.move_to(present);
    join(borrowed(value_type, load_parts(value_type, found, 0, Memory::kAny), kContainers));
    b_.move_to(absent);
    if (types::storage_of(expr->type) == Storage::kValue) {
        std::vector<ValueId> none = {b_.data(program_.runtime_symbol("kt_type_none")), b_.integer(0)};
        join(borrowed(expr->type, std::move(none), 0));
    } else {
        join(borrowed(expr->type, zero_parts(expr->type), 0));
    }
    b_.move_to(done);
    std::vector<ValueId> parts;
    for (SlotId slot : merged) parts.push_back(b_.load_slot(slot));
    return temporary(expr->type, std::move(parts));
}

Rvalue FunctionLowering::lower_len(const Expr* expr) {
    Rvalue value = lower_expr(expr->args[0]);
    switch (value.type->kind) {
        case TypeKind::kStr:
            return plain(expr->type, b_.load(Repr::kInt64, scalar(value), offsetof(KtStr, length), Memory::kLength));
        case TypeKind::kBytes:
            return plain(expr->type, b_.load(Repr::kInt64, scalar(value), offsetof(KtBytes, length), Memory::kLength));
        case TypeKind::kList:
            return plain(expr->type, b_.load(Repr::kInt64, scalar(value), kListLength, Memory::kLength));
        case TypeKind::kTuple: return plain(expr->type, b_.integer(static_cast<int64_t>(value.type->args.size())));
        case TypeKind::kRange: return plain(expr->type, range_length(value.parts[0], value.parts[1], value.parts[2]));
        default:
            return plain(expr->type, b_.call_runtime(RuntimeFn::kt_dict_len, Repr::kInt64, {scalar(value)}));
    }
}

Rvalue FunctionLowering::lower_range(const Expr* expr) {
    std::vector<Rvalue> args = lower_operands(expr->args, 0);
    ValueId step = scalar(args[2]);
    int64_t known = 0;
    if (!b_.is_constant(step, known) || known == 0) {
        ValueId zero = b_.binary(Opcode::kEq, Repr::kBool, step, b_.integer(0));
        b_.check(zero, failing(expr->span, [&] { raise_class("ValueError", "range() arg 3 must not be zero"); }));
    }
    return {expr->type, {scalar(args[0]), scalar(args[1]), step}, false, 0, 0};
}

uint32_t FunctionLowering::class_field_offset(const Type* type, uint32_t index, const Type** field_type) {
    const typed::Class* info = program_.class_of(type);
    if (info == nullptr || index >= info->field_types.size()) {
        program_.unsupported(std::string("a field of ").append(types::to_string(type)), frame_->source->file, b_.span);
        return 0;
    }
    *field_type = info->field_types[index];
    return field_offset(info->field_types, index, type->kind == TypeKind::kException);
}

Rvalue FunctionLowering::lower_field(const Expr* expr) {
    Rvalue object = lower_expr(expr->args[0]);
    const Type* field = expr->type;
    uint32_t at = class_field_offset(object.type, expr->index, &field);
    std::vector<ValueId> parts = load_parts(field, scalar(object), at, Memory::kField);
    const Layout& shape = layout(field);
    if (!shape.parts.empty() && (shape.parts[0].kind == PartKind::kPointer || shape.parts[0].kind == PartKind::kValueType)) {
        const typed::Class* info = program_.class_of(object.type);
        std::string message = "'";
        message.append(types::to_string(object.type)).append("' object has no attribute '");
        message.append(info == nullptr ? std::string() : info->field_names[expr->index]).append("'");
        b_.check(b_.binary(Opcode::kEq, Repr::kBool, parts[0], b_.null()),
                 failing(expr->span, [&] { raise_class("AttributeError", message); }));
    }
    uint8_t base = object.owned ? static_cast<uint8_t>(kTemporary) : object.hazards;
    return borrowed(field, std::move(parts), static_cast<uint8_t>(base | kCode | kLocals));
}

Rvalue FunctionLowering::lower_str_join(const Expr* expr) {
    if (expr->args.empty()) return plain(expr->type, b_.data(program_.str_literal("")));
    if (expr->args.size() == 1) return lower_expr(expr->args[0]);
    std::vector<Rvalue> pieces = lower_operands(expr->args, 0);
    size_t areas = used_areas_.size();
    ValueId array = take_area(static_cast<uint32_t>(8 * pieces.size()));
    for (size_t i = 0; i < pieces.size(); ++i) {
        b_.store(array, static_cast<int64_t>(8 * i), scalar(pieces[i]), Memory::kStack);
    }
    SlotId out = b_.new_slot(Repr::kPointer, "joined");
    b_.call_runtime(RuntimeFn::kt_str_concat_many, Repr::kVoid,
                    {array, b_.integer(static_cast<int64_t>(pieces.size())), b_.slot_address(out)}, raising(expr->span));
    release_areas(areas);
    return temporary(expr->type, {b_.load_slot(out)});
}

}  // namespace kayton::kir
