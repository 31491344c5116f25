#include "compiler/kir/program_lowering.h"

#include <algorithm>
#include <functional>

#include "compiler/kir/builder.h"
#include "compiler/kir/lowering.h"
#include "compiler/kir/walk.h"
#include "shared/manifest.h"
#include "shared/object_layout.h"

namespace kayton::kir {

using typed::ExprKind;
using types::Type;
using types::TypeKind;

namespace {

// Can the program tell at which depth its recursion ends?
struct RecursionMinder {
    bool found = false;

    void operator()(const typed::Expr* expr) {
        found = found || (expr->kind == ExprKind::kRuntime && expr->runtime == RuntimeFn::kt_recursion_limit);
    }
    void operator()(const typed::Stmt& stmt) {
        for (const typed::Handler& handler : stmt.handlers) {
            for (const Type* type : handler.types) found = found || type->name == "RecursionError";
        }
    }
};

bool minds_recursion(typed::Block block) {
    RecursionMinder minder;
    walk_block(block, minder);
    return minder.found;
}

}  // namespace

ProgramLowering::ProgramLowering(const typed::TypedProgram& program, const Environment& environment,
                                 std::string module_name)
    : program_(program), environment_(environment) {
    module_.name = std::move(module_name);
    module_.entry = module_.name + ".entry";
}

Result<Module> ProgramLowering::lower() {
    find_recursion();
    counts_calls_ = std::any_of(program_.functions.begin(), program_.functions.end(),
                                [](const auto& function) { return minds_recursion(function->body); });
    has_finalizers_ = std::any_of(program_.classes.begin(), program_.classes.end(),
                                  [](const typed::Class& info) { return info.finalizer != nullptr; });
    if (!has_finalizers_) changes_.emplace(program_);
    for (const Manifest* manifest : program_.plugins) {
        const InstalledPlugin* plugin = environment_.find(manifest->crate);
        if (plugin == nullptr) {
            std::string message = "crate '";
            message.append(manifest->crate).append("' was checked but is not in environment '");
            message.append(environment_.name).append("'");
            return fail(ErrorKind::kInternal, std::move(message));
        }
        module_.plugins.push_back({manifest->crate, plugin->library().string()});
    }
    for (const typed::Class& info : program_.classes) {
        if (info.external) continue;
        ClassNeed need;
        need.name = std::string(info.type->name);
        if (info.type->base != nullptr) need.base = types::signature_of(info.type->base);
        need.field_names = info.field_names;
        for (const Type* field : info.field_types) need.field_signatures.push_back(types::signature_of(field));
        for (const typed::Function* protocol : info.protocols) {
            need.ops.push_back(protocol == nullptr ? kNone : function(protocol));
        }
        if (info.finalizer != nullptr) need.finalizer = finalizer_entry(info.finalizer);
        need.slot = type_slot(need.name);
        module_.classes.push_back(std::move(need));
    }
    module_.body = function(program_.functions[0].get());
    for (const auto& source : program_.functions) {
        if (source->exported) function(source.get());
    }
    lower_pending();
    module_.functions[module_.body].runs_once = true;
    lower_entry();
    if (!fault_.empty()) return fail(ErrorKind::kInternal, fault_, "report this program to the authors of Kayton");
    return std::move(module_);
}

void ProgramLowering::lower_pending() {
    while (!pending_.empty()) {
        auto [source, position] = pending_.back();
        pending_.pop_back();
        // Lowering adds functions to the module: the one at hand is built apart and then put in its place.
        Function target = std::move(module_.functions[position]);
        FunctionLowering(*this, *source, target).lower();
        module_.functions[position] = std::move(target);
    }
}

uint32_t ProgramLowering::function(const typed::Function* callee) {
    auto [at, added] = positions_.try_emplace(callee, static_cast<uint32_t>(module_.functions.size()));
    if (!added) return at->second;
    Function target;
    target.symbol = callee->symbol;
    target.display_name = callee->display_name;
    target.file = callee->file;
    target.span = callee->span;
    target.external = callee->external;
    target.exported = callee->exported;
    target.coroutine = callee->is_generator && !callee->external;
    if (callee->is_closure) target.params.push_back(Repr::kPointer);
    for (uint32_t i = 0; i < callee->param_count; ++i) {
        const Type* type = callee->locals[i].type;
        const Layout& shape = layout(type);
        target.params.push_back(passed_by_pointer(type)   ? Repr::kPointer
                                : shape.parts.empty() ? Repr::kBool
                                                      : shape.parts[0].repr);
        const bool object = !passed_by_pointer(type) && !shape.parts.empty() && shape.parts[0].kind == PartKind::kPointer;
        target.param_objects.resize(target.params.size());
        if (object) target.param_objects.back() = shape.parts[0].object_size;
    }
    target.params.push_back(Repr::kPointer);
    for (const Part& part : layout(callee->result).parts) target.result_parts.push_back({part.repr, part.offset});
    uint32_t position = at->second;
    module_.functions.push_back(std::move(target));
    if (!callee->external) pending_.emplace_back(callee, position);
    return position;
}

uint32_t ProgramLowering::closure_entry(const typed::Function* callee) {
    if (callee->is_closure) return function(callee);
    auto found = closure_entries_.find(callee);
    if (found != closure_entries_.end()) return found->second;
    // An adapter that drops the KtClosure.
    uint32_t inner = function(callee);
    Function adapter;
    adapter.symbol = callee->symbol + ".as_value";
    adapter.display_name = callee->display_name;
    adapter.file = callee->file;
    adapter.span = callee->span;
    adapter.params = module_.functions[inner].params;
    adapter.params.insert(adapter.params.begin(), Repr::kPointer);
    Builder b(adapter);
    b.move_to(b.new_block());
    b.span = callee->span;
    std::vector<ValueId> args;
    for (uint32_t i = 1; i < adapter.params.size(); ++i) args.push_back(b.param(i));
    b.return_value(b.call(inner, args, kNone));
    auto position = static_cast<uint32_t>(module_.functions.size());
    module_.functions.push_back(std::move(adapter));
    closure_entries_.emplace(callee, position);
    return position;
}

// __del__ as the runtime calls it: without a place for its result.
uint32_t ProgramLowering::finalizer_entry(const typed::Function* finalizer) {
    uint32_t inner = function(finalizer);
    Function adapter;
    adapter.symbol = finalizer->symbol + ".as_finalizer";
    adapter.display_name = finalizer->display_name;
    adapter.file = finalizer->file;
    adapter.span = finalizer->span;
    adapter.params = {Repr::kPointer};
    Builder b(adapter);
    b.move_to(b.new_block());
    b.span = finalizer->span;
    ValueId args[] = {b.param(0), b.slot_address(b.new_area(16, 8, "none"))};
    b.return_value(b.call(inner, args, kNone));
    auto position = static_cast<uint32_t>(module_.functions.size());
    module_.functions.push_back(std::move(adapter));
    return position;
}

uint32_t ProgramLowering::generator_guard() {
    if (generator_guard_ != kNone) return generator_guard_;
    Function guard;
    guard.symbol = "kt.leave_generator";
    guard.display_name = "<generator>";
    Builder b(guard);
    b.move_to(b.new_block());
    const auto class_of_name = [&](const char* name) {
        return b.load(Repr::kPointer, b.data(type_slot(name)), 0, Memory::kModuleSlot);
    };
    ValueId raised = b.call_runtime(RuntimeFn::kt_exception_take, Repr::kPointer, {});
    ValueId stops = b.call_runtime(RuntimeFn::kt_exception_matches, Repr::kBool, {raised, class_of_name("StopIteration")});
    BlockId stop = b.new_block(true);
    BlockId other = b.new_block();
    b.branch(stops, stop, other);
    b.move_to(stop);
    ValueId error = b.call_runtime(RuntimeFn::kt_exception_new_str, Repr::kPointer,
                                   {class_of_name("RuntimeError"), b.data(str_literal("generator raised StopIteration"))});
    b.call_runtime(RuntimeFn::kt_raise, Repr::kVoid, {error, raised});
    b.release(error, false);
    b.release(raised, false);
    b.return_value(b.constant(Repr::kInt32, KT_OK));
    b.move_to(other);
    b.call_runtime(RuntimeFn::kt_exception_restore, Repr::kVoid, {raised});
    b.release(raised, false);
    b.return_value(b.constant(Repr::kInt32, KT_OK));
    generator_guard_ = static_cast<uint32_t>(module_.functions.size());
    module_.functions.push_back(std::move(guard));
    return generator_guard_;
}

uint32_t ProgramLowering::closure_drop(uint32_t captures) {
    auto found = closure_drops_.find(captures);
    if (found != closure_drops_.end()) return found->second;
    Function drop;
    drop.symbol = "kt.drop_captures." + std::to_string(captures);
    drop.display_name = "<closure>";
    drop.params = {Repr::kPointer};
    drop.result = Repr::kVoid;
    Builder b(drop);
    b.move_to(b.new_block());
    ValueId closure = b.param(0);
    for (uint32_t k = 0; k < captures; ++k) {
        b.release(b.load(Repr::kPointer, closure, static_cast<int64_t>(sizeof(KtClosure)) + 8 * k, Memory::kCell), true);
    }
    b.return_nothing();
    auto position = static_cast<uint32_t>(module_.functions.size());
    module_.functions.push_back(std::move(drop));
    closure_drops_.emplace(captures, position);
    return position;
}

void ProgramLowering::lower_entry() {
    Function entry;
    entry.symbol = module_.entry;
    entry.display_name = "<entry>";
    entry.exported = true;
    entry.runs_once = true;
    const typed::Function& body = *program_.functions[0];
    entry.file = body.file;
    Builder b(entry);
    b.move_to(b.new_block());
    BlockId failed = b.new_block(true);
    b.call_runtime(RuntimeFn::kt_startup, Repr::kVoid, {b.data(intern(Data{DataKind::kStartupTable}, ""))}, failed);
    ValueId args[] = {b.slot_address(b.new_area(16, 8, "none"))};
    b.call(module_.body, args, failed);
    b.return_value(b.constant(Repr::kInt32, 0));
    b.move_to(failed);
    b.return_value(b.constant(Repr::kInt32, 1));
    module_.functions.push_back(std::move(entry));
}

// --- data

DataId ProgramLowering::intern(Data data, const std::string& key) {
    std::string full(1, static_cast<char>('0' + static_cast<int>(data.kind)));
    full += key;
    auto [at, added] = data_.try_emplace(std::move(full), static_cast<DataId>(module_.data.size()));
    if (added) module_.data.push_back(std::move(data));
    return at->second;
}

DataId ProgramLowering::str_literal(std::string_view text) {
    Data data{DataKind::kStr};
    data.text = text;
    return intern(std::move(data), std::string(text));
}

DataId ProgramLowering::bytes_literal(std::string_view text) {
    Data data{DataKind::kBytes};
    data.text = text;
    return intern(std::move(data), std::string(text));
}

DataId ProgramLowering::c_string(std::string_view text) {
    Data data{DataKind::kCString};
    data.text = text;
    return intern(std::move(data), std::string(text));
}

DataId ProgramLowering::frame_info(const typed::Function& function, std::string_view name) {
    Data data{DataKind::kFrameInfo};
    data.text = name;
    data.second = function.file == nullptr ? std::string() : function.file->name();
    std::string key = data.text + '\0' + data.second;
    return intern(std::move(data), key);
}

DataId ProgramLowering::runtime_symbol(std::string_view name) {
    Data data{DataKind::kRuntimeSymbol};
    data.text = name;
    return intern(std::move(data), std::string(name));
}

DataId ProgramLowering::type_slot(const std::string& signature) {
    Data data{DataKind::kTypeSlot};
    data.text = signature;
    return intern(std::move(data), signature);
}

DataId ProgramLowering::plugin_slot(uint32_t plugin_function) {
    const ManifestFunction& function = *program_.plugin_functions[plugin_function].function;
    Data data{DataKind::kFunctionSlot};
    data.text = function.stable;
    data.number = signature_id(function.signature);
    return intern(std::move(data), function.stable);
}

DataId ProgramLowering::global(uint32_t index) {
    const typed::Global& global = program_.globals[index];
    const Layout& shape = layout(global.type);
    Data data{DataKind::kGlobal};
    data.text = global.symbol;
    data.size = shape.size + 1;  // the byte after the value: whether it is bound
    data.align = std::max<uint32_t>(8, shape.align);
    data.external = global.external;
    if (types::holds_references(global.type)) data.second = types::signature_of(global.type);
    return intern(std::move(data), global.symbol);
}

const char* ProgramLowering::type_symbol(const Type* type) {
    switch (type->kind) {
        case TypeKind::kNone: return "kt_type_none";
        case TypeKind::kBool: return "kt_type_bool";
        case TypeKind::kInt: return "kt_type_int";
        case TypeKind::kFloat: return "kt_type_float";
        case TypeKind::kStr: return "kt_type_str";
        case TypeKind::kBytes: return "kt_type_bytes";
        case TypeKind::kDynamic: return "kt_type_dynamic";
        default: return nullptr;
    }
}

const typed::Class* ProgramLowering::class_of(const Type* type) const {
    for (const typed::Class& info : program_.classes) {
        if (info.type == type) return &info;
    }
    return nullptr;
}

const Layout& ProgramLowering::layout(const Type* type) {
    auto found = layouts_.find(type);
    if (found == layouts_.end()) found = layouts_.emplace(type, layout_of(type)).first;
    return found->second;
}

std::vector<bool> ProgramLowering::borrowing_locals(const typed::Function& function) const {
    // What finalizers overwrite is overwritten wherever something is let go of.
    if (!changes_) return std::vector<bool>(function.locals.size());
    return kir::borrowing_locals(function, *changes_);
}

const GeneratorShape& ProgramLowering::generator_shape(const typed::Function& generator) {
    auto found = shapes_.find(&generator);
    if (found == shapes_.end()) found = shapes_.emplace(&generator, shape_of(generator)).first;
    return found->second;
}

void ProgramLowering::unsupported(const std::string& what, const SourceFile* file, Span span) {
    if (!fault_.empty()) return;
    fault_ = "the code generator does not know ";
    fault_ += what;
    if (file == nullptr) return;
    LineColumn at = file->position(span.begin);
    fault_.append(" (").append(file->name()).append(":").append(std::to_string(at.line)).append(":");
    fault_.append(std::to_string(at.column)).append(")");
}

// --- effects

namespace {

// May comparing, hashing or printing such a value run Kayton code?
bool may_run_code(const Type* type) {
    type = types::prune(type);
    switch (type->kind) {
        case TypeKind::kClass:
        case TypeKind::kException:
        case TypeKind::kDynamic:
        case TypeKind::kFunction:
        case TypeKind::kIterator: return true;
        default: return std::any_of(type->args.begin(), type->args.end(), may_run_code);
    }
}

}  // namespace

uint8_t runtime_effects(typed::RuntimeFn fn, const typed::Expr& call) {
    for (const typed::Expr* arg : call.args) {
        if (may_run_code(arg->type)) return kCode | kContainers;
    }
    std::string_view name = typed::runtime_info(fn).name;
    bool container = name.starts_with("kt_list_") || name.starts_with("kt_dict_") || name.starts_with("kt_set_");
    return container ? kContainers : 0;
}

uint8_t display_effects(const typed::Expr& expr) {
    const Type* table = expr.kind == ExprKind::kDictGet ? expr.args[0]->type : expr.type;
    return may_run_code(table) ? kCode | kContainers : 0;
}

uint8_t ProgramLowering::expr_effects(const typed::Expr* expr) {
    auto found = effects_.find(expr);
    if (found != effects_.end()) return found->second;
    uint8_t effects = 0;
    switch (expr->kind) {
        case ExprKind::kCall:
        case ExprKind::kCallPlugin:
        case ExprKind::kCallClosure:
        case ExprKind::kYield: effects = kCode | kContainers; break;
        case ExprKind::kRuntime: effects = runtime_effects(expr->runtime, *expr); break;
        case ExprKind::kSeq: effects = kLocals | kCode | kContainers; break;
        case ExprKind::kDict:
        case ExprKind::kSet:
        case ExprKind::kDictGet: effects = display_effects(*expr); break;
        default: break;
    }
    for (const typed::Expr* arg : expr->args) effects |= expr_effects(arg);
    effects_.emplace(expr, effects);
    return effects;
}

// --- recursion: Tarjan's components of the call graph

void ProgramLowering::find_recursion() {
    std::unordered_map<const typed::Function*, std::vector<const typed::Function*>> calls;
    for (const auto& function : program_.functions) {
        auto& callees = calls[function.get()];
        walk_block(function->body, [&](const typed::Expr* expr) {
            if (expr->kind == ExprKind::kCall) callees.push_back(expr->callee);
            if (expr->kind == ExprKind::kCallClosure) {
                recursive_.insert(function.get());
            }
        });
    }
    struct State {
        uint32_t index = 0, low = 0;
        bool on_stack = false;
    };
    std::unordered_map<const typed::Function*, State> states;
    std::vector<const typed::Function*> stack;
    uint32_t next = 1;
    std::function<void(const typed::Function*)> visit = [&](const typed::Function* function) {
        State& state = states[function];
        state = {next, next, true};
        ++next;
        stack.push_back(function);
        for (const typed::Function* callee : calls[function]) {
            if (callee == function) recursive_.insert(function);
            State& other = states[callee];
            if (other.index == 0) {
                visit(callee);
                states[function].low = std::min(states[function].low, states[callee].low);
            } else if (other.on_stack) {
                states[function].low = std::min(states[function].low, other.index);
            }
        }
        if (states[function].low != states[function].index) return;
        bool cycle = stack.back() != function;
        for (const typed::Function* member = nullptr; member != function;) {
            member = stack.back();
            stack.pop_back();
            states[member].on_stack = false;
            if (cycle) recursive_.insert(member);
        }
    };
    for (const auto& function : program_.functions) {
        if (states[function.get()].index == 0) visit(function.get());
    }
}

}  // namespace kayton::kir
