// Calls: Kayton functions, plugin thunks through their slots, closures, runtime functions by their signature letters.
#include <algorithm>
#include <string_view>

#include "compiler/kir/lowering.h"
#include "shared/object_layout.h"

namespace kayton::kir {

using typed::Expr;

void FunctionLowering::add_arguments(const std::vector<Rvalue>& values, std::vector<ValueId>& args) {
    for (const Rvalue& value : values) {
        if (passed_by_pointer(value.type)) {
            args.push_back(in_memory(value));
        } else if (value.parts.empty()) {
            args.push_back(b_.boolean(false));
        } else {
            args.push_back(value.parts[0]);
        }
    }
}

Rvalue FunctionLowering::call_result(const Type* type, ValueId out) {
    if (type->kind == TypeKind::kNever) {
        b_.unreachable();
        return unit(type);
    }
    return temporary(type, load_parts(type, out, 0, Memory::kStack));
}

Rvalue FunctionLowering::lower_call(const Expr* expr) {
    size_t areas = used_areas_.size();
    std::vector<Rvalue> values = lower_operands(expr->args, kCode | kContainers);
    for (size_t i = 0; i < values.size(); ++i) values[i] = convert(std::move(values[i]), expr->callee->locals[i].type);
    std::vector<ValueId> args;
    add_arguments(values, args);
    ValueId out = out_area(expr->callee->result);
    args.push_back(out);
    b_.call(program_.function(expr->callee), args, raising(expr->span));
    release_areas(areas);
    Rvalue result = call_result(expr->callee->result, out);
    finalizer_point(expr->span);
    return convert(std::move(result), expr->type);
}

Rvalue FunctionLowering::lower_plugin_call(const Expr* expr) {
    const typed::PluginFunction& plugin = program_.program().plugin_functions[expr->index];
    size_t areas = used_areas_.size();
    std::vector<Rvalue> values = lower_operands(expr->args, kCode | kContainers);
    for (size_t i = 0; i < values.size(); ++i) values[i] = convert(std::move(values[i]), plugin.params[i]);
    std::vector<ValueId> args;
    add_arguments(values, args);
    ValueId out = out_area(plugin.result);
    args.push_back(out);
    ValueId code = b_.load(Repr::kPointer, b_.data(program_.plugin_slot(expr->index)), 0, Memory::kModuleSlot);
    if (plugin.function->iterator) {
        check_status_or_stop(b_.call_indirect(code, args, kNone), expr->span);
    } else {
        b_.call_indirect(code, args, raising(expr->span));
    }
    release_areas(areas);
    return convert(call_result(plugin.result, out), expr->type);
}

Rvalue FunctionLowering::lower_closure_call(const Expr* expr) {
    size_t areas = used_areas_.size();
    std::vector<Rvalue> values = lower_operands(expr->args, kCode | kContainers);
    const Type* function = values[0].type;
    for (size_t i = 1; i < values.size(); ++i) values[i] = convert(std::move(values[i]), function->args[i - 1]);
    const Type* result = function->args.back();
    std::vector<ValueId> args;
    add_arguments(values, args);
    ValueId out = out_area(result);
    args.push_back(out);
    ValueId code = b_.load(Repr::kPointer, scalar(values[0]), offsetof(KtClosure, code), Memory::kField);
    b_.call_indirect(code, args, raising(expr->span));
    release_areas(areas);
    return convert(call_result(result, out), expr->type);
}

void FunctionLowering::check_status_or_stop(ValueId status, Span span) {
    ValueId stopped = b_.binary(Opcode::kEq, Repr::kBool, status, b_.constant(Repr::kInt32, KT_STOP));
    b_.check(stopped, failing(span, [&] {
                 ValueId exception = b_.call_runtime(RuntimeFn::kt_exception_new, Repr::kPointer,
                                                     {type_info(std::string("StopIteration")), b_.null()});
                 b_.call_runtime(RuntimeFn::kt_raise, Repr::kVoid, {exception, b_.null()});
                 b_.release(exception, false);
             }));
    b_.check(b_.binary(Opcode::kNe, Repr::kBool, status, b_.constant(Repr::kInt32, 0)), raising(span));
}

Rvalue FunctionLowering::lower_runtime(const Expr* expr) {
    if (std::optional<Rvalue> fast = lower_fast(expr)) return std::move(*fast);
    const std::string_view signature = typed::runtime_info(expr->runtime).signature;
    const size_t colon = signature.find(':');
    const std::string_view params = signature.substr(0, colon);
    std::string_view result = signature.substr(colon + 1);

    size_t areas = used_areas_.size();
    std::vector<Rvalue> values = lower_operands(expr->args, runtime_effects(expr->runtime, *expr));
    if (values.size() != params.size()) {
        std::string what = "a call of ";
        what.append(typed::runtime_info(expr->runtime).name).append(" with ");
        what.append(std::to_string(values.size())).append(" arguments");
        program_.unsupported(what, frame_->source->file, expr->span);
        return borrowed(expr->type, zero_parts(expr->type), 0);
    }
    std::vector<ValueId> args;
    for (size_t i = 0; i < values.size(); ++i) {
        Rvalue& value = values[i];
        if (params[i] == '*') {
            args.push_back(in_memory(value));
        } else if (value.parts.empty()) {
            args.push_back(params[i] == 'p' ? b_.null() : b_.constant(params[i] == 'b' ? Repr::kBool : Repr::kInt64, 0));
        } else if (params[i] == 'i' && b_.repr_of(value.parts[0]) == Repr::kBool) {
            args.push_back(b_.unary(Opcode::kBoolToInt, Repr::kInt64, value.parts[0]));
        } else if (params[i] == 'f' && b_.repr_of(value.parts[0]) == Repr::kInt64) {
            args.push_back(b_.unary(Opcode::kIntToFloat, Repr::kFloat64, value.parts[0]));
        } else if (params[i] == 'p' && expr->runtime == RuntimeFn::kt_str_append && i == 0) {
            args.push_back(take(value)[0]);  // consumed
        } else {
            args.push_back(value.parts[0]);
        }
    }

    bool fallible = result.front() == '!';
    if (fallible) result.remove_prefix(1);
    Repr repr = Repr::kVoid;
    switch (result.front()) {
        case 'i': repr = Repr::kInt64; break;
        case 'f': repr = Repr::kFloat64; break;
        case 'b': repr = Repr::kBool; break;
        case 'x': repr = Repr::kInt32; break;
        case 'p': repr = Repr::kPointer; break;
        default: break;
    }
    const Type* type = expr->type;
    if (!fallible) {
        ValueId value = b_.call_runtime(expr->runtime, repr, args);
        release_areas(areas);
        if (repr == Repr::kVoid) return unit(type);
        if (repr == Repr::kInt32) value = b_.unary(Opcode::kInt32ToInt, Repr::kInt64, value);
        return repr == Repr::kPointer ? temporary(type, {value}) : plain(type, value);
    }
    ValueId out = kNone;
    bool address = expr->runtime == RuntimeFn::kt_dict_find || expr->runtime == RuntimeFn::kt_dict_slot;
    if (result.front() == '*') {
        out = out_area(type);
    } else if (repr != Repr::kVoid) {
        out = b_.slot_address(b_.new_slot(repr, "out"));
    }
    if (out != kNone) args.push_back(out);
    bool stops = expr->runtime == RuntimeFn::kt_iterator_next || expr->runtime == RuntimeFn::kt_file_next ||
                 expr->runtime == RuntimeFn::kt_file_next_bytes;
    if (stops) {
        check_status_or_stop(b_.call_runtime(expr->runtime, Repr::kInt32, args), expr->span);
    } else {
        b_.call_runtime(expr->runtime, Repr::kVoid, args, raising(expr->span));
    }
    release_areas(areas);
    if (type->kind == TypeKind::kNever) {
        b_.unreachable();
        return unit(type);
    }
    if (result.front() == '*') return call_result(type, out);
    if (repr == Repr::kVoid) return unit(type);
    const bool object = repr == Repr::kPointer && !address && types::storage_of(type) == Storage::kPointer;
    ValueId value = object ? b_.load_object(out, 0, Memory::kStack, layout(type).parts[0].object_size, false)
                           : b_.load(repr, out, 0, Memory::kStack);
    if (address) return borrowed(type, load_parts(type, value, 0, Memory::kAny), kContainers | kCode | kLocals | kTemporary);
    return repr == Repr::kPointer ? temporary(type, {value}) : plain(type, value);
}

Rvalue FunctionLowering::lower_make_closure(const Expr* expr) {
    const typed::Function& callee = *expr->callee;
    auto count = static_cast<uint32_t>(callee.captures.size());
    ValueId code = b_.function_address(program_.closure_entry(&callee));
    ValueId drop = count == 0 ? b_.null() : b_.function_address(program_.closure_drop(count));
    ValueId closure = b_.call_runtime(RuntimeFn::kt_closure_new, Repr::kPointer, {code, drop, b_.integer(8 * count)});
    // The first captures may be values, kept in cells of the closure's own.
    Rvalue made = temporary(expr->type, {closure});
    const bool cells = expr->int_value == 1;  // args are locals whose cells are handed on, found by name
    if (!cells && !expr->args.empty()) {
        std::vector<Rvalue> values = lower_operands(expr->args, kCode | kContainers);
        for (uint32_t k = 0; k < count && k < values.size(); ++k) {
            const Type* type = callee.locals[callee.captures[k]].type;
            Rvalue value = convert(std::move(values[k]), type);
            ValueId cell = b_.call_runtime(RuntimeFn::kt_cell_new, Repr::kPointer, {type_info(type)});
            std::vector<ValueId> parts = take(value);
            store_parts(type, parts, cell, offsetof(KtCell, value), Memory::kCell);
            b_.store(closure, static_cast<int64_t>(sizeof(KtClosure)) + 8 * k, cell, Memory::kCell);
        }
    }
    for (auto k = cells ? 0 : static_cast<uint32_t>(expr->args.size()); k < count; ++k) {
        // A closure that calls itself hands on the cells it was made with.
        uint32_t from = &callee == frame_->source ? callee.captures[k] : callee.captured_from[k];
        if (cells) {
            const std::string& name = callee.locals[callee.captures[k]].name;
            auto named = std::find_if(expr->args.begin(), expr->args.end(), [&](const Expr* arg) { return frame_->source->locals[arg->index].name == name; });
            if (named == expr->args.end()) {
                program_.unsupported("a capture of " + name, frame_->source->file, expr->span);
                break;
            }
            from = (*named)->index;
        }
        ValueId cell = frame_->locals[from].cell;
        if (cell == kNone) {
            program_.unsupported("a capture of a local without a cell", frame_->source->file, expr->span);
            break;
        }
        b_.retain(cell, false);
        b_.store(closure, static_cast<int64_t>(sizeof(KtClosure)) + 8 * k, cell, Memory::kCell);
    }
    return made;
}

}  // namespace kayton::kir
