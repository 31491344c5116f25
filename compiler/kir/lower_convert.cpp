// Conversions between a type and the unions that hold it, narrowing, type tests.
#include "compiler/kir/lowering.h"
#include "shared/object_layout.h"

namespace kayton::kir {

namespace {

// Objects whose header tells more than the static type: a subclass may stand there.
bool header_decides(const Type* type) { return type->kind == TypeKind::kClass || type->kind == TypeKind::kException; }

const Type* pointer_member(const Type* nullable) {
    const Type* first = types::prune(nullable->args[0]);
    return first->kind == TypeKind::kNone ? types::prune(nullable->args[1]) : first;
}

}  // namespace

Rvalue FunctionLowering::with(const Rvalue& from, const Type* type, std::vector<ValueId> parts) {
    if (!from.owned) return borrowed(type, std::move(parts), from.hazards);
    // The temporary stays what it is; the new view of it is the one that may be taken.
    Rvalue value{type, std::move(parts), false, kTemporary, 0};
    if (types::holds_references(type)) {
        for (Cleanup& cleanup : cleanups_) {
            if (cleanup.id != from.temp) continue;
            value.owned = true;
            value.temp = from.temp;
            value.hazards = 0;
        }
    }
    return value;
}

ValueId FunctionLowering::runtime_type(const Rvalue& value) {
    if (header_decides(value.type)) {
        return b_.load(Repr::kPointer, scalar(value), offsetof(KtObject, type), Memory::kObjectType);
    }
    return type_info(value.type);
}

Rvalue FunctionLowering::convert(Rvalue value, const Type* to) {
    const Type* from = value.type;
    if (from == to) return value;
    if (from->kind == TypeKind::kNever) {
        return borrowed(to, zero_parts(to), 0);
    }
    const Storage target = types::storage_of(to);
    const Storage origin = types::storage_of(from);
    if (target == Storage::kValue) return to_value(std::move(value), to);
    if (origin == Storage::kValue) return narrow(std::move(value), to);  // a union of subclasses to their base
    if (to->kind == TypeKind::kFloat) {
        if (from->kind == TypeKind::kFloat) return value;
        ValueId number = scalar(value);
        if (from->kind == TypeKind::kBool) number = b_.unary(Opcode::kBoolToInt, Repr::kInt64, number);
        return plain(to, b_.unary(Opcode::kIntToFloat, Repr::kFloat64, number));
    }
    if (to->kind == TypeKind::kInt && from->kind == TypeKind::kBool) {
        return plain(to, b_.unary(Opcode::kBoolToInt, Repr::kInt64, scalar(value)));
    }
    if (target == Storage::kUnit) return unit(to);
    if (target == Storage::kNullable && origin == Storage::kUnit) return borrowed(to, zero_parts(to), 0);
    if (target == Storage::kTuple && origin == Storage::kTuple && from->args.size() == to->args.size()) {
        std::vector<ValueId> taken = take(value);
        std::vector<ValueId> parts;
        for (uint32_t i = 0; i < from->args.size(); ++i) {
            uint32_t first = member_place(from, i).first_part;
            size_t count = layout(from->args[i]).parts.size();
            std::vector<ValueId> member(taken.begin() + first, taken.begin() + first + static_cast<ptrdiff_t>(count));
            Rvalue converted = convert(temporary(from->args[i], std::move(member)), to->args[i]);
            std::vector<ValueId> out = take(converted);
            parts.insert(parts.end(), out.begin(), out.end());
        }
        return temporary(to, std::move(parts));
    }
    // Pointers to pointers, nullable or not: the same word.
    return with(value, to, value.parts);
}

Rvalue FunctionLowering::to_value(Rvalue value, const Type* to) {
    const Type* from = value.type;
    switch (types::storage_of(from)) {
        case Storage::kValue: return with(value, to, value.parts);
        case Storage::kUnit:
            if (from->kind == TypeKind::kTypeObject || from->kind == TypeKind::kFunctionRef) return borrowed(to, {type_info(from), b_.integer(0)}, 0);
            return borrowed(to, {b_.data(program_.runtime_symbol("kt_type_none")), b_.integer(0)}, 0);
        case Storage::kByte: {
            ValueId payload = b_.unary(Opcode::kBoolToInt, Repr::kInt64, scalar(value));
            return borrowed(to, {type_info(from), payload}, 0);
        }
        case Storage::kInt64: return borrowed(to, {type_info(from), scalar(value)}, 0);
        case Storage::kFloat64:
            return borrowed(to, {type_info(from), b_.unary(Opcode::kFloatBits, Repr::kInt64, scalar(value))}, 0);
        case Storage::kPointer: {
            ValueId payload = b_.unary(Opcode::kPointerToInt, Repr::kInt64, scalar(value));
            Rvalue result = with(value, to, {runtime_type(value), payload});
            return result;
        }
        case Storage::kNullable: {
            const Type* member = pointer_member(from);
            ValueId is_null = b_.binary(Opcode::kEq, Repr::kBool, scalar(value), b_.null());
            ValueId payload = b_.unary(Opcode::kPointerToInt, Repr::kInt64, scalar(value));
            ValueId none = b_.data(program_.runtime_symbol("kt_type_none"));
            if (!header_decides(member)) {
                ValueId type = b_.select(Repr::kPointer, is_null, none, type_info(member));
                return with(value, to, {type, payload});
            }
            SlotId type = b_.new_slot(Repr::kPointer, "tag");
            BlockId object = b_.new_block();
            BlockId done = b_.new_block();
            b_.store_slot(type, none);
            b_.branch(is_null, done, object);
            b_.move_to(object);
            b_.store_slot(type, b_.load(Repr::kPointer, scalar(value), offsetof(KtObject, type), Memory::kObjectType));
            b_.jump(done);
            b_.move_to(done);
            return with(value, to, {b_.load_slot(type), payload});
        }
        case Storage::kTuple:
        case Storage::kRange: {
            size_t areas = used_areas_.size();
            ValueId type = type_info(from);
            ValueId box = b_.call_runtime(RuntimeFn::kt_box_new, Repr::kPointer, {type, in_memory(value)});
            release_areas(areas);
            return temporary(to, {type, b_.unary(Opcode::kPointerToInt, Repr::kInt64, box)});
        }
    }
    return value;
}

Rvalue FunctionLowering::narrow(Rvalue value, const Type* to) {
    const Type* from = value.type;
    if (from == to) return value;
    const Storage origin = types::storage_of(from);
    const Storage target = types::storage_of(to);
    if (origin != Storage::kValue) {
        if (target == Storage::kUnit) return unit(to);
        if (target == Storage::kValue) return to_value(std::move(value), to);
        return with(value, to, value.parts);
    }
    ValueId payload = value.parts[1];
    switch (target) {
        case Storage::kValue: return with(value, to, value.parts);
        case Storage::kUnit: return unit(to);
        case Storage::kByte:
            return plain(to, b_.binary(Opcode::kNe, Repr::kBool, payload, b_.integer(0)));
        case Storage::kInt64: return plain(to, payload);
        case Storage::kFloat64: return plain(to, b_.unary(Opcode::kBitsToFloat, Repr::kFloat64, payload));
        case Storage::kPointer:
        case Storage::kNullable:  // None's payload is 0
            return with(value, to, {b_.unary(Opcode::kIntToPointer, Repr::kPointer, payload)});
        case Storage::kTuple:
        case Storage::kRange: {
            ValueId box = b_.unary(Opcode::kIntToPointer, Repr::kPointer, payload);
            std::vector<ValueId> parts = load_parts(to, box, offsetof(KtBox, data), Memory::kAny);
            return borrowed(to, std::move(parts), value.owned ? static_cast<uint8_t>(kTemporary) : value.hazards);
        }
    }
    return value;
}

ValueId FunctionLowering::type_test(const Rvalue& value, const Type* type) {
    const Storage storage = types::storage_of(value.type);
    if (type != nullptr && type->kind == TypeKind::kNone) type = nullptr;
    if (type != nullptr && type->kind == TypeKind::kUnion) {
        ValueId any = b_.boolean(false);
        for (const Type* member : type->args) {
            any = b_.binary(Opcode::kBoolOr, Repr::kBool, any, type_test(value, types::prune(member)));
        }
        return any;
    }
    if (type == nullptr) {
        switch (storage) {
            case Storage::kUnit: return b_.boolean(value.type->kind == TypeKind::kNone);
            case Storage::kNullable: return b_.binary(Opcode::kEq, Repr::kBool, scalar(value), b_.null());
            case Storage::kValue:
                return b_.binary(Opcode::kEq, Repr::kBool, value.parts[0], b_.data(program_.runtime_symbol("kt_type_none")));
            default: return b_.boolean(false);
        }
    }
    if (storage == Storage::kPointer || storage == Storage::kNullable) {
        ValueId object = scalar(value);
        const Type* member = storage == Storage::kNullable ? pointer_member(value.type) : value.type;
        if (!header_decides(type)) {
            if (member != type) return b_.boolean(false);
            return storage == Storage::kPointer ? b_.boolean(true) : b_.binary(Opcode::kNe, Repr::kBool, object, b_.null());
        }
        SlotId fits = b_.new_slot(Repr::kBool, "fits");
        BlockId ask = b_.new_block();
        BlockId done = b_.new_block();
        b_.store_slot(fits, b_.boolean(false));
        b_.branch(b_.binary(Opcode::kNe, Repr::kBool, object, b_.null()), ask, done);
        b_.move_to(ask);
        b_.store_slot(fits, b_.call_runtime(RuntimeFn::kt_isinstance, Repr::kBool, {object, type_info(type)}));
        b_.jump(done);
        b_.move_to(done);
        return b_.load_slot(fits);
    }
    if (storage != Storage::kValue) return b_.boolean(value.type == type);
    if (!header_decides(type)) return b_.binary(Opcode::kEq, Repr::kBool, value.parts[0], type_info(type));
    // Objects have their type at hand: walk up its bases, but only of what is a class or an exception.
    SlotId fits = b_.new_slot(Repr::kBool, "fits");
    BlockId ask = b_.new_block();
    BlockId done = b_.new_block();
    ValueId kind = b_.load(Repr::kInt32, value.parts[0], offsetof(KtTypeInfo, kind), Memory::kObjectType);
    auto expected = type->kind == TypeKind::kException ? KT_KIND_EXCEPTION : KT_KIND_CLASS;
    b_.store_slot(fits, b_.boolean(false));
    b_.branch(b_.binary(Opcode::kEq, Repr::kBool, kind, b_.constant(Repr::kInt32, expected)), ask, done);
    b_.move_to(ask);
    ValueId object = b_.unary(Opcode::kIntToPointer, Repr::kPointer, value.parts[1]);
    b_.store_slot(fits, b_.call_runtime(RuntimeFn::kt_isinstance, Repr::kBool, {object, type_info(type)}));
    b_.jump(done);
    b_.move_to(done);
    return b_.load_slot(fits);
}

}  // namespace kayton::kir
