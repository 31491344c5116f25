#include "compiler/codegen/emitter.h"

#include <llvm/IR/Attributes.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/MDBuilder.h>

#include "compiler/types/typed_program.h"
#include "shared/object_layout.h"

namespace kayton::codegen {

using kir::DataKind;
using kir::Repr;

Emitter::Emitter(const kir::Module& source, llvm::Module& module, OptLevel opt)
    : source_(source), module_(module), context_(module.getContext()), opt_(opt), b_(context_) {
    void_ = llvm::Type::getVoidTy(context_);
    i1_ = llvm::Type::getInt1Ty(context_);
    i8_ = llvm::Type::getInt8Ty(context_);
    i32_ = llvm::Type::getInt32Ty(context_);
    i64_ = llvm::Type::getInt64Ty(context_);
    f64_ = llvm::Type::getDoubleTy(context_);
    ptr_ = llvm::PointerType::get(context_, 0);
    llvm::MDBuilder metadata(context_);
    cold_weights_ = metadata.createBranchWeights(1, 4000);
    likely_weights_ = metadata.createBranchWeights(4000, 1);
}

void Emitter::emit() {
    start_lines();
    functions_.resize(source_.functions.size());
    data_.resize(source_.data.size());
    find_functions_by_address();
    for (uint32_t i = 0; i < source_.functions.size(); ++i) {
        if (!source_.functions[i].external) emit_function(i);
    }
    if (!worth_optimizing_) {
        for (auto& [name, function] : count_functions_) skip_optimizing(function);
    }
    lines_->finalize();
}

void Emitter::skip_optimizing(llvm::Function* function) {
    function->addFnAttr(llvm::Attribute::NoInline);
    function->addFnAttr(llvm::Attribute::OptimizeNone);
}

llvm::Type* Emitter::type_of(Repr repr) { return repr == Repr::kBool ? i1_ : memory_type(repr); }

llvm::Type* Emitter::memory_type(Repr repr) {
    switch (repr) {
        case Repr::kVoid: return void_;
        case Repr::kBool: return i8_;
        case Repr::kInt32: return i32_;
        case Repr::kInt64: return i64_;
        case Repr::kFloat64: return f64_;
        case Repr::kPointer: return ptr_;
    }
    return void_;
}

void Emitter::find_functions_by_address() {
    by_address_.assign(source_.functions.size(), false);
    auto note = [&](uint32_t position) {
        if (position != kir::kNone) by_address_[position] = true;
    };
    for (uint32_t i = 0; i < source_.functions.size(); ++i) {
        const kir::Function& function = source_.functions[i];
        if (function.external || function.exported) note(i);
        for (const kir::Block& block : function.blocks) {
            for (const kir::Inst& inst : block.insts) {
                if (inst.op == kir::Opcode::kFunctionAddr) note(static_cast<uint32_t>(inst.imm));
            }
        }
    }
    for (const kir::ClassNeed& need : source_.classes) {
        for (uint32_t function : need.ops) note(function);
        note(need.finalizer);
    }
}

// The status and up to two scalars come back in registers where every call is one of this module's own: the result then
// never lies in memory, as a loop of calls would otherwise wait for it.
bool Emitter::returns_in_registers(uint32_t position) const {
    constexpr size_t kMost = 2;
    const kir::Function& function = source_.functions[position];
    return !by_address_[position] && !function.coroutine && !function.result_parts.empty() &&
           function.result_parts.size() <= kMost;
}

llvm::FunctionType* Emitter::function_type(uint32_t position) {
    const kir::Function& function = source_.functions[position];
    std::vector<llvm::Type*> params;
    for (Repr repr : function.params) params.push_back(memory_type(repr));
    llvm::Type* result = memory_type(function.result);
    if (returns_in_registers(position)) {
        params.pop_back();
        std::vector<llvm::Type*> parts = {result};
        for (const kir::ResultPart& part : function.result_parts) parts.push_back(memory_type(part.repr));
        result = llvm::StructType::get(context_, parts);
    }
    return llvm::FunctionType::get(result, params, false);
}

// A bool crosses calls as a byte that is 0 or 1.
void Emitter::mark(llvm::Function* function, llvm::FunctionType* type) {
    function->setDoesNotThrow();
    for (unsigned i = 0; i < type->getNumParams(); ++i) {
        if (type->getParamType(i) == i8_) function->addParamAttr(i, llvm::Attribute::ZExt);
    }
    if (type->getReturnType() == i8_) function->addRetAttr(llvm::Attribute::ZExt);
}

llvm::Function* Emitter::declare(uint32_t position) {
    if (functions_[position] != nullptr) return functions_[position];
    const kir::Function& source = source_.functions[position];
    llvm::FunctionType* type = function_type(position);
    bool visible = source.external || source.exported;
    auto* function = llvm::Function::Create(
        type, visible ? llvm::Function::ExternalLinkage : llvm::Function::InternalLinkage, source.symbol, &module_);
    mark(function, type);
    for (unsigned i = 0; i < source.param_objects.size(); ++i) {
        if (source.param_objects[i] == 0) continue;
        function->addParamAttr(i, llvm::Attribute::NonNull);
        function->addDereferenceableParamAttr(i, source.param_objects[i]);
        function->addParamAttr(i, llvm::Attribute::getWithAlignment(context_, llvm::Align(8)));
    }
    if (!source.external) {
        function->setDSOLocal(true);
        function->addFnAttr("frame-pointer", "all");
        if (source.runs_once) function->addFnAttr(llvm::Attribute::NoInline);
        if (source.result == Repr::kInt32 && !source.params.empty() && !returns_in_registers(position)) {
            function->addParamAttr(type->getNumParams() - 1, llvm::Attribute::NoAlias);
        }
    }
    functions_[position] = function;
    return function;
}

llvm::Function* Emitter::runtime(typed::RuntimeFn fn) {
    llvm::Function*& place = runtime_[static_cast<uint16_t>(fn)];
    if (place != nullptr) return place;
    const typed::RuntimeInfo& info = typed::runtime_info(fn);
    std::string_view signature = info.signature;
    const size_t colon = signature.find(':');
    auto letter = [&](char c) -> llvm::Type* {
        switch (c) {
            case 'i': return i64_;
            case 'f': return f64_;
            case 'b': return i8_;
            case 'x': return i32_;
            case 'v': return void_;
            default: return ptr_;
        }
    };
    std::vector<llvm::Type*> params;
    for (char c : signature.substr(0, colon)) params.push_back(letter(c));
    std::string_view result = signature.substr(colon + 1);
    llvm::Type* returned = i32_;
    if (result.front() != '!') {
        returned = letter(result.front());
    } else if (result != "!v") {
        params.push_back(ptr_);
    }
    llvm::FunctionType* type = llvm::FunctionType::get(returned, params, false);
    place = llvm::Function::Create(type, llvm::Function::ExternalLinkage, info.name, &module_);
    mark(place, type);
    std::string_view name = info.name;
    if (name.starts_with("kt_raise") || name == "kt_traceback_add" || name == "kt_safepoint") {
        place->addFnAttr(llvm::Attribute::Cold);
    }
    return place;
}

// --- data

llvm::GlobalVariable* Emitter::private_data(llvm::Constant* value, const char* name, bool constant) {
    return new llvm::GlobalVariable(module_, value->getType(), constant, llvm::GlobalValue::PrivateLinkage, value, name);
}

llvm::Constant* Emitter::runtime_symbol(const std::string& name) {
    return module_.getOrInsertGlobal(name, i8_);
}

llvm::Constant* Emitter::c_string(const std::string& text) {
    llvm::Constant*& place = texts_[text];
    if (place == nullptr) {
        auto* global = private_data(llvm::ConstantDataArray::getString(context_, text, /*AddNull=*/true), "text", true);
        global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
        place = global;
    }
    return place;
}

llvm::Constant* Emitter::str_object(const kir::Data& data) {
    int64_t length = 0;
    for (char c : data.text) length += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
    llvm::Constant* fields[] = {int64(KT_IMMORTAL),
                                runtime_symbol("kt_type_str"),
                                int64(static_cast<int64_t>(data.text.size())),
                                int64(length),
                                int64(0),
                                llvm::ConstantDataArray::getString(context_, data.text, /*AddNull=*/true)};
    auto* object = private_data(llvm::ConstantStruct::getAnon(context_, fields), "str", false);
    object->setAlignment(llvm::Align(8));
    return object;
}

llvm::Constant* Emitter::bytes_object(const kir::Data& data) {
    llvm::Constant* fields[] = {int64(KT_IMMORTAL), runtime_symbol("kt_type_bytes"),
                                int64(static_cast<int64_t>(data.text.size())), int64(0),
                                llvm::ConstantDataArray::getString(context_, data.text, /*AddNull=*/true)};
    auto* object = private_data(llvm::ConstantStruct::getAnon(context_, fields), "bytes", false);
    object->setAlignment(llvm::Align(8));
    return object;
}

llvm::Constant* Emitter::data(kir::DataId id) {
    if (data_[id] != nullptr) return data_[id];
    const kir::Data& source = source_.data[id];
    llvm::Constant* made = nullptr;
    switch (source.kind) {
        case DataKind::kStr: made = str_object(source); break;
        case DataKind::kBytes: made = bytes_object(source); break;
        case DataKind::kCString: made = c_string(source.text); break;
        case DataKind::kFrameInfo: {
            llvm::Constant* fields[] = {c_string(source.text), c_string(source.second)};
            made = private_data(llvm::ConstantStruct::getAnon(context_, fields), "frame", true);
            break;
        }
        case DataKind::kRuntimeSymbol: made = runtime_symbol(source.text); break;
        case DataKind::kTypeSlot: made = private_data(llvm::ConstantPointerNull::get(ptr_), "type", false); break;
        case DataKind::kFunctionSlot: made = private_data(llvm::ConstantPointerNull::get(ptr_), "function", false); break;
        case DataKind::kGlobal: {
            llvm::Type* type = llvm::ArrayType::get(i8_, source.size);
            auto* global = new llvm::GlobalVariable(module_, type, false, llvm::GlobalValue::ExternalLinkage,
                                                    source.external ? nullptr : llvm::Constant::getNullValue(type),
                                                    source.text);
            global->setAlignment(llvm::Align(source.align));
            if (!source.external) global->setDSOLocal(true);
            made = global;
            break;
        }
        case DataKind::kStartupTable: made = startup_table(); break;
    }
    data_[id] = made;
    return made;
}

}  // namespace kayton::codegen
