// The module's KtStartupTable (shared/object_layout.h): plugins, classes, types and functions whose slots the runtime
// fills before the body runs, and the globals that it releases at the program's end.
#include "compiler/codegen/emitter.h"
#include "llvm/IR/Constants.h"
#include "shared/kayton_api.h"

namespace kayton::codegen {

using kir::DataKind;

llvm::Constant* Emitter::table(llvm::StructType* entry, const std::vector<llvm::Constant*>& entries) {
    if (entries.empty()) return llvm::ConstantPointerNull::get(ptr_);
    return private_data(llvm::ConstantArray::get(llvm::ArrayType::get(entry, entries.size()), entries), "needs", true);
}

llvm::Constant* Emitter::string_array(const std::vector<std::string>& texts) {
    if (texts.empty()) return llvm::ConstantPointerNull::get(ptr_);
    std::vector<llvm::Constant*> items;
    for (const std::string& text : texts) items.push_back(c_string(text));
    return private_data(llvm::ConstantArray::get(llvm::ArrayType::get(ptr_, items.size()), items), "texts", true);
}

// KtTypeOps: `drop` is the runtime's own, the rest what the class defines.
llvm::Constant* Emitter::type_ops(const kir::ClassNeed& need) {
    auto* null = llvm::ConstantPointerNull::get(ptr_);
    std::vector<llvm::Constant*> entries = {null};
    for (uint32_t function : need.ops) {
        entries.push_back(function == kir::kNone ? static_cast<llvm::Constant*>(null) : declare(function));
    }
    entries.resize(sizeof(KtTypeOps) / sizeof(void*), null);  // a class that is never made has none
    return private_data(llvm::ConstantArray::get(llvm::ArrayType::get(ptr_, entries.size()), entries), "ops", true);
}

llvm::Constant* Emitter::startup_table() {
    auto* null = llvm::ConstantPointerNull::get(ptr_);
    auto* plugin = llvm::StructType::get(context_, {ptr_, ptr_});
    auto* function = llvm::StructType::get(context_, {ptr_, i64_, ptr_});
    auto* type = llvm::StructType::get(context_, {ptr_, ptr_});
    auto* global = llvm::StructType::get(context_, {ptr_, ptr_});
    auto* user_class = llvm::StructType::get(context_, {ptr_, ptr_, i64_, ptr_, ptr_, ptr_, ptr_, ptr_});

    std::vector<llvm::Constant*> plugins, classes, types, functions, globals;
    for (const kir::PluginNeed& need : source_.plugins) {
        plugins.push_back(llvm::ConstantStruct::get(plugin, {c_string(need.name), c_string(need.path)}));
    }
    std::vector<bool> of_class(source_.data.size());
    for (const kir::ClassNeed& need : source_.classes) {
        of_class[need.slot] = true;
        classes.push_back(llvm::ConstantStruct::get(
            user_class,
            {c_string(need.name), need.base.empty() ? static_cast<llvm::Constant*>(null) : c_string(need.base),
             int64(static_cast<int64_t>(need.field_names.size())), string_array(need.field_names),
             string_array(need.field_signatures), type_ops(need), data(need.slot),
             need.finalizer == kir::kNone ? static_cast<llvm::Constant*>(null) : declare(need.finalizer)}));
    }
    for (kir::DataId id = 0; id < source_.data.size(); ++id) {
        const kir::Data& need = source_.data[id];
        if (need.kind == DataKind::kTypeSlot && !of_class[id]) {
            types.push_back(llvm::ConstantStruct::get(type, {c_string(need.text), data(id)}));
        } else if (need.kind == DataKind::kFunctionSlot) {
            functions.push_back(llvm::ConstantStruct::get(
                function, {c_string(need.text), int64(static_cast<int64_t>(need.number)), data(id)}));
        } else if (need.kind == DataKind::kGlobal && !need.external && !need.second.empty()) {
            globals.push_back(llvm::ConstantStruct::get(global, {c_string(need.second), data(id)}));
        }
    }
    auto count = [&](const std::vector<llvm::Constant*>& entries) { return int64(static_cast<int64_t>(entries.size())); };
    llvm::Constant* fields[] = {count(plugins),       table(plugin, plugins), count(classes),
                                table(user_class, classes), count(types),     table(type, types),
                                count(functions),     table(function, functions),
                                count(globals),       table(global, globals)};
    return private_data(llvm::ConstantStruct::getAnon(context_, fields), "startup", true);
}

}  // namespace kayton::codegen
